//! What a source can be asked for: spans, log lines or metrics. Gathering knows these roles and no product.
//!
//! A backend takes a role by implementing its trait in a folder of its own below `source/server`, and
//! [`Backends`](super::server::backends::Backends) hands it out as that role.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::model::evidence::Operation;
use crate::model::id::TraceId;
use crate::model::metric::{ActiveAlert, Exemplar, Series};
use crate::model::pattern::Pattern;
use crate::model::rule::Rule;
use crate::model::source::Source;
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};
use crate::source::failure::Failure;
use crate::source::server::request::Response;
use crate::wire::Decoded;
use crate::wire::jaeger_metrics::Point;
use crate::wire::prometheus_json::PrometheusReply;

/// The kind of data that a backend is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Spans.
    Spans,
    /// Log lines.
    Logs,
    /// Metrics, with alerts and rules.
    Metrics,
}

impl Role {
    /// Every role, in the order in which backends are listed.
    pub(crate) const ALL: [Self; 3] = [Self::Spans, Self::Logs, Self::Metrics];

    /// The backend that has this role.
    pub(crate) fn backend(self) -> Source {
        match self {
            Self::Spans => Source::Jaeger,
            Self::Logs => Source::Loki,
            Self::Metrics => Source::Prometheus,
        }
    }
}

/// Whether times are what the server made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// As the server gives them, possibly adjusted.
    AsServed,
    /// As they were recorded.
    AsRecorded,
}

/// A search for traces: all conditions hold for one and the same span.
#[derive(Clone, Copy, Debug)]
pub struct TraceSearch<'a> {
    /// The exact name of the span; any where none.
    pub operation: Option<&'a str>,
    /// Attributes with their exact values.
    pub tags: &'a [(&'a str, &'a str)],
    /// When the span began.
    pub window: Window,
    /// The maximum number of traces.
    pub limit: usize,
}

/// A metric that a span source keeps of its services.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServiceMetric {
    /// Calls per second.
    Calls,
    /// The share of calls that failed, 0 to 1.
    Errors,
    /// The quantile of the calls' durations, in milliseconds; the share is 0 to 1.
    Latency(f64),
}

/// The services and the window of a query for service metrics.
#[derive(Clone, Copy, Debug)]
pub struct ServiceMetricsSubject<'a> {
    /// The services; all of them cannot be asked for at once.
    pub services: &'a [String],
    /// What the metrics are of.
    pub level: MetricsLevel,
    /// The time; [`SpanSource::has_metrics_of`] says whether it can be asked for.
    pub window: Window,
}

/// What a row of service metrics is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsLevel {
    /// A service as a whole: the calls that enter it.
    Service,
    /// Each operation of a service.
    Operation,
}

/// Calls between two services, as a span source counts them: caller, callee, calls.
pub(crate) type Dependency = (String, String, u64);

/// A source of spans.
#[async_trait(?Send)]
pub trait SpanSource {
    /// The backend it is.
    fn backend(&self) -> Source;

    /// Finds out which API is there and which services have spans. Comes before any search.
    async fn connect(&self) -> Result<(), Failure>;

    /// The services with spans, sorted; empty before [`SpanSource::connect`].
    fn services(&self) -> &[String];

    /// The version of the API in use: `v1`.
    fn api(&self) -> &'static str;

    /// The path of the search in that API, for people.
    fn search_path(&self) -> &'static str;

    /// Whether a search over all services at once may be tried; otherwise each service is searched by itself.
    fn searches_all_services(&self) -> bool;

    /// How a value is written in a search for this attribute.
    fn tag_value(&self, key: &str, value: &str) -> String;

    /// Another way to write the value, for storages that read values as patterns; none where it means the same there.
    fn escaped_value(&self, value: &str) -> Option<String>;

    /// Whether the server says that it changed the times of this span.
    fn is_clock_adjusted(&self, span: &Span) -> bool;

    /// Whole traces with such a span: of one service, or of all.
    async fn search(&self, search: &TraceSearch<'_>, service: Option<&str>) -> Result<Decoded, Failure>;

    /// One trace; none where it is not stored.
    async fn trace(&self, id: TraceId, times: Times) -> Result<Option<Decoded>, Failure>;

    /// The operations of a service, as far as the storage keeps them.
    async fn operations(&self, service: &str) -> Result<BTreeSet<Operation>, Failure>;

    /// The calls between services, as the server counts them; none where it does not. Needs no connection.
    async fn dependencies(&self, window: Window) -> Result<Option<Vec<Dependency>>, Failure>;

    /// Whether service metrics of a time of this length can be asked for.
    fn has_metrics_of(&self, window: Window) -> bool;

    /// One metric of each service or operation; none where the server keeps none.
    async fn service_metrics(
        &self,
        metric: ServiceMetric,
        subject: ServiceMetricsSubject<'_>,
    ) -> Result<Option<Vec<Point>>, Failure>;

    /// The server's version, if it says so, and the response it came with.
    async fn version(&self) -> Result<(Option<String>, Option<Response>), Failure>;
}

/// Which end of a time a page of lines begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    Backward,
}

