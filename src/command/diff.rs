//! `trace diff`: two journeys, or two windows, step by step.

use std::path::PathBuf;

use crate::analysis::window::diff::{DiffFold, DiffSide};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::{Error, Exit};
use crate::model::basis::Basis;
use crate::model::journey::Journey;
use crate::model::provenance::{DataSelection, GivenTimes, Supply};
use crate::model::time::{HOUR, Timestamp, Window, Zone};
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::options::subject::SubjectArgs;
use crate::options::time::TimeArgs;
use crate::options::window::WindowArgs;
use crate::report::diff::{ComparedJourney, DiffReport, DiffSubject};
use crate::session::answer::{AnswerSummary, Found};
use crate::session::request::{SampleSpread, WindowRequest, WindowSearch};
use crate::session::{FinishedSession, Session};
use crate::source::demo;

/// The flags of the command.
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

impl Subcommand for DiffArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace diff req-41 req-42                          what the second does otherwise than the first
  trace diff --at 14:05                             the hour before a deploy, and the hour after it
  trace diff --before 12:00..13:00 --after 14:05..now
  trace diff --input good.json --input bad.json     one journey in each
  trace diff --input all.json req-41 req-42
  trace diff --demo complete late-consumer
  trace diff --demo --at now-25m
  trace diff req-41 req-42 --exit-code              1 where they differ, as in git; 3 where that cannot be told",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.window.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.window.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let journey = &self.window.journey;
        journey.verdict.refuse_fail_on("diff", "--exit-code ends with 1 where the two differ")?;
        journey.filters.refuse_about_lines("diff")?;
        journey.sources.refuse_for_servers(self.window.limit.map(|_| "--limit"))?;
        let input = &journey.sources.input;
        if input.iter().any(|path| path.as_os_str() == "-") && !(input.len() == 2 && self.other.is_none()) {
            return Err(Error::usage(
                "--input -: standard input can be read only once",
                "name a file: both sides are read",
            ));
        }
        // Wrong flags are refused before anything is opened: backends may run programs that print credentials.
        let zone = context.settings.zone.value;
        let sides = self.journeys(&journey.sources.supply(&context.environment)?)?;
        if sides.is_some() {
            context.refuse_wrong_times(journey)?;
        } else if let Some(now) = context.backends_now(&journey.sources)? {
            self.windows(now, zone)?;
        }
        let session = context.open(&journey.sources, &journey.backends)?;
        let (compared, answer, finished) = match sides {
            None => Box::pin(self.two_windows(self.windows(session.now(), zone)?, session)).await?,
            Some(sides) => Box::pin(self.two_journeys(&sides, session, context)).await?,
        };
        let report = DiffReport::new(compared);
        let report = if self.all { report.with_all_steps() } else { report };
        let exit = match (report.can_tell(), report.differs()) {
            (false, _) => Exit::CannotTell,
            (true, true) => Exit::Negative,
            (true, false) => Exit::Answered,
        };
        let mut outcome = context.outcome(answer, finished, journey.verdict, report);
        if self.exit_code && outcome.exit == Exit::Answered {
            outcome.exit = exit;
        }
        Ok(outcome)
    }
}

/// What is compared, the answer about both sides, and the session that read them.
type Compared = (DiffSubject, AnswerSummary, FinishedSession);

impl DiffArgs {
    async fn two_windows(&self, windows: [Window; 2], session: Session) -> Result<Compared, Error> {
        let filters = self.window.journey.filters.filters();
        let mut diff = DiffFold::of_many();
        let mut bases: Vec<Basis> = vec![];
        let mut answer: Option<AnswerSummary> = None;
        for (side, window) in [DiffSide::First, DiffSide::Second].into_iter().zip(windows) {
            let request = self.window_request(window, &session);
            let add = |journey: Journey| {
                if began_in(&journey, window) {
                    diff.add(side, &journey, &filters);
                }
            };
            let read = session.window(&request, add).await?;
            bases.push(read.basis);
            answer = Some(read.summary.after(answer));
        }
        let bases = <[Basis; 2]>::try_from(bases).unwrap_or_default();
        let subject = DiffSubject::Windows { windows, bases, result: diff.finish() };
        Ok((subject, answer.unwrap_or_default(), session.finish()))
    }

    fn window_request(&self, window: Window, session: &Session) -> WindowRequest {
        let time = |at: Timestamp| Some(at.rfc3339());
        let is_from_backends = session.data().supply == Supply::Backends;
        WindowRequest {
            window: Some(window),
            times: if is_from_backends {
                GivenTimes::from(&self.window.journey.time)
            } else {
                GivenTimes { since: None, start: time(window.from), end: time(window.to) }
            },
            filters: self.window.journey.filters.filters(),
            traces_per_service: self.window.traces_per_service(),
            search: WindowSearch { spread: SampleSpread::Even, ..WindowSearch::default() },
            ..WindowRequest::default()
        }
    }

