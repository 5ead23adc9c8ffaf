//! What failed: the deepest errors first, each once, with those that only passed them on.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::cascade::Cascade;
use crate::model::conventions::short_service;
use crate::model::error_outcome::{ErrorOutcome, OutcomeCounts};
use crate::model::finding::Severity;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::log::LogEntry;
use crate::model::time::Timestamp;

/// A service and what it was doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct ErrorPlace {
    /// The service.
    pub(crate) service: String,
    /// The operation; empty where none is known.
    pub(crate) operation: String,
}

/// An error, and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct JourneyError {
    /// Where.
    #[serde(flatten)]
    pub(crate) place: ErrorPlace,
    /// Its words, in one line; may be empty.
    #[serde(rename = "what")]
    pub(crate) message: String,
    /// When it first happened: at the exception, else at the end of the span; a line's own time.
    pub(crate) time: Timestamp,
    /// The first span that tells it; none where only a log line does.
    pub(crate) span_id: Option<SpanId>,
    /// That span's trace, or the trace that the line names.
    pub(crate) trace_id: Option<TraceId>,
    /// What came of it.
    pub(crate) outcome: ErrorOutcome,
    /// How grave it is.
    pub(crate) severity: Severity,
    /// How often it was seen.
    pub(crate) count: usize,
    /// The callers that failed because of it, nearest first.
    #[serde(rename = "passed_on_by")]
    pub(crate) failed_callers: Vec<ErrorPlace>,
}

/// The errors of a journey, by the time of their first report.
pub(crate) fn journey_errors(journey: &Journey) -> Vec<JourneyError> {
    let mut failures = errors_of_spans(journey, &Cascade::new(journey));
    failures.extend(errors_of_lines(journey));
    failures.sort_by(|a, b| (a.time, &a.place, &a.message).cmp(&(b.time, &b.place, &b.message)));
    failures
}

/// How many root errors there are.
pub(crate) fn total_count(failures: &[JourneyError]) -> usize {
    failures.iter().map(|f| f.count).sum()
}

/// How many root errors had each outcome.
pub(crate) fn outcome_counts(failures: &[JourneyError]) -> OutcomeCounts {
    let counts = failures.iter().map(|failure| OutcomeCounts::of(failure.outcome, failure.count as u64));
    counts.fold(OutcomeCounts::default(), OutcomeCounts::plus)
}

fn errors_of_spans(journey: &Journey, cascade: &Cascade) -> Vec<JourneyError> {
    let is_own = |index: &usize| {
        let is_ours = journey.is_own.get(*index) != Some(&false);
        is_ours && journey.spans[*index].is_error() && !cascade.is_consequence(*index)
    };
    let mut failed: Vec<usize> = (0..journey.spans.len()).filter(is_own).collect();
    failed.sort_by_key(|index| journey.spans[*index].failed_at());
    let mut failures: BTreeMap<(ErrorPlace, String, ErrorOutcome, Severity), JourneyError> = BTreeMap::new();
    for index in failed {
        let span = &journey.spans[index];
        let (at, what) = (place(journey, index), span.error_text());
        let (outcome, severity) = (cascade.outcome(index), cascade.severity(journey, index));
        let key = (at.clone(), what.clone(), outcome, severity);
        let failure = failures.entry(key).or_insert_with(|| JourneyError {
            place: at,
            message: what,
            time: span.failed_at(),
            span_id: Some(span.span_id),
            trace_id: Some(span.trace_id),
            outcome,
            severity,
            count: 0,
            failed_callers: vec![],
        });
        failure.count += 1;
        if failure.count == 1 {
            failure.failed_callers =
                cascade.failed_callers(index).take(MOST_CALLERS).map(|s| place(journey, s)).collect();
        }
    }
    failures.into_values().collect()
}

fn place(journey: &Journey, span: usize) -> ErrorPlace {
    let span = &journey.spans[span];
    ErrorPlace { service: span.service().to_owned(), operation: span.name.clone() }
}

/// The longest list of callers that a failure shows.
const MOST_CALLERS: usize = 20;

/// Error lines of which no error span of the same service, by whatever name, and trace tells already.
pub(crate) fn lines_without_error_span(journey: &Journey) -> impl Iterator<Item = &LogEntry> {
    let failed = || journey.spans.iter().filter(|s| s.is_error());
    let spans: HashSet<SpanId> = failed().map(|s| s.span_id).collect();
    let traces: HashSet<(TraceId, &str)> = failed().map(|s| (s.trace_id, short_service(s.service()))).collect();
    let services: HashSet<&str> = failed().map(|s| short_service(s.service())).collect();
    let found = move |line: &LogEntry| match (line.span_id, line.trace_id) {
        (Some(span), _) if spans.contains(&span) => true,
        (_, Some(trace)) => traces.contains(&(trace, short_service(&line.service))),
        _ => services.contains(short_service(&line.service)),
    };
    journey.logs.iter().filter(move |line| line.is_error() && !found(line))
}

