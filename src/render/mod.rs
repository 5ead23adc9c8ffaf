//! Reports to bytes: one file a format.

pub mod escape;
pub mod json;
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
}

/// The report in this format.
pub fn render(report: &Report, format: Format, view: &View) -> Vec<u8> {
    match format {
        Format::Table => terminal::blocks(&report.blocks(view.zone, view.verbosity), view).into_bytes(),
        Format::Json => json::document(report),
    }
}

#[cfg(test)]
mod tests;
