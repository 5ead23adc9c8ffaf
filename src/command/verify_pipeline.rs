//! `trace verify-pipeline`: did every expected step happen, in order, in time? The gate for CI.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::analysis::journey::coverage;
use crate::analysis::journey::findings::known::Knowledge;
use crate::command::journey::{JourneyAnswer, JourneyRequest, Waiting};
use crate::command::journeys::each;
use crate::command::provenance::{Answered, data};
use crate::command::source_status::standing;
use crate::command::spec::{check, read_spec};
use crate::command::{Context, Outcome, knowledge};
use crate::error::{Error, Exit};
use crate::gather::wait::{Patience, WaitDecision};
use crate::model::duration::positive_duration;
use crate::model::evidence::Source;
use crate::model::time::{MINUTE, Timestamp, Window};
use crate::options::backends::BackendArgs;
use crate::options::journey::{DataQuality, JourneyArgs};
use crate::options::many_runs::ManyRunsArgs;
use crate::options::sources::SourceArgs;
use crate::options::subject::SubjectArgs;
use crate::options::time::TimeArgs;
use crate::pipeline::evaluate::{EvaluationInput, evaluate};
use crate::pipeline::from_patterns::from_patterns;
use crate::pipeline::known_failures::{KnownFailures, to_text};
use crate::pipeline::spec::{Propagation, Spec};
use crate::pipeline::verdict::{RunOutcome as Verdicts, Verdict};
use crate::query::TimeRange;
use crate::render::{Format, escape, github, junit, render};
use crate::report::verify::{RunTimeline, VerificationReport, VerifiedRun};
use crate::report::wording::checks::with_findings_in_words;

use crate::save::{self, Access};

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace verify-pipeline pipeline.yaml --correlation-id req-42 --wait 60s --junit out.xml
  trace verify-pipeline --correlation-id req-42 --expect 'POST /api/*' --expect 'kafka.publish.*' --in-order
  trace verify-pipeline pipeline.yaml --ids-from ids.txt --known-failures known.txt
  trace verify-pipeline pipeline.yaml --recent 50 --since 1h
  trace verify-pipeline --check pipeline.yaml          needs no server";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct VerifyPipelineArgs {
    /// The pipeline's expectations, as YAML
    #[arg(value_name = "SPEC", required_unless_present = "expect", conflicts_with_all = ["expect", "in_order"])]
    pub spec: Option<PathBuf>,
    /// Only look whether the spec is sound; asks nobody
    #[arg(long, requires = "spec", conflicts_with_all = ["expect", "junit", "json", "markdown", "write_known_failures"])]
    pub check: bool,
    /// Instead of a spec: a span of this name is expected; repeatable
    #[arg(long, value_name = "NAME")]
    pub expect: Vec<String>,
    /// The expected spans must be seen in the order in which they are written
    #[arg(long, requires = "expect")]
    pub in_order: bool,
    /// The run's correlation ID
    #[arg(long, value_name = "ID", conflicts_with = "trace_id")]
    pub correlation_id: Option<String>,
    /// The run's trace ID
    #[arg(long, value_name = "ID")]
    pub trace_id: Option<String>,
    /// Ask again for so long while something may still come
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub wait: Option<i64>,
    /// Failures that are put up with: only others give 1
    #[arg(long, value_name = "FILE")]
    pub known_failures: Option<PathBuf>,
    /// Write the failures of these runs as such a file
    #[arg(long, value_name = "FILE")]
    pub write_known_failures: Option<PathBuf>,
    /// Write a JUnit report as well
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write the JSON document as well
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as Markdown as well
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Which runs, where there may be many.
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

impl VerifyPipelineArgs {
    /// The same as what commands about journeys take.
    fn journey(&self) -> JourneyArgs {
        JourneyArgs {
            subject: SubjectArgs {
                id: None,
                correlation_id: self.correlation_id.clone(),
                trace_id: self.trace_id.clone(),
            },
            ..JourneyArgs::from_window_flags(&self.time, &self.sources, &self.backends)
        }
    }

