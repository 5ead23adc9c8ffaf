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
    /// What stands in it.
    pub label: String,
    /// What it looks like.
    pub shape: NodeShape,
}

/// What a node looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeShape {
    /// What works.
    Box,
    /// What keeps messages.
    Queue,
    /// What keeps data.
    Store,
    /// What is not ours.
    Round,
}

/// An edge from one node to another, by their places in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphEdge {
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// What stands at it.
    pub label: String,
    /// Whether something is wrong with it.
    pub bad: bool,
    /// Whether it is not seen whole.
    pub dashed: bool,
}
