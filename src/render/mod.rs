//! Reports to bytes: one file a format.

pub(crate) mod csv;
pub(crate) mod dot;
pub mod escape;
pub(crate) mod github;
pub(crate) mod json;
pub(crate) mod jsonl;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod mermaid;
pub(crate) mod terminal;
mod view;

use crate::report::Report;

pub(crate) use view::{Format, View};

/// The report in this format; nothing where the format wants a main table or a graph and the report has none.
pub(crate) fn render(report: &Report, format: Format, view: &View) -> Vec<u8> {
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
