//! What bad journeys have in common and good ones do not; a fold over journeys.
//!
//! A journey counts once for whatever any of its spans has, so that a journey with a hundred spans does not outweigh the
//! others. Each is compared with those of the same entry: a different mix of entries is reported separately, and is not a
//! cause. Differences are found by Fisher's exact test within each entry, combined (Mantel and Haenszel), at a level that
//! is corrected for all that could be significant (Tarone), and ranked by the lower bound of the difference of the shares.

mod feature;
mod member;
mod ranking;
mod strata;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::window::steps::{Entry, MaskedNames, own_spans};
use crate::model::criteria::{Criteria, TermTest};
use crate::model::error_outcome::ErrorOutcome;
use crate::model::filter::Filters;
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::model::time::Window;

pub(crate) use self::feature::{Feature, FeatureKind, Predicate};
pub(crate) use self::ranking::{Difference, WhyResult};

use self::feature::{SpanFeature, features};
use self::member::{Member, WhySide};
use self::strata::Strata;

/// Which journeys are compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// The bad journeys. Without criteria those with an error that failed, or all that are not good if only `good` is set.
    pub(crate) bad: Option<Criteria>,
    /// The good journeys; without criteria all others.
    pub(crate) good: Option<Criteria>,
    /// Slow journeys are bad, instead of criteria.
    pub(crate) slow: Option<Slow>,
    /// Kinds of features to compare; empty means all.
    pub(crate) kinds: Vec<FeatureKind>,
}

/// Which journeys are slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    /// The slowest tenth of each entry.
    Tenth,
    /// Those that take longer, in nanoseconds.
    Over(i64),
}

impl Question {
    /// Whether errors make a journey bad.
    pub(crate) fn is_about_errors(&self) -> bool {
        let asks = |criteria: &Criteria| criteria.terms.iter().any(|term| term.test == TermTest::Error);
        let criteria = self.bad.iter().chain(&self.good);
        self.slow.is_none() && (self.bad.is_none() && self.good.is_none() || criteria.clone().any(asks))
    }

    /// Texts of lines that its criteria test.
    pub(crate) fn texts(&self) -> Vec<Pattern> {
        let terms = self.bad.iter().chain(&self.good).flat_map(|criteria| &criteria.terms);
        let mut texts: Vec<Pattern> = vec![];
        for term in terms {
            if let TermTest::Line(text) = &term.test
                && !texts.contains(text)
            {
                texts.push(text.clone());
            }
        }
        texts
    }

    /// The side of a journey, and whether it is good with errors that were handled or recovered.
    fn side(&self, journey: &Journey) -> (WhySide, bool) {
        let means = |criteria: &Option<Criteria>| criteria.as_ref().map(|criteria| criteria.matches(journey));
        let side = match (means(&self.bad), means(&self.good)) {
            _ if self.slow.is_some() => WhySide::Open,
            (Some(true), _) | (None, Some(false)) => WhySide::Bad,
            (_, Some(true)) | (Some(false), None) => WhySide::Good,
            (Some(false), Some(false)) => WhySide::Neither,
            (None, None) => return failed(journey),
        };
        (side, false)
    }

    fn asks_about(&self, key: &str) -> bool {
        self.bad.iter().chain(&self.good).any(|criteria| criteria.mentions(key))
    }
}

/// A journey is bad if one of its errors failed.
fn failed(journey: &Journey) -> (WhySide, bool) {
    let failed: Vec<usize> = own_spans(journey).filter(|span| journey.spans[*span].is_error()).collect();
    if failed.is_empty() {
        return (WhySide::Good, false);
    }
    let cascade = Cascade::new(journey);
    let is_bad = failed.iter().any(|span| cascade.outcome(*span) == ErrorOutcome::Failed);
    if is_bad { (WhySide::Bad, false) } else { (WhySide::Good, true) }
}

/// Collects journeys.
#[derive(Clone, Debug, Default)]
pub(crate) struct WhyFold {
    question: Question,
    known: HashMap<Feature, u32>,
    members: Vec<Member>,
    numbers: BTreeMap<String, Numbers>,
    neither: usize,
    recovered: usize,
    slow_of_all: bool,
}

/// The numeric values of one key, the largest of each journey.
#[derive(Clone, Debug, Default)]
struct Numbers {
    values: Vec<(u32, f64)>,
    /// How often the next journey's value was larger: for a counter or a clock it always is, which is not a cause.
    risen: usize,
}

impl WhyFold {
    /// For this question.
    pub(crate) fn new(question: Question) -> Self {
        Self { question, ..Self::default() }
    }

