//! The one way from flags to many journeys at once, for commands that count: a window of the backends, files, the demo, or
//! the one journey that is named. Each span is told exactly once.

use crate::command::Context;
use crate::command::journey::{JourneyRequest, ask, flags};
use crate::command::offline::{demo_run, read_files, within};
use crate::command::provenance::Answered;
use crate::command::session::{Session, progress};
use crate::error::Error;
use crate::gather::line_search::{FoundLines, lines_with};
use crate::gather::sample::{SampleQuery, Sampled, samples};
use crate::model::basis::{Basis, CountedFrom};
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::model::time::{HOUR, Timestamp, Window};
use crate::options::journey::Found;
use crate::options::sources::Supply;
use crate::options::time::TimeArgs;
use crate::options::window::WindowArgs;
use crate::report::text::counted;
use crate::report::window_screen::sample_choice;
use crate::report::wording::shell::flag;
use crate::source::demo::{self, hours};
use crate::stitch::every_journey::every_journey;

/// So many lines are read for each trace of a service that may be.
pub const LINES: usize = 10;

/// What was counted, and what it rests on.
#[derive(Default)]
pub struct WindowAnswer {
    /// What the answer rests on.
    pub footing: Answered,
    /// What its numbers rest on.
    pub basis: Basis,
}

impl WindowAnswer {
    /// What metrics counted: nothing was read.
    pub fn measured(basis: Basis, args: &WindowArgs, context: &Context) -> Self {
        let found = if basis.calls == 0 { Found::Nothing } else { Found::Something };
        Self { footing: Answered { settled: true, found, ..blank(args, context) }, basis }
    }
}

/// What is looked for besides.
#[derive(Clone, Debug, Default)]
pub struct WindowSearch {
    /// Which traces of each service.
    pub looks: TraceSelection,
    /// Of services with more traces than are read, whether those from all parts of the time, for journeys to be compared.
    pub evenly: bool,
    /// Lines with one of these texts, and the traces that they name.
    pub texts: Vec<Pattern>,
}

impl WindowSearch {
    /// For these traces alone.
    pub fn for_traces(looks: TraceSelection) -> Self {
        Self { looks, ..Self::default() }
    }
}

/// Which traces of each service are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceSelection {
    /// The newest.
    #[default]
    Newest,
    /// The newest, and by themselves the newest with errors, of which the newest of all may hold none.
    AndErrors,
}

/// What is read of a window.
#[derive(Clone, Debug)]
pub struct WindowQuery {
    /// When.
    pub window: Window,
    /// Only of these services; empty means all.
    pub services: Vec<Pattern>,
    /// What is looked for.
    pub search: WindowSearch,
}

/// Tells every journey of what the flags are about, by time; of a window of the backends the newest of each service.
///
/// # Errors
/// Usage, configuration, a file that cannot be read. What a backend did wrong is a note of the answer.
pub async fn each(args: &WindowArgs, context: &Context, take: impl FnMut(Journey)) -> Result<WindowAnswer, Error> {
    each_of(args, WindowSearch::default(), context, take).await
}

/// The same, of a window of the backends with what is looked for besides.
///
/// # Errors
/// As [`each`].
pub async fn each_of(
    args: &WindowArgs,
    search: WindowSearch,
    context: &Context,
    take: impl FnMut(Journey),
) -> Result<WindowAnswer, Error> {
    let journey = &args.journey;
    match journey.sources.supply(&context.surroundings)? {
        _ if is_one(args)? => one(args, context, take).await,
        Supply::Files(paths) => {
            let window = journey.time.window(context.surroundings.now, context.settings.zone.value)?;
            Ok(told(within(read_files(&paths)?, window), context.surroundings.now, args, context, take))
        }
        Supply::Demo(Some(scenario)) => {
            let (_, run) = demo_run(journey, Some(&scenario))?;
            Ok(told(demo::evidence(&run), demo::NOW, args, context, take))
        }
        Supply::Demo(None) => {
            let evidence = hours::within(demo_window(args, context)?);
            Ok(told(evidence, demo::NOW, args, context, take))
        }
        Supply::Backends => {
            let desk = Session::open(&journey.sources.recording, context)?;
            let window = window(args, desk.now, context)?;
            needs_spans(&desk)?;
            let reading = WindowQuery { window, services: journey.filters.filters().services, search };
            let mut counted = read(&desk, reading, args, context, take).await;
            (counted.footing.said, counted.footing.unsaved) = desk.close(context);
            Ok(counted)
        }
    }
}

/// Nobody else has spans.
///
/// # Errors
/// Usage: who has them is left out.
pub fn needs_spans(desk: &Session) -> Result<(), Error> {
    let left_out = || Error::usage("--without jaeger: spans come from it alone", "leave jaeger in");
    desk.backends.spans.as_ref().map(|_| ()).ok_or_else(left_out)
}

/// Whether one journey is named, rather than a window.
///
/// # Errors
/// Usage: it cannot be an ID.
pub fn is_one(args: &WindowArgs) -> Result<bool, Error> {
    Ok(args.journey.subject.subject()?.is_some())
}

