//! `trace timeline`: every span, queue wait, error and line of one ID, in time.

use crate::analysis::journey::timeline::{LogDetail, TimelineOptions};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::options::backends::{BackendArgs, choice};
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::report::timeline::TimelineReport;

const SHOWN_LOGS: [(&str, LogDetail); 3] =
    [("all", LogDetail::All), ("errors", LogDetail::Errors), ("none", LogDetail::None)];

/// How many rows are drawn unless all are wanted.
const MOST: usize = 500;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct TimelineArgs {
    /// Which lines and events to draw between the spans [default: errors]
    #[arg(long, value_name = "WHICH", value_parser = choice(&SHOWN_LOGS))]
    pub logs: Option<LogDetail>,
    /// Fold nothing, and show all rows
    #[arg(long)]
    pub full: bool,
    /// Draw only so many levels below each root
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: Option<u32>,
    /// Show these attributes beside each span
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    pub attributes: Vec<String>,
    /// Shift services by their measured clock difference
    #[arg(long)]
    pub adjust_clocks: bool,
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

impl TimelineArgs {
    fn options(&self) -> TimelineOptions {
        TimelineOptions {
            lines: self.logs.unwrap_or_default(),
            full: self.full,
            depth: self.depth.and_then(|n| usize::try_from(n).ok()),
            filters: self.journey.filters.filters(),
            attributes: self.attributes.clone(),
            adjust_clocks: self.adjust_clocks,
            rows: Some(MOST),
        }
    }
}

impl Subcommand for TimelineArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace timeline req-42
  trace timeline req-42 --full --logs all
  trace timeline req-42 --service checkout --min-duration 50ms --attributes http.route
  trace timeline --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let (session, request) = context.open_journey(&self.journey)?;
        let found = session.journey(&request).await?;
        let report = TimelineReport::new(found.analysed, self.options());
        Ok(context.outcome(found.summary, session.finish(), self.journey.verdict, report))
    }
}
