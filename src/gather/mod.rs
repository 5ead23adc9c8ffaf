//! What to ask next, and asking: rounds of seeds, fan-out and joins to a fixed point. Async ends here.

pub(crate) mod alerts;
pub(crate) mod backend_status;
pub(crate) mod context_lines;
pub(crate) mod doctor;
pub(crate) mod fetched;
pub(crate) mod line_search;
pub mod lines;
pub(crate) mod message_consumers;
pub(crate) mod metric_families;
pub(crate) mod metric_status;
pub(crate) mod metrics;
pub(crate) mod phases;
pub mod recent_journeys;
pub(crate) mod rules;
pub(crate) mod sample;
mod service_lists;
pub(crate) mod service_metrics;
pub mod sources;
pub(crate) mod span_metrics;
pub(crate) mod traces;
pub mod wait;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::future::join_all;

use crate::model::action::{Action, Limit, Narrowing};
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode, Searched};
use crate::model::id::TraceId;
use crate::model::log::LineKey;
use crate::model::source::Source;
use crate::model::span::Span;
use crate::model::time::{DAY, HOUR, MINUTE, Window, Windows};
use crate::query::{Bounds, Query, TimeRange};
use crate::source::failure::{Failure, FailureKind, Received};
use crate::source::role::Role;
use crate::source::server::endpoint::Endpoint;
use crate::stitch::membership::{Membership, membership};
use fetched::{Fetched, SpansByTrace};
use lines::LineFetcher;
use metrics::PanelSubject;
use sources::Sources;
use traces::{SpanFetcher, Spelling};

/// Without a trace to narrow it, Loki looks further back than 6 h only while it promises to read less than 20 GB: a
/// single node reads about 1 GB/s, and a look-up should end within the default timeout of 30 s.
const MOST_BYTES: u64 = 20_000_000_000;

/// Everything that the backends know of the query's subject.
pub async fn gather(query: &Query, sources: &Sources<'_>) -> Evidence {
    if let Some(metrics) = sources.endpoint(Role::Metrics).filter(|endpoint| endpoint.configured) {
        sources.transport.reserve_time_for(metrics.source);
    }
    let mut gathering = Gathering::new(query, *sources);
    let members = gathering.find().await;
    let members = gathering.grow(members).await;
    let members = gathering.look_up(members).await;
    gathering.ask_lists(&members).await;
    gathering.ask_metrics(&members).await;
    sources.transport.release_reserved_time();
    gathering.finish()
}

/// Whether a backend was not asked.
type WasNotAsked = bool;

struct Gathering<'a> {
    query: &'a Query,
    sources: Sources<'a>,
    traces: Option<SpanFetcher<'a>>,
    lines: Option<LineFetcher<'a>>,
    /// Backends that never answered, and why.
    down: BTreeMap<Source, Failure>,
    /// Backends that wanted a person to act, whatever else they gave.
    refused: BTreeSet<Source>,
    /// Backends that were still answering when the command was asked to end.
    cut: BTreeSet<Source>,
    /// What failed of backends that gave something; what was not even asked stands last.
    failed: BTreeMap<(Source, NoteCode), BTreeSet<(WasNotAsked, Note)>>,
    evidence: Evidence,
    seen_lines: HashSet<LineKey>,
    /// Traces that were asked for by ID.
    fetched: BTreeSet<TraceId>,
    /// Traces whose lines were asked for.
    lines_of: BTreeSet<TraceId>,
    /// The ID under which things were last asked; a trace ID may lead on to one.
    searched_id: Option<String>,
}

impl<'a> Gathering<'a> {
    fn new(query: &'a Query, sources: Sources<'a>) -> Self {
        let streams = sources.backends.streams.clone();
        let lines = sources.logs().map(|source| LineFetcher::new(source, query, streams));
        Self {
            query,
            sources,
            traces: None,
            lines,
            down: BTreeMap::new(),
            refused: BTreeSet::new(),
            cut: BTreeSet::new(),
            failed: BTreeMap::new(),
            evidence: Evidence::default(),
            seen_lines: HashSet::new(),
            fetched: BTreeSet::new(),
            lines_of: BTreeSet::new(),
            searched_id: query.subject.as_correlation.then(|| query.subject.text.clone()),
        }
    }

