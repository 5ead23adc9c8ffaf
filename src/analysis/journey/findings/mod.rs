//! What is missing or wrong in a journey: rule by rule, then merged, so that one cause is one finding.
//!
//! A false alarm is as bad as a miss: what is not known otherwise is of low confidence, and good runs of every shape give
//! nothing above info. What each finding means: the reference part of the README. How one is added: `model::finding`.

pub mod baseline;
mod call_failure;
mod chains;
mod comparison;
mod context;
mod expected_consumers;
mod idle_times;
mod input;
pub mod known;
mod lost_context;
mod merge;
mod message_identity;
mod missing_parents;
mod pairing;
mod remote_peer;
mod rule_hit;
mod rules;
#[cfg(test)]
mod test_support;
mod topic_usage;
mod unstored;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::model::finding::{Concerns, Confidence, Finding, Severity};
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use context::RuleContext;
use rule_hit::RuleHit;
use rules::RULES;

pub use input::FindingsInput;
pub(crate) use remote_peer::is_step;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingSet {
    /// By severity, then confidence, then kind, place and time: a total order.
    pub list: Vec<Finding>,
    /// How many findings of the missing kind are withheld while more may still arrive.
    pub withheld: usize,
}

/// A journey and what was found in it.
#[derive(Clone, Debug, Default)]
pub struct AnalysedJourney {
    /// The journey.
    pub journey: Journey,
    /// What was found.
    pub findings: FindingSet,
}

impl AnalysedJourney {
    /// A journey with its findings.
    pub fn new(journey: Journey, input: &FindingsInput) -> Self {
        let findings = find(&journey, input);
        Self { journey, findings }
    }
}

impl FindingSet {
    /// What screens show by default: warnings and errors.
    pub(crate) fn warnings_and_errors(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter().filter(|finding| finding.severity >= Severity::Warning)
    }

    /// The highest severity of those that may decide an exit code.
    pub(crate) fn worst_severity(&self) -> Option<Severity> {
        self.list.iter().filter(|finding| finding.gates(Severity::Info)).map(|finding| finding.severity).max()
    }
}

/// The findings of a journey.
pub fn find(journey: &Journey, input: &FindingsInput) -> FindingSet {
    let context = RuleContext::new(journey, input);
    let mut findings = merge::merge(&context, hits(&context));
    let all = findings.len();
    if !input.settled {
        findings.retain(|finding| !finding.id.is_of_the_missing_kind());
    }
    if !input.complete {
        let unsure = findings.iter_mut().filter(|finding| finding.id.is_of_the_missing_kind());
        unsure.for_each(|finding| finding.confidence = Confidence::Low);
    }
    let withheld = all - findings.len();
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    FindingSet { list: findings, withheld }
}

/// Calls whose trace context was lost, each with the server that began a trace of its own for it.
pub(crate) fn calls_that_lost_their_context(journey: &Journey) -> Vec<(usize, usize)> {
    let traces: BTreeSet<TraceId> = journey.spans.iter().map(|span| span.trace_id).collect();
    if journey.correlation_id.is_none() || traces.len() < 2 {
        return vec![];
    }
    let known = known::Knowledge::default();
    let input = FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None };
    lost_context::unjoined(&RuleContext::new(journey, &input))
}

/// What every rule finds. Where no span is stored, everything else would only repeat that.
fn hits(context: &RuleContext) -> Vec<RuleHit> {
    let only_storage = unstored::is_nothing_stored(context.journey);
    let rules = RULES.iter().filter(|rule| !only_storage || rule.id.concerns() == Concerns::Storage);
    rules.flat_map(|rule| (rule.find)(context)).collect()
}

fn order(finding: &Finding) -> impl Ord + '_ {
    (
        Reverse(finding.severity),
        Reverse(finding.confidence),
        finding.id,
        &finding.service,
        &finding.operation,
        &finding.evidence,
        &finding.detail,
    )
}

#[cfg(test)]
mod tests;
