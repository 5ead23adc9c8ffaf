//! `trace doctor`: whom would be asked, and whether each is well.

use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::options::backends::BackendArgs;
use crate::options::sources::RecordingArgs;

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Whom to ask.
    #[command(flatten)]
    pub backends: BackendArgs,
    /// Keeping answers, and answering from what was kept.
    #[command(flatten)]
    pub recording: RecordingArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
#[expect(clippy::unused_async, reason = "asks backends once it is wired")]
pub async fn run(_: &Args, _: &Context) -> Result<Outcome, Error> {
    Err(Error::usage("not wired yet", ""))
}
