//! By what spans name the message that they handle.

use crate::model::finding::MessageIdentity;
use crate::model::span::Span;

/// By what a span names its message: its ID, its place, or its key; none where it names none.
pub(super) fn message_identity(span: &Span) -> Option<MessageIdentity> {
    match (span.message_id(), span.message_place(), span.message_key()) {
        (Some(id), _, _) => Some(MessageIdentity::Id(id.to_owned())),
        (_, Some((partition, offset)), _) => Some(MessageIdentity::Offset { partition, offset }),
        (_, _, Some(key)) => Some(MessageIdentity::Key(key.to_owned())),
        (None, None, None) => None,
    }
}

/// Whether a span names the message that it handles.
pub(super) fn names_a_message(span: &Span) -> bool {
    span.message_id().is_some() || span.message_place().is_some() || span.message_key().is_some()
}

/// Whether a message ID is a small number, as counters give it: different messages may have it.
pub(super) fn is_counter(id: &str) -> bool {
    id.len() < 8 && id.bytes().all(|b| b.is_ascii_digit())
}

/// The consumers that share messages with the one of this span: its group, or its service where it names none.
pub(super) fn consumer_group(span: &Span) -> &str {
    span.consumer_group().unwrap_or(span.service())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn a_message_is_identified_by_the_best_that_its_span_says() {
        let table = [
            ("messaging.message.id=42 messaging.kafka.message.offset=7", Some(MessageIdentity::Id("42".into()))),
            (
                "messaging.kafka.message.offset=7 messaging.destination.partition.id=0",
                Some(MessageIdentity::Offset { partition: 0, offset: 7 }),
            ),
            ("messaging.kafka.message.key=k1", Some(MessageIdentity::Key("k1".into()))),
            ("a=b", None),
        ];
        for (attributes, identity) in table {
            let journey = sketch::journey(&format!("a/send 0..1 producer {attributes}"));
            assert_eq!(names_a_message(&journey.spans[0]), identity.is_some(), "{attributes}");
            assert_eq!(message_identity(&journey.spans[0]), identity, "{attributes}");
        }
    }
}
