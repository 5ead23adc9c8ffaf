//! A learned pipeline, with the figures behind it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::finding::FindingId;
use crate::model::span::SpanKind;
use crate::pipeline::learn::limit::WaitFigures;

/// What good runs have in common.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LearnedPipeline {
    /// Name of the pipeline.
    pub pipeline: String,
    /// Number of runs it was learned from.
    pub runs: usize,
    /// Runs that were left out.
    pub left_out: Vec<LeftOut>,
    /// Verification of the held-out runs; none if there were too few runs to hold some out.
    pub aside: Option<HeldOut>,
    /// Duration of a run, from the first step's start to the last one's end, and its limit.
    pub within: Option<Limited>,
    /// The steps, by their mean start.
    pub steps: Vec<LearnedStep>,
    /// Number of candidates that too few runs have.
    pub rare: usize,
    /// Number of candidates left out because more specific ones filled the spec.
    pub less_telling: usize,
    /// Whether no span ever failed.
    pub never_failed: bool,
    /// Findings that no run had.
    pub forbid: Vec<FindingId>,
}

/// Runs that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// The reason: `that failed`.
    pub why: String,
    /// Number of runs.
    pub runs: usize,
}

/// Verification of the held-out runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeldOut {
    /// Number of held-out runs.
    pub runs: usize,
    /// Number that pass.
    pub passed: usize,
    /// For each broken expectation how often it was broken.
    pub broken: BTreeMap<String, usize>,
}

/// Observed durations and the limit learned from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Limited {
    /// The observed durations.
    pub seen: WaitFigures,
    /// The limit, in nanoseconds.
    pub limit_ns: i64,
}

impl Limited {
    /// Learns from durations in nanoseconds; none without any. The limit is at least `least_ns`.
    pub(crate) fn new(lengths: Vec<i64>, least_ns: i64) -> Option<Self> {
        WaitFigures::new(lengths).map(|seen| Self { seen, limit_ns: seen.limit(least_ns) })
    }
}

/// One learned step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LearnedStep {
    /// Name.
    pub name: String,
    /// Pattern of the span name.
    pub span: String,
    /// One name that the pattern matches.
    #[serde(skip)]
    pub example: String,
    /// Service; empty if not reported.
    pub service: String,
    /// Span kind.
    pub kind: SpanKind,
    /// Attributes with the same value on all its spans.
    pub attributes: Vec<(String, String)>,
    /// The step that it comes after, and the wait; none for an entry.
    pub after: Option<After>,
    /// Number of matches in a run.
    pub count: LearnedCount,
    /// Whether some runs do not have it.
    pub optional: bool,
    /// Whether none of its spans failed.
    pub never_failed: bool,
    /// Duration.
    pub took: Option<Limited>,
    /// Number of runs that have it.
    pub runs: usize,
}

/// The step that another one comes after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct After {
    /// Name of that step.
    pub step: String,
    /// The wait.
    pub wait: Limited,
}

/// Number of matches of a step in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LearnedCount {
    /// Least and most, both included.
    Range(usize, usize),
    /// As many as another step has.
    SameAs(String),
}
