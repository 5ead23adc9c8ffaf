//! Why a request brought nothing, sorted by what it means for the answer.

use std::time::Duration;

use crate::model::evidence::{Note, NoteCode, Source};
use crate::model::time::Human;
use crate::wire::Malformed;

/// Whether an interrupted command got anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Some of it.
    Something,
    /// Nothing at all.
    Nothing,
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody listens there.
    Absent,
    /// Somebody does, and does not answer well: time-out, connection lost, 5xx.
    Unreachable,
    /// Something else answers there: a page, or 404.
    NoSuchApi,
    /// A person must act: sign-in, TLS, redirect.
    MustAct,
    /// The question itself was refused (4xx).
    Rejected,
    /// An answer came that cannot be read.
    Malformed,
    /// Our own bound on requests, or the deadline of the whole command.
    OutOfBounds,
    /// Somebody wanted the command to end before the answer had come.
    Interrupted,
}

/// Why a request brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// One sentence, lower-case, with the address.
    pub message: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl Failure {
    /// A failure without advice.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: String::new() }
    }

    /// The command was asked to end so long after its beginning.
    pub fn interrupted(after: Duration) -> Self {
        let after = Human(i64::try_from(after.as_nanos()).unwrap_or(i64::MAX));
        Self::new(FailureKind::Interrupted, format!("interrupted after {after}"))
    }

    /// An interruption as a note on the answer as a whole.
    pub fn interruption(&self, came: Came) -> Note {
        let what = match came {
            Came::Something => "this is what had come by then",
            Came::Nothing => "nothing had come by then",
        };
        Note::general(NoteCode::BoundReached, format!("{}: {what}", self.message))
    }

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// As a note of the report.
    pub fn note(&self, source: Source) -> Note {
        let code = match self.kind {
            FailureKind::Absent | FailureKind::Unreachable => NoteCode::Unreachable,
            FailureKind::NoSuchApi | FailureKind::MustAct | FailureKind::Rejected => NoteCode::Refused,
            FailureKind::Malformed => NoteCode::Partial,
            FailureKind::OutOfBounds => NoteCode::BoundReached,
            // It is no backend's doing, and said once.
            FailureKind::Interrupted => return self.interruption(Came::Something),
        };
        Note::new(code, source, self.message.clone()).hint(self.hint.clone())
    }
}

/// A body that cannot be read.
pub fn malformed(address: &str, error: &Malformed) -> Failure {
    Failure::new(FailureKind::Malformed, format!("{address}: {error}"))
}
