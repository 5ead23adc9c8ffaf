//! Traces that are named and stored nowhere.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::findings::RuleHit;
use crate::analysis::journey::findings::context::RuleContext;
use crate::model::finding::{Confidence, EvidenceItem, Finding, FindingId, Severity};
use crate::model::id::TraceId;
use crate::model::log::LogEntry;

/// So many lines and links that name one trace are shown.
const MOST_PROOFS: usize = 5;

/// Who names a trace, and whether it says that the trace was not sampled.
#[derive(Default)]
struct NamedTrace {
    proofs: Vec<EvidenceItem>,
    services: Vec<String>,
    times: usize,
    unsampled: bool,
}

/// One finding for all where no span is here but lines are.
pub(crate) fn nothing_stored(scene: &RuleContext) -> Option<RuleHit> {
    let journey = scene.journey;
    let first = journey.logs.first().filter(|_| journey.spans.is_empty())?;
    let flags: Vec<bool> = journey.logs.iter().filter_map(is_unsampled).collect();
    let unsampled = !flags.is_empty() && flags.iter().all(|unsampled| *unsampled);
    let (id, summary) = if unsampled {
        (FindingId::NotSampled, "no span of this journey is stored, and its lines say that it was not sampled")
    } else {
        (FindingId::TraceNotStored, "no span of this journey is stored, only lines: sampled out, expired, or lost")
    };
    let mut finding = Finding::new(id, Severity::Info, Confidence::Medium, summary);
    finding.service.clone_from(&first.service);
    let lines = journey.logs.iter().filter(|line| line.trace_id.is_some() || journey.logs.len() <= MOST_PROOFS);
    finding.evidence = lines.take(MOST_PROOFS).map(proof_of_line).collect();
    if !unsampled {
        let all = ["its traces were sampled out", "its traces have expired", "its spans were lost on the way"];
        finding.causes = all.map(str::to_owned).to_vec();
        finding.next = vec!["see how long spans are kept, and what share of traces is".to_owned()];
    }
    Some(RuleHit { finding, spans: vec![] })
}

/// A finding a trace.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let journey = scene.journey;
    let stored: HashSet<TraceId> = journey.traces.iter().map(|trace| trace.trace_id).collect();
    let asked = journey.not_stored.iter().map(|trace| (*trace, true));
    let not_asked = journey.not_fetched.iter().map(|trace| (*trace, false));
    let missing: BTreeMap<TraceId, bool> = not_asked.chain(asked).filter(|(id, _)| !stored.contains(id)).collect();
    if missing.is_empty() {
        return vec![];
    }
    let named = who_names(scene, &missing);
    let of = |(trace, asked): (TraceId, bool)| Some(draft(scene, trace, asked, named.get(&trace)?));
    missing.into_iter().filter_map(of).collect()
}

fn who_names(scene: &RuleContext, missing: &BTreeMap<TraceId, bool>) -> HashMap<TraceId, NamedTrace> {
    let mut named: HashMap<TraceId, NamedTrace> = HashMap::new();
    let mut add = |trace: TraceId, service: &str, proof: EvidenceItem, unsampled: bool| {
        let named = named.entry(trace).or_default();
        named.times += 1;
        named.unsampled |= unsampled;
        if named.proofs.len() < MOST_PROOFS {
            named.proofs.push(proof);
            named.services.push(service.to_owned());
        }
    };
    for line in &scene.journey.logs {
        if let Some(trace) = line.trace_id.filter(|trace| missing.contains_key(trace)) {
            add(trace, &line.service, proof_of_line(line), is_unsampled(line) == Some(true));
        }
    }
    for (index, span) in scene.journey.spans.iter().enumerate().filter(|(index, _)| scene.in_tree[*index]) {
        for link in span.links.iter().filter(|link| missing.contains_key(&link.trace_id)) {
            let what = format!("{} links to trace {}", span.name, link.trace_id.short());
            add(link.trace_id, span.service(), scene.proof(index, what), false);
        }
    }
    named
}

fn proof_of_line(line: &LogEntry) -> EvidenceItem {
    let what = format!("a line of {}: {}", line.service, line.message);
    EvidenceItem { time: Some(line.time), trace_id: line.trace_id, span_id: line.span_id, what }
}

