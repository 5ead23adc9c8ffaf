//! Evidence to journey: spans and lines joined by correlation ID, trace ID, link, message and time. Pure; never fails.

pub(crate) mod every_journey;
pub(crate) mod forest;
pub(crate) mod id_matching;
pub(crate) mod membership;
pub(crate) mod oddities;
pub(crate) mod polling;
pub(crate) mod skew;
pub(crate) mod split;
pub(crate) mod subjects;

use std::collections::{BTreeMap, HashSet};

use crate::model::evidence::Evidence;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{CauseKind, Forest, Join, Journey, Reason, Trace};
use crate::model::log::LogEntry;
use crate::model::span::Span;
use crate::model::time::Window;
use crate::query::Query;
use id_matching::Keys;
use membership::{Membership, membership, spans_in};
use oddities::{drop_repeats, note_absurd_times, note_warnings};

/// The journey of the query's subject, each part with the reason why it belongs.
pub fn stitch(evidence: Evidence, query: &Query) -> Journey {
    let members = membership(&evidence, query);
    assembled(evidence, members, &query.keys)
}

/// The members of the evidence in order, with their causes, clock skew and oddities.
fn assembled(evidence: Evidence, members: Membership, keys: &[String]) -> Journey {
    let mut oddities = Vec::new();
    let others = spans_of_others(&evidence.spans, &members);
    let mut spans = spans_in(evidence.spans, &members);
    spans.sort_by(in_order);
    drop_repeats(&mut spans, &mut oddities);
    note_absurd_times(&spans, &evidence.logs, &mut oddities);
    note_warnings(&spans, &mut oddities);
    let forest = forest::build(&spans, &others, &mut oddities);
    polling::mark(&mut spans, &forest);
    let joins = joins(&members, &evidence.logs);
    let mut logs: Vec<LogEntry> =
        evidence.logs.into_iter().zip(&members.lines).filter_map(|(line, why)| why.as_ref().map(|_| line)).collect();
    logs.sort_by(|a, b| {
        (a.time, &a.service, &a.line, &a.labels, &a.metadata).cmp(&(
            b.time,
            &b.service,
            &b.line,
            &b.labels,
            &b.metadata,
        ))
    });
    let in_journey = |trace: &TraceId| members.traces.contains_key(trace);
    let mut journey = Journey {
        traces: traces(&spans, &forest),
        is_own: own_spans(&spans, &forest, &members, keys),
        skew: skew::measure(&spans, &forest),
        forest,
        spans,
        logs,
        joins,
        correlation_id: members.correlation_id.clone(),
        several_ids: members.several_ids.clone(),
        alerts: evidence.alerts,
        exemplars: evidence.exemplars.into_iter().filter(|e| in_journey(&e.trace_id)).collect(),
        panels: evidence.panels,
        related: members.related.into_values().collect(),
        not_fetched: members.not_fetched.iter().copied().filter(|id| !evidence.not_stored.contains(id)).collect(),
        not_stored: evidence.not_stored,
        oddities,
    };
    journey.alerts.sort_by(|a, b| (a.from, &a.name, &a.labels).cmp(&(b.from, &b.name, &b.labels)));
    journey.exemplars.sort_by(|a, b| (a.time, &a.metric, &a.labels).cmp(&(b.time, &b.metric, &b.labels)));
    journey.not_stored.sort_unstable();
    journey.not_stored.dedup();
    journey
}

/// The IDs of spans in traces of which only a part belongs: a parent among them is stored, though it is not shown.
fn spans_of_others(spans: &[Span], members: &Membership) -> HashSet<(TraceId, SpanId)> {
    let in_part = spans.iter().filter(|span| members.arrivals.contains_key(&span.trace_id));
    in_part.map(|span| (span.trace_id, span.span_id)).collect()
}

