//! How long calls took, as exactly as that is known.

use std::collections::BTreeMap;

use crate::model::measure::{Estimate, Histogram};

/// Lengths, as exactly as they are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Durations {
    /// Each of them in nanoseconds, by size.
    Exact(Vec<i64>),
    /// How many lie between bounds.
    Measured(Histogram),
}

impl Default for Durations {
    fn default() -> Self {
        Self::Exact(vec![])
    }
}

impl Durations {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Exact(sorted) => sorted.len(),
            Self::Measured(histogram) => histogram.count().round() as usize,
        }
    }

    /// How long the given share of them takes at most: the nearest rank where each is known.
    pub fn quantile(&self, share: f64) -> Option<Estimate> {
        match self {
            Self::Exact(sorted) => {
                let rank = ((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len().max(1));
                let ns = *sorted.get(rank - 1)?;
                Some(Estimate { low_ns: ns, high_ns: Some(ns), value_ns: ns })
            }
            Self::Measured(histogram) => histogram.quantile(share),
        }
    }

    /// Upper bounds in nanoseconds, each with how many are at most so long and longer than the bound before. Where each
    /// is known the bounds are those of a fine scale: 1, 2, 5, 10, …
    pub fn bars(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Measured(histogram) if histogram.is_told() => vec![],
            Self::Measured(histogram) => histogram.bars().collect(),
            Self::Exact(sorted) => {
                let mut bars: BTreeMap<i64, f64> = BTreeMap::new();
                for ns in sorted {
                    *bars.entry(nice_bound(*ns)).or_default() += 1.0;
                }
                let (first, last) = (bars.keys().next().copied(), bars.keys().next_back().copied());
                let within = |bound: &i64| Some(*bound) >= first && Some(*bound) <= last;
                nice_bounds().filter(within).map(|b| (b as f64, bars.get(&b).copied().unwrap_or_default())).collect()
            }
        }
    }

    /// All of them together; an estimate where they are only known between bounds.
    pub fn total_ns(&self) -> i64 {
        match self {
            Self::Exact(sorted) => sorted.iter().fold(0, |sum, ns| sum.saturating_add(*ns)),
            Self::Measured(histogram) => {
                let mut low = 0.0;
                let mut sum = 0.0;
                for (high, count) in histogram.bars() {
                    sum += count * if high.is_finite() { f64::midpoint(low, high) } else { low };
                    low = if high.is_finite() { high } else { low };
                }
                sum as i64
            }
        }
    }
}

/// 1, 2, 5, 10, … microseconds to a year.
fn nice_bounds() -> impl Iterator<Item = i64> {
    let decades =
        std::iter::successors(Some(1_000_i64), |decade| decade.checked_mul(10)).take_while(|d| *d < i64::MAX / 10);
    decades.flat_map(|decade| [decade, 2 * decade, 5 * decade])
}

fn nice_bound(ns: i64) -> i64 {
    nice_bounds().find(|bound| ns <= *bound).unwrap_or(i64::MAX)
}
