//! `trace learn-pipeline`: from good runs a spec to begin with.

use std::path::PathBuf;

use crate::command::spec::read_spec;
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::{Error, Exit};
use crate::model::pattern::Pattern;
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::options::many_runs::ManyRunsArgs;
use crate::options::sources::SourceArgs;
use crate::options::time::TimeArgs;
use crate::pipeline::learn::{LearnOptions, Learner, MIN_RUNS, TooFewRuns, Update, update};
use crate::render::{Format, escape};
use crate::report::Report;
use crate::report::learned::LearnedReport;
use crate::session::answer::JourneyAnswer;
use crate::session::request::JourneyRequest;

/// The flags of the command.
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
    /// The time.
    #[command(flatten)]
    pub time: TimeArgs,
    /// The data.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// The backends.
    #[command(flatten)]
    pub backends: BackendArgs,
}

impl Subcommand for LearnPipelineArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace learn-pipeline --recent 50 --root 'POST /api/v1/batches/register' --out pipeline.yaml
  trace learn-pipeline --ids-from good.txt --name essay-batch
  trace learn-pipeline --input download.json --update pipeline.yaml                      shows what would change
  trace learn-pipeline --input download.json --update pipeline.yaml --out pipeline.yaml  changes it
  trace learn-pipeline --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        self.refuse_without_runs()?;
        let old = self.update.as_ref().map(|path| Ok::<_, Error>((path, read_spec(path)?))).transpose()?;
        let journey = JourneyArgs::from_window_flags(&self.time, &self.sources, &self.backends);
        let entry = self.root.clone().map(|root| (root, None));
        let (session, request, many) = context.open_journeys(&journey, &self.many)?;
        let request = JourneyRequest { entry: entry.as_ref(), ..request };
        let mut learner = Learner::default();
        let take = |found: &mut JourneyAnswer| match &found.summary.provenance {
            provenance if !provenance.complete => learner.leave_out("that did not come whole"),
            provenance if !provenance.settled => learner.leave_out("that are still under way"),
            _ => learner.add(std::mem::take(&mut found.analysed)),
        };
        let answer = session.journeys(&request, many, take).await?;
        // Before anything can fail: a recording that was made is kept, too few runs or not.
        let mut finished = session.finish();
        let options = LearnOptions { name: self.name.clone(), force: self.force };
        let draft = learner.finish(&options).map_err(|too_few| refused(&too_few))?;
        if let Some(aside) = &draft.aside {
            finished.message(&format!("learn-pipeline: {}", aside.summary()));
        }
        let update = match &old {
            None => None,
            Some((path, spec)) => {
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|e| Error::Spec(format!("{shown}: {e}")))?;
                Some(update(&shown, &text, spec, &draft).map_err(Error::Spec)?)
            }
        };
        let diff = update.as_ref().map(|update| update.diff.clone());
        let learned = LearnedReport { spec: draft.yaml(), diff, draft };
        let plain = plain_spec(&learned, update, context);
        if plain.as_ref().is_some_and(|plain| plain.is_unchanged) {
            finished.message("learn-pipeline: nothing would change");
        }
        let shown = context.show(&Report::new(answer.provenance, learned), Exit::Answered, finished);
        Ok(plain.map_or(shown.clone(), |plain| Outcome { stdout: plain.text.into_bytes(), ..shown }))
    }
}

impl LearnPipelineArgs {
    /// That the flags say which runs to learn from.
    fn refuse_without_runs(&self) -> Result<(), Error> {
        if self.many.recent.is_some() && self.root.is_none() {
            let hint = "add --root OPERATION, with which they begin";
            return Err(Error::usage("--recent: runs of which pipeline?", hint));
        }
        if self.root.is_some() && self.many.recent.is_none() {
            let hint = "add --recent N, or leave it out";
            return Err(Error::usage("--root tells where the runs of --recent begin", hint));
        }
        let is_offline = self.sources.demo.is_some() || !self.sources.input.is_empty();
        if !is_offline && self.many.ids_from.is_none() && self.many.recent.is_none() {
            let hint = "give --ids-from FILE, --recent N --root OPERATION, --input FILE or --demo";
            return Err(Error::usage("learn from which runs?", hint));
        }
        Ok(())
    }
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

/// A spec that is printed as it is, to be redirected into a file.
struct PlainSpec {
    text: String,
    /// Whether it is a diff without a line.
    is_unchanged: bool,
}

/// The spec without layout, whatever the terminal's width; none for the other formats. Nothing of a learned spec needs
/// escaping; a file that is shown may.
fn plain_spec(learned: &LearnedReport, update: Option<Update>, context: &Context) -> Option<PlainSpec> {
    let (text, is_unchanged) = match update {
        _ if context.format() != Format::Table => return None,
        None => (learned.spec.clone(), false),
        Some(update) if context.output.out.is_some() => (update.text, false),
        Some(update) => (escape::lines(&update.diff).map(|line| line + "\n").collect(), update.diff.is_empty()),
    };
    Some(PlainSpec { text, is_unchanged })
}