    async fn two_journeys(
        &self,
        sides: &[JourneyArgs; 2],
        session: Session,
        context: &Context,
    ) -> Result<Compared, Error> {
        let filters = self.window.journey.filters.filters();
        let is_demo = session.is_demo();
        let mut diff = DiffFold::of_two();
        let mut compared = vec![];
        let mut answer: Option<AnswerSummary> = None;
        // Two files are two sets of data, each with a session of its own.
        let mut other_files = vec![];
        for (side, args) in [DiffSide::First, DiffSide::Second].into_iter().zip(sides) {
            let own = if args.sources.input == self.window.journey.sources.input {
                None
            } else {
                Some(context.open(&args.sources, &args.backends)?)
            };
            let session = own.as_ref().unwrap_or(&session);
            let request = context.journey_request(args, session)?;
            let found = session.journey(&request).await?;
            other_files.extend(own);
            diff.add(side, &found.analysed.journey, &filters);
            let name = args.subject.id.clone().filter(|_| is_demo);
            compared.push(ComparedJourney {
                name: name.unwrap_or(found.query.subject.text),
                is_empty: found.analysed.journey.is_empty(),
                provenance: found.summary.provenance.clone(),
            });
            answer = Some(found.summary.after(answer));
        }
        for own in other_files {
            let _: FinishedSession = own.finish();
        }
        let mut answer = answer.unwrap_or_default();
        answer.provenance.data = DataSelection { supply: session.data().supply.clone(), ..answer.provenance.data };
        // One side alone is nothing to compare.
        if compared.iter().any(|side| side.is_empty) {
            answer.found = Found::Nothing;
        }
        let sides = <[ComparedJourney; 2]>::try_from(compared).unwrap_or_default();
        Ok((DiffSubject::Journeys { sides, result: diff.finish() }, answer, session.finish()))
    }

    /// The flags of either journey; none where two windows are compared.
    fn journeys(&self, supply: &Supply) -> Result<Option<[JourneyArgs; 2]>, Error> {
        let is_named = self.window.journey.subject.subject()?.is_some();
        if self.at.is_some() || self.before.is_some() {
            if is_named || self.other.is_some() {
                return Err(Error::usage("two journeys, or two windows: not both", "drop the IDs, or the times"));
            }
            return Ok(None);
        }
        let sides = self.sides(supply)?;
        for side in &sides {
            match supply {
                Supply::Backends => drop(side.subject.required()?),
                Supply::Files(_) | Supply::Demo(_) => drop(side.subject.subject()?),
            }
        }
        Ok(Some(sides))
    }

    /// The flags of either journey.
    fn sides(&self, supply: &Supply) -> Result<[JourneyArgs; 2], Error> {
        let journey = &self.window.journey;
        let named = |id: &str| JourneyArgs {
            subject: SubjectArgs { id: Some(id.to_owned()), ..SubjectArgs::default() },
            ..journey.clone()
        };
        let is_named = journey.subject.subject()?.is_some();
        match (supply, is_named, &self.other) {
            (_, true, Some(other)) => Ok([journey.clone(), named(other)]),
            (Supply::Demo(None), true, None) => Ok([named("complete"), journey.clone()]),
            (Supply::Demo(scenario), false, None) => {
                Ok([named("complete"), named(scenario.as_deref().unwrap_or(demo::DEFAULT_SCENARIO))])
            }
            (Supply::Files(paths), false, None) if paths.len() == 2 => {
                let one = |path: &PathBuf| {
                    let mut one = journey.clone();
                    one.sources.input = vec![path.clone()];
                    one
                };
                Ok([one(&paths[0]), one(&paths[1])])
            }
            _ => Err(nothing_to_compare()),
        }
    }

    /// The two windows.
    fn windows(&self, now: Timestamp, zone: Zone) -> Result<[Window; 2], Error> {
        let read = |times: TimeArgs| {
            let window = times.window(now, zone)?;
            window
                .ok_or_else(|| Error::usage("no time is given", "write START..END, such as 14:00..15:00 or 14:00..now"))
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
        match (&self.at, &self.before, &self.after) {
            (Some(at), ..) => {
                let before = read(TimeArgs { end: Some(at.clone()), ..TimeArgs::default() })?;
                let after = Window::new(before.to, Timestamp::min(before.to.plus(HOUR), now.plus(1)));
                if after.is_empty() {
                    return Err(Error::usage("--at: this time is still to come", "compare with a time that was"));
                }
                Ok([before, after])
            }
            (None, Some(before), Some(after)) => Ok([stretch("--before", before)?, stretch("--after", after)?]),
            _ => Err(nothing_to_compare()),
        }
    }
}

fn nothing_to_compare() -> Error {
    Error::usage(
        "what is to be compared? two journeys are needed, or two windows",
        "trace diff ID ID, or --at TIME, or --before START..END --after START..END",
    )
}

/// Whether a journey began in this window: that puts it on one side only.
fn began_in(journey: &Journey, window: Window) -> bool {
    journey.span_extent().is_some_and(|extent| window.contains(extent.from))
}
