//! The newest journeys that begin in some way, or that a filter wants: which IDs there are to ask for. The limit is part
//! of the question.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::gather::backend_status;
use crate::gather::fetched::SpansByTrace;
use crate::gather::sources::Sources;
use crate::gather::traces::{SHORTEST_SPLIT, is_too_deep, wants_service};
use crate::model::conventions::short_service;
use crate::model::evidence::{Evidence, Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::id::{SpanId, TraceId};
use crate::model::pattern::Pattern;
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};
use crate::query::Bounds;
use crate::source::failure::Failure;
use crate::source::role::{Role, SpanSource, TraceSearch};
use crate::stitch::subjects::{JourneyCandidate, subjects};

/// Searches of one service at most, where most of what it returns carries no ID: 64 reach six halvings of the window.
const MOST_ASKS: usize = 64;

/// Which journeys are wanted.
#[derive(Clone, Debug)]
pub struct RecentQuery {
    /// The name of the root span; none for any.
    pub root: Option<Pattern>,
    /// The service of that span, by its whole or its short name; none for any.
    pub root_service: Option<Pattern>,
    /// What one of the spans must be like. What is asked of lines is not looked at.
    pub filters: Filters,
    /// When its spans began.
    pub window: Window,
    /// How many journeys, the newest first.
    pub newest: usize,
    /// Only those of which every span that was found ended before: what is settled.
    pub ended_before: Option<Timestamp>,
    /// The keys under which a correlation ID may stand, most likely first.
    pub keys: Vec<String>,
    /// Only these services are asked; empty means all.
    pub services: Vec<String>,
    /// How much may be asked.
    pub bounds: Bounds,
}

/// Which there are.
#[derive(Clone, Debug)]
pub struct Recent {
    /// How to ask for each, the newest first; spans are those of the traces that were found.
    pub journeys: Vec<JourneyCandidate>,
    /// How Jaeger did, and what is to be remarked; no spans.
    pub status: Evidence,
}

/// Looks for them.
pub async fn recent(query: &RecentQuery, sources: &Sources<'_>) -> Recent {
    let transport = sources.transport;
    sources.progress.say("looking for recent journeys");
    let mut evidence = Evidence::default();
    let backend = Role::Spans.backend();
    let (Some(endpoint), Some(source)) = (sources.endpoint(Role::Spans), sources.spans()) else {
        let message = format!("recent journeys are found by {}, which is left out", backend.as_str());
        evidence.note(Note::new(NoteCode::NotConfigured, backend, message));
        evidence.backends = vec![backend_status::left_out(backend)];
        return Recent { journeys: vec![], status: evidence };
    };
    let (found, failure) = match source.connect().await {
        Ok(()) => {
            let looking = RecentSearch::new(source, query);
            if query.bounds.requests == Bounds::default().requests {
                transport.allow_at_least(60 * looking.services().len());
            }
            let found = looking.everywhere().await;
            let failure = found.failures.first().cloned();
            (found, failure)
        }
        Err(failure) => (RecentTraces { failures: vec![failure.clone()], ..RecentTraces::default() }, Some(failure)),
    };
    let mut status = backend_status::asked(endpoint, transport);
    if let Some(failure) = failure {
        let note = backend_status::note_of(endpoint, &failure);
        backend_status::failed(&mut status, endpoint, &failure);
        evidence.note(note);
    }
    found.notes.into_iter().for_each(|note| evidence.note(backend_status::advised(note)));
    if found.failures.is_empty() {
        evidence.coverage.traces.add(query.window);
    }
    let (journeys, more) = chosen(found.traces, query);
    status.items = journeys.len();
    evidence.backends = vec![status];
    if more || found.is_cut {
        let n = journeys.len();
        evidence.note(Note::new(NoteCode::Sampled, backend, format!("the newest {n} journeys; there may be more")));
    }
    evidence.notes.sort();
    Recent { journeys, status: evidence }
}

/// What came of asking.
#[derive(Default)]
struct RecentTraces {
    traces: SpansByTrace,
    notes: Vec<Note>,
    failures: Vec<Failure>,
    /// Whether there was more than was read.
    is_cut: bool,
}

impl RecentTraces {
    fn absorb(mut self, other: Self) -> Self {
        other.traces.0.into_values().for_each(|spans| self.traces.add(spans));
        self.notes.extend(other.notes);
        self.failures.extend(other.failures);
        self.is_cut |= other.is_cut;
        self
    }
}

/// Jaeger, for this question.
struct RecentSearch<'a> {
    source: Box<dyn SpanSource + 'a>,
    query: &'a RecentQuery,
    limit: Cell<usize>,
}

impl<'a> RecentSearch<'a> {
    fn new(source: Box<dyn SpanSource + 'a>, query: &'a RecentQuery) -> Self {
        let limit = Cell::new(query.newest.clamp(1, query.bounds.search_limit.max(1)));
        Self { source, query, limit }
    }

    /// The services that are asked one by one.
    fn services(&self) -> Vec<&str> {
        let all = if self.query.services.is_empty() { self.source.services() } else { &self.query.services };
        all.iter().map(String::as_str).filter(|service| self.wants(service)).collect()
    }

    /// Whether a trace that is wanted must have spans of this service.
    fn wants(&self, service: &str) -> bool {
        is_service(self.query.root_service.as_ref(), service)
            && (self.query.root_service.is_some() || self.query.filters.wants_service(service))
    }

