//! `hotspots` and `latency` from what a Prometheus counts of spans: what is believed, what is added, what is said.

use crate::support::server::{Reply, Server};
use crate::support::{Run, trace};
use serde_json::{Value, json};

const JSON: &str = "application/json";

#[expect(clippy::unnecessary_wraps, reason = "it is what the server takes")]
fn ok(data: Value) -> Reply {
    Some((200, JSON, json!({ "status": "success", "data": data }).to_string().into_bytes()))
}

/// An instant vector of these labels and values.
fn vector(all: &[(Value, &str)]) -> Reply {
    let one = |(labels, value): &(Value, &str)| json!({ "metric": labels, "value": [1_795_442_700, value] });
    ok(json!({ "resultType": "vector", "result": all.iter().map(one).collect::<Vec<_>>() }))
}

/// The parameter of a request, as it was before it was encoded.
fn parameter(line: &str, name: &str) -> String {
    let encoded = line.split(['?', ' ']).skip(2).collect::<Vec<_>>().join("&");
    let all = url::form_urlencoded::parse(encoded.as_bytes());
    all.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect::<Vec<_>>().join(" ")
}

/// What a Prometheus holds: names, the labels of each, and what it answers to a query about the last hour. Of the hour
/// before it has 51 calls.
struct Held {
    names: &'static [&'static str],
    labels: fn(&str) -> &'static [&'static str],
    answer: fn(&str) -> Reply,
}

const SPANS: &[&str] = &["service_name", "span_name", "span_kind", "status_code"];

fn call(service: &str, status: &str) -> Value {
    json!({ "service_name": service, "span_name": "GET /x", "span_kind": "SPAN_KIND_SERVER", "status_code": status })
}

