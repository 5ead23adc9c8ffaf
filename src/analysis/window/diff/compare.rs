//! Marks the steps that differ between two journeys, or between two sets of journeys.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{DiffFold, DiffSide, Name, Route, StepInJourney};
use crate::analysis::stats::significance::{
    ContingencyTable, LnFactorials, discovery_level, mann_whitney, tarone_family_size,
};
use crate::analysis::window::steps::Entry;
use crate::model::span::SpanKind;
use crate::model::time::SECOND;

/// Two journeys: a duration differs if it does by more than this and by more than a fifth. One call says nothing about the
/// spread, so that scheduling jitter must not be marked.
const JITTER_NS: i64 = SECOND / 200;
/// Two journeys: a queue wait differs if it does by more than this and by more than a fifth. Polling intervals alone make
/// tens of milliseconds.
const WAIT_NS: i64 = SECOND / 10;
/// Many journeys: probability that a screen has any mark where nothing differs, and the share of marks that are chance where
/// something does (false discovery rate).
const LEVEL: f64 = 0.02;
/// Many journeys: a step is compared by how many of its calls are beyond each of these percentiles of both sides. A fault
/// that makes a part of the calls slower shows at one of them, whichever part that is.
const SLOWEST: [usize; 3] = [75, 90, 95];
/// Many journeys: medians that differ by less than this and a tenth are not marked, however significant: with thousands of
/// journeys a microsecond is significant.
const LEAST_NS: i64 = SECOND / 1_000;

/// How a step differs on the second side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Only the second side has it.
    Added,
    /// Only the first side has it.
    Missing,
    /// It is called more often.
    More,
    /// It is called less often.
    Fewer,
    /// It fails where it did not, or more often.
    Fails,
    /// It failed and no longer does, or less often.
    FailsNoMore,
    /// It takes longer, and no step below explains it.
    Slower,
    /// It takes longer because of steps below it.
    SlowerBelow,
    /// Its median is the same, but more of its calls are among the slowest.
    SlowerAtTimes,
    /// It takes less time.
    Faster,
    /// Its queue wait is longer.
    WaitsLonger,
    /// Its queue wait is shorter.
    WaitsLess,
    /// It is below another step.
    Moved,
}

/// Figures of a step on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct StepFigures {
    /// Number of journeys that have it.
    pub(crate) journey_count: usize,
    /// Number of calls.
    pub(crate) call_count: u64,
    /// Number of failed calls.
    pub(crate) error_count: u64,
    /// Median over the journeys of the mean duration of a call, in nanoseconds.
    pub(crate) p50_ns: i64,
    /// 95th percentile of the same.
    pub(crate) p95_ns: i64,
    /// Longest queue wait before it, in nanoseconds; of many journeys the median.
    pub(crate) wait_ns: i64,
}

impl StepFigures {
    fn new(seen: &[StepInJourney]) -> Option<Self> {
        let mut means: Vec<i64> = seen.iter().map(mean).collect();
        let mut waits: Vec<i64> = seen.iter().map(|one| one.wait_ns).collect();
        means.sort_unstable();
        waits.sort_unstable();
        (!seen.is_empty()).then(|| Self {
            journey_count: seen.len(),
            call_count: seen.iter().map(|one| one.calls).sum(),
            error_count: seen.iter().map(|one| one.errors).sum(),
            p50_ns: quantile(&means, 50),
            p95_ns: quantile(&means, 95),
            wait_ns: quantile(&waits, 50),
        })
    }
}

fn mean(seen: &StepInJourney) -> i64 {
    seen.total_ns / i64::try_from(seen.calls.max(1)).unwrap_or(i64::MAX)
}

fn quantile(sorted: &[i64], percent: usize) -> i64 {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

/// The journeys of one entry, which are compared with each other.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct EntryJourneys {
    /// Their entry.
    #[serde(flatten)]
    pub(crate) entry: Entry,
    /// Number on the first side.
    pub(crate) first_journey_count: usize,
    /// Number on the second side.
    pub(crate) second_journey_count: usize,
    /// Whether both sides have enough: a step that differs in every journey would be marked.
    pub(crate) enough: bool,
}

impl EntryJourneys {
    fn new(route: &Route, is_enough: impl Fn([usize; 2]) -> bool) -> Self {
        let [first_journey_count, second_journey_count] = route.journeys;
        let entry = route.entry.clone().unwrap_or_default();
        let enough = is_enough(route.journeys);
        Self { entry, first_journey_count, second_journey_count, enough }
    }

