//! `trace latency` and `trace map` against the real servers of `tests/stack`: their numbers are those of what was pushed,
//! exactly from spans, and within a bucket from metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::stack::{MetricsPage, address, now, push};
use crate::support::{Trace, trace};
use serde_json::Value;
use trace::model::span::{Span, SpanKind};
use trace::model::time::{HOUR, MINUTE, Timestamp};
use trace::source::demo::{MetricKind, Sample, scenarios};

const JAEGERS: [&str; 2] = ["STACK_JAEGER1_URL", "STACK_JAEGER2_URL"];
/// Who counts spans: both answer the same API, and each has an `increase()` of its own.
const COUNTING: [&str; 2] = ["STACK_PROMETHEUS_URL", "STACK_VICTORIAMETRICS_URL"];
/// Upper bounds of the buckets that are pushed, in milliseconds.
const BOUNDS: [f64; 7] = [5.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, f64::INFINITY];

/// Lengths, and how many failed, by service and name, or by caller and callee.
type Calls = BTreeMap<(String, String), (Vec<i64>, u64)>;

fn at(jaeger: &str) -> Trace {
    trace()
        .env("TRACE_JAEGER_URL", &address(jaeger))
        .env("TRACE_LOKI_URL", &address("STACK_LOKI_URL"))
        .env("TRACE_PROMETHEUS_URL", &address("STACK_PROMETHEUS_URL"))
}

fn counted(server: &str) -> Trace {
    at(JAEGERS[0]).env("TRACE_PROMETHEUS_URL", &address(server))
}

/// Runs of every scenario, a minute apart, in a time that no other test uses; and that time.
async fn pushed() -> (Vec<Span>, [String; 4]) {
    let start = now().plus(-50 * HOUR);
    let mut spans = vec![];
    for (nth, scenario) in scenarios().into_iter().filter(|s| s.name != "clock-off").enumerate() {
        let run = scenario.run(start.plus(nth as i64 * MINUTE), start.0.unsigned_abs() + nth as u64);
        push(&run).await;
        spans.extend(run.spans);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let window = |at: Timestamp| at.rfc3339();
    let flags = ["--start".to_owned(), window(start.plus(-MINUTE)), "--end".to_owned(), window(start.plus(HOUR))];
    (spans, flags)
}

/// A plain count by service and name.
fn truth(spans: &[Span]) -> Calls {
    let mut all = Calls::new();
    for span in spans {
        let row = all.entry((span.service().to_owned(), span.name.clone())).or_default();
        row.0.push(span.duration_ns);
        row.1 += u64::from(span.is_error());
    }
    all.values_mut().for_each(|row| row.0.sort_unstable());
    all
}

fn nearest(sorted: &[i64], percent: usize) -> i64 {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

/// The rows of an answer of `latency`, one for each truth, with how each is called, its lengths and its failures.
fn rows<'a>(json: &'a Value, truth: &'a Calls) -> impl Iterator<Item = (&'a Value, String, &'a [i64], u64)> {
    let rows: Vec<&Value> =
        json["rows"].as_array().expect("rows").iter().filter(|row| text(row, "service") != "old").collect();
    assert_eq!(rows.len(), truth.len());
    rows.into_iter().map(|row| {
        let key = (text(row, "service").to_owned(), text(row, "name").to_owned());
        let (lengths, errors) = &truth[&key];
        (row, format!("{key:?}"), lengths.as_slice(), *errors)
    })
}

fn text<'a>(json: &'a Value, field: &str) -> &'a str {
    json[field].as_str().unwrap_or_default()
}

