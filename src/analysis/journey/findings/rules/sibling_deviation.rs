//! `sibling_deviation`: a step that most siblings have is missing in this one.
//!
//! Siblings are spans that came about by the same steps from the beginning on, so that cousins are compared too, with the
//! same route, outcome and HTTP status: what failed, or took another way, lacks steps for that reason. Three make a rule,
//! and two thirds of them must have the step. Among few a difference may be how the work is, so the confidence is low; it
//! is medium from five that have it on, if they are four fifths.
//!
//! Only the topmost missing step shows, as what would be below it is missing with it. Silent for steps that a cache or a
//! pool of connections spares some of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::remote_peer;
use crate::analysis::journey::findings::rule_hit::{MAX_EVIDENCE, RuleHit};
use crate::model::action::{Action, LookAt};
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, MissingPartPlace, MissingThing, OperationRef,
    Severity,
};
use crate::model::id::{SpanId, TraceId};
use crate::model::span::{Span, SpanKind};

/// Siblings that make a rule: of two, either may be the odd one.
const LEAST_SIBLINGS: usize = 3;

/// What siblings have in common beside how they came about: service, operation, kind and route.
type SiblingKey<'a> = (&'a str, &'a str, SpanKind, &'a str);
/// How a span ended: whether anything failed in it or below it, and its HTTP status.
type SiblingOutcome = (bool, Option<i64>);

pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let spans = &context.journey.spans;
    let (kinds, order) = (kinds(context), causes_first(context.journey));
    let failed = failed(context, &order);
    let mut siblings: BTreeMap<(usize, SiblingOutcome), Vec<usize>> = BTreeMap::new();
    for span in order.iter().copied().filter(|span| context.in_tree[*span]) {
        siblings.entry((kinds[span], (failed[span], spans[span].http_status()))).or_default().push(span);
    }
    siblings.retain(|_, all| all.len() >= LEAST_SIBLINGS);
    let comparison = SiblingComparison { context, kinds, linking: linking(context) };
    siblings.into_values().flat_map(|siblings| comparison.deviations(&siblings)).collect()
}

/// Beside each span a number for how it came about: spans with the same number came about by the same steps.
fn kinds(context: &RuleContext) -> Vec<usize> {
    let journey = context.journey;
    let mut numbers: HashMap<(Option<usize>, SiblingKey), usize> = HashMap::new();
    let mut kinds = vec![0; journey.spans.len()];
    for span in causes_first(journey) {
        let above = journey.forest.cause[span].map(|(cause, _)| kinds[cause]);
        let next = numbers.len() + 1;
        kinds[span] = *numbers.entry((above, sibling_key(&journey.spans[span]))).or_insert(next);
    }
    kinds
}

fn sibling_key(span: &Span) -> SiblingKey<'_> {
    let route = span.attributes.text(&["http.route", "url.template"]).or(span.topic()).unwrap_or_default();
    (span.service(), &span.name, span.kind, route)
}

/// Beside each span: whether it or anything below it failed.
fn failed(context: &RuleContext, order: &[usize]) -> Vec<bool> {
    let journey = context.journey;
    let mut failed: Vec<bool> = journey.spans.iter().map(Span::is_error).collect();
    for span in order.iter().rev().copied().filter(|span| failed[*span]).collect::<Vec<_>>() {
        let mut at = span;
        while let Some((cause, _)) = journey.forest.cause[at].filter(|(cause, _)| !failed[*cause]) {
            failed[cause] = true;
            at = cause;
        }
    }
    failed
}

/// The spans that link to each span: a consumer of many messages follows from one of them only.
fn linking(context: &RuleContext) -> HashMap<(TraceId, SpanId), Vec<usize>> {
    let mut linking: HashMap<_, Vec<_>> = HashMap::new();
    for (index, span) in context.journey.spans.iter().enumerate() {
        for link in &span.links {
            linking.entry((link.trace_id, link.span_id)).or_default().push(index);
        }
    }
    linking
}

/// What siblings are compared by.
struct SiblingComparison<'a> {
    context: &'a RuleContext<'a>,
    kinds: Vec<usize>,
    linking: HashMap<(TraceId, SpanId), Vec<usize>>,
}

