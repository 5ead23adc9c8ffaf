//! Latency: durations, self time and share of the critical path of calls; a fold over journeys.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::journey::clocks::{Clocks, asynchronous_cause};
use crate::analysis::journey::critical_path::{self, Segment, Spent, causes_first};
use crate::analysis::journey::deliveries::{Deliveries, consumes, publishes};
use crate::analysis::stats::durations::Durations;
use crate::analysis::window::steps;
use crate::model::conventions::MessageRole;
use crate::model::filter::Filters;
use crate::model::journey::{CauseKind, Journey};
use crate::model::measure::{Histogram, Measure, Measured};
use crate::model::span::{Span, SpanKind};
use crate::model::time::{Timestamp, Window};

/// What calls are grouped by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LatencyGrouping {
    /// By service: its topmost matching spans are calls.
    Service,
    /// By service and operation: every span is a call.
    #[default]
    Operation,
    /// By an attribute of the span or its resource: the topmost spans with a value are calls. Spans between two of them may
    /// have none.
    Attribute(String),
}

/// Latency of one group of calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LatencyRow {
    /// The service; empty when grouped by an attribute.
    pub(crate) service: String,
    /// The operation, or the attribute's value; empty for a whole service.
    pub(crate) name: String,
    /// Messaging role and topic, if all its spans have the same.
    pub(crate) message: Option<(MessageRole, String)>,
    /// Number of calls; may be 0 although spans are in the window.
    pub(crate) calls: u64,
    /// Number of failed calls.
    pub(crate) errors: u64,
    /// Durations.
    pub(crate) lengths: Durations,
    /// Total self time in nanoseconds; none from metrics.
    pub(crate) self_ns: Option<i64>,
    /// Total time on critical paths in nanoseconds; none from metrics.
    pub(crate) critical_ns: Option<i64>,
}

/// Queue waits of a topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct QueueWait {
    /// The topic; empty if not reported.
    pub(crate) topic: String,
    /// Queue waits, sorted.
    pub(crate) lengths: Durations,
    /// Total time on critical paths in nanoseconds.
    pub(crate) critical_ns: i64,
}

/// Latencies of a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LatencyTable {
    /// Groups of calls, by time on critical paths.
    pub(crate) rows: Vec<LatencyRow>,
    /// Queues, the longest wait first.
    pub(crate) queues: Vec<QueueWait>,
    /// Total length of all critical paths in nanoseconds, of spans that count in the window.
    pub(crate) critical_ns: i64,
    /// Part of it in which no span was open, or asynchronous work other than messages had not begun.
    pub(crate) gap_ns: i64,
    /// Part of it after the entry request was answered: no user may have waited for that.
    pub(crate) answered_ns: i64,
    /// Services without server or consumer metrics: all their spans count as calls.
    pub(crate) unentered: Vec<String>,
}

type LatencyKey = (String, String);

#[derive(Default)]
struct Calls {
    lengths: Vec<i64>,
    errors: u64,
    own_ns: i64,
    critical_ns: i64,
    /// Messaging roles and topics of its spans; the first two different ones.
    messages: Vec<Option<(MessageRole, String)>>,
}

/// Collects latencies.
#[derive(Default)]
pub(crate) struct Latencies {
    by: LatencyGrouping,
    window: Option<Window>,
    calls: BTreeMap<LatencyKey, Calls>,
    queues: BTreeMap<String, (Vec<i64>, i64)>,
    critical_ns: i64,
    gap_ns: i64,
    answered_ns: i64,
}

/// End of the entry request; none if the journey did not begin with a request.
fn answered(journey: &Journey, clocks: &Clocks) -> Option<Timestamp> {
    let span = steps::entry_span(journey)?;
    matches!(span.kind, SpanKind::Server | SpanKind::Client).then(|| clocks.end(span))
}

/// A journey with what is computed before its spans are visited one by one.
struct TimedJourney<'a> {
    journey: &'a Journey,
    clocks: Clocks,
    deliveries: Deliveries,
    /// For each span whether it belongs to the journey and counts in the window.
    within: Vec<bool>,
    /// For each span whether the filters match it.
    wanted: Vec<bool>,
    /// For each span the row that it counts in.
    places: Vec<Option<LatencyKey>>,
}

impl TimedJourney<'_> {
    /// Whether the span counts.
    fn counts(&self, index: usize) -> bool {
        self.within[index] && self.wanted[index]
    }

    /// Queue waits of the messages that a span consumed.
    fn waits(&self, index: usize) -> impl Iterator<Item = (&str, i64)> {
        let (spans, taken) = (&self.journey.spans, &self.journey.spans[index]);
        let waited = |sender: usize| self.clocks.start(taken).since(self.clocks.end(&spans[sender])).max(0);
        let senders = self.deliveries.senders[index].iter().copied();
        senders.filter_map(move |sender| Some((self.queue(sender, index)?, waited(sender))))
    }

    /// Topic of a message: by its consumer, else by its sender; empty if neither names one, none if neither is a messaging
    /// span.
    fn queue(&self, sender: usize, taker: usize) -> Option<&str> {
        let (sent, taken) = (&self.journey.spans[sender], &self.journey.spans[taker]);
        let topic = taken.topic().or_else(|| sent.topic());
        topic.or_else(|| (consumes(taken) || publishes(sent)).then_some(""))
    }
}

