//! How Prometheus did over the questions of a command that asks it by itself, without a journey.

use crate::gather::backend_status;
use crate::gather::metrics::notes_of;
use crate::model::action::{Action, ConfigItem};
use crate::model::evidence::{BackendState, Evidence, Note, NoteCode};
use crate::model::source::Source;
use crate::model::time::Window;
use crate::source::failure::{Failure, Received};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::transport::Transport;
use crate::wire::prometheus_json::PrometheusReply;

/// What was remarked, and what failed first.
pub(crate) struct MetricStatus<'a> {
    endpoint: &'a Endpoint,
    transport: &'a Transport,
    failed: Option<Failure>,
    notes: Vec<Note>,
}

impl<'a> MetricStatus<'a> {
    /// Nothing is asked yet.
    pub(crate) fn new(endpoint: &'a Endpoint, transport: &'a Transport) -> Self {
        Self { endpoint, transport, failed: None, notes: vec![] }
    }

    /// The data of an answer; nothing where it failed.
    pub(crate) fn take<T: Default>(&mut self, asked: Result<PrometheusReply<T>, Failure>) -> T {
        match asked {
            Ok(reply) => {
                self.notes.extend(notes_of(self.endpoint.source, &reply));
                reply.data
            }
            Err(failure) => {
                self.failed.get_or_insert(failure);
                T::default()
            }
        }
    }

    /// Whether nothing has failed so far.
    pub(crate) fn is_well(&self) -> bool {
        self.failed.is_none()
    }

    /// One more remark.
    pub(crate) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// The status of an answer that needs this backend for `what`, with the number of items it gave, or the detail.
    pub(crate) fn into_evidence(self, what: &str, items: usize, detail: String, window: Window) -> Evidence {
        let Self { endpoint, transport, failed, notes } = self;
        let mut status = backend_status::asked(endpoint, transport);
        (status.items, status.detail) = (items, detail);
        let mut evidence = Evidence::default();
        notes.into_iter().for_each(|note| evidence.note(backend_status::advised(note)));
        match failed {
            None => {
                evidence.coverage.metrics.add(window);
                if let Some(note) = evidence.notes.iter().find(|note| note.code.is_incomplete()) {
                    backend_status::lacking(&mut status, BackendState::Partial, note);
                }
            }
            Some(failure) => {
                backend_status::failed(&mut status, endpoint, &failure);
                evidence.note(backend_status::note_of(endpoint, &failure));
                if status.state == BackendState::NotConfigured {
                    evidence.note(needed(what, endpoint.source));
                }
            }
        }
        if let Some(failure) = transport.interrupted() {
            let came = if transport.has_answered(endpoint.source) { Received::Something } else { Received::Nothing };
            evidence.notes.retain(|note| note.code != NoteCode::BoundReached);
            evidence.note(failure.interruption(came));
        }
        evidence.backends = vec![status];
        evidence
    }
}

/// That no other backend has this data.
fn needed(what: &str, backend: Source) -> Note {
    let said = format!("{what} come from {}, and none is configured", backend.as_str());
    let set_address = Action::Configure(ConfigItem::Address(backend));
    Note::new(NoteCode::Unreachable, backend, said).with_actions([set_address])
}
