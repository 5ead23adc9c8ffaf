//! Service map: calls and messages between services, topics, databases and hosts; a fold over journeys.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::clocks::asynchronous_cause;
use crate::analysis::journey::deliveries::{Deliveries, consumes, enclosing_receive, publishes};
use crate::analysis::journey::findings::{calls_that_lost_their_context, is_step};
use crate::analysis::stats::durations::Durations;
use crate::model::conventions::short_service;
use crate::model::filter::Filters;
use crate::model::journey::{CauseKind, Journey};
use crate::model::measure::{self, Measured};
use crate::model::span::{Span, SpanKind};
use crate::model::time::Window;

/// Kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NodeKind {
    /// Untraced callers.
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

/// Name of the node of untraced callers.
pub(crate) const OUTSIDE: &str = "outside";

/// A node of the map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub(crate) struct MapNode {
    /// Kind.
    pub(crate) kind: NodeKind,
    /// Name.
    pub(crate) name: String,
}

impl MapNode {
    /// A node of this kind.
    pub(crate) fn new(kind: NodeKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    fn service(span: &Span) -> Self {
        Self::new(NodeKind::Service, span.service())
    }
}

/// What connects the two ends of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EdgeEvidence {
    /// The span is a child, or needs no other end.
    Parent,
    /// The span links to the other one.
    Link,
    /// Both have the same message ID and nothing else connects them: the trace context was lost.
    Message,
    /// Both have the same correlation ID and nothing else connects them: the trace context was lost.
    CorrelationId,
    /// A metric.
    Metric,
}

/// Calls or messages from one node to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MapEdge {
    /// Number of calls or messages.
    pub(crate) calls: u64,
    /// Number of failed ones.
    pub(crate) errors: u64,
    /// Durations at the callee, or at the caller if only that is traced.
    pub(crate) lengths: Durations,
    /// Number of calls by what connects the ends.
    pub(crate) how: BTreeMap<EdgeEvidence, u64>,
}

impl MapEdge {
    /// Number of calls that lost their trace context.
    pub(crate) fn broken(&self) -> u64 {
        [EdgeEvidence::Message, EdgeEvidence::CorrelationId].iter().filter_map(|how| self.how.get(how)).sum()
    }
}

/// The service map.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServiceMap {
    /// Every edge, in the order of the flow: from outside inwards.
    pub(crate) edges: Vec<(MapNode, MapNode, MapEdge)>,
    /// Calls between services of which both spans are in one trace, as Jaeger counts them, or those that a service graph
    /// counts: by caller and callee.
    pub(crate) within_traces: BTreeMap<(String, String), u64>,
}

impl ServiceMap {
    /// Every node, in the order of the edges.
    pub(crate) fn nodes(&self) -> Vec<&MapNode> {
        let mut seen = BTreeSet::new();
        let ends = self.edges.iter().flat_map(|(from, to, _)| [from, to]);
        ends.filter(|node| seen.insert(*node)).collect()
    }
}

/// Collects the edges of journeys.
#[derive(Default)]
pub(crate) struct ServiceMapFold {
    window: Option<Window>,
    edges: BTreeMap<(MapNode, MapNode), (MapEdge, Vec<i64>)>,
    within_traces: BTreeMap<(String, String), u64>,
    services: BTreeSet<String>,
}

/// A journey with what is computed before its spans are visited one by one.
struct MappedJourney<'a> {
    journey: &'a Journey,
    deliveries: Deliveries,
    /// Topics with a publish span.
    published: BTreeSet<&'a str>,
    /// Server spans that lost their context, with the client spans that they answer.
    callers: BTreeMap<usize, usize>,
    /// Those client spans.
    answered: BTreeSet<usize>,
    /// For each span whether the filters match it.
    wanted: Vec<bool>,
}

impl<'a> MappedJourney<'a> {
    fn new(journey: &'a Journey, filters: &Filters) -> Self {
        let lost = calls_that_lost_their_context(journey);
        Self {
            journey,
            deliveries: Deliveries::new(journey),
            answered: lost.iter().map(|(call, _)| *call).collect(),
            callers: lost.into_iter().map(|(call, server)| (server, call)).collect(),
            published: journey.spans.iter().filter(|s| publishes(s)).filter_map(Span::topic).collect(),
            wanted: journey.spans.iter().map(|span| filters.wants_span(span)).collect(),
        }
    }

