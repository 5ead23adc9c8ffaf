//! `trace diff`: two journeys, or two windows, step by step.

use crate::analysis::window::diff::{DiffFold, DiffSide};
use crate::command::journey::{JourneyAnswer, JourneyRequest, about, ask};
use crate::command::provenance::Answered;
use crate::command::session::{Session, progress};
use crate::command::window::{WindowAnswer, WindowSearch, each, in_window, needs_spans};
use crate::command::{Context, Outcome};
use crate::error::{Error, Exit};
use crate::model::basis::Basis;
use crate::model::journey::Journey;
use crate::model::time::{HOUR, Timestamp, Window};
use crate::options::journey::{Found, JourneyArgs};
use crate::options::sources::Supply;
use crate::options::subject::SubjectArgs;
use crate::options::time::TimeArgs;
use crate::options::window::WindowArgs;
use crate::report::diff::{ComparedJourney, DiffReport, DiffSubject};
use crate::source::demo;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace diff req-41 req-42                          what the second does otherwise than the first
  trace diff --at 14:05                             the hour before a deploy, and the hour after it
  trace diff --before 12:00..13:00 --after 14:05..now
  trace diff --input good.json --input bad.json     one journey in each
  trace diff --input all.json req-41 req-42
  trace diff --demo complete late-consumer
  trace diff --demo --at now-25m
  trace diff req-41 req-42 --exit-code              1 where they differ, as in git; 3 where that cannot be told";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct DiffArgs {
    /// Show the steps that are alike as well
    #[arg(long)]
    pub all: bool,
    /// 1 where they differ, 3 where too few journeys can tell
    #[arg(long)]
    pub exit_code: bool,
    /// Compare the hour before this time with the hour after it
    #[arg(long, value_name = "TIME", conflicts_with_all = ["before", "after", "since", "start", "end"], allow_hyphen_values = true, help_heading = "Time")]
    pub at: Option<String>,
    /// Compare this window …
    #[arg(long, value_name = "START..END", requires = "after", conflicts_with_all = ["since", "start", "end"], help_heading = "Time")]
    pub before: Option<String>,
    /// … with this one
    #[arg(long, value_name = "START..END", requires = "before", help_heading = "Time")]
    pub after: Option<String>,
    /// The first journey, or the windows.
    #[command(flatten)]
    pub window: WindowArgs,
    /// The journey to compare it with
    #[arg(value_name = "OTHER ID")]
    pub other: Option<String>,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &DiffArgs, context: &Context) -> Result<Outcome, Error> {
    args.window.journey.verdict.refuse_fail_on("diff", "--exit-code ends with 1 where the two differ")?;
    let input = &args.window.journey.sources.input;
    if input.iter().any(|path| path.as_os_str() == "-") && !(input.len() == 2 && args.other.is_none()) {
        return Err(Error::usage(
            "--input -: standard input can be read only once",
            "name a file: both sides are read",
        ));
    }
    let (compared, footing) = match windows(args, context)? {
        Some(windows) => Box::pin(two_windows(args, windows, context)).await?,
        None => Box::pin(two_journeys(args, context)).await?,
    };
    let body = DiffReport::new(compared);
    let body = if args.all { body.with_all_steps() } else { body };
    let told = match (body.can_tell(), body.differs()) {
        (false, _) => Exit::CannotTell,
        (true, true) => Exit::Negative,
        (true, false) => Exit::Answered,
    };
    let mut outcome = footing.outcome(&args.window.journey, context, body);
    if args.exit_code && outcome.exit == Exit::Answered {
        outcome.exit = told;
    }
    Ok(outcome)
}

/// The two windows, where windows are meant.
fn windows(args: &DiffArgs, context: &Context) -> Result<Option<[Window; 2]>, Error> {
    let is_demo = args.window.journey.sources.demo.is_some();
    let (now, zone) = (if is_demo { demo::NOW } else { context.surroundings.now }, context.settings.zone.value);
    let read = |times: TimeArgs| {
        let window = times.window(now, zone)?;
        window.ok_or_else(|| Error::usage("no time is given", "write START..END, such as 14:00..15:00 or 14:00..now"))
    };
    let part = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let stretch = |flag: &str, text: &str| {
        let (start, end) = text.split_once("..").ok_or_else(|| {
            Error::usage(
                format!("{flag}: {text:?} is no window"),
                "write START..END, such as 14:00..15:00 or now-2h..now-1h",
            )
        })?;
        read(TimeArgs { since: None, start: part(start), end: part(end) })
    };
    let told = match (&args.at, &args.before, &args.after) {
        (Some(at), ..) => {
            let before = read(TimeArgs { end: Some(at.clone()), ..TimeArgs::default() })?;
            let after = Window::new(before.to, Timestamp::min(before.to.plus(HOUR), now.plus(1)));
            if after.is_empty() {
                return Err(Error::usage("--at: this time is still to come", "compare with a time that was"));
            }
            Some([before, after])
        }
        (None, Some(before), Some(after)) => Some([stretch("--before", before)?, stretch("--after", after)?]),
        _ => None,
    };
    if told.is_some() && (args.other.is_some() || args.window.journey.subject.subject()?.is_some()) {
        return Err(Error::usage("two journeys, or two windows: not both", "drop the IDs, or the times"));
    }
    Ok(told)
}

/// Each journey is on one side only: where it began.
fn began_in(journey: &Journey, window: Window) -> bool {
    journey.span_extent().is_some_and(|extent| window.contains(extent.from))
}