#[tokio::test]
async fn numbers_are_those_of_what_was_pushed() {
    let (spans, window) = pushed().await;
    let truth = truth(&spans);
    for jaeger in JAEGERS {
        let answer = at(jaeger).args(["latency", "--via", "spans", "-o", "json"]).args(&window).run();
        let json = answer.json();
        assert_eq!(
            (answer.code, &json["complete"]),
            (0, &Value::Bool(true)),
            "{jaeger}: {} {}",
            answer.stderr,
            json["notes"]
        );
        for (row, what, lengths, errors) in rows(&json, &truth) {
            assert_eq!(
                (row["calls"].as_u64(), row["errors"].as_u64()),
                (Some(lengths.len() as u64), Some(errors)),
                "{jaeger} {what}"
            );
            for (name, percent) in [("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99), ("max", 100)] {
                assert_eq!(row[name]["value_ns"].as_i64(), Some(nearest(lengths, percent)), "{jaeger} {what} {name}");
            }
        }
        let map = at(jaeger).args(["map", "--via", "spans", "-o", "json"]).args(&window).run().json();
        let edges = map["edges"].as_array().expect("edges");
        let sent = |edge: &&Value| text(&edge["to"], "kind") == "topic";
        let sent: u64 = edges.iter().filter(sent).filter_map(|edge| edge["calls"].as_u64()).sum();
        let publishes = spans.iter().filter(|span| span.name.starts_with("kafka.publish.")).count();
        assert_eq!(sent, publishes as u64, "{jaeger}");
        let pairs = map["dependencies"].as_array().expect("what Jaeger counts itself");
        assert!(!pairs.is_empty(), "{jaeger}");
        for pair in pairs {
            assert_eq!(pair["jaeger"], pair["seen"], "{jaeger}: {pair}");
        }
        // Asked for fewer than there are: said, and complete all the same.
        let cut =
            at(jaeger).args(["latency", "--via", "spans", "--limit", "3", "-o", "json"]).args(&window).run().json();
        assert_eq!(cut["complete"], true, "{jaeger}");
        assert!(cut["notes"].to_string().contains("\"sampled\""), "{jaeger}: {}", cut["notes"]);
    }
}

/// What a collector would make of these spans, times a number.
fn samples(truth: &Calls, times: f64) -> Vec<Sample> {
    let sample = |family: &'static str, kind, name: &str, labels: Vec<(&'static str, String)>, value: f64| Sample {
        family,
        kind,
        name: name.to_owned(),
        labels,
        value: value * times,
        exemplar: None,
    };
    let labels = |(service, name): &(String, String)| {
        vec![
            ("service_name", service.clone()),
            ("span_name", name.clone()),
            ("span_kind", "SPAN_KIND_SERVER".to_owned()),
        ]
    };
    let (calls, lengths) = ("traces_span_metrics_calls", "traces_span_metrics_duration_milliseconds");
    let mut all = vec![];
    for (key, (sorted, errors)) in truth {
        for (status, n) in [("STATUS_CODE_UNSET", sorted.len() as u64 - errors), ("STATUS_CODE_ERROR", *errors)] {
            let mut labels = labels(key);
            labels.push(("status_code", status.to_owned()));
            all.push(sample(calls, MetricKind::Counter, "traces_span_metrics_calls_total", labels, n as f64));
        }
    }
    for (key, (sorted, _)) in truth {
        for bound in BOUNDS {
            let upto = sorted.iter().filter(|ns| **ns as f64 <= bound * 1e6).count() as f64;
            let mut labels = labels(key);
            labels.push(("le", if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() }));
            all.push(sample(
                lengths,
                MetricKind::Histogram,
                "traces_span_metrics_duration_milliseconds_bucket",
                labels,
                upto,
            ));
        }
        let sum = sorted.iter().map(|ns| *ns as f64 / 1e6).sum();
        all.push(sample(
            lengths,
            MetricKind::Histogram,
            "traces_span_metrics_duration_milliseconds_sum",
            labels(key),
            sum,
        ));
        let count = sorted.len() as f64;
        all.push(sample(
            lengths,
            MetricKind::Histogram,
            "traces_span_metrics_duration_milliseconds_count",
            labels(key),
            count,
        ));
    }
    all
}

/// Calls between services with durations and failures: a plain count.
fn calls(spans: &[Span]) -> Calls {
    let known: BTreeMap<_, &Span> = spans.iter().map(|span| ((span.trace_id, span.span_id), span)).collect();
    let mut all: Calls = BTreeMap::new();
    for span in spans.iter().filter(|span| matches!(span.kind, SpanKind::Server | SpanKind::Consumer)) {
        let caller = span.parent_id.and_then(|parent| known.get(&(span.trace_id, parent)));
        if let Some(caller) = caller.filter(|caller| caller.service() != span.service()) {
            let edge = all.entry((caller.service().to_owned(), span.service().to_owned())).or_default();
            edge.0.push(span.duration_ns);
            edge.1 += u64::from(span.is_error());
        }
    }
    all.values_mut().for_each(|edge| edge.0.sort_unstable());
    all
}

