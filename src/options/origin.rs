//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

use crate::options::files::Owner;

/// Where a value came from, strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, with its dashes.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A configuration file.
    File {
        /// Whose.
        owner: Owner,
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Nobody said anything.
    Default,
}

impl Origin {
    /// The lower-case word for its kind.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Variable(_) => "environment",
            Self::File { owner, .. } => owner.as_str(),
            Self::Default => "default",
        }
    }

    /// Whether a project file said it.
    pub fn is_project(&self) -> bool {
        matches!(self, Self::File { owner: Owner::Project, .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value that a flag gave.
    pub fn flag(value: T, name: &'static str) -> Self {
        Self { value, origin: Origin::Flag(name) }
    }

    /// A value that a variable gave.
    pub fn variable(value: T, name: &'static str) -> Self {
        Self { value, origin: Origin::Variable(name) }
    }

    /// A value that nobody gave.
    pub fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// The same origin with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: change(self.value), origin: self.origin }
    }
}
