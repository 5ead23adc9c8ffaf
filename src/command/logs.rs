//! `trace logs`: every line of one ID, over all services, in time order.

use crate::command::journey::{JourneyRequest, ask};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::filter::Filters;
use crate::model::log::Level;
use crate::options::backends::choice;
use crate::options::journey::JourneyArgs;
use crate::report::logs::LogsReport;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace logs req-42
  trace logs req-42 --level warn -C 5
  trace logs req-42 --log \"connection refused\"
  trace logs --demo";

const LEVELS: [(&str, Level); 6] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
    ("fatal", Level::Fatal),
];

/// Flags.
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

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &LogsArgs, context: &Context) -> Result<Outcome, Error> {
    let around = usize::try_from(args.context).unwrap_or(0);
    let mut told = ask(&args.journey, &JourneyRequest { around, ..JourneyRequest::plain(context) }, context).await?;
    let filters = Filters { level: args.level.unwrap_or_default(), ..args.journey.filters.filters() };
    let around = std::mem::take(&mut told.context);
    Ok(told.outcome(&args.journey, context, |judged, _| LogsReport::new(judged.journey, around, filters)))
}
