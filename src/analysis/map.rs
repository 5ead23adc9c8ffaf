//! Who calls whom, by what, and how well: a fold over journeys.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::adjust::asynchronous_cause;
use crate::analysis::latency::Lengths;
use crate::model::conventions::{MessageRole, short_service};
use crate::model::filter::Filters;
use crate::model::journey::{Journey, Via};
use crate::model::measure::Measured;
use crate::model::span::{Span, SpanKind};

/// What stands at the end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Whoever calls from outside: nobody here is traced before it.
    Outside,
    /// A service with spans of its own.
    Service,
    /// A topic or queue.
    Topic,
    /// A database or cache.
    Database,
    /// A host that is called and has no spans here.
    Host,
}

/// A part of the system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its name.
    pub name: String,
}

impl Node {
    /// A part of this kind.
    pub fn new(kind: NodeKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    fn service(span: &Span) -> Self {
        Self::new(NodeKind::Service, span.service())
    }
}

/// How it is known that one follows from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The span is a child, or a span of its own that needs none.
    Parent,
    /// The span links to the other one.
    Link,
    /// Both name the same message, and nothing else joins them: the trace context got lost.
    Message,
    /// Both carry the same correlation ID, and nothing else joins them: the trace context got lost.
    CorrelationId,
    /// A metric says so.
    Metric,
}

/// What went from one part to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edge {
    /// How many calls or messages.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// How long each took: at who was called, or at the caller where only that is seen.
    pub lengths: Lengths,
    /// How each is known, with how many.
    pub how: BTreeMap<How, u64>,
}

impl Edge {
    /// How many came without their trace context.
    pub fn broken(&self) -> u64 {
        [How::Message, How::CorrelationId].iter().filter_map(|how| self.how.get(how)).sum()
    }
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Every edge, in the order in which work flows: from outside inwards.
    pub edges: Vec<(Node, Node, Edge)>,
    /// Calls between services of which both spans are in one trace, as Jaeger counts them: by caller and callee.
    pub within_traces: BTreeMap<(String, String), u64>,
}

impl Map {
    /// Every part, in the order of the edges.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut seen = BTreeSet::new();
        let ends = self.edges.iter().flat_map(|(from, to, _)| [from, to]);
        ends.filter(|node| seen.insert(*node)).collect()
    }
}

/// Journeys, as far as they were added.
#[derive(Default)]
pub struct Mapping {
    edges: BTreeMap<(Node, Node), (Edge, Vec<i64>)>,
    within_traces: BTreeMap<(String, String), u64>,
    services: BTreeSet<String>,
}

impl Mapping {
    /// Adds a journey: of its spans those that are wanted.
    pub fn add(&mut self, journey: &Journey, filters: &Filters) {
        let published: BTreeSet<&str> = journey.spans.iter().filter(|s| publishes(s)).filter_map(Span::topic).collect();
        for (index, span) in journey.spans.iter().enumerate() {
            let counts = journey.judged.get(index) != Some(&false) && filters.wants_span(span);
            if !span.service().is_empty() {
                self.services.insert(span.service().to_owned());
            }
            if !counts {
                continue;
            }
            let cause = journey.forest.cause[index].map(|(cause, via)| (&journey.spans[cause], via));
            if let Some((from, Via::Parent)) = cause.filter(|(from, _)| from.service() != span.service()) {
                let pair = (from.service().to_owned(), span.service().to_owned());
                *self.within_traces.entry(pair).or_default() += 1;
            }
            self.arrival(journey, index, cause, &published);
            self.departure(journey, index);
        }
    }

    /// What led to this span from elsewhere.
    fn arrival(&mut self, journey: &Journey, index: usize, cause: Option<(&Span, Via)>, published: &BTreeSet<&str>) {
        let span = &journey.spans[index];
        let here = Node::service(span);
        if span.message_role() == Some(MessageRole::Consume) {
            // Who receives and who processes in one service take the same message.
            let taken = cause.is_some_and(|(from, _)| from.service() == span.service() && takes(from));
            let Some(topic) = span.topic().or_else(|| cause.and_then(|(from, _)| from.topic())).filter(|_| !taken)
            else {
                return;
            };
            let apart = |from: &Span| from.trace_id != span.trace_id;
            let how = match cause {
                Some((from, Via::Message)) if apart(from) => How::Message,
                Some((_, Via::Link)) => How::Link,
                None if published.contains(topic) && span.parent_id.is_none() && span.links.is_empty() => {
                    How::CorrelationId
                }
                _ => How::Parent,
            };
            self.count(Node::new(NodeKind::Topic, topic), here, span, how);
            return;
        }
        match cause {
            Some((from, via)) if from.service() != span.service() => {
                let how = match via {
                    Via::Parent => How::Parent,
                    Via::Link => How::Link,
                    Via::Message => How::Message,
                };
                self.count(Node::service(from), here, span, how);
            }
            None if span.kind == SpanKind::Server => {
                self.count(Node::new(NodeKind::Outside, "outside"), here, span, How::Parent);
            }
            _ => {}
        }
    }

