//! Asking Loki: every line that carries the ID or one of the traces, page by page, none lost.

use std::cell::RefCell;
use std::collections::HashSet;

use futures_util::future::join_all;

use crate::gather::fetched::Fetched;
use crate::model::action::{Action, ConfigItem};
use crate::model::conventions::TRACE_ID_FIELDS;
use crate::model::evidence::{Note, NoteCode};
use crate::model::id::TraceId;
use crate::model::log::LineKey;
use crate::model::source::Source;
use crate::model::time::{SECOND, Window};
use crate::query::Query;
use crate::source::failure::Failure;
use crate::source::role::{Direction, LineMatch, LogSource};
use crate::stitch::id_matching::{is_short, spellings};
use crate::wire::Decoded;

/// Trace IDs in one query: 20 of 32 characters stay below 1 KB of URL, and the regular expression stays cheap for Loki.
const TRACES_A_QUERY: usize = 20;

/// Loki, for one question.
pub(crate) struct LineFetcher<'a> {
    source: Box<dyn LogSource + 'a>,
    query: &'a Query,
    selector: RefCell<Option<String>>,
}

impl<'a> LineFetcher<'a> {
    /// With a selector from the configuration, or none to find one out.
    pub(crate) fn new(source: Box<dyn LogSource + 'a>, query: &'a Query, selector: Option<String>) -> Self {
        Self { source, query, selector: RefCell::new(selector) }
    }

    /// The selector in use.
    pub(crate) fn selector(&self) -> String {
        self.selector.borrow().clone().unwrap_or_else(|| self.source.usual_streams().to_owned())
    }

    /// Lines that carry the ID in their text, a label or their metadata.
    pub(crate) async fn by_id(&self, id: &str, window: Window) -> Fetched {
        if self.selector.borrow().is_some() {
            return self.by_id_with(&self.selector(), id, window).await;
        }
        let usual = self.source.usual_streams();
        let (labels, fetched) = tokio::join!(self.source.labels(window), self.by_id_with(usual, id, window));
        let labels = match labels {
            Ok(labels) => labels,
            Err(failure) => return without_labels(self.source.backend(), fetched, &failure),
        };
        let found = self.source.best_label(&labels).map(|label| self.source.streams_with(label));
        let Some(found) = found else { return fetched };
        self.selector.replace(Some(found.clone()));
        if found == usual {
            return fetched;
        }
        let mut fetched = self.by_id_with(&found, id, window).await;
        fetched.notes.push(chosen_by(self.source.backend(), &found));
        fetched
    }

    async fn by_id_with(&self, selector: &str, id: &str, window: Window) -> Fetched {
        let (keys, spellings, values) = (&self.query.keys, spellings(id), [id.to_owned()]);
        let text =
            if is_short(id) { LineMatch::KeyedValue { keys, value: id } } else { LineMatch::AnyText(&spellings) };
        let field = LineMatch::Field { names: keys, values: &values };
        let (text, field) = (self.source.queries(selector, text), self.source.queries(selector, field));
        let (text, field) = tokio::join!(self.all_pages(&text, window), self.all_pages(&field, window));
        Fetched::all([text, field])
    }

    /// Lines that name one of these traces.
    pub(crate) async fn by_traces(&self, traces: &[TraceId], window: Window) -> Fetched {
        let names: Vec<String> = TRACE_ID_FIELDS.iter().map(|n| (*n).to_owned()).collect();
        let selector = self.selector();
        let queries = traces.chunks(TRACES_A_QUERY).flat_map(|some| {
            let spelled: Vec<String> = some.iter().flat_map(|t| t.spellings()).collect();
            let text = self.source.queries(&selector, LineMatch::AnyText(&spelled));
            let field = self.source.queries(&selector, LineMatch::Field { names: &names, values: &spelled });
            [text, field].concat()
        });
        let queries: Vec<String> = queries.collect();
        self.all_pages(&queries, window).await
    }

    async fn all_pages(&self, queries: &[String], window: Window) -> Fetched {
        Fetched::all(join_all(queries.iter().map(|query| self.pages(query, window))).await)
    }

    /// How many bytes a look at this window would read.
    pub(crate) async fn bytes(&self, window: Window) -> Option<u64> {
        self.source.bytes(&self.selector(), window).await
    }

