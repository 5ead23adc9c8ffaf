//! For Markdown as GitHub reads it: tickets, step summaries.
//!
//! A picture phones home, a `<details>` hides, `@name` notifies a user, an address becomes a link. Backslashes do not
//! stop all of that, code spans do: words that are only letters or only a number stay as they are, all others become
//! code spans.

use crate::render::escape::terminal::one_line;

/// Marks that say something and do nothing.
const MARKS: &str = "✗✓↻–·…→←⇢⇠│┊⋮×%/";

/// A text in a line of Markdown.
pub(crate) fn text(text: &str) -> String {
    let safe = one_line(text);
    let words: Vec<&str> = safe.split(' ').collect();
    let mut out: Vec<String> = vec![];
    for same in words.chunk_by(|a, b| is_plain(a) == is_plain(b)) {
        let said = same.join(" ");
        out.push(if same.iter().all(|word| is_plain(word)) { said } else { code(&said) });
    }
    out.join(" ")
}

/// A text in a cell of a table, where a bar would end the cell even in a code span.
pub(crate) fn cell(text: &str) -> String {
    self::text(&text.replace('|', "\\x7c"))
}

/// A code span; nothing for nothing.
pub(crate) fn code(text: &str) -> String {
    let safe = one_line(text);
    if safe.trim().is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_ticks(&safe) + 1);
    let touches = |c: char| c == '`' || c == ' ';
    let pad = if safe.starts_with(touches) || safe.ends_with(touches) { " " } else { "" };
    format!("{ticks}{pad}{safe}{pad}{ticks}")
}

/// A code block. Its lines must be safe to show already.
pub(crate) fn block(lines: &str) -> String {
    let ticks = "`".repeat((longest_ticks(lines) + 1).max(3));
    format!("{ticks}text\n{}\n{ticks}\n", lines.trim_end_matches('\n'))
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Whether nothing can be made of a word but the word.
fn is_plain(word: &str) -> bool {
    let core = word.trim_start_matches(['(', '"']).trim_end_matches([',', ';', ')', '"', '?']);
    let sentence = core.trim_end_matches(['.', ':']);
    let letters = |part: &str| !part.is_empty() && part.chars().all(char::is_alphabetic);
    word.is_empty()
        || word.chars().all(|c| MARKS.contains(c))
        || sentence.split('-').all(letters)
        || !word.contains(')')
            && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_do_something_is_code() {
        let table = [
            ("✗ 2 errors in req-42", "✗ 2 errors in `req-42`"),
            ("1 service · 44 ms", "1 service · 44 ms"),
            ("![x](http://evil/p.png) seen", "`![x](http://evil/p.png)` seen"),
            ("<details><img src=x>", "`<details><img src=x>`"),
            ("ask @admin about #12", "ask `@admin` about `#12`"),
            ("www.evil.example a@b.example", "`www.evil.example a@b.example`"),
            ("a ` b `` c", "a `` ` `` b ``` `` ``` c"),
            ("1. first", "`1.` first"),
            ("well-known: yes.", "well-known: yes."),
            ("$x$ :tada: ~~no~~ a_b", "`$x$ :tada: ~~no~~ a_b`"),
            ("a  b", "a  b"),
        ];
        for (given, safe) in table {
            assert_eq!(text(given), safe, "{given}");
        }
        assert_eq!(cell("a|b"), "`a\\x7cb`");
        assert_eq!(block("a\n```\nb"), "````text\na\n```\nb\n````\n");
    }

    /// What is left of a line without its code spans, as CommonMark finds them: a run of ticks up to the next run that is
    /// as long.
    fn outside_code(line: &str) -> String {
        let (mut rest, mut left) = (line, String::new());
        while let Some(at) = rest.find('`') {
            left += &rest[..at];
            let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
            let after = &rest[at + ticks..];
            let mut ends = after.match_indices('`').map(|(at, _)| at).filter(|end| !after[..*end].ends_with('`'));
            let end = ends.find(|end| after[*end..].len() - after[*end..].trim_start_matches('`').len() == ticks);
            rest = if let Some(end) = end {
                &after[end + ticks..]
            } else {
                left += &rest[at..at + ticks];
                after
            };
        }
        left + rest
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn nothing_active_is_left_outside_code(words in proptest::collection::vec(prop_oneof![
            proptest::sample::select(vec![
                "![x](http://e/p)", "<img src=x>", "<details>", "http://e.example", "www.e.example", "a@b.example", "@all", "#1",
                "`", "``", "```", " ", "|", "\\|", "\\`", "*x*", "_y_", "~~", "[a]: b", "> q", "- x", "1)", "+", "===", "---", "&lt;",
                "$$", ":tada:", "word", "42", "GH-7", "\n", "::error::x", "##[x]", "mailto:a", "\u{202e}",
            ]).prop_map(str::to_owned),
            "[!-~ ]{0,4}",
        ], 0..8)) {
            let given = words.concat();
            for line in [text(&given), cell(&given), text(&words.join(" ")), code(&given)] {
                let left = outside_code(&line);
                prop_assert!(!left.contains(['`', '<', '>', '[', ']', '!', '*', '_', '~', '|', '\\', '&', '@', '#', '$', '+', '=', '{', '^']), "{} -> {}", line, left);
                prop_assert!(!left.contains("://") && !left.contains("www."), "{}", left);
                prop_assert!(!left.split(' ').any(|w| w == "-" || w.starts_with(':') || w.starts_with("--")), "{}", left);
                let first = left.split_whitespace().next().unwrap_or_default();
                prop_assert!(!matches!(first.trim_start_matches(|c: char| c.is_ascii_digit()), "." | ")"), "no list: {}", left);
                prop_assert!(!line.contains('\n'));
            }
            prop_assert!(!cell(&given).contains('|'));
        }
    }
}
