//! Journeys of a window that may hold an error. Of backends they are searched for by their errors as well: the newest
//! traces of a service may hold none.

mod from_metrics;

use crate::analysis::window::hotspots::ErrorScope;
use crate::analysis::window::hotspots::totals::Totals;
use crate::error::Error;
use crate::gather::line_search::{FoundLines, Spread, error_lines};
use crate::gather::sample::{SampleQuery, samples};
use crate::model::journey::Journey;
use crate::model::time::Window;
use crate::session::request::{FigureSource, WindowRequest};
use crate::session::window::{LINES_PER_TRACE, WindowAnswer, sample_cut};
use crate::session::{OpenedData, Servers, Session};
use crate::source::demo::hours;

/// What is wanted of the errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorQuestion {
    /// Counts, compared with those of the time before of the same length.
    Compare(FigureSource),
    /// The errors one by one.
    List,
}

/// How much of a window was read for its errors.
pub(crate) struct ErrorWindowAnswer {
    /// What was read.
    pub(crate) window: WindowAnswer,
    /// In which times errors count.
    pub(crate) scope: ErrorScope,
    /// What metrics counted; none where everything that counts was read.
    pub(crate) totals: Option<Totals>,
}

impl ErrorWindowAnswer {
    fn from_spans(window: WindowAnswer, scope: ErrorScope) -> Self {
        Self { window, scope, totals: None }
    }
}

impl Session {
    /// Hands over every journey that may hold an error, each with the scope in which errors count, which is the same for
    /// all and in the answer as well.
    ///
    /// # Errors
    /// As [`Session::window`].
    pub(crate) async fn error_window(
        &self,
        request: &WindowRequest,
        question: ErrorQuestion,
        mut take: impl FnMut(&ErrorScope, Journey),
    ) -> Result<ErrorWindowAnswer, Error> {
        match &self.data {
            _ if request.subject.is_some() => {
                let scope = ErrorScope::default();
                let read = self.window(request, |journey| take(&scope, journey)).await?;
                Ok(ErrorWindowAnswer::from_spans(read, scope))
            }
            OpenedData::Files(files) => {
                let scope = scope(request.window, question);
                let evidence = files.read(hull(&scope), &self.named(&request.filters))?;
                let read = self.every_journey(evidence, request, |journey| take(&scope, journey));
                Ok(ErrorWindowAnswer::from_spans(read, scope))
            }
            OpenedData::Demo(None) => {
                let scope = scope(Some(self.window_or_last_hour(request.window)), question);
                let evidence = hull(&scope).map(hours::stored_in).unwrap_or_default();
                let read = self.every_journey(evidence, request, |journey| take(&scope, journey));
                Ok(ErrorWindowAnswer::from_spans(read, scope))
            }
            OpenedData::Demo(Some(_)) => {
                let scope = scope(request.window, question);
                let read = self.window(request, |journey| take(&scope, journey)).await?;
                Ok(ErrorWindowAnswer::from_spans(read, scope))
            }
            OpenedData::Servers(servers) => {
                let scope = scope(Some(self.window_or_last_hour(request.window)), question);
                let (counted, asked) = self.count_by_metrics(servers, request, question, &scope).await?;
                let mut answer = match counted {
                    Some(counted) => Box::pin(self.read_examples(servers, request, counted, take)).await,
                    None => Box::pin(self.read_errors(servers, request, scope, take)).await,
                };
                answer.window.summary.provenance.absorb(asked);
                Ok(answer)
            }
        }
    }

    /// Reads the newest traces of each service, those with errors, and the error lines.
    async fn read_errors(
        &self,
        servers: &Servers,
        request: &WindowRequest,
        mut scope: ErrorScope,
        mut take: impl FnMut(&ErrorScope, Journey),
    ) -> ErrorWindowAnswer {
        let progress = self.config.progress.spinner();
        let (sources, limit) = (&servers.sources(&progress), request.traces_per_service);
        let times: Vec<Window> = [scope.window, scope.before].into_iter().flatten().collect();
        let newest = || times.iter().map(|time| self.sample_query(request, *time));
        let looks: Vec<SampleQuery> = newest().chain(newest().map(SampleQuery::with_errors)).collect();
        let spread = spread(&scope);
        let mut lines = FoundLines::default();
        let named_by_lines = async {
            lines = error_lines(&times, limit.saturating_mul(LINES_PER_TRACE), spread, sources).await;
            lines.traces()
        };
        let found = Box::pin(samples(&looks, named_by_lines, sources)).await;
        progress.done();
        let on_errors = found.note_on_errors(times.len(), limit);
        let of_sample = found.looks.iter().take(times.len()).flat_map(|look| &look.traces).copied();
        scope.sample = Some(of_sample.collect());
        scope.cut_lines = lines.cut_in_any();
        let lines_cut = lines.cut_note();
        let mut evidence = found.evidence;
        evidence.logs = std::mem::take(&mut lines.evidence.logs);
        evidence.absorb_status(lines.evidence);
        let mut read = self.every_journey(evidence, request, |journey| take(&scope, journey));
        read.basis.limit = Some(limit);
        read.basis.services = found.services;
        let notes = sample_cut(&read.basis).into_iter().chain(on_errors).chain(lines_cut);
        notes.for_each(|note| read.summary.provenance.note(note));
        ErrorWindowAnswer::from_spans(read, scope)
    }
}

fn scope(window: Option<Window>, question: ErrorQuestion) -> ErrorScope {
    let before = window.map(|window| Window::new(window.from.plus(window.length().saturating_neg()), window.from));
    ErrorScope { window, before: before.filter(|_| question != ErrorQuestion::List), ..ErrorScope::default() }
}

fn hull(scope: &ErrorScope) -> Option<Window> {
    let before = scope.before;
    scope.window.map(|window| before.map_or(window, |before| window.hull(before)))
}

/// Counts that are compared need lines of every service; a list needs the newest.
fn spread(scope: &ErrorScope) -> Spread {
    if scope.before.is_some() { Spread::Services } else { Spread::Newest }
}