    /// Every line of a query: pages in time order, each beginning at the last one's last instant. Windows that are
    /// too much for the server are halved. What came before a failure is kept.
    async fn pages(&self, query: &str, window: Window) -> Fetched {
        let mut fetched = Fetched::default();
        let mut seen = HashSet::new();
        let mut open = vec![window];
        while let Some(window) = open.pop() {
            match self.pages_of(query, window, &mut seen, &mut fetched).await {
                Ok(()) => {}
                Err(failure) if failure.wants_shorter_window() && window.length() > SECOND => {
                    let [early, late] = window.halves();
                    open.extend([late, early]);
                }
                Err(failure) => {
                    fetched.failures.push((self.source.backend(), failure));
                    return fetched;
                }
            }
        }
        fetched
    }

    async fn pages_of(
        &self,
        query: &str,
        window: Window,
        seen: &mut HashSet<LineKey>,
        fetched: &mut Fetched,
    ) -> Result<(), Failure> {
        let usual = self.query.bounds.page.clamp(1, self.source.page_limit());
        let (mut rest, mut limit, mut most) = (window, usual, self.source.page_limit());
        loop {
            let page = match self.source.page(query, rest, limit, Direction::Forward).await {
                Err(failure) => match failure.page_limit() {
                    Some(less) if less < limit => {
                        (limit, most) = (less.max(1), less.max(1));
                        continue;
                    }
                    _ => return Err(failure),
                },
                Ok(page) => page,
            };
            fetched.notes.extend(notes_of(self.source.backend(), &page));
            let full = page.logs.len() + page.skipped_count >= limit;
            let last = page.logs.iter().map(|e| e.time).max();
            fetched.logs.extend(page.logs.into_iter().filter(|entry| seen.insert(LineKey::new(entry))));
            if fetched.logs.len() > self.query.bounds.lines {
                return Ok(());
            }
            let Some(last) = last.filter(|_| full) else { return Ok(()) };
            if last > rest.from {
                (rest.from, limit) = (last, usual.min(most));
            } else if limit < most {
                limit = (limit * 2).min(most);
            } else {
                let message =
                    format!("more than {most} lines at one instant ({}); some of them were not given", last.rfc3339());
                fetched.notes.push(Note::new(NoteCode::Truncated, self.source.backend(), message));
                rest.from = last.plus(1);
                if rest.is_empty() {
                    return Ok(());
                }
            }
        }
    }
}

/// That streams were chosen by a label that not all may have.
pub(crate) fn chosen_by(backend: Source, selector: &str) -> Note {
    let message = format!("streams were chosen by {selector}; those without that label were not asked");
    Note::new(NoteCode::Info, backend, message).with_actions([Action::Configure(ConfigItem::Selector)])
}

/// What the server warns of, and what of a page could not be read.
pub(crate) fn notes_of(backend: Source, page: &Decoded) -> Vec<Note> {
    let note = |code, text| Note::new(code, backend, text);
    let warnings =
        page.errors.iter().map(|text| note(NoteCode::Partial, format!("{} warns: {text}", backend.as_str())));
    warnings.chain(page.skipped.iter().map(|text| note(NoteCode::Skipped, text.clone()))).collect()
}

/// Without the labels it is unknown whether all streams were searched. That matters only where no line was found.
fn without_labels(backend: Source, mut fetched: Fetched, failure: &Failure) -> Fetched {
    if fetched.logs.is_empty() {
        fetched.failures.push((backend, failure.clone()));
    }
    fetched
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;
    use crate::query::Subject;
    use crate::source::recording::Recording;
    use crate::source::server::endpoint::Endpoint;
    use crate::source::server::loki::Loki;
    use crate::source::server::transport::{Limits, Transport};
    use crate::stop::Stop;

    #[test]
    fn all_services_are_read_unless_streams_are_configured() {
        let transport = Transport::new(Limits::default(), Recording::Off, Stop::default());
        let endpoint = Endpoint::new(Source::Loki, url::Url::parse("http://localhost:3100").unwrap());
        let query = Query::about(Subject::correlation("order-0001"), vec![], Timestamp(0));
        for (configured, wanted) in [(None, "{service_name=~\".+\"}"), (Some("{app=\"a\"}"), "{app=\"a\"}")] {
            let lines =
                LineFetcher::new(Box::new(Loki::new(&transport, &endpoint)), &query, configured.map(str::to_owned));
            assert_eq!(lines.selector(), wanted);
        }
    }
}
