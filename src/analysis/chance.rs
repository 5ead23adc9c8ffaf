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

    fn of(&self, n: usize) -> f64 {
        self.0.get(n).copied().unwrap_or(f64::INFINITY)
    }

    /// `ln` of how many ways there are to choose `k` of `n`.
    fn choose(&self, n: usize, k: usize) -> f64 {
        self.of(n) - self.of(k) - self.of(n.saturating_sub(k))
    }

    /// How likely at least `hits` of `drawn` things have what `having` of `all` have: Fisher's exact test, one-sided.
    pub fn at_least(&self, hits: usize, drawn: usize, having: usize, all: usize) -> f64 {
        let forced = (drawn + having).saturating_sub(all);
        if hits <= forced {
            return 1.0;
        }
        let ways = self.choose(all, drawn);
        let exactly = |k: usize| (self.choose(having, k) + self.choose(all - having, drawn - k) - ways).exp();
        (hits..=drawn.min(having)).map(exactly).sum::<f64>().min(1.0)
    }
}

/// How surely the share `a` of `all_a` is above the share `b` of `all_b`: the lower bound of their difference, at 95 %
/// (Newcombe's interval of Wilson's bounds).
pub fn difference_at_least(a: usize, all_a: usize, b: usize, all_b: usize) -> f64 {
    let (pa, low, _) = wilson(a, all_a);
    let (pb, _, high) = wilson(b, all_b);
    pa - pb - ((pa - low).powi(2) + (high - pb).powi(2)).sqrt()
}

/// A share and Wilson's bounds of it.
fn wilson(n: usize, all: usize) -> (f64, f64, f64) {
    const Z: f64 = 1.96;
    if all == 0 {
        return (0.0, 0.0, 1.0);
    }
    let (share, all) = (n as f64 / all as f64, all as f64);
    let middle = share + Z * Z / (2.0 * all);
    let reach = Z * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
    let scale = 1.0 + Z * Z / all;
    (share, (middle - reach) / scale, (middle + reach) / scale)
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
        assert!(difference_at_least(41, 43, 12, 380) > 0.8);
        assert!(difference_at_least(1, 1, 0, 1) < 0.0, "one of each tells nothing");
        assert!(difference_at_least(0, 0, 0, 0) < 0.0 && difference_at_least(5, 10, 50, 100) < 0.0);
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
