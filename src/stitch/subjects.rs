//! The journeys in evidence of unknown contents: by correlation ID, else by traces that links join.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evidence::Evidence;
use crate::model::id::TraceId;
use crate::model::time::Timestamp;
use crate::query::Subject;
use crate::stitch::id_matching::Keys;

/// One journey in the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneyCandidate {
    /// The ID to ask for.
    pub subject: Subject,
    /// How many spans carry it.
    pub spans: usize,
    /// How many lines carry it.
    pub lines: usize,
    /// Its first span or line.
    pub first: Timestamp,
}

/// All journeys, by their first span or line.
pub(crate) fn subjects(evidence: &Evidence, keys: &[String]) -> Vec<JourneyCandidate> {
    let keys = Keys::new(keys);
    let mut by_id: BTreeMap<String, JourneyCandidate> = BTreeMap::new();
    let mut with_id: BTreeSet<TraceId> = BTreeSet::new();
    let carried = likeliest(evidence, &keys);
    for span in &evidence.spans {
        let ids = keys.of_span(span).into_iter().filter(|value| carried.get(&span.trace_id) == Some(&value.rank));
        for id in ids.map(|value| value.id).collect::<BTreeSet<_>>() {
            with_id.insert(span.trace_id);
            let found = by_id.entry(id.clone()).or_insert_with(|| candidate(Subject::correlation(id), span.start));
            found.spans += 1;
            found.first = found.first.min(span.start);
        }
    }
    for line in &evidence.logs {
        let ids = line.values().filter(|(_, value)| !value.is_empty());
        let ids: BTreeSet<(usize, &str)> = ids.filter_map(|(k, v)| Some((keys.rank_of_field(k)?, v))).collect();
        if let Some((_, id)) = ids.first() {
            let found =
                by_id.entry((*id).to_owned()).or_insert_with(|| candidate(Subject::correlation(*id), line.time));
            found.lines += 1;
            found.first = found.first.min(line.time);
        }
    }
    let mut candidates: Vec<JourneyCandidate> = by_id.into_values().chain(without_id(evidence, &with_id)).collect();
    candidates.sort_by(|a, b| (a.first, &a.subject.text).cmp(&(b.first, &b.subject.text)));
    candidates
}

/// The likeliest key that each trace has, by its rank: a value of another key is rarely the ID of the whole journey.
fn likeliest(evidence: &Evidence, keys: &Keys) -> BTreeMap<TraceId, usize> {
    let mut found: BTreeMap<TraceId, usize> = BTreeMap::new();
    for span in &evidence.spans {
        if let Some(rank) = keys.of_span(span).iter().map(|value| value.rank).min() {
            let best = found.entry(span.trace_id).or_insert(rank);
            *best = rank.min(*best);
        }
    }
    found
}

fn candidate(subject: Subject, first: Timestamp) -> JourneyCandidate {
    JourneyCandidate { subject, spans: 0, lines: 0, first }
}

/// Traces without an ID that are not linked with one that has an ID; linked ones are one candidate.
fn without_id(evidence: &Evidence, with_id: &BTreeSet<TraceId>) -> Vec<JourneyCandidate> {
    let mut group: BTreeMap<TraceId, TraceId> = evidence.spans.iter().map(|s| (s.trace_id, s.trace_id)).collect();
    for span in &evidence.spans {
        let known: Vec<TraceId> = span.links.iter().map(|l| l.trace_id).filter(|t| group.contains_key(t)).collect();
        for linked in known {
            let (a, b) = (group_root(&mut group, span.trace_id), group_root(&mut group, linked));
            group.insert(a.max(b), a.min(b));
        }
    }
    let taken: BTreeSet<TraceId> = with_id.iter().map(|t| group_root(&mut group, *t)).collect();
    let mut found: BTreeMap<TraceId, BTreeMap<(Timestamp, TraceId), usize>> = BTreeMap::new();
    for span in &evidence.spans {
        let root = group_root(&mut group, span.trace_id);
        if !taken.contains(&root) {
            *found.entry(root).or_default().entry((span.start, span.trace_id)).or_default() += 1;
        }
    }
    let candidates = found.into_values().filter_map(|starts| {
        let (first, trace) = *starts.keys().next()?;
        Some(JourneyCandidate { spans: starts.values().sum(), ..candidate(Subject::trace(trace), first) })
    });
    candidates.collect()
}

