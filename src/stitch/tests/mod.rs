mod tables;

use std::ops::Range;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::attribute::{Attributes, Value};
use crate::model::id::SpanId;
use crate::model::span::{Link, Resource, SpanKind, Status};
use crate::model::time::Timestamp;
use crate::query::Subject;

const MS: i64 = 1_000_000;
const NOON: Timestamp = Timestamp(1_795_352_400_000_000_000);

fn query(subject: Subject) -> Query {
    Query::about(subject, vec!["correlation_id".into()], NOON.plus(60_000 * MS))
}

fn trace_id(n: u128) -> TraceId {
    TraceId::from_u128(n).unwrap()
}

fn span_id(n: u64) -> SpanId {
    SpanId::from_u64(n).unwrap()
}

/// `trace/span[<parent] service from..to`, all in ms.
fn span(trace: u128, id: u64, parent: u64, service: &str, time: Range<i64>) -> Span {
    let Range { start: from, end: to } = time;
    Span {
        trace_id: trace_id(trace),
        span_id: span_id(id),
        parent_id: SpanId::from_u64(parent),
        resource: Arc::new(Resource { service: service.into(), attributes: Attributes::default() }),
        name: format!("work {id}"),
        kind: SpanKind::Internal,
        start: NOON.plus(from * MS),
        duration_ns: (to - from) * MS,
        status: Status::default(),
        attributes: Attributes::default(),
        events: vec![],
        links: vec![],
        scope: String::new(),
        warnings: vec![],
        polled_ns: 0,
    }
}

fn with_id(mut span: Span, id: &str) -> Span {
    span.attributes.push("correlation_id", Value::Text(id.into()));
    span
}

fn linked(mut span: Span, trace: u128, id: u64) -> Span {
    span.links.push(Link { trace_id: trace_id(trace), span_id: span_id(id), attributes: Attributes::default() });
    span
}

fn kind(mut span: Span, kind: SpanKind) -> Span {
    span.kind = kind;
    span
}

fn line(at: i64, text: &str, trace: Option<u128>) -> LogEntry {
    LogEntry {
        time: NOON.plus(at * MS),
        service: "writer".into(),
        line: text.into(),
        message: text.into(),
        trace_id: trace.map(trace_id),
        ..LogEntry::default()
    }
}

fn stitched(spans: Vec<Span>, logs: Vec<LogEntry>, id: &str) -> Journey {
    stitch(Evidence { spans, logs, ..Evidence::default() }, &query(Subject::correlation(id)))
}

fn ids(journey: &Journey) -> Vec<u64> {
    journey.spans.iter().map(|s| s.span_id.as_u64()).collect()
}

#[test]
fn of_a_batch_with_another_id_only_the_arrival_and_what_follows_is_in() {
    let spans = vec![
        with_id(span(1, 1, 0, "shop", 0..10), "order-0001"),
        with_id(span(2, 20, 0, "batch", 50..90), "batch-0009"),
        linked(span(2, 21, 20, "batch", 52..60), 1, 1),
        span(2, 22, 21, "batch", 53..55),
        span(2, 23, 20, "batch", 61..80),
    ];
    let journey = stitched(spans, vec![], "order-0001");
    assert_eq!(ids(&journey), [1, 21, 22]);
    assert_eq!(journey.related.len(), 1);
    assert_eq!(journey.related[0].correlation_ids, ["batch-0009"]);
    assert_eq!(journey.forest.cause[1], Some((0, CauseKind::Link)), "the arrival follows from the sender");
}

#[test]
fn in_a_trace_with_several_ids_the_others_are_shown_and_not_evaluated() {
    let spans = vec![
        with_id(span(1, 1, 0, "a", 0..90), "order-0001"),
        span(1, 2, 1, "a", 1..40),
        with_id(span(1, 3, 1, "b", 41..80), "order-0002"),
        span(1, 4, 3, "b", 42..50),
        with_id(span(1, 5, 3, "b", 51..60), "order-0001"),
    ];
    let journey = stitched(spans, vec![], "order-0001");
    assert_eq!(ids(&journey), [1, 2, 3, 4, 5]);
    assert_eq!(journey.is_own, [true, true, false, false, true]);
}