    /// Wider and wider windows until something is found. A line alone does not end the search for spans: it may be a
    /// log line about the very search of this ID.
    async fn find(&mut self) -> Membership {
        let ladder = self.query.time.ladder(self.query.now);
        let first = ladder[0];
        self.sources.progress.say(format!(
            "asking {} and {}",
            Role::Spans.backend().as_str(),
            Role::Logs.backend().as_str()
        ));
        let (jaeger, lines) = tokio::join!(self.connect_and_search(first), self.lines_by_id(first));
        if let Some((traces, fetched)) = jaeger {
            self.traces = traces;
            if self.searched_id.is_some() && fetched.failures.is_empty() {
                self.evidence.coverage.traces.add(first);
            }
            self.fetched.extend(self.query.subject.as_trace);
            self.take(fetched);
        }
        self.take_lines(lines, first);
        let mut members = self.follow().await;
        for window in &ladder[1..] {
            if !members.traces.is_empty() || self.traces.is_none() || self.is_over() {
                break;
            }
            self.sources.progress.say("nothing yet; looking further back");
            self.search_traces(*window, Spelling::AsGiven).await;
            members = self.follow().await;
        }
        if members.traces.is_empty() {
            self.search_traces(ladder[ladder.len() - 1], Spelling::Escaped).await;
            members = self.follow().await;
        }
        self.find_lines_alone(&ladder, members).await
    }

    /// With no trace found, Loki looks further back by itself; what it finds tells Jaeger when to look.
    async fn find_lines_alone(&mut self, ladder: &[Window], mut members: Membership) -> Membership {
        for (step, window) in ladder.iter().enumerate().skip(1) {
            if !members.is_empty() || self.lines.is_none() || self.is_over() {
                break;
            }
            if let Some(why) = self.too_much(*window).await.filter(|_| step > 1 && !self.is_over()) {
                let message =
                    format!("lines from before {} were not looked for: {why}", ladder[step - 1].from.rfc3339());
                let note = Note::new(NoteCode::BoundReached, Role::Logs.backend(), message);
                self.evidence.note(note.with_actions([Action::Narrow(vec![Narrowing::Time])]));
                break;
            }
            self.search_lines(*window).await;
            members = self.follow().await;
        }
        members
    }

    /// Why a look at all lines of this window is not ventured.
    async fn too_much(&self, window: Window) -> Option<String> {
        match self.lines.as_ref()?.bytes(window).await {
            Some(bytes) if bytes < MOST_BYTES => None,
            Some(bytes) => Some(format!("that would read {} GB", bytes / 1_000_000_000)),
            None => Some("the server does not tell how much that would read".to_owned()),
        }
    }

    /// The first look: by the ID over a time, and by its being a trace ID. None where Jaeger is left out.
    async fn connect_and_search(&self, window: Window) -> Option<(Option<SpanFetcher<'a>>, Fetched)> {
        let source = self.sources.spans()?;
        if let Err(failure) = source.connect().await {
            return Some((None, Fetched::failed(source.backend(), failure)));
        }
        let traces = SpanFetcher::new(source, self.query);
        if self.query.bounds.requests == Bounds::default().requests {
            self.sources.transport.allow_at_least(60 * traces.services().len());
        }
        let by_tag = async {
            match &self.searched_id {
                Some(id) => traces.search(id, window, Spelling::AsGiven).await,
                None => Fetched::default(),
            }
        };
        let by_id = async {
            match self.query.subject.as_trace {
                Some(id) => traces.fetch(&[id]).await,
                None => Fetched::default(),
            }
        };
        let (by_tag, mut by_id) = tokio::join!(by_tag, by_id);
        if self.query.subject.as_correlation {
            by_id.not_stored.clear();
        }
        let fetched = traces.with_recorded_times(Fetched::all([by_tag, by_id])).await;
        Some((Some(traces), fetched))
    }

