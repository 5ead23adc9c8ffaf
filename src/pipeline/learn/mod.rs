//! Learning a spec from good runs: what they all have in common, with how much of it was seen.
//!
//! A fold. Of each run stays what its spans were and how they followed from each other; of every fifth all, to be
//! verified with what was learned from the others. Nothing is learned that a run it was learned from would break.

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
use sample_run::SampleRun;
use signatures::SignatureTable;

/// From so few runs nothing is learned unless it is wanted all the same.
pub const MIN_RUNS: usize = 3;
/// From so many on a fifth is kept aside.
const HOLD_OUT_FROM: usize = 10;
const HOLD_OUT_EVERY: usize = 5;

/// What must not happen, where it never did. Other findings say more of the tracing than of the run.
const FORBIDDEN: [FindingId; 5] = [
    FindingId::PublishWithoutConsume,
    FindingId::Orphan,
    FindingId::BrokenPropagation,
    FindingId::ClientWithoutServer,
    FindingId::DuplicateConsume,
];

/// What the learning is told beside the runs.
#[derive(Clone, Debug, Default)]
pub struct LearnOptions {
    /// What the pipeline is called; none means after its first step.
    pub name: Option<String>,
    /// Whether to learn from fewer than [`FEWEST`] runs.
    pub force: bool,
}

/// Too few of the runs were good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooFewRuns {
    /// How many were.
    pub good: usize,
    /// Why the others were not.
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
    /// One more run, complete and settled.
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

    /// One more run, of which nothing can be learned.
    pub fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }

    /// What was learned.
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
        let keeps_aside = good.len() >= HOLD_OUT_FROM;
        let (aside, mut samples): (Vec<_>, Vec<_>) = good.into_iter().partition(|s| keeps_aside && s.whole.is_some());
        let all = samples.len();
        let groups = self.signatures.groups(&samples);
        steps::without_outliers(&groups, &self.signatures, &mut samples);
        for _ in samples.len()..all {
            self.leave_out("that lack what nearly all others have");
        }
        let good = samples.len() + aside.len();
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
        draft.aside = verified(&draft, &aside);
        Ok(draft)
    }
}

/// Findings that at least half of the runs have: where all runs are so, none is bad because of it.
fn common_findings(samples: &[SampleRun]) -> BTreeSet<FindingId> {
    let often = |id: &FindingId| 2 * samples.iter().filter(|sample| sample.grave.contains(id)).count() >= samples.len();
    FindingId::ALL.into_iter().filter(often).collect()
}

/// What becomes of the runs that were kept aside.
fn verified(draft: &LearnedPipeline, aside: &[SampleRun]) -> Option<HeldOut> {
    let spec = file::read("what was learned", draft.yaml().as_bytes()).ok()?;
    let mut held_out = HeldOut { runs: 0, passed: 0, broken: BTreeMap::new() };
    for analysed in aside.iter().filter_map(|sample| sample.whole.as_deref()) {
        held_out.runs += 1;
        let outcome = verify(&spec, analysed);
        held_out.passed += usize::from(outcome.verdict == Verdict::Pass);
        for check in outcome.checks.iter().filter(|check| check.state == CheckState::Broken) {
            *held_out.broken.entry(check.name.clone()).or_default() += 1;
        }
    }
    (held_out.runs > 0).then_some(held_out)
}

/// Judges a run that is over, and of which everything is known.
fn verify(spec: &Spec, analysed: &AnalysedJourney) -> crate::pipeline::verdict::RunOutcome {
    let end = analysed.journey.extent().map_or(Timestamp(0), |extent| extent.to);
    evaluate(
        spec,
        &EvaluationInput {
            journey: &analysed.journey,
            findings: &analysed.judgement,
            jaeger: SourceStatus::Complete,
            loki: SourceStatus::Complete,
            prometheus: SourceStatus::Complete,
            settled: true,
            settle_ns: 0,
            now: end.plus(DAY),
            wait_until: None,
            window_end: None,
            metrics: &[],
        },
    )
}
