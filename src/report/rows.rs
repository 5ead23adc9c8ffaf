//! The main table of a report, for CSV and JSON lines.

use serde_json::{Value, json};

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::critical_path::CriticalPath;
use crate::model::attribute::Attributes;
use crate::model::filter::Filters;
use crate::model::journey::Journey;
use crate::model::log::LogEntry;
use crate::model::span::Span;

/// A table as data. Times are RFC 3339 in UTC, durations whole nanoseconds, IDs in full; unknown values are null.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rows {
    /// What one row is, in a word.
    pub(crate) kind: &'static str,
    /// The column names.
    pub(crate) columns: &'static [&'static str],
    /// The rows, each with a value a column.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// The spans that pass the filters, by start.
pub fn spans(journey: &Journey, path: &CriticalPath, filters: &Filters) -> Rows {
    let cascade = Cascade::new(journey);
    let row = |(index, span): (usize, &Span)| {
        let failed = span.is_error();
        let outcome = failed.then(|| cascade.outcome(index));
        vec![
            json!(span.start),
            json!(span.duration_ns),
            json!(span.service()),
            json!(span.name),
            json!(span.kind.as_str()),
            json!(failed),
            json!(outcome),
            json!(failed.then(|| span.error_text())),
            json!(path.contains.get(index).copied().unwrap_or(false)),
            json!(span.trace_id),
            json!(span.span_id),
            json!(span.parent_id),
        ]
    };
    Rows {
        kind: "span",
        columns: &[
            "start",
            "duration_ns",
            "service",
            "name",
            "span_kind",
            "error",
            "outcome",
            "error_text",
            "critical",
            "trace_id",
            "span_id",
            "parent_id",
        ],
        rows: journey.spans.iter().enumerate().filter(|(_, span)| filters.wants_span(span)).map(row).collect(),
    }
}

/// Log lines of a journey and of its context, by time.
pub fn lines(lines: &[LogEntry], context: &[LogEntry]) -> Rows {
    let mut lines: Vec<(&LogEntry, bool)> = lines.iter().map(|line| (line, true)).collect();
    lines.extend(context.iter().map(|line| (line, false)));
    lines.sort_by_key(|(line, of_journey)| (line.time, !of_journey));
    let row = |(line, of_journey): (&LogEntry, bool)| {
        vec![
            json!(line.time),
            json!(line.level.as_str()),
            json!(line.service),
            json!(line.message),
            json!(of_journey),
            json!(line.trace_id),
            json!(line.span_id),
        ]
    };
    Rows {
        kind: "line",
        columns: &["time", "level", "service", "message", "of_journey", "trace_id", "span_id"],
        rows: lines.into_iter().map(row).collect(),
    }
}

/// The attributes of a span, then those of its resource.
pub(crate) fn attributes(span: &Span) -> Rows {
    let rows_of = |place: &'static str, attributes: &Attributes| -> Vec<Vec<Value>> {
        attributes.iter().map(|(key, value)| vec![json!(key), json!(value), json!(place)]).collect()
    };
    let mut rows = rows_of("span", &span.attributes);
    rows.extend(rows_of("resource", &span.resource.attributes));
    Rows { kind: "attribute", columns: &["key", "value", "place"], rows }
}
