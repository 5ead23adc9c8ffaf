//! The JSON documents in one text (one, one a line, or several in a row), and the form of each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::value::RawValue;

use crate::wire::json::{Json, repaired};
use crate::wire::log_line::TIME_FIELDS;
use crate::wire::span_formats::{search_hit, search_hits, unread_span};
use crate::wire::{Decoded, Malformed, jaeger_json, log_line, loki_json, otlp_json, with_tree};

/// One document, or a place where none could be decoded.
#[derive(Debug, PartialEq)]
pub(crate) enum DocumentPiece<'a> {
    /// A whole object or list.
    Document {
        /// The line it begins on, from 1.
        line: usize,
        /// Its text, with invalid strings repaired.
        text: Cow<'a, str>,
    },
    /// Text that is not JSON.
    Broken {
        /// The line it begins on, from 1.
        line: usize,
        /// Why.
        why: Malformed,
        /// Whether it is a valid beginning at which the text ends: a file that is still being written.
        is_cut: bool,
    },
}

/// The format of a document.
#[derive(Debug, PartialEq)]
pub(crate) enum DocumentForm<'a> {
    /// An answer of Jaeger, or one of its traces.
    Jaeger,
    /// One span of Jaeger.
    JaegerSpan,
    /// OTLP: traces, logs or metrics.
    Otlp,
    /// An answer of Loki.
    Loki,
    /// One line of `logcli -o jsonl`.
    Logcli,
    /// One structured log line of an application.
    Line,
    /// A list of documents.
    List(Vec<&'a str>),
    /// An answer of Elasticsearch or OpenSearch.
    SearchHits {
        /// The documents that were found.
        documents: Vec<&'a str>,
        /// How many more match than the answer has.
        more: u64,
    },
    /// A span in a format that cannot be read; whose it is, and how it becomes readable.
    UnreadSpan(String),
    /// Something else; a few words on it.
    Unknown(String),
}

/// The content of one document; `Err` says why it cannot be read.
pub(crate) fn decode(form: &DocumentForm, text: &str) -> Result<Decoded, String> {
    let decoded = |result: Result<Decoded, Malformed>| result.map_err(|why| why.to_string());
    let one_line = |entry| Decoded { logs: vec![entry], ..Decoded::default() };
    match form {
        DocumentForm::Jaeger => decoded(jaeger_json::traces(text.as_bytes())),
        DocumentForm::JaegerSpan => decoded(jaeger_json::span_alone(text)),
        DocumentForm::Otlp => decoded(otlp_json::decode(text.as_bytes())),
        DocumentForm::Loki => decoded(loki_json::streams(text.as_bytes())),
        DocumentForm::Logcli => loki_json::logcli(text).map(one_line),
        DocumentForm::Line => log_line::stored(text).map(one_line).ok_or_else(|| "its time cannot be read".to_owned()),
        DocumentForm::List(_) | DocumentForm::SearchHits { .. } => {
            Err("a list of lists is none of the readable forms".to_owned())
        }
        DocumentForm::UnreadSpan(what) => Err(format!("this is {what}")),
        DocumentForm::Unknown(what) => Err(format!("{what} is none of the readable forms")),
    }
}

/// The text without what `docker compose logs` and `kubectl logs --prefix` write before each line: the name of a container,
/// in colour or not, and a time where one was asked for. None where its first line has nothing of the kind.
pub(crate) fn without_container_names(text: &str) -> Option<String> {
    static PREFIX: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let colour = r"(?:\x1b\[[\d;]*m)*";
        let name = r"(?:[A-Za-z0-9][\w.-]*\s*\||\[pod/[^\]\s]+\])";
        Regex::new(&format!(r"^{colour}{name}{colour}\s(?:\d{{4}}-\d\d-\d\dT[\d:.]+Z\s)?")).ok()
    });
    let prefix = PREFIX.as_ref()?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    if !prefix.is_match(lines.next()?) {
        return None;
    }
    let bare: Vec<Cow<'_, str>> = text.split('\n').map(|line| prefix.replace(line, "")).collect();
    Some(bare.join("\n"))
}

