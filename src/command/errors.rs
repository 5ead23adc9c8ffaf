//! `trace errors`: the newest errors, whole.

use crate::analysis::window::error_list::ErrorList;
use crate::analysis::window::hotspots::ErrorScope;
use crate::analysis::window::occurrences::ErrorRole;
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::journey::Journey;
use crate::model::provenance::Supply;
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::options::window::WindowArgs;
use crate::report::errors::ErrorsReport;
use crate::session::error_window::ErrorQuestion;

/// Traces of each service that are read at least: the newest few may hold no error.
const MIN_TRACES: u32 = 200;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct ErrorsArgs {
    /// Show errors as well that others caused
    #[arg(long)]
    pub all: bool,
    /// Show stack traces
    #[arg(long)]
    pub stack: bool,
    /// The newest N, repeats not counted
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Time")]
    pub limit: u32,
    /// One journey, or the window.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

impl Subcommand for ErrorsArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace errors                                  the newest errors of the last hour, repeats once
  trace errors --service content --since 24h --limit 50
  trace errors --stack                          with stack traces
  trace errors req-42                           those of one journey
  trace errors -o jsonl                         one a row, for scripts
  trace errors --demo",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let asks_backends = self.journey.sources.supply(&context.environment)? == Supply::Backends;
        let limit = asks_backends.then_some(self.limit.max(MIN_TRACES));
        let args = WindowArgs { limit, journey: self.journey.clone() };
        let (session, request) = context.open_window(&args)?;
        let when = context.time_phrase(&args, &session)?;
        let mut list: Option<ErrorList> = None;
        let take = |scope: &ErrorScope, journey: Journey| {
            list.get_or_insert_with(|| ErrorList::new(scope.clone())).add(&journey, &request.filters);
        };
        let mut read = Box::pin(session.error_window(&request, ErrorQuestion::List, take)).await?.window;
        let mut errors = list.unwrap_or_default().newest();
        read.summary.worst = errors.iter().map(|error| error.severity).max();
        // Where their causes are no part of what was asked about, they are the answer.
        let all = self.all || errors.iter().all(|error| error.part == ErrorRole::Consequence);
        let is_listed = |part: ErrorRole| all || part != ErrorRole::Consequence;
        let passed_on = errors.iter().filter(|error| !is_listed(error.part)).map(|error| error.count).sum();
        errors.retain(|error| is_listed(error.part));
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX).min(errors.len());
        let older = errors.len() - shown;
        let older_count = errors[shown..].iter().map(|error| error.count).sum();
        errors.truncate(shown);
        let report =
            ErrorsReport { errors, older, older_count, passed_on, basis: read.basis, when, stacks: self.stack };
        Ok(context.outcome(read.summary, session.finish(), self.journey.verdict, report))
    }
}
