//! What a user sees of a journey: whole screens on recorded answers of real servers.

use crate::support::golden::assert_golden;
use crate::support::{Run, assert_lines, assert_records, recorded_id, trace};

fn shown(command: &str, scenario: &str, more: &[&str]) -> Run {
    let id = recorded_id(scenario);
    let key: &[&str] = if scenario == "every-key" { &[] } else { &["--key", "correlation_id"] };
    trace().replay(scenario).args([command, &id]).args(key).args(more).run()
}

/// Each scenario with what only its screen shows; the layout is that of the goldens.
#[test]
fn find_shows_what_is_special_in_a_recorded_run() {
    let connections = ["--loki-url", "http://127.0.0.1:9"];
    let table: [(&str, &[&str], &[&str]); 5] = [
        (
            "complete",
            &[],
            &[
                "✓ no errors in 7b3a0191-502a-4344-a8d4-f8708944e261",
                "4 services · 1 trace · 12 spans · 13 log lines · 1.03 s · 2026-11-23 23:27:18.944 +00:00",
                "complete · jaeger ✓ 0 ms (12 spans, v1, 4 services asked) · loki ✓ 0 ms (13 lines)",
                "prometheus ✓ 0 ms (0 alerts)",
                "0 ms ┃ batch_orchestrator POST /api/v1/batches/register ██▊ 122 ms",
                "65 ms ┊ 42 ms in the queue ┄┄",
                "538 ms ┃ cj_assessment ⇠ …cj_assessment.assessment_request.v1 ▐███████████ 490 ms",
                "┃ critical path · ┊ waiting · … stands for huleedu.",
                "time 343 ms 33 % cj_assessment score_essays",
                "145 ms 14 % spell_checker ⇠ …spell_checker.check_request.v1",
                "127 ms 12 % essay_lifecycle ⇠ …spell_checker.check_complete.v1",
                "covered 2026-11-23 22:29 – 23:29 +00:00 traces, logs",
                "2026-11-23 23:22 – 23:29 +00:00 metrics",
                "--- exit 0",
            ],
        ),
        (
            "linked-trace",
            &[],
            &[
                "✓ no errors in b025d299-73ad-4a51-aa7d-ddac68ab97bf",
                "4 services · 2 traces · 12 spans · 13 log lines · 1.02 s · 2026-11-23 23:27:27.668 +00:00",
                "64 ms ┊ 43 ms in the queue → trace 5271b25a ┄┄",
                "joined traces 5271b25a, 59891376 have tag correlation_id",
                "11 log lines carry the ID",
                "2 log lines carry trace 5271b25a",
                "--- exit 0",
            ],
        ),
        (
            "loki-down",
            &connections,
            &[
                "✗ 1 error in 388dc95b-90f2-459a-9098-7ab7f42c7031",
                "4 services · 2 traces · 12 spans · 0 log lines · 1.06 s · 2026-11-23 23:27:36.433 +00:00",
                "NOT COMPLETE · jaeger ✓ 0 ms (12 spans, v1, 4 services asked) · loki ✗ no answer",
                "prometheus ✓ 0 ms (0 alerts)",
                "missing ✗ loki: cannot connect to http://127.0.0.1:9: connection refused (os error 111)",
                "→ is it running, and is this its address?",
                "✗ essay_lifecycle storage_reference_update",
                "334 ms ┃✗ essay_lifecycle storage_reference_update ▐███████ 330 ms",
                "covered 2026-11-23 22:29 – 23:29 +00:00 traces",
                "2026-11-23 23:22 – 23:29 +00:00 metrics",
                "next trace span 388dc95b-90f2-459a-9098-7ab7f42c7031 d162022f --replay fixtures/loki-down \
                 --loki-url http://127.0.0.1:9 --key correlation_id",
                "--- exit 3",
            ],
        ),
        (
            "every-key",
            &["-v"],
            &[
                "✗ 1 finding in 487c1b2e-8acb-4312-9986-7b0e4d75645e",
                "jaeger http://jaeger.test from TRACE_JAEGER_URL, 42 requests",
                "loki http://loki.test from TRACE_LOKI_URL, 5 requests",
                "prometheus http://prometheus.test from TRACE_PROMETHEUS_URL, 2 requests",
                "✗ spell_checker_service took a message of huleedu.spell_checker.check_request.v1 from",
                "batch_orchestrator_service and began a trace of its own, without parent or link",
                "broken_propagation · error · high confidence · 59 ms in · span 4d6e7a8c",
                "likely: spell_checker_service does not read the trace context from the message's headers",
                "0 ms ┃ batch_orchestrator POST /api/v1/…ches/register ebc9c706 ██▊ 119 ms",
                "joined traces 7b9ed2d57d4132b078d2e129fe5b5277, b32e24acb936c9d59c0d68bbf69c0503 have tag",
                "--- stderr",
                "jaeger GET /api/services 0 ms",
                "jaeger GET /api/v3/trace-summaries 0 ms",
                "jaeger GET /api/traces ×40 slowest 0 ms",
                "loki GET /loki/api/v1/labels 0 ms",
                "loki POST /loki/api/v1/query_range ×4 slowest 0 ms",
                "prometheus POST /api/v1/query_range 0 ms",
                "prometheus POST /api/v1/query_exemplars 0 ms",
                "--- exit 0",
            ],
        ),
        (
            "hostile-id",
            &[],
            &[
                r#"✓ no errors in batch "d6d6e54b-5bc8-450e-a34b-3170150a0085" it's \n\\ {curly} `tick` naïve-Zürich"#,
                "<&> /../ %0a end",
                "joined trace 7efb0b79 has tag correlation_id",
                r#"next trace timeline 'batch "d6d6e54b-5bc8-450e-a34b-3170150a0085" it'\''s \n\\ {curly} `tick` naïve-Zürich <&> /../ %0a end' --replay fixtures/hostile-id --key correlation_id"#,
                "--- exit 0",
            ],
        ),
    ];
    for (scenario, args, lines) in table {
        assert_lines(&shown("find", scenario, args).screen(), lines);
    }
}