    async fn lines_by_id(&self, window: Window) -> Option<Fetched> {
        let lines = self.lines.as_ref()?;
        match (&self.searched_id, self.query.subject.as_trace) {
            (Some(id), _) => Some(lines.by_id(id, window).await),
            (None, Some(trace)) => Some(lines.by_id(&trace.to_string(), window).await),
            (None, None) => None,
        }
    }

    /// Asks Jaeger for what of this window it was not asked yet in this spelling.
    async fn search_traces(&mut self, window: Window, spelling: Spelling) {
        let (Some(traces), Some(id)) = (&self.traces, &self.searched_id) else { return };
        let pieces = match spelling {
            Spelling::AsGiven => self.evidence.coverage.traces.missing(window),
            Spelling::Escaped if !traces.needs_escaping(id) => return,
            Spelling::Escaped => vec![window],
        };
        let parts = join_all(pieces.into_iter().map(|piece| traces.search(id, piece, spelling))).await;
        let fetched = traces.with_recorded_times(Fetched::all(parts)).await;
        if fetched.failures.is_empty() {
            self.evidence.coverage.traces.add(window);
        }
        self.take(fetched);
    }

    /// Asks Loki for what of this window it was not asked yet.
    async fn search_lines(&mut self, window: Window) {
        let known: Vec<TraceId> = self.lines_of.iter().copied().collect();
        for piece in self.evidence.coverage.logs.missing(window) {
            let (by_id, by_traces) = tokio::join!(self.lines_by_id(piece), self.lines_of_traces(&known, piece));
            self.take_lines(by_id, piece);
            self.take(by_traces);
        }
    }

    async fn lines_of_traces(&self, traces: &[TraceId], window: Window) -> Fetched {
        match self.lines.as_ref().filter(|_| !traces.is_empty()) {
            Some(lines) => lines.by_traces(traces, window).await,
            None => Fetched::default(),
        }
    }

    /// Follows what the evidence names until nothing new is named: traces by ID, lines by trace, an ID that a trace
    /// carries. Tells what belongs in the end.
    async fn follow(&mut self) -> Membership {
        let mut round = 0;
        loop {
            let members = self.members();
            let wanted: Vec<TraceId> =
                members.not_fetched.iter().copied().filter(|t| !self.fetched.contains(t)).collect();
            let known: Vec<TraceId> =
                members.traces.keys().chain(&wanted).copied().filter(|t| !self.lines_of.contains(t)).collect();
            let new_id = members.correlation_id.clone().filter(|id| self.searched_id.as_ref() != Some(id));
            if wanted.is_empty() && known.is_empty() && new_id.is_none() || self.is_over() {
                return members;
            }
            if round == self.query.bounds.rounds {
                let message = format!("leads were followed for {round} rounds; more are open");
                self.evidence
                    .note(Note::general(NoteCode::BoundReached, message).with_actions([Action::Raise(Limit::Rounds)]));
                return members;
            }
            round += 1;
            if let Some(id) = new_id {
                self.follow_id(id, &members).await;
                continue;
            }
            self.sources.progress.say(format!("following {} traces", wanted.len() + known.len()));
            let some = self.within_bounds(&wanted, &members);
            let window = self.lines_window(&members);
            let (spans, lines) = tokio::join!(self.fetch(&some), self.lines_of_traces(&known, window));
            self.fetched.extend(&wanted);
            self.lines_of.extend(&known);
            self.take(spans);
            self.take(lines);
        }
    }

    /// The asked trace carries a correlation ID: everything is asked for that too.
    async fn follow_id(&mut self, id: String, members: &Membership) {
        self.searched_id = Some(id);
        let asked = self.query.time.ladder(self.query.now)[0];
        let window = match self.extent(members) {
            Some(extent) if self.query.time.may_grow() => self.edges(extent),
            _ => asked,
        };
        self.evidence.coverage = Searched::default();
        self.search_traces(window, Spelling::AsGiven).await;
        self.search_lines(window).await;
    }

