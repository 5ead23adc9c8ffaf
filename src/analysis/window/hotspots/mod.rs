//! Where errors come from: counts by service, operation and error type, compared with the time before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::errors::ErrorPlace;
use crate::analysis::stats::masking::{cluster_counts, mask_message};
use crate::analysis::window::occurrences::{self, ErrorRole, ErrorSource};
use crate::model::error_outcome::OutcomeCounts;
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::log::CutLines;
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};

mod lines;
pub(crate) mod totals;

/// Message templates kept of a row; later new ones are only counted. Bounds memory if every message is unique.
const TEMPLATES: usize = 500;
/// Example journeys of a row.
const EXAMPLES: usize = 2;
/// Standard deviations beyond which a difference is not noise: by chance about one of twenty screens with twenty rows shows
/// a trend.
const NOISE: f64 = 3.0;

/// Which part of the journeys is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorScope {
    /// The window; none for all times.
    pub(crate) window: Option<Window>,
    /// The window it is compared with.
    pub(crate) before: Option<Window>,
    /// Traces that were read regardless of errors, of which shares can be computed; none if all were.
    pub(crate) sample: Option<HashSet<TraceId>>,
    /// Services whose error lines were truncated in either window: their lines have no trend.
    pub(crate) cut_lines: CutLines,
}

/// One of the two windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Now,
    Before,
}

impl ErrorScope {
    fn time(&self, at: Timestamp) -> Option<Time> {
        match (self.window, self.before) {
            (None, _) => Some(Time::Now),
            (Some(window), _) if window.contains(at) => Some(Time::Now),
            (_, Some(before)) if before.contains(at) => Some(Time::Before),
            _ => None,
        }
    }

    /// Whether a time is in the window.
    pub(crate) fn is_in_window(&self, at: Timestamp) -> bool {
        self.time(at) == Some(Time::Now)
    }

    fn is_sampled(&self, trace: TraceId) -> bool {
        self.sample.as_ref().is_none_or(|sample| sample.contains(&trace))
    }
}

/// Whether errors can be compared with the time before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorComparison {
    /// It was not read.
    #[default]
    NotLooked,
    /// It could not be queried.
    #[serde(rename = "not_told")]
    NotAvailable,
    /// Nothing was recorded then, good or bad, so that no error can be called new.
    NothingRecorded,
    /// It can.
    #[serde(rename = "told")]
    Compared,
}

/// Trend against the time before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trend {
    /// No such error before.
    New,
    /// More than noise explains.
    Worse,
    /// Within noise.
    Same,
    /// Less than noise explains.
    Better,
    /// Only before.
    Gone,
}

/// One row: errors of one place and type.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Hotspot {
    /// Service and operation; no operation for lines without one.
    #[serde(flatten)]
    pub(crate) place: ErrorPlace,
    /// Error type; empty if not reported.
    pub(crate) error_type: String,
    /// Whether these are root errors or caused by others.
    pub(crate) part: ErrorRole,
    /// Whether only log lines report it.
    pub(crate) lines_only: bool,
    /// Number of errors.
    pub(crate) errors: u64,
    /// Whether there may be more: only those that were read are known, and no metric counts them.
    pub(crate) at_least: bool,
    /// How many of them had each outcome.
    #[serde(flatten)]
    pub(crate) outcomes: OutcomeCounts,
    /// The highest severity of those that were read; none if none was.
    pub(crate) severity: Option<Severity>,
    /// Number of calls behind the share; 0 for lines.
    pub(crate) calls: u64,
    /// Share of these calls that failed so; none without calls.
    pub(crate) share: Option<f64>,
    /// Number of errors in the time before; none if that was not read, or not completely.
    pub(crate) errors_before: Option<u64>,
    /// Trend against the time before; none if that is unknown.
    pub(crate) trend: Option<Trend>,
    /// Number of errors that were read. What follows is from them, and so is the type if metrics count the errors.
    pub(crate) read: u64,
    /// Time of the first of these; none if none was read.
    pub(crate) first_seen: Option<Timestamp>,
    /// Time of the last.
    pub(crate) last_seen: Option<Timestamp>,
    /// IDs of the newest journeys with it.
    pub(crate) examples: Vec<String>,
    /// Most frequent message, with its variable parts masked.
    pub(crate) message: String,
    /// Number of errors with that message.
    pub(crate) message_count: u64,
    /// Number of other messages.
    pub(crate) other_messages: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct HotspotKey {
    place: ErrorPlace,
    error_type: String,
    part: ErrorRole,
    lines_only: bool,
    /// Masked message of lines without an error type, which distinguishes them instead; else empty.
    said: String,
}

