//! A journey with what several rules need, worked out once.

use std::collections::HashMap;

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::findings::input::FindingsInput;
use crate::analysis::journey::findings::pairing::Pairing;
use crate::model::action::{About, Action, Argument, CommandName, Invocation, Purpose};
use crate::model::finding::{EvidenceFact, EvidenceItem, MissingPart, MissingPartPlace, MissingThing};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::span::Span;

/// What the rules look at. Spans are indices into the journey.
pub(super) struct RuleContext<'a> {
    /// The journey.
    pub journey: &'a Journey,
    /// What is known beside it.
    pub input: &'a FindingsInput<'a>,
    /// Every service's times on one clock.
    pub clocks: Clocks,
    /// Beside each span: whether rules about trees may look at it. Not where several different spans share its ID or its
    /// parent's, nor where it belongs to another journey.
    pub in_tree: Vec<bool>,
    /// Which error explains which.
    pub cascade: Cascade,
    /// Which message each consumer consumed.
    pub pairing: Pairing<'a>,
}

impl<'a> RuleContext<'a> {
    /// What the rules need of a journey.
    pub(crate) fn new(journey: &'a Journey, input: &'a FindingsInput<'a>) -> Self {
        let clocks = Clocks::measured(journey);
        Self {
            journey,
            input,
            in_tree: in_tree(journey),
            cascade: Cascade::new(journey),
            pairing: Pairing::new(journey, &clocks),
            clocks,
        }
    }

    /// A span of the journey.
    pub(crate) fn span(&self, span: usize) -> &'a Span {
        &self.journey.spans[span]
    }

    /// Whether the span is the journey's own, not one of another journey in the same trace.
    pub(crate) fn is_own(&self, span: usize) -> bool {
        self.journey.is_own.get(span) != Some(&false)
    }

    /// A span as evidence, at its start.
    pub(crate) fn evidence(&self, span: usize, shows: EvidenceFact) -> EvidenceItem {
        let span = self.span(span);
        EvidenceItem { time: Some(span.start), trace_id: Some(span.trace_id), span_id: Some(span.span_id), shows }
    }

    /// A span that failed as evidence, at the time when it failed.
    pub(crate) fn failure(&self, span: usize, shows: EvidenceFact) -> EvidenceItem {
        EvidenceItem { time: Some(self.span(span).failed_at()), ..self.evidence(span, shows) }
    }

    /// What is missing beside a span.
    pub(crate) fn missing_part(&self, span: usize, place: MissingPartPlace, what: MissingThing) -> MissingPart {
        let span = self.span(span);
        MissingPart { trace_id: span.trace_id, span_id: span.span_id, place, what }
    }

    /// The journey as that which a suggested command is about: by its correlation ID, which leads to all of it, where it
    /// has one.
    pub(crate) fn journey_id(&self) -> About {
        self.journey.correlation_id.clone().map_or(About::Subject, About::Id)
    }

    /// To look at the log lines of a service in this journey.
    pub(crate) fn logs_of(&self, service: &str, purpose: Purpose) -> Action {
        let logs = Invocation::new(CommandName::Logs).about(self.journey_id());
        let logs = if service.is_empty() { logs } else { logs.with(Argument::Service(service.to_owned())) };
        Action::Run(logs, purpose)
    }
}

/// A client and its server may share an ID, as Zipkin has it; any other spans that share one leave open who is whose
/// child.
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
    let is_own = |index: usize| journey.is_own.get(index) != Some(&false);
    let spans = journey.spans.iter().enumerate();
    spans
        .map(|(index, span)| {
            is_own(index)
                && !is_shared((span.trace_id, span.span_id))
                && !span.parent_id.is_some_and(|parent| is_shared((span.trace_id, parent)))
        })
        .collect()
}
