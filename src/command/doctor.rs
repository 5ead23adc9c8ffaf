//! `trace doctor`: the backends in use, and whether each is healthy.

use crate::command::{Context, Outcome, Subcommand};
use crate::error::{Error, Exit};
use crate::model::evidence::BackendState;
use crate::model::provenance::Provenance;
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
use crate::options::sources::{RecordingArgs, SourceArgs};
use crate::report::Report;
use crate::report::doctor::{DoctorReport, DoctorRow};

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct DoctorArgs {
    /// The backends.
    #[command(flatten)]
    pub backends: BackendArgs,
    /// Look at embedded data instead of asking
    #[arg(long, help_heading = "Sources", conflicts_with_all = ["record", "replay"])]
    pub demo: bool,
    /// Keeping answers, and answering from what was kept.
    #[command(flatten)]
    pub recording: RecordingArgs,
}

impl Subcommand for DoctorArgs {
    const EXAMPLES: Option<&'static str> = None;

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        if self.demo { ConfigSources::FlagsOnly } else { ConfigSources::FilesAndEnvironment }
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let demo = self.demo.then_some(None);
        let sources = SourceArgs { demo, recording: self.recording.clone(), ..SourceArgs::default() };
        let session = context.open(&sources, &self.backends)?;
        let health = session.health().await;
        let exit = exit(&health.checks);
        let mut provenance = Provenance::default();
        if let Some((failure, received)) = health.interruption {
            provenance.note(failure.interruption(received));
        }
        provenance.complete = exit == Exit::Answered;
        let report = Report::new(provenance, DoctorReport { checks: health.checks });
        Ok(context.show(&report, exit, session.finish()))
    }
}

/// The exit code of these checks. A backend at its default address may be missing, but not all of them.
fn exit(checks: &[DoctorRow]) -> Exit {
    let any = |state| checks.iter().any(|check| check.state == state);
    if any(BackendState::Refused) {
        Exit::ActionNeeded
    } else if any(BackendState::Unreachable) || any(BackendState::Partial) || !any(BackendState::Ok) {
        Exit::CannotTell
    } else {
        Exit::Answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::Source;

    #[test]
    fn a_backend_that_refuses_or_is_down_decides() {
        use BackendState::{NotConfigured, Ok, Partial, Refused, Unreachable};
        let table: [(&[BackendState], Exit); 9] = [
            (&[Ok, Ok, Ok], Exit::Answered),
            (&[Ok, NotConfigured, NotConfigured], Exit::Answered),
            (&[NotConfigured, NotConfigured], Exit::CannotTell),
            (&[], Exit::CannotTell),
            (&[Ok, Unreachable], Exit::CannotTell),
            (&[Ok, Partial], Exit::CannotTell),
            (&[Unreachable, Unreachable], Exit::CannotTell),
            (&[Ok, Unreachable, Refused], Exit::ActionNeeded),
            (&[Ok, Ok, Refused], Exit::ActionNeeded),
        ];
        for (states, code) in table {
            let row = |state: &BackendState| DoctorRow { state: *state, ..DoctorRow::blank(Source::Loki, "x") };
            assert_eq!(exit(&states.iter().map(row).collect::<Vec<_>>()), code, "{states:?}");
        }
    }
}
