//! `trace schema`: the JSON Schema of what `-o json` prints.

use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::report;

/// Flags: none.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
#[expect(clippy::unused_async, reason = "every command runs in the same way")]
pub async fn run(_: &Args, _: &Context) -> Result<Outcome, Error> {
    Ok(Outcome::answered(format!("{:#}\n", report::schema())))
}
