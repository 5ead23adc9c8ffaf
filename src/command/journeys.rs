//! Many journeys at once: of lists of IDs, of files, of the demo. Each is told as it comes, so that none need be kept.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::stream::{StreamExt, iter};
use tokio::time::Instant;

use crate::analysis::journey::findings::known::Knowledge;
use crate::command::Context;
use crate::command::journey::{
    JourneyAnswer, JourneyRequest, StitchedJourney, about, ask, blank, flags, key_that_worked,
};
use crate::command::offline::{demo_run, read_files, within};
use crate::command::provenance::Answered;
use crate::command::session::{Session, bar, progress};
use crate::error::Error;
use crate::gather::recent_journeys::{Recent, RecentQuery, recent};
use crate::model::evidence::Evidence;
use crate::model::time::{HOUR, Timestamp, Window};
use crate::options::journey::JourneyArgs;
use crate::options::many_runs::ManyRunsArgs;
use crate::options::sources::Supply;
use crate::progress::Progress;
use crate::query::Subject;
use crate::source::demo;
use crate::stitch::split::{SplitEvidence, split};

/// How many runs are asked about at the same time.
const IN_FLIGHT: usize = 8;

/// Tells every journey that the flags are about, in their order: the one that is named, those of a list, else all of the
/// files or of the demo. What all of them rest on is given back as one.
///
/// # Errors
/// As [`ask`]; usage where there is none at all.
pub async fn each(
    args: &JourneyArgs,
    many: &ManyRunsArgs,
    wish: &JourneyRequest<'_>,
    context: &Context,
    mut take: impl FnMut(&mut JourneyAnswer),
) -> Result<Answered, Error> {
    let is_named = args.subject.subject()?.is_some();
    let supply = args.sources.supply(&context.surroundings)?;
    if matches!(&supply, Supply::Files(paths) if paths.iter().any(|path| path.as_os_str() == "-")) && many.reads_stdin()
    {
        return Err(Error::usage(
            "--ids-from - and --input -: standard input can be read only once",
            "name a file for one",
        ));
    }
    let listed = many.ids(&context.surroundings)?;
    if is_named && (listed.is_some() || many.recent.is_some()) {
        return Err(Error::usage("one ID and a list of them", "name the ID, or give --ids-from or --recent"));
    }
    let mut footing: Option<Answered> = None;
    let mut add = |mut told: JourneyAnswer| {
        take(&mut told);
        footing = Some(match footing.take() {
            Some(all) => all.and(told.footing),
            None => told.footing,
        });
    };
    match supply {
        Supply::Files(paths) if !is_named => {
            let now = context.surroundings.now;
            let window = args.time.window(now, context.settings.zone.value)?;
            let evidence = within(read_files(&paths)?, window);
            let shell = evidence.shell();
            let shares = split(evidence, &context.settings.keys.value, listed.as_deref().unwrap_or_default());
            together(shares, listed.as_deref(), now, wish, args, context).for_each(&mut add);
            footing = footing.or_else(|| of_nothing(shell, args, context));
        }
        Supply::Demo(scenario) if !is_named && (scenario.is_none() || listed.is_some()) => {
            let mut known = wish.known.clone();
            demo::embedded().iter().for_each(|(_, run)| known.learn_spans(&run.spans));
            let (wish, listed) = (JourneyRequest { known, ..*wish }, listed.as_deref());
            let shares = demo_shares(args, scenario.as_deref(), listed)?;
            together(shares, listed, demo::NOW, &wish, args, context).for_each(&mut add);
        }
        Supply::Backends if listed.is_some() || many.recent.is_some() => {
            let desk = Session::open(&args.sources.recording, context)?;
            let (subjects, search) = match listed {
                Some(listed) => (listed, None),
                None => {
                    let recent = newest(&desk, args, many, wish, context).await?;
                    let subjects = recent.journeys.into_iter().map(|candidate| candidate.subject);
                    (subjects.collect(), Some(recent.shell))
                }
            };
            let mut key = None;
            ask_each(&desk, subjects, args, many, wish, context, |told| {
                key = key.take().or_else(|| key_that_worked(&told).map(str::to_owned));
                add(told);
            })
            .await?;
            desk.remember(key.as_deref(), context);
            let (said, unsaved) = desk.close(context);
            let mut all = footing.unwrap_or_default();
            search.into_iter().for_each(|shell| all.shell.absorb_shell(shell));
            footing = Some(Answered { said, unsaved, ..all });
        }
        _ => add(ask(args, wish, context).await?),
    }
    let nothing = || Error::usage("there is no journey in it", "name one with --correlation-id or --trace-id");
    footing.ok_or_else(nothing)
}