impl SiblingComparison<'_> {
    /// The steps that some of these siblings lack.
    fn deviations(&self, siblings: &[usize]) -> Vec<RuleHit> {
        let journey = self.context.journey;
        // Of each kind of step the first, and the siblings that have it.
        let mut steps: BTreeMap<usize, (usize, HashSet<usize>)> = BTreeMap::new();
        let mut by_link: HashMap<SiblingKey, HashSet<usize>> = HashMap::new();
        for sibling in siblings {
            for step in &journey.forest.effects[*sibling] {
                steps.entry(self.kinds[*step]).or_insert_with(|| (*step, HashSet::new())).1.insert(*sibling);
            }
            let span = &journey.spans[*sibling];
            for step in self.linking.get(&(span.trace_id, span.span_id)).into_iter().flatten() {
                by_link.entry(sibling_key(&journey.spans[*step])).or_default().insert(*sibling);
            }
        }
        let is_sparable = |step: &Span| remote_peer::is_step(step) || remote_peer::is_lookup(step);
        let deviation = |(first, having): (usize, HashSet<usize>)| {
            let step = Some(&journey.spans[first]).filter(|step| !is_sparable(step))?;
            let by_link = by_link.get(&sibling_key(step));
            let has = |sibling: &usize| having.contains(sibling) || by_link.is_some_and(|l| l.contains(sibling));
            // Calls without a route of their own that reached another server are no siblings of those that reached this one.
            let reached_another = |sibling: &usize| {
                step.kind == SpanKind::Server && journey.spans[*sibling].kind == SpanKind::Client && {
                    let mut effects = journey.forest.effects[*sibling].iter();
                    effects.any(|effect| journey.spans[*effect].kind == SpanKind::Server)
                }
            };
            let (having, lacking): (Vec<usize>, Vec<usize>) = siblings.iter().partition(|sibling| has(sibling));
            let lacking: Vec<usize> = lacking.into_iter().filter(|sibling| !reached_another(sibling)).collect();
            let (having, siblings) = (having.len(), having.len() + lacking.len());
            if siblings < LEAST_SIBLINGS {
                return None;
            }
            // Two thirds: two of three, three of four, four of five. Below that the step may just be optional.
            (!lacking.is_empty() && having * 3 >= siblings * 2).then(|| hit(self.context, first, lacking, siblings))
        };
        steps.into_values().filter_map(deviation).collect()
    }
}

fn hit(context: &RuleContext, first_step: usize, lacking: Vec<usize>, siblings: usize) -> RuleHit {
    let (first, step) = (context.span(lacking[0]), context.span(first_step));
    let having = siblings - lacking.len();
    // As at least one sibling lacks the step, the smallest case of medium confidence is five of six.
    let confidence = if having >= 5 && having * 5 >= siblings * 4 { Confidence::Medium } else { Confidence::Low };
    let step = OperationRef::new(step.service(), &step.name);
    let detail = FindingDetail::SiblingDeviation { step: step.clone(), siblings };
    let mut finding = Finding::new(FindingId::SiblingDeviation, Severity::Warning, confidence, detail)
        .at(first.service(), &first.name);
    finding.count = lacking.len();
    let without = |span: &usize| context.evidence(*span, EvidenceFact::Without(step.clone()));
    finding.evidence = lacking.iter().take(MAX_EVIDENCE).map(without).collect();
    finding.evidence.push(context.evidence(first_step, EvidenceFact::FirstOfSiblings { having, siblings }));
    finding.evidence.sort();
    finding.causes =
        vec![Cause::NotDoneHere { service: step.service.clone() }, Cause::DoneAndSpanLost, Cause::NotNeeded];
    finding.actions = vec![Action::LookAt(LookAt::SiblingDifference { operation: step.operation.clone() })];
    let missing = |span: &usize| context.missing_part(*span, MissingPartPlace::Below, MissingThing::Step(step.clone()));
    finding.missing_parts = lacking.iter().take(MAX_EVIDENCE).map(missing).collect();
    RuleHit { finding, spans: lacking }
}