#[test]
fn find_names_the_error_first() {
    assert_golden("journey/find_names_the_error_first.txt", &shown("find", "storage-error", &[]).screen());
}

#[test]
fn find_fits_sixty_columns_in_ascii() {
    assert_golden(
        "journey/find_fits_sixty_columns_in_ascii.txt",
        &shown("find", "storage-error", &["--width", "60", "--ascii"]).screen(),
    );
}

#[test]
fn timeline_nests_calls_and_shows_waits_and_the_error() {
    assert_golden(
        "journey/timeline_nests_calls_and_shows_waits_and_the_error.txt",
        &shown("timeline", "storage-error", &["--logs", "all", "-v"]).screen(),
    );
}

#[test]
fn timeline_folds_what_is_alike_and_leaves_the_odd_one_out() {
    assert_golden(
        "journey/timeline_folds_what_is_alike_and_leaves_the_odd_one_out.txt",
        &shown("timeline", "fan-out-lost", &["--width", "80"]).screen(),
    );
}

#[test]
fn timeline_shows_only_what_is_wanted() {
    let args = ["--service", "cj_*", "--attributes", "http.route,messaging.system"];
    let screen = shown("timeline", "complete", &args).screen();
    let lines = [
        "488 ms ┊ 50 ms in the queue ┄┄┄",
        "538 ms ┃ cj_assessment ⇠ …cj_assessment.assessment_request.v1 █████████████ 490 ms",
        "┃ messaging.system = kafka",
        "547 ms ┃ cj_assessment score_essays ▐█████████▋ 392 ms",
        "557 ms ┃ cj_assessment SELECT essays ▐▉ 49 ms",
        "shown 9 spans are filtered out by --service 'cj_*'",
        "next trace span 7b3a0191-502a-4344-a8d4-f8708944e261 65b5d5da --replay fixtures/complete --key correlation_id",
        "--- exit 0",
    ];
    assert_lines(&screen, &lines);
    // Three rows, an attribute, and the legend.
    assert_eq!(screen.matches('┃').count(), 5, "{screen}");
}

#[test]
fn logs_lays_out_an_error_context() {
    assert_golden(
        "journey/logs_lays_out_an_error_context.txt",
        &shown("logs", "storage-error", &["--level", "warn"]).screen(),
    );
}

