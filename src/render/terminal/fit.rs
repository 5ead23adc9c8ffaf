//! Making text fit: cutting it and wrapping it.

use unicode_width::UnicodeWidthChar;

use crate::render::terminal::styled_text::{StyledLine, StyledText, width, width_of};
use crate::report::block::TextRole;

/// At most this many columns, the end cut off.
pub(super) fn cut_end(line: StyledLine, most: usize, ellipsis: &str) -> StyledLine {
    if width_of(&line) <= most {
        return line;
    }
    let mut room = most.saturating_sub(width(ellipsis));
    let mut kept: StyledLine = vec![];
    for part in line {
        let start = head(&part.text, room);
        room -= width(start);
        let fits = start.len() == part.text.len();
        let text = if fits { start.to_owned() } else { format!("{}{ellipsis}", start.trim_end()) };
        kept.push(StyledText { role: part.role, text });
        if !fits {
            break;
        }
    }
    kept
}

/// At most this many columns, the middle of the widest text cut out: names differ at both ends.
pub(super) fn cut_middle(mut line: StyledLine, most: usize, ellipsis: &str) -> StyledLine {
    /// Columns below which two ends of a name say less than its beginning.
    const BOTH_ENDS: usize = 4;
    let total = width_of(&line);
    if total <= most {
        return line;
    }
    let Some(widest) = line.iter_mut().max_by_key(|part| width(&part.text)) else { return line };
    let keep = (width(&widest.text) + most).saturating_sub(total + width(ellipsis));
    if keep < BOTH_ENDS {
        return cut_end(line, most, ellipsis);
    }
    let front = head(&widest.text, keep / 2);
    widest.text = format!("{front}{ellipsis}{}", tail(&widest.text, keep - width(front)));
    line
}

/// At most this many columns of a name. A dotted part of it loses its beginning, for it differs most at its end; otherwise
/// the widest part loses its middle.
pub(super) fn cut_name(mut line: StyledLine, most: usize, ellipsis: &str) -> StyledLine {
    let over = width_of(&line).saturating_sub(most);
    let is_dotted = |part: &&mut StyledText| part.text.contains('.') && !part.text.contains([' ', '/']);
    if over > 0
        && let Some(dotted) = line.iter_mut().filter(is_dotted).max_by_key(|part| width(&part.text))
        && let Some(cut) = cut_start(&dotted.text, width(&dotted.text).saturating_sub(over), ellipsis)
    {
        dotted.text = cut;
    }
    cut_middle(line, most, ellipsis)
}

/// The end of a text that is wider than this many columns, from after a dot on if enough is left of it. None if the text
/// fits, and if too little would be left to recognise it.
pub(super) fn cut_start(text: &str, most: usize, ellipsis: &str) -> Option<String> {
    const RECOGNISABLE: usize = 8;
    let keep = most.saturating_sub(width(ellipsis));
    if width(text) <= most || keep < RECOGNISABLE {
        return None;
    }
    let kept = tail(text, keep);
    let part = kept.split_once('.').map(|(_, part)| part).filter(|part| width(part) >= RECOGNISABLE.max(keep / 2));
    Some(format!("{ellipsis}{}", part.unwrap_or(kept)))
}

fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room {
            return &text[..at];
        }
    }
    text
}

fn tail(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > room {
            return &text[at + c.len_utf8()..];
        }
    }
    text
}

/// Columns that a text takes; none if more than the limit. Only the beginning of a long text is measured.
fn width_within(text: &str, most: usize) -> Option<usize> {
    // Joined emoji take less room than each of their parts would.
    let is_near = head(text, 8 * most + 64).len() == text.len();
    is_near.then(|| width(text)).filter(|wide| *wide <= most)
}

/// Lines of at most this many columns, broken between words, all but the first indented. Never none.
pub(super) fn wrap(line: StyledLine, most: usize, indent: usize) -> Vec<StyledLine> {
    // A command is copied: a break of ours inside it would be copied too, one of the terminal's would not.
    if width_of(&line) <= most || line.iter().any(|part| matches!(part.role, TextRole::Command | TextRole::Link)) {
        return vec![line];
    }
    let mut lines = vec![vec![]];
    let mut used = 0;
    for part in line {
        for word in words(&part.text) {
            let mut rest = word;
            while !rest.is_empty() {
                let wide = width_within(rest.trim_end(), most);
                if used > indent && wide.is_none_or(|wide| used + wide > most) {
                    // A word that fits a line is not broken for an indent.
                    let left = wide.map_or(indent, |wide| indent.min(most - wide));
                    lines.push(vec![StyledText::spaces(left)]);
                    used = left;
                }
                let start = head(rest, most.saturating_sub(used).max(2));
                let start = if start.len() < rest.len() && rest.trim_end().len() <= start.len() { rest } else { start };
                used += width(start);
                rest = &rest[start.len()..];
                if let Some(last) = lines.last_mut() {
                    push(last, part.role, start);
                }
            }
        }
    }
    lines
}

/// Words with the spaces behind them; an arrow stays with what it points to.
fn words(text: &str) -> Vec<&str> {
    let is_arrow = |word: &str| matches!(word.trim_end(), "⇢" | "⇠" | "→" | "->" | "<-");
    let (mut words, mut from, mut at) = (vec![], 0, 0);
    for word in text.split_inclusive(' ') {
        at += word.len();
        if !is_arrow(word) || at == text.len() {
            words.push(&text[from..at]);
            from = at;
        }
    }
    words
}

fn push(line: &mut StyledLine, role: TextRole, text: &str) {
    match line.last_mut() {
        Some(last) if last.role == role => last.text.push_str(text),
        _ => line.push(StyledText { role, text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> StyledLine {
        vec![StyledText { role: TextRole::Plain, text: text.into() }]
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room_and_wrapping_loses_nothing(text in "[a-zü世👩 ]{0,60}", most in 8..40_usize) {
            let lines = wrap(line(&text), most, 2);
            for line in &lines {
                let text: String = line.iter().map(|part| part.text.as_str()).collect();
                prop_assert!(width(text.trim_end()) <= most, "{:?}", text);
            }
            let letters = |text: &str| text.replace(' ', "");
            let shown: String = lines.iter().flatten().map(|part| part.text.as_str()).collect();
            prop_assert_eq!(letters(&shown), letters(&text));
            prop_assert!(width_of(&cut_end(line(&text), most, "…")) <= most);
            prop_assert!(width_of(&cut_middle(line(&text), most, "…")) <= most);
            prop_assert!(width_of(&cut_name(line(&text.replace('a', ".")), most, "…")) <= most);
            prop_assert!(cut_start(&text, most, "…").is_none_or(|cut| width(&cut) <= most));
        }
    }
}
