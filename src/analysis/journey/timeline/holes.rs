//! Where something should have followed and did not, as findings say.

use std::collections::{BTreeMap, HashMap};

use crate::model::finding::{Finding, MissingPartPlace, MissingThing, Severity};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;

/// What is missing below which span.
#[derive(Debug, Default)]
pub(crate) struct MissingEffects(BTreeMap<usize, MissingThing>);

impl MissingEffects {
    /// What is missing below this span.
    pub(crate) fn below(&self, span: usize) -> Option<&MissingThing> {
        self.0.get(&span)
    }

    /// Whether anything is.
    pub(crate) fn is_above_missing(&self, span: usize) -> bool {
        self.0.contains_key(&span)
    }
}

/// The holes of all findings that a screen shows. Those above a span are drawn from the journey itself.
pub(crate) fn by_span(journey: &Journey, findings: &[Finding]) -> MissingEffects {
    let shown = findings.iter().filter(|finding| finding.severity >= Severity::Warning);
    let below = shown.flat_map(|finding| &finding.missing_parts).filter(|hole| hole.place == MissingPartPlace::Below);
    let wanted: Vec<_> = below.collect();
    if wanted.is_empty() {
        return MissingEffects::default();
    }
    let places: HashMap<(TraceId, SpanId), usize> =
        journey.spans.iter().enumerate().rev().map(|(i, s)| ((s.trace_id, s.span_id), i)).collect();
    let mut holes = MissingEffects::default();
    for hole in wanted {
        let Some(span) = places.get(&(hole.trace_id, hole.span_id)) else { continue };
        // One cause, one hole, in however many ways it shows.
        holes.0.entry(*span).or_insert_with(|| hole.what.clone());
    }
    holes
}
