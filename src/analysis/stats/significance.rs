//! Tests of significance: how likely a difference between two sets is where chance alone makes it.
//!
//! Counts are small (ten failed journeys of a hundred), shares are often 0 or 1, and durations are skewed. So shares are
//! compared by exact tests and score intervals, durations by their ranks: the usual normal approximations would call
//! too much significant.

/// Natural logarithms of `n!`, up to the largest count that is needed: factorials themselves overflow at 171.
#[derive(Clone, Debug)]
pub(crate) struct LnFactorials(Vec<f64>);

impl LnFactorials {
    /// Up to this count.
    pub(crate) fn up_to(n: usize) -> Self {
        let mut sum = 0.0;
        let positive = (1..=n).map(|k| {
            sum += (k as f64).ln();
            sum
        });
        Self(std::iter::once(0.0).chain(positive).collect())
    }

    /// The natural logarithm of `n!`; infinite beyond the largest count.
    fn ln_factorial(&self, n: usize) -> f64 {
        self.0.get(n).copied().unwrap_or(f64::INFINITY)
    }

    /// The logarithm of the number of ways to choose `k` of `n`.
    fn ln_choose(&self, n: usize, k: usize) -> f64 {
        self.ln_factorial(n) - self.ln_factorial(k) - self.ln_factorial(n.saturating_sub(k))
    }

    /// The probability that the first set has at least as many as it has here, by chance: Fisher's exact test. It is
    /// one-sided, because only a feature that is more frequent in the first set is looked for; 1 where no other table of
    /// these sizes has fewer.
    pub(crate) fn fisher(&self, table: ContingencyTable) -> f64 {
        if table.first <= table.min_first() {
            return 1.0;
        }
        (table.first..=table.max_first()).map(|first| self.p_exactly(table, first)).sum::<f64>().min(1.0)
    }

    /// The probability that the first set has exactly this many, with the sizes and the sum fixed: the hypergeometric
    /// distribution, `C(having, first) * C(all - having, drawn - first) / C(all, drawn)`.
    fn p_exactly(&self, table: ContingencyTable, first: usize) -> f64 {
        let (having, drawn, all) = (table.having(), table.all_first, table.all());
        (self.ln_choose(having, first) + self.ln_choose(all - having, drawn - first) - self.ln_choose(all, drawn)).exp()
    }

    /// The probability that the first sets of several tables together have at least as many as they have here, by
    /// chance within each table: the exact form of the test that Mantel and Haenszel made of several fourfold tables.
    /// Where it is large it is approximate.
    ///
    /// Journeys that began differently are in different tables, so that a feature of one entry is not taken for the
    /// cause of failures that this entry has more often anyway (Simpson's paradox).
    pub(crate) fn stratified(&self, tables: impl Iterator<Item = ContingencyTable> + Clone) -> f64 {
        let undecided = tables.filter(|table| table.max_first() > table.min_first());
        let mut first_two = undecided.clone();
        match (first_two.next(), first_two.next()) {
            (Some(only), None) => self.fisher(only),
            _ => self.stratified_tail(undecided),
        }
    }

    fn stratified_tail(&self, tables: impl Iterator<Item = ContingencyTable> + Clone) -> f64 {
        /// Below this many standard deviations the probability is above 6 %, which no level comes near: the normal
        /// approximation is then good enough, and the exact sum would be the longest of all.
        const CLEARLY_LIKELY: f64 = 1.5;
        // Counts are whole numbers: half of one is taken off, the usual correction where a normal distribution approximates them.
        let (mut excess, mut variance, mut short_of_most) = (-0.5, 0.0, 0);
        for table in tables.clone() {
            let (mean, spread) = table.expected();
            excess += table.first as f64 - mean;
            variance += spread;
            short_of_most += table.max_first() - table.first;
        }
        if variance <= 0.0 || excess <= 0.0 {
            return 1.0;
        }
        let z = excess / variance.sqrt();
        if z < CLEARLY_LIKELY && short_of_most > 0 {
            return two_sided_normal(z) / 2.0;
        }
        // The probability that all tables together fall short of the most by each number, up to the one that was seen:
        // counted from the far end, because what is significant is near to it, and the sum stays short.
        let mut short_by = vec![1.0];
        for table in tables {
            let most = table.max_first();
            let range = 0..=short_of_most.min(most - table.min_first());
            let of_table: Vec<f64> = range.map(|less| self.p_exactly(table, most - less)).collect();
            let mut next = vec![0.0; (short_by.len() + of_table.len() - 1).min(short_of_most + 1)];
            for (at, before) in short_by.iter().enumerate() {
                next.iter_mut().skip(at).zip(&of_table).for_each(|(sum, p)| *sum += before * p);
            }
            short_by = next;
        }
        short_by.iter().sum::<f64>().min(1.0)
    }
}

