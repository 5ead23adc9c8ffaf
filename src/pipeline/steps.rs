//! What became of a step.

use crate::model::finding::FindingId;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::count::{CountRange, expected, without_repeated};
use crate::pipeline::input::{EvaluationInput, SourceStatus};
use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::order::{self, Nature, Said, Violation};
use crate::pipeline::spec::{ExpectedCount, ExpectedStatus, ExpectedStep, Must};
use crate::pipeline::step_matches::{MatchScope, StepMatches};
use crate::pipeline::trust::{Doubts, Ends, Needs, Trust, length};
use crate::pipeline::verdict::{Check, CheckKind, CheckState, Nearest};

/// So many faults or notes of one kind are told one by one; the rest by their number.
const TOLD: usize = 3;

/// An expectation judged, and what may still come.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// What became of it.
    pub check: Check,
    /// What is waited for, in a few words, and until when that is of use.
    pub open: Option<(String, Ends)>,
}

impl CheckResult {
    /// One that is not met, for a reason.
    pub fn closed(check: Check) -> Self {
        Self { check, open: None }
    }

    /// Undecided for these doubts. What is waited for is named by the words; else it is the settle time.
    pub fn doubted(mut check: Check, doubts: &Doubts, settle_ns: i64, words: Option<String>) -> Self {
        check.state = CheckState::Undecided;
        check.why.extend(doubts.why(settle_ns));
        check.depends_on = doubts.sources();
        let open = doubts.end().map(|end| {
            let settle = if matches!(end, Ends::At(_)) { "settle time" } else { "complete answers" };
            (words.unwrap_or_else(|| settle.to_owned()), end)
        });
        Self { check, open }
    }
}

/// A check that is met, as a place to begin.
pub fn blank(kind: CheckKind, name: &str) -> Check {
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

/// What steps are judged on.
#[derive(Clone, Copy)]
pub struct EvaluationContext<'a> {
    /// What the run is judged on.
    pub ground: &'a EvaluationInput<'a>,
    /// Who plays which step.
    pub cast: &'a StepMatches<'a>,
    /// How far absences can be trusted.
    pub trust: Trust<'a>,
    /// When all must have been seen: the first step's start and what is allowed after it.
    pub all_by: Option<Timestamp>,
}