fn errors_of_lines(journey: &Journey) -> Vec<JourneyError> {
    let mut failures: BTreeMap<(ErrorPlace, String), JourneyError> = BTreeMap::new();
    for line in lines_without_error_span(journey) {
        let context = line.error_context.as_ref();
        let operation = context.map(|c| c.operation.clone()).unwrap_or_default();
        let (place, what) = (ErrorPlace { service: line.service.clone(), operation }, line_text(line));
        let failure = failures.entry((place.clone(), what.clone())).or_insert_with(|| JourneyError {
            place,
            message: what,
            time: line.time,
            span_id: None,
            trace_id: line.trace_id,
            outcome: ErrorOutcome::Failed,
            severity: Severity::Error,
            count: 0,
            failed_callers: vec![],
        });
        failure.count += 1;
    }
    failures.into_values().collect()
}

/// What an error line says, in one line: its error context where it has one.
pub(crate) fn line_text(line: &LogEntry) -> String {
    match &line.error_context {
        Some(c) if !c.error_type.is_empty() && !c.error_message.is_empty() => {
            format!("{}: {}", c.error_type, c.error_message)
        }
        Some(c) if !c.error_message.is_empty() => c.error_message.clone(),
        _ => line.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    fn described(text: &str) -> Vec<String> {
        let failures = journey_errors(&sketch::journey(text));
        let say = |f: &JourneyError| {
            let up: Vec<_> = f.failed_callers.iter().map(|p| p.operation.as_str()).collect();
            format!("{}/{} ×{} {} < {}", f.place.service, f.place.operation, f.count, f.message, up.join(" < "))
        };
        failures.iter().map(say).collect()
    }

    #[test]
    fn the_deepest_error_is_the_error() {
        let cascade = "web/get 0..100 error: HTTP 500\n  shop/call 10..90\n    db/query 20..80 error: gone";
        assert_eq!(described(cascade), ["db/query ×1 gone < get"]);
        let after = "web/get 0..100 error: bad\n  web/cleanup 150..160 error: worse";
        assert_eq!(described(after), ["web/get ×1 bad < "], "what begins after its parent ended is a consequence");
    }

    #[test]
    fn a_line_counts_only_where_no_span_tells_it() {
        let both = "web/get 0..100 error: boom\n! web 50 error boom, in other words\n! job 60 error alone";
        assert_eq!(described(both), ["job/ ×1 alone < ", "web/get ×1 boom < "]);
    }

    #[test]
    fn an_error_explains_its_caller_s_if_it_was_in_time() {
        // A twentieth of the caller's time may pass, and a second at least.
        let table = [
            ("web/get 0..100000 error: bad\n  db/query 10..104900 error: worse", 1),
            ("web/get 0..100000 error: bad\n  db/query 10..105100 error: worse", 2),
            ("web/get 0..100 error: bad\n  db/query 10..1099 error: worse", 1),
            ("web/get 0..100 error: bad\n  db/query 10..1101 error: worse", 2),
            ("web/get 0..100 error: bad\n  db/query 99..150 error: worse", 1),
            ("web/get 0..100 error: bad\n  db/query 100..150 error: worse", 1),
            // A line repeats a failure of its own trace only.
            ("web/get 0..9 error: bad\n! web 5 error other words", 1),
            ("web/get 0..9 error: bad\nweb/put 20..30 trace=2\n! web 25 error other words", 2),
            ("web_service/get 0..9 error: bad\n! web 5 error other words", 1),
        ];
        for (text, failures) in table {
            assert_eq!(described(text).len(), failures, "{text}");
        }
    }

    #[test]
    fn an_error_is_dated_by_its_last_exception_within_the_span_else_by_its_end() {
        use crate::model::attribute::{Attributes, Value};
        use crate::model::span::Event;
        use crate::model::time::{DAY, MINUTE};
        let table = [
            (MINUTE, &[][..], MINUTE),
            (MINUTE, &[7, 9], 9),
            (MINUTE, &[-1, 7, MINUTE + 1], 7),
            (MINUTE, &[MINUTE + 1], MINUTE),
            (4_000 * DAY, &[], 0),
        ];
        for (length, exceptions, wanted) in table {
            let mut journey = sketch::journey("web/get 0..1 error: bad");
            journey.spans[0].duration_ns = length;
            let exception = |at: &i64| {
                let mut attributes = Attributes::default();
                attributes.push("exception.type", Value::Text("E".to_owned()));
                Event { time: sketch::ORIGIN.plus(*at), name: "exception".to_owned(), attributes }
            };
            journey.spans[0].events = exceptions.iter().map(exception).collect();
            assert_eq!(journey_errors(&journey)[0].time.since(sketch::ORIGIN), wanted, "{length} {exceptions:?}");
        }
    }

    #[test]
    fn a_line_says_what_its_error_context_says() {
        use crate::model::log::ErrorContext;
        for (kind, message, says) in [("E", "m", "E: m"), ("", "m", "m"), ("E", "", "line"), ("", "", "line")] {
            let context = ErrorContext { error_type: kind.into(), error_message: message.into(), ..Default::default() };
            let line = LogEntry { message: "line".into(), error_context: Some(context), ..LogEntry::default() };
            assert_eq!(line_text(&line), says);
        }
    }
}
