//! `log_without_span`: a service logged about the journey and has no span in it.
//!
//! A warning where the service makes spans elsewhere: then these were lost, or this work is not instrumented. Otherwise
//! it may make none at all: info. Medium confidence, because the lines show no more than that it took part; low where
//! less than every trace is kept and none of the lines names a stored trace.
//!
//! Silent for lines of traces that are not stored, which are the finding of that trace, and for a service that has spans
//! under another spelling of its name.

use std::collections::{BTreeMap, HashSet};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::lost_context::plain_name;
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::model::action::Purpose;
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, EvidenceItem, Finding, FindingDetail, FindingId, Severity,
};
use crate::model::id::TraceId;
use crate::model::log::LogEntry;
use crate::model::span::Span;

/// Lines shown as evidence; the others say no more of it, and the `logs` command has them all.
const MAX_LINES: usize = 5;

/// One hit for each service.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let journey = context.journey;
    let not_stored: HashSet<TraceId> = journey.not_stored.iter().chain(&journey.not_fetched).copied().collect();
    let with_spans: HashSet<&str> = journey.spans.iter().map(Span::service).collect();
    let plain_names: HashSet<String> = with_spans.iter().map(|service| plain_name(service)).collect();
    let mut lines_of: BTreeMap<&str, Vec<&LogEntry>> = BTreeMap::new();
    for line in &journey.logs {
        let service = context.input.known.in_spans(&line.service);
        let is_stored = line.trace_id.is_none_or(|trace| !not_stored.contains(&trace));
        if !service.is_empty() && is_stored && !with_spans.contains(service) {
            lines_of.entry(service).or_default().push(line);
        }
    }
    lines_of.retain(|service, _| !plain_names.contains(&plain_name(service)));
    lines_of.into_iter().map(|(service, lines)| hit(context, service, &lines)).collect()
}

fn hit(context: &RuleContext, service: &str, lines: &[&LogEntry]) -> RuleHit {
    let known = context.input.known;
    let is_traced = known.traced.contains(service);
    let severity = if is_traced { Severity::Warning } else { Severity::Info };
    // A line that names a stored trace shows a lost span; any other may be of a trace that was sampled out.
    let names_stored = lines.iter().any(|line| line.trace_id.is_some());
    let confidence = if known.sampled && !names_stored { Confidence::Low } else { Confidence::Medium };
    let detail = FindingDetail::LogWithoutSpan;
    let mut finding = Finding::new(FindingId::LogWithoutSpan, severity, confidence, detail).at(service, "");
    finding.count = lines.len();
    let evidence = |line: &&LogEntry| EvidenceItem {
        time: Some(line.time),
        trace_id: line.trace_id,
        span_id: line.span_id,
        shows: EvidenceFact::LogLine { message: line.message.clone() },
    };
    finding.evidence = lines.iter().take(MAX_LINES).map(evidence).collect();
    let name = service.to_owned();
    if is_traced {
        finding.causes =
            vec![Cause::SpansNotExported { service: name.clone() }, Cause::WorkNotInstrumented { service: name }];
        finding.actions = vec![context.logs_of(service, Purpose::ExporterFailure)];
    } else {
        finding.causes = vec![Cause::NoSpansUnderThisName { service: name }];
    }
    RuleHit { finding, spans: vec![] }
}
