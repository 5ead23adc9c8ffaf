//! The journeys of a window of time: from backends, a recording, files or the demo.

use crate::error::Error;
use crate::gather::line_search::{FoundLines, lines_with};
use crate::gather::sample::{SampleQuery, Sampled, samples};
use crate::model::action::{Action, Limit, Narrowing};
use crate::model::advice::Advice;
use crate::model::basis::{Basis, CountedFrom};
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::provenance::{DataSelection, Provenance};
use crate::model::time::{HOUR, Timestamp, Window};
use crate::report::text::counted;
use crate::report::window_screen::sample_choice;
use crate::session::answer::{AnswerSummary, Found};
use crate::session::files::within;
use crate::session::journey::demo_run;
use crate::session::request::{JourneyRequest, SampleSpread, TraceSelection, WindowRequest};
use crate::session::{OpenedData, Servers, Session};
use crate::source::demo::{self, hours};
use crate::source::role::Role;
use crate::stitch::every_journey::every_journey;

/// Lines that are read for each trace of a service that may be read. A request that failed logs a few lines in each
/// service that it went through.
pub(super) const LINES_PER_TRACE: usize = 10;

/// How much of a window was read, and where it comes from.
#[derive(Default)]
pub struct WindowAnswer {
    /// Its provenance.
    pub summary: AnswerSummary,
    /// What its figures are made from.
    pub basis: Basis,
}

impl Session {
    /// Hands over every journey of the window by time, or the one that is named; of backends only the traces that the
    /// request searches for.
    ///
    /// # Errors
    /// Usage, a file that cannot be read, spans that are left out. What a backend did wrong is a note of the answer.
    pub async fn window(&self, request: &WindowRequest, take: impl FnMut(Journey)) -> Result<WindowAnswer, Error> {
        if request.subject.is_some() {
            return self.one_journey(request, take).await;
        }
        match &self.data {
            OpenedData::Files(files) => {
                Ok(self.every_journey(files.read(request.window, &self.named(&request.filters))?, request, take))
            }
            OpenedData::Demo(Some(scenario)) => {
                let (_, run) = demo_run(None, Some(scenario))?;
                Ok(self.every_journey(within(demo::evidence(&run), request.window), request, take))
            }
            OpenedData::Demo(None) => {
                let evidence = hours::stored_in(self.window_or_last_hour(request.window));
                Ok(self.every_journey(evidence, request, take))
            }
            OpenedData::Servers(servers) => {
                self.needs_spans()?;
                Ok(self.read_window(servers, request, take).await)
            }
        }
    }

    /// That spans can be searched.
    ///
    /// # Errors
    /// Usage: the backend that has them is left out.
    pub(crate) fn needs_spans(&self) -> Result<(), Error> {
        let left_out = || Error::usage("--without jaeger: spans come from it alone", "leave jaeger in");
        if self.has_spans() { Ok(()) } else { Err(left_out()) }
    }

    /// The window that was given; the last hour where none was. It ends now at the latest: comparing with time that is
    /// still to come would halve every figure.
    pub(crate) fn window_or_last_hour(&self, given: Option<Window>) -> Window {
        // The demo's last minute is over.
        let end = if self.servers().is_some() { self.now.plus(1) } else { self.now };
        let window = given.unwrap_or_else(|| Window::new(self.now.plus(-HOUR), end));
        if self.servers().is_some() && window.from < self.now {
            Window::new(window.from, window.to.min(end))
        } else {
            window
        }
    }

    /// The window in which spans are counted, by their end; none where all are, as those of one journey or of one demo
    /// run.
    pub(crate) fn counted_window(&self, request: &WindowRequest) -> Option<Window> {
        match &self.data {
            _ if request.subject.is_some() => None,
            OpenedData::Demo(Some(_)) | OpenedData::Files(_) => request.window,
            OpenedData::Demo(None) | OpenedData::Servers(_) => Some(self.window_or_last_hour(request.window)),
        }
    }

    /// The window in which metrics are read. Those of the demo cover its last hour, whatever the times.
    pub(crate) fn metrics_window(&self, request: &WindowRequest) -> Window {
        let given = request.window.filter(|_| !matches!(self.data, OpenedData::Demo(_)));
        self.window_or_last_hour(given)
    }