    /// Numbers on both sides.
    pub(crate) fn journeys(&self) -> [usize; 2] {
        [self.first_journey_count, self.second_journey_count]
    }
}

/// A step on both sides.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct DiffStep {
    /// Index of the entry of its journeys, from 0.
    pub(crate) entry: usize,
    /// Number of steps above it.
    pub(crate) depth: usize,
    /// Its service.
    pub(crate) service: String,
    /// Its operation, numbers and IDs masked.
    pub(crate) operation: String,
    /// Its kind.
    pub(crate) span_kind: SpanKind,
    /// How it differs on the second side; empty if it does not.
    pub(crate) changes: Vec<Change>,
    /// Figures on the first side; null if it does not have the step.
    pub(crate) first: Option<StepFigures>,
    /// Figures on the second side; null if it does not have the step.
    pub(crate) second: Option<StepFigures>,
}

/// Two sides compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct DiffResult {
    /// Number of journeys of each.
    pub(crate) journeys: [usize; 2],
    /// Number of them whose entry has enough journeys on both sides.
    pub(crate) comparable: [usize; 2],
    /// Number of spans.
    pub(crate) spans: [u64; 2],
    /// Duration in nanoseconds; of many the median.
    pub(crate) lengths_ns: [i64; 2],
    /// Whether at least half of the journeys of both sides are comparable, or a difference was found anyway.
    pub(crate) enough: bool,
    /// The entries, the most frequent first; each is compared separately. Two journeys have one.
    pub(crate) entries: Vec<EntryJourneys>,
    /// Every step, each before those under it.
    pub(crate) steps: Vec<DiffStep>,
}

impl DiffResult {
    /// Builds the result of these rows; `is_enough` says whether two sides with these numbers of journeys are comparable.
    fn new(diff: &DiffFold, rows: Vec<DiffRow>, is_enough: impl Fn([usize; 2]) -> bool) -> Self {
        let lengths_ns = diff.sides.each_ref().map(|side| {
            let mut lengths = side.lengths.clone();
            lengths.sort_unstable();
            quantile(&lengths, 50)
        });
        let ranked = diff.ranked();
        let entries: Vec<EntryJourneys> =
            ranked.iter().map(|route| EntryJourneys::new(&diff.routes[*route], &is_enough)).collect();
        let mut ranks = vec![0; ranked.len()];
        ranked.into_iter().enumerate().for_each(|(rank, route)| ranks[route] = rank);
        let enough_on_both = entries.iter().filter(|entry| entry.enough).map(EntryJourneys::journeys);
        let comparable = enough_on_both.fold([0; 2], |[first, second], [a, b]| [first + a, second + b]);
        let journeys = diff.journeys();
        let most = comparable.iter().zip(&journeys).all(|(part, all)| part * 2 >= *all && *all > 0);
        let enough = most || rows.iter().any(|row| !row.changes.is_empty());
        Self {
            journeys,
            comparable,
            spans: diff.sides.each_ref().map(|side| side.spans),
            lengths_ns,
            enough,
            entries,
            steps: rows.into_iter().map(|row| row.into_step(diff, &ranks)).collect(),
        }
    }
}

/// A row: a step's place, and its calls on both sides.
struct DiffRow<'a> {
    place: usize,
    seen: [&'a [StepInJourney]; 2],
    changes: Vec<Change>,
}

impl DiffRow<'_> {
    fn into_step(self, diff: &DiffFold, ranks: &[usize]) -> DiffStep {
        let place = &diff.places[self.place];
        let Name { service, operation, kind } = place.name.clone();
        let [first, second] = self.seen.map(StepFigures::new);
        let (entry, depth) = (ranks[place.route], place.depth);
        DiffStep { entry, depth, service, operation, span_kind: kind, changes: self.changes, first, second }
    }
}

fn rows(diff: &DiffFold) -> Vec<DiffRow<'_>> {
    let row = |place| {
        let seen = [DiffSide::First, DiffSide::Second].map(|side| diff.seen(side, place));
        DiffRow { place, seen, changes: vec![] }
    };
    let any = |row: &DiffRow| row.seen.iter().any(|seen| !seen.is_empty());
    diff.order().into_iter().map(row).filter(any).collect()
}

impl DiffFold {
    /// Compares the two sides.
    pub(crate) fn finish(self) -> DiffResult {
        if self.is_of_many { many(&self) } else { two(&self) }
    }
}

