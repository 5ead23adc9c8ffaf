//! Paths that documents and scripts name exist.

use std::fs;
use std::path::Path;

use super::root;

/// The files and folders whose text is read.
const TEXTS: [&str; 9] = [
    ".ci",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/reliability.md",
    "fixtures/README.md",
    "tests/stack/README.md",
    "Cargo.toml",
];
const FOLDERS: [&str; 9] =
    ["src/", "tests/", "fixtures/", "docs/", "fuzz/", "benches/", "examples/", "completions/", ".ci/"];
/// Written by what is run, or placeholders of names.
const NOT_KEPT: [&str; 3] = ["fuzz/found", "fuzz/artifacts", "fuzz/corpus/TARGET"];

#[test]
fn paths_in_documents_and_scripts_exist() {
    let mut missing = vec![];
    for name in TEXTS {
        for (file, text) in texts(&root().join(name)) {
            for (at, line) in text.lines().enumerate() {
                let absent = paths(line).filter(|path| !exists(path));
                missing.extend(absent.map(|path| format!("{file}:{}: {path}", at + 1)));
            }
        }
    }
    assert!(missing.is_empty(), "these paths do not exist:\n{}", missing.join("\n"));
}

/// The texts of a file, or of the files right in a folder.
fn texts(path: &Path) -> Vec<(String, String)> {
    let files = match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect(),
        Err(_) => vec![path.to_owned()],
    };
    let name = |path: &Path| path.strip_prefix(root()).unwrap_or(path).display().to_string();
    files.iter().map(|path| (name(path), fs::read_to_string(path).expect("a text that is checked"))).collect()
}

/// Paths below the repository's folders, up to the first character that is a pattern's.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    line.split(move |c| !is_part(c)).map(|word| word.trim_start_matches("./").trim_end_matches(['.', '/', '-'])).filter(
        |word| FOLDERS.iter().any(|folder| word.starts_with(folder)) && !NOT_KEPT.iter().any(|n| word.starts_with(n)),
    )
}

/// Whether a file or folder is there. A path may be cut off before a pattern: `src/source/server/mask` of `…/mask\.rs`.
fn exists(path: &str) -> bool {
    let whole = root().join(path);
    let (folder, name) = (whole.parent(), whole.file_name().map(|name| name.to_string_lossy().into_owned()));
    let is_there = |folder: &Path, name: &str| {
        let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.any(|entry| entry.file_name().to_str().is_some_and(|entry| entry == format!("{name}.rs")))
    };
    whole.exists() || folder.zip(name).is_some_and(|(folder, name)| is_there(folder, &name))
}
