//! Whether a journey is as a spec says: three verdicts, and what they rest on.

use crate::model::time::Timestamp;
use crate::pipeline::groups::{Repeated, first_start};
pub use crate::pipeline::input::{EvaluationInput, MetricReading, SourceStatus};
use crate::pipeline::nearest::explain;
use crate::pipeline::spec::{ExpectedStep, Spec};
use crate::pipeline::step_matches::{MatchScope, StepMatches};
use crate::pipeline::steps::{CheckResult, EvaluationContext};
use crate::pipeline::trust::{Ends, Trust};
use crate::pipeline::verdict::{CheckState, RunOutcome, Verdict};
use crate::pipeline::{invariants, other_checks};

/// Judges a run.
pub fn evaluate(spec: &Spec, ground: &EvaluationInput) -> RunOutcome {
    let cast = StepMatches::new(spec, ground.journey);
    let all_by = spec.within_ns.and_then(|most| first_start(&cast).map(|first| first.plus(most)));
    let bench = EvaluationContext { ground, cast: &cast, trust: Trust::new(ground, spec.reach), all_by };
    let groups: Vec<Repeated> = (0..spec.groups.len()).map(|place| Repeated::new(bench, place)).collect();
    let mut rulings = steps(&bench, &groups);
    let whole = [
        spec.within_ns.map(|most| invariants::within(&bench, most, &rulings)),
        spec.in_order.then(|| invariants::in_order(&bench, &rulings)),
    ];
    rulings.extend(whole.into_iter().flatten());
    rulings.extend(groups.iter().map(Repeated::count));
    rulings.extend(spec.absent.iter().map(|absence| other_checks::absent(&bench, absence)));
    rulings.extend(spec.conditions.iter().map(|condition| other_checks::when(&bench, condition)));
    rulings.extend(spec.forbid.iter().map(|id| other_checks::forbid(&bench, *id)));
    let metrics = spec.metrics.iter().enumerate();
    rulings.extend(metrics.map(|(n, metric)| other_checks::metric(&bench, metric, ground.metrics.get(n))));
    decide(&bench, rulings)
}

/// Every step in the order of the spec, those of groups for each repetition.
fn steps(bench: &EvaluationContext, groups: &[Repeated]) -> Vec<CheckResult> {
    let of_step = |(place, step): (usize, &ExpectedStep)| {
        let mut rulings = match step.group.and_then(|group| groups.get(group)) {
            Some(group) => group.step(place, step),
            None => vec![bench.judge(step, Some(place), &bench.cast.all[place], MatchScope::default())],
        };
        rulings.iter_mut().for_each(|ruling| explain(bench, step, &mut ruling.check));
        rulings
    };
    bench.cast.spec.steps.iter().enumerate().flat_map(of_step).collect()
}

/// From what became of each expectation to the verdict, and what waiting could change.
fn decide(bench: &EvaluationContext, rulings: Vec<CheckResult>) -> RunOutcome {
    let has = |state| rulings.iter().any(|ruling| ruling.check.state == state);
    let is_nothing = bench.ground.journey.is_empty();
    let verdict = match () {
        () if is_nothing && bench.trust.is_nowhere() => Verdict::Fail,
        () if is_nothing => Verdict::CannotTell,
        () if has(CheckState::Broken) => Verdict::Fail,
        () if has(CheckState::Undecided) => Verdict::CannotTell,
        () => Verdict::Pass,
    };
    let now = bench.ground.now;
    let (checks, open): (Vec<_>, Vec<_>) = rulings.into_iter().map(|ruling| (ruling.check, ruling.open)).unzip();
    let open: Vec<(String, Ends)> = open.into_iter().flatten().collect();
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
    let until: Option<Ends> = open.iter().map(|(_, ends)| *ends).max();
    let mut waiting_for: Vec<String> = vec![];
    for (words, _) in open {
        if !waiting_for.contains(&words) {
            waiting_for.push(words);
        }
    }
    RunOutcome { verdict, checks, waiting_for, until: until.and_then(instant) }
}

fn instant(ends: Ends) -> Option<Timestamp> {
    match ends {
        Ends::At(at) => Some(at),
        Ends::Open => None,
    }
}

#[cfg(test)]
mod tests;
