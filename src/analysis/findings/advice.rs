//! Phrases that several rules share.

use crate::analysis::findings::scene::Scene;
use crate::model::span::Span;

/// Where to read more: the lines of a service.
pub(super) fn lines_of(scene: &Scene, service: &str, to_see: &str) -> String {
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
