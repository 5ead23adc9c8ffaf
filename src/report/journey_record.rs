//! A journey as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::critical_path::{CriticalPath, Segment, Spent};
use crate::analysis::journey::errors::{self, JourneyError};
use crate::analysis::journey::findings::AnalysedJourney;
use crate::model::error_outcome::{ErrorOutcome, OutcomeCounts};
use crate::model::filter::Filters;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{CauseKind, Join, Journey, Related, Skew, Trace};
use crate::model::log::LogEntry;
use crate::model::metric::{Alert, Exemplar, Panel};
use crate::model::provenance::Provenance;
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};
use crate::report::finding_record::FindingRecord;
use crate::report::wording::SameData;

/// Everything known of one ID.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JourneyRecord<'a> {
    correlation_id: Option<&'a str>,
    /// The correlation IDs of the trace that was asked about, if it carries several; none of them was followed.
    several_ids: &'a [String],
    summary: JourneySummary,
    /// By start.
    traces: &'a [Trace],
    /// By start, then longest first, then ID.
    spans: Vec<SpanRecord<'a>>,
    /// By time.
    logs: Vec<&'a LogEntry>,
    alerts: &'a [Alert],
    /// By what each trace and log line was matched.
    joins: &'a [Join],
    /// Traces that touch it and belong to another ID.
    related: &'a [Related],
    /// The findings, the most severe first.
    findings: Vec<FindingRecord<'a>>,
    /// How many findings that something is missing are withheld because more may still arrive.
    withheld_finding_count: usize,
    /// The errors, each once, by time.
    errors: &'a [JourneyError],
    /// The critical path, by time.
    critical_path: Vec<SegmentRecord>,
    /// Measured clock differences.
    skew: &'a [Skew],
    panels: &'a [Panel],
    exemplars: &'a [Exemplar],
    /// Traces that are named and not stored.
    not_stored: &'a [TraceId],
    /// Traces that are named and were not requested, or could not be read.
    not_fetched: &'a [TraceId],
    /// Oddities of the data.
    oddities: &'a [String],
}

/// A journey in numbers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct JourneySummary {
    /// Its services, sorted.
    pub(crate) services: Vec<String>,
    /// How many traces.
    pub(crate) trace_count: usize,
    /// How many spans.
    pub(crate) span_count: usize,
    /// How many log lines.
    pub(crate) log_count: usize,
    /// How many of its spans the filters left out of this document.
    pub(crate) filtered_span_count: usize,
    /// How many of its log lines the filters left out of this document.
    pub(crate) filtered_log_count: usize,
    /// How many errors that no other one explains.
    pub(crate) error_count: usize,
    /// What came of them: the worst outcome, and how many had each.
    pub(crate) outcomes: OutcomeCounts,
    /// First start; none if nothing was found.
    pub(crate) start: Option<Timestamp>,
    /// Last end.
    pub(crate) end: Option<Timestamp>,
    /// From the first start to the last end.
    pub(crate) duration_ns: i64,
}

impl JourneySummary {
    /// Counts a journey.
    pub(crate) fn new(journey: &Journey, errors: &[JourneyError], filters: &Filters) -> Self {
        let extent = journey.span_extent();
        Self {
            services: journey.services().into_iter().map(str::to_owned).collect(),
            trace_count: journey.traces.len(),
            span_count: journey.spans.len(),
            log_count: journey.logs.len(),
            filtered_span_count: journey.spans.iter().filter(|span| !filters.wants_span(span)).count(),
            filtered_log_count: journey.logs.iter().filter(|line| !filters.wants_line(line)).count(),
            error_count: errors::total_count(errors),
            outcomes: errors::outcome_counts(errors),
            start: extent.map(|e| e.from),
            end: extent.map(|e| e.to),
            duration_ns: extent.map_or(0, Window::length),
        }
    }
}

/// A span with what the analysis says of it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SpanRecord<'a> {
    #[serde(flatten)]
    span: &'a Span,
    /// Whether it has an error.
    error: bool,
    /// What came of the error; null without one.
    outcome: Option<ErrorOutcome>,
    /// Whether findings take it into account: a span of another ID is shown only.
    #[serde(rename = "judged")]
    is_own: bool,
    /// Whether it is on the critical path.
    critical: bool,
    /// The span that it follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<CauseRecord>,
}

#[derive(Serialize, JsonSchema)]
struct CauseRecord {
    trace_id: TraceId,
    span_id: SpanId,
    via: CauseKind,
}

/// One stretch of the critical path.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SegmentRecord {
    trace_id: TraceId,
    span_id: SpanId,
    spent: Spent,
    /// Its start, on the reference clock.
    start: Timestamp,
    duration_ns: i64,
}

impl<'a> SpanRecord<'a> {
    /// One span of a journey.
    pub(crate) fn new(journey: &'a Journey, index: usize, path: &CriticalPath, cascade: &Cascade) -> Self {
        let span = &journey.spans[index];
        let cause = journey.forest.cause.get(index).copied().flatten();
        Self {
            span,
            error: span.is_error(),
            outcome: span.is_error().then(|| cascade.outcome(index)),
            is_own: journey.is_own.get(index).copied().unwrap_or(true),
            critical: path.contains.get(index).copied().unwrap_or(false),
            cause: cause.map(|(from, via)| CauseRecord {
                trace_id: journey.spans[from].trace_id,
                span_id: journey.spans[from].span_id,
                via,
            }),
        }
    }
}

impl<'a> JourneyRecord<'a> {
    /// A journey with what the analysis says of it.
    pub(crate) fn new(
        analysed: &'a AnalysedJourney,
        errors: &'a [JourneyError],
        path: &CriticalPath,
        filters: &Filters,
        provenance: &Provenance,
    ) -> Self {
        let AnalysedJourney { journey, findings } = analysed;
        let wanted = |index: &usize| filters.wants_span(&journey.spans[*index]);
        let cascade = Cascade::new(journey);
        Self {
            correlation_id: journey.correlation_id.as_deref(),
            several_ids: &journey.several_ids,
            summary: JourneySummary::new(journey, errors, filters),
            traces: &journey.traces,
            spans: (0..journey.spans.len())
                .filter(wanted)
                .map(|i| SpanRecord::new(journey, i, path, &cascade))
                .collect(),
            logs: journey.logs.iter().filter(|line| filters.wants_line(line)).collect(),
            alerts: &journey.alerts,
            joins: &journey.joins,
            related: &journey.related,
            findings: FindingRecord::all(&findings.list, &SameData::new(provenance)),
            withheld_finding_count: findings.withheld,
            errors,
            critical_path: segments(journey, path),
            skew: &journey.skew,
            panels: &journey.panels,
            exemplars: &journey.exemplars,
            not_stored: &journey.not_stored,
            not_fetched: &journey.not_fetched,
            oddities: &journey.oddities,
        }
    }
}

fn segments(journey: &Journey, path: &CriticalPath) -> Vec<SegmentRecord> {
    let record = |segment: &Segment| SegmentRecord {
        trace_id: journey.spans[segment.span].trace_id,
        span_id: journey.spans[segment.span].span_id,
        spent: segment.spent,
        start: segment.window.from,
        duration_ns: segment.window.length(),
    };
    path.segments.iter().map(record).collect()
}
