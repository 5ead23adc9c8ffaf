//! A graph as data, for formats that draw graphs.

/// Nodes and edges, without saying how they look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// The nodes.
    pub(crate) nodes: Vec<GraphNode>,
    /// The edges.
    pub(crate) edges: Vec<GraphEdge>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GraphNode {
    /// The text in it.
    pub(crate) label: String,
    /// How it is drawn.
    pub(crate) shape: NodeShape,
}

/// How a node is drawn: by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeShape {
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
pub(crate) struct GraphEdge {
    /// The caller or sender.
    pub(crate) from: usize,
    /// The callee or receiver.
    pub(crate) to: usize,
    /// The text beside it; may be empty.
    pub(crate) label: String,
    /// Whether calls of it fail or lose their trace context.
    pub(crate) bad: bool,
    /// Whether one of its ends has no spans.
    pub(crate) dashed: bool,
}
