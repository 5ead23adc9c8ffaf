//! Metrics that collectors make from spans: calls, errors and durations of each operation over a window.

use std::collections::BTreeMap;

use crate::model::source::Source;
use crate::model::span::SpanKind;

/// Metrics of one source over a window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// The source.
    pub(crate) source: Source,
    /// The metric that counts the calls.
    pub(crate) metric: String,
    /// By service, operation and kind.
    pub(crate) measures: Vec<Measure>,
    /// By caller, callee and connection; empty without a service graph.
    pub(crate) edges: Vec<MeasuredEdge>,
}

/// The calls of one service to another one, from a service graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MeasuredEdge {
    /// The caller.
    pub(crate) client: String,
    /// The callee.
    pub(crate) server: String,
    /// The connection type: `messaging_system`, `database`, `virtual_node`; empty of a plain call.
    pub(crate) connection: String,
    /// How many calls.
    pub(crate) calls: f64,
    /// How many of them failed.
    pub(crate) errors: f64,
    /// Durations in the callee.
    pub(crate) durations: Histogram,
}

/// The calls of one operation of a service, in spans of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measure {
    /// The service.
    pub(crate) service: String,
    /// The operation.
    pub(crate) operation: String,
    /// The kind; none where the metric has none.
    pub(crate) kind: Option<SpanKind>,
    /// How many calls: an estimate, since counters are scraped at intervals.
    pub(crate) calls: f64,
    /// How many of them failed.
    pub(crate) errors: f64,
    /// Their durations; empty where not measured.
    pub(crate) durations: Histogram,
}

/// A cumulative histogram of durations, or quantiles of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram {
    /// Upper bounds in nanoseconds, ascending, each with how many durations do not exceed it. The last bound is infinite.
    buckets: Vec<(f64, f64)>,
    /// Whether the bounds are quantiles that another tool estimated, rather than buckets in which was counted.
    is_from_quantiles: bool,
}

/// A duration as a histogram knows it: between two bounds. Without an upper bound, a value above the lower one is another
/// tool's estimate, whose bounds are unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// The bucket's lower bound, in nanoseconds.
    pub(crate) low_ns: i64,
    /// Its upper bound; none for the last bucket, which has none.
    pub(crate) high_ns: Option<i64>,
    /// The value by linear interpolation; of the last bucket, its lower bound.
    pub(crate) value_ns: i64,
}

impl Histogram {
    /// From cumulative buckets in any order. Those that are not numbers are left out, and counts never fall: counters that
    /// were read at different moments may.
    pub(crate) fn from_buckets(buckets: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let is_valid = |(bound, count): &(f64, f64)| !bound.is_nan() && *bound >= 0.0 && count.is_finite();
        let mut buckets: Vec<(f64, f64)> = buckets.into_iter().filter(is_valid).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        buckets.dedup_by(|next, kept| {
            let is_same = next.0.total_cmp(&kept.0).is_eq();
            if is_same {
                kept.1 = kept.1.max(next.1);
            }
            is_same
        });
        let mut most = 0.0_f64;
        for (_, count) in &mut buckets {
            most = most.max(*count);
            *count = most;
        }
        Self { buckets, is_from_quantiles: false }
    }

    /// From a count and quantiles that another tool estimated: shares, from 0 to 1, with durations in nanoseconds.
    pub(crate) fn from_quantiles(count: f64, quantiles: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut buckets: Vec<(f64, f64)> = quantiles.into_iter().map(|(share, ns)| (ns, share * count)).collect();
        if buckets.is_empty() {
            return Self::default();
        }
        buckets.push((f64::INFINITY, count));
        Self { is_from_quantiles: true, ..Self::from_buckets(buckets) }
    }

