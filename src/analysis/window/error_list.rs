//! The newest errors in full: repeats with the same place and message are one entry with a count.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::errors::ErrorPlace;
use crate::analysis::stats::masking::{clusters, mask_message};
use crate::analysis::window::hotspots::ErrorScope;
use crate::analysis::window::occurrences::{self, ErrorRole, ErrorSource, Occurrence};
use crate::model::attribute::Attributes;
use crate::model::error_outcome::OutcomeCounts;
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::time::Timestamp;

/// The newest of equal errors, in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ErrorEntry {
    /// Time of the exception, else end of the span.
    pub(crate) time: Timestamp,
    /// Service and operation.
    #[serde(flatten)]
    pub(crate) place: ErrorPlace,
    /// Type of the error; empty if not reported.
    pub(crate) error_type: String,
    /// Full message.
    pub(crate) message: String,
    /// Stack trace as reported; empty if not reported.
    pub(crate) stack_trace: String,
    /// Attributes of the exception, or of the span; fields of the error context.
    pub(crate) fields: Vec<(String, String)>,
    /// Whether it is a root error or caused by another one.
    pub(crate) part: ErrorRole,
    /// How many of them had each outcome.
    #[serde(flatten)]
    pub(crate) outcomes: OutcomeCounts,
    /// The highest severity of any.
    pub(crate) severity: Severity,
    /// Whether only log lines report it.
    pub(crate) lines_only: bool,
    /// The correlation ID of its journey.
    pub(crate) correlation_id: Option<String>,
    /// Its trace.
    pub(crate) trace_id: Option<TraceId>,
    /// Its span.
    pub(crate) span_id: Option<SpanId>,
    /// Number of equal errors.
    pub(crate) count: u64,
    /// Time of the first of them.
    pub(crate) first_seen: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ErrorKey {
    place: ErrorPlace,
    error_type: String,
    template: String,
    part: ErrorRole,
    lines_only: bool,
}

/// Collects errors; a fold over journeys.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorList {
    scope: ErrorScope,
    entries: BTreeMap<ErrorKey, ErrorEntry>,
}

