//! `trace missing`: what is not there and should be.

use crate::analysis::journey::findings::baseline::Baseline;
use crate::command::journey::{JourneyAnswer, JourneyRequest, ask};
use crate::command::journeys::each;
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::evidence::{Note, NoteCode};
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::options::filters::FilterArgs;
use crate::options::journey::JourneyArgs;
use crate::options::many_runs::ManyRunsArgs;
use crate::options::subject::SubjectArgs;
use crate::report::missing::{MissingReport, MissingRun};
use crate::report::text::counted;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace missing req-42
  trace missing req-42 --fail-on error          1 where something did not happen, for scripts
  trace missing req-42 --baseline 50            what the newest 50 runs like it have and this one has not
  trace missing --ids-from ids.txt --all        many runs, everything down to info
  trace missing --input download.json           every journey of a file
  trace missing --demo=lost-message";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct MissingArgs {
    /// Show what is only worth knowing as well
    #[arg(long)]
    pub all: bool,
    /// Compare with the newest N runs that begin alike; of a file or the demo, with all others in it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000), conflicts_with_all = ["ids_from", "recent", "record"])]
    pub baseline: Option<u32>,
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
    /// Which runs, where there may be many.
    #[command(flatten)]
    pub many: ManyRunsArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &MissingArgs, context: &Context) -> Result<Outcome, Error> {
    let least = if args.all { Severity::Info } else { Severity::Warning };
    let mut runs = Vec::new();
    let compared = match args.baseline {
        Some(newest) => Some(Box::pin(runs_alike(args, newest, context)).await?),
        None => None,
    };
    let baseline = compared.as_ref().map(|(baseline, _)| baseline);
    let wish = JourneyRequest { baseline, ..JourneyRequest::plain(context) };
    let footing = each(&args.journey, &args.many, &wish, context, |told| {
        let judged = std::mem::take(&mut told.judged);
        runs.push(MissingRun::new(&told.query.subject.text, judged, &told.footing.provenance()));
    });
    let mut footing = footing.await?;
    if let Some((_, runs)) = compared {
        let said = format!("compared with {} that went well", counted(runs, "other run"));
        footing.shell.note(Note::general(NoteCode::Info, said));
    }
    Ok(footing.outcome(&args.journey, context, MissingReport::new(runs, least)))
}

/// The good ones among the other runs, and how many they are: the newest of the backends that begin as this one does,
/// or all others of the files or the demo.
async fn runs_alike(args: &MissingArgs, newest: u32, context: &Context) -> Result<(Baseline, usize), Error> {
    let plain = JourneyRequest::plain(context);
    let mut others = args.journey.clone();
    others.subject = SubjectArgs::default();
    others.filters = FilterArgs::default();
    let sources = &mut others.sources;
    let is_asked = sources.input.is_empty() && sources.demo.is_none();
    sources.demo = sources.demo.as_ref().map(|_| None);
    let (asked, root) = if is_asked || args.journey.subject.subject()?.is_some() || args.journey.sources.demo.is_some()
    {
        let told = ask(&args.journey, &plain, context).await?;
        (Some(told.query.subject.text), beginning(&told.judged.journey))
    } else {
        (None, None)
    };
    let many = ManyRunsArgs { recent: is_asked.then_some(newest), ..ManyRunsArgs::default() };
    let wish = JourneyRequest { root: root.as_ref(), ..JourneyRequest::plain(context) };
    let (mut baseline, mut runs) = (Baseline::default(), 0);
    let add = |told: &mut JourneyAnswer| {
        let is_other = asked.as_ref() != Some(&told.query.subject.text);
        let went_well = told.judged.judgement.gravest() < Some(Severity::Error);
        if is_other && went_well && told.footing.is_complete() && told.footing.settled {
            baseline.add(&told.judged.journey);
            runs += 1;
        }
    };
    each(&others, &many, &wish, context, add).await?;
    Ok((baseline, runs))
}

/// The span with which a journey begins.
fn beginning(journey: &Journey) -> Option<(Pattern, Option<Pattern>)> {
    let first = journey.forest.roots.iter().map(|root| &journey.spans[*root]).find(|span| span.has_sane_time())?;
    Some((Pattern::exact(first.name.clone()), Some(Pattern::exact(first.service()))))
}