    /// How many durations there are.
    pub(crate) fn count(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, count)| *count)
    }

    /// Whether it has only quantiles: how the durations are distributed is unknown then.
    pub(crate) fn is_from_quantiles(&self) -> bool {
        self.is_from_quantiles
    }

    /// Upper bounds in nanoseconds, ascending, each with the number of durations between the bound before and this one.
    pub(crate) fn bars(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let before = std::iter::once(0.0).chain(self.buckets.iter().map(|(_, count)| *count));
        self.buckets.iter().zip(before).map(|((bound, count), before)| (*bound, count - before))
    }

    /// What the given share of them, from 0 to 1, does not exceed; none where there are none, or where it is beyond the last
    /// quantile.
    pub(crate) fn quantile(&self, share: f64) -> Option<Estimate> {
        let count = self.count();
        let rank = (share * count).max(f64::MIN_POSITIVE);
        let at = self.buckets.iter().position(|(_, cumulated)| *cumulated >= rank).filter(|_| count > 0.0)?;
        let (low, before) = if at == 0 { (0.0, 0.0) } else { self.buckets[at - 1] };
        let (high, upto) = self.buckets[at];
        if self.is_from_quantiles {
            // Beyond the last quantile nothing is known.
            return high.is_finite().then_some(Estimate { low_ns: 0, high_ns: None, value_ns: high as i64 });
        }
        let value = if high.is_finite() { low + (high - low) * ((rank - before) / (upto - before)) } else { low };
        let high_ns = high.is_finite().then_some(high as i64);
        Some(Estimate { low_ns: low as i64, high_ns, value_ns: value as i64 })
    }

    /// The sum of both. Bounds that only one of them has are left out: how many of the other are below is unknown.
    #[must_use]
    pub(crate) fn sum(&self, other: &Self) -> Self {
        if self.buckets.is_empty() || other.buckets.is_empty() {
            return if self.buckets.is_empty() { other.clone() } else { self.clone() };
        }
        let theirs: BTreeMap<u64, f64> = other.buckets.iter().map(|(bound, n)| (bound.to_bits(), *n)).collect();
        let both = |(bound, n): &(f64, f64)| theirs.get(&bound.to_bits()).map(|more| (*bound, n + more));
        let buckets = self.buckets.iter().filter_map(both).collect();
        Self { buckets, is_from_quantiles: self.is_from_quantiles || other.is_from_quantiles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn a_quantile_lies_in_its_bucket() {
        let histogram =
            Histogram::from_buckets([(INF, 10.0), (100.0, 4.0), (200.0, 8.0), (f64::NAN, 3.0), (400.0, f64::NAN)]);
        let at = |share| histogram.quantile(share).map(|e| (e.low_ns, e.high_ns, e.value_ns));
        assert_eq!(at(0.2), Some((0, Some(100), 50)));
        assert_eq!(at(0.4), Some((0, Some(100), 100)));
        assert_eq!(at(0.6), Some((100, Some(200), 150)));
        assert_eq!(at(0.99), Some((200, None, 200)));
        assert_eq!(histogram.bars().collect::<Vec<_>>(), [(100.0, 4.0), (200.0, 4.0), (INF, 2.0)]);
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(Histogram::from_buckets([(100.0, 0.0), (INF, 0.0)]).quantile(0.5), None);
        let both = histogram.sum(&Histogram::from_buckets([(100.0, 1.0), (300.0, 2.0), (INF, 3.0)]));
        assert_eq!(both.bars().collect::<Vec<_>>(), [(100.0, 5.0), (INF, 8.0)]);
    }

    #[test]
    fn quantiles_have_no_bounds_and_no_maximum() {
        let histogram = Histogram::from_quantiles(200.0, [(0.5, 40.0), (0.95, 900.0)]);
        let at = |share| histogram.quantile(share).map(|e| (e.low_ns, e.high_ns, e.value_ns));
        assert_eq!((at(0.5), at(0.95), at(0.99), at(1.0)), (Some((0, None, 40)), Some((0, None, 900)), None, None));
        assert_eq!((histogram.count(), histogram.is_from_quantiles()), (200.0, true));
        assert_eq!(Histogram::from_quantiles(200.0, []), Histogram::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_quantile_is_never_beyond_the_bucket_of_the_exact_one(lengths in prop::collection::vec(0_i64..5_000, 1..60), percent in 1_u32..=100) {
            let bounds = [10.0, 50.0, 100.0, 500.0, 1_000.0, INF];
            let share = f64::from(percent) / 100.0;
            let cumulated = |bound: f64| lengths.iter().filter(|ns| (**ns as f64) <= bound).count() as f64;
            let histogram = Histogram::from_buckets(bounds.map(|bound| (bound, cumulated(bound))));
            let mut sorted = lengths.clone();
            sorted.sort_unstable();
            let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
            let exact = sorted[rank - 1];
            let Estimate { low_ns, high_ns, value_ns } = histogram.quantile(share).unwrap();
            prop_assert!(low_ns <= exact && high_ns.is_none_or(|high| exact <= high), "{low_ns} {high_ns:?} {exact}");
            prop_assert!(low_ns <= value_ns && high_ns.is_none_or(|high| value_ns <= high));
        }
    }
}
