//! `trace hotspots`: where errors come from.

use crate::analysis::window::hotspots::totals::Totals;
use crate::analysis::window::hotspots::{ErrorComparison, HotspotFold as Fold};
use crate::command::error_window::{self, ErrorWindow, ErrorWindowAnswer};
use crate::command::metric_source::can_be_asked;
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::finding::Severity;
use crate::options::window::{ViaArgs, WindowArgs};
use crate::report::hotspots::HotspotsReport;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace hotspots                                the last hour, against the hour before
  trace hotspots --since 24h --service 'cj_*'   a day of some services, against the day before
  trace hotspots --all                          errors as well that others caused
  trace hotspots --fail-on error                1 where anything failed and was not made good, for scripts
  trace hotspots --since 7d --via spans         read spans, though metrics count them
  trace hotspots --input download.json
  trace hotspots --demo";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct HotspotsArgs {
    /// Show errors as well that others caused
    #[arg(long)]
    pub all: bool,
    /// Show so many rows
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub top: u32,
    /// Where counts are taken from.
    #[command(flatten)]
    pub via: ViaArgs,
    /// Over what.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &HotspotsArgs, context: &Context) -> Result<Outcome, Error> {
    can_be_asked(args.via.via, &args.window, context)?;
    let filters = args.window.journey.filters.filters();
    let mut fold: Option<Fold> = None;
    let looked = error_window::each(&args.window, ErrorWindow::Compared(args.via.via), context, |scope, journey| {
        fold.get_or_insert_with(|| Fold::over(scope.clone())).add(&journey, &filters);
    });
    let ErrorWindowAnswer { counted, scope, totals } = Box::pin(looked).await?;
    let fold = fold.unwrap_or_default();
    let calls = totals.as_ref().map_or_else(|| fold.counted(), Totals::counted);
    let (compared, hotspots) = match &totals {
        Some(totals) => (totals.compared(), fold.rows_of(totals)),
        None if scope.before.is_none() => (ErrorComparison::NotLooked, fold.rows()),
        None => (fold.compared(), fold.rows()),
    };
    // What caused them is an error as well, or no part of what was asked about.
    let is_kept = hotspots.iter().any(|spot| spot.errors > spot.recovered);
    let body = HotspotsReport {
        hotspots,
        counted_from: scope.window.map(|window| window.from),
        counted_to: scope.window.map(|window| window.to),
        calls,
        compared,
        basis: counted.basis,
        when: error_window::when(&args.window, context)?,
        top: usize::try_from(args.top).unwrap_or(usize::MAX),
        all: args.all,
        filtered: !filters.is_empty(),
    };
    let mut footing = counted.footing;
    footing.worst = is_kept.then_some(Severity::Error);
    Ok(footing.outcome(&args.window.journey, context, body))
}