impl ErrorList {
    /// For this scope.
    pub(crate) fn new(scope: ErrorScope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// Adds a journey.
    pub(crate) fn add(&mut self, journey: &Journey, filters: &Filters) {
        for error in occurrences::occurrences(journey) {
            let matches_filters = match error.source {
                ErrorSource::Span(span, _) => filters.wants_span(span),
                ErrorSource::Line(line) => filters.wants_line(line) && !filters.are_about_spans(),
            };
            if matches_filters && self.scope.is_in_window(error.counted_at()) {
                self.take(&error, journey.correlation_id.as_ref());
            }
        }
    }

    fn take(&mut self, error: &Occurrence<'_>, correlation_id: Option<&String>) {
        let (place, error_type, message) = (error.place(), error.kind(), error.message());
        let lines_only = matches!(error.source, ErrorSource::Line(_));
        let key = ErrorKey { template: mask_message(&message), place, error_type, part: error.part, lines_only };
        let order = |time, span: Option<SpanId>| (time, span);
        let known = self.entries.get(&key);
        let (count, mut outcomes, first) = known.map_or((0, OutcomeCounts::default(), error.time()), |known| {
            (known.count, known.outcomes, known.first_seen)
        });
        let count = count + 1;
        outcomes.add(error.outcome);
        let severity = known.map_or(error.severity, |known| known.severity.max(error.severity));
        let first_seen = first.min(error.time());
        if let Some(known) = self.entries.get_mut(&key)
            && order(known.time, known.span_id) >= order(error.time(), error.span_id())
        {
            (known.count, known.outcomes, known.first_seen) = (count, outcomes, first_seen);
            known.severity = severity;
            return;
        }
        let entry = ErrorEntry {
            time: error.time(),
            place: key.place.clone(),
            error_type: key.error_type.clone(),
            message,
            stack_trace: error.stack().to_owned(),
            fields: fields(error, correlation_id),
            part: error.part,
            outcomes,
            severity,
            lines_only,
            correlation_id: correlation_id.cloned(),
            trace_id: error.trace_id(),
            span_id: error.span_id(),
            count,
            first_seen,
        };
        self.entries.insert(key, entry);
    }

    /// The errors, newest first. Messages of one place that differ in one word are merged.
    pub(crate) fn newest(self) -> Vec<ErrorEntry> {
        let mut alike: BTreeMap<ErrorKey, (Vec<String>, Vec<ErrorEntry>)> = BTreeMap::new();
        for (mut key, entry) in self.entries {
            let template = std::mem::take(&mut key.template);
            let (templates, entries) = alike.entry(key).or_default();
            templates.push(template);
            entries.push(entry);
        }
        let mut all: Vec<(ErrorKey, ErrorEntry)> = vec![];
        for (key, (templates, entries)) in alike {
            let clusters = clusters(templates.iter().map(String::as_str).take(MOST_ALIKE));
            let mut known: BTreeMap<&str, ErrorEntry> = BTreeMap::new();
            for (template, entry) in templates.iter().zip(entries) {
                let cluster = clusters.get(template.as_str()).map_or(template.as_str(), String::as_str);
                match known.get_mut(cluster) {
                    Some(other) => other.merge(entry),
                    None => _ = known.insert(cluster, entry),
                }
            }
            let named =
                |(template, entry): (&str, _)| (ErrorKey { template: template.to_owned(), ..key.clone() }, entry);
            all.extend(known.into_iter().map(named));
        }
        all.sort_by(|(one, a), (other, b)| (Reverse(a.time), one).cmp(&(Reverse(b.time), other)));
        all.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// Messages of one place that are clustered: comparing all pairs takes the square of their number.
const MOST_ALIKE: usize = 500;

impl ErrorEntry {
    /// Keeps the newer of two equal errors, with the counts of both.
    fn merge(&mut self, other: Self) {
        let (count, outcomes) = (self.count + other.count, self.outcomes.plus(other.outcomes));
        let first_seen = self.first_seen.min(other.first_seen);
        let severity = self.severity.max(other.severity);
        if (other.time, other.span_id) > (self.time, self.span_id) {
            *self = other;
        }
        (self.count, self.outcomes, self.first_seen) = (count, outcomes, first_seen);
        self.severity = severity;
    }
}

/// Fields beside place, message, stack and IDs. Those of the error context come first: a developer chose them.
fn fields(error: &Occurrence<'_>, correlation_id: Option<&String>) -> Vec<(String, String)> {
    const SHOWN_ELSEWHERE: [&str; 7] = [
        "exception.type",
        "exception.message",
        "exception.stacktrace",
        "exception.escaped",
        "stack",
        "error.object",
        "message",
    ];
    let context = error.context().into_iter().flat_map(|context| context.context_data.iter().cloned());
    let mut fields: Vec<(String, String)> = context.collect();
    if let ErrorSource::Span(span, _) = error.source {
        let of_exception = span.exceptions().last().map(|exception| &exception.event.attributes);
        let of_exception = of_exception.into_iter().flat_map(Attributes::iter);
        let all = of_exception.filter(|(key, _)| !SHOWN_ELSEWHERE.contains(key)).chain(span.attributes.iter());
        fields.extend(all.map(|(key, value)| (key.to_owned(), value.to_string())));
    }
    let mut seen = HashSet::new();
    fields.retain(|field| Some(&field.1) != correlation_id && seen.insert(field.clone()));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn the_newest_is_shown_whole_and_repeats_are_counted() {
        let text = "web/get 0..1 error: user 7 gone\nweb/get 5..6 user=9 error: user 9 gone\nweb/put 3..4 error: user 9 gone\n! job 4 error full";
        let mut list = ErrorList::default();
        list.add(&sketch::journey(text), &Filters::default());
        let found: Vec<_> =
            list.newest().into_iter().map(|e| (e.place.operation, e.message, e.count, e.fields)).collect();
        let of = |operation: &str, message: &str, count, fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
            (operation.to_owned(), message.to_owned(), count, fields)
        };
        assert_eq!(
            found,
            [of("get", "user 9 gone", 2, &[("user", "9")]), of("", "full", 1, &[]), of("put", "user 9 gone", 1, &[]),]
        );
    }

    #[test]
    fn of_one_place_what_differs_in_one_word_is_the_same() {
        let pages = ["ee55b1", "first", "zz9", "kk", "last"];
        let text = |place: &str, page: &str| format!("{place} 0..1 error: the page {page} of the disk is gone");
        let mut list = ErrorList::default();
        for page in pages {
            list.add(&sketch::journey(&text("web/get", page)), &Filters::default());
        }
        list.add(&sketch::journey(&text("web/put", "other")), &Filters::default());
        let found: Vec<(String, u64)> = list.newest().into_iter().map(|e| (e.place.operation, e.count)).collect();
        assert_eq!(found, [("get".to_owned(), 5), ("put".to_owned(), 1)]);
    }
}
