//! Evidence from files and standard input: finds out the format, keeps what can be read, notes what cannot.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;
use crate::model::evidence::{Evidence, Note, NoteCode, Source};
use crate::wire::documents::{Form, Piece, form, mended_text, split};
use crate::wire::{Decoded, Malformed, jaeger_json, log_line, loki_json, otlp_json, text};

/// How many broken lines are named one by one.
const NAMED: usize = 5;

/// The evidence in a file.
pub fn read_path(path: &Path) -> Result<Evidence, Error> {
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(input(&name, "this is a directory, not a file"));
    }
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => input(&name, "no such file"),
        ErrorKind::PermissionDenied => input(&name, "permission denied"),
        _ => input(&name, error.to_string()),
    })?;
    read(&name, bytes)
}

/// The evidence in these bytes; `name` is the file they came from, `-` for standard input.
pub fn read(name: &str, bytes: Vec<u8>) -> Result<Evidence, Error> {
    let name = if name == "-" { "standard input" } else { name };
    if let Some(reason) = not_text(&bytes) {
        return Err(input(name, reason));
    }
    let given = text(&bytes);
    let mended = mended_text(&given);
    let text = mended.as_deref().unwrap_or(&given);
    if text.trim().is_empty() {
        return Err(input(name, "the file is empty"));
    }
    let mut reader = Reader::default();
    reader.pieces(split(text), !text.ends_with('\n'));
    reader.finish(name)
}

fn input(path: &str, message: impl Into<String>) -> Error {
    Error::Input { path: path.to_owned(), message: message.into() }
}

/// What to say of bytes that are no text.
fn not_text(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(64)];
    match head {
        [0x1F, 0x8B, ..] => Some("this is compressed with gzip; unpack it with gunzip first"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some("this is compressed with zstd; unpack it with unzstd first"),
        [b'P', b'K', 3, 4, ..] => Some("this is a zip archive; unpack it first"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => None,
        _ if head.contains(&0) => Some("this is binary data; of OTLP only its JSON form can be read"),
        _ => None,
    }
}

/// Collects what the documents of one file hold.
#[derive(Default)]
struct Reader {
    decoded: Decoded,
    recognised: usize,
    broken: Vec<String>,
}

impl Reader {
    fn pieces(&mut self, pieces: Vec<Piece>, open_end: bool) {
        let last = pieces.len().saturating_sub(1);
        for (at, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::Document { line, text } => self.document(line, text),
                Piece::Broken { line, why } if at == last && at > 0 && open_end => {
                    self.broken.push(format!("line {line} is only half written, as if the file still grew: {why}"));
                }
                Piece::Broken { line, why } => self.broken.push(format!("line {line} skipped: {why}")),
            }
        }
    }

    fn document(&mut self, line: usize, text: &str) {
        match form(text) {
            Form::List(documents) => {
                self.recognised += usize::from(documents.is_empty());
                documents.into_iter().for_each(|text| self.take(line, decode(&form(text), text)));
            }
            form => self.take(line, decode(&form, text)),
        }
    }

    fn take(&mut self, line: usize, decoded: Result<Decoded, String>) {
        match decoded {
            Ok(decoded) => {
                self.recognised += 1;
                self.decoded.absorb(decoded);
            }
            Err(why) => self.broken.push(format!("line {line} skipped: {why}")),
        }
    }

    fn finish(self, name: &str) -> Result<Evidence, Error> {
        if self.recognised == 0 {
            let seen = self.broken.first().map_or("nothing", String::as_str);
            return Err(input(name, format!("no traces and no log lines here ({seen})")));
        }
        let mut evidence = Evidence { spans: self.decoded.spans, logs: self.decoded.logs, ..Evidence::default() };
        let more = self.broken.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("{more} more lines skipped for the like"));
        let skipped = self.broken.into_iter().take(NAMED).chain(more).chain(self.decoded.skipped);
        skipped.for_each(|what| evidence.note(Note::new(NoteCode::Skipped, Source::File, format!("{name}: {what}"))));
        for error in self.decoded.errors {
            evidence.note(Note::new(NoteCode::Partial, Source::File, format!("{name}: the answer says: {error}")));
        }
        Ok(evidence)
    }
}

/// What one document holds; `Err` says why it cannot be read.
fn decode(form: &Form, text: &str) -> Result<Decoded, String> {
    let told = |result: Result<Decoded, Malformed>| result.map_err(|why| why.to_string());
    let one_line = |entry| Decoded { logs: vec![entry], ..Decoded::default() };
    match form {
        Form::Jaeger => told(jaeger_json::traces(text.as_bytes())),
        Form::JaegerSpan => told(jaeger_json::span_alone(text)),
        Form::Otlp => told(otlp_json::decode(text.as_bytes())),
        Form::Loki => told(loki_json::streams(text.as_bytes())),
        Form::Logcli => loki_json::logcli(text).map(one_line),
        Form::Line => log_line::stored(text).map(one_line).ok_or_else(|| "its time cannot be read".to_owned()),
        Form::List(_) => Err("a list of lists is none of the readable forms".to_owned()),
        Form::Unknown(what) => Err(format!("{what} is none of the readable forms")),
    }
}
