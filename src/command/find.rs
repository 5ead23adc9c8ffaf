//! `trace find`: the story of one ID in one screen.

use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::options::journey::JourneyArgs;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace find req-42
  trace find --correlation-id 3f2a9c1e-7c05-43a4-beae-034151654acd --since 2h
  trace find req-42 --start \"yesterday 14:00\" --end \"yesterday 15:00\"
  trace find --input download.json --input lines.jsonl
  trace find --demo";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
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
