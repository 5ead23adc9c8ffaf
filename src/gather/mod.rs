//! What to ask next, and asking: rounds of seeds, fan-out and joins to a fixed point. Async ends here.

pub mod around;
pub mod doctor;
pub mod lines;
pub mod metrics;
pub mod traces;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::backend::failure::{Failure, FailureKind};
use crate::backend::jaeger::Jaeger;
use crate::backend::loki::Loki;
use crate::backend::prometheus::Prometheus;
use crate::backend::transport::{Transport, shown};
use crate::backend::{Backends, Endpoint};
use crate::model::evidence::{BackendState, BackendStatus, Coverage, Evidence, Note, NoteCode, Source};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::log::LogEntry;
use crate::model::metric::{Alert, Exemplar, Panel};
use crate::model::span::{Span, SpanKind};
use crate::model::time::{HOUR, MINUTE, Timestamp, Window, Windows};
use crate::progress::Progress;
use crate::query::Query;
use crate::stitch::membership::{Membership, membership};
use crate::stitch::stitch;
use lines::{LineKey, LineSource};
use traces::TraceSource;

/// Alone, Loki looks further back than 6 h only while it promises to read less than this: 20 GB.
const MOST_BYTES: u64 = 20_000_000_000;

/// What one step brought.
#[derive(Default)]
pub struct Haul {
    spans: SpansByTrace,
    logs: Vec<LogEntry>,
    alerts: Vec<Alert>,
    exemplars: Vec<Exemplar>,
    panels: Vec<Panel>,
    not_stored: Vec<TraceId>,
    notes: Vec<Note>,
    metrics_window: Option<Window>,
}

impl Haul {
    fn note(note: Note) -> Self {
        Self { notes: vec![note], ..Self::default() }
    }

    fn absorb(&mut self, other: Self) {
        for spans in other.spans.0.into_values() {
            self.spans.add(spans);
        }
        self.logs.extend(other.logs);
        self.not_stored.extend(other.not_stored);
        self.notes.extend(other.notes);
    }
}

/// Spans of several answers. The same trace comes again and again, once for every service that is asked: a span is
/// kept as often as the answer has it that has it most often, so that only repeats in the storage stay repeats.
#[derive(Default)]
pub struct SpansByTrace(BTreeMap<TraceId, Vec<Span>>);

