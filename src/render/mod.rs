//! Reports to bytes: one file a format.

use crate::model::time::Zone;

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