impl Latencies {
    /// Collects spans that count in this window; none for all.
    pub(crate) fn new(by: LatencyGrouping, window: Option<Window>) -> Self {
        Self { by, window, ..Self::default() }
    }

    /// Adds the spans of a journey that the filters match.
    pub(crate) fn add(&mut self, journey: &Journey, filters: &Filters) {
        let ours = |(index, span): (usize, &Span)| {
            journey.is_own.get(index) != Some(&false) && span.has_sane_time() && span.counted_in(self.window)
        };
        let seen = TimedJourney {
            journey,
            clocks: Clocks::measured(journey),
            deliveries: Deliveries::new(journey),
            within: journey.spans.iter().enumerate().map(ours).collect(),
            wanted: journey.spans.iter().map(|span| filters.wants_span(span)).collect(),
            places: journey.spans.iter().map(|span| self.place(span)).collect(),
        };
        self.add_spans(&seen);
        let answered = answered(journey, &seen.clocks);
        for segment in &critical_path::critical_path(journey).segments {
            self.add_segment(&seen, segment);
            if let Some(answered) = answered.filter(|_| seen.within[segment.span]) {
                let late = segment.window.to.since(answered).clamp(0, segment.window.length());
                self.answered_ns = self.answered_ns.saturating_add(late);
            }
        }
    }

    fn add_spans(&mut self, seen: &TimedJourney) {
        let is_call = self.topmost(seen);
        for index in (0..seen.journey.spans.len()).filter(|index| seen.counts(*index)) {
            if let Some(key) = &seen.places[index] {
                let span = &seen.journey.spans[index];
                let calls = self.calls.entry(key.clone()).or_default();
                calls.own_ns = calls.own_ns.saturating_add(own_ns(seen.journey, index, &seen.clocks));
                calls.note_message(span);
                if is_call[index] {
                    calls.lengths.push(span.duration_ns.max(0));
                    calls.errors += u64::from(span.is_error());
                }
            }
            for (topic, waited) in seen.waits(index) {
                self.queues.entry(topic.to_owned()).or_default().0.push(waited);
            }
        }
    }

    /// Counts a segment of the critical path for its span.
    fn add_segment(&mut self, seen: &TimedJourney, segment: &Segment) {
        if !seen.within[segment.span] {
            return;
        }
        let length = segment.window.length();
        self.critical_ns = self.critical_ns.saturating_add(length);
        let queue = seen.waits(segment.span).next().filter(|_| segment.spent == Spent::Wait);
        let part = match (segment.spent, queue, &seen.places[segment.span]) {
            _ if !seen.wanted[segment.span] => return,
            (Spent::Work, _, None) => return,
            (Spent::Work, _, Some(key)) => &mut self.calls.entry(key.clone()).or_default().critical_ns,
            (_, Some((topic, _)), _) => &mut self.queues.entry(topic.to_owned()).or_default().1,
            (_, None, _) => &mut self.gap_ns,
        };
        *part = part.saturating_add(length);
    }

    /// The row of a span's self time; none for a span without the attribute.
    fn place(&self, span: &Span) -> Option<LatencyKey> {
        match &self.by {
            LatencyGrouping::Service => Some((span.service().to_owned(), String::new())),
            LatencyGrouping::Operation => Some((span.service().to_owned(), span.name.clone())),
            LatencyGrouping::Attribute(key) => value(span, key).map(|value| (String::new(), value)),
        }
    }

    /// For each span whether it is a call. By operation every matching span is; else the topmost matching ones of a row.
    fn topmost(&self, seen: &TimedJourney) -> Vec<bool> {
        if self.by == LatencyGrouping::Operation {
            return seen.wanted.clone();
        }
        let mut is_top = vec![false; seen.places.len()];
        // The nearest span from here upwards that is in a row; and whether that row has counted it or one above.
        let mut nearest: Vec<Option<usize>> = vec![None; seen.places.len()];
        let mut is_counted = vec![false; seen.places.len()];
        for index in causes_first(seen.journey) {
            let above = seen.journey.forest.cause[index].and_then(|(cause, _)| nearest[cause]);
            if seen.places[index].is_none() {
                nearest[index] = above;
                continue;
            }
            let inside = above.is_some_and(|above| is_counted[above] && seen.places[above] == seen.places[index]);
            is_top[index] = seen.wanted[index] && !inside;
            is_counted[index] = seen.wanted[index] || inside;
            nearest[index] = Some(index);
        }
        is_top
    }

