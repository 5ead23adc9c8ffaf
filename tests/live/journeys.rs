//! The binary against the real servers of `tests/stack`: what it finds equals what was pushed.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::stack::{MetricsPage, address, now, push, push_lines};
use crate::support::{Run, Trace, trace};
use serde_json::Value;
use trace::model::log::LogEntry;
use trace::model::time::{SECOND, Timestamp};
use trace::source::demo::{self, Scenario, scenarios};

const JAEGERS: [&str; 2] = ["STACK_JAEGER1_URL", "STACK_JAEGER2_URL"];

/// The binary, pointed at one of the Jaegers and at Loki and Prometheus.
fn at(jaeger: &str) -> Trace {
    trace()
        .env("TRACE_JAEGER_URL", &address(jaeger))
        .env("TRACE_LOKI_URL", &address("STACK_LOKI_URL"))
        .env("TRACE_PROMETHEUS_URL", &address("STACK_PROMETHEUS_URL"))
}

fn find(jaeger: &str, id: &str, more: &[&str]) -> Run {
    at(jaeger).args(["find", "--correlation-id", id, "-o", "json"]).args(more).run()
}

fn texts(json: &Value, list: &str, field: &str) -> BTreeSet<String> {
    let items = json[list].as_array().unwrap_or_else(|| panic!("no {list} in {json}"));
    items.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

fn spans(json: &Value) -> BTreeSet<(String, String)> {
    let id = |span: &Value, field: &str| span[field].as_str().unwrap_or_default().to_owned();
    json["spans"].as_array().expect("spans").iter().map(|s| (id(s, "trace_id"), id(s, "span_id"))).collect()
}

/// Runs of all scenarios, a second apart, pushed; servers need a moment until they answer what they were given.
async fn pushed(back: i64) -> Vec<(Scenario, demo::DemoRun)> {
    let start = now().plus(-back);
    let seed = start.0.unsigned_abs();
    let mut runs = Vec::new();
    for (index, scenario) in scenarios().into_iter().enumerate() {
        let run = scenario.run(start.plus(index as i64 * SECOND), seed + index as u64);
        push(&run).await;
        runs.push((scenario, run));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    runs
}

#[tokio::test]
async fn every_scenario_is_found_whole_on_both_jaegers() {
    for (scenario, run) in pushed(150 * SECOND).await {
        for jaeger in JAEGERS {
            let what = format!("{} on {jaeger}", scenario.name);
            let answer = find(jaeger, &run.correlation_id, &[]);
            let json = answer.json();
            assert_eq!(answer.code, 0, "{what}: {}", answer.stderr);
            assert_eq!(json["complete"], true, "{what}: {}", json["notes"]);
            let expected: BTreeSet<_> = run.truth.spans.iter().map(|(t, s)| (t.to_string(), s.to_string())).collect();
            assert_eq!(spans(&json), expected, "{what}: spans");
            assert_eq!(json["spans"].as_array().map(Vec::len), Some(run.truth.span_count), "{what}: no span twice");
            assert_eq!(texts(&json, "logs", "line"), run.truth.lines, "{what}: lines");
            assert_eq!(json["logs"].as_array().map(Vec::len), Some(run.truth.log_count), "{what}: no line twice");
            let traces: BTreeSet<_> = run.truth.traces.iter().map(ToString::to_string).collect();
            assert_eq!(texts(&json, "traces", "trace_id"), traces, "{what}: traces");
            let failed = json["spans"].as_array().expect("spans").iter().filter(|s| s["error"] == true).count();
            assert_eq!(failed, run.truth.error_spans, "{what}: errors");
        }
    }
}

/// A consumer that carries the ID nowhere is found by the message that it took, its lines with it, on both Jaegers; and
/// a message without a consumer is looked up without a loss.
#[tokio::test]
async fn a_consumer_without_the_id_is_found_by_its_message() {
    let scenario = |fault| scenarios().into_iter().find(|s| s.fault == fault).expect("the scenario");
    let start = now().plus(-90 * SECOND);
    let run = scenario(demo::Fault::UntaggedConsumer).run(start, start.0.unsigned_abs());
    let lost = scenario(demo::Fault::LostMessage).run(start, start.0.unsigned_abs());
    for run in [&run, &lost] {
        push(run).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    // 1.50's v3 takes no attributes.
    for (jaeger, api) in [(JAEGERS[0], "v1"), (JAEGERS[1], "v1"), (JAEGERS[1], "v3")] {
        let (what, more) = (format!("{jaeger} {api}"), ["--key", "correlation_id", "--jaeger-api", api]);
        let json = find(jaeger, &run.correlation_id, &more).json();
        assert_eq!(json["complete"], true, "{what}: {}", json["notes"]);
        assert_eq!(spans(&json).len(), run.truth.span_count, "{what}");
        assert_eq!(texts(&json, "logs", "line"), run.truth.lines, "{what}");
        assert!(json["joins"].to_string().contains(r#""by":"link""#), "{what}: {}", json["joins"]);
        let json = find(jaeger, &lost.correlation_id, &more).json();
        let found = (spans(&json).len(), &json["complete"]);
        assert_eq!(found, (lost.truth.span_count, &Value::Bool(true)), "{what}: {}", json["notes"]);
    }
}

/// Without a time: the hour is widened until the run is there, its lines come with it, and the window is reported.
#[tokio::test]
async fn an_old_run_is_found_by_looking_further_back() {
    for (hours, covered_hours) in [(3, 6), (30, 168)] {
        let start = now().plus(-hours * 3600 * SECOND);
        let mut run = scenarios()[3].run(start, start.0.unsigned_abs());
        let alone = line(start.plus(SECOND), "support_service", 1, &run.correlation_id);
        run.truth.lines.insert(alone.line.clone());
        run.logs.push(alone);
        push(&run).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let answer = find("STACK_JAEGER1_URL", &run.correlation_id, &["--key", "correlation_id"]);
        let json = answer.json();
        assert_eq!((answer.code, &json["complete"]), (0, &Value::Bool(true)), "{hours} h: {}", json["notes"]);
        assert_eq!(spans(&json).len(), run.truth.span_count, "{hours} h");
        assert_eq!(texts(&json, "logs", "line"), run.truth.lines, "{hours} h");
        let from = json["window"]["traces"][0]["from"].as_str().and_then(Timestamp::from_rfc3339).expect("a window");
        let back = now().since(from) / (3600 * SECOND);
        assert_eq!(back, covered_hours, "{hours} h: {}", json["window"]);
    }
}

/// 2.13's v3 ignores the tag filter and sends every trace: what is filtered here must come to the same.
#[tokio::test]
async fn a_server_that_ignores_the_filter_changes_nothing() {
    let run = scenarios()[2].run(now().plus(-60 * SECOND), now().0.unsigned_abs());
    push(&run).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let by_v1 = find("STACK_JAEGER2_URL", &run.correlation_id, &["--since", "5m"]).json();
    let by_v3 = find("STACK_JAEGER2_URL", &run.correlation_id, &["--since", "5m", "--jaeger-api", "v3"]).json();
    assert_eq!(spans(&by_v1), spans(&by_v3));
    assert_eq!(spans(&by_v3).len(), run.truth.span_count);
    assert!(by_v3["backends"][0]["detail"].as_str().is_some_and(|d| d.starts_with("v3")), "{}", by_v3["backends"]);
}

/// A limit that is reached is split away in time, not accepted.
#[tokio::test]
async fn a_search_cut_at_its_limit_is_asked_in_smaller_pieces() {
    let id = format!("split-{}", now().0);
    let mut run = scenarios()[0].run(now().plus(-60 * SECOND), 7);
    run.spans.clear();
    run.logs.clear();
    for n in 0..9 {
        let one = scenarios()[0].run(now().plus((n - 60) * SECOND), now().0.unsigned_abs());
        run.spans.extend(one.spans.into_iter().map(|mut span| {
            span.attributes.0.retain(|(key, _)| key != "correlation_id");
            span.attributes.push("correlation_id", trace::model::attribute::Value::Text(id.clone()));
            span
        }));
    }
    push(&run).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for jaeger in JAEGERS {
        let more = ["--search-limit", "2", "--key", "correlation_id", "--since", "10m"];
        let json = find(jaeger, &id, &more).json();
        assert_eq!(json["complete"], true, "{jaeger}: {}", json["notes"]);
        assert_eq!(json["traces"].as_array().map(Vec::len), Some(9), "{jaeger}");
    }
}

/// A line with nothing but what the paging test needs.
fn line(at: Timestamp, service: &str, number: usize, id: &str) -> LogEntry {
    LogEntry {
        time: at,
        labels: [("service_name".to_owned(), service.to_owned())].into(),
        line: format!("{{\"correlation_id\":\"{id}\",\"message\":\"line {number} of {service}\"}}"),
        ..LogEntry::default()
    }
}

/// Three streams, many lines at the same instants: every page size gives the same lines, as many as Loki counts.
#[tokio::test]
async fn no_line_is_lost_at_any_page_size() {
    let id = format!("paging-{}", now().0);
    let start = Timestamp((now().0 / SECOND - 60) * SECOND);
    let services = ["alpha_service", "beta_service", "gamma_service"];
    let lines: Vec<LogEntry> =
        (0..240).map(|n| line(start.plus((n as i64 / 60) * SECOND), services[n % 3], n, &id)).collect();
    push_lines(&lines).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let counted = count_in_loki(&id).await;
    assert_eq!(counted, lines.len(), "Loki took them all");
    for page in ["1", "7", "1000", "5000"] {
        let more = ["--page-size", page, "--without", "prometheus", "--since", "10m", "--max-requests", "5000"];
        let json = find("STACK_JAEGER1_URL", &id, &more).json();
        assert_eq!(json["complete"], true, "{page}: {}", json["notes"]);
        assert_eq!(json["logs"].as_array().map(Vec::len), Some(counted), "page size {page}");
        let expected: BTreeSet<String> = lines.iter().map(|l| l.line.clone()).collect();
        assert_eq!(texts(&json, "logs", "line"), expected, "page size {page}");
    }
}

async fn count_in_loki(id: &str) -> usize {
    let query = format!("sum(count_over_time({{service_name=~\".+\"}} |= \"{id}\" [1h]))");
    let mut url = reqwest::Url::parse(&format!("{}/loki/api/v1/query", address("STACK_LOKI_URL"))).expect("an address");
    url.query_pairs_mut().append_pair("query", &query);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let body = client.get(url).send().await.expect("an answer").text().await.expect("a body");
    let json: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{body}"));
    json["data"]["result"][0]["value"][1].as_str().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{body}"))
}

/// Each line gets its own neighbours of the same service, no more and none left out between them.
#[tokio::test]
async fn context_is_what_stands_just_before_and_after() {
    let id = format!("context-{}", now().0);
    let service = format!("busy_{}", now().0);
    let start = Timestamp((now().0 / SECOND - 60) * SECOND);
    let lines: Vec<LogEntry> = (0..100)
        .map(|n| {
            line(start.plus(n as i64 * SECOND / 50), &service, n, if n % 40 == 20 { &id } else { "somebody-else" })
        })
        .collect();
    push_lines(&lines).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let args = ["logs", "--correlation-id", &id, "-C", "2", "-o", "json", "--since", "10m"];
    let json = at("STACK_JAEGER1_URL").args(args).run().json();
    let around = texts(&json, "context", "line");
    let near: BTreeSet<usize> = [18, 19, 21, 22, 58, 59, 61, 62].into();
    let expected: BTreeSet<String> = near.iter().map(|n| lines[*n].line.clone()).collect();
    assert_eq!(around, expected);
    assert_eq!(json["logs"].as_array().map(Vec::len), Some(2));
}

/// The alert, the exemplar and a configured panel of the journey's time, from both generations of Prometheus.
#[tokio::test]
async fn alerts_exemplars_and_panels_of_the_time_are_shown() {
    let scenario = scenarios().into_iter().find(|s| s.fault == demo::Fault::StorageError).expect("the scenario");
    let run = scenario.run(now().plus(-20 * SECOND), now().0.unsigned_abs());
    push(&run).await;
    let before: Vec<_> = run
        .samples
        .iter()
        .cloned()
        .map(|mut s| {
            if s.family.contains("failures") {
                s.value = 0.0;
            }
            s
        })
        .collect();
    let page = MetricsPage::serve(&before);
    tokio::time::sleep(Duration::from_secs(4)).await;
    page.show(&run.samples);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let config = "[[panels]]\nname = \"failures\"\nquery = 'sum(els_storage_reference_failures_total)'\n";
    let mut servers = vec!["STACK_PROMETHEUS_URL"];
    servers.extend(std::env::var("STACK_PROMETHEUS3_URL").is_ok().then_some("STACK_PROMETHEUS3_URL"));
    for prometheus in servers {
        let answer = at("STACK_JAEGER2_URL")
            .env("TRACE_PROMETHEUS_URL", &address(prometheus))
            .file(".trace.toml", config)
            .args(["find", "--correlation-id", &run.correlation_id, "-o", "json"])
            .run();
        let json = answer.json();
        let alerts = texts(&json, "alerts", "name");
        assert!(alerts.contains("StorageReferencePropagationFailure"), "{prometheus}: {alerts:?} {}", json["notes"]);
        let exemplars = texts(&json, "exemplars", "trace_id");
        assert!(run.truth.traces.iter().any(|t| exemplars.contains(&t.to_string())), "{prometheus}: {exemplars:?}");
        let panel = &json["panels"][0];
        assert_eq!(panel["name"], "failures", "{prometheus}");
        assert!(panel["series"][0]["samples"].as_array().is_some_and(|s| !s.is_empty()), "{prometheus}: {panel}");
    }
}

#[tokio::test]
async fn the_doctor_finds_all_three_well() {
    push(&scenarios()[0].run(now().plus(-30 * SECOND), now().0.unsigned_abs())).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (jaeger, version) in JAEGERS.iter().zip(["1.50", "2.13"]) {
        let answer = at(jaeger).args(["doctor", "-o", "json"]).run();
        assert_eq!(answer.code, 0, "{}\n{}", answer.stdout, answer.stderr);
        let screen = at(jaeger).args(["doctor"]).run();
        assert!(screen.stdout.contains("v1"), "{version}: {}", screen.stdout);
        assert!(screen.stdout.contains("honoured"), "{}", screen.stdout);
    }
}

/// What has broken out of query strings before, each one once.
fn nasty_ids(count: usize) -> Vec<String> {
    const MARKS: [&str; 30] = [
        "\"", "'", "`", "\\", "\\\"", "\\n", "{", "}", "{{", "|=", "|~", "=~", ".*", "(", ")", "[", "^$", "#", "//",
        "&x=1", "%22", "../", " ", "\t", "\u{2028}", "\u{85}", "ü", "👩", "; drop", "a",
    ];
    let mut random = fastrand::Rng::with_seed(42);
    let mark = |random: &mut fastrand::Rng| MARKS[random.usize(0..MARKS.len())];
    // The number behind it keeps one from being the beginning of another.
    (0..count).map(|n| (0..6).map(|_| mark(&mut random)).collect::<String>() + &format!("-{n:03}-end")).collect()
}

/// Each of the nastiest IDs finds the one line that holds it, and Prometheus reads each as a value.
#[tokio::test]
async fn the_nastiest_ids_are_data_to_real_servers() {
    let ids = nasty_ids(500);
    let service = format!("quoting_{}", now().0);
    let start = now().plus(-60 * SECOND);
    let lines: Vec<LogEntry> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| LogEntry { line: format!("<{id}>"), ..line(start.plus(n as i64 * 1_000), &service, n, id) })
        .collect();
    push_lines(&lines).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = async |url: String, form: Vec<(&str, String)>| {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let form = "application/x-www-form-urlencoded";
        let answer = client.post(url).header("content-type", form).body(body).send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let loki_url = format!("{}/loki/api/v1/query_range", address("STACK_LOKI_URL"));
    let prometheus_url = format!("{}/api/v1/query", address("STACK_PROMETHEUS_URL"));
    let selector = format!("{{service_name={}}}", trace::source::server::request::quoted(&service));
    for id in &ids {
        let query = trace::source::server::loki::by_text(&selector, std::slice::from_ref(id));
        let (from, to) = (start.plus(-SECOND).0.to_string(), now().0.to_string());
        let found = ask(loki_url.clone(), vec![("query", query.clone()), ("start", from), ("end", to)]).await;
        let streams = found["data"]["result"].as_array().expect("streams").iter();
        let found: Vec<&str> =
            streams.flat_map(|s| s["values"].as_array().expect("values")).filter_map(|v| v[1].as_str()).collect();
        assert_eq!(found, [format!("<{id}>")], "{query}");
        let query = format!("up{{x={}}}", trace::source::server::request::quoted(id));
        let found = ask(prometheus_url.clone(), vec![("query", query.clone())]).await;
        assert_eq!((&found["status"], &found["data"]["result"]), (&"success".into(), &Value::Array(vec![])), "{query}");
    }
}
