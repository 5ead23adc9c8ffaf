//! The screens in `docs/screens` are what the demo shows, at 80 and 120 columns: one file a command, its lines in it.

use std::fs;
use std::path::Path;

use crate::support::golden::assert_file;
use crate::support::trace;

/// The screen of the command that a block names: `$ trace …`, with its width where it is not 120.
fn screen(line: &str) -> String {
    let (command, width) = line.split_once("   # ").unwrap_or((line, "120 columns"));
    let args = command.trim_start_matches("$ trace ").split(' ');
    let columns = width.split(' ').next().unwrap_or_default();
    let (mut run, _home) = trace().args(args).env("COLUMNS", columns).prepared();
    let output = run.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the binary runs");
    assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_screens_in_the_docs_are_what_the_demo_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens");
    let mut names: Vec<_> =
        fs::read_dir(&folder).expect("the folder").filter_map(|entry| entry.ok().map(|e| e.file_name())).collect();
    names.sort();
    for name in names {
        let known = fs::read_to_string(folder.join(&name)).expect("a text");
        let lines = known.lines().filter(|line| line.starts_with("$ trace "));
        let shown: String = lines.map(|line| format!("{line}\n{}\n", screen(line))).collect();
        assert_file(&format!("docs/screens/{}", name.to_string_lossy()), &shown);
    }
}