fn group_root(group: &mut BTreeMap<TraceId, TraceId>, trace: TraceId) -> TraceId {
    let mut at = trace;
    while let Some(up) = group.get(&at).copied().filter(|up| *up != at) {
        let above = group.get(&up).copied().unwrap_or(up);
        // Path halving: long chains of links stay quick.
        group.insert(at, above);
        at = above;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attribute::Value;
    use crate::model::id::SpanId;
    use crate::model::log::LogEntry;
    use crate::model::span::{Link, Span};

    fn trace(n: u128) -> TraceId {
        TraceId::from_u128(n).unwrap()
    }

    /// A span of a trace that begins at this nanosecond, with these tags and a link to each of these traces.
    fn span(trace_number: u128, at: i64, tags: &[(&str, &str)], links: &[u128]) -> Span {
        let mut span = crate::analysis::journey::sketch::journey("a/x 0..1").spans.remove(0);
        (span.trace_id, span.start) = (trace(trace_number), Timestamp(at));
        tags.iter().for_each(|(key, id)| span.attributes.push(*key, Value::Text((*id).into())));
        let link = |to: &u128| Link {
            trace_id: trace(*to),
            span_id: SpanId::from_u64(1).unwrap(),
            attributes: crate::model::attribute::Attributes::default(),
        };
        span.links = links.iter().map(link).collect();
        span
    }

    fn line(at: i64, fields: &[(&str, &str)]) -> LogEntry {
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        LogEntry { time: Timestamp(at), fields, ..LogEntry::default() }
    }

    fn found(spans: Vec<Span>, logs: Vec<LogEntry>) -> Vec<(String, usize, usize, i64)> {
        let evidence = Evidence { spans, logs, ..Evidence::default() };
        let candidates = subjects(&evidence, &["correlation_id".into(), "request_id".into()]);
        candidates.into_iter().map(|found| (found.subject.text, found.spans, found.lines, found.first.0)).collect()
    }

    #[test]
    fn journeys_have_the_likeliest_id_and_come_by_time() {
        let (likely, other) = ("correlation_id", "request_id");
        let spans = vec![
            span(1, 50, &[(likely, "order-1"), (other, "r-1")], &[]),
            span(1, 40, &[(likely, "order-1")], &[]),
            // In this trace too only the likelier key counts, whichever span has it.
            span(2, 70, &[(other, "r-2")], &[]),
            span(2, 71, &[(likely, "order-2")], &[]),
            span(3, 90, &[(other, "r-3")], &[]),
        ];
        let lines = vec![
            line(30, &[(other, "r-9"), ("context.correlation_id", "order-1")]),
            line(60, &[(likely, "order-1")]),
            line(20, &[(likely, ""), (other, "r-3")]),
            line(95, &[(likely, "order-4")]),
            line(94, &[(likely, "order-4")]),
            line(1, &[("level", "info")]),
        ];
        let expected = [("r-3", 1, 1, 20), ("order-1", 2, 2, 30), ("order-2", 1, 0, 71), ("order-4", 0, 2, 94)];
        assert_eq!(found(spans, lines), expected.map(|(id, spans, lines, at)| (id.to_owned(), spans, lines, at)));
    }

    #[test]
    fn traces_without_an_id_are_one_journey_where_links_join_them() {
        let with_id = [("correlation_id", "order-1")];
        let spans = vec![
            span(9, 30, &[], &[8, 77]),
            span(8, 20, &[], &[]),
            span(7, 20, &[], &[8]),
            span(7, 25, &[], &[]),
            // Linked, by way of another one, with a trace that has an ID.
            span(5, 1, &[], &[4]),
            span(4, 2, &[], &[3]),
            span(3, 3, &with_id, &[]),
            span(2, 50, &[], &[]),
        ];
        let id = |n: u128| trace(n).to_string();
        let expected = [("order-1".to_owned(), 1, 0, 3), (id(7), 4, 0, 20), (id(2), 1, 0, 50)];
        let backwards = spans.iter().rev().cloned().collect();
        assert_eq!(found(spans, vec![]), expected);
        assert_eq!(found(backwards, vec![]), expected, "whatever the order");
    }
}
