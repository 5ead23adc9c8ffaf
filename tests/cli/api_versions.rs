//! The API of a Jaeger is detected from its answers, and the journey is the same.

use std::collections::BTreeSet;

use crate::support::server::{Reply, Server};
use crate::support::{Run, fixture, trace};
use serde_json::Value;

/// The run that was recorded from Jaeger's main branch.
const ID: &str = "62f7c6f9-7c05-43a4-beae-034151654acd";
/// A time in which it lies.
const TIME: [&str; 4] = ["--start", "2026-11-22T23:00:00Z", "--end", "2026-11-23T00:00:00Z"];
const JSON: &str = "application/json";

fn recorded(name: &str) -> Vec<u8> {
    std::fs::read(fixture("jaeger-next").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn find(jaeger: &Server, more: &[&str]) -> Run {
    let args =
        ["find", "--correlation-id", ID, "--without", "loki,prometheus", "--jaeger-url", jaeger.url(), "-o", "json"];
    trace().args(args).args(TIME).args(more).run()
}

fn span_ids(json: &Value) -> BTreeSet<&str> {
    json["spans"].as_array().expect("spans").iter().filter_map(|s| s["span_id"].as_str()).collect()
}

/// Jaeger's main branch: v1 search is gone, v3 filters by attribute without a service.
fn next(line: &str) -> Reply {
    let path = line.split(['?', ' ']).nth(1)?;
    match path {
        "/api/services" => Some((404, "text/plain", recorded("v1-search-removed.body"))),
        "/api/v3/trace-summaries" => Some((400, "text/plain", recorded("v3-search-no-times.body"))),
        "/api/v3/services" => Some((200, JSON, recorded("v3-services.body"))),
        "/api/v3/traces" if line.contains("%22correlation_id%22") && line.contains(ID) => {
            Some((200, JSON, recorded("v3-search-by-attribute-no-service.body")))
        }
        "/api/v3/traces" => Some((404, "text/plain", recorded("v3-search-nothing.body"))),
        _ => None,
    }
}

#[test]
fn the_next_jaeger_is_asked_by_v3_alone_and_gives_the_same_journey() {
    let server = Server::answering(next);
    let answer = find(&server, &[]);
    server.assert_only_expected();
    let json = answer.json();
    assert_eq!((answer.code, &json["complete"]), (0, &Value::Bool(true)), "{}", json["notes"]);
    assert_eq!(json["backends"][0]["detail"], "v3, all services at once");
    assert_eq!(json["traces"].as_array().map(Vec::len), Some(2), "the consumer's trace is joined");
    assert_eq!(json["spans"].as_array().map(Vec::len), Some(12));
    let by_link = json["joins"].as_array().expect("joins").iter().any(|j| j["reason"]["by"] == "link");
    assert!(by_link, "{}", json["joins"]);
    let searches: Vec<String> = server.seen().into_iter().filter(|l| l.contains("/api/v3/traces?")).collect();
    assert_eq!(searches.len(), 10, "one for every key, none for every service");
    for part in ["query.start_time_min=", "query.start_time_max=", "query.num_traces="] {
        assert!(searches.iter().all(|line| line.contains(part)), "{part} is always told");
    }
}

/// The trace that v1 still gives by its ID is, span for span, what v3 gives.
#[test]
fn v1_and_v3_mean_the_same_spans() {
    let server = Server::answering(next);
    let by_v3 = find(&server, &[]).json();
    let file = fixture("jaeger-next").join("v1-trace.body");
    let by_v1 = trace().args(["find", ID, "-o", "json", "--input"]).args([file]).run().json();
    let (v1, v3) = (span_ids(&by_v1), span_ids(&by_v3));
    assert!(v1.is_subset(&v3) && v1.len() == 9, "{v1:?} {v3:?}");
    let of_v1 = |id: &str, json: &Value| {
        let span = json["spans"].as_array().and_then(|all| all.iter().find(|s| s["span_id"] == id).cloned());
        let span = span.unwrap_or_else(|| panic!("no {id}"));
        ["name", "kind", "service", "parent_id", "trace_id"].map(|field| span[field].clone())
    };
    for id in v1 {
        assert_eq!(of_v1(id, &by_v1), of_v1(id, &by_v3));
    }
}

/// A storage that wants a service says so once; then every service is asked.
#[test]
fn a_v3_that_wants_a_service_is_asked_service_by_service() {
    let server = Server::answering(|line| {
        let wants_one = br#"{"error":{"httpCode":400,"message":"this storage backend requires a service name to search; searching all services is not supported"}}"#;
        if line.contains("/api/v3/traces?") && !line.contains("query.service_name=") {
            return Some((400, "text/plain", wants_one.to_vec()));
        }
        next(line)
    });
    let json = find(&server, &["--key", "correlation_id"]).json();
    server.assert_only_expected();
    assert_eq!(json["spans"].as_array().map(Vec::len), Some(12), "{}", json["notes"]);
    assert_eq!(json["backends"][0]["detail"], "v3, 4 services asked");
    assert_eq!(json["complete"], true, "{}", json["notes"]);
}

/// What comes back without carrying the ID is dropped: Lucene matches too much, old servers ignore the filter.
#[test]
fn every_hit_is_filtered_again() {
    let server = Server::answering(|line| match line.split(['?', ' ']).nth(1)? {
        "/api/services" => Some((200, JSON, br#"{"data":["a"],"errors":null}"#.to_vec())),
        "/api/v3/trace-summaries" => Some((404, "text/plain", b"404 page not found".to_vec())),
        "/api/traces" => Some((200, JSON, recorded("v1-trace.body"))),
        _ => None,
    });
    let args = ["find", "--correlation-id", "another-id-altogether", "--without", "loki,prometheus", "-o", "json"];
    let json = trace().args(args).args(["--jaeger-url", server.url()]).args(TIME).run().json();
    server.assert_only_expected();
    assert_eq!(json["spans"].as_array().map(Vec::len), Some(0));
    assert_eq!(json["complete"], true);
}

/// Elasticsearch reads a tag's value as a regular expression: nothing found, it is asked once more, escaped.
#[test]
fn an_id_that_elasticsearch_would_read_as_a_pattern_is_asked_escaped_too() {
    let server = Server::answering(|line| match line.split(['?', ' ']).nth(1)? {
        "/api/services" => Some((200, JSON, br#"{"data":["a"],"errors":null}"#.to_vec())),
        "/api/v3/trace-summaries" => Some((404, "text/plain", b"404 page not found".to_vec())),
        "/api/traces" => Some((200, JSON, br#"{"data":[],"errors":null}"#.to_vec())),
        _ => None,
    });
    let args = ["find", "--correlation-id", "order.77+retry", "--key", "id", "--without", "loki,prometheus"];
    let run = trace().args(args).args(["--jaeger-url", server.url()]).args(TIME).run();
    server.assert_only_expected();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let tags: Vec<String> = server.seen().into_iter().filter(|l| l.contains("tags=")).collect();
    assert!(tags[0].contains("order.77%2Bretry") && tags[1].contains("order%5C%5C.77%5C%5C%2Bretry"), "{tags:#?}");
}

/// A sign-in page, no JSON, a cut-off answer, refusals: each is reported, and the exit code says who must act.
#[test]
fn a_backend_error_is_reported_in_one_sentence() {
    let table: [(u16, &str, &str, i32, &str); 9] = [
        (200, "text/html", "<html><title>Sign in</title></html>", 4, "HTML page"),
        (200, JSON, r#"{"data":null,"errors":[{"code":500,"msg":"boom"}]}"#, 3, "failed: boom"),
        (200, JSON, "{\"data\":[\"a\",", 3, "invalid JSON"),
        (200, JSON, "", 3, "empty answer"),
        (401, "text/plain", "who are you?", 4, "refuses access (HTTP 401): who are you?"),
        (403, "text/plain", "", 4, "refuses access (HTTP 403)"),
        (500, "text/plain", "storage is on fire", 3, "failed (HTTP 500): storage is on fire"),
        (302, "text/plain", "", 3, "redirects"),
        (400, JSON, r#"{"errors":[{"code":400,"msg":"no \u001b[31m way"}]}"#, 3, r"no \x1b[31m way"),
    ];
    for (status, kind, body, code, says) in table {
        let everywhere = move |_: &str| Some((status, kind, body.as_bytes().to_vec()));
        let server = Server::answering(everywhere);
        let args = ["find", "some-id-long-enough", "--without", "loki,prometheus", "--jaeger-url", server.url()];
        let run = trace().args(args).args(["--width", "200"]).run();
        assert_eq!(run.code, code, "{status} {body}: {}", run.screen());
        assert!(run.stdout.contains(says), "{status} {body}: {}", run.screen());
        assert!(run.stdout.contains("NOT COMPLETE") && !run.stdout.contains('\u{1b}'), "{}", run.screen());
    }
}

/// One line that carries the ID, as Loki gives it.
fn one_line(at: i64) -> Vec<u8> {
    let line = format!("{{\\\"correlation_id\\\":\\\"{ID}\\\",\\\"message\\\":\\\"hello {at}\\\"}}");
    let streams = format!(r#"[{{"stream":{{"service_name":"a"}},"values":[["{at}","{line}"]]}}]"#);
    format!(r#"{{"status":"success","data":{{"resultType":"streams","result":{streams}}}}}"#).into_bytes()
}

const NOTHING: &str = r#"{"status":"success","data":{"resultType":"streams","result":[]}}"#;
const LABELS: &str = r#"{"status":"success","data":["service_name"]}"#;
/// 2026-11-22T23:49:45Z.
const THEN: i64 = 1_795_391_385_000_000_000;

fn loki(line: &str, first_page: Reply, second_page: Reply) -> Reply {
    let path = line.split(['?', ' ']).nth(1)?;
    match path {
        "/loki/api/v1/labels" => Some((200, JSON, LABELS.into())),
        "/loki/api/v1/query_range" if line.contains("%7C%3D") && !line.contains(&format!("start={THEN}")) => first_page,
        "/loki/api/v1/query_range" if line.contains("%7C%3D") => second_page,
        "/loki/api/v1/query_range" => Some((200, JSON, NOTHING.into())),
        _ => None,
    }
}

/// A default address at which nothing listens does not fail the command; a configured one does.
#[test]
fn a_prometheus_that_is_not_configured_and_not_there_does_not_fail_the_command() {
    let jaeger = Server::answering(next);
    let args = ["find", "--correlation-id", ID, "--without", "loki", "--jaeger-url", jaeger.url(), "-o", "json"];
    // Where this very machine has a Prometheus in the usual place, there is nothing to be missed.
    if std::net::TcpStream::connect("localhost:9090").is_err() {
        let run = trace().args(args).args(TIME).run();
        let json = run.json();
        assert_eq!((run.code, &json["complete"]), (0, &Value::Bool(true)), "{}", json["notes"]);
        assert_eq!(json["backends"][2]["state"], "not_configured", "{}", json["backends"]);
    }
    let run = trace().args(args).args(TIME).args(["--prometheus-url", "http://localhost:9"]).run();
    let json = run.json();
    assert_eq!((run.code, &json["complete"]), (3, &Value::Bool(false)), "{}", json["notes"]);
    assert_eq!(json["backends"][2]["state"], "unreachable");
    assert_eq!(json["spans"].as_array().map(Vec::len), Some(12), "the rest is there");
}

/// Lines that were read before a page failed are shown, and that the rest is missing.
#[test]
fn what_came_before_a_failing_page_is_kept() {
    let server = Server::answering(|line| {
        loki(line, Some((200, JSON, one_line(THEN))), Some((500, "text/plain", b"ingester on fire".to_vec())))
    });
    let args = ["find", "--correlation-id", ID, "--without", "jaeger,prometheus", "--loki-url", server.url()];
    let run = trace().args(args).args(TIME).args(["--page-size", "1", "-o", "json"]).run();
    let json = run.json();
    assert_eq!((run.code, &json["complete"]), (3, &Value::Bool(false)), "{}", json["notes"]);
    assert_eq!(json["logs"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["backends"][1]["state"], "partial", "{}", json["backends"]);
    assert!(json["notes"].to_string().contains("ingester on fire"));
}

/// Lines that cannot be read count as lines of their page: the next page is asked all the same.
#[test]
fn unreadable_lines_do_not_end_the_reading() {
    let with_broken = format!(
        r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"service_name":"a"}},"values":[["{}",null],["{}",null],["{THEN}","{ID} one"]]}}]}}}}"#,
        THEN - 2,
        THEN - 1
    );
    let server = Server::answering(move |line| {
        loki(line, Some((200, JSON, with_broken.clone().into_bytes())), Some((200, JSON, one_line(THEN + 1))))
    });
    let args = ["find", "--correlation-id", ID, "--without", "jaeger,prometheus", "--loki-url", server.url()];
    let run = trace().args(args).args(TIME).args(["--page-size", "3", "-o", "json"]).run();
    let json = run.json();
    assert_eq!((run.code, json["logs"].as_array().map(Vec::len)), (3, Some(2)), "{}", json["notes"]);
    assert!(json["notes"].to_string().contains("2 lines skipped"), "{}", json["notes"]);
}

/// A door that closes after the first answer needs a person as well; what it says back is not our token.
#[test]
fn a_refusal_after_the_first_answer_needs_a_person_and_shows_no_secret() {
    let server = Server::answering(|line| {
        let refused = Some((403, "text/plain", b"hunter2 may not read this".to_vec()));
        loki(line, refused.clone(), refused)
    });
    let args = ["find", "--correlation-id", ID, "--without", "jaeger,prometheus", "--loki-url", server.url()];
    let run = trace().env("TRACE_LOKI_TOKEN", "hunter2").args(args).args(TIME).args(["-vv"]).run();
    assert_eq!(run.code, 4, "{}", run.screen());
    assert!(run.stdout.contains("[REDACTED] may not read this"), "{}", run.screen());
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{}", run.screen());
}

/// A backend that says nothing at all costs its own part and no more than half of the time.
#[test]
fn a_backend_that_hangs_costs_its_own_part_only() {
    let jaeger = Server::answering(next);
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").expect("a port at which nobody answers");
    let address = format!("http://{}", hanging.local_addr().expect("its address"));
    let args = ["find", "--correlation-id", ID, "--without", "prometheus", "--timeout", "4s", "-o", "json"];
    let run = trace().args(args).args(TIME).args(["--jaeger-url", jaeger.url(), "--loki-url", &address]).run();
    let json = run.json();
    assert_eq!((run.code, json["spans"].as_array().map(Vec::len)), (3, Some(12)), "{}", json["notes"]);
    let states: Vec<&Value> = json["backends"].as_array().expect("backends").iter().map(|b| &b["state"]).collect();
    assert_eq!(states, ["ok", "unreachable", "left_out"]);
}

/// A secret that others can read is not used; the other backends answer all the same.
#[cfg(unix)]
#[test]
fn a_secret_that_cannot_be_had_costs_its_own_backend_only() {
    let jaeger = Server::answering(next);
    let loki = Server::answering(|_| None);
    let config = "[loki]\nauth = { bearer_file = \"token\" }\n";
    let args = ["find", "--correlation-id", ID, "--without", "prometheus", "-o", "json", "--loki-url", loki.url()];
    let run = trace()
        .file(".config/trace/config.toml", config)
        .file(".config/trace/token", "hunter2")
        .args(args)
        .args(TIME)
        .args(["--jaeger-url", jaeger.url()])
        .run();
    let json = run.json();
    assert_eq!((run.code, json["spans"].as_array().map(Vec::len)), (4, Some(12)), "{}", json["notes"]);
    assert!(json["notes"].to_string().contains("chmod 600"), "{}", json["notes"]);
    assert!(loki.seen().is_empty() && !run.stdout.contains("hunter2"));
}
