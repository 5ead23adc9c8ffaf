//! What is known beside the journey: which services are traced, which consume which topic, which answer which, where
//! journeys begin.
//!
//! The journey itself counts too: a topic of which three of four messages were consumed has consumers.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conventions::MessageRole;
use crate::model::evidence::{Listed, Operation};
use crate::model::journey::{CauseKind, Journey};
use crate::model::pattern::Pattern;
use crate::model::span::{Span, SpanKind};
use crate::model::time::Timestamp;

/// What is known beside the journey: from other journeys, from what Jaeger lists, and from the configuration.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Services that made spans.
    pub traced: BTreeSet<String>,
    /// Topics, each with the services that were seen to consume it.
    pub consumed: BTreeMap<String, BTreeSet<String>>,
    /// Topics, each with the services that were seen to publish to it.
    pub published: BTreeMap<String, BTreeSet<String>>,
    /// Callers and the peers that answered them with a span of their own.
    pub served: BTreeSet<(String, String)>,
    /// Service and operation of spans that were the top of their trace, each with the number of journeys in which.
    pub entries: BTreeMap<(String, String), usize>,
    /// How many journeys were looked at.
    pub journeys: usize,
    /// How many spans were looked at.
    pub spans: usize,
    /// The end of the newest of these spans.
    pub newest: Option<Timestamp>,
    /// Topics whose consumers are not traced here.
    pub external_topics: Vec<Pattern>,
    /// Hosts that are not ours.
    pub external_hosts: Vec<Pattern>,
    /// Names in lines, each with the name that the same service has in spans.
    pub aliases: BTreeMap<String, String>,
    /// Whether less than every trace is kept.
    pub sampled: bool,
    /// Whether traces are joined by the correlation ID alone on purpose: a trace of its own does not break propagation
    /// then.
    pub joined_by_id: bool,
}

impl Knowledge {
    /// Adds what spans show by themselves, whatever journeys they belong to: which services are traced, and which
    /// topics they publish to and consume.
    pub fn learn_spans(&mut self, spans: &[Span]) {
        self.spans += spans.len();
        let ends = spans.iter().filter(|span| span.has_sane_time()).map(Span::end);
        self.newest = self.newest.max(ends.max());
        for span in spans {
            let service = span.service();
            if !service.is_empty() && !self.traced.contains(service) {
                self.traced.insert(service.to_owned());
            }
            let of_topic = match span.message_role() {
                Some(MessageRole::Consume) => &mut self.consumed,
                Some(MessageRole::Publish) => &mut self.published,
                None => continue,
            };
            for topic in span.topics() {
                if !of_topic.get(topic).is_some_and(|services| services.contains(service)) {
                    of_topic.entry(topic.to_owned()).or_default().insert(service.to_owned());
                }
            }
        }
    }

    /// Adds what a journey shows.
    pub fn learn(&mut self, journey: &Journey) {
        self.learn_spans(&journey.spans);
        self.learn_joins(journey);
    }

    /// Adds what a journey shows by how its spans are related. Once for each journey.
    pub(crate) fn learn_joins(&mut self, journey: &Journey) {
        self.journeys += 1;
        let mut entries = BTreeSet::new();
        for (index, span) in journey.spans.iter().enumerate() {
            let (service, cause) = (span.service().to_owned(), journey.forest.cause[index]);
            if let Some((client, CauseKind::Parent)) = cause.filter(|_| span.kind == SpanKind::Server) {
                let client = &journey.spans[client];
                let peers = [Some(span.service()), client.peer()];
                let edges = peers.into_iter().flatten().map(|peer| (client.service().to_owned(), peer.to_owned()));
                self.served.extend(edges.filter(|(caller, peer)| caller != peer));
            }
            if cause.is_none() && (span.parent_id.is_none() || journey.forest.is_orphan(index, span)) {
                entries.insert((service, span.name.clone()));
            }
        }
        for entry in entries {
            *self.entries.entry(entry).or_default() += 1;
        }
    }

