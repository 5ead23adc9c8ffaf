//! Diagnostics of a spec file, with positions.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

/// Diagnostics that are listed. Beyond that the first ones are to be fixed before the rest is worth reading.
pub(super) const MOST: usize = 50;

/// Characters of a source line shown above the caret: fits a terminal of common width.
const SHOWN: usize = 120;

/// One error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// Number of marked characters, at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    #[serde(rename = "suggestion")]
    pub help: String,
}

/// All errors of a file, in its order. Text cited from the file is not escaped, except line breaks and controls: the
/// caller escapes it for its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// Path as it was given.
    pub path: String,
    /// Text of the file.
    pub source: String,
    /// The first errors, at least one.
    pub list: Vec<Diagnostic>,
    /// Number of errors that are not listed.
    pub more: usize,
}

/// One error, by byte position.
#[derive(Clone, Debug)]
pub(super) struct SpecError {
    pub at: Range<usize>,
    pub message: String,
    pub help: String,
}

impl Diagnostics {
    pub(super) fn new(path: &str, source: &str, mut errors: Vec<SpecError>) -> Self {
        errors.sort_by(|a, b| (a.at.start, &a.message).cmp(&(b.at.start, &b.message)));
        errors.dedup_by(|a, b| a.at.start == b.at.start && a.message == b.message);
        let more = errors.len().saturating_sub(MOST);
        let list = errors.into_iter().take(MOST).map(|error| Diagnostic::new(source, error)).collect();
        Self { path: path.to_owned(), source: source.to_owned(), list, more }
    }
}

impl Diagnostic {
    fn new(source: &str, error: SpecError) -> Self {
        let start = source.floor_char_boundary(error.at.start);
        let before = &source[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let meant = source.get(start..error.at.end).unwrap_or_default();
        let length = meant.lines().next().unwrap_or_default().trim_end().chars().count().max(1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            length,
            message: clipped(&error.message),
            help: clipped(&error.help),
        }
    }

    /// The part of its line around the error, and the column of the caret in it.
    fn shown(&self, source: &str) -> (String, usize) {
        let line = source.split('\n').nth(self.line - 1).unwrap_or_default().trim_end();
        // One column a character, so that the caret is below its position.
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let skipped = (self.column + SHOWN / 4).saturating_sub(SHOWN);
        let mut rest = line.chars().map(plain).skip(skipped);
        let mut shown: String = rest.by_ref().take(SHOWN).collect();
        if rest.next().is_some() {
            shown.push('…');
        }
        if skipped == 0 { (shown, self.column) } else { (format!("…{shown}"), self.column - skipped + 1) }
    }
}

/// One line of bounded length: a message may cite a file with a line of a megabyte.
fn clipped(message: &str) -> String {
    let mut rest = message.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut clipped: String = rest.by_ref().take(4 * SHOWN).collect();
    if rest.next().is_some() {
        clipped.push('…');
    }
    clipped
}

impl Diagnostics {
    /// The text as that of an error, before which `error: ` is written where it is shown.
    pub(crate) fn message(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_message(&mut text);
        text.trim_end().to_owned()
    }

    fn write_message(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for (index, complaint) in self.list.iter().enumerate() {
            let Diagnostic { line, column, length, message, help } = complaint;
            let title = if index == 0 { "" } else { "\nerror: " };
            let margin = " ".repeat(line.to_string().len());
            let (shown, caret) = complaint.shown(&self.source);
            let room = (shown.chars().count() + 1).saturating_sub(caret - 1).max(1);
            writeln!(f, "{title}{message}")?;
            writeln!(f, "{margin}--> {}:{line}:{column}", self.path)?;
            writeln!(f, "{margin} |\n{line} | {shown}")?;
            writeln!(f, "{margin} | {}{}", " ".repeat(caret - 1), "^".repeat(*length.min(&room)))?;
            if !help.is_empty() {
                writeln!(f, "{margin} = help: {help}")?;
            }
        }
        if self.more > 0 { writeln!(f, "\nand {} more", self.more) } else { Ok(()) }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error: ")?;
        self.write_message(f)
    }
}
