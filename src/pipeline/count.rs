//! Expected and actual numbers of matches.

use std::collections::HashMap;

use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::order;
use crate::pipeline::spec::ExpectedCount;
use crate::pipeline::step_matches::{MatchScope, StepMatches};

/// The expected number of matches, resolved to figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CountRange {
    /// Least, included.
    pub(crate) least: usize,
    /// Most, included; none for any number.
    pub(crate) most: Option<usize>,
    /// Whether the range follows from the matches of another step, so that it may still grow.
    pub(crate) follows: bool,
}

impl CountRange {
    /// Resolves a count within one scope.
    pub(crate) fn new(count: ExpectedCount, matches: &StepMatches, scope: MatchScope) -> Self {
        match count {
            ExpectedCount::Range(least, most) => Self { least, most, follows: false },
            ExpectedCount::SameAs(step) => {
                let all = scope.matches(matches, step).len();
                Self { least: all, most: Some(all), follows: true }
            }
        }
    }

    /// `at least 2`, `1 to 5`, `3`.
    pub(crate) fn label(self) -> String {
        match (self.least, self.most) {
            (0, None) => "any number".to_owned(),
            (least, None) => format!("at least {least}"),
            (0, Some(most)) if most > 0 => format!("at most {most}"),
            (least, Some(most)) if least == most => least.to_string(),
            (least, Some(most)) => format!("{least} to {most}"),
        }
    }
}

/// The count as a check shows it; empty for the default.
pub(crate) fn expected(count: ExpectedCount, matches: &StepMatches, scope: MatchScope) -> String {
    let label = CountRange::new(count, matches, scope).label();
    match count {
        _ if count == ExpectedCount::default() => String::new(),
        ExpectedCount::Range(..) => label,
        ExpectedCount::SameAs(step) => format!("same as {} ({label})", order::name(matches, step)),
    }
}

/// Drops failed attempts that were retried with success: a redelivery is still one message. Only where the count is that
/// of another step, because there each match corresponds to one match of that step.
pub(crate) fn without_repeated(count: ExpectedCount, own: &[Match], matches: &StepMatches) -> Vec<Match> {
    let ExpectedCount::SameAs(step) = count else { return own.to_vec() };
    let following = matches.following(step);
    let spans = &matches.lookup.journey.spans;
    let message = |found: &Match| match found.item {
        MatchedItem::Span(index) => following[index].map(|above| (above, spans[index].message_id())),
        MatchedItem::Line(_) => None,
    };
    let mut last_good = HashMap::new();
    for found in own.iter().filter(|found| !matches.lookup.is_error(found.item)) {
        last_good.extend(message(found).map(|message| (message, found.start)));
    }
    let is_repeated = |found: &&Match| {
        let repeat = message(found).and_then(|message| last_good.get(&message));
        matches.lookup.is_error(found.item) && repeat.is_some_and(|at| *at > found.start)
    };
    own.iter().filter(|found| !is_repeated(found)).copied().collect()
}
