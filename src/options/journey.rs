//! The flags of every command that reads one journey.

use clap::Args;

use crate::error::Exit;
use crate::options::backends::BackendArgs;
use crate::options::filters::FilterArgs;
use crate::options::sources::SourceArgs;
use crate::options::subject::SubjectArgs;
use crate::options::time::TimeArgs;

/// Whom, from where, when, what of it, whom to ask, and what the exit code means.
#[derive(Args, Clone, Debug, Default)]
pub struct JourneyArgs {
    /// Whom.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// What the exit code says.
    #[command(flatten)]
    pub verdict: VerdictArgs,
    /// When.
    #[command(flatten)]
    pub time: TimeArgs,
    /// What of it.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// From where.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// Whom to ask.
    #[command(flatten)]
    pub backends: BackendArgs,
}

/// What the exit code says.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Exit code")]
pub struct VerdictArgs {
    /// 0 also where the answer is not complete
    #[arg(long)]
    pub allow_partial: bool,
    /// 1 where nothing was found and the answer is complete
    #[arg(long)]
    pub fail_empty: bool,
}

/// Whether anything was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Something was.
    Something,
    /// Nothing was.
    Nothing,
}

/// How good the data is that an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Everything asked for came.
    Complete,
    /// Something is missing.
    Partial,
    /// Something is missing, and only a person can mend it.
    NeedsPerson,
}

impl VerdictArgs {
    /// The code of a reading command's answer.
    pub fn exit(&self, found: Found, data: Data) -> Exit {
        match (data, found) {
            (Data::Complete, Found::Nothing) if self.fail_empty => Exit::Negative,
            (Data::Complete, _) => Exit::Answered,
            (Data::Partial, _) if self.allow_partial => Exit::Answered,
            (Data::Partial, _) => Exit::CannotTell,
            (Data::NeedsPerson, _) => Exit::MustAct,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_tells_what_the_answer_rests_on() {
        let exit = |fail_empty, allow_partial, found, data| VerdictArgs { allow_partial, fail_empty }.exit(found, data);
        for (fail_empty, allow_partial) in [(false, false), (false, true), (true, false), (true, true)] {
            let nothing = if fail_empty { Exit::Negative } else { Exit::Answered };
            let partial = if allow_partial { Exit::Answered } else { Exit::CannotTell };
            let table = [
                (Found::Something, Data::Complete, Exit::Answered),
                (Found::Nothing, Data::Complete, nothing),
                (Found::Something, Data::Partial, partial),
                (Found::Nothing, Data::Partial, partial),
                (Found::Something, Data::NeedsPerson, Exit::MustAct),
                (Found::Nothing, Data::NeedsPerson, Exit::MustAct),
            ];
            for (found, data, code) in table {
                assert_eq!(
                    exit(fail_empty, allow_partial, found, data),
                    code,
                    "{fail_empty} {allow_partial} {found:?} {data:?}"
                );
            }
        }
    }
}