    fn files_read(&self) -> Vec<(&'static str, &Path)> {
        let one = [("SPEC", &self.spec), ("--ids-from", &self.many.ids_from)];
        let one = one.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?)));
        one.chain(self.sources.input.iter().map(|path| ("--input", path.as_path()))).collect()
    }

    /// What may not be the same file as any other; known failures are read and may be written anew.
    fn files_written<'a>(&'a self, context: &'a Context) -> Vec<(&'static str, &'a Path)> {
        let all = [
            ("--out", &context.output.out),
            ("--junit", &self.junit),
            ("--json", &self.json),
            ("--markdown", &self.markdown),
            ("--write-known-failures", &self.write_known_failures),
        ];
        all.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?))).collect()
    }

    fn expectations(&self) -> Result<Spec, Error> {
        let Some(path) = &self.spec else {
            let spec = from_patterns(&self.expect);
            let spec =
                spec.map_err(|why| Error::usage(format!("--expect: {why}"), "a span's name; `*` is anything"))?;
            return Ok(Spec { name: "--expect".to_owned(), in_order: self.in_order, ..spec });
        };
        read_spec(path)
    }
}

/// Runs it.
///
/// # Errors
/// Usage, a spec that is wrong, a file that cannot be read or written.
pub async fn run(args: &VerifyPipelineArgs, context: &Context) -> Result<Outcome, Error> {
    if let Some(path) = args.spec.as_deref().filter(|_| args.check) {
        return check(path, context);
    }
    let spec = args.expectations()?;
    apart(&args.files_read(), &args.files_written(context))?;
    let journey = args.journey();
    names_runs(args)?;
    needs_no_absent(&spec, &journey)?;
    let known_failures = args.known_failures.as_deref().map(read_known).transpose()?.unwrap_or_default();
    let verifier = Verifier { spec: &spec, args, journey: &journey, context, known: known_failures };
    let (verification, footing) = verifier.verify().await?;
    Ok(verifier.outcome(verification, footing))
}

/// The ID is a flag here: the argument is the spec.
fn names_runs(args: &VerifyPipelineArgs) -> Result<(), Error> {
    let is_named = args.correlation_id.is_some() || args.trace_id.is_some();
    let is_listed = args.many.ids_from.is_some() || args.many.recent.is_some();
    if is_named || is_listed || !args.sources.input.is_empty() || args.sources.demo.is_some() {
        return Ok(());
    }
    let hint = "give --correlation-id ID, --ids-from FILE, --recent N, --input FILE or --demo";
    Err(Error::usage("which run is this about? no ID was given", hint))
}

/// No file is written twice, and none that is read is written.
fn apart(read: &[(&str, &Path)], written: &[(&str, &Path)]) -> Result<(), Error> {
    if let Some((flag, _)) = written.iter().find(|(flag, path)| *flag != "--out" && *path == Path::new("-")) {
        let hint = "standard output is told by -o: -o json, -o markdown";
        return Err(Error::usage(format!("{flag} names a file, and `-` is none"), hint));
    }
    let mut taken: Vec<(&str, PathBuf)> =
        read.iter().filter_map(|(flag, path)| Some((*flag, save::file_at(path)?))).collect();
    for (flag, path) in written {
        let Some(file) = save::file_at(path) else { continue };
        if let Some((other, _)) = taken.iter().find(|(_, known)| *known == file) {
            let message = format!("{other} and {flag} name the same file, {}", path.display());
            return Err(Error::usage(message, "one would overwrite the other: name two files"));
        }
        taken.push((flag, file));
    }
    Ok(())
}

/// A source that was left out on purpose cannot be needed.
fn needs_no_absent(spec: &Spec, args: &JourneyArgs) -> Result<(), Error> {
    let without = |source| args.backends.without.contains(&source);
    let needs = [
        (Source::Jaeger, spec.needs_spans(), "spans"),
        (Source::Loki, spec.needs_lines(), "log lines"),
        (Source::Prometheus, !spec.metrics.is_empty(), "metrics"),
    ];
    match needs.into_iter().find(|(source, needed, _)| *needed && without(*source)) {
        Some((source, _, what)) => Err(Error::usage(
            format!("--without {}: this spec expects {what}", source.as_str()),
            "leave the flag out, or drop what needs it from the spec",
        )),
        None => Ok(()),
    }
}

