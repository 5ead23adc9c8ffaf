//! One cause, one finding: hits of several rules that have the same cause become one.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::{MAX_EVIDENCE, RuleHit};
use crate::model::finding::{Finding, FindingId, FindingKind};
use crate::model::id::TraceId;

/// What shows that a hit is the effect of another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SharedBy {
    /// They share a span.
    AnySpan,
    /// Every span of the effect is one of a cause.
    EverySpan,
    /// Both name the same trace that is not stored, or they share a span.
    Trace,
    /// As `EverySpan`; the effect says nothing that the cause does not say, and is left out altogether.
    EverySpanLeftOut,
    /// Both are about the same service.
    Service,
}

/// Which finding is the cause of which effect, and what shows it. Earlier rows win.
const CAUSES: [(FindingId, FindingId, SharedBy); 27] = {
    use FindingId::{
        BrokenPropagation, ClientWithoutServer, ConsumeWithoutPublish, DuplicateConsume, ErrorOrigin, Gap,
        LogWithoutSpan, NotSampled, Orphan, PublishWithoutConsume, SiblingDeviation, TraceNotStored, UsuallyFollowedBy,
    };
    [
        (ErrorOrigin, ClientWithoutServer, SharedBy::AnySpan),
        (TraceNotStored, Orphan, SharedBy::Trace),
        (TraceNotStored, ConsumeWithoutPublish, SharedBy::Trace),
        (TraceNotStored, PublishWithoutConsume, SharedBy::Trace),
        (TraceNotStored, BrokenPropagation, SharedBy::Trace),
        (TraceNotStored, LogWithoutSpan, SharedBy::Trace),
        (NotSampled, Orphan, SharedBy::Trace),
        (NotSampled, ConsumeWithoutPublish, SharedBy::Trace),
        (NotSampled, PublishWithoutConsume, SharedBy::Trace),
        (NotSampled, LogWithoutSpan, SharedBy::Trace),
        (BrokenPropagation, ConsumeWithoutPublish, SharedBy::AnySpan),
        (BrokenPropagation, PublishWithoutConsume, SharedBy::AnySpan),
        (BrokenPropagation, Orphan, SharedBy::AnySpan),
        (PublishWithoutConsume, Orphan, SharedBy::AnySpan),
        (DuplicateConsume, ErrorOrigin, SharedBy::AnySpan),
        (PublishWithoutConsume, Gap, SharedBy::AnySpan),
        (BrokenPropagation, Gap, SharedBy::AnySpan),
        (ConsumeWithoutPublish, Gap, SharedBy::AnySpan),
        (DuplicateConsume, Gap, SharedBy::AnySpan),
        (LogWithoutSpan, UsuallyFollowedBy, SharedBy::Service),
        (PublishWithoutConsume, UsuallyFollowedBy, SharedBy::EverySpanLeftOut),
        (BrokenPropagation, UsuallyFollowedBy, SharedBy::EverySpanLeftOut),
        (PublishWithoutConsume, SiblingDeviation, SharedBy::EverySpan),
        (BrokenPropagation, SiblingDeviation, SharedBy::EverySpan),
        (ClientWithoutServer, SiblingDeviation, SharedBy::EverySpan),
        (ErrorOrigin, SiblingDeviation, SharedBy::EverySpan),
        (UsuallyFollowedBy, SiblingDeviation, SharedBy::EverySpan),
    ]
};

/// The findings of these hits, those with one cause as one.
pub(super) fn merge(context: &RuleContext, hits: Vec<RuleHit>) -> Vec<Finding> {
    // Beside each hit its cause; itself where it has none.
    let mut cause_of: Vec<usize> = (0..hits.len()).collect();
    let mut left_out = BTreeSet::new();
    for (cause, effect, shared_by) in CAUSES {
        let causes = CauseIndex::new(context, &hits, cause, shared_by);
        for (index, hit) in hits.iter().enumerate().filter(|(_, hit)| hit.finding.id == effect) {
            if cause_of[index] != index || left_out.contains(&index) || !may_be_effect(&hit.finding, cause) {
                continue;
            }
            let found = causes.matching(context, hit, shared_by);
            let first = found.first().map(|found| first_cause(&cause_of, *found));
            let Some(first) = first.filter(|first| *first != index) else { continue };
            if shared_by == SharedBy::EverySpanLeftOut {
                left_out.insert(index);
                continue;
            }
            cause_of[index] = first;
            // A callee that fails for many callers is one cause of all their errors.
            if effect == FindingId::ClientWithoutServer {
                for other in found {
                    let other = first_cause(&cause_of, other);
                    cause_of[other] = first;
                }
            }
        }
    }
    fold(context, hits, &cause_of, &left_out)
}

/// Of gaps only a message's wait can be the effect of what became of the message; of errors only one after which the
/// work succeeded that of a second delivery.
fn may_be_effect(effect: &Finding, cause: FindingId) -> bool {
    match (effect.id, cause) {
        (FindingId::Gap, _) => effect.kind == Some(FindingKind::QueueWait),
        (FindingId::ErrorOrigin, FindingId::DuplicateConsume) => effect.kind == Some(FindingKind::Recovered),
        _ => true,
    }
}

