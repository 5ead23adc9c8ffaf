//! Whether a step's matches are when they should be, beside those of other steps.

use std::collections::HashSet;

use crate::model::conventions::MessageRole;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::doubts::duration_text;
use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::spec::{Order, Relation};
use crate::pipeline::step_matches::{MatchScope, StepMatches};

/// What is wrong with one match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// In a sentence.
    pub why: String,
    /// In the words of what is nearest: `too late by 1.2 s`.
    pub differs: String,
    /// What could mend it.
    pub kind: ViolationKind,
}

/// What could mend a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// It is the match's own: how it ended, how long it took. Another match may be better.
    Own,
    /// It stands wrongly beside another one. A better pair may come.
    Pair {
        /// Whether the two are known to belong together by parent, link or message.
        known: bool,
        /// Whether it came too late, so that whatever comes later is later still.
        late: bool,
    },
}

/// What the order says of one match.
#[derive(Clone, Debug, Default)]
pub struct MatchEvaluation {
    /// What is wrong.
    pub violations: Vec<Violation>,
    /// With which reserve it is right.
    pub notes: Vec<String>,
    /// How long it came after the one before it.
    pub wait_ns: Option<i64>,
}

/// What one relation says of each of a step's matches. Says nothing where the other step has none.
pub fn check_relation(
    matches: &StepMatches,
    step: Option<usize>,
    own: &[Match],
    order: &Order,
    scope: MatchScope,
    evaluations: &mut [MatchEvaluation],
) {
    let others = scope.matches(matches, order.step);
    if others.is_empty() {
        return;
    }
    match order.relation {
        Relation::After { least_ns, most_ns } => {
            let requirement = OrderRequirement { least_ns, most_ns };
            for ((found, before), evaluations) in
                own.iter().zip(partners(matches, order.step, own, others)).zip(evaluations)
            {
                requirement.check_relation(matches, order.step, *found, before, evaluations);
            }
        }
        Relation::Before => before(matches, step, own, order.step, others, evaluations),
        Relation::SameTrace => {
            let traces: HashSet<_> = others.iter().filter_map(|other| matches.lookup.trace(other.item)).collect();
            for (found, evaluations) in own.iter().zip(evaluations) {
                if !matches.lookup.trace(found.item).is_some_and(|trace| traces.contains(&trace)) {
                    let why = format!("in another trace than {}", name(matches, order.step));
                    evaluations.violations.push(pair_violation(why, "in another trace".to_owned(), false));
                }
            }
        }
        Relation::ChildOf => {
            let (beneath, spans) = (matches.beneath(order.step), spans(others));
            for (found, evaluations) in own.iter().zip(evaluations) {
                let is_child = found.at.is_some_and(|at| beneath[at].is_some() || is_logged_by(*found, &spans));
                if !is_child {
                    let why = format!("no child of {}", name(matches, order.step));
                    evaluations.violations.push(pair_violation(why.clone(), why, false));
                }
            }
        }
    }
}

fn pair_violation(why: String, differs: String, known: bool) -> Violation {
    Violation { why, differs, kind: ViolationKind::Pair { known, late: false } }
}

/// The other one of a pair, and whether it is known to be it.
#[derive(Clone, Copy)]
struct Partner {
    found: Match,
    known: bool,
}

/// Beside each match the one that it comes after: by parent, link or message; the rest first after first, second after
/// second, and the last one for all that are left over.
fn partners(matches: &StepMatches, step: usize, own: &[Match], others: &[Match]) -> Vec<Partner> {
    let (following, spans) = (matches.following(step), spans(others));
    let known: Vec<Option<usize>> = own
        .iter()
        .map(|found| if is_logged_by(*found, &spans) { found.at } else { found.at.and_then(|at| following[at]) })
        .collect();
    let taken: HashSet<usize> = known.iter().copied().flatten().collect();
    let is_free = |other: &&Match| !matches!(other.item, MatchedItem::Span(index) if taken.contains(&index));
    let mut free: Vec<&Match> = others.iter().filter(is_free).collect();
    if free.is_empty() {
        free = others.iter().collect();
    }
    let mut next = 0;
    let mut first_left = || {
        let found = *free[next.min(free.len() - 1)];
        next += 1;
        Partner { found, known: false }
    };
    let known =
        known.into_iter().map(|known| known.map(|index| Partner { found: matches.lookup.span(index), known: true }));
    known.map(|known| known.unwrap_or_else(&mut first_left)).collect()
}

fn spans(found: &[Match]) -> HashSet<usize> {
    found.iter().filter(|found| matches!(found.item, MatchedItem::Span(_))).filter_map(|found| found.at).collect()
}

