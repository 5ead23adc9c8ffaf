//! Which messages somebody who makes spans is expected to take.

use crate::analysis::journey::findings::context::RuleContext;
use crate::model::attribute::Value;
use crate::model::span::Span;

/// Whether somebody should take what this span sends.
pub(super) fn is_expected(scene: &RuleContext, publish: usize) -> bool {
    let span = &scene.journey.spans[publish];
    let is_external = |topic: &&str| scene.grounds.known.is_external_topic(topic) || is_journal(topic);
    scene.in_tree[publish] && !is_reply(span) && !span.topics().iter().any(is_external)
}

/// Whether it goes to a queue that was made for one answer: whoever waits for that seldom makes a span of it.
fn is_reply(span: &Span) -> bool {
    const OF_ONE: [&str; 3] = ["amq.gen-", "amq.rabbitmq.reply-to", "_INBOX."];
    let keys = ["messaging.destination.temporary", "messaging.temp_destination"];
    span.attributes.first(&keys).is_some_and(Value::is_true)
        || span.topics().iter().any(|topic| OF_ONE.iter().any(|begins| topic.starts_with(begins)))
}

/// Whether Kafka Streams keeps a store there, which it reads again only after a restart.
fn is_journal(topic: &str) -> bool {
    topic.ends_with("-changelog")
}