/// The documents of a text in their order. A broken one is skipped up to the next line that begins one.
pub(crate) fn split(text: &str) -> Vec<DocumentPiece<'_>> {
    let mut splitter = Splitter { text, at: 0, line: 1, unclosed: false, searched_in_vain: 0 };
    std::iter::from_fn(|| splitter.next()).collect()
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Whether documents are no longer looked for over several lines: one had no end, or too much was searched without
    /// result. Otherwise a file of nothing but opening brackets would be read to its end once for each of its lines.
    unclosed: bool,
    /// How many bytes were searched for the ends of documents that turned out to be broken.
    searched_in_vain: usize,
}

impl<'a> Splitter<'a> {
    fn next(&mut self) -> Option<DocumentPiece<'a>> {
        // Commas are left over where the beginning of a list is missing; 0x1e begins a document in RFC 7464.
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
                    Malformed::NotJson { at, .. } => error_in_line(&rest[..length], at, self.at),
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

    /// The document that a text begins with and its length: within one line if that is possible, else over several.
    fn document(&mut self, rest: &'a str) -> Result<(Cow<'a, str>, usize), (Malformed, bool)> {
        if !rest.starts_with(['{', '[']) {
            return Err((Malformed::at(rest, 0), false));
        }
        let line = rest.split('\n').next().unwrap_or(rest);
        let error = match whole(line) {
            Ok(text) => return Ok((Cow::Borrowed(text), text.len())),
            Err(error) => error,
        };
        if let Some(text) = repaired(line).filter(|text| whole(text).is_ok()) {
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
        // A repair takes line ends into strings that are not closed, hence only where one document is the whole text.
        let is_only = self.line == 1;
        if let Some(text) = is_only.then(|| repaired(rest)).flatten().filter(|text| whole(text).is_ok()) {
            return Ok((Cow::Owned(text), rest.len()));
        }
        let why = Malformed::not_json(rest, &error);
        if let Malformed::NotJson { at, .. } = why {
            self.searched_in_vain += at;
        }
        self.unclosed = error.is_eof() || self.searched_in_vain > self.text.len();
        Err((why, error.is_eof()))
    }
}

fn whole(text: &str) -> Result<&str, serde_json::Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    stream.next().map_or(Ok(""), |found| found.map(RawValue::get))
}

/// The error of a text that is skipped, with the line at which decoding stopped: the lines before and after may be valid.
/// At the beginning of a line it is the line before that ended too early. `offset` is where the text begins in the file.
fn error_in_line(text: &str, at: usize, offset: usize) -> Malformed {
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

/// The bytes up to the next line that begins a document.
fn next_start(text: &str) -> usize {
    let lines = text.match_indices('\n').map(|(at, _)| at + 1);
    lines.into_iter().find(|at| text[*at..].starts_with(['{', '['])).unwrap_or(text.len())
}

/// The format of a document, by its outermost keys.
pub(crate) fn form(text: &str) -> DocumentForm<'_> {
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
        () if holds("hits", '{')
            && let Some((documents, more)) = search_hits(text) =>
        {
            DocumentForm::SearchHits { documents, more }
        }
        () if holds("_source", '{')
            && let Some(document) = search_hit(text) =>
        {
            DocumentForm::SearchHits { documents: vec![document], more: 0 }
        }
        () if holds("spans", '[') || has("traceID") && has("spans") => DocumentForm::Jaeger,
        () if has("spanID") && has("operationName") => DocumentForm::JaegerSpan,
        () if holds("line", '"') && has("timestamp") && (has("labels") || fields.len() == 2) => DocumentForm::Logcli,
        () if within(&otlp_json::KEYS[..7]) => DocumentForm::Otlp,
        () if let Some(what) = unread_span(fields) => DocumentForm::UnreadSpan(what),
        () if TIME_FIELDS.iter().any(|key| has(key)) => DocumentForm::Line,
        () if within(&otlp_json::KEYS) => DocumentForm::Otlp,
        () if has("data") && (has("errors") || within(&["data"]) || holds("data", 'n')) => DocumentForm::Jaeger,
        () => DocumentForm::Unknown(with_tree(text, |tree| tree.outline()).unwrap_or_else(|why| why)),
    }
}

fn result_type(tree: &Json) -> String {
    tree.get(&["data"]).get(&["resultType"]).owned_text()
}
