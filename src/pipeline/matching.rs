//! What a selector matches in a run.

use std::collections::{HashMap, HashSet};

use crate::analysis::journey::clocks::Clocks;
use crate::model::conventions::{MessageRole, short_service};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::log::LogEntry;
use crate::model::pattern::Pattern;
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::pipeline::spec::{AttributeTest, ExpectedStatus, SeenIn, Selector};
use crate::pipeline::verdict::Sighting;

/// A span or a line, as an index into the journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum MatchedItem {
    /// A span.
    Span(usize),
    /// A line.
    Line(usize),
}

/// A span or line that a selector matches. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Match {
    /// Start, on the reference clock.
    pub(crate) start: Timestamp,
    /// End, on the reference clock; equals the start for a line.
    pub(crate) end: Timestamp,
    /// The span or line.
    pub(crate) item: MatchedItem,
    /// Index of its span in the forest: the span itself, or the one that the line names; none if the line names none.
    pub(crate) at: Option<usize>,
}

/// A run indexed for repeated searches by span name and span ID.
pub(crate) struct JourneyLookup<'a> {
    /// The run.
    pub(crate) journey: &'a Journey,
    clocks: Clocks,
    names: Vec<(&'a str, Vec<usize>)>,
    holders: HashMap<(TraceId, SpanId), usize>,
}

impl<'a> JourneyLookup<'a> {
    /// Indexes the spans that belong to the journey; context of other journeys is left out.
    pub(crate) fn new(journey: &'a Journey) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        let is_own = |index: &usize| journey.is_own.get(*index) != Some(&false);
        for index in (0..journey.spans.len()).filter(is_own) {
            by_name.entry(&journey.spans[index].name).or_default().push(index);
        }
        let mut names: Vec<_> = by_name.into_iter().collect();
        names.sort_unstable();
        let is_named = journey.logs.iter().any(|line| line.span_id.is_some());
        let spans = journey.spans.iter().enumerate().rev().filter(|_| is_named);
        let holders = spans.map(|(index, span)| ((span.trace_id, span.span_id), index)).collect();
        Self { journey, clocks: Clocks::measured(journey), names, holders }
    }

    /// Every span name, sorted, with the indices of its spans.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'a str, &[usize])> {
        self.names.iter().map(|(name, spans)| (*name, spans.as_slice()))
    }

    /// All matches of the selectors, each once, by time.
    pub(crate) fn select(&self, selectors: &[Selector]) -> Vec<Match> {
        let mut all: Vec<Match> = selectors.iter().flat_map(|selector| self.select_one(selector)).collect();
        all.sort_unstable();
        all.dedup();
        // Where a span or a line will do, a line of a service whose span was seen is about the same work: counting both
        // would double the number of matches.
        let seen: HashSet<&str> = all.iter().filter_map(|found| self.service_of_span(found.item)).collect();
        if !seen.is_empty() {
            all.retain(|found| self.service_of_line(found.item).is_none_or(|service| !seen.contains(service)));
        }
        all
    }

    fn service_of_span(&self, item: MatchedItem) -> Option<&str> {
        match item {
            MatchedItem::Span(index) => Some(self.journey.spans[index].service()),
            MatchedItem::Line(_) => None,
        }
    }

    fn service_of_line(&self, item: MatchedItem) -> Option<&str> {
        match item {
            MatchedItem::Line(index) => Some(&self.journey.logs[index].service),
            MatchedItem::Span(_) => None,
        }
    }

    /// The selector's matches with this outcome.
    pub(crate) fn select_with_status(&self, selector: &Selector, status: Option<ExpectedStatus>) -> Vec<Match> {
        let mut all = self.select(std::slice::from_ref(selector));
        all.retain(|found| match status {
            None | Some(ExpectedStatus::Any) => true,
            Some(ExpectedStatus::Ok) => !self.is_error(found.item),
            Some(ExpectedStatus::Error) => self.is_error(found.item),
        });
        all
    }

    fn select_one(&self, selector: &Selector) -> Vec<Match> {
        match &selector.what {
            SeenIn::Span(name) => {
                let named = self.names.iter().filter(|(text, _)| name.matches(text));
                let spans = named.flat_map(|(_, spans)| spans).copied();
                spans.filter(|i| fits_span(selector, &self.journey.spans[*i])).map(|i| self.span(i)).collect()
            }
            SeenIn::Log(text) => {
                let lines = self.journey.logs.iter().enumerate();
                let matching = lines.filter(|(_, line)| line_contains(line, text) && fits_line(selector, line));
                matching.map(|(index, _)| self.line(index)).collect()
            }
        }
    }

    /// The span as a match.
    pub(crate) fn span(&self, index: usize) -> Match {
        let span = &self.journey.spans[index];
        let start = self.clocks.start(span);
        Match { start, end: start.plus(span.duration_ns), item: MatchedItem::Span(index), at: Some(index) }
    }

    /// The line as a match.
    pub fn line(&self, index: usize) -> Match {
        let line = &self.journey.logs[index];
        let time = self.clocks.adjust(&line.service, line.time);
        let at = line.trace_id.zip(line.span_id).and_then(|key| self.holders.get(&key).copied());
        Match { start: time, end: time, item: MatchedItem::Line(index), at }
    }

    /// Whether it has error status or error level.
    pub(crate) fn is_error(&self, item: MatchedItem) -> bool {
        match item {
            MatchedItem::Span(index) => self.journey.spans[index].is_error(),
            MatchedItem::Line(index) => self.journey.logs[index].is_error(),
        }
    }

    /// Its service.
    pub(crate) fn service(&self, item: MatchedItem) -> &'a str {
        match item {
            MatchedItem::Span(index) => self.journey.spans[index].service(),
            MatchedItem::Line(index) => &self.journey.logs[index].service,
        }
    }

    /// Its trace; none for a line without one.
    pub(crate) fn trace(&self, item: MatchedItem) -> Option<TraceId> {
        match item {
            MatchedItem::Span(index) => Some(self.journey.spans[index].trace_id),
            MatchedItem::Line(index) => self.journey.logs[index].trace_id,
        }
    }

    /// Its messaging role; none for lines and other spans.
    pub(crate) fn role(&self, item: MatchedItem) -> Option<MessageRole> {
        match item {
            MatchedItem::Span(index) => self.journey.spans[index].message_role(),
            MatchedItem::Line(_) => None,
        }
    }

    /// Measured clock difference between the two services, in nanoseconds. The correction is an estimate, so that an
    /// order or limit broken by less than this may be the fault of the correction.
    pub(crate) fn skew(&self, a: MatchedItem, b: MatchedItem) -> i64 {
        let zero = Timestamp(0);
        let ahead = |item| zero.since(self.clocks.adjust(self.service(item), zero));
        ahead(a).saturating_sub(ahead(b)).saturating_abs()
    }

    /// Time and place for the report, as recorded.
    pub(crate) fn sight(&self, item: MatchedItem) -> Sighting {
        match item {
            MatchedItem::Span(index) => {
                let span = &self.journey.spans[index];
                Sighting {
                    time: span.start,
                    duration_ns: span.duration_ns,
                    service: span.service().to_owned(),
                    name: span.name.clone(),
                    trace_id: Some(span.trace_id),
                    span_id: Some(span.span_id),
                    error: span.is_error(),
                }
            }
            MatchedItem::Line(index) => {
                let line = &self.journey.logs[index];
                Sighting {
                    time: line.time,
                    duration_ns: 0,
                    service: line.service.clone(),
                    name: line.message.clone(),
                    trace_id: line.trace_id,
                    span_id: None,
                    error: line.is_error(),
                }
            }
        }
    }

    /// Every value of this key.
    pub(crate) fn values(&self, item: MatchedItem, key: &str) -> Vec<String> {
        match item {
            MatchedItem::Span(index) => values_of_span(&self.journey.spans[index], key),
            MatchedItem::Line(index) => values_of_line(&self.journey.logs[index], key),
        }
    }
}