impl EvaluationContext<'_> {
    /// What became of a step; its place in the spec, or none for what a condition asks.
    pub fn judge(&self, step: &ExpectedStep, place: Option<usize>, all: &[Match], scope: MatchScope) -> CheckResult {
        let (cast, field) = (self.cast, &self.cast.field);
        let mut check = blank(CheckKind::Step, &step.name);
        let own = without_repeated(step.count, all, cast);
        let wanted = CountRange::new(step.count, cast, scope);
        check.expected = expected(step.count, cast, scope);
        check.seen = all.iter().map(|found| field.sight(found.item)).collect();
        check.seen.sort();
        let said = self.say(step, place, &own, scope);
        check.wait_ns = said.iter().filter_map(|said| said.wait_ns).max();
        let good = said.iter().filter(|said| said.faults.is_empty()).count();
        let matter = Matter { step, scope, own: &own, said: &said, wanted, good };
        let mut ruling = self.weigh(&matter, check);
        let wrong = ruling.check.state != CheckState::Met;
        ruling.check.nearest = ruling.check.nearest.filter(|_| wrong);
        let notes = said.iter().filter(|said| said.faults.is_empty()).flat_map(|said| said.notes.iter().cloned());
        ruling.check.why.extend(some_of(notes.collect()));
        if all.len() > own.len() {
            ruling.check.why.push(format!("{} attempt(s) failed and were repeated well", all.len() - own.len()));
        }
        ruling
    }

    fn weigh(&self, matter: &Matter, mut check: Check) -> CheckResult {
        let (step, total, wanted) = (matter.step, matter.own.len(), matter.wanted);
        let needs = Needs::from_selectors(&step.any_of);
        let settle_ns = self.ground.settle_ns;
        let faults: Vec<&Violation> = matter.said.iter().flat_map(|said| &said.faults).collect();
        if let Some(most) = wanted.most.filter(|most| total > *most) {
            check
                .why
                .push(format!("{total} seen; {} expected", if most == 0 { "none".to_owned() } else { wanted.words() }));
            let doubts = if wanted.follows { self.of_other(step.count, needs) } else { Doubts::default() };
            return self.broken_or(check, &doubts, || format!("{}: {total} seen, {most} expected", step.name));
        }
        if total == 0 && (step.optional || wanted.least == 0) {
            let doubts = if wanted.follows { self.of_other(step.count, needs) } else { Doubts::default() };
            check.state = CheckState::NotNeeded;
            return if doubts.is_empty() {
                CheckResult::closed(check)
            } else {
                CheckResult::doubted(check, &doubts, settle_ns, None)
            };
        }
        let enough = matter.good >= wanted.least && (!step.every || faults.is_empty());
        if enough {
            let rests_on_no_more = wanted.most.is_some() || step.every;
            let mut doubts = if rests_on_no_more { self.trust.doubts(needs) } else { Doubts::default() };
            if wanted.follows {
                doubts = merged(doubts, &self.of_other(step.count, needs));
            }
            if doubts.is_empty() {
                doubts = self.of_unseen_before(matter);
            }
            return if doubts.is_empty() {
                CheckResult::closed(check)
            } else {
                CheckResult::doubted(check, &doubts, settle_ns, None)
            };
        }
        check.nearest = self.nearest_fault(matter);
        let told = some_of(faults.iter().map(|fault| fault.why.clone()).collect());
        let is_full = wanted.most == Some(total) && !wanted.follows;
        if !faults.is_empty() && (step.every || is_full) {
            check.why = told;
            // What it takes to break it: one match that must hold and does not, or so many that too few are left.
            let enough = if step.every { 1 } else { total + 1 - wanted.least.min(total) };
            let of_match = |said: &Said| {
                let doubts = said.faults.iter().map(|fault| self.of_fault(fault.nature, needs, step.count));
                doubts.min_by_key(weight)
            };
            let mut doubts: Vec<Doubts> = matter.said.iter().filter_map(of_match).collect();
            doubts.sort_by_key(weight);
            let words = || format!("{}: what it belongs to", step.name);
            return self.broken_or(check, &doubts.into_iter().nth(enough - 1).unwrap_or_default(), words);
        }
        if total >= wanted.least && wanted.least > 0 && matter.all_late() {
            let doubts = faults.iter().map(|fault| self.of_fault(fault.nature, needs, step.count)).max_by_key(weight);
            if doubts.as_ref().is_some_and(Doubts::is_empty) {
                check.why = told;
                check.state = CheckState::Broken;
                return CheckResult::closed(check);
            }
        }
        check.why = told;
        let seen = match (matter.good, wanted.least) {
            (0, 1) if total == 0 => "not seen".to_owned(),
            (0, 1) => String::new(),
            (good, least) if good == total => format!("{good} of {least} seen"),
            (good, least) => format!("{good} of {least} as expected, {total} seen"),
        };
        if !seen.is_empty() {
            check.why.insert(0, seen);
        }
        let limit = [order::deadline(self.cast, &step.order, matter.scope), self.all_by].into_iter().flatten().max();
        let doubts = self.trust.of_missing(needs, limit);
        let failed = faults.iter().any(|fault| fault.nature == Nature::Own);
        if failed && step.count == ExpectedCount::default() {
            check.why.extend(self.could_be_mended(&doubts));
        }
        self.broken_or(check, &doubts, || format!("{}: {} of {} seen", step.name, matter.good, wanted.least.max(1)))
    }

    /// What is said of a step that was seen and failed, while another one may still come.
    fn could_be_mended(&self, doubts: &Doubts) -> Option<String> {
        let start = self.ground.journey.span_extent()?.from;
        let until = match doubts.end() {
            None if doubts.is_empty() => return None,
            Some(Ends::At(at)) => format!(" until {} after the run began", Human(at.since(start))),
            Some(Ends::Open) | None => String::new(),
        };
        Some(format!("a later one that is as expected would mend it{until}; `count: 1` decides by the first"))
    }

    fn broken_or(&self, mut check: Check, doubts: &Doubts, words: impl FnOnce() -> String) -> CheckResult {
        if doubts.is_empty() {
            check.state = CheckState::Broken;
            return CheckResult::closed(check);
        }
        CheckResult::doubted(check, doubts, self.ground.settle_ns, Some(words()))
    }

    /// Doubts that there are no more of two steps whose numbers are compared.
    fn of_other(&self, count: ExpectedCount, needs: Needs) -> Doubts {
        let other = match count {
            ExpectedCount::SameAs(step) => Needs::from_selectors(&self.cast.spec.steps[step].any_of),
            ExpectedCount::Range(..) => Needs::default(),
        };
        self.trust.doubts(Needs { spans: needs.spans || other.spans, lines: needs.lines || other.lines })
    }

    /// A step that must come after an optional one that was not seen is only right while that one does not come.
    fn of_unseen_before(&self, matter: &Matter) -> Doubts {
        let unseen = matter.step.order.iter().filter(|order| {
            matter.scope.matches(self.cast, order.step).is_empty() && self.cast.spec.steps[order.step].optional
        });
        let doubts =
            unseen.map(|order| self.trust.doubts(Needs::from_selectors(&self.cast.spec.steps[order.step].any_of)));
        doubts.reduce(|all, more| merged(all, &more)).unwrap_or_default()
    }

    /// Doubts that a fault is one: how a match ended stays so, but where attempts that were repeated well do not count,
    /// the repetition may lie where nobody saw; who belongs to whom may turn out otherwise.
    fn of_fault(&self, nature: Nature, needs: Needs, count: ExpectedCount) -> Doubts {
        match nature {
            Nature::Own if matches!(count, ExpectedCount::SameAs(_)) => self.trust.doubts(needs),
            Nature::Own => Doubts::default(),
            Nature::Pair { known: true, .. } if self.ground.jaeger == SourceStatus::Complete => Doubts::default(),
            Nature::Pair { .. } => self.trust.doubts(Needs { spans: true, ..needs }),
        }
    }

    fn nearest_fault(&self, matter: &Matter) -> Option<Nearest> {
        let wrong = matter.own.iter().zip(matter.said).filter_map(|(found, said)| Some((found, said.faults.first()?)));
        let (found, fault) = wrong.min_by_key(|(found, _)| **found)?;
        Some(Nearest { differs: fault.differs.clone(), sight: self.cast.field.sight(found.item) })
    }

    /// What must hold, and the order, for each match.
    fn say(&self, step: &ExpectedStep, place: Option<usize>, own: &[Match], scope: MatchScope) -> Vec<Said> {
        let mut said: Vec<Said> = own.iter().map(|found| self.say_of_itself(&step.must, found.item)).collect();
        for relation in &step.order {
            order::judge(self.cast, place, own, relation, scope, &mut said);
        }
        said
    }

    fn say_of_itself(&self, must: &Must, item: MatchedItem) -> Said {
        let mut faults = vec![];
        let mut fault = |why: String, differs: String| faults.push(Violation { why, differs, nature: Nature::Own });
        let is_error = self.cast.field.is_error(item);
        match must.status {
            Some(ExpectedStatus::Ok) if is_error => fault(self.error_text(item), "failed".to_owned()),
            Some(ExpectedStatus::Error) if !is_error => {
                fault("it ended well; an error is expected".to_owned(), "ended well".to_owned());
            }
            _ => {}
        }
        if let MatchedItem::Span(index) = item {
            let took = self.cast.field.journey.spans[index].duration_ns;
            if let Some(most) = must.max_ns.filter(|most| took > *most) {
                let over = Human(took.saturating_sub(most));
                fault(format!("took {}; at most {} allowed", Human(took), length(most)), format!("too long by {over}"));
            }
            if let Some(least) = must.min_ns.filter(|least| took < *least) {
                let under = Human(least.saturating_sub(took));
                fault(
                    format!("took {}; at least {} expected", Human(took), length(least)),
                    format!("too short by {under}"),
                );
            }
        }
        Said { faults, ..Said::default() }
    }

    fn error_text(&self, item: MatchedItem) -> String {
        let text = match item {
            MatchedItem::Span(index) => self.cast.field.journey.spans[index].error_text(),
            MatchedItem::Line(index) => self.cast.field.journey.logs[index].message.clone(),
        };
        if text.is_empty() { "it failed".to_owned() } else { format!("it failed: {text}") }
    }
}

/// A step, its matches, and what is said of them.
struct Matter<'c> {
    step: &'c ExpectedStep,
    scope: MatchScope<'c>,
    own: &'c [Match],
    said: &'c [Said],
    wanted: CountRange,
    good: usize,
}

impl Matter<'_> {
    /// Whether no match is right and each is wrong by coming too late: whatever comes now is later still.
    fn all_late(&self) -> bool {
        let is_late = |fault: &Violation| matches!(fault.nature, Nature::Pair { late: true, .. });
        self.good == 0 && self.said.iter().all(|said| said.faults.iter().any(is_late))
    }
}

fn weight(doubts: &Doubts) -> usize {
    doubts.sources().len() + usize::from(!doubts.is_empty())
}

fn merged(mut all: Doubts, more: &Doubts) -> Doubts {
    all.join(more);
    all
}

/// The first few, each once, in their order; the rest as a number.
fn some_of(mut all: Vec<String>) -> Vec<String> {
    let mut known = std::collections::HashSet::new();
    all.retain(|text| known.insert(text.clone()));
    if all.len() > TOLD + 1 {
        let more = all.len() - TOLD;
        all.truncate(TOLD);
        all.push(format!("and {more} more"));
    }
    all
}
