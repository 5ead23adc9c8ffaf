//! For languages that draw: a label is text, whatever it holds.

use crate::render::escape::terminal::one_line;

/// A text as Graphviz reads it: between quotes, where only the quote and the backslash mean something.
pub(crate) fn dot(text: &str) -> String {
    let safe: String =
        one_line(text).chars().flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("\"{safe}\"")
}

/// A text as Mermaid reads it: between quotes, and of signs only those that can mean nothing; all others by their number.
pub(crate) fn mermaid(text: &str) -> String {
    let spelled = |c: char| {
        if c.is_alphanumeric() || " _.,/:-×→✗✓↻·…µ≤–".contains(c) {
            c.to_string()
        } else {
            format!("#{};", u32::from(c))
        }
    };
    format!("\"{}\"", one_line(text).chars().map(spelled).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOSTILE: [&str; 9] = [
        "a\"]; click n0 \"javascript:alert(1)\"",
        "a --> b",
        "a\nn0 --> n1",
        "<script>alert(1)</script>",
        "%%{init: {}}%%",
        "a#quot;b",
        "back\\slash\\\"",
        "end",
        "`md`",
    ];

    /// The text between the quotes, by Graphviz' rule for escapes.
    fn unquoted(label: &str) -> Option<String> {
        let inner = label.strip_prefix('"')?.strip_suffix('"')?;
        let mut chars = inner.chars();
        let mut text = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' => return None,
                '\\' => text.push(chars.next()?),
                c => text.push(c),
            }
        }
        Some(text)
    }

    /// Numbers between `#` and `;` as their characters, by Mermaid's rule.
    fn spelled_out(inner: &str) -> Option<String> {
        let mut parts = inner.split('#');
        let mut text = parts.next()?.to_owned();
        for part in parts {
            let (number, rest) = part.split_once(';')?;
            text.push(char::from_u32(number.parse().ok()?)?);
            text += rest;
        }
        Some(text)
    }

    #[test]
    fn a_plain_label_stays_readable() {
        assert_eq!(mermaid("kafka → é 9.5 ms (x)"), "\"kafka → é 9.5 ms #40;x#41;\"");
        assert_eq!(dot("kafka → é 9.5 ms (x)"), "\"kafka → é 9.5 ms (x)\"");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn a_label_stays_a_label(text in prop_oneof![".*", prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned), "[\"\\\\\\[\\]<>;#|a-]{0,20}"]) {
            prop_assert_eq!(unquoted(&dot(&text)), Some(one_line(&text).into_owned()));
            let label = mermaid(&text);
            let inner = &label[1..label.len() - 1];
            prop_assert!(!inner.contains(['"', '[', ']', '(', ')', '{', '}', '<', '>', '|', '`', '%', '\n', '\\', '&']), "{}", label);
            prop_assert_eq!(spelled_out(inner), Some(one_line(&text).into_owned()));
        }
    }
}
