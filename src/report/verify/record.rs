//! Verdicts as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::coverage::InteractionCoverage;
use crate::model::provenance::Provenance;
use crate::model::time::Timestamp;
use crate::pipeline::known_failures::KnownFailure;
use crate::pipeline::verdict::{RunOutcome, Verdict};
use crate::report::finding_record::FindingRecord;
use crate::report::verify::runs::{VerificationReport, VerifiedRun};
use crate::report::verify::steps::{StepRecord, steps};
use crate::report::wording::SameData;

/// The verdicts over runs as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct VerificationRecord<'a> {
    /// The name of the pipeline.
    pipeline: &'a str,
    /// Over all runs; known failures do not count.
    verdict: Verdict,
    /// The runs, in the order in which they were asked for.
    runs: Vec<VerifiedRunRecord<'a>>,
    /// Each expectation over all runs.
    steps: Vec<StepRecord>,
    /// The known failures in the order of their file, and whether they still occur.
    known_failures: &'a [KnownFailure],
}

/// One run as JSON.
#[derive(Serialize, JsonSchema)]
struct VerifiedRunRecord<'a> {
    subject: &'a str,
    #[serde(flatten)]
    outcome: &'a RunOutcome,
    /// Whether all of its failures are known.
    known: bool,
    /// Whether every backend answered all that was asked.
    complete: bool,
    /// Whether its newest span ended longer ago than the settle time.
    settled: bool,
    start: Option<Timestamp>,
    duration_ns: i64,
    /// How many interactions between services are traced whole.
    coverage: InteractionCoverage,
    findings: Vec<FindingRecord<'a>>,
    /// How many findings that something is missing are withheld because more may still arrive.
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
            findings: FindingRecord::all(&run.findings.list, &SameData::for_run(&run.subject, provenance)),
            withheld_finding_count: run.findings.withheld,
        }
    }
}

impl<'a> VerificationRecord<'a> {
    /// The runs of this report.
    pub(super) fn new(report: &'a VerificationReport, provenance: &Provenance) -> Self {
        Self {
            pipeline: &report.pipeline,
            verdict: report.verdict(),
            runs: report.runs.iter().map(|run| VerifiedRunRecord::new(run, provenance)).collect(),
            steps: steps(&report.runs),
            known_failures: &report.known_failures,
        }
    }
}