fn draft(scene: &RuleContext, trace: TraceId, asked: bool, named: &NamedTrace) -> RuleHit {
    let (id, severity) = match (named.unsampled, asked) {
        (true, _) => (FindingId::NotSampled, Severity::Info),
        (false, true) => (FindingId::TraceNotStored, Severity::Warning),
        (false, false) => (FindingId::TraceNotStored, Severity::Info),
    };
    let known = scene.grounds.known;
    let confidence = match (named.unsampled, known.sampled) {
        (true, _) => Confidence::High,
        (false, true) => Confidence::Low,
        (false, false) => Confidence::Medium,
    };
    let service = named.services.first().cloned().unwrap_or_default();
    let by = if service.is_empty() { "lines".to_owned() } else { service.clone() };
    let summary = match (named.unsampled, asked) {
        (true, _) => format!("trace {}, which {by} names, was not sampled", trace.short()),
        (false, true) => format!("trace {}, which {by} names, is not stored", trace.short()),
        (false, false) => format!("trace {}, which {by} names, is not at hand", trace.short()),
    };
    let mut finding = Finding::new(id, severity, confidence, summary);
    finding.service = service;
    finding.count = named.times;
    finding.evidence.clone_from(&named.proofs);
    finding.evidence.sort();
    if !named.unsampled {
        let all = ["the trace was sampled out", "its spans were lost on the way", "it has expired"];
        finding.causes = all.map(str::to_owned).to_vec();
        finding.next = vec![format!("`trace timeline --trace-id {trace}` asks for it again")];
    }
    RuleHit { finding, spans: vec![] }
}

/// Whether a line says of its trace that it was sampled or not; none where it says neither.
fn is_unsampled(line: &LogEntry) -> Option<bool> {
    line.values().find_map(|(key, value)| {
        let key: String = key.rsplit('.').next().unwrap_or(key).chars().filter(char::is_ascii_alphanumeric).collect();
        let flags = match key.to_ascii_lowercase().as_str() {
            "traceparent" => {
                let parts: Vec<&str> = value.split('-').collect();
                let own = line.trace_id.is_none_or(|id| parts.get(1).and_then(|t| TraceId::from_hex(t)) == Some(id));
                parts.get(3).copied().filter(|_| own)?
            }
            "traceflags" | "oteltraceflags" => value,
            "flags" if line.trace_id.is_some() && value.len() == 2 => value,
            "oteltracesampled" | "xb3sampled" if line.trace_id.is_some() => {
                return match value.to_ascii_lowercase().as_str() {
                    "false" | "0" => Some(true),
                    "true" | "1" => Some(false),
                    _ => None,
                };
            }
            _ => return None,
        };
        // The lowest bit says it; the next one is the only other that is in use.
        u8::from_str_radix(flags, 16).ok().filter(|flags| *flags < 4).map(|flags| flags & 1 == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::findings::known::Knowledge;
    use crate::analysis::journey::findings::test_support::{judged, line as short};
    use crate::analysis::journey::sketch;

    fn told(text: &str, field: (&str, &str), asked: bool, sampled: bool) -> Vec<String> {
        let mut journey = sketch::journey(text);
        let lost = sketch::trace(9);
        for line in &mut journey.logs {
            line.trace_id = Some(lost);
            line.fields.push((field.0.to_owned(), field.1.replace("TRACE", &lost.to_string())));
        }
        if asked { &mut journey.not_stored } else { &mut journey.not_fetched }.push(lost);
        let known = Knowledge { sampled, ..Knowledge::default() };
        let kinds = [FindingId::TraceNotStored, FindingId::NotSampled, FindingId::LogWithoutSpan];
        let found = judged(&journey, &known);
        let found = found.iter().filter(|finding| kinds.contains(&finding.id));
        found.map(|finding| format!("{} {}", finding.id.as_str(), short(finding))).collect()
    }

    #[test]
    fn a_named_trace_that_is_nowhere_is_one_finding_and_none_above_info_if_on_purpose() {
        let part = "a/GET 0..9 server\n! a 5 info one\n! b 6 info two";
        let none = "! a 5 info one\n! b 6 info two";
        let table = [
            (part, ("x", "y"), true, false, "trace_not_stored medium warning a/ ×2"),
            (part, ("x", "y"), true, true, "trace_not_stored low warning a/ ×2"),
            (part, ("x", "y"), false, false, "trace_not_stored info a/ ×2"),
            (part, ("traceparent", "00-TRACE-00f067aa0ba902b7-00"), true, false, "not_sampled info a/ ×2"),
            (
                part,
                ("traceparent", "00-TRACE-00f067aa0ba902b7-01"),
                true,
                false,
                "trace_not_stored medium warning a/ ×2",
            ),
            (part, ("trace_flags", "00"), true, false, "not_sampled info a/ ×2"),
            (part, ("otelTraceSampled", "False"), true, false, "not_sampled info a/ ×2"),
            (none, ("x", "y"), true, false, "trace_not_stored info a/ ×1"),
            (part, ("flags", "10"), true, false, "trace_not_stored medium warning a/ ×2"),
            (none, ("flags", "00"), true, false, "not_sampled info a/ ×1"),
        ];
        for (text, field, asked, sampled, found) in table {
            assert_eq!(told(text, field, asked, sampled), [found], "{field:?} {asked} {sampled}");
        }
    }
}
