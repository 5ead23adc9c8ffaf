//! Figures from metrics that are made from spans: calls, errors and durations, and calls between services.

use std::collections::BTreeMap;

use crate::gather::metric_families::{DurationUnit, FamilyLabels, MetricFamily, MetricFigures, families};
use crate::gather::metrics::notes_of;
use crate::model::advice::Advice;
use crate::model::evidence::{Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::measure::{Histogram, Measure, Measured, MeasuredEdge};
use crate::model::metric::Series;
use crate::model::source::Source;
use crate::model::span::SpanKind;
use crate::model::time::{Human, SECOND, Timestamp, Window};
use crate::source::failure::Failure;
use crate::source::role::{MetricSource, SeriesReply, step_seconds};

/// Calls between services, as service graphs count them.
const GRAPH_CALLS: &str = "traces_service_graph_request_total";
const GRAPH_ERRORS: &str = "traces_service_graph_request_failed_total";
const GRAPH_LENGTHS: &str = "traces_service_graph_request_server_seconds_bucket";
const GRAPH_LABELS: [&str; 3] = ["client", "server", "connection_type"];

/// The figures, with the family they are from; none where no such metric counted a call.
pub(crate) struct SpanMetrics {
    /// What was measured, and by which metrics.
    pub(crate) measured: Option<(Measured, MetricFamily)>,
    /// What is to be remarked.
    pub(crate) notes: Vec<Note>,
}

/// What is measured in this window of the spans that are wanted: by the first known family that counted any.
pub(crate) async fn measures(
    source: &dyn MetricSource,
    figures: MetricFigures,
    filters: &Filters,
    window: Window,
) -> Result<SpanMetrics, Failure> {
    let (families, mut notes) = families(source, figures, window).await?;
    let mut left = families.into_iter();
    while let Some(family) = left.next() {
        let (measured, remarked) = of_family(source, &family, figures, filters, window).await?;
        notes.extend(remarked);
        if !measured.measures.is_empty() {
            notes.extend(beside(source, left.as_slice(), window).await);
            return Ok(SpanMetrics { measured: Some((measured, family)), notes });
        }
    }
    Ok(SpanMetrics { measured: None, notes })
}

/// What this family tells of the spans that are wanted.
pub(crate) async fn of_family(
    source: &dyn MetricSource,
    family: &MetricFamily,
    figures: MetricFigures,
    filters: &Filters,
    window: Window,
) -> Result<(Measured, Vec<Note>), Failure> {
    let labels = &family.labels;
    let of = |metric: &str| family.selector(metric, filters);
    // Where calls tell how they ended, a counter of errors would count them again.
    let errors = family.errors.as_deref().filter(|_| labels.status.is_empty()).map(of);
    let lengths = family.lengths.as_ref().filter(|_| figures == MetricFigures::Durations);
    let calls = of(&family.calls);
    let all = family.selector(&family.calls, &Filters::default());
    let (known, mut notes) = known_before(source, &family.calls, &all, window).await?;
    let (by, in_buckets) = (labels.of_calls(), labels.of_lengths());
    let (calls, errors, buckets, ended) = tokio::join!(
        counted(source, Some(&calls), &by, known, window),
        counted(source, errors.as_deref(), &by, known, window),
        risen(source, lengths.map(|lengths| of(&lengths.name)), &in_buckets, window),
        ended(source, &family.calls, &all, window),
    );
    let (calls, errors, mut buckets) = (calls?, errors?, buckets?);
    if !calls.reply.data.is_empty() {
        notes.extend(ended);
    }
    if let Some(new) = lengths.and_then(|lengths| family.those(&lengths.name, &calls.new)) {
        match source.instant(&born(&new, &in_buckets, known, window), window.to).await {
            Ok(reply) => {
                notes.extend(notes_of(source.backend(), &reply));
                buckets.data.extend(reply.data);
            }
            Err(failure) => notes.push(not_whole(source.backend(), &failure)),
        }
    }
    notes.extend(calls.note.into_iter().chain(errors.note));
    let (calls, errors) = (calls.reply, errors.reply);
    notes.extend([&calls, &errors, &buckets].into_iter().flat_map(|reply| notes_of(source.backend(), reply)));
    let bounds = buckets.data.iter().filter_map(|series| series.labels.get("le")?.parse::<f64>().ok());
    let unit = lengths.and_then(|lengths| lengths.unit).unwrap_or_else(|| DurationUnit::of_bounds(bounds));
    let table = MeasureTable { labels, unit };
    let nameless: f64 = calls.data.iter().filter(|series| table.key(series).0.is_empty()).map(value).sum();
    if nameless >= 0.5 {
        let said =
            format!("{nameless:.0} calls name no service and are not in: a collector's limit on series may do that");
        notes.push(Note::new(NoteCode::Info, source.backend(), said));
    }
    if labels.status.is_empty() && family.errors.is_none() {
        let said = format!("{} does not tell how calls ended: errors are not known", family.calls);
        notes.push(Note::new(NoteCode::Info, source.backend(), said));
    }
    let mut measures = table.of(&calls.data, &errors.data, &buckets.data);
    measures.retain(|measure| filters.wants_operation(&measure.service, &measure.operation));
    Ok((Measured { source: source.backend(), metric: family.calls.clone(), measures, edges: vec![] }, notes))
}

/// That others count spans as well, as of now: theirs are not added, for they may be the same spans.
async fn beside(source: &dyn MetricSource, others: &[MetricFamily], window: Window) -> Option<Note> {
    let names: Vec<&str> = others.iter().map(|family| family.calls.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let query = format!("count by (__name__) ({{__name__=~\"{}\"}})", names.join("|"));
    let reply = source.instant(&query, window.to).await.ok()?;
    let names: Vec<&str> =
        reply.data.iter().filter_map(|series| series.labels.get("__name__")).map(String::as_str).collect();
    let said = format!("{} counts spans as well and was not read", names.join(", "));
    (!names.is_empty()).then(|| Note::new(NoteCode::Info, source.backend(), said))
}

/// When it is looked what was counted before, in seconds before the end of the window: what is new since began at zero.
type KnownOffsets = [i64; 3];

/// Seconds before the window at which a series is looked for as well: a scrape that failed at its start makes no series
/// new.
const EARLIER: [i64; 3] = [0, 900, 3_600];

/// Since when the metric is read. Of one that is only read since some time in the window, what was there at once may be of
/// any age.
async fn known_before(
    source: &dyn MetricSource,
    metric: &str,
    selector: &str,
    window: Window,
) -> Result<(KnownOffsets, Vec<Note>), Failure> {
    let edges = EARLIER.map(|earlier| seconds(window) + earlier);
    let reply = source.instant(&format!("count({})", known(selector, edges)), window.to).await?;
    if !reply.data.is_empty() {
        return Ok((edges, vec![]));
    }
    let Some(since) = first_read(source, selector, window).await? else { return Ok((edges, vec![])) };
    let length = window.to.since(since);
    let said = format!(
        "{metric} is there for the last {} of this time only: what it had counted before is not in",
        Human(length)
    );
    let note = Note::new(NoteCode::Info, source.backend(), said);
    Ok(([(length / SECOND).max(1); 3], vec![note]))
}

/// That the metric was read no more at the end of the window: what came since is not counted.
async fn ended(source: &dyn MetricSource, metric: &str, selector: &str, window: Window) -> Option<Note> {
    let query = format!("count({selector})");
    let reply = source.instant(&query, window.to).await.ok()?;
    if !reply.data.is_empty() {
        return None;
    }
    let reply = source.range(&query, window).await.ok()?;
    let last = times(&reply).max()?;
    let said = format!(
        "{metric} was read no more for the last {} of this time at least: nothing came, or it is not counted",
        Human(window.to.since(last))
    );
    Some(Note::new(NoteCode::Info, source.backend(), said).with_actions(Advice::CheckScraping))
}

/// When the metric was first read in this window, to a few seconds: in steps that get finer around it.
async fn first_read(
    source: &dyn MetricSource,
    selector: &str,
    mut window: Window,
) -> Result<Option<Timestamp>, Failure> {
    let query = format!("count({selector})");
    let mut found = None;
    loop {
        let step = step_seconds(window) * SECOND;
        let reply = source.range(&query, window).await?;
        found = times(&reply).min().or(found);
        // Younger than the last step, or between two of them.
        let upto = found.unwrap_or(window.to);
        if step <= FINEST {
            return Ok(found);
        }
        window = Window::new(upto.plus(-step).max(window.from), upto);
    }
}

/// When there was anything.
fn times(reply: &SeriesReply) -> impl Iterator<Item = Timestamp> + '_ {
    reply.data.iter().flat_map(|series| &series.samples).map(|(time, _)| *time)
}

/// The finest step: half of the shortest scrape interval in common use, 10 s, so that none is skipped.
const FINEST: i64 = 5 * SECOND;

/// The series that were read at one of these times.
fn known(selector: &str, edges: KnownOffsets) -> String {
    let mut edges = edges.to_vec();
    edges.dedup();
    edges.into_iter().map(|edge| format!("{selector} offset {edge}s")).collect::<Vec<_>>().join(" or ")
}

/// By how much a counter rose in the window, by these labels; empty without such a counter.
async fn risen(
    source: &dyn MetricSource,
    selector: Option<String>,
    by: &[&str],
    window: Window,
) -> Result<SeriesReply, Failure> {
    let Some(selector) = selector else { return Ok(SeriesReply::default()) };
    let promql = format!("sum by ({}) (increase({selector}[{}s]))", by.join(", "), seconds(window));
    source.instant(&promql, window.to).await
}

/// The increase of a counter.
#[derive(Default)]
struct CounterIncrease {
    reply: SeriesReply,
    /// What of it is new in the window.
    new: Vec<Series>,
    note: Option<Note>,
}

/// The same, and what is new in the window from zero: of an error that came once `increase()` tells nothing. Where it
/// cannot be had, that is remarked.
async fn counted(
    source: &dyn MetricSource,
    selector: Option<&str>,
    by: &[&str],
    known: KnownOffsets,
    window: Window,
) -> Result<CounterIncrease, Failure> {
    let Some(selector) = selector else { return Ok(CounterIncrease::default()) };
    let born = born(selector, by, known, window);
    let (risen, born) =
        tokio::join!(risen(source, Some(selector.to_owned()), by, window), source.instant(&born, window.to));
    let mut reply = risen?;
    match born {
        Ok(born) => {
            reply.data.extend(born.data.iter().cloned());
            Ok(CounterIncrease { reply, new: born.data, note: None })
        }
        Err(failure) => Ok(CounterIncrease {
            reply,
            note: Some(not_whole(source.backend(), &failure)),
            ..CounterIncrease::default()
        }),
    }
}

fn not_whole(backend: Source, failure: &Failure) -> Note {
    let said = format!("what is new in this time is not counted whole: {}", failure.message);
    Note::new(NoteCode::Partial, backend, said)
}

/// What `increase()` leaves out of series that are new in the window, of any instance: their first value.
fn born(selector: &str, by: &[&str], edges: KnownOffsets, window: Window) -> String {
    let (by, length) = (by.join(", "), seconds(window));
    let last = format!("last_over_time({selector}[{length}s])");
    let known = known(selector, edges);
    format!(
        "sum by ({by}) ((({last} unless on ({by}) ({known})) - (increase({selector}[{length}s]) or 0 * {last})) > 0)"
    )
}

fn seconds(window: Window) -> i64 {
    (window.length() / SECOND).max(1)
}

/// The calls between services in this window, where a service graph counts them.
pub(crate) async fn edges(source: &dyn MetricSource, window: Window) -> Result<(Option<Measured>, Vec<Note>), Failure> {
    let any = format!("{{__name__=~\"{GRAPH_CALLS}|{GRAPH_ERRORS}|{GRAPH_LENGTHS}\"}}");
    let names = source.names(&[any], window).await?;
    let mut notes = notes_of(source.backend(), &names);
    let has = |name: &'static str| names.data.iter().any(|known| known == name).then_some(name);
    let Some(calls) = has(GRAPH_CALLS) else { return Ok((None, notes)) };
    let in_buckets = [&GRAPH_LABELS[..], &["le"]].concat();
    let (known, remarked) = known_before(source, calls, calls, window).await?;
    let (calls, errors, buckets) = tokio::join!(
        counted(source, Some(calls), &GRAPH_LABELS, known, window),
        counted(source, has(GRAPH_ERRORS), &GRAPH_LABELS, known, window),
        counted(source, has(GRAPH_LENGTHS), &in_buckets, known, window),
    );
    let (calls, errors, buckets) = (calls?, errors?, buckets?);
    notes.extend(remarked.into_iter().chain(calls.note).chain(errors.note).chain(buckets.note));
    let (calls, errors, buckets) = (calls.reply, errors.reply, buckets.reply);
    notes.extend([&calls, &errors, &buckets].into_iter().flat_map(|reply| notes_of(source.backend(), reply)));
    let edges = graph(&calls.data, &errors.data, &buckets.data);
    let metric = GRAPH_CALLS.to_owned();
    let measures = services(source, window).await.unwrap_or_else(|failure| {
        let said = format!("which services have spans of their own is not known: {}", failure.message);
        notes.push(Note::new(NoteCode::Info, source.backend(), said));
        vec![]
    });
    let measured = Measured { source: source.backend(), metric, measures, edges };
    Ok((Some(measured).filter(|measured| !measured.edges.is_empty()), notes))
}

/// Services that have spans of their own, by other metrics: in a graph they look like peers without spans.
async fn services(source: &dyn MetricSource, window: Window) -> Result<Vec<Measure>, Failure> {
    let (families, _) = families(source, MetricFigures::Calls, window).await?;
    let Some(family) = families.first() else { return Ok(vec![]) };
    let labels = &family.labels;
    let (calls, length) = (family.selector(&family.calls, &Filters::default()), seconds(window));
    let query = format!("group by ({}) (last_over_time({calls}[{length}s]))", labels.service.join(", "));
    let reply = source.instant(&query, window.to).await?;
    let names = reply.data.iter().map(|series| label_of(series, &labels.service).to_owned());
    Ok(names.map(|service| Measure { service, ..Measure::default() }).collect())
}

fn graph(calls: &[Series], errors: &[Series], buckets: &[Series]) -> Vec<MeasuredEdge> {
    let key = |series: &Series| GRAPH_LABELS.map(|label| label_of(series, &[label]).to_owned());
    let mut edges: BTreeMap<[String; 3], MeasuredEdge> = BTreeMap::new();
    for series in calls {
        let [client, server, connection] = key(series);
        let edge = edges.entry(key(series)).or_insert_with(|| MeasuredEdge {
            client,
            server,
            connection,
            ..MeasuredEdge::default()
        });
        edge.calls += value(series);
    }
    for series in errors {
        edges.entry(key(series)).and_modify(|edge| edge.errors += value(series));
    }
    let mut lengths: BTreeMap<[String; 3], Vec<(f64, f64)>> = BTreeMap::new();
    for series in buckets {
        lengths.entry(key(series)).or_default().extend(bucket(series, DurationUnit::Seconds));
    }
    for (key, buckets) in lengths {
        edges.entry(key).and_modify(|edge| edge.durations = Histogram::from_buckets(buckets));
    }
    edges.into_values().filter(|edge| edge.calls > 0.0).collect()
}

/// Above 2^53, about 9e15, a float is no longer exact: a larger counter is an error of the server.
const MOST_COUNTED: f64 = 9e15;

type MeasureKey = (String, String, Option<SpanKind>);

/// Series as rows, by what tells spans apart.
struct MeasureTable<'a> {
    labels: &'a FamilyLabels,
    unit: DurationUnit,
}

