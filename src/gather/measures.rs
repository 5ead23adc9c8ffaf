//! Asking Prometheus for metrics that are made of spans, whoever made them: which there are is found out by their names.

use std::collections::BTreeMap;

use crate::backend::failure::Failure;
use crate::backend::prometheus::{Prometheus, Told};
use crate::gather::metrics::remarks;
use crate::model::evidence::{Note, Source};
use crate::model::measure::{Edge, Histogram, Measure, Measured};
use crate::model::metric::Series;
use crate::model::span::SpanKind;
use crate::model::time::{SECOND, Window};

/// Nanoseconds in a second, and in a millisecond.
const SECONDS: f64 = 1e9;
const MILLIS: f64 = 1e6;

/// Metrics that one producer makes.
struct Family {
    /// The counter of calls.
    calls: &'static str,
    /// A counter of its own for what failed, where the calls have no status.
    errors: Option<&'static str>,
    /// Histograms of lengths, with their unit in nanoseconds.
    lengths: &'static [(&'static str, f64)],
}

/// The known ones, in the order in which they are looked for: those first whose names can mean nothing else.
const FAMILIES: [Family; 9] = [
    family("traces_span_metrics_calls_total", CONNECTOR),
    family("traces_span_metrics_calls", CONNECTOR),
    family("traces_spanmetrics_calls_total", TEMPO),
    family(
        "spanmetrics_calls_total",
        &[("spanmetrics_duration_milliseconds_bucket", MILLIS), ("spanmetrics_latency_bucket", MILLIS)],
    ),
    family(
        "span_metrics_calls_total",
        &[("span_metrics_duration_milliseconds_bucket", MILLIS), ("span_metrics_duration_seconds_bucket", SECONDS)],
    ),
    family("calls_total", BARE),
    family("calls", BARE),
    Family { calls: "span_total", errors: Some("span_errors_total"), lengths: SPAN },
    Family { calls: "spans_total", errors: Some("spans_errors_total"), lengths: SPAN },
];

const CONNECTOR: &[(&str, f64)] = &[
    ("traces_span_metrics_duration_milliseconds_bucket", MILLIS),
    ("traces_span_metrics_duration_seconds_bucket", SECONDS),
    ("traces_span_metrics_duration_bucket", MILLIS),
];
const TEMPO: &[(&str, f64)] =
    &[("traces_spanmetrics_latency_bucket", SECONDS), ("traces_spanmetrics_duration_seconds_bucket", SECONDS)];
const BARE: &[(&str, f64)] = &[
    ("duration_milliseconds_bucket", MILLIS),
    ("duration_seconds_bucket", SECONDS),
    ("duration_bucket", MILLIS),
    ("latency_bucket", MILLIS),
];
const SPAN: &[(&str, f64)] = &[
    ("span_duration_seconds_bucket", SECONDS),
    ("span_duration_milliseconds_bucket", MILLIS),
    ("span_latency_bucket", MILLIS),
];

