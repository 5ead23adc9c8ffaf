//! The flags of every command that reads one journey.

use clap::Args;

use crate::error::{Error, Exit};
use crate::model::finding::Severity;
use crate::options::backends::{BackendArgs, choice};
use crate::options::filters::FilterArgs;
use crate::options::sources::SourceArgs;
use crate::options::subject::SubjectArgs;
use crate::options::time::TimeArgs;
use crate::session::answer::{DataQuality, Found};

/// Flags of a command that reads one journey.
#[derive(Args, Clone, Debug, Default)]
pub struct JourneyArgs {
    /// The ID.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// Exit code.
    #[command(flatten)]
    pub verdict: VerdictArgs,
    /// Time window.
    #[command(flatten)]
    pub time: TimeArgs,
    /// Filters.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Sources.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// Backends.
    #[command(flatten)]
    pub backends: BackendArgs,
}

impl JourneyArgs {
    /// For a command that has only these flags.
    pub(crate) fn from_window_flags(time: &TimeArgs, sources: &SourceArgs, backends: &BackendArgs) -> Self {
        Self { time: time.clone(), sources: sources.clone(), backends: backends.clone(), ..Self::default() }
    }
}

/// Flags that change the exit code.
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

/// Severities by name.
pub(crate) const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)];

impl VerdictArgs {
    /// For a command without findings: refuses `--fail-on`, because a gate that can never fail must not pass.
    ///
    /// # Errors
    /// Usage: `--fail-on` is given; `instead` is a hint at a command that has findings.
    pub(crate) fn refuse_fail_on(self, command: &str, instead: &str) -> Result<(), Error> {
        match self.fail_on {
            Some(_) => {
                Err(Error::usage(format!("--fail-on: trace {command} judges nothing, and could never fail"), instead))
            }
            None => Ok(()),
        }
    }

    /// The exit code of a reading command; `worst` is the highest severity of the findings that may gate.
    pub(crate) fn exit(self, found: Found, data: DataQuality, worst: Option<Severity>) -> Exit {
        if self.fail_on.is_some_and(|least| worst >= Some(least)) {
            return Exit::Negative;
        }
        match (data, found) {
            (DataQuality::Complete, Found::Nothing) if self.fail_empty => Exit::Negative,
            (DataQuality::Complete, _) => Exit::Answered,
            (DataQuality::Partial, _) if self.allow_partial => Exit::Answered,
            (DataQuality::Partial, _) => Exit::CannotTell,
            (DataQuality::ActionNeeded, _) => Exit::ActionNeeded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_follows_from_what_was_found_and_how_complete_the_data_is() {
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
                (Found::Something, DataQuality::ActionNeeded, Exit::ActionNeeded),
                (Found::Nothing, DataQuality::ActionNeeded, Exit::ActionNeeded),
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
    fn a_gating_finding_decides_however_incomplete_the_data_is() {
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
            (warning, error, DataQuality::ActionNeeded, Exit::Negative),
            (warning, info, DataQuality::ActionNeeded, Exit::ActionNeeded),
        ];
        for (fail_on, worst, data, code) in table {
            assert_eq!(exit(fail_on, worst, data), code, "{fail_on:?} {worst:?} {data:?}");
        }
    }
}
