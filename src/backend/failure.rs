//! Why a request brought nothing, sorted by what it means for the answer.

use crate::model::evidence::{Note, NoteCode, Source};

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody answered, or only with an error of its own: connection, name, time-out, 5xx.
    Unreachable,
    /// A person must act: sign-in, TLS, redirect, no such API.
    MustAct,
    /// The question itself was refused (4xx).
    Rejected,
    /// An answer came that cannot be read.
    Malformed,
    /// Our own bound on requests, or the deadline of the whole command.
    OutOfBounds,
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

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// As a note of the report.
    pub fn note(&self, source: Source) -> Note {
        let code = match self.kind {
            FailureKind::Unreachable => NoteCode::Unreachable,
            FailureKind::MustAct | FailureKind::Rejected => NoteCode::Refused,
            FailureKind::Malformed => NoteCode::Partial,
            FailureKind::OutOfBounds => NoteCode::BoundReached,
        };
        Note::new(code, source, self.message.clone()).hint(self.hint.clone())
    }
}
