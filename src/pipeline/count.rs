//! How many matches there are, beside how many there should be.

use std::collections::HashMap;

use crate::pipeline::matching::{Match, MatchedItem};
use crate::pipeline::order;
use crate::pipeline::spec::ExpectedCount;
use crate::pipeline::step_matches::{MatchScope, StepMatches};

/// How many are wanted, in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountRange {
    /// At least.
    pub least: usize,
    /// At most.
    pub most: Option<usize>,
    /// Whether both follow from what was seen of another step, so that both may grow.
    pub follows: bool,
}

impl CountRange {
    /// What a count means here.
    pub fn new(count: ExpectedCount, matches: &StepMatches, scope: MatchScope) -> Self {
        match count {
            ExpectedCount::Range(least, most) => Self { least, most, follows: false },
            ExpectedCount::SameAs(step) => {
                let all = scope.matches(matches, step).len();
                Self { least: all, most: Some(all), follows: true }
            }
        }
    }

    /// In words.
    pub fn label(self) -> String {
        match (self.least, self.most) {
            (0, None) => "any number".to_owned(),
            (least, None) => format!("at least {least}"),
            (0, Some(most)) if most > 0 => format!("at most {most}"),
            (least, Some(most)) if least == most => least.to_string(),
            (least, Some(most)) => format!("{least} to {most}"),
        }
    }
}

/// A count as the check shows it; empty where the default is meant.
pub fn expected(count: ExpectedCount, matches: &StepMatches, scope: MatchScope) -> String {
    let label = CountRange::new(count, matches, scope).label();
    match count {
        _ if count == ExpectedCount::default() => String::new(),
        ExpectedCount::Range(..) => label,
        ExpectedCount::SameAs(step) => format!("same as {} ({label})", order::name(matches, step)),
    }
}

/// Without the attempts that failed and were repeated well: a redelivery is still one message. Only where as many are
/// wanted as another step has, since there each stands for one of its matches.
pub fn without_repeated(count: ExpectedCount, own: &[Match], matches: &StepMatches) -> Vec<Match> {
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
