//! The input of an evaluation: a run, and how complete each source was.

use crate::analysis::journey::findings::FindingSet;
use crate::model::journey::Journey;
use crate::model::source::Source;
use crate::model::time::Timestamp;

/// How complete a source's answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceStatus {
    /// Every query was answered in full.
    Complete,
    /// Something is missing: the source was down, the answer was truncated or unreadable.
    Incomplete,
    /// No address is configured.
    NotConfigured,
    /// A file was read instead, and parts of it are unreadable.
    PartlyRead,
    /// A file was read instead, and has no data of this kind for the run.
    NoneInFile,
    /// The file or the demo that was read instead does not have the ID.
    UnknownId(Source),
}

/// The result of a metric query.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricReading {
    /// The samples; empty where the query has no data.
    Samples(Vec<f64>),
    /// Not available (yet), and why.
    NotAvailable(String),
}

/// What a run is evaluated on.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationInput<'a> {
    /// The run.
    pub journey: &'a Journey,
    /// Findings of the journey.
    pub findings: &'a FindingSet,
    /// Completeness of spans.
    pub spans: SourceStatus,
    /// Completeness of log lines.
    pub lines: SourceStatus,
    /// Completeness of metrics.
    pub metrics: SourceStatus,
    /// Whether the newest span is older than the settle time.
    pub settled: bool,
    /// Settle time, in nanoseconds.
    pub settle_ns: i64,
    /// Time of the last round of queries.
    pub now: Timestamp,
    /// When waiting ends; none without `--wait`.
    pub wait_until: Option<Timestamp>,
    /// End of an explicit window; none where the window follows the data.
    pub window_end: Option<Timestamp>,
    /// Results of the spec's metrics, in their order.
    pub readings: &'a [MetricReading],
}

impl EvaluationInput<'_> {
    /// Completeness of a source.
    pub(crate) fn status(&self, source: Source) -> SourceStatus {
        match source {
            Source::Loki => self.lines,
            Source::Prometheus => self.metrics,
            Source::Jaeger | Source::File | Source::Demo => self.spans,
        }
    }

    /// Whether the requested wait, if any, is over.
    pub(crate) fn waited(&self) -> bool {
        self.wait_until.is_none_or(|until| self.now >= until)
    }
}
