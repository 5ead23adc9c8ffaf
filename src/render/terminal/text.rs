//! Runs of safe text with a role: measuring, cutting, wrapping and colouring them.

use owo_colors::{OwoColorize, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::{View, escape};
use crate::report::block::{Piece, Role};

/// A run of text that is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StyledText {
    /// What it is.
    pub role: Role,
    /// The text.
    pub text: String,
}

impl StyledText {
    /// Text that we made ourselves, with spaces after it.
    pub fn padded(role: Role, text: &str, to: usize) -> Self {
        Self { role, text: format!("{text}{}", " ".repeat(to.saturating_sub(width(text)))) }
    }

    /// The same with spaces before it.
    pub fn right(role: Role, text: &str, to: usize) -> Self {
        Self { role, text: format!("{}{text}", " ".repeat(to.saturating_sub(width(text)))) }
    }
}

/// How text is put on this terminal.
#[derive(Clone, Copy)]
pub struct Ink {
    colour: bool,
    hyperlinks: bool,
    /// Whether only ASCII may be used.
    pub ascii: bool,
}

impl Ink {
    /// As the view wants it.
    pub fn new(view: &View) -> Self {
        Self { colour: view.colour, hyperlinks: view.hyperlinks, ascii: view.ascii }
    }

    /// Pieces as they came, made safe.
    pub fn runs(self, pieces: &[Piece]) -> Vec<StyledText> {
        pieces.iter().map(|p| StyledText { role: p.role, text: self.safe(&p.text) }).collect()
    }

    /// Text as it came, made safe.
    pub fn safe(self, text: &str) -> String {
        let safe = escape::one_line(text);
        if self.ascii { escape::ascii(&safe) } else { safe.into_owned() }
    }

    /// What stands for text that was cut.
    pub fn ellipsis(self) -> &'static str {
        if self.ascii { ".." } else { "…" }
    }

    /// Writes a row, without spaces at its end. What stands side by side only now must not be a command either.
    pub fn write(self, row: &[StyledText], out: &mut String) {
        let whole: String = row.iter().map(|run| run.text.as_str()).collect();
        match escape::ci::dangers(&whole) {
            dangers if dangers.is_empty() => self.write_runs(row, out),
            dangers => self.write_runs(&shown_at(row, &dangers), out),
        }
    }

    fn write_runs(self, row: &[StyledText], out: &mut String) {
        let last = row.iter().rposition(|run| !run.text.trim_end_matches(' ').is_empty());
        for (nth, run) in row.iter().enumerate().take(last.map_or(0, |l| l + 1)) {
            let text = if Some(nth) == last { run.text.trim_end_matches(' ') } else { &run.text };
            let linked = self.hyperlinks && run.role == Role::Link && text.bytes().all(|b| b.is_ascii_graphic());
            if linked {
                out.push_str(&format!("\x1b]8;;{text}\x1b\\"));
            }
            match style(run.role).filter(|_| self.colour && !text.trim().is_empty()) {
                Some(style) => out.push_str(&text.style(style).to_string()),
                None => out.push_str(text),
            }
            if linked {
                out.push_str("\x1b]8;;\x1b\\");
            }
        }
    }
}

/// The same row, with the characters at these places shown by their numbers.
fn shown_at(row: &[StyledText], places: &[usize]) -> Vec<StyledText> {
    let mut begin = 0;
    let mut shown = vec![];
    for run in row {
        let mut text = String::new();
        for (at, c) in run.text.char_indices() {
            if places.contains(&(begin + at)) { escape::push_escaped(&mut text, c) } else { text.push(c) }
        }
        begin += run.text.len();
        shown.push(StyledText { role: run.role, text });
    }
    shown
}

