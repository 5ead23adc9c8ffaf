//! `orphan`: a span names a parent that is not stored.
//!
//! A warning where the parent was lost; high confidence, unless less than every trace is kept. Info where it is outside of
//! what is traced here (an ingress, a browser, a gateway), or where it is a stream that has not ended. A server at the top
//! of its trace was called from outside, unless another service of the trace was at work around it: then that one
//! probably called it, and the client span between them is lost.
//!
//! Silent for a span that is its own parent, and for IDs that several spans share: there nothing shows who is whose child.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::missing_parents::{families, never_ended};
use crate::analysis::journey::findings::rule_hit::{MAX_EVIDENCE, RuleHit};
use crate::model::action::{Action, LookAt};
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, FindingKind, MissingParent, MissingPartPlace,
    MissingThing, Severity,
};
use crate::model::id::TraceId;
use crate::model::span::SpanKind;
use crate::model::time::Timestamp;

/// Earlier tops of a trace among which the caller of a server is looked for. An endless trace has many, and its first
/// ones show as well as all whether something was at work.
const MAX_TOPS: usize = 64;

/// One hit for each fate of a parent, and service and operation of its first child.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let tops = Tops::new(context);
    let mut groups: BTreeMap<(MissingParent, &str, &str), Vec<Vec<usize>>> = BTreeMap::new();
    for children in families(context).into_values() {
        let first = context.span(children[0]);
        let parent = tops.fate_of_parent(context, &children);
        groups.entry((parent, first.service(), &first.name)).or_default().push(children);
    }
    let hit = |((parent, ..), mut families): ((MissingParent, _, _), Vec<Vec<usize>>)| {
        families.sort();
        hit(context, parent, &families)
    };
    groups.into_iter().map(hit).collect()
}

/// The spans at the top of each trace, by start.
struct Tops(HashMap<TraceId, Vec<usize>>);

impl Tops {
    fn new(context: &RuleContext) -> Self {
        let mut tops: HashMap<TraceId, Vec<usize>> = HashMap::new();
        for root in &context.journey.forest.roots {
            tops.entry(context.span(*root).trace_id).or_default().push(*root);
        }
        Self(tops)
    }

    fn fate_of_parent(&self, context: &RuleContext, children: &[usize]) -> MissingParent {
        if never_ended(context, children) {
            MissingParent::NeverEnded
        } else if self.is_entry(context, children) || is_usual_entry(context, children[0]) {
            MissingParent::Remote
        } else {
            MissingParent::Lost
        }
    }

    /// Servers at the top of their trace are called from outside. One that was called while another service of the same
    /// trace was at work was called by that; where that was itself called from outside, only if it calls it elsewhere: a
    /// page asks several services at once.
    fn is_entry(&self, context: &RuleContext, children: &[usize]) -> bool {
        let first = context.span(children[0]);
        let starts = context.clocks.start(first);
        let is_around = |top: &&usize| {
            let top = context.span(**top);
            let is_entry_too = top.kind == SpanKind::Server && top.parent_id.is_some();
            let edge = (top.service().to_owned(), first.service().to_owned());
            let is_apart = top.service() == first.service() || !context.input.known.served.contains(&edge);
            top.parent_id != first.parent_id
                && context.clocks.start(top) < starts
                && !(is_entry_too && (context.clocks.end(top) <= starts || is_apart))
        };
        let mut earlier = self.0.get(&first.trace_id).into_iter().flatten().take(MAX_TOPS);
        children.iter().all(|child| context.span(*child).kind == SpanKind::Server)
            && !earlier.any(|top| is_around(&top))
    }
}

/// Whether it is the first span of the journey, and every run known begins with it.
fn is_usual_entry(context: &RuleContext, span: usize) -> bool {
    let (known, span) = (context.input.known, context.span(span));
    let place = (span.service().to_owned(), span.name.clone());
    let in_all = known.journeys > 1 && known.entries.get(&place).is_some_and(|runs| *runs >= known.journeys);
    let first = context.journey.forest.roots.first();
    in_all && first.is_some_and(|first| context.span(*first).start >= span.start)
}

fn hit(context: &RuleContext, parent: MissingParent, families: &[Vec<usize>]) -> RuleHit {
    let first = context.span(families[0][0]);
    let (severity, confidence, kind) = match parent {
        MissingParent::Lost if context.input.known.sampled => (Severity::Warning, Confidence::Medium, None),
        MissingParent::Lost => (Severity::Warning, Confidence::High, None),
        MissingParent::Remote => (Severity::Info, Confidence::Medium, Some(FindingKind::RemoteEntry)),
        MissingParent::NeverEnded => (Severity::Info, Confidence::Medium, Some(FindingKind::NeverEnded)),
    };
    let detail = FindingDetail::Orphan { parent, children: families.iter().map(Vec::len).sum() };
    let mut finding = Finding::new(FindingId::Orphan, severity, confidence, detail).at(first.service(), &first.name);
    finding.kind = kind;
    finding.count = families.len();
    let evidence = |family: &Vec<usize>| {
        let parent = context.span(family[0]).parent_id?;
        Some(context.evidence(family[0], EvidenceFact::NamesParent { parent, others: family.len() - 1 }))
    };
    finding.evidence = families.iter().take(MAX_EVIDENCE).filter_map(evidence).collect();
    finding.evidence.sort();
    let service = first.service().to_owned();
    let (causes, action) = match parent {
        MissingParent::Lost => (
            vec![Cause::ParentProcessEnded, Cause::ParentDropped, Cause::ParentStillOpen],
            Action::LookAt(LookAt::RestartsAndDroppedSpansOfCallers { service }),
        ),
        MissingParent::Remote => (vec![Cause::RemoteParent], Action::LookAt(LookAt::Upstream { service })),
        MissingParent::NeverEnded => {
            (vec![Cause::EndlessSpan { over_ns: spread(context, &families[0]) }], Action::EndSpanEachRound)
        }
    };
    finding.causes = causes;
    finding.actions = vec![action];
    if parent == MissingParent::Lost {
        let missing = |family: &Vec<usize>| {
            let parent = context.span(family[0]).parent_id?;
            Some(context.missing_part(family[0], MissingPartPlace::Above, MissingThing::Parent(parent)))
        };
        finding.missing_parts = families.iter().take(MAX_EVIDENCE).filter_map(missing).collect();
    }
    let mut spans: Vec<usize> = families.iter().flatten().copied().collect::<HashSet<_>>().into_iter().collect();
    spans.sort_unstable();
    RuleHit { finding, spans }
}

/// From the first recorded start of these spans to the last one, in nanoseconds.
fn spread(context: &RuleContext, family: &[usize]) -> i64 {
    let starts = || family.iter().map(|child| context.span(*child).start);
    starts().max().unwrap_or_default().since(starts().min().unwrap_or(Timestamp(0)))
}
