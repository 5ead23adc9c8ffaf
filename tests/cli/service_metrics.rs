//! What Jaeger itself counts, as a real one answered (`fixtures/jaeger-service-metrics`): taken where there are no other
//! metrics, and never in the way of spans.

use crate::support::server::{Reply, Server};
use crate::support::{Run, fixture, trace};
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// A Jaeger that knows three services and holds no traces, and answers so about its metrics.
fn ask(args: &[&str], metrics: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Run, Vec<String>) {
    let server = Server::answering(move |line| {
        let ok = |json: Value| Some((200, JSON, json.to_string().into_bytes()));
        match line.split(['?', ' ']).nth(1)? {
            "/api/services" => ok(json!({ "data": ["billing.v1", "shop", "we(i)rd"] })),
            "/api/v3/trace-summaries" => Some((404, "text/plain", b"404 page not found".to_vec())),
            "/api/traces" | "/api/dependencies" => ok(json!({ "data": [] })),
            path if path.starts_with("/api/metrics/") => metrics(line),
            _ => None,
        }
    });
    let without = ["--without", "loki,prometheus", "--jaeger-url", server.url()];
    let run = trace().args(args).args(without).run();
    server.assert_only_expected();
    let asked = server.seen().into_iter().filter(|line| line.contains("/api/metrics/")).collect();
    (run, asked)
}

