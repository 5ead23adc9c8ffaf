//! `trace logs`: every line of one ID, over all services, in time order.

use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::filter::Filters;
use crate::model::log::Level;
use crate::options::backends::{BackendArgs, choice};
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::report::logs::LogsReport;

const LEVELS: [(&str, Level); 6] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
    ("fatal", Level::Fatal),
];

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct LogsArgs {
    /// Show so many lines of the same service around each
    #[arg(short = 'C', long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub context: u32,
    /// Only lines at least this grave
    #[arg(long, value_name = "LEVEL", value_parser = choice(&LEVELS))]
    pub level: Option<Level>,
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

impl Subcommand for LogsArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace logs req-42
  trace logs req-42 --level warn -C 5
  trace logs req-42 --log \"connection refused\"
  trace logs --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        self.journey.filters.refuse_about_spans("logs")?;
        let (session, mut request) = context.open_journey(&self.journey)?;
        request.context_lines = usize::try_from(self.context).unwrap_or(0);
        let found = session.journey(&request).await?;
        let filters = Filters { level: self.level.unwrap_or_default(), ..request.filters };
        let report = LogsReport::new(found.analysed.journey, found.context_lines, filters);
        Ok(context.outcome(found.summary, session.finish(), self.journey.verdict, report))
    }
}
