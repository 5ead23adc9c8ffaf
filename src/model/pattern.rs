//! Patterns of strings, the same in flags, specs and configuration.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// A pattern: text matches exactly, `*` is anything (`\*` a star), `re:…` is a regular expression.
///
/// An expression matches anywhere in a text unless it has `^` and `$`. Patterns are equal when written the same.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    rule: PatternRule,
}

#[derive(Clone, Debug)]
enum PatternRule {
    /// The texts between the wildcards: one more than there are wildcards.
    Pieces(Vec<String>),
    Expression(Regex),
}

/// The parts of a pattern, from which queries for backends are made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PatternForm<'a> {
    /// Texts with anything between them.
    Pieces(&'a [String]),
    /// A regular expression.
    Expression(&'a str),
}

impl Pattern {
    /// Its parts.
    pub(crate) fn form(&self) -> PatternForm<'_> {
        match &self.rule {
            PatternRule::Pieces(pieces) => PatternForm::Pieces(pieces),
            PatternRule::Expression(regex) => PatternForm::Expression(regex.as_str()),
        }
    }

    /// From its text.
    ///
    /// # Errors
    /// One sentence on a regular expression that is empty, wrong or too large.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rule = match text.strip_prefix("re:") {
            Some("") => return Err("nothing follows `re:`; a regular expression should".to_owned()),
            Some(expression) => PatternRule::Expression(compile(expression)?),
            None => PatternRule::Pieces(pieces(text)),
        };
        Ok(Self { text: text.to_owned(), rule })
    }

    /// A pattern that matches this text and nothing else.
    pub(crate) fn exact(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { rule: PatternRule::Pieces(vec![text.clone()]), text: text.replace('*', r"\*") }
    }

    /// Whether the whole text matches; for an expression, a part of it.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.rule {
            PatternRule::Pieces(pieces) => matches_whole(pieces, text),
            PatternRule::Expression(regex) => regex.is_match(text),
        }
    }

    /// The only text that it matches; none where there are others.
    pub(crate) fn as_exact(&self) -> Option<&str> {
        match &self.rule {
            PatternRule::Pieces(pieces) if pieces.len() == 1 => pieces.first().map(String::as_str),
            _ => None,
        }
    }

    /// Whether some part of the text matches.
    pub(crate) fn found_in(&self, text: &str) -> bool {
        match &self.rule {
            PatternRule::Pieces(pieces) => after_all(pieces, text).is_some(),
            PatternRule::Expression(regex) => regex.is_match(text),
        }
    }
}

fn compile(expression: &str) -> Result<Regex, String> {
    // A megabyte is enough for any expression that a person writes, and bounds what a hostile one can take.
    RegexBuilder::new(expression).size_limit(1 << 20).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
        other => {
            let why = other.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("`{expression}` is no regular expression: {why}")
        }
    })
}

fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![];
    let mut piece = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.next_if_eq(&'*').is_some() => piece.push('*'),
            '*' => pieces.push(std::mem::take(&mut piece)),
            other => piece.push(other),
        }
    }
    pieces.push(piece);
    pieces
}

fn matches_whole(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == text);
    };
    let Some(rest) = text.strip_prefix(first.as_str()) else { return false };
    after_all(middle, rest).is_some_and(|rest| rest.ends_with(last.as_str()))
}

/// The rest of a text after these pieces, each found as early as possible; none where one is missing.
fn after_all<'a>(pieces: &[String], text: &'a str) -> Option<&'a str> {
    pieces.iter().try_fold(text, |rest, piece| rest.find(piece.as_str()).map(|at| &rest[at + piece.len()..]))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_matches_exactly_and_only_the_star_is_a_wildcard() {
        let table = [
            ("cart", "cart", true),
            ("cart", "cart-api", false),
            ("cart", "Cart", false),
            ("cart*", "cart-api", true),
            ("*api", "cart-api", true),
            ("c*t*i", "cart-api", true),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("**", "x", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\b", r"a\b", true),
            ("a.c", "abc", false),
            ("a[b]?", "a[b]?", true),
            ("re:^ca.t$", "cart", true),
            ("re:ar", "cart", true),
            ("", "", true),
            ("", "x", false),
            ("über*", "überall", true),
        ];
        for (pattern, text, matches) in table {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(text), matches, "{pattern} on {text}");
        }
        let part = Pattern::parse("refused*8080").unwrap();
        assert!(part.found_in("connection refused by 10.0.0.1:8080!"));
        assert!(!part.found_in("8080 refused"));
    }

    #[test]
    fn a_wrong_expression_says_why() {
        assert_eq!(Pattern::parse("re:(").unwrap_err(), "`(` is no regular expression: unclosed group");
        assert!(Pattern::parse("re:").unwrap_err().contains("nothing follows"));
        assert!(Pattern::parse("re:(a{1000}){1000}").unwrap_err().contains("too large"));
    }

    proptest! {
        #[test]
        fn any_text_matches_itself_when_quoted(text in "[a-c*äß:]{0,12}") {
            let exact = Pattern::exact(text.clone());
            prop_assert!(exact.matches(&text));
            prop_assert_eq!(exact.as_exact(), Some(text.as_str()));
            prop_assert!(Pattern::parse(&exact.to_string()).unwrap().matches(&text));
        }
    }
}
