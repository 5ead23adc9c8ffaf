//! What the rules know beside the journey.

use crate::analysis::journey::findings::baseline::Baseline;
use crate::analysis::journey::findings::known::Knowledge;

/// What findings are based on, beside the journey itself.
#[derive(Clone, Copy, Debug)]
pub struct FindingsInput<'a> {
    /// Whether everything that was asked for was answered, so that what is not here is not stored.
    pub complete: bool,
    /// Whether the journey's newest span is older than the settle time, and its end is not cut by an explicit window.
    pub settled: bool,
    /// Whether consumers of the messages that none consumed here could be looked up.
    pub looked_up: bool,
    /// What is known beside the journey.
    pub known: &'a Knowledge,
    /// Good runs of the same pipeline; none where none were asked for.
    pub baseline: Option<&'a Baseline>,
}
