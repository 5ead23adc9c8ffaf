//! The harness: runs the binary in a scrubbed environment and shows what a user would see.
#![allow(dead_code)]

pub mod generator;
pub mod golden;
pub mod jaeger;
pub mod length;
pub mod recorded;
pub mod server;
pub mod stack;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// One run of the binary, being prepared.
pub struct Trace {
    command: Command,
    stdin: Vec<u8>,
    last: Vec<String>,
    home: tempfile::TempDir,
}

/// The binary with nothing of this machine's environment: zone UTC, 100 columns, no colour, an empty home.
pub fn trace() -> Trace {
    let home = tempfile::tempdir().expect("a temporary home");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trace"));
    command
        .env_clear()
        .env("HOME", home.path())
        .env("TZ", "UTC")
        .env("LANG", "C.UTF-8")
        .env("COLUMNS", "100")
        .current_dir(home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Trace { command, stdin: Vec::new(), last: Vec::new(), home }
}

impl Trace {
    /// Adds arguments.
    pub fn args<S: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Answers from `fixtures/NAME` instead of servers.
    pub fn replay(mut self, name: &str) -> Self {
        for backend in ["JAEGER", "LOKI", "PROMETHEUS"] {
            self.command.env(format!("TRACE_{backend}_URL"), format!("http://{}.test", backend.to_lowercase()));
        }
        self.command.current_dir(env!("CARGO_MANIFEST_DIR"));
        self.last = vec!["--replay".to_owned(), format!("fixtures/{name}")];
        self
    }

    /// Puts a file into the home, which is also the working folder.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, text).expect("the file");
        self
    }

    /// Lets a name in the home lead to another one.
    pub fn link(self, to: &str, name: &str) -> Self {
        std::os::unix::fs::symlink(to, self.home.path().join(name)).expect("the link");
        self
    }

    /// Gives it something to read.
    pub fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = bytes.to_vec();
        self
    }

    /// Starts it with an open standard input; its home is there as long as the folder is kept.
    pub fn start(mut self) -> (Child, tempfile::TempDir) {
        self.command.args(&self.last).stdin(Stdio::piped());
        (self.command.spawn().expect("the binary starts"), self.home)
    }

    /// The command as it would be run, with its home, which is gone when that is dropped.
    pub fn prepared(mut self) -> (Command, tempfile::TempDir) {
        self.command.args(&self.last).stdin(Stdio::null());
        (self.command, self.home)
    }

    /// Runs the command to its end.
    pub fn run(mut self) -> Run {
        use std::io::Write as _;
        self.command.args(&self.last);
        self.command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        let mut child = self.command.spawn().expect("the binary starts");
        if let Some(mut pipe) = child.stdin.take() {
            let _ = pipe.write_all(&self.stdin);
        }
        let output = child.wait_with_output().expect("the binary ends");
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Its standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON: {e}\n{}\n{}", self.stdout, self.stderr))
    }

    /// Everything a user sees, with the exit code.
    pub fn screen(&self) -> String {
        let mut screen = String::new();
        if !self.stdout.is_empty() {
            screen += self.stdout.trim_end();
            screen += "\n";
        }
        if !self.stderr.is_empty() {
            screen += &format!("--- stderr\n{}\n", self.stderr.trim_end());
        }
        screen + &format!("--- exit {}", self.code)
    }
}

/// Asserts that a screen has these lines, in this order; white space between words does not count.
#[track_caller]
pub fn assert_lines(screen: &str, expected: &[&str]) {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = screen.lines().map(words);
    for line in expected {
        assert!(rest.any(|shown| shown == words(line)), "not in its place: {line}\n{screen}");
    }
}

/// A text without white space and the dots that separate parts of a line: the same at every width.
pub fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '·').collect()
}

/// Asserts that a wide screen has the text of a narrow one, in lines that use the width and keep to it. Only white space
/// and the dots that separate parts of a line may differ.
#[track_caller]
pub fn assert_same_text(narrow: (&str, usize), wide: (&str, usize)) {
    assert_eq!(without_space(narrow.0), without_space(wide.0), "{}\n{}", narrow.0, wide.0);
    let longest = |screen: &str| screen.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let (shorter, longer) = (longest(narrow.0), longest(wide.0));
    assert!(shorter <= narrow.1 && longer > narrow.1 && longer <= wide.1, "{shorter} and {longer} columns");
}

/// A screen about demo data without the line that says so, which must be there once.
#[track_caller]
pub fn without_demo_note(screen: &str) -> String {
    let is_note = |line: &&str| line.split_whitespace().eq(["note", "demo:", "no", "server", "was", "asked"]);
    assert_eq!(screen.lines().filter(is_note).count(), 1, "{screen}");
    screen.lines().filter(|line| !is_note(line)).map(|line| format!("{line}\n")).collect()
}

/// Asserts that JSON lines have the rows of a CSV table, field by field, and end with a record about the answer; returns
/// that record.
#[track_caller]
pub fn assert_records(jsonl: &str, table: &str) -> serde_json::Value {
    let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let mut records: Vec<serde_json::Value> = jsonl.lines().map(parse).collect();
    let end = records.pop().expect("a last record");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let names: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.into_records().map(|row| row.expect("a row")).collect();
    assert_eq!(records.len(), rows.len(), "{jsonl}\n{table}");
    for (record, row) in records.iter().zip(&rows) {
        let fields = record.as_object().expect("an object");
        assert!(fields["kind"].is_string() && fields["kind"] != "end", "{record}");
        assert_eq!(fields.keys().skip(1).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>(), "{record}");
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        assert_eq!(fields.values().skip(1).map(text).collect::<Vec<_>>(), row.iter().collect::<Vec<_>>(), "{record}");
    }
    assert_eq!((&end["kind"], &end["rows"]), (&"end".into(), &records.len().into()));
    assert_eq!(end["schema_version"], 1);
    assert!(end["complete"].is_boolean() && end["settled"].is_boolean() && end["notes"].is_array(), "{end}");
    assert!(end["backends"].is_array() && end["window"].is_object() && end["links"].is_array(), "{end}");
    end
}

/// The correlation ID that was recorded there.
pub fn recorded_id(name: &str) -> String {
    std::fs::read_to_string(fixture(name).join("id")).expect("the fixture's id").trim().to_owned()
}

/// The folder of a fixture.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}