fn style(role: Role) -> Option<Style> {
    Some(match role {
        Role::Plain => return None,
        Role::Strong | Role::Command => Style::new().bold(),
        Role::Link => Style::new().underline(),
        Role::Dim => Style::new().dimmed(),
        Role::Error => Style::new().red(),
        Role::Warn => Style::new().yellow(),
        Role::Good => Style::new().green(),
        Role::Critical => Style::new().cyan(),
    })
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Columns that runs take side by side.
pub fn width_of(runs: &[StyledText]) -> usize {
    runs.iter().map(|r| width(&r.text)).sum()
}

/// One run and others to its right.
pub fn beside(left: StyledText, right: Vec<StyledText>) -> Vec<StyledText> {
    let mut row = vec![left];
    row.extend(right);
    row
}

/// At most so many columns, the end cut off.
pub fn cut_end(runs: Vec<StyledText>, most: usize, ellipsis: &str) -> Vec<StyledText> {
    if width_of(&runs) <= most {
        return runs;
    }
    let mut room = most.saturating_sub(width(ellipsis));
    let mut kept: Vec<StyledText> = vec![];
    for run in runs {
        let part = head(&run.text, room);
        room -= width(part);
        let whole = part.len() == run.text.len();
        let text = if whole { part.to_owned() } else { format!("{}{ellipsis}", part.trim_end()) };
        kept.push(StyledText { role: run.role, text });
        if !whole {
            break;
        }
    }
    kept
}

/// At most so many columns, the middle of the widest run cut out: names differ at both ends.
pub fn cut_middle(mut runs: Vec<StyledText>, most: usize, ellipsis: &str) -> Vec<StyledText> {
    let total = width_of(&runs);
    if total <= most {
        return runs;
    }
    let Some(widest) = runs.iter_mut().max_by_key(|r| width(&r.text)) else { return runs };
    let keep = (width(&widest.text) + most).saturating_sub(total + width(ellipsis));
    if keep < 4 {
        return cut_end(runs, most, ellipsis);
    }
    let front = head(&widest.text, keep / 2);
    widest.text = format!("{front}{ellipsis}{}", tail(&widest.text, keep - width(front)));
    runs
}

/// At most so many columns of a name: what is dotted in it loses its beginning, for it tells most at its end; else what is
/// widest loses its middle.
pub fn cut_name(mut runs: Vec<StyledText>, most: usize, ellipsis: &str) -> Vec<StyledText> {
    let over = width_of(&runs).saturating_sub(most);
    let is_dotted = |run: &&mut StyledText| run.text.contains('.') && !run.text.contains([' ', '/']);
    if over > 0
        && let Some(dotted) = runs.iter_mut().filter(is_dotted).max_by_key(|run| width(&run.text))
        && let Some(cut) = cut_start(&dotted.text, width(&dotted.text).saturating_sub(over), ellipsis)
    {
        dotted.text = cut;
    }
    cut_middle(runs, most, ellipsis)
}

/// The end of a text that is wider than so many columns, from after a dot on where enough is left of it. None where it
/// fits, and where nothing telling would be left.
pub fn cut_start(text: &str, most: usize, ellipsis: &str) -> Option<String> {
    const TELLING: usize = 8;
    let keep = most.saturating_sub(width(ellipsis));
    if width(text) <= most || keep < TELLING {
        return None;
    }
    let kept = tail(text, keep);
    let part = kept.split_once('.').map(|(_, part)| part).filter(|part| width(part) >= TELLING.max(keep / 2));
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

/// Columns that a text takes, if those are at most so many. Of a long text only the beginning is looked at.
fn width_within(text: &str, most: usize) -> Option<usize> {
    // Joined emoji take less room than each of their parts would.
    let is_near = head(text, 8 * most + 64).len() == text.len();
    is_near.then(|| width(text)).filter(|wide| *wide <= most)
}

/// Rows of at most so many columns, broken between words, all but the first indented. Never none.
pub fn wrap(runs: Vec<StyledText>, most: usize, indent: usize) -> Vec<Vec<StyledText>> {
    // A command is copied: a break of ours inside it would be copied too, one of the terminal's would not.
    if width_of(&runs) <= most || runs.iter().any(|r| matches!(r.role, Role::Command | Role::Link)) {
        return vec![runs];
    }
    let mut rows = vec![vec![]];
    let mut used = 0;
    for run in runs {
        for word in words(&run.text) {
            let mut rest = word;
            while !rest.is_empty() {
                let wide = width_within(rest.trim_end(), most);
                if used > indent && wide.is_none_or(|wide| used + wide > most) {
                    // A word that fits a row is not broken for an indent.
                    let left = wide.map_or(indent, |wide| indent.min(most - wide));
                    rows.push(vec![StyledText::padded(Role::Plain, "", left)]);
                    used = left;
                }
                let part = head(rest, most.saturating_sub(used).max(2));
                let part = if part.len() < rest.len() && rest.trim_end().len() <= part.len() { rest } else { part };
                used += width(part);
                rest = &rest[part.len()..];
                if let Some(row) = rows.last_mut() {
                    push(row, run.role, part);
                }
            }
        }
    }
    rows
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

fn push(row: &mut Vec<StyledText>, role: Role, text: &str) {
    match row.last_mut() {
        Some(last) if last.role == role => last.text.push_str(text),
        _ => row.push(StyledText { role, text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn runs(text: &str) -> Vec<StyledText> {
        vec![StyledText { role: Role::Plain, text: text.into() }]
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room_and_wrapping_loses_nothing(text in "[a-zü世👩 ]{0,60}", most in 8..40_usize) {
            let rows = wrap(runs(&text), most, 2);
            for row in &rows {
                let row: String = row.iter().map(|r| r.text.as_str()).collect();
                prop_assert!(width(row.trim_end()) <= most, "{:?}", row);
            }
            let letters = |t: &str| t.replace(' ', "");
            let all: String = rows.iter().flatten().map(|r| r.text.as_str()).collect();
            prop_assert_eq!(letters(&all), letters(&text));
            prop_assert!(width_of(&cut_end(runs(&text), most, "…")) <= most);
            prop_assert!(width_of(&cut_middle(runs(&text), most, "…")) <= most);
            prop_assert!(width_of(&cut_name(runs(&text.replace('a', ".")), most, "…")) <= most);
            prop_assert!(cut_start(&text, most, "…").is_none_or(|cut| width(&cut) <= most));
        }
    }
}
