//! What a run is judged on.

use crate::analysis::journey::findings::FindingSet;
use crate::model::evidence::Source;
use crate::model::journey::Journey;
use crate::model::time::Timestamp;

/// How far a source can be trusted to have told everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceStatus {
    /// It answered all that was asked.
    Complete,
    /// Something of it is missing: it was down, or cut, or could not be read.
    Incomplete,
    /// Nobody said where it is.
    NotConfigured,
    /// A file was read instead, and not all of it could be.
    PartlyRead,
    /// A file was read instead, and holds nothing of its kind about this run.
    NoneInFile,
    /// The file or the demo that was looked at instead holds nothing about this run at all.
    UnknownId(Source),
}

/// What a metric said.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricReading {
    /// These samples; none where the query has no data.
    Samples(Vec<f64>),
    /// It could not be had, or not yet.
    NotAvailable(String),
}

/// What a run is judged on.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationInput<'a> {
    /// The run.
    pub journey: &'a Journey,
    /// What was found in it.
    pub findings: &'a FindingSet,
    /// How spans stand.
    pub jaeger: SourceStatus,
    /// How lines stand.
    pub loki: SourceStatus,
    /// How metrics stand.
    pub prometheus: SourceStatus,
    /// Whether the newest span is older than the settle time.
    pub settled: bool,
    /// How long that is, in nanoseconds.
    pub settle_ns: i64,
    /// What time it is: of the last round of asking.
    pub now: Timestamp,
    /// Until when it may be waited; none where waiting was not asked for.
    pub wait_until: Option<Timestamp>,
    /// The end of an explicit window; none where the window follows what is found.
    pub window_end: Option<Timestamp>,
    /// What the spec's metrics said, beside them.
    pub metrics: &'a [MetricReading],
}

impl EvaluationInput<'_> {
    /// How a source stands.
    pub fn status(&self, source: Source) -> SourceStatus {
        match source {
            Source::Loki => self.loki,
            Source::Prometheus => self.prometheus,
            Source::Jaeger | Source::File | Source::Demo => self.jaeger,
        }
    }

    /// Whether the wait that was asked for, if any, is over.
    pub fn waited(&self) -> bool {
        self.wait_until.is_none_or(|until| self.now >= until)
    }
}
