//! `trace timeline`: every span, queue wait, error and line of one ID, in time.

use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::options::backends::choice;
use crate::options::journey::JourneyArgs;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace timeline req-42
  trace timeline req-42 --full --logs all
  trace timeline req-42 --service checkout --min-duration 50ms --attributes http.route
  trace timeline --demo";

/// Which lines are drawn between the spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShownLogs {
    /// Every line, and every event.
    All,
    /// Lines and events that tell of failures.
    #[default]
    Errors,
    /// None.
    None,
}

const SHOWN_LOGS: [(&str, ShownLogs); 3] =
    [("all", ShownLogs::All), ("errors", ShownLogs::Errors), ("none", ShownLogs::None)];

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Which lines and events to draw between the spans [default: errors]
    #[arg(long, value_name = "WHICH", value_parser = choice(&SHOWN_LOGS))]
    pub logs: Option<ShownLogs>,
    /// Fold nothing
    #[arg(long)]
    pub full: bool,
    /// Draw only so many levels below each root
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: Option<u32>,
    /// Show these attributes beside each span
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    pub attributes: Vec<String>,
    /// Shift services by their measured clock difference
    #[arg(long)]
    pub adjust_clocks: bool,
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
#[expect(clippy::unused_async, reason = "asks backends once it is wired")]
pub async fn run(_: &Args, _: &Context) -> Result<Outcome, Error> {
    Err(Error::usage("not wired yet", ""))
}
