//! The JSON documents in one text: one, one a line, or several one after the other; and which form each has.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::wire::json::{Json, mended};
use crate::wire::log_line::TIME_FIELDS;
use crate::wire::{Malformed, otlp_json, with_tree};

/// One document, or a place where none could be read.
#[derive(Debug, PartialEq)]
pub enum DocumentPiece<'a> {
    /// A whole object or list.
    Document {
        /// The line it begins on, from 1.
        line: usize,
        /// Its text, with bad strings mended.
        text: Cow<'a, str>,
    },
    /// Text that is no JSON.
    Broken {
        /// The line it begins on, from 1.
        line: usize,
        /// Why.
        why: Malformed,
        /// Whether it began well and the text ended in its midst.
        is_cut: bool,
    },
}

/// What a document holds.
#[derive(Debug, PartialEq)]
pub enum DocumentForm<'a> {
    /// Jaeger's answer, or one of its traces.
    Jaeger,
    /// One of Jaeger's spans.
    JaegerSpan,
    /// OTLP: traces, logs or metrics.
    Otlp,
    /// Lines as Loki answers them.
    Loki,
    /// One line as `logcli -o jsonl` writes it.
    Logcli,
    /// One line as an application writes it.
    Line,
    /// A list of documents.
    List(Vec<&'a str>),
    /// Something else: what it is.
    Unknown(String),
}

/// The documents of a text in their order. A broken one is passed over up to the next line that begins one.
pub fn split(text: &str) -> Vec<DocumentPiece<'_>> {
    let mut splitter = Splitter { text, at: 0, line: 1, unclosed: false, in_vain: 0 };
    std::iter::from_fn(|| splitter.next()).collect()
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Whether a document ran to the end of the text without closing, or enough was looked through in vain: looking that
    /// far again would cost too much.
    unclosed: bool,
    /// How many bytes were looked through for the ends of documents that turned out to be none.
    in_vain: usize,
}

impl<'a> Splitter<'a> {
    fn next(&mut self) -> Option<DocumentPiece<'a>> {
        // Commas are left over where a list lost its head; 0x1e begins a document in RFC 7464.
        let rest = &self.text[self.at..];
        let blank = rest.find(|c: char| !c.is_whitespace() && c != ',' && c != '\u{1e}')?;
        self.pass(blank);
        let (rest, line) = (&self.text[self.at..], self.line);
        match self.document(rest) {
            Ok((text, length)) => {
                self.pass(length);
                Some(DocumentPiece::Document { line, text })
            }
            Err((why, is_cut)) => {
                let length = next_start(rest);
                let why = match why {
                    Malformed::NotJson { at, .. } => in_its_line(&rest[..length], at, self.at),
                    other => other,
                };
                self.pass(length);
                Some(DocumentPiece::Broken { line, why, is_cut })
            }
        }
    }

    fn pass(&mut self, bytes: usize) {
        self.line += self.text[self.at..self.at + bytes].matches('\n').count();
        self.at += bytes;
    }

    /// The document at the start and its length: within its line if it can be, else over as many as it takes.
    fn document(&mut self, rest: &'a str) -> Result<(Cow<'a, str>, usize), (Malformed, bool)> {
        if !rest.starts_with(['{', '[']) {
            return Err((Malformed::at(rest, 0), false));
        }
        let line = rest.split('\n').next().unwrap_or(rest);
        let error = match whole(line) {
            Ok(text) => return Ok((Cow::Borrowed(text), text.len())),
            Err(error) => error,
        };
        if let Some(text) = mended(line).filter(|text| whole(text).is_ok()) {
            return Ok((Cow::Owned(text), line.len()));
        }
        if !error.is_eof() || line.len() == rest.len() || self.unclosed {
            return Err((Malformed::not_json(line, &error), error.is_eof() && line.len() == rest.len()));
        }
        self.over_lines(rest)
    }

    fn over_lines(&mut self, rest: &'a str) -> Result<(Cow<'a, str>, usize), (Malformed, bool)> {
        let error = match whole(rest) {
            Ok(text) => return Ok((Cow::Borrowed(text), text.len())),
            Err(error) => error,
        };
        // Mending takes line ends into open strings, hence only where one document is the whole text.
        let alone = self.line == 1;
        if let Some(text) = alone.then(|| mended(rest)).flatten().filter(|text| whole(text).is_ok()) {
            return Ok((Cow::Owned(text), rest.len()));
        }
        let why = Malformed::not_json(rest, &error);
        if let Malformed::NotJson { at, .. } = why {
            self.in_vain += at;
        }
        self.unclosed = error.is_eof() || self.in_vain > self.text.len();
        Err((why, error.is_eof()))
    }
}

