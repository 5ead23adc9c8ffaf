//! `trace learn-pipeline`: from good runs a spec to begin with.

use std::path::PathBuf;

use crate::command::journey::JourneyRequest;
use crate::command::journeys::each;
use crate::command::provenance::Answered;
use crate::command::spec::read_spec;
use crate::command::{Context, Outcome};
use crate::error::{Error, Exit};
use crate::model::pattern::Pattern;
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::many_runs::ManyRunsArgs;
use crate::options::sources::SourceArgs;
use crate::options::time::TimeArgs;
use crate::pipeline::learn::{LearnOptions, Learner, MIN_RUNS, TooFewRuns, Update, update};
use crate::render::{Format, escape};
use crate::report::learned::LearnedReport;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace learn-pipeline --recent 50 --root 'POST /api/v1/batches/register' --out pipeline.yaml
  trace learn-pipeline --ids-from good.txt --name essay-batch
  trace learn-pipeline --input download.json --update pipeline.yaml                      shows what would change
  trace learn-pipeline --input download.json --update pipeline.yaml --out pipeline.yaml  changes it
  trace learn-pipeline --demo";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct LearnPipelineArgs {
    /// What the pipeline is called [default: as its first step]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// With which operation the runs of --recent begin
    #[arg(long, value_name = "OPERATION", value_parser = Pattern::parse)]
    pub root: Option<Pattern>,
    /// Learn from fewer than three good runs, too
    #[arg(long)]
    pub force: bool,
    /// Show what would change in this spec: new steps, and figures; with --out, write it
    #[arg(long, value_name = "SPEC")]
    pub update: Option<PathBuf>,
    /// Which runs.
    #[command(flatten)]
    pub many: ManyRunsArgs,
    /// When.
    #[command(flatten)]
    pub time: TimeArgs,
    /// From where.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// Whom to ask.
    #[command(flatten)]
    pub backends: BackendArgs,
}

/// Runs it.
///
/// # Errors
/// Usage: too few good runs, a spec that cannot be updated; whatever kept it from running at all.
pub async fn run(args: &LearnPipelineArgs, context: &Context) -> Result<Outcome, Error> {
    if args.many.recent.is_some() && args.root.is_none() {
        return Err(Error::usage("--recent: runs of which pipeline?", "add --root OPERATION, with which they begin"));
    }
    if args.root.is_some() && args.many.recent.is_none() {
        return Err(Error::usage("--root tells where the runs of --recent begin", "add --recent N, or leave it out"));
    }
    let is_offline = args.sources.demo.is_some() || !args.sources.input.is_empty();
    if !is_offline && args.many.ids_from.is_none() && args.many.recent.is_none() {
        let hint = "give --ids-from FILE, --recent N --root OPERATION, --input FILE or --demo";
        return Err(Error::usage("learn from which runs?", hint));
    }
    let old = args.update.as_ref().map(|path| Ok::<_, Error>((path, read_spec(path)?))).transpose()?;
    let journey = JourneyArgs::from_window_flags(&args.time, &args.sources, &args.backends);
    let root = args.root.clone().map(|root| (root, None));
    let wish = JourneyRequest { root: root.as_ref(), ..JourneyRequest::plain(context) };
    let mut fold = Learner::default();
    let footing = each(&journey, &args.many, &wish, context, |told| match () {
        () if !told.footing.is_complete() => fold.leave_out("that did not come whole"),
        () if !told.footing.settled => fold.leave_out("that are still under way"),
        () => fold.add(std::mem::take(&mut told.judged)),
    });
    let mut footing = footing.await?;
    let options = LearnOptions { name: args.name.clone(), force: args.force };
    let draft = fold.finish(&options).map_err(|too_few| refused(&too_few))?;
    let aside = draft.aside.as_ref().map(|aside| format!("learn-pipeline: {}", aside.words()));
    footing.say(&aside.unwrap_or_default());
    let update = match &old {
        None => None,
        Some((path, spec)) => {
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|e| Error::Spec(format!("{shown}: {e}")))?;
            Some(update(&shown, &text, spec, &draft).map_err(Error::Spec)?)
        }
    };
    let learned = LearnedReport { spec: draft.yaml(), diff: update.as_ref().map(|update| update.diff.clone()), draft };
    Ok(outcome(learned, update, footing, context))
}

fn refused(few: &TooFewRuns) -> Error {
    let left_out = few.left_out.iter().map(|left| format!("; {} left out {}", left.runs, left.why));
    let message =
        format!("{} good run{}{}", few.good, if few.good == 1 { "" } else { "s" }, left_out.collect::<String>());
    let hint = if few.good == 0 {
        "name runs in which all went well".to_owned()
    } else {
        format!("learn from at least {MIN_RUNS}, better from 10 and more; --force learns from fewer")
    };
    Error::usage(message, hint)
}

/// The spec as it is: whoever reads it must find it so, whatever the terminal's width. Nothing of it needs escaping; a
/// file that is shown may.
fn outcome(learned: LearnedReport, update: Option<Update>, mut footing: Answered, context: &Context) -> Outcome {
    let plain = match update {
        _ if context.format() != Format::Table => None,
        None => Some(learned.spec.clone()),
        Some(update) if context.output.out.is_some() => Some(update.text),
        Some(update) => {
            let same = update.diff.is_empty();
            footing.say(if same { "learn-pipeline: nothing would change" } else { "" });
            Some(escape::lines(&update.diff).map(|line| line + "\n").collect())
        }
    };
    let exit = footing.unsaved.unwrap_or(Exit::Answered);
    let report = footing.report(learned);
    let shown = footing.shown(exit, context, &report);
    plain.map_or(shown.clone(), |text| Outcome { stdout: text.into_bytes(), ..shown })
}
