//! `trace verify-pipeline`: did every expected step happen, in order, in time? The gate for CI.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::analysis::journey::coverage;
use crate::analysis::journey::findings::known::Knowledge;
use crate::command::spec::{check, read_spec};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::{Error, Exit};
use crate::gather::wait::{Patience, WaitDecision};
use crate::model::duration::positive_duration;
use crate::model::time::{MINUTE, Timestamp, Window};
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::options::many_runs::ManyRunsArgs;
use crate::options::sources::SourceArgs;
use crate::options::subject::SubjectArgs;
use crate::options::time::TimeArgs;
use crate::pipeline::evaluate::{EvaluationInput, evaluate};
use crate::pipeline::from_patterns::from_patterns;
use crate::pipeline::known_failures::{KnownFailures, to_text};
use crate::pipeline::spec::{Propagation, Spec};
use crate::pipeline::verdict::{RunOutcome, Verdict};
use crate::query::TimeRange;
use crate::render::{Format, escape, github, junit, render};
use crate::report::Report;
use crate::report::verify::{RunTimeline, VerificationReport, VerifiedRun};
use crate::report::wording::checks::with_findings_in_words;
use crate::save::{self, Access};
use crate::session::FinishedSession;
use crate::session::answer::JourneyAnswer;
use crate::session::answer::{AnswerSummary, DataQuality};
use crate::session::request::{JourneyRequest, WaitCondition};
use crate::session::source_status::source_status;
use crate::source::role::Role;

/// The flags of the command.
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

impl Subcommand for VerifyPipelineArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace verify-pipeline pipeline.yaml --correlation-id req-42 --wait 60s --junit out.xml
  trace verify-pipeline --correlation-id req-42 --expect 'POST /api/*' --expect 'kafka.publish.*' --in-order
  trace verify-pipeline pipeline.yaml --ids-from ids.txt --known-failures known.txt
  trace verify-pipeline pipeline.yaml --recent 50 --since 1h
  trace verify-pipeline --check pipeline.yaml          needs no server",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        if self.check { ConfigSources::FlagsOnly } else { unless_demo(&self.sources) }
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        if let Some(path) = self.spec.as_deref().filter(|_| self.check) {
            return check(path, context);
        }
        let spec = self.expectations()?;
        refuse_same_file(&self.files_read(), &self.files_written(context))?;
        refuse_without_runs(self)?;
        refuse_excluded(&spec, &self.backends)?;
        let known = self.known_failures.as_deref().map(read_known).transpose()?.unwrap_or_default();
        let verifier = Verifier { spec: &spec, args: self, context, known };
        let (verification, answer, finished) = verifier.verify().await?;
        Ok(verifier.outcome(verification, answer, finished))
    }
}

/// The ID is a flag here: the argument is the spec.
fn refuse_without_runs(args: &VerifyPipelineArgs) -> Result<(), Error> {
    let is_named = args.correlation_id.is_some() || args.trace_id.is_some();
    let is_listed = args.many.ids_from.is_some() || args.many.recent.is_some();
    if is_named || is_listed || !args.sources.input.is_empty() || args.sources.demo.is_some() {
        return Ok(());
    }
    let hint = "give --correlation-id ID, --ids-from FILE, --recent N, --input FILE or --demo";
    Err(Error::usage("which run is this about? no ID was given", hint))
}