/// By start, longest first, so that a parent comes before the child that began with it; then by ID: a total order.
fn in_order(a: &Span, b: &Span) -> std::cmp::Ordering {
    (a.start, -a.duration_ns, a.trace_id, a.span_id, a.service(), &a.name, a.kind)
        .cmp(&(b.start, -b.duration_ns, b.trace_id, b.span_id, b.service(), &b.name, b.kind))
        .then_with(|| a.contents().cmp(&b.contents()))
}

fn traces(spans: &[Span], forest: &Forest) -> Vec<Trace> {
    let mut by_trace: BTreeMap<TraceId, Vec<usize>> = BTreeMap::new();
    for (index, span) in spans.iter().enumerate() {
        by_trace.entry(span.trace_id).or_default().push(index);
    }
    let mut traces: Vec<Trace> =
        by_trace.into_iter().map(|(id, spans_of)| trace(id, &spans_of, spans, forest)).collect();
    traces.sort_by_key(|t| (t.start, t.trace_id));
    traces
}

fn trace(trace_id: TraceId, members: &[usize], spans: &[Span], forest: &Forest) -> Trace {
    let is_top = |i: &&usize| !matches!(forest.cause[**i], Some((_, CauseKind::Parent)));
    let root =
        members.iter().find(|i| is_top(i) && spans[**i].parent_id.is_none()).or_else(|| members.iter().find(is_top));
    let root = &spans[*root.unwrap_or(&members[0])];
    let extent = members.iter().map(|i| spans[*i].window()).reduce(Window::hull);
    Trace {
        trace_id,
        root_service: root.service().to_owned(),
        root_name: root.name.clone(),
        start: extent.map_or(root.start, |w| w.from),
        duration_ns: extent.map_or(0, Window::length),
        span_count: members.len(),
        error_count: members.iter().filter(|i| spans[**i].is_error()).count(),
        orphan_count: members.iter().filter(|i| forest.is_orphan(**i, &spans[**i])).count(),
    }
}

/// Beside each span whether it belongs to the journey. In a trace with several IDs a span under another ID is only shown: its
/// own ID counts, else that of the span it follows from.
fn own_spans(spans: &[Span], forest: &Forest, members: &Membership, keys: &[String]) -> Vec<bool> {
    if members.ids.is_empty() {
        return vec![true; spans.len()];
    }
    let keys = Keys::new(keys);
    let own = |span: &Span| {
        let mut carried = keys.of_span(span);
        carried.retain(|value| members.key_ranks.contains(&value.rank));
        (!carried.is_empty()).then(|| carried.iter().any(|value| members.ids.contains(&value.id)))
    };
    let mut is_own = vec![true; spans.len()];
    let mut open: Vec<(usize, bool)> = forest.roots.iter().map(|r| (*r, true)).collect();
    while let Some((index, inherited)) = open.pop() {
        is_own[index] = own(&spans[index]).unwrap_or(inherited);
        open.extend(forest.effects[index].iter().map(|e| (*e, is_own[index])));
    }
    is_own
}

fn joins(members: &Membership, lines: &[LogEntry]) -> Vec<Join> {
    let trace_joins = members.traces.iter().flat_map(|(trace, reasons)| {
        reasons.iter().map(|reason| Join { trace_id: Some(*trace), lines: 0, reason: reason.clone() })
    });
    let mut joins: Vec<Join> = trace_joins.collect();
    let mut counts: BTreeMap<(Option<TraceId>, Reason), usize> = BTreeMap::new();
    for (line, why) in lines.iter().zip(&members.lines) {
        match why {
            Some(Reason::TraceOfLine) => *counts.entry((line.trace_id, Reason::TraceOfLine)).or_default() += 1,
            Some(reason) => *counts.entry((None, reason.clone())).or_default() += 1,
            None => {}
        }
    }
    joins.extend(counts.into_iter().map(|((trace_id, reason), lines)| Join { trace_id, lines, reason }));
    joins
}

#[cfg(test)]
mod tests;
