//! A setting's value together with where it was set.

use std::fmt;
use std::path::PathBuf;

/// Whose configuration file it is, hence how far it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileOwner {
    /// Came with a directory that another person may have written: it cannot set credentials, and the user's
    /// credentials are not sent to addresses it sets.
    Project,
    /// The user's own.
    User,
}

impl FileOwner {
    /// The lower-case label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::User => "user",
        }
    }
}

/// Where a value was set, strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag, with its dashes.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A configuration file.
    File {
        /// Whose file it is.
        owner: FileOwner,
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Not set: the built-in default.
    Default,
}

impl Origin {
    /// The lower-case label of its kind.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Variable(_) => "environment",
            Self::File { owner, .. } => owner.as_str(),
            Self::Default => "default",
        }
    }

    /// Whether a project file set it.
    pub(crate) fn is_project(&self) -> bool {
        matches!(self, Self::File { owner: FileOwner::Project, .. })
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

/// A value and where it was set.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it was set.
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    /// A value from a flag.
    pub(crate) fn flag(value: T, name: &'static str) -> Self {
        Self { value, origin: Origin::Flag(name) }
    }

    /// A value from an environment variable.
    pub(crate) fn variable(value: T, name: &'static str) -> Self {
        Self { value, origin: Origin::Variable(name) }
    }

    /// The built-in default.
    pub(crate) fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// The same origin with another value.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), origin: self.origin }
    }
}
