//! Graphs for Graphviz.

use std::fmt::Write;

use crate::render::escape::drawing;
use crate::report::graph::{Graph, NodeShape};

/// A directed graph.
pub(crate) fn graph(graph: &Graph) -> String {
    let mut out = "digraph map {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n".to_owned();
    for (nth, node) in graph.nodes.iter().enumerate() {
        let shape = match node.shape {
            NodeShape::Box => "box",
            NodeShape::Queue => "cds",
            NodeShape::Store => "cylinder",
            NodeShape::Round => "ellipse",
        };
        let _ = writeln!(out, "  n{nth} [label={}, shape={shape}];", drawing::dot(&node.label));
    }
    for edge in &graph.edges {
        let style = if edge.dashed { ", style=dashed" } else { "" };
        let colour = if edge.bad { ", color=red" } else { "" };
        let _ = writeln!(out, "  n{} -> n{} [label={}{style}{colour}];", edge.from, edge.to, drawing::dot(&edge.label));
    }
    out + "}\n"
}
