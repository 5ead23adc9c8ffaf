//! Where errors come from: services × operations × kinds of error, counted, and against the time before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::errors::ErrorPlace;
use crate::analysis::stats::masking::{cluster_counts, mask_message};
use crate::analysis::window::occurrences::{self, ErrorRole, ErrorSource};
use crate::model::filter::Filters;
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::log::CutLines;
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};

mod lines;
pub mod totals;

/// So many templates are kept of a row; what comes later and is new is only counted.
const TEMPLATES: usize = 500;
/// How many examples a row has.
const EXAMPLES: usize = 2;
/// Beyond so many standard deviations a difference is no noise: of twenty screens of twenty rows, one shows one all the
/// same.
const NOISE: f64 = 3.0;

/// What of the journeys is counted.
#[derive(Clone, Debug, Default)]
pub struct ErrorScope {
    /// The time that is asked about; none where all is.
    pub window: Option<Window>,
    /// The time it is compared with.
    pub before: Option<Window>,
    /// Traces that came whatever they hold, so that shares can be taken of them; none where all did.
    pub sample: Option<HashSet<TraceId>>,
    /// Of whom error lines were cut, in either time: what only lines tell of them has no trend.
    pub cut_lines: CutLines,
}

/// In which of the two times something lies.
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

    /// Whether this instant is in the time that is asked about.
    pub fn is_in_window(&self, at: Timestamp) -> bool {
        self.time(at) == Some(Time::Now)
    }

    fn is_sampled(&self, trace: TraceId) -> bool {
        self.sample.as_ref().is_none_or(|sample| sample.contains(&trace))
    }
}

/// Whether the time before tells anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorComparison {
    /// Nobody looked at it.
    #[default]
    NotLooked,
    /// It could not be asked about.
    NotTold,
    /// Nothing at all was recorded then, neither good nor bad: to call an error new would say too much.
    NothingRecorded,
    /// It tells what was there before.
    Told,
}

