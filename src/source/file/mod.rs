//! Evidence from files and standard input: finds out the format, keeps what can be read, notes what cannot.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use crate::error::Error;
use crate::model::evidence::{Evidence, Note, NoteCode};
use crate::model::id::{SpanId, TraceId};
use crate::model::log::LineKey;
use crate::model::source::Source;
use crate::model::span::Span;
use crate::wire::documents::{DocumentForm, DocumentPiece, decode, form, split, without_container_names};
use crate::wire::{Decoded, is_utf16, text};

/// Unreadable lines that get a note each; the rest is summed up in one.
const NAMED: usize = 5;
/// Bytes from which the type of a file is recognized.
const HEAD: u64 = 64;
/// Spans of one ID that a new one is compared with. Bounds the work: a file may repeat one ID a million times.
const MOST_TWINS: usize = 16;

/// The evidence in a file.
pub(crate) fn read_path(path: &Path) -> Result<Evidence, Error> {
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(input(&name, "this is a directory, not a file"));
    }
    let bytes = File::open(path).and_then(whole).map_err(|error| match error.kind() {
        ErrorKind::NotFound => input(&name, "no such file"),
        ErrorKind::PermissionDenied => input(&name, "permission denied"),
        _ => input(&name, error.to_string()),
    })?;
    read(&name, bytes)
}

/// The bytes that a file has now, not those that are appended while it is read. Of a file that is not text only the first:
/// a device may never end.
fn whole(mut file: File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut bytes)?;
    if not_text(&bytes).is_none() {
        let rest = if length > HEAD { length - HEAD } else { u64::MAX };
        file.take(rest).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The evidence in these bytes; `name` is the file they came from, `-` for standard input.
pub fn read(name: &str, bytes: impl AsRef<[u8]>) -> Result<Evidence, Error> {
    let bytes = bytes.as_ref();
    let name = if name == "-" { "standard input" } else { name };
    if let Some(reason) = not_text(bytes) {
        return Err(input(name, reason));
    }
    let text = text(bytes);
    if text.trim().is_empty() {
        return Err(input(name, "the file is empty"));
    }
    let text = without_container_names(&text).map_or(text, Cow::Owned);
    let mut reader = FileReader::default();
    reader.read(split(&text), if text.ends_with('\n') { FileEnd::Newline } else { FileEnd::InLine });
    reader.finish(name)
}

/// Merges the evidence of several files. A line in more than one of them, such as the same download given twice, counts as
/// often as in the file that has it most often.
pub(crate) fn merge(files: Vec<Evidence>) -> Evidence {
    let mut all = Evidence::default();
    let mut known: HashMap<LineKey, usize> = HashMap::new();
    let mut first = Places::new();
    for file in files {
        let mut here: HashMap<LineKey, usize> = HashMap::new();
        for line in file.logs {
            let key = LineKey::new(&line);
            let times = here.entry(key.clone()).or_default();
            *times += 1;
            if *times > known.get(&key).copied().unwrap_or(0) {
                all.logs.push(line);
            }
        }
        for (key, times) in here {
            let most = known.entry(key).or_default();
            *most = times.max(*most);
        }
        let known_before = all.spans.len();
        all.spans.extend(new_ones(&all.spans, &first, file.spans));
        for (at, span) in all.spans.iter().enumerate().skip(known_before) {
            first.entry((span.trace_id, span.span_id)).or_default().push(at);
        }
        file.notes.into_iter().for_each(|note| all.note(note));
    }
    all
}

type Places = HashMap<(TraceId, SpanId), Vec<usize>>;

/// The spans that no earlier file has.
fn new_ones(known: &[Span], places: &Places, spans: Vec<Span>) -> Vec<Span> {
    let twins = |span: &Span| places.get(&(span.trace_id, span.span_id)).into_iter().flatten().take(MOST_TWINS);
    let is_new = |span: &Span| !twins(span).any(|twin| known[*twin].is_repeat_of(span));
    spans.into_iter().filter(is_new).collect()
}

fn input(path: &str, message: impl Into<String>) -> Error {
    Error::Input { path: path.to_owned(), message: message.into() }
}

/// Why bytes are not text; none if they are.
fn not_text(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(HEAD as usize)];
    match head {
        [0x1F, 0x8B, ..] => Some("this is compressed with gzip; unpack it with gunzip first"),
        [_, _, _, _, 0x28, 0xB5, 0x2F, 0xFD, ..] => Some(
            "this is compressed with zstd in the frames of the collector's file exporter, which unzstd cannot unpack; \
             write it again without `compression` and with `format: json`",
        ),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some("this is compressed with zstd; unpack it with unzstd first"),
        [b'P', b'K', 3, 4, ..] => Some("this is a zip archive; unpack it first"),
        head if is_utf16(head) => None,
        _ if head.contains(&0) => Some("this is binary data; of OTLP only its JSON form can be read"),
        _ => None,
    }
}

/// How a file ends: one that is still being written ends within a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileEnd {
    Newline,
    InLine,
}

/// Collects the content of the documents of one file.
#[derive(Default)]
struct FileReader {
    decoded: Decoded,
    recognised: usize,
    broken: Vec<String>,
}

