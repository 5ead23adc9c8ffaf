//! Messages without a consumer among these spans: gathering searches for one, and screens mark them.

use std::collections::{HashMap, HashSet};

use crate::model::conventions::MessageRole;
use crate::model::id::{SpanId, TraceId};
use crate::model::span::Span;

type Id = (TraceId, SpanId);

/// The publishes from which nothing follows among these spans: no span of another service and no consumer below them, no
/// link to them or to a span below them, and no consumer of the same message.
pub(crate) fn unconsumed(spans: &[&Span]) -> Vec<usize> {
    let publishes = |span: &Span| span.message_role() == Some(MessageRole::Publish);
    if !spans.iter().any(|span| publishes(span)) {
        return vec![];
    }
    let arrived = with_arrivals(spans);
    let consumed = ConsumedMessages::new(spans);
    let is_unconsumed = |index: &usize| {
        let span = spans[*index];
        publishes(span) && !arrived.contains(&(span.trace_id, span.span_id)) && !consumed.has(span)
    };
    (0..spans.len()).filter(is_unconsumed).collect()
}

/// Spans that something elsewhere follows from, with all that they follow from themselves.
fn with_arrivals(spans: &[&Span]) -> HashSet<Id> {
    let by_id: HashMap<Id, &Span> = spans.iter().map(|span| ((span.trace_id, span.span_id), *span)).collect();
    let parent = |span: &Span| by_id.get(&(span.trace_id, span.parent_id?)).copied();
    let mut arrived = HashSet::new();
    for span in spans {
        let above = parent(span)
            .filter(|above| above.service() != span.service() || span.message_role() == Some(MessageRole::Consume));
        let linked = span.links.iter().map(|link| (link.trace_id, link.span_id));
        for id in linked.chain(above.map(|above| (above.trace_id, above.span_id))) {
            let mut next = Some(id);
            while let Some(id) = next.filter(|id| arrived.insert(*id)) {
                next = by_id.get(&id).and_then(|span| parent(span)).map(|above| (above.trace_id, above.span_id));
            }
        }
    }
    arrived
}

/// The messages with a consumer among the spans, by ID and topic. A consumer without a topic may have taken it from any.
struct ConsumedMessages<'a>(HashSet<(&'a str, Option<&'a str>)>);

impl<'a> ConsumedMessages<'a> {
    fn new(spans: &[&'a Span]) -> Self {
        let consumes = spans.iter().filter(|span| span.message_role() == Some(MessageRole::Consume));
        Self(consumes.filter_map(|span| Some((span.message_id()?, span.topic()))).collect())
    }

    fn has(&self, publish: &Span) -> bool {
        let on = |topic| publish.message_id().is_some_and(|id| self.0.contains(&(id, topic)));
        on(publish.topic()) || on(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::demo::{Fault, NOW, scenarios};

    /// What a publish leads to is seen below it, behind a link, or under the same message; and in no other way.
    #[test]
    fn a_message_has_arrived_where_something_follows_from_it() {
        for scenario in scenarios() {
            let run = scenario.run(NOW, 7);
            let spans: Vec<&Span> = run.spans.iter().collect();
            let found = unconsumed(&spans).len();
            let lost = matches!(scenario.fault, Fault::LostMessage | Fault::FanOutLost | Fault::LogsOnlyService);
            // The span that was not stored is the consumer of a message.
            let expected = usize::from(lost || scenario.fault == Fault::ParentNeverStored);
            assert_eq!(found, expected, "{}", scenario.name);
        }
    }

    /// A producer's own helper spans prove nothing; a link to one of them does.
    #[test]
    fn spans_of_the_sender_do_not_prove_an_arrival() {
        let run = scenarios()[1].run(NOW, 7);
        let publish =
            run.spans.iter().find(|s| Some((s.trace_id, s.span_id)) == run.truth.planted.as_ref().map(|p| p.span));
        let publish = publish.expect("the lost message").clone();
        let id = |n| SpanId::from_hex(&format!("{n:016x}"));
        let helper = Span {
            span_id: id(1).expect("an ID"),
            parent_id: Some(publish.span_id),
            kind: crate::model::span::SpanKind::Internal,
            attributes: crate::model::attribute::Attributes::default(),
            ..publish.clone()
        };
        assert_eq!(unconsumed(&[&publish, &helper]), [0]);
        let mut elsewhere = Span { span_id: id(2).expect("an ID"), parent_id: None, ..helper.clone() };
        assert_eq!(unconsumed(&[&publish, &helper, &elsewhere]), [0]);
        elsewhere.links.push(crate::model::span::Link {
            trace_id: helper.trace_id,
            span_id: helper.span_id,
            attributes: crate::model::attribute::Attributes::default(),
        });
        assert!(unconsumed(&[&publish, &helper, &elsewhere]).is_empty());
    }
}
