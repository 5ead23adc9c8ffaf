//! Checks one step.

use crate::model::finding::FindingId;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::count::{CountRange, expected, without_repeated};
use crate::pipeline::doubts::{Doubts, Needs, Trust, WaitEnd, duration_text};
use crate::pipeline::input::{EvaluationInput, SourceStatus};
use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::order::{self, MatchEvaluation, MatchPairing, StepSubject, Violation, ViolationKind};
use crate::pipeline::spec::{ExpectedCount, ExpectedStatus, ExpectedStep, Must};
use crate::pipeline::step_matches::{MatchScope, StepMatches};
use crate::pipeline::verdict::{Check, CheckKind, CheckState, Nearest};

/// Reasons that are listed one by one; more are summed up as `and N more`. Three show what they have in common; a step
/// with hundreds of matches would otherwise fill the screen.
const MAX_LISTED: usize = 3;

/// A check, and what may still arrive for it.
#[derive(Clone, Debug)]
pub(crate) struct CheckResult {
    /// The check.
    pub(crate) check: Check,
    /// What is awaited, in a few words, and until when waiting helps; none where it does not.
    pub(crate) open: Option<(String, WaitEnd)>,
}

impl CheckResult {
    /// A check that waiting cannot change.
    pub(crate) fn closed(check: Check) -> Self {
        Self { check, open: None }
    }

    /// A check that these doubts leave undecided. `label` names what is awaited; without one it is the settle time.
    pub(crate) fn doubted(mut check: Check, doubts: &Doubts, settle_ns: i64, label: Option<String>) -> Self {
        check.state = CheckState::Undecided;
        check.why.extend(doubts.why(settle_ns));
        check.depends_on = doubts.sources();
        let open = doubts.end().map(|end| {
            let settle = if matches!(end, WaitEnd::At(_)) { "settle time" } else { "complete answers" };
            (label.unwrap_or_else(|| settle.to_owned()), end)
        });
        Self { check, open }
    }
}

/// A check that is met, to be filled in.
pub(crate) fn blank(kind: CheckKind, name: &str) -> Check {
    Check {
        kind,
        name: name.to_owned(),
        of: None,
        state: CheckState::Met,
        why: vec![],
        depends_on: vec![],
        seen: vec![],
        expected: String::new(),
        wait_ns: None,
        nearest: None,
        finding: None::<FindingId>,
        forbidden: vec![],
        value: None,
    }
}

/// What every check reads.
#[derive(Clone, Copy)]
pub(crate) struct EvaluationContext<'a> {
    /// The run and the status of its sources.
    pub(crate) input: &'a EvaluationInput<'a>,
    /// The matches of every step.
    pub(crate) matches: &'a StepMatches<'a>,
    /// Derives the doubts about absences.
    pub(crate) trust: Trust<'a>,
    /// Deadline of all steps: the first step's start plus `within`; none without `within` or matches.
    pub(crate) all_by: Option<Timestamp>,
}