/// Whether the pattern matches a service's full or short name.
pub(crate) fn is_service(pattern: &Pattern, service: &str) -> bool {
    pattern.matches(service) || pattern.matches(short_service(service))
}

/// Whether the line contains the text, or has a field of that name.
pub(crate) fn line_contains(line: &LogEntry, text: &Pattern) -> bool {
    text.found_in(&line.line)
        || text.found_in(&line.message)
        || line.error_context.is_some() && text.matches("error_context")
        || line.values().any(|(key, _)| text.matches(key))
}

fn fits_span(selector: &Selector, span: &Span) -> bool {
    selector.service.as_ref().is_none_or(|service| is_service(service, span.service()))
        && selector.kind.is_none_or(|kind| kind == span.kind)
        && selector.attributes.iter().all(|(key, test)| passes(test, &values_of_span(span, key)))
}

fn fits_line(selector: &Selector, line: &LogEntry) -> bool {
    selector.service.as_ref().is_none_or(|service| is_service(service, &line.service))
        && selector.attributes.iter().all(|(key, test)| passes(test, &values_of_line(line, key)))
}

/// Values of this key on a span and its resource.
pub(crate) fn values_of_span(span: &Span, key: &str) -> Vec<String> {
    let all = span.attributes.iter().chain(span.resource.attributes.iter());
    all.filter(|(name, _)| *name == key).map(|(_, value)| value.to_string()).collect()
}

fn values_of_line(line: &LogEntry, key: &str) -> Vec<String> {
    line.values().filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).collect()
}

/// Whether the values of one key pass the test.
pub(crate) fn passes(test: &AttributeTest, values: &[String]) -> bool {
    match test {
        AttributeTest::Exists => !values.is_empty(),
        AttributeTest::Missing => values.is_empty(),
        AttributeTest::Is(pattern) => values.iter().any(|value| pattern.matches(value)),
        AttributeTest::IsNot(pattern) => !values.is_empty() && !values.iter().any(|value| pattern.matches(value)),
        AttributeTest::Compare(comparison, right) => {
            values.iter().any(|value| value.trim().parse().is_ok_and(|left| comparison.holds(left, *right)))
        }
    }
}
