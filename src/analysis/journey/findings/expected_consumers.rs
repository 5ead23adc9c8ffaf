//! Which messages are expected to have a consumer that is traced.

use crate::analysis::journey::findings::context::RuleContext;
use crate::model::attribute::Value;
use crate::model::span::Span;

/// Whether what this span publishes should have a traced consumer.
pub(super) fn is_expected(context: &RuleContext, publish: usize) -> bool {
    let span = context.span(publish);
    let is_external = |topic: &&str| context.input.known.is_external_topic(topic) || is_changelog(topic);
    context.in_tree[publish] && !is_reply(span) && !span.topics().iter().any(is_external)
}

/// Whether it goes to a queue that was made for one answer: what waits for that seldom makes a span of it.
fn is_reply(span: &Span) -> bool {
    const REPLY_QUEUES: [&str; 3] = ["amq.gen-", "amq.rabbitmq.reply-to", "_INBOX."];
    let keys = ["messaging.destination.temporary", "messaging.temp_destination"];
    span.attributes.first(&keys).is_some_and(Value::is_true)
        || span.topics().iter().any(|topic| REPLY_QUEUES.iter().any(|begins| topic.starts_with(begins)))
}

/// Whether Kafka Streams keeps a store in the topic, which it reads again only after a restart.
fn is_changelog(topic: &str) -> bool {
    topic.ends_with("-changelog")
}
