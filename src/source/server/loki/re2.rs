//! Translates regular expressions to RE2, which Loki has: no `(?x)`, no `\b{start}`, other class names, repeats up to 1000.
//! Loki may answer an invalid expression with no lines and no error.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// A class of more ranges becomes any character, which keeps the query short.
const RANGES: usize = 16;

/// An RE2 expression that matches wherever this one does, and perhaps elsewhere: its results are to be matched again.
pub(super) fn at_least(expression: &str) -> String {
    regex_syntax::parse(expression).map_or_else(|_| String::new(), |hir| to_re2(&hir))
}

fn to_re2(hir: &Hir) -> String {
    match hir.kind() {
        // Positions are checked when the results are matched again.
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().map(character).collect(),
        HirKind::Class(class) => of_class(class),
        HirKind::Repetition(repetition) => of_repetition(repetition),
        HirKind::Capture(capture) => to_re2(&capture.sub),
        HirKind::Concat(all) => all.iter().map(to_re2).collect(),
        HirKind::Alternation(any) => group(&any.iter().map(to_re2).collect::<Vec<_>>().join("|")),
    }
}

fn of_repetition(Repetition { min, max, sub, .. }: &Repetition) -> String {
    let sub = group(&to_re2(sub));
    match (min, max) {
        (0, Some(1)) => sub + "?",
        (1, Some(1)) => sub,
        (0, _) => sub + "*",
        _ => sub + "+",
    }
}

fn of_class(class: &Class) -> String {
    let Class::Unicode(class) = class else { return ANY.to_owned() };
    if class.ranges().len() > RANGES {
        return ANY.to_owned();
    }
    let range = |range: &regex_syntax::hir::ClassUnicodeRange| {
        format!("{}-{}", character(range.start()), character(range.end()))
    };
    // A class of nothing matches nowhere; nothing less can be asked for.
    if class.ranges().is_empty() {
        ANY.to_owned()
    } else {
        format!("[{}]", class.iter().map(range).collect::<String>())
    }
}

/// Any character at all.
const ANY: &str = "(?s:.)";

fn group(text: &str) -> String {
    format!("(?:{text})")
}

fn character(c: char) -> String {
    if c.is_ascii_alphanumeric() || c == ' ' { c.to_string() } else { format!("\\x{{{:x}}}", u32::from(c)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    #[test]
    fn what_both_read_alike_says_the_same_or_more() {
        let table = [
            ("quota", "quota"),
            ("(?x) quo ta # so", "quota"),
            (r"qu\u{6f}ta.*", r"quota(?:[\x{0}-\x{9}\x{b}-\x{10ffff}])*"),
            ("(?i)ab", "[A-Aa-a][B-Bb-b]"),
            (r"\bover\b{end}", "over"),
            (r"[q--a]", "q"),
            (r"x{2,5000}|y?", "(?:(?:x)+|(?:y)?)"),
            (r"\pL+", "(?:(?s:.))+"),
        ];
        for (expression, expected) in table {
            assert_eq!(at_least(expression), expected, "{expression}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_matches_is_lost(expression in r"[ab.]([|*+?]|\{1,3\}|\[a-c\]|\(b\)|\\b|\\d|\^|x){0,6}", text in "[abcx1 ]{0,12}") {
            if let Ok(exact) = Regex::new(&expression) {
                let asked = Regex::new(&at_least(&expression)).unwrap();
                prop_assert!(!exact.is_match(&text) || asked.is_match(&text), "{expression} {asked} {text:?}");
            }
        }
    }
}
