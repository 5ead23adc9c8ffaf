//! `trace schema`: the JSON Schema of what `-o json` prints, or of the specs that `verify-pipeline` reads.

use crate::command::{Context, Outcome, Subcommand};
use crate::error::Error;
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
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

impl Subcommand for SchemaArgs {
    const EXAMPLES: Option<&'static str> = None;

    fn backends(&self) -> Option<&BackendArgs> {
        None
    }

    fn config_sources(&self) -> ConfigSources {
        ConfigSources::FlagsOnly
    }

    async fn run(&self, _: &Context) -> Result<Outcome, Error> {
        let schema = match self.what {
            None => report::schema(),
            Some(SchemaKind::Pipeline) => file::schema(),
        };
        Ok(Outcome::answered(format!("{schema:#}\n")))
    }
}
