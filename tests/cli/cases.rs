//! Inputs of `fixtures/cases` with the answer that each must have: a row a command.

use crate::support::{fixture, trace};

/// A command, its input files, its exit code, texts that its screen must have and texts that it must not have.
type Case = (&'static str, &'static [&'static str], i32, &'static [&'static str], &'static [&'static str]);

/// Runs each command in `fixtures/cases` and reports every row that fails, not only the first.
#[track_caller]
fn check(table: &[Case]) {
    let mut failures = String::new();
    for (command, files, code, present, absent) in table {
        let inputs = files.iter().flat_map(|file| ["--input".into(), fixture("cases").join(file).into_os_string()]);
        let run = trace().args(command.split_whitespace()).args(inputs).run();
        // Lines are wrapped at the width of the screen.
        let screen = run.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        let missing = present.iter().filter(|text| !screen.contains(**text)).map(|text| format!("  lacks {text}\n"));
        let unwanted = absent.iter().filter(|text| screen.contains(**text)).map(|text| format!("  has {text}\n"));
        let faults: String = missing.chain(unwanted).collect();
        if run.code != *code || !faults.is_empty() {
            failures += &format!("{command} {files:?}: exit {}, expected {code}\n{faults}{}\n", run.code, run.screen());
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

const NONE: &[&str] = &[];

#[test]
fn spans_in_other_formats_are_read_or_refused_by_name() {
    let no_green = &["✓"];
    check(&[
        ("missing req-7781 --fail-on error", &["zipkin-list.json"], 2, &["Zipkin", "OTLP JSON"], no_green),
        ("hotspots --fail-on error", &["zipkin-list.json"], 2, &["Zipkin"], no_green),
        ("find req-7781", &["python-console.json"], 2, &["exporter for Python", "OTLP JSON"], no_green),
        ("find req-7781", &["go-stdouttrace.json"], 2, &["exporter for Go", "OTLP JSON"], no_green),
        ("find req-7781", &["es-search.json"], 0, &["4 spans", "INSERT orders"], &["more hits"]),
        ("find req-7781", &["compose-prefix.log"], 0, &["4 spans", "INSERT orders"], &["skipped"]),
        ("find", &["zstd-framed.json"], 2, &["zstd", "frames", "`compression`"], &["only its JSON form"]),
    ]);
}

#[test]
fn an_error_attribute_may_hold_the_words_of_the_error() {
    check(&[("find", &["error-tag-text.json"], 0, &["connection reset by peer", "a call2"], NONE)]);
}
