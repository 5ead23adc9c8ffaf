//! Every error of a journey, one by one: what spans tell, and what only lines do.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::cascade::Cascade;
use crate::analysis::errors::{Place, lines_only};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::log::{ErrorContext, LogEntry};
use crate::model::span::Span;
use crate::model::time::Timestamp;

/// Whether an error is one of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Nothing below it explains it.
    #[default]
    Origin,
    /// A deeper error caused it.
    PassedOn,
    /// It was counted and not read.
    Unknown,
}

/// Who tells of an error.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// A span that failed, and a line of it with an error context, if there is one.
    Span(&'a Span, Option<&'a LogEntry>),
    /// A line, and no span.
    Line(&'a LogEntry),
}

/// One error.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    /// Who tells of it.
    pub told: Told<'a>,
    /// Whether it is one of its own.
    pub part: Part,
    /// Whether it was made good.
    pub recovered: bool,
}

/// The errors of what is ours in a journey: spans by start, then lines by time.
pub fn of(journey: &Journey) -> Vec<Occurrence<'_>> {
    let lines =
        || lines_only(journey).map(|line| Occurrence { told: Told::Line(line), part: Part::Origin, recovered: false });
    if !journey.spans.iter().any(Span::is_error) {
        return lines().collect();
    }
    let (cascade, contexts) = (Cascade::of(journey), Contexts::of(journey));
    let failed = journey.spans.iter().enumerate();
    let failed = failed.filter(|(at, span)| span.is_error() && journey.judged.get(*at) != Some(&false));
    let spans = failed.map(|(at, span)| Occurrence {
        told: Told::Span(span, contexts.beside(span)),
        part: if cascade.is_passed_on(at) { Part::PassedOn } else { Part::Origin },
        recovered: cascade.recovered.contains(&at),
    });
    spans.chain(lines()).collect()
}

/// Lines with an error context, by what they name.
struct Contexts<'a> {
    of_spans: HashMap<SpanId, &'a LogEntry>,
    of_services: HashMap<(TraceId, &'a str), &'a LogEntry>,
}

impl<'a> Contexts<'a> {
    fn of(journey: &'a Journey) -> Self {
        let lines = || journey.logs.iter().rev().filter(|line| line.error_context.is_some());
        let unplaced = lines().filter(|line| line.span_id.is_none());
        Self {
            of_spans: lines().filter_map(|line| Some((line.span_id?, line))).collect(),
            of_services: unplaced.filter_map(|line| Some(((line.trace_id?, line.service.as_str()), line))).collect(),
        }
    }

    fn beside(&self, span: &'a Span) -> Option<&'a LogEntry> {
        let of_service = || self.of_services.get(&(span.trace_id, span.service()));
        self.of_spans.get(&span.span_id).or_else(of_service).copied()
    }
}

impl<'a> Occurrence<'a> {
    /// When.
    pub fn time(&self) -> Timestamp {
        match self.told {
            Told::Span(span, _) => span.start,
            Told::Line(line) => line.time,
        }
    }

    /// Where; a line tells an operation only in its error context.
    pub fn place(&self) -> Place {
        match self.told {
            Told::Span(span, _) => Place { service: span.service().to_owned(), operation: span.name.clone() },
            Told::Line(line) => {
                let operation = line.error_context.as_ref().map(|context| context.operation.clone());
                Place { service: line.service.clone(), operation: operation.unwrap_or_default() }
            }
        }
    }

    /// The structured error of a line, if there is one.
    pub fn context(&self) -> Option<&'a ErrorContext> {
        match self.told {
            Told::Span(_, line) => line?.error_context.as_ref(),
            Told::Line(line) => line.error_context.as_ref(),
        }
    }

    /// The kind of error: exception type, the error context's, an attribute's, a status; empty where none is told.
    pub fn kind(&self) -> String {
        let of_context = || self.context().map(|context| context.error_type.clone()).unwrap_or_default();
        let Told::Span(span, _) = self.told else { return of_context() };
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

    /// What it says, without its kind.
    pub fn message(&self) -> String {
        let of_context = self.context().map(|context| context.error_message.as_str()).filter(|text| !text.is_empty());
        match self.told {
            Told::Line(line) => of_context.unwrap_or(&line.message).to_owned(),
            Told::Span(span, _) => {
                let exception = span.exceptions().map(|one| one.message).filter(|text| !text.is_empty()).last();
                let status = Some(span.status.message.as_str()).filter(|text| !text.is_empty());
                let told = exception.or(of_context).or(status);
                told.or_else(|| span.attributes.text(&["error.message", "exception.message"]))
                    .unwrap_or_default()
                    .to_owned()
            }
        }
    }

    /// The stack, as written; empty where none is told.
    pub fn stack(&self) -> &'a str {
        let of_context = || self.context().map_or("", |context| context.stack_trace.as_str());
        let Told::Span(span, _) = self.told else { return of_context() };
        let exception = span.exceptions().map(|one| one.stacktrace).filter(|text| !text.is_empty()).last();
        exception.unwrap_or_else(of_context)
    }

    /// Its trace, as far as it is told.
    pub fn trace_id(&self) -> Option<TraceId> {
        match self.told {
            Told::Span(span, _) => Some(span.trace_id),
            Told::Line(line) => line.trace_id,
        }
    }

    /// Its span, as far as it is told.
    pub fn span_id(&self) -> Option<SpanId> {
        match self.told {
            Told::Span(span, _) => Some(span.span_id),
            Told::Line(line) => line.span_id,
        }
    }
}
