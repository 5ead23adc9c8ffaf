//! Checks of the run as a whole: `within` and `in_order`.

use std::collections::{BTreeMap, HashSet};

use crate::model::time::{Human, Timestamp};
use crate::pipeline::doubts::{Needs, duration_text};
use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::order;
use crate::pipeline::steps::{CheckResult, EvaluationContext, blank};
use crate::pipeline::verdict::{Check, CheckKind, CheckState, Nearest};

/// Checks the time from the first match's start to the last one's end; `most` in nanoseconds.
pub(crate) fn within(context: &EvaluationContext, most: i64, steps: &[CheckResult]) -> CheckResult {
    let (matches, lookup) = (context.matches, &context.matches.lookup);
    let mut check = blank(CheckKind::Within, &format!("within {}", duration_text(most)));
    let all = || matches.all.iter().flatten();
    let (Some(first), Some(last)) = (all().min(), all().max_by_key(|found| (found.end, found.item))) else {
        return undecided(check, steps);
    };
    let took = last.end.since(first.start).max(0);
    check.wait_ns = Some(took);
    let over = took.saturating_sub(most);
    if over > 0 && over >= lookup.skew(first.item, last.item) {
        check.state = CheckState::Broken;
        check.why.push(format!("took {}; at most {} allowed", Human(took), duration_text(most)));
        let differs = format!("too late by {}", Human(over));
        check.nearest = Some(Nearest { differs, sight: lookup.sight(last.item) });
        return CheckResult::closed(check);
    }
    if over > 0 {
        check.why.push(format!("took {}, over {} by less than the clocks differ", Human(took), duration_text(most)));
    }
    if steps.iter().all(|step| matches!(step.check.state, CheckState::Met | CheckState::NotNeeded)) {
        return CheckResult::closed(check);
    }
    undecided(check, steps)
}

/// Undecided because not all steps were seen: depends on the sources that those depend on.
fn undecided(mut check: Check, steps: &[CheckResult]) -> CheckResult {
    check.state = CheckState::Undecided;
    check.why.push("not all steps were seen".to_owned());
    check.depends_on = steps.iter().flat_map(|step| step.check.depends_on.iter().copied()).collect();
    check.depends_on.sort_unstable();
    check.depends_on.dedup();
    CheckResult::closed(check)
}

/// The last match of an increasing sequence, and the earliest start that the next one may have.
#[derive(Clone, Copy)]
struct Reached {
    found: Match,
    by: Timestamp,
}

/// Checks that one increasing sequence of all seen steps exists. Parent, link or message count as order even against the
/// clocks, and so does any difference smaller than the clock skew: clocks of two hosts do not order events.
pub(crate) fn in_order(context: &EvaluationContext, steps: &[CheckResult]) -> CheckResult {
    let (matches, lookup) = (context.matches, &context.matches.lookup);
    let mut check = blank(CheckKind::InOrder, "in order");
    let mut reached: Option<(usize, Vec<Reached>)> = None;
    let mut against_clocks = false;
    for (step, all) in matches.all.iter().enumerate().filter(|(_, all)| !all.is_empty()) {
        let Some((before, wait_end)) = reached else {
            reached = Some((step, all.iter().map(|found| Reached { found: *found, by: found.start }).collect()));
            continue;
        };
        let earliest = wait_end.iter().map(|end| end.by).min().unwrap_or_default();
        let spans: HashSet<usize> = wait_end
            .iter()
            .filter_map(|end| if let MatchedItem::Span(index) = end.found.item { Some(index) } else { None })
            .collect();
        let mut by_service: BTreeMap<&str, Reached> = BTreeMap::new();
        for end in &wait_end {
            let best = by_service.entry(lookup.service(end.found.item)).or_insert(*end);
            *best = if end.by < best.by { *end } else { *best };
        }
        let following = matches.following(before);
        let next = |found: &Match| {
            let known = found.at.and_then(|at| following[at]).is_some_and(|above| spans.contains(&above));
            let near = |end: &Reached| end.by.since(found.start) < lookup.skew(end.found.item, found.item);
            let fits = found.start >= earliest || known || by_service.values().any(near);
            fits.then_some(Reached { found: *found, by: found.start.max(earliest) })
        };
        let wait_end: Vec<Reached> = all.iter().filter_map(next).collect();
        let Some(first) = wait_end.iter().min_by_key(|end| end.found) else {
            let last = all.iter().max().copied().unwrap_or(all[0]);
            let early = Human(earliest.since(last.start));
            let (name, before) = (order::name(matches, step), order::name(matches, before));
            check.why.push(format!("{name} began {early} before {before}; expected after it"));
            check.nearest = Some(Nearest { differs: "order reversed".to_owned(), sight: lookup.sight(last.item) });
            let selectors: Vec<_> = matches.spec.steps.iter().flat_map(|step| step.any_of.iter().cloned()).collect();
            let doubts = context.trust.doubts(Needs::from_selectors(&selectors));
            if doubts.is_empty() {
                check.state = CheckState::Broken;
                return CheckResult::closed(check);
            }
            let label = format!("{name} after {before}");
            return CheckResult::doubted(check, &doubts, context.input.settle_ns, Some(label));
        };
        against_clocks |= first.found.start < earliest;
        reached = Some((step, wait_end));
    }
    if against_clocks {
        check
            .why
            .push("some steps are in order by parent, link, message or clock difference, not by the clocks".to_owned());
    }
    if steps.iter().all(|step| matches!(step.check.state, CheckState::Met | CheckState::NotNeeded)) {
        return CheckResult::closed(check);
    }
    undecided(check, steps)
}