    fn cause(&self, index: usize) -> Option<(usize, CauseKind)> {
        self.journey.forest.cause[index]
    }

    /// The client span that this server span answers although its context was lost, if the filters match either.
    fn caller(&self, server: usize) -> Option<usize> {
        let caller = self.callers.get(&server).copied();
        caller.filter(|caller| self.wanted[*caller] || self.wanted[server])
    }

    /// What connects two spans. A message ID within one trace is not a lost context.
    fn how(&self, from: usize, to: usize, via: CauseKind) -> EdgeEvidence {
        match via {
            CauseKind::Link => EdgeEvidence::Link,
            CauseKind::Message if self.journey.spans[from].trace_id != self.journey.spans[to].trace_id => {
                EdgeEvidence::Message
            }
            CauseKind::Message | CauseKind::Parent => EdgeEvidence::Parent,
        }
    }
}

impl ServiceMapFold {
    /// Collects spans that count in this window; none for all.
    pub(crate) fn new(window: Option<Window>) -> Self {
        Self { window, ..Self::default() }
    }

    /// Adds the edges of a journey of which the filters match an end.
    pub(crate) fn add(&mut self, journey: &Journey, filters: &Filters) {
        let seen = MappedJourney::new(journey, filters);
        let named = journey.spans.iter().map(Span::service).filter(|service| !service.is_empty());
        self.services.extend(named.map(str::to_owned));
        for (index, span) in journey.spans.iter().enumerate() {
            if journey.is_own.get(index) == Some(&false) || !span.counted_in(self.window) {
                continue;
            }
            match seen.cause(index) {
                _ if !seen.deliveries.senders[index].is_empty() => self.messages(&seen, index),
                cause if consumes(span) => self.message_without_sender(&seen, index, cause),
                cause => self.call(&seen, index, cause),
            }
            self.departure(&seen, index);
            if let Some((from, CauseKind::Parent)) = seen.cause(index) {
                self.within_trace(&seen, from, index);
            }
        }
    }

    fn within_trace(&mut self, seen: &MappedJourney, from: usize, to: usize) {
        let (caller, callee) = (seen.journey.spans[from].service(), seen.journey.spans[to].service());
        if caller != callee && (seen.wanted[from] || seen.wanted[to]) {
            *self.within_traces.entry((caller.to_owned(), callee.to_owned())).or_default() += 1;
        }
    }

    /// Edges of the messages that a span consumed: from the topic, or from the sender if neither names one.
    fn messages(&mut self, seen: &MappedJourney, index: usize) {
        let span = &seen.journey.spans[index];
        for sender in seen.deliveries.senders[index].iter().copied().filter(|s| seen.wanted[*s] || seen.wanted[index]) {
            let from = &seen.journey.spans[sender];
            let from = match seen.deliveries.topic(seen.journey, sender, index) {
                Some(topic) => MapNode::new(NodeKind::Topic, topic),
                None if from.service() != span.service() => MapNode::service(from),
                None => continue,
            };
            let via = Deliveries::via(seen.journey, sender, index);
            self.count(from, MapNode::service(span), span, seen.how(sender, index, via));
        }
    }

    /// Edge of a consumed message without a known sender. Processing within a receive span consumes none, and neither does a
    /// poll around the spans that do.
    fn message_without_sender(&mut self, seen: &MappedJourney, index: usize, cause: Option<(usize, CauseKind)>) {
        let span = &seen.journey.spans[index];
        let is_none = enclosing_receive(seen.journey, index).is_some() || seen.deliveries.is_poll(seen.journey, index);
        let Some(topic) = span.topic().filter(|_| seen.wanted[index] && !is_none) else { return };
        let is_apart = cause.is_none() && span.parent_id.is_none() && span.links.is_empty();
        let how =
            if is_apart && seen.published.contains(topic) { EdgeEvidence::CorrelationId } else { EdgeEvidence::Parent };
        self.count(MapNode::new(NodeKind::Topic, topic), MapNode::service(span), span, how);
    }

