//! `usually_followed_by` and `unusual_step`: what differs from good runs of the same pipeline.

use std::collections::BTreeMap;

use crate::analysis::journey::critical_path::downwards;
use crate::analysis::journey::findings::baseline::{BaselineRuns, BaselineStep};
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::{MOST_PROOFS, RuleHit};
use crate::analysis::window::steps::{MaskedNames, StepKey, judged};
use crate::model::finding::{Confidence, Finding, FindingId, MissingPart, MissingPartPlace, Severity};

/// From so many runs on a step that none of them has is unusual, and one that they all have is sure.
const MANY_RUNS: usize = 20;
/// So many steps at most are told to be unusual: with more, the run is another one altogether.
const MOST_UNUSUAL: usize = 20;

/// What this run lacks, and what only it has. The topmost step tells of all below it.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let Some(runs) = scene.grounds.baseline.and_then(|baseline| baseline.like(scene.journey)) else { return vec![] };
    let names = MaskedNames::new(scene.journey);
    let mut here: BTreeMap<StepKey, Vec<usize>> = BTreeMap::new();
    for span in judged(scene.journey) {
        here.entry(names.step(scene.journey, span)).or_default().push(span);
    }
    let failures = Failures::new(scene);
    let mut drafts = missing(scene, runs, &here, &failures);
    if runs.count >= MANY_RUNS {
        drafts.extend(unusual(scene, runs, &here, &failures));
    }
    drafts
}

fn missing(
    scene: &RuleContext,
    runs: &BaselineRuns,
    here: &BTreeMap<StepKey, Vec<usize>>,
    failures: &Failures,
) -> Vec<RuleHit> {
    let lacks =
        |(step, seen): &(&StepKey, &BaselineStep)| seen.runs * 100 >= runs.count * 95 && !here.contains_key(*step);
    let draft = |(step, seen): (&StepKey, &BaselineStep)| {
        let above = seen.usually_after()?;
        let place = *here.get(above)?.first()?;
        let explained = here[above].iter().any(|span| failures.touch(*span));
        (!explained).then(|| missing_draft(scene, runs, (step, seen), place))
    };
    runs.steps.iter().filter(lacks).filter_map(draft).collect()
}

fn missing_draft(
    scene: &RuleContext,
    runs: &BaselineRuns,
    (step, seen): (&StepKey, &BaselineStep),
    place: usize,
) -> RuleHit {
    let above = &scene.journey.spans[place];
    let in_all = runs.count >= MANY_RUNS && seen.runs == runs.count;
    let confidence = if in_all { Confidence::High } else { Confidence::Medium };
    let (service, name) = step;
    let summary = format!(
        "{service} {name} is missing after {} {}: {} of {} good runs have it",
        above.service(),
        above.name,
        seen.runs,
        runs.count
    );
    let mut finding = Finding::new(FindingId::UsuallyFollowedBy, Severity::Warning, confidence, summary);
    finding.service.clone_from(service);
    finding.operation.clone_from(name);
    finding.evidence = vec![scene.proof(place, format!("usually followed by {service} {name}"))];
    finding.causes = vec![
        format!("{service} did not do it in this run"),
        "it was done, and its span was lost".to_owned(),
        "this run took another way than usual".to_owned(),
    ];
    finding.next = vec![
        format!("read what {service} wrote in its lines after this span"),
        "compare with a good run of the same operation".to_owned(),
    ];
    finding.holes = vec![MissingPart {
        trace_id: above.trace_id,
        span_id: above.span_id,
        place: MissingPartPlace::Below,
        what: format!("{service} {name}"),
    }];
    RuleHit { finding, spans: vec![place] }
}

fn unusual(
    scene: &RuleContext,
    runs: &BaselineRuns,
    here: &BTreeMap<StepKey, Vec<usize>>,
    failures: &Failures,
) -> Vec<RuleHit> {
    let names = MaskedNames::new(scene.journey);
    let is_topmost = |span: usize| {
        let above = scene.journey.forest.cause[span].map(|(cause, _)| names.step(scene.journey, cause));
        above.is_none_or(|above| runs.steps.contains_key(&above))
    };
    let new = here
        .iter()
        .filter(|(step, spans)| !runs.steps.contains_key(*step) && is_topmost(spans[0]) && !failures.touch(spans[0]));
    let draft = |(step, spans): (&StepKey, &Vec<usize>)| {
        let summary = format!("{} {} is in none of {} good runs", step.0, step.1, runs.count);
        let mut finding = Finding::new(FindingId::UnusualStep, Severity::Info, Confidence::Medium, summary);
        (finding.service, finding.operation) = step.clone();
        finding.count = spans.len();
        finding.evidence = spans.iter().take(MOST_PROOFS).map(|s| scene.proof(*s, "not seen in good runs")).collect();
        finding.causes =
            vec!["a new version, or another configuration".to_owned(), "a way that is seldom taken".to_owned()];
        finding.next = vec![format!("see since when {} does this", step.0)];
        RuleHit { finding, spans: spans.clone() }
    };
    new.take(MOST_UNUSUAL).map(draft).collect()
}

/// Where something failed that was not made good.
struct Failures {
    above: Vec<bool>,
    below: Vec<bool>,
}

impl Failures {
    fn new(scene: &RuleContext) -> Self {
        let journey = scene.journey;
        let order = downwards(journey);
        let own = |span: usize| journey.spans[span].is_error() && !scene.cascade.recovered.contains(&span);
        let mut above: Vec<bool> = (0..journey.spans.len()).map(own).collect();
        let mut below = above.clone();
        for span in order.iter().copied() {
            above[span] |= journey.forest.cause[span].is_some_and(|(cause, _)| above[cause]);
        }
        for span in order.iter().rev().copied().filter(|s| journey.forest.cause[*s].is_some()) {
            if let Some((cause, _)) = journey.forest.cause[span] {
                below[cause] |= below[span];
            }
        }
        Self { above, below }
    }

    /// Whether the span, what led to it or what followed from it failed.
    fn touch(&self, span: usize) -> bool {
        self.above[span] || self.below[span]
    }
}