    /// All services at once where the server can and none is asked for, else one by one.
    async fn everywhere(&self) -> RecentTraces {
        let names_one = self.query.root_service.is_some() || !self.query.filters.services.is_empty();
        if self.source.searches_all_services()
            && self.query.services.is_empty()
            && !names_one
            && let Ok(found) = self.ask(None).await
        {
            return found;
        }
        let asks = self.services().into_iter().map(|service| self.ask(Some(service)));
        join_all(asks).await.into_iter().flatten().fold(RecentTraces::default(), RecentTraces::absorb)
    }

    /// One service, from now backwards: what is as long as the limit is cut in two, until as many are found as are wanted.
    async fn ask(&self, service: Option<&str>) -> Result<RecentTraces, ServiceRequired> {
        let mut found = RecentTraces::default();
        let mut open = vec![self.query.window];
        let tags = self.tags();
        for _ in 0..MOST_ASKS {
            let Some(window) = open.pop() else { return Ok(found) };
            let limit = self.limit.get();
            let search = TraceSearch { operation: self.operation(), tags: &tags, window, limit };
            match self.source.search(&search, service).await {
                Ok(decoded) => {
                    let backend = self.source.backend();
                    let mut traces = SpansByTrace::default();
                    traces.add(decoded.spans);
                    let is_full = traces.0.len() >= limit;
                    traces.0.retain(|_, spans| is_wanted(spans, self.query));
                    found = found.absorb(RecentTraces { traces, ..RecentTraces::default() });
                    let skipped = decoded.skipped.into_iter().map(|why| (NoteCode::Skipped, why));
                    let partial = decoded
                        .errors
                        .into_iter()
                        .map(|why| (NoteCode::Partial, format!("{} says: {why}", backend.as_str())));
                    found.notes.extend(skipped.chain(partial).map(|(code, why)| Note::new(code, backend, why)));
                    let has_enough = settled(&found.traces, self.query).len() >= self.query.newest;
                    if has_enough {
                        found.is_cut |= is_full || !open.is_empty();
                        return Ok(found);
                    }
                    if is_full && window.length() > SHORTEST_SPLIT {
                        open.extend(window.halves());
                    } else {
                        found.is_cut |= is_full;
                    }
                }
                Err(failure) if is_too_deep(&failure) && limit > 1 => {
                    self.limit.set(limit / 2);
                    open.push(window);
                }
                Err(failure) if service.is_none() && wants_service(&failure) => return Err(ServiceRequired),
                Err(failure) => found.failures.push(failure),
            }
        }
        found.is_cut |= !open.is_empty();
        Ok(found)
    }

    /// The name that the server looks for; one with wildcards is looked for here.
    fn operation(&self) -> Option<&str> {
        let operations = &self.query.filters.operations;
        let only = if operations.len() == 1 { operations.first() } else { None };
        self.query.root.as_ref().or(only).and_then(Pattern::as_exact)
    }

    /// The attributes that the server looks for. All must be true of one span: those of the filter may be of another one
    /// than the root.
    fn tags(&self) -> Vec<(&str, &str)> {
        if self.query.root.is_some() {
            return vec![];
        }
        let tags = self.query.filters.tags.iter();
        tags.filter_map(|(key, value)| Some((key.as_str(), value.as_exact()?))).collect()
    }
}

/// The server wants a service to be named.
struct ServiceRequired;

/// By its whole or its short name.
fn is_service(pattern: Option<&Pattern>, service: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.matches(service) || pattern.matches(short_service(service)))
}

/// Whether a trace begins as wanted, and holds a span as wanted.
fn is_wanted(spans: &[Span], query: &RecentQuery) -> bool {
    let here: BTreeSet<SpanId> = spans.iter().map(|span| span.span_id).collect();
    let is_top = |span: &Span| span.parent_id.is_none_or(|parent| parent == span.span_id || !here.contains(&parent));
    let is_root = |span: &Span| {
        query.root.as_ref().is_none_or(|root| root.matches(&span.name))
            && is_service(query.root_service.as_ref(), span.service())
            && is_top(span)
    };
    spans.iter().any(is_root) && spans.iter().any(|span| query.filters.wants_span(span))
}

/// The traces that ended early enough.
fn settled(traces: &SpansByTrace, query: &RecentQuery) -> Vec<TraceId> {
    let ended = |spans: &[Span]| query.ended_before.is_none_or(|at| spans.iter().all(|span| span.end() < at));
    traces.0.iter().filter(|(_, spans)| ended(spans)).map(|(trace, _)| *trace).collect()
}

/// The newest journeys of these traces, and whether there are more. One of which any trace goes on is left out.
fn chosen(traces: SpansByTrace, query: &RecentQuery) -> (Vec<JourneyCandidate>, bool) {
    let settled: BTreeSet<TraceId> = settled(&traces, query).into_iter().collect();
    let of = |spans: Vec<Span>| subjects(&Evidence { spans, ..Evidence::default() }, &query.keys);
    let (done, going_on): (Vec<Span>, Vec<Span>) =
        traces.0.into_values().flatten().partition(|span| settled.contains(&span.trace_id));
    let going_on: BTreeSet<String> = of(going_on).into_iter().map(|one| one.subject.text).collect();
    let mut journeys = of(done);
    journeys.retain(|one| !going_on.contains(&one.subject.text));
    journeys.sort_by(|a, b| (Reverse(a.first), &a.subject.text).cmp(&(Reverse(b.first), &b.subject.text)));
    let more = journeys.len() > query.newest;
    journeys.truncate(query.newest);
    (journeys, more)
}
