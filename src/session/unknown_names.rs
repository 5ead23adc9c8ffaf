//! Names in filters that nothing in the searched data has: a slip must not look like silence, or let a gate pass.

use std::collections::BTreeSet;

use crate::gather::sample::unknown_name;
use crate::model::conventions::short_service;
use crate::model::evidence::{Evidence, Note};
use crate::model::filter::Filters;
use crate::model::pattern::Pattern;
use crate::model::source::Source;
use crate::model::span::Span;
use crate::stitch::id_matching::Keys;

/// Names that the flags gave.
pub(super) struct NamedInFlags<'a> {
    /// Services, operations, attributes.
    pub(super) filters: &'a Filters,
    /// Keys of correlation IDs.
    pub(super) keys: &'a [String],
}

impl NamedInFlags<'_> {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        let Filters { services, operations, tags, .. } = self.filters;
        services.is_empty() && operations.is_empty() && tags.is_empty() && self.keys.is_empty()
    }
}

/// The names that some data has.
#[derive(Default)]
pub(super) struct DataNames {
    services: BTreeSet<String>,
    operations: BTreeSet<String>,
    attributes: BTreeSet<String>,
    fields: BTreeSet<String>,
}

impl DataNames {
    /// The names in this evidence.
    pub(super) fn of(evidence: &Evidence) -> Self {
        let mut names = Self::default();
        names.add(evidence);
        names
    }

    /// Adds the names in this evidence.
    pub(super) fn add(&mut self, evidence: &Evidence) {
        evidence.spans.iter().for_each(|span| self.add_span(span));
        for line in &evidence.logs {
            insert(&mut self.services, &line.service);
            line.values().for_each(|(key, _)| insert(&mut self.fields, key));
        }
    }

    fn add_span(&mut self, span: &Span) {
        insert(&mut self.services, span.service());
        insert(&mut self.operations, &span.name);
        let events = span.events.iter().flat_map(|event| event.attributes.iter());
        let all = span.attributes.iter().chain(span.resource.attributes.iter());
        all.for_each(|(key, _)| insert(&mut self.attributes, key));
        events.for_each(|(key, _)| insert(&mut self.fields, key));
    }

    /// A note on each literal name that is not among them. Of empty data nothing is known.
    pub(super) fn notes(&self, named: &NamedInFlags) -> Vec<Note> {
        let NamedInFlags { filters, keys } = named;
        let mut notes = self.services_unknown(&filters.services);
        if !self.operations.is_empty() {
            let known: Vec<&str> = self.operations.iter().map(String::as_str).collect();
            let literal = filters.operations.iter().filter_map(Pattern::as_exact);
            let lost = literal.filter(|name| !self.operations.contains(*name));
            notes.extend(
                lost.map(|name| {
                    unknown_name(Source::File, &format!("no operation is called {name} here"), name, &known)
                }),
            );
            let known: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
            let lost = filters.tags.iter().map(|(key, _)| key.as_str()).filter(|key| !self.attributes.contains(*key));
            notes.extend(
                lost.map(|key| {
                    unknown_name(Source::File, &format!("no span here has an attribute {key}"), key, &known)
                }),
            );
        }
        let known: Vec<&str> = self.attributes.union(&self.fields).map(String::as_str).collect();
        let is_there = |key: &str| {
            let keys = Keys::new(&[key.to_owned()]);
            known.iter().any(|name| keys.rank_of_field(name).is_some())
        };
        let lost = keys.iter().filter(|key| !known.is_empty() && !is_there(key));
        notes.extend(
            lost.map(|key| {
                unknown_name(Source::File, &format!("no span and no line here has a key {key}"), key, &known)
            }),
        );
        notes
    }

    fn services_unknown(&self, patterns: &[Pattern]) -> Vec<Note> {
        let names = self.services.iter().flat_map(|name| [name.as_str(), short_service(name)]);
        let known: Vec<&str> = names.collect::<BTreeSet<_>>().into_iter().collect();
        let literal =
            patterns.iter().filter_map(Pattern::as_exact).filter(|name| !known.is_empty() && !known.contains(name));
        literal
            .map(|name| unknown_name(Source::File, &format!("no service is called {name} here"), name, &known))
            .collect()
    }

    /// A note on each literal service that is not among these, as a server lists them, or in the evidence.
    pub(super) fn services_notes(evidence: &Evidence, filters: &Filters) -> Vec<Note> {
        if evidence.listed.services.is_empty() || filters.services.is_empty() {
            return Vec::new();
        }
        let mut names = Self::of(evidence);
        names.services.extend(evidence.listed.services.iter().cloned());
        let notes = names.services_unknown(&filters.services).into_iter();
        notes.map(|note| Note { source: Some(Source::Jaeger), ..note }).collect()
    }
}

fn insert(names: &mut BTreeSet<String>, name: &str) {
    if !name.is_empty() && !names.contains(name) {
        names.insert(name.to_owned());
    }
}