    /// Edge of the call to a span from another service.
    fn call(&mut self, seen: &MappedJourney, index: usize, cause: Option<(usize, CauseKind)>) {
        let span = &seen.journey.spans[index];
        match cause {
            Some((above, via)) => {
                let from = &seen.journey.spans[above];
                if from.service() != span.service() && (seen.wanted[above] || seen.wanted[index]) {
                    let edge =
                        self.count(MapNode::service(from), MapNode::service(span), span, seen.how(above, index, via));
                    edge.errors += u64::from(gave_up(from, span));
                }
            }
            None if let Some(caller) = seen.caller(index) => {
                let from = &seen.journey.spans[caller];
                let edge =
                    self.count(MapNode::service(from), MapNode::service(span), span, EdgeEvidence::CorrelationId);
                edge.errors += u64::from(gave_up(from, span));
            }
            None if span.kind == SpanKind::Server && seen.wanted[index] => {
                self.count(
                    MapNode::new(NodeKind::Outside, OUTSIDE),
                    MapNode::service(span),
                    span,
                    EdgeEvidence::Parent,
                );
            }
            None => {}
        }
    }

    /// Edge from a span to a topic, a database or a host without spans.
    fn departure(&mut self, seen: &MappedJourney, index: usize) {
        let (journey, span) = (seen.journey, &seen.journey.spans[index]);
        let effects = || journey.forest.effects[index].iter().map(|effect| (*effect, &journey.spans[*effect]));
        if publishes(span) {
            let again = effects().any(|(_, below)| below.service() == span.service() && publishes(below));
            let wanted = seen.wanted[index] || seen.deliveries.consumers[index].iter().any(|taker| seen.wanted[*taker]);
            if let Some(topic) = seen.deliveries.publish_topic(journey, index).filter(|_| wanted && !again) {
                self.count(MapNode::service(span), MapNode::new(NodeKind::Topic, topic), span, EdgeEvidence::Parent);
            }
            return;
        }
        // Of nested clients the innermost one calls; one with a server span below it is counted there.
        let goes_on = seen.answered.contains(&index)
            || effects().any(|(effect, below)| {
                below.service() != span.service() && asynchronous_cause(journey, effect).is_none()
                    || below.service() == span.service() && below.kind == SpanKind::Client && !is_step(below)
            });
        if let Some(to) = remote(span).filter(|_| seen.wanted[index] && !goes_on) {
            self.count(MapNode::service(span), to, span, EdgeEvidence::Parent);
        }
    }

    fn count(&mut self, from: MapNode, to: MapNode, span: &Span, how: EdgeEvidence) -> &mut MapEdge {
        let (edge, lengths) = self.edges.entry((from, to)).or_default();
        edge.calls += 1;
        edge.errors += u64::from(span.is_error());
        *edge.how.entry(how).or_default() += 1;
        if span.has_sane_time() {
            lengths.push(span.duration_ns.max(0));
        }
        edge
    }

    /// The map. A host with the name of a service is that service, whose own span is missing.
    pub(crate) fn finish(self) -> ServiceMap {
        let short: BTreeMap<&str, &String> = self.services.iter().map(|name| (short_service(name), name)).collect();
        let known = |node: &MapNode| match node.kind {
            NodeKind::Host => self.services.get(&node.name).or_else(|| short.get(node.name.as_str()).copied()),
            _ => None,
        };
        let mut merged: BTreeMap<(MapNode, MapNode), (MapEdge, Vec<i64>)> = BTreeMap::new();
        for ((from, to), (edge, lengths)) in &self.edges {
            let to = known(to).map_or_else(|| to.clone(), |service| MapNode::new(NodeKind::Service, service));
            let (all, all_lengths) = merged.entry((from.clone(), to)).or_default();
            all.calls += edge.calls;
            all.errors += edge.errors;
            edge.how.iter().for_each(|(how, n)| *all.how.entry(*how).or_default() += n);
            all_lengths.extend(lengths);
        }
        let edges = merged.into_iter().map(|((from, to), (edge, mut lengths))| {
            lengths.sort_unstable();
            (from, to, MapEdge { lengths: Durations::Exact(lengths), ..edge })
        });
        ServiceMap { edges: in_flow_order(edges.collect()), within_traces: self.within_traces }
    }
}

