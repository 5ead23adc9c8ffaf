//! `trace alerts`: those of a time, what they touch, the journeys that show them; and the rules behind them.

use std::collections::BTreeSet;

use crate::analysis::window::alert_rules::judged;
use crate::analysis::window::alerts::{AlertEpisode, AlertExamples, AlertInput, episodes, explain, wanted};
use crate::command::journey::{JourneyRequest, ask};
use crate::command::phases::{left_out, no_file};
use crate::command::provenance::Answered;
use crate::command::session::{Session, progress};
use crate::command::window::{TraceSelection, WindowQuery, WindowSearch, blank, each, is_one, read, window};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::gather;
use crate::gather::alerts::AlertsAnswer;
use crate::gather::rules::RulesAnswer;
use crate::model::basis::{Basis, SampledService};
use crate::model::conventions::short_service;
use crate::model::evidence::{Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::pattern::Pattern;
use crate::model::time::{HOUR, Timestamp, Window, Windows};
use crate::options::journey::Found;
use crate::options::sources::Supply;
use crate::options::window::WindowArgs;
use crate::report::alerts::{AlertsReport, SHOWN};
use crate::report::rules::RulesReport;
use crate::report::wording::shell::filter_flags;
use crate::source::demo;
use crate::source::demo::platform;
use crate::source::role::Role;
use crate::wire::promql::needed;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace alerts
  trace alerts --since 24h
  trace alerts req-42                           those of one journey's time
  trace alerts --fail-on error                  1 where a critical one fires or fired, for scripts
  trace alerts --service shop --fail-on error   the same of one service; what names none is shown and decides nothing
  trace alerts --rules                          the rules, and which cannot work or never had data
  trace alerts --demo";

/// In so many stretches of time journeys are looked for at most.
const STRETCHES: usize = 6;

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct AlertsArgs {
    /// The rules instead: their health, and those that never had data
    #[arg(long, conflicts_with_all = ["id", "correlation_id", "trace_id"])]
    pub rules: bool,
    /// The window, or one journey.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &AlertsArgs, context: &Context) -> Result<Outcome, Error> {
    let supply = args.window.journey.sources.supply(&context.surroundings)?;
    match supply {
        Supply::Files(_) => Err(no_file("alerts")),
        _ if args.rules => rules(args, matches!(supply, Supply::Demo(_)), context).await,
        _ if is_one(&args.window)? => of_one(args, context).await,
        Supply::Demo(_) => of_the_demo(args, context).await,
        Supply::Backends => of_a_window(args, context).await,
    }
}

async fn of_a_window(args: &AlertsArgs, context: &Context) -> Result<Outcome, Error> {
    let journey = &args.window.journey;
    let desk = Session::open(&journey.sources.recording, context)?;
    let asked = window(&args.window, desk.now, context)?;
    let progress = progress(context);
    progress.say(format!("asking {} for alerts", Role::Metrics.backend().as_str()));
    let told = gather::alerts::gather(asked, desk.now, &desk.sources(&progress)).await;
    progress.done();
    let Some(told) = told else { return Err(left_out("alerts")) };
    let filters = journey.filters.filters();
    let of_services = !filters.services.is_empty();
    let mut alerts = all(&told, asked, desk.now, &filters);
    let mut footing = Answered { settled: true, ..blank(&args.window, context) };
    let mut basis = Basis::default();
    let shown = alerts.len().min(SHOWN);
    if desk.backends.spans.is_some() && shown > 0 {
        let mut showing = AlertExamples::new(&alerts[..shown], asked);
        let touched: Windows = alerts[..shown].iter().filter_map(|alert| alert.touches(asked)).collect();
        let mut touched: Vec<Window> = touched.iter().collect();
        touched.reverse();
        for stretch in touched.iter().take(STRETCHES) {
            let stretch = Window::new(stretch.from, stretch.to.min(desk.now.plus(1)));
            let take = |journey| showing.add(&journey, &filters);
            let services = services_of(&alerts[..shown], [asked, stretch], &filters);
            let reading =
                WindowQuery { window: stretch, services, search: WindowSearch::for_traces(TraceSelection::AndErrors) };
            let counted = read(&desk, reading, &args.window, context, take).await;
            add(&mut basis, counted.basis);
            footing.settled &= counted.footing.settled;
            footing.shell.absorb_shell(counted.footing.shell);
        }
        if touched.len() > STRETCHES {
            let said =
                format!("journeys were looked for around the newest alerts: {STRETCHES} of {} times", touched.len());
            footing.shell.note(
                Note::new(NoteCode::Sampled, Role::Spans.backend(), said)
                    .hint("narrow the time with --start and --end"),
            );
        }
        showing.finish(&mut alerts[..shown]);
    }
    footing.shell.absorb_shell(told.shell);
    (footing.said, footing.unsaved) = desk.close(context);
    Ok(shown_with(
        footing,
        args,
        context,
        AlertsReport { asked: Some(asked), of_services, no_rules: told.no_rules, alerts, basis },
    ))
}

/// Whose traces can show the alerts of this stretch: all that are wanted, where one of them names no service.
fn services_of(alerts: &[AlertEpisode], [asked, stretch]: [Window; 2], filters: &Filters) -> Vec<Pattern> {
    let is_here = |alert: &&AlertEpisode| {
        alert.touches(asked).is_some_and(|touched| touched.from < stretch.to && stretch.from < touched.to)
    };
    let named = alerts.iter().filter(is_here).map(|alert| alert.service.as_deref().map(short_service));
    let named: Option<BTreeSet<&str>> = named.collect();
    named.map_or_else(|| filters.services.clone(), |named| named.into_iter().map(Pattern::exact).collect())
}

/// Counts of several stretches of time as one.
fn add(basis: &mut Basis, other: Basis) {
    basis.calls = basis.calls.saturating_add(other.calls);
    basis.journeys += other.journeys;
    basis.lines += other.lines;
    basis.limit = other.limit;
    SampledService::add_all(&mut basis.services, other.services);
    basis.services.sort();
}

async fn of_the_demo(args: &AlertsArgs, context: &Context) -> Result<Outcome, Error> {
    let asked = Window::new(demo::NOW.plus(-HOUR), demo::NOW);
    let (stretches, rules) = (platform::alerts(), platform::rules());
    let told = AlertsAnswer { stretches, rules, step_ns: platform::STEP, ..AlertsAnswer::default() };
    let filters = args.window.journey.filters.filters();
    let of_services = !filters.services.is_empty();
    let mut alerts = all(&told, asked, demo::NOW, &filters);
    let mut showing = AlertExamples::new(&alerts, asked);
    let counted = each(&args.window, context, |journey| showing.add(&journey, &filters)).await?;
    showing.finish(&mut alerts);
    Ok(shown_with(
        counted.footing,
        args,
        context,
        AlertsReport { asked: Some(asked), of_services, no_rules: false, alerts, basis: counted.basis },
    ))
}

/// The alerts of one journey's time; only that journey can show them.
async fn of_one(args: &AlertsArgs, context: &Context) -> Result<Outcome, Error> {
    let told = ask(&args.window.journey, &JourneyRequest::plain(context), context).await?;
    let journey = &told.judged.journey;
    let asked = told.footing.shell.coverage.metrics.hull();
    let window = asked.unwrap_or(Window::new(told.query.now, told.query.now));
    let step_ns = gather::alerts::step_ns(window);
    let alerted = AlertsAnswer { stretches: journey.alerts.clone(), step_ns, ..AlertsAnswer::default() };
    let filters = args.window.journey.filters.filters();
    let of_services = !filters.services.is_empty();
    let mut alerts = all(&alerted, window, told.query.now, &filters);
    let mut showing = AlertExamples::new(&alerts, window);
    showing.add(journey, &filters);
    showing.finish(&mut alerts);
    let mut basis = Basis::default();
    if !journey.is_empty() {
        basis.add(journey, &filters);
    }
    Ok(shown_with(told.footing, args, context, AlertsReport { asked, of_services, no_rules: false, alerts, basis }))
}

fn all(told: &AlertsAnswer, window: Window, now: Timestamp, filters: &Filters) -> Vec<AlertEpisode> {
    let AlertsAnswer { stretches, since, active, sampled, rules, step_ns, .. } = told;
    let sampled = sampled.as_deref();
    let all = episodes(AlertInput { stretches, since, active, sampled, step_ns: *step_ns, window, now });
    let mut wanted = wanted(all, filters);
    explain(&mut wanted, rules);
    wanted
}

fn shown_with(mut footing: Answered, args: &AlertsArgs, context: &Context, alerts: AlertsReport) -> Outcome {
    footing.found = if alerts.alerts.is_empty() { Found::Nothing } else { Found::Something };
    footing.worst = alerts.gravest_that_gates();
    footing.outcome(&args.window.journey, context, alerts)
}

async fn rules(args: &AlertsArgs, is_demo: bool, context: &Context) -> Result<Outcome, Error> {
    let filters = args.window.journey.filters.filters();
    if !filters.is_empty() {
        let said = format!("--rules: all are told, whatever {} says", filter_flags(&filters));
        return Err(Error::usage(said, "drop it, or --rules"));
    }
    let journey = &args.window.journey;
    let mut footing = Answered { settled: true, ..blank(&args.window, context) };
    let (told, asked) = if is_demo {
        let rules = platform::rules();
        let all = rules.iter().filter_map(|rule| needed(&rule.query)).flatten();
        let seen = all.map(|selector| (selector.clone(), platform::has(&selector))).collect();
        (RulesAnswer { rules, seen, ..RulesAnswer::default() }, Window::new(demo::NOW.plus(-HOUR), demo::NOW))
    } else {
        let desk = Session::open(&journey.sources.recording, context)?;
        let asked = window(&args.window, desk.now, context)?;
        let progress = progress(context);
        progress.say(format!("asking {} for its rules", Role::Metrics.backend().as_str()));
        let told = gather::rules::gather(asked, &desk.sources(&progress)).await;
        progress.done();
        let Some(told) = told else { return Err(left_out("rules")) };
        (footing.said, footing.unsaved) = desk.close(context);
        (told, asked)
    };
    footing.shell.absorb_shell(told.shell);
    let rules = RulesReport { asked, rules: judged(told.rules, needed, &told.seen) };
    footing.found = if rules.rules.is_empty() { Found::Nothing } else { Found::Something };
    footing.worst = rules.is_ill().then_some(Severity::Warning);
    Ok(footing.outcome(journey, context, rules))
}