const fn family(calls: &'static str, lengths: &'static [(&'static str, f64)]) -> Family {
    Family { calls, errors: None, lengths }
}

/// Who called whom, as service graphs count it.
const GRAPH_CALLS: &str = "traces_service_graph_request_total";
const GRAPH_ERRORS: &str = "traces_service_graph_request_failed_total";
const GRAPH_LENGTHS: &str = "traces_service_graph_request_server_seconds_bucket";

/// Labels by which spans are told apart, however the producer calls them; the first that a series has counts.
const SERVICE: [&str; 3] = ["service_name", "exported_service_name", "service"];
const OPERATION: [&str; 3] = ["span_name", "operation", "span_operation"];
const KIND: [&str; 2] = ["span_kind", "kind"];
const STATUS: [&str; 2] = ["status_code", "status"];

/// What is measured of all spans in this window, with remarks; none where no known metric is there.
pub async fn measures(prometheus: &Prometheus<'_>, window: Window) -> Result<(Option<Measured>, Vec<Note>), Failure> {
    let names = prometheus.names(&pattern(), window).await?;
    let mut notes = remarks(&names);
    let has = |name: &str| names.data.iter().any(|known| known == name);
    let Some(family) = FAMILIES.iter().find(|family| has(family.calls)) else { return Ok((None, notes)) };
    let by = [&SERVICE[..], &OPERATION, &KIND, &STATUS].concat();
    let in_buckets = [&SERVICE[..], &OPERATION, &KIND, &["le"]].concat();
    let lengths = family.lengths.iter().find(|(name, _)| has(name));
    let (calls, errors, buckets, graph) = tokio::join!(
        risen(prometheus, Some(family.calls), &by, window),
        risen(prometheus, family.errors.filter(|name| has(name)), &by, window),
        risen(prometheus, lengths.map(|(name, _)| *name), &in_buckets, window),
        graph(prometheus, &has, window),
    );
    let (calls, errors, buckets, (edges, remarked)) = (calls?, errors?, buckets?, graph?);
    for told in [&calls, &errors, &buckets] {
        notes.extend(remarks(told));
    }
    notes.extend(remarked);
    let unit = lengths.map_or(1.0, |(_, unit)| *unit);
    let measures = table(&calls.data, &errors.data, &buckets.data, unit);
    let metric = family.calls.to_owned();
    Ok((Some(Measured { source: Source::Prometheus, metric, measures, edges }), notes))
}

/// Every name that is known, as one expression.
fn pattern() -> String {
    let of = |family: &Family| -> Vec<&'static str> {
        [family.calls].into_iter().chain(family.errors).chain(family.lengths.iter().map(|(name, _)| *name)).collect()
    };
    let names = FAMILIES.iter().flat_map(of).chain([GRAPH_CALLS, GRAPH_ERRORS, GRAPH_LENGTHS]);
    names.collect::<Vec<_>>().join("|")
}

/// By how much a counter rose in the window, by these labels; nothing where there is no such counter.
async fn risen(
    prometheus: &Prometheus<'_>,
    metric: Option<&str>,
    by: &[&str],
    window: Window,
) -> Result<Told, Failure> {
    let Some(metric) = metric else { return Ok(Told::default()) };
    let seconds = (window.length() / SECOND).max(1);
    let promql = format!("sum by ({}) (increase({metric}[{seconds}s]))", by.join(", "));
    prometheus.instant(&promql, window.to).await
}

/// The edges of a service graph, where one is measured.
async fn graph(
    prometheus: &Prometheus<'_>,
    has: &impl Fn(&str) -> bool,
    window: Window,
) -> Result<(Vec<Edge>, Vec<Note>), Failure> {
    let by = ["client", "server", "connection_type"];
    let in_buckets = [&by[..], &["le"]].concat();
    let there = |name: &'static str| Some(name).filter(|name| has(name));
    let (calls, errors, buckets) = tokio::join!(
        risen(prometheus, there(GRAPH_CALLS), &by, window),
        risen(prometheus, there(GRAPH_ERRORS), &by, window),
        risen(prometheus, there(GRAPH_LENGTHS), &in_buckets, window),
    );
    let (calls, errors, buckets) = (calls?, errors?, buckets?);
    let notes = [&calls, &errors, &buckets].into_iter().flat_map(remarks).collect();
    let key = |series: &Series| by.map(|label| label_of(series, &[label]).to_owned());
    let mut edges: BTreeMap<[String; 3], Edge> = BTreeMap::new();
    for series in &calls.data {
        let [client, server, connection] = key(series);
        let edge = edges.entry(key(series)).or_insert_with(|| Edge { client, server, connection, ..Edge::default() });
        edge.calls += value(series);
    }
    for series in &errors.data {
        edges.entry(key(series)).and_modify(|edge| edge.errors += value(series));
    }
    let mut lengths: BTreeMap<[String; 3], Vec<(f64, f64)>> = BTreeMap::new();
    for series in &buckets.data {
        lengths.entry(key(series)).or_default().extend(bucket(series, SECONDS));
    }
    for (key, buckets) in lengths {
        edges.entry(key).and_modify(|edge| edge.lengths = Histogram::of(buckets));
    }
    Ok((edges.into_values().filter(|edge| edge.calls > 0.0).collect(), notes))
}

type Key = (String, String, Option<SpanKind>);

fn table(calls: &[Series], errors: &[Series], buckets: &[Series], unit: f64) -> Vec<Measure> {
    let mut measures: BTreeMap<Key, Measure> = BTreeMap::new();
    for series in calls {
        let (service, operation, kind) = key(series);
        let new = || Measure { service, operation, kind, ..Measure::default() };
        let measure = measures.entry(key(series)).or_insert_with(new);
        measure.calls += value(series);
        if is_failed(series) {
            measure.errors += value(series);
        }
    }
    for series in errors {
        measures.entry(key(series)).and_modify(|measure| measure.errors += value(series));
    }
    let mut lengths: BTreeMap<Key, BTreeMap<u64, (f64, f64)>> = BTreeMap::new();
    for series in buckets {
        if let Some((bound, count)) = bucket(series, unit) {
            let sums = lengths.entry(key(series)).or_default();
            sums.entry(bound.to_bits()).or_insert((bound, 0.0)).1 += count;
        }
    }
    for (key, sums) in lengths {
        measures.entry(key).and_modify(|measure| measure.lengths = Histogram::of(sums.into_values()));
    }
    measures.into_values().filter(|measure| measure.calls > 0.0 && !measure.service.is_empty()).collect()
}

fn key(series: &Series) -> Key {
    let kind = label_of(series, &KIND);
    let kind = kind.strip_prefix("SPAN_KIND_").unwrap_or(kind);
    let kind = (!kind.is_empty()).then(|| SpanKind::from_word(kind));
    (label_of(series, &SERVICE).to_owned(), label_of(series, &OPERATION).to_owned(), kind)
}

fn is_failed(series: &Series) -> bool {
    let status = label_of(series, &STATUS);
    status == "STATUS_CODE_ERROR" || status.eq_ignore_ascii_case("error")
}

fn label_of<'a>(series: &'a Series, names: &[&str]) -> &'a str {
    let told = names.iter().filter_map(|name| series.labels.get(*name)).find(|value| !value.is_empty());
    told.map_or("", String::as_str)
}

