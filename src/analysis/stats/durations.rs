//! How long calls took: each duration by itself, or a histogram of them.

use std::collections::BTreeMap;

use crate::model::measure::{Estimate, Histogram};

/// Durations in nanoseconds, as exactly as they are known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Durations {
    /// Every duration, shortest first.
    Exact(Vec<i64>),
    /// Counts between bounds, as metrics have them.
    Measured(Histogram),
}

impl Default for Durations {
    fn default() -> Self {
        Self::Exact(vec![])
    }
}

impl Durations {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Exact(sorted) => sorted.len(),
            Self::Measured(histogram) => histogram.count().round() as usize,
        }
    }

    /// What the given share of them, from 0 to 1, does not exceed; none where there are none. Of exact durations it is
    /// the one at the nearest rank, so that it is always a duration that occurred.
    pub(crate) fn quantile(&self, share: f64) -> Option<Estimate> {
        match self {
            Self::Exact(sorted) => {
                let rank = ((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len().max(1));
                let ns = *sorted.get(rank - 1)?;
                Some(Estimate { low_ns: ns, high_ns: Some(ns), value_ns: ns })
            }
            Self::Measured(histogram) => histogram.quantile(share),
        }
    }

    /// The bars of a histogram: upper bounds in nanoseconds, shortest first, each with the number of durations between
    /// the bound before and this one. Of exact durations the bounds are 1, 2, 5, 10, …; of quantiles alone there are
    /// none, for they do not say how the durations are distributed.
    pub(crate) fn bars(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Measured(histogram) if histogram.is_from_quantiles() => vec![],
            Self::Measured(histogram) => histogram.bars().collect(),
            Self::Exact(sorted) => {
                let mut bars: BTreeMap<i64, f64> = BTreeMap::new();
                for ns in sorted {
                    *bars.entry(scale_bound(*ns)).or_default() += 1.0;
                }
                let (first, last) = (bars.keys().next().copied(), bars.keys().next_back().copied());
                let within = |bound: &i64| Some(*bound) >= first && Some(*bound) <= last;
                scale_bounds().filter(within).map(|b| (b as f64, bars.get(&b).copied().unwrap_or_default())).collect()
            }
        }
    }

    /// The sum of all; of a histogram an estimate, each duration taken as the middle of its bounds.
    pub(crate) fn total_ns(&self) -> i64 {
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

/// 1, 2, 5, 10, … from a microsecond on, as far as 64 bits go: steps of about the same width on a logarithmic scale.
fn scale_bounds() -> impl Iterator<Item = i64> {
    let decades =
        std::iter::successors(Some(1_000_i64), |decade| decade.checked_mul(10)).take_while(|d| *d < i64::MAX / 10);
    decades.flat_map(|decade| [decade, 2 * decade, 5 * decade])
}

fn scale_bound(ns: i64) -> i64 {
    scale_bounds().find(|bound| ns <= *bound).unwrap_or(i64::MAX)
}
