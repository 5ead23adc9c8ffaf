//! Whole traces of each service in a window: the newest, or as many of each part of it. The limit is part of the question:
//! what is cut is noted, and the answer is complete.

mod look;
mod query;

use std::collections::HashSet;
use std::future::Future;

use crate::gather::backend_status;
use crate::gather::fetched::SpansByTrace;
use crate::gather::sources::Sources;
use crate::model::action::{Action, Limit, Narrowing};
use crate::model::advice::Advice;
use crate::model::basis::SampledService;
use crate::model::conventions::short_service;
use crate::model::evidence::{BackendStatus, Evidence, Note, NoteCode};
use crate::model::id::TraceId;
use crate::model::pattern::Pattern;
use crate::model::source::Source;
use crate::model::span::StatusCode;
use crate::query::Bounds;
use crate::report::text::counted;
use crate::source::failure::Failure;
use crate::source::role::{Role, SpanSource};
use crate::source::server::endpoint::Endpoint;
use crate::spelling::nearest;
use look::SampleLook;

pub(crate) use query::{SampleQuery, SampleSpread};

/// What came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sampled {
    /// Spans, how Jaeger did, and what is to be remarked.
    pub(crate) evidence: Evidence,
    /// How many traces of each service came with the first look, by name.
    pub(crate) services: Vec<SampledService>,
    /// What came with each look.
    pub(crate) looks: Vec<LookResult>,
    spread: SampleSpread,
}

/// What one look brought.
#[derive(Clone, Debug, Default)]
pub(crate) struct LookResult {
    /// Its traces.
    pub(crate) traces: HashSet<TraceId>,
    /// Of how many services there may be more.
    pub(crate) cut: usize,
}

impl Sampled {
    /// A note on the searches for errors, which follow `plain` other searches: that they were cut at this limit, or that
    /// the server has traces with errors and finds none by them, as Jaeger 2 with its memory storage.
    pub(crate) fn note_on_errors(&self, plain: usize, limit: usize) -> Option<Note> {
        let (plain, failed) = self.looks.split_at_checked(plain)?;
        let cut = failed.iter().map(|look| look.cut).max()?;
        let note = |said: String| Note::new(NoteCode::Sampled, Role::Spans.backend(), said);
        if cut > 0 {
            let newest = if self.spread == SampleSpread::Even { "" } else { "the newest " };
            let said = format!("errors of {} cut at {newest}{limit} traces with errors", counted(cut, "service"));
            return Some(
                note(said).with_actions([Action::Raise(Limit::Sample), Action::Advise(Advice::CountsAreAtLeast)]),
            );
        }
        let is_cut = plain.iter().any(|look| look.cut > 0) && failed.iter().all(|look| look.traces.is_empty());
        let fails = || self.evidence.spans.iter().any(|span| span.status.code == StatusCode::Error);
        let said = "this server finds no traces by their errors; those beyond the sample are not counted";
        (is_cut && fails()).then(|| note(said.to_owned()).with_actions([Action::Raise(Limit::Sample)]))
    }
}

/// Traces fetched at most because log lines name them: each is a request of its own. Chosen, not measured.
const MOST_NAMED: usize = 500;

/// Asks each service for its newest traces in several looks, then for the traces that are named and did not come. The
/// names may be searched for at the same time.
pub(crate) async fn samples(
    looks: &[SampleQuery],
    naming: impl Future<Output = Vec<TraceId>>,
    sources: &Sources<'_>,
) -> Sampled {
    let (backend, transport) = (Role::Spans.backend(), sources.transport);
    let spread = looks.first().map(|query| query.spread).unwrap_or_default();
    let mut sampled = Sampled { spread, ..Sampled::default() };
    let (Some(endpoint), Some(source)) = (sources.endpoint(Role::Spans), sources.spans()) else {
        naming.await;
        let said = format!("spans come from {}, which is left out", backend.as_str());
        sampled.evidence.note(Note::new(NoteCode::NotConfigured, backend, said));
        sampled.evidence.backends = vec![backend_status::left_out(backend)];
        return sampled;
    };
    sources.progress.say(format!("asking {} for traces of each service", backend.as_str()));
    let source = source.as_ref();
    let most = looks.first().map_or(Bounds::default(), |query| query.bounds).spans;
    let looking = async {
        source.connect().await?;
        if looks.iter().all(|query| query.bounds.requests == Bounds::default().requests) {
            let for_each = match spread {
                SampleSpread::Newest => 60,
                SampleSpread::Even => 240,
            };
            transport.allow_at_least(for_each * source.services().len());
        }
        let (mut came, mut room) = (vec![], most);
        for (at, query) in looks.iter().enumerate() {
            let look = look::look(source, query, room / (looks.len() - at)).await;
            room = room.saturating_sub(look.count);
            came.push(look);
        }
        Ok((came, room))
    };
    let (looked, named) = tokio::join!(looking, naming);
    let mut detail = String::new();
    let came = match looked {
        Ok((mut came, room)) => {
            source.api().clone_into(&mut detail);
            sampled.looks = came.iter().map(LookResult::new).collect();
            sampled.services = came.first().map(|look| look.services.clone()).unwrap_or_default();
            sampled.services.sort();
            sampled.evidence.notes.extend(unknown(looks, source));
            sampled.evidence.notes.extend(full(backend, looks, &came, most));
            let is_lacking = |id: &TraceId| !sampled.looks.iter().any(|look| look.traces.contains(id));
            let lacking: Vec<TraceId> = named.into_iter().filter(is_lacking).collect();
            let asked = first_or_spread(&lacking, spread);
            let of_lines = look::named(source, &asked, room).await;
            let unread = lacking.len() - asked.len() + of_lines.unasked;
            sampled.evidence.notes.extend(unfetched(backend, unread));
            came.push(of_lines);
            came
        }
        Err(failure) => vec![SampleLook::failed(failure)],
    };
    sampled.evidence.backends = vec![BackendStatus { detail, ..backend_status::asked(endpoint, transport) }];
    absorb(&mut sampled.evidence, came, looks, endpoint);
    sampled
}

