//! The same traces through `trace` and through a short, obvious reader of their JSON: no difference.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};
use trace::model::journey::Journey;
use trace::model::time::Timestamp;
use trace::query::{Query, Subject};
use trace::stitch::stitch;

/// 2026-11-22T13:02:11.112Z in µs.
const T0: u64 = 1_795_352_531_112_000;
const KINDS: [&str; 4] = ["internal", "server", "client", "unspecified"];

/// Some traces of one journey: the first carries the ID, the others carry it or are linked to one before.
fn traces(rng: &mut Rng) -> Vec<Value> {
    let mut all: Vec<Value> = vec![];
    for trace in 1..=rng.u64(1..5) {
        let size = rng.u64(1..12);
        let mut spans: Vec<Value> = vec![];
        for n in 0..size {
            let parent = (n > 0 && rng.u8(..10) > 0).then(|| rng.u64(0..n)).map(|p| id(trace, p));
            let (start, length) = parent.as_ref().map_or((rng.u64(..5_000), rng.u64(..5_000)), |parent| {
                let parent = spans.iter().find(|span| span["id"] == *parent).expect("it is there");
                (parent["start"].as_u64().expect("a number") + rng.u64(..50), rng.u64(..900))
            });
            let parent = if n > 0 && rng.u8(..20) == 0 { Some("00000000000dead0".to_owned()) } else { parent };
            spans.push(json!({
                "trace": format!("{trace:032x}"), "id": id(trace, n), "parent": parent, "start": start, "length": length,
                "service": format!("s{}", rng.u8(..4)), "kind": KINDS[rng.usize(..4)], "name": format!("op{}", rng.u8(..9)),
                "error": rng.u8(..6) == 0, "carries": false, "link": null,
            }));
        }
        let first = rng.usize(..spans.len());
        match all.len() {
            before if before > 0 && rng.bool() => {
                let to = &all[rng.usize(..before)];
                // Only a root follows by a link.
                spans[0]["link"] = json!([to["trace"], to["id"]]);
            }
            _ => spans[first]["carries"] = json!(true),
        }
        all.extend(spans);
    }
    rng.shuffle(&mut all);
    all
}

