//! `trace find`: the story of one ID in one screen.

use crate::analysis::journey::timeline::TimelineOptions;
use crate::command::journey::{JourneyRequest, ask};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::options::journey::JourneyArgs;
use crate::report::find::FindReport;

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
pub struct FindArgs {
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &FindArgs, context: &Context) -> Result<Outcome, Error> {
    let told = ask(&args.journey, &JourneyRequest::plain(context), context).await?;
    let options = TimelineOptions { filters: args.journey.filters.filters(), ..TimelineOptions::compact() };
    Ok(told.outcome(&args.journey, context, |judged, query| FindReport::new(judged, query.keys.clone(), options)))
}
