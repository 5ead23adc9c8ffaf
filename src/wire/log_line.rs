//! One log line decoded: JSON, logfmt or plain text, with its labels and metadata.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::model::attribute::Value;
use crate::model::conventions::{SERVICE_FIELDS, SPAN_ID_FIELDS, TRACE_ID_FIELDS};
use crate::model::id::{SpanId, TraceId};
use crate::model::log::{ErrorContext, Level, LogEntry};
use crate::model::time::Timestamp;
use crate::wire::json::{Json, repaired};
use crate::wire::with_tree;

const LEVEL_FIELDS: [&str; 8] =
    ["level", "severity", "severity_text", "lvl", "log_level", "log.level", "levelname", "loglevel"];
/// Keys under which structured log lines have their time.
pub(crate) const TIME_FIELDS: [&str; 5] = ["timestamp", "time", "ts", "@timestamp", "datetime"];
const MESSAGE_FIELDS: [&str; 4] = ["message", "msg", "event", "body"];

/// One line with its fields, service, level and IDs.
pub(crate) fn entry(
    time: Timestamp,
    line: String,
    labels: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
) -> LogEntry {
    Parts { time, line, labels, metadata, fields: Vec::new() }.decode()
}

/// A structured log line of an application, as files have them. None where none of the usual fields has its time.
pub(crate) fn stored(text: &str) -> Option<LogEntry> {
    let time = with_tree(text, |json| instant(json.get(&TIME_FIELDS))).ok()??;
    Some(entry(time, text.to_owned(), BTreeMap::new(), BTreeMap::new()))
}

/// A time in RFC 3339 (UTC if it names no zone), or as a number of s, ms, µs or ns since the epoch. Which unit it is shows
/// in the size of the number: the limits are the year 5138 in seconds, and the same number in the smaller units.
pub(crate) fn instant(json: &Json) -> Option<Timestamp> {
    let text = json.text()?;
    let text = text.trim();
    if let Some(number) = json.float().filter(|n| n.is_finite()) {
        let (whole, size) = (json.int()?, number.abs());
        return match size {
            0.0..1e11 => Timestamp::from_seconds(number),
            1e11..1e14 => Some(Timestamp(whole.saturating_mul(1_000_000))),
            1e14..1e17 => Some(Timestamp(whole.saturating_mul(1_000))),
            _ => Some(Timestamp(whole)),
        };
    }
    // Python and Java write a space and a comma.
    let rfc3339 = text.replacen(' ', "T", 1).replacen(',', ".", 1);
    Timestamp::from_rfc3339(&rfc3339).or_else(|| Timestamp::from_rfc3339(&format!("{rfc3339}Z")))
}

/// A line and what came with it, before it is decoded.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// When, as stored.
    pub(crate) time: Timestamp,
    /// The line as stored.
    pub(crate) line: String,
    /// Stream labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// Structured metadata.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Fields that came with the line, such as OTLP's attributes.
    pub(crate) fields: Vec<(String, String)>,
}

impl Parts {
    /// Decodes the line.
    pub(crate) fn decode(self) -> LogEntry {
        let mut own_fields = fields_of(&self.line);
        let inner = wrapped(&own_fields).map(str::to_owned);
        own_fields.extend(inner.as_deref().map(fields_of).unwrap_or_default());
        let text = inner.as_deref().unwrap_or(&self.line).trim_end();
        let message = first(&own_fields, &MESSAGE_FIELDS).unwrap_or(text).to_owned();
        let mut fields = self.fields;
        fields.extend(own_fields);
        let mut entry = LogEntry {
            time: self.time,
            message,
            line: self.line,
            labels: self.labels,
            metadata: self.metadata,
            fields,
            ..LogEntry::default()
        };
        entry.fields.extend(unpacked_contexts(&entry));
        entry.error_context = error_context(&entry);
        entry.service = service(&entry);
        entry.level = level(&entry);
        (entry.trace_id, entry.span_id) = ids(&entry);
        entry
    }
}

