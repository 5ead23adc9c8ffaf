//! Outcomes of errors in words and marks, the same on every screen.

use crate::model::error_outcome::{ErrorOutcome, OutcomeCounts};
use crate::report::block::TextRole;

/// The mark in front of an error with this outcome, and its colour.
pub(crate) fn mark(outcome: ErrorOutcome) -> (TextRole, &'static str) {
    match outcome {
        ErrorOutcome::Failed => (TextRole::Error, "✗"),
        ErrorOutcome::Handled => (TextRole::Warn, "!"),
        ErrorOutcome::Recovered => (TextRole::Good, "↻"),
    }
}

/// The outcomes behind a number of errors, such as `, 2 recovered`; empty where all failed.
pub(crate) fn after_count(counts: OutcomeCounts) -> String {
    let OutcomeCounts { failed, handled, recovered, .. } = counts;
    let parts = [(handled, ErrorOutcome::Handled), (recovered, ErrorOutcome::Recovered)];
    let parts: Vec<(u64, ErrorOutcome)> = parts.into_iter().filter(|(count, _)| *count > 0).collect();
    match parts[..] {
        [(1, outcome)] if failed == 0 => format!(", {}", outcome.as_str()),
        [(_, outcome)] if failed == 0 => format!(", all {}", outcome.as_str()),
        _ => parts.iter().map(|(count, outcome)| format!(", {count} {}", outcome.as_str())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_follow_a_count() {
        let table = [
            ([2, 0, 0], ""),
            ([0, 1, 0], ", handled"),
            ([0, 3, 0], ", all handled"),
            ([0, 0, 1], ", recovered"),
            ([1, 0, 2], ", 2 recovered"),
            ([0, 1, 2], ", 1 handled, 2 recovered"),
        ];
        for (counts, text) in table {
            let [failed, handled, recovered] = counts;
            let counts = OutcomeCounts { failed, handled, recovered, ..OutcomeCounts::default() };
            assert_eq!(after_count(counts), text);
        }
    }
}
