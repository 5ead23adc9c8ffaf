//! `trace alerts`: those of a time, what they touch, the journeys that show them; and the rules behind them.

use std::collections::BTreeSet;

use crate::analysis::window::alert_rules::check_rules;
use crate::analysis::window::alerts::{AlertEpisode, AlertExamples, AlertInput, episodes, explain, of_services};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::gather;
use crate::gather::alerts::AlertsAnswer;
use crate::model::action::{Action, Narrowing};
use crate::model::basis::{Basis, SampledService};
use crate::model::conventions::short_service;
use crate::model::evidence::{Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::pattern::Pattern;
use crate::model::provenance::Supply;
use crate::model::time::{Timestamp, Window, Windows};
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
use crate::options::window::WindowArgs;
use crate::report::alerts::{AlertsReport, SHOWN};
use crate::report::rules::RulesReport;
use crate::report::wording::shell::filter_flags;
use crate::session::answer::{AnswerSummary, Found};
use crate::session::request::{TraceSelection, WindowRequest, WindowSearch};
use crate::session::{FinishedSession, Session};
use crate::source::role::Role;
use crate::wire::promql::needed;

/// Stretches of time in which journeys are searched for at most: each is a search of every service it touches.
const MAX_STRETCHES: usize = 6;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct AlertsArgs {
    /// The rules instead: their health, and those that never had data
    #[arg(long, conflicts_with_all = ["id", "correlation_id", "trace_id"])]
    pub rules: bool,
    /// The window, or one journey.
    #[command(flatten)]
    pub window: WindowArgs,
}

impl Subcommand for AlertsArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace alerts
  trace alerts --since 24h
  trace alerts req-42                           those of one journey's time
  trace alerts --fail-on error                  1 where a critical one fires or fired, for scripts
  trace alerts --service shop --fail-on error   the same of one service; what names none is shown and decides nothing
  trace alerts --rules                          the rules, and which cannot work or never had data
  trace alerts --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.window.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.window.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let is_named = self.window.journey.subject.subject()?.is_some();
        let supply = self.window.journey.sources.supply(&context.environment)?;
        match supply {
            _ if self.rules => self.list_rules(context).await,
            // Files hold no alerts, of one journey either.
            Supply::Demo(_) | Supply::Backends if is_named => self.of_one_journey(context).await,
            _ => self.of_window(context).await,
        }
    }
}

impl AlertsArgs {
    async fn of_window(&self, context: &Context) -> Result<Outcome, Error> {
        let (session, request) = context.open_window(&self.window)?;
        let asked = session.metrics_window(&request);
        let found = session.alerts(asked).await?;
        let mut alerts = selected(&found, asked, session.now(), &request.filters);
        let shown = alerts.len().min(SHOWN);
        let (mut answer, basis) = if session.is_demo() {
            // The demo's alerts and journeys are of the same hour.
            let mut examples = AlertExamples::new(&alerts, asked);
            let read = session.window(&request, |journey| examples.add(&journey, &request.filters)).await?;
            examples.finish(&mut alerts);
            (read.summary, read.basis)
        } else {
            read_examples(&session, &request, &mut alerts[..shown], asked).await?
        };
        answer.provenance.absorb(found.status);
        let of_services = !request.filters.services.is_empty();
        let report = AlertsReport { asked: Some(asked), of_services, no_rules: found.no_rules, alerts, basis };
        Ok(self.outcome(answer, session.finish(), context, report))
    }

    /// The alerts of one journey's time; only that journey can show them.
    async fn of_one_journey(&self, context: &Context) -> Result<Outcome, Error> {
        let (session, request) = context.open_journey(&self.window.journey)?;
        let found = session.journey(&request).await?;
        let journey = &found.analysed.journey;
        let asked = found.summary.provenance.window.metrics.hull();
        let now = found.query.now;
        let window = asked.unwrap_or(Window::new(now, now));
        let step_ns = gather::alerts::step_ns(window);
        let alerts = AlertsAnswer { stretches: journey.alerts.clone(), step_ns, ..AlertsAnswer::default() };
        let mut alerts = selected(&alerts, window, now, &request.filters);
        let mut examples = AlertExamples::new(&alerts, window);
        examples.add(journey, &request.filters);
        examples.finish(&mut alerts);
        let mut basis = Basis::default();
        if !journey.is_empty() {
            basis.add(journey, &request.filters);
        }
        let of_services = !request.filters.services.is_empty();
        let report = AlertsReport { asked, of_services, no_rules: false, alerts, basis };
        Ok(self.outcome(found.summary, session.finish(), context, report))
    }

