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
    /// Whether it was asked at all: a backend that failed too often is left alone.
    pub was_asked: bool,
}

impl Failure {
    /// A failure without advice.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: String::new(), was_asked: true }
    }

    /// The command was asked to end so long after its beginning.
    pub fn interrupted(after: Duration) -> Self {
        Self::new(FailureKind::Interrupted, format!("interrupted after {}", Human::from(after)))
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

    /// What to do: what was said of this one, else what helps against its kind.
    pub fn advice(&self) -> &str {
        if !self.hint.is_empty() {
            return &self.hint;
        }
        match self.kind {
            FailureKind::Absent => "is it running, and is this its address?",
            FailureKind::Unreachable => "is it overloaded, or starting? its own log tells; ask again later",
            FailureKind::NoSuchApi => "does the address lack a base path, or name another kind of server?",
            FailureKind::MustAct => "see `trace config show` for the address and the credentials in force",
            FailureKind::Rejected => "--show-queries prints what was asked, to try it by hand",
            FailureKind::Malformed => "--record DIR keeps the answer as it came; does a proxy stand between?",
            FailureKind::OutOfBounds => "narrow the time with --start and --end",
            FailureKind::Interrupted => "ask again",
        }
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
        Note::new(code, source, self.message.clone()).hint(self.advice())
    }
}

/// A body that cannot be read.
pub fn malformed(address: &str, error: &Malformed) -> Failure {
    if let Malformed::Html { title } = error {
        return page(address, title);
    }
    Failure::new(FailureKind::Malformed, format!("{address}: {error}"))
}

/// A page for people where data should be.
pub fn page(address: &str, title: &str) -> Failure {
    let titled = if title.is_empty() { String::new() } else { format!(" (title {title:?})") };
    let message = format!("{address} answered with an HTML page{titled} instead of data; it looks like a sign-in page");
    Failure::new(FailureKind::MustAct, message)
        .hint("is a proxy asking you to sign in, or is the base path missing? open the address in a browser")
}