impl MeasureTable<'_> {
    fn of(&self, calls: &[Series], errors: &[Series], buckets: &[Series]) -> Vec<Measure> {
        let mut measures: BTreeMap<MeasureKey, Measure> = BTreeMap::new();
        let mut row = |series: &Series, calls: f64, errors: f64| {
            let (service, operation, kind) = self.key(series);
            let new = || Measure { service, operation, kind, ..Measure::default() };
            let measure = measures.entry(self.key(series)).or_insert_with(new);
            (measure.calls, measure.errors) = (measure.calls + calls, measure.errors + errors);
        };
        for series in calls {
            row(series, value(series), if self.is_failed(series) { value(series) } else { 0.0 });
        }
        errors.iter().for_each(|series| row(series, 0.0, value(series)));
        let mut lengths: BTreeMap<MeasureKey, BTreeMap<u64, (f64, f64)>> = BTreeMap::new();
        for series in buckets {
            if let Some((bound, count)) = bucket(series, self.unit) {
                let sums = lengths.entry(self.key(series)).or_default();
                sums.entry(bound.to_bits()).or_insert((bound, 0.0)).1 += count;
            }
        }
        for (key, sums) in lengths {
            measures.entry(key).and_modify(|measure| measure.durations = Histogram::from_buckets(sums.into_values()));
        }
        let is_reported = |measure: &Measure| measure.calls.max(measure.errors) > 0.0 && !measure.service.is_empty();
        measures.into_values().filter(is_reported).collect()
    }

    fn key(&self, series: &Series) -> MeasureKey {
        let kind = label_of(series, &self.labels.kind);
        let kind = kind.strip_prefix("SPAN_KIND_").unwrap_or(kind);
        let kind = (!kind.is_empty()).then(|| SpanKind::from_word(kind));
        let of = |names: &[&str]| label_of(series, names).to_owned();
        (of(&self.labels.service), of(&self.labels.operation), kind)
    }

    fn is_failed(&self, series: &Series) -> bool {
        let status = label_of(series, &self.labels.status);
        status == "STATUS_CODE_ERROR" || status.eq_ignore_ascii_case("error")
    }
}

