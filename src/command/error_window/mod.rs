//! The way of commands that count errors: as of other windows, and of backends what failed is looked for by itself, for
//! the newest traces of a service may hold none of its errors.

mod measured;

use crate::analysis::window::hotspots::ErrorScope;
use crate::analysis::window::hotspots::totals::Totals;
use crate::command::Context;
use crate::command::offline::{read_files, within};
use crate::command::session::{Session, progress};
use crate::command::window::{self, LINES, WindowAnswer, cut, told};
use crate::error::Error;
use crate::gather::line_search::{FoundLines, Spread, error_lines};
use crate::gather::sample::{SampleQuery, samples};
use crate::model::journey::Journey;
use crate::model::time::{Human, Window};
use crate::options::sources::Supply;
use crate::options::window::{ViaChoice, WindowArgs};
use crate::source::demo::{self, hours};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorWindow {
    /// The window, and the time before of the same length; counted this way.
    Compared(ViaChoice),
    /// The window, error by error.
    Alone,
}

/// What was looked at.
pub struct ErrorWindowAnswer {
    /// What was read.
    pub counted: WindowAnswer,
    /// In which time it is counted.
    pub scope: ErrorScope,
    /// What metrics count; none where all that counts was read.
    pub totals: Option<Totals>,
}

impl ErrorWindowAnswer {
    fn read(counted: WindowAnswer, scope: ErrorScope) -> Self {
        Self { counted, scope, totals: None }
    }
}

/// Tells every journey that may hold an error, each with the scope in which it is counted, which is the same for all and
/// told in the end as well.
///
/// # Errors
/// As [`window::each`].
pub async fn each(
    args: &WindowArgs,
    look: ErrorWindow,
    context: &Context,
    mut take: impl FnMut(&ErrorScope, Journey),
) -> Result<ErrorWindowAnswer, Error> {
    let journey = &args.journey;
    if window::is_one(args)? {
        let scope = ErrorScope::default();
        return Ok(ErrorWindowAnswer::read(window::each(args, context, |journey| take(&scope, journey)).await?, scope));
    }
    match journey.sources.supply(&context.surroundings)? {
        Supply::Files(paths) => {
            let now = context.surroundings.now;
            let scope = scope(journey.time.window(now, context.settings.zone.value)?, look);
            let evidence = within(read_files(&paths)?, hull(&scope));
            Ok(ErrorWindowAnswer::read(told(evidence, now, args, context, |journey| take(&scope, journey)), scope))
        }
        Supply::Demo(None) => {
            let scope = scope(Some(window::demo_window(args, context)?), look);
            let evidence = hull(&scope).map(hours::within).unwrap_or_default();
            Ok(ErrorWindowAnswer::read(
                told(evidence, demo::NOW, args, context, |journey| take(&scope, journey)),
                scope,
            ))
        }
        Supply::Demo(Some(_)) => {
            let scope = scope(journey.time.window(demo::NOW, context.settings.zone.value)?, look);
            Ok(ErrorWindowAnswer::read(window::each(args, context, |journey| take(&scope, journey)).await?, scope))
        }
        Supply::Backends => {
            let desk = Session::open(&journey.sources.recording, context)?;
            let window = window::window(args, desk.now, context)?;
            let scope = scope(Some(window), look);
            let (metered, shell) = measured::totals(&desk, look, &scope, args, context).await?;
            let mut looked = match metered {
                Some(metered) => measured::examples(&desk, metered, args, context, take).await,
                None => of_backends(&desk, window, scope, args, context, take).await,
            };
            let footing = &mut looked.counted.footing;
            footing.shell.absorb_shell(shell);
            (footing.said, footing.unsaved) = desk.close(context);
            Ok(looked)
        }
    }
}

/// How a screen calls the time: none where all of the data is meant.
///
/// # Errors
/// Usage: times that make no sense.
pub fn when(args: &WindowArgs, context: &Context) -> Result<String, Error> {
    let sources = &args.journey.sources;
    let (is_one, supply) = (window::is_one(args)?, sources.supply(&context.surroundings)?);
    let now = if sources.demo.is_some() { demo::NOW } else { context.surroundings.now };
    let explicit = args.journey.time.window(now, context.settings.zone.value)?;
    let is_asked = matches!(supply, Supply::Backends | Supply::Demo(None));
    Ok(match explicit {
        _ if is_one => String::new(),
        Some(window) if window.to > now => format!("in the last {}", Human(window.length().saturating_sub(1))),
        Some(window) => format!("in {}", Human(window.length())),
        None if is_asked => "in the last hour".to_owned(),
        None => String::new(),
    })
}

fn scope(window: Option<Window>, look: ErrorWindow) -> ErrorScope {
    let before = window.map(|window| Window::new(window.from.plus(window.length().saturating_neg()), window.from));
    ErrorScope { window, before: before.filter(|_| look != ErrorWindow::Alone), ..ErrorScope::default() }
}

fn hull(scope: &ErrorScope) -> Option<Window> {
    let before = scope.before;
    scope.window.map(|window| before.map_or(window, |before| window.hull(before)))
}

async fn of_backends(
    desk: &Session,
    window: Window,
    mut scope: ErrorScope,
    args: &WindowArgs,
    context: &Context,
    mut take: impl FnMut(&ErrorScope, Journey),
) -> ErrorWindowAnswer {
    let progress = progress(context);
    let (sources, limit) = (&desk.sources(&progress), args.traces_per_service());
    let plain = |window: Window| SampleQuery {
        window,
        limit,
        evenly: false,
        filters: args.journey.filters.filters(),
        services: context.settings.services.value.clone(),
        bounds: context.settings.bounds,
    };
    let windows = || [Some(window), scope.before].into_iter().flatten();
    let mut looks: Vec<SampleQuery> = windows().map(plain).collect();
    let sampled = looks.len();
    looks.extend(windows().map(plain).map(SampleQuery::with_errors));
    let (times, spread): (Vec<Window>, _) = (windows().collect(), spread(&scope));
    let mut lines = FoundLines::default();
    let naming = async {
        let most = limit.saturating_mul(LINES);
        lines = error_lines(&times, most, spread, sources).await;
        lines.traces()
    };
    let found = Box::pin(samples(&looks, naming, sources)).await;
    progress.done();
    let on_errors = found.remarks_on_errors(sampled, limit);
    let of_sample = found.looks.iter().take(sampled).flat_map(|look| &look.traces).copied();
    scope.sample = Some(of_sample.collect());
    scope.cut_lines = lines.cut_in_any();
    let lines_cut = lines.cut_note();
    let mut evidence = found.evidence;
    evidence.logs = std::mem::take(&mut lines.evidence.logs);
    evidence.absorb_shell(lines.evidence);
    let mut answer = told(evidence, desk.now, args, context, |journey| take(&scope, journey));
    answer.basis.limit = Some(limit);
    answer.basis.services = found.services;
    let notes = &mut answer.footing.shell.notes;
    notes.extend(cut(&answer.basis));
    notes.extend(on_errors);
    notes.extend(lines_cut);
    ErrorWindowAnswer::read(answer, scope)
}

/// What is compared must tell of everybody; what is listed, the newest.
fn spread(scope: &ErrorScope) -> Spread {
    if scope.before.is_some() { Spread::Services } else { Spread::Newest }
}
