//! `trace why` and `trace diff` as a user sees them: causes that separate two sets, and comparisons without a result.

use crate::support::golden::assert_golden;
use crate::support::jaeger::Jaeger;
use crate::support::stack::now;
use crate::support::{assert_lines, assert_same_text, trace, without_demo_note};
use serde_json::{Value as Json, json};
use trace::model::attribute::Value;
use trace::model::span::Span;
use trace::model::time::MINUTE;
use trace::source::demo::scenarios;

/// When the generated journeys begin: 2026-11-22T13:02:11Z.
const ORIGIN: i64 = 1_795_352_531_000_000_000;

/// One journey of two services as a line of OTLP JSON, some seconds after the last one.
fn journey(nth: usize, host: &str, size: &Json, millis: i64, failed: bool) -> String {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let start = ORIGIN + nth as i64 * 10_000_000_000;
    let span = |service: &str, id: &str, parent: &str, more: Json| {
        let mut attributes = vec![text("order.id", &format!("o-{nth}")), text("region", ["eu", "us"][nth % 2])];
        attributes.push(json!({ "key": "batch.size", "value": size }));
        let span = json!({
            "traceId": format!("{:032x}", nth + 1), "spanId": format!("{id}{:014x}", nth + 1), "parentSpanId": parent,
            "name": format!("work {nth}"), "kind": 2, "attributes": attributes, "status": more,
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + millis * 1_000_000).to_string(),
        });
        let host = text("host.name", host);
        json!({ "resource": { "attributes": [text("service.name", service), host] }, "scopeSpans": [{ "spans": [span] }] })
    };
    let status = if failed { json!({ "code": 2, "message": "connection refused" }) } else { json!({}) };
    let parent = format!("aa{:014x}", nth + 1);
    json!({ "resourceSpans": [span("shop", "aa", "", status.clone()), span("pay", "bb", &parent, status)] }).to_string()
}

