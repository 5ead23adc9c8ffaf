//! What became of messages: whether anybody here took one, and whether it was taken before.

use std::collections::{HashMap, HashSet};

use crate::analysis::journey::messages;
use crate::analysis::journey::timeline::holes::MissingEffects;
use crate::model::conventions::MessageRole;
use crate::model::journey::Journey;
use crate::model::span::Span;

/// What became of a journey's messages. Spans are indices into it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Messages {
    unconsumed: HashSet<usize>,
    before: HashMap<usize, usize>,
}

impl Messages {
    /// Whether nothing in the journey follows from what this span published, and no finding says so.
    pub(crate) fn is_unconsumed(&self, span: usize) -> bool {
        self.unconsumed.contains(&span)
    }

    /// The delivery before, where this span got a message that its service had got already.
    pub(crate) fn delivered_before(&self, span: usize) -> Option<usize> {
        self.before.get(&span).copied()
    }
}

/// Follows the messages of a journey.
pub(crate) fn messages(journey: &Journey, holes: &MissingEffects) -> Messages {
    let mut unconsumed = unconsumed_messages(journey);
    unconsumed.retain(|span| !holes.is_above_missing(*span));
    Messages { unconsumed, before: before(journey) }
}

/// Spans under another ID are shown, and have no findings.
fn unconsumed_messages(journey: &Journey) -> HashSet<usize> {
    let spans: Vec<&Span> = journey.spans.iter().collect();
    let ours = |index: &usize| journey.is_own.get(*index) != Some(&false);
    messages::unconsumed(&spans).into_iter().filter(ours).collect()
}

/// The same message, to the same service, by the same operation. Two services may each get it once.
fn before(journey: &Journey) -> HashMap<usize, usize> {
    let mut last: HashMap<(&str, &str, Option<&str>, &str), usize> = HashMap::new();
    let mut before = HashMap::new();
    for (index, span) in journey.spans.iter().enumerate() {
        if let Some(id) = span.message_id().filter(|_| span.message_role() == Some(MessageRole::Consume))
            && let Some(earlier) = last.insert((span.service(), &span.name, span.topic(), id), index)
        {
            before.insert(index, earlier);
        }
    }
    before
}
