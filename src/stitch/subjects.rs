//! Which journeys a heap of evidence holds: by correlation ID, else by traces joined by links.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evidence::Evidence;
use crate::model::id::TraceId;
use crate::model::time::Timestamp;
use crate::query::Subject;
use crate::stitch::matching::Keys;

/// One journey that could be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// How to ask for it.
    pub subject: Subject,
    /// How many spans carry it.
    pub spans: usize,
    /// How many lines carry it.
    pub lines: usize,
    /// When it is first seen.
    pub first: Timestamp,
}

/// All of them, by time.
pub fn subjects(evidence: &Evidence, keys: &[String]) -> Vec<Candidate> {
    let keys = Keys::new(keys);
    let mut by_id: BTreeMap<String, Candidate> = BTreeMap::new();
    let mut with_id: BTreeSet<TraceId> = BTreeSet::new();
    let carried = likeliest(evidence, &keys);
    for span in &evidence.spans {
        let ids = keys.of_span(span).into_iter().filter(|one| carried.get(&span.trace_id) == Some(&one.rank));
        for id in ids.map(|one| one.id).collect::<BTreeSet<_>>() {
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
    let mut all: Vec<Candidate> = by_id.into_values().chain(without_id(evidence, &with_id)).collect();
    all.sort_by(|a, b| (a.first, &a.subject.text).cmp(&(b.first, &b.subject.text)));
    all
}

/// Of each trace the likeliest key that it has.
fn likeliest(evidence: &Evidence, keys: &Keys) -> BTreeMap<TraceId, usize> {
    let mut found: BTreeMap<TraceId, usize> = BTreeMap::new();
    for span in &evidence.spans {
        if let Some(rank) = keys.of_span(span).iter().map(|one| one.rank).min() {
            let best = found.entry(span.trace_id).or_insert(rank);
            *best = rank.min(*best);
        }
    }
    found
}

fn candidate(subject: Subject, first: Timestamp) -> Candidate {
    Candidate { subject, spans: 0, lines: 0, first }
}

/// Traces that carry no ID and are not linked with one that does; linked ones count as one.
fn without_id(evidence: &Evidence, with_id: &BTreeSet<TraceId>) -> Vec<Candidate> {
    let mut group: BTreeMap<TraceId, TraceId> = evidence.spans.iter().map(|s| (s.trace_id, s.trace_id)).collect();
    for span in &evidence.spans {
        let known: Vec<TraceId> = span.links.iter().map(|l| l.trace_id).filter(|t| group.contains_key(t)).collect();
        for linked in known {
            let (a, b) = (head(&mut group, span.trace_id), head(&mut group, linked));
            group.insert(a.max(b), a.min(b));
        }
    }
    let taken: BTreeSet<TraceId> = with_id.iter().map(|t| head(&mut group, *t)).collect();
    let mut found: BTreeMap<TraceId, Candidate> = BTreeMap::new();
    for span in &evidence.spans {
        let head = head(&mut group, span.trace_id);
        if !taken.contains(&head) {
            let one = found.entry(head).or_insert_with(|| candidate(Subject::trace(span.trace_id), span.start));
            one.spans += 1;
            if span.start < one.first {
                one.first = span.start;
                one.subject = Subject::trace(span.trace_id);
            }
        }
    }
    found.into_values().collect()
}

fn head(group: &mut BTreeMap<TraceId, TraceId>, trace: TraceId) -> TraceId {
    let mut at = trace;
    while let Some(up) = group.get(&at).copied().filter(|up| *up != at) {
        let above = group.get(&up).copied().unwrap_or(up);
        // Half the way next time: long chains stay quick.
        group.insert(at, above);
        at = above;
    }
    at
}
