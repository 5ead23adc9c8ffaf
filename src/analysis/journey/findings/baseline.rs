//! What good runs of the same pipeline look like: a fold over journeys.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::errors;
use crate::analysis::journey::findings::rules::gap;
use crate::analysis::window::steps::{Entry, MaskedNames, StepKey, judged, step};
use crate::model::journey::Journey;

/// From so many runs on a baseline tells anything.
const LEAST_RUNS: usize = 10;

/// What of the journeys with one beginning was seen.
#[derive(Clone, Debug, Default)]
pub struct BaselineRuns {
    /// How many there were.
    pub count: usize,
    /// Every step, and how it was seen.
    pub steps: BTreeMap<StepKey, BaselineStep>,
    waits: BTreeMap<StepKey, Vec<i64>>,
}

/// How a step was seen.
#[derive(Clone, Debug, Default)]
pub struct BaselineStep {
    /// In how many runs.
    pub runs: usize,
    /// After which other steps, each with how many runs; none for a step that begins.
    pub after: BTreeMap<Option<StepKey>, usize>,
}

impl BaselineStep {
    /// After which it mostly came.
    pub fn usually_after(&self) -> Option<&StepKey> {
        let most = self.after.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
        most.and_then(|(step, _)| step.as_ref())
    }
}

/// Good runs, as far as they were added.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    by_entry: BTreeMap<Entry, BaselineRuns>,
}

impl Baseline {
    /// Adds a run, if it is a good one: nothing failed in it. Whether it is settled and complete the caller knows.
    pub fn add(&mut self, journey: &Journey) {
        let Some(entry) = Entry::from_journey(journey).filter(|_| errors::journey_errors(journey).is_empty()) else {
            return;
        };
        let runs = self.by_entry.entry(entry).or_default();
        runs.count += 1;
        let names = MaskedNames::new(journey);
        let steps: BTreeSet<(StepKey, Option<StepKey>)> = judged(journey)
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
        for idle in gap::idle(journey, &Clocks::measured(journey)).0 {
            let longest = waits.entry(names.step(journey, idle.after)).or_default();
            *longest = idle.window.length().max(*longest);
        }
        for (step, wait) in waits {
            runs.waits.entry(step).or_default().push(wait);
        }
    }

    /// How many runs it rests on.
    pub fn runs(&self) -> usize {
        self.by_entry.values().map(|runs| runs.count).sum()
    }

    /// The runs that began as this one did, where they are enough to tell.
    pub fn like(&self, journey: &Journey) -> Option<&BaselineRuns> {
        self.by_entry.get(&Entry::from_journey(journey)?).filter(|runs| runs.count >= LEAST_RUNS)
    }

    /// How long nothing was open before this span's step at most, but for the longest hundredth of runs.
    pub fn longest_usual_wait(&self, journey: &Journey, span: usize) -> Option<i64> {
        let mut waits = self.like(journey)?.waits.get(&step(&journey.spans[span]))?.clone();
        waits.sort_unstable();
        waits.get((waits.len() * 99).div_ceil(100).saturating_sub(1)).copied()
    }
}
