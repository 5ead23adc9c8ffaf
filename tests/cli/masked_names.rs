//! Masking keeps versions, product names and status codes: files whose names or messages differ in one such word, each
//! with the command that compares them and its answer.

use crate::support::{fixture, trace};
use serde_json::Value as Json;

/// The JSON that a command prints for files of `fixtures/cases`, and its exit code.
fn answer(command: &str, files: &[&str]) -> (Json, i32) {
    let inputs = files.iter().flat_map(|file| ["--input".into(), fixture("cases").join(file).into_os_string()]);
    let run = trace().args(command.split_whitespace()).args(inputs).args(["-o", "json"]).run();
    (run.json(), run.code)
}

/// The entries of a list, one line each: the named fields, separated by blanks.
fn lines(answer: &Json, list: &str, fields: &[&str]) -> Vec<String> {
    let text = |entry: &Json, field: &&str| match &entry[*field] {
        Json::Array(words) => words.iter().filter_map(Json::as_str).collect::<Vec<_>>().join("+"),
        field => field.as_str().unwrap_or_default().to_owned(),
    };
    let entries = answer[list].as_array().unwrap_or_else(|| panic!("no {list} in {answer}"));
    let line = |entry: &Json| fields.iter().map(|field| text(entry, field)).collect::<Vec<_>>().join(" ");
    entries.iter().map(line).map(|line| line.trim().to_owned()).collect()
}

#[expect(clippy::type_complexity, reason = "a table of cases, its columns named by the loop below")]
#[test]
fn names_that_differ_in_a_version_a_product_or_a_code_stay_different() {
    let step = &["changes", "operation"][..];
    let finding = &["id", "operation", "summary"][..];
    let table: [(&str, &[&str], &str, &[&str], &[&str], i32); 4] = [
        (
            "diff --all --exit-code",
            &["v1.json", "v2.json"],
            "steps",
            step,
            &[
                "missing POST /api/v1/orders",
                "missing publish orders.v1",
                "added POST /api/v2/orders",
                "added publish orders.v2",
            ],
            1,
        ),
        (
            "diff --all --exit-code",
            &["s3.json", "ec2.json"],
            "steps",
            step,
            &["POST /orders", "missing s3 PutObject", "added ec2 PutObject"],
            1,
        ),
        (
            "missing c-00000000000000000000000000000077 --baseline 25 --all",
            &["baseline-sibling-names.json"],
            "findings",
            &finding[..2],
            &[
                "publish_without_consume publish orders.v1",
                "usually_followed_by ec2 PutObject",
                "usually_followed_by publish orders.v2",
            ],
            0,
        ),
        (
            "missing --all",
            &["two-status-codes.json"],
            "findings",
            finding,
            &[
                "error_origin GET /stock shop failed at GET /stock: HTTP 404 not found",
                "error_origin GET /stock shop failed at GET /stock: HTTP 503 not found",
            ],
            0,
        ),
    ];
    for (command, files, list, fields, expected, code) in table {
        let (answer, exit_code) = answer(command, files);
        assert_eq!(lines(&answer, list, fields), expected, "{command} {files:?}");
        assert_eq!(exit_code, code, "{command} {files:?}");
    }
}