/// As it was recorded; of two quantiles nothing is known.
#[expect(clippy::unnecessary_wraps, reason = "it is what the server takes")]
fn recorded(line: &str) -> Reply {
    let names = ["calls", "errors", "latencies-0.5", "latencies-0.95"];
    let is_meant = |name: &&&str| match name.split_once('-') {
        Some((word, share)) => {
            line.contains(word) && line.contains(&format!("quantile={share} "))
                || line.contains(&format!("quantile={share}&"))
        }
        None => line.contains(&format!("/{name}?")),
    };
    let body = names.iter().find(is_meant).map(|name| {
        std::fs::read(fixture("jaeger-service-metrics").join(format!("{name}.body"))).expect("the recording")
    });
    Some((200, JSON, body.unwrap_or_else(|| br#"{"name":"","type":"GAUGE","help":"","metrics":[]}"#.to_vec())))
}

#[test]
fn rates_become_counts_and_quantiles_estimates_without_bounds() {
    let (run, asked) = ask(&["latency", "--since", "1h", "-o", "json"], recorded);
    let json = run.json();
    assert_eq!((run.code, &json["complete"]), (0, &json!(true)), "{}", run.stderr);
    assert_eq!(
        json["basis"],
        json!({
            "via": "metrics", "metric": "service_operation_call_rate", "backend": "jaeger",
            "calls": 302_400, "journeys": 0, "lines": 0,
        })
    );
    let of = |row: &Value| {
        (row["name"].clone(), row["calls"].clone(), row["errors"].clone(), row["p95"].clone(), row["p99"].clone())
    };
    let rows: Vec<_> = json["rows"].as_array().expect("rows").iter().map(of).collect();
    let p95 = json!({ "value_ns": 775_000_000, "low_ns": 0, "high_ns": null });
    assert!(rows.contains(&(json!("GET /x"), json!(72_000), json!(14_400), p95.clone(), Value::Null)), "{rows:?}");
    assert!(rows.contains(&(json!("do \"it\""), json!(36_000), json!(0), p95, Value::Null)), "{rows:?}");
    assert!(asked.iter().all(|line| line.contains("service=we%5C%28i%5C%29rd") && line.contains("service=billing.v1")));
    assert!(asked.iter().all(|line| line.contains("ratePer=3600000") && line.contains("spanKind=producer")));

    let (run, _) = ask(&["latency", "--service", "shop", "--since", "1h"], recorded);
    assert!(run.stdout.contains("counted by service_operation_call_rate of jaeger itself"), "{}", run.stdout);
    assert!(run.stdout.contains("~775 ms") && !run.stdout.contains("charge"), "{}", run.stdout);
    let (run, _) = ask(&["hotspots", "--since", "1h"], recorded);
    assert!(run.stdout.contains("100 %") && run.stdout.contains("billing.v1"), "{}", run.stdout);
}

type Metrics = fn(&str) -> Reply;

#[test]
fn where_it_tells_nothing_spans_are_read_and_what_was_asked_for_by_name_is_missed() {
    const DISABLED: &[u8] = br#"{"data":null,"errors":[{"code":501,"msg":"metrics querying is currently disabled"}]}"#;
    let disabled = |_: &str| -> Reply { Some((501, JSON, DISABLED.to_vec())) };
    let broken =
        |_: &str| -> Reply { Some((400, JSON, br#"{"errors":[{"code":400,"msg":"no such label"}]}"#.to_vec())) };
    let odd = |_: &str| -> Reply { Some((200, JSON, br#"{"data":[]}"#.to_vec())) };
    let table: [(&str, Metrics, &[&str], i32, &str); 8] = [
        ("none kept", disabled, &[], 0, ""),
        ("none kept", disabled, &["--via", "metrics"], 3, "keeps none of its own"),
        ("refused", broken, &[], 0, "no such label"),
        ("refused", broken, &["--via", "metrics"], 3, "no such label"),
        ("something else", odd, &[], 0, "could not be had"),
        ("no whole hours", recorded, &["--since", "90m"], 0, "whole hours"),
        ("no whole hours, none kept", disabled, &["--since", "90m"], 0, ""),
        ("no whole hours", recorded, &["--since", "90m", "--via", "metrics"], 3, "whole hours"),
    ];
    for (what, metrics, args, code, said) in table {
        let (run, _) = ask(&[&["latency", "-o", "json"], args].concat(), metrics);
        let json = run.json();
        assert_eq!((run.code, &json["basis"]["via"]), (code, &json!("spans")), "{what} {args:?}: {}", json["notes"]);
        assert_eq!(json["complete"], code == 0, "{what} {args:?}");
        let notes = json["notes"].to_string();
        assert!(
            notes.contains(said) && (!said.is_empty() || !notes.contains("own metrics")),
            "{what} {args:?}: {notes}"
        );
    }
}

/// A Prometheus with calls and a service graph, and a histogram that holds nothing; beside it a Jaeger that counts half of it.
fn graphed(line: &str) -> Reply {
    let vector = |rows: &[(Value, u32)]| {
        let row = |(metric, n): &(Value, u32)| json!({ "metric": metric, "value": [0, n.to_string()] });
        let rows: Vec<Value> = rows.iter().map(row).collect();
        json!({ "status": "success", "data": { "resultType": "vector", "result": rows } })
    };
    let call = |service, kind, n| (json!({ "service_name": service, "span_name": "do", "span_kind": kind }), n);
    let edge = |client, server, how| json!({ "client": client, "server": server, "connection_type": how });
    let json = match line.split(['?', ' ']).nth(1)? {
        "/api/v1/label/__name__/values" => {
            let names = ["calls_total", "duration_milliseconds_bucket", "traces_service_graph_request_total"];
            json!({ "status": "success", "data": names })
        }
        "/api/v1/labels" => json!({ "status": "success", "data": ["service_name", "span_name", "span_kind"] }),
        "/api/v1/query" if line.contains("duration_") => vector(&[]),
        "/api/v1/query" if line.contains("last_over_time") && !line.contains("group") => vector(&[]),
        "/api/v1/query" if line.contains("traces_service_graph_request_total") => vector(&[
            (edge("user", "front", "virtual_node"), 100),
            (edge("front", "cart", ""), 80),
            (edge("front", "mail", "messaging_system"), 20),
        ]),
        "/api/v1/query" if line.contains("calls_total") => {
            vector(&[call("front", "SPAN_KIND_SERVER", 100), call("cron", "SPAN_KIND_INTERNAL", 60)])
        }
        "/api/services" => json!({ "data": ["cron", "db", "front"] }),
        "/api/v3/trace-summaries" => return Some((404, "text/plain", b"404 page not found".to_vec())),
        "/api/dependencies" => json!({ "data": [
            { "parent": "front", "child": "cart", "callCount": 40 },
            { "parent": "front", "child": "mail", "callCount": 19 },
        ] }),
        _ => return None,
    };
    Some((200, JSON, json.to_string().into_bytes()))
}

#[test]
fn metrics_name_their_limits_and_are_refused_where_they_hold_nothing() {
    let server = Server::answering(graphed);
    let at = ["--without", "loki", "--jaeger-url", server.url(), "--prometheus-url", server.url()];
    let ask = |args: &[&str]| trace().args(args).args(at).run();
    let map = ask(&["map"]).stdout;
    for said in [
        "(outside) → front\n",
        "→ cart\n",
        "topics, links, lost trace context: metrics tell none of it",
        "jaeger    counts 1 edge otherwise: it counts what is stored",
        "front → cart: 40 there, 80 here",
    ] {
        assert!(map.contains(said), "{said}: {map}");
    }
    let latency = ask(&["latency", "--by", "service"]).stdout;
    for said in [
        "front  is called most: 100 calls\n",
        "no lengths",
        "metrics tell none of it",
        "of cron all spans",
        "db not in: known to jaeger",
    ] {
        assert!(latency.contains(said), "{said}: {latency}");
    }
    server.assert_only_expected();
    let beyond: [(&[&str], &str); 2] = [
        (&["map", "--operation", "do"], "--operation asks"),
        (&["latency", "--by", "attribute=k"], "--by attribute asks"),
    ];
    for (args, said) in beyond {
        let run = ask(&[args, &["--via", "metrics"]].concat());
        assert!(run.code == 2 && run.stderr.contains(said), "{args:?}: {}", run.screen());
    }
    let run = ask(&["latency", "--by", "attribute"]);
    assert!(run.code == 2 && run.stderr.contains("attribute:KEY, such as attribute:tenant"), "{}", run.screen());
}
