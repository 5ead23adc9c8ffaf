//! JSON that is harmless on a terminal as well.

use std::fmt::Write;

use serde::Serialize;

use crate::render::escape::is_unsafe;

/// One indented document with a line break at its end. Controls and marks of direction inside its texts are escaped.
pub fn document(value: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".to_owned());
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c != '\n' && is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    safe.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_changes_the_spelling_and_not_the_value() {
        let text = "\u{9b}31m \u{202e}abc \x1b[0m \u{e0041} ü\n";
        let bytes = document(&text);
        let spelled = std::str::from_utf8(&bytes).unwrap();
        assert!(!spelled.trim_end().chars().any(is_unsafe), "{spelled}");
        assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
    }
}