/// Two sets of one kind, and how many of each have a feature: a fourfold table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContingencyTable {
    /// How many of the first set have it.
    pub(crate) first: usize,
    /// The size of the first set.
    pub(crate) all_first: usize,
    /// How many of the second set have it.
    pub(crate) second: usize,
    /// The size of the second set.
    pub(crate) all_second: usize,
}

impl ContingencyTable {
    fn having(self) -> usize {
        self.first + self.second
    }

    fn all(self) -> usize {
        self.all_first + self.all_second
    }

    /// The same sizes and the same number of those that have it, divided as unevenly as possible: the least probable
    /// table that could have been seen.
    #[must_use]
    pub(crate) fn most_extreme(self) -> Self {
        Self { first: self.max_first(), second: self.having() - self.max_first(), ..self }
    }

    fn max_first(self) -> usize {
        self.all_first.min(self.having())
    }

    fn min_first(self) -> usize {
        self.having().saturating_sub(self.all_second)
    }

    /// How many of the first set have it by chance, and the variance of that: those of the hypergeometric distribution,
    /// which the test of Mantel and Haenszel adds up over its tables.
    fn expected(self) -> (f64, f64) {
        let [having, drawn, all] = [self.having(), self.all_first, self.all()].map(|n| n as f64);
        let mean = drawn * having / all.max(1.0);
        (mean, mean * (1.0 - having / all.max(1.0)) * (all - drawn) / (all - 1.0).max(1.0))
    }
}

/// The shares of the first and of the second sets, over several tables weighed as Mantel and Haenszel weigh them: a
/// table that has only one of the sets says nothing, one with both in equal parts says most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StratifiedShares {
    weights: f64,
    sums: [f64; 2],
    spreads: [f64; 2],
}

impl StratifiedShares {
    pub(crate) fn new(tables: impl Iterator<Item = ContingencyTable>) -> Self {
        let mut shares = Self::default();
        for table in tables.filter(|table| table.all_first > 0 && table.all_second > 0) {
            let sides = [(table.first, table.all_first), (table.second, table.all_second)];
            let sides = sides.map(|(n, all)| (n as f64, all as f64));
            let weight = sides[0].1 * sides[1].1 / (sides[0].1 + sides[1].1);
            shares.weights += weight;
            for (side, (n, all)) in sides.into_iter().enumerate() {
                shares.sums[side] += weight * n / all;
                shares.spreads[side] += weight * weight / all;
            }
        }
        shares
    }

    /// The share of the first sets, and that of the second.
    pub(crate) fn shares(&self) -> [f64; 2] {
        self.sums.map(|sum| if self.weights > 0.0 { sum / self.weights } else { 0.0 })
    }

    /// By how much the first share is above the second at least, with 95 % confidence; negative where it may be below.
    ///
    /// Newcombe's interval of Wilson's bounds (1998, method 10), because it holds for small counts and for shares of 0
    /// and 1, where the usual one has no width at all. Several tables have the size that one table of the same variance
    /// would have: the square of the weights' sum, divided by the sum of each weight's square over its size. -1, the
    /// lowest difference there is, where no table has both sets.
    pub(crate) fn least_difference(&self) -> f64 {
        if self.weights <= 0.0 {
            return -1.0;
        }
        let [first, second] = self.shares();
        let [all_first, all_second] = self.spreads.map(|spread| self.weights * self.weights / spread);
        let low = wilson_bounds(first, all_first).0;
        let high = wilson_bounds(second, all_second).1;
        first - second - ((first - low).powi(2) + (high - second).powi(2)).sqrt()
    }
}

/// Wilson's lower and upper bound of a share of `all`, with 95 % confidence.
fn wilson_bounds(share: f64, all: f64) -> (f64, f64) {
    /// Standard deviations from the mean within which 95 of 100 lie, on both sides together.
    const Z: f64 = 1.96;
    let middle = share + Z * Z / (2.0 * all);
    let reach = Z * ((share * (1.0 - share)).max(0.0) / all + Z * Z / (4.0 * all * all)).sqrt();
    let scale = 1.0 + Z * Z / all;
    ((middle - reach) / scale, (middle + reach) / scale)
}

