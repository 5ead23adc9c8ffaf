//! Strata: journeys of one entry are compared with each other, so that a different mix of entries does not look like a
//! cause.

use std::collections::BTreeMap;

use super::member::{Member, WhySide};
use crate::analysis::stats::significance::{ContingencyTable, LnFactorials};
use crate::analysis::window::steps::Entry;

/// The journeys, divided into those that are compared with each other.
#[derive(Clone, Debug)]
pub(super) struct Strata {
    /// Stratum of each journey.
    pub of: Vec<usize>,
    /// Number of bad and good journeys of each stratum.
    pub sizes: Vec<[usize; 2]>,
}

impl Strata {
    /// One stratum of all journeys.
    pub(crate) fn one(members: &[Member]) -> Self {
        Self::new(members, |_| ())
    }

    /// By entry; entries with fewer journeys than `least` are combined with the others of their service.
    pub(crate) fn by_entry(members: &[Member], least: usize) -> Self {
        let mut counts: BTreeMap<&Entry, usize> = BTreeMap::new();
        members.iter().filter_map(|member| member.entry.as_ref()).for_each(|e| *counts.entry(e).or_default() += 1);
        let is_common = |entry: &&Entry| counts.get(entry).is_some_and(|count| *count >= least);
        Self::new(members, |member| {
            let service = member.entry.as_ref().map(|entry| &entry.service);
            (service, member.entry.as_ref().filter(is_common))
        })
    }

    fn new<'a, K: Ord>(members: &'a [Member], key: impl Fn(&'a Member) -> K) -> Self {
        let (mut known, mut all) = (BTreeMap::new(), Self { of: Vec::with_capacity(members.len()), sizes: vec![] });
        for member in members {
            let stratum = *known.entry(key(member)).or_insert(all.sizes.len());
            if stratum == all.sizes.len() {
                all.sizes.push([0; 2]);
            }
            all.sizes[stratum][side(member)] += 1;
            all.of.push(stratum);
        }
        all
    }

    /// Sizes of the strata with both sides: only they can show a difference.
    pub(crate) fn compared(&self) -> impl Iterator<Item = [usize; 2]> + '_ {
        self.sizes.iter().copied().filter(|sizes| is_compared(*sizes))
    }

    /// Number of journeys of each side that are compared.
    pub(crate) fn journeys(&self) -> [usize; 2] {
        sum(self.compared())
    }

    /// p-value of a feature that every bad journey has and no good one: the smallest there can be.
    pub(crate) fn least_chance(&self, factorials: &LnFactorials) -> f64 {
        let apart =
            |[bad, good]: &[usize; 2]| ContingencyTable { first: *bad, all_first: *bad, second: 0, all_second: *good };
        factorials.stratified(self.sizes.iter().map(apart))
    }
}

/// Index of the bad side;
pub(super) const BAD: usize = 0;
/// that of the good ones.
pub(super) const GOOD: usize = 1;

fn is_compared(sizes: [usize; 2]) -> bool {
    !sizes.contains(&0)
}

fn sum(sides: impl Iterator<Item = [usize; 2]>) -> [usize; 2] {
    sides.fold([0; 2], |[bad, good], [b, g]| [bad + b, good + g])
}

fn side(member: &Member) -> usize {
    if member.side == WhySide::Bad { BAD } else { GOOD }
}

/// The journeys that have a feature.
#[derive(Clone, Debug, Default)]
pub(super) struct JourneySet {
    /// Number of each side by stratum, in order.
    cells: Vec<(usize, [usize; 2])>,
    /// Hash of the set of journeys.
    pub print: u64,
}

impl JourneySet {
    /// Adds a journey; to be called stratum by stratum.
    pub(crate) fn add(&mut self, nth: usize, member: &Member, stratum: usize) {
        if self.cells.last().is_none_or(|(last, _)| *last != stratum) {
            self.cells.push((stratum, [0; 2]));
        }
        if let Some((_, counts)) = self.cells.last_mut() {
            counts[side(member)] += 1;
        }
        let mixed = (nth as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.print = self.print.wrapping_add(mixed ^ (mixed >> 32));
    }

    /// Number of each side.
    pub(crate) fn counts(&self) -> [usize; 2] {
        sum(self.cells.iter().map(|(_, counts)| *counts))
    }

    /// Number of each side that are compared.
    pub(crate) fn compared(&self, strata: &Strata) -> [usize; 2] {
        sum(self.cells.iter().filter(|(stratum, _)| is_compared(strata.sizes[*stratum])).map(|(_, counts)| *counts))
    }

    /// The same set in a single stratum.
    pub(crate) fn in_one(self) -> Self {
        Self { cells: vec![(0, self.counts())], ..self }
    }

    /// The tables of the strata that have the feature, side `first` first.
    pub(crate) fn tables(&self, strata: &Strata, first: usize) -> impl Iterator<Item = ContingencyTable> + Clone {
        self.cells.iter().map(move |(stratum, counts)| table(*counts, strata.sizes[*stratum], first))
    }

    /// The tables of all strata.
    pub(crate) fn all_tables(&self, strata: &Strata, first: usize) -> impl Iterator<Item = ContingencyTable> {
        let mut cells = self.cells.iter().peekable();
        strata.sizes.iter().enumerate().map(move |(stratum, sizes)| {
            let here = cells.next_if(|(at, _)| *at == stratum);
            table(here.map_or([0; 2], |(_, counts)| *counts), *sizes, first)
        })
    }
}

fn table(counts: [usize; 2], sizes: [usize; 2], first: usize) -> ContingencyTable {
    let second = 1 - first;
    ContingencyTable {
        first: counts[first],
        all_first: sizes[first],
        second: counts[second],
        all_second: sizes[second],
    }
}
