//! Every error of a journey: failed spans, and error lines without a failed span.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::errors::{ErrorPlace, lines_without_error_span};
use crate::model::conventions::short_service;
use crate::model::error_outcome::ErrorOutcome;
use crate::model::finding::Severity;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::log::{ErrorContext, LogEntry};
use crate::model::span::Span;
use crate::model::time::Timestamp;

/// Failed spans that are searched for one that was open at a line's time. Bounds the work for a journey with thousands of
/// failed spans of one operation; an enclosing span is among the last that started.
const MOST_LOOKS: usize = 64;

/// Whether an error is a root error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorRole {
    /// A root error: no other error explains it.
    #[default]
    Origin,
    /// Caused by another error: a deeper one, or one further up that had failed before.
    #[serde(rename = "passed_on")]
    Consequence,
    /// Counted by a metric and not read.
    Unknown,
}

/// What reports an error.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ErrorSource<'a> {
    /// A failed span, with a line of it that has an error context, if any.
    Span(&'a Span, Option<&'a LogEntry>),
    /// A line without a failed span.
    Line(&'a LogEntry),
}

/// One error of a journey.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occurrence<'a> {
    /// What reports it.
    pub(crate) source: ErrorSource<'a>,
    /// Whether it is a root error.
    pub(crate) part: ErrorRole,
    /// What came of it.
    pub(crate) outcome: ErrorOutcome,
    /// How grave it is.
    pub(crate) severity: Severity,
}

/// The errors of a journey's own spans, by start, then those of its lines, by time.
pub(crate) fn occurrences(journey: &Journey) -> Vec<Occurrence<'_>> {
    let lines = || {
        lines_without_error_span(journey).map(|line| Occurrence {
            source: ErrorSource::Line(line),
            part: ErrorRole::Origin,
            outcome: ErrorOutcome::Failed,
            severity: Severity::Error,
        })
    };
    if !journey.spans.iter().any(Span::is_error) {
        return lines().collect();
    }
    let (cascade, contexts) = (Cascade::new(journey), contexts(journey));
    let failed = journey.spans.iter().enumerate();
    let failed = failed.filter(|(at, span)| span.is_error() && journey.is_own.get(*at) != Some(&false));
    let spans = failed.map(|(at, span)| Occurrence {
        source: ErrorSource::Span(span, contexts.get(&at).copied()),
        part: if cascade.is_consequence(at) { ErrorRole::Consequence } else { ErrorRole::Origin },
        outcome: cascade.outcome(at),
        severity: cascade.severity(journey, at),
    });
    spans.chain(lines()).collect()
}

/// What an error context may belong to.
#[derive(PartialEq, Eq, Hash)]
enum ContextTarget<'a> {
    Span(SpanId),
    Operation(TraceId, &'a str, &'a str),
    Service(TraceId, &'a str),
}

/// For each failed span the line with its error context, if any. A line belongs to one span at most.
fn contexts(journey: &Journey) -> HashMap<usize, &LogEntry> {
    let mut failed: HashMap<ContextTarget, Vec<usize>> = HashMap::new();
    for (at, span) in journey.spans.iter().enumerate().filter(|(_, span)| span.is_error()) {
        let (trace, service) = (span.trace_id, short_service(span.service()));
        let names = [
            ContextTarget::Span(span.span_id),
            ContextTarget::Operation(trace, service, &span.name),
            ContextTarget::Service(trace, service),
        ];
        names.into_iter().for_each(|name| failed.entry(name).or_default().push(at));
    }
    let mut beside: HashMap<usize, (&LogEntry, bool)> = HashMap::new();
    for line in &journey.logs {
        let Some(context) = &line.error_context else { continue };
        let service = short_service(&line.service);
        let (own, near) = match (line.span_id, line.trace_id) {
            (Some(span), _) => (ContextTarget::Span(span), None),
            (None, Some(trace)) => (
                ContextTarget::Operation(trace, service, &context.operation),
                Some(ContextTarget::Service(trace, service)),
            ),
            (None, None) => continue,
        };
        let find = |of: &ContextTarget| failed.get(of).and_then(|spans| innermost(journey, spans, line.time));
        let (at, is_own) = match (find(&own), near.as_ref().and_then(find)) {
            (Some(at), _) => (at, true),
            (None, Some(at)) if may_describe(context, &journey.spans[at]) => (at, false),
            _ => continue,
        };
        // The first line is nearest to the cause; one that names the span or its operation is more certain.
        if beside.get(&at).is_none_or(|(_, sure)| is_own && !sure) {
            beside.insert(at, (line, is_own));
        }
    }
    beside.into_iter().map(|(at, (line, _))| (at, line)).collect()
}

/// Of these spans, sorted by start, the innermost one open at a time; else the last that had started, else the first.
fn innermost(journey: &Journey, spans: &[usize], then: Timestamp) -> Option<usize> {
    let begun = &spans[..spans.partition_point(|span| journey.spans[*span].start <= then)];
    let open = begun.iter().rev().take(MOST_LOOKS).find(|span| journey.spans[**span].end() >= then);
    open.or(begun.last()).or(spans.first()).copied()
}

/// Whether an error context that does not name the span may describe it: not if operation and message differ.
fn may_describe(context: &ErrorContext, span: &Span) -> bool {
    let said = [exception_message(span), Some(span.status.message.as_str())].into_iter().flatten();
    let said: Vec<&str> = said.filter(|text| !text.is_empty()).collect();
    let is_same = |text: &&str| text.contains(&context.error_message) || context.error_message.contains(*text);
    context.operation.is_empty() || said.is_empty() || said.iter().any(is_same)
}