/// By how many tests to divide a level so that all of them together keep it, where each test is given by the smallest
/// p-value that it could have: Tarone's correction (1990). At least 1: the smallest number `k` such that at most `k` tests
/// can reach `level / k` at all.
///
/// Bonferroni's would divide by all tests. But a feature of one journey among hundreds cannot be significant however
/// it falls, so it costs nothing, and there are thousands of such features: divided by all, the level would hide
/// everything.
pub(crate) fn tarone_family_size(mut smallest_p: Vec<f64>, level: f64) -> usize {
    smallest_p.sort_by(f64::total_cmp);
    let mut family = 1;
    while smallest_p.partition_point(|p| *p <= level / family as f64) > family {
        family += 1;
    }
    family
}

/// The largest p-value that counts, so that of all that count at most `level` are chance, on average: the false discovery
/// rate of Benjamini and Hochberg (1995). `family` is the number of tests, of which these are the p-values of the most
/// telling ones. Where nothing differs at all, something counts in `level` of all cases, as with Bonferroni's correction;
/// where much differs, many small differences that hang together do not hide each other.
pub(crate) fn discovery_level(mut p: Vec<f64>, family: usize, level: f64) -> f64 {
    p.sort_by(f64::total_cmp);
    let family = family.max(p.len()).max(1) as f64;
    let counts = |(nth, p): &(usize, f64)| *p <= level * (nth + 1) as f64 / family;
    let largest = p.into_iter().enumerate().rfind(counts);
    largest.map_or(level / family, |(_, p)| p.max(level / family))
}

/// The probability that two sets of numbers differ in rank as much as these by chance, two-sided: the test of Mann and
/// Whitney with ties, by its normal approximation. Both must be sorted; 1 where either is empty or all are equal.
///
/// Durations have long tails, which means and variances follow; ranks do not.
pub(crate) fn mann_whitney(first: &[f64], second: &[f64]) -> f64 {
    let (first_size, second_size) = (first.len() as f64, second.len() as f64);
    let all = first_size + second_size;
    let (mut below, mut rank_sum, mut ties) = (0.0, 0.0, 0.0);
    let (mut left, mut right) = (first, second);
    while let Some(value) = left.first().into_iter().chain(right.first()).copied().reduce(f64::min) {
        let same = |sorted: &[f64]| sorted.iter().take_while(|other| **other <= value).count();
        let (here, there) = (same(left), same(right));
        let tied = (here + there) as f64;
        if here + there == 0 {
            return 1.0;
        }
        rank_sum += here as f64 * (below + f64::midpoint(tied, 1.0));
        ties += tied.powi(3) - tied;
        below += tied;
        (left, right) = (&left[here..], &right[there..]);
    }
    // n * m / 12 * (N + 1 - sum(t^3 - t) / (N * (N - 1))), with t values in each tie: ties make ranks vary less.
    let spread = (first_size * second_size / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)).max(1.0))).max(0.0).sqrt();
    // Half a rank is taken off: a continuity correction, as sums of ranks move by steps and the normal distribution does not.
    let off =
        ((rank_sum - first_size * (first_size + 1.0) / 2.0 - first_size * second_size / 2.0).abs() - 0.5).max(0.0);
    if spread > 0.0 { two_sided_normal(off / spread) } else { 1.0 }
}

