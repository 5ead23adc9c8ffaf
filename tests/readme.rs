//! The README tells the truth: its screen is what the program shows, its configuration is one.

mod support;

use support::trace;

/// The first fenced block of this kind.
fn block(kind: &str) -> String {
    let readme = include_str!("../README.md");
    let from = readme.split(&format!("```{kind}\n")).nth(1).unwrap_or_else(|| panic!("no {kind} block"));
    from.split("```").next().unwrap_or_default().to_owned()
}

#[test]
fn the_first_screen_is_what_the_demo_shows() {
    let (command, screen) = block("console").split_once('\n').map(|(c, s)| (c.to_owned(), s.to_owned())).expect("both");
    let args = command.trim_start_matches("$ trace ").split(' ');
    let run = trace().args(args).env("COLUMNS", "92").run();
    if std::env::var_os("UPDATE").is_some() {
        let readme = include_str!("../README.md").replace(&screen, &run.stdout);
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), readme).expect("the README");
        return;
    }
    assert_eq!(run.stdout, screen, "run `UPDATE=1 cargo test --test readme` to put the new screen there");
}

#[test]
fn the_configuration_example_is_in_force_when_written_down() {
    let run = trace()
        .file(".config/trace/config.toml", &block("toml"))
        .env("LOKI_SECRET", "hunter2")
        .args(["config", "show", "-o", "json"])
        .run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let values = run.json()["values"].to_string();
    for part in ["https://jaeger.example.com/base/path", "spell checker lag", "correlation_id"] {
        assert!(values.contains(part), "{part}: {values}");
    }
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "no secret is shown");
}