fn whole(text: &str) -> Result<&str, serde_json::Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    stream.next().map_or(Ok(""), |found| found.map(RawValue::get))
}

/// That the text which is passed over is no JSON, told of the one line in it where reading stopped: what stands before
/// and after may be well. At the beginning of a line, it is the one before that ended badly. `offset` is where the text
/// begins in the file.
fn in_its_line(text: &str, at: usize, offset: usize) -> Malformed {
    let before = &text[..at.min(text.len())];
    let at = match before.trim_end() {
        whole if before[whole.len()..].contains('\n') => whole.len(),
        _ => before.len(),
    };
    let from = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let to = text[at..].find('\n').map_or(text.len(), |length| at + length);
    match Malformed::at(&text[from..to], at - from) {
        Malformed::NotJson { at, near } => Malformed::NotJson { at: offset + from + at, near },
        other => other,
    }
}

/// How far the next line is that begins with a document.
fn next_start(text: &str) -> usize {
    let lines = text.match_indices('\n').map(|(at, _)| at + 1);
    lines.into_iter().find(|at| text[*at..].starts_with(['{', '['])).unwrap_or(text.len())
}

/// Which form a document has, by its outermost keys.
pub fn form(text: &str) -> DocumentForm<'_> {
    if text.starts_with('[') {
        return serde_json::from_str::<Vec<&RawValue>>(text).map_or_else(
            |error| DocumentForm::Unknown(error.to_string()),
            |all| DocumentForm::List(all.iter().map(|r| r.get()).collect()),
        );
    }
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        Ok(fields) => form_of(&fields, text),
        Err(error) => DocumentForm::Unknown(error.to_string()),
    }
}

fn form_of<'a>(fields: &BTreeMap<String, &'a RawValue>, text: &'a str) -> DocumentForm<'a> {
    let has = |key: &str| fields.contains_key(key);
    let holds = |key: &str, start: char| fields.get(key).is_some_and(|raw| raw.get().starts_with(start));
    let kind =
        if has("data") && has("status") { with_tree(text, result_type).unwrap_or_default() } else { String::new() };
    let within = |keys: &[&str]| keys.iter().any(|key| holds(key, '{') || holds(key, '['));
    match kind.as_str() {
        "" => {}
        "streams" => return DocumentForm::Loki,
        kind => return DocumentForm::Unknown(format!("a `{kind}` of a metric query")),
    }
    match () {
        () if holds("spans", '[') || has("traceID") && has("spans") => DocumentForm::Jaeger,
        () if has("spanID") && has("operationName") => DocumentForm::JaegerSpan,
        () if holds("line", '"') && has("timestamp") && (has("labels") || fields.len() == 2) => DocumentForm::Logcli,
        () if within(&otlp_json::KEYS[..7]) => DocumentForm::Otlp,
        () if TIME_FIELDS.iter().any(|key| has(key)) => DocumentForm::Line,
        () if within(&otlp_json::KEYS) => DocumentForm::Otlp,
        () if has("data") && (has("errors") || within(&["data"]) || holds("data", 'n')) => DocumentForm::Jaeger,
        () => DocumentForm::Unknown(with_tree(text, |tree| tree.outline()).unwrap_or_else(|why| why)),
    }
}

fn result_type(tree: &Json) -> String {
    tree.get(&["data"]).get(&["resultType"]).owned_text()
}
