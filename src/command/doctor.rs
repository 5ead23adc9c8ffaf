//! `trace doctor`: whom would be asked, and whether each is well.

use crate::command::request_log::requests;
use crate::command::session::{backends, keep_recording, progress, tape, transport};
use crate::command::{Context, Outcome};
use crate::error::{Error, Exit};
use crate::gather::doctor::examine;
use crate::gather::sources::Sources;
use crate::model::evidence::{BackendState, Source};
use crate::model::provenance::Provenance;
use crate::options::backends::BackendArgs;
use crate::options::sources::RecordingArgs;
use crate::render::render;
use crate::report::Report;
use crate::report::doctor::{DoctorReport, DoctorRow};
use crate::source::demo;
use crate::source::failure::Received;
use crate::stop::Stage;

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub backends: BackendArgs,
    /// Look at embedded data instead of asking
    #[arg(long, help_heading = "Sources", conflicts_with_all = ["record", "replay"])]
    pub demo: bool,
    /// Keeping answers, and answering from what was kept.
    #[command(flatten)]
    pub recording: RecordingArgs,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &DoctorArgs, context: &Context) -> Result<Outcome, Error> {
    if args.demo {
        let report = Report::new(Provenance::default(), DoctorReport { checks: SOURCES.map(of_demo).to_vec() });
        return Ok(Outcome::answered(render(&report, context.format(), &context.view)));
    }
    let (tape, now) = tape(&args.recording, context.surroundings.now)?;
    let transport = transport(tape, context);
    let backends = backends(&transport, context);
    let progress = progress(context);
    progress.say("examining jaeger, loki and prometheus");
    context.surroundings.stop.enter(Stage::Gathering);
    let checks = examine(&Sources { backends: &backends, transport: &transport, progress: &progress }, now).await;
    progress.done();
    let (said, unsaved) = keep_recording(&transport);
    let said = said + &requests(&transport, &backends, context);
    let well = exit(&checks);
    let exit = unsaved.unwrap_or(well);
    let any_answered = checks.iter().any(|check| matches!(check.state, BackendState::Ok | BackendState::Partial));
    let mut provenance = Provenance { complete: well == Exit::Answered, ..Provenance::default() };
    if let Some(failure) = transport.interrupted() {
        provenance.notes.push(failure.interruption(if any_answered { Received::Something } else { Received::Nothing }));
    }
    let report = Report::new(provenance, DoctorReport { checks });
    Ok(Outcome { stdout: render(&report, context.format(), &context.view), stderr: said.into_bytes(), exit })
}

/// What the demo stands in for.
const SOURCES: [Source; 3] = [Source::Jaeger, Source::Loki, Source::Prometheus];

fn of_demo(name: Source) -> DoctorRow {
    DoctorRow {
        dialect: "demo data, no server was asked".to_owned(),
        auth: "none".to_owned(),
        newest: Some(demo::NOW),
        ..DoctorRow::blank(name, "--demo")
    }
}

/// All well, or somebody must act, or somebody does not answer. A default that nobody named may be away, but not all.
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

    #[test]
    fn one_that_is_refused_or_away_decides() {
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