fn exception_message(span: &Span) -> Option<&str> {
    span.exceptions().map(|one| one.message).filter(|text| !text.is_empty()).last()
}

impl<'a> Occurrence<'a> {
    /// Time of the exception, else end of the span.
    pub(crate) fn time(&self) -> Timestamp {
        match self.source {
            ErrorSource::Span(span, _) => span.failed_at(),
            ErrorSource::Line(line) => line.time,
        }
    }

    /// The time by which it is counted: that of the failed call.
    pub(crate) fn counted_at(&self) -> Timestamp {
        match self.source {
            ErrorSource::Span(span, _) => span.counted_at(),
            ErrorSource::Line(line) => line.time,
        }
    }

    /// Service and operation; a line has an operation only in its error context.
    pub(crate) fn place(&self) -> ErrorPlace {
        match self.source {
            ErrorSource::Span(span, _) => {
                ErrorPlace { service: span.service().to_owned(), operation: span.name.clone() }
            }
            ErrorSource::Line(line) => {
                let operation = line.error_context.as_ref().map(|context| context.operation.clone());
                ErrorPlace { service: line.service.clone(), operation: operation.unwrap_or_default() }
            }
        }
    }

    /// The structured error context, if any.
    pub(crate) fn context(&self) -> Option<&'a ErrorContext> {
        match self.source {
            ErrorSource::Span(_, line) => line?.error_context.as_ref(),
            ErrorSource::Line(line) => line.error_context.as_ref(),
        }
    }

    /// Type of the error, from the exception, the error context, an attribute or the HTTP status; empty if not reported.
    pub fn kind(&self) -> String {
        let of_context = || self.context().map(|context| context.error_type.clone()).unwrap_or_default();
        let ErrorSource::Span(span, _) = self.source else { return of_context() };
        let exception = span.exceptions().map(|exception| exception.kind).filter(|kind| !kind.is_empty()).last();
        let attribute = || span.attributes.text(&["error.type", "exception.type", "error.kind"]);
        match (exception, of_context()) {
            (Some(kind), _) => kind.to_owned(),
            (None, kind) if !kind.is_empty() => kind,
            _ => match (attribute(), span.http_status()) {
                (Some(kind), _) if !kind.bytes().all(|b| b.is_ascii_digit()) => kind.to_owned(),
                (_, Some(status)) if status >= 400 => format!("HTTP {status}"),
                (kind, _) => kind.unwrap_or_default().to_owned(),
            },
        }
    }

    /// Message, without the type.
    pub(crate) fn message(&self) -> String {
        let of_context = self.context().map(|context| context.error_message.as_str()).filter(|text| !text.is_empty());
        match self.source {
            ErrorSource::Line(line) => of_context.unwrap_or(&line.message).to_owned(),
            ErrorSource::Span(span, _) => {
                let status = Some(span.status.message.as_str()).filter(|text| !text.is_empty());
                let reported_text = exception_message(span).or(of_context).or(status);
                reported_text
                    .or_else(|| span.attributes.text(&["error.message", "exception.message"]))
                    .unwrap_or_default()
                    .to_owned()
            }
        }
    }

    /// Stack trace as reported; empty if not reported.
    pub(crate) fn stack(&self) -> &'a str {
        let of_context = || self.context().map_or("", |context| context.stack_trace.as_str());
        let ErrorSource::Span(span, _) = self.source else { return of_context() };
        let exception = span.exceptions().map(|one| one.stacktrace).filter(|text| !text.is_empty()).last();
        exception.unwrap_or_else(of_context)
    }

    /// Trace, if known.
    pub fn trace_id(&self) -> Option<TraceId> {
        match self.source {
            ErrorSource::Span(span, _) => Some(span.trace_id),
            ErrorSource::Line(line) => line.trace_id,
        }
    }

    /// Span, if known.
    pub fn span_id(&self) -> Option<SpanId> {
        match self.source {
            ErrorSource::Span(span, _) => Some(span.span_id),
            ErrorSource::Line(line) => line.span_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn a_context_is_of_one_failed_span_at_most_and_replaces_no_other_words() {
        let shop = "shop/order 0..900\n  shop/stock 10..110 error: refused\n  shop/pay 300..400 error: declined\n    shop/card 310..390 error";
        // Service and time of the line, its operation and message; then the expected message of each failed span.
        let table = [
            ("shop 350", "pay", "no money", ["refused", "E no money", ""]),
            ("shop_service 350", "pay", "no money", ["refused", "E no money", ""]),
            ("shop 350", "charge", "no money", ["refused", "declined", "E no money"]),
            ("shop 350", "stock", "no money", ["E no money", "declined", ""]),
            ("shop 50", "charge", "no money", ["refused", "declined", ""]),
            ("shop 50", "charge", "refused by db", ["E refused by db", "declined", ""]),
            ("shop 200", "", "no money", ["E no money", "declined", ""]),
            ("mail 50", "stock", "no money", ["refused", "declined", ""]),
        ];
        for (written, operation, message, wanted) in table {
            let mut journey = sketch::journey(&format!("{shop}\n! {written} error x"));
            journey.logs[0].error_context = Some(ErrorContext {
                error_type: "E".into(),
                error_message: message.into(),
                operation: operation.into(),
                ..ErrorContext::default()
            });
            let all = occurrences(&journey);
            let spans = all.iter().filter(|error| matches!(error.source, ErrorSource::Span(..)));
            let source: Vec<String> =
                spans.map(|error| format!("{} {}", error.kind(), error.message()).trim().to_owned()).collect();
            assert_eq!(source, wanted, "{written} {operation}: {message}");
        }
    }
}
