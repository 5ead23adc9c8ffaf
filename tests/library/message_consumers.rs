//! Who took our messages: asked before anybody is said to have lost one, and checked on our side.

use std::collections::BTreeSet;

use crate::support::jaeger::{Jaeger, transport};
use trace::analysis::journey::findings::known::Knowledge;
use trace::gather::gather;
use trace::gather::sources::Sources;
use trace::model::attribute::Value;
use trace::model::conventions::{CORRELATION_KEYS, MessageRole};
use trace::model::evidence::{Evidence, LookedUp};
use trace::model::id::{SpanId, TraceId};
use trace::model::journey::{Journey, Reason};
use trace::model::span::{Span, SpanKind};
use trace::model::time::{HOUR, MINUTE};
use trace::progress::Progress;
use trace::query::{Query, Subject};
use trace::source::demo::{DemoRun, NOW, scenarios};
use trace::source::server::transport::Limits;
use trace::stitch::stitch;

fn run(name: &str) -> DemoRun {
    let scenario = scenarios().into_iter().find(|s| s.name == name).expect("the scenario");
    scenario.run(NOW.plus(-2 * MINUTE), 7)
}

fn query(run: &DemoRun) -> Query {
    let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
    Query::about(Subject::correlation(&run.correlation_id), keys, NOW)
}

#[tokio::main(flavor = "current_thread")]
async fn gathered(jaeger: &Jaeger, query: &Query) -> Evidence {
    let limits = Limits { requests: query.bounds.requests, ..Limits::default() };
    let evidence = {
        let (backends, transport, progress) = (jaeger.backends(), transport(limits), Progress::silent());
        gather(query, &Sources { backends: &backends, transport: &transport, progress: &progress }).await
    };
    jaeger.server.assert_only_expected();
    assert!(evidence.is_complete(), "{:?}", evidence.notes);
    evidence
}

fn ids(spans: &[Span]) -> BTreeSet<(TraceId, SpanId)> {
    spans.iter().map(|s| (s.trace_id, s.span_id)).collect()
}

/// The journey of a run whose spans were changed before they were stored, and whether all was asked.
fn stitched(run: &DemoRun, change: impl FnMut(&mut Span)) -> (Journey, LookedUp) {
    let mut spans = run.spans.clone();
    spans.iter_mut().for_each(change);
    let query = query(run);
    let evidence = gathered(&Jaeger::holding(&spans), &query);
    let looked_up = evidence.looked_up.clone();
    (stitch(evidence, &query), looked_up)
}

fn drop_attribute(span: &mut Span, key: &str) {
    span.attributes.0.retain(|(k, _)| k != key);
}

fn is_consumer(span: &Span) -> bool {
    span.message_role() == Some(MessageRole::Consume)
}

/// The consumer that carries no ID is found: by link and message, by the link alone, by the message alone.
#[test]
fn a_consumer_that_carries_no_correlation_id_is_found() {
    let run = run("untagged-consumer");
    let first = run.spans[0].trace_id;
    let far = |span: &Span| span.trace_id != first && is_consumer(span);
    let (whole, looked_up) = stitched(&run, |_| {});
    assert_eq!((ids(&whole.spans), looked_up), (run.truth.spans.clone(), LookedUp::All));
    let (by_link, _) = stitched(&run, |span| {
        if far(span) {
            drop_attribute(span, "event.id");
        }
    });
    assert_eq!(ids(&by_link.spans), run.truth.spans, "its topic leads to it");
    let (by_message, _) = stitched(&run, |span| span.links.clear());
    assert_eq!(ids(&by_message.spans), run.truth.spans);
    assert!(by_message.joins.iter().any(|join| matches!(join.reason, Reason::Message { .. })));
}

/// What only looks alike is left out; another journey's trace that links is related, and its arrival is in.
#[test]
fn what_is_found_is_checked_on_our_side() {
    let run = run("untagged-consumer");
    let first = run.spans[0].trace_id;
    let near: BTreeSet<_> = ids(&run.spans).into_iter().filter(|(trace, _)| *trace == first).collect();
    let another = || Value::Text("another-journey".to_owned());
    let (foreign, looked_up) = stitched(&run, |span| {
        span.links.clear();
        if span.trace_id != first {
            span.attributes.push("correlation_id", another());
        }
    });
    assert_eq!((ids(&foreign.spans), looked_up), (near.clone(), LookedUp::All), "the same small number elsewhere");
    let (elsewhere, _) = stitched(&run, |span| {
        span.links.clear();
        if span.trace_id != first && is_consumer(span) {
            drop_attribute(span, "messaging.source");
            span.attributes.push("messaging.source", Value::Text("another.topic".to_owned()));
        }
    });
    assert_eq!(ids(&elsewhere.spans), near, "the same ID on another topic");
    let (related, _) = stitched(&run, |span| {
        if span.trace_id != first {
            span.attributes.push("correlation_id", another());
        }
    });
    assert_eq!((related.related.len(), ids(&related.spans)), (1, run.truth.spans.clone()));
}

