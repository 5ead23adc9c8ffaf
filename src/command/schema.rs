//! `trace schema`: the JSON Schema of what `-o json` prints.

use crate::command::{Context, Outcome};
use crate::error::Error;

/// Flags: none.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
#[expect(clippy::unused_async, reason = "asks backends once it is wired")]
pub async fn run(_: &Args, _: &Context) -> Result<Outcome, Error> {
    Err(Error::usage("not wired yet", ""))
}