/// The probability that a normal number lies at least this many standard deviations from its mean, on either side.
/// Abramowitz and Stegun 7.1.26, whose error is at most 1.5e-7.
fn two_sided_normal(z: f64) -> f64 {
    const TERMS: [f64; 5] = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    series * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-3 * b.abs().max(1e-9)
    }

    #[test]
    fn discoveries_are_those_of_benjamini_and_hochberg() {
        // The example of their paper (1995): of 15 tests, the four smallest count at a rate of 0.05; Bonferroni keeps three.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let counting = |p: &[f64], family| {
            let level = discovery_level(p.to_vec(), family, 0.05);
            p.iter().filter(|p| **p <= level).count()
        };
        assert_eq!(counting(&p, 15), 4);
        assert_eq!(counting(&p, 150), 2);
        assert_eq!(counting(&[0.2, 0.9], 2), 0);
        assert!(is_near(discovery_level(vec![], 10, 0.05), 0.005), "Bonferroni's where there is nothing to discover");
    }

    #[test]
    fn p_values_are_as_in_the_books() {
        let factorials = LnFactorials::up_to(1_000);
        // Fisher's lady tasting tea, and tables of the same kind.
        let table = [
            (4, 4, 4, 8, 1.0 / 70.0),
            (3, 4, 4, 8, 17.0 / 70.0),
            (0, 4, 4, 8, 1.0),
            (9, 12, 10, 24, 0.001_379_7),
            (10, 10, 10, 1_000, 3.796_6e-24),
            (5, 10, 1_000, 1_000, 1.0),
        ];
        for (first, all_first, having, all, expected) in table {
            let p = factorials.fisher(contingency_table([first, all_first, having - first, all - all_first]));
            assert!(is_near(p, expected), "{first} of {all_first}, {having} of {all}: {p}");
        }
        let difference = |tables: &[[usize; 4]]| {
            StratifiedShares::new(tables.iter().copied().map(contingency_table)).least_difference()
        };
        assert!(difference(&[[41, 43, 12, 380]]) > 0.8);
        assert!(difference(&[[1, 1, 0, 1]]) < 0.0, "one of each says nothing");
        assert!(difference(&[[0, 0, 0, 0]]) < 0.0 && difference(&[[5, 10, 50, 100]]) < 0.0);
        // Within each table the shares are the same; in one table they would differ.
        assert!(difference(&[[90, 100, 9, 10], [1, 10, 10, 100]]) < 0.0 && difference(&[[91, 110, 19, 110]]) > 0.4);
        assert!(difference(&[[20, 30, 10, 60], [20, 30, 10, 60]]) > difference(&[[20, 30, 10, 60]]));
    }

    fn contingency_table([first, all_first, second, all_second]: [usize; 4]) -> ContingencyTable {
        ContingencyTable { first, all_first, second, all_second }
    }

    /// The same probability by adding up every way to divide the tables.
    fn enumerated(tables: &[ContingencyTable], factorials: &LnFactorials) -> f64 {
        let mut sums = vec![(0, 1.0)];
        for table in tables {
            let each = |(sum, p): (usize, f64)| {
                let firsts = table.min_first()..=table.max_first();
                firsts.map(move |first| (sum + first, p * factorials.p_exactly(*table, first))).collect::<Vec<_>>()
            };
            sums = sums.into_iter().flat_map(each).collect();
        }
        let seen: usize = tables.iter().map(|table| table.first).sum();
        sums.into_iter().filter(|(sum, _)| *sum >= seen).map(|(_, p)| p).sum()
    }

    #[test]
    fn the_p_value_of_several_tables_is_what_enumeration_gives() {
        let factorials = LnFactorials::up_to(400);
        let all: [&[[usize; 4]]; 7] = [
            &[[9, 12, 1, 12]],
            &[[9, 12, 1, 12], [3, 4, 0, 20]],
            &[[6, 6, 0, 6], [5, 5, 0, 9]],
            &[[6, 6, 0, 6], [0, 5, 0, 9], [5, 5, 7, 7]],
            &[[8, 20, 2, 30], [7, 20, 3, 30], [6, 10, 2, 40]],
            &[[4, 9, 1, 9], [4, 9, 1, 9], [4, 9, 1, 9], [4, 9, 1, 9]],
            &[[6, 6, 6, 6], [0, 9, 0, 9]],
        ];
        for tables in all {
            let tables: Vec<ContingencyTable> = tables.iter().copied().map(contingency_table).collect();
            let (p, expected) = (factorials.stratified(tables.iter().copied()), enumerated(&tables, &factorials));
            assert!((p - expected).abs() < 1e-3 * expected, "{tables:?}: {p}, expected {expected}");
        }
        let likely = [contingency_table([5, 10, 45, 100]), contingency_table([6, 10, 48, 100])];
        let (p, expected) = (factorials.stratified(likely.into_iter()), enumerated(&likely, &factorials));
        assert!((p - expected).abs() < 0.05 && expected > 0.1, "{p}, expected {expected}");
    }

    #[test]
    fn a_test_that_cannot_be_significant_costs_nothing() {
        assert_eq!(tarone_family_size(vec![1.0; 1_000], 0.01), 1);
        assert_eq!(tarone_family_size(vec![1e-9; 50], 0.01), 50);
        let mixed = [vec![1e-9; 50], vec![0.5; 10_000]].concat();
        assert_eq!(tarone_family_size(mixed, 0.01), 50);
        assert_eq!(tarone_family_size(vec![], 0.01), 1);
    }

    #[test]
    fn ranks_differ_only_where_the_numbers_do() {
        let numbers = |from: i32, to: i32| -> Vec<f64> { (from..to).map(f64::from).collect() };
        assert!(mann_whitney(&numbers(0, 30), &numbers(30, 60)) < 1e-9);
        assert!(mann_whitney(&numbers(0, 30), &numbers(0, 30)) > 0.9);
        assert!(mann_whitney(&[1.0; 30], &[1.0; 40]) > 0.99 && mann_whitney(&[], &[1.0]) > 0.99);
        assert!(is_near(two_sided_normal(1.96), 0.05) && is_near(two_sided_normal(0.0), 1.0));
    }
}
