//! Error lines of a Loki that evaluates its queries: counted, read, compared, within the limits.

use crate::support::server::{Reply, Server};
use crate::support::{Run, trace};
use regex::Regex;
use serde_json::{Value, json};

const JSON: &str = "application/json";
/// When the window of every test begins, in seconds; the one before is an hour earlier.
const FROM: i64 = 1_795_442_400;
const HOUR: i64 = 3_600;

/// A line: whose, the level beside it, seconds from the beginning of the window, text.
#[derive(Clone)]
struct Line(&'static str, &'static str, i64, String);

fn lines(app: &'static str, level: &'static str, at: impl Iterator<Item = i64>, text: &str) -> Vec<Line> {
    at.map(|at| Line(app, level, at, text.to_owned())).collect()
}

/// What one form asks for: its parameters by name.
fn form(request: &str) -> impl Fn(&str) -> String {
    let text = request.rsplit(['?', ' ']).next().unwrap_or_default();
    let all: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    move |name| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// What lines a query selects: its selector, its line filters, and its label filters on the level.
fn selects(query: &str) -> impl Fn(&Line) -> bool + use<> {
    let literal = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<String>().next().unwrap().unwrap();
    let selector = &query[..query.find('}').unwrap()];
    let of_app = |op: &str| selector.split(&format!("app{op}")).skip(1).find(|rest| rest.starts_with('"')).map(literal);
    let whole = |op: &str| of_app(op).map(|pattern| Regex::new(&format!("^(?:{pattern})$")).unwrap());
    let (like, unlike, same) = (whole("=~"), whole("!~"), of_app("="));
    let filters = |op: &str| query.split(op).skip(1).map(literal).collect::<Vec<String>>();
    let patterns = |op: &str| filters(op).iter().map(|text| Regex::new(text).unwrap()).collect::<Vec<Regex>>();
    let (texts, said, unsaid) = (filters(" |= "), patterns(" |~ "), patterns(" !~ "));
    let has_level: fn(&str) -> bool = match query {
        _ if query.contains(" | detected_level=~") => |level| level == "error",
        _ if query.contains(" | detected_level!~") => |level| level != "error",
        _ => str::is_empty,
    };
    move |Line(app, level, _, text)| {
        like.iter().all(|pattern| pattern.is_match(app))
            && !unlike.iter().any(|pattern| pattern.is_match(app))
            && same.iter().all(|value| value == app)
            && has_level(level)
            && texts.iter().all(|needle| text.contains(needle))
            && said.iter().all(|pattern| pattern.is_match(text))
            && !unsaid.iter().any(|pattern| pattern.is_match(text))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what the server takes")]
fn success(result_type: &str, result: Vec<Value>) -> Reply {
    let data = json!({ "resultType": result_type, "result": result });
    Some((200, JSON, json!({ "status": "success", "data": data }).to_string().into_bytes()))
}

/// What a server answers otherwise.
type Odd = fn(&str) -> Reply;

/// A Loki that holds these lines, and answers some requests as the test says.
fn loki(held: Vec<Line>, odd: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
    Server::answering(move |request| {
        let asked = form(request);
        let time = |name: &str| asked(name).parse::<i64>().unwrap();
        let ns = |line: &Line| (FROM + line.2) * 1_000_000_000;
        odd(request).or_else(|| match request.split(['?', ' ']).nth(1)? {
            "/loki/api/v1/labels" => {
                assert!(time("end") - time("start") <= 24 * HOUR * 1_000_000_000, "{request}");
                Some((200, JSON, br#"{"status":"success","data":["app"]}"#.to_vec()))
            }
            "/loki/api/v1/query_range" => {
                let (times, is_selected) = (time("start")..time("end"), selects(&asked("query")));
                let is_meant = |line: &&Line| times.contains(&ns(line)) && is_selected(line);
                let mut found: Vec<&Line> = held.iter().filter(is_meant).collect();
                found.sort_by_key(|line| -line.2);
                found.truncate(asked("limit").parse().unwrap());
                let stream = |line: &Line| {
                    let mut labels = json!({ "app": line.0 });
                    if !line.1.is_empty() {
                        labels["level"] = json!(line.1);
                    }
                    json!({ "stream": labels, "values": [[ns(line).to_string(), line.3]] })
                };
                success("streams", found.into_iter().map(stream).collect())
            }
            "/loki/api/v1/query" => {
                let query = asked("query");
                let (before, inner) = query.split_once("count_over_time(").unwrap();
                assert!(before.ends_with("sum by (app) ("), "{query}");
                let (inner, seconds) = inner.rsplit_once(" [").unwrap();
                let (to, seconds) = (time("time"), seconds.split_once("s]").unwrap().0.parse::<i64>().unwrap());
                let is_selected = selects(inner);
                let is_in = |line: &&Line| ns(line) <= to && ns(line) > to - seconds * 1_000_000_000;
                let mut counts = std::collections::BTreeMap::<&str, usize>::new();
                for line in held.iter().filter(is_in).filter(|line| is_selected(line)) {
                    *counts.entry(line.0).or_default() += 1;
                }
                let vector = |(app, count): (&str, usize)| {
                    json!({ "metric": { "app": app }, "value": [to / 1_000_000_000, count.to_string()] })
                };
                success("vector", counts.into_iter().map(vector).collect())
            }
            _ => None,
        })
    })
}

/// `hotspots` of an hour against the hour before, by lines alone.
fn hotspots(loki: &Server, args: &[&str]) -> Run {
    let (from, to) = (FROM.to_string(), (FROM + HOUR).to_string());
    let base = ["hotspots", "--start", &from, "--end", &to, "-o", "json", "--loki-url", loki.url()];
    let without = if args.contains(&"--without") { &[][..] } else { &["--without", "jaeger,prometheus"][..] };
    let run = trace().args(base).args(args).args(without).run();
    loki.assert_only_expected();
    run
}

/// Service, errors, errors before, trend of each row.
fn rows(run: &Run) -> Vec<String> {
    let json = run.json();
    let row = |row: &Value| {
        let success = [&row["service"], &row["errors"], &row["errors_before"], &row["trend"]];
        success.map(|value| value.to_string().replace('"', "")).join(" ")
    };
    let mut rows: Vec<String> = json["hotspots"].as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}

fn notes(run: &Run) -> Vec<String> {
    run.json()["notes"].as_array().unwrap().iter().map(|note| format!("{} {}", note["code"], note["message"])).collect()
}

fn pages(loki: &Server) -> usize {
    loki.seen().iter().filter(|line| line.contains("query_range")).count()
}

#[test]
fn lines_without_a_level_count_as_well_and_mere_words_do_not() {
    let held = [
        lines("levelled", "error", 0..3, r#"{"msg":"boom","error_context":null}"#),
        lines("levelled", "info", 10..3_000, r#"{"msg":"fine","error_context":null}"#),
        lines("context", "info", 20..24, r#"{"msg":"hm","error_context":{"error_type":"E"}}"#),
        lines("plain", "", 30..35, "2026-11-22 ERROR it broke"),
        lines("plain", "", 0..HOUR, "GET /health 200 errors=0"),
        lines("old", "", 40..46, "level=error msg=\"no disk\" error_context=null"),
    ];
    let loki = loki(held.concat(), |_| None);
    let run = hotspots(&loki, &[]);
    let wanted = ["context 4 null null", "levelled 3 null null", "old 6 null null", "plain 5 null null"];
    assert_eq!((rows(&run), run.code), (wanted.map(str::to_owned).into(), 0), "{}", run.stderr);
    assert_eq!(pages(&loki), 6, "{:#?}", loki.seen());
}

#[test]
fn a_noisy_service_hides_no_other_and_has_no_trend_where_its_lines_are_cut() {
    let held = [
        lines("noisy", "error", (-HOUR..HOUR).rev(), "boom"),
        lines("quiet", "error", (-HOUR..HOUR).step_by(360), "hm"),
        lines("fresh", "", 5..12, "ERROR new"),
    ];
    let seen = loki(held.concat(), |_| None);
    let run = hotspots(&seen, &["--limit", "10"]);
    assert_eq!(rows(&run), ["fresh 7 0 new", "noisy 83 null null", "quiet 10 10 same"], "{}", run.stdout);
    let said = "\"sampled\" \"error lines of noisy cut: 100 are read at most\"";
    assert!(notes(&run).iter().any(|note| note == said), "{:?}", notes(&run));
    assert_eq!((run.code, &run.json()["complete"]), (0, &json!(true)));
    // A Loki that cannot count: the services of the lines that were cut are unknown.
    let blind = loki(held.concat(), |line| line.contains("/query ").then(|| (404, "text/plain", b"404".to_vec())));
    let run = hotspots(&blind, &["--limit", "10"]);
    assert!(rows(&run).iter().all(|row| row.ends_with("null null")), "{:?}", rows(&run));
    assert!(notes(&run).iter().any(|note| note.contains("error lines cut at the newest 100")), "{:?}", notes(&run));
    assert_eq!(run.code, 0, "{}", run.stdout);
}

#[test]
fn a_server_with_useless_answers_does_not_delay_the_others() {
    let endless = |line: &str| {
        let asked = form(line);
        let (end, limit) = (asked("end").parse::<i64>().ok()?, asked("limit").parse::<i64>().ok()?);
        let noise = (1..=limit).map(|n| json!([(end - n).to_string(), "GET /health 200 errors=0"]));
        success("streams", vec![json!({ "stream": { "app": "a" }, "values": noise.collect::<Vec<_>>() })])
    };
    let loki = loki(vec![], endless);
    let jaeger = Server::answering(|line| match line.split(['?', ' ']).nth(1)? {
        "/api/services" => Some((200, JSON, br#"{"data":["shop"]}"#.to_vec())),
        "/api/v3/trace-summaries" => Some((404, "text/plain", b"404 page not found".to_vec())),
        "/api/traces" => Some((200, JSON, br#"{"data":[]}"#.to_vec())),
        _ => None,
    });
    let args =
        ["--via", "spans", "--without", "prometheus", "--jaeger-url", jaeger.url(), "--limit", "20", "--timeout", "2m"];
    let run = hotspots(&loki, &args);
    assert_eq!(pages(&loki), 2 * 3 * 20, "two times, three queries, twenty pages each");
    assert_eq!(jaeger.seen().iter().filter(|line| line.contains("/api/traces?")).count(), 4, "{:#?}", jaeger.seen());
    assert_eq!((run.code, run.json()["complete"].clone()), (0, json!(true)), "{}", run.stdout);
    assert!(notes(&run).iter().any(|note| note.contains("error lines cut at the newest")), "{:?}", notes(&run));
}

#[test]
fn a_warning_of_a_server_is_reported() {
    let table = [
        ("query_range", r#"{"status":"success","warnings":["slow"],"data":{"resultType":"streams","result":[]}}"#),
        (
            "query_range",
            r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[7]}]}}"#,
        ),
    ];
    for ((path, body), (code, said)) in table.into_iter().zip([("partial", "loki warns: slow"), ("skipped", "1 line")])
    {
        let loki = loki(vec![], move |line| line.contains(path).then(|| (200, JSON, body.as_bytes().to_vec())));
        let run = hotspots(&loki, &[]);
        let is_noted = |note: &String| note.contains(code) && note.contains(said);
        assert!(run.code == 3 && notes(&run).iter().any(is_noted), "{} {:?}", run.code, notes(&run));
    }
}

/// Span metrics of one service, so that error lines are counted and only some are read.
fn prometheus() -> Server {
    Server::answering(|line| match line.split(['?', ' ']).nth(1)? {
        "/api/v1/label/__name__/values" => {
            Some((200, JSON, br#"{"status":"success","data":["traces_span_metrics_calls_total"]}"#.to_vec()))
        }
        "/api/v1/labels" => {
            let labels = json!(["service_name", "span_name", "span_kind", "status_code"]);
            Some((200, JSON, json!({ "status": "success", "data": labels }).to_string().into_bytes()))
        }
        "/api/v1/query" if line.contains("last_over_time") => success("vector", vec![]),
        "/api/v1/query" => {
            let labels = json!({ "service_name": "shop", "span_name": "GET /x", "span_kind": "SPAN_KIND_SERVER", "status_code": "STATUS_CODE_UNSET" });
            success("vector", vec![json!({ "metric": labels, "value": [FROM, "1000"] })])
        }
        _ => None,
    })
}

#[test]
fn counts_belong_to_the_services_that_the_lines_name() {
    let error = |service: &str| format!(r#"{{"level":"error","service":"{service}","msg":"boom"}}"#);
    let held = [
        lines("orders-deploy", "", (0..HOUR).step_by(2), &error("orders")),
        lines("orders-deploy", "", (1..HOUR).step_by(2), &error("stock")),
        lines("orders-deploy", "", -50..0, &error("orders")),
        lines("mail", "error", -7..5, "boom"),
        // What looks like errors to a Loki, and one that is.
        lines("chatty", "", -300..300, "2026-11-22 INFO got ERROR 7 again"),
        lines("chatty", "", 9..10, "2026-11-22 ERROR it broke"),
    ];
    let table: [(&str, Odd); 2] = [
        ("", |_| None),
        // Too many series for this server; it returns some.
        ("error lines were counted of the 200 services with the most", |line| {
            let is_all = line.contains("/query ") && !line.contains("topk");
            is_all.then(|| (400, "text/plain", b"maximum of series (500) reached for a single query".to_vec()))
        }),
    ];
    for (said, odd) in table {
        let (loki, prometheus) = (loki(held.concat(), odd), prometheus());
        let run = hotspots(&loki, &["--without", "jaeger", "--prometheus-url", prometheus.url()]);
        let wanted = ["chatty 1 1 same", "mail 5 7 same", "orders 1781 25 worse", "stock 1819 25 worse"];
        assert_eq!(rows(&run), wanted, "{}", run.stdout);
        assert!(said.is_empty() || notes(&run).iter().any(|note| note.contains(said)), "{:?}", notes(&run));
        assert_eq!(run.code, 0);
    }
}

#[test]
fn a_long_time_is_counted_day_by_day() {
    let held = lines("a", "error", (-40 * 24 * HOUR..0).step_by(1_000), "boom");
    let loki = loki(held, |line| {
        let asked = form(line)("query");
        let seconds = asked.rsplit_once(" [").and_then(|(_, rest)| rest.split_once("s]")?.0.parse::<i64>().ok());
        let is_long = seconds.is_some_and(|seconds| seconds > 12 * HOUR);
        is_long.then(|| {
            (400, "text/plain", b"the query time range exceeds the limit (query length: 24h, limit: 12h)".to_vec())
        })
    });
    let (from, to) = ((FROM - 3 * 24 * HOUR).to_string(), FROM.to_string());
    let run = trace()
        .args(["hotspots", "--start", &from, "--end", &to, "-o", "json", "--without", "jaeger,prometheus"])
        .args(["--loki-url", loki.url(), "--limit", "100"])
        .run();
    loki.assert_only_expected();
    let counted = loki.seen().iter().filter(|line| line.contains("/query ")).count();
    assert_eq!((rows(&run), counted), (vec!["a 259 259 same".to_owned()], 3 * 2 * 3 * 3), "{}", run.stdout);
}
