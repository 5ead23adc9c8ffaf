//! The outcome of evaluating a spec on one run.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::finding::{Finding, FindingId};
use crate::model::id::{SpanId, TraceId};
use crate::model::source::Source;
use crate::model::time::Timestamp;

/// Whether a run meets its spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every expectation is met.
    Pass,
    /// Data that is missing decides it.
    CannotTell,
    /// An expectation is broken, whatever else may arrive.
    Fail,
}

impl Verdict {
    /// Label on the screen.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::CannotTell => "cannot tell",
            Self::Fail => "fail",
        }
    }
}

/// State of one expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// It is met.
    Met,
    /// It is not met, and later data cannot change that.
    Broken,
    /// Missing data decides it.
    Undecided,
    /// Not required: an optional step that was not seen, a condition that did not match.
    NotNeeded,
}

/// The kinds of expectations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A step.
    Step,
    /// The duration of the run.
    Within,
    /// The order of all steps.
    InOrder,
    /// The number of repetitions of a group.
    Group,
    /// A selector that must match nothing.
    Absent,
    /// A step that is required only if a condition matches.
    When,
    /// A finding that the run must not have.
    Forbid,
    /// The value of a metric.
    Metric,
}

/// One expectation and its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// The kinds of expectations.
    pub kind: CheckKind,
    /// Name of the step, or the expectation as the spec has it.
    pub name: String,
    /// Label of the group's repetition; none outside of groups.
    pub of: Option<String>,
    /// Outcome.
    pub state: CheckState,
    /// Reasons why it is not met, or reservations if it is, a sentence each; the most important first.
    pub why: Vec<String>,
    /// The sources that it depends on while it is undecided.
    pub depends_on: Vec<Source>,
    /// Its matches, by time.
    pub seen: Vec<Sighting>,
    /// Expected number of matches, such as `1 to 5`; empty for the default.
    pub expected: String,
    /// The longest wait since the step that it comes after, in nanoseconds.
    pub wait_ns: Option<i64>,
    /// The nearest span or line that was seen instead of the step.
    pub nearest: Option<Nearest>,
    /// ID of the finding that explains it.
    pub finding: Option<FindingId>,
    /// The first few findings that break a `forbid`, or one of low confidence that does not. Worded by the report.
    #[serde(skip)]
    pub forbidden: Vec<Finding>,
    /// Value of a metric; none without a sample.
    pub value: Option<f64>,
}

/// A span or line that matches an expectation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Sighting {
    /// Start, as recorded.
    pub time: Timestamp,
    /// Duration in nanoseconds; 0 for a line.
    pub duration_ns: i64,
    /// Service.
    pub service: String,
    /// Name of the span, or message of the line.
    pub name: String,
    /// Trace; none for a line without one.
    pub trace_id: Option<TraceId>,
    /// Span; none for a line.
    pub span_id: Option<SpanId>,
    /// Whether it has error status or error level.
    pub error: bool,
}

/// A span or line that nearly meets an expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Nearest {
    /// The difference: `by another service`, `of a similar name`, `too late by 12 s`, `in another trace`.
    pub differs: String,
    /// The span or line.
    pub sight: Sighting,
}

/// The outcome of all expectations of one run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunOutcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Every check, in the order of the spec.
    pub checks: Vec<Check>,
    /// What may still arrive and would change the verdict, a few words each.
    pub waiting_for: Vec<String>,
    /// Until when waiting can change the verdict; none for no known end.
    #[serde(skip)]
    pub until: Option<Timestamp>,
}
