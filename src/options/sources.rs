//! Flags that choose where evidence comes from: the backends, files, the demo, or a recording.

use std::path::PathBuf;

use clap::Args;

use crate::error::Error;
use crate::model::provenance::Supply;
use crate::options::environment::Environment;

/// What is looked at instead of the backends.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Sources")]
pub struct SourceArgs {
    /// Read spans or lines from a file instead of asking; `-` is standard input; repeatable
    #[arg(long, value_name = "FILE", conflicts_with = "demo")]
    pub input: Vec<PathBuf>,
    /// Look at embedded data instead of asking; --demo=SCENARIO picks one
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true)]
    pub demo: Option<Option<String>>,
    /// Keeping answers, and answering from what was kept.
    #[command(flatten)]
    pub recording: RecordingArgs,
}

/// Keeping answers, and answering from what was kept.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Sources")]
pub struct RecordingArgs {
    /// Keep every answer of the backends in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// Answer only from this recording; nothing is sent
    #[arg(long, value_name = "DIR")]
    pub replay: Option<PathBuf>,
}

impl SourceArgs {
    /// Where evidence will come from.
    ///
    /// # Errors
    /// Usage: standard input is a terminal, or named twice; a recording flag without backends.
    pub(crate) fn supply(&self, environment: &Environment) -> Result<Supply, Error> {
        if let Some(scenario) = &self.demo {
            return self.refuse_recording("--demo").map(|()| Supply::Demo(scenario.clone()));
        }
        if self.input.is_empty() {
            return Ok(Supply::Backends);
        }
        self.refuse_recording("--input")?;
        let stdins = self.input.iter().filter(|path| path.as_os_str() == "-").count();
        if stdins > 1 {
            return Err(Error::usage("--input -: standard input can be read only once", "name it once"));
        }
        if stdins == 1 && environment.stdin_is_terminal {
            return Err(Error::usage(
                "--input -: standard input is a terminal",
                "pipe a file into it, or name the file",
            ));
        }
        Ok(Supply::Files(self.input.clone()))
    }

    fn refuse_recording(&self, instead: &str) -> Result<(), Error> {
        let flag =
            self.recording.record.as_ref().map(|_| "--record").or(self.recording.replay.as_ref().map(|_| "--replay"));
        flag.map_or(Ok(()), |flag| Err(without_backends(flag, instead)))
    }

    /// Refuses a flag that only backends need where none is asked.
    ///
    /// # Errors
    /// Usage: the flag is given beside `--input` or `--demo`.
    pub(crate) fn refuse_for_servers(&self, flag: Option<&str>) -> Result<(), Error> {
        let instead = match () {
            () if self.demo.is_some() => "--demo",
            () if !self.input.is_empty() => "--input",
            () => return Ok(()),
        };
        flag.map_or(Ok(()), |flag| Err(without_backends(flag, instead)))
    }
}

fn without_backends(flag: &str, instead: &str) -> Error {
    Error::usage(format!("{flag} is about backends, but {instead} asks none"), format!("drop {flag} or {instead}"))
}
