//! What is missing or wrong in a journey: judged rule by rule, then merged, so that one cause is one finding.
//!
//! A false alarm is as bad as a miss: what is not known otherwise is of low confidence, and good runs of every shape
//! give nothing above info. What each finding means: the README's reference part.

mod advice;
pub mod baseline;
pub mod call_failure;
mod chains;
pub mod context;
mod expected_consumers;
#[cfg(test)]
mod good_shapes;
pub mod known;
mod lost_context;
mod merge;
mod pairing;
mod remote_peer;
mod rules;
#[cfg(test)]
mod test_support;
mod topic_usage;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::model::finding::{Confidence, Finding, Severity};
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use baseline::Baseline;
use context::RuleContext;
use known::Knowledge;
use rules::{
    broken_propagation, client_without_server, clock_skew, consume_without_publish, duplicate_consume, error_origin,
    gap, log_without_span, orphan, publish_without_consume, sibling_deviation, trace_not_stored, usually_followed_by,
};

/// What the judgement rests on beside the journey itself.
#[derive(Clone, Copy, Debug)]
pub struct FindingsInput<'a> {
    /// Whether everything that was asked for came, so that what is not here is nowhere.
    pub complete: bool,
    /// Whether the journey's newest span is older than the settle time, and its end is not cut by an explicit window.
    pub settled: bool,
    /// Whether it was possible to ask who took the messages that nobody here took.
    pub looked_up: bool,
    /// What is known from elsewhere.
    pub known: &'a Knowledge,
    /// Good runs of the same pipeline, where asked for.
    pub baseline: Option<&'a Baseline>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingSet {
    /// By severity, then confidence, then kind, place and time: a total order.
    pub findings: Vec<Finding>,
    /// How many findings of the missing kind are withheld while more may still come.
    pub withheld: usize,
}

/// A journey and what was found in it.
#[derive(Clone, Debug, Default)]
pub struct AnalysedJourney {
    /// The journey.
    pub journey: Journey,
    /// What was found.
    pub judgement: FindingSet,
}

impl AnalysedJourney {
    /// Judges a journey.
    pub fn new(journey: Journey, grounds: &FindingsInput) -> Self {
        let judgement = find(&journey, grounds);
        Self { journey, judgement }
    }
}

impl FindingSet {
    /// What the screens show unless told otherwise: what somebody should look at.
    pub fn grave(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity >= Severity::Warning)
    }

    /// The gravest of what may decide an exit code.
    pub fn gravest(&self) -> Option<Severity> {
        self.findings.iter().filter(|finding| finding.gates(Severity::Info)).map(|finding| finding.severity).max()
    }
}

/// Judges a journey.
pub fn find(journey: &Journey, grounds: &FindingsInput) -> FindingSet {
    let context = RuleContext::new(journey, grounds);
    let mut findings = merge::merge(&context, judge(&context));
    let all = findings.len();
    if !grounds.settled {
        findings.retain(|finding| !finding.id.is_of_the_missing_kind());
    }
    if !grounds.complete {
        let unsure = findings.iter_mut().filter(|finding| finding.id.is_of_the_missing_kind());
        unsure.for_each(|finding| finding.confidence = Confidence::Low);
    }
    let withheld = all - findings.len();
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    FindingSet { findings, withheld }
}

/// Calls whose server began a trace of its own, for their context was lost, each with that server.
pub fn calls_that_lost_their_context(journey: &Journey) -> Vec<(usize, usize)> {
    let traces: BTreeSet<TraceId> = journey.spans.iter().map(|span| span.trace_id).collect();
    if journey.correlation_id.is_none() || traces.len() < 2 {
        return vec![];
    }
    let known = Knowledge::default();
    let grounds = FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None };
    let context = RuleContext::new(journey, &grounds);
    lost_context::unjoined(&context, &pairing::Pairing::new(&context))
}

/// So many spans at most are named as evidence of one finding; its count tells of all.
const MOST_PROOFS: usize = 20;

/// One finding of one rule, before it is known what else the same cause showed as.
#[derive(Clone, Debug)]
pub struct RuleHit {
    /// The finding.
    pub finding: Finding,
    /// The spans it is about, as indices into the journey: what others must share to be the same cause.
    pub spans: Vec<usize>,
}

/// Every rule.
fn judge(context: &RuleContext) -> Vec<RuleHit> {
    if let Some(draft) = trace_not_stored::nothing_stored(context) {
        return vec![draft];
    }
    let pairing = pairing::Pairing::new(context);
    let mut drafts = publish_without_consume::find(context, &pairing);
    drafts.extend(consume_without_publish::find(context, &pairing));
    drafts.extend(duplicate_consume::find(context, &pairing));
    drafts.extend(broken_propagation::find(context, &pairing));
    drafts.extend(trace_not_stored::find(context));
    drafts.extend(log_without_span::find(context));
    let rules = [
        error_origin::find,
        client_without_server::find,
        orphan::find,
        gap::find,
        sibling_deviation::find,
        usually_followed_by::find,
        clock_skew::find,
    ];
    drafts.extend(rules.iter().flat_map(|find| find(context)));
    drafts
}

fn order(finding: &Finding) -> impl Ord + '_ {
    (
        Reverse(finding.severity),
        Reverse(finding.confidence),
        finding.id,
        &finding.service,
        &finding.operation,
        &finding.evidence,
        &finding.summary,
    )
}

#[cfg(test)]
mod tests;
