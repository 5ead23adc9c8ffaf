//! `verify-pipeline`: whether runs are as their pipeline's spec says, step by step.

mod many;
mod one;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::journey::coverage::InteractionCoverage;
use crate::analysis::journey::findings::{AnalysedJourney, FindingSet};
use crate::analysis::journey::timeline::{self, Timeline, TimelineOptions};
use crate::model::provenance::Provenance;
use crate::model::time::Timestamp;
use crate::pipeline::known_failures::{KnownFailure, Now};
use crate::pipeline::verdict::{Check, CheckKind, CheckState, RunOutcome, Verdict};
use crate::report::block::{Block, Fact, Line, Role, one, piece};
use crate::report::body::ReportBody;
use crate::report::finding_record::FindingRecord;
use crate::report::frame::Frame;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::wording::SameData;

/// The verdicts over runs of one pipeline.
#[derive(Clone, Debug)]
pub struct VerificationReport {
    /// What the pipeline is called.
    pub pipeline: String,
    /// The runs, in the order in which they were asked for.
    pub runs: Vec<VerifiedRun>,
    /// Whether it was waited for what may still come.
    pub waited: bool,
    /// What became of failures that were known before.
    pub known_failures: Vec<KnownFailure>,
}

/// One run, and what became of its expectations.
#[derive(Clone, Debug)]
pub struct VerifiedRun {
    /// Its ID.
    pub subject: String,
    /// What became of the expectations.
    pub outcome: RunOutcome,
    /// What was found beside them.
    pub judgement: FindingSet,
    /// How much of it hangs together.
    pub coverage: InteractionCoverage,
    /// Whether everything that was asked for came.
    pub complete: bool,
    /// Whether its newest span ended longer ago than the settle time.
    pub settled: bool,
    /// Whether every failure of it was known before.
    pub known: bool,
    /// When it began; none where nothing was found.
    pub start: Option<Timestamp>,
    /// From its first start to its last end.
    pub duration_ns: i64,
    /// The journey, drawn; kept where it is the only run.
    pub story: Option<Box<RunTimeline>>,
}

/// A journey, drawn.
#[derive(Clone, Debug)]
pub struct RunTimeline {
    /// The journey.
    pub judged: AnalysedJourney,
    /// How it is drawn.
    pub options: TimelineOptions,
    /// The drawing.
    pub timeline: Timeline,
}

impl RunTimeline {
    /// In few rows.
    pub fn draw(judged: AnalysedJourney) -> Self {
        let options = TimelineOptions { rows: Some(16), ..TimelineOptions::default() };
        let timeline = timeline::draw(&judged.journey, &judged.judgement.findings, &options);
        Self { judged, options, timeline }
    }
}

impl VerifiedRun {
    /// Whether this is its verdict, known failures or not.
    pub fn is(&self, verdict: Verdict) -> bool {
        self.outcome.verdict == verdict
    }

    fn is_new_failure(&self) -> bool {
        self.is(Verdict::Fail) && !self.known
    }
}

impl VerificationReport {
    /// The verdict over all: any new failure, else any run of which it cannot be told. No run at all proves nothing.
    pub fn verdict(&self) -> Verdict {
        let has = |test: &dyn Fn(&VerifiedRun) -> bool| self.runs.iter().any(test);
        if has(&VerifiedRun::is_new_failure) {
            Verdict::Fail
        } else if self.runs.is_empty() || has(&|run| run.is(Verdict::CannotTell)) {
            Verdict::CannotTell
        } else {
            Verdict::Pass
        }
    }

    /// Known failures that are none any more.
    fn stale(&self) -> Vec<Fact> {
        let said = |failure: &KnownFailure| {
            let why = match failure.now {
                Now::Obsolete => "fails no more",
                Now::Unknown => "is nothing that the spec expects",
                Now::Fails | Now::Undecided => return None,
            };
            Some(vec![piece(Role::Warn, failure.line()), piece(Role::Plain, format!(" {why}"))])
        };
        let mut said: Vec<Line> = self.known_failures.iter().filter_map(said).collect();
        if !said.is_empty() {
            said.push(one(Role::Dim, "--write-known-failures writes the list without them"));
        }
        parts::labelled("known", said.into_iter())
    }

    /// Each expectation over all runs, in the order of the spec.
    pub fn steps(&self) -> Vec<StepRecord> {
        let mut order: Vec<(CheckKind, String)> = vec![];
        let mut steps: BTreeMap<(CheckKind, String), (StepRecord, Vec<i64>)> = BTreeMap::new();
        for check in self.runs.iter().flat_map(|run| &run.outcome.checks) {
            let key = (check.kind, check.name.clone());
            let (step, waits) = steps.entry(key.clone()).or_insert_with(|| {
                order.push(key);
                (StepRecord::new(check), vec![])
            });
            match check.state {
                CheckState::Met => step.met += 1,
                CheckState::Broken => step.broken += 1,
                CheckState::Undecided => step.undecided += 1,
                CheckState::NotNeeded => step.not_needed += 1,
            }
            waits.extend(check.wait_ns);
        }
        let mut steps: Vec<StepRecord> = order.into_iter().filter_map(|key| steps.remove(&key)).map(waited).collect();
        // Runs that stopped early name fewer expectations: the spec's order is that of the longest.
        steps.sort_by_key(|step| step.kind);
        steps
    }
}

impl ReportBody for VerificationReport {
    const NAME: &'static str = "verification";
    type Record<'a> = VerificationRecord<'a>;

