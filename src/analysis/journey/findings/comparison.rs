//! A journey beside good runs that began as it did.

use std::collections::BTreeMap;

use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::baseline::SimilarRuns;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::window::steps::{MaskedNames, StepKey, own_spans};
use crate::model::error_outcome::ErrorOutcome;

/// Runs from which on a step that all of them have is expected, and one that none has is reported: with 20
/// runs, a step that one run in seven takes would be seen in at least one of them 19 times out of 20.
pub(super) const MANY_RUNS: usize = 20;

/// A journey and the good runs that it is compared with.
pub(super) struct BaselineComparison<'a> {
    /// Good runs that began with the same operation.
    pub runs: &'a SimilarRuns,
    /// The steps of the journey, each with the spans that are it.
    pub steps: BTreeMap<StepKey, Vec<usize>>,
    names: MaskedNames,
    failures: Failures,
}

impl<'a> BaselineComparison<'a> {
    /// The journey with the good runs that began as it did; none without a baseline, or with too few runs in it.
    pub(crate) fn new(context: &RuleContext<'a>) -> Option<Self> {
        let journey = context.journey;
        let runs = context.input.baseline?.similar_to(journey)?;
        let names = MaskedNames::new(journey);
        let mut steps: BTreeMap<StepKey, Vec<usize>> = BTreeMap::new();
        for span in own_spans(journey) {
            steps.entry(names.step(journey, span)).or_default().push(span);
        }
        Some(Self { runs, steps, names, failures: Failures::new(context) })
    }

    /// The step that a span is.
    pub(crate) fn step(&self, context: &RuleContext, span: usize) -> StepKey {
        self.names.step(context.journey, span)
    }

    /// Whether a failed error explains that a span, or what should follow from it, differs from good runs.
    pub(crate) fn is_explained(&self, span: usize) -> bool {
        self.failures.above[span] || self.failures.below[span]
    }
}

/// Where something failed, and the same work did not succeed later.
struct Failures {
    /// Beside each span: whether it, or what led to it, failed.
    above: Vec<bool>,
    /// Beside each span: whether it, or what followed from it, failed.
    below: Vec<bool>,
}

impl Failures {
    fn new(context: &RuleContext) -> Self {
        let journey = context.journey;
        let order = causes_first(journey);
        let has_failed =
            |span: usize| journey.spans[span].is_error() && context.cascade.outcome(span) == ErrorOutcome::Failed;
        let mut above: Vec<bool> = (0..journey.spans.len()).map(has_failed).collect();
        let mut below = above.clone();
        for span in order.iter().copied() {
            above[span] |= journey.forest.cause[span].is_some_and(|(cause, _)| above[cause]);
        }
        for span in order.iter().rev().copied() {
            if let Some((cause, _)) = journey.forest.cause[span] {
                below[cause] |= below[span];
            }
        }
        Self { above, below }
    }
}
