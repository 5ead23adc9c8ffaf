//! Expectations, verdicts and states in a few words.

use crate::pipeline::verdict::{Check, CheckKind, CheckState, Verdict};
use crate::report::block::Role;

/// The word before the name of an expectation of this kind; empty for a step.
fn kind_label(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Step => "",
        CheckKind::Within => "within",
        CheckKind::InOrder => "in order",
        CheckKind::Group => "for each",
        CheckKind::Absent => "absent",
        CheckKind::When => "when",
        CheckKind::Forbid => "forbid",
        CheckKind::Metric => "metric",
    }
}

/// An expectation in a few words: `spelling`, `absent { span: "*", status: error }`, `stored of essay-003`.
pub fn check_label(check: &Check) -> String {
    let name = step_label(check.kind, &check.name);
    check.of.as_ref().map_or(name.clone(), |of| format!("{name} of {of}"))
}

/// The same for all repetitions together.
pub(super) fn step_label(kind: CheckKind, name: &str) -> String {
    match kind_label(kind) {
        word if word.is_empty() || name.starts_with(word) => name.to_owned(),
        word if name.is_empty() => word.to_owned(),
        word => format!("{word} {name}"),
    }
}

/// The role and the text of a verdict.
pub(super) fn verdict(verdict: Verdict) -> (Role, &'static str) {
    match verdict {
        Verdict::Pass => (Role::Good, "✓ pass"),
        Verdict::Fail => (Role::Error, "✗ FAIL"),
        Verdict::CannotTell => (Role::Warn, "? CANNOT TELL"),
    }
}

/// The role and the mark of a state.
pub(super) fn mark(state: CheckState) -> (Role, &'static str) {
    match state {
        CheckState::Met => (Role::Good, "✓ "),
        CheckState::Broken => (Role::Error, "✗ "),
        CheckState::Undecided => (Role::Warn, "? "),
        CheckState::NotNeeded => (Role::Dim, "– "),
    }
}