    fn outcome(
        &self,
        mut answer: AnswerSummary,
        finished: FinishedSession,
        context: &Context,
        report: AlertsReport,
    ) -> Outcome {
        answer.found = Found::from_count(report.alerts.len());
        answer.worst = report.highest_gating_severity();
        context.outcome(answer, finished, self.window.journey.verdict, report)
    }

    async fn list_rules(&self, context: &Context) -> Result<Outcome, Error> {
        let filters = self.window.journey.filters.filters();
        let is_from_files = matches!(self.window.journey.sources.supply(&context.environment)?, Supply::Files(_));
        if !filters.is_empty() && !is_from_files {
            let said = format!("--rules: all are told, whatever {} says", filter_flags(&filters));
            return Err(Error::usage(said, "drop it, or --rules"));
        }
        let (session, request) = context.open_window(&self.window)?;
        let asked = session.metrics_window(&request);
        let found = session.rules(asked).await?;
        let report = RulesReport { asked, rules: check_rules(found.rules, needed, &found.seen) };
        let mut answer = AnswerSummary {
            provenance: session.window_provenance(&request),
            found: Found::from_count(report.rules.len()),
            worst: report.has_broken_rule().then_some(Severity::Warning),
            ..AnswerSummary::default()
        };
        answer.provenance.absorb(found.status);
        Ok(context.outcome(answer, session.finish(), self.window.journey.verdict, report))
    }
}

/// Reads journeys that show these alerts, of the newest stretches of time.
async fn read_examples(
    session: &Session,
    request: &WindowRequest,
    alerts: &mut [AlertEpisode],
    asked: Window,
) -> Result<(AnswerSummary, Basis), Error> {
    let mut answer = AnswerSummary { provenance: session.window_provenance(request), ..AnswerSummary::default() };
    let mut basis = Basis::default();
    if !session.has_spans() || alerts.is_empty() {
        return Ok((answer, basis));
    }
    let mut examples = AlertExamples::new(alerts, asked);
    let touched: Windows = alerts.iter().filter_map(|alert| alert.example_window(asked)).collect();
    let mut touched: Vec<Window> = touched.iter().collect();
    touched.reverse();
    for stretch in touched.iter().take(MAX_STRETCHES) {
        let stretch = Window::new(stretch.from, stretch.to.min(session.now().plus(1)));
        let services = Some(services_of(alerts, [asked, stretch], &request.filters));
        let search = WindowSearch { services, ..WindowSearch::for_traces(TraceSelection::AndErrors) };
        let part = WindowRequest { window: Some(stretch), search, ..request.clone() };
        let read = session.window(&part, |journey| examples.add(&journey, &request.filters)).await?;
        add(&mut basis, read.basis);
        answer.provenance = answer.provenance.and(read.summary.provenance);
    }
    if touched.len() > MAX_STRETCHES {
        let all = touched.len();
        let said = format!("journeys were looked for around the newest alerts: {MAX_STRETCHES} of {all} times");
        let note = Note::new(NoteCode::Sampled, Role::Spans.backend(), said);
        answer.provenance.note(note.with_actions([Action::Narrow(vec![Narrowing::Time])]));
    }
    examples.finish(alerts);
    Ok((answer, basis))
}

/// Whose traces can show the alerts of this stretch: all that are wanted, where one of them names no service.
fn services_of(alerts: &[AlertEpisode], [asked, stretch]: [Window; 2], filters: &Filters) -> Vec<Pattern> {
    let is_here = |alert: &&AlertEpisode| {
        alert.example_window(asked).is_some_and(|touched| touched.from < stretch.to && stretch.from < touched.to)
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

/// The alerts that the filters select, with what the rules say of them.
fn selected(found: &AlertsAnswer, window: Window, now: Timestamp, filters: &Filters) -> Vec<AlertEpisode> {
    let AlertsAnswer { stretches, since, active, sampled, rules, step_ns, .. } = found;
    let sampled = sampled.as_deref();
    let all = episodes(AlertInput { stretches, since, active, sampled, step_ns: *step_ns, window, now });
    let mut selected = of_services(all, filters);
    explain(&mut selected, rules);
    selected
}
