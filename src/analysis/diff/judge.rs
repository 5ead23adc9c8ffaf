//! Which differences are worth a mark.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Diff, Name, Seen, Side};
use crate::analysis::chance::{Factorials, ranks_differ};
use crate::model::span::SpanKind;
use crate::model::time::SECOND;

/// Of two journeys: a step lasts longer if it does by more than this, and by more than a fifth.
const JITTER_NS: i64 = SECOND / 200;
/// A message waits longer if it does by more than this, and by more than a fifth.
const WAIT_NS: i64 = SECOND / 10;
/// Of many: how likely anything at all is marked where nothing differs.
const LEVEL: f64 = 0.02;
/// Of many: medians that lie nearer than a tenth and this are the same to anybody.
const LEAST_NS: i64 = SECOND / 1_000;
/// Of fewer journeys on a side nothing can be said.
const FEWEST: usize = 5;

/// How a step differs on the second side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is there only.
    Added,
    /// It is not there.
    Missing,
    /// It is called more often.
    More,
    /// It is called less often.
    Fewer,
    /// It fails, and did not, or more often.
    Fails,
    /// It failed, and does not, or less often.
    FailsNoMore,
    /// It lasts longer, and no step below tells why.
    Slower,
    /// It lasts longer because of steps below it.
    SlowerBelow,
    /// It lasts less long.
    Faster,
    /// Its message waits longer.
    WaitsLonger,
    /// Its message waits less long.
    WaitsLess,
    /// It stands under another step.
    Moved,
}

/// What one side has of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// In how many journeys.
    pub journey_count: usize,
    /// How many calls.
    pub call_count: u64,
    /// How many of them failed.
    pub error_count: u64,
    /// Half of the journeys' calls last no longer, in nanoseconds, each journey by its mean.
    pub p50_ns: i64,
    /// 95 of 100 do not.
    pub p95_ns: i64,
    /// The longest wait for a message before it, in nanoseconds; of many journeys the median.
    pub wait_ns: i64,
}

impl Figures {
    fn of(seen: &[Seen]) -> Option<Self> {
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

fn mean(seen: &Seen) -> i64 {
    seen.total_ns / i64::try_from(seen.calls.max(1)).unwrap_or(i64::MAX)
}

fn quantile(sorted: &[i64], percent: usize) -> i64 {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

/// A step on both sides.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Step {
    /// Under how many others it stands.
    pub depth: usize,
    /// Its service.
    pub service: String,
    /// Its operation, numbers and IDs masked.
    pub operation: String,
    /// Its kind.
    pub span_kind: SpanKind,
    /// How it differs on the second side; empty where it does not.
    pub changes: Vec<Change>,
    /// What the first side has of it; null where nothing.
    pub first: Option<Figures>,
    /// What the second side has of it.
    pub second: Option<Figures>,
}

/// Both sides beside each other.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// How many journeys each has.
    pub journeys: [usize; 2],
    /// How many spans.
    pub spans: [u64; 2],
    /// How long they last; of many the median.
    pub lengths_ns: [i64; 2],
    /// Whether both have enough to tell.
    pub enough: bool,
    /// Every step, each before those under it.
    pub steps: Vec<Step>,
}

impl Told {
    fn of(diff: &Diff, steps: Vec<Step>, least: usize) -> Self {
        let lengths_ns = diff.sides.each_ref().map(|side| {
            let mut lengths = side.lengths.clone();
            lengths.sort_unstable();
            quantile(&lengths, 50)
        });
        let journeys = diff.sides.each_ref().map(|side| side.count);
        let enough = journeys.iter().all(|count| *count >= least);
        Self { journeys, spans: diff.sides.each_ref().map(|side| side.spans), lengths_ns, enough, steps }
    }
}

/// A row that is being judged: where the step stands, and what either side has of it.
struct Row<'a> {
    place: usize,
    seen: [&'a [Seen]; 2],
    changes: Vec<Change>,
}

impl Row<'_> {
    fn into_step(self, diff: &Diff) -> Step {
        let place = &diff.places[self.place];
        let Name { service, operation, kind } = place.name.clone();
        let [first, second] = self.seen.map(Figures::of);
        Step { depth: place.depth, service, operation, span_kind: kind, changes: self.changes, first, second }
    }
}

fn rows(diff: &Diff) -> Vec<Row<'_>> {
    let row = |place| {
        let seen = [Side::First, Side::Second].map(|side| diff.seen(side, place));
        Row { place, seen, changes: vec![] }
    };
    let any = |row: &Row| row.seen.iter().any(|seen| !seen.is_empty());
    diff.order().into_iter().map(row).filter(any).collect()
}