impl SpansByTrace {
    /// Adds one answer.
    fn add(&mut self, answer: Vec<Span>) {
        let mut known: HashMap<_, usize> = HashMap::new();
        for span in
            answer.iter().map(|s| s.trace_id).collect::<BTreeSet<_>>().iter().filter_map(|t| self.0.get(t)).flatten()
        {
            *known.entry(span_key(span)).or_default() += 1;
        }
        for span in answer {
            match known.get_mut(&span_key(&span)) {
                Some(times) if *times > 0 => *times -= 1,
                _ => self.0.entry(span.trace_id).or_default().push(span),
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Span> {
        self.0.values().flatten()
    }
}

fn span_key(span: &Span) -> (TraceId, SpanId, SpanKind, Timestamp, i64, String) {
    (span.trace_id, span.span_id, span.kind, span.start, span.duration_ns, span.name.clone())
}

/// Everything that the backends know of the query's subject.
pub async fn gather(query: &Query, backends: &Backends, transport: &Transport, progress: &Progress) -> Evidence {
    let mut gathering = Gathering::new(query, backends, transport, progress);
    gathering.find().await;
    gathering.grow().await;
    gathering.ask_metrics().await;
    gathering.finish()
}

struct Gathering<'a> {
    query: &'a Query,
    backends: &'a Backends,
    transport: &'a Transport,
    progress: &'a Progress,
    traces: Option<TraceSource<'a>>,
    lines: Option<LineSource<'a>>,
    down: Vec<(Source, Failure)>,
    evidence: Evidence,
    seen_lines: std::collections::HashSet<LineKey>,
    /// Traces that were asked for by ID.
    fetched: BTreeSet<TraceId>,
    /// Traces whose lines were asked for.
    lines_of: BTreeSet<TraceId>,
    /// The ID under which things were last asked; a trace ID may lead on to one.
    searched_id: Option<String>,
}

impl<'a> Gathering<'a> {
    fn new(query: &'a Query, backends: &'a Backends, transport: &'a Transport, progress: &'a Progress) -> Self {
        let lines = backends
            .loki
            .as_ref()
            .map(|endpoint| LineSource::new(Loki::new(transport, endpoint), query, backends.loki_selector.clone()));
        Self {
            query,
            backends,
            transport,
            progress,
            traces: None,
            lines,
            down: Vec::new(),
            evidence: Evidence::default(),
            seen_lines: std::collections::HashSet::new(),
            fetched: BTreeSet::new(),
            lines_of: BTreeSet::new(),
            searched_id: query.subject.as_correlation.then(|| query.subject.text.clone()),
        }
    }

    /// Wider and wider windows until something is found.
    async fn find(&mut self) {
        let ladder = self.query.time.ladder(self.query.now);
        let first = ladder[0];
        self.progress.say("asking jaeger and loki");
        let (jaeger, lines) = tokio::join!(self.connect_and_search(first), self.lines_by_id(first));
        match jaeger {
            Ok((traces, haul)) => {
                self.traces = Some(traces);
                self.evidence.coverage.traces.add(first);
                self.take(haul);
            }
            Err(None) => {}
            Err(Some(failure)) => self.down.push((Source::Jaeger, failure)),
        }
        self.take_lines(lines, Some(first));
        self.follow().await;
        for window in &ladder[1..] {
            if !self.members().is_empty() || self.traces.is_none() {
                break;
            }
            self.progress.say("nothing yet; looking further back");
            self.search_traces(*window).await;
            self.follow().await;
        }
        self.find_lines_alone(&ladder).await;
    }

    /// With no trace found, Loki looks further back by itself; what it finds tells Jaeger when to look.
    async fn find_lines_alone(&mut self, ladder: &[Window]) {
        for (step, window) in ladder.iter().enumerate().skip(1) {
            if !self.members().is_empty() || self.lines.is_none() {
                return;
            }
            if step > 1 && !self.promises_little(*window).await {
                let message = format!(
                    "lines older than {} were not looked for: too much to read",
                    ladder[step - 1].from.rfc3339()
                );
                self.evidence.note(
                    Note::new(NoteCode::BoundReached, Source::Loki, message)
                        .hint("narrow the time with --start and --end"),
                );
                return;
            }
            self.search_lines(*window).await;
            self.follow().await;
        }
    }

    async fn promises_little(&self, window: Window) -> bool {
        match &self.lines {
            Some(lines) => lines.bytes(window).await.is_some_and(|bytes| bytes < MOST_BYTES),
            None => false,
        }
    }

    async fn connect_and_search(&self, window: Window) -> Result<(TraceSource<'a>, Haul), Option<Failure>> {
        let endpoint = self.backends.jaeger.as_ref().ok_or(None)?;
        let jaeger = Jaeger::connect(self.transport, endpoint, self.backends.jaeger_api).await.map_err(Some)?;
        let traces = TraceSource::new(jaeger, self.query);
        self.transport.allow_at_least(60 * traces.services().len());
        let by_id = self.query.subject.as_trace;
        let (mut haul, fetched) = tokio::join!(
            async {
                match &self.searched_id {
                    Some(id) => traces.search(id, window).await,
                    None => Haul::default(),
                }
            },
            async {
                match by_id {
                    Some(id) => traces.fetch(&[id]).await,
                    None => Haul::default(),
                }
            }
        );
        let trace_was_a_guess = self.searched_id.is_some();
        haul.absorb(Haul {
            not_stored: if trace_was_a_guess { vec![] } else { fetched.not_stored.clone() },
            ..fetched
        });
        let haul = traces.with_recorded_times(haul).await;
        Ok((traces, haul))
    }

    async fn lines_by_id(&self, window: Window) -> Option<Result<Haul, Failure>> {
        let lines = self.lines.as_ref()?;
        match (&self.searched_id, self.query.subject.as_trace) {
            (Some(id), _) => Some(lines.by_id(id, window).await),
            (None, Some(trace)) => Some(lines.by_id(&trace.to_string(), window).await),
            (None, None) => None,
        }
    }

    /// Asks Jaeger for what of this window it was not asked yet.
    async fn search_traces(&mut self, window: Window) {
        let (Some(traces), Some(id)) = (&self.traces, &self.searched_id) else { return };
        let mut haul = Haul::default();
        for piece in self.evidence.coverage.traces.missing(window) {
            haul.absorb(traces.search(id, piece).await);
        }
        let haul = traces.with_recorded_times(haul).await;
        self.evidence.coverage.traces.add(window);
        self.take(haul);
    }

    /// Asks Loki for what of this window it was not asked yet.
    async fn search_lines(&mut self, window: Window) {
        for piece in self.evidence.coverage.logs.missing(window) {
            let found = self.lines_by_id(piece).await;
            self.take_lines(found, Some(piece));
            let traces: Vec<TraceId> = self.lines_of.iter().copied().collect();
            self.lines_of_traces(&traces, piece).await;
        }
    }

    async fn lines_of_traces(&mut self, traces: &[TraceId], window: Window) {
        if let Some(lines) = self.lines.as_ref().filter(|_| !traces.is_empty()) {
            let found = lines.by_traces(traces, window).await;
            self.take_lines(Some(found), None);
        }
    }

    /// Follows what the evidence names until nothing new is named: traces by ID, lines by trace, an ID that a trace carries.
    async fn follow(&mut self) {
        for round in 0..=self.query.bounds.rounds {
            let members = self.members();
            let wanted: Vec<TraceId> = members.wanted.iter().copied().filter(|t| !self.fetched.contains(t)).collect();
            let known: Vec<TraceId> =
                members.traces.keys().chain(&wanted).copied().filter(|t| !self.lines_of.contains(t)).collect();
            let new_id = members.correlation_id.clone().filter(|id| self.searched_id.as_ref() != Some(id));
            if wanted.is_empty() && known.is_empty() && new_id.is_none() {
                return;
            }
            if round == self.query.bounds.rounds {
                self.evidence.note(Note::general(
                    NoteCode::BoundReached,
                    format!("leads were followed for {round} rounds; more are open"),
                ));
                return;
            }
            if let Some(id) = new_id {
                self.follow_id(id).await;
                continue;
            }
            self.progress.say(format!("following {} traces", wanted.len() + known.len()));
            self.fetch(&wanted, &members).await;
            self.lines_of.extend(&known);
            let window = self.lines_window();
            self.lines_of_traces(&known, window).await;
        }
    }

    /// The asked trace carries a correlation ID: everything is asked for that too.
    async fn follow_id(&mut self, id: String) {
        self.searched_id = Some(id);
        let extent = self.extent(&self.members()).unwrap_or(self.query.time.ladder(self.query.now)[0]);
        let window = extent.padded(10 * MINUTE, 10 * MINUTE);
        self.evidence.coverage = Coverage::default();
        self.search_traces(window).await;
        self.search_lines(window).await;
    }

    async fn fetch(&mut self, wanted: &[TraceId], members: &Membership) {
        let Some(traces) = &self.traces else {
            self.fetched.extend(wanted);
            return;
        };
        let room = self.query.bounds.traces.saturating_sub(members.traces.len());
        if wanted.len() > room {
            let message = format!(
                "more than {} traces belong to this journey; the rest was not fetched",
                self.query.bounds.traces
            );
            self.evidence.note(Note::new(NoteCode::BoundReached, Source::Jaeger, message).hint("raise --max-traces"));
        }
        let some = &wanted[..wanted.len().min(room)];
        let haul = traces.fetch(some).await;
        let haul = traces.with_recorded_times(haul).await;
        self.fetched.extend(wanted);
        self.take(haul);
    }

    /// How far beyond its edges a journey of this length is looked for.
    fn edges(&self, extent: Window) -> Window {
        let pad = if self.query.time.may_grow() { extent.length().clamp(10 * MINUTE, HOUR) } else { 0 };
        let wide = extent.padded(pad, pad);
        Window::new(wide.from, wide.to.min(self.query.now.plus(1)).max(wide.from.plus(1)))
    }

    /// Where lines of the journey's traces are looked for: around what was found, and in the window that was asked for.
    fn lines_window(&self) -> Window {
        let asked = self.query.time.ladder(self.query.now)[0];
        match self.extent(&self.members()).map(|extent| self.edges(extent)) {
            Some(around) if self.query.time.may_grow() => around,
            Some(around) => around.hull(asked),
            None => asked,
        }
    }

    /// Asks beyond the edges of what was found until nothing new appears there.
    async fn grow(&mut self) {
        for _ in 0..self.query.bounds.rounds {
            let Some(extent) = self.extent(&self.members()) else { return };
            let wide = self.edges(extent);
            let open = |asked: &Windows| !asked.missing(wide).is_empty();
            let wants_lines = self.lines.is_some() && open(&self.evidence.coverage.logs);
            let wants_traces =
                self.traces.is_some() && self.query.time.may_grow() && open(&self.evidence.coverage.traces);
            if !wants_lines && !wants_traces {
                return;
            }
            self.progress.say("looking around what was found");
            if wants_traces {
                self.search_traces(wide).await;
            }
            if wants_lines {
                self.search_lines(wide).await;
            }
            self.follow().await;
            if self.extent(&self.members()) == Some(extent) {
                return;
            }
        }
    }

    async fn ask_metrics(&mut self) {
        let Some(endpoint) = &self.backends.prometheus else { return };
        self.progress.say("asking prometheus");
        let prometheus = Prometheus::new(self.transport, endpoint);
        let journey = self.journey();
        if journey.is_empty() {
            if let Err(failure) = prometheus.version().await {
                self.down.push((Source::Prometheus, failure));
            }
            return;
        }
        let haul = metrics::gather(&prometheus, self.query, &journey).await;
        self.evidence.alerts = haul.alerts;
        self.evidence.exemplars = haul.exemplars;
        self.evidence.panels = haul.panels;
        haul.metrics_window.into_iter().for_each(|window| self.evidence.coverage.metrics.add(window));
        haul.notes.into_iter().for_each(|note| self.evidence.note(note));
    }

    fn journey(&self) -> Journey {
        stitch(self.evidence.clone(), self.query)
    }

    fn members(&self) -> Membership {
        membership(&self.evidence, self.query)
    }

    /// From the first to the last instant of what belongs.
    fn extent(&self, members: &Membership) -> Option<Window> {
        let spans =
            self.evidence.spans.iter().filter(|s| members.traces.contains_key(&s.trace_id) && s.has_sane_time());
        let lines = self.evidence.logs.iter().zip(&members.lines).filter(|(_, why)| why.is_some());
        spans
            .map(Span::window)
            .chain(lines.map(|(line, _)| Window::new(line.time, line.time.plus(1))))
            .reduce(Window::hull)
    }

    fn take(&mut self, haul: Haul) {
        for (trace, spans) in haul.spans.0 {
            let mut known = SpansByTrace::default();
            known.add(self.evidence.spans.extract_if(.., |s| s.trace_id == trace).collect());
            known.add(spans);
            self.evidence.spans.extend(known.0.into_values().flatten());
        }
        self.evidence.not_stored.extend(haul.not_stored);
        for line in haul.logs {
            if self.seen_lines.insert(LineKey::of(&line)) {
                self.evidence.logs.push(line);
            }
        }
        haul.notes.into_iter().for_each(|note| self.evidence.note(note));
        if self.evidence.spans.len() > self.query.bounds.spans {
            let message = format!("more than {} spans; the rest was dropped", self.query.bounds.spans);
            self.evidence.spans.truncate(self.query.bounds.spans);
            self.evidence.note(Note::new(NoteCode::BoundReached, Source::Jaeger, message).hint("raise --max-spans"));
        }
    }

    /// Takes what Loki gave; the window is covered where it was asked for the ID itself.
    fn take_lines(&mut self, found: Option<Result<Haul, Failure>>, asked_by_id: Option<Window>) {
        match found {
            None => {}
            Some(Ok(haul)) => {
                if let Some(window) = asked_by_id {
                    self.evidence.coverage.logs.add(window);
                }
                self.take(haul);
            }
            Some(Err(failure)) => {
                self.down.push((Source::Loki, failure));
                self.lines = None;
            }
        }
    }

    /// How each backend did, as notes and as statuses.
    fn finish(mut self) -> Evidence {
        let status = |source, endpoint: &Option<Endpoint>| match endpoint {
            None => BackendStatus { state: BackendState::LeftOut, ..self.blank(source) },
            Some(endpoint) => self.status(source, endpoint),
        };
        let mut all = vec![
            status(Source::Jaeger, &self.backends.jaeger),
            status(Source::Loki, &self.backends.loki),
            status(Source::Prometheus, &self.backends.prometheus),
        ];
        if all.iter().all(|b| matches!(b.state, BackendState::NotConfigured | BackendState::LeftOut)) {
            let message = "no backend answered: none is configured, and none is at its usual place on this machine";
            self.evidence.note(
                Note::general(NoteCode::Unreachable, message)
                    .hint("set --jaeger-url, --loki-url, --prometheus-url, or see `trace config show`"),
            );
        }
        self.evidence.backends.append(&mut all);
        for (source, failure) in std::mem::take(&mut self.down) {
            let configured = self.endpoint(source).is_some_and(|e| e.configured);
            let note = if configured { failure.note(source) } else { not_configured(source, &failure) };
            self.evidence.note(note);
        }
        self.evidence.notes.sort();
        self.evidence
    }

    fn endpoint(&self, source: Source) -> Option<&Endpoint> {
        match source {
            Source::Jaeger => self.backends.jaeger.as_ref(),
            Source::Loki => self.backends.loki.as_ref(),
            _ => self.backends.prometheus.as_ref(),
        }
    }

    fn blank(&self, source: Source) -> BackendStatus {
        let tally = self.transport.tally(source);
        let elapsed = tally.first.zip(tally.last).map(|(first, last)| last.saturating_duration_since(first));
        BackendStatus {
            name: source,
            url: String::new(),
            url_from: String::new(),
            state: BackendState::Ok,
            detail: String::new(),
            items: 0,
            requests: tally.requests,
            elapsed_ns: elapsed.map_or(0, |e| i64::try_from(e.as_nanos()).unwrap_or(i64::MAX)),
            error: String::new(),
            hint: String::new(),
        }
    }

    fn status(&self, source: Source, endpoint: &Endpoint) -> BackendStatus {
        let mut status =
            BackendStatus { url: shown(&endpoint.url), url_from: endpoint.url_from.clone(), ..self.blank(source) };
        (status.items, status.detail) = match source {
            Source::Jaeger => {
                (self.evidence.spans.len(), self.traces.as_ref().map(TraceSource::detail).unwrap_or_default())
            }
            Source::Loki => (self.evidence.logs.len(), String::new()),
            _ => (self.evidence.alerts.len(), String::new()),
        };
        if let Some((_, failure)) = self.down.iter().find(|(of, _)| *of == source) {
            status.state = match failure.kind {
                _ if !endpoint.configured => BackendState::NotConfigured,
                FailureKind::MustAct => BackendState::Refused,
                _ => BackendState::Unreachable,
            };
            status.error.clone_from(&failure.message);
            status.hint.clone_from(&failure.hint);
        } else if self.evidence.notes.iter().any(|n| n.source == Some(source) && n.code.is_incomplete()) {
            status.state = BackendState::Partial;
        }
        status
    }
}

fn not_configured(source: Source, failure: &Failure) -> Note {
    let message = format!("no {} is configured, and the default does not answer: {}", source.word(), failure.message);
    Note::new(NoteCode::NotConfigured, source, message)
}
