//! What is wrong, judged: a finding, how grave it is, how sure, and what it rests on.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::id::{SpanId, TraceId};
use crate::model::time::Timestamp;

/// What kind of finding. The order is that of the screen among equals: first what did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingId {
    /// The deepest error of a cascade.
    ErrorOrigin,
    /// A message was sent and never taken.
    PublishWithoutConsume,
    /// Somebody's trace broke off from its visible cause.
    BrokenPropagation,
    /// A call of which the other side is not there.
    ClientWithoutServer,
    /// A message was taken that nobody sent.
    ConsumeWithoutPublish,
    /// One message was processed twice.
    DuplicateConsume,
    /// A span names a parent that is not stored.
    Orphan,
    /// A trace is named and stored nowhere.
    TraceNotStored,
    /// A trace is named that was sampled out on purpose.
    NotSampled,
    /// A service tells of its work in lines alone.
    LogWithoutSpan,
    /// A step that its siblings have is missing.
    SiblingDeviation,
    /// A step that good runs have is missing.
    UsuallyFollowedBy,
    /// A step that good runs never have.
    UnusualStep,
    /// Nothing was open for long.
    Gap,
    /// Two clocks disagree.
    ClockSkew,
}

impl FindingId {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::ErrorOrigin,
        Self::PublishWithoutConsume,
        Self::BrokenPropagation,
        Self::ClientWithoutServer,
        Self::ConsumeWithoutPublish,
        Self::DuplicateConsume,
        Self::Orphan,
        Self::TraceNotStored,
        Self::NotSampled,
        Self::LogWithoutSpan,
        Self::SiblingDeviation,
        Self::UsuallyFollowedBy,
        Self::UnusualStep,
        Self::Gap,
        Self::ClockSkew,
    ];

    /// The snake-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ErrorOrigin => "error_origin",
            Self::PublishWithoutConsume => "publish_without_consume",
            Self::BrokenPropagation => "broken_propagation",
            Self::ClientWithoutServer => "client_without_server",
            Self::ConsumeWithoutPublish => "consume_without_publish",
            Self::DuplicateConsume => "duplicate_consume",
            Self::Orphan => "orphan",
            Self::TraceNotStored => "trace_not_stored",
            Self::NotSampled => "not_sampled",
            Self::LogWithoutSpan => "log_without_span",
            Self::SiblingDeviation => "sibling_deviation",
            Self::UsuallyFollowedBy => "usually_followed_by",
            Self::UnusualStep => "unusual_step",
            Self::Gap => "gap",
            Self::ClockSkew => "clock_skew",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == word)
    }

    /// The least severity with which it is told against: of what is never graver than info, info is all there is; of
    /// the others it is what turned out well.
    pub fn least_grave(self) -> Severity {
        match self {
            Self::ClockSkew | Self::NotSampled | Self::UnusualStep => Severity::Info,
            _ => Severity::Warning,
        }
    }

    /// Whether it is found only where there are good runs to compare with.
    pub fn needs_baseline(self) -> bool {
        matches!(self, Self::UsuallyFollowedBy | Self::UnusualStep)
    }

    /// Whether it rests on something not being there: withheld while more may come, never sure while something is cut.
    pub fn is_of_the_missing_kind(self) -> bool {
        use FindingId::{
            BrokenPropagation, ClientWithoutServer, ConsumeWithoutPublish, LogWithoutSpan, Orphan,
            PublishWithoutConsume, SiblingDeviation, TraceNotStored, UsuallyFollowedBy,
        };
        matches!(
            self,
            Orphan
                | PublishWithoutConsume
                | ConsumeWithoutPublish
                | ClientWithoutServer
                | BrokenPropagation
                | LogWithoutSpan
                | TraceNotStored
                | SiblingDeviation
                | UsuallyFollowedBy
        )
    }
}

/// How grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Somebody should look.
    Warning,
    /// Something did not happen, or failed.
    Error,
}

impl Severity {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How sure. What is of low confidence never decides an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It may well be otherwise.
    Low,
    /// Likely.
    Medium,
    /// Sure.
    High,
}

impl Confidence {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One thing that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct EvidenceItem {
    /// When, as recorded; none where no time belongs to it.
    pub time: Option<Timestamp>,
    /// In which trace.
    pub trace_id: Option<TraceId>,
    /// Which span.
    pub span_id: Option<SpanId>,
    /// What of it matters, in one line.
    pub what: String,
}

/// Where in the timeline something is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct MissingPart {
    /// The trace in which it should hang.
    pub trace_id: TraceId,
    /// The stored span that it should follow from, or that follows from it.
    pub span_id: SpanId,
    /// Which of the two.
    pub place: MissingPartPlace,
    /// What should be there: `consumer of huleedu.essay.ready.v1`.
    pub what: String,
}

/// On which side of a stored span the hole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingPartPlace {
    /// The missing one would be its parent.
    Above,
    /// The missing one would be its child.
    Below,
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What kind: that of the cause, where several were one.
    pub id: FindingId,
    /// What else the same cause showed as.
    pub also: Vec<FindingId>,
    /// How grave: the gravest of what was merged.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// At which service it shows; may be empty.
    pub service: String,
    /// At which operation, topic or peer it shows; may be empty.
    pub operation: String,
    /// How often.
    pub count: usize,
    /// A narrower word: `queue_wait` of a gap, `recovered` of an error; may be empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub kind: &'static str,
    /// In one sentence, without a full stop.
    pub summary: String,
    /// What it rests on, by time.
    pub evidence: Vec<EvidenceItem>,
    /// What may have caused it, likeliest first.
    pub causes: Vec<String>,
    /// What would tell the causes apart: each a sentence.
    pub next: Vec<String>,
    /// Where the timeline has its holes.
    pub holes: Vec<MissingPart>,
}

impl Finding {
    /// One of this kind, seen once, without evidence yet.
    pub fn new(id: FindingId, severity: Severity, confidence: Confidence, summary: impl Into<String>) -> Self {
        Self {
            id,
            also: vec![],
            severity,
            confidence,
            service: String::new(),
            operation: String::new(),
            count: 1,
            kind: "",
            summary: summary.into(),
            evidence: vec![],
            causes: vec![],
            next: vec![],
            holes: vec![],
        }
    }

    /// Whether it is of this kind, by itself or merged.
    pub fn is(&self, id: FindingId) -> bool {
        self.id == id || self.also.contains(&id)
    }

    /// Whether it may decide an exit code where this severity does.
    pub fn gates(&self, least: Severity) -> bool {
        self.severity >= least && self.confidence > Confidence::Low
    }
}