/// The callee of a client span, by its attributes.
fn remote(span: &Span) -> Option<MapNode> {
    if span.kind != SpanKind::Client {
        return None;
    }
    let system = span.attributes.text(&["db.system.name", "db.system"]);
    let name = span.attributes.text(&["db.namespace", "db.name"]).filter(|name| !name.is_empty());
    match (system, span.peer()) {
        (Some(system), _) => {
            let name = name.map(|name| format!("{system} {name}"));
            Some(MapNode::new(NodeKind::Database, name.unwrap_or_else(|| system.to_owned())))
        }
        (None, peer) => peer.map(|peer| MapNode::new(NodeKind::Host, peer)),
    }
}

/// The map from the metrics of a service graph; none without such metrics.
pub(crate) fn from_metrics(measured: &Measured, filters: &Filters) -> Option<ServiceMap> {
    let mut within_traces = BTreeMap::new();
    let known = MeasuredServices::new(measured);
    let wanted = measured.edges.iter().filter(|e| filters.wants_service(&e.client) || filters.wants_service(&e.server));
    let edges = wanted.map(|found| {
        let (from, to) = known.ends(found);
        let calls = found.calls.round() as u64;
        if from.kind == NodeKind::Service && to.kind == NodeKind::Service {
            *within_traces.entry((from.name.clone(), to.name.clone())).or_default() += calls;
        }
        let edge = MapEdge {
            calls,
            errors: found.errors.round() as u64,
            lengths: Durations::Measured(found.durations.clone()),
            how: BTreeMap::from([(EdgeEvidence::Metric, calls)]),
        };
        (from, to, edge)
    });
    let edges = in_flow_order(edges.collect());
    (!measured.edges.is_empty()).then_some(ServiceMap { edges, within_traces })
}

/// Whether the caller gave up: it failed, and the callee did not.
fn gave_up(caller: &Span, below: &Span) -> bool {
    caller.kind == SpanKind::Client && caller.is_error() && !below.is_error()
}

/// Services in the metrics.
struct MeasuredServices<'a> {
    measured: BTreeSet<&'a str>,
    clients: BTreeSet<&'a str>,
    servers: BTreeSet<&'a str>,
}

impl<'a> MeasuredServices<'a> {
    fn new(measured: &'a Measured) -> Self {
        Self {
            measured: measured.measures.iter().map(|measure| measure.service.as_str()).collect(),
            clients: measured.edges.iter().map(|edge| edge.client.as_str()).collect(),
            servers: measured.edges.iter().map(|edge| edge.server.as_str()).collect(),
        }
    }

    /// The ends of an edge of a service graph. One end of a virtual edge has no spans: the server, unless it calls others or
    /// is measured itself; then the client. That client is named `user`, or by what its
    /// peer calls it. Source: Tempo's service graphs processor, the collector's servicegraph connector.
    fn ends(&self, edge: &measure::MeasuredEdge) -> (MapNode, MapNode) {
        let (client, server) = (edge.client.as_str(), edge.server.as_str());
        let is_virtual = edge.connection == "virtual_node";
        let to = match edge.connection.as_str() {
            "database" => NodeKind::Database,
            _ if is_virtual && !self.clients.contains(server) && !self.measured.contains(server) => NodeKind::Host,
            _ => NodeKind::Service,
        };
        let has_spans = self.measured.contains(client) || self.servers.contains(client);
        let from = match client {
            "" | "user" => MapNode::new(NodeKind::Outside, OUTSIDE),
            _ if is_virtual && to == NodeKind::Service && !has_spans => MapNode::new(NodeKind::Outside, client),
            _ => MapNode::new(NodeKind::Service, client),
        };
        (from, MapNode::new(to, server))
    }
}

/// Sorts the edges by the flow: breadth-first from nodes without callers; circles last.
fn in_flow_order(edges: Vec<(MapNode, MapNode, MapEdge)>) -> Vec<(MapNode, MapNode, MapEdge)> {
    let mut from: BTreeMap<MapNode, Vec<(MapNode, MapEdge)>> = BTreeMap::new();
    let called: BTreeSet<MapNode> = edges.iter().filter(|(a, b, _)| a != b).map(|(_, to, _)| to.clone()).collect();
    for (caller, to, edge) in edges {
        from.entry(caller).or_default().push((to, edge));
    }
    let starts = from.keys().filter(|node| !called.contains(*node)).chain(from.keys());
    let mut open: VecDeque<MapNode> = VecDeque::new();
    let starts: Vec<MapNode> = starts.cloned().collect();
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

#[cfg(test)]
mod tests;
