//! How far each source can be trusted to have told everything: what a gate's verdict depends on.

use crate::model::evidence::{BackendState, Evidence, NoteCode, Source};
use crate::model::journey::Journey;
use crate::options::journey::JourneyArgs;
use crate::pipeline::evaluate::SourceStatus;

/// How this source stands in what is told of a journey. Where files were read, what they hold is all there is.
pub fn standing(source: Source, shell: &Evidence, args: &JourneyArgs, journey: &Journey) -> SourceStatus {
    let is_file = !args.sources.input.is_empty();
    let is_whole = shell.is_complete();
    match source {
        _ if journey.is_empty() && is_file && is_whole => return SourceStatus::UnknownId(Source::File),
        _ if journey.is_empty() && args.sources.demo.is_some() => return SourceStatus::UnknownId(Source::Demo),
        Source::Loki if is_file && journey.logs.is_empty() => return SourceStatus::NoneInFile,
        Source::Prometheus if is_file => return SourceStatus::NoneInFile,
        _ if is_file && is_whole => return SourceStatus::Complete,
        _ if is_file => return SourceStatus::PartlyRead,
        _ => {}
    }
    let Some(status) = shell.backends.iter().find(|backend| backend.name == source) else {
        return SourceStatus::NotConfigured;
    };
    let is_about_it = |code: NoteCode, of: Option<Source>| code.is_incomplete() && of.is_none_or(|of| of == source);
    match status.state {
        BackendState::NotConfigured | BackendState::LeftOut | BackendState::NotNeeded => SourceStatus::NotConfigured,
        BackendState::Ok if !shell.notes.iter().any(|note| is_about_it(note.code, note.source)) => {
            SourceStatus::Complete
        }
        _ => SourceStatus::Incomplete,
    }
}