    async fn fetch(&self, wanted: &[TraceId]) -> Fetched {
        match &self.traces {
            Some(traces) => traces.with_recorded_times(traces.fetch(wanted).await).await,
            None => Fetched::default(),
        }
    }

    /// As many of these traces as the journey may still have.
    fn within_bounds(&mut self, wanted: &[TraceId], members: &Membership) -> Vec<TraceId> {
        let most = self.query.bounds.traces;
        let room = most.saturating_sub(members.traces.len());
        if wanted.len() > room {
            let message = format!("more than {most} traces belong to this journey; the rest was not fetched");
            self.evidence.note(
                Note::new(NoteCode::BoundReached, Role::Spans.backend(), message)
                    .with_actions([Action::Raise(Limit::Traces)]),
            );
        }
        wanted[..wanted.len().min(room)].to_vec()
    }

    /// How far beyond its edges a journey of this length is looked for.
    fn edges(&self, extent: Window) -> Window {
        let pad = if self.query.time.may_grow() { extent.length().clamp(10 * MINUTE, HOUR) } else { 0 };
        let wide = extent.padded(pad, pad);
        Window::new(wide.from, wide.to.min(self.query.now.plus(1)).max(wide.from.plus(1)))
    }

    /// Where lines of the journey's traces are looked for: around what was found, and in the window that was asked for.
    fn lines_window(&self, members: &Membership) -> Window {
        let asked = self.query.time.ladder(self.query.now)[0];
        match self.extent(members).map(|extent| self.edges(extent)) {
            Some(around) if self.query.time.may_grow() => around,
            Some(around) => around.hull(asked),
            None => asked,
        }
    }

    /// Asks beyond the edges of what was found until nothing new appears there.
    async fn grow(&mut self, mut members: Membership) -> Membership {
        for _ in 0..self.query.bounds.rounds {
            let Some(extent) = self.extent(&members) else { return members };
            let wide = self.edges(extent);
            let open = |asked: &Windows| !asked.missing(wide).is_empty();
            let wants_lines = self.lines.is_some() && open(&self.evidence.coverage.logs);
            let wants_traces =
                self.traces.is_some() && self.query.time.may_grow() && open(&self.evidence.coverage.traces);
            if !wants_lines && !wants_traces || self.is_over() {
                return members;
            }
            self.sources.progress.say("looking around what was found");
            if wants_traces {
                self.search_traces(wide, Spelling::AsGiven).await;
            }
            if wants_lines {
                self.search_lines(wide).await;
            }
            members = self.follow().await;
            if self.extent(&members) == Some(extent) {
                return members;
            }
        }
        let message = format!("the journey still grew after {} rounds of looking around", self.query.bounds.rounds);
        self.evidence.note(Note::general(NoteCode::BoundReached, message).with_actions([Action::Raise(Limit::Rounds)]));
        members
    }

    async fn ask_metrics(&mut self, members: &Membership) {
        let Some(source) = self.sources.metrics().filter(|_| !self.is_over()) else { return };
        self.sources.progress.say(format!("asking {}", source.backend().as_str()));
        let fetched = match self.extent(members) {
            Some(extent) => metrics::gather(source.as_ref(), self.query, &self.about(members), extent).await,
            None => match source.ping().await {
                Ok(()) => Fetched::default(),
                Err(failure) => Fetched::failed(source.backend(), failure),
            },
        };
        self.take(fetched);
    }

    /// What a panel may ask about.
    fn about(&self, members: &Membership) -> PanelSubject {
        let spans = self.evidence.spans.iter().filter(|span| members.traces.contains_key(&span.trace_id));
        let lines = self.evidence.logs.iter().zip(&members.lines).filter(|(_, why)| why.is_some());
        let services = spans.map(Span::service).chain(lines.map(|(line, _)| line.service.as_str()));
        PanelSubject {
            services: services.filter(|service| !service.is_empty()).map(str::to_owned).collect(),
            id: members.correlation_id.clone().unwrap_or_else(|| self.query.subject.text.clone()),
        }
    }

