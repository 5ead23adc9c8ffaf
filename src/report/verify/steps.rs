//! Each expectation over all runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::pipeline::verdict::{Check, CheckKind, CheckState};
use crate::report::verify::runs::VerifiedRun;

/// One expectation over many runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct StepRecord {
    /// What kind of expectation.
    pub(crate) kind: CheckKind,
    /// Its name, or the expectation as it was written.
    pub(crate) name: String,
    /// In how many runs it is met.
    pub(crate) met: usize,
    /// In how many it is not met.
    pub(crate) broken: usize,
    /// In how many that is unknown.
    pub(crate) undecided: usize,
    /// In how many it need not be met.
    pub(crate) not_needed: usize,
    /// The median wait since the step that it comes after, in nanoseconds; null without such a step.
    pub(crate) wait_p50_ns: Option<i64>,
    /// The 95th percentile of that wait.
    pub(crate) wait_p95_ns: Option<i64>,
}

impl StepRecord {
    fn new(check: &Check) -> Self {
        Self {
            kind: check.kind,
            name: check.name.clone(),
            met: 0,
            broken: 0,
            undecided: 0,
            not_needed: 0,
            wait_p50_ns: None,
            wait_p95_ns: None,
        }
    }
}

/// Each expectation over all runs, in the order of the spec.
pub(super) fn steps(runs: &[VerifiedRun]) -> Vec<StepRecord> {
    let mut order: Vec<(CheckKind, String)> = vec![];
    let mut steps: BTreeMap<(CheckKind, String), (StepRecord, Vec<i64>)> = BTreeMap::new();
    for check in runs.iter().flat_map(|run| &run.outcome.checks) {
        let key = (check.kind, check.name.clone());
        let (step, waits) = steps.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            (StepRecord::new(check), vec![])
        });
        match check.state {
            CheckState::Met => step.met += 1,
            CheckState::Broken => step.broken += 1,
            CheckState::Undecided => step.undecided += 1,
            CheckState::NotNeeded => step.not_needed += 1,
        }
        waits.extend(check.wait_ns);
    }
    let mut steps: Vec<StepRecord> = order.into_iter().filter_map(|key| steps.remove(&key)).map(with_waits).collect();
    // Runs that stopped early name fewer expectations: the spec's order is that of the longest.
    steps.sort_by_key(|step| step.kind);
    steps
}

fn with_waits((mut step, mut waits): (StepRecord, Vec<i64>)) -> StepRecord {
    waits.sort_unstable();
    let at = |percent: usize| waits.get((waits.len().saturating_sub(1) * percent).div_ceil(100)).copied();
    (step.wait_p50_ns, step.wait_p95_ns) = (at(50), at(95));
    step
}