#[test]
fn what_is_named_by_links_and_lines_belongs_and_so_do_its_lines() {
    let spans = vec![
        linked(with_id(span(1, 1, 0, "a", 0..10), "order-0001"), 2, 9),
        span(2, 9, 0, "b", 0..5),
        span(3, 30, 0, "c", 20..25),
        span(4, 40, 0, "d", 20..25),
    ];
    let lines = vec![
        line(3, "order-0001 sent", Some(3)),
        line(4, "nothing to see", Some(2)),
        line(5, "order-00011 is another one", Some(4)),
        line(6, "worker [00000000000000000000000000000003] says", None),
        line(7, "unrelated", None),
    ];
    let journey = stitched(spans, lines, "order-0001");
    assert_eq!(ids(&journey), [1, 9, 30]);
    let lines: Vec<&str> = journey.logs.iter().map(|l| l.line.as_str()).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(journey.joins.iter().any(|j| matches!(&j.reason, Reason::LogLine { service } if service == "writer")));
    assert!(journey.joins.iter().any(|j| j.trace_id == Some(trace_id(2)) && matches!(j.reason, Reason::Link { .. })));
}

#[test]
fn a_value_of_another_key_makes_no_span_foreign() {
    let with_request = |mut span: Span| {
        span.attributes.push("request_id", Value::Text("r-1".into()));
        span
    };
    let spans = vec![
        with_id(span(1, 1, 0, "a", 0..90), "order-0001"),
        with_request(span(1, 2, 1, "a", 1..40)),
        with_request(linked(span(2, 20, 0, "b", 50..60), 1, 1)),
        span(2, 21, 20, "b", 51..52),
    ];
    let mut query = query(Subject::correlation("order-0001"));
    query.keys.push("request_id".into());
    let journey = stitch(Evidence { spans: spans.clone(), ..Evidence::default() }, &query);
    assert_eq!((ids(&journey), journey.related.len()), (vec![1, 2, 20, 21], 0));
    assert!(journey.is_own.iter().all(|is_own| *is_own));
    query.subject = Subject::trace(trace_id(1));
    let journey = stitch(Evidence { spans, ..Evidence::default() }, &query);
    assert_eq!(journey.correlation_id.as_deref(), Some("order-0001"), "the likeliest key decides");
}

#[test]
fn lines_of_a_trace_that_was_not_stored_belong_all_the_same() {
    let lines = vec![line(1, "order-0001 sent", Some(7)), line(2, "and then it broke", Some(7))];
    let journey = stitched(vec![], lines, "order-0001");
    assert_eq!(journey.logs.len(), 2);
    assert_eq!((journey.not_fetched, journey.not_stored), (vec![trace_id(7)], vec![]), "no source was asked for it");
}

#[test]
fn one_outlier_among_many_pairs_is_not_a_clock_that_is_off() {
    let mut spans = vec![];
    for n in 0..100 {
        let (client, server) = (2 * n + 1, 2 * n + 2);
        let at = i64::try_from(n).unwrap() * 1_000;
        let early = if n == 50 { -900 } else { 5 };
        spans.push(with_id(kind(span(1, client, 0, "web", at..at + 20), SpanKind::Client), "order-0001"));
        spans.push(kind(span(1, server, client, "shop", at + early..at + early + 10), SpanKind::Server));
    }
    assert_eq!(stitched(spans, vec![], "order-0001").skew, []);
}

#[test]
fn a_message_is_its_id_on_its_topic() {
    let message = |span: Span, kind: SpanKind, topic: &str| {
        let mut span = Span { kind, ..span };
        span.attributes.push("messaging.destination.name", Value::Text(topic.into()));
        span.attributes.push("messaging.message.id", Value::Text("17".into()));
        span
    };
    let spans = vec![
        message(with_id(span(1, 1, 0, "shop", 0..2), "order-0001"), SpanKind::Producer, "a"),
        message(with_id(span(1, 2, 0, "shop", 4..6), "order-0001"), SpanKind::Producer, "b"),
        message(span(2, 20, 0, "stock", 10..12), SpanKind::Consumer, "a"),
        message(span(3, 30, 0, "bill", 11..13), SpanKind::Consumer, "b"),
        message(span(4, 40, 0, "else", 12..14), SpanKind::Consumer, "c"),
    ];
    let journey = stitched(spans, vec![], "order-0001");
    assert_eq!(ids(&journey), [1, 2, 20, 30], "another topic is another message");
    assert_eq!(journey.forest.cause[2], Some((0, CauseKind::Message)));
    assert_eq!(journey.forest.cause[3], Some((1, CauseKind::Message)));
}

