//! Where the process finds itself: collected once in `main`, passed down, invented in tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::time::Timestamp;
use crate::stop::Stop;

/// Everything that a command may know of the world around it without asking anybody.
///
/// Not `Debug`: the variables may hold secrets.
#[derive(Clone, Default)]
pub struct Environment {
    /// Environment variables that are UTF-8.
    pub vars: BTreeMap<String, String>,
    /// What time it is.
    pub now: Timestamp,
    /// The working directory.
    pub cwd: PathBuf,
    /// The user's home; none where there is none.
    pub home: Option<PathBuf>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Columns of the terminal that standard output is.
    pub terminal_width: Option<usize>,
    /// Whether somebody wants the command to end.
    pub stop: Stop,
}

impl Environment {
    /// A variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