/// The window that the flags tell; the last hour where they tell none.
///
/// # Errors
/// Usage: times that make no sense.
pub fn window(args: &WindowArgs, now: Timestamp, context: &Context) -> Result<Window, Error> {
    let told = args.journey.time.window(now, context.settings.zone.value)?;
    let told = told.unwrap_or_else(|| Window::new(now.plus(-HOUR), now.plus(1)));
    // What is still to come was not recorded, and is no time to compare with.
    Ok(if told.from < now { Window::new(told.from, told.to.min(now.plus(1))) } else { told })
}

/// The same of the demo, which ends at its own now.
///
/// # Errors
/// Usage: times that make no sense.
pub fn demo_window(args: &WindowArgs, context: &Context) -> Result<Window, Error> {
    let told = args.journey.time.window(demo::NOW, context.settings.zone.value)?;
    Ok(told.unwrap_or_else(|| Window::new(demo::NOW.plus(-HOUR), demo::NOW)))
}

/// In which time spans of files and of the demo count: in which they ended. None where all do, as
/// those of one journey or of one demo run.
///
/// # Errors
/// Usage: times that make no sense.
pub fn counted_in(args: &WindowArgs, context: &Context) -> Result<Option<Window>, Error> {
    if is_one(args)? {
        return Ok(None);
    }
    let zone = context.settings.zone.value;
    match &args.journey.sources.demo {
        Some(None) => demo_window(args, context).map(Some),
        Some(Some(_)) => args.journey.time.window(demo::NOW, zone),
        None => args.journey.time.window(context.surroundings.now, zone),
    }
}

/// Tells every journey of this window that is looked for. The desk stays open.
pub async fn in_window(
    desk: &Session,
    window: Window,
    search: WindowSearch,
    args: &WindowArgs,
    context: &Context,
    take: impl FnMut(Journey),
) -> WindowAnswer {
    let services = args.journey.filters.filters().services;
    read(desk, WindowQuery { window, services, search }, args, context, take).await
}

/// Tells every journey of what is wanted. The desk stays open.
pub async fn read(
    desk: &Session,
    reading: WindowQuery,
    args: &WindowArgs,
    context: &Context,
    mut take: impl FnMut(Journey),
) -> WindowAnswer {
    let limit = args.traces_per_service();
    let WindowSearch { looks, evenly, texts } = reading.search;
    let newest = SampleQuery {
        window: reading.window,
        limit,
        evenly,
        filters: Filters { services: reading.services, ..args.journey.filters.filters() },
        services: context.settings.services.value.clone(),
        bounds: context.settings.bounds,
    };
    let looks = match looks {
        TraceSelection::Newest => vec![newest],
        TraceSelection::AndErrors => vec![newest.clone(), newest.with_errors()],
    };
    let progress = progress(context);
    let sources = &desk.sources(&progress);
    let needs_lines = !texts.is_empty();
    let mut lines = FoundLines::default();
    let naming = async {
        if needs_lines {
            let most = limit.saturating_mul(LINES);
            lines = Box::pin(lines_with(texts, reading.window, most, sources)).await;
        }
        lines.traces()
    };
    let mut sampled = Box::pin(samples(&looks, naming, sources)).await;
    progress.done();
    let is_away =
        |backend: &BackendStatus| backend.name == Source::Jaeger && backend.state == BackendState::NotConfigured;
    if sampled.evidence.backends.iter().any(is_away) {
        let said = "spans come from jaeger, and none is configured";
        sampled.evidence.note(Note::new(NoteCode::Partial, Source::Jaeger, said).hint("name it with --jaeger-url"));
    }
    let (since, by_lines) = (lines.since(desk.now), named_by(&lines, &sampled));
    let remarks = [by_themselves(&sampled), sampled.remarks_on_errors(1, limit), by_lines, nameless(&lines)];
    if needs_lines && lines.evidence.coverage.logs.is_empty() && lines.evidence.is_complete() {
        let said = "nobody is there who has lines: what they say is not known";
        lines.evidence.note(Note::new(NoteCode::Partial, Source::Loki, said).hint("name Loki with --loki-url"));
    }
    let mut evidence = sampled.evidence;
    evidence.logs = std::mem::take(&mut lines.evidence.logs);
    evidence.absorb_shell(lines.evidence);
    let mut untold = 0;
    let take = |journey: Journey| {
        let began = journey.span_extent().map(|extent| extent.from);
        // Whether an older one has such a line nobody knows.
        let is_known = since.is_none_or(|since| began.is_none_or(|began| began >= since));
        if is_known { take(journey) } else { untold += 1 }
    };
    let mut counted = told(evidence, desk.now, args, context, take);
    counted.basis = Basis { limit: Some(limit), evenly, services: sampled.services, ..counted.basis };
    let lines_cut = since.map(|since| lines_cut(since, untold, limit.saturating_mul(LINES)));
    let notes = cut(&counted.basis).into_iter().chain(remarks.into_iter().flatten()).chain(lines_cut);
    notes.for_each(|note| counted.footing.shell.note(note));
    counted
}

