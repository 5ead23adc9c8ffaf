//! `sibling_deviation`: a step that the others of its kind have, and this one has not.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::critical_path::downwards;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::remote_peer;
use crate::analysis::journey::findings::{MOST_PROOFS, RuleHit};
use crate::model::finding::{Confidence, Finding, FindingId, MissingPart, MissingPartPlace, Severity};
use crate::model::id::{SpanId, TraceId};
use crate::model::span::{Span, SpanKind};

/// So many of a kind make a rule.
const LEAST: usize = 3;

/// What makes two spans of one kind: who did what, on which route.
type SiblingKey<'a> = (&'a str, &'a str, SpanKind, &'a str);
/// How a span ended, and what is below it: whether anything failed, and the HTTP status.
type SiblingOutcome = (bool, Option<i64>);

/// Steps that two thirds of their kind have and some have not. Of one kind are spans that came about by the same steps
/// from the beginning on, so cousins are compared like siblings, and only the topmost missing step shows.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let spans = &scene.journey.spans;
    let (kinds, order) = (kinds(scene), downwards(scene.journey));
    let failed = failed(scene, &order);
    let mut members: BTreeMap<(usize, SiblingOutcome), Vec<usize>> = BTreeMap::new();
    for span in order.iter().copied().filter(|s| scene.in_tree[*s]) {
        members.entry((kinds[span], (failed[span], spans[span].http_status()))).or_default().push(span);
    }
    members.retain(|_, all| all.len() >= LEAST);
    let linked = linked(scene);
    members.into_values().flat_map(|all| deviations(scene, &kinds, &linked, &all)).collect()
}

/// Beside each span a number for how it came about: spans with the same number took the same steps.
fn kinds(scene: &RuleContext) -> Vec<usize> {
    let journey = scene.journey;
    let mut numbers: HashMap<(Option<usize>, SiblingKey), usize> = HashMap::new();
    let mut kinds = vec![0; journey.spans.len()];
    for span in downwards(journey) {
        let above = journey.forest.cause[span].map(|(cause, _)| kinds[cause]);
        let next = numbers.len() + 1;
        kinds[span] = *numbers.entry((above, kind(&journey.spans[span]))).or_insert(next);
    }
    kinds
}

fn kind(span: &Span) -> SiblingKey<'_> {
    let route = span.attributes.text(&["http.route", "url.template"]).or(span.topic()).unwrap_or_default();
    (span.service(), &span.name, span.kind, route)
}

/// Whether the span or anything below it failed.
fn failed(scene: &RuleContext, order: &[usize]) -> Vec<bool> {
    let journey = scene.journey;
    let mut failed: Vec<bool> = journey.spans.iter().map(Span::is_error).collect();
    for span in order.iter().rev().copied().filter(|s| failed[*s]).collect::<Vec<_>>() {
        let mut at = span;
        while let Some((cause, _)) = journey.forest.cause[at].filter(|(cause, _)| !failed[*cause]) {
            failed[cause] = true;
            at = cause;
        }
    }
    failed
}

/// What links to each span: a consumer of many messages follows from one of them only.
fn linked(scene: &RuleContext) -> HashMap<(TraceId, SpanId), Vec<usize>> {
    let mut linked: HashMap<_, Vec<_>> = HashMap::new();
    for (index, span) in scene.journey.spans.iter().enumerate() {
        for link in &span.links {
            linked.entry((link.trace_id, link.span_id)).or_default().push(index);
        }
    }
    linked
}

fn deviations(
    scene: &RuleContext,
    kinds: &[usize],
    linked: &HashMap<(TraceId, SpanId), Vec<usize>>,
    members: &[usize],
) -> Vec<RuleHit> {
    let journey = scene.journey;
    // Each step once a member, however often it was done.
    let mut having: BTreeMap<usize, (usize, HashSet<usize>)> = BTreeMap::new();
    let mut by_link: HashMap<SiblingKey, HashSet<usize>> = HashMap::new();
    for member in members {
        for step in &journey.forest.effects[*member] {
            having.entry(kinds[*step]).or_insert_with(|| (*step, HashSet::new())).1.insert(*member);
        }
        let span = &journey.spans[*member];
        for step in linked.get(&(span.trace_id, span.span_id)).into_iter().flatten() {
            by_link.entry(kind(&journey.spans[*step])).or_default().insert(*member);
        }
    }
    // A cache and a pool of connections spare some of them what the others do.
    let is_sparable = |step: &Span| remote_peer::is_step(step) || remote_peer::is_lookup(step);
    let deviation = |(example, having): (usize, HashSet<usize>)| {
        let step = Some(&journey.spans[example]).filter(|step| !is_sparable(step))?;
        let by_link = by_link.get(&kind(step));
        let has = |member: &usize| having.contains(member) || by_link.is_some_and(|l| l.contains(member));
        let lacking: Vec<usize> = members.iter().copied().filter(|m| !has(m)).collect();
        let with = members.len() - lacking.len();
        (!lacking.is_empty() && with * 3 >= members.len() * 2)
            .then(|| draft(scene, step, example, lacking, members.len()))
    };
    having.into_values().filter_map(deviation).collect()
}

fn draft(scene: &RuleContext, step: &Span, example: usize, lacking: Vec<usize>, of: usize) -> RuleHit {
    let first = &scene.journey.spans[lacking[0]];
    let with = of - lacking.len();
    // Among few a difference may be how the work is; among many it is an exception.
    let confidence = if with >= 5 && with * 5 >= of * 4 { Confidence::Medium } else { Confidence::Low };
    let (step_service, step_name) = (step.service(), &step.name);
    let summary = format!(
        "{step_service} {step_name} is missing after {} of {of} {} {}",
        lacking.len(),
        first.service(),
        first.name
    );
    let mut finding = Finding::new(FindingId::SiblingDeviation, Severity::Warning, confidence, summary);
    first.service().clone_into(&mut finding.service);
    finding.operation.clone_from(&first.name);
    finding.count = lacking.len();
    let without = |s: &usize| scene.proof(*s, format!("without {step_service} {step_name}"));
    finding.evidence = lacking.iter().take(MOST_PROOFS).map(without).collect();
    finding.evidence.push(scene.proof(example, format!("{with} of {of} have it, this is the first")));
    finding.evidence.sort();
    finding.causes = vec![
        format!("{step_service} did not do it this time"),
        "it was done, and its span was lost".to_owned(),
        "this one needed no such step".to_owned(),
    ];
    finding.next = vec![format!("compare the attributes and lines of one that has {step_name} with one that has not")];
    let hole = |s: &usize| {
        let span = &scene.journey.spans[*s];
        let what = format!("{step_service} {step_name}");
        MissingPart { trace_id: span.trace_id, span_id: span.span_id, place: MissingPartPlace::Below, what }
    };
    finding.holes = lacking.iter().take(MOST_PROOFS).map(hole).collect();
    RuleHit { finding, spans: lacking }
}
