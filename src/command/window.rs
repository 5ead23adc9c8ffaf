//! The one way from flags to many journeys at once, for commands that count: a window of the backends, files, the demo, or
//! the one journey that is named. Each span is told exactly once.

use crate::command::Context;
use crate::command::asking::{Wish, ask, flags};
use crate::command::desk::{Desk, progress};
use crate::command::footing::Footing;
use crate::command::offline::{demo_run, read_files, within};
use crate::demo;
use crate::error::Error;
use crate::gather::sample::{Wanted, sample};
use crate::model::basis::{Basis, Via};
use crate::model::evidence::{Evidence, Note, NoteCode, Source};
use crate::model::journey::Journey;
use crate::model::time::{HOUR, Timestamp, Window};
use crate::options::journey::Found;
use crate::options::sources::Supply;
use crate::options::time::TimeArgs;
use crate::options::window::WindowArgs;
use crate::report::words::{counted, flag};
use crate::stitch::whole::whole;

/// What was counted, and what it rests on.
#[derive(Default)]
pub struct Counted {
    /// What the answer rests on.
    pub footing: Footing,
    /// What its numbers rest on.
    pub basis: Basis,
}

impl Counted {
    /// What metrics counted: nothing was read.
    pub fn measured(basis: Basis, args: &WindowArgs, context: &Context) -> Self {
        let found = if basis.calls == 0 { Found::Nothing } else { Found::Something };
        Self { footing: Footing { settled: true, flags: flags_of(args, context), found, ..Footing::default() }, basis }
    }
}

/// Tells every journey of what the flags are about, by time.
///
/// # Errors
/// Usage, configuration, a file that cannot be read. What a backend did wrong is a note of the answer.
pub async fn each(args: &WindowArgs, context: &Context, take: impl FnMut(Journey)) -> Result<Counted, Error> {
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
            let mut all = Evidence::default();
            for (_, run) in demo::embedded() {
                let run = demo::evidence(&run);
                all.spans.extend(run.spans);
                all.logs.extend(run.logs);
                all.absorb_shell(Evidence {
                    backends: run.backends,
                    notes: run.notes,
                    coverage: run.coverage,
                    ..Evidence::default()
                });
            }
            Ok(told(all, demo::NOW, args, context, take))
        }
        Supply::Backends => {
            let desk = Desk::open(&journey.sources.recording, context)?;
            let window = window(args, desk.now, context)?;
            let mut counted = in_window(&desk, window, args, context, take).await;
            (counted.footing.said, counted.footing.unsaved) = desk.close(context);
            Ok(counted)
        }
    }
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
    Ok(told.unwrap_or_else(|| Window::new(now.plus(-HOUR), now.plus(1))))
}

/// Tells every journey of the newest traces of each service in this window. The desk stays open.
pub async fn in_window(
    desk: &Desk,
    window: Window,
    args: &WindowArgs,
    context: &Context,
    take: impl FnMut(Journey),
) -> Counted {
    let wanted = Wanted {
        window,
        limit: args.most_traces(),
        filters: args.journey.filters.filters(),
        services: context.settings.services.value.clone(),
        bounds: context.settings.bounds,
    };
    let progress = progress(context);
    let sampled = Box::pin(sample(&wanted, &desk.backends, &desk.transport, &progress)).await;
    progress.done();
    let mut counted = told(sampled.evidence, desk.now, args, context, take);
    counted.basis.limit = Some(wanted.limit);
    counted.basis.services = sampled.services;
    counted.footing.shell.notes.extend(cut(&counted.basis));
    counted
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
    let newest = if least < limit { format!("{least} to {limit}") } else { limit.to_string() };
    let said = format!("{} of {} cut at the newest {newest} traces", basis.cut(), counted(all, "service"));
    let hint = "--limit raises it; --start and --end narrow the time";
    Some(Note::new(NoteCode::Sampled, Source::Jaeger, said).hint(hint))
}

/// The one journey that is named, as every reading command finds it.
async fn one(args: &WindowArgs, context: &Context, mut take: impl FnMut(Journey)) -> Result<Counted, Error> {
    let told = ask(&args.journey, &Wish::plain(context), context).await?;
    let journey = told.judged.journey;
    let mut basis = Basis::default();
    if !journey.is_empty() {
        basis.add(&journey);
        take(journey);
    }
    Ok(Counted { footing: told.footing, basis })
}

/// Every journey of this evidence.
pub fn told(
    mut evidence: Evidence,
    now: Timestamp,
    args: &WindowArgs,
    context: &Context,
    mut take: impl FnMut(Journey),
) -> Counted {
    let shell = Evidence {
        backends: std::mem::take(&mut evidence.backends),
        notes: std::mem::take(&mut evidence.notes),
        coverage: std::mem::take(&mut evidence.coverage),
        ..Evidence::default()
    };
    let newest = evidence.spans.iter().filter(|span| span.has_sane_time()).map(|span| span.end().min(now)).max();
    let settled = newest.is_none_or(|newest| now.since(newest) > context.settings.settle_ns.value);
    let mut basis = Basis { via: Via::Spans, ..Basis::default() };
    for journey in whole(evidence, &context.settings.keys.value) {
        basis.add(&journey);
        take(journey);
    }
    let found = if basis.journeys == 0 { Found::Nothing } else { Found::Something };
    let footing = Footing { shell, settled, flags: flags_of(args, context), found, ..Footing::default() };
    Counted { footing, basis }
}
