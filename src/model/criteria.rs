//! Which journeys are meant, by what their spans and lines are like.

use crate::model::conventions::short_service;
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::model::span::Span;

/// Terms that must all hold of a journey. Some span must be as all terms that ask for something say; of the spans that
/// these pick, none may be as a term says that excludes. Lines are asked by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// As it was written.
    pub text: String,
    /// The terms.
    pub terms: Vec<Term>,
}

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether it excludes.
    pub excludes: bool,
    /// What it is about.
    pub test: TermTest,
}

/// What a term asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermTest {
    /// The span failed.
    Error,
    /// Its service, by the whole or the short name.
    Service(Pattern),
    /// Its name.
    Operation(Pattern),
    /// An attribute of the span or its resource.
    Tag(String, Pattern),
    /// It lasted at least so long, in nanoseconds.
    Lasting(i64),
    /// A line holds this text.
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
    /// Whether the journey is meant. Spans that are shown and not judged do not count.
    pub fn mean(&self, journey: &Journey) -> bool {
        let (lines, spans): (Vec<&Term>, Vec<&Term>) =
            self.terms.iter().partition(|term| matches!(term.test, TermTest::Line(_)));
        let says = |text: &Pattern| journey.logs.iter().any(|line| text.found_in(&line.line));
        let lines_hold = lines.iter().all(|term| match &term.test {
            TermTest::Line(text) => says(text) != term.excludes,
            _ => true,
        });
        lines_hold && (spans.is_empty() || spans_hold(&spans, journey))
    }

    /// Whether this attribute, `service` or `operation` is what it asks about.
    pub fn ask_about(&self, key: &str) -> bool {
        self.terms.iter().any(|term| match &term.test {
            TermTest::Service(_) => key == "service",
            TermTest::Operation(_) => key == "operation",
            TermTest::Tag(asked, _) => key == asked,
            TermTest::Error | TermTest::Lasting(_) | TermTest::Line(_) => false,
        })
    }
}

fn spans_hold(terms: &[&Term], journey: &Journey) -> bool {
    let mut any = false;
    for (index, span) in journey.spans.iter().enumerate() {
        let is_ours = journey.judged.get(index) != Some(&false);
        if is_ours && terms.iter().filter(|term| !term.excludes).all(|term| term.test.holds(span)) {
            if terms.iter().any(|term| term.excludes && term.test.holds(span)) {
                return false;
            }
            any = true;
        }
    }
    any
}
