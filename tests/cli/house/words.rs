//! The words that are not to come back: in doc comments of `src` and in documents. What help says is left alone here.

use std::collections::BTreeMap;
use std::fs;

use super::imports::rust_files;
use super::root;

/// Words of a private vocabulary, each with what to write instead.
const WORDS: [(&str, &str); 17] = [
    ("told", "reported, given"),
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
    ("stands for", "is, means"),
    ("stands in", "is in"),
    ("stands there", "is there"),
    ("unheard", "no consumer found"),
    ("of this journey.", "what it is"),
    ("runs it.", "what it does"),
];
const DOCUMENTS: [&str; 4] = ["CONTRIBUTING.md", "docs/architecture.md", "CHANGELOG.md", "SECURITY.md"];
/// How many are left in each file. This list only becomes shorter.
const LEFT: &str = include_str!("words_left.txt");

/// Lines of doc comments that are no help text of a command.
fn doc_lines(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut is_help = vec![false; lines.len()];
    for (at, line) in lines.iter().enumerate() {
        let is_clap = ["Args", "Parser", "Subcommand", "ValueEnum"].iter().any(|name| line.contains(name));
        if line.trim_start().starts_with("#[derive(") && is_clap {
            let indent = &line[..line.len() - line.trim_start().len()];
            let above = |line: &&&str| line.trim_start().starts_with("///") || line.trim_start().starts_with("#[");
            let first = at - lines[..at].iter().rev().take_while(above).count();
            let end = |line: &&str| **line == format!("{indent}}}") || **line == format!("{indent});");
            let last = lines[at..].iter().position(end).map_or(lines.len() - 1, |n| at + n);
            is_help[first..=last].fill(true);
        }
        // A field or variant of its own: the lines right above `#[arg(…)]` or `#[command(…)]`.
        if ["#[arg(", "#[command("].iter().any(|start| line.trim_start().starts_with(start)) {
            let above = |line: &&&str| line.trim_start().starts_with("///");
            let first = at - lines[..at].iter().rev().take_while(above).count();
            is_help[first..at].fill(true);
        }
    }
    let is_doc = |line: &str| line.trim_start().starts_with("///") || line.trim_start().starts_with("//!");
    (0..lines.len()).filter(|at| is_doc(lines[*at]) && !is_help[*at]).map(|at| (at + 1, lines[at])).collect()
}

/// The words in a line that are not to be there.
fn bad_words(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lower = line.to_lowercase();
    WORDS.into_iter().filter(move |(word, _)| {
        let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        lower.match_indices(word).any(|(at, _)| {
            !is_letter(lower[..at].chars().next_back()) && !is_letter(lower[at + word.len()..].chars().next())
        })
    })
}

#[test]
fn comments_and_documents_use_the_fields_words() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut look = |name: &str, number: usize, line: &str| {
        for (word, instead) in bad_words(line) {
            let place = format!("{name}:{number}: `{word}` ({instead}): {}", line.trim());
            found.entry(name.to_owned()).or_default().push(place);
        }
    };
    for path in rust_files(&root().join("src")) {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        let text = fs::read_to_string(&path).expect("a source file");
        doc_lines(&text).into_iter().for_each(|(number, line)| look(&name, number, line));
    }
    for name in DOCUMENTS {
        let text = fs::read_to_string(root().join(name)).unwrap_or_default();
        text.lines().enumerate().for_each(|(at, line)| look(name, at + 1, line));
    }
    let left: BTreeMap<&str, usize> = LEFT
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(n, file)| (file, n.parse().expect("a number")))
        .collect();
    let allowed = |name: &String| left.get(name.as_str()).copied().unwrap_or(0);
    let more: Vec<&String> =
        found.iter().filter(|(name, places)| places.len() > allowed(name)).flat_map(|(_, p)| p).collect();
    let now: String = found.iter().map(|(name, places)| format!("{} {name}\n", places.len())).collect();
    let total =
        |text: &str| text.lines().filter_map(|line| line.split(' ').next()?.parse::<usize>().ok()).sum::<usize>();
    let is_less = total(&now) < total(LEFT);
    assert!(more.is_empty() || is_less, "{more:#?}");
    if now != LEFT && is_less {
        crate::support::golden::assert_file("tests/cli/house/words_left.txt", &now);
    }
}

#[test]
fn help_texts_are_not_looked_at_and_whole_words_are() {
    let text = "/// told\nfn a() {}\n/// help told\n#[derive(Debug, Args)]\nstruct B {\n    /// told too\n    c: u8,\n}\n//! retold";
    let lines: Vec<usize> = doc_lines(text).into_iter().map(|(number, _)| number).collect();
    assert_eq!(lines, [1, 9]);
    assert_eq!((bad_words("/// Told by it.").count(), bad_words("//! retold").count()), (1, 0));
}
