//! A journey: everything that belongs to one ID, each part with the reason why.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

use crate::model::id::{SpanId, TraceId};
use crate::model::log::LogEntry;
use crate::model::metric::{Alert, Exemplar, Panel};
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};

/// Why a trace, or lines, belong to the journey.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Reason {
    /// A span, process or event attribute holds the ID.
    Tag {
        /// Its key.
        key: String,
    },
    /// The trace was asked for by its ID.
    TraceId,
    /// A span of the journey links to it, or is linked by it.
    Link {
        /// The linking span's trace.
        from_trace: TraceId,
        /// The linking span.
        from_span: SpanId,
    },
    /// A line of the journey names it.
    LogLine {
        /// The service that wrote the line.
        service: String,
    },
    /// It handles the same message: the same `messaging.message.id` or `event.id`.
    Message {
        /// The ID of the message.
        id: String,
    },
    /// The lines contain the ID.
    Text,
    /// The lines name a trace of the journey.
    TraceOfLine,
}

/// A trace or lines that belong to the journey, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Join {
    /// The trace, or the trace by which lines belong; none for lines that contain the ID.
    pub trace_id: Option<TraceId>,
    /// How many lines; 0 for a trace.
    pub lines: usize,
    /// Why.
    pub reason: Reason,
}

/// One trace of the journey.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Trace {
    /// Its ID.
    pub trace_id: TraceId,
    /// The service of its first root span.
    pub root_service: String,
    /// The name of its first root span.
    pub root_name: String,
    /// The first start of a span.
    pub start: Timestamp,
    /// From the first start to the last end.
    pub duration_ns: i64,
    /// How many of its spans belong to the journey.
    pub span_count: usize,
    /// How many of them failed.
    pub error_count: usize,
    /// How many of them have a parent that is not in the journey.
    pub orphan_count: usize,
}

/// A trace of another journey that touches this one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Related {
    /// Its ID.
    pub trace_id: TraceId,
    /// Its correlation IDs, under the key that this journey has.
    pub correlation_ids: Vec<String>,
    /// How it touches this journey, in a few words.
    pub why: String,
}

/// How it is known that a span follows from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// The other one is its parent.
    Parent,
    /// It links to it.
    Link,
    /// The other one published the message that it consumes.
    Message,
}

/// The causes of spans: trees that parents, links and messages form. Indices are into `Journey::spans`.
#[derive(Clone, Debug, Default)]
pub struct Forest {
    /// Beside each span the one it follows from, and how that is known; none of a root. There are no cycles.
    pub cause: Vec<Option<(usize, CauseKind)>>,
    /// Beside each span those that follow from it, by start.
    pub effects: Vec<Vec<usize>>,
    /// Spans that follow from none, by start.
    pub roots: Vec<usize>,
    /// Spans whose parent is stored though they do not follow from it, each with the parent where that is in the journey: a
    /// cycle was cut there, the parent has nothing to do with the span's message, or it belongs to another journey.
    pub stored_parents: BTreeMap<usize, Option<usize>>,
}

impl Forest {
    /// Whether the span at this index has a parent that is not stored.
    pub(crate) fn is_orphan(&self, index: usize, span: &Span) -> bool {
        span.parent_id.is_some_and(|p| p != span.span_id)
            && !matches!(self.cause.get(index), Some(Some((_, CauseKind::Parent))))
            && !self.stored_parents.contains_key(&index)
    }
}

/// A measured difference between the clocks of two services.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Skew {
    /// The service whose clock is taken as right.
    pub reference: String,
    /// The service whose clock differs.
    pub service: String,
    /// By how much it is ahead (positive) or behind, in nanoseconds.
    pub ahead_ns: i64,
    /// The uncertainty in nanoseconds, to either side; none where only the least difference is known.
    pub within_ns: Option<i64>,
    /// How many pairs of spans show it.
    pub pairs: usize,
}

/// Everything that belongs to one correlation ID or trace, by time.
#[derive(Clone, Debug, Default)]
pub struct Journey {
    /// The correlation ID that was followed; none where a trace was asked for that carries none or several.
    pub correlation_id: Option<String>,
    /// The correlation IDs of a trace that was asked for, where it has several: none of them was followed.
    pub several_ids: Vec<String>,
    /// Its traces, by start.
    pub traces: Vec<Trace>,
    /// Its spans: by start, then longest first, then by ID.
    pub spans: Vec<Span>,
    /// For each span whether it belongs to this journey. A span with another value of the same key is shown only as context.
    pub is_own: Vec<bool>,
    /// Which span follows from which.
    pub forest: Forest,
    /// Its lines, by time.
    pub logs: Vec<LogEntry>,
    /// Alerts of its time.
    pub alerts: Vec<Alert>,
    /// Exemplars that carry its traces.
    pub exemplars: Vec<Exemplar>,
    /// Configured panels over its time.
    pub panels: Vec<Panel>,
    /// Why each trace, and lines, belong.
    pub joins: Vec<Join>,
    /// Traces of other journeys that touch it.
    pub related: Vec<Related>,
    /// Traces that it names and that are not stored.
    pub not_stored: Vec<TraceId>,
    /// Traces that it names and that were not asked for, or could not be fetched.
    pub not_fetched: Vec<TraceId>,
    /// Measured clock skew.
    pub skew: Vec<Skew>,
    /// Oddities of the data, in sentences: cycles, repeats, absurd times.
    pub oddities: Vec<String>,
}

impl Journey {
    /// From the first start or line to the last end or line, absurd times left out; none where there are no others.
    pub(crate) fn extent(&self) -> Option<Window> {
        let spans = self.spans.iter().filter(|s| s.has_sane_time()).map(Span::window);
        let lines = self.logs.iter().filter(|l| l.time.is_sane()).map(|l| Window::new(l.time, l.time));
        spans.chain(lines).reduce(Window::hull)
    }

    /// From the first start to the last end of its spans; of its lines where there are no spans.
    pub(crate) fn span_extent(&self) -> Option<Window> {
        let spans = self.spans.iter().filter(|s| s.has_sane_time()).map(Span::window).reduce(Window::hull);
        spans.or_else(|| self.extent())
    }

    /// The services of its spans and lines, sorted.
    pub(crate) fn services(&self) -> Vec<&str> {
        let spans = self.spans.iter().map(Span::service);
        let mut services: Vec<&str> =
            spans.chain(self.logs.iter().map(|l| l.service.as_str())).filter(|s| !s.is_empty()).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    /// The ID by which to find it again: its correlation ID, else its first trace; none where it has neither.
    pub(crate) fn handle(&self) -> Option<String> {
        self.correlation_id.clone().or_else(|| self.traces.first().map(|trace| trace.trace_id.to_string()))
    }

    /// Whether it has neither spans nor lines.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty()
    }
}