fn first_cause(cause_of: &[usize], mut hit: usize) -> usize {
    while cause_of[hit] != hit {
        hit = cause_of[hit];
    }
    hit
}

/// The hits of one finding, by what they are about.
#[derive(Default)]
struct CauseIndex<'a> {
    by_span: HashMap<usize, Vec<usize>>,
    by_trace: HashMap<TraceId, usize>,
    by_service: HashMap<&'a str, usize>,
}

impl<'a> CauseIndex<'a> {
    fn new(context: &RuleContext, hits: &'a [RuleHit], id: FindingId, shared_by: SharedBy) -> Self {
        let mut causes = Self::default();
        for (index, hit) in hits.iter().enumerate().filter(|(_, hit)| hit.finding.id == id) {
            for span in &hit.spans {
                causes.by_span.entry(*span).or_default().push(index);
            }
            if shared_by == SharedBy::Trace {
                for trace in absent_traces(context, &hit.finding) {
                    causes.by_trace.entry(trace).or_insert(index);
                }
            }
            if shared_by == SharedBy::Service {
                causes.by_service.entry(&hit.finding.service).or_insert(index);
            }
        }
        causes
    }

    /// The causes of this effect, in the order of the hits.
    fn matching(&self, context: &RuleContext, effect: &RuleHit, shared_by: SharedBy) -> BTreeSet<usize> {
        if matches!(shared_by, SharedBy::EverySpan | SharedBy::EverySpanLeftOut)
            && !effect.spans.iter().all(|span| self.by_span.contains_key(span))
        {
            return BTreeSet::new();
        }
        let by_span = effect.spans.iter().filter_map(|span| self.by_span.get(span)).flatten().copied();
        let mut found: BTreeSet<usize> = by_span.collect();
        found.extend(self.by_service.get(effect.finding.service.as_str()));
        if shared_by == SharedBy::Trace {
            found.extend(absent_traces(context, &effect.finding).filter_map(|trace| self.by_trace.get(&trace)));
        }
        found
    }
}

/// Traces that a finding names and that are not in the journey.
fn absent_traces<'a>(context: &'a RuleContext, finding: &'a Finding) -> impl Iterator<Item = TraceId> + 'a {
    let is_here = |trace: &TraceId| context.journey.traces.iter().any(|t| t.trace_id == *trace);
    finding.evidence.iter().filter_map(|item| item.trace_id).filter(move |trace| !is_here(trace))
}

fn fold(context: &RuleContext, hits: Vec<RuleHit>, cause_of: &[usize], left_out: &BTreeSet<usize>) -> Vec<Finding> {
    let mut effects: HashMap<usize, Vec<usize>> = HashMap::new();
    for index in (0..hits.len()).filter(|index| !left_out.contains(index)) {
        effects.entry(first_cause(cause_of, index)).or_default().push(index);
    }
    let findings: Vec<Finding> = hits.into_iter().map(|hit| hit.finding).collect();
    let mut merged: Vec<(usize, Vec<usize>)> = effects.into_iter().collect();
    merged.sort_unstable();
    let with_effects = |(cause, hits): (usize, Vec<usize>)| {
        let mut finding = findings[cause].clone();
        hits.into_iter().filter(|hit| *hit != cause).for_each(|hit| add(context, &mut finding, &findings[hit]));
        // An effect shows as much as the cause; several of them would hide it.
        finding.evidence.truncate(2 * MAX_EVIDENCE);
        finding
    };
    merged.into_iter().map(with_effects).collect()
}

/// Adds an effect to its cause.
fn add(context: &RuleContext, cause: &mut Finding, effect: &Finding) {
    // Where only lines are stored, nothing is more severe than that.
    if !(context.journey.spans.is_empty() && cause.id == FindingId::TraceNotStored) {
        cause.severity = cause.severity.max(effect.severity);
    }
    if effect.id == cause.id {
        cause.count += effect.count;
    } else if !cause.also.contains(&effect.id) {
        cause.also.push(effect.id);
    }
    for also in &effect.also {
        if *also != cause.id && !cause.also.contains(also) {
            cause.also.push(*also);
        }
    }
    cause.also.sort_unstable();
    add_sorted(&mut cause.evidence, &effect.evidence);
    add_sorted(&mut cause.missing_parts, &effect.missing_parts);
    if effect.kind == Some(FindingKind::CalleeDown) {
        // That the callee is down says more than what its callers say.
        cause.kind = effect.kind;
        cause.detail.clone_from(&effect.detail);
        cause.causes.clone_from(&effect.causes);
        cause.actions.clone_from(&effect.actions);
    } else if effect.id != cause.id {
        add_new(&mut cause.causes, &effect.causes);
        add_new(&mut cause.actions, &effect.actions);
    }
    if effect.kind == Some(FindingKind::QueueWait) {
        cause.kind = effect.kind;
    }
}

fn add_sorted<T: Ord + Clone>(all: &mut Vec<T>, more: &[T]) {
    all.extend_from_slice(more);
    all.sort();
    all.dedup();
}

fn add_new<T: PartialEq + Clone>(all: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
}