fn id(trace: u64, n: u64) -> String {
    format!("{:016x}", trace * 1_000 + n + 1)
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn as_jaeger(spans: &[Value]) -> String {
    let span = |s: &Value| {
        let mut references = vec![];
        if let Some(parent) = s["parent"].as_str() {
            references.push(json!({"refType": "CHILD_OF", "traceID": s["trace"], "spanID": parent}));
        }
        if let Some(link) = s["link"].as_array() {
            references.push(json!({"refType": "FOLLOWS_FROM", "traceID": link[0], "spanID": link[1]}));
        }
        let mut tags = vec![json!({"key": "span.kind", "type": "string", "value": s["kind"]})];
        tags.extend((s["error"] == true).then(|| json!({"key": "error", "type": "bool", "value": true})));
        tags.extend(
            (s["carries"] == true).then(|| json!({"key": "correlation_id", "type": "string", "value": "order-0001"})),
        );
        json!({"traceID": s["trace"], "spanID": s["id"], "operationName": s["name"], "references": references, "tags": tags,
            "startTime": T0 + number(&s["start"]), "duration": s["length"], "process": {"serviceName": s["service"]}})
    };
    let traces: Vec<Value> = spans.iter().map(|s| json!({"traceID": s["trace"], "spans": [span(s)]})).collect();
    json!({ "data": traces }).to_string()
}

fn as_otlp(spans: &[Value]) -> String {
    let span = |s: &Value| {
        let kind = KINDS.iter().position(|kind| s["kind"] == *kind).map_or(0, |at| (at + 1) % 4);
        let start = (T0 + number(&s["start"])) * 1_000;
        let links: Vec<Value> = s["link"].as_array().iter().map(|l| json!({"traceId": l[0], "spanId": l[1]})).collect();
        let carried = json!([{"key": "correlation_id", "value": {"stringValue": "order-0001"}}]);
        let span = json!({"traceId": s["trace"], "spanId": s["id"], "parentSpanId": s["parent"], "name": s["name"],
            "kind": kind, "links": links, "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": (start + number(&s["length"]) * 1_000).to_string(),
            "status": if s["error"] == true { json!({"code": 2}) } else { json!({}) },
            "attributes": if s["carries"] == true { carried } else { json!([]) }});
        let service = json!({"attributes": [{"key": "service.name", "value": {"stringValue": s["service"]}}]});
        json!({"resource": service, "scopeSpans": [{"spans": [span]}]})
    };
    json!({ "resourceSpans": spans.iter().map(span).collect::<Vec<_>>() }).to_string()
}

/// What must be shown: each span with its parent and depth, in order; then each trace.
fn expected(spans: &[Value]) -> (Vec<Value>, BTreeMap<String, Value>) {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|s| {
        (number(&s["start"]), u64::MAX - number(&s["length"]), s["trace"].to_string(), s["id"].to_string())
    });
    let find = |trace: &Value, id: &Value| spans.iter().find(|s| s["trace"] == *trace && s["id"] == *id);
    let cause = |s: &Value| find(&s["trace"], &s["parent"]).or_else(|| find(&s["link"][0], &s["link"][1])).cloned();
    let depth = |s: &Value| std::iter::successors(cause(s), |above| cause(above)).count();
    let mut rows = vec![];
    let mut traces: BTreeMap<String, Value> = BTreeMap::new();
    for s in &spans {
        let from = cause(s).map(|above| above["id"].clone());
        rows.push(json!([s["trace"], s["id"], s["service"], s["name"], s["kind"], s["error"], from, depth(s)]));
        let of = || spans.iter().filter(|other| other["trace"] == s["trace"]);
        let first = of().map(|o| number(&o["start"])).min().expect("one");
        let last = of().map(|o| number(&o["start"]) + number(&o["length"])).max().expect("one");
        let errors = of().filter(|o| o["error"] == true).count();
        let orphans = of().filter(|o| o["parent"].is_string() && find(&o["trace"], &o["parent"]).is_none()).count();
        let summary = json!([(T0 + first) * 1_000, (last - first) * 1_000, of().count(), errors, orphans]);
        traces.insert(s["trace"].as_str().expect("an ID").to_owned(), summary);
    }
    (rows, traces)
}

/// The same of a journey.
fn shown(journey: &Journey) -> (Vec<Value>, BTreeMap<String, Value>) {
    let mut depth = vec![0; journey.spans.len()];
    let mut open = journey.forest.roots.clone();
    while let Some(index) = open.pop() {
        for effect in &journey.forest.effects[index] {
            depth[*effect] = depth[index] + 1;
            open.push(*effect);
        }
    }
    let row = |(index, s): (usize, &trace::model::span::Span)| {
        let from = journey.forest.cause[index].map(|(cause, _)| journey.spans[cause].span_id.to_string());
        let (trace, id) = (s.trace_id.to_string(), s.span_id.to_string());
        json!([trace, id, s.service(), s.name, s.kind.as_str(), s.is_error(), from, depth[index]])
    };
    let trace = |t: &trace::model::journey::Trace| {
        let summary = json!([t.start.0, t.duration_ns, t.span_count, t.error_count, t.orphan_count]);
        (t.trace_id.to_string(), summary)
    };
    (journey.spans.iter().enumerate().map(row).collect(), journey.traces.iter().map(trace).collect())
}

#[test]
fn five_hundred_journeys_equal_those_of_a_naive_reader() {
    for seed in 0..500 {
        let spans = traces(&mut Rng::with_seed(seed));
        let expected = expected(&spans);
        for text in [as_jaeger(&spans), as_otlp(&spans)] {
            let evidence = trace::source::file::read("run.json", &text).unwrap_or_else(|e| panic!("{seed}: {e}"));
            assert_eq!(evidence.notes, [], "{seed}");
            let keys = vec!["correlation_id".to_owned()];
            let journey = stitch(evidence, &Query::about(Subject::correlation("order-0001"), keys, Timestamp(0)));
            let shown = shown(&journey);
            for (one, other) in shown.0.iter().zip(&expected.0) {
                assert_eq!(one, other, "{seed}: {text}");
            }
            assert_eq!((shown.0.len(), &shown.1), (expected.0.len(), &expected.1), "{seed}: {text}");
            assert_eq!(journey.oddities, [""; 0], "{seed}");
        }
    }
}