    fn record<'a>(&'a self, provenance: &'a Provenance) -> VerificationRecord<'a> {
        VerificationRecord {
            pipeline: &self.pipeline,
            verdict: self.verdict(),
            runs: self.runs.iter().map(|run| VerifiedRunRecord::new(run, provenance)).collect(),
            steps: self.steps(),
            known_failures: &self.known_failures,
        }
    }

    /// Its main table: the expectations of every run.
    fn rows(&self) -> Option<Rows> {
        let row = |run: &VerifiedRun, check: &Check| {
            let first = check.seen.first();
            vec![
                json!(run.subject),
                json!(run.outcome.verdict),
                json!(check.kind),
                json!(check.name),
                json!(check.of),
                json!(check.state),
                json!(check.seen.len()),
                json!(first.map(|sight| sight.time)),
                json!(check.wait_ns),
                json!(check.why.join("; ")),
            ]
        };
        let rows = self.runs.iter().flat_map(|run| run.outcome.checks.iter().map(move |check| row(run, check)));
        Some(Rows {
            kind: "check",
            columns: &["subject", "verdict", "check", "name", "of", "state", "seen_count", "time", "wait_ns", "why"],
            rows: rows.collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        match self.runs.as_slice() {
            [run] => one::blocks(self, run, frame),
            _ => many::blocks(self, frame),
        }
    }
}

fn waited((mut step, mut waits): (StepRecord, Vec<i64>)) -> StepRecord {
    waits.sort_unstable();
    let at = |percent: usize| waits.get((waits.len().saturating_sub(1) * percent).div_ceil(100)).copied();
    (step.wait_p50_ns, step.wait_p95_ns) = (at(50), at(95));
    step
}

/// The verdicts over runs as JSON.
#[derive(Serialize, JsonSchema)]
pub struct VerificationRecord<'a> {
    /// What the pipeline is called.
    pipeline: &'a str,
    /// Over all runs; failures that were known before do not count.
    verdict: Verdict,
    /// The runs, in the order in which they were asked for.
    runs: Vec<VerifiedRunRecord<'a>>,
    /// Each expectation over all runs.
    steps: Vec<StepRecord>,
    /// What became of each failure that was known before, in the order of its file.
    known_failures: &'a [KnownFailure],
}

#[derive(Serialize, JsonSchema)]
struct VerifiedRunRecord<'a> {
    subject: &'a str,
    #[serde(flatten)]
    outcome: &'a RunOutcome,
    /// Whether every failure of it was known before.
    known: bool,
    /// Whether everything that was asked for came.
    complete: bool,
    /// Whether its newest span ended longer ago than the settle time.
    settled: bool,
    start: Option<Timestamp>,
    duration_ns: i64,
    /// How many interactions between services are traced whole.
    coverage: InteractionCoverage,
    findings: Vec<FindingRecord<'a>>,
    /// How many findings of the missing kind are withheld while more may still come.
    withheld_finding_count: usize,
}

impl<'a> VerifiedRunRecord<'a> {
    fn new(run: &'a VerifiedRun, provenance: &Provenance) -> Self {
        Self {
            subject: &run.subject,
            outcome: &run.outcome,
            known: run.known,
            complete: run.complete,
            settled: run.settled,
            start: run.start,
            duration_ns: run.duration_ns,
            coverage: run.coverage,
            findings: FindingRecord::all(&run.judgement.findings, &SameData::of_run(&run.subject, provenance)),
            withheld_finding_count: run.judgement.withheld,
        }
    }
}

/// One expectation over many runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StepRecord {
    /// What kind of expectation.
    pub kind: CheckKind,
    /// Its name, or the expectation as it was written.
    pub name: String,
    /// In how many runs it holds.
    pub met: usize,
    /// In how many it does not.
    pub broken: usize,
    /// In how many it cannot be told.
    pub undecided: usize,
    /// In how many it need not hold.
    pub not_needed: usize,
    /// The wait since the step that it comes after: half of the runs waited no longer.
    pub wait_p50_ns: Option<i64>,
    /// 95 of 100 runs waited no longer.
    pub wait_p95_ns: Option<i64>,
}

impl StepRecord {
    fn new(check: &Check) -> Self {
        Self {
            kind: check.kind,
            name: check.name.clone(),
            met: 0,
            broken: 0,
            undecided: 0,
            not_needed: 0,
            wait_p50_ns: None,
            wait_p95_ns: None,
        }
    }
}

/// What an expectation of this kind is called where its name alone does not say.
fn kind_word(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Step => "",
        CheckKind::Within => "within",
        CheckKind::InOrder => "in order",
        CheckKind::Group => "for each",
        CheckKind::Absent => "absent",
        CheckKind::When => "when",
        CheckKind::Forbid => "forbid",
        CheckKind::Metric => "metric",
    }
}

/// An expectation in a few words: `spelling`, `absent { span: "*", status: error }`, `stored of essay-003`.
pub fn called(check: &Check) -> String {
    let name = named(check.kind, &check.name);
    check.of.as_ref().map_or(name.clone(), |of| format!("{name} of {of}"))
}

/// The same of all repetitions together.
fn named(kind: CheckKind, name: &str) -> String {
    match kind_word(kind) {
        word if word.is_empty() || name.starts_with(word) => name.to_owned(),
        word if name.is_empty() => word.to_owned(),
        word => format!("{word} {name}"),
    }
}