/// What a collector's service graph would make of these calls, each times a number.
fn graph(edges: &[(&Calls, f64)]) -> Vec<Sample> {
    let mut all = vec![];
    let edges = edges.iter().flat_map(|(calls, times)| calls.iter().map(move |edge| (edge, times)));
    for (((client, server), (lengths, errors)), times) in edges {
        let labels = || {
            vec![
                ("client", client.clone()),
                ("server", server.clone()),
                ("connection_type", "messaging_system".to_owned()),
            ]
        };
        let mut add = |family: &'static str, kind, suffix: &str, more: Option<String>, value: f64| {
            let labels = labels().into_iter().chain(more.map(|le| ("le", le))).collect();
            let name = format!("{family}{suffix}");
            all.push(Sample { family, kind, name, labels, value: value * times, exemplar: None });
        };
        let seconds = "traces_service_graph_request_server_seconds";
        add("traces_service_graph_request", MetricKind::Counter, "_total", None, lengths.len() as f64);
        add("traces_service_graph_request_failed", MetricKind::Counter, "_total", None, *errors as f64);
        for bound in BOUNDS {
            let upto = lengths.iter().filter(|ns| **ns as f64 <= bound * 1e6).count() as f64;
            let le = if bound.is_finite() { (bound / 1e3).to_string() } else { "+Inf".to_owned() };
            add(seconds, MetricKind::Histogram, "_bucket", Some(le), upto);
        }
        add(seconds, MetricKind::Histogram, "_sum", None, lengths.iter().map(|ns| *ns as f64 / 1e9).sum());
        add(seconds, MetricKind::Histogram, "_count", None, lengths.len() as f64);
    }
    // One family after the other, as the format wants it.
    all.sort_by_key(|sample| sample.family);
    all
}

/// Calls are those of a service graph, with estimates within the true bucket.
fn assert_graph(server: &str, calls: &Calls, times: u64) {
    let answer = counted(server).args(["map", "--via", "metrics", "--since", "1m", "-o", "json"]).run();
    let json = answer.json();
    assert_eq!(text(&json["basis"], "via"), "metrics", "{server}: {} {}", answer.stderr, json["notes"]);
    let mut shown = BTreeMap::new();
    for edge in json["edges"].as_array().expect("edges") {
        let key = (text(&edge["from"], "name").to_owned(), text(&edge["to"], "name").to_owned());
        let (lengths, _) = calls.get(&key).unwrap_or_else(|| panic!("{server}: {edge}"));
        let (p95, exact) = (edge["p95_ns"].as_i64().expect("a length"), nearest(lengths, 95));
        let bounds = BOUNDS.iter().map(|bound| (bound * 1e6) as i64);
        let low = bounds.clone().filter(|bound| *bound < exact).max().unwrap_or(0);
        let high = bounds.filter(|bound| *bound >= exact).min().unwrap_or(i64::MAX);
        assert!(low <= p95 && p95 <= high, "{server} {key:?}: {p95} for {exact}");
        shown.insert(key, (edge["calls"].as_u64(), edge["errors"].as_u64()));
    }
    let wanted = |(lengths, errors): &(Vec<i64>, u64)| (Some(lengths.len() as u64 * times), Some(errors * times));
    assert_eq!(shown, calls.iter().map(|(key, edge)| (key.clone(), wanted(edge))).collect(), "{server}");
}

