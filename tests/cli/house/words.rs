//! Words of a private vocabulary, so that they do not come back: in comments and identifiers of `src` and `tests`, and
//! in documents. Help texts and literals are what the program prints, and are not checked here.

use std::collections::BTreeSet;
use std::fs;

use super::imports::{Placed, rust_files, tokens};
use super::root;

/// Each word with what to write instead.
const WORDS: [(&str, &str); 27] = [
    ("told", "reported, shown"),
    ("heard", "received"),
    ("unheard", "without a consumer"),
    ("whom", "the thing's name"),
    ("whoever", "the thing's name"),
    ("somebody", "the thing's name"),
    ("nobody", "no backend, no consumer"),
    ("everybody", "all backends"),
    ("so many", "the number, or its unit"),
    ("made good", "recovered"),
    ("haul", "fetched"),
    ("desk", "session"),
    ("footing", "provenance"),
    ("standing", "status"),
    ("stands for", "is, means"),
    ("stands in", "is in"),
    ("stands there", "is there"),
    ("judged", "evaluated, checked"),
    ("judges", "evaluates, checks"),
    ("judgement", "verdict, result"),
    ("ruling", "result"),
    ("story", "journey"),
    ("say once", "what is done once"),
    ("stranger", "another server"),
    ("is no", "is not"),
    ("of this journey.", "what it is"),
    ("runs it.", "what it does"),
];
const DOCUMENTS: [&str; 4] = ["CONTRIBUTING.md", "docs/architecture.md", "CHANGELOG.md", "SECURITY.md"];

/// The comments of a source text with their lines; help texts of commands are left out.
fn comments(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_help = help_lines(&lines);
    let comment = |line: &'_ str| line.find("//").filter(|at| *at == 0 || !line[..*at].ends_with(':'));
    let kept = lines.iter().enumerate().filter(|(at, _)| !is_help[*at]);
    kept.filter_map(|(at, line)| comment(line).map(|begin| (at + 1, &line[begin..]))).collect()
}

/// Which lines are help: doc comments of what clap derives from.
fn help_lines(lines: &[&str]) -> Vec<bool> {
    let mut is_help = vec![false; lines.len()];
    for (at, line) in lines.iter().enumerate() {
        let start = line.trim_start();
        let is_clap = ["Args", "Parser", "Subcommand", "ValueEnum"].iter().any(|name| line.contains(name));
        if start.starts_with("#[derive(") && is_clap {
            let indent = &line[..line.len() - start.len()];
            let is_above = |line: &&&str| line.trim_start().starts_with("///") || line.trim_start().starts_with("#[");
            let first = at - lines[..at].iter().rev().take_while(is_above).count();
            let is_end = |line: &&str| **line == format!("{indent}}}") || **line == format!("{indent});");
            let last = lines[at..].iter().position(is_end).map_or(lines.len() - 1, |n| at + n);
            is_help[first..=last].fill(true);
        }
        // A field or variant of its own: the lines right above `#[arg(…)]` or `#[command(…)]`.
        if ["#[arg(", "#[command("].iter().any(|attribute| start.starts_with(attribute)) {
            let is_above = |line: &&&str| line.trim_start().starts_with("///");
            let first = at - lines[..at].iter().rev().take_while(is_above).count();
            is_help[first..at].fill(true);
        }
    }
    is_help
}

/// The listed words in a line, each with what to write instead. Text in backquotes or quotes is a name, not prose.
fn bad_words(line: &str) -> Vec<(&'static str, &'static str)> {
    let prose: String = line.split('`').step_by(2).flat_map(|part| part.split('"').step_by(2)).collect();
    let lower = prose.to_lowercase().replace("is no longer", "");
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let has = |word: &str| {
        lower.match_indices(word).any(|(at, _)| {
            let end = at + word.len();
            let is_end = !word.ends_with(char::is_alphanumeric) || !is_letter(lower[end..].chars().next());
            is_end && !is_letter(lower[..at].chars().next_back())
        })
    };
    WORDS.into_iter().filter(|(word, _)| has(word)).collect()
}

/// Hits in the text of a file; `lines` are those to read.
fn hits<'a>(file: &str, lines: impl IntoIterator<Item = (usize, &'a str)>) -> Vec<String> {
    let hits = |(number, line): (usize, &'a str)| {
        let text = move |(word, instead)| format!("{file}:{number}: `{word}` ({instead}): {}", line.trim());
        bad_words(line).into_iter().map(text)
    };
    lines.into_iter().flat_map(hits).collect()
}

#[test]
fn comments_documents_and_test_names_use_the_fields_words() {
    let mut found = vec![];
    for folder in ["src", "tests"] {
        for path in rust_files(&root().join(folder)) {
            let name = path.strip_prefix(root()).expect("below the root").display().to_string();
            let text = fs::read_to_string(&path).expect("a source file");
            // This file lists the words.
            if !name.ends_with("house/words.rs") {
                found.extend(hits(&name, comments(&text)));
            }
            let names = tokens(&text);
            let names: BTreeSet<(usize, &str)> =
                names.iter().filter_map(Placed::word).map(|(word, line)| (line, word)).collect();
            let prose: Vec<_> = names.into_iter().map(|(line, name)| (line, in_words(name))).collect();
            found.extend(hits(&name, prose.iter().map(|(line, words)| (*line, words.as_str()))));
        }
    }
    for name in DOCUMENTS {
        let text = fs::read_to_string(root().join(name)).expect(name);
        found.extend(hits(name, text.lines().enumerate().map(|(at, line)| (at + 1, line))));
    }
    assert!(found.is_empty(), "write the field's words:\n{}", found.join("\n"));
}

/// `LeftAlone` and `left_alone` as `left alone`.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            words.push(' ');
        }
        words.push(if c == '_' { ' ' } else { c.to_ascii_lowercase() });
    }
    words.trim_start().to_owned()
}

#[test]
fn names_are_read_as_words() {
    assert_eq!(["LeftAlone", "left_alone", "MAX"].map(in_words), ["left alone", "left alone", "m a x"]);
}

#[test]
fn help_texts_are_left_out_and_whole_words_are_found() {
    let text = "/// told\nfn a() {}\n/// help told\n#[derive(Debug, Args)]\nstruct B {\n    /// told too\n    c: u8,\n}\n//! retold\nlet a = 1; // so many";
    let lines: Vec<usize> = comments(text).into_iter().map(|(number, _)| number).collect();
    assert_eq!(lines, [1, 9, 10]);
    let counts = ["/// Told by it.", "//! retold", "// `told` is a name", "// This is no use, so many."]
        .map(|line| bad_words(line).len());
    assert_eq!(counts, [1, 0, 0, 2]);
}
