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

/// What a server says is wrong with a query, where the query can be changed accordingly. Each backend recognizes the texts
/// of its own server when the answer arrives; the texts are read nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A search may not ask for that many traces: the server holds fewer.
    TooManyTraces,
    /// A search must name a service.
    ServiceRequired,
    /// A page of log lines may not be longer than this.
    PageTooLong(usize),
    /// The query covers too much data: a shorter time window would do.
    TooMuchData,
    /// The query covers too many series: a shorter time window or fewer label values would do.
    TooManySeries,
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
    /// The HTTP status; none if no answer arrived, or the answer was a success that cannot be used.
    pub status: Option<u16>,
    /// What the server says is wrong with the query; none if it says nothing that a changed query would heed.
    pub refusal: Option<Refusal>,
    /// The server's own error text, for the backend to recognize a refusal in.
    pub(super) server_text: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: String::new(),
            was_asked: true,
            status: None,
            refusal: None,
            server_text: None,
        }
    }

    /// The same for an answer of this status, with the server's own error text if the message quotes one.
    pub(super) fn answered(self, status: u16, server_text: Option<String>) -> Self {
        Self { status: Some(status), server_text, ..self }
    }

    /// The same with the refusal that `recognize` finds in the server's own error text, given its status.
    pub(super) fn recognized(self, recognize: impl Fn(u16, &str) -> Option<Refusal>) -> Self {
        let refusal = self.status.zip(self.server_text.as_deref()).and_then(|(status, text)| recognize(status, text));
        Self { refusal, ..self }
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

    /// How many lines a page may have, if a longer one was refused.
    pub fn page_limit(&self) -> Option<usize> {
        match self.refusal {
            Some(Refusal::PageTooLong(most)) => Some(most),
            _ => None,
        }
    }

    /// Whether the same query over a shorter time window would be answered.
    pub fn wants_shorter_window(&self) -> bool {
        matches!(self.refusal, Some(Refusal::TooMuchData | Refusal::TooManySeries))
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
