//! The committed completion scripts are the generated ones.

use clap::CommandFactory;
use clap_complete::Shell;
use trace::cli::App;
use trace::command::completions::script;

use crate::support::golden::assert_file;

#[test]
fn committed_completions_are_up_to_date() {
    for (shell, name) in [(Shell::Bash, "trace.bash"), (Shell::Zsh, "_trace"), (Shell::Fish, "trace.fish")] {
        let generated = String::from_utf8(script(shell, App::command())).expect("a script is text");
        assert_file(&format!("completions/{name}"), &generated);
    }
}
