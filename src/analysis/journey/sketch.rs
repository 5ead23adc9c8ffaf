//! Journeys drawn as text, for tests.
//!
//! ```text
//! shop/POST /orders 0..120 server
//!   shop/publish 60..62 producer topic=orders
//!     ~> billing/process 104..314 consumer topic=orders trace=2
//!       billing/db 110..300 client error: connection refused
//! ! billing 305 error could not bill
//! ```
//! Indentation nests, `~>` follows by message (by link where the trace changes), `?>` names a parent that is not
//! stored, `lost=2` that it is another such parent, `!` is a log line: service, millisecond, level, message. Times are
//! milliseconds. `link=2` links to the second span drawn, and is not a cause. `@host.name=b-0` is the resource's.

use std::sync::Arc;

use crate::model::attribute::Value;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{CauseKind, Forest, Journey, Trace};
use crate::model::log::{Level, LogEntry};
use crate::model::span::{Link, Resource, Span, SpanKind, Status, StatusCode};
use crate::model::time::Timestamp;

/// When every sketch begins: 2026-11-22T13:02:11.112Z.
pub(crate) const ORIGIN: Timestamp = Timestamp(1_795_352_531_112_000_000);

const MS: i64 = 1_000_000;

/// The journey that the text draws.
///
/// # Panics
/// If the drawing cannot be read.
pub fn journey(text: &str) -> Journey {
    let mut drawn: Vec<(Span, Option<(usize, CauseKind)>)> = vec![];
    let mut logs = vec![];
    let mut open: Vec<(usize, usize)> = vec![];
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        if let Some(entry) = line.trim().strip_prefix("! ") {
            logs.push(log_line(entry, open.last().map(|(_, s)| &drawn[*s].0)));
            continue;
        }
        while open.last().is_some_and(|(depth, _)| *depth >= indent) {
            open.pop();
        }
        let above = open.last().map(|(_, s)| *s);
        let id = drawn.len() as u64 + 1;
        let (mut span, via) = span_line(line.trim(), id, above.map(|s| &drawn[s].0));
        let targets = line.split_whitespace().filter_map(|word| word.strip_prefix("link="));
        span.links.extend(targets.map(|nth| link_to(&drawn[nth.parse::<usize>().unwrap() - 1].0)));
        open.push((indent, drawn.len()));
        drawn.push((span, above.zip(via)));
    }
    assemble(drawn, logs)
}

