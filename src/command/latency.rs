//! `trace latency`: how long calls take, and what users wait for.

use crate::analysis::window::latency::{Latencies, LatencyGrouping, from_metrics};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::basis::Basis;
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
use crate::options::window::{ViaArgs, WindowArgs};
use crate::report::latency::LatencyReport;
use crate::session::span_metrics::{MeasuredWindow, MetricGrouping, MetricQuestion};

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct LatencyArgs {
    /// By what calls are told apart: operation, service, or attribute:KEY [default: operation]
    #[arg(long, value_name = "WHAT", value_parser = by)]
    pub by: Option<LatencyGrouping>,
    /// Show how the lengths of each row are spread
    #[arg(long)]
    pub histogram: bool,
    /// Show so many rows
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Where numbers are taken from.
    #[command(flatten)]
    pub via: ViaArgs,
    /// A window, or one journey.
    #[command(flatten)]
    pub window: WindowArgs,
}

fn by(text: &str) -> Result<LatencyGrouping, String> {
    match text.split_once([':', '=']) {
        None if text == "operation" => Ok(LatencyGrouping::Operation),
        None if text == "service" => Ok(LatencyGrouping::Service),
        Some(("attribute", key)) if !key.is_empty() => Ok(LatencyGrouping::Attribute(key.to_owned())),
        _ if text.trim_end_matches([':', '=']) == "attribute" => {
            Err("say which one in the same word: attribute:KEY, such as attribute:tenant".to_owned())
        }
        _ => Err(format!("write operation, service, or attribute:KEY, such as attribute:{text}")),
    }
}

impl Subcommand for LatencyArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace latency --since 2h
  trace latency --by service --since 24h
  trace latency --service content_service --histogram
  trace latency --by attribute:tenant
  trace latency req-42                      where one journey spent its time
  trace latency --input download.json
  trace latency --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.window.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.window.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let verdict = self.window.journey.verdict;
        verdict.refuse_fail_on("latency", "trace hotspots and trace missing judge what they find")?;
        self.window.journey.filters.refuse_about_lines("latency")?;
        self.via.refuse_without_metrics(&self.window, &context.environment)?;
        let (session, request) = context.open_window(&self.window)?;
        let by = self.by.clone().unwrap_or_default();
        let counted_in = session.counted_window(&request);
        let metrics = match counted_in.filter(|_| request.subject.is_none()) {
            Some(window) => {
                let question = MetricQuestion { grouping: grouping(&by), filters: &request.filters, window };
                session.span_metrics(question, self.via.via).await?
            }
            None => MeasuredWindow::default(),
        };
        let (mut read, table) = match &metrics.measured {
            Some(measured) => {
                (session.measured_window(&request, measured), from_metrics(measured, &by, &request.filters))
            }
            None => {
                let mut fold = Latencies::new(by.clone(), counted_in);
                let read = session.window(&request, |journey| fold.add(&journey, &request.filters)).await?;
                (read, fold.table())
            }
        };
        read.summary.provenance.absorb(metrics.asked);
        read.summary.provenance.data.via = self.via.said();
        // Log lines have no durations.
        let basis = Basis { lines: 0, ..read.basis };
        let report = LatencyReport::new(table, by, basis, usize::try_from(self.top).unwrap_or(usize::MAX));
        let report = if self.histogram { report.with_histograms() } else { report };
        Ok(context.outcome(read.summary, session.finish(), verdict, report))
    }
}

fn grouping(by: &LatencyGrouping) -> MetricGrouping {
    match by {
        LatencyGrouping::Operation => MetricGrouping::Operations,
        LatencyGrouping::Service => MetricGrouping::Services,
        LatencyGrouping::Attribute(_) => MetricGrouping::Attributes,
    }
}
