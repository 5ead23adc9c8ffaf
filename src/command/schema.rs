//! `trace schema`: the JSON Schema of what `-o json` prints, or of the specs that `verify-pipeline` reads.

use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::pipeline::file;
use crate::report;

/// Flags: none.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct SchemaArgs {
    /// Of what: `pipeline` for the specs of pipelines; unless told, of what `-o json` prints
    #[arg(value_name = "WHAT")]
    pub what: Option<SchemaKind>,
}

/// What has a schema of its own.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaKind {
    /// The file that tells what a pipeline's runs should look like
    Pipeline,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
#[expect(clippy::unused_async, reason = "every command runs in the same way")]
pub async fn run(args: &SchemaArgs, _: &Context) -> Result<Outcome, Error> {
    let schema = match args.what {
        None => report::schema(),
        Some(SchemaKind::Pipeline) => file::schema(),
    };
    Ok(Outcome::answered(format!("{schema:#}\n")))
}
