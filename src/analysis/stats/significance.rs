//! What chance alone would do: how likely a difference between two sets is where nothing differs.

/// `ln n!` of every count up to the largest that is needed.
#[derive(Clone, Debug)]
pub struct Factorials(Vec<f64>);

impl Factorials {
    /// Up to this count.
    pub fn up_to(n: usize) -> Self {
        let mut sum = 0.0;
        let rest = (1..=n).map(|k| {
            sum += (k as f64).ln();
            sum
        });
        Self(std::iter::once(0.0).chain(rest).collect())
    }

    fn get(&self, n: usize) -> f64 {
        self.0.get(n).copied().unwrap_or(f64::INFINITY)
    }

    /// `ln` of how many ways there are to choose `k` of `n`.
    fn choose(&self, n: usize, k: usize) -> f64 {
        self.get(n) - self.get(k) - self.get(n.saturating_sub(k))
    }

    /// How likely at least `hits` of `drawn` things have what `having` of `all` have: Fisher's exact test, one-sided.
    pub fn at_least(&self, hits: usize, drawn: usize, having: usize, all: usize) -> f64 {
        let forced = (drawn + having).saturating_sub(all);
        if hits <= forced {
            return 1.0;
        }
        (hits..=drawn.min(having)).map(|hits| self.exactly(hits, drawn, having, all)).sum::<f64>().min(1.0)
    }

    /// How likely exactly so many do.
    fn exactly(&self, hits: usize, drawn: usize, having: usize, all: usize) -> f64 {
        (self.choose(having, hits) + self.choose(all - having, drawn - hits) - self.choose(all, drawn)).exp()
    }
}

/// Two sets of one kind, and how many of either have something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContingencyTable {
    /// How many of the first set have it.
    pub first: usize,
    /// Of so many.
    pub all_first: usize,
    /// How many of the second.
    pub second: usize,
    /// Of so many.
    pub all_second: usize,
}

impl ContingencyTable {
    fn having(self) -> usize {
        self.first + self.second
    }

    fn all(self) -> usize {
        self.all_first + self.all_second
    }

    /// The same, were it parted so that the first set has as many as it can.
    #[must_use]
    pub fn at_most(self) -> Self {
        Self { first: self.most(), second: self.having() - self.most(), ..self }
    }

    /// How many of the first set can have it at most.
    fn most(self) -> usize {
        self.all_first.min(self.having())
    }

    /// How many have it at least.
    fn least(self) -> usize {
        self.having().saturating_sub(self.all_second)
    }

    /// How many chance gives to the first set, and the variance of that.
    fn by_chance(self) -> (f64, f64) {
        let [having, drawn, all] = [self.having(), self.all_first, self.all()].map(|n| n as f64);
        let mean = drawn * having / all.max(1.0);
        (mean, mean * (1.0 - having / all.max(1.0)) * (all - drawn) / (all - 1.0).max(1.0))
    }
}

impl Factorials {
    /// How likely the first sets have at least so many in all, where chance alone parts each kind: Fisher's exact test of
    /// several tables, as Mantel and Haenszel combine them. What is likely anyway is told roughly.
    pub fn at_least_within(&self, tables: impl Iterator<Item = ContingencyTable> + Clone) -> f64 {
        let open = tables.filter(|table| table.most() > table.least());
        let mut rest = open.clone();
        let (Some(one), None) = (rest.next(), rest.next()) else { return self.at_least_of_many(open) };
        self.at_least(one.first, one.all_first, one.having(), one.all())
    }

    fn at_least_of_many(&self, tables: impl Iterator<Item = ContingencyTable> + Clone) -> f64 {
        const LIKELY: f64 = 1.5;
        let (mut off, mut variance, mut short) = (-0.5, 0.0, 0);
        for table in tables.clone() {
            let (mean, spread) = table.by_chance();
            off += table.first as f64 - mean;
            variance += spread;
            short += table.most() - table.first;
        }
        if variance <= 0.0 || off <= 0.0 {
            return 1.0;
        }
        let z = off / variance.sqrt();
        if z < LIKELY && short > 0 {
            return two_sided(z) / 2.0;
        }
        // How likely all tables together fall short of the most by each number, up to the one that was seen.
        let mut sums = vec![1.0];
        for table in tables {
            let by = |less: usize| self.exactly(table.most() - less, table.all_first, table.having(), table.all());
            let one: Vec<f64> = (0..=short.min(table.most() - table.least())).map(by).collect();
            let mut next = vec![0.0; (sums.len() + one.len() - 1).min(short + 1)];
            for (at, sum) in sums.iter().enumerate() {
                next.iter_mut().skip(at).zip(&one).for_each(|(next, one)| *next += sum * one);
            }
            sums = next;
        }
        sums.iter().sum::<f64>().min(1.0)
    }
}

