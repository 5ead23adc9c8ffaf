//! For the logs of build servers, which take lines of a program's output for commands.
//!
//! | whose | what | where |
//! |---|---|---|
//! | GitHub | `::name …::` | where a line begins, after any blanks |
//! | GitHub, Azure, TeamCity | `##[…]`, `##vso[…]`, `##teamcity[…]` | anywhere in a line |
//! | GitHub | `[command]` | where a line begins |
//! | GitLab | `section_start:1:…`, `section_end:1:…` | anywhere in a line |
//!
//! One character of it is shown by its number, always: where the text will be read is not known, and such text is
//! too rare to be in the way.

use std::borrow::Cow;

use crate::render::escape::number::push_escaped;

/// What makes a command of the line that begins with it.
const BEGINNINGS: [&str; 2] = ["::", "[command]"];

/// A part of a line without the commands that work anywhere.
pub(crate) fn part(text: &str) -> Cow<'_, str> {
    shown(text, &anywhere(text))
}

/// A whole line that is not a command.
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, &dangers(text))
}

/// The byte offsets of the characters that make a command of this line.
pub(crate) fn dangers(line: &str) -> Vec<usize> {
    let words = line.trim_start();
    let beginning = BEGINNINGS.iter().any(|beginning| starts_with(words, beginning)).then(|| line.len() - words.len());
    beginning.into_iter().chain(anywhere(line)).collect()
}

/// The brackets of `##word[` and the colons of `section_start:1`, in order.
fn anywhere(text: &str) -> Vec<usize> {
    if !text.contains("##") && !text.contains("section_") {
        return vec![];
    }
    let bracket = |(at, _)| opened(&text[at..]).map(|length: usize| at + length);
    let colon = |(at, _)| section(&text[at..]).map(|length: usize| at + length);
    let mut all: Vec<usize> = text.match_indices("##").filter_map(bracket).collect();
    all.extend(text.match_indices("section_").filter_map(colon));
    // `####[` is found once from each `##` in it.
    all.sort_unstable();
    all.dedup();
    all
}

/// How far the bracket of `##word[` is.
fn opened(text: &str) -> Option<usize> {
    let word = text.trim_start_matches('#');
    let rest = word.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    rest.starts_with('[').then_some(text.len() - rest.len())
}

/// How far the colon of `section_start:1` is.
fn section(text: &str) -> Option<usize> {
    let kinds = ["section_start", "section_end"];
    let kind = kinds.iter().find(|kind| text.starts_with(**kind))?;
    let rest = text[kind.len()..].strip_prefix(':')?;
    rest.starts_with(|c: char| c.is_ascii_digit()).then_some(kind.len())
}

fn starts_with(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

fn shown<'a>(text: &'a str, dangers: &[usize]) -> Cow<'a, str> {
    if dangers.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 3 * dangers.len());
    for (at, c) in text.char_indices() {
        if dangers.contains(&at) { push_escaped(&mut safe, c) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_and_not_given() {
        let table = [
            ("::error file=x::gone", "\\x3a:error file=x::gone"),
            (" \u{a0}::stop-commands::t", " \u{a0}\\x3a:stop-commands::t"),
            ("a ##[error]b ##vso[task.x]c", "a ##\\x5berror]b ##vso\\x5btask.x]c"),
            ("###[group]x", "###\\x5bgroup]x"),
            ("##TeamCity[message]", "##TeamCity\\x5bmessage]"),
            ("[Command]rm", "\\x5bCommand]rm"),
            ("a section_start:1700:x", "a section_start\\x3a1700:x"),
        ];
        for (text, safe) in table {
            assert_eq!(line(text), safe);
            assert_eq!(line(&line(text)), safe, "twice is once");
        }
        for plain in ["## [x] a heading", "std::fmt", "a ::1 b", "#[test]", "section_start: soon", "x [command] y"] {
            assert_eq!(line(plain), plain);
        }
    }

    #[test]
    fn a_part_of_a_line_may_begin_as_a_command_would() {
        assert_eq!(part("::a ##[b]"), "::a ##\\x5bb]");
        assert_eq!(part("plain"), "plain");
    }
}
