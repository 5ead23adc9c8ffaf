//! Learns a spec from good runs: what they have in common, with the figures behind it.
//!
//! A fold: of each run only the signatures of its spans and their causes are kept; every fifth is kept whole and held out,
//! to verify the spec that was learned from the others. No learned expectation is broken by a run it was learned from.

mod counts;
pub mod learned_pipeline;
mod limit;
mod order;
mod sample_run;
mod signatures;
mod step_names;
mod steps;
mod update;
mod yaml;
mod yaml_scalar;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::update::{Update, update};
use crate::analysis::journey::findings::AnalysedJourney;
use crate::model::finding::FindingId;
use crate::model::time::{DAY, Timestamp};
use crate::pipeline::evaluate::{EvaluationInput, SourceStatus, evaluate};
use crate::pipeline::file;
use crate::pipeline::spec::Spec;
use crate::pipeline::verdict::{CheckState, Verdict};
use learned_pipeline::{HeldOut, LearnedPipeline, LeftOut};
use sample_run::{SampleRun, runs_by_signature};
use signatures::SignatureTable;

/// Fewest runs to learn from without `--force`: with one or two, chance and rule look the same.
pub(crate) const MIN_RUNS: usize = 3;
/// From this many runs on one in [`HOLD_OUT_EVERY`] is held out. With fewer, every run is needed for learning.
const HOLD_OUT_FROM: usize = 10;
const HOLD_OUT_EVERY: usize = 5;

/// Findings that a learned spec forbids if no run had them. The others say more about the instrumentation than about the
/// run.
const FORBIDDEN: [FindingId; 5] = [
    FindingId::PublishWithoutConsume,
    FindingId::Orphan,
    FindingId::BrokenPropagation,
    FindingId::ClientWithoutServer,
    FindingId::DuplicateConsume,
];

/// Options of learning.
#[derive(Clone, Debug, Default)]
pub struct LearnOptions {
    /// Name of the pipeline; none for the name of its first step.
    pub name: Option<String>,
    /// Whether to learn from fewer runs than `MIN_RUNS`.
    pub force: bool,
}

/// Too few of the runs were good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooFewRuns {
    /// Number of good runs.
    pub good: usize,
    /// Why the others were left out.
    pub left_out: Vec<LeftOut>,
}

/// Learns what good runs have in common.
#[derive(Default)]
pub struct Learner {
    signatures: SignatureTable,
    samples: Vec<SampleRun>,
    left_out: BTreeMap<&'static str, usize>,
}

impl Learner {
    /// Adds a run, which is complete and settled.
    pub fn add(&mut self, analysed: AnalysedJourney) {
        if analysed.journey.spans.is_empty() {
            return self.leave_out("without spans");
        }
        let mut sample = SampleRun::new(&analysed, &mut self.signatures);
        if self.samples.len() % HOLD_OUT_EVERY == HOLD_OUT_EVERY - 1 {
            sample.whole = Some(Box::new(analysed));
        }
        self.samples.push(sample);
    }

    /// Counts a run that cannot be learned from.
    pub fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }

    /// The learned pipeline.
    ///
    /// # Errors
    /// Too few runs were good.
    pub fn finish(mut self, options: &LearnOptions) -> Result<LearnedPipeline, TooFewRuns> {
        let samples = std::mem::take(&mut self.samples);
        let common_findings = common_findings(&samples);
        let mut good = vec![];
        for sample in samples {
            if sample.failed {
                self.leave_out("that failed");
            } else if sample.grave.is_subset(&common_findings) {
                good.push(sample);
            } else {
                self.leave_out("with findings of error level that most others do not have");
            }
        }
        let holds_out = good.len() >= HOLD_OUT_FROM;
        let (held_out, mut samples): (Vec<_>, Vec<_>) = good.into_iter().partition(|s| holds_out && s.whole.is_some());
        let all = samples.len();
        let groups = self.signatures.groups(&runs_by_signature(&samples, self.signatures.len()), samples.len());
        steps::without_outliers(&groups, &self.signatures, &mut samples);
        for _ in samples.len()..all {
            self.leave_out("that lack what nearly all others have");
        }
        let good = samples.len() + held_out.len();
        let left_out = self.left_out.iter().map(|(why, runs)| LeftOut { why: (*why).to_owned(), runs: *runs });
        let left_out: Vec<_> = left_out.collect();
        if good == 0 || good < MIN_RUNS && !options.force {
            return Err(TooFewRuns { good, left_out });
        }
        let mut draft = steps::learn(&groups, &self.signatures, &samples);
        draft.left_out = left_out;
        draft.forbid = FORBIDDEN.into_iter().filter(|id| !samples.iter().any(|s| s.found.contains(id))).collect();
        if let Some(name) = &options.name {
            draft.pipeline.clone_from(name);
        }
        draft.aside = verify_held_out(&draft, &held_out);
        Ok(draft)
    }
}

/// Findings that at least half of the runs have: where most runs have one, it does not make a run bad.
fn common_findings(samples: &[SampleRun]) -> BTreeSet<FindingId> {
    let often = |id: &FindingId| 2 * samples.iter().filter(|sample| sample.grave.contains(id)).count() >= samples.len();
    FindingId::ALL.into_iter().filter(often).collect()
}

/// Verifies the held-out runs with the learned spec; none without held-out runs.
fn verify_held_out(draft: &LearnedPipeline, samples: &[SampleRun]) -> Option<HeldOut> {
    let spec = file::read("what was learned", draft.yaml().as_bytes()).ok()?;
    let mut held_out = HeldOut { runs: 0, passed: 0, broken: BTreeMap::new() };
    for analysed in samples.iter().filter_map(|sample| sample.whole.as_deref()) {
        held_out.runs += 1;
        let outcome = verify(&spec, analysed);
        held_out.passed += usize::from(outcome.verdict == Verdict::Pass);
        for check in outcome.checks.iter().filter(|check| check.state == CheckState::Broken) {
            *held_out.broken.entry(check.name.clone()).or_default() += 1;
        }
    }
    (held_out.runs > 0).then_some(held_out)
}

/// Evaluates a run that is over and whose sources are complete.
fn verify(spec: &Spec, analysed: &AnalysedJourney) -> crate::pipeline::verdict::RunOutcome {
    let end = analysed.journey.extent().map_or(Timestamp(0), |extent| extent.to);
    evaluate(
        spec,
        &EvaluationInput {
            journey: &analysed.journey,
            findings: &analysed.findings,
            spans: SourceStatus::Complete,
            lines: SourceStatus::Complete,
            metrics: SourceStatus::Complete,
            settled: true,
            settle_ns: 0,
            now: end.plus(DAY),
            wait_until: None,
            window_end: None,
            readings: &[],
        },
    )
}
