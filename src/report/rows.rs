//! The main table of a report: columns and rows, for whoever counts and sorts them.

use serde_json::{Value, json};

use crate::analysis::journey::critical_path::CriticalPath;
use crate::model::attribute::Attributes;
use crate::model::filter::Filters;
use crate::model::journey::Journey;
use crate::model::log::LogEntry;
use crate::model::span::Span;

/// A table as data. Times are RFC 3339 in UTC, durations whole nanoseconds, IDs whole; what is not told is null.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// What one row is, in a word.
    pub kind: &'static str,
    /// What stands in each column.
    pub columns: &'static [&'static str],
    /// The rows, each with a value a column.
    pub rows: Vec<Vec<Value>>,
}

/// The spans that are wanted, by start.
pub fn spans(journey: &Journey, path: &CriticalPath, filters: &Filters) -> Rows {
    let is_on = |index| path.on.get(index).copied().unwrap_or(false);
    let wanted = journey.spans.iter().enumerate().filter(|(_, span)| filters.wants_span(span));
    Rows {
        kind: "span",
        columns: &[
            "start",
            "duration_ns",
            "service",
            "name",
            "span_kind",
            "error",
            "error_text",
            "critical",
            "trace_id",
            "span_id",
            "parent_id",
        ],
        rows: wanted.map(|(index, span)| of_span(span, is_on(index))).collect(),
    }
}

fn of_span(span: &Span, critical: bool) -> Vec<Value> {
    let failed = span.is_error();
    vec![
        json!(span.start),
        json!(span.duration_ns),
        json!(span.service()),
        json!(span.name),
        json!(span.kind.as_str()),
        json!(failed),
        json!(failed.then(|| span.error_text())),
        json!(critical),
        json!(span.trace_id),
        json!(span.span_id),
        json!(span.parent_id),
    ]
}

/// Lines and those around them, by time.
pub fn lines(lines: &[LogEntry], context: &[LogEntry]) -> Rows {
    let mut all: Vec<(&LogEntry, bool)> = lines.iter().map(|line| (line, true)).collect();
    all.extend(context.iter().map(|line| (line, false)));
    all.sort_by_key(|(line, ours)| (line.time, !ours));
    let row = |(line, ours): (&LogEntry, bool)| {
        vec![
            json!(line.time),
            json!(line.level.as_str()),
            json!(line.service),
            json!(line.message),
            json!(ours),
            json!(line.trace_id),
            json!(line.span_id),
        ]
    };
    Rows {
        kind: "line",
        columns: &["time", "level", "service", "message", "of_journey", "trace_id", "span_id"],
        rows: all.into_iter().map(row).collect(),
    }
}

/// The attributes of a span, then those of its resource.
pub fn attributes(span: &Span) -> Rows {
    let of = |place: &'static str, attributes: &Attributes| -> Vec<Vec<Value>> {
        attributes.iter().map(|(key, value)| vec![json!(key), json!(value), json!(place)]).collect()
    };
    let mut rows = of("span", &span.attributes);
    rows.extend(of("resource", &span.resource.attributes));
    Rows { kind: "attribute", columns: &["key", "value", "place"], rows }
}
