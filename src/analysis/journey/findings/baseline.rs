//! What good runs of the same pipeline have in common.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::errors;
use crate::analysis::journey::findings::idle_times::IdleTimes;
use crate::analysis::window::steps::{Entry, MaskedNames, StepKey, own_spans, step};
use crate::model::error_outcome::ErrorOutcome;
use crate::model::journey::Journey;

/// Runs that a baseline needs: of ten, a step that a quarter of good runs go without is missing in at least
/// one 94 times out of 100, so that one that all have is usual.
const LEAST_RUNS: usize = 10;

/// What good runs that began with the same operation have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimilarRuns {
    /// How many runs there are.
    pub(crate) count: usize,
    /// Every step of any of them.
    pub(crate) steps: BTreeMap<StepKey, BaselineStep>,
    /// Of each step that came after an idle time, the longest such time of each run, in nanoseconds.
    waits: BTreeMap<StepKey, Vec<i64>>,
}

/// A step of good runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct BaselineStep {
    /// How many runs have it.
    pub(crate) runs: usize,
    /// The steps after which it came, each with how many runs; none for a step that began a run.
    pub(crate) after: BTreeMap<Option<StepKey>, usize>,
}

impl BaselineStep {
    /// The step after which it came in most runs; none where it began most.
    pub(crate) fn usually_after(&self) -> Option<&StepKey> {
        let most = self.after.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
        most.and_then(|(step, _)| step.as_ref())
    }
}

/// Good runs, by what they began with.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    by_entry: BTreeMap<Entry, SimilarRuns>,
}

impl Baseline {
    /// Whether there are enough runs that began as this one did.
    pub(crate) fn compares(&self, journey: &Journey) -> bool {
        self.similar_to(journey).is_some()
    }

    /// Adds a run if nothing failed in it. Whether it is settled and complete is for the caller to check.
    pub fn add(&mut self, journey: &Journey) {
        let has_failed = || errors::journey_errors(journey).iter().any(|error| error.outcome == ErrorOutcome::Failed);
        let Some(entry) = Entry::from_journey(journey).filter(|_| !has_failed()) else { return };
        let runs = self.by_entry.entry(entry).or_default();
        runs.count += 1;
        let names = MaskedNames::new(journey);
        let steps: BTreeSet<(StepKey, Option<StepKey>)> = own_spans(journey)
            .map(|span| {
                let above = journey.forest.cause[span].map(|(cause, _)| names.step(journey, cause));
                (names.step(journey, span), above)
            })
            .collect();
        let mut last = None;
        for (step, above) in steps {
            let seen = runs.steps.entry(step.clone()).or_default();
            seen.runs += usize::from(last.as_ref() != Some(&step));
            *seen.after.entry(above).or_default() += 1;
            last = Some(step);
        }
        let mut waits: BTreeMap<StepKey, i64> = BTreeMap::new();
        for idle in IdleTimes::new(journey, &Clocks::measured(journey)).times {
            let longest = waits.entry(names.step(journey, idle.after)).or_default();
            *longest = idle.window.length().max(*longest);
        }
        for (step, wait) in waits {
            runs.waits.entry(step).or_default().push(wait);
        }
    }

    /// How many runs were added.
    #[cfg(test)]
    pub(crate) fn runs(&self) -> usize {
        self.by_entry.values().map(|runs| runs.count).sum()
    }

    /// The runs that began with the same operation and route; none where there are too few.
    pub(crate) fn similar_to(&self, journey: &Journey) -> Option<&SimilarRuns> {
        self.by_entry.get(&Entry::from_journey(journey)?).filter(|runs| runs.count >= LEAST_RUNS)
    }

    /// The 99th percentile of the times without open spans before this span's step, in nanoseconds.
    pub(crate) fn longest_usual_wait(&self, journey: &Journey, span: usize) -> Option<i64> {
        let mut waits = self.similar_to(journey)?.waits.get(&step(&journey.spans[span]))?.clone();
        waits.sort_unstable();
        waits.get((waits.len() * 99).div_ceil(100).saturating_sub(1)).copied()
    }
}
