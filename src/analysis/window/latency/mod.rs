//! How long calls take, what of it is their own, and what users wait for: a fold over journeys.

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

/// By what calls are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LatencyGrouping {
    /// By service: what enters it from elsewhere is a call, the topmost spans in it that are wanted.
    Service,
    /// By service and operation: every span is a call.
    #[default]
    Operation,
    /// By the value of an attribute of the span or its resource: the topmost spans that carry it are calls. What lies
    /// between two of them may carry none.
    Attribute(String),
}

/// What calls of one kind took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencyRow {
    /// The service; empty where calls are told apart by an attribute.
    pub service: String,
    /// The operation, or the attribute's value; empty for a whole service.
    pub name: String,
    /// What its spans do with which topic, where all of them do the same.
    pub message: Option<(MessageRole, String)>,
    /// How many; none of those that are in the window need be one.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// How long they took.
    pub lengths: Durations,
    /// How long they worked themselves, without what they waited for below them; none where only metrics are known.
    pub self_ns: Option<i64>,
    /// How long a journey lasted because of them, over all journeys; none where only metrics are known.
    pub critical_ns: Option<i64>,
}

/// How long messages of a topic lay in their queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueWait {
    /// The topic; empty where none is told.
    pub topic: String,
    /// How long each lay there, by size.
    pub lengths: Durations,
    /// How long a journey lasted because of it, over all journeys.
    pub critical_ns: i64,
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencyTable {
    /// What users wait for most first.
    pub rows: Vec<LatencyRow>,
    /// Queues, the longest wait first.
    pub queues: Vec<QueueWait>,
    /// How long all journeys lasted together, along their critical paths; of what ended in the window.
    pub critical_ns: i64,
    /// For how much of that nothing was open, or what was set off other than by a message had not begun yet.
    pub gap_ns: i64,
    /// How much of it came after the request that began it had been answered: nobody may have waited for that.
    pub answered_ns: i64,
    /// Services that nothing enters by a kind that the metrics tell: all that they do counts as calls.
    pub unentered: Vec<String>,
}

type LatencyKey = (String, String);

#[derive(Default)]
struct Calls {
    lengths: Vec<i64>,
    errors: u64,
    own_ns: i64,
    critical_ns: i64,
    /// What its spans do with which topic; of several the first two.
    messages: Vec<Option<(MessageRole, String)>>,
}

/// Journeys, as far as they were added.
#[derive(Default)]
pub struct Latencies {
    by: LatencyGrouping,
    window: Option<Window>,
    calls: BTreeMap<LatencyKey, Calls>,
    queues: BTreeMap<String, (Vec<i64>, i64)>,
    critical_ns: i64,
    gap_ns: i64,
    answered_ns: i64,
}

/// When the request that began the journey was answered; none where it began otherwise.
fn answered(journey: &Journey, clocks: &Clocks) -> Option<Timestamp> {
    let span = steps::entry_span(journey)?;
    matches!(span.kind, SpanKind::Server | SpanKind::Client).then(|| clocks.end(span))
}

/// A journey, and what is known of it before its spans are looked at one by one.
struct TimedJourney<'a> {
    journey: &'a Journey,
    clocks: Clocks,
    deliveries: Deliveries,
    /// Beside each span: whether it is ours, has a time, and that lies in the window.
    within: Vec<bool>,
    /// Beside each span: whether it is wanted.
    wanted: Vec<bool>,
    /// Beside each span: under which row it counts.
    places: Vec<Option<LatencyKey>>,
}

impl TimedJourney<'_> {
    /// Whether the span counts.
    fn counts(&self, index: usize) -> bool {
        self.within[index] && self.wanted[index]
    }

    /// How long each message lay that the span took.
    fn waits(&self, index: usize) -> impl Iterator<Item = (&str, i64)> {
        let (spans, taken) = (&self.journey.spans, &self.journey.spans[index]);
        let waited = |sender: usize| self.clocks.start(taken).since(self.clocks.end(&spans[sender])).max(0);
        let senders = self.deliveries.senders[index].iter().copied();
        senders.filter_map(move |sender| Some((self.queue(sender, index)?, waited(sender))))
    }

    /// What a message lay in: what its taker calls it, else its sender; no name where neither tells one, and none at all
    /// where neither speaks of messages.
    fn queue(&self, sender: usize, taker: usize) -> Option<&str> {
        let (sent, taken) = (&self.journey.spans[sender], &self.journey.spans[taker]);
        let topic = taken.topic().or_else(|| sent.topic());
        topic.or_else(|| (consumes(taken) || publishes(sent)).then_some(""))
    }
}

impl Latencies {
    /// None yet; of those to come, spans that count in this window, or all.
    pub fn new(by: LatencyGrouping, window: Option<Window>) -> Self {
        Self { by, window, ..Self::default() }
    }

    /// Adds a journey: of its spans those that are wanted.
    pub fn add(&mut self, journey: &Journey, filters: &Filters) {
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

    /// A stretch of the critical path counts by the span to which it belongs.
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

    /// Under which row the span's own time counts.
    fn place(&self, span: &Span) -> Option<LatencyKey> {
        match &self.by {
            LatencyGrouping::Service => Some((span.service().to_owned(), String::new())),
            LatencyGrouping::Operation => Some((span.service().to_owned(), span.name.clone())),
            LatencyGrouping::Attribute(key) => value(span, key).map(|value| (String::new(), value)),
        }
    }

    /// Beside each span: whether it is a call. By operation every span is; else the topmost that are wanted of those that
    /// follow from each other and stand in one row.
    fn topmost(&self, seen: &TimedJourney) -> Vec<bool> {
        if self.by == LatencyGrouping::Operation {
            return seen.wanted.clone();
        }
        let mut is_top = vec![false; seen.places.len()];
        // The nearest span, from here upwards, that stands in a row; and whether that row has counted it or one above.
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

    /// What they add up to.
    pub fn table(self) -> LatencyTable {
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
    /// Takes in what another span does with which topic.
    fn note_message(&mut self, span: &Span) {
        let said = span.message_role().and_then(|role| Some((role, span.topic()?.to_owned())));
        if self.messages.len() < 2 && !self.messages.contains(&said) {
            self.messages.push(said);
        }
    }
}

/// What users wait for most, what takes longest in all, what fails or is called most.
fn order(row: &LatencyRow) -> impl Ord + use<> {
    let waited = row.critical_ns.unwrap_or_default();
    let many = (Reverse(row.errors), Reverse(row.calls));
    (Reverse(waited), Reverse(row.lengths.total_ns()), many, row.service.clone(), row.name.clone())
}

/// The same from metrics. By service those of kinds that enter it, where the metrics tell kinds; of a service with none
/// of these all that it does.
pub fn from_metrics(measured: &Measured, by: &LatencyGrouping, filters: &Filters) -> LatencyTable {
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

/// How long the span worked itself: without the time in which anything that it called was open.
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
