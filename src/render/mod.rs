//! Reports to bytes: one file a format.

pub mod csv;
pub mod dot;
pub mod escape;
pub mod github;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod mermaid;
pub mod terminal;

use crate::model::time::Zone;
use crate::report::Report;

/// Everything about the place where a report will be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Columns.
    pub width: usize,
    /// Whether colour may be used.
    pub colour: bool,
    /// Whether only ASCII may be used.
    pub ascii: bool,
    /// Whether the terminal knows OSC 8 links.
    pub hyperlinks: bool,
    /// In which zone times are shown.
    pub zone: Zone,
    /// How many `-v`.
    pub verbosity: u8,
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
    /// Whether it shows the main table and nothing else.
    pub fn is_rows(self) -> bool {
        matches!(self, Self::Jsonl | Self::Csv)
    }

    /// Whether it can show graphs and nothing else.
    pub fn is_graph(self) -> bool {
        matches!(self, Self::Mermaid | Self::Dot)
    }
}

/// The report in this format; nothing where the format wants a main table or a graph and the report has none.
pub fn render(report: &Report, format: Format, view: &View) -> Vec<u8> {
    let blocks = || report.blocks(view.zone, view.verbosity);
    let rows = || report.rows();
    match format {
        Format::Table => terminal::blocks(&blocks(), view).into_bytes(),
        Format::Json => json::document(report),
        Format::Jsonl => rows().map(|rows| jsonl::records(report, &rows)).unwrap_or_default(),
        Format::Csv => rows().map(|rows| csv::table(&rows)).unwrap_or_default(),
        Format::Markdown => markdown::blocks(&blocks(), view).into_bytes(),
        Format::Mermaid => report.graph().map(|graph| mermaid::graph(&graph).into_bytes()).unwrap_or_default(),
        Format::Dot => report.graph().map(|graph| dot::graph(&graph).into_bytes()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