/// The fields of a JSON or logfmt line, flattened; none of plain text.
fn fields_of(line: &str) -> Vec<(String, String)> {
    json_object(line).map(|entries| flattened(&entries)).or_else(|| logfmt(line)).unwrap_or_default()
}

/// The application's own line inside that of Docker's json-file driver: `{"log":"…\n","stream":"stdout"}`.
fn wrapped(fields: &[(String, String)]) -> Option<&str> {
    first(fields, &["stream"]).filter(|stream| matches!(*stream, "stdout" | "stderr"))?;
    first(fields, &["log"])
}

fn json_object(text: &str) -> Option<Vec<(String, Value)>> {
    let text = text.trim();
    if !text.starts_with('{') {
        return None;
    }
    let parse = |text: &str| serde_json::from_str::<Json>(text).ok().map(|json| json.to_value());
    match parse(text).or_else(|| repaired(text).and_then(|repaired| parse(&repaired)))? {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}

/// The longest name of a field, in bytes: a map under a longer one stays JSON text. Each level of nesting repeats the names
/// above it, and a deeply nested line would otherwise grow with the square of its size.
const LONGEST_NAME: usize = 256;

/// Nested maps with their keys joined by dots. Lists stay JSON text; empty values are left out.
pub(crate) fn flattened(entries: &[(String, Value)]) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    let mut open: Vec<(String, &Value)> = entries.iter().rev().map(|(key, value)| (key.clone(), value)).collect();
    while let Some((key, value)) = open.pop() {
        match value {
            Value::Map(inner) if key.len() <= LONGEST_NAME => {
                open.extend(inner.iter().rev().map(|(k, v)| (format!("{key}.{k}"), v)));
            }
            Value::Empty => {}
            value => flat.push((key, value.to_string())),
        }
    }
    flat
}

/// The `key=value` pairs of a logfmt line; none of plain text. It is logfmt with at least two pairs and no more words than
/// pairs, or with a message among them: prose has a pair now and then.
fn logfmt(line: &str) -> Option<Vec<(String, String)>> {
    let (mut pairs, mut words) = (Vec::new(), 0);
    let mut rest = line.trim();
    while !rest.is_empty() {
        let after = if let Some((key, value, after)) = pair(rest) {
            pairs.push((key.to_owned(), value));
            after
        } else {
            words += 1;
            rest.find(char::is_whitespace).map_or("", |end| &rest[end..])
        };
        rest = after.trim_start();
    }
    let has_message = pairs.iter().any(|(key, _)| key == "msg" || key == "message");
    (has_message || pairs.len() >= 2 && pairs.len() >= words).then_some(pairs)
}

/// The key and value that a text begins with, and what follows them.
fn pair(text: &str) -> Option<(&str, String, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-@/".contains(c)))?;
    let (key, rest) = text.split_at(end);
    let rest = rest.strip_prefix('=')?;
    if !key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '@') {
        return None;
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, after) = quoted_value(quoted)?;
        return Some((key, value, after));
    }
    let (value, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
    Some((key, value.to_owned(), after))
}

/// The text up to the closing quote, without its escapes, and what follows.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                other => value.push(other),
            },
            c => value.push(c),
        }
    }
    None
}

/// The first non-empty value under one of these keys, in the order of the keys.
pub(crate) fn first<'a>(fields: &'a [(String, String)], keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| fields.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str()))
}

/// The non-empty values under these keys, by key first, then metadata before labels before fields.
fn values<'a>(entry: &'a LogEntry, keys: &'a [&str]) -> impl Iterator<Item = &'a str> {
    keys.iter().flat_map(|key| entry.values().filter(move |(k, v)| k == key && !v.is_empty()).map(|(_, v)| v))
}

