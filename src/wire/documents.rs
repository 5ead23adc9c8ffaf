//! The JSON documents in one text: one, one a line, or several one after the other; and which form each has.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::wire::json::{Json, mended};
use crate::wire::log_line::TIME_FIELDS;
use crate::wire::{Malformed, with_tree};

/// One document, or a place where none could be read.
#[derive(Debug, PartialEq)]
pub enum Piece<'a> {
    /// A whole object or list.
    Document {
        /// The line it begins on, from 1.
        line: usize,
        /// Its text.
        text: &'a str,
    },
    /// Text that is no JSON.
    Broken {
        /// The line it begins on, from 1.
        line: usize,
        /// Why.
        why: Malformed,
    },
}

/// What a document holds.
#[derive(Debug, PartialEq)]
pub enum Form<'a> {
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
pub fn split(text: &str) -> Vec<Piece<'_>> {
    let mut splitter = Splitter { text, at: 0, line: 1, unclosed: false };
    std::iter::from_fn(|| splitter.next()).collect()
}

/// The same text with its strings mended, if that is what breaks it.
pub fn mended_text(text: &str) -> Option<String> {
    let broken = split(text).iter().any(|piece| matches!(piece, Piece::Broken { .. }));
    broken.then(|| mended(text)).flatten()
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Whether a document ran to the end of the text without closing: looking that far again would cost too much.
    unclosed: bool,
}

impl<'a> Splitter<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        // Commas are left over where a list lost its head; 0x1e begins a document in RFC 7464.
        let rest = &self.text[self.at..];
        let blank = rest.find(|c: char| !c.is_whitespace() && c != ',' && c != '\u{1e}')?;
        self.pass(blank);
        let (rest, line) = (&self.text[self.at..], self.line);
        match self.document(rest) {
            Ok(text) => {
                self.pass(text.len());
                Some(Piece::Document { line, text })
            }
            Err(mut why) => {
                if let Malformed::NotJson { at, .. } = &mut why {
                    *at += self.at;
                }
                self.pass(next_start(rest));
                Some(Piece::Broken { line, why })
            }
        }
    }

    fn pass(&mut self, bytes: usize) {
        self.line += self.text[self.at..self.at + bytes].matches('\n').count();
        self.at += bytes;
    }

    /// The document at the start: within its line if it can be, else over as many lines as it takes.
    fn document(&mut self, rest: &'a str) -> Result<&'a str, Malformed> {
        if !rest.starts_with(['{', '[']) {
            return Err(Malformed::at(rest, 0));
        }
        let first_line = rest.split('\n').next().unwrap_or(rest);
        match whole(first_line) {
            Ok(text) => Ok(text),
            Err(error) if error.is_eof() && first_line.len() < rest.len() && !self.unclosed => {
                whole(rest).map_err(|error| {
                    self.unclosed = error.is_eof();
                    Malformed::not_json(rest, &error)
                })
            }
            Err(error) => Err(Malformed::not_json(first_line, &error)),
        }
    }
}

fn whole(text: &str) -> Result<&str, serde_json::Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    stream.next().map_or(Ok(""), |found| found.map(RawValue::get))
}

/// How far the next line is that begins with a document.
fn next_start(text: &str) -> usize {
    let lines = text.match_indices('\n').map(|(at, _)| at + 1);
    lines.into_iter().find(|at| text[*at..].starts_with(['{', '['])).unwrap_or(text.len())
}

/// Which form a document has, by its outermost keys.
pub fn form(text: &str) -> Form<'_> {
    if text.starts_with('[') {
        return serde_json::from_str::<Vec<&RawValue>>(text).map_or_else(
            |error| Form::Unknown(error.to_string()),
            |all| Form::List(all.iter().map(|r| r.get()).collect()),
        );
    }
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        Ok(fields) => form_of(&fields, text),
        Err(error) => Form::Unknown(error.to_string()),
    }
}

fn form_of<'a>(fields: &BTreeMap<String, &'a RawValue>, text: &'a str) -> Form<'a> {
    const OTLP: [&str; 9] = [
        "resourceSpans",
        "resource_spans",
        "resourceLogs",
        "resource_logs",
        "resourceMetrics",
        "resource_metrics",
        "result",
        "batches",
        "trace",
    ];
    let has = |key: &str| fields.contains_key(key);
    let holds = |key: &str, start: char| fields.get(key).is_some_and(|raw| raw.get().starts_with(start));
    let unknown = || Form::Unknown(with_tree(text, |tree| tree.outline()).unwrap_or_else(|why| why));
    match () {
        () if has("data") && has("status") => match with_tree(text, |tree| result_type(tree)).as_deref() {
            Ok("streams") => Form::Loki,
            Ok(kind) if !kind.is_empty() => Form::Unknown(format!("a `{kind}` of a metric query")),
            _ => unknown(),
        },
        () if has("spans") && !holds("spans", '"') => Form::Jaeger,
        () if has("spanID") && has("operationName") => Form::JaegerSpan,
        () if has("line") && has("timestamp") => Form::Logcli,
        () if OTLP.iter().any(|key| holds(key, '{') || holds(key, '[')) && !has("message") => Form::Otlp,
        () if TIME_FIELDS.iter().any(|key| has(key)) => Form::Line,
        () if has("data") && (has("errors") || holds("data", '[') || holds("data", '{')) => Form::Jaeger,
        () => unknown(),
    }
}

fn result_type(tree: &Json) -> String {
    tree.get(&["data"]).get(&["resultType"]).owned_text()
}
