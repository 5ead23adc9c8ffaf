//! Criteria that select journeys by their spans and lines, such as `error service=pay`.

use crate::model::conventions::short_service;
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::model::span::Span;

/// Terms that must all hold for a journey: some span meets all terms that do not exclude, and of the spans that do, none
/// meets a term that excludes. Terms on lines hold by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// As the user wrote it.
    pub text: String,
    /// The terms.
    pub terms: Vec<Term>,
}

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether it excludes what meets it.
    pub excludes: bool,
    /// The condition.
    pub test: TermTest,
}

/// The condition of a term, on a span unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermTest {
    /// It failed.
    Error,
    /// Its service, by the whole or the short name.
    Service(Pattern),
    /// Its name.
    Operation(Pattern),
    /// An attribute of the span or its resource.
    Tag(String, Pattern),
    /// Its duration is at least this, in nanoseconds.
    Lasting(i64),
    /// A line contains this text.
    Line(Pattern),
}

impl TermTest {
    fn holds(&self, span: &Span) -> bool {
        match self {
            Self::Error => span.is_error(),
            Self::Service(name) => name.matches(span.service()) || name.matches(short_service(span.service())),
            Self::Operation(name) => name.matches(&span.name),
            Self::Tag(key, value) => {
                let tags = span.attributes.iter().chain(span.resource.attributes.iter());
                tags.filter(|(k, _)| k == key).any(|(_, v)| value.matches(&v.to_string()))
            }
            Self::Lasting(least) => span.duration_ns >= *least,
            Self::Line(_) => false,
        }
    }
}

impl Criteria {
    /// Whether a journey meets the criteria. Spans of other journeys, which are only shown, do not count.
    pub(crate) fn matches(&self, journey: &Journey) -> bool {
        let (lines, spans): (Vec<&Term>, Vec<&Term>) =
            self.terms.iter().partition(|term| matches!(term.test, TermTest::Line(_)));
        let has_line = |text: &Pattern| journey.logs.iter().any(|line| text.found_in(&line.line));
        let lines_hold = lines.iter().all(|term| match &term.test {
            TermTest::Line(text) => has_line(text) != term.excludes,
            _ => true,
        });
        lines_hold && (spans.is_empty() || spans_hold(&spans, journey))
    }

    /// Whether a term is about this attribute, or about `service` or `operation`: what was asked for cannot be a finding.
    pub(crate) fn mentions(&self, key: &str) -> bool {
        self.terms.iter().any(|term| match &term.test {
            TermTest::Service(_) => key == "service",
            TermTest::Operation(_) => key == "operation",
            TermTest::Tag(asked, _) => key == asked,
            TermTest::Error | TermTest::Lasting(_) | TermTest::Line(_) => false,
        })
    }
}

fn spans_hold(terms: &[&Term], journey: &Journey) -> bool {
    let mut any_holds = false;
    for (index, span) in journey.spans.iter().enumerate() {
        let is_ours = journey.is_own.get(index) != Some(&false);
        if is_ours && terms.iter().filter(|term| !term.excludes).all(|term| term.test.holds(span)) {
            if terms.iter().any(|term| term.excludes && term.test.holds(span)) {
                return false;
            }
            any_holds = true;
        }
    }
    any_holds
}
