//! `error_origin`: the deepest error of each cascade, once for all that only passed it on.
//!
//! Which error explains which is worked out by the cascade. Errors of one operation with the same masked message are one
//! hit. Of high confidence always: that it failed is recorded. Severity is by outcome: failed is an error, handled a
//! warning, recovered is info.
//!
//! Silent for errors that another one explains, and for those of another journey in the same trace.

use std::collections::{BTreeMap, HashSet};

use crate::analysis::journey::findings::call_failure::classify;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::{MAX_EVIDENCE, RuleHit};
use crate::analysis::stats::masking::mask;
use crate::model::action::{Action, LogTime, LookAt};
use crate::model::error_outcome::ErrorOutcome;
use crate::model::finding::{
    CallFailure, Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, FindingKind, OperationRef,
    Severity,
};

/// Callers above an origin that count as part of its cascade when findings are merged. It keeps journeys with thousands
/// of failures below one another linear.
const MAX_CALLERS: usize = 64;

pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let (spans, cascade) = (&context.journey.spans, &context.cascade);
    let mut groups: BTreeMap<(ErrorOutcome, Severity, &str, &str, String), Vec<usize>> = BTreeMap::new();
    for (index, span) in spans.iter().enumerate().filter(|(index, span)| span.is_error() && context.is_own(*index)) {
        if !cascade.is_consequence(index) {
            let (outcome, severity) = (cascade.outcome(index), cascade.severity(context.journey, index));
            let key = (outcome, severity, span.service(), span.name.as_str(), mask(&span.error_text()));
            groups.entry(key).or_default().push(index);
        }
    }
    let hit = |((outcome, severity, ..), origins): ((_, _, _, _, _), Vec<usize>)| RuleHit {
        finding: finding(context, outcome, severity, &origins),
        spans: cascades(context, origins),
    };
    groups.into_iter().map(hit).collect()
}

fn finding(context: &RuleContext, outcome: ErrorOutcome, severity: Severity, origins: &[usize]) -> Finding {
    let first = context.span(origins[0]);
    let (service, operation) = (first.service().to_owned(), first.name.clone());
    let detail = FindingDetail::ErrorOrigin { times: origins.len(), outcome, message: first.error_text() };
    let mut finding = Finding::new(FindingId::ErrorOrigin, severity, Confidence::High, detail).at(&service, &operation);
    finding.count = origins.len();
    finding.kind = match outcome {
        ErrorOutcome::Failed => None,
        ErrorOutcome::Handled => Some(FindingKind::Handled),
        ErrorOutcome::Recovered => Some(FindingKind::Recovered),
    };
    let [first_cause, second_cause] = causes(classify(first));
    finding.causes = vec![first_cause, second_cause, Cause::Changed { service: service.clone() }];
    finding.actions = vec![
        Action::LookAt(LookAt::Logs { services: vec![service], when: LogTime::Around }),
        Action::LookAt(LookAt::SameFailureElsewhere { operation }),
    ];
    let origin = |span: &usize| {
        let message = context.span(*span).error_text();
        let shows = if message.is_empty() { EvidenceFact::FailedAlone } else { EvidenceFact::Error { message } };
        context.failure(*span, shows)
    };
    finding.evidence = origins.iter().take(MAX_EVIDENCE).map(origin).collect();
    let caller = |index: usize| {
        let span = context.span(index);
        let caller = OperationRef::new(span.service(), &span.name);
        context.failure(index, EvidenceFact::FailedBecauseOfIt(caller))
    };
    let room = MAX_EVIDENCE.saturating_sub(finding.evidence.len());
    finding.evidence.extend(context.cascade.failed_callers(origins[0]).take(room).map(caller));
    finding.evidence.sort();
    finding
}

/// The origins and those that failed because of them, each once.
fn cascades(context: &RuleContext, origins: Vec<usize>) -> Vec<usize> {
    let mut seen: HashSet<usize> = origins.iter().copied().collect();
    let mut spans = origins.clone();
    for origin in origins {
        let callers = context.cascade.failed_callers(origin).take(MAX_CALLERS);
        spans.extend(callers.take_while(|caller| seen.insert(*caller)));
    }
    spans
}

/// What the error itself makes likely, beside a change of the service.
fn causes(failure: CallFailure) -> [Cause; 2] {
    match failure {
        CallFailure::Unreachable => [Cause::CalleeNotRunning, Cause::NetworkBroken],
        CallFailure::TimedOut => [Cause::CalleeOverloaded, Cause::TimeLimitTooShort],
        CallFailure::Answered => [Cause::InputRefused, Cause::CalleeFailing],
        CallFailure::Unknown => [Cause::SaidByError, Cause::InvalidInput],
    }
}
