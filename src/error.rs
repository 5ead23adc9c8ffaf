//! One error for the library, sorted by what the user can do, and the exit codes.

use thiserror::Error;

/// The exit code of the process. `--help` and the README list the same codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The question was answered.
    Answered = 0,
    /// A negative answer: a failed gate, a finding at `--fail-on`, nothing found in complete data.
    Negative = 1,
    /// Usage or configuration; nothing was sent.
    Usage = 2,
    /// The answer is incomplete.
    CannotTell = 3,
    /// The user must act: sign-in, TLS, no such API, unsafe file permissions.
    ActionNeeded = 4,
    /// A bug.
    Bug = 70,
    /// Output could not be written.
    Output = 74,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// The number.
    pub fn code(self) -> i32 {
        self as i32
    }
}

/// Why a command could not run at all. What a backend did wrong is a note of the answer.
#[derive(Debug, Error)]
pub enum Error {
    /// The command line, or a value on it, is wrong.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A configuration file is wrong: the message names file, line and column and shows the place.
    #[error("{0}")]
    Config(String),
    /// A pipeline's spec is wrong: every error in it, each with its place.
    #[error("{0}")]
    Spec(String),
    /// A file cannot be read as what it should be.
    #[error("{path}: {message}")]
    Input {
        /// The file as given.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A file with a secret can be read by other users, or a command that prints one failed.
    #[error("{0}")]
    Secret(String),
    /// A file could not be written.
    #[error("{path}: {message}")]
    Output {
        /// The file.
        path: String,
        /// What is wrong.
        message: String,
    },
}

impl Error {
    /// A usage error.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// The next step; may be empty.
    pub fn hint(&self) -> &str {
        match self {
            Self::Usage { hint, .. } => hint,
            Self::Spec(_) => "`trace schema pipeline` prints the grammar for editors; README has it for people",
            Self::Config(_) => "mend the line, or name another file with --config",
            Self::Input { .. } => {
                "readable are Jaeger JSON, also from Elasticsearch, OTLP JSON and JSON lines, and logcli's JSON lines"
            }
            Self::Secret(_) | Self::Output { .. } => "",
        }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Config(_) | Self::Spec(_) | Self::Input { .. } => Exit::Usage,
            Self::Secret(_) => Exit::ActionNeeded,
            Self::Output { .. } => Exit::Output,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_has_its_code() {
        let table = [
            (Exit::Answered, 0),
            (Exit::Negative, 1),
            (Exit::Usage, 2),
            (Exit::CannotTell, 3),
            (Exit::ActionNeeded, 4),
            (Exit::Bug, 70),
            (Exit::Output, 74),
            (Exit::Interrupted, 130),
            (Exit::Terminated, 143),
        ];
        for (exit, code) in table {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }

    #[test]
    fn every_error_ends_with_its_code_and_a_next_step() {
        let (path, message) = (|| "a".to_owned(), || "b".to_owned());
        let table = [
            (Error::usage("b", "do"), Exit::Usage, "do"),
            (Error::Config(message()), Exit::Usage, "--config"),
            (Error::Input { path: path(), message: message() }, Exit::Usage, "OTLP JSON"),
            (Error::Secret(message()), Exit::ActionNeeded, ""),
            (Error::Output { path: path(), message: message() }, Exit::Output, ""),
        ];
        for (error, exit, hint) in table {
            assert_eq!(error.exit(), exit, "{error:?}");
            assert!(error.hint().contains(hint) && error.hint().is_empty() == hint.is_empty(), "{error:?}");
        }
    }
}
