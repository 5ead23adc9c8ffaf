//! For terminals: colour codes, cursor movements, marks that turn the reading direction or cannot be seen.
//!
//! Every such character is shown as a visible escape, so nothing can hide itself; printable text stays as it is.

use std::borrow::Cow;

use crate::render::escape::ci;
use crate::render::escape::number::push_escaped;

/// The text without anything that a terminal would act on, as a part of a line. Line breaks become ` ⏎ `, tabs a space.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unsafe(c) || is_joiner(c)) {
        return ci::part(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut chars = text.trim_end_matches(['\n', '\r']).chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => safe.push_str(" ⏎ "),
            '\t' => safe.push(' '),
            c if is_unsafe(c) => push_escaped(&mut safe, c),
            // Emoji and some scripts are joined by what cannot be seen; ASCII never is.
            c if is_joiner(c) && (before.is_ascii() || chars.peek().is_none_or(|next| !joins(*next))) => {
                push_escaped(&mut safe, c);
            }
            c => safe.push(c),
        }
        // What is shown by its number is ASCII from now on.
        before = if is_joiner(c) || is_unsafe(c) { ' ' } else { c };
    }
    Cow::Owned(ci::part(&safe).into_owned())
}

/// The same as a line of its own.
pub fn line(text: &str) -> String {
    ci::line(&one_line(text)).into_owned()
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
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether it can be joined to the character before it.
fn joins(c: char) -> bool {
    !c.is_ascii() && !is_unsafe(c) && !is_joiner(c)
}

fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        '✓' => "ok",
        '✗' | '×' => "x",
        '↻' => "~",
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
            ("👩\u{200d}👧 ❤\u{fe0f} می\u{200c}خواهم", "👩\u{200d}👧 ❤\u{fe0f} می\u{200c}خواهم"),
            ("ad\u{200d}min \u{200c}", "ad\\u{200d}min \\u{200c}"),
            ("soft\u{ad}ware fill\u{3164}er", "soft\\u{ad}ware fill\\u{3164}er"),
        ];
        for (text, safe) in table {
            assert_eq!(one_line(text), safe);
        }
        assert_eq!(ascii("✗ ⇢ topic · grün"), "x -> topic | gr\\u{fc}n");
    }

    /// What a terminal would do beyond writing characters.
    #[derive(Default)]
    struct Effects(Vec<&'static str>);

    impl vt100::Callbacks for Effects {
        fn set_window_title(&mut self, _: &mut vt100::Screen, _: &[u8]) {
            self.0.push("title");
        }
        fn set_window_icon_name(&mut self, _: &mut vt100::Screen, _: &[u8]) {
            self.0.push("icon");
        }
        fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], _: &[u8]) {
            self.0.push("copied");
        }
        fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
            self.0.push("pasted");
        }
        fn audible_bell(&mut self, _: &mut vt100::Screen) {
            self.0.push("bell");
        }
        fn resize(&mut self, _: &mut vt100::Screen, _: (u16, u16)) {
            self.0.push("resized");
        }
        fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, _: u8) {
            self.0.push("escape");
        }
        fn unhandled_csi(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, _: &[&[u16]], _: char) {
            self.0.push("csi");
        }
        fn unhandled_osc(&mut self, _: &mut vt100::Screen, _: &[&[u8]]) {
            self.0.push("osc");
        }
    }

    fn hostile() -> impl Strategy<Value = String> {
        let marks = [
            "\x1b[",
            "\x1b]0;",
            "\x1b]52;c;",
            "\x07",
            "\x1b\\",
            "\u{9b}",
            "\u{9d}",
            "2J",
            "A",
            "H",
            "1;1f",
            "\r",
            "\n",
            "\t",
            "\x08",
            "\x0b",
            "\0",
            "\x7f",
            "\u{85}",
            "\u{202e}",
            "\u{2028}",
            "\u{200b}",
            "\u{200d}",
            "\u{feff}",
            "\u{e0041}",
            "ü",
            "世",
            "👩",
            "a",
            "::",
            "##[",
            "\\",
            "e\u{301}",
        ];
        let mark = proptest::sample::select(marks.to_vec()).prop_map(str::to_owned);
        proptest::collection::vec(prop_oneof![8 => mark, 1 => any::<char>().prop_map(String::from)], 0..12)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn nothing_unsafe_gets_through_and_nothing_safe_is_touched(text in hostile()) {
            prop_assert!(!one_line(&text).chars().any(is_unsafe));
            prop_assert!(lines(&text).all(|l| !l.chars().any(is_unsafe)));
            let once = one_line(&text).into_owned();
            prop_assert_eq!(one_line(&once), once.as_str(), "twice is once");
            let safe: String = text.chars().filter(|c| !is_unsafe(*c) && !is_joiner(*c) && *c != '#').collect();
            prop_assert_eq!(one_line(&safe), safe.as_str());
            let is_ascii = ascii(&one_line(&text)).is_ascii();
            prop_assert!(is_ascii);
        }

        #[test]
        fn a_screen_only_ever_writes_on(text in hostile()) {
            let mut screen = vt100::Parser::new_with_callbacks(12, 200, 0, Effects::default());
            let mut at = (0, 0);
            for c in line(&text).chars() {
                screen.process(c.encode_utf8(&mut [0; 4]).as_bytes());
                let now = screen.screen().cursor_position();
                prop_assert!(now >= at, "{at:?} {now:?}");
                at = now;
            }
            prop_assert!(screen.callbacks().0.is_empty(), "{:?}", screen.callbacks().0);
            prop_assert!(!screen.screen().alternate_screen() && !screen.screen().hide_cursor());
        }
    }

    #[test]
    fn what_is_drawn_with_has_a_spelling() {
        assert_eq!(ascii("✓ ✗× ·•│ –— … ⇢→ ⇠← ┊⋮ ┃ µ ⏎ ≥ ü a"), "ok xx ||| -- .. ->-> <-<- :: * u \\n >= \\u{fc} a");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_where_it_joins_nothing() {
        let table = [
            ("👩\u{200d}👩", "👩\u{200d}👩"),
            ("👩\u{200d}a", "👩\\u{200d}a"),
            ("a\u{200d}👩", "a\\u{200d}👩"),
            ("👩\u{200d}\u{200d}👩", "👩\\u{200d}\\u{200d}👩"),
            ("👩\u{200d}\u{202e}", "👩\\u{200d}\\u{202e}"),
            ("👩\u{200d}", "👩\\u{200d}"),
            ("a\r\nb\rc", "a ⏎ b\\x0dc"),
            ("\u{7f}\u{80}", "\\x7f\\u{80}"),
            ("::a ##[b]", "::a ##\\x5bb]"),
        ];
        for (text, safe) in table {
            assert_eq!(one_line(text), safe, "{text:?}");
        }
        assert_eq!(line("::a\tb"), "\\x3a:a b");
        assert_eq!(lines("a\tb\n\x1bc\n").collect::<Vec<_>>(), ["a    b", "\\x1bc"]);
    }
}