/// The fields of error contexts that are JSON text in one value, two levels deep.
fn unpacked_contexts(entry: &LogEntry) -> Vec<(String, String)> {
    let is_context = |key: &str| {
        let name = key.rsplit('.').next().unwrap_or(key);
        matches!(name, "error_context" | "context_data" | "error_context_context_data")
    };
    let packed = entry.values().filter(|(key, _)| is_context(key));
    let unpack = |(key, text): (&str, &str)| {
        let entries = json_object(text)?;
        Some(flattened(&entries).into_iter().map(|(k, v)| (format!("{key}.{k}"), v)).collect::<Vec<_>>())
    };
    let mut fields: Vec<(String, String)> = packed.filter_map(unpack).flatten().collect();
    let nested = fields.iter().filter(|(key, _)| is_context(key));
    let nested: Vec<_> = nested.filter_map(|(key, text)| unpack((key, text))).flatten().collect();
    fields.extend(nested);
    fields
}

/// The structured error: `error_context` as an object, as JSON text, or flattened with dots or underscores.
fn error_context(entry: &LogEntry) -> Option<ErrorContext> {
    let mut context = ErrorContext::default();
    let mut seen = false;
    let own = entry.fields.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let outer = entry.metadata.iter().chain(&entry.labels).map(|(k, v)| (k.as_str(), v.as_str()));
    for (key, value) in own.chain(outer).filter(|(_, value)| !matches!(value.trim(), "" | "null" | "None")) {
        let Some(name) = name_in_context(key) else { continue };
        if !value.trim_start().starts_with('{') {
            seen = true;
            put(&mut context, name, value);
        }
    }
    let mut known = HashSet::new();
    context.context_data.retain(|entry| known.insert(entry.clone()));
    seen.then_some(context)
}

/// `error_type` of `error_context.error_type`, `error_context_error_type` and `extra.error_context.error_type`.
fn name_in_context(key: &str) -> Option<&str> {
    let at = key.find("error_context").filter(|at| *at == 0 || key[..*at].ends_with('.'))?;
    match key[at + "error_context".len()..].split_at_checked(1) {
        None => Some("error_message"),
        Some(("." | "_", name)) => Some(name),
        Some(_) => None,
    }
}

fn put(context: &mut ErrorContext, name: &str, value: &str) {
    let slot = match name {
        "error_type" | "type" | "exception_type" => &mut context.error_type,
        "error_message" | "message" => &mut context.error_message,
        "service_name" | "service" => &mut context.service_name,
        "operation" => &mut context.operation,
        "timestamp" => &mut context.timestamp,
        "trace_id" => &mut context.trace_id,
        "span_id" => &mut context.span_id,
        "stack_trace" | "stacktrace" | "stack" | "traceback" => {
            if context.stack_trace.is_empty() {
                context.stack_trace = joined_lines(value);
            }
            return;
        }
        other => return put_data(context, other, value),
    };
    if slot.is_empty() {
        value.clone_into(slot);
    }
}

fn put_data(context: &mut ErrorContext, name: &str, value: &str) {
    let name = ["context_data.", "context_data_", "context."].iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
    context.context_data.push((name.to_owned(), value.to_owned()));
}

/// A stack trace that is a JSON list of lines, as one text.
fn joined_lines(value: &str) -> String {
    let lines = value.starts_with('[').then(|| serde_json::from_str::<Json>(value).ok()).flatten();
    match lines.map(|json| json.texts()) {
        Some(lines) if !lines.is_empty() => {
            lines.iter().map(|line| line.trim_end_matches('\n')).collect::<Vec<_>>().join("\n")
        }
        _ => value.to_owned(),
    }
}

fn service(entry: &LogEntry) -> String {
    // OpenTelemetry and Loki call a service so that has no name.
    let known = |name: &&str| !name.starts_with("unknown_service");
    let named = values(entry, &SERVICE_FIELDS).find(known);
    let in_context = || entry.error_context.as_ref().map(|c| c.service_name.as_str());
    named.or_else(in_context).unwrap_or_default().to_owned()
}

fn level(entry: &LogEntry) -> Level {
    let in_fields = LEVEL_FIELDS.iter().filter_map(|key| first(&entry.fields, &[key])).map(level_of);
    let in_metadata = ["severity_text", "detected_level", "level", "severity"];
    let in_metadata = in_metadata.iter().filter_map(|key| entry.metadata.get(*key)).map(|v| level_of(v));
    let in_labels = ["level", "severity", "severity_text", "detected_level", "lvl", "log_level"];
    let in_labels = in_labels.iter().filter_map(|key| entry.labels.get(*key)).map(|v| level_of(v));
    let level = in_fields.chain(in_metadata).chain(in_labels).find(|level| *level != Level::Unknown);
    level.unwrap_or_else(|| leading_level(&entry.message))
}

