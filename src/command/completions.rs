//! `trace completions`: a completion script for a shell.

use clap_complete::{Shell, generate};

use crate::command::{Context, Outcome, Subcommand};
use crate::error::Error;
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;

/// The flags of the command.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

impl Subcommand for CompletionsArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace completions bash > ~/.local/share/bash-completion/completions/trace
  trace completions zsh > ~/.zfunc/_trace
  trace completions fish > ~/.config/fish/completions/trace.fish",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        None
    }

    fn config_sources(&self) -> ConfigSources {
        ConfigSources::FlagsOnly
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        Ok(Outcome::answered(script(self.shell, (context.app)())))
    }
}

/// The script for a shell.
pub fn script(shell: Shell, mut app: clap::Command) -> Vec<u8> {
    let mut script = vec![];
    generate(shell, &mut app, "trace", &mut script);
    script
}