/// As many as may be asked for: the first, or some of every part.
fn first_or_spread(named: &[TraceId], spread: SampleSpread) -> Vec<TraceId> {
    let step = match spread {
        SampleSpread::Newest => 1,
        SampleSpread::Even => named.len().div_ceil(MOST_NAMED).max(1),
    };
    named.iter().step_by(step).take(MOST_NAMED).copied().collect()
}

/// That there was no room for all that was wanted: the look with the least room tells.
fn full(backend: Source, looks: &[SampleQuery], came: &[SampleLook], most: usize) -> Option<Note> {
    let (fewer, unasked, limit) = came
        .iter()
        .zip(looks)
        .map(|(look, query)| (look.fewer, look.unasked, query.limit))
        .max_by_key(|(fewer, unasked, _)| (*unasked, *fewer))?;
    let less = (fewer > 0).then(|| format!("of {} fewer than {limit} traces", counted(fewer, "service")));
    let none = (unasked > 0).then(|| format!("of {} none", counted(unasked, "service")));
    let parts: Vec<String> = less.into_iter().chain(none).collect();
    let said = format!("at most {most} spans of {} services are read: {}", look::SERVICES, parts.join(", "));
    let actions = [Action::Raise(Limit::Spans), Action::Narrow(vec![Narrowing::Service, Narrowing::Time])];
    (!parts.is_empty()).then(|| Note::new(NoteCode::Sampled, backend, said).with_actions(actions))
}

/// That no service is called so, and which may have been meant.
fn unknown(looks: &[SampleQuery], source: &dyn SpanSource) -> Option<Note> {
    let known = source.services();
    let query = looks.first()?;
    let lost = query.filters.services.iter().find(|query| !known.iter().any(|name| is_called(query, name)))?;
    let names: Vec<&str> = known.iter().flat_map(|name| [name.as_str(), short_service(name)]).collect();
    let said = format!("no service is called {lost} here");
    match lost.as_exact() {
        _ if known.is_empty() => None,
        Some(name) if nearest(name, &names).is_some() => Some(unknown_name(source.backend(), &said, name, &names)),
        _ => {
            let code = if lost.as_exact().is_some() { NoteCode::UnknownName } else { NoteCode::Info };
            Some(Note::new(code, source.backend(), said).with_actions(Advice::KnownServices(known.to_vec())))
        }
    }
}

/// That nothing has this name, and which may have been meant: a slip must not look like silence.
pub(crate) fn unknown_name(source: Source, said: &str, name: &str, known: &[&str]) -> Note {
    let note = Note::new(NoteCode::UnknownName, source, said);
    match nearest(name, known) {
        Some(meant) => note.with_actions(Advice::DidYouMean(meant.to_owned())),
        None => note,
    }
}

fn is_called(query: &Pattern, name: &str) -> bool {
    query.matches(name) || query.matches(short_service(name))
}

/// That lines name more traces than were asked for.
fn unfetched(backend: Source, unread: usize) -> Option<Note> {
    let said = format!("{unread} traces that only lines name were not read");
    let actions = [Action::Narrow(vec![Narrowing::Service, Narrowing::Time])];
    (unread > 0).then(|| Note::new(NoteCode::Sampled, backend, said).with_actions(actions))
}

/// Takes in what came, and how Jaeger did.
fn absorb(evidence: &mut Evidence, came: Vec<SampleLook>, looks: &[SampleQuery], endpoint: &Endpoint) {
    let backend = endpoint.source;
    let mut traces = SpansByTrace::default();
    let mut failed: Option<Failure> = None;
    for look in came {
        for why in look.skipped {
            evidence.note(backend_status::advised(Note::new(NoteCode::Skipped, backend, why)));
        }
        for why in look.errors {
            let said = format!("{} says: {why}", backend.as_str());
            evidence.note(backend_status::advised(Note::new(NoteCode::Partial, backend, said)));
        }
        look.spans.0.into_values().for_each(|spans| traces.add(spans));
        failed = failed.or(look.failure);
    }
    evidence.spans = traces.0.into_values().flatten().collect();
    if let Some(failure) = &failed {
        evidence.note(backend_status::note_of(endpoint, failure));
    } else {
        looks.iter().for_each(|query| evidence.coverage.traces.add(query.window));
    }
    let items = evidence.spans.len();
    for status in &mut evidence.backends {
        status.items = items;
        if let Some(failure) = &failed {
            backend_status::failed(status, endpoint, failure);
        }
    }
    evidence.notes.sort();
}

impl LookResult {
    fn new(look: &SampleLook) -> Self {
        let cut = look.services.iter().filter(|service| service.cut).count();
        Self { traces: look.spans.0.keys().copied().collect(), cut }
    }
}
