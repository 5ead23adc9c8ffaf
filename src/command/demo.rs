//! `trace demo`: a short guided tour on embedded data.

use crate::command::{Context, Outcome};
use crate::error::Error;

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Show this run instead of the tour
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<String>,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
#[expect(clippy::unused_async, reason = "asks backends once it is wired")]
pub async fn run(_: &Args, _: &Context) -> Result<Outcome, Error> {
    Err(Error::usage("not wired yet", ""))
}