/// Whether the counts of a row can be compared with the time before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TimeBefore {
    Comparable,
    Unknown,
}

/// Counts of one row.
#[derive(Clone, Debug, Default)]
struct HotspotTally {
    errors: u64,
    before: u64,
    sampled: [u64; 2],
    outcomes: OutcomeCounts,
    severity: Option<Severity>,
    seen: Option<Window>,
    examples: Vec<(Timestamp, String)>,
    templates: BTreeMap<String, u64>,
}

/// Counts errors; a fold over journeys.
#[derive(Clone, Debug, Default)]
pub(crate) struct HotspotFold {
    scope: ErrorScope,
    rows: BTreeMap<HotspotKey, HotspotTally>,
    calls: BTreeMap<ErrorPlace, [u64; 2]>,
    /// Number of different messages of lines without an error type.
    said: BTreeMap<ErrorPlace, usize>,
    /// Number of error lines of each service that were read, including those of failed spans.
    error_lines: BTreeMap<String, u64>,
    /// Whether any span, and any line, was recorded in the time before. They come from different backends.
    before: RecordedBefore,
}

#[derive(Clone, Copy, Debug, Default)]
struct RecordedBefore {
    spans: bool,
    lines: bool,
}

impl HotspotFold {
    /// For this scope.
    pub(crate) fn new(scope: ErrorScope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// Adds a journey.
    pub(crate) fn add(&mut self, journey: &Journey, filters: &Filters) {
        self.count_calls(journey, filters);
        let is_before = |time| self.scope.time(time) == Some(Time::Before);
        self.before.spans = self.before.spans || journey.spans.iter().map(Span::counted_at).any(is_before);
        self.before.lines = self.before.lines || journey.logs.iter().any(|line| is_before(line.time));
        let handle = journey.handle();
        for line in journey.logs.iter().filter(|line| line.is_error() && self.scope.is_in_window(line.time)) {
            *self.error_lines.entry(line.service.clone()).or_default() += 1;
        }
        for error in occurrences::occurrences(journey) {
            let matches_filters = match error.source {
                ErrorSource::Span(span, _) => filters.wants_span(span),
                ErrorSource::Line(line) => filters.wants_line(line) && !filters.are_about_spans(),
            };
            let Some(time) = self.scope.time(error.counted_at()).filter(|_| matches_filters) else { continue };
            let lines_only = matches!(error.source, ErrorSource::Line(_));
            let message = mask_message(&error.message());
            let (place, error_type) = (error.place(), error.kind());
            let is_keyed_by_message = lines_only && error_type.is_empty();
            let mut key = HotspotKey { place, error_type, part: error.part, lines_only, said: String::new() };
            if is_keyed_by_message {
                key = self.line_key(key, &message);
            }
            let tally = self.rows.entry(key).or_default();
            let is_sampled = !lines_only && error.trace_id().is_some_and(|trace| self.scope.is_sampled(trace));
            match time {
                Time::Before => {
                    tally.before += 1;
                    tally.sampled[1] += u64::from(is_sampled);
                }
                Time::Now => {
                    tally.sampled[0] += u64::from(is_sampled);
                    tally.outcomes.add(error.outcome);
                    tally.severity = tally.severity.max(Some(error.severity));
                    tally.see(error.time(), handle.as_ref(), message);
                }
            }
            if tally.errors == 0 {
                let at = Window::new(error.time(), error.time());
                tally.seen = Some(tally.seen.map_or(at, |seen| seen.hull(at)));
            }
        }
    }

    fn count_calls(&mut self, journey: &Journey, filters: &Filters) {
        let whatever = Filters { errors_only: false, ..filters.clone() };
        let mut calls: HashMap<(&str, &str), [u64; 2]> = HashMap::new();
        for (at, span) in journey.spans.iter().enumerate() {
            let is_ours = journey.is_own.get(at) != Some(&false) && self.scope.is_sampled(span.trace_id);
            let Some(time) = self.scope.time(span.counted_at()).filter(|_| is_ours && whatever.wants_span(span)) else {
                continue;
            };
            let counts = calls.entry((span.service(), &span.name)).or_default();
            counts[usize::from(time == Time::Before)] += 1;
        }
        for ((service, operation), counts) in calls {
            let place = ErrorPlace { service: service.to_owned(), operation: operation.to_owned() };
            let all = self.calls.entry(place).or_default();
            (all[0], all[1]) = (all[0] + counts[0], all[1] + counts[1]);
        }
    }

    /// Number of calls counted in the window and in the time before.
    pub(crate) fn counted(&self) -> [u64; 2] {
        self.calls.values().fold([0, 0], |all, calls| [0, 1].map(|at: usize| all[at].saturating_add(calls[at])))
    }

    /// Whether errors can be compared with the time before.
    pub(crate) fn compared(&self) -> ErrorComparison {
        match (self.scope.before, self.before.spans || self.before.lines) {
            (None, _) => ErrorComparison::NotLooked,
            (Some(_), false) => ErrorComparison::NothingRecorded,
            (Some(_), true) => ErrorComparison::Compared,
        }
    }
}

fn in_order(mut rows: Vec<Hotspot>) -> Vec<Hotspot> {
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)));
    rows
}

