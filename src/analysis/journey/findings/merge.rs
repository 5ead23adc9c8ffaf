//! One cause, one finding.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::{MOST_PROOFS, RuleHit};
use crate::model::finding::{Finding, FindingId};
use crate::model::id::TraceId;

/// How two drafts are known to be about the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    /// They share a span.
    AnySpan,
    /// Every span of the effect is one of some such cause.
    EverySpan,
    /// Both name the same trace that is not here, or share a span.
    Trace,
    /// As `EverySpan`; the effect says nothing that the cause does not, and goes without a word.
    Drop,
    /// Both are about the same service.
    Service,
}

/// Which cause explains which effect, and how one knows. Earlier rows win.
const TABLE: [(FindingId, FindingId, Same); 27] = {
    use FindingId::{
        BrokenPropagation, ClientWithoutServer, ConsumeWithoutPublish, DuplicateConsume, ErrorOrigin, Gap,
        LogWithoutSpan, NotSampled, Orphan, PublishWithoutConsume, SiblingDeviation, TraceNotStored, UsuallyFollowedBy,
    };
    [
        (ErrorOrigin, ClientWithoutServer, Same::AnySpan),
        (TraceNotStored, Orphan, Same::Trace),
        (TraceNotStored, ConsumeWithoutPublish, Same::Trace),
        (TraceNotStored, PublishWithoutConsume, Same::Trace),
        (TraceNotStored, BrokenPropagation, Same::Trace),
        (TraceNotStored, LogWithoutSpan, Same::Trace),
        (NotSampled, Orphan, Same::Trace),
        (NotSampled, ConsumeWithoutPublish, Same::Trace),
        (NotSampled, PublishWithoutConsume, Same::Trace),
        (NotSampled, LogWithoutSpan, Same::Trace),
        (BrokenPropagation, ConsumeWithoutPublish, Same::AnySpan),
        (BrokenPropagation, PublishWithoutConsume, Same::AnySpan),
        (BrokenPropagation, Orphan, Same::AnySpan),
        (PublishWithoutConsume, Orphan, Same::AnySpan),
        (DuplicateConsume, ErrorOrigin, Same::AnySpan),
        (PublishWithoutConsume, Gap, Same::AnySpan),
        (BrokenPropagation, Gap, Same::AnySpan),
        (ConsumeWithoutPublish, Gap, Same::AnySpan),
        (DuplicateConsume, Gap, Same::AnySpan),
        (LogWithoutSpan, UsuallyFollowedBy, Same::Service),
        (PublishWithoutConsume, UsuallyFollowedBy, Same::Drop),
        (BrokenPropagation, UsuallyFollowedBy, Same::Drop),
        (PublishWithoutConsume, SiblingDeviation, Same::EverySpan),
        (BrokenPropagation, SiblingDeviation, Same::EverySpan),
        (ClientWithoutServer, SiblingDeviation, Same::EverySpan),
        (ErrorOrigin, SiblingDeviation, Same::EverySpan),
        (UsuallyFollowedBy, SiblingDeviation, Same::EverySpan),
    ]
};

/// Merges what one cause showed as.
pub fn merge(scene: &RuleContext, drafts: Vec<RuleHit>) -> Vec<Finding> {
    let mut heads: Vec<usize> = (0..drafts.len()).collect();
    let mut dropped = BTreeSet::new();
    for (cause, effect, same) in TABLE {
        let causes = Causes::new(scene, &drafts, cause, same);
        for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.finding.id == effect) {
            if head(&heads, index) != index || dropped.contains(&index) || !may_be(draft, cause) {
                continue;
            }
            let found = causes.about(scene, draft, same);
            let Some(first) = found.first().map(|f| head(&heads, *f)).filter(|first| *first != index) else { continue };
            if same == Same::Drop {
                dropped.insert(index);
                continue;
            }
            heads[index] = first;
            // One call that fails for many callers is one cause of all their errors.
            if effect == FindingId::ClientWithoutServer {
                for other in found {
                    let other = head(&heads, other);
                    heads[other] = first;
                }
            }
        }
    }
    fold(scene, drafts, &heads, &dropped)
}

/// Only waits for messages belong to messages, and only an error that was made good to a second delivery.
fn may_be(effect: &RuleHit, cause: FindingId) -> bool {
    match (effect.finding.id, cause) {
        (FindingId::Gap, _) => effect.finding.kind == "queue_wait",
        (FindingId::ErrorOrigin, FindingId::DuplicateConsume) => effect.finding.kind == "recovered",
        _ => true,
    }
}

