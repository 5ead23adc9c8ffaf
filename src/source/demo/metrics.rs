//! What the platform's metrics show of a run: samples for a scrape, exemplars, an alert, panels.

use std::collections::BTreeMap;

use super::recorder::{Recorder, SpanRef};
use crate::model::id::{SpanId, TraceId};
use crate::model::metric::{Alert, AlertState, Exemplar, Panel, Series};
use crate::model::time::{MINUTE, SECOND, Timestamp};

/// What a run adds to the metrics.
#[derive(Default)]
pub(super) struct SpellCheckTally {
    /// Storage references updated.
    pub(super) updates: u32,
    /// Storage references that could not be updated.
    pub(super) failures: u32,
    /// When the last of them failed.
    pub(super) failed_at: Option<i64>,
    /// The longest wait in the spell checker's queue.
    pub(super) lag_ns: i64,
    /// Spell checks done.
    pub(super) checks: Vec<SpellCheck>,
    /// Whether the assessment completed.
    pub(super) completed: bool,
}

/// One spell check: its span and when it was observed.
pub(super) struct SpellCheck {
    trace_id: TraceId,
    span_id: SpanId,
    ended: i64,
    duration_ns: i64,
}

impl SpellCheck {
    /// The check that this span is.
    pub(super) fn new(r: &Recorder, work: SpanRef) -> Self {
        let (trace_id, span_id) = r.span_ids(work);
        Self { trace_id, span_id, ended: work.to, duration_ns: work.to - work.from }
    }
}

/// What kind of metric a sample belongs to, in Prometheus' terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Goes up and down.
    Gauge,
    /// Only goes up; its samples end in `_total`.
    Counter,
    /// Its samples end in `_bucket`, `_sum` and `_count`.
    Histogram,
}

impl MetricKind {
    /// The word of the exposition format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// One sample as a service exposes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric family, without the suffix of its kind.
    pub family: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// The sample's own name, with suffix.
    pub name: String,
    /// Its labels.
    pub labels: Vec<(&'static str, String)>,
    /// Its value.
    pub value: f64,
    /// The trace it remembers.
    pub exemplar: Option<Exemplar>,
}

const DURATION: &str = "spell_checker_check_duration_seconds";
const BOUNDS: [f64; 5] = [0.05, 0.1, 0.25, 0.5, 1.0];

/// Every sample of the run.
pub(super) fn samples(tally: &SpellCheckTally) -> Vec<Sample> {
    let status = if tally.completed { "completed" } else { "in_progress" };
    let lag = seconds(tally.lag_ns);
    let mut all = vec![
        gauge("bos_batch_phase_status", vec![("phase", "cj_assessment".into()), ("status", status.into())], 1.0),
        counter("els_storage_reference_updates", tally.updates),
        counter("els_storage_reference_failures", tally.failures),
        gauge("spell_checker_queue_lag_seconds", vec![], lag),
    ];
    all.extend(histogram(&tally.checks));
    all
}

fn gauge(family: &'static str, labels: Vec<(&'static str, String)>, value: f64) -> Sample {
    Sample { family, kind: MetricKind::Gauge, name: family.to_owned(), labels, value, exemplar: None }
}

fn counter(family: &'static str, count: u32) -> Sample {
    let (name, value) = (format!("{family}_total"), f64::from(count));
    Sample { family, kind: MetricKind::Counter, name, labels: vec![], value, exemplar: None }
}

fn histogram(checks: &[SpellCheck]) -> Vec<Sample> {
    let sample = |suffix: &str, labels: Vec<(&'static str, String)>, value: f64, exemplar: Option<Exemplar>| Sample {
        family: DURATION,
        kind: MetricKind::Histogram,
        name: format!("{DURATION}_{suffix}"),
        labels,
        value,
        exemplar,
    };
    let mut below = f64::NEG_INFINITY;
    let mut all = vec![];
    for bound in BOUNDS.into_iter().chain([f64::INFINITY]) {
        let count = checks.iter().filter(|c| seconds(c.duration_ns) <= bound).count();
        let fresh = checks.iter().rev().find(|c| seconds(c.duration_ns) > below && seconds(c.duration_ns) <= bound);
        let text = if bound.is_finite() { format!("{bound:?}") } else { "+Inf".to_owned() };
        all.push(sample("bucket", vec![("le", text.clone())], count as f64, fresh.map(|c| exemplar(c, &text))));
        below = bound;
    }
    all.push(sample("count", vec![], checks.len() as f64, None));
    all.push(sample("sum", vec![], checks.iter().map(|c| seconds(c.duration_ns)).sum(), None));
    all
}

fn exemplar(check: &SpellCheck, bound: &str) -> Exemplar {
    Exemplar {
        metric: format!("{DURATION}_bucket"),
        labels: labels(&[("le", bound)]),
        trace_id: check.trace_id,
        span_id: Some(check.span_id),
        time: Timestamp(check.ended),
        value: seconds(check.duration_ns),
    }
}

/// The alert that a failed storage reference fires, without a service label: at the second evaluation after it.
pub(super) fn alerts(tally: &SpellCheckTally) -> Vec<Alert> {
    const NAME: &str = "StorageReferencePropagationFailure";
    const EVERY: i64 = 10 * SECOND;
    let alert = |failed_at: i64| {
        let from = Timestamp(failed_at - failed_at.rem_euclid(EVERY) + 2 * EVERY);
        let labels = labels(&[("alertname", NAME), ("severity", "critical")]);
        let to = from.plus(90 * SECOND);
        Alert { name: NAME.to_owned(), state: AlertState::Firing, service: None, from, to, ongoing: false, labels }
    };
    tally.failed_at.into_iter().map(alert).collect()
}

/// Two panels over the time around the run.
pub(super) fn panels(tally: &SpellCheckTally, origin: i64) -> Vec<Panel> {
    let failed = |at: i64| tally.failed_at.is_some_and(|failed| failed <= at);
    let failures = series(origin, |at| if failed(at) { f64::from(tally.failures) } else { 0.0 });
    let lag =
        series(
            origin,
            |at| if at < origin || at > origin + tally.lag_ns + MINUTE { 0.04 } else { seconds(tally.lag_ns) },
        );
    vec![
        panel("storage reference failures", "els_storage_reference_failures_total", failures),
        panel("spell checker queue lag", "spell_checker_queue_lag_seconds", lag),
    ]
}

fn panel(name: &str, query: &str, samples: Vec<(Timestamp, f64)>) -> Panel {
    let series = Series { labels: labels(&[("__name__", query)]), samples };
    Panel { name: name.to_owned(), query: query.to_owned(), series: vec![series], error: None }
}

fn series(origin: i64, value: impl Fn(i64) -> f64) -> Vec<(Timestamp, f64)> {
    const STEP: i64 = 15 * SECOND;
    let first = origin - origin.rem_euclid(STEP) - 5 * MINUTE;
    (0..30).map(|n| first + n * STEP).map(|at| (Timestamp(at), value(at))).collect()
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}
