//! What a span is a run of: the same name in every journey, so that journeys can be compared.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::stats::masking::mask;
use crate::model::journey::Journey;
use crate::model::span::Span;

/// A step: a service and its operation, with numbers and IDs masked.
pub type StepKey = (String, String);

/// A span's step.
pub fn step(span: &Span) -> StepKey {
    (span.service().to_owned(), mask(&span.name))
}

/// The steps of a journey's spans, each name masked once.
pub struct MaskedNames(HashMap<String, String>);

impl MaskedNames {
    /// Of this journey.
    pub fn new(journey: &Journey) -> Self {
        let names: BTreeSet<&str> = journey.spans.iter().map(|s| s.name.as_str()).collect();
        Self(names.into_iter().map(|name| (name.to_owned(), mask(name))).collect())
    }

    /// A span's step.
    pub fn step(&self, journey: &Journey, span: usize) -> StepKey {
        let span = &journey.spans[span];
        (span.service().to_owned(), self.0.get(&span.name).unwrap_or(&span.name).clone())
    }
}

/// Spans that are the journey's own.
pub fn own_spans(journey: &Journey) -> impl Iterator<Item = usize> + '_ {
    (0..journey.spans.len()).filter(|span| journey.is_own.get(*span) != Some(&false))
}

/// What began a journey: its first own span that nothing caused.
pub fn entry_span(journey: &Journey) -> Option<&Span> {
    let is_judged = |span: &&usize| journey.is_own.get(**span) != Some(&false);
    journey.forest.roots.iter().find(is_judged).map(|root| &journey.spans[*root])
}

/// How journeys begin: what began as something else is compared with others of its own kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Entry {
    /// The service of the first span that nothing caused.
    pub service: String,
    /// Its operation, numbers and IDs masked.
    pub operation: String,
    /// Its `http.route`, masked as well; empty where it has none.
    pub http_route: String,
}

impl Entry {
    /// Of this journey; none where it has no span of its own.
    pub fn from_journey(journey: &Journey) -> Option<Self> {
        let first = entry_span(journey)?;
        let (service, operation) = step(first);
        let http_route = mask(first.attributes.text(&["http.route"]).unwrap_or_default());
        Some(Self { service, operation, http_route })
    }

    /// In one line: `shop POST /orders`, with the route where the operation does not name it.
    pub fn text(&self) -> String {
        let named = !self.http_route.is_empty() && !self.operation.contains(&self.http_route);
        let route = if named { format!(" {}", self.http_route) } else { String::new() };
        format!("{} {}{route}", self.service, self.operation)
    }
}
