//! Steps that are expected once for each of something.

use std::collections::BTreeMap;

use crate::model::time::Timestamp;
use crate::pipeline::count::{CountRange, expected};
use crate::pipeline::doubts::{Doubts, Needs};
use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::order;
use crate::pipeline::spec::{Each, ExpectedStep, RepeatedGroup};
use crate::pipeline::step_matches::{Above, MatchScope, StepMatches, marks};
use crate::pipeline::steps::{CheckResult, EvaluationContext, blank};
use crate::pipeline::verdict::{Check, CheckKind, CheckState};

/// The repetitions of a group in order: the label of each, and its matches by step index.
type Buckets = Vec<(String, BTreeMap<usize, Vec<Match>>)>;

/// A repeated group evaluated in one run.
pub(crate) struct GroupEvaluation<'a> {
    context: EvaluationContext<'a>,
    place: usize,
    group: &'a RepeatedGroup,
    buckets: Buckets,
}

impl<'a> GroupEvaluation<'a> {
    /// The group with this index in the spec.
    pub(crate) fn new(context: EvaluationContext<'a>, place: usize) -> Self {
        let (matches, group) = (context.matches, &context.matches.spec.groups[place]);
        let steps: Vec<usize> =
            (0..matches.spec.steps.len()).filter(|step| matches.spec.steps[*step].group == Some(place)).collect();
        let buckets = match &group.each {
            Each::Attribute(key) => by_value(matches, key, &steps),
            Each::Step(step) => by_match(matches, *step, &steps),
        };
        Self { context, place, group, buckets }
    }

    /// Checks the number of repetitions.
    pub(crate) fn count(&self) -> CheckResult {
        let (matches, total) = (self.context.matches, self.buckets.len());
        let name = match &self.group.each {
            Each::Attribute(key) => format!("for each {key}"),
            Each::Step(step) => format!("for each {}", order::name(matches, *step)),
        };
        let expected_range = CountRange::new(self.group.count, matches, MatchScope::default());
        let mut check = Check {
            expected: expected(self.group.count, matches, MatchScope::default()),
            ..blank(CheckKind::Group, &name)
        };
        let needs = self.needs();
        let limit = self.context.all_by;
        let (doubts, state) = match total {
            _ if expected_range.most.is_some_and(|most| total > most) => {
                let doubts = if expected_range.follows { self.context.trust.doubts(needs) } else { Doubts::default() };
                (doubts, CheckState::Broken)
            }
            _ if total < expected_range.least => {
                (self.context.trust.doubts_if_missing(needs, limit), CheckState::Broken)
            }
            _ if expected_range.most.is_some() => (self.context.trust.doubts(needs), CheckState::Met),
            _ => (Doubts::default(), CheckState::Met),
        };
        if state == CheckState::Broken {
            check.why.push(format!("{total} seen; {} expected", expected_range.label()));
        }
        if doubts.is_empty() {
            check.state = state;
            return CheckResult::closed(check);
        }
        let label = format!("{name}: {total} seen, {} expected", expected_range.label());
        CheckResult::doubted(check, &doubts, self.context.input.settle_ns, Some(label))
    }

    /// Checks one of its steps: one check for all repetitions that are as expected, and one for each that is not.
    pub(crate) fn step(&self, place: usize, step: &ExpectedStep) -> Vec<CheckResult> {
        if self.buckets.is_empty() {
            return vec![self.check_without_repetitions(place, step)];
        }
        let empty = vec![];
        let check_step = |(of, bucket): &(String, BTreeMap<usize, Vec<Match>>)| {
            let own = bucket.get(&place).unwrap_or(&empty);
            let mut result = self.context.check_step(step, Some(place), own, MatchScope::in_bucket(bucket));
            result.check.of = Some(of.clone());
            result
        };
        let all = self.buckets.iter().map(check_step);
        let (well, wrong): (Vec<_>, Vec<_>) =
            all.partition(|result| matches!(result.check.state, CheckState::Met | CheckState::NotNeeded));
        let together = well.into_iter().reduce(|mut all, one| {
            all.check.seen.extend(one.check.seen);
            all.check.wait_ns = all.check.wait_ns.max(one.check.wait_ns);
            all.check.state = all.check.state.min(one.check.state);
            all.check.why.extend(one.check.why);
            all
        });
        let together = together.map(|mut all| {
            all.check.of = None;
            all.check.seen.sort();
            all.check.why.dedup();
            all.check.why.truncate(4);
            all
        });
        together.into_iter().chain(wrong).collect()
    }

