//! What a build server would take for a command comes out of no format as one.

use crate::support::trace;

/// Lines that runners act on, as their documentation and past advisories have them.
const COMMANDS: [&str; 40] = [
    "::error::x",
    "::error file=a,line=1::x",
    "::warning::x",
    "::notice::x",
    "::debug::x",
    "::group::x",
    "::endgroup::",
    "::add-mask::x",
    "::stop-commands::token",
    "::token::",
    "::set-output name=a::b",
    "::set-env name=PATH::/tmp",
    "::add-path::/tmp",
    "::save-state name=a::b",
    "::echo::on",
    "::add-matcher::/tmp/x.json",
    "::remove-matcher owner=a::",
    "  ::error::x",
    "\t::error::x",
    "\u{a0}::error::x",
    "\u{3000}::error::x",
    "a\n::error::x",
    "a\r::error::x",
    "a\r\n::error::x",
    "a\u{85}::error::x",
    "a\u{2028}::error::x",
    "##[error]x",
    "a ##[add-path]/tmp",
    "##[set-env name=a]b",
    "##[group]x",
    "##[command]x",
    "[command]rm -rf /",
    "##vso[task.setvariable variable=a]b",
    "a ##vso[task.complete result=Failed;]x",
    "##VSO[task.prependpath]/tmp",
    "##teamcity[buildStatus status='SUCCESS']",
    "##teamcity[setParameter name='a' value='b']",
    "section_start:1560896352:x\r\u{1b}[0Ka",
    "a section_end:1560896352:x\r\u{1b}[0K",
    "\u{1b}[0K::error::x",
];

/// As the runners look for them: an own, short account.
fn is_command(line: &str) -> bool {
    let lower = line.to_lowercase();
    let begins = lower.trim_start();
    let section = ["section_start:", "section_end:"]
        .iter()
        .any(|s| lower.split(s).skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit())));
    begins.starts_with("::")
        || begins.starts_with("[command]")
        || section
        || ["##[", "##vso[", "##teamcity["].iter().any(|mark| lower.contains(mark))
}

fn harmless(text: &str, what: &str) {
    for line in text.split(['\n', '\r', '\u{85}', '\u{2028}']) {
        assert!(!is_command(line), "{what}: {line:?}");
    }
}

/// One failed span and one line, the text wherever there is room for one.
fn files(evil: &str) -> (String, String) {
    let at = 1_795_352_531_000_000_u64;
    let tag = |key: &str| serde_json::json!({ "key": key, "type": "string", "value": evil });
    let span = serde_json::json!({ "traceID": "0af7651916cd43dd8448eb211c80319c", "spanID": "b7ad6b7169203331",
        "operationName": evil, "references": [], "startTime": at, "duration": 5_000, "processID": "p1",
        "tags": [tag("correlation_id"), tag("otel.status_description"), tag(evil),
            { "key": "error", "type": "bool", "value": true }],
        "logs": [{ "timestamp": at, "fields": [tag("event"), tag("exception.message"), tag("exception.stacktrace")] }] });
    let jaeger = serde_json::json!({ "data": [{ "traceID": "0af7651916cd43dd8448eb211c80319c", "spans": [span],
        "processes": { "p1": { "serviceName": evil, "tags": [tag(evil)] } } }] });
    let said = serde_json::json!({ "correlation_id": evil, "level": "error", "event": evil, "service": evil });
    let line = serde_json::json!({ "timestamp": "2026-11-22T13:02:11Z", "labels": { "service_name": evil }, "line": said.to_string() });
    (jaeger.to_string(), line.to_string() + "\n")
}

#[test]
fn no_text_becomes_a_command_in_any_format_or_error() {
    for (nth, evil) in COMMANDS.iter().enumerate() {
        let (jaeger, lines) = files(evil);
        let run = |args: &[&str]| {
            let run = trace().file("a.json", &jaeger).file("b.jsonl", &lines).args(args).run();
            harmless(&run.stdout, &format!("{args:?} of {evil:?}"));
            harmless(&run.stderr, &format!("stderr of {args:?} of {evil:?}"));
            run
        };
        let sources = ["--input", "a.json", "--input", "b.jsonl", "--correlation-id", evil];
        for format in ["table", "json", "jsonl", "csv", "markdown"] {
            // Each command in some of the formats of each text, all of them in all over the texts.
            let all: [&[&str]; 4] =
                [&["find", "-v"], &["timeline", "--logs", "all"], &["logs"], &["span", "b7ad6b7169203331"]];
            let answer = run(&[all[nth % 4], &["-o", format, "--width", "60"], &sources].concat());
            assert_eq!(answer.code, 0, "{evil:?}: {}", answer.stderr);
            assert!(!answer.stdout.is_empty(), "{evil:?} {format}");
        }
        run(&["find", "--input", evil]);
        run(&["find", evil, "--profile", evil]);
        run(&["find", evil, evil, evil]);
        run(&["find", "x", "--loki-url", evil]);
        run(&["find", "x", "--since", evil]);
    }
}

#[test]
fn rows_say_how_whole_they_are() {
    let run = trace().args(["find", "--demo", "-o", "jsonl"]).run();
    let records: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let (end, spans) = records.split_last().expect("a last record");
    assert!(spans.iter().all(|record| record["kind"] == "span"));
    assert_eq!((&end["kind"], &end["complete"]), (&"end".into(), &true.into()));
    assert_eq!(end["rows"], spans.len());
    let run = trace().args(["find", "--demo", "-o", "csv"]).run();
    assert_eq!(csv::Reader::from_reader(run.stdout.as_bytes()).records().count(), spans.len());
    let run = trace().args(["demo", "-o", "csv"]).run();
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("no main table"), "{}", run.stderr);
}

#[test]
fn a_ticket_has_headings_lists_and_code() {
    let run = trace().args(["find", "--demo", "-o", "markdown"]).run();
    assert_eq!(run.code, 0);
    assert!(run.stdout.starts_with("## "), "{}", run.stdout);
    assert!(run.stdout.contains("```text\n") && run.stdout.contains("- **time** "), "{}", run.stdout);
}
