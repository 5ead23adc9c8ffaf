//! What was learned, and how much of it was seen.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::finding::FindingId;
use crate::model::span::SpanKind;
use crate::pipeline::learn::limit::WaitFigures;

/// What good runs have in common.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LearnedPipeline {
    /// What the pipeline is called.
    pub pipeline: String,
    /// From how many runs it was learned.
    pub runs: usize,
    /// Runs of which nothing was learned.
    pub left_out: Vec<LeftOut>,
    /// What became of the runs that were kept aside; none where there were too few.
    pub aside: Option<HeldOut>,
    /// How long a run took, from its first step's start to its last one's end, and how long it may.
    pub within: Option<Limited>,
    /// The steps, by when they begin.
    pub steps: Vec<LearnedStep>,
    /// What was seen in too few runs to be a step.
    pub rare: usize,
    /// What was left away because there are more telling steps.
    pub less_telling: usize,
    /// Whether nothing ever failed.
    pub never_failed: bool,
    /// Findings that were never made.
    pub forbid: Vec<FindingId>,
}

/// Runs of which nothing was learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Why: `that failed`.
    pub why: String,
    /// How many.
    pub runs: usize,
}

/// What became of the runs that were kept aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeldOut {
    /// How many there are.
    pub runs: usize,
    /// How many pass.
    pub passed: usize,
    /// How often each expectation was broken.
    pub broken: BTreeMap<String, usize>,
}

/// What was seen of a length of time, and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Limited {
    /// What was seen.
    pub seen: WaitFigures,
    /// What is allowed, in nanoseconds.
    pub limit_ns: i64,
}

impl Limited {
    /// What follows from these lengths; none where there are none.
    pub fn new(lengths: Vec<i64>, least_ns: i64) -> Option<Self> {
        WaitFigures::new(lengths).map(|seen| Self { seen, limit_ns: seen.limit(least_ns) })
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LearnedStep {
    /// Its name.
    pub name: String,
    /// The span's name, as a pattern.
    pub span: String,
    /// A name that the pattern stands for.
    #[serde(skip)]
    pub example: String,
    /// Who; empty where none was told.
    pub service: String,
    /// The kind.
    pub kind: SpanKind,
    /// Attributes that are always the same, with their values.
    pub attributes: Vec<(String, String)>,
    /// After what it comes, and how long after it.
    pub after: Option<After>,
    /// How many there are.
    pub count: LearnedCount,
    /// Whether some runs do without it.
    pub optional: bool,
    /// Whether it never failed.
    pub never_failed: bool,
    /// How long it took.
    pub took: Option<Limited>,
    /// In how many runs it was seen.
    pub runs: usize,
}

/// After what a step comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct After {
    /// The step's name.
    pub step: String,
    /// How long it waited.
    pub wait: Limited,
}

/// How many matches a step has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LearnedCount {
    /// Between so many, both included.
    Range(usize, usize),
    /// As many as another step has.
    SameAs(String),
}
