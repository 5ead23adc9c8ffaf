//! The journeys that show an alert: with an error or an unusually slow span in its service and time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::AlertEpisode;
use crate::analysis::journey::errors::{self, JourneyError};
use crate::model::conventions::short_service;
use crate::model::filter::Filters;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};

/// Most journeys shown with an alert.
const EXAMPLES: usize = 3;
/// A span is slow if it took this many times the median of its operation: clearly more than everyday spread.
const SLOW: f64 = 3.0;
/// Calls from which a median is meaningful.
const ENOUGH: u32 = 10;

/// A journey that shows an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Example {
    /// Why it shows the alert.
    pub(crate) because: ExampleReason,
    /// Correlation ID or trace ID to show it by.
    pub(crate) id: String,
    /// The service.
    pub(crate) service: String,
    /// The operation; empty for a line without one.
    pub(crate) operation: String,
    /// Time of the error, or start of the span.
    pub(crate) time: Timestamp,
    /// Message of the error; empty for a slow span.
    pub(crate) error: String,
    /// Duration in nanoseconds; none for an error.
    pub(crate) took_ns: Option<i64>,
    /// Median duration of the operation, in nanoseconds; none for an error.
    pub(crate) usual_ns: Option<i64>,
    /// The trace.
    pub(crate) trace_id: Option<TraceId>,
    /// The span.
    pub(crate) span_id: Option<SpanId>,
}

/// Why a journey shows an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExampleReason {
    /// It has an error.
    Error,
    /// It has a slow span.
    Slow,
}

/// Collects the journeys that show alerts; a fold over journeys.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlertExamples {
    targets: Vec<AlertTarget>,
    usual: BTreeMap<(String, String), UsualDurations>,
}

/// What to look for, for one alert.
#[derive(Clone, Debug)]
struct AlertTarget {
    service: Option<String>,
    window: Window,
    near: Timestamp,
    words: BTreeSet<String>,
    /// Whether a journey of its time and service was read.
    read: bool,
    failed: Vec<Example>,
    /// The slowest of each operation.
    slowest: BTreeMap<String, Example>,
}

impl AlertExamples {
    /// For these alerts of a window.
    pub(crate) fn new(episodes: &[AlertEpisode], asked: Window) -> Self {
        let nowhere = Window::new(asked.from, asked.from);
        let target_of = |episode: &AlertEpisode| AlertTarget {
            service: episode.service.as_deref().map(|service| short_service(service).to_owned()),
            window: episode.example_window(asked).unwrap_or(nowhere),
            near: episode.since,
            words: words(&episode.name),
            read: false,
            failed: vec![],
            slowest: BTreeMap::new(),
        };
        Self { targets: episodes.iter().map(target_of).collect(), usual: BTreeMap::new() }
    }

    /// Adds a journey.
    pub(crate) fn add(&mut self, journey: &Journey, filters: &Filters) {
        let (Some(extent), Some(id)) = (journey.extent(), journey.handle()) else { return };
        let own = journey.spans.iter().zip(&journey.is_own).filter(|(span, own)| **own && span.has_sane_time());
        for (span, _) in own.clone() {
            let service = short_service(span.service());
            if self.targets.iter().any(|target| target.service.as_deref() == Some(service)) {
                let operation = (service.to_owned(), span.name.clone());
                self.usual.entry(operation).or_default().add(span.duration_ns);
            }
        }
        let touched = |target: &AlertTarget| target.window.from <= extent.to && extent.from < target.window.to;
        if !self.targets.iter().any(touched) {
            return;
        }
        let failures = errors::journey_errors(journey);
        for target in self.targets.iter_mut().filter(|target| touched(target)) {
            let is_its = |service: &str| target.service.as_deref().is_none_or(|its| short_service(service) == its);
            target.read |= journey.spans.iter().any(|span| is_its(span.service()));
            let shown = failures
                .iter()
                .filter(|failure| target.shows(failure) && filters.wants_service(&failure.place.service));
            if let Some(example) = shown.map(|failure| failed(&id, failure)).min_by_key(|example| target.rank(example))
            {
                target.failed.push(example);
                target.keep_best();
            }
            let Some(service) = target.service.clone() else { continue };
            for (span, _) in own.clone().filter(|(span, _)| short_service(span.service()) == service) {
                if target.window.contains(span.start) && !span.is_error() && filters.wants_span(span) {
                    target.slow(&id, span);
                }
            }
        }
    }

