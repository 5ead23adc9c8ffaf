//! What a journey has beside its spans: oddities, traces, joins, related traces.

use super::*;
use crate::model::attribute::Value;
use crate::model::journey::Related;
use crate::model::span::Event;

/// A journey of these spans, all of which carry the ID.
fn journey_of(spans: Vec<Span>) -> Journey {
    stitched(spans.into_iter().map(|span| with_id(span, "order-0001")).collect(), vec![], "order-0001")
}

#[test]
fn what_came_twice_is_dropped_and_what_only_shares_its_id_is_named() {
    type Change = fn(&mut Span);
    const DROPPED: &str = "1 exact repeat(s) of spans dropped";
    const REUSED: &str = "1 span(s) reuse the ID of another span of their trace";
    let text = |text: &str| Value::Text(text.into());
    let mut first = with_id(span(1, 1, 0, "a", 0..9), "order-0001");
    first.attributes.push("x", text("1"));
    first.attributes.push("y", text("2"));
    let other_order: Change = |s| {
        let mut turned: Vec<(String, Value)> = s.attributes.iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
        turned.reverse();
        s.attributes = Attributes::default();
        turned.into_iter().for_each(|(key, value)| s.attributes.push(key, value));
    };
    let table: [(&str, Change, usize, &[&str]); 14] = [
        ("nothing", |_| {}, 1, &[DROPPED]),
        ("order of attributes", other_order, 1, &[DROPPED]),
        ("kind", |s| s.kind = SpanKind::Server, 2, &[]),
        ("ID", |s| s.span_id = span_id(2), 2, &[]),
        ("trace", |s| s.trace_id = trace_id(2), 2, &[]),
        ("start", |s| s.start = s.start.plus(1), 2, &[REUSED]),
        ("length", |s| s.duration_ns += 1, 2, &[REUSED]),
        ("service", |s| s.resource = Arc::new(Resource { service: "b".into(), ..Resource::default() }), 2, &[REUSED]),
        ("name", |s| s.name = "else".into(), 2, &[REUSED]),
        ("parent", |s| s.parent_id = Some(span_id(7)), 2, &[REUSED]),
        ("attribute", |s| s.attributes.push("z", Value::Text("3".into())), 2, &[REUSED]),
        ("status", |s| s.status.message = "no".into(), 2, &[REUSED]),
        (
            "event",
            |s| s.events.push(Event { time: NOON, name: "e".into(), attributes: Attributes::default() }),
            2,
            &[REUSED],
        ),
        ("link", |s| *s = linked(s.clone(), 1, 5), 2, &[REUSED]),
    ];
    for (what, change, left, oddities) in table {
        let mut second = first.clone();
        change(&mut second);
        let journey = stitched(vec![first.clone(), second], vec![], "order-0001");
        assert_eq!(
            (journey.spans.len(), journey.oddities),
            (left, oddities.iter().map(ToString::to_string).collect()),
            "{what}"
        );
    }
    let twins = (0..6).map(|n| Span { name: format!("{}", n / 2), ..first.clone() });
    let oddities = stitched(twins.collect(), vec![], "order-0001").oddities;
    assert_eq!(oddities, ["3 exact repeat(s) of spans dropped", &REUSED.replace('1', "2")]);
}

#[test]
fn absurd_times_are_counted_and_remarks_shown_once_each_the_most_common_first() {
    const YEAR: i64 = 366 * 24 * 3_600_000;
    let mut spans = vec![span(1, 1, 0, "a", 0..9), span(1, 2, 1, "a", 0..11 * YEAR), span(1, 3, 1, "a", 0..9)];
    spans[2].start = Timestamp(0);
    let mut lost = line(0, "order-0001 when?", None);
    lost.time = Timestamp(0);
    let spans: Vec<Span> = spans.into_iter().map(|span| with_id(span, "order-0001")).collect();
    let journey = stitched(spans, vec![lost, line(1, "order-0001 now", None)], "order-0001");
    assert_eq!(
        journey.oddities,
        [
            "2 span(s) have an absurd time (before 1990, after 2200 or over ten years long); not drawn to scale",
            "1 line(s) have no time, or an absurd one",
        ]
    );
    // Six and five kinds of remarks, the n-th of them on n spans.
    for (kinds, more) in [(6_u64, Some("1 more kind(s) of warnings on spans; `trace span` shows each")), (5, None)] {
        let remarked = (1..=6).map(|id| Span {
            warnings: (id..=kinds).map(|n| format!("remark {n}")).collect(),
            ..span(1, id, 0, "a", 0..9)
        });
        let expected_notes = (kinds - 4..=kinds).rev().map(|n| format!("{n} span(s): remark {n}"));
        let expected: Vec<String> = expected_notes.chain(more.map(str::to_owned)).collect();
        assert_eq!(journey_of(remarked.collect()).oddities, expected);
    }
}