    /// The provenance of an answer about this window of which nothing was read yet.
    pub(crate) fn window_provenance(&self, request: &WindowRequest) -> Provenance {
        let data = DataSelection { times: request.times.clone(), ..self.config.data.clone() };
        Provenance { data, filters: request.filters.clone(), ..Provenance::default() }
    }

    /// The sample of each service that the request searches for.
    pub(super) fn sample_query(&self, request: &WindowRequest, window: Window) -> SampleQuery {
        let services = request.search.services.as_ref().unwrap_or(&request.filters.services);
        SampleQuery {
            window,
            limit: request.traces_per_service,
            spread: request.search.spread,
            filters: Filters { services: services.clone(), ..request.filters.clone() },
            services: self.config.services.clone(),
            bounds: self.config.bounds,
        }
    }

    /// Hands over the journeys of the traces and lines that the request searches for.
    async fn read_window(
        &self,
        servers: &Servers,
        request: &WindowRequest,
        mut take: impl FnMut(Journey),
    ) -> WindowAnswer {
        let window = self.window_or_last_hour(request.window);
        let newest = self.sample_query(request, window);
        let looks = match request.search.traces {
            TraceSelection::Newest => vec![newest],
            TraceSelection::AndErrors => vec![newest.clone(), newest.with_errors()],
        };
        let limit = request.traces_per_service;
        let most_lines = limit.saturating_mul(LINES_PER_TRACE);
        let texts = request.search.texts.clone();
        let needs_lines = !texts.is_empty();
        let progress = self.config.progress.spinner();
        let sources = &servers.sources(&progress);
        let mut lines = FoundLines::default();
        let named_by_lines = async {
            if needs_lines {
                lines = Box::pin(lines_with(texts, window, most_lines, sources)).await;
            }
            lines.traces()
        };
        let mut sampled = Box::pin(samples(&looks, named_by_lines, sources)).await;
        progress.done();
        sampled.evidence.notes.extend(spans_not_configured(&sampled.evidence));
        if needs_lines {
            lines.evidence.notes.extend(no_lines(&lines.evidence));
        }
        let (since, by_lines) = (lines.since(self.now), named_only_by_lines(&lines, &sampled));
        let notes = [searched_apart(&sampled), sampled.note_on_errors(1, limit), by_lines, without_trace(&lines)];
        let mut evidence = sampled.evidence;
        evidence.logs = std::mem::take(&mut lines.evidence.logs);
        evidence.absorb_status(lines.evidence);
        let mut left_out = 0;
        let take = |journey: Journey| {
            let began = journey.span_extent().map(|extent| extent.from);
            // Lines before that were not read, so whether an older journey has one of the texts is unknown.
            let is_known = since.is_none_or(|since| began.is_none_or(|began| began >= since));
            if is_known { take(journey) } else { left_out += 1 }
        };
        let mut answer = self.every_journey(evidence, request, take);
        answer.basis.limit = Some(limit);
        answer.basis.evenly = request.search.spread == SampleSpread::Even;
        answer.basis.services = sampled.services;
        let lines_cut = since.map(|since| lines_cut(since, left_out, most_lines));
        let notes = sample_cut(&answer.basis).into_iter().chain(notes.into_iter().flatten()).chain(lines_cut);
        notes.for_each(|note| answer.summary.provenance.note(note));
        answer
    }

    /// The one journey that is named, as other commands find it.
    async fn one_journey(&self, request: &WindowRequest, mut take: impl FnMut(Journey)) -> Result<WindowAnswer, Error> {
        let request = JourneyRequest {
            subject: request.subject.clone(),
            window: request.window,
            times: request.times.clone(),
            filters: request.filters.clone(),
            ..JourneyRequest::default()
        };
        let found = self.journey(&request).await?;
        let journey = found.analysed.journey;
        let mut basis = Basis::default();
        if !journey.is_empty() {
            basis.add(&journey, &request.filters);
            take(journey);
        }
        Ok(WindowAnswer { summary: found.summary, basis })
    }

