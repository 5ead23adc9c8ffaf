//! `map`: which services call which, through what, and how well.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::map::{EdgeEvidence, MapEdge, MapNode, NodeKind, OUTSIDE, ServiceMap};
use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::basis::{Basis, CountedFrom};
use crate::model::provenance::Provenance;
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::Frame;
use crate::report::graph::{Graph, GraphEdge, GraphNode, NodeShape};
use crate::report::names::ShortNames;
use crate::report::rows::Rows;
use crate::report::text::counted;
use crate::report::window_screen::{self, WindowScreen, duration, nothing, percent};
use crate::report::wording::see_more::SeeMore;

/// How many differences from the server's own counts are shown.
const DIFFERENCES: usize = 6;

/// By how many calls estimates may differ without being shown as different, however few there are.
const NEAR: u64 = 2;

/// Calls between services as Jaeger counts them: by caller and callee.
pub(crate) type Dependencies = BTreeMap<(String, String), u64>;

/// Which services call which.
#[derive(Clone, Debug)]
pub(crate) struct MapReport {
    map: ServiceMap,
    /// What the numbers rest on.
    pub(crate) basis: Basis,
    names: ShortNames,
    /// What Jaeger counts itself; none if it was not asked, or does not count.
    dependencies: Option<Dependencies>,
    top: usize,
}

/// The same as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MapRecord<'a> {
    /// What the numbers rest on.
    basis: &'a Basis,
    /// Every part of the system, in the order in which work flows.
    nodes: Vec<&'a MapNode>,
    /// Every edge, in the same order.
    edges: Vec<EdgeRecord<'a>>,
    /// Calls between services as Jaeger counts them, beside those seen here; null where it was not asked or does not
    /// count.
    dependencies: Option<Vec<DependencyRecord<'a>>>,
}

#[derive(Serialize, JsonSchema)]
struct EdgeRecord<'a> {
    from: &'a MapNode,
    to: &'a MapNode,
    calls: u64,
    errors: u64,
    p50_ns: Option<i64>,
    p95_ns: Option<i64>,
    max_ns: Option<i64>,
    /// By what one is known to follow from the other, each with its number of calls.
    how: &'a BTreeMap<EdgeEvidence, u64>,
    /// How many calls came without their trace context.
    broken: u64,
}

#[derive(Serialize, JsonSchema)]
struct DependencyRecord<'a> {
    caller: &'a str,
    callee: &'a str,
    /// As Jaeger counts them.
    jaeger: u64,
    /// As counted here within traces, or by a service graph.
    seen: u64,
}

impl MapReport {
    /// The report on this map, with this many edges on the screen.
    pub(crate) fn new(map: ServiceMap, basis: Basis, dependencies: Option<Dependencies>, top: usize) -> Self {
        let services = map.nodes().into_iter().filter(|node| node.kind == NodeKind::Service).map(|n| n.name.as_str());
        let names = ShortNames::new(services);
        let topics = map.nodes().into_iter().filter(|node| node.kind == NodeKind::Topic).map(|n| n.name.as_str());
        let names = names.and_topics(&topics.collect());
        Self { map, basis, names, dependencies, top }
    }

