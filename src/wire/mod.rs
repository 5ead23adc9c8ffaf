//! Bytes to model, pure: answers of backends, and files. One bad item never loses the rest.

// A path such as `Json::texts` is tied to one lifetime of the text, a closure is not.
#![allow(clippy::redundant_closure_for_method_calls)]

pub(crate) mod documents;
pub(crate) mod jaeger_json;
pub(crate) mod jaeger_metrics;
pub(crate) mod json;
pub(crate) mod log_line;
pub(crate) mod loki_json;
pub(crate) mod otlp_json;
pub(crate) mod prometheus_json;
pub(crate) mod prometheus_rules;
pub(crate) mod promql;
pub(crate) mod span_formats;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::model::log::LogEntry;
use crate::model::span::Span;
use crate::wire::json::{Json, repaired};

/// The spans and lines of one answer or document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Spans, in the order in which they came, repeats included.
    pub spans: Vec<Span>,
    /// Lines, in the order in which they came.
    pub logs: Vec<LogEntry>,
    /// What could not be decoded and was left out, and why: one sentence a reason.
    pub skipped: Vec<String>,
    /// How many spans and lines were left out; whatever follows the document counts as one.
    pub skipped_count: usize,
    /// Errors and warnings that the server sent beside its data.
    pub errors: Vec<String>,
}

impl Decoded {
    /// Adds another answer to this one.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.spans.extend(other.spans);
        self.logs.extend(other.logs);
        self.skipped.extend(other.skipped);
        self.skipped_count += other.skipped_count;
        self.errors.extend(other.errors);
    }

    /// With the remark on what followed the document, which counts as skipped: it may have been anything.
    fn and_rest(mut self, rest: Option<String>) -> Self {
        self.skipped_count += usize::from(rest.is_some());
        self.skipped.extend(rest);
        self
    }
}

/// Why an answer could not be decoded at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Malformed {
    /// It is empty.
    #[error("empty answer")]
    Empty,
    /// An HTML page: a sign-in page, or an address that is not an API.
    #[error("an HTML page{} instead of JSON", titled(.title))]
    Html {
        /// Its title; may be empty.
        title: String,
    },
    /// Text that is not JSON, or JSON that is cut off.
    #[error("invalid JSON at byte {at} near `{near}`")]
    NotJson {
        /// Where decoding stopped, in bytes from the beginning.
        at: usize,
        /// The text around that place, at most 80 characters.
        near: String,
    },
    /// JSON, but not in the form that was asked for.
    #[error("unexpected JSON: {found}")]
    WrongShape {
        /// A few words on its form.
        found: String,
    },
}

fn titled(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!(" ({title})") }
}

impl Malformed {
    /// What serde's error on this text means. A repeated key is valid JSON, hence the look at the message: serde
    /// has no other way to say it.
    fn not_json(text: &str, error: &serde_json::Error) -> Self {
        let message = error.to_string();
        if let Some(key) = message.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
            return Self::WrongShape { found: format!("`{key}` stands there twice") };
        }
        let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        Self::at(text, line_start + error.column().saturating_sub(1))
    }

    fn at(text: &str, at: usize) -> Self {
        let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let before = text[..at].char_indices().rev().take(40).last().map_or(at, |(i, _)| i);
        let near = text[before..].chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        Self::NotJson { at, near: near.trim().to_owned() }
    }

    fn wrong_shape(json: &Json) -> Self {
        Self::WrongShape { found: json.outline() }
    }
}

/// The bytes as text: UTF-8 (bad bytes replaced) or UTF-16, with or without a byte order mark.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        bare if is_bare_utf16(bare, 0) => Cow::Owned(utf16(bare, u16::from_le_bytes)),
        bare if is_bare_utf16(bare, 1) => Cow::Owned(utf16(bare, u16::from_be_bytes)),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// Whether these bytes are UTF-16, by a byte order mark or by their first characters: JSON begins with a bracket or white
/// space, which are ASCII.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) || is_bare_utf16(bytes, 0) || is_bare_utf16(bytes, 1)
}