    /// Adds the examples to each alert: errors first, then the slowest spans.
    pub(crate) fn finish(self, episodes: &mut [AlertEpisode]) {
        for (episode, mut target) in episodes.iter_mut().zip(self.targets) {
            episode.journeys_read = target.read;
            target.prefer_matching_names();
            let usual = |example: &Example| {
                let calls = self.usual.get(&(short_service(&example.service).to_owned(), example.operation.clone()))?;
                calls.median().filter(|_| calls.count >= ENOUGH)
            };
            let slow = target.slowest.into_values().filter_map(|example| {
                let (usual, took) = (usual(&example)?, example.took_ns?);
                (took as f64 >= usual as f64 * SLOW).then_some(Example { usual_ns: Some(usual), ..example })
            });
            let mut slow: Vec<Example> = slow.collect();
            slow.sort_by(|a, b| Reverse(a.took_ns).cmp(&Reverse(b.took_ns)).then_with(|| a.cmp(b)));
            for example in target.failed.into_iter().chain(slow) {
                let is_new = episode.examples.iter().all(|known| known.id != example.id);
                if is_new && episode.examples.len() < EXAMPLES {
                    episode.examples.push(example);
                }
            }
        }
    }
}

impl AlertTarget {
    /// Examples that share words with the alert's name come first, then those nearest to its start.
    fn rank(&self, example: &Example) -> (Reverse<usize>, u64, Example) {
        let said = words(&format!("{} {} {}", example.service, example.operation, example.error));
        let far = example.time.since(self.near).unsigned_abs();
        (Reverse(said.intersection(&self.words).count()), far, example.clone())
    }

    /// For an alert without a service keeps only the examples that share words with its name, if there are any.
    fn prefer_matching_names(&mut self) {
        let shared = |example: &&Example| self.rank(example).0.0 > 0;
        let matching: Vec<Example> = self.failed.iter().filter(shared).cloned().collect();
        if self.service.is_none() && !matching.is_empty() {
            self.failed = matching;
        }
    }

    fn keep_best(&mut self) {
        let mut failed = std::mem::take(&mut self.failed);
        failed.sort_by_cached_key(|example| self.rank(example));
        failed.truncate(EXAMPLES);
        self.failed = failed;
    }

    fn shows(&self, failure: &JourneyError) -> bool {
        let is_its = |service: &str| self.service.as_deref().is_none_or(|its| short_service(service) == its);
        let somewhere =
            is_its(&failure.place.service) || failure.failed_callers.iter().any(|place| is_its(&place.service));
        somewhere && self.window.contains(failure.time)
    }

    fn slow(&mut self, id: &str, span: &Span) {
        let known = self.slowest.get(&span.name);
        let is_slower = known.is_none_or(|known| {
            (known.took_ns, Reverse(&known.id)) < (Some(span.duration_ns), Reverse(&id.to_owned()))
        });
        if is_slower {
            self.slowest.insert(span.name.clone(), slow(id, span));
        }
    }
}

/// The words of a name in lower case, without short ones and those that every alert or error has.
fn words(text: &str) -> BTreeSet<String> {
    const COMMON: [&str; 12] = [
        "alert",
        "error",
        "errors",
        "exception",
        "failed",
        "failing",
        "failure",
        "failures",
        "high",
        "rate",
        "service",
        "with",
    ];
    let mut spaced = String::new();
    for c in text.chars() {
        if c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.extend(c.to_lowercase());
    }
    let all = spaced.split(|c: char| !c.is_alphanumeric());
    all.filter(|word| word.len() > 3 && !COMMON.contains(word)).map(str::to_owned).collect()
}

fn failed(id: &str, failure: &JourneyError) -> Example {
    Example {
        because: ExampleReason::Error,
        id: id.to_owned(),
        service: failure.place.service.clone(),
        operation: failure.place.operation.clone(),
        time: failure.time,
        error: failure.message.clone(),
        took_ns: None,
        usual_ns: None,
        trace_id: failure.trace_id,
        span_id: failure.span_id,
    }
}

fn slow(id: &str, span: &Span) -> Example {
    Example {
        because: ExampleReason::Slow,
        id: id.to_owned(),
        service: span.service().to_owned(),
        operation: span.name.clone(),
        time: span.start,
        error: String::new(),
        took_ns: Some(span.duration_ns),
        usual_ns: None,
        trace_id: Some(span.trace_id),
        span_id: Some(span.span_id),
    }
}

/// Durations of an operation in buckets of an eighth of a doubling: within 9 %, enough for a factor of three, and of bounded
/// size.
#[derive(Clone, Debug, Default)]
struct UsualDurations {
    count: u32,
    buckets: BTreeMap<i32, u32>,
}

impl UsualDurations {
    fn add(&mut self, ns: i64) {
        let bucket = ((ns.max(1) as f64).log2() * 8.0).ceil() as i32;
        self.count = self.count.saturating_add(1);
        *self.buckets.entry(bucket).or_default() += 1;
    }

    fn median(&self) -> Option<i64> {
        let mut below = 0_u32;
        let middle = self.count.div_ceil(2);
        let found = self.buckets.iter().find(|(_, count)| {
            below = below.saturating_add(**count);
            below >= middle
        });
        found.map(|(bucket, _)| (f64::from(*bucket) / 8.0).exp2() as i64)
    }
}
