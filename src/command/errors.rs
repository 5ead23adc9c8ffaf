//! `trace errors`: the newest errors, whole.

use crate::analysis::window::error_list::ErrorList;
use crate::analysis::window::occurrences::ErrorRole;
use crate::command::error_window::{self, ErrorWindow};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::finding::Severity;
use crate::options::journey::JourneyArgs;
use crate::options::window::WindowArgs;
use crate::report::errors::ErrorsReport;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace errors                                  the newest errors of the last hour, repeats once
  trace errors --service content --since 24h --limit 50
  trace errors --stack                          with stack traces
  trace errors req-42                           those of one journey
  trace errors -o jsonl                         one a row, for scripts
  trace errors --demo";

/// So many traces of each service are looked through at least.
const TRACES: u32 = 200;

/// Flags.
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
    /// One journey, or the window: whom, when, what of it, from where.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &ErrorsArgs, context: &Context) -> Result<Outcome, Error> {
    let filters = args.journey.filters.filters();
    let window = WindowArgs { limit: args.limit.max(TRACES), journey: args.journey.clone() };
    let mut list: Option<ErrorList> = None;
    let looked = error_window::each(&window, ErrorWindow::Alone, context, |scope, journey| {
        list.get_or_insert_with(|| ErrorList::over(scope.clone())).add(&journey, &filters);
    });
    let counted = Box::pin(looked).await?.counted;
    let mut errors = list.unwrap_or_default().newest();
    let is_kept = errors.iter().any(|error| error.recovered < error.count);
    // Where what caused them is no part of what was asked about, they are the answer.
    let all = args.all || errors.iter().all(|error| error.part == ErrorRole::PassedOn);
    let is_wanted = |part: ErrorRole| all || part != ErrorRole::PassedOn;
    let passed_on = errors.iter().filter(|error| !is_wanted(error.part)).map(|error| error.count).sum();
    errors.retain(|error| is_wanted(error.part));
    let shown = usize::try_from(args.limit).unwrap_or(usize::MAX).min(errors.len());
    let older = errors.len() - shown;
    let older_count = errors[shown..].iter().map(|error| error.count).sum();
    errors.truncate(shown);
    let when = error_window::when(&window, context)?;
    let body = ErrorsReport { errors, older, older_count, passed_on, basis: counted.basis, when, stacks: args.stack };
    let mut footing = counted.footing;
    footing.worst = is_kept.then_some(Severity::Error);
    Ok(footing.outcome(&args.journey, context, body))
}
