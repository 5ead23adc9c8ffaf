//! Graphs for Mermaid, as GitHub and GitLab draw them in Markdown.

use std::fmt::Write;

use crate::render::escape::drawing;
use crate::report::graph::{Graph, NodeShape};

/// A flowchart.
pub(crate) fn graph(graph: &Graph) -> String {
    let mut out = "flowchart LR\n".to_owned();
    for (nth, node) in graph.nodes.iter().enumerate() {
        let (opens, closes) = match node.shape {
            NodeShape::Box => ("[", "]"),
            NodeShape::Queue => ("[/", "/]"),
            NodeShape::Store => ("[(", ")]"),
            NodeShape::Round => ("([", "])"),
        };
        let _ = writeln!(out, "  n{nth}{opens}{}{closes}", drawing::mermaid(&node.label));
    }
    for edge in &graph.edges {
        let arrow = if edge.dashed { "-.->" } else { "-->" };
        let _ = writeln!(out, "  n{} {arrow}|{}| n{}", edge.from, drawing::mermaid(&edge.label), edge.to);
    }
    for (nth, _) in graph.edges.iter().enumerate().filter(|(_, edge)| edge.bad) {
        let _ = writeln!(out, "  linkStyle {nth} stroke:red");
    }
    out
}
