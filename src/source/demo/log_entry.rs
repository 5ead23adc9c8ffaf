//! A line as it is stored, with what a decoder reads from it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::line_format::{self, LineForm};
use crate::model::id::{SpanId, TraceId};
use crate::model::log::{ErrorContext, LogEntry};
use crate::model::time::Timestamp;

/// The attribute in which the platform carries its correlation ID.
pub const KEY: &str = "correlation_id";

/// Encodes a line, and adds what a decoder reads from it.
pub(super) fn encode(entry: LogEntry, object: &Map<String, Json>, form: LineForm, worker: u64) -> LogEntry {
    let mut fields = line_format::flatten(object);
    let ids: BTreeMap<String, String> =
        fields.iter().filter(|(key, _)| [KEY, "trace_id", "span_id"].contains(&key.as_str())).cloned().collect();
    let id = |key: &str| ids.get(key).map_or("", String::as_str);
    let event = object.get("event").and_then(Json::as_str).unwrap_or_default();
    let head = plain_head(&entry);
    let ids_read = LogEntry {
        trace_id: TraceId::from_hex(id("trace_id")),
        span_id: SpanId::from_hex(id("span_id")),
        ..entry.clone()
    };
    match form {
        LineForm::JsonAscii | LineForm::JsonUtf8 => read(ids_read, line_format::json(object, form), event, fields),
        LineForm::Logfmt => {
            fields.iter_mut().filter(|(key, _)| key == "event").for_each(|(key, _)| "msg".clone_into(key));
            read(ids_read, line_format::logfmt(&fields), event, fields)
        }
        LineForm::Metadata => {
            let line = format!("{head} [worker-{worker:08x}] {event}");
            LogEntry { message: line.clone(), line, metadata: ids, ..ids_read }
        }
        LineForm::Plain => {
            let known = ids.get(KEY).map_or(id("trace_id"), String::as_str);
            let line = format!("{head} [{known}] {event}");
            LogEntry { message: line.clone(), line, ..entry }
        }
    }
}

/// A line whose fields could be read.
fn read(entry: LogEntry, line: String, event: &str, fields: Vec<(String, String)>) -> LogEntry {
    LogEntry { line, message: event.to_owned(), error_context: error_context(&fields), fields, ..entry }
}

/// `2026-11-23 14:02:11,112 INFO spell_checker_service`, as Python's `logging` begins a line.
fn plain_head(entry: &LogEntry) -> String {
    let time: String = python_time(entry.time).chars().take(23).collect();
    let time = time.replace('T', " ").replace('.', ",");
    format!("{time} {} {}", entry.level.as_str().to_ascii_uppercase(), entry.service)
}

/// RFC 3339 with microseconds, as Python writes it.
pub(super) fn python_time(at: Timestamp) -> String {
    let text = at.rfc3339();
    text.strip_suffix("000Z").map_or_else(|| text.clone(), |micros| format!("{micros}Z"))
}

fn error_context(fields: &[(String, String)]) -> Option<ErrorContext> {
    let inner = fields.iter().filter_map(|(key, value)| Some((key.strip_prefix("error_context.")?, value)));
    let mut context = ErrorContext::default();
    for (key, value) in inner {
        let slot = match key {
            "error_type" => &mut context.error_type,
            "error_message" => &mut context.error_message,
            "service_name" => &mut context.service_name,
            "operation" => &mut context.operation,
            "timestamp" => &mut context.timestamp,
            "trace_id" => &mut context.trace_id,
            "span_id" => &mut context.span_id,
            "stack_trace" => &mut context.stack_trace,
            other => {
                let name = other.strip_prefix("context_data.").unwrap_or(other).to_owned();
                context.context_data.push((name, value.clone()));
                continue;
            }
        };
        slot.clone_from(value);
    }
    (!context.error_type.is_empty()).then_some(context)
}
