//! A journey with what every rule needs worked out once.

use std::collections::HashMap;

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::findings::FindingsInput;
use crate::model::finding::EvidenceItem;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;

/// What the rules look at.
pub struct RuleContext<'a> {
    /// The journey.
    pub journey: &'a Journey,
    /// What the judgement rests on.
    pub grounds: &'a FindingsInput<'a>,
    /// Every service's times on one clock.
    pub clocks: Clocks,
    /// Beside each span: whether rules about trees may look at it. Not where its ID, or its parent's, stands for several
    /// different spans, nor where it belongs to another journey.
    pub in_tree: Vec<bool>,
    /// Which error explains which.
    pub cascade: Cascade,
}

impl<'a> RuleContext<'a> {
    /// Of this journey.
    pub fn new(journey: &'a Journey, grounds: &'a FindingsInput<'a>) -> Self {
        Self {
            journey,
            grounds,
            clocks: Clocks::measured(journey),
            in_tree: in_tree(journey),
            cascade: Cascade::new(journey),
        }
    }

    /// Whether the span is ours: not one of another journey in the same trace.
    pub fn is_judged(&self, span: usize) -> bool {
        self.journey.judged.get(span) != Some(&false)
    }

    /// A span as evidence.
    pub fn proof(&self, span: usize, what: impl Into<String>) -> EvidenceItem {
        let span = &self.journey.spans[span];
        EvidenceItem {
            time: Some(span.start),
            trace_id: Some(span.trace_id),
            span_id: Some(span.span_id),
            what: what.into(),
        }
    }

    /// Evidence that a span failed, at the time when it did.
    pub fn failure(&self, span: usize, what: impl Into<String>) -> EvidenceItem {
        EvidenceItem { time: Some(self.journey.spans[span].failed_at()), ..self.proof(span, what) }
    }
}

/// A client and its server may share an ID, as Zipkin has it; any other pair that does says nothing of who is whose child.
fn in_tree(journey: &Journey) -> Vec<bool> {
    // Of each ID the kinds that have it, a bit each, and whether one of them has it twice.
    let mut holders: HashMap<(TraceId, SpanId), (u8, bool)> = HashMap::with_capacity(journey.spans.len());
    for span in &journey.spans {
        let (kinds, is_shared) = holders.entry((span.trace_id, span.span_id)).or_default();
        let kind = 1 << span.kind as u8;
        *is_shared |= *kinds & kind != 0;
        *kinds |= kind;
    }
    let is_shared = |key: (TraceId, SpanId)| holders.get(&key).is_some_and(|(_, is_shared)| *is_shared);
    let judged = |index: usize| journey.judged.get(index) != Some(&false);
    let spans = journey.spans.iter().enumerate();
    spans
        .map(|(index, span)| {
            judged(index)
                && !is_shared((span.trace_id, span.span_id))
                && !span.parent_id.is_some_and(|parent| is_shared((span.trace_id, parent)))
        })
        .collect()
}
