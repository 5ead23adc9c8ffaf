//! `trace find`: everything known about one ID on one screen.

use crate::analysis::journey::timeline::TimelineOptions;
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::report::find::FindReport;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct FindArgs {
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

impl Subcommand for FindArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace find req-42
  trace find --correlation-id 3f2a9c1e-7c05-43a4-beae-034151654acd --since 2h
  trace find req-42 --start \"yesterday 14:00\" --end \"yesterday 15:00\"
  trace find --input download.json --input lines.jsonl
  trace find --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let (session, request) = context.open_journey(&self.journey)?;
        let found = session.journey(&request).await?;
        let options = TimelineOptions { filters: request.filters, ..TimelineOptions::compact() };
        let report = FindReport::new(found.analysed, found.query.keys, options);
        Ok(context.outcome(found.summary, session.finish(), self.journey.verdict, report))
    }
}
