//! What good runs of the same pipeline look like: a fold over journeys.

use crate::model::journey::Journey;

/// Good runs, as far as they were added.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    runs: usize,
}

impl Baseline {
    /// Adds a run, if it is a good one.
    pub fn add(&mut self, _journey: &Journey) {
        self.runs += 1;
    }

    /// How many runs it rests on.
    pub fn runs(&self) -> usize {
        self.runs
    }
}
