//! What one step of the asking brought, and what of it failed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::evidence::Note;
use crate::model::id::{SpanId, TraceId};
use crate::model::log::LogEntry;
use crate::model::metric::{Alert, Exemplar, Panel};
use crate::model::source::Source;
use crate::model::span::{Span, SpanKind};
use crate::model::time::{Timestamp, Window};
use crate::source::failure::Failure;

/// What one step brought. A step never fails as a whole: what came before a failure is kept.
#[derive(Default)]
pub(crate) struct Fetched {
    /// Spans.
    pub(crate) spans: SpansByTrace,
    /// Traces of which these spans are all: what was taken before is dropped.
    pub(crate) replaced: BTreeSet<TraceId>,
    /// Lines, repeats included.
    pub(crate) logs: Vec<LogEntry>,
    /// Alerts.
    pub(crate) alerts: Vec<Alert>,
    /// Exemplars.
    pub(crate) exemplars: Vec<Exemplar>,
    /// Panels.
    pub(crate) panels: Vec<Panel>,
    /// Traces that were asked for and are not stored.
    pub(crate) not_stored: Vec<TraceId>,
    /// Notes on the answers.
    pub(crate) notes: Vec<Note>,
    /// The requests that failed, each with its backend.
    pub(crate) failures: Vec<(Source, Failure)>,
    /// The time that Prometheus was asked about.
    pub(crate) metrics_window: Option<Window>,
}

impl Fetched {
    /// Nothing but a failure.
    pub(crate) fn failed(source: Source, failure: Failure) -> Self {
        Self { failures: vec![(source, failure)], ..Self::default() }
    }

    /// Adds another step's fetched.
    pub(crate) fn absorb(&mut self, other: Self) {
        for spans in other.spans.0.into_values() {
            self.spans.add(spans);
        }
        self.replaced.extend(other.replaced);
        self.logs.extend(other.logs);
        self.not_stored.extend(other.not_stored);
        self.notes.extend(other.notes);
        self.failures.extend(other.failures);
    }

    /// The parts of several steps as one.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut all, fetched| {
            all.absorb(fetched);
            all
        })
    }
}

/// Spans of several answers. The same trace comes again and again, once for every service that is asked: a span is
/// kept as often as the answer has it that has it most often, so that only repeats in the storage stay repeats.
#[derive(Default)]
pub(crate) struct SpansByTrace(pub(crate) BTreeMap<TraceId, Vec<Span>>);

impl SpansByTrace {
    /// Adds one answer.
    pub(crate) fn add(&mut self, answer: Vec<Span>) {
        let traces: BTreeSet<TraceId> = answer.iter().map(|span| span.trace_id).collect();
        let mut known: HashMap<_, usize> = HashMap::new();
        for span in traces.iter().filter_map(|trace| self.0.get(trace)).flatten() {
            *known.entry(key(span)).or_default() += 1;
        }
        for span in answer {
            match known.get_mut(&key(&span)) {
                Some(times) if *times > 0 => *times -= 1,
                _ => self.0.entry(span.trace_id).or_default().push(span),
            }
        }
    }

    /// Every span.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Span> {
        self.0.values().flatten()
    }
}

fn key(span: &Span) -> (TraceId, SpanId, SpanKind, Timestamp, i64, String) {
    (span.trace_id, span.span_id, span.kind, span.start, span.duration_ns, span.name.clone())
}
