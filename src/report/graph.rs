//! A graph as data, for formats that draw graphs.

/// Nodes and edges, without saying how they look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes.
    pub nodes: Vec<GraphNode>,
    /// The edges.
    pub edges: Vec<GraphEdge>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphNode {
    /// The text in it.
    pub label: String,
    /// How it is drawn.
    pub shape: NodeShape,
}

/// How a node is drawn: by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeShape {
    /// A service.
    Box,
    /// A topic or queue.
    Queue,
    /// A database or another store.
    Store,
    /// A system without spans of its own.
    Round,
}

/// An edge between two nodes, given by their indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphEdge {
    /// The caller or sender.
    pub from: usize,
    /// The callee or receiver.
    pub to: usize,
    /// The text beside it; may be empty.
    pub label: String,
    /// Whether calls of it fail or lose their trace context.
    pub bad: bool,
    /// Whether one of its ends has no spans.
    pub dashed: bool,
}
