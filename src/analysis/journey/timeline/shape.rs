//! The shape of the subtree below each span, so that equal ones can be folded.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::analysis::journey::clocks::asynchronous_cause;
use crate::analysis::journey::critical_path::{CriticalPath, causes_first};
use crate::analysis::journey::timeline::holes::MissingEffects;
use crate::model::filter::Filters;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;

/// Facts of each span's subtree of calls, beside each span.
pub(crate) struct Shapes {
    /// Equal for subtrees that look alike: same services, names, kinds and errors, however often repeated.
    pub(crate) hash: Vec<u64>,
    /// How many wanted spans it has.
    pub(crate) size: Vec<usize>,
    /// Whether any of it failed.
    pub(crate) has_error: Vec<bool>,
    /// Whether any of it is on the critical path.
    pub(crate) on_path: Vec<bool>,
    known: HashMap<(TraceId, SpanId), usize>,
}

impl Shapes {
    /// Reads the shapes of a journey, from the leaves up.
    pub(crate) fn new(
        journey: &Journey,
        critical: &CriticalPath,
        filters: &Filters,
        holes: &MissingEffects,
        has_error_line: impl Fn(usize) -> bool,
    ) -> Self {
        let spans = &journey.spans;
        let mut shapes = Self {
            hash: vec![0; spans.len()],
            size: spans.iter().map(|s| usize::from(filters.wants_span(s))).collect(),
            has_error: (0..spans.len()).map(|i| spans[i].is_error() || has_error_line(i)).collect(),
            on_path: critical.contains.clone(),
            known: spans.iter().enumerate().rev().map(|(i, s)| ((s.trace_id, s.span_id), i)).collect(),
        };
        for span in causes_first(journey).into_iter().rev() {
            shapes.hash[span] = shapes.shape(journey, span, holes);
            if let Some((cause, _)) = journey.forest.cause[span]
                && asynchronous_cause(journey, span).is_none()
            {
                shapes.size[cause] += shapes.size[span];
                shapes.has_error[cause] |= shapes.has_error[span];
                shapes.on_path[cause] |= shapes.on_path[span];
            }
        }
        shapes
    }

    /// Where a span is, if it is here.
    pub(crate) fn find(&self, trace: TraceId, span: SpanId) -> Option<usize> {
        self.known.get(&(trace, span)).copied()
    }

    /// Calls count with their whole subtree, messages only by who received them: a lost one makes a difference.
    fn shape(&self, journey: &Journey, index: usize, holes: &MissingEffects) -> u64 {
        let span = &journey.spans[index];
        let effects = &journey.forest.effects[index];
        let mut below: Vec<u64> = effects
            .iter()
            .map(|e| match asynchronous_cause(journey, *e) {
                Some(_) => hash_of(&(journey.spans[*e].service(), &journey.spans[*e].name)),
                None => self.hash[*e],
            })
            .collect();
        below.sort_unstable();
        below.dedup();
        let failed = span.is_error().then(|| span.error_text());
        hash_of(&(
            span.service(),
            &span.name,
            span.kind,
            span.topic(),
            failed,
            self.has_error[index],
            holes.is_above_missing(index),
            below,
        ))
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
