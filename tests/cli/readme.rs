//! The README is true: its screens are what the program shows, its lines run, its specs and configuration are
//! sound.

use crate::support::golden::assert_file;
use crate::support::trace;

const README: &str = include_str!("../../README.md");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The fenced blocks of this kind.
fn blocks(kind: &str) -> Vec<&'static str> {
    let opening = format!("\n```{kind}\n");
    README.split(&opening).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_screens_are_what_the_demo_shows() {
    let mut readme = README.to_owned();
    for block in blocks("console") {
        let (command, _) = block.split_once('\n').expect("a command and its screen");
        let args = command.trim_start_matches("$ trace ").split(' ');
        let (mut run, _home) = trace().args(args).env("COLUMNS", "92").prepared();
        let output = run.current_dir(ROOT).output().expect("the binary runs");
        let screen = String::from_utf8(output.stdout).expect("text");
        readme = readme.replace(block, &format!("{command}\n{screen}"));
    }
    assert_file("README.md", &readme);
}

#[test]
fn every_line_to_copy_is_one_that_the_program_knows() {
    let mut tried = 0;
    for block in blocks("sh") {
        let block = block.replace("\\\n", "");
        for line in block.lines().filter(|line| line.starts_with("trace ")) {
            // Its words as a shell splits them, without what it makes of the answer.
            let ends = [" | ", " > ", " >", " || ", " #"].iter().filter_map(|end| line.find(end));
            let line = &line[..ends.min().unwrap_or(line.len())];
            let (run, _home) = trace().prepared();
            // Unknown arguments are reported before help is printed.
            let script = line.replacen("trace", "\"$TRACE\"", 1) + " --help";
            let output = std::process::Command::new("sh")
                .args(["-c", &script])
                .env("TRACE", run.get_program())
                .output()
                .expect("a shell");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            tried += 1;
        }
    }
    assert!(tried > 15, "only {tried} lines were tried");
}

#[test]
fn the_specs_are_sound_and_those_of_docs() {
    let specs: Vec<&str> = blocks("yaml").into_iter().filter(|block| block.contains("pipeline: ")).collect();
    for spec in &specs {
        let run = trace().file("spec.yaml", spec).args(["verify-pipeline", "--check", "spec.yaml"]).run();
        assert_eq!(run.code, 0, "{spec}\n{}", run.stderr);
    }
    for entry in std::fs::read_dir(format!("{ROOT}/docs/pipelines")).expect("the folder") {
        let path = entry.expect("a file").path();
        let file = std::fs::read_to_string(&path).expect("the spec");
        assert!(specs.contains(&file.as_str()), "the README shows another {}", path.display());
    }
}

#[test]
fn every_finding_and_every_key_of_specs_has_its_line() {
    let rows: Vec<&str> = README.lines().filter(|line| line.starts_with("| `")).collect();
    for id in trace::model::finding::FindingId::ALL {
        let kind = if id.is_of_the_missing_kind() { "missing" } else { "seen" };
        let is_documented =
            |row: &&&str| row.starts_with(&format!("| `{}` |", id.as_str())) && row.contains(&format!("| {kind} |"));
        assert!(rows.iter().find(is_documented).is_some(), "{} ({kind})", id.as_str());
    }
    let schema = trace::pipeline::file::schema();
    let objects =
        [&schema["properties"], &schema["$defs"]["step"]["properties"], &schema["$defs"]["group"]["properties"]];
    let keys = objects.iter().filter_map(|object| object.as_object()).flat_map(|object| object.keys());
    for key in keys.filter(|key| !key.contains(' ')) {
        let is_documented =
            rows.iter().any(|row| row.split('|').nth(1).is_some_and(|first| first.contains(&format!("`{key}`"))));
        assert!(is_documented, "`{key}` is told nowhere");
    }
}

#[test]
fn the_configuration_example_is_in_force_when_written_down() {
    let run = trace()
        .file(".config/trace/config.toml", blocks("toml").first().expect("an example"))
        .env("LOKI_SECRET", "hunter2")
        .args(["config", "show", "-o", "json"])
        .run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let values = run.json()["values"].to_string();
    for part in ["https://jaeger.example.com/base/path", "spell checker lag", "correlation_id", "billing.*", "0.1"] {
        assert!(values.contains(part), "{part}: {values}");
    }
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "no secret is shown");
}