/// The newest runs that begin as is wished, or that the filters want. What may still change is left for later.
async fn newest(
    desk: &Session,
    args: &JourneyArgs,
    many: &ManyRunsArgs,
    wish: &JourneyRequest<'_>,
    context: &Context,
) -> Result<Recent, Error> {
    let window = args.time.window(desk.now, context.settings.zone.value)?;
    let query = blank(Subject::correlation(""), context, desk.now);
    let (root, root_service) = wish.root.cloned().map_or((None, None), |(root, service)| (Some(root), service));
    let wanted = RecentQuery {
        root,
        root_service,
        filters: args.filters.filters(),
        window: window.unwrap_or_else(|| Window::new(desk.now.plus(-HOUR), desk.now.plus(1))),
        newest: many.recent.and_then(|n| usize::try_from(n).ok()).unwrap_or_default(),
        ended_before: Some(desk.now.plus(-context.settings.settle_ns.value).plus(-wish.patience_ns)),
        keys: query.keys,
        services: if wish.services.is_empty() { query.services } else { wish.services.to_vec() },
        bounds: query.bounds,
    };
    let progress = progress(context);
    let found = Box::pin(recent(&wanted, &desk.sources(&progress))).await;
    progress.done();
    Ok(found)
}

/// Asks about each, several at the same time, and tells them in their order.
async fn ask_each(
    desk: &Session,
    subjects: Vec<Subject>,
    args: &JourneyArgs,
    many: &ManyRunsArgs,
    wish: &JourneyRequest<'_>,
    context: &Context,
    mut add: impl FnMut(JourneyAnswer),
) -> Result<(), Error> {
    let until = many.total_timeout.map(|ns| Instant::now() + Duration::from_nanos(ns.unsigned_abs()));
    let bar = bar(subjects.len(), context);
    let silent = Progress::silent();
    let ask = |subject: Subject| {
        let (silent, transport) = (&silent, desk.transport.fork(until));
        async move { Box::pin(about(desk, &transport, subject, silent, args, wish, context)).await }
    };
    let mut answers = iter(subjects).map(ask).buffered(IN_FLIGHT);
    while let Some(told) = answers.next().await {
        bar.step();
        add(told?);
    }
    bar.done();
    Ok(())
}

/// Journeys that lie here already, each judged by what all of them show: those that are listed, in the list's order,
/// else all.
fn together<'a>(
    shares: SplitEvidence,
    listed: Option<&[Subject]>,
    now: Timestamp,
    wish: &'a JourneyRequest<'a>,
    args: &'a JourneyArgs,
    context: &'a Context,
) -> impl Iterator<Item = JourneyAnswer> + 'a {
    let mut known = wish.known.clone();
    let stitched = |(subject, evidence), known: &mut Knowledge| {
        StitchedJourney::new(evidence, blank(subject, context, now), known)
    };
    let mut all: Vec<StitchedJourney> = shares.all.into_iter().map(|share| stitched(share, &mut known)).collect();
    // What these show is known from the journeys that they are.
    all.extend(shares.others.into_iter().map(|share| stitched(share, &mut Knowledge::default())));
    if let Some(listed) = listed {
        let places: HashMap<&str, usize> =
            listed.iter().enumerate().map(|(nth, one)| (one.text.as_str(), nth)).collect();
        all.retain(|one| places.contains_key(one.id()));
        all.sort_by_key(|one| places.get(one.id()).copied());
    }
    all.into_iter().map(move |one| one.told(&known, wish, args, context))
}

/// The runs of the demo, and what is wanted and none of them.
fn demo_shares(args: &JourneyArgs, scenario: Option<&str>, listed: Option<&[Subject]>) -> Result<SplitEvidence, Error> {
    let runs = match scenario {
        Some(name) => vec![demo_run(args, Some(name))?.1],
        None => demo::embedded().into_iter().map(|(_, run)| run).collect(),
    };
    let is_run = |id: &str| runs.iter().any(|run| run.correlation_id == id);
    let other = |subject: &Subject| {
        let run = demo::find(&subject.text).filter(|(_, run)| is_run(&run.correlation_id)).map(|(_, run)| run);
        (subject.clone(), demo::evidence(&run.unwrap_or_default()))
    };
    let others = listed.unwrap_or_default().iter().filter(|subject| !is_run(&subject.text)).map(other).collect();
    let share = |run: &demo::DemoRun| (Subject::correlation(&run.correlation_id), demo::evidence(run));
    Ok(SplitEvidence { all: runs.iter().map(share).collect(), others })
}

/// What an answer rests on where nothing was there to be told of, though not all of it could be read.
fn of_nothing(shell: Evidence, args: &JourneyArgs, context: &Context) -> Option<Answered> {
    let flags = flags(args, context);
    (!shell.is_complete()).then(|| Answered { shell, settled: true, flags, ..Answered::default() })
}