/// A level by its word, or by its number in pino and bunyan.
fn level_of(text: &str) -> Level {
    match text {
        "10" => Level::Trace,
        "20" => Level::Debug,
        "30" => Level::Info,
        "40" => Level::Warn,
        "50" => Level::Error,
        "60" => Level::Fatal,
        word => Level::from_word(word),
    }
}

/// A level in capitals among the first words of plain text, where most loggers write it, after a time and a thread. In
/// lower case, or later, it is a word of the message.
fn leading_level(text: &str) -> Level {
    let words = text.split_whitespace().take(6).map(|word| word.trim_matches(|c: char| !c.is_ascii_alphabetic()));
    let capitals = words.filter(|word| word.len() > 2 && word.bytes().all(|b| b.is_ascii_uppercase()));
    capitals.map(Level::from_word).find(|level| *level != Level::Unknown).unwrap_or_default()
}

type Ids = (Option<TraceId>, Option<SpanId>);

/// The trace and the span that a line names: in a field, a nested field, its error context, a propagation header or its
/// text, the first of these that names a trace.
fn ids(entry: &LogEntry) -> Ids {
    let nested = |names: &'static [&'static str]| {
        let fits = move |key: &str| !key.starts_with("dd.") && names.iter().any(|n| is_nested(key, n));
        entry.fields.iter().filter(move |(key, _)| fits(key)).map(|(_, v)| v.as_str())
    };
    let trace = values(entry, &TRACE_ID_FIELDS).chain(nested(&TRACE_ID_FIELDS)).find_map(trace_id);
    let span = values(entry, &SPAN_ID_FIELDS).chain(nested(&SPAN_ID_FIELDS)).find_map(span_id);
    let context = entry.error_context.as_ref();
    let trace = trace.or_else(|| trace_id(&context?.trace_id));
    let span = span.or_else(|| span_id(&context?.span_id));
    if trace.is_some() {
        return (trace, span);
    }
    let header = in_header(entry).unwrap_or_else(|| in_text(&entry.message));
    (header.0, span.or(header.1))
}

fn is_nested(key: &str, name: &str) -> bool {
    key.strip_suffix(name).is_some_and(|outer| outer.ends_with('.'))
}

/// A trace ID of at least 8 digits: shorter numbers are rather the application's own.
fn trace_id(text: &str) -> Option<TraceId> {
    let text = text.trim();
    (text.len() >= 8).then_some(())?;
    TraceId::from_hex(text).or_else(|| text.ends_with('=').then(|| TraceId::parse(text)).flatten())
}

fn span_id(text: &str) -> Option<SpanId> {
    let text = text.trim();
    SpanId::from_hex(text).or_else(|| text.ends_with('=').then(|| SpanId::parse(text)).flatten())
}

/// `traceparent` (W3C), `uber-trace-id` (Jaeger) or `b3` in a field, metadata or label.
fn in_header(entry: &LogEntry) -> Option<Ids> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase().replace('_', "-");
    entry.values().find_map(|(key, value)| match last(key).as_str() {
        "traceparent" => in_traceparent(value),
        "uber-trace-id" => pieces(value, ':'),
        "b3" => pieces(value, '-'),
        _ => None,
    })
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, in lower case and without the forbidden version `ff`.
fn in_traceparent(text: &str) -> Option<Ids> {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [version, trace, span, flags, ..] = parts[..] else { return None };
    let lengths_fit = version.len() == 2 && trace.len() == 32 && span.len() == 16 && flags.len() >= 2;
    let fits = lengths_fit && version != "ff" && !text.bytes().any(|b| b.is_ascii_uppercase());
    let (trace, span) = (TraceId::from_hex(trace)?, SpanId::from_hex(span)?);
    fits.then_some((Some(trace), Some(span)))
}