fn read_known(path: &Path) -> Result<KnownFailures, Error> {
    let wrong = |why: String| {
        let hint = "--write-known-failures FILE writes one";
        Error::usage(format!("--known-failures {}: {why}", path.display()), hint)
    };
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    KnownFailures::parse(&text).map_err(wrong)
}

struct Verifier<'a> {
    spec: &'a Spec,
    args: &'a VerifyPipelineArgs,
    journey: &'a JourneyArgs,
    context: &'a Context,
    known: KnownFailures,
}

impl Verifier<'_> {
    async fn verify(&self) -> Result<(VerificationReport, Answered), Error> {
        let before = self.context.surroundings.now;
        // What is read from files, the demo or a recording does not change any more.
        let sources = &self.args.sources;
        let may_change = sources.input.is_empty() && sources.demo.is_none() && sources.recording.replay.is_none();
        let wait_until = self.args.wait.filter(|_| may_change).map(|wait| before.plus(wait));
        // Metrics are asked when the journey is over: while it is waited for spans and lines, they do not count.
        let unmeasured = Spec { metrics: vec![], ..self.spec.clone() };
        let enough = |told: &JourneyAnswer| {
            let outcome = self.judge(&unmeasured, told, wait_until);
            if outcome.verdict == Verdict::Fail {
                return WaitDecision::Enough;
            }
            let due = measured_at(told).filter(|at| !self.spec.metrics.is_empty() && *at > told.query.now);
            match (outcome.waiting_for.is_empty(), due) {
                (false, _) => WaitDecision::For(
                    outcome.waiting_for.iter().map(|what| escape::one_line(what).into_owned()).collect(),
                ),
                (true, Some(at)) => WaitDecision::Until(at),
                (true, None) => WaitDecision::Enough,
            }
        };
        let settle = Duration::from_nanos(self.context.settings.settle_ns.value.unsigned_abs());
        let waiting = self.args.wait.map(|wait| Waiting {
            patience: Patience { wait: Duration::from_nanos(wait.unsigned_abs()), settle },
            judge: &enough,
        });
        let root = self.spec.entry();
        let wish = JourneyRequest {
            known: self.expected(),
            services: &self.spec.services,
            metrics: &self.spec.metrics,
            waiting: waiting.as_ref(),
            patience_ns: self.spec.longest_wait_ns().saturating_add(if self.spec.metrics.is_empty() {
                0
            } else {
                MINUTE
            }),
            root: root.as_ref(),
            ..JourneyRequest::plain(self.context)
        };
        let mut runs = Vec::new();
        let footing = each(self.journey, &self.args.many, &wish, self.context, |told| {
            // Only the screen of a single run has a timeline.
            runs.iter_mut().for_each(|run: &mut VerifiedRun| run.timeline = None);
            let run = self.run(told, wait_until, runs.is_empty());
            runs.push(run);
        });
        let footing = footing.await?;
        // Of a run that is nowhere no step holds.
        let is_there = |run: &&VerifiedRun| run.start.is_some() || run.outcome.verdict == Verdict::Fail;
        let outcomes: Vec<&Verdicts> = runs.iter().filter(is_there).map(|run| &run.outcome).collect();
        let known_failures = self.known.states_after(&outcomes);
        Ok((
            VerificationReport { pipeline: self.spec.name.clone(), runs, waited: wait_until.is_some(), known_failures },
            footing,
        ))
    }

    /// What is known before anything is asked: what the settings say, and the spec.
    fn expected(&self) -> Knowledge {
        let mut known = knowledge::configured(self.context);
        known.external_topics.extend(self.spec.external_topics.iter().cloned());
        known.external_hosts.extend(self.spec.external_hosts.iter().cloned());
        known.joined_by_id |= self.spec.propagation == Propagation::CorrelationId;
        known
    }

    fn judge(&self, spec: &Spec, told: &JourneyAnswer, wait_until: Option<Timestamp>) -> Verdicts {
        let (shell, journey) = (&told.footing.shell, &told.judged.journey);
        let stands = |source| standing(source, shell, self.journey, journey);
        let ground = EvaluationInput {
            journey,
            findings: &told.judged.judgement,
            jaeger: stands(Source::Jaeger),
            loki: stands(Source::Loki),
            prometheus: stands(Source::Prometheus),
            settled: told.footing.settled,
            settle_ns: self.context.settings.settle_ns.value,
            now: told.query.now,
            wait_until,
            window_end: match told.query.time {
                TimeRange::Explicit(window) => Some(window.to),
                _ => None,
            },
            metrics: &told.readings,
        };
        evaluate(spec, &ground)
    }

    fn run(&self, told: &mut JourneyAnswer, wait_until: Option<Timestamp>, is_first: bool) -> VerifiedRun {
        let outcome = self.judge(self.spec, told, wait_until);
        let judged = std::mem::take(&mut told.judged);
        let extent = judged.journey.span_extent().or_else(|| judged.journey.extent());
        VerifiedRun {
            subject: told.query.subject.text.clone(),
            known: self.known.cover(&outcome),
            outcome: with_findings_in_words(outcome),
            coverage: coverage::measure(&judged.journey, &judged.judgement.findings),
            judgement: judged.judgement.clone(),
            complete: told.footing.is_complete(),
            settled: told.footing.settled,
            start: extent.map(|extent| extent.from),
            duration_ns: extent.map_or(0, Window::length),
            timeline: is_first.then(|| Box::new(RunTimeline::new(judged))),
        }
    }

    /// The screen, the files, and what GitHub is told where it runs this. A file that cannot be written takes no other
    /// one and no screen with it; the code says so.
    fn outcome(&self, verification: VerificationReport, footing: Answered) -> Outcome {
        let exit = match verification.verdict() {
            Verdict::Pass => Exit::Answered,
            Verdict::Fail => Exit::Negative,
            Verdict::CannotTell if data(&footing.shell) == DataQuality::ActionNeeded => Exit::ActionNeeded,
            Verdict::CannotTell => Exit::CannotTell,
        };
        let mut files: Vec<(&Path, Result<Vec<u8>, String>)> = vec![];
        if let Some(path) = &self.args.write_known_failures {
            let outcomes = verification.runs.iter().map(|run| &run.outcome);
            let text = to_text(&verification.pipeline, outcomes, &verification.known_failures);
            files.push((path, Ok(text.into_bytes())));
        }
        if let Some(path) = &self.args.junit {
            files.push((path, junit::document(&verification)));
        }
        let annotations = github::annotations(&verification);
        let report = footing.report(verification);
        let in_form = |format| Ok(render(&report, format, &self.context.view));
        files.extend(self.args.json.as_deref().map(|path| (path, in_form(Format::Json))));
        files.extend(self.args.markdown.as_deref().map(|path| (path, in_form(Format::Markdown))));
        let is_github = self.context.surroundings.var("GITHUB_ACTIONS") == Some("true");
        let summary = self.context.surroundings.var("GITHUB_STEP_SUMMARY").filter(|_| is_github).map(Path::new);
        files.extend(summary.map(|path| (path, in_form(Format::Markdown).and_then(|bytes| after(path, bytes)))));
        let unwritten: String = files.into_iter().filter_map(|(path, bytes)| unwritten(path, bytes)).collect();
        let exit = if unwritten.is_empty() { footing.unsaved.unwrap_or(exit) } else { Exit::Output };
        let mut outcome = footing.shown(exit, self.context, &report);
        outcome.stderr.extend(unwritten.into_bytes());
        if is_github {
            outcome.stderr.extend(annotations.into_bytes());
        }
        outcome
    }
}

/// When metrics are asked: a minute after the journey's end.
fn measured_at(told: &JourneyAnswer) -> Option<Timestamp> {
    told.judged.journey.span_extent().map(|extent| extent.to.plus(MINUTE))
}

/// What the file holds, and this after it: GitHub shows what all steps of a job wrote there.
fn after(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    match std::fs::read(path) {
        Ok(before) => Ok([before, bytes].concat()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(bytes),
        Err(e) => Err(e.to_string()),
    }
}

/// Writes it; what is to be said where it cannot be.
fn unwritten(path: &Path, bytes: Result<Vec<u8>, String>) -> Option<String> {
    let write = |bytes: Vec<u8>| save::whole(path, &bytes, Access::Usual).map_err(|e| e.to_string());
    let why = bytes.and_then(write).err()?;
    Some(format!("error: {}\n", escape::line(&format!("{}: {why}", path.display()))))
}