    /// Adds what Jaeger lists: which services are traced, and which have an operation that names a topic as consumed.
    /// Only topics that the journeys known so far publish to are looked for.
    pub fn learn_lists(&mut self, listed: &Listed) {
        self.traced.extend(listed.services.iter().cloned());
        for (service, operations) in &listed.operations {
            let consumes = |topic: &&String| operations.iter().any(|operation| consumes(operation, topic));
            for topic in self.published.keys().filter(consumes) {
                self.consumed.entry(topic.clone()).or_default().insert(service.clone());
            }
        }
    }

    /// The name that a service has in spans.
    pub(crate) fn in_spans<'a>(&'a self, service: &'a str) -> &'a str {
        self.aliases.get(service).map_or(service, String::as_str)
    }

    /// Whether the configuration says that a topic leads out of what is traced.
    pub(crate) fn is_external_topic(&self, topic: &str) -> bool {
        self.external_topics.iter().any(|pattern| pattern.matches(topic))
    }

    /// Whether the configuration says that a host is not ours.
    pub(crate) fn is_external_host(&self, host: &str) -> bool {
        self.external_hosts.iter().any(|pattern| pattern.matches(host))
    }
}

/// Words in names of operations that consume.
const CONSUMING: [&str; 7] = ["consume", "consumer", "receive", "process", "deliver", "poll", "handle"];

/// Whether an operation's name says that it consumes this topic, or names the topic and its kind says so.
fn consumes(operation: &Operation, topic: &str) -> bool {
    let Some(at) = whole_word(&operation.name, topic) else { return false };
    let (before, after) = (&operation.name[..at], &operation.name[at + topic.len()..]);
    let rest = format!("{before} {after}").to_lowercase();
    operation.kind == SpanKind::Consumer
        || operation.kind != SpanKind::Producer && CONSUMING.iter().any(|word| rest.contains(word))
}

/// Where a topic's name is in a text as a whole: `orders` is not in `orders.v2`, `dev.orders` or `reorders`, but is in
/// `consume.orders`.
fn whole_word(text: &str, topic: &str) -> Option<usize> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut places = text.match_indices(topic).map(|(at, _)| at).filter(|_| !topic.is_empty());
    places.find(|at| {
        let after = &text[at + topic.len()..];
        let goes_on = after.starts_with(in_name) || after.starts_with('.') && after[1..].starts_with(in_name);
        let before = &text[..*at];
        let comes_on = before.strip_suffix('.').is_some_and(|before| {
            let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            !CONSUMING.contains(&word.to_ascii_lowercase().as_str())
        });
        !before.ends_with(in_name) && !comes_on && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_consumes_a_topic_by_its_kind_or_by_its_words() {
        use SpanKind::{Consumer, Internal, Producer, Unspecified};
        let table = [
            ("orders", Consumer, true),
            ("orders process", Unspecified, true),
            ("kafka.consume.orders", Internal, true),
            ("Receive orders", Unspecified, true),
            ("orders publish", Producer, false),
            ("publish orders", Unspecified, false),
            ("process orders", Producer, false),
            ("orders.v2 process", Consumer, false),
            ("reorders process", Consumer, false),
            ("dev.orders process", Consumer, false),
            ("orders-dead process", Consumer, false),
            ("GET /orders", Unspecified, false),
            ("process", Consumer, false),
        ];
        for (name, kind, expected) in table {
            let operation = Operation { name: name.to_owned(), kind };
            assert_eq!(consumes(&operation, "orders"), expected, "{name} {kind:?}");
        }
        assert!(!consumes(&Operation { name: "process".into(), kind: Consumer }, ""));
    }

    #[test]
    fn lists_show_which_services_are_traced_and_consume_our_topics() {
        let mut known = Knowledge::default();
        known.published.insert("orders".to_owned(), BTreeSet::from(["shop".to_owned()]));
        let operation = |name: &str| Operation { name: name.to_owned(), kind: SpanKind::Consumer };
        let listed = Listed {
            services: BTreeSet::from(["mail".to_owned(), "shop".to_owned()]),
            operations: [(
                "mail".to_owned(),
                BTreeSet::from([operation("orders process"), operation("bills process")]),
            )]
            .into(),
        };
        known.learn_lists(&listed);
        assert_eq!(known.traced, listed.services);
        assert_eq!(known.consumed, [("orders".to_owned(), BTreeSet::from(["mail".to_owned()]))].into());
    }
}
