//! What came of an error.

use schemars::JsonSchema;
use serde::Serialize;

/// What came of an error, worst first. The README's table says what proves each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorOutcome {
    /// Nothing shows that the work was done all the same.
    #[default]
    Failed,
    /// The work was not done, but a span around the error says that it ended well.
    Handled,
    /// The same work succeeded later.
    Recovered,
}

impl ErrorOutcome {
    /// All, worst first.
    pub(crate) const ALL: [Self; 3] = [Self::Failed, Self::Handled, Self::Recovered];

    /// `failed`, `handled` or `recovered`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Handled => "handled",
            Self::Recovered => "recovered",
        }
    }
}

/// How many errors had each outcome, and the worst of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct OutcomeCounts {
    /// The worst outcome; none without an error.
    pub(crate) outcome: Option<ErrorOutcome>,
    /// Number of errors that failed.
    pub(crate) failed: u64,
    /// Number of errors that were handled.
    pub(crate) handled: u64,
    /// Number of errors that were recovered from.
    pub(crate) recovered: u64,
}

impl OutcomeCounts {
    fn new([failed, handled, recovered]: [u64; 3]) -> Self {
        let counts = ErrorOutcome::ALL.into_iter().zip([failed, handled, recovered]);
        let outcome = counts.into_iter().find(|(_, count)| *count > 0).map(|(outcome, _)| outcome);
        Self { outcome, failed, handled, recovered }
    }

    /// This many errors with one outcome.
    pub(crate) fn of(outcome: ErrorOutcome, count: u64) -> Self {
        Self::new(ErrorOutcome::ALL.map(|one| if one == outcome { count } else { 0 }))
    }

    /// One more error.
    pub(crate) fn add(&mut self, outcome: ErrorOutcome) {
        *self = self.plus(Self::of(outcome, 1));
    }

    /// The sum of both.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self::new([self.failed + other.failed, self.handled + other.handled, self.recovered + other.recovered])
    }

    /// The outcomes of `total` errors, of which these were read. What was not read is taken to have failed.
    #[must_use]
    pub(crate) fn in_proportion(self, total: u64) -> Self {
        let read = (self.failed + self.handled + self.recovered).max(1) as f64;
        let share = |count: u64| (total as f64 * count as f64 / read).round() as u64;
        let recovered = share(self.recovered).min(total);
        let handled = share(self.handled).min(total - recovered);
        Self::new([total - recovered - handled, handled, recovered])
    }
}
