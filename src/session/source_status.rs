//! How complete each backend's part of an answer is: what the verdict on a pipeline depends on.

use crate::model::evidence::{BackendState, NoteCode};
use crate::model::journey::Journey;
use crate::model::provenance::{Provenance, Supply};
use crate::model::source::Source;
use crate::pipeline::evaluate::SourceStatus;
use crate::source::role::Role;

/// How complete the part of the backend with this role is in the answer about a journey. Where files were read, they hold all there is.
pub(crate) fn source_status(role: Role, provenance: &Provenance, journey: &Journey) -> SourceStatus {
    let supply = &provenance.data.supply;
    match supply {
        Supply::Files(_) => return in_files(role, provenance, journey),
        Supply::Demo(_) if journey.is_empty() => return SourceStatus::UnknownId(Source::Demo),
        Supply::Demo(_) | Supply::Backends => {}
    }
    let Some(status) = provenance.backends.iter().find(|backend| backend.name == role.backend()) else {
        return SourceStatus::NotConfigured;
    };
    let is_about_it =
        |code: NoteCode, of: Option<Source>| code.is_incomplete() && of.is_none_or(|of| of == role.backend());
    match status.state {
        BackendState::NotConfigured | BackendState::LeftOut | BackendState::NotNeeded => SourceStatus::NotConfigured,
        BackendState::Ok if !provenance.notes.iter().any(|note| is_about_it(note.code, note.source)) => {
            SourceStatus::Complete
        }
        _ => SourceStatus::Incomplete,
    }
}

fn in_files(role: Role, provenance: &Provenance, journey: &Journey) -> SourceStatus {
    match role {
        _ if journey.is_empty() && provenance.complete => SourceStatus::UnknownId(Source::File),
        Role::Logs if journey.logs.is_empty() => SourceStatus::NoneInFile,
        Role::Metrics => SourceStatus::NoneInFile,
        _ if provenance.complete => SourceStatus::Complete,
        _ => SourceStatus::PartlyRead,
    }
}
