//! One file a command: its flags (`…Args`), and how it runs.

pub(crate) mod alerts;
pub mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod errors;
pub(crate) mod find;
pub(crate) mod hotspots;
pub(crate) mod latency;
pub(crate) mod learn_pipeline;
pub(crate) mod logs;
pub(crate) mod map;
pub(crate) mod missing;
pub(crate) mod phases;
mod request_log;
mod requests;
pub mod schema;
pub(crate) mod span;
mod spec;
pub(crate) mod timeline;
pub(crate) mod verify_pipeline;
pub(crate) mod why;

use std::fmt::Write;

use crate::error::{Error, Exit};
use crate::gather::backend_status;
use crate::model::evidence::{Note, NoteCode};
use crate::options::backends::BackendArgs;
use crate::options::environment::Environment;
use crate::options::journey::VerdictArgs;
use crate::options::layers::ConfigSources;
use crate::options::output::OutputArgs;
use crate::options::settings::{ConfigFileArgs, Settings};
use crate::options::sources::SourceArgs;
use crate::render::{Format, View, escape, render};
use crate::report::{Report, ReportBody};
use crate::session::answer::{AnswerSummary, Found};
use crate::session::{FinishedSession, RecordingResult};

/// A command of the program: the flags of one invocation.
pub(crate) trait Subcommand {
    /// Lines to copy, shown before the flags in the help.
    const EXAMPLES: Option<&'static str>;

    /// The flags for the backends; none where the command never asks them.
    fn backends(&self) -> Option<&BackendArgs>;

    /// Which configuration applies. The demo is the same on every machine, and completions must work under a broken
    /// file.
    fn config_sources(&self) -> ConfigSources;

    /// Runs the command.
    ///
    /// # Errors
    /// What kept it from running at all: usage, configuration, a file that cannot be read. What a backend did wrong is
    /// part of the answer.
    async fn run(&self, context: &Context) -> Result<Outcome, Error>;
}

/// Which configuration applies to a command that can read the demo.
fn unless_demo(sources: &SourceArgs) -> ConfigSources {
    if sources.demo.is_some() { ConfigSources::FlagsOnly } else { ConfigSources::FilesAndEnvironment }
}

/// What a command leaves behind; `main` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub stdout: Vec<u8>,
    /// Warnings, errors and logs of requests.
    pub stderr: Vec<u8>,
    /// The exit code.
    pub exit: Exit,
}

impl Outcome {
    /// A complete answer.
    pub fn answered(stdout: impl Into<Vec<u8>>) -> Self {
        Self { stdout: stdout.into(), stderr: vec![], exit: Exit::Answered }
    }

    /// The same, with the warnings of the settings first, unless `--quiet` hides them.
    #[must_use]
    pub(crate) fn with_warnings(mut self, context: &Context) -> Self {
        if !context.output.quiet {
            let mut warnings = String::new();
            for warning in &context.settings.warnings {
                let _ = writeln!(warnings, "warning: {}", escape::one_line(warning));
            }
            self.stderr.splice(0..0, warnings.into_bytes());
        }
        self
    }
}

/// What a command has beside its own flags.
pub(crate) struct Context {
    /// The process environment.
    pub(crate) environment: Environment,
    /// The settings in force.
    pub(crate) settings: Settings,
    /// Which configuration was named.
    pub(crate) config: ConfigFileArgs,
    /// How the answer is shown.
    pub(crate) output: OutputArgs,
    /// How the answer is rendered on this terminal.
    pub(crate) view: View,
    /// The command line, for completions.
    pub(crate) app: fn() -> clap::Command,
}

impl Context {
    /// The format of the answer.
    pub(crate) fn format(&self) -> Format {
        self.output.format()
    }

    /// A report that asked no backend.
    fn show_without_session(&self, report: &Report) -> Outcome {
        Outcome::answered(render(report, self.format(), &self.view))
    }

    /// The report of an answer. The exit code follows from what was found and how complete it is.
    fn outcome(
        &self,
        mut answer: AnswerSummary,
        finished: FinishedSession,
        verdict: VerdictArgs,
        body: impl ReportBody + 'static,
    ) -> Outcome {
        if answer.provenance.complete {
            let no_backend = backend_status::no_backend(&answer.provenance.backends);
            no_backend.into_iter().for_each(|note| answer.provenance.note(note));
        }
        let found = if answer.not_found.is_empty() { answer.found } else { Found::Nothing };
        let is_unknown = |note: &Note| note.code == NoteCode::UnknownName;
        let exit = match verdict.exit(found, answer.quality(), answer.worst) {
            // A slip in a filter must not make a gate pass.
            Exit::Answered if verdict.fail_on.is_some() && answer.provenance.notes.iter().any(is_unknown) => {
                Exit::CannotTell
            }
            exit => exit,
        };
        self.show(&Report::new(answer.provenance, body), exit, finished)
    }

    /// A report with this exit code; that of a recording that could not be written wins.
    fn show(&self, report: &Report, exit: Exit, finished: FinishedSession) -> Outcome {
        let mut stderr = match &finished.recording {
            RecordingResult::Done => String::new(),
            RecordingResult::NotWritten(failure) => {
                format!("warning: the recording was not written: {}\n", failure.message)
            }
            RecordingResult::Failed(error) => format!("error: {}\n", escape::line(&error.to_string())),
        };
        stderr += &request_log::request_log(&finished, &self.output);
        stderr.extend(finished.messages.iter().map(|line| format!("{}\n", escape::line(line))));
        // CSV has no place for notes.
        let incomplete = report.provenance.notes.iter().filter(|note| note.code.is_incomplete());
        let incomplete = incomplete.filter(|_| self.format() == Format::Csv);
        stderr.extend(incomplete.map(|note| escape::line(&format!("not complete: {}", note.message)) + "\n"));
        let exit = match finished.recording {
            RecordingResult::Failed(error) => error.exit(),
            RecordingResult::Done | RecordingResult::NotWritten(_) => exit,
        };
        Outcome { stdout: render(report, self.format(), &self.view), stderr: stderr.into_bytes(), exit }
    }
}
