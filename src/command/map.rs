//! `trace map`: who calls whom.

use std::time::Duration;

use tokio::time::timeout;

use crate::analysis::window::map::{ServiceMap, ServiceMapFold, measured as from_metrics};
use crate::command::metric_source::{MetricGrouping, basis as measured_basis, can_be_asked, measured};
use crate::command::session::Session;
use crate::command::window::{WindowAnswer, WindowSearch, counted_in, each, in_window, is_one, needs_spans, window};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::basis::Basis;
use crate::model::time::Window;
use crate::options::sources::Supply;
use crate::options::window::{ViaArgs, WindowArgs};
use crate::report::map::{Dependencies, MapReport};

/// How long Jaeger's own counts are waited for, with which ours are only compared.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace map --since 2h
  trace map -o mermaid > map.mmd
  trace map -o dot | dot -Tsvg > map.svg
  trace map req-42                          the way of one journey
  trace map --service spell_checker_service
  trace map --demo";

/// Flags.
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

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &MapArgs, context: &Context) -> Result<Outcome, Error> {
    args.window.journey.verdict.refuse_fail_on("map", "trace hotspots and trace missing judge what they find")?;
    can_be_asked(args.via.via, &args.window, context)?;
    let filters = args.window.journey.filters.filters();
    let supply = args.window.journey.sources.supply(&context.surroundings)?;
    let (counted, map, dependencies) = if supply == Supply::Backends && !is_one(&args.window)? {
        let desk = Session::open(&args.window.journey.sources.recording, context)?;
        let window = window(&args.window, desk.now, context)?;
        let (measured, shell) = measured(&desk, args.via.via, MetricGrouping::Edges, &filters, window, context).await?;
        let drawn = measured.as_ref().and_then(|(told, _)| Some((measured_basis(told), from_metrics(told, &filters)?)));
        let (mut counted, map) = match drawn {
            Some((basis, map)) => (WindowAnswer::measured(basis, &args.window, context), map),
            None => {
                needs_spans(&desk)?;
                let mut mapping = ServiceMapFold::over(Some(window));
                let counted = in_window(&desk, window, WindowSearch::default(), &args.window, context, |journey| {
                    mapping.add(&journey, &filters);
                })
                .await;
                (counted, mapping.map())
            }
        };
        let dependencies = if filters.is_empty() { counts_of_jaeger(&desk, window).await } else { None };
        counted.footing.shell.absorb_shell(shell);
        (counted.footing.said, counted.footing.unsaved) = desk.close(context);
        (counted, map, dependencies)
    } else {
        let mut mapping = ServiceMapFold::over(counted_in(&args.window, context)?);
        let counted = each(&args.window, context, |journey| mapping.add(&journey, &filters)).await?;
        (counted, mapping.map(), None)
    };
    let basis = Basis { lines: 0, ..counted.basis };
    let report = report(map, basis, dependencies, args.top);
    Ok(counted.footing.outcome(&args.window.journey, context, report))
}

fn report(map: ServiceMap, basis: Basis, dependencies: Option<Dependencies>, top: u32) -> MapReport {
    MapReport::new(map, basis, dependencies, usize::try_from(top).unwrap_or(usize::MAX))
}

/// What Jaeger counts itself, to compare with: whatever keeps it from telling takes nothing from the answer, and who does
/// not answer soon is not waited for.
async fn counts_of_jaeger(desk: &Session, window: Window) -> Option<Dependencies> {
    let source = desk.backends.span_source(&desk.transport)?;
    let told = timeout(PATIENCE, source.dependencies(window)).await.ok()?.ok().flatten()?;
    let mut counts = Dependencies::new();
    for (caller, callee, calls) in told {
        let count = counts.entry((caller, callee)).or_default();
        *count = count.saturating_add(calls);
    }
    Some(counts)
}
