//! The process environment: collected once in `main`, passed down, made up in tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::time::Timestamp;
use crate::stop::Stop;

/// Everything a command may know about its process without asking a backend.
///
/// Not `Debug`: the variables may hold secrets.
#[derive(Clone, Default)]
pub struct Environment {
    /// Environment variables that are UTF-8.
    pub vars: BTreeMap<String, String>,
    /// The current time.
    pub now: Timestamp,
    /// The working directory.
    pub cwd: PathBuf,
    /// The user's home directory; none if there is none.
    pub home: Option<PathBuf>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Columns of the terminal; none if standard output is not a terminal.
    pub terminal_width: Option<usize>,
    /// Set when a signal asks the command to end.
    pub stop: Stop,
}

impl Environment {
    /// The value of a variable; none if it is unset or empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