    fn members(&self) -> Membership {
        membership(&self.evidence, self.query)
    }

    /// From the first to the last instant of what belongs. Clocks that are years off do not decide where to look.
    fn extent(&self, members: &Membership) -> Option<Window> {
        let near = match self.query.time {
            TimeRange::Explicit(window) => window.padded(DAY, DAY),
            _ => Window::new(self.query.now.plus(-31 * DAY), self.query.now.plus(DAY)),
        };
        let spans =
            self.evidence.spans.iter().filter(|s| members.traces.contains_key(&s.trace_id) && s.has_sane_time());
        let lines = self.evidence.logs.iter().zip(&members.lines).filter(|(_, why)| why.is_some());
        let lines = lines.map(|(line, _)| Window::new(line.time, line.time.plus(1)));
        spans.map(Span::window).chain(lines).filter(|w| near.contains(w.from)).reduce(Window::hull)
    }

    fn take(&mut self, fetched: Fetched) {
        self.evidence.spans.retain(|span| !fetched.replaced.contains(&span.trace_id));
        let mut spans = SpansByTrace::default();
        spans.add(self.evidence.spans.extract_if(.., |s| fetched.spans.0.contains_key(&s.trace_id)).collect());
        fetched.spans.0.into_values().for_each(|answer| spans.add(answer));
        self.evidence.spans.extend(spans.0.into_values().flatten());
        self.evidence.not_stored.extend(fetched.not_stored);
        for line in fetched.logs {
            if self.seen_lines.insert(LineKey::new(&line)) {
                self.evidence.logs.push(line);
            }
        }
        self.evidence.alerts.extend(fetched.alerts);
        self.evidence.exemplars.extend(fetched.exemplars);
        self.evidence.panels.extend(fetched.panels);
        fetched.metrics_window.into_iter().for_each(|window| self.evidence.coverage.metrics.add(window));
        fetched.notes.into_iter().for_each(|note| self.evidence.note(backend_status::advised(note)));
        fetched.failures.into_iter().for_each(|(source, failure)| self.fail(source, failure));
        self.keep_within_bounds();
    }

    /// Whether the command was asked to end: nothing further is begun.
    fn is_over(&self) -> bool {
        self.sources.transport.interrupted().is_some()
    }

    /// A backend that never answered is down and is not asked again; of any other only this part is missing.
    fn fail(&mut self, source: Source, failure: Failure) {
        if failure.kind == FailureKind::Interrupted {
            self.cut.insert(source);
            return;
        }
        let Some(role) = Role::ALL.into_iter().find(|role| role.backend() == source) else { return };
        let is_default = self.sources.endpoint(role).is_some_and(|endpoint| !endpoint.configured);
        let is_known = match role {
            Role::Spans => self.traces.is_some(),
            Role::Logs => !self.evidence.logs.is_empty() || !self.evidence.coverage.logs.is_empty(),
            Role::Metrics => !self.evidence.coverage.metrics.is_empty(),
        };
        let is_not_this_backend = is_default && !is_known && backend_status::is_not_this_backend(failure.kind);
        if !is_not_this_backend && matches!(failure.kind, FailureKind::ActionNeeded | FailureKind::NoSuchApi) {
            self.refused.insert(source);
        }
        if !is_not_this_backend && self.sources.transport.has_answered(source) {
            let note = failure.note(source);
            self.failed.entry((source, note.code)).or_default().insert((!failure.was_sent, note));
            return;
        }
        match role {
            Role::Spans => self.traces = None,
            Role::Logs => self.lines = None,
            Role::Metrics => {}
        }
        self.down.entry(source).or_insert(failure);
    }

