//! Failures of requests, by what they mean for the answer.

use std::time::Duration;

use crate::model::action::{Action, AskingMode, Narrowing};
use crate::model::advice::Advice;
use crate::model::evidence::{Note, NoteCode};
use crate::model::source::Source;
use crate::model::time::Human;
use crate::wire::Malformed;

/// What an interrupted command had received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Some data.
    Something,
    /// No data.
    Nothing,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Nothing listens at the address: the connection was refused, or the name does not resolve.
    Absent,
    /// A server that does not answer: timeout, connection lost, 5xx.
    Unreachable,
    /// A server without this API: 404.
    NoSuchApi,
    /// The user must act: sign-in, TLS, redirect to another origin.
    ActionNeeded,
    /// The query itself was refused (4xx).
    Rejected,
    /// The answer cannot be decoded.
    Malformed,
    /// A limit of ours: number of requests, size of an answer, time for decoding it.
    LimitReached,
    /// The command was asked to end before the answer arrived.
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

/// Why a request has no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// What happened, with the address; lower case, no full stop.
    pub message: String,
    /// The message without what differs from request to request, such as how much had arrived; none if nothing does.
    pub summary: Option<String>,
    /// What to do; empty if the kind says enough, see [`Failure::next_actions`].
    pub actions: Vec<Action>,
    /// Whether the request was sent: an open circuit breaker stops it before.
    pub was_sent: bool,
    /// The HTTP status; none if no answer arrived, or the answer was a success that cannot be used.
    pub status: Option<u16>,
    /// What the server says is wrong with the query; none if it says nothing that a changed query would heed.
    pub refusal: Option<Refusal>,
    /// The server's own error text, for the backend to recognize a refusal in.
    pub(super) server_text: Option<String>,
}

impl Failure {
    /// A failure with the hint of its kind.
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            summary: None,
            actions: vec![],
            was_sent: true,
            status: None,
            refusal: None,
            server_text: None,
        }
    }

    /// The failure with this message, and details after it that differ from request to request.
    pub(super) fn with_details(kind: FailureKind, summary: String, details: &str) -> Self {
        Self { summary: Some(summary.clone()), ..Self::new(kind, format!("{summary} ({details})")) }
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

    /// The command was asked to end `after` it began.
    pub(crate) fn interrupted(after: Duration) -> Self {
        Self::new(FailureKind::Interrupted, format!("interrupted after {}", Human::from(after)))
    }

    /// An interruption as a note on the answer as a whole.
    pub(crate) fn interruption(&self, received: Received) -> Note {
        let what = match received {
            Received::Something => "this is what had come by then",
            Received::Nothing => "nothing had come by then",
        };
        Note::general(NoteCode::BoundReached, format!("{}: {what}", self.message))
    }

    /// How many lines a page may have, if a longer one was refused.
    pub(crate) fn page_limit(&self) -> Option<usize> {
        match self.refusal {
            Some(Refusal::PageTooLong(most)) => Some(most),
            _ => None,
        }
    }

    /// Whether the same query over a shorter time window would be answered.
    pub(crate) fn wants_shorter_window(&self) -> bool {
        matches!(self.refusal, Some(Refusal::TooMuchData | Refusal::TooManySeries))
    }

    /// The same with actions of its own.
    #[must_use]
    pub(crate) fn with_actions(mut self, actions: impl Into<Vec<Action>>) -> Self {
        self.actions = actions.into();
        self
    }

    /// What to do, any of these: its own actions, else those of its kind.
    pub(crate) fn next_actions(&self) -> Vec<Action> {
        if !self.actions.is_empty() {
            return self.actions.clone();
        }
        vec![match self.kind {
            FailureKind::Absent => Action::Advise(Advice::CheckRunningAndAddress),
            FailureKind::Unreachable => Action::Advise(Advice::CheckLoadAndLog),
            FailureKind::NoSuchApi => Action::Advise(Advice::CheckBasePath),
            FailureKind::ActionNeeded => Action::Advise(Advice::SeeConfiguration),
            FailureKind::Rejected => Action::Use(AskingMode::ShowQueries),
            FailureKind::Malformed => Action::Advise(Advice::RecordOrCheckProxy),
            FailureKind::LimitReached => Action::Narrow(vec![Narrowing::Time]),
            FailureKind::Interrupted => Action::Advise(Advice::AskAgain),
        }]
    }

    /// The failure as a note of the report.
    pub(crate) fn note(&self, source: Source) -> Note {
        let code = match self.kind {
            FailureKind::Absent | FailureKind::Unreachable => NoteCode::Unreachable,
            FailureKind::NoSuchApi | FailureKind::ActionNeeded | FailureKind::Rejected => NoteCode::Refused,
            FailureKind::Malformed => NoteCode::Partial,
            FailureKind::LimitReached => NoteCode::BoundReached,
            // Not the fault of a backend.
            FailureKind::Interrupted => return self.interruption(Received::Something),
        };
        Note::new(code, source, self.message.clone()).with_actions(self.next_actions())
    }
}

/// The failure to decode an answer.
pub(crate) fn malformed_answer(address: &str, error: &Malformed) -> Failure {
    if let Malformed::Html { title } = error {
        return html_page(address, title);
    }
    Failure::new(FailureKind::Malformed, format!("{address}: {error}"))
}

/// The answer is an HTML page instead of data.
pub(crate) fn html_page(address: &str, title: &str) -> Failure {
    let titled = if title.is_empty() { String::new() } else { format!(" (title {title:?})") };
    let message = format!("{address} answered with an HTML page{titled} instead of data; it looks like a sign-in page");
    Failure::new(FailureKind::ActionNeeded, message).with_actions(Advice::CheckSignInAndBasePath)
}