/// No file is written twice, and none that is read is written.
fn refuse_same_file(read: &[(&str, &Path)], written: &[(&str, &Path)]) -> Result<(), Error> {
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
fn refuse_excluded(spec: &Spec, backends: &BackendArgs) -> Result<(), Error> {
    let is_excluded = |role: Role| backends.without.contains(&role.backend());
    let needs = [
        (Role::Spans, spec.needs_spans(), "spans"),
        (Role::Logs, spec.needs_lines(), "log lines"),
        (Role::Metrics, !spec.metrics.is_empty(), "metrics"),
    ];
    match needs.into_iter().find(|(role, needed, _)| *needed && is_excluded(*role)) {
        Some((role, _, what)) => Err(Error::usage(
            format!("--without {}: this spec expects {what}", role.backend().as_str()),
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
    context: &'a Context,
    known: KnownFailures,
}

impl Verifier<'_> {
    async fn verify(&self) -> Result<(VerificationReport, AnswerSummary, FinishedSession), Error> {
        let started = self.context.environment.now;
        // What is read from files, the demo or a recording does not change any more.
        let sources = &self.args.sources;
        let may_change = sources.input.is_empty() && sources.demo.is_none() && sources.recording.replay.is_none();
        let wait_until = self.args.wait.filter(|_| may_change).map(|wait| started.plus(wait));
        // Metrics are read when the journey is over: while spans and lines are waited for, they do not count.
        let without_metrics = Spec { metrics: vec![], ..self.spec.clone() };
        let check = |found: &JourneyAnswer| self.decide(&without_metrics, found, wait_until);
        let settle = Duration::from_nanos(self.context.settings.settle_ns.value.unsigned_abs());
        let wait = self.args.wait.map(|wait| WaitCondition {
            patience: Patience { wait: Duration::from_nanos(wait.unsigned_abs()), settle },
            check: &check,
        });
        let entry = self.spec.entry();
        let (session, request, many) = self.context.open_journeys(&self.args.journey(), &self.args.many)?;
        let request = JourneyRequest {
            known: self.expected(),
            services: &self.spec.services,
            metrics: &self.spec.metrics,
            wait: wait.as_ref(),
            grace_ns: self.spec.longest_wait_ns().saturating_add(self.metrics_delay_ns()),
            entry: entry.as_ref(),
            ..request
        };
        let mut runs = Vec::new();
        let take = |found: &mut JourneyAnswer| {
            // Only the screen of a single run has a timeline.
            runs.iter_mut().for_each(|run: &mut VerifiedRun| run.timeline = None);
            let mut run = self.verified(found, wait_until);
            run.timeline = runs.is_empty().then(|| Box::new(RunTimeline::new(std::mem::take(&mut found.analysed))));
            runs.push(run);
        };
        let answer = session.journeys(&request, many, take).await?;
        // A run that was not found neither passes nor fails a step.
        let is_there = |run: &&VerifiedRun| run.start.is_some() || run.outcome.verdict == Verdict::Fail;
        let outcomes: Vec<&RunOutcome> = runs.iter().filter(is_there).map(|run| &run.outcome).collect();
        let known_failures = self.known.states_after(&outcomes);
        let waited = wait_until.is_some();
        let report = VerificationReport { pipeline: self.spec.name.clone(), runs, waited, known_failures };
        Ok((report, answer, session.finish()))
    }

    /// How long after its end a run can be verified for its metrics: by then they were scraped.
    fn metrics_delay_ns(&self) -> i64 {
        if self.spec.metrics.is_empty() { 0 } else { MINUTE }
    }

    /// What is known before anything is asked: what the settings say, and the spec.
    fn expected(&self) -> Knowledge {
        let mut known = self.context.knowledge();
        known.external_topics.extend(self.spec.external_topics.iter().cloned());
        known.external_hosts.extend(self.spec.external_hosts.iter().cloned());
        known.joined_by_id |= self.spec.propagation == Propagation::CorrelationId;
        known
    }

    /// Whether to ask again.
    fn decide(&self, without_metrics: &Spec, found: &JourneyAnswer, wait_until: Option<Timestamp>) -> WaitDecision {
        let outcome = self.evaluate(without_metrics, found, wait_until);
        if outcome.verdict == Verdict::Fail {
            return WaitDecision::Enough;
        }
        let end = found.analysed.journey.span_extent().map(|extent| extent.to);
        let due = end.map(|end| end.plus(MINUTE));
        let due = due.filter(|at| !self.spec.metrics.is_empty() && *at > found.query.now);
        match (outcome.waiting_for.is_empty(), due) {
            (false, _) => {
                let escaped = outcome.waiting_for.iter().map(|what| escape::one_line(what).into_owned());
                WaitDecision::For(escaped.collect())
            }
            (true, Some(at)) => WaitDecision::Until(at),
            (true, None) => WaitDecision::Enough,
        }
    }

    fn evaluate(&self, spec: &Spec, found: &JourneyAnswer, wait_until: Option<Timestamp>) -> RunOutcome {
        let (provenance, journey) = (&found.summary.provenance, &found.analysed.journey);
        let status = |role| source_status(role, provenance, journey);
        let input = EvaluationInput {
            journey,
            findings: &found.analysed.findings,
            spans: status(Role::Spans),
            lines: status(Role::Logs),
            metrics: status(Role::Metrics),
            settled: provenance.settled,
            settle_ns: self.context.settings.settle_ns.value,
            now: found.query.now,
            wait_until,
            window_end: match found.query.time {
                TimeRange::Explicit(window) => Some(window.to),
                TimeRange::FromId(..) | TimeRange::Widening => None,
            },
            readings: &found.readings,
        };
        evaluate(spec, &input)
    }

    /// The run without its timeline.
    fn verified(&self, found: &JourneyAnswer, wait_until: Option<Timestamp>) -> VerifiedRun {
        let outcome = self.evaluate(self.spec, found, wait_until);
        let (journey, findings) = (&found.analysed.journey, &found.analysed.findings);
        let extent = journey.span_extent().or_else(|| journey.extent());
        VerifiedRun {
            subject: found.query.subject.text.clone(),
            known: self.known.cover(&outcome),
            outcome: with_findings_in_words(outcome),
            coverage: coverage::measure(journey, &findings.list),
            findings: findings.clone(),
            complete: found.summary.provenance.complete,
            settled: found.summary.provenance.settled,
            start: extent.map(|extent| extent.from),
            duration_ns: extent.map_or(0, Window::length),
            timeline: None,
        }
    }

    /// The screen, the files, and annotations where GitHub runs this. A file that cannot be written does not keep back
    /// the others and the screen; the exit code says so.
    fn outcome(&self, verification: VerificationReport, answer: AnswerSummary, finished: FinishedSession) -> Outcome {
        let exit = match verification.verdict() {
            Verdict::Pass => Exit::Answered,
            Verdict::Fail => Exit::Negative,
            Verdict::CannotTell if answer.quality() == DataQuality::ActionNeeded => Exit::ActionNeeded,
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
        let report = Report::new(answer.provenance, verification);
        let in_format = |format| Ok(render(&report, format, &self.context.view));
        files.extend(self.args.json.as_deref().map(|path| (path, in_format(Format::Json))));
        files.extend(self.args.markdown.as_deref().map(|path| (path, in_format(Format::Markdown))));
        let is_github = self.context.environment.var("GITHUB_ACTIONS") == Some("true");
        let summary = self.context.environment.var("GITHUB_STEP_SUMMARY").filter(|_| is_github).map(Path::new);
        files.extend(summary.map(|path| (path, in_format(Format::Markdown).and_then(|bytes| appended(path, bytes)))));
        let unwritten: String = files.into_iter().filter_map(|(path, bytes)| write_error(path, bytes)).collect();
        let mut outcome = self.context.show(&report, exit, finished);
        if !unwritten.is_empty() {
            outcome.exit = Exit::Output;
        }
        outcome.stderr.extend(unwritten.into_bytes());
        if is_github {
            outcome.stderr.extend(annotations.into_bytes());
        }
        outcome
    }
}

/// What the file holds, and this after it: GitHub shows what all steps of a job wrote there.
fn appended(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    match std::fs::read(path) {
        Ok(before) => Ok([before, bytes].concat()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(bytes),
        Err(e) => Err(e.to_string()),
    }
}

/// Writes a file. The error as a line where it cannot be written.
fn write_error(path: &Path, bytes: Result<Vec<u8>, String>) -> Option<String> {
    let write = |bytes: Vec<u8>| save::write_atomically(path, &bytes, Access::Usual).map_err(|e| e.to_string());
    let why = bytes.and_then(write).err()?;
    Some(format!("error: {}\n", escape::line(&format!("{}: {why}", path.display()))))
}
