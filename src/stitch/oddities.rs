//! Oddities of the data, in sentences: repeated spans, reused IDs, absurd times, warnings of servers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::model::log::LogEntry;
use crate::model::span::Span;

/// Drops exact repeats. Spans that share an ID and differ are kept and counted, unless they are the client and server of
/// one call, which share an ID in Zipkin.
pub(crate) fn drop_repeats(spans: &mut Vec<Span>, oddities: &mut Vec<String>) {
    let before = spans.len();
    spans.dedup_by(|a, b| a.is_repeat_of(b));
    if spans.len() < before {
        oddities.push(format!("{} exact repeat(s) of spans dropped", before - spans.len()));
    }
    let mut first: HashMap<_, usize> = HashMap::with_capacity(spans.len());
    let mut reused = 0;
    for (index, span) in spans.iter().enumerate() {
        match first.get(&(span.trace_id, span.span_id)) {
            Some(other) if spans[*other].kind != span.kind => {}
            Some(_) => reused += 1,
            None => {
                first.insert((span.trace_id, span.span_id), index);
            }
        }
    }
    if reused > 0 {
        oddities.push(format!("{reused} span(s) reuse the ID of another span of their trace"));
    }
}

/// Counts spans and lines whose times cannot be drawn.
pub(crate) fn note_absurd_times(spans: &[Span], lines: &[LogEntry], oddities: &mut Vec<String>) {
    let absurd = spans.iter().filter(|s| !s.has_sane_time()).count();
    if absurd > 0 {
        oddities.push(format!(
            "{absurd} span(s) have an absurd time (before 1990, after 2200 or over ten years long); not drawn to scale"
        ));
    }
    let absurd = lines.iter().filter(|line| !line.time.is_sane()).count();
    if absurd > 0 {
        oddities.push(format!("{absurd} line(s) have no time, or an absurd one"));
    }
}

/// Counts the warnings on spans, most frequent first.
pub(crate) fn note_warnings(spans: &[Span], oddities: &mut Vec<String>) {
    /// A screen has room for a few; each span shows its own.
    const MOST: usize = 5;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in spans.iter().flat_map(|span| &span.warnings) {
        *counts.entry(warning).or_default() += 1;
    }
    let more = counts.len().saturating_sub(MOST);
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(warning, n)| (Reverse(*n), *warning));
    oddities.extend(counts.iter().take(MOST).map(|(warning, n)| format!("{n} span(s): {warning}")));
    if more > 0 {
        oddities.push(format!("{more} more kind(s) of warnings on spans; `trace span` shows each"));
    }
}