/// That older lines were not read, so that of older journeys nobody knows what theirs say.
fn lines_cut(since: Timestamp, untold: usize, limit: usize) -> Note {
    let untold = counted(untold, "journey");
    let said = format!("lines cut at the newest {limit}: {untold} that began before {} left out", since.rfc3339());
    Note::new(NoteCode::Sampled, Source::Loki, said).hint("--limit raises it; --start and --end narrow the time")
}

/// That lines brought more than the sample holds.
fn named_by(lines: &FoundLines, sampled: &Sampled) -> Option<Note> {
    if sampled.looks.is_empty() {
        return None;
    }
    let is_sampled = |trace: &TraceId| sampled.looks.iter().any(|look| look.traces.contains(trace));
    let more = lines.traces().iter().filter(|trace| !is_sampled(trace)).count();
    let said = format!(
        "{} that lines name were looked for as well: their share of what was read is not their share of all",
        counted(more, "trace")
    );
    (more > 0).then(|| Note::new(NoteCode::Sampled, Source::Jaeger, said))
}

/// That the look for errors brought more than the newest traces hold.
fn by_themselves(sampled: &Sampled) -> Option<Note> {
    let [newest, failed] = sampled.looks.as_slice() else { return None };
    let said = "traces with errors were looked for by themselves as well: their share of what was read is not their \
                share of all";
    let is_more = !failed.traces.is_subset(&newest.traces);
    is_more.then(|| Note::new(NoteCode::Sampled, Source::Jaeger, said))
}

/// That lines which name no trace belong to a journey only if it was read.
fn nameless(lines: &FoundLines) -> Option<Note> {
    let nameless = lines.evidence.logs.iter().filter(|line| line.trace_id.is_none()).count();
    let said = format!(
        "{} of {} name no trace: of their journeys only what was read is known",
        nameless,
        counted(lines.evidence.logs.len(), "line")
    );
    (nameless > 0).then(|| Note::new(NoteCode::Sampled, Source::Loki, said))
}

/// A footing on which nothing rests yet.
pub fn blank(args: &WindowArgs, context: &Context) -> Answered {
    Answered { flags: flags_of(args, context), filters: args.journey.filters.filters(), ..Answered::default() }
}

/// The flags that a following command needs to mean the same data.
fn flags_of(args: &WindowArgs, context: &Context) -> String {
    let flags = [flags(&args.journey, context), times(&args.journey.time)];
    flags.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The times as they were told: a following command means the same window.
fn times(time: &TimeArgs) -> String {
    let told = [("--since", &time.since), ("--start", &time.start), ("--end", &time.end)];
    let told = told.into_iter().filter_map(|(name, value)| Some(flag(name, value.as_deref()?)));
    told.collect::<Vec<_>>().join(" ")
}

/// That there may be more than was read. The limit is part of the question.
pub fn cut(basis: &Basis) -> Option<Note> {
    let (all, limit) = (basis.services.len(), basis.limit?);
    let least = basis.services.iter().filter(|service| service.cut).map(|service| service.traces).min()?;
    let many = if least < limit { format!("{least} to {limit}") } else { limit.to_string() };
    let [newest, from] = sample_choice(basis);
    let said = format!("{} of {} cut at {newest}{many} traces{from}", basis.cut_services(), counted(all, "service"));
    let hint = "what touches several services is read more often than its share; --limit raises it, --start and --end \
                narrow the time";
    Some(Note::new(NoteCode::Sampled, Source::Jaeger, said).hint(hint))
}

/// The one journey that is named, as every reading command finds it.
async fn one(args: &WindowArgs, context: &Context, mut take: impl FnMut(Journey)) -> Result<WindowAnswer, Error> {
    let told = ask(&args.journey, &JourneyRequest::plain(context), context).await?;
    let journey = told.judged.journey;
    let mut basis = Basis::default();
    if !journey.is_empty() {
        basis.add(&journey, &args.journey.filters.filters());
        take(journey);
    }
    Ok(WindowAnswer { footing: told.footing, basis })
}

/// Every journey of this evidence.
pub fn told(
    mut evidence: Evidence,
    now: Timestamp,
    args: &WindowArgs,
    context: &Context,
    mut take: impl FnMut(Journey),
) -> WindowAnswer {
    let shell = Evidence {
        backends: std::mem::take(&mut evidence.backends),
        notes: std::mem::take(&mut evidence.notes),
        coverage: std::mem::take(&mut evidence.coverage),
        ..Evidence::default()
    };
    let newest = evidence.spans.iter().filter(|span| span.has_sane_time()).map(|span| span.end().min(now)).max();
    let settled = newest.is_none_or(|newest| now.since(newest) > context.settings.settle_ns.value);
    let mut basis = Basis { via: CountedFrom::Spans, ..Basis::default() };
    let filters = args.journey.filters.filters();
    for journey in every_journey(evidence, &context.settings.keys.value) {
        basis.add(&journey, &filters);
        take(journey);
    }
    let found = if basis.journeys == 0 { Found::Nothing } else { Found::Something };
    let footing = Answered { shell, settled, found, ..blank(args, context) };
    WindowAnswer { footing, basis }
}
