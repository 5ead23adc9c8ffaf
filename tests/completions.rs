//! The committed completion scripts are the generated ones.

use std::path::Path;
use std::{env, fs};

use clap::CommandFactory;
use clap_complete::Shell;
use trace::cli::App;
use trace::command::completions::script;

#[test]
fn committed_completions_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, name) in [(Shell::Bash, "trace.bash"), (Shell::Zsh, "_trace"), (Shell::Fish, "trace.fish")] {
        let path = folder.join(name);
        let generated = String::from_utf8(script(shell, App::command())).expect("a script is text");
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, &generated).expect("the folder is there");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == generated, "{name} is stale: UPDATE=1 cargo test --test completions");
    }
}
