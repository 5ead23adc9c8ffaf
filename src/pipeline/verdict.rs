//! What became of a pipeline's expectations in one run.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::evidence::Source;
use crate::model::finding::{Finding, FindingId};
use crate::model::id::{SpanId, TraceId};
use crate::model::time::Timestamp;

/// Whether a run is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything expected happened.
    Pass,
    /// Something that is not known decides it.
    CannotTell,
    /// Some expectation is broken, whatever else may come.
    Fail,
}

impl Verdict {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::CannotTell => "cannot tell",
            Self::Fail => "fail",
        }
    }
}

/// What became of one expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// It holds.
    Met,
    /// It does not hold, and nothing that may still come can mend that.
    Broken,
    /// It cannot be told.
    Undecided,
    /// It need not hold: an optional step that was not seen, a condition that did not arise.
    NotNeeded,
}

/// What kind of expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A step.
    Step,
    /// How long all took.
    Within,
    /// The order of all steps.
    InOrder,
    /// How many repetitions of a group there are.
    Group,
    /// What must not be seen.
    Absent,
    /// What must be seen if something else is.
    When,
    /// A finding that must not be made.
    Forbid,
    /// What a metric must say.
    Metric,
}

/// One expectation, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// What kind of expectation.
    pub kind: CheckKind,
    /// The step's name, or the expectation as it was written.
    pub name: String,
    /// For which value of its group; none outside groups.
    pub of: Option<String>,
    /// What became of it.
    pub state: CheckState,
    /// Why it is not met, or with which reserve it is, each in a sentence; the first says most.
    pub why: Vec<String>,
    /// On which sources it depends while it is undecided.
    pub depends_on: Vec<Source>,
    /// Where it was seen, by time.
    pub seen: Vec<Sighting>,
    /// How many matches were expected, in words; empty where the default is meant.
    pub expected: String,
    /// The longest wait since the step that it comes after, in nanoseconds.
    pub wait_ns: Option<i64>,
    /// The nearest thing that did happen, where the step did not.
    pub nearest: Option<Nearest>,
    /// The kind of finding that explains it.
    pub finding: Option<FindingId>,
    /// The findings that a `forbid` is about, the first few: those that break it, or one that is not sure enough to. They
    /// are put into words where they are shown.
    #[serde(skip)]
    pub forbidden: Vec<Finding>,
    /// What value a metric had; none where it had none.
    pub value: Option<f64>,
}

/// Where an expectation was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Sighting {
    /// When it began, as recorded.
    pub time: Timestamp,
    /// How long it took; 0 for a line.
    pub duration_ns: i64,
    /// Where.
    pub service: String,
    /// The span's name, or the line's message.
    pub name: String,
    /// In which trace.
    pub trace_id: Option<TraceId>,
    /// Which span; none for a line.
    pub span_id: Option<SpanId>,
    /// Whether it failed.
    pub error: bool,
}

/// Something that is nearly what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Nearest {
    /// In what it differs: `by another service`, `of a similar name`, `too late by 12 s`, `in another trace`.
    pub differs: String,
    /// Where it was seen.
    pub sight: Sighting,
}

/// What became of all expectations of one run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunOutcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Every expectation in the order of the spec.
    pub checks: Vec<Check>,
    /// What may still come and would change the verdict, each in a few words: what waiting waits for.
    pub waiting_for: Vec<String>,
    /// Until when waiting can change anything at most: no limit where none.
    #[serde(skip)]
    pub until: Option<Timestamp>,
}