    /// Adds a journey. All its spans decide its side; only filtered spans are compared.
    pub(crate) fn add(&mut self, journey: &Journey, filters: &Filters) {
        let (side, has_recovered) = self.question.side(journey);
        if side == WhySide::Neither {
            self.neither += 1;
            return;
        }
        let names = MaskedNames::new(journey);
        let (mut has, mut largest) = (BTreeSet::new(), BTreeMap::<String, f64>::new());
        let mut resources = BTreeSet::new();
        let mut any = false;
        for index in own_spans(journey).filter(|index| filters.wants_span(&journey.spans[*index])) {
            any = true;
            let span = &journey.spans[index];
            let is_new = resources.insert(Arc::as_ptr(&span.resource));
            let resource = is_new.then_some(&*span.resource);
            let operation = names.step(journey, index).1;
            for found in features(span, operation, resource) {
                match found {
                    SpanFeature::Feature(feature) => {
                        has.insert(self.number_of(feature));
                    }
                    SpanFeature::Number(key, value) => {
                        largest.entry(key).and_modify(|most| *most = most.max(value)).or_insert(value);
                    }
                }
            }
        }
        if !any {
            self.neither += 1;
            return;
        }
        self.recovered += usize::from(has_recovered);
        let entry = Entry::from_journey(journey);
        has.extend(entry.as_ref().map(|entry| self.number_of(feature::entry_feature(entry))));
        let nth = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        for (key, value) in largest {
            let numbers = self.numbers.entry(key).or_default();
            numbers.risen += usize::from(numbers.values.last().is_some_and(|(_, last)| *last < value));
            numbers.values.push((nth, value));
        }
        let length_ns = journey.span_extent().map_or(0, Window::length);
        self.members.push(Member { handle: journey.handle(), length_ns, side, entry, has: has.into_iter().collect() });
    }

    fn number_of(&mut self, feature: Feature) -> u32 {
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        *self.known.entry(feature).or_insert(next)
    }

    /// Decides the sides of slow journeys. An entry with too few journeys for a tenth is left out.
    fn part_by_length(&mut self) {
        let lengths: Vec<i64> = self.members.iter().map(|member| member.length_ns).collect();
        let limits = match self.question.slow {
            None => return,
            Some(Slow::Over(limit)) => vec![Some(limit); lengths.len()],
            Some(Slow::Tenth) => {
                let apart = slowest_tenths(&lengths, &Strata::by_entry(&self.members, TEN).of, TEN);
                self.slow_of_all = apart.iter().all(Option::is_none);
                if self.slow_of_all { slowest_tenths(&lengths, &vec![0; lengths.len()], 1) } else { apart }
            }
        };
        for (member, limit) in self.members.iter_mut().zip(&limits) {
            member.side = match limit {
                Some(limit) if member.length_ns > *limit => WhySide::Bad,
                Some(_) => WhySide::Good,
                None => WhySide::Neither,
            };
        }
        self.leave_out(|member| member.side == WhySide::Neither);
    }

    /// Drops journeys that cannot be compared.
    fn leave_out(&mut self, is_out: impl Fn(&Member) -> bool) {
        let mut places: Vec<Option<u32>> = Vec::with_capacity(self.members.len());
        let mut kept = 0;
        for member in &self.members {
            places.push((!is_out(member)).then_some(kept));
            kept += u32::from(!is_out(member));
        }
        self.neither += places.iter().filter(|place| place.is_none()).count();
        self.members.retain(|member| !is_out(member));
        for numbers in self.numbers.values_mut() {
            let place = |(nth, value): (u32, f64)| Some(((*places.get(nth as usize)?)?, value));
            numbers.values = std::mem::take(&mut numbers.values).into_iter().filter_map(place).collect();
        }
    }
}

/// Fewest journeys of an entry that have a slowest tenth.
const TEN: usize = 10;

/// For each journey the duration above which it is among the slowest tenth of its stratum; none if the stratum has fewer
/// than `least` journeys.
fn slowest_tenths(lengths: &[i64], strata: &[usize], least: usize) -> Vec<Option<i64>> {
    let mut sorted: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    strata.iter().zip(lengths).for_each(|(stratum, length)| sorted.entry(*stratum).or_default().push(*length));
    let limit = |mut lengths: Vec<i64>| {
        lengths.sort_unstable();
        let fast = lengths.len() - ((lengths.len() + TEN / 2) / TEN).max(1);
        let last = fast.checked_sub(1).and_then(|last| lengths.get(last).copied());
        (lengths.len() >= least).then(|| last.unwrap_or(i64::MAX))
    };
    let limits: BTreeMap<usize, Option<i64>> = sorted.into_iter().map(|(stratum, all)| (stratum, limit(all))).collect();
    strata.iter().map(|stratum| limits.get(stratum).copied().flatten()).collect()
}