/// How it is against the time before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// It was not there before.
    New,
    /// More than noise explains.
    Worse,
    /// As before.
    Same,
    /// Less than noise explains.
    Better,
    /// It was there before and is no more.
    Gone,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Hotspot {
    /// Where; no operation where only lines without one tell of it.
    #[serde(flatten)]
    pub place: ErrorPlace,
    /// The kind of error; empty where none is told.
    pub error_type: String,
    /// Whether these errors are their own, or caused by others.
    pub part: ErrorRole,
    /// Whether only lines tell of it.
    pub lines_only: bool,
    /// How many errors.
    pub errors: u64,
    /// Whether there may be more: what was read is all that is known, and no metric counts it.
    pub at_least: bool,
    /// How many of them were made good.
    pub recovered: u64,
    /// Of how many calls the share was taken; 0 where only lines tell of it.
    pub calls: u64,
    /// Which part of these calls failed so; none without calls.
    pub share: Option<f64>,
    /// How many errors there were in the time before; none where that was not looked at, or not as a whole.
    pub errors_before: Option<u64>,
    /// Against the time before.
    pub trend: Option<Trend>,
    /// How many of the errors were read: what follows rests on them, and where metrics count, so does the kind.
    pub read: u64,
    /// When the first of these was seen; none where none was read.
    pub first_seen: Option<Timestamp>,
    /// When the last was.
    pub last_seen: Option<Timestamp>,
    /// IDs of the newest journeys with it.
    pub examples: Vec<String>,
    /// What is said most often, with its variable parts masked.
    pub message: String,
    /// How often that is said.
    pub message_count: u64,
    /// How many other messages there are.
    pub other_messages: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct HotspotKey {
    place: ErrorPlace,
    error_type: String,
    part: ErrorRole,
    lines_only: bool,
    /// What it says, masked, where only lines tell of it and name no kind: that is its kind then. Else empty.
    said: String,
}

/// What is counted of one row.
#[derive(Clone, Debug, Default)]
struct HotspotTally {
    errors: u64,
    before: u64,
    sampled: [u64; 2],
    recovered: u64,
    seen: Option<Window>,
    examples: Vec<(Timestamp, String)>,
    templates: BTreeMap<String, u64>,
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct HotspotFold {
    scope: ErrorScope,
    rows: BTreeMap<HotspotKey, HotspotTally>,
    calls: BTreeMap<ErrorPlace, [u64; 2]>,
    /// How many different things lines say that name no kind.
    said: BTreeMap<ErrorPlace, usize>,
    /// Error lines of each service that were read, those beside spans as well.
    error_lines: BTreeMap<String, u64>,
    /// Whether any span, and whether any line, was recorded in the time before: one says nothing of the other.
    before: RecordedBefore,
}

#[derive(Clone, Copy, Debug, Default)]
struct RecordedBefore {
    spans: bool,
    lines: bool,
}

impl HotspotFold {
    /// Of this scope, which must be known before the first journey.
    pub fn new(scope: ErrorScope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// Adds a journey.
    pub fn add(&mut self, journey: &Journey, filters: &Filters) {
        self.count_calls(journey, filters);
        let is_before = |time| self.scope.time(time) == Some(Time::Before);
        self.before.spans = self.before.spans || journey.spans.iter().map(Span::counted_at).any(is_before);
        self.before.lines = self.before.lines || journey.logs.iter().any(|line| is_before(line.time));
        let handle = journey.handle();
        for line in journey.logs.iter().filter(|line| line.is_error() && self.scope.is_in_window(line.time)) {
            *self.error_lines.entry(line.service.clone()).or_default() += 1;
        }
        for error in occurrences::occurrences(journey) {
            let is_wanted = match error.source {
                ErrorSource::Span(span, _) => filters.wants_span(span),
                ErrorSource::Line(line) => filters.wants_line(line) && !filters.are_about_spans(),
            };
            let Some(time) = self.scope.time(error.counted_at()).filter(|_| is_wanted) else { continue };
            let lines_only = matches!(error.source, ErrorSource::Line(_));
            let message = mask_message(&error.message());
            let (place, error_type) = (error.place(), error.kind());
            let is_told_apart = lines_only && error_type.is_empty();
            let mut key = HotspotKey { place, error_type, part: error.part, lines_only, said: String::new() };
            if is_told_apart {
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
                    tally.recovered += u64::from(error.recovered);
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

    /// How many calls were counted in the time that is asked about, and in the time before.
    pub fn counted(&self) -> [u64; 2] {
        self.calls.values().fold([0, 0], |all, calls| [0, 1].map(|at: usize| all[at].saturating_add(calls[at])))
    }

    /// Whether the time before tells anything.
    pub fn compared(&self) -> ErrorComparison {
        match (self.scope.before, self.before.spans || self.before.lines) {
            (None, _) => ErrorComparison::NotLooked,
            (Some(_), false) => ErrorComparison::NothingRecorded,
            (Some(_), true) => ErrorComparison::Told,
        }
    }

    /// The rows: origins first, what is there before what is gone, the most errors that were not made good first.
    pub fn rows(self) -> Vec<Hotspot> {
        let row = |(key, tally): (HotspotKey, HotspotTally)| {
            let calls = self.calls.get(&key.place).copied().unwrap_or_default();
            let is_cut = key.lines_only && self.scope.cut_lines.holds(&key.place.service);
            let recorded = if key.lines_only { self.before.lines } else { self.before.spans };
            let compared = recorded && !is_cut;
            tally.row(key, calls, compared && self.scope.before.is_some())
        };
        in_order(lines::merge_similar(self.rows).into_iter().map(row).collect())
    }
}

fn in_order(mut rows: Vec<Hotspot>) -> Vec<Hotspot> {
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)));
    rows
}

fn rank(row: &Hotspot) -> impl Ord + '_ {
    let kept = row.errors.saturating_sub(row.recovered);
    (
        row.part == ErrorRole::PassedOn,
        row.errors == 0,
        Reverse(kept),
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

    fn row(self, key: HotspotKey, calls: [u64; 2], compared: bool) -> Hotspot {
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
            recovered: self.recovered,
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

/// How these errors are against those before; better told by the shares of a sample than by counts. Where nothing was
/// called any more, nobody can say that they are gone.
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

/// By how many standard deviations two counts of rare things differ.
fn deviations_of_counts(now: u64, before: u64) -> f64 {
    let (now, before) = (now as f64, before as f64);
    (now - before) / (now + before).max(1.0).sqrt()
}

/// By how many two shares do.
fn deviations_of_shares(errors: [u64; 2], calls: [u64; 2]) -> f64 {
    let [now, before] = [0, 1].map(|at| errors[at] as f64 / calls[at] as f64);
    let all = (errors[0] + errors[1]) as f64 / (calls[0] + calls[1]) as f64;
    let spread = (all * (1.0 - all) * (1.0 / calls[0] as f64 + 1.0 / calls[1] as f64)).max(0.0).sqrt();
    if spread > 0.0 { (now - before) / spread } else { 0.0 }
}

#[cfg(test)]
mod tests;
