//! What is above and below each span, as far as messages go.

use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::message_identity::names_a_message;
use crate::model::conventions::MessageRole;
use crate::model::journey::{CauseKind, Journey};
use crate::model::span::{Span, SpanKind};

/// Beside each span what is above and below it. Worked out in one walk down and one up.
pub(super) struct Chains {
    /// Its role in messaging.
    pub role: Vec<Option<MessageRole>>,
    /// Whether something that follows from it, but not through another publish of its service, is another service's or
    /// consumes a message.
    pub reaches: Vec<bool>,
    /// The nearest publish above it in its service, within the same piece of work.
    pub publish_above: Vec<Option<usize>>,
    /// The nearest span above it in its service that consumes a message.
    pub consume_above: Vec<Option<usize>>,
    /// The nearest publish that its parents lead to, not beyond a call.
    pub came_from: Vec<Option<usize>>,
    /// The top of its trace, where only its own service is between.
    pub own_root: Vec<Option<usize>>,
    /// Whether it has links, or one that consumes a message above it in its service has.
    pub linked_above: Vec<bool>,
    /// Whether one that consumes a message below it in its service has links.
    pub linked_below: Vec<bool>,
    /// Whether one below it in its service names the message that it consumes.
    pub named_below: Vec<bool>,
}

impl Chains {
    /// The chains of a journey.
    pub(crate) fn new(journey: &Journey) -> Self {
        let count = journey.spans.len();
        let mut chains = Self {
            role: journey.spans.iter().map(Span::message_role).collect(),
            reaches: vec![false; count],
            publish_above: vec![None; count],
            consume_above: vec![None; count],
            came_from: vec![None; count],
            own_root: vec![None; count],
            linked_above: vec![false; count],
            linked_below: vec![false; count],
            named_below: vec![false; count],
        };
        let order = causes_first(journey);
        order.iter().for_each(|span| chains.walk_down(journey, *span));
        order.iter().rev().for_each(|span| chains.walk_up(journey, *span));
        chains
    }

    /// Whether the span consumes a message.
    pub(crate) fn consumes(&self, span: usize) -> bool {
        self.role[span] == Some(MessageRole::Consume)
    }

    /// Whether the span publishes one.
    pub(crate) fn publishes(&self, span: usize) -> bool {
        self.role[span] == Some(MessageRole::Publish)
    }

    /// The consumer span that began the trace, where this span is the same service's work for it.
    pub(crate) fn consumer_root(&self, journey: &Journey, span: usize) -> Option<usize> {
        let root = self.own_root[span].filter(|root| self.consumes(*root))?;
        let top = &journey.spans[root];
        (top.parent_id.is_none() || top.parent_id == Some(top.span_id)).then_some(root)
    }

    fn walk_down(&mut self, journey: &Journey, index: usize) {
        let span = &journey.spans[index];
        self.linked_above[index] = !span.links.is_empty();
        let Some((above, CauseKind::Parent)) = journey.forest.cause[index] else {
            self.own_root[index] = Some(index);
            return;
        };
        let (parent, same) = (&journey.spans[above], journey.spans[above].service() == span.service());
        self.came_from[index] = match self.role[above] {
            Some(MessageRole::Publish) => Some(above),
            _ if parent.kind == SpanKind::Server => None,
            _ => self.came_from[above],
        };
        if same {
            self.consume_above[index] = if self.consumes(above) { Some(above) } else { self.consume_above[above] };
            self.own_root[index] = self.own_root[above];
            self.linked_above[index] |= self.linked_above[above] && !self.publishes(above);
            self.publish_above[index] = match self.role[above] {
                Some(MessageRole::Publish) => Some(above),
                Some(MessageRole::Consume) => None,
                None => self.publish_above[above],
            };
        }
    }

    fn walk_up(&mut self, journey: &Journey, index: usize) {
        let Some((above, via)) = journey.forest.cause[index].filter(|(_, via)| *via != CauseKind::Message) else {
            return;
        };
        let span = &journey.spans[index];
        let same = journey.spans[above].service() == span.service();
        let passes_on = self.role[index].is_none() && self.reaches[index];
        self.reaches[above] |= !same || self.consumes(index) || passes_on;
        if same && via == CauseKind::Parent && !self.publishes(index) {
            let takes = self.consumes(index);
            self.linked_below[above] |= self.linked_below[index] || takes && !span.links.is_empty();
            self.named_below[above] |= self.named_below[index] || takes && names_a_message(span);
        }
    }
}
