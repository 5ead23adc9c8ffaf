//! `trace missing`: what is not there and should be.

use crate::command::asking::Footing;
use crate::command::many::ask_all;
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::finding::Severity;
use crate::options::journey::JourneyArgs;
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
    let told = ask_all(&args.journey, context).await?;
    let mut footing: Option<Footing> = None;
    let mut runs = Vec::new();
    for one in told {
        let (subject, rests) = (one.query.subject.text, one.footing);
        runs.push(Run::of(&subject, one.judged, rests.is_complete(), rests.settled));
        footing = Some(match footing.take() {
            Some(all) => all.and(rests),
            None => rests,
        });
    }
    let nothing = || Error::usage("there is no journey in it", "name one with --correlation-id or --trace-id");
    let footing = footing.ok_or_else(nothing)?;
    Ok(footing.outcome(&args.journey, context, Body::Missing(Box::new(Missing::of(runs, least)))))
}
