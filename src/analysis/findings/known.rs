//! What is known from elsewhere: who is traced, who takes which topic, who answers whom, where journeys come in.
//!
//! "Elsewhere" is this journey too: a topic of which three of four messages were taken is a topic that is taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conventions::MessageRole;
use crate::model::journey::{Journey, Via, is_orphan};
use crate::model::pattern::Pattern;
use crate::model::span::SpanKind;

/// What is known from elsewhere. A fold over journeys, beside what is configured.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Services that made spans.
    pub traced: BTreeSet<String>,
    /// Topics, each with the services that were seen to take from it.
    pub consumed: BTreeMap<String, BTreeSet<String>>,
    /// Topics, each with the services that were seen to send to it.
    pub published: BTreeMap<String, BTreeSet<String>>,
    /// Callers and the peers that answered them with a span of their own.
    pub served: BTreeSet<(String, String)>,
    /// Service and operation of spans that were the top of their trace in a journey, and in how many journeys.
    pub entries: BTreeMap<(String, String), usize>,
    /// How many journeys were looked at.
    pub journeys: usize,
    /// Topics that nobody here consumes.
    pub external_topics: Vec<Pattern>,
    /// Hosts that are not ours.
    pub external_hosts: Vec<Pattern>,
    /// Names in lines, each with the name that the same service has in spans.
    pub aliases: BTreeMap<String, String>,
    /// Whether less than every trace is kept.
    pub sampled: bool,
    /// Whether traces may be joined by the correlation ID alone: a consumer's own trace is no break then.
    pub joined_by_id: bool,
}

impl Known {
    /// Adds what a journey shows.
    pub fn learn(&mut self, journey: &Journey) {
        self.journeys += 1;
        let mut entries = BTreeSet::new();
        for (index, span) in journey.spans.iter().enumerate() {
            let (service, cause) = (span.service().to_owned(), journey.forest.cause[index]);
            if !service.is_empty() {
                self.traced.insert(service.clone());
            }
            let of_topic = match span.message_role() {
                Some(MessageRole::Consume) => Some(&mut self.consumed),
                Some(MessageRole::Publish) => Some(&mut self.published),
                None => None,
            };
            if let Some(of_topic) = of_topic {
                for topic in span.topics() {
                    of_topic.entry(topic.to_owned()).or_default().insert(service.clone());
                }
            }
            if let Some((client, Via::Parent)) = cause.filter(|_| span.kind == SpanKind::Server) {
                let client = &journey.spans[client];
                let peers = [Some(span.service()), client.peer()];
                let edges = peers.into_iter().flatten().map(|peer| (client.service().to_owned(), peer.to_owned()));
                self.served.extend(edges.filter(|(caller, peer)| caller != peer));
            }
            if cause.is_none() && (span.parent_id.is_none() || is_orphan(span, cause)) {
                entries.insert((service, span.name.clone()));
            }
        }
        for entry in entries {
            *self.entries.entry(entry).or_default() += 1;
        }
    }

    /// The name that a service has in spans.
    pub fn in_spans<'a>(&'a self, service: &'a str) -> &'a str {
        self.aliases.get(service).map_or(service, String::as_str)
    }

    /// Whether a topic is said to lead out of what is traced.
    pub fn is_external_topic(&self, topic: &str) -> bool {
        self.external_topics.iter().any(|pattern| pattern.matches(topic))
    }

    /// Whether a host is said not to be ours.
    pub fn is_external_host(&self, host: &str) -> bool {
        self.external_hosts.iter().any(|pattern| pattern.matches(host))
    }
}
