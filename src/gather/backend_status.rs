//! How a backend is, from what it did: one place for gathering and for the doctor.

use crate::model::action::{Action, AskingMode, ConfigItem, Narrowing};
use crate::model::advice::Advice;
use crate::model::evidence::{BackendState, BackendStatus, Note, NoteCode};
use crate::model::source::Source;
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::transport::{Transport, display_url};

/// The state of a backend that never answered. At a default address no backend need be.
pub(crate) fn state_of(endpoint: &Endpoint, failure: &Failure) -> BackendState {
    match failure.kind {
        _ if !endpoint.configured && is_not_this_backend(failure.kind) => BackendState::NotConfigured,
        FailureKind::ActionNeeded | FailureKind::NoSuchApi => BackendState::Refused,
        FailureKind::LimitReached | FailureKind::Rejected | FailureKind::Malformed => BackendState::Partial,
        _ => BackendState::Unreachable,
    }
}

/// Whether nothing listens at the address, or a server of another kind.
pub(crate) fn is_not_this_backend(kind: FailureKind) -> bool {
    use FailureKind::{Absent, ActionNeeded, Malformed, NoSuchApi};
    matches!(kind, Absent | NoSuchApi | ActionNeeded | Malformed)
}

/// The same as a note.
pub(crate) fn note_of(endpoint: &Endpoint, failure: &Failure) -> Note {
    if state_of(endpoint, failure) != BackendState::NotConfigured {
        return failure.note(endpoint.source);
    }
    let name = endpoint.source.as_str();
    let message = format!("no {name} is configured, and the default does not answer: {}", failure.message);
    Note::new(NoteCode::NotConfigured, endpoint.source, message)
}

/// A remark that takes from the answer, with the next step where it tells none itself.
pub(crate) fn advised(note: Note) -> Note {
    let action = match note.code {
        _ if !note.actions.is_empty() => return note,
        NoteCode::Partial => Action::Advise(Advice::AskLaterOrReadServerLog),
        NoteCode::Skipped => Action::Use(AskingMode::Record),
        NoteCode::Truncated => Action::Narrow(vec![Narrowing::Time]),
        _ => return note,
    };
    note.with_actions([action])
}

/// That no backend could be asked: all are left out, or not configured.
pub(crate) fn no_backend(backends: &[BackendStatus]) -> Option<Note> {
    let is_away = |b: &BackendStatus| matches!(b.state, BackendState::NotConfigured | BackendState::LeftOut);
    let message = "no backend answered: none is configured, and none is at its usual place on this machine";
    let is_none = !backends.is_empty() && backends.iter().all(is_away);
    is_none.then(|| {
        Note::general(NoteCode::Unreachable, message).with_actions([Action::Configure(ConfigItem::AnyAddress)])
    })
}

/// A backend that was left out on purpose.
pub(crate) fn left_out(source: Source) -> BackendStatus {
    BackendStatus::new(source, BackendState::LeftOut)
}

/// That asking it failed, and what to do about it.
pub(crate) fn failed(status: &mut BackendStatus, endpoint: &Endpoint, failure: &Failure) {
    status.state = state_of(endpoint, failure);
    status.error.clone_from(&failure.message);
    status.actions = failure.next_actions();
}

/// What it lacks, as this remark says.
pub(crate) fn lacking(status: &mut BackendStatus, state: BackendState, note: &Note) {
    status.state = state;
    status.error.clone_from(&note.message);
    status.actions.clone_from(&note.actions);
}

/// A backend that was asked, with what it was asked so far.
pub(crate) fn asked(endpoint: &Endpoint, transport: &Transport) -> BackendStatus {
    let tally = transport.tally(endpoint.source);
    let elapsed = tally.first_request.zip(tally.last_answer).map(|(first, last)| last.saturating_duration_since(first));
    BackendStatus {
        url: display_url(&endpoint.url),
        url_from: endpoint.url_from.clone(),
        requests: tally.requests,
        elapsed_ns: elapsed.map_or(0, |e| i64::try_from(e.as_nanos()).unwrap_or(i64::MAX)),
        breaker: Some(transport.breaker(endpoint)),
        ..BackendStatus::new(endpoint.source, BackendState::Ok)
    }
}
