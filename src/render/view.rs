//! Where a report is shown, and in which format.

use crate::model::time::Zone;

/// Everything about the place where a report will be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Columns.
    pub(crate) width: usize,
    /// Whether colour may be used.
    pub(crate) colour: bool,
    /// Whether only ASCII may be used.
    pub(crate) ascii: bool,
    /// Whether the terminal knows OSC 8 links.
    pub(crate) hyperlinks: bool,
    /// In which zone times are shown.
    pub(crate) zone: Zone,
    /// How many `-v`.
    pub(crate) verbosity: u8,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// JSON lines: a record a row of the main table, and a last one.
    Jsonl,
    /// The main table as CSV.
    Csv,
    /// GitHub's Markdown.
    Markdown,
    /// Mermaid: only for what is a graph.
    Mermaid,
    /// Graphviz' language: only for what is a graph.
    Dot,
}

impl Format {
    /// Every format by the name that `-o` takes.
    pub(crate) const NAMES: [(&str, Self); 7] = [
        ("table", Self::Table),
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("csv", Self::Csv),
        ("markdown", Self::Markdown),
        ("mermaid", Self::Mermaid),
        ("dot", Self::Dot),
    ];

    /// Whether it shows the main table and nothing else.
    pub(crate) fn is_rows(self) -> bool {
        matches!(self, Self::Jsonl | Self::Csv)
    }

    /// Whether it can show graphs and nothing else.
    pub(crate) fn is_graph(self) -> bool {
        matches!(self, Self::Mermaid | Self::Dot)
    }
}
