//! What a user sees of a journey: whole screens on recorded answers of real servers.

use crate::support::golden::assert_golden;
use crate::support::{Run, recorded_id, trace};

fn shown(command: &str, scenario: &str, more: &[&str]) -> Run {
    let id = recorded_id(scenario);
    let key: &[&str] = if scenario == "every-key" { &[] } else { &["--key", "correlation_id"] };
    trace().replay(scenario).args([command, &id]).args(key).args(more).run()
}

#[test]
fn find_of_a_good_run_shows_no_error() {
    assert_golden("journey/find_of_a_good_run_shows_no_error.txt", &shown("find", "complete", &[]).screen());
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
fn find_joins_a_linked_trace_and_says_why() {
    assert_golden("journey/find_joins_a_linked_trace_and_says_why.txt", &shown("find", "linked-trace", &[]).screen());
}

#[test]
fn find_shows_traces_and_says_that_loki_is_down() {
    assert_golden(
        "journey/find_shows_traces_and_says_that_loki_is_down.txt",
        &shown("find", "loki-down", &["--loki-url", "http://127.0.0.1:9"]).screen(),
    );
}

#[test]
fn find_asks_every_key_of_every_service() {
    assert_golden("journey/find_asks_every_key_of_every_service.txt", &shown("find", "every-key", &["-v"]).screen());
}

#[test]
fn find_takes_an_id_as_data() {
    assert_golden("journey/find_takes_an_id_as_data.txt", &shown("find", "hostile-id", &[]).screen());
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
    assert_golden(
        "journey/timeline_shows_only_what_is_wanted.txt",
        &shown("timeline", "complete", &["--service", "cj_*", "--attributes", "http.route,messaging.system"]).screen(),
    );
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
    assert_golden(
        "journey/logs_finds_lines_by_metadata_and_by_trace.txt",
        &shown("logs", "metadata-only-logs", &[]).screen(),
    );
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
    for format in ["markdown", "csv", "jsonl"] {
        for report in ["find", "timeline", "logs", "span"] {
            let id = recorded_id("storage-error");
            let what: &[&str] = if report == "span" { &[&id, &span] } else { &[&id] };
            let args = [&[report], what, &["--key", "correlation_id", "-o", format]].concat();
            let run = trace().replay("storage-error").args(args).run();
            if format == "jsonl" && run.code == 0 {
                ends_with_how_whole_it_is(&run);
            }
            assert_golden(&format!("journey/{report}_{format}.txt"), &run.screen());
        }
    }
}

fn ends_with_how_whole_it_is(run: &Run) {
    let records: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let (end, rows) = records.split_last().expect("a last record");
    assert!(rows.iter().all(|row| row["kind"].is_string() && row["kind"] != "end"), "{rows:?}");
    assert_eq!((&end["kind"], &end["rows"]), (&"end".into(), &rows.len().into()));
    assert!(end["complete"].is_boolean() && end["notes"].is_array(), "{end}");
}
