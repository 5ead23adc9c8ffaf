//! A pipeline's spec as commands read it, and `verify-pipeline --check`.

use std::path::Path;

use crate::command::{Context, Outcome};
use crate::error::{Error, Exit};
use crate::model::provenance::Provenance;
use crate::pipeline::file::{self, Diagnostics};
use crate::pipeline::spec::Spec;
use crate::render::{Format, render};
use crate::report::Report;
use crate::report::spec_check::SpecCheckReport;

/// Reads a spec.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it.
pub(super) fn read_spec(path: &Path) -> Result<Spec, Error> {
    read_checked(path)?.map_err(|wrong| spec_error(&wrong))
}

/// A spec, or everything that is wrong with it.
///
/// # Errors
/// It cannot be read.
fn read_checked(path: &Path) -> Result<Result<Spec, Diagnostics>, Error> {
    let shown = path.display().to_string();
    let unreadable = |e: std::io::Error| Error::Spec(format!("{shown}: {e}"));
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > file::LONGEST as u64 {
        return Err(Error::Spec(format!("{shown}: longer than 1 MiB: this is no spec")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    Ok(file::read(&shown, &bytes))
}

fn spec_error(wrong: &Diagnostics) -> Error {
    Error::Spec(wrong.message())
}

/// `--check`: the errors of a spec: as text with the places for people, as a report for programs.
///
/// # Errors
/// It cannot be read; for the table format, everything that is wrong with it.
pub(super) fn check(path: &Path, context: &Context) -> Result<Outcome, Error> {
    let (soundness, exit) = match read_checked(path)? {
        Ok(spec) => (SpecCheckReport::from_spec(path.display().to_string(), &spec), Exit::Answered),
        Err(wrong) if context.format() == Format::Table => return Err(spec_error(&wrong)),
        Err(wrong) => (SpecCheckReport::from_complaints(wrong), Exit::Usage),
    };
    let report = Report::new(Provenance::default(), soundness);
    Ok(Outcome { stdout: render(&report, context.format(), &context.view), stderr: vec![], exit })
}
