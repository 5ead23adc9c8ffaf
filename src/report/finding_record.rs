//! A finding as JSON: its facts, and the same in words.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::error_outcome::ErrorOutcome;
use crate::model::finding::{
    Confidence, EvidenceItem, Finding, FindingDetail, FindingId, FindingKind, MissingPart, MissingPartPlace, Severity,
};
use crate::model::id::{SpanId, TraceId};
use crate::model::time::Timestamp;
use crate::report::wording::SameData;
use crate::report::wording::actions::action;
use crate::report::wording::findings::{cause, evidence, missing_thing, summary};

/// One thing that is wrong, or worth knowing.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FindingRecord<'a> {
    /// Which: that of the cause, where one cause showed as several.
    id: FindingId,
    /// What else the same cause showed as.
    also: &'a [FindingId],
    /// The highest severity of what was merged.
    severity: Severity,
    /// How sure.
    confidence: Confidence,
    /// At which service it shows; may be empty.
    service: &'a str,
    /// At which operation, topic or peer it shows; may be empty.
    operation: &'a str,
    /// How often.
    count: usize,
    /// What came of an error; none of other findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<ErrorOutcome>,
    /// What distinguishes it from others with its ID: `queue_wait` of a gap, `recovered` of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// In one sentence, without a full stop.
    summary: String,
    /// What it rests on, by time.
    evidence: Vec<EvidenceRecord>,
    /// What may have caused it, likeliest first.
    causes: Vec<String>,
    /// What would distinguish the causes: each a sentence.
    next: Vec<String>,
    /// Where in the timeline something is missing.
    holes: Vec<MissingPartRecord>,
}

/// One thing that a finding rests on.
#[derive(Serialize, JsonSchema)]
struct EvidenceRecord {
    /// When, as recorded; none where no time belongs to it.
    time: Option<Timestamp>,
    /// In which trace.
    trace_id: Option<TraceId>,
    /// Which span.
    span_id: Option<SpanId>,
    /// What it shows, in one line.
    what: String,
}

/// A part of the journey that is missing beside a span that is stored.
#[derive(Serialize, JsonSchema)]
struct MissingPartRecord {
    /// The trace in which it should be.
    trace_id: TraceId,
    /// The stored span that it should follow from, or that follows from it.
    span_id: SpanId,
    /// Which of the two.
    place: MissingPartPlace,
    /// What should be there: `consumer of huleedu.essay.ready.v1`.
    what: String,
}

impl<'a> FindingRecord<'a> {
    /// A finding of this data.
    pub(crate) fn new(finding: &'a Finding, data: &SameData) -> Self {
        Self {
            id: finding.id,
            also: &finding.also,
            severity: finding.severity,
            confidence: finding.confidence,
            service: &finding.service,
            operation: &finding.operation,
            count: finding.count,
            outcome: match finding.detail {
                FindingDetail::ErrorOrigin { outcome, .. } => Some(outcome),
                _ => None,
            },
            kind: finding.kind.map(FindingKind::as_str),
            summary: summary(finding),
            evidence: finding.evidence.iter().map(EvidenceRecord::new).collect(),
            causes: finding.causes.iter().map(cause).collect(),
            next: finding.actions.iter().map(|next| action(next, data)).collect(),
            holes: finding.missing_parts.iter().map(MissingPartRecord::new).collect(),
        }
    }

    /// All findings of this data.
    pub(crate) fn all(findings: &'a [Finding], data: &SameData) -> Vec<Self> {
        findings.iter().map(|finding| Self::new(finding, data)).collect()
    }
}

impl EvidenceRecord {
    fn new(item: &EvidenceItem) -> Self {
        Self { time: item.time, trace_id: item.trace_id, span_id: item.span_id, what: evidence(&item.shows) }
    }
}

impl MissingPartRecord {
    fn new(part: &MissingPart) -> Self {
        Self { trace_id: part.trace_id, span_id: part.span_id, place: part.place, what: missing_thing(&part.what) }
    }
}