    /// What this span sends to a topic, a database or a host that has no spans here.
    fn departure(&mut self, journey: &Journey, index: usize) {
        let span = &journey.spans[index];
        let effects = || journey.forest.effects[index].iter().map(|effect| (*effect, &journey.spans[*effect]));
        if publishes(span) {
            let again = effects().any(|(_, below)| below.service() == span.service() && publishes(below));
            if let Some(topic) = span.topic().filter(|_| !again) {
                self.count(Node::service(span), Node::new(NodeKind::Topic, topic), span, How::Parent);
            }
            return;
        }
        // Of clients inside clients the innermost calls; one with a server below it is counted there.
        let goes_on = effects().any(|(effect, below)| {
            below.service() != span.service() && asynchronous_cause(journey, effect).is_none()
                || below.service() == span.service() && below.kind == SpanKind::Client
        });
        if span.kind != SpanKind::Client || goes_on {
            return;
        }
        let system = span.attributes.text(&["db.system.name", "db.system"]);
        let name = span.attributes.text(&["db.namespace", "db.name"]).filter(|name| !name.is_empty());
        let to = match (system, span.peer()) {
            (Some(system), _) => {
                let name = name.map(|name| format!("{system} {name}"));
                Node::new(NodeKind::Database, name.unwrap_or_else(|| system.to_owned()))
            }
            (None, Some(peer)) => Node::new(NodeKind::Host, peer),
            (None, None) => return,
        };
        self.count(Node::service(span), to, span, How::Parent);
    }

    fn count(&mut self, from: Node, to: Node, span: &Span, how: How) {
        let (edge, lengths) = self.edges.entry((from, to)).or_default();
        edge.calls += 1;
        edge.errors += u64::from(span.is_error());
        *edge.how.entry(how).or_default() += 1;
        if span.has_sane_time() {
            lengths.push(span.duration_ns.max(0));
        }
    }

    /// What they add up to. A host that bears the name of a service is that service: its own span is lost.
    pub fn map(self) -> Map {
        let short: BTreeMap<&str, &String> = self.services.iter().map(|name| (short_service(name), name)).collect();
        let known = |node: &Node| match node.kind {
            NodeKind::Host => self.services.get(&node.name).or_else(|| short.get(node.name.as_str()).copied()),
            _ => None,
        };
        let mut merged: BTreeMap<(Node, Node), (Edge, Vec<i64>)> = BTreeMap::new();
        for ((from, to), (edge, lengths)) in &self.edges {
            let to = known(to).map_or_else(|| to.clone(), |service| Node::new(NodeKind::Service, service));
            let (all, all_lengths) = merged.entry((from.clone(), to)).or_default();
            all.calls += edge.calls;
            all.errors += edge.errors;
            edge.how.iter().for_each(|(how, n)| *all.how.entry(*how).or_default() += n);
            all_lengths.extend(lengths);
        }
        let edges = merged.into_iter().map(|((from, to), (edge, mut lengths))| {
            lengths.sort_unstable();
            (from, to, Edge { lengths: Lengths::Exact(lengths), ..edge })
        });
        Map { edges: flowing(edges.collect()), within_traces: self.within_traces }
    }
}

/// The same from the metrics of a service graph; none where none is measured.
pub fn measured(measured: &Measured, filters: &Filters) -> Option<Map> {
    let wanted = measured.edges.iter().filter(|e| filters.wants_service(&e.client) || filters.wants_service(&e.server));
    let edges = wanted.map(|told| {
        let from = match told.client.as_str() {
            "" | "user" => Node::new(NodeKind::Outside, "outside"),
            client => Node::new(NodeKind::Service, client),
        };
        let kind = match told.connection.as_str() {
            "database" => NodeKind::Database,
            "virtual_node" => NodeKind::Host,
            _ => NodeKind::Service,
        };
        let calls = told.calls.round() as u64;
        let edge = Edge {
            calls,
            errors: told.errors.round() as u64,
            lengths: Lengths::Measured(told.lengths.clone()),
            how: BTreeMap::from([(How::Metric, calls)]),
        };
        (from, Node::new(kind, &told.server), edge)
    });
    let edges = flowing(edges.collect());
    (!measured.edges.is_empty()).then(|| Map { edges, within_traces: BTreeMap::new() })
}

