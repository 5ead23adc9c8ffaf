//! The flags of every command that reads one journey.

use clap::Args;

use crate::error::{Error, Exit};
use crate::model::finding::Severity;
use crate::options::backends::{BackendArgs, choice};
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

impl JourneyArgs {
    /// Those of a command that has these flags alone.
    pub fn over(time: &TimeArgs, sources: &SourceArgs, backends: &BackendArgs) -> Self {
        Self { time: time.clone(), sources: sources.clone(), backends: backends.clone(), ..Self::default() }
    }
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
    /// 1 where something this grave was found and is not of low confidence: error, warning or info
    #[arg(long, value_name = "SEVERITY", value_parser = choice(&SEVERITIES))]
    pub fail_on: Option<Severity>,
}

/// Severities by their words.
pub const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)];

/// Whether anything was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Found {
    /// Something was.
    Something,
    /// Nothing was.
    #[default]
    Nothing,
}

/// How good the data is that an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataQuality {
    /// Everything asked for came.
    Complete,
    /// Something is missing.
    Partial,
    /// Something is missing, and only a person can mend it.
    NeedsPerson,
}

impl VerdictArgs {
    /// For a command that judges nothing: a gate that can never fail is refused rather than passed.
    ///
    /// # Errors
    /// Usage: `--fail-on` is given; `instead` says what does judge.
    pub fn judges_nothing(&self, command: &str, instead: &str) -> Result<(), Error> {
        match self.fail_on {
            Some(_) => {
                Err(Error::usage(format!("--fail-on: trace {command} judges nothing, and could never fail"), instead))
            }
            None => Ok(()),
        }
    }

    /// The code of a reading command's answer; `worst` is the gravest of what may decide it.
    pub fn exit(&self, found: Found, data: DataQuality, worst: Option<Severity>) -> Exit {
        if self.fail_on.is_some_and(|least| worst >= Some(least)) {
            return Exit::Negative;
        }
        match (data, found) {
            (DataQuality::Complete, Found::Nothing) if self.fail_empty => Exit::Negative,
            (DataQuality::Complete, _) => Exit::Answered,
            (DataQuality::Partial, _) if self.allow_partial => Exit::Answered,
            (DataQuality::Partial, _) => Exit::CannotTell,
            (DataQuality::NeedsPerson, _) => Exit::MustAct,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_tells_what_the_answer_rests_on() {
        let exit = |fail_empty, allow_partial, found, data| {
            VerdictArgs { allow_partial, fail_empty, fail_on: None }.exit(found, data, None)
        };
        for (fail_empty, allow_partial) in [(false, false), (false, true), (true, false), (true, true)] {
            let nothing = if fail_empty { Exit::Negative } else { Exit::Answered };
            let partial = if allow_partial { Exit::Answered } else { Exit::CannotTell };
            let table = [
                (Found::Something, DataQuality::Complete, Exit::Answered),
                (Found::Nothing, DataQuality::Complete, nothing),
                (Found::Something, DataQuality::Partial, partial),
                (Found::Nothing, DataQuality::Partial, partial),
                (Found::Something, DataQuality::NeedsPerson, Exit::MustAct),
                (Found::Nothing, DataQuality::NeedsPerson, Exit::MustAct),
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

    #[test]
    fn a_finding_that_was_seen_decides_whatever_is_missing_beside_it() {
        let exit = |fail_on, worst, data| {
            VerdictArgs { fail_on, ..VerdictArgs::default() }.exit(Found::Something, data, worst)
        };
        let (info, warning, error) = (Some(Severity::Info), Some(Severity::Warning), Some(Severity::Error));
        let table = [
            (None, error, DataQuality::Complete, Exit::Answered),
            (error, None, DataQuality::Complete, Exit::Answered),
            (error, warning, DataQuality::Complete, Exit::Answered),
            (error, error, DataQuality::Complete, Exit::Negative),
            (info, info, DataQuality::Partial, Exit::Negative),
            (warning, error, DataQuality::NeedsPerson, Exit::Negative),
            (warning, info, DataQuality::NeedsPerson, Exit::MustAct),
        ];
        for (fail_on, worst, data, code) in table {
            assert_eq!(exit(fail_on, worst, data), code, "{fail_on:?} {worst:?} {data:?}");
        }
    }
}
