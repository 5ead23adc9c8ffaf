//! One cause, one finding.

use crate::analysis::findings::Draft;
use crate::analysis::findings::scene::Scene;
use crate::model::finding::Finding;

/// Merges what one cause showed as.
pub fn merge(_scene: &Scene, drafts: Vec<Draft>) -> Vec<Finding> {
    drafts.into_iter().map(|draft| draft.finding).collect()
}