#[test]
fn a_short_id_counts_only_as_the_value_of_a_key() {
    let mut field = line(1, "order=42", None);
    field.fields = vec![("status".into(), "42".into())];
    let mut key = line(2, "correlation_id=42", None);
    key.fields = vec![("correlation_id".into(), "42".into())];
    let journey = stitched(vec![], vec![field, key, line(3, "42 is the answer", None)], "42");
    assert_eq!(journey.logs.len(), 1);
    assert_eq!(journey.logs[0].line, "correlation_id=42");
}

#[test]
fn a_trace_leads_on_to_the_one_id_that_it_carries() {
    let one = vec![with_id(span(1, 1, 0, "a", 0..9), "order-0001"), with_id(span(2, 2, 0, "b", 20..29), "order-0001")];
    let evidence = |spans| Evidence { spans, ..Evidence::default() };
    let journey = stitch(evidence(one.clone()), &query(Subject::trace(trace_id(1))));
    assert_eq!((ids(&journey), journey.correlation_id.as_deref()), (vec![1, 2], Some("order-0001")));
    let mut several = one;
    several.push(with_id(span(1, 3, 1, "a", 1..2), "order-0002"));
    let journey = stitch(evidence(several), &query(Subject::trace(trace_id(1))));
    assert_eq!((ids(&journey), journey.correlation_id), (vec![1, 3], None));
    assert_eq!(journey.several_ids, ["order-0001", "order-0002"]);
}

#[test]
fn a_clock_that_is_off_is_found_with_its_amount_and_the_right_one_blamed() {
    let pair = |off: i64| {
        vec![
            with_id(kind(span(1, 1, 0, "web", 0..100), SpanKind::Client), "order-0001"),
            kind(span(1, 2, 1, "shop", 10 + off..90 + off), SpanKind::Server),
            kind(span(1, 3, 2, "shop", 20 + off..80 + off), SpanKind::Client),
            kind(span(1, 4, 3, "store", 30..70), SpanKind::Server),
        ]
    };
    assert!(stitched(pair(0), vec![], "order-0001").skew.is_empty());
    let skew = stitched(pair(1_500), vec![], "order-0001").skew;
    assert_eq!(skew.len(), 1, "{skew:?}");
    assert_eq!((skew[0].service.as_str(), skew[0].ahead_ns), ("shop", 1_500 * MS));
    let skew = stitched(pair(-1_500), vec![], "order-0001").skew;
    assert_eq!((skew[0].service.as_str(), skew[0].ahead_ns), ("shop", -1_500 * MS));
}

#[test]
fn self_parents_cycles_and_repeats_lose_no_span() {
    let spans = vec![
        with_id(span(1, 1, 1, "a", 0..9), "order-0001"),
        span(1, 2, 3, "a", 2..9),
        span(1, 3, 2, "a", 3..9),
        span(1, 3, 2, "a", 3..9),
    ];
    let journey = stitched(spans, vec![], "order-0001");
    assert_eq!(ids(&journey), [1, 2, 3]);
    assert_eq!(journey.oddities.len(), 3, "{:?}", journey.oddities);
    assert_eq!(journey.forest.roots, [0, 1]);
}

#[test]
fn a_hundred_thousand_deep_chain_is_planted() {
    let spans: Vec<Span> =
        (1..=100_000).map(|n| span(1, n, n - 1, "deep", i64::try_from(n).unwrap()..200_000)).collect();
    let mut spans = spans;
    spans[0] = with_id(spans[0].clone(), "order-0001");
    let journey = stitched(spans, vec![], "order-0001");
    assert_eq!((journey.spans.len(), journey.forest.roots.len()), (100_000, 1));
}

/// A span as drawn at random: trace, ID, parent, start, link.
type Drawn = (u128, u64, u64, u8, Option<(u128, u64)>);

fn any_spans() -> impl Strategy<Value = Vec<Span>> {
    let one = (1u128..4, 1u64..9, 0u64..9, 0u8..9, prop::option::weighted(0.2, (1u128..4, 1u64..9)));
    prop::collection::vec(one, 1..12).prop_map(|all| all.into_iter().map(drawn).collect())
}

fn drawn((trace, id, parent, start, link): Drawn) -> Span {
    let start = i64::from(start);
    let made = with_id(span(trace, id, parent, ["a", "b"][id as usize % 2], start..start + 9), "order-0001");
    link.map_or(made.clone(), |(trace, id)| linked(made, trace, id))
}

