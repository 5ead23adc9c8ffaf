//! `unusual_step`: a step that no good run has.
//!
//! Info: what is new need not be wrong. Only beside many good runs, as among few a rare step is easily not seen; the
//! topmost step shows for all below it.
//!
//! Silent without a baseline, and where an error explains it.

use crate::analysis::journey::findings::comparison::{BaselineComparison, MANY_RUNS};
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::{MAX_EVIDENCE, RuleHit};
use crate::analysis::window::steps::StepKey;
use crate::model::action::{Action, LookAt};
use crate::model::finding::{Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, Severity};

/// Steps that are reported at most, in order of service and operation: a run with more is another pipeline altogether.
const MAX_STEPS: usize = 20;

/// One hit for each step.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let Some(compared) = BaselineComparison::new(context).filter(|compared| compared.runs.count >= MANY_RUNS) else {
        return vec![];
    };
    let is_topmost = |span: usize| {
        let above = context.journey.forest.cause[span].map(|(cause, _)| compared.step(context, cause));
        above.is_none_or(|above| compared.runs.steps.contains_key(&above))
    };
    let unusual = compared.steps.iter().filter(|(step, spans)| {
        !compared.runs.steps.contains_key(*step) && is_topmost(spans[0]) && !compared.is_explained(spans[0])
    });
    unusual.take(MAX_STEPS).map(|(step, spans)| hit(context, step, spans, compared.runs.count)).collect()
}

fn hit(context: &RuleContext, (service, operation): &StepKey, spans: &[usize], runs: usize) -> RuleHit {
    let detail = FindingDetail::UnusualStep { runs };
    let mut finding =
        Finding::new(FindingId::UnusualStep, Severity::Info, Confidence::Medium, detail).at(service, operation);
    finding.count = spans.len();
    let evidence = |span: &usize| context.evidence(*span, EvidenceFact::NotInGoodRuns);
    finding.evidence = spans.iter().take(MAX_EVIDENCE).map(evidence).collect();
    finding.causes = vec![Cause::NewVersion, Cause::RareRoute];
    finding.actions = vec![Action::LookAt(LookAt::FirstOccurrence { service: service.clone() })];
    RuleHit { finding, spans: spans.to_vec() }
}