fn head(heads: &[usize], mut at: usize) -> usize {
    while heads[at] != at {
        at = heads[at];
    }
    at
}

/// The drafts of one kind, by what they are about.
#[derive(Default)]
struct Causes<'a> {
    of_span: HashMap<usize, Vec<usize>>,
    of_trace: HashMap<TraceId, usize>,
    of_service: HashMap<&'a str, usize>,
}

impl<'a> Causes<'a> {
    fn new(scene: &RuleContext, drafts: &'a [RuleHit], id: FindingId, same: Same) -> Self {
        let mut causes = Self::default();
        for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.finding.id == id) {
            for span in &draft.spans {
                causes.of_span.entry(*span).or_default().push(index);
            }
            if same == Same::Trace {
                for trace in absent(scene, &draft.finding) {
                    causes.of_trace.entry(trace).or_insert(index);
                }
            }
            if same == Same::Service {
                causes.of_service.entry(&draft.finding.service).or_insert(index);
            }
        }
        causes
    }

    /// The causes of this effect, in order.
    fn about(&self, scene: &RuleContext, effect: &RuleHit, same: Same) -> BTreeSet<usize> {
        if matches!(same, Same::EverySpan | Same::Drop) && !effect.spans.iter().all(|s| self.of_span.contains_key(s)) {
            return BTreeSet::new();
        }
        let by_span = effect.spans.iter().filter_map(|s| self.of_span.get(s)).flatten().copied();
        let mut found: BTreeSet<usize> = by_span.collect();
        found.extend(self.of_service.get(effect.finding.service.as_str()));
        if same == Same::Trace {
            found.extend(absent(scene, &effect.finding).filter_map(|trace| self.of_trace.get(&trace)));
        }
        found
    }
}

/// Traces that a finding names and that are not here.
fn absent<'a>(scene: &'a RuleContext, finding: &'a Finding) -> impl Iterator<Item = TraceId> + 'a {
    let is_here = |trace: &TraceId| scene.journey.traces.iter().any(|t| t.trace_id == *trace);
    finding.evidence.iter().filter_map(|proof| proof.trace_id).filter(move |trace| !is_here(trace))
}

fn fold(scene: &RuleContext, drafts: Vec<RuleHit>, heads: &[usize], dropped: &BTreeSet<usize>) -> Vec<Finding> {
    let mut effects: HashMap<usize, Vec<usize>> = HashMap::new();
    for index in (0..drafts.len()).filter(|index| !dropped.contains(index)) {
        effects.entry(head(heads, index)).or_default().push(index);
    }
    let findings: Vec<Finding> = drafts.into_iter().map(|draft| draft.finding).collect();
    let mut merged: Vec<(usize, Vec<usize>)> = effects.into_iter().collect();
    merged.sort_unstable();
    let one = |(cause, parts): (usize, Vec<usize>)| {
        let mut finding = findings[cause].clone();
        parts.into_iter().filter(|part| *part != cause).for_each(|part| join(scene, &mut finding, &findings[part]));
        finding.evidence.truncate(2 * MOST_PROOFS);
        finding
    };
    merged.into_iter().map(one).collect()
}

fn join(scene: &RuleContext, cause: &mut Finding, effect: &Finding) {
    // Where nothing but lines is here, nothing is surer or graver than that.
    if !(scene.journey.spans.is_empty() && cause.id == FindingId::TraceNotStored) {
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
    cause.evidence.extend(effect.evidence.iter().cloned());
    cause.evidence.sort();
    cause.evidence.dedup();
    cause.holes.extend(effect.holes.iter().cloned());
    cause.holes.sort();
    cause.holes.dedup();
    if effect.kind == "callee_down" {
        // Who is not there says more than what its callers say.
        cause.kind = effect.kind;
        cause.summary.clone_from(&effect.summary);
        cause.causes.clone_from(&effect.causes);
        cause.next.clone_from(&effect.next);
    } else if effect.id != cause.id {
        extend(&mut cause.causes, &effect.causes);
        extend(&mut cause.next, &effect.next);
    }
    if effect.kind == "queue_wait" {
        cause.kind = "queue_wait";
    }
}

fn extend(all: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}