#[test]
fn logs_finds_lines_by_metadata_and_by_trace() {
    let screen = shown("logs", "metadata-only-logs", &["--width", "160"]).screen();
    let rows = [
        ("32.083", "info", "batch_orchestrator", "Batch registration received"),
        ("32.119", "debug", "batch_orchestrator", "Batch stored"),
        ("32.143", "info", "batch_orchestrator", "Spell check requested"),
        ("32.185", "info", "spell_checker", "Spell check request received"),
        ("32.248", "debug", "spell_checker", "Dictionary loaded"),
        ("32.371", "info", "spell_checker", "Spell check complete"),
        ("32.405", "info", "essay_lifecycle", "Spell check result received"),
        ("32.505", "info", "essay_lifecycle", "Storage reference updated"),
        ("32.583", "info", "essay_lifecycle", "CJ assessment requested"),
        ("32.630", "info", "cj_assessment", "CJ assessment request received"),
        ("32.697", "debug", "cj_assessment", "Essays read"),
        ("33.029", "info", "cj_assessment", "Essays scored"),
        ("33.118", "info", "cj_assessment", "CJ assessment complete"),
    ];
    let row = |(time, level, service, text): (&str, &str, &str, &str)| {
        let (written, upper) = (time.replace('.', ","), level.to_uppercase());
        format!(
            "23:27:{time} {level} {service} 2026-11-23 23:27:{written} {upper} {service}_service [worker-cd01389b] {text}"
        )
    };
    let rows = rows.map(row);
    let first = [
        "✓ no error lines in 89de8346-2794-42eb-8c5f-41e141f19217",
        "13 log lines · 4 services · 2026-11-23 23:27:32.083 +00:00",
    ];
    let lines: Vec<&str> = first.into_iter().chain(rows.iter().map(String::as_str)).chain(["--- exit 0"]).collect();
    assert_lines(&screen, &lines);
    assert_eq!(screen.matches("[worker-cd01389b]").count(), 13, "{screen}");
}

#[test]
fn span_shows_everything_of_one_span() {
    let json = shown("find", "storage-error", &["-o", "json"]).json();
    let failed = json["spans"].as_array().and_then(|all| all.iter().find(|s| s["error"] == true));
    let id = failed.and_then(|s| s["span_id"].as_str()).map(|id| id[..6].to_owned()).unwrap_or_default();
    let journey = recorded_id("storage-error");
    let screen =
        trace().replay("storage-error").args(["span", &journey, &id, "--key", "correlation_id"]).run().screen();
    assert_golden("journey/span_shows_everything_of_one_span.txt", &screen);
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    let once = shown("find", "every-key", &["-o", "json"]);
    assert_eq!(once.stdout, shown("find", "every-key", &["-o", "json"]).stdout);
    assert_eq!(once.code, 0);
}

/// What `trace schema` prints holds for what the commands print.
#[test]
fn json_keeps_to_its_schema() {
    let schema = trace().args(["schema"]).run().json();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for scenario in ["complete", "storage-error", "hostile-id", "linked-trace", "loki-down"] {
        for command in ["find", "timeline", "logs"] {
            let json = shown(command, scenario, &["-o", "json"]).json();
            let wrong: Vec<String> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
            assert!(wrong.is_empty(), "{command} {scenario}: {wrong:#?}");
            assert_eq!(json["report"], command);
        }
    }
    for args in [&["find", "--demo"][..], &["demo"], &["doctor", "--timeout", "1s"], &["config", "show"]] {
        let json = trace().args(args).args(["-o", "json"]).run().json();
        let wrong: Vec<String> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{args:?}: {wrong:#?}");
    }
}

/// Each report as it is pasted into a ticket, put into a table, or read by another program.
#[test]
fn every_report_in_every_form_of_a_file() {
    let json = shown("find", "storage-error", &["-o", "json"]).json();
    let failed = json["spans"].as_array().and_then(|all| all.iter().find(|s| s["error"] == true));
    let span = failed.and_then(|s| s["span_id"].as_str()).map(|id| id[..6].to_owned()).unwrap_or_default();
    let id = recorded_id("storage-error");
    for report in ["find", "timeline", "logs", "span"] {
        let run = |format: &str| {
            let what: &[&str] = if report == "span" { &[&id, &span] } else { &[&id] };
            let args = [&[report], what, &["--key", "correlation_id", "-o", format]].concat();
            trace().replay("storage-error").args(args).run()
        };
        let [csv, jsonl] = ["csv", "jsonl"].map(run);
        assert_golden(&format!("journey/{report}_csv.txt"), &csv.screen());
        assert_golden(&format!("journey/{report}_markdown.txt"), &run("markdown").screen());
        let end = assert_records(&jsonl.stdout, &csv.stdout);
        assert_eq!((jsonl.code, jsonl.stderr.as_str(), &end["complete"]), (0, "", &true.into()), "{report}");
        assert_eq!((&end["report"], &end["subject"]), (&report.into(), &id.as_str().into()));
    }
}