fn two(diff: &DiffFold) -> DiffResult {
    let mut rows = pair_moved_steps(rows(diff), diff);
    let mut below: BTreeMap<usize, i64> = BTreeMap::new();
    for row in rows.iter_mut().rev() {
        let longer = mark_changes(row, below.get(&row.place).copied().unwrap_or_default());
        add_above(row.place, longer, &mut below, diff);
    }
    DiffResult::new(diff, rows, |journeys| !journeys.contains(&0))
}

/// Adds the time by which the step above takes longer because of this one.
fn add_above(place: usize, longer_ns: i64, below: &mut BTreeMap<usize, i64>, diff: &DiffFold) {
    if let Some(above) = diff.places[place].under {
        let sum = below.entry(above).or_default();
        *sum = sum.saturating_add(longer_ns);
    }
}

/// Whether steps below explain why this one takes longer: if they account for at least four fifths of it.
fn slower(longer_ns: i64, below_ns: i64) -> Change {
    if i128::from(below_ns) * 5 >= i128::from(longer_ns) * 4 { Change::SlowerBelow } else { Change::Slower }
}

/// Pairs steps that only one side has here and only the other has elsewhere: they have moved.
fn pair_moved_steps<'a>(rows: Vec<DiffRow<'a>>, diff: &'a DiffFold) -> Vec<DiffRow<'a>> {
    let mut lost: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
    for row in rows.iter().rev().filter(|row| row.seen[1].is_empty()) {
        lost.entry(&diff.places[row.place].name).or_default().push(row.place);
    }
    let mut from: BTreeMap<usize, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.seen[0].is_empty()) {
        if let Some(there) = lost.get_mut(&diff.places[row.place].name).and_then(Vec::pop) {
            from.insert(row.place, there);
        }
    }
    let gone: Vec<usize> = from.values().copied().collect();
    let moved = |mut row: DiffRow<'a>| {
        if let Some(there) = from.get(&row.place) {
            let above = |place: usize| diff.places[place].under;
            let came_along = above(row.place).is_some_and(|up| from.get(&up).copied() == above(*there));
            row.changes.extend((!came_along).then_some(Change::Moved));
            row.seen[0] = diff.seen(DiffSide::First, *there);
        }
        row
    };
    rows.into_iter().filter(|row| !gone.contains(&row.place)).map(moved).collect()
}

/// Marks the row. Returns by how much longer it takes in all, in nanoseconds; 0 if within jitter.
fn mark_changes(row: &mut DiffRow, below_ns: i64) -> i64 {
    let changes = &mut row.changes;
    let (a, b) = match (row.seen[0].first(), row.seen[1].first()) {
        (Some(a), Some(b)) => (*a, *b),
        (Some(_), None) => {
            changes.push(Change::Missing);
            return 0;
        }
        (_, b) => {
            changes.push(Change::Added);
            changes.extend(b.is_some_and(|b| b.errors > 0).then_some(Change::Fails));
            return b.map_or(0, |b| b.total_ns);
        }
    };
    if a.calls != b.calls {
        changes.push(if b.calls > a.calls { Change::More } else { Change::Fewer });
    }
    match (a.errors, b.errors) {
        (0, 1..) => changes.push(Change::Fails),
        (1.., 0) => changes.push(Change::FailsNoMore),
        _ => {}
    }
    let beyond = |a: i64, b: i64, least: i64| b.saturating_sub(a).saturating_abs() > least.max(a.max(b) / 5);
    let (before, after) = (mean(&a), mean(&b));
    let longer = b.total_ns.saturating_sub(a.total_ns);
    let differs = beyond(before, after, JITTER_NS);
    if differs && after > before {
        changes.push(slower(longer, below_ns));
    } else if differs && b.errors <= a.errors {
        // A failing call often ends early, which is not an improvement.
        changes.push(Change::Faster);
    }
    if beyond(a.wait_ns, b.wait_ns, WAIT_NS) {
        changes.push(if b.wait_ns > a.wait_ns { Change::WaitsLonger } else { Change::WaitsLess });
    }
    if differs { longer.max(0) } else { 0 }
}

