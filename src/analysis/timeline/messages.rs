//! What became of messages: whether anybody here took one, and whether it was taken before.

use std::collections::{HashMap, HashSet};

use crate::analysis::timeline::holes::Holes;
use crate::model::conventions::MessageRole;
use crate::model::journey::Journey;

/// What became of a journey's messages. Spans are indices into it.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    unheard: HashSet<usize>,
    before: HashMap<usize, usize>,
}

impl Messages {
    /// Whether nothing in the journey follows from what this span published, and no finding says so.
    pub fn is_unheard(&self, span: usize) -> bool {
        self.unheard.contains(&span)
    }

    /// The delivery before, where this span got a message that its service had got already.
    pub fn delivered_before(&self, span: usize) -> Option<usize> {
        self.before.get(&span).copied()
    }
}

/// Follows the messages of a journey.
pub fn of(journey: &Journey, holes: &Holes) -> Messages {
    let mut unheard = unheard(journey);
    unheard.retain(|span| !holes.is_above_one(*span));
    Messages { unheard, before: before(journey) }
}

/// One that takes many messages at once follows from one of them only, but links to all.
fn unheard(journey: &Journey) -> HashSet<usize> {
    let linked: HashSet<_> =
        journey.spans.iter().flat_map(|s| s.links.iter().map(|l| (l.trace_id, l.span_id))).collect();
    let consumed = journey.spans.iter().filter(|s| s.message_role() == Some(MessageRole::Consume));
    let consumed: HashSet<(&str, Option<&str>)> = consumed.filter_map(|s| Some((s.message_id()?, s.topic()))).collect();
    let is_consumed = |id, topic| consumed.contains(&(id, topic)) || consumed.contains(&(id, None));
    let is_unheard = |index: &usize| {
        let span = &journey.spans[*index];
        span.message_role() == Some(MessageRole::Publish)
            && journey.judged.get(*index) != Some(&false)
            && journey.forest.effects.get(*index).is_some_and(Vec::is_empty)
            && !linked.contains(&(span.trace_id, span.span_id))
            && span.message_id().is_none_or(|id| !is_consumed(id, span.topic()))
    };
    (0..journey.spans.len()).filter(is_unheard).collect()
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
