//! `trace missing` as a user sees it: screens, and what the exit code says.

use crate::support::generator::export::to_otlp_json;
use crate::support::golden::assert_golden;
use crate::support::jaeger::Jaeger;
use crate::support::stack::now;
use crate::support::{assert_lines, assert_same_text, trace, without_demo_note, without_space};
use trace::model::time::{HOUR, MINUTE, SECOND};
use trace::source::demo::{self, scenarios};

fn screen(args: &[&str], width: &str) -> String {
    trace().env("COLUMNS", width).args(["missing"]).args(args).run().screen()
}

fn demo_id(scenario: &str) -> String {
    demo::find(scenario).expect("the scenario").1.correlation_id
}

#[test]
fn one_run_shows_each_finding_with_evidence_causes_and_what_to_type_next() {
    let [narrow, wide] = ["80", "120"].map(|width| screen(&["--demo=fan-out-lost"], width));
    assert_golden("missing/one_80.txt", &without_demo_note(&narrow));
    assert_same_text((&narrow, 80), (&wide, 120));
    let ascii = screen(&["--demo=fan-out-lost", "--ascii"], "80");
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn a_good_run_has_nothing_missing() {
    let screen = without_demo_note(&screen(&["--demo=complete"], "100"));
    let lines = [
        &format!("✓ no broken links within this journey: {}", demo_id("complete")),
        "4 services · 1 trace · 12 spans · 13 log lines",
        "complete · jaeger ✓ 0 ms (12 spans, demo data) · loki ✓ 0 ms (13 lines, demo data)",
        "prometheus ✓ 0 ms (0 alerts, demo data)",
        "",
        "covered  2026-11-23 13:05 – 14:05 +00:00  traces, logs, metrics",
        "next     trace missing --baseline 50 --demo=complete",
        "         trace timeline --demo=complete",
        "--- exit 0",
    ];
    assert_eq!(screen.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn findings_at_info_are_shown_with_all() {
    let short = screen(&["--demo=redelivery"], "80");
    assert!(short.contains("unshown") && short.contains("--all") && short.ends_with("exit 0"), "{short}");
    let all = without_demo_note(&screen(&["--demo=redelivery", "--all"], "120"));
    let lines = [
        &format!("✓ no broken links within this journey: {}", demo_id("redelivery")),
        "4 services · 1 trace · 14 spans · 14 log lines",
        "· spell_checker_service got a message of huleedu.spell_checker.check_request.v1 twice, because it failed before",
        "duplicate_consume, also error_origin · info · high confidence",
        "seen 108 ms delivery 1, message 7f617b4e-4a5b-45e2-acf1-1e3e1c7bea79, ended failed span cbd0cbc1",
        "189 ms TimeoutError: dictionary en_GB was not loaded within 80 ms span 0704ab1e",
        "194 ms spell_checker_service kafka.consume.huleedu.spell_checker.check_request.v1 failed because of it",
        "1.99 s delivery 2, message 7f617b4e-4a5b-45e2-acf1-1e3e1c7bea79, ended well span 8f61520c",
        "likely what it waits for is overloaded or hangs",
        "its time limit is too short",
        "spell_checker_service was changed or configured anew",
        "check read what spell_checker_service wrote in its lines around this span",
        "see whether other runs fail at load_dictionary too, and since when",
        "next trace span cbd0cbc1 --demo=redelivery",
        "trace timeline --demo=redelivery",
        "--- exit 0",
    ];
    assert_lines(&all, &lines);
}

#[test]
fn many_runs_are_summed_up_by_kind_of_finding() {
    let [narrow, wide] = ["80", "120"].map(|width| screen(&["--demo"], width));
    assert_same_text((&narrow, 80), (&wide, 120));
    let json = trace().args(["missing", "--demo", "-o", "json"]).run().json();
    let of = |list: &str, field: &str, values: &[&str]| -> Vec<serde_json::Value> {
        let all = json[list].as_array().expect("a list").iter();
        all.filter(|entry| values.iter().any(|value| entry[field] == *value)).cloned().collect()
    };
    let findings = of("findings", "severity", &["error", "warning"]);
    let (runs, bad_runs) = (scenarios().len(), of("runs", "worst", &["error", "warning"]).len());
    let hidden = of("findings", "severity", &["info"]).len();
    let lines = [
        &format!("✗ {bad_runs} of {runs} runs with findings"),
        "finding runs such as",
        &format!("unshown {hidden} findings below warning; --all shows everything"),
        "covered 2026-11-23 13:05 – 14:05 +00:00 traces, logs, metrics",
        &format!("next trace missing {} --demo", findings[0]["subject"].as_str().unwrap_or_default()),
        "--- exit 0",
    ];
    assert_lines(&without_demo_note(&wide), &lines);
    // A row a kind: mark, finding, how many runs have it, and an example with its run.
    let text = without_space(&wide);
    for finding in &findings {
        let mark = if finding["severity"] == "error" { "✗" } else { "!" };
        let [id, summary, subject] = ["id", "summary", "subject"].map(|field| finding[field].as_str().expect("a text"));
        let row = without_space(&format!("{mark} {id} 1/{runs} {summary} {subject}"));
        assert!(text.contains(&row), "{row}\n{wide}");
    }
    assert_eq!(text.matches(&format!("1/{runs}")).count(), findings.len(), "{wide}");
    assert!(findings.len() >= 9 && bad_runs >= 9, "{} findings in {bad_runs} runs", findings.len());
}

#[test]
fn an_unknown_id_does_not_pass_as_a_good_run() {
    let file = crate::support::fixture("jaeger-next").join("v1-trace.body").display().to_string();
    let screen = screen(&["--input", &file, "unknown-id"], "80");
    assert_eq!(screen, "– nothing found for unknown-id\n0 services · 0 traces · 0 spans · 0 log lines\n--- exit 0");
}

/// A run that began so long ago, and a Jaeger that holds it, and a good one of the day before: who takes what is known.
fn held(scenario: &str, ago: i64) -> (demo::DemoRun, Jaeger) {
    let all = scenarios();
    let scenario = all.iter().find(|s| s.name == scenario).expect("the scenario");
    let (run, good) = (scenario.run(now().plus(-ago), 7), all[0].run(now().plus(-20 * HOUR), 8));
    let jaeger = Jaeger::holding(&[run.spans.clone(), good.spans].concat());
    (run, jaeger)
}

/// Scenario, how long ago it began, flags, code. What is withheld, or rests on data that is not whole, fails nothing.
#[test]
fn every_code() {
    let (old, young) = (10 * MINUTE, 2 * SECOND);
    let dead: &[&str] = &["--loki-url", "http://127.0.0.1:9", "--fail-on", "error"];
    let table: [(&str, i64, &[&str], i32); 13] = [
        ("lost-message", old, &[], 0),
        ("lost-message", old, &["--fail-on", "error"], 1),
        ("lost-message", old, &["--fail-on", "warning"], 1),
        ("lost-message", young, &["--fail-on", "warning"], 0),
        ("storage-error", young, &["--fail-on", "error"], 1),
        ("complete", old, &["--fail-on", "info"], 0),
        ("late-consumer", old, &["--fail-on", "error"], 0),
        ("late-consumer", old, &["--fail-on", "warning"], 1),
        ("redelivery", old, &["--fail-on", "warning"], 0),
        ("redelivery", old, &["--fail-on", "info"], 1),
        ("lost-message", old, dead, 3),
        ("storage-error", old, dead, 1),
        ("storage-error", old, &["--all"], 0),
    ];
    for (scenario, ago, flags, code) in table {
        let (run, jaeger) = held(scenario, ago);
        let output = trace()
            .args(["missing", &run.correlation_id, "--jaeger-url", jaeger.server.url(), "--without", "prometheus"])
            .args(flags)
            .run();
        jaeger.server.assert_only_expected();
        assert_eq!(output.code, code, "{scenario} {flags:?}: {}", output.screen());
        if ago == young && scenario == "lost-message" {
            assert!(
                output.stdout.contains("withheld") && output.stdout.starts_with("– nothing wrong seen so far"),
                "{}",
                output.stdout
            );
        }
    }
}

/// The only run of a file is the same whether it is named or not: it does not vouch for itself.
#[test]
fn the_only_run_of_a_file_gives_the_same_findings_as_with_its_id() {
    for scenario in scenarios() {
        let run = scenario.run(demo::NOW.plus(-MINUTE), 7);
        let findings = |args: &[&str]| {
            let file = to_otlp_json(&run.spans);
            let output = trace()
                .file("file.json", &file)
                .args(["missing", "-o", "json", "--input", "file.json"])
                .args(args)
                .run();
            output.json()["findings"].clone()
        };
        assert_eq!(findings(&[]), findings(&["--correlation-id", &run.correlation_id]), "{}", scenario.name);
    }
}
