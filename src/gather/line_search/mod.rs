//! Log lines of a window, of all services: those that report a failure, counted where the backend counts, or those with a
//! text. The newest of them are read.

mod counting;
mod reading;
mod sought;
mod streams;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::future::join_all;

use crate::gather::backend_status;
use crate::gather::lines::chosen_by;
use crate::gather::sources::Sources;
use crate::model::action::{Action, Limit, Narrowing};
use crate::model::advice::Advice;
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode};
use crate::model::id::TraceId;
use crate::model::log::{CutLines, LineKey, LogEntry};
use crate::model::pattern::Pattern;
use crate::model::time::{Timestamp, Window};
use crate::report::text::first_few;
use crate::source::failure::Failure;
use crate::source::role::{LogSource, Role};
use counting::Counts;
use reading::LinesRead;
use sought::LineFilter;
use streams::Streams;

/// Services that a note names at most: a line holds about as many.
const NAMED: usize = 3;

/// Which lines are read where there are more than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// The newest of all services.
    Newest,
    /// The newest of each service, so that a service with many lines does not hide the others.
    Services,
}

/// What came.
#[derive(Clone, Debug, Default)]
pub(crate) struct FoundLines {
    sought: LineFilter,
    /// Lines, how Loki did, and what is to be remarked.
    pub(crate) evidence: Evidence,
    /// The services with more lines than were read, for each window.
    pub(crate) cut: Vec<CutLines>,
    /// The limit on lines, for each window.
    limit: usize,
    streams: Option<Streams>,
    counted: Vec<(Window, Result<Counts, Failure>)>,
}

/// Searches for error lines in each of these windows, the newest window first, up to the limit in each.
pub(crate) async fn error_lines(windows: &[Window], limit: usize, spread: Spread, sources: &Sources<'_>) -> FoundLines {
    let found = FoundLines { limit, ..FoundLines::default() };
    found.search(windows, spread, sources).await
}

/// Searches for lines that contain one of these texts, the newest up to the limit.
pub(crate) async fn lines_with(texts: Vec<Pattern>, window: Window, limit: usize, sources: &Sources<'_>) -> FoundLines {
    let found = FoundLines { sought: LineFilter::Texts(texts), limit, ..FoundLines::default() };
    found.search(&[window], Spread::Newest, sources).await
}

impl FoundLines {
    async fn search(mut self, windows: &[Window], spread: Spread, sources: &Sources<'_>) -> Self {
        let (backend, transport) = (Role::Logs.backend(), sources.transport);
        let (Some(endpoint), Some(source)) = (sources.endpoint(Role::Logs), sources.logs()) else {
            let said = format!("lines come from {}, which is left out", backend.as_str());
            self.evidence.note(Note::new(NoteCode::NotConfigured, backend, said));
            self.evidence.backends = vec![backend_status::left_out(backend)];
            return self;
        };
        sources.progress.say(format!("asking {} for {}", backend.as_str(), self.sought.as_str()));
        // Who is asked for what lines name must find some time left.
        if let Some(spans) = sources.endpoint(Role::Spans) {
            transport.reserve_time_for(spans.source);
        }
        let streams = sources.backends.streams.as_deref();
        let failed = self.look(source.as_ref(), windows, spread, streams).await.err();
        transport.release_reserved_time();
        let evidence = &mut self.evidence;
        let mut status = BackendStatus { items: evidence.logs.len(), ..backend_status::asked(endpoint, transport) };
        if let Some(failure) = failed {
            evidence.note(backend_status::note_of(endpoint, &failure));
            backend_status::failed(&mut status, endpoint, &failure);
        } else {
            windows.iter().for_each(|window| evidence.coverage.logs.add(*window));
            if let Some(note) = evidence.notes.iter().find(|note| note.code.is_incomplete()) {
                backend_status::lacking(&mut status, BackendState::Partial, note);
            }
        }
        evidence.backends = vec![status];
        self
    }

