//! Errors counted by metrics: only examples are read.

use std::collections::HashSet;
use std::future::ready;

use super::{ErrorQuestion, ErrorWindowAnswer};
use crate::analysis::window::hotspots::ErrorScope;
use crate::analysis::window::hotspots::totals::Totals;
use crate::error::Error;
use crate::gather::line_search::{Spread, error_counts, error_lines};
use crate::gather::sample::{SampleQuery, Sampled, samples};
use crate::gather::sources::Sources;
use crate::model::action::{Action, Narrowing};
use crate::model::advice::Advice;
use crate::model::basis::Basis;
use crate::model::evidence::{Evidence, Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::span::Span;
use crate::model::time::Window;
use crate::report::text::counted;
use crate::session::answer::Found;
use crate::session::request::{SampleSpread, WindowRequest};
use crate::session::span_metrics::{MeasuredWindow, MetricGrouping, MetricQuestion, metric_basis};
use crate::session::{Servers, Session};
use crate::source::role::Role;

// Examples show what the counts are made of; the limits bound what is read, and the counts are of all.

/// Traces with errors read of each service. They only give proportions and examples; counts come from metrics. 20 show
/// a kind of error that makes up a tenth with a probability of 88 %.
const EXAMPLE_TRACES: usize = 20;
/// Services of which traces are read, those with the most errors first: one request each.
const EXAMPLE_SERVICES: usize = 50;
/// Error lines read for messages; their counts come from Loki.
const EXAMPLE_LINES: usize = 200;
/// Traces read because error lines name them: one request each.
const EXAMPLE_TRACES_OF_LINES: usize = 50;

/// What metrics counted.
pub(super) struct CountedErrors {
    basis: Basis,
    totals: Totals,
    /// The window, and the time before.
    windows: [Window; 2],
}

impl Session {
    /// What metrics counted in the window and before, and how asking for it went; nothing where spans are to be read.
    pub(super) async fn count_by_metrics(
        &self,
        servers: &Servers,
        request: &WindowRequest,
        question: ErrorQuestion,
        scope: &ErrorScope,
    ) -> Result<(Option<CountedErrors>, Evidence), Error> {
        let (ErrorQuestion::Compare(figures), Some(window), Some(before)) = (question, scope.window, scope.before)
        else {
            return Ok((None, Evidence::default()));
        };
        let filters = &request.filters;
        let question = MetricQuestion { grouping: MetricGrouping::Errors, filters, window };
        let MeasuredWindow { measured, provider, mut asked } = self.span_metrics(question, figures).await?;
        let (Some(now), Some(provider)) = (measured, provider) else { return Ok((None, asked)) };
        let (earlier, asked_before) = servers.count_errors_again(&provider, filters, before).await;
        let mut totals = Totals::from_measured([Some(&now), earlier.as_ref()], filters);
        // Where nothing was counted before, nothing is missing.
        if !asked_before.is_complete() {
            totals.before_unavailable = earlier.is_none();
            asked.absorb_status(asked_before);
        }
        Ok((Some(CountedErrors { basis: metric_basis(&now), totals, windows: [window, before] }), asked))
    }

    /// Reads examples of what metrics counted.
    pub(super) async fn read_examples(
        &self,
        servers: &Servers,
        request: &WindowRequest,
        counted_errors: CountedErrors,
        mut take: impl FnMut(&ErrorScope, Journey),
    ) -> ErrorWindowAnswer {
        let CountedErrors { basis, mut totals, windows: [window, before] } = counted_errors;
        let progress = self.config.progress.spinner();
        let sources = &servers.sources(&progress);
        let mut lines = Box::pin(error_lines(&[window], EXAMPLE_LINES, Spread::Services, sources)).await;
        let (counts, notes) = error_counts([window, before], &lines, sources).await;
        let filters = &request.filters;
        totals.lines = counts;
        totals.lines.retain(|service, _| filters.wants_service(service) && !filters.are_about_spans());
        lines.evidence.notes.extend(notes);
        let mut failing = totals.failing();
        let unread = failing.len().saturating_sub(EXAMPLE_SERVICES);
        failing.truncate(EXAMPLE_SERVICES);
        let of_lines: Vec<TraceId> = lines.traces().into_iter().take(EXAMPLE_TRACES_OF_LINES).collect();
        let query = SampleQuery {
            window,
            limit: EXAMPLE_TRACES.min(request.traces_per_service),
            spread: SampleSpread::Newest,
            filters: Filters { services: vec![], ..filters.clone() },
            services: failing,
            bounds: self.config.bounds,
        };
        let found = Box::pin(read(query, &of_lines, sources)).await;
        progress.done();
        let mut searched: HashSet<TraceId> = found.evidence.spans.iter().map(|span| span.trace_id).collect();
        searched.extend(of_lines);
        let mut evidence = found.evidence;
        evidence.logs = std::mem::take(&mut lines.evidence.logs);
        // Whether a span reports the same error as a line is unknown where its trace was not searched for.
        evidence.logs.retain(|line| line.trace_id.is_none_or(|trace| searched.contains(&trace)));
        evidence.absorb_status(lines.evidence);
        let scope = ErrorScope { window: Some(window), before: Some(before), ..ErrorScope::default() };
        let mut read = self.every_journey(evidence, request, |journey| take(&scope, journey));
        read.summary.found = if totals.is_empty() { read.summary.found } else { Found::Something };
        read.basis = Basis { journeys: read.basis.journeys, lines: read.basis.lines, ..basis };
        if unread > 0 {
            let said = format!(
                "examples were read of the {EXAMPLE_SERVICES} services with the most errors, not of {}",
                counted(unread, "other")
            );
            let actions = [Action::Narrow(vec![Narrowing::Service]), Action::Advise(Advice::CountsAreOfAll)];
            read.summary
                .provenance
                .note(Note::new(NoteCode::Sampled, Role::Spans.backend(), said).with_actions(actions));
        }
        ErrorWindowAnswer { window: read, scope, totals: Some(totals) }
    }
}

/// The newest traces with errors; of a server that finds none by their errors, the newest traces.
async fn read(query: SampleQuery, of_lines: &[TraceId], sources: &Sources<'_>) -> Sampled {
    if query.services.is_empty() && of_lines.is_empty() {
        return Sampled::default();
    }
    let looks = if query.services.is_empty() { vec![] } else { vec![query.clone().with_errors()] };
    let found = Box::pin(samples(&looks, ready(of_lines.to_vec()), sources)).await;
    if looks.is_empty() || found.evidence.spans.iter().any(Span::is_error) || !found.evidence.is_complete() {
        return found;
    }
    Box::pin(samples(&[query], ready(of_lines.to_vec()), sources)).await
}
