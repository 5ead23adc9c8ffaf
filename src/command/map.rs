//! `trace map`: the calls between services.

use crate::analysis::window::map::{ServiceMapFold, from_metrics};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::basis::Basis;
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
use crate::options::window::{ViaArgs, WindowArgs};
use crate::report::map::MapReport;
use crate::session::span_metrics::{MeasuredWindow, MetricGrouping, MetricQuestion};

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct MapArgs {
    /// Show so many edges
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Where numbers are taken from.
    #[command(flatten)]
    pub via: ViaArgs,
    /// A window, or one journey.
    #[command(flatten)]
    pub window: WindowArgs,
}

impl Subcommand for MapArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace map --since 2h
  trace map -o mermaid > map.mmd
  trace map -o dot | dot -Tsvg > map.svg
  trace map req-42                          the way of one journey
  trace map --service spell_checker_service
  trace map --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.window.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.window.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let verdict = self.window.journey.verdict;
        verdict.refuse_fail_on("map", "trace hotspots and trace missing judge what they find")?;
        self.window.journey.filters.refuse_about_lines("map")?;
        self.via.refuse_without_metrics(&self.window, &context.environment)?;
        let (session, request) = context.open_window(&self.window)?;
        let counted_in = session.counted_window(&request);
        let window = counted_in.filter(|_| request.subject.is_none());
        let filters = &request.filters;
        let metrics = match window {
            Some(window) => {
                let question = MetricQuestion { grouping: MetricGrouping::Edges, filters, window };
                session.span_metrics(question, self.via.via).await?
            }
            None => MeasuredWindow::default(),
        };
        let drawn = metrics.measured.as_ref().and_then(|measured| Some((measured, from_metrics(measured, filters)?)));
        let (mut read, map) = match drawn {
            Some((measured, map)) => (session.measured_window(&request, measured), map),
            None => {
                let mut fold = ServiceMapFold::new(counted_in);
                let read = session.window(&request, |journey| fold.add(&journey, filters)).await?;
                (read, fold.finish())
            }
        };
        let dependencies = match window.filter(|_| filters.is_empty()) {
            Some(window) => session.dependencies(window).await,
            None => None,
        };
        read.summary.provenance.absorb(metrics.asked);
        read.summary.provenance.data.via = self.via.said();
        let basis = Basis { lines: 0, ..read.basis };
        let report = MapReport::new(map, basis, dependencies, usize::try_from(self.top).unwrap_or(usize::MAX));
        Ok(context.outcome(read.summary, session.finish(), verdict, report))
    }
}