/// Whether the first two characters have their ASCII byte at this place, 0 or 1, and a zero at the other one.
fn is_bare_utf16(bytes: &[u8], ascii: usize) -> bool {
    let begins = |c: u8| matches!(c, b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n');
    let head = bytes.first_chunk::<4>();
    head.is_some_and(|head| begins(head[ascii]) && head[1 - ascii] == 0 && head[2 + ascii] > 0 && head[3 - ascii] == 0)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The bytes as text, where that at least begins as JSON does.
fn document(bytes: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let text = text(bytes);
    match text.trim_start().bytes().next() {
        None => Err(Malformed::Empty),
        Some(b'{' | b'[') => Ok(text),
        Some(b'<') => Err(Malformed::Html { title: html_title(&text) }),
        Some(_) => Err(Malformed::at(&text, text.len() - text.trim_start().len())),
    }
}

/// The title of an HTML page; empty where it has none. It is near the beginning, and shown in a sentence.
fn html_title(text: &str) -> String {
    let head: String = text.chars().take(20_000).collect();
    let lower = head.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|tag| {
        let from = tag + lower[tag..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(head[from..to].split_whitespace().collect::<Vec<_>>().join(" "))
    });
    title.unwrap_or_default().chars().take(80).collect()
}

/// The title of an HTML page; none where the bytes are not one.
pub(crate) fn page_title(bytes: &[u8]) -> Option<String> {
    match document(bytes) {
        Err(Malformed::Html { title }) => Some(title),
        _ => None,
    }
}

/// Decodes one document; text that serde refuses is repaired and tried once more. What follows the document is ignored.
fn read<T>(
    bytes: &[u8],
    decode: impl Fn(&str) -> Result<Result<T, Malformed>, serde_json::Error>,
) -> Result<T, Malformed> {
    read_with_rest(bytes, decode).map(|(value, _)| value)
}

/// The same, with a remark where something follows the document.
fn read_with_rest<T>(
    bytes: &[u8],
    decode: impl Fn(&str) -> Result<Result<T, Malformed>, serde_json::Error>,
) -> Result<(T, Option<String>), Malformed> {
    let text = document(bytes)?;
    let alone = |text: &str| decode(text).map(|value| (value, None));
    let first = |text: &str, error: serde_json::Error| {
        let at = trailing(text, &error).ok_or(error)?;
        let rest = text.len() - at;
        decode(&text[..at]).map(|value| (value, Some(format!("trailing data: {rest} bytes after the answer's end"))))
    };
    let (value, rest) = alone(&text)
        .or_else(|error| match repaired(&text) {
            Some(good) => alone(&good).or_else(|error| first(&good, error)),
            None => first(&text, error),
        })
        .map_err(|error| Malformed::not_json(&text, &error))?;
    value.map(|value| (value, rest))
}

/// Where the document ends, in bytes, if the error is only that something follows it; of several documents, the last
/// whole one.
fn trailing(text: &str, error: &serde_json::Error) -> Option<usize> {
    // Of a decoder for several documents serde's error is about the next one, whatever that is.
    let is_single = error.to_string().starts_with("trailing characters");
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let mut end = 0;
    while (end == 0 || !is_single) && matches!(stream.next(), Some(Ok(_))) {
        end = stream.byte_offset();
    }
    (end > 0 && end < text.trim_end().len()).then_some(end)
}

/// Decodes one document by way of a tree: for small answers, since a tree of a large one takes several times its size.
fn read_tree<T>(bytes: &[u8], decode: impl Fn(&Json) -> Result<T, Malformed>) -> Result<T, Malformed> {
    read(bytes, |text| serde_json::from_str::<Json>(text).map(|json| decode(&json)))
}

/// Deserialises the fields of one struct.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

/// Decodes one item by way of a tree; `Err` says why that is not possible.
fn item<T>(raw: &RawValue, decode: impl FnOnce(&Json) -> T) -> Result<T, String> {
    with_tree(raw.get(), decode)
}

/// Decodes a text by way of a tree, repaired where needed; `Err` says why that is not possible.
fn with_tree<T>(text: &str, decode: impl FnOnce(&Json) -> T) -> Result<T, String> {
    match serde_json::from_str::<Json>(text) {
        Ok(json) => Ok(decode(&json)),
        Err(error) => {
            let repaired = repaired(text).ok_or_else(|| why(&error))?;
            serde_json::from_str::<Json>(&repaired).map(|json| decode(&json)).map_err(|error| why(&error))
        }
    }
}

/// The error of an answer with the status `PARTIAL`: there is more than the server sent.
fn partial(status: Option<&RawValue>, message: Option<&RawValue>) -> Option<String> {
    let text =
        |raw: Option<&RawValue>| raw.and_then(|raw| item(raw, |json| json.owned_text()).ok()).unwrap_or_default();
    text(status).eq_ignore_ascii_case("partial").then(|| match text(message) {
        message if message.is_empty() => "the answer is partial".to_owned(),
        message => format!("the answer is partial: {message}"),
    })
}

/// The reason of an error without the place, so that equal reasons can be counted.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Why a span's trace ID could not be read.
fn no_trace_id(json: &Json) -> String {
    const MOST: usize = 64;
    match json.owned_text() {
        text if text.is_empty() || text.bytes().all(|b| b == b'0') => "it has no trace ID".to_owned(),
        text => format!("its trace ID {:?} is not hexadecimal", text.chars().take(MOST).collect::<String>()),
    }
}

/// Reasons that are named; the rest is summed up in one.
const MOST_REASONS: usize = 5;

/// Items that were left out, counted by reason.
#[derive(Debug, Default)]
struct Skips(BTreeMap<String, usize>);

impl Skips {
    fn add(&mut self, reason: impl Into<String>) {
        *self.0.entry(reason.into()).or_default() += 1;
    }

    fn add_many(&mut self, count: usize, reason: &str) {
        if count > 0 {
            *self.0.entry(reason.to_owned()).or_default() += count;
        }
    }

    fn count(&self) -> usize {
        self.0.values().sum()
    }

    /// One sentence a reason, sorted: `1 span skipped: it has no span ID`.
    fn sentences(self, singular: &str, plural: &str) -> Vec<String> {
        let sentence = |(reason, count)| match count {
            1 => format!("1 {singular} skipped: {reason}"),
            _ => format!("{count} {plural} skipped: {reason}"),
        };
        let more: usize = self.0.values().skip(MOST_REASONS).sum();
        let more = (more > 0)
            .then(|| format!("{more} more {} skipped for like reasons", if more == 1 { singular } else { plural }));
        self.0.into_iter().take(MOST_REASONS).map(sentence).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_that_is_not_json_says_what_it_is() {
        let table: [(&[u8], &str); 8] = [
            (b"", "empty answer"),
            (b" \r\n\t", "empty answer"),
            (b"<!DOCTYPE html><HTML><title lang=en>Sign\n in</title>", "an HTML page (Sign in) instead of JSON"),
            (b"<html></html>", "an HTML page instead of JSON"),
            (b"404 page not found\n", "invalid JSON at byte 0 near `404 page not found`"),
            (b"{\"data\":[{\"spans\":[", "invalid JSON at byte 18 near `{\"data\":[{\"spans\":[`"),
            (b"{\"data\": NaN}", "invalid JSON at byte 9 near `{\"data\": NaN}`"),
            (b"{\"foo\":1,\"bar\":2}", "unexpected JSON: an object with `foo`, `bar`"),
        ];
        for (bytes, sentence) in table {
            assert_eq!(jaeger_json::traces(bytes).unwrap_err().to_string(), sentence);
            assert!(otlp_json::decode(bytes).is_err(), "{sentence}");
            assert!(loki_json::streams(bytes).is_err(), "{sentence}");
            assert!(prometheus_json::answer(bytes).is_err(), "{sentence}");
        }
        let long = format!("{{\"a\":\"{}\" x}}", "ü".repeat(500));
        let Malformed::NotJson { near, .. } = jaeger_json::traces(long.as_bytes()).unwrap_err() else { panic!() };
        assert!(near.chars().count() <= 80, "{near}");
    }

    #[test]
    fn the_same_answer_is_read_in_every_encoding() {
        let answer = include_str!("../../fixtures/jaeger-next/v1-trace.body");
        let plain = jaeger_json::traces(answer.as_bytes()).unwrap();
        let units = |order: fn(u16) -> [u8; 2]| answer.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let with_mark = [b"\xEF\xBB\xBF", answer.as_bytes()].concat();
        let little = [b"\xFF\xFE".to_vec(), units(u16::to_le_bytes)].concat();
        let big = [b"\xFE\xFF".to_vec(), units(u16::to_be_bytes)].concat();
        for bytes in [with_mark, little, big] {
            assert_eq!(jaeger_json::traces(&bytes).unwrap(), plain);
        }
    }

    #[test]
    fn what_follows_the_answer_is_skipped_and_counted() {
        type Decode = fn(&[u8]) -> Result<Decoded, Malformed>;
        let lines = br#"{"data":{"resultType":"streams","result":[{"stream":{},"values":[["1","a"],["2"]]}]}}"#;
        let spans = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"83a9efd15c1c98a977e0711cc93ee28b",
            "spanId":"83a9efd15c1c98a9","name":"a\qb"},{}]}]}]}"#;
        let mut twice = spans.repeat(2);
        twice.insert(spans.len(), b'\n');
        let traces = br#"{"data":[{"spans":[{"traceID":"1","spanID":"2","operationName":"a"},{}]}]}"#;
        let table: [(&[u8], Decode, usize); 4] = [
            (lines, loki_json::streams, 1),
            (spans, otlp_json::decode, 1),
            (&twice, otlp_json::decode, 2),
            (traces, jaeger_json::traces, 1),
        ];
        for (answer, decode, items) in table {
            let whole = decode(answer).unwrap();
            assert_eq!((whole.spans.len() + whole.logs.len(), whole.skipped_count), (items, items), "{whole:?}");
            for (rest, bytes) in [(" \n", 0), ("{garbage", 8), ("\n{\"data\":[{", 11), ("]", 1)] {
                let decoded = decode(&[answer, rest.as_bytes()].concat()).unwrap();
                assert_eq!((&decoded.spans, &decoded.logs), (&whole.spans, &whole.logs), "{rest}");
                let remark = format!("trailing data: {bytes} bytes after the answer's end");
                assert_eq!(decoded.skipped.last() == Some(&remark), bytes > 0, "{:?}", decoded.skipped);
                assert_eq!(decoded.skipped_count, items + usize::from(bytes > 0), "{rest}");
            }
        }
        let series = br#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        let reply = prometheus_json::answer(&[series, b"{garbage".as_slice()].concat()).unwrap();
        assert_eq!(reply.skipped, ["trailing data: 8 bytes after the answer's end"]);
    }

    fn decode_with_all(bytes: &[u8]) {
        let _ = (jaeger_json::traces(bytes), jaeger_json::services(bytes), jaeger_json::error_text(bytes));
        let _ = (otlp_json::decode(bytes), otlp_json::services(bytes));
        let _ = (loki_json::streams(bytes), loki_json::labels(bytes), loki_json::index_stats(bytes));
        let _ = (prometheus_json::answer(bytes), prometheus_json::exemplars(bytes));
        let _ = prometheus_rules::rules(bytes);
        let _ = prometheus_json::alerts(bytes, crate::model::time::Timestamp(0));
        let _ = (jaeger_json::span_alone(&text(bytes)), loki_json::logcli(&text(bytes)));
    }

    const ANSWERS: [&str; 6] = [
        include_str!("../../fixtures/jaeger-next/v1-trace.body"),
        include_str!("../../fixtures/jaeger-next/v3-trace.body"),
        include_str!("../../fixtures/jaeger-next/v3-summaries.body"),
        r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"service_name":"a"},"values":[["1706678909209712000","{\"trace_id\":\"83a9efd15c1c98a977e0711cc93ee28b\"}",{"structuredMetadata":{"a":"b"}}]]}]}}"#,
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"alertname":"A"},"values":[[1706678909.123,"1"],[1,"NaN"]]}]}}"#,
        r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}}}]}]}]}"#,
    ];

    /// Pieces that are inserted into an answer to break it.
    const SCRAPS: [&[u8]; 17] = [
        b"",
        b"null",
        b"{}",
        b"[]",
        b"\"",
        b"-1",
        b"1e999",
        b"\\ud800",
        b"\xff",
        b"\0",
        b"18446744073709551615",
        b"[[[[",
        b"\xf0\x9f",
        b"\\",
        b",",
        b":",
        b"true",
    ];

    proptest! {
        #[test]
        fn no_change_of_a_real_answer_is_a_crash(
            which in 0..ANSWERS.len(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, prop::sample::select(&SCRAPS[..])), 0..6),
        ) {
            let mut bytes = ANSWERS[which].as_bytes().to_vec();
            for (at, removed, inserted) in edits {
                let from = at.index(bytes.len() + 1);
                let to = (from + removed).min(bytes.len());
                bytes.splice(from..to, inserted.iter().copied());
            }
            decode_with_all(&bytes);
        }

        #[test]
        fn any_value_of_a_real_answer_may_be_another(
            which in 0..ANSWERS.len(), at in any::<prop::sample::Index>(),
            put in prop_oneof![Just("null"), Just("7"), Just("-1e300"), Just("\"x\""), Just("[]"), Just("[[1]]"), Just("{\"a\":{}}")],
        ) {
            let answer = ANSWERS[which];
            let starts: Vec<usize> = answer.match_indices(':').map(|(at, _)| at + 1).collect();
            let from = starts[at.index(starts.len())];
            let mut stream = serde_json::Deserializer::from_str(&answer[from..]).into_iter::<serde::de::IgnoredAny>();
            if stream.next().is_some_and(|value| value.is_ok()) {
                let to = from + stream.byte_offset();
                decode_with_all(format!("{}{put}{}", &answer[..from], &answer[to..]).as_bytes());
            }
        }

        #[test]
        fn a_flipped_byte_in_a_tag_value_loses_no_span(byte in any::<u8>(), offset in 0usize..20) {
            let answer = ANSWERS[0];
            let value = answer.find("62f7c6f9").unwrap();
            let mut bytes = answer.as_bytes().to_vec();
            bytes[value + offset] = byte;
            prop_assume!(byte != b'"');
            prop_assert_eq!(jaeger_json::traces(&bytes).unwrap().spans.len(), 9);
        }
    }
}
