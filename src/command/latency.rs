//! `trace latency`: how long calls take, and what users wait for.

use crate::analysis::window::latency::{Latencies, LatencyGrouping, measured as from_metrics};
use crate::command::metric_source::{MetricGrouping, basis as measured_basis, can_be_asked, measured};
use crate::command::session::Session;
use crate::command::window::{WindowAnswer, WindowSearch, counted_in, each, in_window, is_one, needs_spans, window};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::basis::Basis;
use crate::options::sources::Supply;
use crate::options::window::{ViaArgs, WindowArgs};
use crate::report::latency::LatencyReport;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace latency --since 2h
  trace latency --by service --since 24h
  trace latency --service content_service --histogram
  trace latency --by attribute:tenant
  trace latency req-42                      where one journey spent its time
  trace latency --input download.json
  trace latency --demo";

/// Flags.
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

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &LatencyArgs, context: &Context) -> Result<Outcome, Error> {
    args.window.journey.verdict.refuse_fail_on("latency", "trace hotspots and trace missing judge what they find")?;
    can_be_asked(args.via.via, &args.window, context)?;
    let by = args.by.clone().unwrap_or_default();
    let filters = args.window.journey.filters.filters();
    let supply = args.window.journey.sources.supply(&context.surroundings)?;
    let (counted, table) = if supply == Supply::Backends && !is_one(&args.window)? {
        let desk = Session::open(&args.window.journey.sources.recording, context)?;
        let window = window(&args.window, desk.now, context)?;
        let grouping = match by {
            LatencyGrouping::Operation => MetricGrouping::Operations,
            LatencyGrouping::Service => MetricGrouping::Services,
            LatencyGrouping::Attribute(_) => MetricGrouping::Attributes,
        };
        let (measured, shell) = measured(&desk, args.via.via, grouping, &filters, window, context).await?;
        let (mut counted, table) = match &measured {
            Some((measured, _)) => (
                WindowAnswer::measured(measured_basis(measured), &args.window, context),
                from_metrics(measured, &by, &filters),
            ),
            None => {
                needs_spans(&desk)?;
                let mut fold = Latencies::over(by.clone(), Some(window));
                let counted = in_window(&desk, window, WindowSearch::default(), &args.window, context, |journey| {
                    fold.add(&journey, &filters);
                })
                .await;
                (counted, fold.table())
            }
        };
        counted.footing.shell.absorb_shell(shell);
        (counted.footing.said, counted.footing.unsaved) = desk.close(context);
        (counted, table)
    } else {
        let mut fold = Latencies::over(by.clone(), counted_in(&args.window, context)?);
        let counted = each(&args.window, context, |journey| fold.add(&journey, &filters)).await?;
        (counted, fold.table())
    };
    // Lines tell nothing of lengths.
    let basis = Basis { lines: 0, ..counted.basis };
    let top = usize::try_from(args.top).unwrap_or(usize::MAX);
    let report = LatencyReport::new(table, by, basis, top);
    let report = if args.histogram { report.with_histograms() } else { report };
    Ok(counted.footing.outcome(&args.window.journey, context, report))
}