/// What a line must hold to be found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LineMatch<'a> {
    /// One of these texts.
    AnyText(&'a [String]),
    /// This text, which may have wildcards.
    Like(&'a Pattern),
    /// This value under one of these keys, in the text of the line: for IDs too short to be searched for alone.
    KeyedValue {
        /// The keys.
        keys: &'a [String],
        /// The value.
        value: &'a str,
    },
    /// One of these values as a label or as structured metadata of one of these names.
    Field {
        /// The names.
        names: &'a [String],
        /// The values.
        values: &'a [String],
    },
    /// Whatever says that something failed.
    Errors,
}

/// A source of log lines. Streams and queries are written in its own language.
#[async_trait(?Send)]
pub(crate) trait LogSource {
    /// The backend it is.
    fn backend(&self) -> Source;

    /// The streams that are read where nothing is known of labels.
    fn usual_streams(&self) -> &'static str;

    /// The label that nearly every stream has, of those in use; none where there are no streams.
    fn best_label<'l>(&self, labels: &'l [String]) -> Option<&'l str>;

    /// All streams that have this label.
    fn streams_with(&self, label: &str) -> String;

    /// The streams of these with this value of a label.
    fn streams_of_value(&self, streams: &str, label: &str, value: &str) -> String;

    /// The streams of these with none of these values of a label.
    fn streams_without(&self, streams: &str, label: &str, values: &[String]) -> String;

    /// The streams with exactly these labels.
    fn streams_of_labels(&self, labels: &[(&str, &str)]) -> String;

    /// Queries for such lines; each line is found by one of them, or by few.
    fn queries(&self, streams: &str, lines: LineMatch<'_>) -> Vec<String>;

    /// The number of lines that a page may have unless the server says otherwise.
    fn page_limit(&self) -> usize;

    /// One page of lines, from one end of a time.
    async fn page(&self, query: &str, window: Window, limit: usize, from: Direction) -> Result<Decoded, Failure>;

    /// The number of lines of a query in this time, by the value of a label; with `top`, only of that many values, those
    /// with the most lines.
    async fn count(
        &self,
        query: &str,
        by: Option<&str>,
        top: Option<usize>,
        window: Window,
    ) -> Result<PrometheusReply<Vec<Series>>, Failure>;

    /// The labels in use in this time.
    async fn labels(&self, window: Window) -> Result<Vec<String>, Failure>;

    /// The bytes that a search of these streams would read; none where the server does not say.
    async fn bytes(&self, streams: &str, window: Window) -> Option<u64>;

    /// The server's version, empty where it was built without one, and the response it came with.
    async fn version(&self) -> Result<(String, Response), Failure>;
}

/// A reply to a query for series.
pub(crate) type SeriesReply = PrometheusReply<Vec<Series>>;

/// A source of metrics that is asked in PromQL.
#[async_trait(?Send)]
pub(crate) trait MetricSource {
    /// The backend it is.
    fn backend(&self) -> Source;

    /// Samples of a query over a time, [`step_seconds`] apart.
    async fn range(&self, query: &str, window: Window) -> Result<SeriesReply, Failure>;

    /// Samples of a query at one instant.
    async fn instant(&self, query: &str, at: Timestamp) -> Result<SeriesReply, Failure>;

    /// The names of metrics that one of these selectors picks in this time.
    async fn names(&self, selectors: &[String], window: Window) -> Result<PrometheusReply<Vec<String>>, Failure>;

    /// The labels of the series that this selector picks in this time.
    async fn labels(&self, selector: &str, window: Window) -> Result<PrometheusReply<Vec<String>>, Failure>;

    /// Samples with the ID of a trace.
    async fn exemplars(&self, window: Window) -> Result<PrometheusReply<Vec<Exemplar>>, Failure>;

    /// The alerts that are active now.
    async fn alerts(&self, now: Timestamp) -> Result<PrometheusReply<Vec<ActiveAlert>>, Failure>;

    /// The rules that are evaluated.
    async fn rules(&self) -> Result<PrometheusReply<Vec<Rule>>, Failure>;

    /// Whether it answers at all. Not everything that answers this API has a version.
    async fn ping(&self) -> Result<(), Failure>;

    /// The server's version, empty where it was built without one, and the response it came with.
    async fn version(&self) -> Result<(String, Response), Failure>;
}

/// Seconds between two samples of a range: about 240 samples, at least one second apart. More would be finer than a
/// terminal can draw, and the usual server refuses more than 11,000.
pub(crate) fn step_seconds(window: Window) -> i64 {
    use crate::model::time::SECOND;
    (window.length() / SECOND / 240).max(1)
}