    async fn look(
        &mut self,
        source: &dyn LogSource,
        windows: &[Window],
        spread: Spread,
        reply: Option<&str>,
    ) -> Result<(), Failure> {
        let Some(newest) = windows.first() else { return Ok(()) };
        let streams = &*self.streams.insert(Streams::found(source, reply, *newest).await?);
        if reply.is_none() && streams.selector != source.usual_streams() {
            self.evidence.note(chosen_by(source.backend(), &streams.selector));
        }
        if spread == Spread::Services {
            let counts = windows.iter().map(|window| counting::count(source, streams, *window));
            self.counted = windows.iter().copied().zip(join_all(counts).await).collect();
        }
        let known = |at: usize| self.counted.get(at).and_then(|(_, counts)| counts.as_ref().ok());
        let plans = (0..windows.len()).map(|at| reading::plan(known(at), self.limit));
        let reads =
            windows.iter().zip(plans).map(|(window, plan)| reading::read(source, streams, &self.sought, *window, plan));
        let (mut seen, mut failed, mut all_cut) = (HashSet::new(), None, vec![]);
        for LinesRead { lines, cut, notes, failure } in join_all(reads).await {
            all_cut.push(cut);
            self.evidence.logs.extend(lines.into_iter().filter(|line| seen.insert(LineKey::new(line))));
            notes.into_iter().for_each(|note| self.evidence.note(backend_status::advised(note)));
            failed = failed.or(failure);
        }
        self.evidence.logs.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.line.cmp(&b.line)));
        let known = self.services_by_value();
        self.cut = all_cut.into_iter().map(|cut| by_service(cut, &known)).collect();
        failed.map_or(Ok(()), Err)
    }

    /// The traces that they name, the newest first.
    pub(crate) fn traces(&self) -> Vec<TraceId> {
        let mut seen = HashSet::new();
        self.evidence.logs.iter().filter_map(|line| line.trace_id).filter(|trace| seen.insert(*trace)).collect()
    }

    /// Since when every line was read, where not all were; now where none was.
    pub(crate) fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let oldest = self.evidence.logs.iter().map(|line| line.time).min().unwrap_or(now);
        (self.cut_in_any() != CutLines::None).then_some(oldest)
    }

    /// The services with more lines than were read, in any of the windows.
    pub(crate) fn cut_in_any(&self) -> CutLines {
        self.cut.iter().cloned().fold(CutLines::None, CutLines::or)
    }

    /// That there are more lines than were read, and of which services. The limit is part of the question.
    pub(crate) fn cut_note(&self) -> Option<Note> {
        let lines = self.sought.as_str();
        let mut said = match self.cut_in_any() {
            CutLines::None => return None,
            CutLines::OfServices(services) => {
                format!("{lines} of {} cut: {} are read at most", some(&services), self.limit)
            }
            CutLines::Any => format!("{lines} cut at the newest {}", self.limit),
        };
        let unread = self.unread();
        if !unread.is_empty() {
            said += &format!("; none was read of {}", some(&unread));
        }
        let narrow = Action::Narrow(vec![Narrowing::Service, Narrowing::Time]);
        let actions = [Action::Raise(Limit::Sample), narrow, Action::Advise(Advice::CountsAreAtLeast)];
        Some(Note::new(NoteCode::Sampled, Role::Logs.backend(), said).with_actions(actions))
    }

    /// Who wrote error lines of which none was read.
    fn unread(&self) -> BTreeSet<String> {
        let read = self.services_by_value();
        let counts = self.counted.iter().filter_map(|(_, counts)| counts.as_ref().ok());
        let values = counts.flat_map(|counts| &counts.by_value).filter(|(_, count)| **count >= 0.5);
        values.map(|(value, _)| value).filter(|value| !read.contains_key(value.as_str())).cloned().collect()
    }

    /// Which part of what was counted is an error once it is read, by the label's value: where all of it was read. No
    /// expression tells errors as well as reading does.
    fn borne_out(&self) -> BTreeMap<&str, f64> {
        let (label, known) = (self.label(), self.services_by_value());
        let mut parts = BTreeMap::new();
        for ((window, counts), cut) in self.counted.iter().zip(&self.cut).filter(|_| self.evidence.is_complete()) {
            for (value, count) in counts.iter().flat_map(|counts| &counts.by_value) {
                let is_cut = match known.get(value.as_str()) {
                    Some(behind) => behind.keys().any(|service| cut.holds(service)),
                    None => cut.holds(value),
                };
                if !is_cut && *count > 0.0 {
                    let is_meant = |line: &&LogEntry| window.contains(line.time) && label_value(line, label) == value;
                    let read = self.evidence.logs.iter().filter(is_meant).count();
                    parts.insert(value.as_str(), (read as f64 / count).min(1.0));
                }
            }
        }
        parts
    }

    fn label(&self) -> Option<&str> {
        self.streams.as_ref().and_then(|streams| streams.label.as_deref())
    }

    /// Which services stand behind a value of the label, with how many of the lines that were read.
    fn services_by_value(&self) -> Behind<'_> {
        let label = self.label();
        let mut known = Behind::new();
        for line in &self.evidence.logs {
            let value = label_value(line, label);
            let service = if line.service.is_empty() { value } else { line.service.as_str() };
            *known.entry(value).or_default().entry(service).or_default() += 1;
        }
        known
    }
}

