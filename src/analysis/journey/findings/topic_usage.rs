//! Who takes from which topic, and where.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::pairing::Pairing;
use crate::model::finding::Confidence;
use crate::model::span::Span;

/// How the topics of this journey are consumed, here and elsewhere.
pub(super) struct TopicUsage<'a> {
    /// The journey.
    pub scene: &'a RuleContext<'a>,
    here: HashMap<&'a str, TopicConsumers<'a>>,
}

/// Who takes from a topic here.
struct TopicConsumers<'a> {
    services: BTreeSet<&'a str>,
    /// Whether always in the sender's own trace.
    in_trace: bool,
}

impl<'a> TopicUsage<'a> {
    /// Of this journey.
    pub fn new(scene: &'a RuleContext<'a>, pairing: &Pairing) -> Self {
        let spans = &scene.journey.spans;
        let mut here: HashMap<&str, TopicConsumers> = HashMap::new();
        for consume in &pairing.consumes {
            let span = &spans[*consume];
            let same = pairing.sender(*consume).is_some_and(|(sender, _)| spans[sender].trace_id == span.trace_id);
            for topic in span.topics() {
                let takers = here.entry(topic).or_insert(TopicConsumers { services: BTreeSet::new(), in_trace: true });
                takers.services.insert(span.service());
                takers.in_trace &= same;
            }
        }
        Self { scene, here }
    }

    /// Services that are known to take from the topic of this message.
    pub fn takers<'s>(&'s self, sent: &'s Span) -> impl Iterator<Item = &'s str> {
        let elsewhere = |topic| self.scene.grounds.known.consumed.get(topic).into_iter().flatten().map(String::as_str);
        let here = |topic| self.here.get(topic).into_iter().flat_map(|takers| takers.services.iter().copied());
        sent.topics().into_iter().flat_map(move |topic| here(topic).chain(elsewhere(topic)))
    }

    /// Whether a service may be who takes this message: where nobody is known to, it may be any.
    pub fn may_take(&self, service: &str, sent: &Span) -> bool {
        let mut takers = self.takers(sent).peekable();
        takers.peek().is_none() || takers.any(|taker| taker == service)
    }

    /// Whether the one that takes from the topic would be in the sender's trace, so that it cannot be elsewhere.
    fn stays_in_trace(&self, sent: &Span) -> bool {
        sent.topics().into_iter().any(|topic| self.here.get(topic).is_some_and(|takers| takers.in_trace))
    }

    /// High only where somebody traced takes from the topic, and it is sure that no other trace has the consumer.
    pub fn confidence(&self, sent: &Span) -> Confidence {
        let grounds = self.scene.grounds;
        let elsewhere = !self.stays_in_trace(sent) && (!grounds.looked_up || grounds.known.sampled);
        let known = self.takers(sent).next().is_some();
        if known && !elsewhere { Confidence::High } else { Confidence::Low }
    }
}