fn label_of<'a>(series: &'a Series, names: &[&str]) -> &'a str {
    let value = names.iter().filter_map(|name| series.labels.get(*name)).find(|value| !value.is_empty());
    value.map_or("", String::as_str)
}

/// The value of the series; none where it is not a number.
fn value(series: &Series) -> f64 {
    series.samples.last().map_or(0.0, |(_, value)| *value).clamp(0.0, MOST_COUNTED)
}

fn bucket(series: &Series, unit: DurationUnit) -> Option<(f64, f64)> {
    let bound: f64 = series.labels.get("le")?.parse().ok()?;
    Some((bound * unit.ns(), value(series)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{HOUR, Timestamp};
    use crate::wire::promql;

    fn series(labels: &[(&str, &str)], value: f64) -> Series {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Series { labels, samples: vec![(Timestamp(0), value)] }
    }

    #[test]
    fn the_labels_of_metrics_of_every_maker_are_understood() {
        let connector = [("service_name", "a"), ("span_name", "GET /x"), ("span_kind", "SPAN_KIND_SERVER")];
        let with = |more: (&'static str, &'static str)| [&connector[..], &[more]].concat();
        let calls = [
            series(&with(("status_code", "STATUS_CODE_UNSET")), 8.0),
            series(&with(("status_code", "STATUS_CODE_ERROR")), 2.0),
            series(&[("service", "b"), ("operation", "send"), ("status_code", "ERROR")], 3.0),
            series(&[("service", "c"), ("service_name", ""), ("span_name", "silent")], 0.0),
            series(&[("service", "d"), ("span_name", "odd")], f64::NAN),
            series(&[("service_name", "collector"), ("exported_service_name", "e"), ("span_name", "x")], 5.0),
        ];
        let errors = [series(&[("service", "f")], 4.0)];
        let buckets = [
            series(&with(("le", "0.1")), 6.0),
            series(&with(("le", "+Inf")), 10.0),
            series(&with(("le", "no bound")), 10.0),
        ];
        let names =
            ["service_name", "service", "exported_service_name", "span_name", "operation", "span_kind", "status_code"];
        let labels = FamilyLabels::among(&names.map(str::to_owned));
        let reply = MeasureTable { labels: &labels, unit: DurationUnit::Seconds }.of(&calls, &errors, &buckets);
        let rows: Vec<_> =
            reply.iter().map(|m| (m.service.as_str(), m.operation.as_str(), m.kind, m.calls, m.errors)).collect();
        assert_eq!(
            rows,
            [
                ("a", "GET /x", Some(SpanKind::Server), 10.0, 2.0),
                ("b", "send", None, 3.0, 3.0),
                ("e", "x", None, 5.0, 0.0),
                ("f", "", None, 0.0, 4.0),
            ]
        );
        assert_eq!(reply[0].durations.quantile(0.5).map(|e| (e.low_ns, e.high_ns)), Some((0, Some(100_000_000))));
        assert_eq!(reply[0].durations.quantile(0.9).map(|e| (e.low_ns, e.high_ns)), Some((100_000_000, None)));
        assert!(reply[1].durations.quantile(0.5).is_none());
    }

    #[test]
    fn what_is_asked_is_promql() {
        let window = Window::new(Timestamp(0), Timestamp(HOUR));
        let selector = "calls_total{span_name!=\"\"}";
        let query = born(selector, &["service", "span_name"], [3_600, 4_500, 7_200], window);
        assert!(promql::selectors(&query).is_some(), "{query}");
        assert_eq!(known("x", [60, 60, 60]), "x offset 60s");
    }
}