/// The shares of first and second sets, kinds weighed by how much each can tell (Mantel and Haenszel): those that have
/// only one of them tell nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct StratifiedCounts {
    weights: f64,
    sums: [f64; 2],
    spreads: [f64; 2],
}

impl StratifiedCounts {
    /// Of these sets.
    pub fn new(tables: impl Iterator<Item = ContingencyTable>) -> Self {
        let mut told = Self::default();
        for table in tables.filter(|table| table.all_first > 0 && table.all_second > 0) {
            let sides = [(table.first, table.all_first), (table.second, table.all_second)];
            let sides = sides.map(|(n, all)| (n as f64, all as f64));
            let weight = sides[0].1 * sides[1].1 / (sides[0].1 + sides[1].1);
            told.weights += weight;
            for (side, (n, all)) in sides.into_iter().enumerate() {
                told.sums[side] += weight * n / all;
                told.spreads[side] += weight * weight / all;
            }
        }
        told
    }

    /// The share of the first sets, and that of the second.
    pub fn shares(&self) -> [f64; 2] {
        self.sums.map(|sum| if self.weights > 0.0 { sum / self.weights } else { 0.0 })
    }

    /// By how much the first share is above the second at least, at 95 % (Newcombe's interval of Wilson's bounds).
    pub fn apart_at_least(&self) -> f64 {
        if self.weights <= 0.0 {
            return -1.0;
        }
        let [first, second] = self.shares();
        let [all_first, all_second] = self.spreads.map(|spread| self.weights * self.weights / spread);
        let low = wilson(first, all_first).0;
        let high = wilson(second, all_second).1;
        first - second - ((first - low).powi(2) + (high - second).powi(2)).sqrt()
    }
}

/// Wilson's bounds of a share of so many.
fn wilson(share: f64, all: f64) -> (f64, f64) {
    const Z: f64 = 1.96;
    let middle = share + Z * Z / (2.0 * all);
    let reach = Z * ((share * (1.0 - share)).max(0.0) / all + Z * Z / (4.0 * all * all)).sqrt();
    let scale = 1.0 + Z * Z / all;
    ((middle - reach) / scale, (middle + reach) / scale)
}

/// How many of these tests can show anything at all, where each is told by the least probability that it could give:
/// the largest family that still keeps the whole at `level` (Tarone). What is seen once cannot, so it costs nothing.
pub fn testable(mut least: Vec<f64>, level: f64) -> usize {
    least.sort_by(f64::total_cmp);
    let mut family = 1;
    while least.partition_point(|p| *p <= level / family as f64) > family {
        family += 1;
    }
    family
}

/// How likely two sets of numbers of one kind differ in rank as much as these, on both sides: Mann and Whitney's test
/// with ties, by the normal approximation. Both must be sorted.
pub fn ranks_differ(first: &[f64], second: &[f64]) -> f64 {
    let (many, others) = (first.len() as f64, second.len() as f64);
    let all = many + others;
    let (mut below, mut rank_sum, mut ties) = (0.0, 0.0, 0.0);
    let (mut left, mut right) = (first, second);
    while let Some(value) = left.first().into_iter().chain(right.first()).copied().reduce(f64::min) {
        let same = |rest: &[f64]| rest.iter().take_while(|other| **other <= value).count();
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
    let spread = (many * others / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)).max(1.0))).max(0.0).sqrt();
    let off = ((rank_sum - many * (many + 1.0) / 2.0 - many * others / 2.0).abs() - 0.5).max(0.0);
    if spread > 0.0 { two_sided(off / spread) } else { 1.0 }
}

