//! `trace missing`: what is not there and should be.

use crate::command::asking::Wish;
use crate::command::many::each;
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::finding::Severity;
use crate::options::journey::JourneyArgs;
use crate::options::many::ManyArgs;
use crate::report::Body;
use crate::report::missing::{Missing, Run};

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace missing req-42
  trace missing req-42 --fail-on error          1 where something did not happen, for scripts
  trace missing --ids-from ids.txt --all        many runs, everything down to info
  trace missing --input download.json           every journey of a file
  trace missing --demo=lost-message";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Show what is only worth knowing as well
    #[arg(long)]
    pub all: bool,
    /// Which runs, where there may be many.
    #[command(flatten)]
    pub many: ManyArgs,
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &Args, context: &Context) -> Result<Outcome, Error> {
    let least = if args.all { Severity::Info } else { Severity::Warning };
    let mut runs = Vec::new();
    let wish = Wish::plain(context);
    let footing = each(&args.journey, &args.many, &wish, context, |told| {
        let judged = std::mem::take(&mut told.judged);
        let (complete, settled) = (told.footing.is_complete(), told.footing.settled);
        runs.push(Run::of(&told.query.subject.text, judged, complete, settled));
    });
    let footing = footing.await?;
    Ok(footing.outcome(&args.journey, context, Body::Missing(Box::new(Missing::of(runs, least)))))
}
