//! What metrics that are made of spans tell: calls, errors and lengths of each operation, over a window.

use std::collections::BTreeMap;

use crate::model::evidence::Source;
use crate::model::span::SpanKind;

/// What was measured over a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Who told it.
    pub source: Source,
    /// The metric that counts the calls.
    pub metric: String,
    /// What each operation did, by service, operation and kind.
    pub measures: Vec<Measure>,
    /// Who called whom, where that is measured: by caller, callee and connection.
    pub edges: Vec<MeasuredEdge>,
}

/// What one service asked of another one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeasuredEdge {
    /// Who called.
    pub client: String,
    /// Who was called.
    pub server: String,
    /// How, where it was no plain call: `messaging_system`, `database`, `virtual_node`.
    pub connection: String,
    /// How many calls.
    pub calls: f64,
    /// How many of them failed.
    pub errors: f64,
    /// How long the callee took.
    pub lengths: Histogram,
}

/// What one operation of a service did, in one kind of span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The kind; none where the metric tells none.
    pub kind: Option<SpanKind>,
    /// How many calls: an estimate, for counters are read now and then.
    pub calls: f64,
    /// How many of them failed.
    pub errors: f64,
    /// How long they took; empty where that is not measured.
    pub lengths: Histogram,
}

/// How many were at most so long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Upper bounds in nanoseconds with how many were at most so long, by bound. The last bound is infinite.
    buckets: Vec<(f64, f64)>,
    /// Whether the bounds are somebody's own estimates, and not those in which was counted.
    is_told: bool,
}

/// A length as a histogram knows it: somewhere between two bounds. A value above the lower bound without an upper one is
/// an estimate whose bounds nobody told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The bucket's lower bound, in nanoseconds.
    pub low_ns: i64,
    /// Its upper bound; none for the last bucket, which has none.
    pub high_ns: Option<i64>,
    /// Where between them it would be, were they spread evenly; the lower bound in the last bucket.
    pub value_ns: i64,
}

impl Histogram {
    /// Of cumulative buckets, in any order. Bounds and counts that are no numbers are left out, and counts never fall.
    pub fn from_buckets(buckets: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let sane = |(bound, count): &(f64, f64)| !bound.is_nan() && *bound >= 0.0 && count.is_finite();
        let mut buckets: Vec<(f64, f64)> = buckets.into_iter().filter(sane).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        buckets.dedup_by(|next, kept| {
            let same = next.0.total_cmp(&kept.0).is_eq();
            if same {
                kept.1 = kept.1.max(next.1);
            }
            same
        });
        let mut most = 0.0_f64;
        for (_, count) in &mut buckets {
            most = most.max(*count);
            *count = most;
        }
        Self { buckets, is_told: false }
    }

    /// Of so many, of which each share was estimated by somebody else to be at most so long.
    pub fn told(count: f64, quantiles: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut buckets: Vec<(f64, f64)> = quantiles.into_iter().map(|(share, ns)| (ns, share * count)).collect();
        if buckets.is_empty() {
            return Self::default();
        }
        buckets.push((f64::INFINITY, count));
        Self { is_told: true, ..Self::from_buckets(buckets) }
    }

    /// How many there are in all.
    pub fn count(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, count)| *count)
    }

    /// Whether its lengths are somebody's own estimates: how they are spread is not known then.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// Upper bounds in nanoseconds, each with how many are above the bound before and at most this.
    pub fn bars(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let before = std::iter::once(0.0).chain(self.buckets.iter().map(|(_, count)| *count));
        self.buckets.iter().zip(before).map(|((bound, count), before)| (*bound, count - before))
    }

    /// How long the given share of them took at most; none where there are none.
    pub fn quantile(&self, share: f64) -> Option<Estimate> {
        let count = self.count();
        let rank = (share * count).max(f64::MIN_POSITIVE);
        let at = self.buckets.iter().position(|(_, so_many)| *so_many >= rank).filter(|_| count > 0.0)?;
        let (low, before) = if at == 0 { (0.0, 0.0) } else { self.buckets[at - 1] };
        let (high, upto) = self.buckets[at];
        if self.is_told {
            // What is longer than the last that was told, nobody told.
            return high.is_finite().then_some(Estimate { low_ns: 0, high_ns: None, value_ns: high as i64 });
        }
        let value = if high.is_finite() { low + (high - low) * ((rank - before) / (upto - before)) } else { low };
        let high_ns = high.is_finite().then_some(high as i64);
        Some(Estimate { low_ns: low as i64, high_ns, value_ns: value as i64 })
    }

    /// Both together. Bounds that only one of them has are left out, as long as there are others.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        if self.buckets.is_empty() || other.buckets.is_empty() {
            return if self.buckets.is_empty() { other.clone() } else { self.clone() };
        }
        let theirs: BTreeMap<u64, f64> = other.buckets.iter().map(|(bound, n)| (bound.to_bits(), *n)).collect();
        let both = |(bound, n): &(f64, f64)| theirs.get(&bound.to_bits()).map(|more| (*bound, n + more));
        let buckets = self.buckets.iter().filter_map(both).collect();
        Self { buckets, is_told: self.is_told || other.is_told }
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
        let both = histogram.and(&Histogram::from_buckets([(100.0, 1.0), (300.0, 2.0), (INF, 3.0)]));
        assert_eq!(both.bars().collect::<Vec<_>>(), [(100.0, 5.0), (INF, 8.0)]);
    }

    #[test]
    fn what_somebody_else_estimated_has_no_bounds_and_no_most() {
        let told = Histogram::told(200.0, [(0.5, 40.0), (0.95, 900.0)]);
        let at = |share| told.quantile(share).map(|e| (e.low_ns, e.high_ns, e.value_ns));
        assert_eq!((at(0.5), at(0.95), at(0.99), at(1.0)), (Some((0, None, 40)), Some((0, None, 900)), None, None));
        assert_eq!((told.count(), told.is_told()), (200.0, true));
        assert_eq!(Histogram::told(200.0, []), Histogram::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_quantile_is_never_beyond_the_bucket_of_the_exact_one(lengths in prop::collection::vec(0_i64..5_000, 1..60), percent in 1_u32..=100) {
            let bounds = [10.0, 50.0, 100.0, 500.0, 1_000.0, INF];
            let share = f64::from(percent) / 100.0;
            let upto = |bound: f64| lengths.iter().filter(|ns| (**ns as f64) <= bound).count() as f64;
            let histogram = Histogram::from_buckets(bounds.map(|bound| (bound, upto(bound))));
            let mut sorted = lengths.clone();
            sorted.sort_unstable();
            let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
            let exact = sorted[rank - 1];
            let told = histogram.quantile(share).unwrap();
            prop_assert!(told.low_ns <= exact && told.high_ns.is_none_or(|high| exact <= high), "{told:?} {exact}");
            prop_assert!(told.low_ns <= told.value_ns && told.high_ns.is_none_or(|high| told.value_ns <= high));
        }
    }
}
