//! Journeys that nobody is asked for: of files, and of the demo.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::model::evidence::{Evidence, Note};
use crate::model::id::TraceId;
use crate::model::span::Span;
use crate::model::time::Window;
use crate::options::journey::JourneyArgs;
use crate::query::Subject;
use crate::report::wording::shell::quoted;
use crate::source::demo::{self, hours};
use crate::source::file;
use crate::stitch::subjects::JourneyCandidate;

/// How many journeys of a file are listed where one must be chosen.
const LISTED: usize = 20;

/// What these files hold, as if it were one.
///
/// # Errors
/// A file that cannot be read.
pub fn read_files(paths: &[PathBuf]) -> Result<Evidence, Error> {
    let read = |path: &PathBuf| if path == Path::new("-") { read_stdin() } else { file::read_path(path) };
    let files: Vec<Evidence> = paths.iter().map(read).collect::<Result<_, _>>()?;
    Ok(file::together(files))
}

/// What of the evidence lies in the time that was asked about: lines in it, and traces that have a span in it.
pub fn within(mut evidence: Evidence, window: Option<Window>) -> Evidence {
    let Some(window) = window else { return evidence };
    let touches = |span: &&Span| span.start < window.to && window.from <= span.end();
    let traces: BTreeSet<TraceId> = evidence.spans.iter().filter(touches).map(|span| span.trace_id).collect();
    evidence.spans.retain(|span| traces.contains(&span.trace_id));
    evidence.logs.retain(|line| window.contains(line.time));
    evidence
}

fn read_stdin() -> Result<Evidence, Error> {
    let mut bytes = Vec::new();
    let failed = |e: std::io::Error| Error::Input { path: "standard input".to_owned(), message: e.to_string() };
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
    file::read("-", bytes)
}

/// The run that is meant, by its ID or by its scenario, and what `--demo=` calls it.
///
/// # Errors
/// Usage: there is no such run.
pub fn demo_run(args: &JourneyArgs, scenario: Option<&str>) -> Result<(String, demo::DemoRun), Error> {
    let subject = args.subject.subject()?;
    let wanted = subject.as_ref().map(|s| s.text.as_str()).or(scenario).unwrap_or(demo::BROKEN);
    let embedded = demo::find(wanted).map(|(scenario, run)| (scenario.name.to_owned(), run));
    let ordinary = || hours::find(wanted).map(|run| (run.correlation_id.clone(), run));
    embedded.or_else(ordinary).ok_or_else(|| {
        let names: Vec<&str> = demo::scenarios().iter().map(|s| s.name).collect();
        Error::usage(format!("the demo has no {wanted:?}"), format!("there are {}", names.join(", ")))
    })
}

/// The only journey of a file.
///
/// # Errors
/// Usage: there is none, or more than one.
pub fn only_journey(candidates: Vec<JourneyCandidate>, notes: &[Note]) -> Result<Subject, Error> {
    match candidates.as_slice() {
        [only] => Ok(only.subject.clone()),
        [] => Err(Error::usage(
            ["there is no span and no line with an ID in it"]
                .into_iter()
                .chain(notes.iter().filter(|note| note.code.is_incomplete()).map(|note| note.message.as_str()))
                .collect::<Vec<_>>()
                .join("; "),
            "name one with --correlation-id or --trace-id, or its key with --key",
        )),
        many => {
            let lines: Vec<String> = many.iter().take(LISTED).map(listed).collect();
            let rest = many.len().saturating_sub(LISTED);
            let more = if rest > 0 { format!("\n  … and {rest} more") } else { String::new() };
            let message = format!("there are {} journeys in it; name one:\n{}{more}", many.len(), lines.join("\n"));
            Err(Error::usage(message, "add the ID as an argument"))
        }
    }
}

fn listed(candidate: &JourneyCandidate) -> String {
    let JourneyCandidate { subject, spans, lines, first } = candidate;
    format!("  {}   {spans} spans, {lines} lines, from {}", quoted(&subject.text), first.rfc3339())
}