/// In the order in which work flows: from outside, or from whoever nobody calls, along the edges; what goes round in
/// circles last.
fn flowing(edges: Vec<(Node, Node, Edge)>) -> Vec<(Node, Node, Edge)> {
    let mut from: BTreeMap<Node, Vec<(Node, Edge)>> = BTreeMap::new();
    let called: BTreeSet<Node> = edges.iter().filter(|(a, b, _)| a != b).map(|(_, to, _)| to.clone()).collect();
    for (caller, to, edge) in edges {
        from.entry(caller).or_default().push((to, edge));
    }
    let starts = from.keys().filter(|node| !called.contains(*node)).chain(from.keys());
    let mut open: VecDeque<Node> = VecDeque::new();
    let starts: Vec<Node> = starts.cloned().collect();
    let mut flowing = vec![];
    for start in starts {
        open.push_back(start);
        while let Some(node) = open.pop_front() {
            let mut below = from.remove(&node).unwrap_or_default();
            below.sort_by(|a, b| (b.1.calls, &a.0).cmp(&(a.1.calls, &b.0)));
            for (to, edge) in below {
                open.push_back(to.clone());
                flowing.push((node.clone(), to, edge));
            }
        }
    }
    flowing
}

fn publishes(span: &Span) -> bool {
    span.message_role() == Some(MessageRole::Publish)
}

fn takes(span: &Span) -> bool {
    span.message_role() == Some(MessageRole::Consume)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sketch;
    use crate::demo::{NOW, scenarios};
    use crate::model::conventions::CORRELATION_KEYS;
    use crate::model::evidence::Evidence;
    use crate::stitch::whole::whole;

    fn told(map: &Map) -> Vec<String> {
        let how = |edge: &Edge| edge.how.iter().map(|(how, n)| format!(" {how:?}×{n}")).collect::<String>();
        let line = |(a, b, edge): &(Node, Node, Edge)| {
            format!("{} → {:?} {}: {} ✗{}{}", a.name, b.kind, b.name, edge.calls, edge.errors, how(edge))
        };
        map.edges.iter().map(line).collect()
    }

    fn map(sketches: &[&str]) -> Map {
        let mut mapping = Mapping::default();
        sketches.iter().for_each(|text| mapping.add(&sketch::journey(text), &Filters::default()));
        mapping.map()
    }

    #[test]
    fn every_kind_of_edge_is_told_by_what_is_seen_of_it() {
        let order = "
            shop/POST /orders 0..120 server
              shop/GET 10..30 client server.address=stock
                stock/GET /items 12..28 server error: gone
              shop/GET 31..33 client server.address=stock error: refused
              shop/call 34..40 client
                shop/GET 35..39 client server.address=api.example.com
              shop/SELECT 40..50 client db.system=postgresql db.name=orders
              shop/publish 60..62 producer topic=orders
                ~> billing/receive 104..314 consumer topic=orders trace=2
                  billing/process 110..300 consumer topic=orders
        ";
        let lost = "
            shop/publish 60..62 producer topic=orders
            billing/process 104..314 consumer topic=orders trace=2
        ";
        assert_eq!(
            told(&map(&[order, lost])),
            [
                "outside → Service shop: 1 ✗0 Parent×1",
                "shop → Service stock: 2 ✗2 Parent×2",
                "shop → Topic orders: 2 ✗0 Parent×2",
                "shop → Database postgresql orders: 1 ✗0 Parent×1",
                "shop → Host api.example.com: 1 ✗0 Parent×1",
                "orders → Service billing: 2 ✗0 Link×1 CorrelationId×1",
            ]
        );
        assert!(map(&[]).edges.is_empty());
    }

    /// Whoever is in a circle is told too, and the order of journeys changes nothing.
    #[test]
    fn no_edge_is_lost_and_the_order_of_journeys_is_nothing() {
        let circle = ["a/x 0..9 server\n  b/y 1..8 server\n    a/z 2..7 server"; 2];
        assert_eq!(map(&circle).edges.iter().map(|(_, _, e)| e.calls).sum::<u64>(), 6);
        let mut all = Evidence::default();
        for (seed, scenario) in scenarios().into_iter().enumerate() {
            all.spans.extend(scenario.run(NOW, seed as u64).spans);
        }
        let journeys: Vec<Journey> = whole(all, &CORRELATION_KEYS.map(str::to_owned)).collect();
        let fold = |order: &mut dyn Iterator<Item = &Journey>| {
            let mut mapping = Mapping::default();
            order.for_each(|journey| mapping.add(journey, &Filters::default()));
            mapping.map()
        };
        let map = fold(&mut journeys.iter());
        assert_eq!(map, fold(&mut journeys.iter().rev()));
        let topics = |node: &Node| node.kind == NodeKind::Topic;
        let sent: u64 = map.edges.iter().filter(|(_, to, _)| topics(to)).map(|(_, _, edge)| edge.calls).sum();
        let spans = journeys.iter().flat_map(|journey| &journey.spans);
        assert_eq!(sent, spans.filter(|span| publishes(span)).count() as u64);
    }
}