fn ask(args: &[&str], held: Held, jaeger: fn(&str) -> Reply) -> Run {
    let prometheus = Server::answering(move |line| match line.split(['?', ' ']).nth(1)? {
        "/api/v1/label/__name__/values" => ok(json!(held.names)),
        "/api/v1/labels" => ok(json!((held.labels)(&parameter(line, "match[]")))),
        "/api/v1/query" if is_now(line) => (held.answer)(&parameter(line, "query")),
        "/api/v1/query" => before(&parameter(line, "query")),
        "/api/v1/query_range" => ok(json!({ "resultType": "matrix", "result": [] })),
        _ => None,
    });
    let jaeger = Server::answering(move |line| match line.split(['?', ' ']).nth(1)? {
        "/api/services" => ok(json!(["shop", "legacy"])),
        "/api/v3/trace-summaries" => Some((404, "text/plain", b"404 page not found".to_vec())),
        "/api/dependencies" => ok(json!([])),
        path if path.starts_with("/api/metrics/") => Some((501, JSON, br#"{"data":null,"errors":[]}"#.to_vec())),
        _ => jaeger(line),
    });
    let run = trace()
        .args(args)
        .args(["--start", &(TO - 3_600).to_string(), "--end", &TO.to_string()])
        .args(["--without", "loki", "--prometheus-url", prometheus.url(), "--jaeger-url", jaeger.url()])
        .run();
    prometheus.assert_only_expected();
    jaeger.assert_only_expected();
    run
}

/// When the hour that is asked about ends, in seconds.
const TO: u32 = 1_795_442_700;

fn is_now(line: &str) -> bool {
    parameter(line, "time").parse() == Ok(f64::from(TO))
}

/// 93 good calls of a shop, and nothing that is new.
fn good(query: &str) -> Reply {
    match () {
        () if query.starts_with("count(") => vector(&[(json!({}), "3")]),
        () if query.contains("last_over_time") => vector(&[]),
        () => vector(&[(call("shop", "STATUS_CODE_UNSET"), "93")]),
    }
}

/// The hour before: other numbers.
fn before(query: &str) -> Reply {
    if query.starts_with("count(") || query.contains("last_over_time") {
        return good(query);
    }
    vector(&[(call("shop", "STATUS_CODE_UNSET"), "50"), (call("shop", "STATUS_CODE_ERROR"), "1")])
}

/// No traces at all.
fn no_traces(_: &str) -> Reply {
    ok(json!([]))
}

/// A trace of a shop that fails because of its callee, without a span status.
fn passed_on(_: &str) -> Reply {
    let now = u64::from(TO) * 1_000_000;
    let span = |id: &str, of: &str, name: &str, from: u64, took: u64, tags: Value| {
        let references =
            if of.is_empty() { json!([]) } else { json!([{ "refType": "CHILD_OF", "traceID": "a1", "spanID": of }]) };
        let process = if id == "b1" { "p1" } else { "p2" };
        json!({ "traceID": "a1", "spanID": id, "operationName": name, "references": references,
            "startTime": now - 60_000_000 + from, "duration": took, "tags": tags, "logs": [], "processID": process })
    };
    let kind = json!({ "key": "span.kind", "type": "string", "value": "server" });
    let failed = json!({ "key": "error", "type": "bool", "value": true });
    let status = json!({ "key": "http.status_code", "type": "int64", "value": 500 });
    let spans = [
        span("b1", "", "GET /x", 0, 900, json!([kind, failed])),
        span("b2", "b1", "GET /items", 100, 500, json!([kind, status])),
    ];
    let processes =
        json!({ "p1": { "serviceName": "shop", "tags": [] }, "p2": { "serviceName": "legacy", "tags": [] } });
    ok(json!([{ "traceID": "a1", "spans": spans, "processes": processes }]))
}

#[test]
fn what_counts_something_else_or_nothing_is_not_taken_for_spans() {
    let (first, second) = ("traces_span_metrics_calls_total", "calls_total");
    // What answers to `sum`, and which labels each metric has; the metric that is read.
    let foreign = Held {
        names: &["calls_total"],
        labels: |_| &["job", "instance", "service"],
        answer: |_| vector(&[(json!({ "service": "asterisk-exporter" }), "12000")]),
    };
    let dead = Held {
        names: &["traces_span_metrics_calls_total", "calls_total"],
        labels: |_| SPANS,
        answer: |query| match () {
            () if query.contains("increase(calls_total") && !query.contains("last_over_time") => {
                vector(&[(call("shop", "STATUS_CODE_UNSET"), "40"), (call("shop", "STATUS_CODE_ERROR"), "10")])
            }
            () => vector(&[]),
        },
    };
    let without_status = Held {
        names: &["calls_total"],
        labels: |_| &["service_name", "span_name", "span_kind"],
        answer: |_| vector(&[(call("shop", ""), "12000")]),
    };
    for (held, read) in [(foreign, None), (dead, Some(second)), (without_status, None)] {
        let json = ask(&["hotspots", "-o", "json"], held, no_traces).json();
        assert_eq!(json["basis"]["metric"].as_str(), read, "{json:#}");
        assert_ne!(json["basis"]["metric"].as_str(), Some(first));
    }
}

/// A shop's calls.
fn shop(answer: fn(&str) -> Reply) -> Held {
    Held { names: &["calls_total"], labels: |_| SPANS, answer }
}

/// Seven errors that are new.
fn new_errors(query: &str) -> Reply {
    if query.contains("last_over_time") { vector(&[(call("shop", "STATUS_CODE_ERROR"), "7")]) } else { good(query) }
}

fn refused(query: &str) -> Reply {
    if !query.contains("last_over_time") {
        return good(query);
    }
    Some((422, JSON, br#"{"status":"error","errorType":"execution","error":"too many samples"}"#.to_vec()))
}

#[test]
fn what_is_new_is_counted_from_zero_and_what_cannot_be_had_of_it_is_said() {
    let run = ask(&["hotspots", "-o", "json", "--fail-on", "error"], shop(new_errors), passed_on);
    let json = run.json();
    let rows: Vec<String> = json["hotspots"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            format!(
                "{} {} {} of {} {} {}",
                row["service"], row["part"], row["errors"], row["calls"], row["errors_before"], row["at_least"]
            )
        })
        .collect();
    // The deeper error is none to the metric: it was read, and is the origin all the same.
    assert_eq!(rows, [r#""legacy" "origin" 1 of 0 null true"#, r#""shop" "passed_on" 7 of 100 1 false"#], "{json:#}");
    assert_eq!((run.code, &json["complete"]), (1, &json!(true)), "{}", json["notes"]);
    let run = ask(&["hotspots"], shop(refused), no_traces);
    assert!(run.code == 3 && run.stdout.contains("too many samples"), "{} {}", run.code, run.stdout);
}

#[test]
fn a_healthy_platform_is_something_found_and_an_unknown_service_nothing() {
    let well = ask(&["hotspots", "--fail-empty"], shop(good), no_traces);
    assert!(well.code == 0 && well.stdout.starts_with("✓ no errors in 1 h\n"), "{} {}", well.code, well.stdout);
    let typo = ask(&["hotspots", "--fail-empty", "--service", "shpo"], shop(good), passed_on);
    assert!(
        typo.code == 1 && typo.stdout.starts_with("– nothing is as the filters say"),
        "{} {}",
        typo.code,
        typo.stdout
    );
    let mine = ask(&["hotspots", "--fail-on", "error", "--service", "shop", "--via", "spans"], shop(good), passed_on);
    assert!(mine.code == 1 && mine.stdout.starts_with("✗ 1 error in 1 h, passed on"), "{} {}", mine.code, mine.stdout);
}
