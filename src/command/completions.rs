//! `trace completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::App;
use crate::command::{Context, Outcome};
use crate::error::Error;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace completions bash > ~/.local/share/bash-completion/completions/trace
  trace completions zsh > ~/.zfunc/_trace
  trace completions fish > ~/.config/fish/completions/trace.fish";

/// Flags.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Runs it.
///
/// # Errors
/// None.
#[expect(clippy::unused_async, reason = "every command runs in the same way")]
pub async fn run(args: &Args, _: &Context) -> Result<Outcome, Error> {
    Ok(Outcome::answered(script(args.shell)))
}

/// The script for a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = vec![];
    generate(shell, &mut App::command(), "trace", &mut script);
    script
}
