//! Errors in a configuration file: they show the line with a caret, but no value that may be a secret.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use crate::error::Error;
use crate::spelling::nearest;

/// `message` with file, line, column, the line itself and a caret below `span`. Values that may be secret are masked.
pub(crate) fn file_error(path: &Path, text: &str, span: Range<usize>, message: &str) -> Error {
    let (line, column) = line_and_column(text, span.start);
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    // One column a character, so that the caret is below its place.
    let shown = shown.replace(char::is_control, " ");
    let is_plain = may_be_shown(&shown) && !is_in_auth(text.get(..span.start).unwrap_or(text));
    let message = if is_plain { message.to_owned() } else { without_value(message, text, &span) };
    let shown = if is_plain { shown } else { mask_value(&shown) };
    let width = text.get(span).map_or(1, |t| t.lines().next().unwrap_or_default().chars().count());
    let width = width.clamp(1, (shown.chars().count() + 2).saturating_sub(column).max(1));
    let margin = " ".repeat(line.to_string().len());
    let mut report = format!("{}:{line}:{column}: {message}\n", path.display());
    let _ = write!(report, "{margin} |\n{line} | {shown}\n{margin} | {}{}", " ".repeat(column - 1), "^".repeat(width));
    Error::Config(report)
}

/// Keys whose values may be shown.
const NON_SECRET_KEYS: [&str; 21] = [
    "keys",
    "services",
    "external_topics",
    "external_hosts",
    "sampling",
    "timezone",
    "default_profile",
    "api",
    "selector",
    "tenant",
    "url",
    "ui_url",
    "name",
    "query",
    "panels",
    "phase_label",
    "status_label",
    "in_progress",
    "order",
    "storage_updates",
    "storage_failures",
];

/// Whether a line may be shown whole: a table header, or a key, perhaps misspelt, that takes no secret; no address with
/// user information or a query.
fn may_be_shown(line: &str) -> bool {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-. []".contains(c);
    match line.split_once('=') {
        None => line.trim_start().starts_with('[') && line.chars().all(bare),
        Some((key, value)) => {
            let key = key.trim().rsplit('.').next().unwrap_or_default().trim().trim_matches(['"', '\'']).to_lowercase();
            let key = key.as_str();
            let is_url = key.ends_with("url") || value.contains("://");
            let bare = !value.trim_start().starts_with(['"', '\'']) && value.contains(char::is_alphabetic);
            // One letter from `keys`, but more likely an API key.
            key != "key"
                && (NON_SECRET_KEYS.contains(&key) || nearest(key, &NON_SECRET_KEYS).is_some())
                && !value.contains('@')
                && !(is_url && (value.contains(['?', '#']) || bare))
        }
    }
}

/// Whether what follows this text is in a table about signing in, or in a value that is not closed yet.
fn is_in_auth(before: &str) -> bool {
    let header = before.lines().rev().find(|line| line.trim_start().starts_with('['));
    let open = before.rfind('{').is_some_and(|at| !before[at..].contains('}'));
    let quoted = before.matches("\"\"\"").count() % 2 == 1 || before.matches("'''").count() % 2 == 1;
    header.is_some_and(|line| line.contains("auth")) || open || quoted
}

/// The message without quoted pieces of the value; a key may be quoted.
fn without_value(message: &str, text: &str, span: &Range<usize>) -> String {
    let after = text.get(span.end..).unwrap_or_default().trim_start();
    if after.starts_with(['=', '.', ']']) {
        return message.to_owned();
    }
    let value = text.get(span.clone()).unwrap_or_default();
    let is_of_value = |piece: &str| !piece.is_empty() && value.contains(piece);
    let mut clean = message.to_owned();
    for quote in ['`', '"'] {
        let pieces: Vec<&str> = message.split(quote).skip(1).step_by(2).filter(|piece| is_of_value(piece)).collect();
        pieces.iter().for_each(|piece| clean = clean.replace(&format!("{quote}{piece}{quote}"), "…"));
    }
    clean
}

/// The line with every letter of its value replaced by `*`, so that the caret stays in place. A line without a key is
/// all value.
fn mask_value(line: &str) -> String {
    let is_key = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-. \"'".contains(c));
    let first = line.find('=').filter(|at| is_key(&line[..*at])).unwrap_or(0);
    let star = |c: char| if c.is_whitespace() || "\"'{}[]=,".contains(c) { c } else { '*' };
    line[..first].chars().chain(line[first..].chars().map(star)).collect()
}

/// Line and column, both from 1, in characters.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The parser's message in our words: for an unknown key, with the key that was probably meant.
///
/// `more` are keys that are valid here in addition to those that the parser lists.
pub(crate) fn plain_message(message: &str, more: &[&str]) -> String {
    let what = if message.starts_with("unknown field") {
        "unknown key"
    } else if message.starts_with("unknown variant") {
        "unknown value"
    } else {
        return message.trim_end().replace('\n', ", ");
    };
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = quoted.split_first() else { return message.to_owned() };
    let known = if known.contains(&"keys") { [known, more].concat() } else { known.to_vec() };
    match nearest(unknown, &known) {
        Some(near) => format!("{what} `{unknown}`, did you mean `{near}`?"),
        None => format!("{what} `{unknown}`, known are {}", known.join(", ")),
    }
}
