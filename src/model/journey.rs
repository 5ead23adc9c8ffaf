//! Everything known of one subject, each part with the reason why it belongs.

use schemars::JsonSchema;
use serde::Serialize;

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
    /// A span of the journey links to it, or is linked from it.
    Link {
        /// The linking span's trace.
        from_trace: TraceId,
        /// The linking span.
        from_span: SpanId,
    },
    /// A line of the journey names it.
    LogLine {
        /// Who wrote the line.
        service: String,
    },
    /// The message is the same: the same `messaging.message.id` or `event.id`.
    Message {
        /// The identity.
        id: String,
    },
    /// The lines hold the ID.
    Text,
    /// The lines name a trace of the journey.
    TraceOfLine,
}

/// One join: what was joined, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Join {
    /// The trace that was joined, or that lines were joined by; none for lines that hold the ID themselves.
    pub trace_id: Option<TraceId>,
    /// How many lines this is about; 0 for traces.
    pub lines: usize,
    /// Why.
    pub reason: Reason,
}

/// One trace of the journey.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Trace {
    /// Its ID.
    pub trace_id: TraceId,
    /// The service of its first root.
    pub root_service: String,
    /// The name of its first root.
    pub root_name: String,
    /// First start.
    pub start: Timestamp,
    /// From the first start to the last end.
    pub duration_ns: i64,
    /// How many spans of it are here.
    pub span_count: usize,
    /// How many of them failed.
    pub error_count: usize,
    /// How many name a parent that is not here.
    pub orphan_count: usize,
}

/// A trace that touches the journey but belongs to another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Related {
    /// Its ID.
    pub trace_id: TraceId,
    /// The values of the same key that it carries.
    pub correlation_ids: Vec<String>,
    /// How it touches ours.
    pub why: String,
}

/// How a span follows from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// It names it as its parent.
    Parent,
    /// It links to it.
    Link,
    /// Both carry the same message identity.
    Message,
}

/// The shape of a journey: who follows from whom. Indices are into `Journey::spans`.
#[derive(Clone, Debug, Default)]
pub struct Forest {
    /// Whom each span follows from, and how. No cycles.
    pub cause: Vec<Option<(usize, CauseKind)>>,
    /// Who follows from each span, by start time.
    pub effects: Vec<Vec<usize>>,
    /// Spans that follow from none, by start time.
    pub roots: Vec<usize>,
}

/// Whether a span names a parent that is not here.
pub fn is_orphan(span: &Span, cause: Option<(usize, CauseKind)>) -> bool {
    span.parent_id.is_some_and(|p| p != span.span_id) && !matches!(cause, Some((_, CauseKind::Parent)))
}

/// A measured difference between two services' clocks.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Skew {
    /// Whose clock is taken as right.
    pub reference: String,
    /// Whose clock differs.
    pub service: String,
    /// By how much it is ahead (positive) or behind, in nanoseconds.
    pub ahead_ns: i64,
    /// How exactly that is known, in nanoseconds to either side; none means that it is at least so much.
    pub within_ns: Option<i64>,
    /// Over how many pairs of spans this was measured.
    pub pairs: usize,
}

/// Everything known of one subject, by time.
#[derive(Clone, Debug, Default)]
pub struct Journey {
    /// The correlation ID that was followed; none where a trace was asked for and its spans carry none or several.
    pub correlation_id: Option<String>,
    /// Correlation IDs that the asked trace carries when there are several; none of them was followed.
    pub several_ids: Vec<String>,
    /// Its traces, by start.
    pub traces: Vec<Trace>,
    /// All their spans: by start, then longest first, then ID.
    pub spans: Vec<Span>,
    /// Beside each span: whether it is ours. A span under another value of the same key is shown, not judged.
    pub judged: Vec<bool>,
    /// Who follows from whom.
    pub forest: Forest,
    /// Its lines, by time.
    pub logs: Vec<LogEntry>,
    /// Alerts of its time.
    pub alerts: Vec<Alert>,
    /// Exemplars that carry its traces.
    pub exemplars: Vec<Exemplar>,
    /// Configured panels over its time.
    pub panels: Vec<Panel>,
    /// Each join with its reason.
    pub joins: Vec<Join>,
    /// Traces that touch it but are not it.
    pub related: Vec<Related>,
    /// Traces that are named and not stored.
    pub not_stored: Vec<TraceId>,
    /// Traces that are named and that nobody was asked for, or that could not be had.
    pub not_fetched: Vec<TraceId>,
    /// Measured clock differences.
    pub skew: Vec<Skew>,
    /// What is odd in the data: cycles, repeats, absurd times.
    pub oddities: Vec<String>,
}

impl Journey {
    /// From its first to its last instant: spans with sane times, and lines.
    pub fn extent(&self) -> Option<Window> {
        let spans = self.spans.iter().filter(|s| s.has_sane_time()).map(Span::window);
        let lines = self.logs.iter().filter(|l| l.time.is_sane()).map(|l| Window::new(l.time, l.time));
        spans.chain(lines).reduce(Window::hull)
    }

    /// From its first span's start to its last span's end; by its lines where there are no spans.
    pub fn span_extent(&self) -> Option<Window> {
        let spans = self.spans.iter().filter(|s| s.has_sane_time()).map(Span::window).reduce(Window::hull);
        spans.or_else(|| self.extent())
    }

    /// The services of its spans and lines, sorted.
    pub fn services(&self) -> Vec<&str> {
        let spans = self.spans.iter().map(Span::service);
        let mut all: Vec<&str> =
            spans.chain(self.logs.iter().map(|l| l.service.as_str())).filter(|s| !s.is_empty()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What to ask for to see it again: its ID, else its first trace; none where lines name nobody.
    pub fn handle(&self) -> Option<String> {
        self.correlation_id.clone().or_else(|| self.traces.first().map(|trace| trace.trace_id.to_string()))
    }

    /// Whether nothing at all was found.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty()
    }
}