/// Compares two sets of journeys. Five tests a step: number of calls, share of failed journeys, duration, shares of the
/// slowest calls, queue wait; and one test an entry: whether it appeared or disappeared. The false discovery rate is
/// controlled over all tests that could be significant (Tarone).
fn many(diff: &DiffFold) -> DiffResult {
    let mut rows = rows(diff);
    let all = diff.journeys();
    if all.contains(&0) {
        return DiffResult::new(diff, rows, |_| false);
    }
    let factorials = LnFactorials::up_to(all[0] + all[1]);
    let asked: Vec<TestResults> =
        rows.iter().map(|row| TestResults::new(row, diff.journeys_of_entry(row.place), &factorials)).collect();
    let begun: Vec<TestResult> =
        diff.routes.iter().map(|route| TestResult::share_test(route.journeys, all, &factorials)).collect();
    let tests: Vec<TestResult> = distinct_tests(&asked).into_iter().chain(begun.iter().copied()).collect();
    let family = tarone_family_size(tests.iter().map(|test| test.least).collect(), LEVEL);
    let telling = tests.iter().filter(|test| test.least <= LEVEL / family as f64);
    let level = discovery_level(telling.map(|test| test.p).collect(), family, LEVEL);
    let mut below: BTreeMap<usize, i64> = BTreeMap::new();
    for (row, answers) in rows.iter_mut().zip(&asked).rev() {
        row.changes = answers.changes(row, diff.journeys_of_entry(row.place), level);
        if row.changes.contains(&Change::Slower) {
            let median = |seen: &[StepInJourney]| {
                let mut totals: Vec<i64> = seen.iter().map(|one| one.total_ns).collect();
                totals.sort_unstable();
                quantile(&totals, 50)
            };
            let longer = median(row.seen[1]).saturating_sub(median(row.seen[0]));
            let change_kind = slower(longer, below.get(&row.place).copied().unwrap_or_default());
            row.changes.iter_mut().filter(|change| **change == Change::Slower).for_each(|change| *change = change_kind);
            add_above(row.place, longer.max(0), &mut below, diff);
        }
    }
    for row in &mut rows {
        let route = diff.places[row.place].route;
        let is_sure = begun[route].p <= level;
        match diff.routes[route].journeys {
            [0, all] if is_sure => {
                row.changes.push(Change::Added);
                let failing = row.seen[1].iter().filter(|one| one.errors > 0).count();
                row.changes.extend((failing * 2 >= all).then_some(Change::Fails));
            }
            [_, 0] if is_sure => row.changes.push(Change::Missing),
            _ => {}
        }
    }
    DiffResult::new(diff, rows, |[first, second]| {
        let apart: Vec<f64> = (0..first + second).map(|nth| nth as f64).collect();
        let (first, second) = apart.split_at(first);
        mann_whitney(first, second) <= level
    })
}

/// All tests. Those of failures in the same journeys count once: they are one observation, and a cascade would otherwise use
/// up the level.
fn distinct_tests(asked: &[TestResults]) -> Vec<TestResult> {
    let mut counted = BTreeSet::new();
    let failures = asked.iter().filter(|one| counted.insert(&one.failing)).map(|one| one.fails);
    let lengths = |one: &TestResults| [one.calls, one.length, one.tail, one.wait];
    asked.iter().flat_map(lengths).chain(failures).collect()
}

/// A test: its p-value, and the smallest one that its sample sizes could give.
#[derive(Clone, Copy, Debug)]
struct TestResult {
    p: f64,
    least: f64,
}

impl TestResult {
    /// Mann-Whitney U test of two samples. By ranks, because durations are skewed.
    fn rank_test(mut sides: [Vec<f64>; 2]) -> Self {
        sides.iter_mut().for_each(|values| values.sort_by(f64::total_cmp));
        let [first, second] = &sides;
        let mut both = sides.concat();
        both.sort_by(f64::total_cmp);
        let [low, high] = [first.len(), second.len()].map(|cut| {
            let (low, high) = both.split_at(cut);
            mann_whitney(low, high)
        });
        Self { p: mann_whitney(first, second), least: low.min(high) }
    }

    /// The one with the smaller p-value.
    fn better(self, other: Self) -> Self {
        Self { p: self.p.min(other.p), least: self.least.min(other.least) }
    }

    /// The best of several tests of the same thing.
    fn of_several(self, tests: usize) -> Self {
        let times = |p: f64| (p * tests as f64).min(1.0);
        Self { p: times(self.p), least: times(self.least) }
    }