    fn keep_within_bounds(&mut self) {
        let Bounds { spans, lines, .. } = self.query.bounds;
        if self.evidence.spans.len() > spans {
            self.evidence.spans.truncate(spans);
            let message = format!("more than {spans} spans; the rest was dropped");
            self.evidence.note(
                Note::new(NoteCode::BoundReached, Role::Spans.backend(), message)
                    .with_actions([Action::Raise(Limit::Spans)]),
            );
        }
        if self.evidence.logs.len() > lines {
            self.evidence.logs.sort_by_key(|line| line.time);
            self.evidence.logs.truncate(lines);
            let message = format!("more than {lines} lines; the rest was dropped");
            self.evidence.note(
                Note::new(NoteCode::BoundReached, Role::Logs.backend(), message)
                    .with_actions([Action::Raise(Limit::Lines)]),
            );
        }
    }

    /// Takes what Loki gave for the ID itself: the window is covered if nothing of it failed.
    fn take_lines(&mut self, found: Option<Fetched>, window: Window) {
        let Some(fetched) = found else { return };
        if fetched.failures.is_empty() {
            self.evidence.coverage.logs.add(window);
        } else {
            self.lines = None;
        }
        self.take(fetched);
    }

    /// How each backend did, as notes and as statuses.
    fn finish(mut self) -> Evidence {
        std::mem::take(&mut self.failed).into_values().for_each(|notes| self.note_first(notes));
        let mut statuses = Vec::new();
        for role in Role::ALL {
            let Some(endpoint) = self.sources.endpoint(role) else {
                statuses.push(backend_status::left_out(role.backend()));
                continue;
            };
            statuses.push(self.status(role, endpoint));
            if let Some(failure) = self.down.get(&endpoint.source) {
                let note = backend_status::note_of(endpoint, failure);
                self.evidence.note(note);
            }
        }
        backend_status::no_backend(&statuses).into_iter().for_each(|note| self.evidence.note(note));
        if let Some(failure) = self.sources.transport.interrupted() {
            let answered = statuses.iter().any(|backend| self.sources.transport.has_answered(backend.name));
            self.evidence.note(failure.interruption(if answered { Received::Something } else { Received::Nothing }));
        }
        self.evidence.backends = statuses;
        self.evidence.notes.sort();
        self.evidence
    }

    /// One sick backend fails in many words: the first are enough, and those of its breaker only where there are no others.
    fn note_first(&mut self, notes: BTreeSet<(WasNotAsked, Note)>) {
        let many = notes.iter().filter(|(was_not_asked, _)| !was_not_asked).count() > 1;
        if let Some((_, mut note)) = notes.into_iter().next() {
            if many {
                note.message += "; and in other ways (-v tells)";
            }
            self.evidence.note(note);
        }
    }

    fn status(&self, role: Role, endpoint: &Endpoint) -> BackendStatus {
        let mut status = backend_status::asked(endpoint, self.sources.transport);
        (status.items, status.detail) = match role {
            Role::Spans => {
                (self.evidence.spans.len(), self.traces.as_ref().map(SpanFetcher::detail).unwrap_or_default())
            }
            Role::Logs => (self.evidence.logs.len(), String::new()),
            Role::Metrics => (self.evidence.alerts.len(), String::new()),
        };
        let of_it = |note: &&Note| note.source == Some(endpoint.source) && note.code.is_incomplete();
        if let Some(failure) = self.down.get(&endpoint.source) {
            backend_status::failed(&mut status, endpoint, failure);
        } else if let Some(note) = self.evidence.notes.iter().find(of_it) {
            let refused = self.refused.contains(&endpoint.source);
            let state = if refused { BackendState::Refused } else { BackendState::Partial };
            backend_status::lacking(&mut status, state, note);
        } else if let Some(failure) = self.sources.transport.interrupted() {
            let has_answered = self.sources.transport.has_answered(endpoint.source);
            if self.cut.contains(&endpoint.source) || !has_answered {
                status.state = if has_answered { BackendState::Partial } else { BackendState::Unreachable };
                status.error = failure.message;
            }
        }
        status
    }
}
