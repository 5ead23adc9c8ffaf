//! What a command that is refused leaves behind: no program was run, and a recording that was made is there.

use crate::support::trace;

/// A backend that does not listen, and a program for its credentials that writes a line for each run.
fn config() -> String {
    let command = ["sh", "-c", "echo ran >> ran; echo Bearer a"];
    format!("[jaeger]\nurl = \"http://127.0.0.1:1\"\nauth = {{ command = {command:?} }}\n")
}

#[test]
fn wrong_flags_run_no_program_that_prints_credentials() {
    let config = config();
    let asked = |args: &[&str]| {
        let (mut command, home) = trace().file(".config/trace/config.toml", &config).args(args).prepared();
        let output = command.output().expect("the binary runs");
        (output.status.code(), home.path().join("ran").exists(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for args in [
        &["diff"][..],
        &["diff", "a"],
        &["diff", "a", ""],
        &["diff", "a", "b", "--at", "now-1h"],
        &["diff", "a", "b", "--start", "now+5h"],
        &["diff", "--at", "now+5h"],
        &["diff", "--before", "soon", "--after", "now-1h..now"],
        &["find", "a", "--start", "now+5h"],
        &["missing", "a", "--start", "now+5h"],
        &["errors", "--start", "now+5h"],
    ] {
        let (code, ran, stderr) = asked(args);
        assert_eq!((code, ran), (Some(2), false), "{args:?}: {stderr}");
    }
    let (code, ran, stderr) = asked(&["diff", "a", "b", "--timeout", "5s"]);
    assert!(code != Some(2) && ran, "{code:?}: {stderr}");
}

#[test]
fn a_recording_is_kept_where_its_runs_are_too_few_to_learn_from() {
    let args = ["--without", "loki,prometheus", "--jaeger-url", "http://127.0.0.1:1", "--record", "rec"];
    for command in [&["learn-pipeline", "--ids-from", "ids.txt"][..], &["span", "abcd", "--correlation-id", "a"]] {
        let (mut command, home) = trace().file("ids.txt", "a\n").args(command).args(args).prepared();
        let output = command.output().expect("the binary runs");
        assert!(home.path().join("rec").is_dir(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_baseline_asks_with_one_session() {
    let config = config();
    let args = ["missing", "a", "--baseline", "3", "-vv", "--timeout", "5s", "--without", "loki,prometheus"];
    let (mut command, home) = trace().file(".config/trace/config.toml", &config).args(args).prepared();
    let output = command.output().expect("the binary runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(std::fs::read_to_string(home.path().join("ran")).unwrap_or_default().lines().count(), 1, "{stderr}");
    assert!(stderr.contains("127.0.0.1:1"), "{stderr}");
}