impl FileReader {
    fn read(&mut self, pieces: Vec<DocumentPiece>, end: FileEnd) {
        let last = pieces.len().saturating_sub(1);
        for (at, piece) in pieces.into_iter().enumerate() {
            match piece {
                DocumentPiece::Document { line, text } => self.document(line, &text, 0),
                DocumentPiece::Broken { line, why, is_cut: true } if at == last && at > 0 && end == FileEnd::InLine => {
                    self.broken.push(format!("line {line} is only half written, as if the file still grew: {why}"));
                }
                DocumentPiece::Broken { line, why, is_cut: true } => {
                    self.broken.push(format!("line {line} begins a document that is cut off: {why}"));
                }
                DocumentPiece::Broken { line, why, .. } => self.broken.push(format!("line {line} skipped: {why}")),
            }
        }
    }

    /// Reads one document, `depth` lists deep: Zipkin answers with a list of traces, each a list of spans.
    fn document(&mut self, line: usize, text: &str, depth: usize) {
        match form(text) {
            DocumentForm::List(documents)
                if depth == 0 || depth == 1 && documents.iter().all(|d| d.starts_with('{')) =>
            {
                self.recognised += usize::from(documents.is_empty());
                documents.into_iter().for_each(|text| self.document(line, text, depth + 1));
            }
            DocumentForm::SearchHits { documents, more } if depth < 2 => {
                self.recognised += usize::from(documents.is_empty());
                documents.into_iter().for_each(|text| self.document(line, text, depth + 1));
                if more > 0 {
                    self.decoded.errors.push(format!("{more} more hits match than it has; ask with a larger `size`"));
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    const JAEGER: &str = include_str!("../../../fixtures/jaeger-next/v1-trace.body");
    const OTLP: &str = include_str!("../../../fixtures/jaeger-next/v3-trace.body");

    fn counts(text: &str) -> (usize, usize, usize) {
        let evidence = read("run.json", text).unwrap_or_else(|error| panic!("{error}: {text:.80}"));
        (evidence.spans.len(), evidence.logs.len(), evidence.notes.len())
    }

    fn otlp_line(span: &str) -> String {
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"1f","spanId":"{span}"}}]}}]}}]}}"#)
    }

    #[test]
    fn every_form_is_found_out() {
        let pretty = |text: &str| {
            serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
        };
        let log =
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","body":{"stringValue":"x"}}]}]}]}"#;
        let logcli = r#"{"labels":{},"line":"x","timestamp":"2026-11-22T13:02:11Z"}"#;
        let app = r#"{"timestamp":"2026-11-22T13:02:11Z","trace":"x","message":"hi"}"#;
        let loki =
            r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["1","a"]]}]}}"#;
        let span = r#"{"traceID":"1f","spanID":"a","operationName":"x"}"#;
        let (one, two) = (otlp_line("a"), otlp_line("b"));
        let table = [
            (JAEGER.to_owned(), (9, 0, 0)),
            (pretty(JAEGER), (9, 0, 0)),
            (OTLP.to_owned(), (9, 0, 0)),
            (format!("{OTLP}{OTLP}"), (18, 0, 0)),
            (format!("{}\n{}", pretty(OTLP), pretty(JAEGER)), (18, 0, 0)),
            (format!("\u{feff}{one}\r\n\r\n{two}\r\n"), (2, 0, 0)),
            (format!("{one}\n{log}\n{{\"resourceMetrics\":[]}}\n"), (1, 1, 0)),
            (format!("{logcli}\n{logcli}\n"), (0, 2, 0)),
            (format!("{app}\n{app}"), (0, 2, 0)),
            (
                r#"{"event":"x","time":1,"trace":{"id":"a"},"line":42,"status":"ok","data":{},"labels":{}}"#.to_owned(),
                (0, 1, 0),
            ),
            (format!("[{app},\n{app}]"), (0, 2, 0)),
            (format!("[{one},{two}]"), (2, 0, 0)),
            (loki.to_owned(), (0, 1, 0)),
            (format!("{span}\n{span}\n"), (2, 0, 0)),
            (format!(r#"[{{"traceID":"1f","spans":[{span}],"processes":{{}}}}]"#), (1, 0, 0)),
            (format!(r#"{{"data":{{"traceID":"1f","spans":[{span}]}}}}"#), (1, 0, 0)),
            (r#"{"data":[],"errors":null}"#.to_owned(), (0, 0, 0)),
            ("[]".to_owned(), (0, 0, 0)),
            (r#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#.to_owned(), (0, 0, 1)),
        ];
        for (text, want) in table {
            assert_eq!(counts(&text), want, "{text:.200}");
        }
    }

    #[test]
    fn a_bad_line_loses_only_itself() {
        let (one, two) = (otlp_line("a"), otlp_line("b"));
        let half = &two[..40];
        let notes = |text: &str| {
            let evidence = read("run.json", text).unwrap();
            assert!(!evidence.is_complete());
            let messages: Vec<String> = evidence.notes.into_iter().map(|note| note.message).collect();
            (evidence.spans.len(), messages)
        };
        let (spans, said) = notes(&format!("{one}\n{half}"));
        assert_eq!(spans, 1);
        assert!(
            said[0].starts_with("run.json: line 2 is only half written, as if the file still grew: invalid JSON"),
            "{said:?}"
        );
        let (spans, said) = notes(&format!("{one}\n{half}\nWARN no json\n{two}\n"));
        assert_eq!((spans, said.len()), (2, 1));
        assert!(said[0].starts_with("run.json: line 2 skipped: invalid JSON at byte"), "{said:?}");
        let (spans, said) = notes(&format!("{one}\n{{\"a\":1}}\n{two}\n{}", "{]\n".repeat(20)));
        assert_eq!((spans, said.len()), (2, NAMED + 1));
        assert_eq!(said[0], "run.json: line 2 skipped: an object with `a` is none of the readable forms");
        assert_eq!(said[NAMED], "run.json: 16 more lines skipped for the like");
    }

    #[test]
    fn a_bad_line_is_quoted_without_its_neighbours() {
        let (good, other) = (otlp_line("a"), otlp_line("b"));
        // The second line, and the part of it that is quoted.
        let table = [
            (r#"{"x":1,"bad":}"#, r#"{"x":1,"bad":}"#),
            (r#"{"x":1,"bad""#, r#"{"x":1,"bad""#),
            (r#"{"x":1,"bad":[1,"#, r#"{"x":1,"bad":[1,"#),
            (r#"{"x":1,"bad":{"#, r#"{"x":1,"bad":{"#),
            (r#"{"x":1,"bad":"never closed"#, "never closed"),
            (r#"{"x":1,"bad":}  trailing"#, r#"{"x":1,"bad":}  trailing"#),
            ("WARN bad", "WARN bad"),
        ];
        for (bad, quoted) in table {
            for after in ["", "\n", "\nWARN other words\n"] {
                let text = format!("{good}\n{bad}\n{other}\n{good}\n{bad}{after}");
                let evidence = read("run.json", &text).unwrap();
                assert_eq!(evidence.spans.len(), 3, "{bad}");
                let said: Vec<String> = evidence.notes.into_iter().map(|note| note.message).collect();
                for (said, line) in said.iter().zip([2, 5]) {
                    assert!(said.contains(&format!("line {line} ")), "{bad}: {said}");
                    let (_, near) = said.split_once(" near `").unwrap_or_else(|| panic!("{bad}: {said}"));
                    assert!(near.trim_end_matches('`').ends_with(quoted), "{bad}: {said}");
                    assert!(!near.contains("resource") && !near.contains("WARN o"), "{bad}: {said}");
                }
                assert!(said.len() >= 2, "{bad}: {said:?}");
            }
        }
    }

    #[test]
    fn a_control_character_in_a_string_is_mended() {
        let raw = otlp_line("a").replace("\"spanId\"", "\"name\":\"a\tb\\ud800\",\"spanId\"");
        let evidence = read("-", raw.into_bytes()).unwrap();
        assert_eq!((evidence.spans[0].name.as_str(), evidence.notes.len()), ("a\tb\u{fffd}", 0));
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_a_sentence() {
        let table: [(&[u8], &str); 10] = [
            (b"", "standard input: the file is empty"),
            (b" \n\n", "standard input: the file is empty"),
            (b"\x1f\x8b\x08", "standard input: this is compressed with gzip; unpack it with gunzip first"),
            (b"\0\0\0\x05abc", "standard input: this is binary data; of OTLP only its JSON form can be read"),
            (
                b"hello\nworld",
                "standard input: no traces and no log lines here (line 1 skipped: invalid JSON at byte 0 near `hello`)",
            ),
            (
                b"{\"a\":1}",
                "standard input: no traces and no log lines here (line 1 skipped: an object with `a` is none of the readable forms)",
            ),
            (
                b"[[1]]",
                "standard input: no traces and no log lines here (line 1 skipped: a list of lists is none of the readable forms)",
            ),
            (
                b"{\"data\":[{\"spans\":[{",
                "standard input: no traces and no log lines here (line 1 begins a document that is cut off: invalid JSON at byte 19 near `{\"data\":[{\"spans\":[{`)",
            ),
            (
                b"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
                "standard input: no traces and no log lines here (line 1 skipped: a `matrix` of a metric query is none of the readable forms)",
            ),
            (
                b"<html><title>T</title>",
                "standard input: no traces and no log lines here (line 1 skipped: invalid JSON at byte 0 near `<html><title>T</title>`)",
            ),
        ];
        for (bytes, sentence) in table {
            assert_eq!(read("-", bytes).unwrap_err().to_string(), sentence);
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(read_path(folder.path()).unwrap_err().to_string().ends_with(": this is a directory, not a file"));
        assert!(read_path(&folder.path().join("none")).unwrap_err().to_string().ends_with("none: no such file"));
    }

    #[test]
    fn hostile_files_take_no_long_time() {
        for hostile in ["[\n", "{\n", "[", "{\"a\":", "{]\n", "[[]\n,", "\"", "{\"data\":[\n"] {
            let _ = read("-", hostile.repeat(100_000));
        }
    }
}