/// What the series says; what is no number says nothing.
fn value(series: &Series) -> f64 {
    series.samples.last().map_or(0.0, |(_, value)| *value).max(0.0)
}

fn bucket(series: &Series, unit: f64) -> Option<(f64, f64)> {
    let bound: f64 = series.labels.get("le")?.parse().ok()?;
    Some((bound * unit, value(series)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn series(labels: &[(&str, &str)], value: f64) -> Series {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Series { labels, samples: vec![(Timestamp(0), value)] }
    }

    #[test]
    fn whoever_made_the_metric_its_labels_are_understood() {
        let connector = [("service_name", "a"), ("span_name", "GET /x"), ("span_kind", "SPAN_KIND_SERVER")];
        let with = |more: (&'static str, &'static str)| [&connector[..], &[more]].concat();
        let calls = [
            series(&with(("status_code", "STATUS_CODE_UNSET")), 8.0),
            series(&with(("status_code", "STATUS_CODE_ERROR")), 2.0),
            series(&[("service", "b"), ("operation", "send"), ("status_code", "ERROR")], 3.0),
            series(&[("service", "c"), ("service_name", ""), ("span_name", "silent")], 0.0),
            series(&[("service", "d"), ("span_name", "odd")], f64::NAN),
        ];
        let errors = [series(&[("service", "nobody")], 4.0)];
        let buckets = [
            series(&with(("le", "0.1")), 6.0),
            series(&with(("le", "+Inf")), 10.0),
            series(&with(("le", "no bound")), 10.0),
        ];
        let told = table(&calls, &errors, &buckets, SECONDS);
        let rows: Vec<_> =
            told.iter().map(|m| (m.service.as_str(), m.operation.as_str(), m.kind, m.calls, m.errors)).collect();
        assert_eq!(rows, [("a", "GET /x", Some(SpanKind::Server), 10.0, 2.0), ("b", "send", None, 3.0, 3.0)]);
        assert_eq!(told[0].lengths.quantile(0.5).map(|e| (e.low_ns, e.high_ns)), Some((0, Some(100_000_000))));
        assert_eq!(told[0].lengths.quantile(0.9).map(|e| (e.low_ns, e.high_ns)), Some((100_000_000, None)));
        assert!(told[1].lengths.quantile(0.5).is_none());
    }
}
