//! Messages as they were taken, one by one: who sent what a span took, and who took what it sent.

use std::collections::HashMap;

use crate::analysis::journey::clocks::asynchronous_cause;
use crate::model::conventions::MessageRole;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{CauseKind, Journey};
use crate::model::span::Span;

/// Every message of a journey of which both ends are at hand. Indices are into `Journey::spans`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deliveries {
    /// For each span the publishes of the messages it took. A batch consumer took a message from each publish that it links
    /// to; a span that processes what an outer span of its service received took nothing more.
    pub(crate) senders: Vec<Vec<usize>>,
    /// For each span the consumers of the messages it sent.
    pub(crate) consumers: Vec<Vec<usize>>,
}

impl Deliveries {
    /// Those of a journey.
    pub(crate) fn new(journey: &Journey) -> Self {
        let publishes = index_publishes(journey);
        let all: Vec<Vec<usize>> = (0..journey.spans.len()).map(|span| senders_of(journey, &publishes, span)).collect();
        let senders: Vec<Vec<usize>> = all
            .iter()
            .enumerate()
            .map(|(span, senders)| {
                let received = enclosing_receive(journey, span).map_or(&[][..], |above| &all[above]);
                senders.iter().copied().filter(|sender| received.binary_search(sender).is_err()).collect()
            })
            .collect();
        let mut takers = vec![vec![]; senders.len()];
        for (taker, senders) in senders.iter().enumerate() {
            senders.iter().for_each(|sender: &usize| takers[*sender].push(taker));
        }
        Self { senders, consumers: takers }
    }

    /// The topic on which the message went from one to the other, where either names it. Where both do, and differ, as
    /// exchange and queue, it is the sender's.
    pub(crate) fn topic<'a>(&self, journey: &'a Journey, sender: usize, taker: usize) -> Option<&'a str> {
        self.publish_topic(journey, sender).or_else(|| journey.spans[taker].topic())
    }

    /// The topic to which a publish went; what its takers call it where it does not say.
    pub(crate) fn publish_topic<'a>(&self, journey: &'a Journey, sender: usize) -> Option<&'a str> {
        let span = &journey.spans[sender];
        let by_takers = || self.consumers[sender].iter().find_map(|taker| journey.spans[*taker].topic());
        span.topic().or_else(by_takers).filter(|_| publishes(span))
    }

    /// Whether the span only waits for messages that spans below it take one by one.
    pub(crate) fn is_poll(&self, journey: &Journey, span: usize) -> bool {
        let takes_one =
            |below: &usize| enclosing_receive(journey, *below) == Some(span) && !self.senders[*below].is_empty();
        self.senders[span].is_empty() && journey.forest.effects[span].iter().any(takes_one)
    }

    /// How it is known that the taker's message is the sender's.
    pub(crate) fn via(journey: &Journey, sender: usize, taker: usize) -> CauseKind {
        journey.forest.cause[taker].filter(|(cause, _)| *cause == sender).map_or(CauseKind::Link, |(_, via)| via)
    }
}

/// Whether the span sends a message.
pub(crate) fn publishes(span: &Span) -> bool {
    span.message_role() == Some(MessageRole::Publish)
}

/// Whether the span takes one.
pub(crate) fn consumes(span: &Span) -> bool {
    span.message_role() == Some(MessageRole::Consume)
}

/// The span of the same service that received what this one processes.
pub(crate) fn enclosing_receive(journey: &Journey, index: usize) -> Option<usize> {
    let (above, _) = journey.forest.cause[index]?;
    let (from, to) = (&journey.spans[above], &journey.spans[index]);
    (consumes(to) && consumes(from) && from.service() == to.service()).then_some(above)
}

fn index_publishes(journey: &Journey) -> HashMap<(TraceId, SpanId), usize> {
    let sent = journey.spans.iter().enumerate().filter(|(_, span)| publishes(span));
    sent.map(|(index, span)| ((span.trace_id, span.span_id), index)).collect()
}

/// Every publish that a consumer links to and the one that set it off; where no publish is seen, whatever did.
fn senders_of(journey: &Journey, sent: &HashMap<(TraceId, SpanId), usize>, index: usize) -> Vec<usize> {
    let span = &journey.spans[index];
    let cause = asynchronous_cause(journey, index).map(|(cause, _)| cause);
    let links = span.links.iter().filter(|_| consumes(span));
    let mut senders: Vec<usize> = links.filter_map(|link| sent.get(&(link.trace_id, link.span_id)).copied()).collect();
    senders.extend(cause.filter(|cause| senders.is_empty() || publishes(&journey.spans[*cause])));
    senders.sort_unstable();
    senders.dedup();
    senders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    fn found(text: &str) -> Vec<String> {
        let journey = sketch::journey(text);
        let deliveries = Deliveries::new(&journey);
        let name = |index: &usize| journey.spans[*index].name.as_str();
        let taken = (0..journey.spans.len()).filter(|span| !deliveries.senders[*span].is_empty());
        let line = |span: usize| {
            let senders: Vec<&str> = deliveries.senders[span].iter().map(name).collect();
            format!("{} took {}", name(&span), senders.join("+"))
        };
        taken.map(line).collect()
    }

    #[test]
    fn each_message_is_consumed_once_from_its_publish() {
        let table: [(&str, &[&str]); 6] = [
            ("a/p 0..1 producer\n  b/c 2..3 consumer", &["c took p"]),
            // A batch: parent or first link is one of many.
            ("a/p 0..1 producer\na/q 1..2 producer trace=2\nb/c 3..4 consumer trace=3 link=1 link=2", &["c took p+q"]),
            ("a/q 1..2 producer trace=2\na/p 0..1 producer\n  b/c 3..4 consumer link=1", &["c took p+q"]),
            // Received together, processed one by one; and the other way round.
            ("a/p 0..1 producer\nb/r 3..9 consumer trace=2 link=1\n  b/c 4..5 consumer link=1", &["r took p"]),
            ("a/p 0..1 producer\nb/r 3..9 consumer trace=2\n  b/c 4..5 consumer link=1", &["c took p"]),
            // The request went on in the context of a span that sent nothing.
            ("a/s 0..9\n  b/c 2..3 consumer", &["c took s"]),
        ];
        for (text, expected) in table {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
