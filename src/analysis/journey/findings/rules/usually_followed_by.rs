//! `usually_followed_by`: a step that good runs have is missing.
//!
//! Good runs began with the same operation and route, and nothing failed in them; ten of them make a baseline. The step
//! must be in 95 % of them, which of ten is all. High confidence where there are many runs and all have it.
//!
//! Silent without a baseline; where what the step usually comes after is missing too, as the topmost missing step shows
//! for all below it; and where an error explains it.

use crate::analysis::journey::findings::baseline::BaselineStep;
use crate::analysis::journey::findings::comparison::{BaselineComparison, MANY_RUNS};
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::analysis::window::steps::StepKey;
use crate::model::action::{Action, LogTime, LookAt};
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, MissingPartPlace, MissingThing, OperationRef,
    Severity,
};

/// The share of good runs that have a step that is usual, in percent. Of 10 to 19 runs all must have it; from 20 runs on
/// one may lack it.
const USUAL_PERCENT: usize = 95;

/// One hit for each step.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let Some(compared) = BaselineComparison::new(context) else { return vec![] };
    let is_missing = |(step, seen): &(&StepKey, &BaselineStep)| {
        seen.runs * 100 >= compared.runs.count * USUAL_PERCENT && !compared.steps.contains_key(*step)
    };
    let missing = |(step, seen): (&StepKey, &BaselineStep)| {
        let spans = compared.steps.get(seen.usually_after()?)?;
        let is_explained = spans.iter().any(|span| compared.is_explained(*span));
        let after = *spans.first().filter(|_| !is_explained)?;
        Some(hit(context, &OperationRef::new(&step.0, &step.1), after, (seen.runs, compared.runs.count)))
    };
    compared.runs.steps.iter().filter(is_missing).filter_map(missing).collect()
}

/// The step is missing after this span, and this many of the runs have it.
fn hit(context: &RuleContext, step: &OperationRef, after: usize, (having, runs): (usize, usize)) -> RuleHit {
    let span = context.span(after);
    let in_all = runs >= MANY_RUNS && having == runs;
    let confidence = if in_all { Confidence::High } else { Confidence::Medium };
    let after_step = OperationRef::new(span.service(), &span.name);
    let detail = FindingDetail::UsuallyFollowedBy { after: after_step, having, runs };
    let mut finding = Finding::new(FindingId::UsuallyFollowedBy, Severity::Warning, confidence, detail)
        .at(&step.service, &step.operation);
    finding.evidence = vec![context.evidence(after, EvidenceFact::UsuallyFollowedBy(step.clone()))];
    finding.causes =
        vec![Cause::NotDoneInThisRun { service: step.service.clone() }, Cause::DoneAndSpanLost, Cause::OtherRoute];
    finding.actions = vec![
        Action::LookAt(LookAt::Logs { services: vec![step.service.clone()], when: LogTime::After }),
        Action::LookAt(LookAt::GoodRun),
    ];
    finding.missing_parts =
        vec![context.missing_part(after, MissingPartPlace::Below, MissingThing::Step(step.clone()))];
    RuleHit { finding, spans: vec![after] }
}
