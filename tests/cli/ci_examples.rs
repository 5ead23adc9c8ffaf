//! The jobs in `docs/ci` are run as plain shell: what they promise is what happens.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use granit_parser::{Event, Parser};

const GITHUB: &str = include_str!("../../docs/ci/github-workflow.yml");
const GITLAB: &str = include_str!("../../docs/ci/gitlab-ci.yml");
const SIX: &str = include_str!("../../docs/pipelines/six-operations.yaml");
const NO_ERROR: &str = "pipeline: quiet\nabsent: [{ span: \"*\", status: error }]\n";
const MEASURED: &str = "pipeline: measured\nmetrics: [{ query: sum(lost_total), is: == 0 }]\n";

/// Every text at one of these keys, or in a list there, in the order of the file.
fn scripts(yaml: &str, keys: &[&str]) -> Vec<String> {
    // Of each open collection: its current key, and, of a mapping, whether its next scalar is a key.
    let mut open: Vec<(String, Option<bool>)> = vec![];
    let mut key = String::new();
    let mut found = vec![];
    for event in Parser::new_from_str(yaml) {
        let (event, _) = event.expect("YAML");
        let is_key = matches!(open.last(), Some((_, Some(true))));
        match &event {
            Event::Scalar(text, ..) if is_key => key = text.to_string(),
            Event::Scalar(text, ..) if keys.contains(&key.as_str()) => found.push(text.to_string()),
            Event::Scalar(..) => {}
            Event::SequenceStart(..) => open.push((key.clone(), None)),
            Event::MappingStart(..) => open.push((key.clone(), Some(true))),
            Event::SequenceEnd | Event::MappingEnd => key = open.pop().map(|(key, _)| key).unwrap_or_default(),
            _ => continue,
        }
        // In a mapping, keys and values take turns; what has been opened just now takes its turn when it is closed.
        let is_open = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        if let (Some((_, Some(turn))), false) = (open.last_mut(), is_open) {
            *turn = !*turn;
        }
    }
    found
}

/// Runs steps as a build server would, in a folder with the spec and a system test that has just run this scenario.
fn run(steps: &[String], spec: &str, scenario: &str, folder: &Path) -> Output {
    let id = crate::support::trace().args(["find", &format!("--demo={scenario}"), "-o", "json"]).run().json();
    let id = id["subject"].as_str().expect("an ID");
    let program = |path: &str, script: String| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(&path, script).expect("the program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may run");
    };
    program("tests/system", format!("#!/bin/sh\necho '{id}'\n"));
    // The demo replaces the servers for commands that would ask them.
    let trace = env!("CARGO_BIN_EXE_trace");
    let demo = format!("#!/bin/sh\ncase \"$*\" in *--check*) ;; *) set -- \"$@\" --demo={scenario} ;; esac\n");
    program("bin/trace", format!("{demo}exec '{trace}' \"$@\"\n"));
    fs::write(folder.join("pipeline.yaml"), spec).expect("the spec");
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("sh")
        .args(["-e", "-c", &steps.join("\n")])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
        .output()
        .expect("a shell")
}

#[test]
fn the_jobs_gate_and_leave_their_report() {
    let github = scripts(GITHUB, &["run"]);
    let gitlab = scripts(GITLAB, &["before_script", "script"]);
    assert_eq!((github.len(), gitlab.len()), (4, 4), "{github:#?} {gitlab:#?}");
    let table = [
        (SIX, "complete", 0, "<testcase", None),
        (NO_ERROR, "storage-error", 1, "<failure", Some("::error title=quiet%3A absent")),
        (MEASURED, "complete", 3, "<error", Some("::warning title=measured%3A metric")),
    ];
    for (spec, scenario, code, expected, annotated) in table {
        for steps in [&github, &gitlab] {
            let folder = tempfile::tempdir().expect("a folder");
            let output = run(steps, spec, scenario, folder.path());
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{scenario}: {stderr}");
            let report = fs::read_to_string(folder.path().join("pipeline.xml")).expect("the JUnit file");
            assert!(report.contains(expected), "{scenario}: {report}");
            let summary = fs::read_to_string(folder.path().join("summary.md")).expect("the summary");
            assert!(summary.starts_with("## "), "{scenario}: {summary}");
            match annotated {
                Some(annotation) => assert!(stderr.contains(annotation), "{scenario}: {stderr}"),
                None => assert!(!stderr.contains("::"), "{scenario}: {stderr}"),
            }
        }
    }
}

#[test]
fn the_jobs_keep_the_file_that_they_write() {
    let upload = scripts(GITHUB, &["path"]);
    let reports = scripts(GITLAB, &["junit"]);
    assert_eq!((upload, reports), (vec!["pipeline.xml".to_owned()], vec!["pipeline.xml".to_owned()]));
    for steps in [scripts(GITHUB, &["run"]), scripts(GITLAB, &["script"])] {
        assert!(steps.iter().any(|step| step.contains("--junit pipeline.xml")), "{steps:#?}");
    }
}
