//! For XML, as JUnit reports are: text, and values of attributes.

use crate::render::escape::ci;
use crate::render::escape::number::push_escaped;
use crate::render::escape::terminal::is_unsafe;

/// A text between tags. Its line breaks and tabs stay; what XML cannot hold at all, and what a terminal would act on, is
/// shown by its number.
pub fn text(text: &str) -> String {
    let lines = text.split('\n').map(|line| ci::line(line.trim_end_matches('\r')).chars().collect::<Vec<_>>());
    let lines =
        lines.map(|line| line.into_iter().map(|c| if c == '\t' { c.to_string() } else { escaped(c) }).collect());
    lines.collect::<Vec<String>>().join("\n")
}

/// The value of an attribute, without its quotes. Line breaks and tabs stay as references: a parser would make blanks of
/// them.
pub fn attribute(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' => "&#10;".to_owned(),
        '\t' => "&#9;".to_owned(),
        c => escaped(c),
    };
    ci::part(text).chars().map(escape).collect()
}

fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        c if is_unsafe(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
            let mut shown = String::new();
            push_escaped(&mut shown, c);
            shown
        }
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_is_text_and_what_xml_cannot_hold_is_shown() {
        let evil = "</failure><x a=\"1\">&amp;]]>\0\x1b[1m\u{ffff}\n\t::error::x";
        assert_eq!(
            text(evil),
            "&lt;/failure&gt;&lt;x a=&quot;1&quot;&gt;&amp;amp;]]&gt;\\x00\\x1b[1m\\u{ffff}\n\t\\x3a:error::x"
        );
        assert_eq!(attribute("a'\n\"b\r<"), "a&apos;&#10;&quot;b\\x0d&lt;");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_text_ends_its_element(text in "([<>&\"'\\[\\]!a\n\r\t]|\\PC|.){0,12}") {
            for safe in [super::text(&text), attribute(&text)] {
                let rest = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#10;", "&#9;"].iter().fold(safe, |t, e| t.replace(e, ""));
                prop_assert!(!rest.contains(['<', '>', '&', '"', '\'']), "{}", rest);
                let legal = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
                prop_assert!(rest.chars().all(legal), "{:?}", rest);
            }
        }
    }
}