/// A lost message is looked up by its ID, then by its topic, in its time, and only once.
#[test]
fn a_lost_message_is_asked_about_once() {
    let run = run("lost-message");
    let jaeger = Jaeger::holding(&run.spans);
    let evidence = gathered(&jaeger, &query(&run));
    assert_eq!(evidence.looked_up, LookedUp::All);
    let searches = jaeger.searches();
    let about = |what: &str| searches.iter().filter(|line| line.contains(what)).count();
    assert_eq!((about("event.id"), about("messaging.source"), about("messaging.destination")), (1, 1, 1));
    let good = Jaeger::holding(&self::run("complete").spans);
    assert_eq!(gathered(&good, &query(&self::run("complete"))).looked_up, LookedUp::NotNeeded);
    assert!(good.searches().iter().all(|line| !line.contains("event.id")), "a good run costs nothing");
}

/// The usual consumers of a topic are looked up only where none is among the spans at hand.
#[test]
fn the_lists_are_asked_where_they_help() {
    let run = run("lost-message");
    let mut spans = run.spans.clone();
    // Another run of yesterday, in which the message was taken.
    let whole = scenarios()[0].run(NOW.plus(-20 * HOUR), 8);
    spans.extend(whole.spans);
    let jaeger = Jaeger::holding(&spans);
    let evidence = gathered(&jaeger, &query(&run));
    let judge = evidence.listed.operations.get("cj_assessment_service").expect("it was asked");
    assert!(
        judge.iter().any(|o| o.kind == SpanKind::Consumer && o.name.ends_with("assessment_request.v1")),
        "{judge:?}"
    );
    let asked = |jaeger: &Jaeger| jaeger.server.seen().iter().filter(|line| line.contains("/operations")).count();
    assert_eq!((asked(&jaeger), evidence.listed.services.len()), (4, 4));
    let mut known = Knowledge::default();
    known.learn(&stitch(evidence.clone(), &query(&run)));
    let taken = |known: &Knowledge| known.consumed.keys().any(|topic| topic.ends_with("assessment_request.v1"));
    assert!(!taken(&known));
    known.learn_lists(&evidence.listed);
    assert!(taken(&known));
    let good = self::run("complete");
    let jaeger = Jaeger::holding(&good.spans);
    let evidence = gathered(&jaeger, &query(&good));
    assert_eq!((asked(&jaeger), evidence.listed.services.len(), evidence.listed.operations.len()), (0, 4, 0));
}

/// Where it cannot be asked, that is known, and nothing else of the answer suffers.
#[test]
fn a_failed_lookup_is_reported() {
    let run = run("lost-message");
    let lost = run.truth.planted.as_ref().expect("the lost one").span;
    let part = |evidence: Evidence| match evidence.looked_up {
        LookedUp::Part { asked, why } if !asked.contains(&lost) => why,
        other => panic!("{other:?}"),
    };
    let sick = Jaeger::with(&run.spans, |line| {
        line.contains("event.id").then(|| (400, "text/plain", b"no such index".to_vec()))
    });
    assert!(part(gathered(&sick, &query(&run))).contains("no such index"));
    let mut few = query(&run);
    few.bounds.requests = 55;
    assert!(part(gathered(&Jaeger::holding(&run.spans), &few)).contains("--max-requests"));
    let nameless =
        |span: &mut Span| ["event.id", "messaging.destination"].iter().for_each(|key| drop_attribute(span, key));
    let (_, looked_up) = stitched(&run, |span| {
        if (span.trace_id, span.span_id) == lost {
            nameless(span);
        }
    });
    assert!(matches!(looked_up, LookedUp::Part { why, .. } if why.contains("neither")));
}

/// Of very many lost messages twenty are asked about, of every topic as many.
#[test]
fn no_more_than_twenty_messages_are_asked_about() {
    let run = run("lost-message");
    let lost = run.truth.planted.as_ref().expect("the lost one").span;
    let mut spans = run.spans.clone();
    let model = spans.iter().find(|s| (s.trace_id, s.span_id) == lost).expect("it").clone();
    for n in 0..30_u64 {
        let mut span = Span { span_id: SpanId::from_hex(&format!("{:016x}", n + 1)).expect("an ID"), ..model.clone() };
        drop_attribute(&mut span, "event.id");
        span.attributes.push("event.id", Value::Text(format!("message-{n}")));
        spans.push(span);
    }
    let evidence = gathered(&Jaeger::holding(&spans), &query(&run));
    let LookedUp::Part { asked, why } = evidence.looked_up else { panic!("{:?}", evidence.looked_up) };
    assert_eq!((asked.len(), why.contains("20")), (20, true), "{why}");
}
