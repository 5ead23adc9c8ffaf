//! Which runs, where there may be many.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::Error;
use crate::model::length::positive_duration;
use crate::options::environment::Environment;
use crate::options::subject::SubjectArgs;
use crate::query::Subject;

/// The longest list of IDs that is read: 16 MiB.
const LONGEST: u64 = 16 << 20;

/// Which runs, where there may be many.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Many runs")]
pub struct ManyArgs {
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

impl ManyArgs {
    /// Whether the list comes by standard input.
    pub fn reads_stdin(&self) -> bool {
        self.ids_from.as_ref().is_some_and(|path| path.as_os_str() == "-")
    }

    /// The IDs of the list, each once, in its order; none where no list was named.
    ///
    /// # Errors
    /// Usage: standard input is a terminal, the file cannot be read, holds no ID, or one that cannot be an ID.
    pub fn listed(&self, surroundings: &Environment) -> Result<Option<Vec<Subject>>, Error> {
        let Some(path) = &self.ids_from else { return Ok(None) };
        if self.reads_stdin() && surroundings.stdin_is_terminal {
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
        io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other("it is longer than 16 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}