/// How likely a normal number lies at least so far from its mean: Abramowitz and Stegun 7.1.26, off by 1.5e-7 at most.
fn two_sided(z: f64) -> f64 {
    const TERMS: [f64; 5] = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    series * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-3 * b.abs().max(1e-9)
    }

    #[test]
    fn chances_are_as_in_the_books() {
        let ways = Factorials::up_to(1_000);
        // The lady who tasted tea, and a table of the same kind.
        let table = [
            (4, 4, 4, 8, 1.0 / 70.0),
            (3, 4, 4, 8, 17.0 / 70.0),
            (0, 4, 4, 8, 1.0),
            (9, 12, 10, 24, 0.001_379_7),
            (10, 10, 10, 1_000, 3.796_6e-24),
            (5, 10, 1_000, 1_000, 1.0),
        ];
        for (hits, drawn, having, all, wanted) in table {
            let chance = ways.at_least(hits, drawn, having, all);
            assert!(near(chance, wanted), "{hits} of {drawn}, {having} of {all}: {chance}");
        }
        let difference = |of: &[[usize; 4]]| StratifiedCounts::new(of.iter().map(|of| table_of(*of))).apart_at_least();
        assert!(difference(&[[41, 43, 12, 380]]) > 0.8);
        assert!(difference(&[[1, 1, 0, 1]]) < 0.0, "one of each tells nothing");
        assert!(difference(&[[0, 0, 0, 0]]) < 0.0 && difference(&[[5, 10, 50, 100]]) < 0.0);
        // Every kind by itself has the same shares; all in one would differ.
        assert!(difference(&[[90, 100, 9, 10], [1, 10, 10, 100]]) < 0.0 && difference(&[[91, 110, 19, 110]]) > 0.4);
        assert!(difference(&[[20, 30, 10, 60], [20, 30, 10, 60]]) > difference(&[[20, 30, 10, 60]]));
    }

    fn table_of([first, all_first, second, all_second]: [usize; 4]) -> ContingencyTable {
        ContingencyTable { first, all_first, second, all_second }
    }

    /// Every way to part the tables, one by one.
    fn counted(tables: &[ContingencyTable], ways: &Factorials) -> f64 {
        let mut parted = vec![(0, 1.0)];
        for table in tables {
            let all = ways.choose(table.all(), table.all_first);
            let of = |k: usize| {
                let others = ways.choose(table.all() - table.having(), table.all_first - k);
                (ways.choose(table.having(), k) + others - all).exp()
            };
            let each = |(sum, p): (usize, f64)| {
                (table.least()..=table.most()).map(move |k| (sum + k, p * of(k))).collect::<Vec<_>>()
            };
            parted = parted.into_iter().flat_map(each).collect();
        }
        let seen: usize = tables.iter().map(|table| table.first).sum();
        parted.into_iter().filter(|(sum, _)| *sum >= seen).map(|(_, p)| p).sum()
    }

    #[test]
    fn kinds_that_are_compared_apart_tell_together_what_counting_tells() {
        let ways = Factorials::up_to(400);
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
            let tables: Vec<ContingencyTable> = tables.iter().map(|of| table_of(*of)).collect();
            let (told, wanted) = (ways.at_least_within(tables.iter().copied()), counted(&tables, &ways));
            assert!((told - wanted).abs() < 1e-3 * wanted, "{tables:?}: {told}, counted {wanted}");
        }
        let likely = [table_of([5, 10, 45, 100]), table_of([6, 10, 48, 100])];
        let (told, wanted) = (ways.at_least_within(likely.into_iter()), counted(&likely, &ways));
        assert!((told - wanted).abs() < 0.05 && wanted > 0.1, "{told}, counted {wanted}");
    }

    #[test]
    fn what_can_show_nothing_costs_nothing() {
        assert_eq!(testable(vec![1.0; 1_000], 0.01), 1);
        assert_eq!(testable(vec![1e-9; 50], 0.01), 50);
        let mixed = [vec![1e-9; 50], vec![0.5; 10_000]].concat();
        assert_eq!(testable(mixed, 0.01), 50);
        assert_eq!(testable(vec![], 0.01), 1);
    }

    #[test]
    fn ranks_tell_two_sets_apart_only_where_they_differ() {
        let numbers = |from: i32, to: i32| -> Vec<f64> { (from..to).map(f64::from).collect() };
        assert!(ranks_differ(&numbers(0, 30), &numbers(30, 60)) < 1e-9);
        assert!(ranks_differ(&numbers(0, 30), &numbers(0, 30)) > 0.9);
        assert!(ranks_differ(&[1.0; 30], &[1.0; 40]) > 0.99 && ranks_differ(&[], &[1.0]) > 0.99);
        assert!(near(two_sided(1.96), 0.05) && near(two_sided(0.0), 1.0));
    }
}
