//! How much of a journey hangs together: the share of interactions between services that are traced from end to end.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::finding::{Finding, Severity};
use crate::model::journey::{CauseKind, Journey};

/// Interactions between services: calls and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct InteractionCoverage {
    /// Those of which both sides are there, joined by trace context.
    pub(crate) whole: usize,
    /// All that are known of.
    pub(crate) all: usize,
}

/// Counts the interactions of a journey. Those of which a side is missing are known from the findings.
pub(crate) fn measure(journey: &Journey, findings: &[Finding]) -> InteractionCoverage {
    let mut coverage = InteractionCoverage::default();
    for (index, span) in journey.spans.iter().enumerate().filter(|(i, _)| journey.is_own.get(*i) != Some(&false)) {
        let Some((cause, via)) = journey.forest.cause[index] else { continue };
        if journey.spans[cause].service() != span.service() {
            coverage.all += 1;
            coverage.whole += usize::from(via != CauseKind::Message);
        }
    }
    let broken = findings.iter().filter(|finding| finding.severity >= Severity::Warning);
    coverage.all += broken.map(|finding| finding.missing_parts.len()).sum::<usize>();
    coverage
}
