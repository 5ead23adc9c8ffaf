//! For languages that draw: a label is text, whatever it holds.

use crate::render::escape::terminal::one_line;

/// A text as Graphviz reads it: between quotes, where only the quote and the backslash mean something.
pub fn dot(text: &str) -> String {
    let safe: String =
        one_line(text).chars().flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("\"{safe}\"")
}

/// A text as Mermaid reads it: between quotes, and of signs only those that can mean nothing; all others by their number.
pub fn mermaid(text: &str) -> String {
    let spelled = |c: char| {
        if c.is_alphanumeric() || " _.,/:-×→✗✓·…µ≤–".contains(c) {
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

    /// What stands between the quotes, undone: an own, short account of Graphviz' rule.
    fn undone(told: &str) -> Option<String> {
        let inner = told.strip_prefix('"')?.strip_suffix('"')?;
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn a_label_stays_a_label(text in prop_oneof![".*", prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned), "[\"\\\\\\[\\]<>;#|a-]{0,20}"]) {
            prop_assert_eq!(undone(&dot(&text)), Some(one_line(&text).into_owned()));
            let told = mermaid(&text);
            let inner = &told[1..told.len() - 1];
            prop_assert!(!inner.contains(['"', '[', ']', '(', ')', '{', '}', '<', '>', '|', '`', '%', '\n', '\\', '&']), "{}", told);
            for part in inner.split('#').skip(1) {
                let digits = part.split(';').next().unwrap_or_default();
                prop_assert!(part.contains(';') && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()), "{}", told);
            }
        }
    }
}