fn rank(row: &Hotspot) -> impl Ord + '_ {
    (
        row.part == ErrorRole::Consequence,
        row.errors == 0,
        // What is new or worse is what changed; what was there before can wait.
        !matches!(row.trend, Some(Trend::New | Trend::Worse)) || row.outcomes.failed == 0,
        Reverse(row.outcomes.failed),
        Reverse(row.errors),
        Reverse(row.errors_before),
        &row.place,
        &row.error_type,
        row.part,
        row.lines_only,
        &row.message,
    )
}

impl HotspotTally {
    fn see(&mut self, time: Timestamp, handle: Option<&String>, template: String) {
        if self.errors == 0 {
            self.seen = None;
        }
        self.errors += 1;
        let at = Window::new(time, time);
        self.seen = Some(self.seen.map_or(at, |seen| seen.hull(at)));
        if self.templates.len() < TEMPLATES || self.templates.contains_key(&template) {
            *self.templates.entry(template).or_default() += 1;
        }
        let Some(handle) = handle else { return };
        match self.examples.iter_mut().find(|(_, known)| known == handle) {
            Some((newest, _)) => *newest = time.max(*newest),
            None => self.examples.push((time, handle.clone())),
        }
        self.examples.sort_by(|a, b| b.cmp(a));
        self.examples.truncate(EXAMPLES);
    }

    fn row(self, key: HotspotKey, calls: [u64; 2], before: TimeBefore) -> Hotspot {
        let compared = before == TimeBefore::Comparable;
        let calls = if key.lines_only { [0, 0] } else { calls };
        let messages = cluster_counts(&self.templates);
        let (message, message_count) = messages.first().cloned().unwrap_or((key.said, 0));
        Hotspot {
            trend: compared.then(|| trend([self.errors, self.before], self.sampled, calls)).flatten(),
            read: self.errors,
            place: key.place,
            error_type: key.error_type,
            part: key.part,
            lines_only: key.lines_only,
            errors: self.errors,
            at_least: false,
            outcomes: self.outcomes,
            severity: self.severity,
            calls: calls[0],
            share: (calls[0] > 0).then(|| self.sampled[0] as f64 / calls[0] as f64),
            errors_before: compared.then_some(self.before),
            first_seen: self.seen.map(|seen| seen.from),
            last_seen: self.seen.map(|seen| seen.to),
            examples: self.examples.into_iter().map(|(_, handle)| handle).collect(),
            message,
            message_count,
            other_messages: messages.len().saturating_sub(1),
        }
    }
}

/// Trend of a row: by the shares of a sample if there is one, else by counts, which also change with the traffic. Without
/// calls now, errors are not known to be gone.
fn trend(errors: [u64; 2], sampled: [u64; 2], calls: [u64; 2]) -> Option<Trend> {
    let deviations = match errors {
        [0, _] => return (calls[0] > 0 || calls[1] == 0).then_some(Trend::Gone),
        [_, 0] => return Some(Trend::New),
        [now, before] if calls.contains(&0) || sampled == [0, 0] => deviations_of_counts(now, before),
        _ => deviations_of_shares(sampled, calls),
    };
    Some(match deviations {
        d if d > NOISE => Trend::Worse,
        d if d < -NOISE => Trend::Better,
        _ => Trend::Same,
    })
}

/// Difference of two Poisson counts in standard deviations.
fn deviations_of_counts(now: u64, before: u64) -> f64 {
    let (now, before) = (now as f64, before as f64);
    (now - before) / (now + before).max(1.0).sqrt()
}

/// Difference of two shares in standard deviations (two-proportion z-test).
fn deviations_of_shares(errors: [u64; 2], calls: [u64; 2]) -> f64 {
    let [now, before] = [0, 1].map(|at| errors[at] as f64 / calls[at] as f64);
    let all = (errors[0] + errors[1]) as f64 / (calls[0] + calls[1]) as f64;
    let spread = (all * (1.0 - all) * (1.0 / calls[0] as f64 + 1.0 / calls[1] as f64)).max(0.0).sqrt();
    if spread > 0.0 { (now - before) / spread } else { 0.0 }
}

#[cfg(test)]
mod tests;