impl EvaluationContext<'_> {
    /// Checks a step; `place` is its index in the spec, none for the step of a condition.
    pub(crate) fn check_step(
        &self,
        step: &ExpectedStep,
        place: Option<usize>,
        all: &[Match],
        scope: MatchScope,
    ) -> CheckResult {
        let (matches, lookup) = (self.matches, &self.matches.lookup);
        let mut check = blank(CheckKind::Step, &step.name);
        let own = without_repeated(step.count, all, matches);
        let expected_range = CountRange::new(step.count, matches, scope);
        check.expected = expected(step.count, matches, scope);
        check.seen = all.iter().map(|found| lookup.sight(found.item)).collect();
        check.seen.sort();
        let evaluations = self.evaluate_matches(step, place, &own, scope);
        check.wait_ns = evaluations.iter().filter_map(|evaluation| evaluation.wait_ns).max();
        let good = evaluations.iter().filter(|evaluation| evaluation.violations.is_empty()).count();
        let evaluated = EvaluatedStep { step, scope, own: &own, evaluations: &evaluations, expected_range, good };
        let mut result = self.decide_step(&evaluated, check);
        let wrong = result.check.state != CheckState::Met;
        result.check.nearest = result.check.nearest.filter(|_| wrong);
        let notes = evaluations
            .iter()
            .filter(|evaluation| evaluation.violations.is_empty())
            .flat_map(|evaluation| evaluation.notes.iter().cloned());
        result.check.why.extend(first_few(notes.collect()));
        if all.len() > own.len() {
            result.check.why.push(format!("{} attempt(s) failed and were repeated well", all.len() - own.len()));
        }
        result
    }

    fn decide_step(&self, evaluated: &EvaluatedStep, mut check: Check) -> CheckResult {
        let (step, total, expected_range) = (evaluated.step, evaluated.own.len(), evaluated.expected_range);
        let needs = Needs::from_selectors(&step.any_of);
        let settle_ns = self.input.settle_ns;
        let violations: Vec<&Violation> =
            evaluated.evaluations.iter().flat_map(|evaluation| &evaluation.violations).collect();
        if let Some(most) = expected_range.most.filter(|most| total > *most) {
            check.why.push(format!(
                "{total} seen; {} expected",
                if most == 0 { "none".to_owned() } else { expected_range.label() }
            ));
            let doubts =
                if expected_range.follows { self.doubts_of_counterpart(step.count, needs) } else { Doubts::default() };
            return self
                .broken_unless_doubted(check, &doubts, || format!("{}: {total} seen, {most} expected", step.name));
        }
        if total == 0 && (step.optional || expected_range.least == 0) {
            let doubts =
                if expected_range.follows { self.doubts_of_counterpart(step.count, needs) } else { Doubts::default() };
            check.state = CheckState::NotNeeded;
            return if doubts.is_empty() {
                CheckResult::closed(check)
            } else {
                CheckResult::doubted(check, &doubts, settle_ns, None)
            };
        }
        let enough = evaluated.good >= expected_range.least && (!step.every || violations.is_empty());
        if enough {
            let rests_on_no_more = expected_range.most.is_some() || step.every;
            let mut doubts = if rests_on_no_more { self.trust.doubts(needs) } else { Doubts::default() };
            if expected_range.follows {
                doubts = merged(doubts, &self.doubts_of_counterpart(step.count, needs));
            }
            if doubts.is_empty() {
                doubts = self.doubts_of_unseen_predecessor(evaluated);
            }
            return if doubts.is_empty() {
                CheckResult::closed(check)
            } else {
                CheckResult::doubted(check, &doubts, settle_ns, None)
            };
        }
        check.nearest = self.nearest_violation(evaluated);
        let reasons = first_few(violations.iter().map(|violation| violation.why.clone()).collect());
        let is_full = expected_range.most == Some(total) && !expected_range.follows;
        if !violations.is_empty() && (step.every || is_full) {
            check.why = reasons;
            // Violations that break the check: one if every match must hold, else as many as leave too few good ones.
            let enough = if step.every { 1 } else { total + 1 - expected_range.least.min(total) };
            let of_match = |evaluation: &MatchEvaluation| {
                let doubts =
                    evaluation.violations.iter().map(|violation| self.doubts_about(violation.kind, needs, step.count));
                doubts.min_by_key(rank)
            };
            let mut doubts: Vec<Doubts> = evaluated.evaluations.iter().filter_map(of_match).collect();
            doubts.sort_by_key(rank);
            let label = || format!("{}: what it belongs to", step.name);
            return self.broken_unless_doubted(check, &doubts.into_iter().nth(enough - 1).unwrap_or_default(), label);
        }
        if total >= expected_range.least && expected_range.least > 0 && evaluated.all_late() {
            let doubts = violations
                .iter()
                .map(|violation| self.doubts_about(violation.kind, needs, step.count))
                .max_by_key(rank);
            if doubts.as_ref().is_some_and(Doubts::is_empty) {
                check.why = reasons;
                check.state = CheckState::Broken;
                return CheckResult::closed(check);
            }
        }
        check.why = reasons;
        let seen = match (evaluated.good, expected_range.least) {
            (0, 1) if total == 0 => "not seen".to_owned(),
            (0, 1) => String::new(),
            (good, least) if good == total => format!("{good} of {least} seen"),
            (good, least) => format!("{good} of {least} as expected, {total} seen"),
        };
        if !seen.is_empty() {
            check.why.insert(0, seen);
        }
        let limit =
            [order::deadline(self.matches, &step.order, evaluated.scope), self.all_by].into_iter().flatten().max();
        let doubts = self.trust.doubts_if_missing(needs, limit);
        let failed = violations.iter().any(|violation| violation.kind == ViolationKind::Own);
        if failed && step.count == ExpectedCount::default() {
            check.why.extend(self.later_match_hint(&doubts));
        }
        self.broken_unless_doubted(check, &doubts, || {
            format!("{}: {} of {} seen", step.name, evaluated.good, expected_range.least.max(1))
        })
    }

    /// A note on a step that was seen and failed, while a later match may still meet it.
    fn later_match_hint(&self, doubts: &Doubts) -> Option<String> {
        let start = self.input.journey.span_extent()?.from;
        let until = match doubts.end() {
            None if doubts.is_empty() => return None,
            Some(WaitEnd::At(at)) => format!(" until {} after the run began", Human(at.since(start))),
            Some(WaitEnd::Open) | None => String::new(),
        };
        Some(format!("a later one that is as expected would mend it{until}; `count: 1` decides by the first"))
    }

    fn broken_unless_doubted(&self, mut check: Check, doubts: &Doubts, label: impl FnOnce() -> String) -> CheckResult {
        if doubts.is_empty() {
            check.state = CheckState::Broken;
            return CheckResult::closed(check);
        }
        CheckResult::doubted(check, doubts, self.input.settle_ns, Some(label()))
    }

    /// Doubts about the numbers of two steps that are compared.
    fn doubts_of_counterpart(&self, count: ExpectedCount, needs: Needs) -> Doubts {
        let other = match count {
            ExpectedCount::SameAs(step) => Needs::from_selectors(&self.matches.spec.steps[step].any_of),
            ExpectedCount::Range(..) => Needs::default(),
        };
        self.trust.doubts(Needs { spans: needs.spans || other.spans, lines: needs.lines || other.lines })
    }

    /// Doubts from optional predecessors that were not seen: if one arrives later, its order must be checked.
    fn doubts_of_unseen_predecessor(&self, evaluated: &EvaluatedStep) -> Doubts {
        let unseen = evaluated.step.order.iter().filter(|order| {
            evaluated.scope.matches(self.matches, order.step).is_empty() && self.matches.spec.steps[order.step].optional
        });
        let doubts =
            unseen.map(|order| self.trust.doubts(Needs::from_selectors(&self.matches.spec.steps[order.step].any_of)));
        doubts.reduce(|all, more| merged(all, &more)).unwrap_or_default()
    }

    /// Doubts about a violation. An outcome is final, except where retried attempts do not count: the retry may lie in
    /// data that is missing. A pairing may change with more data.
    fn doubts_about(&self, kind: ViolationKind, needs: Needs, count: ExpectedCount) -> Doubts {
        match kind {
            ViolationKind::Own if matches!(count, ExpectedCount::SameAs(_)) => self.trust.doubts(needs),
            ViolationKind::Own => Doubts::default(),
            ViolationKind::Pair { pairing: MatchPairing::Known, .. } if self.input.spans == SourceStatus::Complete => {
                Doubts::default()
            }
            ViolationKind::Pair { .. } => self.trust.doubts(Needs { spans: true, ..needs }),
        }
    }

    fn nearest_violation(&self, evaluated: &EvaluatedStep) -> Option<Nearest> {
        let wrong = evaluated
            .own
            .iter()
            .zip(evaluated.evaluations)
            .filter_map(|(found, evaluation)| Some((found, evaluation.violations.first()?)));
        let (found, violation) = wrong.min_by_key(|(found, _)| **found)?;
        Some(Nearest { differs: violation.differs.clone(), sight: self.matches.lookup.sight(found.item) })
    }

    /// Evaluates requirements and relations for each match.
    fn evaluate_matches(
        &self,
        step: &ExpectedStep,
        place: Option<usize>,
        own: &[Match],
        scope: MatchScope,
    ) -> Vec<MatchEvaluation> {
        let mut evaluations: Vec<MatchEvaluation> =
            own.iter().map(|found| self.check_requirements(&step.must, found.item)).collect();
        let subject = StepSubject { step: place, own, scope };
        for relation in &step.order {
            order::check_relation(self.matches, &subject, relation, &mut evaluations);
        }
        evaluations
    }

    fn check_requirements(&self, must: &Must, item: MatchedItem) -> MatchEvaluation {
        let mut violations = vec![];
        let mut violation =
            |why: String, differs: String| violations.push(Violation { why, differs, kind: ViolationKind::Own });
        let is_error = self.matches.lookup.is_error(item);
        let default = if matches!(item, MatchedItem::Span(_)) { ExpectedStatus::Ok } else { ExpectedStatus::Any };
        match must.status.unwrap_or(default) {
            ExpectedStatus::Ok if is_error => violation(self.error_text(item), "failed".to_owned()),
            ExpectedStatus::Error if !is_error => {
                violation("it ended well; an error is expected".to_owned(), "ended well".to_owned());
            }
            ExpectedStatus::Ok | ExpectedStatus::Any | ExpectedStatus::Error => {}
        }
        if let MatchedItem::Span(index) = item {
            let took = self.matches.lookup.journey.spans[index].duration_ns;
            if let Some(most) = must.max_ns.filter(|most| took > *most) {
                let over = Human(took.saturating_sub(most));
                violation(
                    format!("took {}; at most {} allowed", Human(took), duration_text(most)),
                    format!("too long by {over}"),
                );
            }
            if let Some(least) = must.min_ns.filter(|least| took < *least) {
                let under = Human(least.saturating_sub(took));
                violation(
                    format!("took {}; at least {} expected", Human(took), duration_text(least)),
                    format!("too short by {under}"),
                );
            }
        }
        MatchEvaluation { violations, ..MatchEvaluation::default() }
    }

    fn error_text(&self, item: MatchedItem) -> String {
        let text = match item {
            MatchedItem::Span(index) => self.matches.lookup.journey.spans[index].error_text(),
            MatchedItem::Line(index) => self.matches.lookup.journey.logs[index].message.clone(),
        };
        if text.is_empty() { "it failed".to_owned() } else { format!("it failed: {text}") }
    }
}