    /// Fisher's exact test of two shares, two-sided. Exact, because counts are often small.
    fn share_test(failed: [usize; 2], all: [usize; 2], factorials: &LnFactorials) -> Self {
        let having = failed[0] + failed[1];
        let beyond = |side: usize, first: usize| {
            let (all_first, all_second) = (all[side], all[1 - side]);
            factorials.fisher(ContingencyTable { first, all_first, second: having - first, all_second })
        };
        let twice = |p: [f64; 2]| (p[0].min(p[1]) * 2.0).min(1.0);
        let least = [0, 1].map(|side| beyond(side, having.min(all[side])));
        Self { p: twice([beyond(0, failed[0]), beyond(1, failed[1])]), least: twice(least) }
    }
}

/// The tests of one step.
struct TestResults {
    calls: TestResult,
    fails: TestResult,
    length: TestResult,
    /// Shares of calls among the slowest of both sides.
    tail: TestResult,
    wait: TestResult,
    /// The journeys of each side in which it fails.
    failing: [Vec<usize>; 2],
}

impl TestResults {
    fn new(row: &DiffRow, all: [usize; 2], factorials: &LnFactorials) -> Self {
        let numbers = |of: fn(&StepInJourney) -> f64| row.seen.map(|seen| seen.iter().map(of).collect::<Vec<f64>>());
        let mut calls = numbers(|one| one.calls as f64);
        calls.iter_mut().zip(all).for_each(|(calls, all)| calls.resize(all.max(calls.len()), 0.0));
        let mut lengths: Vec<i64> = row.seen.iter().copied().flatten().map(mean).collect();
        lengths.sort_unstable();
        let calls_of = row.seen.map(<[StepInJourney]>::len);
        let slowest = |share: usize| {
            let long = quantile(&lengths, share);
            let longest = row.seen.map(|seen| seen.iter().filter(|one| mean(one) > long).count());
            TestResult::share_test(longest, calls_of, factorials)
        };
        // The best of several tests is as likely by chance as all of them together.
        let tail =
            SLOWEST.map(slowest).into_iter().reduce(TestResult::better).map(|best| best.of_several(SLOWEST.len()));
        let failing = row.seen.map(|seen| seen.iter().filter(|one| one.errors > 0).map(|one| one.journey).collect());
        Self {
            calls: TestResult::rank_test(calls),
            fails: TestResult::share_test(failing.each_ref().map(Vec::len), all, factorials),
            length: TestResult::rank_test(numbers(|one| mean(one) as f64)),
            tail: tail.unwrap_or(TestResult { p: 1.0, least: 1.0 }),
            wait: TestResult::rank_test(numbers(|one| one.wait_ns as f64)),
            failing,
        }
    }

    fn changes(&self, row: &DiffRow, all: [usize; 2], level: f64) -> Vec<Change> {
        let per = |side: usize, n: u64| n as f64 / all[side].max(1) as f64;
        let calls = |side: usize| per(side, row.seen[side].iter().map(|one| one.calls).sum());
        let failed = |side: usize| per(side, self.failing[side].len() as u64);
        let mut changes = vec![];
        if self.calls.p <= level {
            changes.push(match (calls(0), calls(1)) {
                (0.0, _) => Change::Added,
                (_, 0.0) => Change::Missing,
                (before, after) if after > before => Change::More,
                _ => Change::Fewer,
            });
        }
        if self.fails.p <= level {
            changes.push(if failed(1) > failed(0) { Change::Fails } else { Change::FailsNoMore });
        }
        let [a, b] = row.seen.map(|seen| StepFigures::new(seen).unwrap_or_default());
        let apart = |a: i64, b: i64| b.saturating_sub(a).saturating_abs() > LEAST_NS.max(a.max(b) / 10);
        // Ranks do not see how much slower the slow half became, shares of the slowest do.
        let has_longer_tail = b.p50_ns > a.p50_ns && self.tail.p <= level;
        if apart(a.p50_ns, b.p50_ns) && (self.length.p <= level || has_longer_tail) {
            changes.push(if b.p50_ns > a.p50_ns { Change::Slower } else { Change::Faster });
        }
        let is_slower = changes.contains(&Change::Slower);
        if !is_slower && apart(a.p95_ns, b.p95_ns) && b.p95_ns > a.p95_ns && self.tail.p <= level {
            changes.push(Change::SlowerAtTimes);
        }
        if apart(a.wait_ns, b.wait_ns) && self.wait.p <= level {
            changes.push(if b.wait_ns > a.wait_ns { Change::WaitsLonger } else { Change::WaitsLess });
        }
        changes
    }
}