pub(super) fn of_two(diff: &Diff) -> Told {
    let mut rows = reunited(rows(diff), diff);
    let mut below: BTreeMap<usize, i64> = BTreeMap::new();
    for row in rows.iter_mut().rev() {
        let longer = judge_two(row, below.get(&row.place).copied().unwrap_or_default());
        if let Some(above) = diff.places[row.place].under {
            let sum = below.entry(above).or_default();
            *sum = sum.saturating_add(longer);
        }
    }
    Told::of(diff, rows.into_iter().map(|row| row.into_step(diff)).collect(), 1)
}

/// A step that only one side has here, and only the other has elsewhere, has moved.
fn reunited<'a>(rows: Vec<Row<'a>>, diff: &'a Diff) -> Vec<Row<'a>> {
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
    let moved = |mut row: Row<'a>| {
        if let Some(there) = from.get(&row.place) {
            let above = |place: usize| diff.places[place].under;
            let came_along = above(row.place).is_some_and(|up| from.get(&up).copied() == above(*there));
            row.changes.extend((!came_along).then_some(Change::Moved));
            row.seen[0] = diff.seen(Side::First, *there);
        }
        row
    };
    rows.into_iter().filter(|row| !gone.contains(&row.place)).map(moved).collect()
}

/// Marks the row; how much longer it lasts in all, as far as that is beyond jitter.
fn judge_two(row: &mut Row, below_ns: i64) -> i64 {
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
        let explained = i128::from(below_ns) * 5 >= i128::from(longer) * 4;
        changes.push(if explained { Change::SlowerBelow } else { Change::Slower });
    } else if differs {
        changes.push(Change::Faster);
    }
    if beyond(a.wait_ns, b.wait_ns, WAIT_NS) {
        changes.push(if b.wait_ns > a.wait_ns { Change::WaitsLonger } else { Change::WaitsLess });
    }
    if differs { longer.max(0) } else { 0 }
}

/// Three questions a step: how often, how long, how many fail. A mark is beyond what chance makes of all of them.
pub(super) fn of_many(diff: &Diff) -> Told {
    let mut rows = rows(diff);
    let all = diff.sides.each_ref().map(|side| side.count);
    let told = Told::of(diff, vec![], FEWEST);
    if told.enough {
        let ways = Factorials::up_to(all[0] + all[1]);
        let level = LEVEL / (rows.len() * 4).max(1) as f64;
        rows.iter_mut().for_each(|row| judge_many(row, all, level, &ways));
    }
    Told { steps: rows.into_iter().map(|row| row.into_step(diff)).collect(), ..told }
}

fn judge_many(row: &mut Row, all: [usize; 2], level: f64, ways: &Factorials) {
    let numbers = |side: usize, of: &dyn Fn(&Seen) -> f64, with_zeros: bool| {
        let mut values: Vec<f64> = row.seen[side].iter().map(of).collect();
        values.resize(if with_zeros { all[side].max(values.len()) } else { values.len() }, 0.0);
        values.sort_by(f64::total_cmp);
        values
    };
    let differs =
        |of: &dyn Fn(&Seen) -> f64, zeros| ranks_differ(&numbers(0, of, zeros), &numbers(1, of, zeros)) <= level;
    let calls = |side: usize| row.seen[side].iter().map(|one| one.calls).sum::<u64>() as f64 / all[side].max(1) as f64;
    let failed = |side: usize| row.seen[side].iter().filter(|one| one.errors > 0).count();
    let mut changes = vec![];
    if differs(&|one| one.calls as f64, true) {
        changes.push(match (calls(0), calls(1)) {
            (0.0, _) => Change::Added,
            (_, 0.0) => Change::Missing,
            (before, after) if after > before => Change::More,
            _ => Change::Fewer,
        });
    }
    let (before, after) = (failed(0), failed(1));
    let rare = |here: usize, drawn: usize| ways.at_least(here, drawn, before + after, all[0] + all[1]) <= level;
    if rare(after, all[1]) {
        changes.push(Change::Fails);
    } else if rare(before, all[0]) {
        changes.push(Change::FailsNoMore);
    }
    let [a, b] = row.seen.map(|seen| Figures::of(seen).unwrap_or_default());
    let apart = |a: i64, b: i64| b.saturating_sub(a).saturating_abs() > LEAST_NS.max(a.max(b) / 10);
    if apart(a.p50_ns, b.p50_ns) && differs(&|one| mean(one) as f64, false) {
        changes.push(if b.p50_ns > a.p50_ns { Change::Slower } else { Change::Faster });
    }
    if apart(a.wait_ns, b.wait_ns) && differs(&|one| one.wait_ns as f64, false) {
        changes.push(if b.wait_ns > a.wait_ns { Change::WaitsLonger } else { Change::WaitsLess });
    }
    row.changes = changes;
}
