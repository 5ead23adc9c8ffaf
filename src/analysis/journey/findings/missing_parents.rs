//! Parents that spans name and that are not stored.

use std::collections::BTreeMap;

use crate::analysis::journey::findings::context::RuleContext;
use crate::model::id::{SpanId, TraceId};
use crate::model::time::SECOND;

/// Children, far apart, from which on the parent may just never have ended: fewer are an ordinary parent's.
const STREAM_CHILDREN: usize = 5;
/// Over how long, in nanoseconds, the children of such a parent come at least.
const STREAM_SPREAD: i64 = 10 * SECOND;
/// And over how many times the duration of the longest of them.
const STREAM_RATIO: i64 = 10;

/// The children of each parent that is not stored, by start.
pub(super) type Families = BTreeMap<(TraceId, SpanId), Vec<usize>>;

/// Every parent that is not stored, with its children.
pub(super) fn families(context: &RuleContext) -> Families {
    let journey = context.journey;
    let mut families = Families::new();
    for (index, span) in journey.spans.iter().enumerate().filter(|(index, _)| context.in_tree[*index]) {
        if let Some(parent) = span.parent_id.filter(|_| journey.forest.is_orphan(index, span)) {
            families.entry((span.trace_id, parent)).or_default().push(index);
        }
    }
    families
}

/// Those whose parent has ended, as far as its children show.
pub(super) fn ended_families(context: &RuleContext) -> Families {
    let mut families = families(context);
    families.retain(|_, children| !never_ended(context, children));
    families
}

/// Whether children keep coming over far longer than any of them lasts: their parent is a stream, a subscription or a
/// loop, whose span is stored only when it ends.
pub(super) fn never_ended(context: &RuleContext, children: &[usize]) -> bool {
    let spans = || children.iter().map(|child| context.span(*child));
    let starts = || spans().map(|span| context.clocks.start(span));
    let spread = starts().max().unwrap_or_default().since(starts().min().unwrap_or_default());
    let longest = spans().map(|span| span.duration_ns).max().unwrap_or_default();
    children.len() >= STREAM_CHILDREN && spread > STREAM_SPREAD && spread / STREAM_RATIO > longest
}
