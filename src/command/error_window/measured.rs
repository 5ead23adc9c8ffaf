//! The way through metrics: they count, and only examples are read.

use std::collections::HashSet;
use std::future::ready;

use super::{ErrorWindow, ErrorWindowAnswer};
use crate::analysis::window::hotspots::ErrorScope;
use crate::analysis::window::hotspots::totals::Totals;
use crate::command::Context;
use crate::command::metric_source::{self, MetricGrouping};
use crate::command::session::{Session, progress};
use crate::command::window::told;
use crate::error::Error;
use crate::gather::line_search::{Spread, error_counts, error_lines};
use crate::gather::sample::{SampleQuery, Sampled, samples};
use crate::model::basis::Basis;
use crate::model::evidence::{Evidence, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::span::Span;
use crate::model::time::Window;
use crate::options::journey::Found;
use crate::options::window::WindowArgs;
use crate::report::text::counted;

/// So many traces with errors are read of each service,
const TRACES: usize = 20;
/// of so many services, those with the most errors;
const SERVICES: usize = 50;
/// so many error lines,
const LINES: usize = 200;
/// and of the traces that these name so many.
const NAMED: usize = 50;

/// What metrics count, and what that rests on.
pub(super) struct CountedErrors {
    basis: Basis,
    totals: Totals,
    /// The window, and the time before.
    windows: [Window; 2],
}

/// What metrics count in the window and before; none where spans are to be read.
pub(super) async fn totals(
    desk: &Session,
    look: ErrorWindow,
    scope: &ErrorScope,
    args: &WindowArgs,
    context: &Context,
) -> Result<(Option<CountedErrors>, Evidence), Error> {
    let filters = args.journey.filters.filters();
    let (ErrorWindow::Compared(way), Some(window), Some(before)) = (look, scope.window, scope.before) else {
        return Ok((None, Evidence::default()));
    };
    let (now, mut shell) =
        metric_source::measured(desk, way, MetricGrouping::Errors, &filters, window, context).await?;
    let Some((now, Some(teller))) = now else { return Ok((None, shell)) };
    let (earlier, remarked) = metric_source::again(desk, &teller, &filters, before).await;
    let mut totals = Totals::from_measured([Some(&now), earlier.as_ref()], &filters);
    // That nothing was counted before is no lack.
    if !remarked.is_complete() {
        totals.untold_before = earlier.is_none();
        shell.absorb_shell(remarked);
    }
    Ok((Some(CountedErrors { basis: metric_source::basis(&now), totals, windows: [window, before] }), shell))
}

/// Reads examples of what these metrics count.
pub(super) async fn examples(
    desk: &Session,
    metered: CountedErrors,
    args: &WindowArgs,
    context: &Context,
    mut take: impl FnMut(&ErrorScope, Journey),
) -> ErrorWindowAnswer {
    let CountedErrors { basis, mut totals, windows: [window, before] } = metered;
    let progress = progress(context);
    let sources = &desk.sources(&progress);
    let mut lines = Box::pin(error_lines(&[window], LINES, Spread::Services, sources)).await;
    let (counts, remarked) = error_counts([window, before], &lines, sources).await;
    let filters = args.journey.filters.filters();
    totals.lines = counts;
    totals.lines.retain(|service, _| filters.wants_service(service) && !filters.are_about_spans());
    lines.evidence.notes.extend(remarked);
    let mut failing = totals.failing();
    let unread = failing.len().saturating_sub(SERVICES);
    failing.truncate(SERVICES);
    let of_lines: Vec<TraceId> = lines.traces().into_iter().take(NAMED).collect();
    let wanted = SampleQuery {
        window,
        limit: TRACES.min(args.traces_per_service()),
        evenly: false,
        filters: Filters { services: vec![], ..filters },
        services: failing,
        bounds: context.settings.bounds,
    };
    let found = Box::pin(read(wanted, &of_lines, desk, context)).await;
    progress.done();
    let mut looked_up: HashSet<TraceId> = found.evidence.spans.iter().map(|span| span.trace_id).collect();
    looked_up.extend(of_lines);
    let mut evidence = found.evidence;
    evidence.logs = std::mem::take(&mut lines.evidence.logs);
    // Of a line whose trace was not looked for nobody can say whether a span tells the same.
    evidence.logs.retain(|line| line.trace_id.is_none_or(|trace| looked_up.contains(&trace)));
    evidence.absorb_shell(lines.evidence);
    let scope = ErrorScope { window: Some(window), before: Some(before), ..ErrorScope::default() };
    let mut answer = told(evidence, desk.now, args, context, |journey| take(&scope, journey));
    answer.footing.found = if totals.is_empty() { answer.footing.found } else { Found::Something };
    answer.basis = Basis { journeys: answer.basis.journeys, lines: answer.basis.lines, ..basis };
    if unread > 0 {
        let said = format!(
            "examples were read of the {SERVICES} services with the most errors, not of {}",
            counted(unread, "other")
        );
        let hint = "--service narrows it; counts are of all";
        answer.footing.shell.note(Note::new(NoteCode::Sampled, Source::Jaeger, said).hint(hint));
    }
    ErrorWindowAnswer { counted: answer, scope, totals: Some(totals) }
}

/// The newest traces with errors; of a server that finds none by their errors, the newest traces.
async fn read(wanted: SampleQuery, of_lines: &[TraceId], desk: &Session, context: &Context) -> Sampled {
    let progress = progress(context);
    if wanted.services.is_empty() && of_lines.is_empty() {
        return Sampled::default();
    }
    let looks = if wanted.services.is_empty() { vec![] } else { vec![wanted.clone().with_errors()] };
    let found = Box::pin(samples(&looks, ready(of_lines.to_vec()), &desk.sources(&progress))).await;
    if looks.is_empty() || found.evidence.spans.iter().any(Span::is_error) || !found.evidence.is_complete() {
        return found;
    }
    Box::pin(samples(&[wanted], ready(of_lines.to_vec()), &desk.sources(&progress))).await
}
