//! `trace hotspots`: where errors come from.

use crate::analysis::window::hotspots::totals::Totals;
use crate::analysis::window::hotspots::{ErrorComparison, ErrorScope, Hotspot, HotspotFold};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
use crate::options::window::{ViaArgs, WindowArgs};
use crate::report::hotspots::HotspotsReport;
use crate::session::error_window::{ErrorQuestion, ErrorWindowAnswer};

/// The flags of the command.
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
    /// The window, or one journey.
    #[command(flatten)]
    pub window: WindowArgs,
}

impl Subcommand for HotspotsArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace hotspots                                the last hour, against the hour before
  trace hotspots --since 24h --service 'cj_*'   a day of some services, against the day before
  trace hotspots --all                          errors as well that others caused
  trace hotspots --fail-on error                Exit 1 if an error was neither handled nor recovered
  trace hotspots --since 7d --via spans         read spans, though metrics count them
  trace hotspots --input download.json
  trace hotspots --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.window.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.window.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        self.via.refuse_without_metrics(&self.window, &context.environment)?;
        let (session, request) = context.open_window(&self.window)?;
        let when = context.time_phrase(&self.window, &session)?;
        let filters = &request.filters;
        let mut fold: Option<HotspotFold> = None;
        let take = |scope: &ErrorScope, journey: Journey| {
            fold.get_or_insert_with(|| HotspotFold::new(scope.clone())).add(&journey, filters);
        };
        let read = session.error_window(&request, ErrorQuestion::Compare(self.via.via), take);
        let ErrorWindowAnswer { window: mut read, scope, totals } = Box::pin(read).await?;
        let fold = fold.unwrap_or_default();
        let calls = totals.as_ref().map_or_else(|| fold.counted(), Totals::counted);
        let (compared, hotspots) = match &totals {
            Some(totals) => (totals.compared(), fold.counted_rows(totals)),
            None if scope.before.is_none() => (ErrorComparison::NotLooked, fold.rows()),
            None => (fold.compared(), fold.rows()),
        };
        // What caused them is an error as well, or no part of what was asked about.
        // Errors that metrics count and of which none was read count as failed.
        let severity = |spot: &Hotspot| (spot.errors > 0).then(|| spot.severity.unwrap_or(Severity::Error));
        read.summary.provenance.data.via = self.via.said();
        read.summary.worst = hotspots.iter().filter_map(severity).max();
        let report = HotspotsReport {
            hotspots,
            counted_from: scope.window.map(|window| window.from),
            counted_to: scope.window.map(|window| window.to),
            calls,
            compared,
            basis: read.basis,
            when,
            top: usize::try_from(self.top).unwrap_or(usize::MAX),
            all: self.all,
            filtered: !filters.is_empty(),
        };
        Ok(context.outcome(read.summary, session.finish(), self.window.journey.verdict, report))
    }
}
