//! Checks the relations between the matches of two steps.

use std::collections::HashSet;

use crate::model::conventions::MessageRole;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::doubts::duration_text;
use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::spec::{Order, Relation};
use crate::pipeline::step_matches::{MatchScope, StepMatches};

/// One requirement that a match violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The reason in a sentence.
    pub(crate) why: String,
    /// The difference as [`Nearest`](crate::pipeline::verdict::Nearest) shows it: `too late by 1.2 s`.
    pub(crate) differs: String,
    /// Whether later data could resolve it.
    pub(crate) kind: ViolationKind,
}

/// What a violation is about, which decides whether later data could resolve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ViolationKind {
    /// The match itself: its outcome or duration. Another match may still meet the requirement.
    Own,
    /// The pair of two matches. A better pair may still arrive.
    Pair {
        /// How the two were paired.
        pairing: MatchPairing,
        /// Whether it came too late: whatever arrives after it is later still.
        late: bool,
    },
}

/// How two matches were paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatchPairing {
    /// By parent, link or message.
    Known,
    /// By order of time, because nothing connects them.
    Assumed,
}

/// The matches whose relations are checked.
#[derive(Clone, Copy)]
pub(crate) struct StepSubject<'a> {
    /// Index of the step in the spec; none for the step of a condition.
    pub(crate) step: Option<usize>,
    /// Its matches, by time.
    pub(crate) own: &'a [Match],
    /// Where the matches of the other step are taken from.
    pub(crate) scope: MatchScope<'a>,
}

/// The evaluation of one match.
#[derive(Clone, Debug, Default)]
pub(crate) struct MatchEvaluation {
    /// Violated requirements; empty for a good match.
    pub(crate) violations: Vec<Violation>,
    /// Reservations about a good match, such as clock skew.
    pub(crate) notes: Vec<String>,
    /// Longest wait since a match that it comes after, in nanoseconds; none without `after`.
    pub(crate) wait_ns: Option<i64>,
}

/// Checks one relation for each match of a step. Nothing to check where the other step has no match.
pub(crate) fn check_relation(
    matches: &StepMatches,
    subject: &StepSubject,
    order: &Order,
    evaluations: &mut [MatchEvaluation],
) {
    let own = subject.own;
    let others = subject.scope.matches(matches, order.step);
    if others.is_empty() {
        return;
    }
    match order.relation {
        Relation::After { least_ns, most_ns } => {
            let requirement = OrderRequirement { matches, step: order.step, least_ns, most_ns };
            for ((found, before), evaluation) in
                own.iter().zip(partners(matches, order.step, own, others)).zip(evaluations)
            {
                requirement.check(*found, before, evaluation);
            }
        }
        Relation::Before => check_before(matches, subject, order.step, evaluations),
        Relation::SameTrace => {
            let traces: HashSet<_> = others.iter().filter_map(|other| matches.lookup.trace(other.item)).collect();
            for (found, evaluation) in own.iter().zip(evaluations) {
                if !matches.lookup.trace(found.item).is_some_and(|trace| traces.contains(&trace)) {
                    let why = format!("in another trace than {}", name(matches, order.step));
                    evaluation.violations.push(pair_violation(
                        why,
                        "in another trace".to_owned(),
                        MatchPairing::Assumed,
                    ));
                }
            }
        }
        Relation::ChildOf => {
            let (beneath, spans) = (matches.beneath(order.step), spans(others));
            for (found, evaluation) in own.iter().zip(evaluations) {
                let is_child = found.at.is_some_and(|at| beneath[at].is_some() || is_logged_by(*found, &spans));
                if !is_child {
                    let why = format!("no child of {}", name(matches, order.step));
                    evaluation.violations.push(pair_violation(why.clone(), why, MatchPairing::Assumed));
                }
            }
        }
    }
}

/// A violation of a pair that is not about being late.
fn pair_violation(why: String, differs: String, pairing: MatchPairing) -> Violation {
    Violation { why, differs, kind: ViolationKind::Pair { pairing, late: false } }
}

/// The other match of a pair.
#[derive(Clone, Copy)]
struct Partner {
    found: Match,
    pairing: MatchPairing,
}

/// For each match the one that it comes after: by parent, link or message. The rest are paired in order of time, and all
/// that are left over with the last one.
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
        Partner { found, pairing: MatchPairing::Assumed }
    };
    let known = known
        .into_iter()
        .map(|known| known.map(|index| Partner { found: matches.lookup.span(index), pairing: MatchPairing::Known }));
    known.map(|known| known.unwrap_or_else(&mut first_left)).collect()
}

fn spans(found: &[Match]) -> HashSet<usize> {
    found.iter().filter(|found| matches!(found.item, MatchedItem::Span(_))).filter_map(|found| found.at).collect()
}

