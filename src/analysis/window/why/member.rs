//! Journeys as they are compared.

use crate::analysis::window::steps::Entry;

/// The side of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhySide {
    Bad,
    Good,
    Neither,
    /// Decided when all durations are known.
    Open,
}

/// One journey, reduced to what is compared.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) handle: Option<String>,
    pub(super) length_ns: i64,
    pub(super) side: WhySide,
    /// Its entry.
    pub(super) entry: Option<Entry>,
    /// Numbers of its features, sorted.
    pub(super) has: Vec<u32>,
}
