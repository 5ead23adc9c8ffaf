//! Evidence from files and from standard input.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::model::evidence::{Evidence, Note};
use crate::model::id::TraceId;
use crate::model::span::Span;
use crate::model::time::Window;
use crate::query::Subject;
use crate::report::wording::shell::quoted;
use crate::session::unknown_names::{DataNames, NamedInFlags};
use crate::source::file;
use crate::stitch::subjects::JourneyCandidate;

/// How many journeys of a file are listed where one must be chosen: a screen of 24 lines holds them.
const MAX_LISTED: usize = 20;

/// Files, read again for each question. Standard input can be read only once, and is kept.
pub(super) struct FileSet {
    paths: Vec<PathBuf>,
    standard_input: OnceCell<Vec<u8>>,
}

impl FileSet {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, standard_input: OnceCell::new() }
    }

    /// What these files hold about this time, as if they were one; everything where no time is given. Names in flags that
    /// nothing in them has are noted.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn read(&self, window: Option<Window>, named: &NamedInFlags) -> Result<Evidence, Error> {
        let files: Vec<Evidence> = self.paths.iter().map(|path| self.read_one(path)).collect::<Result<_, _>>()?;
        let mut evidence = file::merge(files);
        if !named.is_empty() {
            let unknown = DataNames::of(&evidence).notes(named);
            unknown.into_iter().for_each(|note| evidence.note(note));
        }
        Ok(within(evidence, window))
    }

    fn read_one(&self, path: &Path) -> Result<Evidence, Error> {
        if path != Path::new("-") {
            return file::read_path(path);
        }
        if let Some(bytes) = self.standard_input.get() {
            return file::read("-", bytes.clone());
        }
        let mut bytes = Vec::new();
        let failed = |e: io::Error| Error::Input { path: "standard input".to_owned(), message: e.to_string() };
        io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        file::read("-", self.standard_input.get_or_init(|| bytes).clone())
    }
}

/// The evidence of this time: lines in it, and traces that have a span in it.
pub(super) fn within(mut evidence: Evidence, window: Option<Window>) -> Evidence {
    let Some(window) = window else { return evidence };
    let touches = |span: &&Span| span.start < window.to && window.from <= span.end();
    let traces: BTreeSet<TraceId> = evidence.spans.iter().filter(touches).map(|span| span.trace_id).collect();
    evidence.spans.retain(|span| traces.contains(&span.trace_id));
    evidence.logs.retain(|line| window.contains(line.time));
    evidence
}

/// The only journey of files.
///
/// # Errors
/// Usage: there is none, or more than one.
pub(super) fn only_journey(candidates: Vec<JourneyCandidate>, notes: &[Note]) -> Result<Subject, Error> {
    match candidates.as_slice() {
        [only] => Ok(only.subject.clone()),
        [] => {
            let unread = notes.iter().filter(|note| note.code.is_incomplete()).map(|note| note.message.as_str());
            let reasons: Vec<&str> =
                ["there is no span and no line with an ID in it"].into_iter().chain(unread).collect();
            let hint = "name one with --correlation-id or --trace-id, or its key with --key";
            Err(Error::usage(reasons.join("; "), hint))
        }
        many => {
            let lines: Vec<String> = many.iter().take(MAX_LISTED).map(listed).collect();
            let rest = many.len().saturating_sub(MAX_LISTED);
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