#[test]
fn a_trace_is_described_by_its_root_and_spans_without_their_parent_are_counted() {
    let error = |mut span: Span| {
        span.attributes.push("error", Value::Bool(true));
        span
    };
    let journey = journey_of(vec![
        // The child's clock is behind: it seems to begin before its parent; an orphan begins before both.
        span(2, 20, 99, "orphan", 5..6),
        error(span(2, 21, 22, "child", 7..12)),
        span(2, 22, 0, "root", 10..11),
        // Only orphans, of which the first one represents the trace; one has a cause in another trace.
        linked(span(3, 30, 98, "lost", 8..9), 2, 22),
        error(error(span(3, 31, 97, "late", 20..30))),
        // Its own parent: a root like any other.
        span(1, 1, 1, "self", 5..9),
    ]);
    let expected_notes = |n: u128, root: &str, from: i64, ms: i64, counts: [usize; 3]| Trace {
        trace_id: trace_id(n),
        root_service: root.into(),
        root_name: format!("work {}", [0, 1, 22, 30][n as usize]),
        start: NOON.plus(from * MS),
        duration_ns: ms * MS,
        span_count: counts[0],
        error_count: counts[1],
        orphan_count: counts[2],
    };
    let expected = [
        expected_notes(1, "self", 5, 4, [1, 0, 0]),
        expected_notes(2, "root", 5, 7, [3, 1, 1]),
        expected_notes(3, "lost", 8, 22, [2, 1, 2]),
    ];
    assert_eq!(journey.traces, expected);
    assert_eq!(journey.oddities, ["1 span(s) name themselves as their parent; taken as roots"]);
}

#[test]
fn each_join_and_each_relative_has_its_reason() {
    let published = |span: Span, kind: SpanKind| {
        let mut span = Span { kind, ..span };
        span.attributes.push("messaging.message.id", Value::Text("m-17".into()));
        span
    };
    let spans = vec![
        with_id(published(linked(span(1, 1, 0, "a", 0..9), 2, 2), SpanKind::Producer), "order-0001"),
        with_id(span(2, 2, 0, "b", 0..9), "order-0002"),
        with_id(linked(span(3, 3, 0, "c", 0..9), 1, 1), "order-0003"),
        with_id(span(4, 4, 0, "d", 0..9), "order-0004"),
        with_id(published(span(5, 5, 0, "e", 0..9), SpanKind::Consumer), "order-0005"),
        linked(span(6, 6, 0, "f", 0..9), 1, 1),
    ];
    let lines = vec![
        line(1, "order-0001 one", None),
        line(2, "order-0001 two", Some(4)),
        line(3, "three", Some(6)),
        line(4, "four", Some(6)),
        line(5, "five", Some(1)),
        line(6, "six", Some(4)),
    ];
    let journey = stitched(spans, lines, "order-0001");
    let relative =
        |n: u128, why: String| Related { trace_id: trace_id(n), correlation_ids: vec![format!("order-000{n}")], why };
    assert_eq!(
        journey.related,
        [
            relative(2, format!("trace {} links to it", trace_id(1).short())),
            relative(3, "it links to this journey".into()),
            relative(4, "named in a line of writer".into()),
            relative(5, "handles the same message m-17".into()),
        ]
    );
    let join = |trace: Option<u128>, lines, reason| Join { trace_id: trace.map(trace_id), lines, reason };
    assert_eq!(
        journey.joins,
        [
            join(Some(1), 0, Reason::Tag { key: "correlation_id".into() }),
            join(Some(1), 0, Reason::Link { from_trace: trace_id(6), from_span: span_id(6) }),
            join(Some(6), 0, Reason::Link { from_trace: trace_id(6), from_span: span_id(6) }),
            join(None, 2, Reason::Text),
            join(Some(1), 1, Reason::TraceOfLine),
            join(Some(6), 2, Reason::TraceOfLine),
        ]
    );
    assert_eq!(ids(&journey), [1, 2, 3, 5, 6], "of a relative its arrival only; a line names a trace, no span");
}