/// Whether it is a line that one of these spans wrote.
fn is_logged_by(found: Match, spans: &HashSet<usize>) -> bool {
    matches!(found.item, MatchedItem::Line(_)) && found.at.is_some_and(|at| spans.contains(&at))
}

struct OrderRequirement {
    least_ns: Option<i64>,
    most_ns: Option<i64>,
}

impl OrderRequirement {
    fn check_relation(
        &self,
        matches: &StepMatches,
        step: usize,
        found: Match,
        before: Partner,
        evaluations: &mut MatchEvaluation,
    ) {
        let (lookup, step) = (&matches.lookup, name(matches, step));
        let skew = lookup.skew(found.item, before.found.item);
        let early = before.found.start.since(found.start);
        if early > 0 {
            if before.known {
                evaluations.notes.push(format!("by the clocks {} before {step}, from which it follows", Human(early)));
            } else if early < skew {
                evaluations.notes.push(format!("{} before {step}; the two clocks differ by more", Human(early)));
            } else {
                let why = format!("{} before {step}; expected after it", Human(early));
                evaluations.violations.push(pair_violation(why, format!("before {step} by {}", Human(early)), false));
                return;
            }
        }
        let wait = found.start.since(anchor(matches, before.found, found)).max(0);
        evaluations.wait_ns = evaluations.wait_ns.max(Some(wait));
        if let Some(most) = self.most_ns.filter(|most| wait > *most) {
            let (over, limit) = (wait.saturating_sub(most), duration_text(most));
            if over < skew {
                evaluations
                    .notes
                    .push(format!("{} after {step}, over {limit} by less than the clocks differ", Human(wait)));
            } else {
                evaluations.violations.push(Violation {
                    why: format!("{} after {step}; at most {limit} allowed", Human(wait)),
                    differs: format!("too late by {}", Human(over)),
                    kind: ViolationKind::Pair { known: before.known, late: true },
                });
            }
        }
        if let Some(least) = self.least_ns.filter(|least| wait < *least) {
            let (under, limit) = (least.saturating_sub(wait), duration_text(least));
            if under < skew {
                evaluations
                    .notes
                    .push(format!("{} after {step}, under {limit} by less than the clocks differ", Human(wait)));
            } else {
                let why = format!("{} after {step}; at least {limit} expected", Human(wait));
                evaluations.violations.push(pair_violation(
                    why,
                    format!("too early by {}", Human(under)),
                    before.known,
                ));
            }
        }
    }
}

/// From when a wait is measured: a publisher's end, where a consumer waits for it; else the start.
fn anchor(matches: &StepMatches, before: Match, found: Match) -> Timestamp {
    let is_message = matches.lookup.role(before.item) == Some(MessageRole::Publish)
        && matches.lookup.role(found.item) == Some(MessageRole::Consume);
    if is_message { before.end } else { before.start }
}

fn before(
    matches: &StepMatches,
    step: Option<usize>,
    own: &[Match],
    other: usize,
    others: &[Match],
    evaluations: &mut [MatchEvaluation],
) {
    let mut table = None;
    let following = match step {
        Some(step) => matches.following(step),
        None => table.insert(matches.above(own)),
    };
    let leading: HashSet<usize> = others.iter().filter_map(|other| other.at.and_then(|at| following[at])).collect();
    let mut next = 0;
    for (found, evaluations) in own.iter().zip(evaluations) {
        if matches!(found.item, MatchedItem::Span(index) if leading.contains(&index)) {
            continue;
        }
        let after = others[next.min(others.len() - 1)];
        next += 1;
        let late = found.start.since(after.start);
        let other = name(matches, other);
        if late > 0 && late < matches.lookup.skew(found.item, after.item) {
            evaluations.notes.push(format!("{} after {other}; the two clocks differ by more", Human(late)));
        } else if late > 0 {
            let why = format!("{} after {other}; expected before it", Human(late));
            evaluations.violations.push(pair_violation(why, format!("after {other} by {}", Human(late)), false));
        }
    }
}

/// Until when a step's waits allow it to come: none where no limit is known.
pub fn deadline(matches: &StepMatches, orders: &[Order], scope: MatchScope) -> Option<Timestamp> {
    let limits = orders.iter().filter_map(|order| match order.relation {
        Relation::After { most_ns: Some(most), .. } => {
            scope.matches(matches, order.step).iter().map(|before| before.end.plus(most)).max()
        }
        _ => None,
    });
    limits.max()
}

/// What a step is called.
pub fn name<'a>(matches: &'a StepMatches, step: usize) -> &'a str {
    &matches.spec.steps[step].name
}
