//! `trace span`: one span whole.

use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::options::journey::JourneyArgs;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace span req-42 e127af99e3b3e074
  trace span req-42 e127            a prefix, if no other span has it
  trace span --demo e127";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
#[command(allow_missing_positional = true)]
pub struct Args {
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
    /// The span: its ID, or the beginning of it; `timeline -v` shows them
    #[arg(value_name = "SPAN", required = true, help_heading = None)]
    pub span: String,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
#[expect(clippy::unused_async, reason = "asks backends once it is wired")]
pub async fn run(_: &Args, _: &Context) -> Result<Outcome, Error> {
    Err(Error::usage("not wired yet", ""))
}
