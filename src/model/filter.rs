//! Filters: which spans and lines are shown, and counted.

use crate::model::conventions::short_service;
use crate::model::log::{Level, LogEntry};
use crate::model::pattern::Pattern;
use crate::model::span::Span;

/// Conditions on spans and lines. Those of one kind are alternatives, except tags; all kinds must hold. The default lets
/// everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Services, by their whole or their short name.
    pub services: Vec<Pattern>,
    /// Span names.
    pub operations: Vec<Pattern>,
    /// Attributes of the span or its resource, key and value; all of them must be there.
    pub tags: Vec<(String, Pattern)>,
    /// Whether only errors match.
    pub errors_only: bool,
    /// The shortest duration of a span, in nanoseconds.
    pub min_duration_ns: Option<i64>,
    /// The longest duration of a span, in nanoseconds.
    pub max_duration_ns: Option<i64>,
    /// Texts, one of which a line must contain.
    pub log: Vec<Pattern>,
    /// The lowest level of a line.
    pub level: Level,
}

impl Filters {
    /// Whether everything passes.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether spans and lines of this service pass.
    pub(crate) fn wants_service(&self, service: &str) -> bool {
        any_matches(&self.services, service) || any_matches(&self.services, short_service(service))
    }

    /// Whether spans of this service and name pass, as far as these two decide.
    pub(crate) fn wants_operation(&self, service: &str, operation: &str) -> bool {
        self.wants_service(service) && any_matches(&self.operations, operation)
    }

    /// Whether there are conditions that only spans can meet.
    pub(crate) fn are_about_spans(&self) -> bool {
        let length = self.min_duration_ns.or(self.max_duration_ns);
        !self.operations.is_empty() || !self.tags.is_empty() || length.is_some()
    }

    /// Whether the span passes. Conditions on lines do not count.
    pub(crate) fn wants_span(&self, span: &Span) -> bool {
        self.wants_operation(span.service(), &span.name)
            && self.tags.iter().all(|(key, value)| has_tag(span, key, value))
            && (!self.errors_only || span.is_error())
            && self.min_duration_ns.is_none_or(|least| span.duration_ns >= least)
            && self.max_duration_ns.is_none_or(|most| span.duration_ns <= most)
    }

    /// Whether the line passes. Conditions on spans do not count.
    pub(crate) fn wants_line(&self, line: &LogEntry) -> bool {
        self.wants_service(&line.service)
            && line.level >= self.level
            && (!self.errors_only || line.is_error())
            && (self.log.is_empty() || self.log.iter().any(|text| text.found_in(&line.line)))
    }
}

fn any_matches(patterns: &[Pattern], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|p| p.matches(text))
}

fn has_tag(span: &Span, key: &str, value: &Pattern) -> bool {
    let tags = span.attributes.iter().chain(span.resource.attributes.iter());
    tags.filter(|(k, _)| *k == key).any(|(_, v)| value.matches(&v.to_string()))
}
