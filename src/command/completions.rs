//! `trace completions`: a completion script for a shell.

use clap_complete::{Shell, generate};

use crate::command::Outcome;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace completions bash > ~/.local/share/bash-completion/completions/trace
  trace completions zsh > ~/.zfunc/_trace
  trace completions fish > ~/.config/fish/completions/trace.fish";

/// Flags.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Runs it: the script that completes this app.
pub fn run(args: &CompletionsArgs, app: clap::Command) -> Outcome {
    Outcome::answered(script(args.shell, app))
}

/// The script for a shell.
pub fn script(shell: Shell, mut app: clap::Command) -> Vec<u8> {
    let mut script = vec![];
    generate(shell, &mut app, "trace", &mut script);
    script
}
