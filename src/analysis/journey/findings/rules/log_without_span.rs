//! Services that tell of their work in lines alone.

use std::collections::{BTreeMap, HashSet};

use crate::analysis::journey::findings::RuleHit;
use crate::analysis::journey::findings::advice;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::lost_context::plain_name;
use crate::model::finding::{Confidence, EvidenceItem, Finding, FindingId, Severity};
use crate::model::id::TraceId;
use crate::model::log::LogEntry;
use crate::model::span::Span;

/// So many lines are shown.
const MOST_PROOFS: usize = 5;

/// A finding a service. Lines of traces that are stored nowhere are those traces' finding.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let journey = scene.journey;
    let unstored: HashSet<TraceId> = journey.not_stored.iter().chain(&journey.not_fetched).copied().collect();
    let spoken: HashSet<&str> = journey.spans.iter().map(Span::service).collect();
    let spoken_plainly: HashSet<String> = spoken.iter().map(|service| plain_name(service)).collect();
    let mut silent: BTreeMap<&str, Vec<&LogEntry>> = BTreeMap::new();
    for line in &journey.logs {
        let service = scene.grounds.known.in_spans(&line.service);
        let is_stored = line.trace_id.is_none_or(|trace| !unstored.contains(&trace));
        if !service.is_empty() && is_stored && !spoken.contains(service) {
            silent.entry(service).or_default().push(line);
        }
    }
    silent.retain(|service, _| !spoken_plainly.contains(&plain_name(service)));
    silent.into_iter().map(|(service, lines)| draft(scene, service, &lines)).collect()
}

fn draft(scene: &RuleContext, service: &str, lines: &[&LogEntry]) -> RuleHit {
    let known = scene.grounds.known;
    let traced = known.traced.contains(service);
    let severity = if traced { Severity::Warning } else { Severity::Info };
    // A line that names a stored trace tells of a lost span; any other may be of a trace that was sampled out.
    let of_stored = lines.iter().any(|line| line.trace_id.is_some());
    let confidence = if known.sampled && !of_stored { Confidence::Low } else { Confidence::Medium };
    let what = if lines.len() == 1 { "1 line".to_owned() } else { format!("{} lines", lines.len()) };
    let mut finding = Finding::new(
        FindingId::LogWithoutSpan,
        severity,
        confidence,
        format!("{service} wrote {what} and has no span in this journey"),
    );
    service.clone_into(&mut finding.service);
    finding.count = lines.len();
    let proof = |line: &&LogEntry| EvidenceItem {
        time: Some(line.time),
        trace_id: line.trace_id,
        span_id: line.span_id,
        what: line.message.clone(),
    };
    finding.evidence = lines.iter().take(MOST_PROOFS).map(proof).collect();
    finding.causes = if traced {
        vec![
            format!("the spans of {service} were not exported: its exporter, or the collector, dropped them"),
            format!("this work of {service} is not instrumented"),
        ]
    } else {
        vec![format!("{service} makes no spans, or makes them under another name")]
    };
    if traced {
        finding.next = vec![advice::lines_of(scene, service, "of an exporter that fails")];
    }
    RuleHit { finding, spans: vec![] }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::told_knowing;
    use crate::model::finding::FindingId;

    #[test]
    fn a_service_that_only_writes_is_missed_where_it_makes_spans_otherwise() {
        let of = |text: &str| {
            told_knowing(&[FindingId::LogWithoutSpan], text, |known| {
                known.traced.extend(["b".to_owned(), "pay_service".to_owned()]);
                known.aliases.insert("b-pod".into(), "b".into());
            })
        };
        assert_eq!(of("a/GET 0..9 server\n! b 5 info x\n! b-pod 6 info y"), ["medium warning b/ ×2"]);
        assert_eq!(of("a/GET 0..9 server\n! nginx 5 info x"), ["info nginx/ ×1"]);
        assert!(of("a/GET 0..9 server\n  b/x 1..2\n! b-pod 5 info x").is_empty(), "an alias");
        assert!(of("pay_service/GET 0..9 server\n! pay-service 5 info x").is_empty(), "the same name, spelt otherwise");
    }
}
