//! `clock_skew`: two clocks that disagree, and clocks that jump.

use std::collections::{BTreeMap, HashMap};

use crate::analysis::journey::clocks::asynchronous_cause;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::{MOST_PROOFS, RuleHit};
use crate::model::finding::{Confidence, Finding, FindingId, Severity};
use crate::model::journey::Skew;
use crate::model::span::SpanKind;
use crate::model::time::{Human, SECOND};

/// Below this a contradiction is noise of the clocks' precision.
const LEAST: i64 = 2_000_000;
/// From so many offsets that agree on, there is no doubt.
const SURE: usize = 3;

/// Clocks that disagree, by pair of services, and processes whose clock jumped.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let impossible = impossible(scene);
    let between = |skew: &Skew| {
        let (a, b) = (skew.reference.as_str(), skew.service.as_str());
        impossible.get(&(a.min(b), a.max(b))).and_then(|pairs| apart(scene, skew, pairs))
    };
    scene.journey.skew.iter().filter_map(between).chain(jumps(scene)).collect()
}

/// Effects before their causes, and callees that began after their callers had ended, by pair of services. A child
/// that outlives its parent is none of these.
fn impossible<'a>(scene: &RuleContext<'a>) -> HashMap<(&'a str, &'a str), Vec<(usize, usize)>> {
    let journey = scene.journey;
    let mut pairs: HashMap<_, Vec<_>> = HashMap::new();
    for (effect, cause) in journey.forest.cause.iter().enumerate() {
        let Some((cause, _)) = cause.filter(|_| scene.in_tree[effect]) else { continue };
        let (from, to) = (&journey.spans[cause], &journey.spans[effect]);
        let is_call = from.kind == SpanKind::Client
            && to.kind == SpanKind::Server
            && asynchronous_cause(journey, effect).is_none();
        let is_before = to.start.since(from.start) < -LEAST;
        let is_after = is_call && to.start.since(from.end()) > LEAST;
        let (a, b) = (from.service(), to.service());
        if a != b && (is_before || is_after) {
            pairs.entry((a.min(b), a.max(b))).or_default().push((cause, effect));
        }
    }
    pairs
}

fn apart(scene: &RuleContext, skew: &Skew, pairs: &[(usize, usize)]) -> Option<RuleHit> {
    let precision = skew.within_ns.unwrap_or(0).saturating_mul(2);
    let by = skew.ahead_ns.saturating_abs();
    if by <= LEAST.max(precision) {
        return None;
    }
    let confidence = if pairs.len() >= SURE { Confidence::High } else { Confidence::Medium };
    let side = if skew.ahead_ns < 0 { "behind" } else { "ahead of" };
    let least = if skew.within_ns.is_none() { "at least " } else { "" };
    let summary = format!("the clock of {} is {least}{} {side} that of {}", skew.service, Human(by), skew.reference);
    let mut finding = Finding::new(FindingId::ClockSkew, Severity::Info, confidence, summary);
    finding.service.clone_from(&skew.service);
    finding.operation.clone_from(&skew.reference);
    finding.count = pairs.len();
    let proofs = pairs.iter().take(MOST_PROOFS / 2).flat_map(|(cause, effect)| {
        let said = format!(
            "recorded {} before what caused it",
            Human(scene.journey.spans[*cause].start.since(scene.journey.spans[*effect].start))
        );
        let late = "began after its caller had ended".to_owned();
        let is_before = scene.journey.spans[*effect].start < scene.journey.spans[*cause].start;
        [scene.proof(*cause, "the cause"), scene.proof(*effect, if is_before { said } else { late })]
    });
    finding.evidence = proofs.collect();
    finding.evidence.sort();
    finding.causes = vec!["the time of one of the two hosts is not kept in step".to_owned()];
    finding.next = vec![format!("compare the time of the hosts of {} and {}", skew.service, skew.reference)];
    Some(RuleHit { finding, spans: pairs.iter().map(|(_, effect)| *effect).collect() })
}

/// An event lies within its span, unless the clock was set between the two.
fn jumps<'a>(scene: &'a RuleContext) -> impl Iterator<Item = RuleHit> + 'a {
    let mut jumped: BTreeMap<&str, Vec<(usize, i64)>> = BTreeMap::new();
    for (index, span) in scene.journey.spans.iter().enumerate() {
        if !scene.is_judged(index) || !span.has_sane_time() {
            continue;
        }
        let outside = span
            .events
            .iter()
            .filter(|event| event.time.is_sane())
            .map(|event| span.start.since(event.time).max(event.time.since(span.end())));
        if let Some(by) = outside.max().filter(|by| *by > SECOND) {
            jumped.entry(span.service()).or_default().push((index, by));
        }
    }
    jumped.into_iter().map(|(service, spans)| {
        let by = spans.iter().map(|(_, by)| *by).max().unwrap_or_default();
        let summary = format!("the clock of {service} jumped: an event lies {} outside its span", Human(by));
        let mut finding = Finding::new(FindingId::ClockSkew, Severity::Info, Confidence::Medium, summary);
        service.clone_into(&mut finding.service);
        finding.count = spans.len();
        let proof = |(span, by): &(usize, i64)| scene.proof(*span, format!("an event {} outside it", Human(*by)));
        finding.evidence = spans.iter().take(MOST_PROOFS).map(proof).collect();
        finding.causes = vec![
            "the clock of that process was set while it worked".to_owned(),
            "its instrumentation takes the times of events and spans from two clocks".to_owned(),
        ];
        finding.next = vec![format!("see when the host of {service} last set its time")];
        RuleHit { finding, spans: spans.into_iter().map(|(span, _)| span).collect() }
    })
}