fn file(journeys: usize, of: impl Fn(usize) -> (&'static str, Json, i64, bool)) -> String {
    let line = |nth| {
        let (host, size, millis, failed) = of(nth);
        journey(nth, host, &size, millis, failed)
    };
    (0..journeys).map(line).collect::<Vec<_>>().join("\n")
}

/// Every fifth runs on one host, and nearly all of those fail, and are slow.
fn planted() -> String {
    file(60, |nth| {
        let hit = nth % 5 == 3;
        let host = if hit { "worker-7" } else { ["worker-1", "worker-2"][nth % 2] };
        (host, json!({ "intValue": "5" }), if hit { 900 } else { 100 }, hit && nth != 3 || nth == 7)
    })
}

fn why(file: &str, args: &[&str]) -> crate::support::Run {
    trace().args(["why", "--input", "-"]).args(args).stdin(file.as_bytes()).run()
}

#[test]
fn the_planted_host_is_the_answer_at_any_width_and_for_programs() {
    let [narrow, wide] = ["80", "90"].map(|width| why(&planted(), &["--width", width]).screen());
    assert_golden("why_diff/why_80.txt", &narrow);
    assert_same_text((&narrow, 80), (&wide, 90));
    let json = why(&planted(), &["-o", "json"]).json();
    assert_eq!((&json["verdict"], &json["bad_journey_count"]), (&json!("told_apart"), &json!(12)));
    assert_eq!(json["causes"][0]["text"], "host.name=worker-7");
    assert_eq!(json["restated"][0]["text"], "pay: error=connection refused");
    let slow = why(&planted(), &["--slow=500ms", "-o", "json"]).json();
    assert_eq!((&slow["causes"][0]["bad_count"], &slow["causes"][0]["good_count"]), (&json!(12), &json!(0)));
    let asked = why(&planted(), &["--bad", "error", "--by", "service", "-o", "json"]).json();
    assert_eq!(asked["verdict"], "nothing_tells_them_apart");
}

#[test]
fn a_comparison_without_a_result_says_so() {
    let plain = |failed: fn(usize) -> bool| file(30, move |nth| ("a", json!({ "doubleValue": "NaN" }), 5, failed(nth)));
    let services = (0..3_000).map(|nth| {
        let line = journey(nth, "a", &json!({ "intValue": "1" }), 5, nth % 3 == 0);
        line.replace("\"pay\"", &format!("\"pay-{nth}\""))
    });
    let services = services.collect::<Vec<_>>().join("\n");
    let table = [
        (plain(|_| false), vec![], "✓ none of 30 journeys is bad"),
        (plain(|_| true), vec![], "– all of 30 journeys are bad"),
        (plain(|nth| nth < 3), vec![], "– nothing tells the 3 bad journeys from the 27 others"),
        (plain(|nth| nth % 3 == 0), vec![], "– nothing tells the 10 bad journeys from the 20 others"),
        (plain(|nth| nth == 0), vec!["--start", "2020-01-01", "--end", "2020-01-02"], "– no journey to compare"),
        (plain(|nth| nth == 0), vec!["--bad", "tag.nobody=x"], "– none of 30 journeys is: tag.nobody=x"),
        (plain(|_| true), vec!["--good", "error"], "– none of 30 journeys is: all others"),
        (services, vec![], "– nothing tells the 1000 bad journeys from the 2000 others"),
    ];
    for (file, args, said) in table {
        let screen = why(&file, &args).screen();
        assert!(screen.contains(said) && screen.ends_with("exit 0"), "{args:?}\n{screen}");
    }
    let wrong = why("", &["--bad", "error servce=x"]).screen();
    assert!(wrong.contains("did you mean service?") && wrong.ends_with("exit 2"), "{wrong}");
    let lineless = trace().args(["why", "--bad", "log=x", "--without", "loki"]).run().screen();
    assert!(lineless.contains("lines come from it alone") && lineless.ends_with("exit 2"), "{lineless}");
}

fn diff(args: &[&str], width: &str) -> String {
    trace().env("COLUMNS", width).args(["diff"]).args(args).run().screen()
}

#[test]
fn two_runs_are_compared_by_what_the_second_does_differently() {
    let [narrow, wide] = ["80", "120"].map(|width| diff(&["--demo", "complete", "storage-error", "--all"], width));
    assert_golden("why_diff/diff_failing_80.txt", &without_demo_note(&narrow));
    assert_same_text((&narrow, 80), (&wide, 120));
    let late = without_demo_note(&diff(&["--demo", "complete", "late-consumer"], "120"));
    let lines = [
        "! the second has 1 step waiting longer by 45.0 s",
        "first complete · 12 spans · 1.04 s",
        "second late-consumer · 12 spans · 46.0 s",
        "first second step",
        "= 121 ms 125 ms batch_orchestrator POST /api/v1/batches/register",
        "= 4 ms 4 ms batch_orchestrator kafka.publish.huleedu.spell_checker.check_request.v1",
        "~ waits longer 210 ms 208 ms spell_checker kafka.consume.huleedu.spell_checker.check_request.v1",
        "waited 44 ms, then 45.0 s for its message",
        "alike 9 more steps; --all shows them",
        "rule slower and faster from 5 ms and a fifth on, waits from 100 ms and a fifth on",
        "next trace missing --demo=late-consumer",
        "--- exit 0",
    ];
    assert_lines(&late, &lines);
    assert_eq!(late.lines().filter(|line| line.starts_with(['=', '~', '✗'])).count(), 3, "{late}");
    let same = diff(&["--demo", "complete", "complete", "--exit-code"], "80");
    assert!(same.starts_with("✓ the same steps") && same.ends_with("exit 0"), "{same}");
    let differs = diff(&["--demo", "lost-message", "--exit-code"], "80");
    assert!(differs.starts_with("! the second has") && differs.ends_with("exit 1"), "{differs}");
}

#[test]
fn questions_that_make_no_sense_say_what_would() {
    let table: [(&[&str], &str); 6] = [
        (&["req-1"], "two journeys are needed"),
        (&[], "two journeys are needed"),
        (&["--before", "12:00", "--after", "13:00..14:00"], "is no window"),
        (&["a", "b", "--at", "now-1h"], "not both"),
        (&["--at", "now+3h"], "ahead of now"),
        (&["--before", "12:00..13:00"], "--after"),
    ];
    for (args, said) in table {
        let screen = diff(args, "120");
        assert!(screen.contains(said) && screen.ends_with("exit 2"), "{args:?}\n{screen}");
    }
}

#[test]
fn windows_of_a_server_and_of_a_file_differ_by_what_changed_between_them() {
    let all = scenarios();
    let (good, slow) = (&all[0], all.iter().find(|s| s.name == "late-consumer").expect("the scenario"));
    let run = |nth: i64| {
        let ago = if nth < 8 { 90 * MINUTE } else { 40 * MINUTE } - nth * MINUTE;
        if nth < 8 { good } else { slow }.run(now().plus(-ago), nth as u64).spans
    };
    let jaeger = Jaeger::holding(&(0..16).flat_map(run).collect::<Vec<_>>());
    let asked = |args: &[&str]| {
        let server = ["diff", "--jaeger-url", jaeger.server.url(), "--without", "loki,prometheus"];
        trace().args(server).args(args).run()
    };
    let json = asked(&["--at", "now-1h", "-o", "json"]).json();
    assert_eq!((&json["first"]["journey_count"], &json["second"]["journey_count"]), (&json!(8), &json!(8)));
    let json = asked(&["--before", "now-3h..now-1h", "--after", "now-1h..now", "-o", "json"]).json();
    assert_eq!((&json["first"]["journey_count"], &json["second"]["journey_count"]), (&json!(8), &json!(8)));
    let steps = json["steps"].as_array().expect("steps");
    let waits = |step: &&Json| step["changes"] == json!(["waits_longer"]);
    assert_eq!(steps.iter().filter(waits).count(), 1, "{json:#}");
    let halves =
        file(40, |nth| ("a", json!({ "intValue": "1" }), if nth < 20 { 50 } else { 80 } + nth as i64 % 7, false));
    let args = ["diff", "--input", "all.json", "--before", "2026-11-22T13:02:11Z..2026-11-22T13:05:29Z"];
    let output = trace().args(args).args(["--after", "2026-11-22T13:05:29Z..2026-11-22T14:00:00Z"]);
    assert_golden("why_diff/diff_windows.txt", &output.file("all.json", &halves).run().screen());
}

#[test]
fn errors_older_than_the_newest_traces_are_looked_for_by_themselves() {
    let all = scenarios();
    let named = |name: &str| all.iter().find(|s| s.name == name).expect("the scenario");
    let run = |name: &str, nth: i64| named(name).run(now().plus(-10 * MINUTE - nth * MINUTE / 2), nth as u64).spans;
    let good: Vec<_> = (0..30).flat_map(|nth| run("complete", nth)).collect();
    let mut failing: Vec<_> = (40..46).flat_map(|nth| run("callee-down", nth)).collect();
    for span in failing.iter_mut().filter(|span| span.is_error()) {
        // As Jaeger itself writes it.
        span.attributes.push("error", Value::Bool(true));
    }
    let asked = |spans: &[Span]| {
        let jaeger = Jaeger::holding(spans);
        let server = ["why", "--jaeger-url", jaeger.server.url(), "--without", "loki,prometheus", "--limit", "20"];
        trace().args(server).run().screen()
    };
    let output = asked(&[good.clone(), failing].concat());
    assert!(output.contains("bad: an error that failed (6)") && output.contains("from all of the"), "{output}");
    let none = asked(&good);
    assert!(none.starts_with("– none seen that is bad, among ") && none.contains("there may be more"), "{none}");
}

#[test]
fn a_gate_of_two_windows_passes_only_with_enough_data() {
    let halves = |second: usize| {
        file(12, move |nth| ("a", json!({ "intValue": "1" }), if nth < 6 { 50 } else { 5_000 }, nth >= 12 - second))
    };
    let asked = |file: &str, after: &str| {
        let args = ["diff", "--input", "all.json", "--before", "2026-11-22T13:02:00Z..2026-11-22T13:03:10Z"];
        trace().args(args).args(["--after", after, "--exit-code"]).file("all.json", file).run().screen()
    };
    let after = "2026-11-22T13:03:10Z..2026-11-22T14:00:00Z";
    let differs = asked(&halves(6), after);
    assert!(differs.starts_with("! the time after has 2 steps failing") && differs.ends_with("exit 1"), "{differs}");
    let none = asked(&halves(6), "2026-11-22T15:00:00Z..2026-11-22T16:00:00Z");
    assert!(none.starts_with("– too few to tell: 6 journeys before, no journey after"), "{none}");
    assert!(none.ends_with("exit 3"), "{none}");
}

#[test]
fn a_gate_that_could_never_fail_is_refused() {
    for command in ["latency", "map", "why", "diff"] {
        let run = trace().args([command, "--demo", "--fail-on", "error"]).run();
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command}");
        assert!(run.stderr.contains("judges nothing"), "{command}: {}", run.stderr);
    }
}
