//! Checks, verdicts and states in a few words.

use crate::pipeline::verdict::{Check, CheckKind, CheckState, Verdict};
use crate::report::block::TextRole;

/// The word before the name of a check of this kind; none where the name is complete without it.
fn prefix(kind: CheckKind) -> Option<&'static str> {
    match kind {
        CheckKind::Step | CheckKind::Within | CheckKind::InOrder | CheckKind::Group => None,
        CheckKind::Absent => Some("absent"),
        CheckKind::When => Some("when"),
        CheckKind::Forbid => Some("forbid"),
        CheckKind::Metric => Some("metric"),
    }
}

/// A check in a few words: `spelling`, `absent { span: "*", status: error }`, `stored of essay-003`.
pub(crate) fn check_label(check: &Check) -> String {
    let name = step_label(check.kind, &check.name);
    check.of.as_ref().map_or(name.clone(), |of| format!("{name} of {of}"))
}

/// The same for all repetitions together.
pub(super) fn step_label(kind: CheckKind, name: &str) -> String {
    match prefix(kind) {
        None => name.to_owned(),
        Some(prefix) if name.is_empty() => prefix.to_owned(),
        Some(prefix) => format!("{prefix} {name}"),
    }
}

/// The role and the text of a verdict.
pub(super) fn verdict(verdict: Verdict) -> (TextRole, &'static str) {
    match verdict {
        Verdict::Pass => (TextRole::Good, "✓ pass"),
        Verdict::Fail => (TextRole::Error, "✗ FAIL"),
        Verdict::CannotTell => (TextRole::Warn, "? CANNOT TELL"),
    }
}

/// The role and the mark of a state.
pub(super) fn mark(state: CheckState) -> (TextRole, &'static str) {
    match state {
        CheckState::Met => (TextRole::Good, "✓ "),
        CheckState::Broken => (TextRole::Error, "✗ "),
        CheckState::Undecided => (TextRole::Warn, "? "),
        CheckState::NotNeeded => (TextRole::Dim, "– "),
    }
}
