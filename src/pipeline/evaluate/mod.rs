//! Evaluates a spec against a journey: one verdict of three, and the checks behind it.

use crate::model::time::Timestamp;
use crate::pipeline::doubts::{Trust, WaitEnd};
use crate::pipeline::groups::{GroupEvaluation, first_start};
pub use crate::pipeline::input::{EvaluationInput, MetricReading, SourceStatus};
use crate::pipeline::nearest::explain;
use crate::pipeline::spec::{ExpectedStep, Spec};
use crate::pipeline::step_matches::{MatchScope, StepMatches};
use crate::pipeline::steps::{CheckResult, EvaluationContext};
use crate::pipeline::verdict::{CheckState, RunOutcome, Verdict};
use crate::pipeline::{invariants, other_checks};

/// Evaluates a run.
pub fn evaluate(spec: &Spec, input: &EvaluationInput) -> RunOutcome {
    let matches = StepMatches::new(spec, input.journey);
    let all_by = spec.within_ns.and_then(|most| first_start(&matches).map(|first| first.plus(most)));
    let context = EvaluationContext { input, matches: &matches, trust: Trust::new(input, spec.reach), all_by };
    let groups: Vec<GroupEvaluation> =
        (0..spec.groups.len()).map(|place| GroupEvaluation::new(context, place)).collect();
    let mut results = check_steps(&context, &groups);
    let run_checks = [
        spec.within_ns.map(|most| invariants::within(&context, most, &results)),
        spec.in_order.then(|| invariants::in_order(&context, &results)),
    ];
    results.extend(run_checks.into_iter().flatten());
    results.extend(groups.iter().map(GroupEvaluation::count));
    results.extend(spec.absent.iter().map(|absence| other_checks::absent(&context, absence)));
    results.extend(spec.conditions.iter().map(|condition| other_checks::when(&context, condition)));
    results.extend(spec.forbid.iter().map(|id| other_checks::forbid(&context, *id)));
    let metrics = spec.metrics.iter().enumerate();
    results.extend(metrics.map(|(n, metric)| other_checks::metric(&context, metric, input.readings.get(n))));
    decide(&context, results)
}

/// Checks every step in the order of the spec; steps of a group for each repetition.
fn check_steps(context: &EvaluationContext, groups: &[GroupEvaluation]) -> Vec<CheckResult> {
    let of_step = |(place, step): (usize, &ExpectedStep)| {
        let mut results = match step.group.and_then(|group| groups.get(group)) {
            Some(group) => group.step(place, step),
            None => vec![context.check_step(step, Some(place), &context.matches.all[place], MatchScope::default())],
        };
        results.iter_mut().for_each(|result| explain(context, step, &mut result.check));
        results
    };
    context.matches.spec.steps.iter().enumerate().flat_map(of_step).collect()
}

/// The verdict of all checks, and what waiting could change about it.
fn decide(context: &EvaluationContext, results: Vec<CheckResult>) -> RunOutcome {
    let has = |state| results.iter().any(|result| result.check.state == state);
    let is_nothing = context.input.journey.is_empty();
    let verdict = match () {
        () if is_nothing && context.trust.is_conclusively_empty() => Verdict::Fail,
        () if is_nothing => Verdict::CannotTell,
        () if has(CheckState::Broken) => Verdict::Fail,
        () if has(CheckState::Undecided) => Verdict::CannotTell,
        () => Verdict::Pass,
    };
    let now = context.input.now;
    let (checks, open): (Vec<_>, Vec<_>) = results.into_iter().map(|result| (result.check, result.open)).unzip();
    let open: Vec<(String, WaitEnd)> = open.into_iter().flatten().collect();
    if verdict != Verdict::CannotTell || open.is_empty() && !is_nothing {
        return RunOutcome { verdict, checks, waiting_for: vec![], until: Some(now) };
    }
    if is_nothing {
        return RunOutcome {
            verdict,
            checks,
            waiting_for: vec!["anything that carries the ID".to_owned()],
            until: None,
        };
    }
    let until: Option<WaitEnd> = open.iter().map(|(_, wait_end)| *wait_end).max();
    let mut waiting_for: Vec<String> = vec![];
    for (label, _) in open {
        if !waiting_for.contains(&label) {
            waiting_for.push(label);
        }
    }
    RunOutcome { verdict, checks, waiting_for, until: until.and_then(instant) }
}

fn instant(wait_end: WaitEnd) -> Option<Timestamp> {
    match wait_end {
        WaitEnd::At(at) => Some(at),
        WaitEnd::Open => None,
    }
}

#[cfg(test)]
mod tests;
