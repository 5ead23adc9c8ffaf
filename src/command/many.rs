//! Many journeys at once: of lists of IDs, of files, of the demo. Each is told as it comes, so that none need be kept.

use std::time::Duration;

use futures_util::stream::{StreamExt, iter};
use tokio::time::Instant;

use crate::command::Context;
use crate::command::asking::{Told, Wish, about, ask, blank, key_that_worked, told};
use crate::command::desk::{Desk, bar, progress};
use crate::command::footing::Footing;
use crate::command::offline::{read_files, within};
use crate::demo;
use crate::error::Error;
use crate::gather::recent::{Recent, Wanted, recent};
use crate::model::evidence::Evidence;
use crate::model::time::{HOUR, Timestamp, Window};
use crate::options::journey::JourneyArgs;
use crate::options::many::ManyArgs;
use crate::options::sources::Supply;
use crate::progress::Progress;
use crate::query::{Query, Subject};
use crate::stitch::split::split;
use crate::stitch::stitch;

/// How many runs are asked about at the same time.
const IN_FLIGHT: usize = 8;

/// Tells every journey that the flags are about, in their order: the one that is named, those of a list, else all of the
/// files or of the demo. What all of them rest on is given back as one.
///
/// # Errors
/// As [`ask`]; usage where there is none at all.
pub async fn each(
    args: &JourneyArgs,
    many: &ManyArgs,
    wish: &Wish<'_>,
    context: &Context,
    mut take: impl FnMut(&mut Told),
) -> Result<Footing, Error> {
    let is_named = args.subject.subject()?.is_some();
    let listed = many.listed(&context.surroundings)?;
    if is_named && (listed.is_some() || many.recent.is_some()) {
        return Err(Error::usage("one ID and a list of them", "name the ID, or give --ids-from or --recent"));
    }
    let mut footing: Option<Footing> = None;
    let mut add = |mut told: Told| {
        take(&mut told);
        footing = Some(match footing.take() {
            Some(all) => all.and(told.footing),
            None => told.footing,
        });
    };
    match args.sources.supply(&context.surroundings)? {
        Supply::Files(paths) if !is_named => {
            let now = context.surroundings.now;
            let window = args.time.window(now, context.settings.zone.value)?;
            let shares = split(within(read_files(&paths)?, window), &context.settings.keys.value);
            together(shares, now, wish, args, context).for_each(&mut add);
        }
        Supply::Demo(None) if !is_named => {
            let runs = demo::embedded().into_iter();
            let shares = runs.map(|(_, run)| (Subject::correlation(&run.correlation_id), demo::evidence(&run)));
            together(shares.collect(), demo::NOW, wish, args, context).for_each(&mut add);
        }
        Supply::Backends if listed.is_some() || many.recent.is_some() => {
            let desk = Desk::open(&args.sources.recording, context)?;
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
            footing = Some(Footing { said, unsaved, ..all });
        }
        _ => add(ask(args, wish, context).await?),
    }
    let nothing = || Error::usage("there is no journey in it", "name one with --correlation-id or --trace-id");
    footing.ok_or_else(nothing)
}

/// The newest runs that begin as is wished, or that the filters want. What may still change is left for later.
async fn newest(
    desk: &Desk,
    args: &JourneyArgs,
    many: &ManyArgs,
    wish: &Wish<'_>,
    context: &Context,
) -> Result<Recent, Error> {
    let window = args.time.window(desk.now, context.settings.zone.value)?;
    let query = blank(Subject::correlation(""), context, desk.now);
    let (root, root_service) = wish.root.cloned().map_or((None, None), |(root, service)| (Some(root), service));
    let wanted = Wanted {
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
    let found = Box::pin(recent(&wanted, &desk.backends, &desk.transport, &progress)).await;
    progress.done();
    Ok(found)
}

/// Asks about each, several at the same time, and tells them in their order.
async fn ask_each(
    desk: &Desk,
    subjects: Vec<Subject>,
    args: &JourneyArgs,
    many: &ManyArgs,
    wish: &Wish<'_>,
    context: &Context,
    mut add: impl FnMut(Told),
) -> Result<(), Error> {
    let until = many.total_timeout.map(|ns| Instant::now() + Duration::from_nanos(ns.unsigned_abs()));
    let bar = bar(subjects.len(), context);
    let silent = Progress::silent();
    let ask = |subject: Subject| {
        let (silent, transport) = (&silent, desk.transport.beside(until));
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

/// Each is judged by what all of them show.
fn together<'a>(
    shares: Vec<(Subject, Evidence)>,
    now: Timestamp,
    wish: &'a Wish<'a>,
    args: &'a JourneyArgs,
    context: &'a Context,
) -> impl Iterator<Item = Told> + 'a {
    let query = move |subject: &Subject| -> Query { blank(subject.clone(), context, now) };
    let mut known = wish.known.clone();
    for (subject, evidence) in &shares {
        known.learn(&stitch(evidence.clone(), &query(subject)));
    }
    let wish = Wish { known, ..*wish };
    shares.into_iter().map(move |(subject, evidence)| told(evidence, query(&subject), &wish, args, context))
}
