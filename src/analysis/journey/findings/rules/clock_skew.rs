//! `clock_skew`: two clocks disagree, or one jumped. Never more than info: screens already draw on adjusted clocks, and
//! nothing went wrong in the work itself.
//!
//! Reported for a pair of services whose measured skew is beyond the clocks' precision, and only where spans contradict each
//! other: an effect before its cause, or a server that began after its client had ended. Three such pairs leave no doubt.
//! A child that outlives its parent, and a message's receive that began before its publish (it polls), are no such
//! contradiction. A clock jumped where an event lies more than a second outside its own span.

use std::collections::{BTreeMap, HashMap};

use crate::analysis::journey::clocks::asynchronous_cause;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::{MAX_EVIDENCE, RuleHit};
use crate::model::action::{Action, LookAt};
use crate::model::finding::{Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, Severity};
use crate::model::journey::Skew;
use crate::model::span::SpanKind;
use crate::model::time::SECOND;

/// Up to this, in nanoseconds, a contradiction is noise: clocks of one host, and their rounding, differ by as much. It is the
/// same 2 ms from which `stitch::skew` measures a skew.
const PRECISION: i64 = 2_000_000;
/// Contradictions from which on the confidence is high: one or two may be a recording error of a span.
const SURE_PAIRS: usize = 3;

pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let contradictions = contradictions(context);
    let between = |skew: &Skew| {
        let (a, b) = (skew.reference.as_str(), skew.service.as_str());
        contradictions.get(&(a.min(b), a.max(b))).and_then(|pairs| skewed(context, skew, pairs))
    };
    context.journey.skew.iter().filter_map(between).chain(jumps(context)).collect()
}

/// Causes, each with an effect that began too early or too late for it, by pair of services.
fn contradictions<'a>(context: &RuleContext<'a>) -> HashMap<(&'a str, &'a str), Vec<(usize, usize)>> {
    let journey = context.journey;
    let mut pairs: HashMap<_, Vec<_>> = HashMap::new();
    for (effect, cause) in journey.forest.cause.iter().enumerate() {
        let Some((cause, _)) = cause.filter(|_| context.in_tree[effect]) else { continue };
        let (from, to) = (&journey.spans[cause], &journey.spans[effect]);
        let is_call = from.kind == SpanKind::Client
            && to.kind == SpanKind::Server
            && asynchronous_cause(journey, effect).is_none();
        let is_before = to.start.since(from.start) < -PRECISION;
        let is_after = is_call && to.start.since(from.end()) > PRECISION;
        let (a, b) = (from.service(), to.service());
        if a != b && (is_before || is_after) {
            pairs.entry((a.min(b), a.max(b))).or_default().push((cause, effect));
        }
    }
    pairs
}

fn skewed(context: &RuleContext, skew: &Skew, pairs: &[(usize, usize)]) -> Option<RuleHit> {
    // The skew lies within `within_ns` of `ahead_ns`, on either side. Beyond twice that, the least that it can be is more
    // than what is uncertain of it.
    let precision = skew.within_ns.unwrap_or(0).saturating_mul(2).max(PRECISION);
    if skew.ahead_ns.saturating_abs() <= precision {
        return None;
    }
    let confidence = if pairs.len() >= SURE_PAIRS { Confidence::High } else { Confidence::Medium };
    let detail = FindingDetail::ClockSkew { ahead_ns: skew.ahead_ns, bounded: skew.within_ns.is_some() };
    let mut finding =
        Finding::new(FindingId::ClockSkew, Severity::Info, confidence, detail).at(&skew.service, &skew.reference);
    finding.count = pairs.len();
    // Of each pair both spans are shown.
    let evidence = pairs.iter().take(MAX_EVIDENCE / 2).flat_map(|(cause, effect)| {
        let early_ns = context.span(*cause).start.since(context.span(*effect).start);
        let shows = if early_ns > 0 {
            EvidenceFact::RecordedBeforeCause { by_ns: early_ns }
        } else {
            EvidenceFact::BeganAfterCallerEnded
        };
        [context.evidence(*cause, EvidenceFact::Cause), context.evidence(*effect, shows)]
    });
    finding.evidence = evidence.collect();
    finding.evidence.sort();
    finding.causes = vec![Cause::HostTimeNotSynchronised];
    let services = [skew.service.clone(), skew.reference.clone()];
    finding.actions = vec![Action::LookAt(LookAt::HostClocks { services })];
    Some(RuleHit { finding, spans: pairs.iter().map(|(_, effect)| *effect).collect() })
}

/// One hit for each service with events outside their spans. An SDK that reads two clocks may be some milliseconds off;
/// more than a second is a clock that was set.
fn jumps<'a>(context: &'a RuleContext) -> impl Iterator<Item = RuleHit> + 'a {
    let mut jumped: BTreeMap<&str, Vec<(usize, i64)>> = BTreeMap::new();
    for (index, span) in context.journey.spans.iter().enumerate() {
        if !context.is_own(index) || !span.has_sane_time() {
            continue;
        }
        let outside = span
            .events
            .iter()
            .filter(|event| event.time.is_sane())
            .map(|event| span.start.since(event.time).max(event.time.since(span.end())));
        if let Some(by_ns) = outside.max().filter(|by_ns| *by_ns > SECOND) {
            jumped.entry(span.service()).or_default().push((index, by_ns));
        }
    }
    jumped.into_iter().map(|(service, spans)| {
        let by_ns = spans.iter().map(|(_, by_ns)| *by_ns).max().unwrap_or_default();
        let detail = FindingDetail::ClockJump { by_ns };
        let mut finding =
            Finding::new(FindingId::ClockSkew, Severity::Info, Confidence::Medium, detail).at(service, "");
        finding.count = spans.len();
        let evidence =
            |(span, by_ns): &(usize, i64)| context.evidence(*span, EvidenceFact::EventOutside { by_ns: *by_ns });
        finding.evidence = spans.iter().take(MAX_EVIDENCE).map(evidence).collect();
        finding.causes = vec![Cause::ClockSet, Cause::TwoClocks];
        finding.actions = vec![Action::LookAt(LookAt::ClockSetting { service: service.to_owned() })];
        RuleHit { finding, spans: spans.into_iter().map(|(span, _)| span).collect() }
    })
}