/// The same from a collector's metrics: what is new is counted to the last one, lengths are within a bucket. No collector
/// shows a zero before it counts: all that is there before is another service.
#[tokio::test]
async fn metrics_give_the_same_within_their_buckets() {
    let runs = || scenarios().into_iter().filter(|one| one.name != "clock-off").take(9).enumerate();
    let spans: Vec<Span> = runs().flat_map(|(nth, s)| s.run(now(), nth as u64).spans).collect();
    let truth = truth(&spans);
    // Jaeger has its own metrics of services that it knows, at whatever time.
    for (nth, scenario) in runs() {
        push(&scenario.run(now().plus(-60 * HOUR), nth as u64)).await;
    }
    let old = BTreeMap::from([(("old".to_owned(), "GET /".to_owned()), (vec![1_000_000; 7], 2))]);
    let page = MetricsPage::serve(&[samples(&old, 10.0), graph(&[(&old, 10.0)])].concat());
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut all = truth.clone();
    all.extend(old.clone());
    let calls = calls(&spans);
    assert!(calls.len() > 1 && calls.values().any(|(_, errors)| *errors > 0));
    let graph = |times| graph(&[(&old, 10.0), (&calls, times)]);
    page.show(&[samples(&all, 100.0), graph(100.0)].concat());
    tokio::time::sleep(Duration::from_secs(5)).await;
    for server in COUNTING {
        let answer = counted(server).args(["latency", "--since", "1m", "-o", "json"]).run();
        let json = answer.json();
        assert_eq!(
            (answer.code, &json["complete"]),
            (0, &Value::Bool(true)),
            "{server}: {} {}",
            answer.stderr,
            json["notes"]
        );
        assert_eq!(
            (text(&json["basis"], "via"), text(&json["basis"], "metric")),
            ("metrics", "traces_span_metrics_calls_total")
        );
        for (row, what, lengths, errors) in rows(&json, &truth) {
            let counts = [row["calls"].as_u64(), row["errors"].as_u64()];
            assert_eq!(counts, [lengths.len() as u64, errors].map(|n| Some(100 * n)), "{server} {what}");
            for (name, percent) in [("p50", 50), ("p95", 95)] {
                let (shown, exact) = (&row[name], nearest(lengths, percent));
                let (low, high) =
                    (shown["low_ns"].as_i64().unwrap_or(i64::MAX), shown["high_ns"].as_i64().unwrap_or(i64::MAX));
                assert!(low <= exact && exact <= high, "{server} {what} {name}: {exact} in {shown}");
            }
        }
    }
    COUNTING.iter().for_each(|server| assert_graph(server, &calls, 100));
    page.show(&[samples(&all, 200.0), graph(200.0)].concat());
    tokio::time::sleep(Duration::from_secs(5)).await;
    own_metrics_of_jaeger(&truth);
    for server in COUNTING {
        let answer = counted(server).args(["hotspots", "--since", "1m", "--via", "metrics", "-o", "json"]).run();
        let json = answer.json();
        assert_eq!(text(&json["basis"], "via"), "metrics", "{server}: {} {}", answer.stderr, json["notes"]);
        let mut shown: BTreeMap<(String, String), u64> = BTreeMap::new();
        let is_counted = |row: &&Value| row["lines_only"] == false && row["at_least"] == false;
        for row in json["hotspots"].as_array().expect("rows").iter().filter(is_counted) {
            let key = (text(row, "service").to_owned(), text(row, "operation").to_owned());
            *shown.entry(key).or_default() += row["errors"].as_u64().unwrap_or_default();
        }
        shown.retain(|(service, _), _| service != "old");
        let failed = truth.iter().filter(|(_, (_, errors))| *errors > 0);
        assert_eq!(shown, failed.map(|(key, (_, errors))| (key.clone(), errors * 200)).collect(), "{server}");
    }
}

/// The same from Jaeger 2, which asks Prometheus itself: counts as good, estimates within the true bucket.
fn own_metrics_of_jaeger(truth: &Calls) {
    let flags = ["--since", "1m", "--without", "prometheus", "-o", "json"];
    let answer = at(JAEGERS[1]).args(["latency"]).args(flags).run();
    let json = answer.json();
    assert_eq!((answer.code, &json["complete"]), (0, &Value::Bool(true)), "{} {}", answer.stderr, json["notes"]);
    assert_eq!(
        (text(&json["basis"], "metric"), text(&json["basis"], "backend")),
        ("service_operation_call_rate", "jaeger")
    );
    let near = |shown: Option<u64>, exact: u64| shown.is_some_and(|n| n.abs_diff(exact * 100) * 4 <= exact * 100);
    for (row, what, lengths, errors) in rows(&json, truth) {
        assert!(near(row["calls"].as_u64(), lengths.len() as u64), "{what}: {} for {}", row["calls"], lengths.len());
        assert!(near(row["errors"].as_u64(), errors), "{what}: {} for {errors}", row["errors"]);
        for (name, percent) in [("p50", 50), ("p95", 95)] {
            let (shown, exact) = (row[name]["value_ns"].as_i64().expect("a length"), nearest(lengths, percent));
            let bounds = BOUNDS.iter().map(|bound| (bound * 1e6) as i64);
            let low = bounds.clone().filter(|bound| *bound < exact).max().unwrap_or(0);
            let high = bounds.filter(|bound| *bound >= exact).min().unwrap_or(i64::MAX);
            assert!(low <= shown && shown <= high, "{what} {name}: {shown} for {exact}");
        }
    }
    let services: std::collections::BTreeSet<&str> = truth.keys().map(|(service, _)| service.as_str()).collect();
    let json = at(JAEGERS[1]).args(["latency", "--by", "service"]).args(flags).run().json();
    let shown: std::collections::BTreeSet<&str> =
        json["rows"].as_array().expect("rows").iter().map(|row| text(row, "service")).collect();
    assert_eq!((text(&json["basis"], "metric"), shown), ("service_call_rate", services));
    // One that keeps none: said, and spans are read instead.
    let json = at(JAEGERS[0]).args(["latency", "--via", "metrics"]).args(flags).run().json();
    assert_eq!((text(&json["basis"], "via"), &json["complete"]), ("spans", &Value::Bool(false)), "{}", json["notes"]);
}