    /// The table.
    pub(crate) fn table(self) -> LatencyTable {
        let exact = |mut lengths: Vec<i64>| {
            lengths.sort_unstable();
            Durations::Exact(lengths)
        };
        let row = |((service, name), calls): (LatencyKey, Calls)| LatencyRow {
            service,
            name,
            message: <[_; 1]>::try_from(calls.messages).ok().and_then(|[only]| only),
            calls: calls.lengths.len() as u64,
            errors: calls.errors,
            lengths: exact(calls.lengths),
            self_ns: Some(calls.own_ns),
            critical_ns: Some(calls.critical_ns),
        };
        let queue = |(topic, (lengths, critical_ns)): (String, (Vec<i64>, i64))| QueueWait {
            topic,
            lengths: exact(lengths),
            critical_ns,
        };
        let mut rows: Vec<LatencyRow> = self.calls.into_iter().map(row).collect();
        rows.sort_by_cached_key(order);
        let mut queues: Vec<QueueWait> = self.queues.into_iter().map(queue).collect();
        let longest = |queue: &QueueWait| queue.lengths.quantile(1.0).map_or(0, |most| most.value_ns);
        queues.sort_by_cached_key(|queue| (-queue.critical_ns, -longest(queue), queue.topic.clone()));
        let Self { critical_ns, gap_ns, answered_ns, .. } = self;
        LatencyTable { rows, queues, critical_ns, gap_ns, answered_ns, unentered: vec![] }
    }
}

impl Calls {
    /// Notes messaging role and topic of a span.
    fn note_message(&mut self, span: &Span) {
        let said = span.message_role().and_then(|role| Some((role, span.topic()?.to_owned())));
        if self.messages.len() < 2 && !self.messages.contains(&said) {
            self.messages.push(said);
        }
    }
}

/// Sort order: time on critical paths, total duration, errors, calls.
fn order(row: &LatencyRow) -> impl Ord + use<> {
    let waited = row.critical_ns.unwrap_or_default();
    let many = (Reverse(row.errors), Reverse(row.calls));
    (Reverse(waited), Reverse(row.lengths.total_ns()), many, row.service.clone(), row.name.clone())
}

/// The table from metrics. By service only server and consumer spans count, if the metrics have span kinds; for a service
/// without them all its spans.
pub(crate) fn from_metrics(measured: &Measured, by: &LatencyGrouping, filters: &Filters) -> LatencyTable {
    let enters =
        |measure: &Measure| measure.kind.is_none_or(|kind| matches!(kind, SpanKind::Server | SpanKind::Consumer));
    let wanted = measured.measures.iter().filter(|m| filters.wants_operation(&m.service, &m.operation));
    let wanted: Vec<&Measure> = wanted.collect();
    let entered: BTreeSet<&str> = wanted.iter().filter(|m| enters(m)).map(|m| m.service.as_str()).collect();
    let (mut sums, mut unentered) = (BTreeMap::<LatencyKey, (f64, f64, Histogram)>::new(), BTreeSet::new());
    for measure in wanted {
        match *by == LatencyGrouping::Service {
            true if !entered.contains(measure.service.as_str()) => drop(unentered.insert(measure.service.clone())),
            true if !enters(measure) => continue,
            _ => {}
        }
        let name = if *by == LatencyGrouping::Service { String::new() } else { measure.operation.clone() };
        let sum = sums.entry((measure.service.clone(), name)).or_default();
        sum.0 += measure.calls;
        sum.1 += measure.errors;
        sum.2 = sum.2.sum(&measure.durations);
    }
    let row = |((service, name), (calls, errors, lengths)): (LatencyKey, (f64, f64, Histogram))| LatencyRow {
        service,
        name,
        calls: calls.round() as u64,
        errors: errors.round() as u64,
        lengths: Durations::Measured(lengths),
        ..LatencyRow::default()
    };
    let mut rows: Vec<LatencyRow> = sums.into_iter().map(row).collect();
    rows.sort_by_cached_key(order);
    LatencyTable { rows, unentered: unentered.into_iter().collect(), ..LatencyTable::default() }
}

fn value(span: &Span, key: &str) -> Option<String> {
    let of_span = span.attributes.iter().chain(span.resource.attributes.iter());
    of_span.into_iter().find(|(known, _)| *known == key).map(|(_, value)| value.to_string())
}

/// Self time of a span in nanoseconds: without the time in which a synchronous child was open.
fn own_ns(journey: &Journey, index: usize, clocks: &Clocks) -> i64 {
    let span = &journey.spans[index];
    let (from, to) = (clocks.start(span), clocks.end(span));
    let called = journey.forest.effects[index].iter().filter(|effect| {
        matches!(journey.forest.cause[**effect], Some((_, CauseKind::Parent)))
            && asynchronous_cause(journey, **effect).is_none()
    });
    let times =
        called.map(|effect| &journey.spans[*effect]).map(|s| (clocks.start(s).max(from), clocks.end(s).min(to)));
    let mut times: Vec<_> = times.filter(|(start, end)| start < end).collect();
    times.sort_unstable();
    let (mut below, mut done) = (0_i64, from);
    for (start, end) in times {
        below = below.saturating_add(end.since(start.max(done)).max(0));
        done = done.max(end);
    }
    span.duration_ns.saturating_sub(below).max(0)
}

#[cfg(test)]
mod tests;
