//! The one place where text from outside is made harmless.
//!
//! A log line may hold anything: colour codes, cursor movements, marks that turn the reading direction. Every
//! control is shown as a visible escape, so nothing can hide itself, and printable text stays as it is.

use std::borrow::Cow;
use std::fmt::Write;

/// The text without anything that a terminal would act on. Line breaks become ` ⏎ `, tabs a space.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut chars = text.trim_end_matches(['\n', '\r']).chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => safe.push_str(" ⏎ "),
            '\t' => safe.push(' '),
            c if is_unsafe(c) => push_escaped(&mut safe, c),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// The same for text whose line breaks mean something: its lines, each made safe, tabs as four spaces.
pub fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(|line| one_line(&line.replace('\t', "    ")).into_owned())
}

/// The same in ASCII: what we draw with is spelled out, everything else is escaped.
pub fn ascii(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match spelled(c) {
            Some(spelling) => safe.push_str(spelling),
            None if c.is_ascii() => safe.push(c),
            None => push_escaped(&mut safe, c),
        }
    }
    safe
}

/// Whether a terminal, or a reader, could be misled by this character.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push_escaped(safe: &mut String, c: char) {
    let code = u32::from(c);
    let _ = if code < 0x80 { write!(safe, "\\x{code:02x}") } else { write!(safe, "\\u{{{code:x}}}") };
}

fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        '✓' => "ok",
        '✗' | '×' => "x",
        '·' | '•' | '│' => "|",
        '–' | '—' => "-",
        '…' => "..",
        '⇢' | '→' => "->",
        '⇠' | '←' => "<-",
        '┊' | '⋮' => ":",
        '┃' => "*",
        'µ' => "u",
        '⏎' => "\\n",
        '≥' => ">=",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_act_on_a_terminal_is_shown_instead() {
        let table = [
            ("plain – text, ünï✓", "plain – text, ünï✓"),
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("a\u{9b}2Jb", "a\\u{9b}2Jb"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("one\r\ntwo\n", "one ⏎ two"),
            ("bell\x07 nul\0 del\x7f", "bell\\x07 nul\\x00 del\\x7f"),
            ("👩\u{200d}👧 ❤\u{fe0f}", "👩\u{200d}👧 ❤\u{fe0f}"),
        ];
        for (text, safe) in table {
            assert_eq!(one_line(text), safe);
        }
        assert_eq!(ascii("✗ ⇢ topic · grün"), "x -> topic | gr\\u{fc}n");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_gets_through_and_nothing_safe_is_touched(text in "\\PC*|(.|\\x1b|\\x00|\u{9b}|\u{202e}|\n|\t)*") {
            prop_assert!(!one_line(&text).chars().any(is_unsafe));
            prop_assert!(lines(&text).all(|l| !l.chars().any(is_unsafe)));
            let safe: String = text.chars().filter(|c| !is_unsafe(*c)).collect();
            prop_assert_eq!(one_line(&safe), safe.as_str());
            let is_ascii = ascii(&one_line(&text)).is_ascii();
            prop_assert!(is_ascii);
        }
    }
}
