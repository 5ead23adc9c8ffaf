//! `trace phases`: how the phases of the pipeline stand, and which are stuck.

use crate::analysis::window::phases::{PhaseWindow, phases};
use crate::analysis::window::unfinished::UnfinishedJourneys;
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::duration::positive_duration;
use crate::model::finding::Severity;
use crate::model::time::MINUTE;
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
use crate::options::window::WindowArgs;
use crate::report::phases::PhasesReport;
use crate::report::wording::shell::filter_flags;
use crate::session::answer::{AnswerSummary, Found};
use crate::session::request::{TraceSelection, WindowSearch};
use crate::wire::promql::selectors;

/// A phase without change for this long is stuck: twice as long as the longest phase of a batch in the demo, 7 minutes.
const STUCK_AFTER: i64 = 15 * MINUTE;
/// Journeys that are shown beside the phases: enough to begin with on a screen that is about metrics.
const MAX_EXAMPLES: usize = 3;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct PhasesArgs {
    /// A phase is stuck that has something in progress and has not moved for so long [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub stuck_after: Option<i64>,
    /// The window.
    #[command(flatten)]
    pub window: WindowArgs,
}

impl Subcommand for PhasesArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace phases
  trace phases --since 6h --stuck-after 30m
  trace phases --fail-on warning                1 where a phase is stuck, for scripts
  trace phases --without jaeger -o json         the metrics alone, for machines
  trace phases --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.window.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.window.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let journey = &self.window.journey;
        if journey.subject.subject()?.is_some() {
            return Err(Error::usage(
                "phases are those of a window, not of one journey",
                "drop the ID; --since and --start tell when",
            ));
        }
        let filters = journey.filters.filters();
        if !filters.is_empty() {
            let said = format!("{}: phases are told by metrics, which know nothing of that", filter_flags(&filters));
            let hint = "`phases.query` in the configuration picks series; trace errors and trace hotspots take it";
            return Err(Error::usage(said, hint));
        }
        let (session, mut request) = context.open_window(&self.window)?;
        let queries = context.settings.phases.queries();
        let asked = session.metrics_window(&request);
        let metrics = session.phases(&queries, asked).await?;
        let mut examples = UnfinishedJourneys::new(MAX_EXAMPLES, session.settled_before());
        let mut answer = AnswerSummary { provenance: session.window_provenance(&request), ..AnswerSummary::default() };
        if session.has_spans() && !metrics.phases.series.is_empty() {
            request.search = WindowSearch::for_traces(TraceSelection::AndErrors);
            answer = session.window(&request, |journey| examples.add(&journey)).await?.summary;
        }
        answer.provenance.absorb(metrics.status);
        let stuck_after_ns = self.stuck_after.unwrap_or(STUCK_AFTER);
        let window = PhaseWindow { window: asked, step_ns: metrics.step_ns, stuck_after_ns };
        let report = PhasesReport {
            metrics: selectors(&metrics.phases.query).unwrap_or_default(),
            asked,
            step_ns: metrics.step_ns,
            stuck_after_ns,
            phases: phases(&metrics.phases.series, &queries, window),
            query: metrics.phases.query,
            storage: metrics.storage,
            examples: examples.newest(),
        };
        answer.found = Found::from_count(report.phases.len());
        answer.worst = report.is_stuck().then_some(Severity::Warning);
        Ok(context.outcome(answer, session.finish(), journey.verdict, report))
    }
}
