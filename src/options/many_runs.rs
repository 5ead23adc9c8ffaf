//! Flags of commands that check many runs.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::Error;
use crate::model::duration::positive_duration;
use crate::options::environment::Environment;
use crate::options::subject::SubjectArgs;
use crate::query::Subject;

/// Bytes of a list of IDs: hundreds of thousands of IDs, while a wrong path may be any file.
const MAX_LIST_BYTES: u64 = 16 << 20;

/// Flags that select many runs.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Many runs")]
pub struct ManyRunsArgs {
    /// Every ID of this file, one a line; `-` is standard input; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    pub ids_from: Option<PathBuf>,
    /// The newest N runs, found by their first operation or by the filters
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), conflicts_with_all = ["ids_from", "input", "demo"])]
    pub recent: Option<u32>,
    /// How long asking about all runs may take; --timeout is for each
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub total_timeout: Option<i64>,
}

impl ManyRunsArgs {
    /// Whether the list is read from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.ids_from.as_ref().is_some_and(|path| path.as_os_str() == "-")
    }

    /// The IDs of the list, each once, in its order; none if no list was given.
    ///
    /// # Errors
    /// Usage: standard input is a terminal, the file cannot be read, holds no ID, or one that cannot be an ID.
    pub(crate) fn ids(&self, environment: &Environment) -> Result<Option<Vec<Subject>>, Error> {
        let Some(path) = &self.ids_from else { return Ok(None) };
        if self.reads_stdin() && environment.stdin_is_terminal {
            return Err(Error::usage(
                "--ids-from -: standard input is a terminal",
                "pipe a list into it, or name a file",
            ));
        }
        let text = read(path).map_err(|e| wrong(path, &e.to_string()))?;
        let mut seen = BTreeSet::new();
        let mut subjects = vec![];
        for (number, line) in text.lines().enumerate() {
            let id = line.trim();
            if id.is_empty() || id.starts_with('#') || !seen.insert(id) {
                continue;
            }
            let subject = SubjectArgs { id: Some(id.to_owned()), ..SubjectArgs::default() }.required();
            subjects.push(subject.map_err(|e| wrong(path, &format!("line {}: {e}", number + 1)))?);
        }
        if subjects.is_empty() {
            return Err(wrong(path, "there is no ID in it"));
        }
        Ok(Some(subjects))
    }
}

fn wrong(path: &Path, why: &str) -> Error {
    Error::usage(format!("--ids-from {}: {why}", path.display()), "one ID a line; `#` begins a comment")
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = vec![];
    if path.as_os_str() == "-" {
        io::stdin().lock().take(MAX_LIST_BYTES + 1).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(MAX_LIST_BYTES + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > MAX_LIST_BYTES {
        return Err(io::Error::other("it is longer than 16 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}