fn span_line(line: &str, id: u64, above: Option<&Span>) -> (Span, Option<CauseKind>) {
    let (mut via, mut rest) = (Some(CauseKind::Parent), line);
    let mut lost_parent = None;
    if let Some(tail) = rest.strip_prefix("~> ") {
        (via, rest) = (Some(CauseKind::Message), tail);
    } else if let Some(tail) = rest.strip_prefix("?> ") {
        (via, rest) = (None, tail);
        lost_parent = SpanId::from_u64(0x1f2e_3d4c_0000_0000);
    }
    let (rest, message) = rest.split_once(" error: ").map_or((rest, None), |(a, b)| (a, Some(b)));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let at = words.iter().position(|w| w.contains("..") && w.starts_with(|c: char| c.is_ascii_digit())).unwrap();
    let (from, to) = words[at].split_once("..").unwrap();
    let ns = |text: &str| (text.parse::<f64>().unwrap() * MS as f64) as i64;
    let title = words[..at].join(" ");
    let (service, name) = title.split_once('/').unwrap_or((&title, &title));
    let mut span = Span {
        trace_id: above.map_or(trace(1), |s| s.trace_id),
        span_id: SpanId::from_u64(id.wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap(),
        parent_id: lost_parent,
        resource: Arc::new(Resource { service: service.into(), ..Resource::default() }),
        name: name.into(),
        kind: SpanKind::Internal,
        start: ORIGIN.plus(ns(from)),
        duration_ns: ns(to) - ns(from),
        status: Status::default(),
        attributes: crate::model::attribute::Attributes::default(),
        events: vec![],
        links: vec![],
        scope: String::new(),
        warnings: vec![],
        polled_ns: 0,
    };
    for word in &words[at + 1..] {
        match word.split_once('=') {
            Some(("trace", n)) => span.trace_id = trace(n.parse().unwrap()),
            Some(("link", _)) => {}
            Some(("lost", n)) => span.parent_id = SpanId::from_u64(n.parse().unwrap()),
            Some(("topic", t)) => span.attributes.push("messaging.destination.name", Value::Text(t.into())),
            Some((key, value)) => match key.strip_prefix('@') {
                Some(key) => Arc::make_mut(&mut span.resource).attributes.push(key, Value::Text(value.into())),
                None => span.attributes.push(key, Value::Text(value.into())),
            },
            None if *word == "error" => span.status.code = StatusCode::Error,
            None if *word == "ok" => span.status.code = StatusCode::Ok,
            None => span.kind = SpanKind::from_word(word),
        }
    }
    if let Some(message) = message {
        span.status = Status { code: StatusCode::Error, message: message.into() };
    }
    match (above, via) {
        (Some(above), Some(CauseKind::Parent)) if above.trace_id == span.trace_id => {
            span.parent_id = Some(above.span_id);
        }
        // Within a trace the consumer of a message is a child of its publisher.
        (Some(above), Some(_)) if above.trace_id == span.trace_id && above.message_role().is_some() => {
            via = Some(CauseKind::Parent);
            span.parent_id = Some(above.span_id);
        }
        (Some(above), Some(_)) if above.trace_id == span.trace_id => {}
        (Some(above), Some(_)) => {
            via = Some(CauseKind::Link);
            span.links.push(link_to(above));
        }
        _ => {}
    }
    (span, via)
}

fn link_to(span: &Span) -> Link {
    let attributes = crate::model::attribute::Attributes::default();
    Link { trace_id: span.trace_id, span_id: span.span_id, attributes }
}

fn log_line(entry: &str, above: Option<&Span>) -> LogEntry {
    let mut words = entry.splitn(4, ' ');
    let mut next = || words.next().unwrap();
    let (service, at, level, message) = (next(), next(), next(), next());
    LogEntry {
        time: ORIGIN.plus(at.parse::<i64>().unwrap() * MS),
        service: service.into(),
        level: Level::from_word(level),
        message: message.into(),
        line: message.into(),
        trace_id: above.map(|s| s.trace_id),
        ..LogEntry::default()
    }
}

fn assemble(drawn: Vec<(Span, Option<(usize, CauseKind)>)>, mut logs: Vec<LogEntry>) -> Journey {
    let mut order: Vec<usize> = (0..drawn.len()).collect();
    order.sort_by_key(|i| (drawn[*i].0.start, -drawn[*i].0.duration_ns, drawn[*i].0.span_id));
    let mut place = vec![0; drawn.len()];
    order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
    let cause: Vec<_> = order.iter().map(|old| drawn[*old].1.map(|(above, via)| (place[above], via))).collect();
    let mut effects = vec![vec![]; drawn.len()];
    let mut roots = vec![];
    for (span, cause) in cause.iter().enumerate() {
        cause.map_or(&mut roots, |(above, _)| &mut effects[above]).push(span);
    }
    let spans: Vec<Span> = order.into_iter().map(|old| drawn[old].0.clone()).collect();
    logs.sort_by_key(|l| l.time);
    let mut ids: Vec<TraceId> = spans.iter().map(|s| s.trace_id).collect();
    ids.dedup();
    ids.sort_unstable();
    ids.dedup();
    let traces = ids.into_iter().map(|id| summary(id, &spans)).collect();
    Journey {
        correlation_id: Some("3f2a9c1e-7c05-43a4-beae-034151654acd".into()),
        is_own: vec![true; spans.len()],
        traces,
        spans,
        forest: Forest { cause, effects, roots, ..Forest::default() },
        logs,
        ..Journey::default()
    }
}

fn summary(id: TraceId, spans: &[Span]) -> Trace {
    let of: Vec<&Span> = spans.iter().filter(|s| s.trace_id == id).collect();
    let end = of.iter().map(|s| s.end()).max().unwrap();
    Trace {
        trace_id: id,
        root_service: of[0].service().into(),
        root_name: of[0].name.clone(),
        start: of[0].start,
        duration_ns: end.since(of[0].start),
        span_count: of.len(),
        error_count: of.iter().filter(|s| s.is_error()).count(),
        orphan_count: 0,
    }
}

/// The ID of the nth trace, counted from 1.
///
/// # Panics
/// For the 0th.
pub(crate) fn trace(n: u128) -> TraceId {
    TraceId::from_u128(0x9f2c_1a77_5be0_43d1_8c61_70ac_2f9e_0b00u128.wrapping_mul(n)).unwrap()
}

/// A chain of this depth, in which every span has one child.
///
/// # Panics
/// Never.
pub(crate) fn chain(depth: usize) -> Journey {
    let template = journey("deep/step 0..1").spans.remove(0);
    let length = depth as i64 * 2_000;
    let drawn = (0..depth).map(|i| {
        let mut span = template.clone();
        span.span_id = SpanId::from_u64(i as u64 + 1).unwrap();
        span.start = ORIGIN.plus(i as i64 * 1_000);
        span.duration_ns = length - i as i64 * 2_000;
        span.parent_id = SpanId::from_u64(i as u64);
        (span, i.checked_sub(1).map(|above| (above, CauseKind::Parent)))
    });
    assemble(drawn.collect(), vec![])
}