/// Services behind each value of the label, with how many of their lines were read.
type Behind<'a> = BTreeMap<&'a str, BTreeMap<&'a str, usize>>;

/// The same, by the names of services instead of the label's values.
fn by_service(cut: CutLines, known: &Behind) -> CutLines {
    let CutLines::OfServices(values) = cut else { return cut };
    let mut services = BTreeSet::new();
    for value in values {
        match known.get(value.as_str()) {
            Some(behind) => services.extend(behind.keys().map(|service| (*service).to_owned())),
            None => drop(services.insert(value)),
        }
    }
    CutLines::OfServices(services)
}

fn label_value<'a>(line: &'a LogEntry, label: Option<&str>) -> &'a str {
    label.and_then(|label| line.labels.get(label)).map_or("", String::as_str)
}

/// A few names, and how many more.
fn some(names: &BTreeSet<String>) -> String {
    first_few(&names.iter().collect::<Vec<_>>(), NAMED)
}

/// How many error lines each service wrote in these times: by the names that its lines give it, else by its label. Of a
/// failure a remark is left.
pub(crate) async fn error_counts(
    windows: [Window; 2],
    lines: &FoundLines,
    sources: &Sources<'_>,
) -> (BTreeMap<String, [f64; 2]>, Vec<Note>) {
    let mut services: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    let (Some(source), Some(streams)) = (sources.logs(), &lines.streams) else { return (services, vec![]) };
    let source = source.as_ref();
    let (known, borne_out) = (lines.services_by_value(), lines.borne_out());
    let count = |window: Window| async move {
        match lines.counted.iter().find(|(counted, _)| *counted == window) {
            Some((_, reply)) => reply.clone(),
            None => counting::count(source, streams, window).await,
        }
    };
    let mut notes = BTreeSet::new();
    for (at, reply) in join_all(windows.map(count)).await.into_iter().enumerate() {
        let Counts { by_value, notes: counted_notes } = match reply {
            Ok(counts) => counts,
            Err(failure) => {
                let said = format!("error lines could not be counted: {}", failure.message);
                return (BTreeMap::new(), vec![Note::new(NoteCode::Partial, source.backend(), said)]);
            }
        };
        notes.extend(counted_notes.into_iter().map(backend_status::advised));
        for (value, count) in by_value {
            let count = count * borne_out.get(value.as_str()).unwrap_or(&1.0);
            let behind = known.get(value.as_str());
            let read = behind.map_or(0, |behind| behind.values().sum::<usize>());
            for (service, lines) in behind.into_iter().flatten() {
                services.entry((*service).to_owned()).or_default()[at] += count * *lines as f64 / read as f64;
            }
            if behind.is_none() {
                services.entry(value).or_default()[at] += count;
            }
        }
    }
    (services, notes.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_services_whose_lines_were_cut_and_those_of_which_none_was_read() {
        let counts = |values: &[&str]| Counts {
            by_value: values.iter().map(|value| ((*value).to_owned(), 7.0)).collect(),
            ..Counts::default()
        };
        let window = Window::new(Timestamp(0), Timestamp(1));
        let of = |names: &[&str]| CutLines::OfServices(names.iter().map(|name| (*name).to_owned()).collect());
        let table: [(Vec<CutLines>, &[&str], Option<&str>); 4] = [
            (vec![CutLines::None, CutLines::None], &["a"], None),
            (vec![CutLines::None, of(&["b"])], &[], Some("error lines of b cut: 9 are read at most")),
            (
                vec![of(&["e", "d"]), of(&["b", "c"])],
                &[],
                Some("error lines of b, c, d and 1 more cut: 9 are read at most"),
            ),
            (
                vec![of(&["b"]), CutLines::Any],
                &["a", "x"],
                Some("error lines cut at the newest 9; none was read of a, x"),
            ),
        ];
        for (cut, unread, wanted) in table {
            let counted = vec![(window, Ok(counts(unread)))];
            let lines = FoundLines { cut, limit: 9, counted, ..FoundLines::default() };
            assert_eq!(lines.cut_note().map(|note| note.message).as_deref(), wanted);
        }
    }
}