    fn answer(&self) -> Line {
        let nodes = self.map.nodes();
        let count = |kind, what: &str| {
            let n = nodes.iter().filter(|node| node.kind == kind).count();
            (n > 0).then(|| counted(n, what))
        };
        let parts = [
            count(NodeKind::Service, "service"),
            count(NodeKind::Topic, "topic"),
            count(NodeKind::Database, "database"),
            count(NodeKind::Host, "outside host"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let mut line = styled(TextRole::Strong, parts.join(", "));
        let failing = self.map.edges.iter().filter(|(_, _, edge)| edge.errors > 0).count();
        if failing > 0 {
            line.push(piece(TextRole::Error, format!("  ✗ errors on {}", counted(failing, "edge"))));
        }
        let broken = self.map.edges.iter().filter(|(_, _, edge)| edge.broken() > 0).count();
        if broken > 0 {
            line.push(piece(TextRole::Warn, format!("  ! trace context lost on {}", counted(broken, "edge"))));
        }
        line
    }

    fn table(&self) -> Table {
        let head = ["calls", "errors", "p50", "p95", "from → to"].map(str::to_owned).to_vec();
        let mut above: Option<&MapNode> = None;
        let mut rows = vec![];
        for (from, to, edge) in self.map.edges.iter().take(self.top) {
            // A caller is named once, above all that it calls.
            let caller = if above.replace(from) == Some(from) { plain("  ") } else { self.node(from) };
            rows.push(self.row(caller, to, edge));
        }
        Table { head, rows, numbers: 4, spare: vec![2] }
    }

    fn row(&self, caller: Line, to: &MapNode, edge: &MapEdge) -> TableRow {
        let errors = match edge.errors {
            0 => plain("0"),
            n => styled(TextRole::Error, format!("✗ {}", percent(n as f64, edge.calls as f64))),
        };
        let at = |share| plain(duration(edge.lengths.quantile(share)));
        let mut name = caller;
        name.push(piece(TextRole::Dim, " → "));
        name.extend(self.node(to));
        if edge.broken() > 0 {
            name.push(piece(TextRole::Warn, format!("  ! {} lost", edge.broken())));
        }
        TableRow::new(vec![plain(edge.calls.to_string()), errors, at(0.5), at(0.95), name])
    }

    fn node(&self, node: &MapNode) -> Line {
        match node.kind {
            NodeKind::Service => styled(TextRole::Strong, self.names.get(&node.name)),
            NodeKind::Outside if node.name == OUTSIDE => styled(TextRole::Dim, "(outside)"),
            NodeKind::Outside => styled(TextRole::Dim, format!("{} (outside)", node.name)),
            NodeKind::Topic => vec![piece(TextRole::Plain, "⇢ "), piece(TextRole::Plain, self.names.topic(&node.name))],
            NodeKind::Database => vec![piece(TextRole::Plain, &node.name), piece(TextRole::Plain, " (database)")],
            NodeKind::Host => vec![piece(TextRole::Plain, &node.name), piece(TextRole::Plain, " (no spans here)")],
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![];
        let edges = self.map.edges.len();
        facts.extend(hidden(edges.saturating_sub(self.top), "more edge", SeeMore::Top(edges)));
        if !self.names.topic_prefix().is_empty() {
            facts.push(fact("topics", plain(format!("all begin with {}", self.names.topic_prefix()))));
        }
        facts.extend(self.lost_context());
        if self.basis.via == CountedFrom::Metrics {
            let exact = "numbers are estimates of a service graph's metrics";
            facts.push(fact("exact", plain(format!("{exact}; {}", SeeMore::ExactFromSpans))));
            let unknown = "topics, links, lost trace context: metrics tell none of it";
            facts.push(fact("not told", plain(format!("{unknown}; {}", SeeMore::EdgesFromSpans))));
        }
        facts
    }

    /// By what calls are matched that came without their trace context.
    fn lost_context(&self) -> Option<Fact> {
        let counts = [(EdgeEvidence::Message, "message ID"), (EdgeEvidence::CorrelationId, "correlation ID")].map(
            |(how, word)| {
                let n: u64 = self.map.edges.iter().filter_map(|(_, _, edge)| edge.how.get(&how)).sum();
                (n > 0).then(|| format!("{n} joined by their {word} only"))
            },
        );
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        (!counts.is_empty()).then(|| fact("lost", plain(format!("trace context: {}", counts.join(", ")))))
    }

    /// How the counts compare with those of Jaeger itself.
    fn compared_with_jaeger(&self) -> Vec<Fact> {
        let Some(theirs) = &self.dependencies else { return vec![] };
        if theirs.is_empty() {
            return vec![fact(
                "jaeger",
                plain("counts no calls between services itself: no job does that for its storage"),
            )];
        }
        let pairs: Vec<_> = counts_of_both(theirs, &self.map.within_traces).collect();
        let is_estimate = self.basis.via == CountedFrom::Metrics;
        let differs = |jaeger: u64, seen: u64| {
            let by = jaeger.abs_diff(seen);
            if is_estimate { by > NEAR.max(jaeger.max(seen) / 10) } else { by > 0 }
        };
        let differing: Vec<_> = pairs.iter().filter(|(_, _, jaeger, seen)| differs(*jaeger, *seen)).collect();
        if differing.is_empty() {
            let edges = counted(pairs.len(), "edge");
            let text = if is_estimate {
                format!("counts about the same on {edges} between services")
            } else {
                format!("counts the same {edges} between services; links and messages it does not know")
            };
            return vec![fact("jaeger", plain(text))];
        }
        let reason = match () {
            () if is_estimate => "it counts what is stored, the metrics all that was sent",
            () if self.basis.cut_services() > 0 => "the newest traces of each service were read, it counts all",
            () => "it counts other times, or what came since",
        };
        let mut facts =
            vec![fact("jaeger", plain(format!("counts {} otherwise: {reason}", counted(differing.len(), "edge"))))];
        facts.extend(differing.iter().take(DIFFERENCES).map(|(caller, callee, jaeger, seen)| {
            let text = format!("{} → {}: {jaeger} there, {seen} here", self.names.get(caller), self.names.get(callee));
            fact("", plain(text))
        }));
        facts
    }

    fn next(&self) -> Vec<Invocation> {
        let to_services = self.map.edges.iter().filter(|(_, to, _)| to.kind == NodeKind::Service);
        let worst = to_services.max_by(|a, b| (a.2.errors, &b.1).cmp(&(b.2.errors, &a.1)));
        let hotspots = worst.filter(|(_, _, edge)| edge.errors > 0).map(|(_, to, _)| {
            let hotspots = Invocation::new(CommandName::Hotspots).about(About::Question);
            if to.name.is_empty() { hotspots } else { hotspots.with(Argument::Service(to.name.clone())) }
        });
        let mermaid = Invocation::new(CommandName::Map).about(About::Question).with(Argument::Mermaid);
        hotspots.into_iter().chain([mermaid]).collect()
    }
}

impl ReportBody for MapReport {
    const NAME: &'static str = "map";
    type Record<'a> = MapRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> MapRecord<'a> {
        let edges = self.map.edges.iter().map(|(from, to, edge)| {
            let at = |share| edge.lengths.quantile(share).map(|estimate| estimate.value_ns);
            EdgeRecord {
                from,
                to,
                calls: edge.calls,
                errors: edge.errors,
                p50_ns: at(0.5),
                p95_ns: at(0.95),
                max_ns: at(1.0),
                how: &edge.how,
                broken: edge.broken(),
            }
        });
        MapRecord {
            basis: &self.basis,
            nodes: self.map.nodes(),
            edges: edges.collect(),
            dependencies: self.dependencies.as_ref().map(|theirs| {
                let pairs = counts_of_both(theirs, &self.map.within_traces);
                pairs.map(|(caller, callee, jaeger, seen)| DependencyRecord { caller, callee, jaeger, seen }).collect()
            }),
        }
    }

    fn rows(&self) -> Option<Rows> {
        let row = |(from, to, edge): &(MapNode, MapNode, MapEdge)| {
            let p95 = edge.lengths.quantile(0.95);
            vec![
                json!(from.kind),
                json!(from.name),
                json!(to.kind),
                json!(to.name),
                json!(edge.calls),
                json!(edge.errors),
                json!(p95.map(|p95| p95.value_ns)),
                json!(edge.broken()),
                json!(p95.map(|p95| p95.low_ns)),
                json!(p95.and_then(|p95| p95.high_ns)),
            ]
        };
        Some(Rows {
            kind: "edge",
            columns: &[
                "from_kind",
                "from",
                "to_kind",
                "to",
                "calls",
                "errors",
                "p95_ns",
                "broken",
                "p95_low_ns",
                "p95_high_ns",
            ],
            rows: self.map.edges.iter().map(row).collect(),
        })
    }

    fn graph(&self) -> Option<Graph> {
        let nodes = self.map.nodes();
        let places: BTreeMap<&MapNode, usize> = nodes.iter().enumerate().map(|(at, node)| (*node, at)).collect();
        let shape = |kind| match kind {
            NodeKind::Service => NodeShape::Box,
            NodeKind::Topic => NodeShape::Queue,
            NodeKind::Database => NodeShape::Store,
            NodeKind::Outside | NodeKind::Host => NodeShape::Round,
        };
        let edge = |(from, to, edge): &(MapNode, MapNode, MapEdge)| {
            let failed = match edge.errors {
                0 => String::new(),
                n => format!(", {} failed", percent(n as f64, edge.calls as f64)),
            };
            let p95 = duration(edge.lengths.quantile(0.95));
            GraphEdge {
                from: places.get(from).copied().unwrap_or_default(),
                to: places.get(to).copied().unwrap_or_default(),
                label: format!("{}×{failed}, p95 {p95}", edge.calls),
                bad: edge.errors > 0 || edge.broken() > 0,
                dashed: edge.broken() > 0,
            }
        };
        Some(Graph {
            nodes: nodes.iter().map(|node| GraphNode { label: label(node), shape: shape(node.kind) }).collect(),
            edges: self.map.edges.iter().map(edge).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        if self.map.edges.is_empty() {
            return nothing(frame, &self.basis, "calls between parts");
        }
        let mut facts = self.facts();
        facts.extend(self.compared_with_jaeger());
        let body = vec![Block::Table(self.table())];
        let screen = WindowScreen { answer: self.answer(), body, facts, next: self.next() };
        window_screen::blocks(frame, &self.basis, screen)
    }
}

/// Every pair that either counts, with both counts. Calls of a service to itself are left out: backends differ in whether
/// they count them.
fn counts_of_both<'a>(
    theirs: &'a Dependencies,
    ours: &'a BTreeMap<(String, String), u64>,
) -> impl Iterator<Item = (&'a str, &'a str, u64, u64)> {
    let mut pairs: Vec<&(String, String)> = theirs.keys().chain(ours.keys()).filter(|(a, b)| a != b).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let count = |counts: &BTreeMap<(String, String), u64>, pair| counts.get(pair).copied().unwrap_or_default();
    pairs.into_iter().map(move |pair| (pair.0.as_str(), pair.1.as_str(), count(theirs, pair), count(ours, pair)))
}

/// The label of a node. Neither Mermaid nor Graphviz draws one without a label.
fn label(node: &MapNode) -> String {
    if node.name.is_empty() { "(unnamed)".to_owned() } else { node.name.clone() }
}