    /// Hands over every journey of this evidence.
    pub(super) fn every_journey(
        &self,
        mut evidence: Evidence,
        request: &WindowRequest,
        mut take: impl FnMut(Journey),
    ) -> WindowAnswer {
        let asked = evidence.take_status();
        let sane = evidence.spans.iter().filter(|span| span.has_sane_time());
        let newest = sane.map(|span| span.end().min(self.now)).max();
        let settled = newest.is_none_or(|newest| self.now.since(newest) > self.config.settle_ns);
        let mut basis = Basis { via: CountedFrom::Spans, ..Basis::default() };
        for journey in every_journey(evidence, &self.config.keys) {
            basis.add(&journey, &request.filters);
            take(journey);
        }
        let mut provenance = Provenance { settled, ..self.window_provenance(request) };
        provenance.absorb(asked);
        if self.is_demo() {
            self.unknown_in_demo(&request.filters).into_iter().for_each(|note| provenance.note(note));
        }
        let found = Found::from_count(basis.journeys);
        WindowAnswer { summary: AnswerSummary { provenance, found, ..AnswerSummary::default() }, basis }
    }
}

/// That no backend has spans: no address was given, and none answers at the default.
fn spans_not_configured(asked: &Evidence) -> Option<Note> {
    let is_missing =
        |backend: &BackendStatus| backend.name == Role::Spans.backend() && backend.state == BackendState::NotConfigured;
    let said = "spans come from jaeger, and none is configured";
    let note = || {
        Note::new(NoteCode::Partial, Role::Spans.backend(), said)
            .with_actions(Advice::NameAddress(Role::Spans.backend()))
    };
    asked.backends.iter().any(is_missing).then(note)
}

/// That lines are needed, and no backend has any.
fn no_lines(asked: &Evidence) -> Option<Note> {
    let said = "nobody is there who has lines: what they say is not known";
    let note = || {
        Note::new(NoteCode::Partial, Role::Logs.backend(), said).with_actions(Advice::NameBackend(Role::Logs.backend()))
    };
    (asked.coverage.logs.is_empty() && asked.is_complete()).then(note)
}

/// That lines were cut, so that older journeys are left out: what their lines say is unknown.
fn lines_cut(since: Timestamp, left_out: usize, limit: usize) -> Note {
    let left_out = counted(left_out, "journey");
    let said = format!("lines cut at the newest {limit}: {left_out} that began before {} left out", since.rfc3339());
    Note::new(NoteCode::Sampled, Role::Logs.backend(), said)
        .with_actions([Action::Raise(Limit::Sample), Action::Narrow(vec![Narrowing::Time])])
}

/// That lines named traces which the sample does not have.
fn named_only_by_lines(lines: &FoundLines, sampled: &Sampled) -> Option<Note> {
    if sampled.looks.is_empty() {
        return None;
    }
    let is_sampled = |trace: &TraceId| sampled.looks.iter().any(|look| look.traces.contains(trace));
    let more = lines.traces().iter().filter(|trace| !is_sampled(trace)).count();
    let said = format!(
        "{} that lines name were looked for as well: their share of what was read is not their share of all",
        counted(more, "trace")
    );
    (more > 0).then(|| Note::new(NoteCode::Sampled, Role::Spans.backend(), said))
}

/// That the search for errors found traces which the newest do not have.
fn searched_apart(sampled: &Sampled) -> Option<Note> {
    let [newest, failed] = sampled.looks.as_slice() else { return None };
    let said = "traces with errors were looked for by themselves as well: their share of what was read is not their \
                share of all";
    let is_more = !failed.traces.is_subset(&newest.traces);
    is_more.then(|| Note::new(NoteCode::Sampled, Role::Spans.backend(), said))
}

/// That lines without a trace ID belong to a journey only if it was read.
fn without_trace(lines: &FoundLines) -> Option<Note> {
    let without = lines.evidence.logs.iter().filter(|line| line.trace_id.is_none()).count();
    let said = format!(
        "{} of {} name no trace: of their journeys only what was read is known",
        without,
        counted(lines.evidence.logs.len(), "line")
    );
    (without > 0).then(|| Note::new(NoteCode::Sampled, Role::Logs.backend(), said))
}

/// That there may be more traces than were read. The limit is part of the question, so the answer is complete.
pub(crate) fn sample_cut(basis: &Basis) -> Option<Note> {
    let (all, limit) = (basis.services.len(), basis.limit?);
    let least = basis.services.iter().filter(|service| service.cut).map(|service| service.traces).min()?;
    let many = if least < limit { format!("{least} to {limit}") } else { limit.to_string() };
    let [newest, from] = sample_choice(basis);
    let said = format!("{} of {} cut at {newest}{many} traces{from}", basis.cut_services(), counted(all, "service"));
    Some(Note::new(NoteCode::Sampled, Role::Spans.backend(), said).with_actions(Advice::SampleIsBiased))
}
