//! Compares two journeys, or two sets of them, step by step; a fold over journeys.
//!
//! A step is a service, an operation with its numbers and IDs masked, and a kind, under the steps that led to it: by
//! parent, link or message, never by ID. Equal steps under the same one are one row with a count. Of many journeys each is
//! compared with those of the same entry: a different mix of requests is not a change of the system.

mod compare;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::analysis::journey::clocks::{Clocks, asynchronous_cause};
use crate::analysis::window::steps::{Entry, MaskedNames};
use crate::model::filter::Filters;
use crate::model::journey::Journey;
use crate::model::span::SpanKind;
use crate::model::time::Window;

pub(crate) use self::compare::{Change, DiffResult, DiffStep, EntryJourneys, StepFigures};

/// The side of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffSide {
    /// The first, or the time before.
    First,
    /// The second, or the time after.
    Second,
}

/// The name of a step, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Name {
    service: String,
    operation: String,
    kind: SpanKind,
}

/// A step at its place.
#[derive(Clone, Debug)]
struct StepPlace {
    route: usize,
    under: Option<usize>,
    depth: usize,
    name: Name,
    next: Vec<usize>,
}

/// The calls of a step in one journey.
#[derive(Clone, Copy, Debug, Default)]
struct StepInJourney {
    journey: usize,
    calls: u64,
    total_ns: i64,
    errors: u64,
    /// Longest queue wait before it, in nanoseconds.
    wait_ns: i64,
}

/// The journeys that are compared with each other.
#[derive(Clone, Debug)]
struct Route {
    /// Their entry; none if each side is one journey.
    entry: Option<Entry>,
    /// Number on each side.
    journeys: [usize; 2],
    /// The topmost places, the entry first.
    tops: Vec<usize>,
}

/// The journeys of one side.
#[derive(Clone, Debug, Default)]
struct SideJourneys {
    spans: u64,
    lengths: Vec<i64>,
    /// Calls by place.
    seen: Vec<Vec<StepInJourney>>,
}

/// Collects the journeys of two sides.
#[derive(Clone, Debug, Default)]
pub(crate) struct DiffFold {
    /// Whether each side is many journeys.
    is_of_many: bool,
    /// By entry if each side is many journeys; else there is one.
    routes: Vec<Route>,
    known_routes: HashMap<Option<Entry>, usize>,
    places: Vec<StepPlace>,
    known: HashMap<(usize, Option<usize>, Name), usize>,
    sides: [SideJourneys; 2],
}

impl DiffFold {
    /// For two journeys: every difference beyond jitter is marked.
    pub(crate) fn of_two() -> Self {
        Self::default()
    }

    /// For two sets of journeys: significant differences are marked.
    pub(crate) fn of_many() -> Self {
        Self { is_of_many: true, ..Self::default() }
    }

    /// Adds a journey to a side. Only filtered spans are compared; all of them determine the places of steps.
    pub(crate) fn add(&mut self, side: DiffSide, journey: &Journey, filters: &Filters) {
        let (names, clocks) = (MaskedNames::new(journey), Clocks::measured(journey));
        let nth = side as usize;
        let route = self.route(Entry::from_journey(journey).filter(|_| self.is_of_many));
        self.routes[route].journeys[nth] += 1;
        let number = self.sides[nth].lengths.len();
        self.sides[nth].lengths.push(journey.span_extent().map_or(0, Window::length));
        let mut open: Vec<(usize, Option<usize>)> =
            journey.forest.roots.iter().rev().map(|root| (*root, None)).collect();
        while let Some((index, under)) = open.pop() {
            let span = &journey.spans[index];
            let (service, operation) = names.step(journey, index);
            let place = self.place(route, under, Name { service, operation, kind: span.kind });
            open.extend(journey.forest.effects[index].iter().rev().map(|next| (*next, Some(place))));
            if journey.is_own.get(index) == Some(&false) || !filters.wants_span(span) {
                continue;
            }
            let waited = asynchronous_cause(journey, index)
                .map(|(cause, _)| clocks.start(span).since(clocks.end(&journey.spans[cause])));
            let runs = &mut self.sides[nth];
            runs.spans += 1;
            if runs.seen.len() <= place {
                runs.seen.resize(place + 1, vec![]);
            }
            let seen = &mut runs.seen[place];
            if seen.last().is_none_or(|last| last.journey != number) {
                seen.push(StepInJourney { journey: number, ..StepInJourney::default() });
            }
            if let Some(last) = seen.last_mut() {
                last.calls += 1;
                last.total_ns = last.total_ns.saturating_add(span.duration_ns);
                last.errors += u64::from(span.is_error());
                last.wait_ns = last.wait_ns.max(waited.unwrap_or_default());
            }
        }
    }

    fn route(&mut self, entry: Option<Entry>) -> usize {
        let next = self.routes.len();
        let route = *self.known_routes.entry(entry.clone()).or_insert(next);
        if route == next {
            self.routes.push(Route { entry, journeys: [0; 2], tops: vec![] });
        }
        route
    }

    fn place(&mut self, route: usize, under: Option<usize>, name: Name) -> usize {
        let key = (route, under, name);
        if let Some(place) = self.known.get(&key) {
            return *place;
        }
        let new = self.places.len();
        let depth = under.map_or(0, |above| self.places[above].depth + 1);
        self.places.push(StepPlace { route, under, depth, name: key.2.clone(), next: vec![] });
        match under {
            Some(above) => self.places[above].next.push(new),
            None => self.routes[route].tops.push(new),
        }
        self.known.insert(key, new);
        new
    }

    /// Number of journeys of each side.
    fn journeys(&self) -> [usize; 2] {
        self.sides.each_ref().map(|side| side.lengths.len())
    }

    /// Number of journeys of each side with the entry of this place.
    fn journeys_of_entry(&self, place: usize) -> [usize; 2] {
        self.routes[self.places[place].route].journeys
    }

    /// The routes, that of most journeys first.
    fn ranked(&self) -> Vec<usize> {
        let mut ranked: Vec<usize> = (0..self.routes.len()).collect();
        ranked.sort_by_key(|route| Reverse(self.routes[*route].journeys.iter().sum::<usize>()));
        ranked
    }

    /// Every place, each before those under it; those of most journeys first.
    fn order(&self) -> Vec<usize> {
        let routes = self.ranked().into_iter().rev();
        let mut open: Vec<usize> = routes.flat_map(|route| self.routes[route].tops.iter().rev()).copied().collect();
        let mut order = Vec::with_capacity(self.places.len());
        while let Some(place) = open.pop() {
            order.push(place);
            open.extend(self.places[place].next.iter().rev());
        }
        order
    }

    fn seen(&self, side: DiffSide, place: usize) -> &[StepInJourney] {
        self.sides[side as usize].seen.get(place).map_or(&[], Vec::as_slice)
    }
}
