//! Which services consume which topic, and in which traces.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::journey::findings::context::RuleContext;
use crate::model::finding::Confidence;
use crate::model::span::Span;

/// How the topics of this journey are consumed, here and elsewhere.
pub(super) struct TopicUsage<'a> {
    /// The journey.
    pub context: &'a RuleContext<'a>,
    here: HashMap<&'a str, TopicConsumers<'a>>,
}

/// The consumers of a topic in this journey.
struct TopicConsumers<'a> {
    services: BTreeSet<&'a str>,
    /// Whether every one of them is in the publisher's trace.
    in_trace: bool,
}

impl<'a> TopicUsage<'a> {
    /// The topics of a journey.
    pub(crate) fn new(context: &'a RuleContext<'a>) -> Self {
        let (spans, pairing) = (&context.journey.spans, &context.pairing);
        let mut here: HashMap<&str, TopicConsumers> = HashMap::new();
        for consume in &pairing.consumes {
            let span = &spans[*consume];
            let in_trace = pairing.sender(*consume).is_some_and(|(sender, _)| spans[sender].trace_id == span.trace_id);
            for topic in span.topics() {
                let consumers =
                    here.entry(topic).or_insert(TopicConsumers { services: BTreeSet::new(), in_trace: true });
                consumers.services.insert(span.service());
                consumers.in_trace &= in_trace;
            }
        }
        Self { context, here }
    }

    /// Services that are known to consume the topic of this message, here or elsewhere; some may come twice.
    pub(crate) fn consumers<'s>(&'s self, sent: &'s Span) -> impl Iterator<Item = &'s str> {
        let consumed = &self.context.input.known.consumed;
        let elsewhere = |topic| consumed.get(topic).into_iter().flatten().map(String::as_str);
        let here = |topic| self.here.get(topic).into_iter().flat_map(|consumers| consumers.services.iter().copied());
        sent.topics().into_iter().flat_map(move |topic| here(topic).chain(elsewhere(topic)))
    }

    /// Whether a service may be the consumer of this message: any may, where none is known.
    pub(crate) fn may_consume(&self, service: &str, sent: &Span) -> bool {
        let mut consumers = self.consumers(sent).peekable();
        consumers.peek().is_none() || consumers.any(|consumer| consumer == service)
    }

    /// Whether consumers of the topic are in the publisher's trace, so that there cannot be one in another.
    fn stays_in_trace(&self, sent: &Span) -> bool {
        sent.topics().into_iter().any(|topic| self.here.get(topic).is_some_and(|consumers| consumers.in_trace))
    }

    /// How sure it is that the message was not consumed: high only where the topic has traced consumers, and no other
    /// trace can have the one of this message.
    pub(crate) fn confidence(&self, sent: &Span) -> Confidence {
        let input = self.context.input;
        let may_be_elsewhere = !self.stays_in_trace(sent) && (!input.looked_up || input.known.sampled);
        let is_consumed = self.consumers(sent).next().is_some();
        if is_consumed && !may_be_elsewhere { Confidence::High } else { Confidence::Low }
    }
}
