//! `trace missing` as a user sees it: screens, and what the exit code says.

use crate::support::generator::export::to_otlp_json;
use crate::support::golden::assert_golden;
use crate::support::jaeger::Jaeger;
use crate::support::stack::now;
use crate::support::trace;
use trace::model::time::{HOUR, MINUTE, SECOND};
use trace::source::demo::{self, scenarios};

fn screen(args: &[&str], width: &str) -> String {
    trace().env("COLUMNS", width).args(["missing"]).args(args).run().screen()
}

#[test]
fn one_run_shows_each_finding_with_evidence_causes_and_what_to_type_next() {
    for width in ["80", "120"] {
        assert_golden(&format!("missing/one_{width}.txt"), &screen(&["--demo=fan-out-lost"], width));
    }
    let ascii = screen(&["--demo=fan-out-lost", "--ascii"], "80");
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn a_good_run_has_nothing_missing() {
    assert_golden("missing/a_good_run_has_nothing_missing.txt", &screen(&["--demo=complete"], "80"));
}

#[test]
fn findings_at_info_are_shown_with_all() {
    let short = screen(&["--demo=redelivery"], "80");
    assert!(short.contains("unshown") && short.contains("--all") && short.ends_with("exit 0"), "{short}");
    assert_golden("missing/findings_at_info_are_shown_with_all.txt", &screen(&["--demo=redelivery", "--all"], "80"));
}

#[test]
fn many_runs_are_summed_up_by_kind_of_finding() {
    for width in ["80", "120"] {
        assert_golden(&format!("missing/many_{width}.txt"), &screen(&["--demo"], width));
    }
}

#[test]
fn an_unknown_id_does_not_pass_as_a_good_run() {
    let file = crate::support::fixture("jaeger-next").join("v1-trace.body").display().to_string();
    assert_golden(
        "missing/an_unknown_id_does_not_pass_as_a_good_run.txt",
        &screen(&["--input", &file, "nobody-knows-this"], "80"),
    );
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
