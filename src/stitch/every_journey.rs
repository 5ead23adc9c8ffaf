//! Evidence of a whole window or file as journeys, each span and each line in exactly one: for whoever counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::evidence::Evidence;
use crate::model::journey::{Journey, Reason};
use crate::model::log::LogEntry;
use crate::model::time::Timestamp;
use crate::stitch::assembled;
use crate::stitch::id_matching::Keys;
use crate::stitch::membership::Membership;
use crate::stitch::split::parts;

/// Every journey, by time. What one trace, link, ID or line joins is one journey, and all of it belongs; lines that name
/// nobody are one of their own.
pub fn whole(evidence: Evidence, keys: &[String]) -> impl Iterator<Item = Journey> {
    let mut parts = parts(evidence, keys);
    parts.sort_by_cached_key(beginning);
    let keys = keys.to_vec();
    parts.into_iter().map(move |part| {
        let members = everything(&part, &keys);
        assembled(part, members, &keys)
    })
}

fn beginning(part: &Evidence) -> (Option<Timestamp>, String) {
    let spans = part.spans.iter().map(|span| (span.start, span.trace_id.to_string()));
    let lines = part.logs.iter().map(|line| (line.time, String::new()));
    spans.chain(lines).min().map_or_else(Default::default, |(first, trace)| (Some(first), trace))
}

/// All of it belongs. The ID is the only one under the likeliest key that anything carries.
fn everything(part: &Evidence, keys: &[String]) -> Membership {
    let keys = Keys::new(keys);
    let of_spans = part.spans.iter().flat_map(|span| keys.of_span(span)).map(|one| (one.rank, one.id));
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
    fn every_span_and_line_of_a_heap_is_in_exactly_one_journey() {
        let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
        let mut all = Evidence::default();
        let runs = demo::embedded();
        for (_, run) in &runs {
            all.spans.extend(run.spans.clone());
            all.logs.extend(run.logs.clone());
        }
        let lonely = runs[0].1.logs[0].clone();
        let (fields, labels, metadata) = (vec![], BTreeMap::new(), BTreeMap::new());
        let line = "disk is full".to_owned();
        let lonely = LogEntry { line, trace_id: None, fields, labels, metadata, ..lonely };
        all.logs.push(lonely);
        let (spans, lines) = (all.spans.len(), all.logs.len());
        let mut shuffled = all.clone();
        shuffled.spans.reverse();
        shuffled.logs.reverse();
        let journeys: Vec<Journey> = whole(all, &keys).collect();
        let again: Vec<Journey> = whole(shuffled, &keys).collect();
        let repeats = |journey: &Journey| journey.oddities.iter().filter(|said| said.contains("repeat")).count();
        assert!(journeys.len() > runs.len(), "each run, and the line that names nobody");
        let kept: usize = journeys.iter().map(|journey| journey.spans.len() + repeats(journey)).sum();
        assert!(kept <= spans && kept + 8 > spans, "{kept} of {spans}");
        assert_eq!(journeys.iter().map(|journey| journey.logs.len()).sum::<usize>(), lines);
        let shape = |all: &[Journey]| -> Vec<_> {
            all.iter().map(|one| (one.handle(), one.spans.len(), one.logs.len())).collect()
        };
        assert_eq!(shape(&journeys), shape(&again));
        assert_eq!(journeys.iter().filter(|one| one.handle().is_none()).map(|one| one.logs.len()).sum::<usize>(), 1);
        let of_run = |id: &str| journeys.iter().filter(|one| one.correlation_id.as_deref() == Some(id)).count();
        assert!(runs.iter().all(|(_, run)| of_run(&run.correlation_id) == 1));
    }
}
