//! Where each log line stands: below the span it names, else below the innermost span then open.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use crate::analysis::journey::errors;
use crate::analysis::journey::timeline::{LogDetail, TimelineOptions};
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::time::Timestamp;

/// Lines by the span they stand below.
#[derive(Default)]
pub(crate) struct BySpan {
    below: HashMap<usize, Vec<usize>>,
    /// Lines of no span.
    pub(crate) elsewhere: Vec<usize>,
    /// How many lines the filters left out.
    pub(crate) filtered: usize,
}

impl BySpan {
    /// Whether a line below the span tells of a failure.
    pub(crate) fn has_error(&self, journey: &Journey, span: usize) -> bool {
        self.below.get(&span).is_some_and(|lines| lines.iter().any(|line| journey.logs[*line].is_error()))
    }

    /// The lines of a span, once.
    pub(crate) fn take(&mut self, span: usize) -> Vec<usize> {
        self.below.remove(&span).unwrap_or_default()
    }
}

/// Finds each wanted line its place.
pub(crate) fn by_span(journey: &Journey, options: &TimelineOptions) -> BySpan {
    let mut placed = BySpan::default();
    let ids: HashMap<_, usize> = journey.spans.iter().enumerate().rev().map(|(i, s)| (s.span_id, i)).collect();
    let named = |line: usize| {
        let line = &journey.logs[line];
        let span = *ids.get(&line.span_id?)?;
        line.trace_id.is_none_or(|t| t == journey.spans[span].trace_id).then_some(span)
    };
    let which = options.lines_of(journey);
    let mut open = OpenSpans::new(journey);
    for (index, line) in journey.logs.iter().enumerate() {
        let wanted = match which {
            LogDetail::All => true,
            LogDetail::Errors => line.is_error(),
            LogDetail::None => false,
        };
        if !wanted {
            continue;
        }
        if !options.filters.wants_line(line) {
            placed.filtered += 1;
            continue;
        }
        let span = named(index).or_else(|| open.innermost(line.time, &line.service, line.trace_id));
        match span {
            Some(span) if is_shown_by_span(journey, span, index) => {}
            Some(span) => placed.below.entry(span).or_default().push(index),
            None => placed.elsewhere.push(index),
        }
    }
    placed
}

/// Whether the span's own error text says the same.
fn is_shown_by_span(journey: &Journey, span: usize, line: usize) -> bool {
    let (span, line) = (&journey.spans[span], &journey.logs[line]);
    span.is_error() && span.error_text() == errors::line_text(line)
}

/// The spans open at an instant that only moves forward, by service and by trace.
struct OpenSpans<'a> {
    journey: &'a Journey,
    next: usize,
    ends: BinaryHeap<Reverse<(Timestamp, usize)>>,
    services: HashMap<&'a str, BTreeSet<usize>>,
    traces: HashMap<(&'a str, TraceId), BTreeSet<usize>>,
}

impl<'a> OpenSpans<'a> {
    fn new(journey: &'a Journey) -> Self {
        Self { journey, next: 0, ends: BinaryHeap::new(), services: HashMap::new(), traces: HashMap::new() }
    }

    fn innermost(&mut self, at: Timestamp, service: &str, trace: Option<TraceId>) -> Option<usize> {
        self.forward(at);
        match trace {
            Some(trace) => self.traces.get(&(service, trace)),
            None => self.services.get(service),
        }?
        .last()
        .copied()
    }

    fn forward(&mut self, at: Timestamp) {
        while let Some(span) = self.journey.spans.get(self.next).filter(|s| s.start <= at) {
            self.services.entry(span.service()).or_default().insert(self.next);
            self.traces.entry((span.service(), span.trace_id)).or_default().insert(self.next);
            self.ends.push(Reverse((span.end(), self.next)));
            self.next += 1;
        }
        while let Some(Reverse((_, index))) = self.ends.peek().copied().filter(|Reverse((end, _))| *end < at) {
            self.ends.pop();
            let span = &self.journey.spans[index];
            self.services.entry(span.service()).or_default().remove(&index);
            self.traces.entry((span.service(), span.trace_id)).or_default().remove(&index);
        }
    }
}
