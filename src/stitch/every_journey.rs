//! All journeys of a window or a file, each span and each line in exactly one of them, so that counts add up.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evidence::Evidence;
use crate::model::journey::{Journey, Reason};
use crate::model::log::LogEntry;
use crate::model::time::Timestamp;
use crate::stitch::assembled;
use crate::stitch::id_matching::Keys;
use crate::stitch::membership::Membership;
use crate::stitch::split::parts;

/// Every journey, by time. Whatever a trace, a link, an ID or a line joins is one journey, as a whole; lines that name
/// neither a trace nor an ID are one more.
pub(crate) fn every_journey(evidence: Evidence, keys: &[String]) -> impl Iterator<Item = Journey> {
    let mut parts = parts(evidence, keys);
    parts.sort_by_cached_key(beginning);
    let keys = keys.to_vec();
    parts.into_iter().map(move |part| {
        let members = all_members(&part, &keys);
        assembled(part, members, &keys)
    })
}

fn beginning(part: &Evidence) -> (Option<Timestamp>, String) {
    let spans = part.spans.iter().map(|span| (span.start, span.trace_id.to_string()));
    let lines = part.logs.iter().map(|line| (line.time, String::new()));
    spans.chain(lines).min().map_or_else(Default::default, |(first, trace)| (Some(first), trace))
}

/// Everything is a member. The journey's ID is the one value of the likeliest key that anything carries, where there is
/// only one.
fn all_members(part: &Evidence, keys: &[String]) -> Membership {
    let keys = Keys::new(keys);
    let of_spans = part.spans.iter().flat_map(|span| keys.of_span(span)).map(|carried| (carried.rank, carried.id));
    let fields = part.logs.iter().flat_map(LogEntry::values).filter(|(_, value)| !value.is_empty());
    let of_lines = fields.filter_map(|(key, value)| Some((keys.rank_of_field(key)?, value.to_owned())));
    let mut ids: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (rank, id) in of_spans.chain(of_lines) {
        ids.entry(rank).or_default().insert(id);
    }
    let likeliest: Vec<String> = ids.into_values().next().unwrap_or_default().into_iter().collect();
    let (correlation_id, several_ids) = match <[String; 1]>::try_from(likeliest) {
        Ok([only]) => (Some(only), vec![]),
        Err(several) => (None, several),
    };
    Membership {
        correlation_id,
        several_ids,
        traces: part.spans.iter().map(|span| (span.trace_id, BTreeSet::new())).collect(),
        lines: vec![Some(Reason::Text); part.logs.len()],
        ..Membership::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::conventions::CORRELATION_KEYS;
    use crate::source::demo;

    #[test]
    fn every_span_and_line_is_in_exactly_one_journey() {
        let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
        let mut evidence = Evidence::default();
        let runs = demo::embedded();
        for (_, run) in &runs {
            evidence.spans.extend(run.spans.clone());
            evidence.logs.extend(run.logs.clone());
        }
        let lonely = runs[0].1.logs[0].clone();
        let (fields, labels, metadata) = (vec![], BTreeMap::new(), BTreeMap::new());
        let line = "disk is full".to_owned();
        let lonely = LogEntry { line, trace_id: None, fields, labels, metadata, ..lonely };
        evidence.logs.push(lonely);
        let (spans, lines) = (evidence.spans.len(), evidence.logs.len());
        let mut shuffled = evidence.clone();
        shuffled.spans.reverse();
        shuffled.logs.reverse();
        let journeys: Vec<Journey> = every_journey(evidence, &keys).collect();
        let again: Vec<Journey> = every_journey(shuffled, &keys).collect();
        let repeats = |journey: &Journey| journey.oddities.iter().filter(|oddity| oddity.contains("repeat")).count();
        assert!(journeys.len() > runs.len(), "each run, and the line that belongs to none");
        let kept: usize = journeys.iter().map(|journey| journey.spans.len() + repeats(journey)).sum();
        assert!(kept <= spans && kept + 8 > spans, "{kept} of {spans}");
        assert_eq!(journeys.iter().map(|journey| journey.logs.len()).sum::<usize>(), lines);
        let shape = |journeys: &[Journey]| -> Vec<_> {
            journeys.iter().map(|journey| (journey.handle(), journey.spans.len(), journey.logs.len())).collect()
        };
        assert_eq!(shape(&journeys), shape(&again));
        let without_handle = journeys.iter().filter(|journey| journey.handle().is_none());
        assert_eq!(without_handle.map(|journey| journey.logs.len()).sum::<usize>(), 1);
        let with_id = |id: &str| journeys.iter().filter(|j| j.correlation_id.as_deref() == Some(id)).count();
        assert!(runs.iter().all(|(_, run)| with_id(&run.correlation_id) == 1));
    }
}
