//! One file a command: its flags (`Args`) beside its `run`.

pub mod alerts;
pub mod completions;
pub mod config;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod error_window;
pub mod errors;
pub mod find;
pub mod hotspots;
pub mod journey;
pub mod journeys;
pub mod knowledge;
pub mod latency;
pub mod learn_pipeline;
pub mod links;
pub mod logs;
pub mod map;
pub mod metric_source;
pub mod missing;
pub mod offline;
pub mod phases;
pub mod provenance;
pub mod readings;
pub mod request_log;
pub mod schema;
pub mod session;
pub mod source_status;
pub mod span;
pub mod spec;
pub mod timeline;
pub mod verify_pipeline;
pub mod why;
pub mod window;

use std::fmt::Write;

use crate::error::{Error, Exit};
use crate::options::backends::BackendArgs;
use crate::options::environment::Environment;
use crate::options::layers::ConfigSources;
use crate::options::output::OutputArgs;
use crate::options::settings::{ConfigFileArgs, Settings};
use crate::render::{Format, View, escape};

/// What a command leaves behind; `main` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub stdout: Vec<u8>,
    /// Whatever else is to be said.
    pub stderr: Vec<u8>,
    /// The code to end with.
    pub exit: Exit,
}

impl Outcome {
    /// Asked and answered, with this.
    pub fn answered(stdout: impl Into<Vec<u8>>) -> Self {
        Self { stdout: stdout.into(), stderr: vec![], exit: Exit::Answered }
    }

    /// The same, the settings' warnings said first unless nothing but the answer is wanted.
    #[must_use]
    pub fn warned(mut self, context: &Context) -> Self {
        if !context.output.quiet {
            let mut told = String::new();
            for warning in &context.settings.warnings {
                let _ = writeln!(told, "warning: {}", escape::one_line(warning));
            }
            self.stderr.splice(0..0, told.into_bytes());
        }
        self
    }
}

/// Everything a command may use beside its own flags.
pub struct Context {
    /// Where the process finds itself.
    pub surroundings: Environment,
    /// What is configured.
    pub settings: Settings,
    /// Which configuration was named.
    pub config: ConfigFileArgs,
    /// How the answer is shown.
    pub output: OutputArgs,
    /// The place where it will be looked at.
    pub view: View,
}

impl Context {
    /// Decides everything that can be decided without asking anybody.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn new(
        reading: ConfigSources,
        config: &ConfigFileArgs,
        output: OutputArgs,
        backends: &BackendArgs,
        surroundings: Environment,
    ) -> Result<Self, Error> {
        let settings = Settings::load(reading, config, &output, backends, &surroundings)?;
        let view = output.view(&surroundings, settings.zone.value);
        Ok(Self { surroundings, settings, config: config.clone(), output, view })
    }

    /// The form of the answer.
    pub fn format(&self) -> Format {
        self.output.format()
    }
}
