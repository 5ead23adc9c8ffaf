//! `trace logs`: every line of one ID, over all services, in time order.

use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::log::Level;
use crate::options::backends::choice;
use crate::options::journey::JourneyArgs;

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
pub struct Args {
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
#[expect(clippy::unused_async, reason = "asks backends once it is wired")]
pub async fn run(_: &Args, _: &Context) -> Result<Outcome, Error> {
    Err(Error::usage("not wired yet", ""))
}
