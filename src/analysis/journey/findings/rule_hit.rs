//! What a rule finds, before hits with one cause are merged.

use crate::model::finding::Finding;

/// Spans or lines that are named as evidence of one finding at most: more than anyone looks at one by one. The count of
/// the finding is that of all.
pub(super) const MAX_EVIDENCE: usize = 20;

/// One finding of one rule, before it is known what else the same cause showed as.
#[derive(Clone, Debug)]
pub(super) struct RuleHit {
    /// The finding.
    pub(super) finding: Finding,
    /// The spans that it is about: what others must share to have the same cause.
    pub(super) spans: Vec<usize>,
}
