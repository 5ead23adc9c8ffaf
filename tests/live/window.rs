//! `trace hotspots` and `trace errors` against the real servers: a load whose numbers are known.

use crate::support::generator::load::load;
use crate::support::stack::{address, now, push_lines, push_spans};
use crate::support::{Trace, trace};
use serde_json::Value as Json;
use std::time::Duration;
use trace::model::attribute::Value;
use trace::model::log::LogEntry;
use trace::model::span::{Span, Status, StatusCode};
use trace::model::time::SECOND;

fn at(jaeger: &str) -> Trace {
    let servers = trace().env("TRACE_JAEGER_URL", &address(jaeger)).env("TRACE_LOKI_URL", &address("STACK_LOKI_URL"));
    servers.env("TRACE_PROMETHEUS_URL", &address("STACK_PROMETHEUS_URL"))
}

/// One span a call, each a trace of its own, a second apart; those of `fails` fail.
fn calls(service: &str, ago: i64, count: usize, fails: impl Fn(usize) -> bool) -> Vec<Span> {
    let start = now().plus(-ago * SECOND);
    let seed = start.0.unsigned_abs();
    let mut spans: Vec<Span> = load(seed, count, 1, start);
    for (n, span) in spans.iter_mut().enumerate() {
        let resource = trace::model::span::Resource { service: service.to_owned(), ..(*span.resource).clone() };
        span.resource = resource.into();
        "GET /things".clone_into(&mut span.name);
        span.start = start.plus(n as i64 * SECOND);
        span.attributes = trace::model::attribute::Attributes::default();
        if fails(n) {
            span.status = Status { code: StatusCode::Error, message: format!("row {n} gone") };
        }
    }
    spans
}

fn row<'a>(json: &'a Json, service: &str) -> Option<&'a Json> {
    json["hotspots"].as_array()?.iter().find(|row| row["service"] == service)
}

#[tokio::test]
async fn numbers_are_those_that_were_pushed() {
    let tag = now().0 / SECOND;
    let (few, many, job) = (format!("few_{tag}"), format!("many_{tag}"), format!("job_{tag}"));
    // The window before must hold something: where nothing at all was recorded, nothing is called new.
    push_spans(&calls(&few, 2700, 10, |_| false)).await;
    push_spans(&calls(&few, 600, 100, |n| n % 4 == 0)).await;
    push_spans(&calls(&many, 600, 300, |n| n < 60 && n % 20 == 0)).await;
    let start = now().plus(-300 * SECOND);
    let line = |n: usize| LogEntry {
        time: start.plus(n as i64 * SECOND),
        labels: [("service_name".to_owned(), job.clone())].into(),
        line: format!("{{\"level\":\"error\",\"message\":\"disk {n} is full\"}}"),
        ..LogEntry::default()
    };
    push_lines(&(0..25).map(line).collect::<Vec<_>>()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for jaeger in ["STACK_JAEGER1_URL", "STACK_JAEGER2_URL"] {
        // Jaeger 2 may have metrics of its own, of what other tests measured.
        let args = ["hotspots", "--since", "30m", "--without", "prometheus", "--via", "spans", "-o", "json"];
        let json = at(jaeger).args(args).run().json();
        assert_eq!(json["complete"], true, "{jaeger}: {}", json["notes"]);
        let hotspot = row(&json, &few).unwrap_or_else(|| panic!("{jaeger}: {json:#}"));
        assert_eq!((&hotspot["errors"], &hotspot["calls"]), (&25.into(), &100.into()), "{jaeger}");
        assert_eq!(
            (&hotspot["share"], &hotspot["trend"], &hotspot["errors_before"]),
            (&0.25.into(), &"new".into(), &0.into())
        );
        assert_eq!(
            (&hotspot["message"], hotspot["examples"].as_array().map(Vec::len)),
            (&"row <n> gone".into(), Some(2))
        );
        let lines = row(&json, &job).unwrap_or_else(|| panic!("{jaeger}: {json:#}"));
        assert_eq!((&lines["errors"], &lines["lines_only"]), (&25.into(), &true.into()), "{jaeger}");
        assert_eq!(lines["message"], "disk <n> is full");
        // The newest 200 of 300 calls hold none of the three errors: Jaeger 1 finds them by their tag.
        let rare = row(&json, &many).map(|row| row["errors"].clone());
        let notes = json["notes"].to_string();
        assert!(notes.contains("sampled"), "{notes}");
        assert!(rare == Some(3.into()) || jaeger == "STACK_JAEGER2_URL", "{jaeger}: {rare:?}");
        let args = ["errors", "--since", "30m", "--service", &few, "--without", "prometheus", "-o", "json"];
        let json = at(jaeger).args(args).run().json();
        let newest = &json["errors"][0];
        assert_eq!((&newest["count"], &newest["message"]), (&25.into(), &"row 96 gone".into()), "{jaeger}: {json:#}");
    }
}

#[tokio::test]
async fn what_lines_say_makes_journeys_bad_also_beyond_the_sample() {
    let tag = now().0 / SECOND;
    let pay = format!("pay_{tag}");
    let mut spans = calls(&pay, 900, 300, |_| false);
    // Those of one pool say so: the newest 100 hold none of them.
    let hit = |n: usize| n < 120 && n % 10 == 3;
    for (n, span) in spans.iter_mut().enumerate() {
        let pool = if hit(n) { "old" } else { "new" };
        span.attributes.push("pool", Value::Text(pool.to_owned()));
        span.attributes.push("noise", Value::Int(n as i64 % 7));
    }
    let line = |span: &Span| LogEntry {
        time: span.start.plus(1),
        labels: [("service_name".to_owned(), pay.clone())].into(),
        line: format!("{{\"level\":\"info\",\"trace_id\":\"{}\",\"msg\":\"quota of {tag} exceeded\"}}", span.trace_id),
        ..LogEntry::default()
    };
    let lines: Vec<LogEntry> = spans.iter().enumerate().filter(|(n, _)| hit(*n)).map(|(_, span)| line(span)).collect();
    push_spans(&spans).await;
    push_lines(&lines).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for jaeger in ["STACK_JAEGER1_URL", "STACK_JAEGER2_URL"] {
        for text in [format!("quota*{tag}"), format!("re:quota.of.{tag}")] {
            let args = ["why", "--service", &pay, "--limit", "100", "--without", "prometheus", "-o", "json", "--bad"];
            let json = at(jaeger).args(args).args([format!("log='{text}'").as_str()]).run().json();
            // A third of all is read, some of the bad ones among them.
            let good = json["good_journey_count"].as_u64().unwrap_or_default();
            assert!(json["bad_journey_count"] == 12 && (60..=100).contains(&good), "{jaeger}: {json:#}");
            assert_eq!(json["causes"][0]["text"], "pool=old", "{jaeger}: {json:#}");
        }
    }
}
