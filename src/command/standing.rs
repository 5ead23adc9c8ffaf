//! How far each source can be trusted to have told everything: what a gate's verdict depends on.

use crate::model::evidence::{BackendState, Evidence, NoteCode, Source};
use crate::options::journey::JourneyArgs;
use crate::pipeline::evaluate::Standing;

/// How this source stands in an answer. Where files were read, what they hold is all there is, and a kind of data that
/// none of them holds is not configured.
pub fn standing(source: Source, shell: &Evidence, args: &JourneyArgs, holds_any: bool) -> Standing {
    if !args.sources.input.is_empty() {
        return match (source, holds_any) {
            (Source::Prometheus, _) | (_, false) => Standing::NotConfigured,
            _ if shell.is_complete() => Standing::Complete,
            _ => Standing::Incomplete,
        };
    }
    let Some(status) = shell.backends.iter().find(|backend| backend.name == source) else {
        return Standing::NotConfigured;
    };
    let is_about_it = |code: NoteCode, of: Option<Source>| code.is_incomplete() && of.is_none_or(|of| of == source);
    match status.state {
        BackendState::NotConfigured | BackendState::LeftOut | BackendState::NotNeeded => Standing::NotConfigured,
        BackendState::Ok if !shell.notes.iter().any(|note| is_about_it(note.code, note.source)) => Standing::Complete,
        _ => Standing::Incomplete,
    }
}
