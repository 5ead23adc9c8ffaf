//! Phrases that several rules share.

use crate::analysis::journey::findings::context::RuleContext;
use crate::model::span::Span;

/// Where to read more: the lines of a service.
pub(super) fn lines_of(scene: &RuleContext, service: &str, to_see: &str) -> String {
    let id = scene.journey.correlation_id.as_deref().filter(|id| is_plain(id)).unwrap_or("ID");
    let service = if is_plain(service) { service } else { "SERVICE" };
    format!("`trace logs {id} --service {service}` may tell {to_see}")
}

/// Whether a shell takes the text as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
}

/// Which message a span handles: `, message 42`, `, offset 7 of partition 0`; empty where it does not say.
pub(super) fn message(span: &Span) -> String {
    match (span.message_id(), span.message_place(), span.message_key()) {
        (Some(id), _, _) => format!(", message {id}"),
        (_, Some((partition, offset)), _) => format!(", offset {offset} of partition {partition}"),
        (_, _, Some(key)) => format!(", key {key}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn a_message_is_named_by_the_best_that_its_span_says() {
        let table = [
            ("messaging.message.id=42 messaging.kafka.message.offset=7", ", message 42"),
            ("messaging.kafka.message.offset=7 messaging.destination.partition.id=0", ", offset 7 of partition 0"),
            ("messaging.kafka.message.key=k1", ", key k1"),
            ("a=b", ""),
        ];
        for (attributes, wanted) in table {
            let journey = sketch::journey(&format!("a/send 0..1 producer {attributes}"));
            assert_eq!(message(&journey.spans[0]), wanted, "{attributes}");
        }
    }

    #[test]
    fn a_command_to_copy_holds_nothing_that_a_shell_would_read() {
        for (text, wanted) in [("cj-7_a.b:c", true), ("", false), ("-x", false), ("a b", false), ("$(x)", false)] {
            assert_eq!(is_plain(text), wanted, "{text}");
        }
    }
}