async fn two_windows(
    args: &DiffArgs,
    windows: [Window; 2],
    context: &Context,
) -> Result<(DiffSubject, Answered), Error> {
    let filters = args.window.journey.filters.filters();
    let mut diff = DiffFold::of_many();
    let mut all: Vec<WindowAnswer> = vec![];
    match args.window.journey.sources.supply(&context.surroundings)? {
        Supply::Backends => {
            let desk = Session::open(&args.window.journey.sources.recording, context)?;
            needs_spans(&desk)?;
            let search = WindowSearch { evenly: true, ..WindowSearch::default() };
            for (side, window) in [DiffSide::First, DiffSide::Second].into_iter().zip(windows) {
                let add = |journey: Journey| {
                    if began_in(&journey, window) {
                        diff.add(side, &journey, &filters);
                    }
                };
                all.push(in_window(&desk, window, search.clone(), &args.window, context, add).await);
            }
            if let Some(last) = all.last_mut() {
                (last.footing.said, last.footing.unsaved) = desk.close(context);
            }
        }
        _ => {
            for (side, window) in [DiffSide::First, DiffSide::Second].into_iter().zip(windows) {
                let mut one = args.window.clone();
                let time = |at: Timestamp| Some(at.rfc3339());
                one.journey.time = TimeArgs { since: None, start: time(window.from), end: time(window.to) };
                let add = |journey: Journey| {
                    if began_in(&journey, window) {
                        diff.add(side, &journey, &filters);
                    }
                };
                all.push(each(&one, context, add).await?);
            }
        }
    }
    let (footings, bases): (Vec<Answered>, Vec<Basis>) = all.into_iter().map(|one| (one.footing, one.basis)).unzip();
    let footing = footings.into_iter().reduce(Answered::and).unwrap_or_default();
    let bases = <[Basis; 2]>::try_from(bases).unwrap_or_default();
    Ok((DiffSubject::Windows { windows, bases, result: diff.told() }, footing))
}

async fn two_journeys(args: &DiffArgs, context: &Context) -> Result<(DiffSubject, Answered), Error> {
    let (plain, filters) = (JourneyRequest::plain(context), args.window.journey.filters.filters());
    let both = both(args, context)?;
    let mut told: Vec<JourneyAnswer> = vec![];
    match args.window.journey.sources.supply(&context.surroundings)? {
        Supply::Backends => {
            let desk = Session::open(&args.window.journey.sources.recording, context)?;
            let progress = progress(context);
            for one in &both {
                let subject = one.subject.required()?;
                // Each is a question of its own.
                desk.transport.begin_round(desk.transport.round_limit());
                told.push(Box::pin(about(&desk, &desk.transport, subject, &progress, one, &plain, context)).await?);
            }
            progress.done();
            if let Some(last) = told.last_mut() {
                (last.footing.said, last.footing.unsaved) = desk.close(context);
            }
        }
        _ => {
            for one in &both {
                told.push(Box::pin(ask(one, &plain, context)).await?);
            }
        }
    }
    let mut diff = DiffFold::of_two();
    for (side, one) in [DiffSide::First, DiffSide::Second].into_iter().zip(&told) {
        diff.add(side, &one.judged.journey, &filters);
    }
    let is_demo = args.window.journey.sources.demo.is_some();
    let name = |one: (&JourneyArgs, &JourneyAnswer)| match &one.0.subject.id {
        Some(id) if is_demo => id.clone(),
        _ => one.1.query.subject.text.clone(),
    };
    let side = |(args, answer): (&JourneyArgs, &JourneyAnswer)| ComparedJourney {
        name: name((args, answer)),
        provenance: answer.footing.provenance(),
        is_empty: answer.judged.journey.is_empty(),
    };
    let sides: Vec<ComparedJourney> = both.iter().zip(&told).map(side).collect();
    let mut footing = told.into_iter().map(|one| one.footing).reduce(Answered::and).unwrap_or_default();
    // One side alone is nothing to compare.
    if sides.iter().any(|side| side.is_empty) {
        footing.found = Found::Nothing;
    }
    let sides = <[ComparedJourney; 2]>::try_from(sides).unwrap_or_default();
    Ok((DiffSubject::Journeys { sides, result: diff.told() }, footing))
}

/// The flags of either journey.
fn both(args: &DiffArgs, context: &Context) -> Result<[JourneyArgs; 2], Error> {
    let journey = &args.window.journey;
    let named = |id: &str| JourneyArgs {
        subject: SubjectArgs { id: Some(id.to_owned()), ..SubjectArgs::default() },
        ..journey.clone()
    };
    let supply = journey.sources.supply(&context.surroundings)?;
    let first = journey.subject.subject()?.is_some();
    match (supply, first, &args.other) {
        (_, true, Some(other)) => Ok([journey.clone(), named(other)]),
        (Supply::Demo(None), true, None) => Ok([named("complete"), journey.clone()]),
        (Supply::Demo(scenario), false, None) => {
            Ok([named("complete"), named(scenario.as_deref().unwrap_or(demo::BROKEN))])
        }
        (Supply::Files(paths), false, None) if paths.len() == 2 => {
            let one = |path: &std::path::PathBuf| {
                let mut one = journey.clone();
                one.sources.input = vec![path.clone()];
                one
            };
            Ok([one(&paths[0]), one(&paths[1])])
        }
        _ => Err(Error::usage(
            "what is to be compared? two journeys are needed, or two windows",
            "trace diff ID ID, or --at TIME, or --before START..END --after START..END",
        )),
    }
}
