//! Text that is safe to show, with the role that says how it looks.

use owo_colors::{OwoColorize, Style};
use unicode_width::UnicodeWidthStr;

use crate::render::escape;
use crate::render::view::View;
use crate::report::block::{Piece, TextRole};

/// A part of a line that is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StyledText {
    /// How it looks.
    pub role: TextRole,
    /// The text.
    pub text: String,
}

/// Texts side by side.
pub(super) type StyledLine = Vec<StyledText>;

impl StyledText {
    /// Text of our own, which is safe, with spaces after it up to this width.
    pub(crate) fn padded(role: TextRole, text: &str, to: usize) -> Self {
        Self { role, text: format!("{text}{}", " ".repeat(to.saturating_sub(width(text)))) }
    }

    /// The same with the spaces before it.
    pub(crate) fn right(role: TextRole, text: &str, to: usize) -> Self {
        Self { role, text: format!("{}{text}", " ".repeat(to.saturating_sub(width(text)))) }
    }

    /// This many spaces.
    pub(crate) fn spaces(n: usize) -> Self {
        Self::padded(TextRole::Plain, "", n)
    }
}

/// Which characters may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// All of them.
    Unicode,
    /// Only ASCII.
    Ascii,
}

/// What this terminal can show.
#[derive(Clone, Copy)]
pub(super) struct TextStyle {
    colour: bool,
    hyperlinks: bool,
    /// Which characters it can show.
    pub charset: Charset,
}

impl TextStyle {
    /// The style for this view.
    pub(crate) fn new(view: &View) -> Self {
        let charset = if view.ascii { Charset::Ascii } else { Charset::Unicode };
        Self { colour: view.colour, hyperlinks: view.hyperlinks, charset }
    }

    /// Pieces of a report, made safe.
    pub fn line(self, pieces: &[Piece]) -> StyledLine {
        pieces.iter().map(|piece| StyledText { role: piece.role, text: self.safe(&piece.text) }).collect()
    }

    /// Outside text, made safe.
    pub(crate) fn safe(self, text: &str) -> String {
        let safe = escape::one_line(text);
        match self.charset {
            Charset::Ascii => escape::ascii(&safe),
            Charset::Unicode => safe.into_owned(),
        }
    }

    /// The mark for text that was cut.
    pub(crate) fn ellipsis(self) -> &'static str {
        match self.charset {
            Charset::Ascii => "..",
            Charset::Unicode => "…",
        }
    }

    /// Writes a line without spaces at its end. Texts are safe one by one, but side by side they could form a command of
    /// a build server: that is shown by its numbers.
    pub(crate) fn write(self, line: &[StyledText], out: &mut String) {
        let text: String = line.iter().map(|part| part.text.as_str()).collect();
        match escape::ci::dangers(&text) {
            dangers if dangers.is_empty() => self.write_parts(line, out),
            dangers => self.write_parts(&escaped_at(line, &dangers), out),
        }
    }

    fn write_parts(self, line: &[StyledText], out: &mut String) {
        let last = line.iter().rposition(|part| !part.text.trim_end_matches(' ').is_empty());
        for (nth, part) in line.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
            let text = if Some(nth) == last { part.text.trim_end_matches(' ') } else { &part.text };
            let is_link = self.hyperlinks && part.role == TextRole::Link && text.bytes().all(|b| b.is_ascii_graphic());
            if is_link {
                out.push_str(&format!("\x1b]8;;{text}\x1b\\"));
            }
            match style(part.role).filter(|_| self.colour && !text.trim().is_empty()) {
                Some(style) => out.push_str(&text.style(style).to_string()),
                None => out.push_str(text),
            }
            if is_link {
                out.push_str("\x1b]8;;\x1b\\");
            }
        }
    }
}

/// The same line, with the characters at these byte offsets shown by their numbers.
fn escaped_at(line: &[StyledText], offsets: &[usize]) -> StyledLine {
    let mut start = 0;
    let mut escaped = vec![];
    for part in line {
        let mut text = String::new();
        for (at, c) in part.text.char_indices() {
            if offsets.contains(&(start + at)) { escape::push_escaped(&mut text, c) } else { text.push(c) }
        }
        start += part.text.len();
        escaped.push(StyledText { role: part.role, text });
    }
    escaped
}

fn style(role: TextRole) -> Option<Style> {
    Some(match role {
        TextRole::Plain => return None,
        TextRole::Strong | TextRole::Command => Style::new().bold(),
        TextRole::Link => Style::new().underline(),
        TextRole::Dim => Style::new().dimmed(),
        TextRole::Error => Style::new().red(),
        TextRole::Warn => Style::new().yellow(),
        TextRole::Good => Style::new().green(),
        TextRole::Critical => Style::new().cyan(),
    })
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Columns that a line takes.
pub(super) fn width_of(line: &[StyledText]) -> usize {
    line.iter().map(|part| width(&part.text)).sum()
}

/// A text and others to its right.
pub(super) fn beside(left: StyledText, right: StyledLine) -> StyledLine {
    let mut line = vec![left];
    line.extend(right);
    line
}