/// Whether it is a line logged within one of these spans.
fn is_logged_by(found: Match, spans: &HashSet<usize>) -> bool {
    matches!(found.item, MatchedItem::Line(_)) && found.at.is_some_and(|at| spans.contains(&at))
}

/// The limits of a wait after another step.
struct OrderRequirement<'a> {
    matches: &'a StepMatches<'a>,
    step: usize,
    least_ns: Option<i64>,
    most_ns: Option<i64>,
}

impl OrderRequirement<'_> {
    fn check(&self, found: Match, before: Partner, evaluation: &mut MatchEvaluation) {
        let matches = self.matches;
        let (lookup, step) = (&matches.lookup, name(matches, self.step));
        let skew = lookup.skew(found.item, before.found.item);
        let early = before.found.start.since(found.start);
        if early > 0 {
            if before.pairing == MatchPairing::Known {
                evaluation.notes.push(format!("by the clocks {} before {step}, from which it follows", Human(early)));
            } else if early < skew {
                evaluation.notes.push(format!("{} before {step}; the two clocks differ by more", Human(early)));
            } else {
                let why = format!("{} before {step}; expected after it", Human(early));
                evaluation.violations.push(pair_violation(
                    why,
                    format!("before {step} by {}", Human(early)),
                    MatchPairing::Assumed,
                ));
                return;
            }
        }
        let wait = found.start.since(anchor(matches, before.found, found)).max(0);
        evaluation.wait_ns = evaluation.wait_ns.max(Some(wait));
        if let Some(most) = self.most_ns.filter(|most| wait > *most) {
            let (over, limit) = (wait.saturating_sub(most), duration_text(most));
            if over < skew {
                evaluation
                    .notes
                    .push(format!("{} after {step}, over {limit} by less than the clocks differ", Human(wait)));
            } else {
                evaluation.violations.push(Violation {
                    why: format!("{} after {step}; at most {limit} allowed", Human(wait)),
                    differs: format!("too late by {}", Human(over)),
                    kind: ViolationKind::Pair { pairing: before.pairing, late: true },
                });
            }
        }
        if let Some(least) = self.least_ns.filter(|least| wait < *least) {
            let (under, limit) = (least.saturating_sub(wait), duration_text(least));
            if under < skew {
                evaluation
                    .notes
                    .push(format!("{} after {step}, under {limit} by less than the clocks differ", Human(wait)));
            } else {
                let why = format!("{} after {step}; at least {limit} expected", Human(wait));
                evaluation.violations.push(pair_violation(
                    why,
                    format!("too early by {}", Human(under)),
                    before.pairing,
                ));
            }
        }
    }
}

/// Start of a wait: the publish span's end if a consume span waits for it, else the start. Publishing takes its time
/// before the message is in the queue.
fn anchor(matches: &StepMatches, before: Match, found: Match) -> Timestamp {
    let is_message = matches.lookup.role(before.item) == Some(MessageRole::Publish)
        && matches.lookup.role(found.item) == Some(MessageRole::Consume);
    if is_message { before.end } else { before.start }
}

/// Checks that each match begins before the matches of another step.
fn check_before(matches: &StepMatches, subject: &StepSubject, other: usize, evaluations: &mut [MatchEvaluation]) {
    let others = subject.scope.matches(matches, other);
    let mut table = None;
    let following = match subject.step {
        Some(step) => matches.following(step),
        None => table.insert(matches.above(subject.own)),
    };
    let leading: HashSet<usize> = others.iter().filter_map(|other| other.at.and_then(|at| following[at])).collect();
    let mut next = 0;
    for (found, evaluation) in subject.own.iter().zip(evaluations) {
        if matches!(found.item, MatchedItem::Span(index) if leading.contains(&index)) {
            continue;
        }
        let after = others[next.min(others.len() - 1)];
        next += 1;
        let late = found.start.since(after.start);
        let other = name(matches, other);
        if late > 0 && late < matches.lookup.skew(found.item, after.item) {
            evaluation.notes.push(format!("{} after {other}; the two clocks differ by more", Human(late)));
        } else if late > 0 {
            let why = format!("{} after {other}; expected before it", Human(late));
            evaluation.violations.push(pair_violation(
                why,
                format!("after {other} by {}", Human(late)),
                MatchPairing::Assumed,
            ));
        }
    }
}

/// Until when the limits of its relations allow a step to occur; none without limits.
pub(crate) fn deadline(matches: &StepMatches, orders: &[Order], scope: MatchScope) -> Option<Timestamp> {
    let limits = orders.iter().filter_map(|order| match order.relation {
        Relation::After { most_ns: Some(most), .. } => {
            scope.matches(matches, order.step).iter().map(|before| before.end.plus(most)).max()
        }
        _ => None,
    });
    limits.max()
}

/// Name of a step.
pub fn name<'a>(matches: &'a StepMatches, step: usize) -> &'a str {
    &matches.spec.steps[step].name
}