/// The spans that a span may follow from, by a naive rule: any other one that it names as its parent, else that it links to.
fn may_follow(spans: &[Span], index: usize) -> Vec<usize> {
    let span = &spans[index];
    let others = || (0..spans.len()).filter(|other| *other != index);
    let is_parent = |o: &usize| spans[*o].trace_id == span.trace_id && Some(spans[*o].span_id) == span.parent_id;
    let is_linked = |o: &usize| {
        span.links.iter().any(|link| link.trace_id == spans[*o].trace_id && link.span_id == spans[*o].span_id)
    };
    let parents: Vec<usize> = others().filter(is_parent).collect();
    if parents.is_empty() { others().filter(is_linked).collect() } else { parents }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

    /// Parents, links, cycles, repeats of any kind: each span is in the forest once, below one that it names, and
    /// only a cycle makes a root of one that names another span.
    #[test]
    fn the_forest_is_what_a_naive_reader_would_draw(drawn in any_spans()) {
        let drawn_count = drawn.len();
        let journey = stitched(drawn, vec![], "order-0001");
        let (spans, forest) = (&journey.spans, &journey.forest);
        prop_assert!(spans.len() <= drawn_count);
        let mut depth = vec![None; spans.len()];
        let mut open: Vec<(usize, usize)> = forest.roots.iter().map(|root| (*root, 0)).collect();
        while let Some((index, deep)) = open.pop() {
            prop_assert_eq!(depth[index].replace(deep), None, "once");
            open.extend(forest.effects[index].iter().map(|effect| (*effect, deep + 1)));
        }
        prop_assert!(depth.iter().all(Option::is_some), "all");
        let broken: usize = journey.oddities.iter().filter_map(|said| said.split_once(" cycle(s)")?.0.parse::<usize>().ok()).sum();
        let mut cut = 0;
        for (index, cause) in forest.cause.iter().enumerate() {
            let named = may_follow(spans, index);
            match cause {
                Some((from, _)) => prop_assert!(named.contains(from) && depth[index] == depth[*from].map(|deep: usize| deep + 1)),
                None => cut += usize::from(!named.is_empty()),
            }
        }
        prop_assert_eq!(cut, broken, "{:?}", journey.oddities);
    }

    /// The same spans in another order are the same journey.
    #[test]
    fn no_order_of_any_spans_matters((straight, shuffled) in any_spans().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))) {
        let (one, other) = (stitched(straight, vec![], "order-0001"), stitched(shuffled, vec![], "order-0001"));
        prop_assert_eq!(&one.spans, &other.spans);
        prop_assert_eq!(&one.forest.cause, &other.forest.cause);
        prop_assert_eq!((&one.joins, &one.oddities, &one.traces), (&other.joins, &other.oddities, &other.traces));
    }
}

proptest! {
    /// Whatever the parents are, every span is reached from a root exactly once.
    #[test]
    fn every_span_is_in_the_forest_once(parents in prop::collection::vec(0u64..40, 1..40)) {
        let spans = parents.iter().enumerate().map(|(n, parent)| {
            let id = n as u64 + 1;
            with_id(span(1, id, *parent, "x", (id % 7) as i64..20), "order-0001")
        });
        let journey = stitched(spans.collect(), vec![], "order-0001");
        let mut seen = vec![0; journey.spans.len()];
        let mut open = journey.forest.roots.clone();
        while let Some(index) = open.pop() {
            seen[index] += 1;
            prop_assert!(seen[index] == 1);
            open.extend(&journey.forest.effects[index]);
        }
        prop_assert!(seen.iter().all(|n| *n == 1));
    }

    /// The same evidence in any order is the same journey.
    #[test]
    fn order_does_not_matter(order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle()) {
        let spans: Vec<Span> = (0..12).map(|n| {
            let id = n as u64 + 1;
            let made = span(1 + (n as u128 % 3), id, id / 2, ["a", "b"][n % 2], n as i64 / 4..9);
            if n % 3 == 0 { with_id(made, "order-0001") } else { linked(made, 1, 1) }
        }).collect();
        let lines: Vec<LogEntry> = (0..12).map(|n| line(n / 5, &format!("order-0001 line {n}"), Some(1))).collect();
        let shuffled = stitched(
            order.iter().map(|n| spans[*n].clone()).collect(),
            order.iter().map(|n| lines[*n].clone()).collect(),
            "order-0001",
        );
        let straight = stitched(spans, lines, "order-0001");
        prop_assert_eq!(&shuffled.spans, &straight.spans);
        prop_assert_eq!(&shuffled.logs, &straight.logs);
        prop_assert_eq!(&shuffled.forest.cause, &straight.forest.cause);
        prop_assert_eq!(&shuffled.joins, &straight.joins);
    }
}