fn pieces(text: &str, separator: char) -> Option<Ids> {
    let mut parts = text.trim().split(separator);
    let (trace, span) = (TraceId::from_hex(parts.next()?)?, SpanId::from_hex(parts.next()?)?);
    Some((Some(trace), Some(span)))
}

/// Patterns of IDs in running text: `traceparent` by its shape, `uber-trace-id`, `trace_id=…`, Spring's brackets.
static TRACE_PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compiled(&[
        r"\b(?:[0-9a-e][0-9a-f]|f[0-9a-e])-(?<trace>[0-9a-f]{32})-(?<span>[0-9a-f]{16})-[0-9a-f]{2}\b",
        r#"(?i)\buber-trace-id["']?\s*[:=]\s*["']?(?<trace>[0-9a-f]{1,32}):(?<span>[0-9a-f]{1,16}):"#,
        r#"(?i)(?:^|[^\w.]|otel)trace[ _.-]?id["'\s:=\[(]{1,4}(?<trace>[0-9a-f]{16,32})\b"#,
        r"\[[^\[\],]*,(?<trace>[0-9a-f]{16,32}),(?<span>[0-9a-f]{16})\b",
    ])
});
static SPAN_PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| compiled(&[r#"(?i)(?:^|[^\w.]|otel)span[ _.-]?id["'\s:=\[(]{1,4}(?<span>[0-9a-f]{16})\b"#]));

fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
}

fn in_text(text: &str) -> Ids {
    let trace_of = |found: &Captures| found.name("trace").and_then(|m| TraceId::from_hex(m.as_str()));
    let span_of = |found: &Captures| found.name("span").and_then(|m| SpanId::from_hex(m.as_str()));
    let found = TRACE_PATTERNS.iter().find_map(|p| p.captures(text).filter(|found| trace_of(found).is_some()));
    let Some(found) = found else { return (None, None) };
    let span = span_of(&found).or_else(|| SPAN_PATTERNS.iter().find_map(|p| span_of(&p.captures(text)?)));
    (trace_of(&found), span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "83a9efd15c1c98a977e0711cc93ee28b";
    const SPAN: &str = "e127af99e3b3e074";

    fn plain(line: &str) -> LogEntry {
        entry(Timestamp(1), line.into(), BTreeMap::new(), BTreeMap::new())
    }

    fn with(line: &str, labels: &[(&str, &str)], metadata: &[(&str, &str)]) -> LogEntry {
        let map = |all: &[(&str, &str)]| all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        entry(Timestamp(1), line.into(), map(labels), map(metadata))
    }

    #[test]
    fn json_is_flattened_and_read() {
        let line = r#"{"level": "warning", "event": "caf\u00e9 open", "service": "cart", "a": {"b": {"c": 1}, "d": null}, "list": [1, {"x": "y"}], "correlation_id": "q\"\u00ef"}"#;
        let read = plain(line);
        assert_eq!((read.level, read.message.as_str(), read.service.as_str()), (Level::Warn, "café open", "cart"));
        let fields: Vec<(&str, &str)> = read.fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(fields[3..], [("a.b.c", "1"), ("list", r#"[1,{"x":"y"}]"#), ("correlation_id", "q\"ï")]);
        assert_eq!(read.line, line);

        let docker = plain(r#"{"log":"{\"level\":\"error\",\"msg\":\"inner\"}\n","stream":"stderr","time":"x"}"#);
        assert_eq!((docker.level, docker.message.as_str()), (Level::Error, "inner"));
        assert_eq!(plain(r#"{"log":"WARN plain\n","stream":"stdout"}"#).message, "WARN plain");
    }

    #[test]
    fn logfmt_is_read_and_prose_is_not() {
        let read = plain(r#"ts=2026-11-22T13:02:11Z level=error msg="it \"broke\" twice" correlation_id=c-1 empty="#);
        assert_eq!((read.level, read.message.as_str(), read.fields.len()), (Level::Error, "it \"broke\" twice", 5));
        let prose = [
            "see a=1 for more on this",
            "GET http://x/?a=1&b=2 took 5 ms",
            "x = 1 and y = 2",
            "=a =b",
            "a=\"unclosed b=2",
            "stored 3 essays of 4 user=5 order=6",
            "{not json",
            "",
        ];
        for prose in prose {
            let read = plain(prose);
            assert_eq!((read.message.as_str(), read.fields.len()), (prose, 0), "{prose}");
        }
        assert_eq!(plain("user=5 order=6 stored").fields.len(), 2);
    }

    #[test]
    fn the_level_is_found_in_every_usual_place() {
        let table = [
            (with(r#"{"level":"error"}"#, &[("level", "info")], &[("detected_level", "debug")]), Level::Error),
            (with("x", &[("level", "info")], &[("detected_level", "warn")]), Level::Warn),
            (with("x", &[("level", "info")], &[("detected_level", "unknown")]), Level::Info),
            (plain("2026-11-22 13:02:11,112 ERROR [main] it broke"), Level::Error),
            (plain("[WARNING] careful"), Level::Warn),
            (plain("no error here"), Level::Unknown),
            (plain(r#"{"level":50,"msg":"pino"}"#), Level::Error),
            (plain(r#"{"log":{"level":"fatal"},"message":"ecs"}"#), Level::Fatal),
            (plain(r#"{"level":"verbose","message":"INFO told in the text"}"#), Level::Info),
        ];
        for (read, level) in table {
            assert_eq!(read.level, level, "{}", read.line);
        }
    }

    #[test]
    fn the_service_is_found_in_every_usual_place() {
        let table = [
            (with("x", &[("service_name", "unknown_service"), ("job", "cart")], &[]), "cart"),
            (with("service=from_line msg=x", &[("job", "varlogs")], &[]), "from_line"),
            (with("x", &[("app", "label")], &[("service_name", "metadata")]), "metadata"),
            (plain(r#"{"service":{"name":"ecs"}}"#), "ecs"),
            (plain(r#"{"error_context":{"service_name":"inner"}}"#), "inner"),
            (plain("x"), ""),
        ];
        for (read, service) in table {
            assert_eq!(read.service, service, "{}", read.line);
        }
    }

    #[test]
    fn ids_are_found_in_fields_headers_and_text() {
        let (trace, span) = (TraceId::from_hex(TRACE), SpanId::from_hex(SPAN));
        let both = [
            format!(r#"{{"trace_id":"{TRACE}","span_id":"{SPAN}"}}"#),
            format!(r#"{{"traceID":"{}","spanID":"{SPAN}"}}"#, TRACE.to_uppercase()),
            format!(r#"{{"otelTraceID":"{TRACE}","otelSpanID":"{SPAN}"}}"#),
            format!(r#"{{"trace":{{"id":"{TRACE}"}},"span":{{"id":"{SPAN}"}}}}"#),
            format!(r#"{{"extra":{{"trace_id":"{TRACE}","span_id":"{SPAN}"}}}}"#),
            format!(r#"{{"error_context":{{"trace_id":"{TRACE}","span_id":"{SPAN}"}}}}"#),
            format!(r#"{{"error_context":"{{\"trace_id\":\"{TRACE}\",\"span_id\":\"{SPAN}\"}}"}}"#),
            format!("error_context_trace_id={TRACE} error_context_span_id={SPAN}"),
            format!(r#"{{"headers":{{"traceparent":"00-{TRACE}-{SPAN}-01"}}}}"#),
            format!(r#"{{"uber-trace-id":"{TRACE}:{SPAN}:0:1"}}"#),
            format!(r#"{{"b3":"{TRACE}-{SPAN}-1"}}"#),
            format!("level=info msg=x trace_id={TRACE} span_id={SPAN}"),
            format!("handled with traceparent: 00-{TRACE}-{SPAN}-01 today"),
            format!("handled, trace_id={TRACE}, span_id={SPAN}."),
            format!("handled [traceId: {TRACE}, spanId: {SPAN}]"),
            format!("uber-trace-id: {TRACE}:{SPAN}:0:1 came in"),
            format!("INFO [cart,{TRACE},{SPAN}] 1 --- started"),
            format!(r#"{{"message":"called with trace_id={TRACE} span_id={SPAN}"}}"#),
        ];
        for line in both {
            let read = plain(&line);
            assert_eq!((read.trace_id, read.span_id), (trace, span), "{line}");
        }
        assert_eq!(with("x", &[], &[("trace_id", TRACE)]).trace_id, trace);
        assert_eq!(with("x", &[("trace_id", "0000000000000000")], &[("traceID", TRACE)]).trace_id, trace);
        let none = [
            r#"{"trace_id":""}"#,
            r#"{"trace_id":"42"}"#,
            r#"{"trace_id":"req-42-abcdefgh"}"#,
            r#"{"trace_id":"00000000000000000000000000000000"}"#,
            r#"{"dd.trace_id":"1234567890123456"}"#,
            "traceparent ff-83a9efd15c1c98a977e0711cc93ee28b-e127af99e3b3e074-01",
            "commit 83a9efd15c1c98a977e0711cc93ee28b deployed",
        ];
        for line in none {
            assert_eq!(plain(line).trace_id, None, "{line}");
        }
    }

    #[test]
    fn a_structured_error_is_read_however_it_is_packed() {
        let object = r#"{"level":"error","error_context":{"error_type":"StorageReferenceError","error_message":"rejected","service_name":"elc","operation":"update","timestamp":"2026-11-22T13:02:11Z","stack_trace":["a","b"],"code":7,"context_data":{"essay":{"id":"e1"},"try":2}}}"#;
        let context = plain(object).error_context.unwrap();
        assert_eq!(
            (context.error_type.as_str(), context.error_message.as_str()),
            ("StorageReferenceError", "rejected")
        );
        assert_eq!(
            (context.service_name.as_str(), context.operation.as_str(), context.stack_trace.as_str()),
            ("elc", "update", "a\nb")
        );
        let data =
            |all: &[(&str, &str)]| all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        assert_eq!(context.context_data, data(&[("code", "7"), ("essay.id", "e1"), ("try", "2")]));

        let packed =
            r#"{"error_context":"{\"error_type\": \"E\", \"context_data\": \"{\\\"essay\\\": \\\"e1\\\"}\"}"}"#;
        let read = plain(packed);
        let context = read.error_context.unwrap();
        assert_eq!((context.error_type.as_str(), context.context_data), ("E", data(&[("essay", "e1")])));
        assert!(read.fields.contains(&("error_context.error_type".into(), "E".into())), "{:?}", read.fields);

        let labels = with("x", &[("error_context_error_type", "E"), ("error_context_context_data_essay", "e1")], &[]);
        let context = labels.error_context.unwrap();
        assert_eq!((context.error_type.as_str(), context.context_data), ("E", data(&[("essay", "e1")])));
        for none in [
            r#"{"error_context":{}}"#,
            r#"{"error_context":null}"#,
            r#"{"not_error_context":{"a":1}}"#,
            "error_contexts=1 b=2",
        ] {
            assert_eq!(plain(none).error_context, None, "{none}");
        }
    }

    #[test]
    fn the_time_of_a_stored_line_is_read_in_every_usual_form() {
        let expected = Timestamp(1_795_352_531_112_000_000);
        let times = [
            r#""timestamp":"2026-11-22T13:02:11.112Z""#,
            r#""time":"2026-11-22T14:02:11.112+01:00""#,
            r#""ts":1795352531.112"#,
            r#""@timestamp":1795352531112"#,
            r#""time":1795352531112000"#,
            r#""time":"1795352531112000000""#,
            r#""timestamp":"2026-11-22 13:02:11,112""#,
            r#""timestamp":"2026-11-22T13:02:11.112""#,
        ];
        for time in times {
            assert_eq!(stored(&format!("{{{time},\"message\":\"m\"}}")).map(|e| e.time), Some(expected), "{time}");
        }
        assert!(stored(r#"{"timestamp":"noon"}"#).is_none() && stored("{}").is_none() && stored("[").is_none());
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!((TRACE_PATTERNS.len(), SPAN_PATTERNS.len()), (4, 1));
    }
}