/// A step with its evaluated matches.
struct EvaluatedStep<'c> {
    step: &'c ExpectedStep,
    scope: MatchScope<'c>,
    own: &'c [Match],
    evaluations: &'c [MatchEvaluation],
    expected_range: CountRange,
    good: usize,
}

impl EvaluatedStep<'_> {
    /// Whether no match is good and each came too late: whatever arrives now is later still.
    fn all_late(&self) -> bool {
        let is_late = |violation: &Violation| matches!(violation.kind, ViolationKind::Pair { late: true, .. });
        self.good == 0 && self.evaluations.iter().all(|evaluation| evaluation.violations.iter().any(is_late))
    }
}

fn rank(doubts: &Doubts) -> usize {
    doubts.sources().len() + usize::from(!doubts.is_empty())
}

fn merged(mut all: Doubts, more: &Doubts) -> Doubts {
    all.join(more);
    all
}

/// The first few, each once, in order; the rest as a number.
fn first_few(mut all: Vec<String>) -> Vec<String> {
    let mut known = std::collections::HashSet::new();
    all.retain(|text| known.insert(text.clone()));
    if all.len() > MAX_LISTED + 1 {
        let more = all.len() - MAX_LISTED;
        all.truncate(MAX_LISTED);
        all.push(format!("and {more} more"));
    }
    all
}
