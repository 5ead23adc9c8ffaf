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
    pub fn new(count: ExpectedCount, cast: &StepMatches, scope: MatchScope) -> Self {
        match count {
            ExpectedCount::Range(least, most) => Self { least, most, follows: false },
            ExpectedCount::SameAs(step) => {
                let all = scope.matches(cast, step).len();
                Self { least: all, most: Some(all), follows: true }
            }
        }
    }

    /// In words.
    pub fn words(self) -> String {
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
pub fn expected(count: ExpectedCount, cast: &StepMatches, scope: MatchScope) -> String {
    let words = CountRange::new(count, cast, scope).words();
    match count {
        _ if count == ExpectedCount::default() => String::new(),
        ExpectedCount::Range(..) => words,
        ExpectedCount::SameAs(step) => format!("same as {} ({words})", order::name(cast, step)),
    }
}

/// Without the attempts that failed and were repeated well: a redelivery is still one message. Only where as many are
/// wanted as another step has, since there each stands for one of its matches.
pub fn without_repeated(count: ExpectedCount, own: &[Match], cast: &StepMatches) -> Vec<Match> {
    let ExpectedCount::SameAs(step) = count else { return own.to_vec() };
    let following = cast.following(step);
    let spans = &cast.field.journey.spans;
    let message = |found: &Match| match found.item {
        MatchedItem::Span(index) => following[index].map(|above| (above, spans[index].message_id())),
        MatchedItem::Line(_) => None,
    };
    let mut last_good = HashMap::new();
    for found in own.iter().filter(|found| !cast.field.is_error(found.item)) {
        last_good.extend(message(found).map(|message| (message, found.start)));
    }
    let is_repeated = |found: &&Match| {
        let repeat = message(found).and_then(|message| last_good.get(&message));
        cast.field.is_error(found.item) && repeat.is_some_and(|at| *at > found.start)
    };
    own.iter().filter(|found| !is_repeated(found)).copied().collect()
}
