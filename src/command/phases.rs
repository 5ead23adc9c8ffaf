//! `trace phases`: how the phases of the pipeline stand, and which are stuck.

use crate::analysis::window::phases::{PhaseWindow, phases};
use crate::analysis::window::unfinished::UnfinishedJourneys;
use crate::command::provenance::Answered;
use crate::command::session::{Session, progress};
use crate::command::window::{TraceSelection, WindowQuery, WindowSearch, blank, each, is_one, read, window};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::gather;
use crate::gather::phases::PhaseMetrics;
use crate::model::duration::positive_duration;
use crate::model::finding::Severity;
use crate::model::time::{HOUR, MINUTE, Timestamp, Window};
use crate::options::journey::Found;
use crate::options::sources::Supply;
use crate::options::window::WindowArgs;
use crate::report::phases::PhasesReport;
use crate::report::wording::shell::filter_flags;
use crate::source::demo;
use crate::source::demo::platform;
use crate::source::role::Role;
use crate::wire::promql::selectors;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace phases
  trace phases --since 6h --stuck-after 30m
  trace phases --fail-on warning                1 where a phase is stuck, for scripts
  trace phases --without jaeger -o json         the metrics alone, for machines
  trace phases --demo";

/// Standing still for so long is being stuck.
const STUCK_AFTER: i64 = 15 * MINUTE;
/// So many journeys stand beside it.
const EXAMPLE_JOURNEYS: usize = 3;

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct PhasesArgs {
    /// A phase is stuck that has something in progress and has not moved for so long [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub stuck_after: Option<i64>,
    /// The window.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &PhasesArgs, context: &Context) -> Result<Outcome, Error> {
    let journey = &args.window.journey;
    if is_one(&args.window)? {
        return Err(Error::usage(
            "phases are those of a window, not of one journey",
            "drop the ID; --since and --start tell when",
        ));
    }
    let filters = journey.filters.filters();
    if !filters.is_empty() {
        let said = format!("{}: phases are told by metrics, which know nothing of that", filter_flags(&filters));
        return Err(Error::usage(
            said,
            "`phases.query` in the configuration picks series; trace errors and trace hotspots take it",
        ));
    }
    let looking =
        |now: Timestamp| UnfinishedJourneys::new(EXAMPLE_JOURNEYS, now.plus(-context.settings.settle_ns.value));
    let (mut footing, metered, asked, examples) = match journey.sources.supply(&context.surroundings)? {
        Supply::Files(_) => return Err(no_file("phases")),
        Supply::Demo(_) => {
            let mut examples = looking(demo::NOW);
            let counted = each(&args.window, context, |journey| examples.add(&journey)).await?;
            (counted.footing, of_the_demo(context), Window::new(demo::NOW.plus(-HOUR), demo::NOW), examples)
        }
        Supply::Backends => {
            let desk = Session::open(&journey.sources.recording, context)?;
            let asked = window(&args.window, desk.now, context)?;
            let mut examples = looking(desk.now);
            let progress = progress(context);
            progress.say(format!("asking {} how the phases stand", Role::Metrics.backend().as_str()));
            let queries = context.settings.phases.queries();
            let metered = gather::phases::gather(&queries, asked, &desk.sources(&progress)).await;
            progress.done();
            let Some(metered) = metered else { return Err(left_out("phases")) };
            let mut footing = Answered { settled: true, ..blank(&args.window, context) };
            if desk.backends.spans.is_some() && !metered.phases.series.is_empty() {
                let take = |journey| examples.add(&journey);
                let reading = WindowQuery {
                    window: asked,
                    services: vec![],
                    search: WindowSearch::for_traces(TraceSelection::AndErrors),
                };
                footing = read(&desk, reading, &args.window, context, take).await.footing;
            }
            footing.shell.absorb_shell(metered.shell.clone());
            (footing.said, footing.unsaved) = desk.close(context);
            (footing, metered, asked, examples)
        }
    };
    let queries = context.settings.phases.queries();
    let stuck_after_ns = args.stuck_after.unwrap_or(STUCK_AFTER);
    let PhaseMetrics { phases: told, storage, step_ns, .. } = metered;
    let report = PhasesReport {
        metrics: selectors(&told.query).unwrap_or_default(),
        asked,
        step_ns,
        stuck_after_ns,
        phases: phases(&told.series, &queries, PhaseWindow { window: asked, step_ns, stuck_after_ns }),
        query: told.query,
        storage,
        examples: examples.newest(),
    };
    footing.found = if report.phases.is_empty() { Found::Nothing } else { Found::Something };
    footing.worst = report.is_stuck().then_some(Severity::Warning);
    Ok(footing.outcome(journey, context, report))
}

/// As if the demo's platform had been asked.
fn of_the_demo(context: &Context) -> PhaseMetrics {
    let mut phases = platform::phases();
    phases.query.clone_from(&context.settings.phases.query.value);
    PhaseMetrics { phases, storage: platform::storage(), step_ns: platform::STEP, ..PhaseMetrics::default() }
}

/// Files hold no metrics.
pub fn no_file(what: &str) -> Error {
    let said = format!("--input: {what} come from Prometheus, and files hold spans and lines");
    Error::usage(said, "drop --input to ask Prometheus; --replay answers from what --record kept of it")
}

/// Nobody else can tell.
pub fn left_out(what: &str) -> Error {
    Error::usage(format!("--without prometheus: {what} come from it alone"), "leave prometheus in")
}