    /// Checks a step when there are no repetitions: not needed if the group's count allows that.
    fn check_without_repetitions(&self, place: usize, step: &ExpectedStep) -> CheckResult {
        let expected_range = CountRange::new(self.group.count, self.context.matches, MatchScope::default());
        let own = &self.context.matches.all[place];
        if expected_range.least > 0 || !own.is_empty() {
            return self.context.check_step(step, Some(place), own, MatchScope::default());
        }
        let mut check = blank(CheckKind::Step, &step.name);
        check.state = CheckState::NotNeeded;
        let doubts = self.context.trust.doubts(self.needs());
        if doubts.is_empty() {
            CheckResult::closed(check)
        } else {
            CheckResult::doubted(check, &doubts, self.context.input.settle_ns, None)
        }
    }

    fn needs(&self) -> Needs {
        let steps = &self.context.matches.spec.steps;
        let of_steps =
            steps.iter().filter(|step| step.group == Some(self.place)).map(|step| Needs::from_selectors(&step.any_of));
        let of_each = match &self.group.each {
            Each::Step(step) => Needs::from_selectors(&steps[*step].any_of),
            Each::Attribute(_) => Needs::default(),
        };
        of_steps.fold(of_each, |all, one| Needs { spans: all.spans || one.spans, lines: all.lines || one.lines })
    }
}

/// Repetitions by the attribute values that matches have, or inherit from an ancestor.
fn by_value(matches: &StepMatches, key: &str, steps: &[usize]) -> Buckets {
    let journey = matches.lookup.journey;
    let carries = |index| !matches.lookup.values(MatchedItem::Span(index), key).is_empty();
    let carrying: Vec<bool> = (0..journey.spans.len()).map(carries).collect();
    let nearest = matches.self_or_above(&carrying);
    let values = |found: &Match| {
        let own = matches.lookup.values(found.item, key);
        match found.at.and_then(|at| nearest[at]) {
            Some(holder) if own.is_empty() => matches.lookup.values(MatchedItem::Span(holder), key),
            _ => own,
        }
    };
    let mut buckets: BTreeMap<String, BTreeMap<usize, Vec<Match>>> = BTreeMap::new();
    for step in steps {
        for found in &matches.all[*step] {
            for value in values(found) {
                buckets.entry(value).or_default().entry(*step).or_default().push(*found);
            }
        }
    }
    let mut buckets: Buckets = buckets.into_iter().collect();
    fill_missing_steps(&mut buckets, steps);
    buckets
}

/// Repetitions by the match of the step `each` that the other matches follow from.
fn by_match(matches: &StepMatches, each: usize, steps: &[usize]) -> Buckets {
    let heads = &matches.all[each];
    let nearest: Above = matches.self_or_above(&marks(matches, heads));
    let mut buckets: Buckets =
        (1..=heads.len()).map(|n| (format!("{} {n}", order::name(matches, each)), BTreeMap::new())).collect();
    let of_span: BTreeMap<usize, usize> =
        heads.iter().enumerate().filter_map(|(n, head)| head.at.map(|at| (at, n))).collect();
    for (n, head) in heads.iter().enumerate() {
        buckets[n].1.insert(each, vec![*head]);
    }
    for step in steps.iter().filter(|step| **step != each) {
        for found in &matches.all[*step] {
            let head = found.at.and_then(|at| nearest[at]).and_then(|at| of_span.get(&at));
            if let Some(head) = head {
                buckets[*head].1.entry(*step).or_default().push(*found);
            }
        }
    }
    fill_missing_steps(&mut buckets, steps);
    buckets
}

/// Gives every repetition an entry for every step: an empty one must not fall back to the matches of the whole run.
fn fill_missing_steps(buckets: &mut Buckets, steps: &[usize]) {
    for (_, bucket) in buckets {
        for step in steps {
            bucket.entry(*step).or_default();
        }
    }
}

/// Start of the first match of any step; none without matches.
pub(crate) fn first_start(matches: &StepMatches) -> Option<Timestamp> {
    matches.all.iter().filter_map(|all| all.first()).map(|found| found.start).min()
}
