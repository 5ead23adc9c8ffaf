//! Steps: the identity of an operation across journeys, so that journeys can be compared.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::stats::masking::mask;
use crate::model::journey::Journey;
use crate::model::span::Span;

/// A step: a service and its operation, with numbers and IDs masked.
pub(crate) type StepKey = (String, String);

/// A span's step.
pub(crate) fn step(span: &Span) -> StepKey {
    (span.service().to_owned(), mask(&span.name))
}

/// The steps of a journey's spans, each name masked once.
pub(crate) struct MaskedNames(HashMap<String, String>);

impl MaskedNames {
    /// Masks the names of a journey.
    pub(crate) fn new(journey: &Journey) -> Self {
        let names: BTreeSet<&str> = journey.spans.iter().map(|s| s.name.as_str()).collect();
        Self(names.into_iter().map(|name| (name.to_owned(), mask(name))).collect())
    }

    /// A span's step.
    pub(crate) fn step(&self, journey: &Journey, span: usize) -> StepKey {
        let span = &journey.spans[span];
        (span.service().to_owned(), self.0.get(&span.name).unwrap_or(&span.name).clone())
    }
}

/// Indices of the spans that belong to the journey.
pub(crate) fn own_spans(journey: &Journey) -> impl Iterator<Item = usize> + '_ {
    (0..journey.spans.len()).filter(|span| journey.is_own.get(*span) != Some(&false))
}

/// The entry of a journey: its first own span without a cause.
pub(crate) fn entry_span(journey: &Journey) -> Option<&Span> {
    let is_own = |span: &&usize| journey.is_own.get(**span) != Some(&false);
    journey.forest.roots.iter().find(is_own).map(|root| &journey.spans[*root])
}

/// The entry operation of journeys. Only journeys with the same one are compared with each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub(crate) struct Entry {
    /// Service of the entry span.
    pub(crate) service: String,
    /// Operation of the entry span, numbers and IDs masked.
    pub(crate) operation: String,
    /// Its `http.route`, masked as well; empty where it has none.
    pub(crate) http_route: String,
}

impl Entry {
    /// The entry of a journey; none if it has no span of its own.
    pub(crate) fn from_journey(journey: &Journey) -> Option<Self> {
        let first = entry_span(journey)?;
        let (service, operation) = step(first);
        let http_route = mask(first.attributes.text(&["http.route"]).unwrap_or_default());
        Some(Self { service, operation, http_route })
    }

    /// In one line: `shop POST /orders`, with the route where the operation does not name it.
    pub(crate) fn text(&self) -> String {
        let named = !self.http_route.is_empty() && !self.operation.contains(&self.http_route);
        let route = if named { format!(" {}", self.http_route) } else { String::new() };
        format!("{} {}{route}", self.service, self.operation)
    }
}
