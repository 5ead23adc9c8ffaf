//! JSON that is harmless on a terminal as well.

use std::fmt::Write;

use serde::Serialize;

use crate::render::escape::{ci, is_unsafe};

/// One indented document with a line break at its end. Controls, marks of direction, and what a build server would take
/// for a command are escaped inside its texts.
pub(crate) fn document(value: &impl Serialize) -> Vec<u8> {
    safe(&serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".to_owned())).into_bytes()
}

/// The same in one line.
pub fn line(value: &impl Serialize) -> String {
    safe(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()))
}

fn safe(json: &str) -> String {
    let mut safe = String::with_capacity(json.len() + 1);
    for line in json.lines() {
        // Outside of texts, JSON has nothing that could be one.
        let dangers = ci::dangers(line);
        for (at, c) in line.char_indices() {
            if is_unsafe(c) || dangers.contains(&at) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            } else {
                safe.push(c);
            }
        }
        safe.push('\n');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn every_text_is_read_as_it_was(text in "([\\[#:a\n\"\\\\]|section_start:1|::|\\PC|.){0,12}") {
            for bytes in [document(&[&text]), line(&[&text]).into_bytes()] {
                let spelled = std::str::from_utf8(&bytes).unwrap();
                prop_assert!(spelled.lines().all(|line| ci::dangers(line).is_empty() && !line.chars().any(is_unsafe)), "{}", spelled);
                prop_assert_eq!(serde_json::from_slice::<Vec<String>>(&bytes).unwrap(), vec![text.clone()]);
            }
        }
    }

    #[test]
    fn escaping_changes_the_spelling_and_not_the_value() {
        let text = "\u{9b}31m \u{202e}abc \x1b[0m \u{e0041} ü\n";
        let bytes = document(&text);
        let spelled = std::str::from_utf8(&bytes).unwrap();
        assert!(!spelled.trim_end().chars().any(is_unsafe), "{spelled}");
        assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
    }
}
