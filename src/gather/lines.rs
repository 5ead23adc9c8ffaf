//! Asking Loki: every line that carries the ID or one of the traces, page by page, none lost.

use std::cell::RefCell;
use std::collections::HashSet;

use futures_util::future::join_all;

use crate::gather::fetched::Fetched;
use crate::model::conventions::TRACE_ID_FIELDS;
use crate::model::evidence::{Note, NoteCode, Source};
use crate::model::id::TraceId;
use crate::model::log::LineKey;
use crate::model::time::{SECOND, Window};
use crate::query::Query;
use crate::source::failure::Failure;
use crate::source::server::loki::{self, Direction, Loki};
use crate::stitch::id_matching::{is_short, spellings};
use crate::wire::Decoded;

/// Loki 3 gives every stream this label by itself.
pub const USUAL_SELECTOR: &str = "{service_name=~\".+\"}";
/// What a Loki serves in one page unless told otherwise.
pub const MOST_LINES: usize = 5000;
/// How many trace IDs go into one query.
const TRACES_A_QUERY: usize = 20;

/// Loki, for one question.
pub struct LineFetcher<'a> {
    loki: Loki<'a>,
    query: &'a Query,
    selector: RefCell<Option<String>>,
}

impl<'a> LineFetcher<'a> {
    /// With a selector from the configuration, or none to find one out.
    pub fn new(loki: Loki<'a>, query: &'a Query, selector: Option<String>) -> Self {
        Self { loki, query, selector: RefCell::new(selector) }
    }

    /// The selector in use.
    pub fn selector(&self) -> String {
        self.selector.borrow().clone().unwrap_or_else(|| USUAL_SELECTOR.to_owned())
    }

    /// Lines that carry the ID in their text, a label or their metadata.
    pub async fn by_id(&self, id: &str, window: Window) -> Fetched {
        if self.selector.borrow().is_some() {
            return self.by_id_with(&self.selector(), id, window).await;
        }
        let (labels, haul) = tokio::join!(self.loki.labels(window), self.by_id_with(USUAL_SELECTOR, id, window));
        let labels = match labels {
            Ok(labels) => labels,
            Err(failure) => return untold(haul, &failure),
        };
        let Some(found) = loki::selector(&labels) else { return haul };
        self.selector.replace(Some(found.clone()));
        if found == USUAL_SELECTOR {
            return haul;
        }
        let mut haul = self.by_id_with(&found, id, window).await;
        haul.notes.push(chosen_by(&found));
        haul
    }

    async fn by_id_with(&self, selector: &str, id: &str, window: Window) -> Fetched {
        let text = if is_short(id) {
            loki::by_value(selector, &self.query.keys, id)
        } else {
            loki::by_text(selector, &spellings(id))
        };
        let field = loki::by_field(selector, &self.query.keys, &[id.to_owned()]);
        let (text, field) = tokio::join!(self.pages(&text, window), self.pages(&field, window));
        Fetched::all([text, field])
    }

    /// Lines that name one of these traces.
    pub async fn by_traces(&self, traces: &[TraceId], window: Window) -> Fetched {
        let names: Vec<String> = TRACE_ID_FIELDS.iter().map(|n| (*n).to_owned()).collect();
        let selector = self.selector();
        let queries = traces.chunks(TRACES_A_QUERY).flat_map(|some| {
            let spelled: Vec<String> = some.iter().flat_map(|t| t.spellings()).collect();
            [loki::by_text(&selector, &spelled), loki::by_field(&selector, &names, &spelled)]
        });
        let queries: Vec<String> = queries.collect();
        Fetched::all(join_all(queries.iter().map(|query| self.pages(query, window))).await)
    }

    /// How many bytes a look at this window would read.
    pub async fn bytes(&self, window: Window) -> Option<u64> {
        self.loki.stats(&self.selector(), window).await.ok().map(|stats| stats.bytes)
    }

    /// Every line of a query: pages in time order, each beginning at the last one's last instant. Windows that are
    /// too much for the server are halved. What came before a failure is kept.
    async fn pages(&self, query: &str, window: Window) -> Fetched {
        let mut haul = Fetched::default();
        let mut seen = HashSet::new();
        let mut open = vec![window];
        while let Some(window) = open.pop() {
            match self.pages_of(query, window, &mut seen, &mut haul).await {
                Ok(()) => {}
                Err(failure) if loki::wants_less(&failure) && window.length() > SECOND => {
                    let [early, late] = window.halves();
                    open.extend([late, early]);
                }
                Err(failure) => {
                    haul.failures.push((Source::Loki, failure));
                    return haul;
                }
            }
        }
        haul
    }

    async fn pages_of(
        &self,
        query: &str,
        window: Window,
        seen: &mut HashSet<LineKey>,
        haul: &mut Fetched,
    ) -> Result<(), Failure> {
        let usual = self.query.bounds.page.clamp(1, MOST_LINES);
        let (mut rest, mut limit, mut most) = (window, usual, MOST_LINES);
        loop {
            let page = match self.loki.page(query, rest, limit, Direction::Forward).await {
                Err(failure) => match loki::most_lines(&failure.message) {
                    Some(less) if less < limit => {
                        (limit, most) = (less.max(1), less.max(1));
                        continue;
                    }
                    _ => return Err(failure),
                },
                Ok(page) => page,
            };
            haul.notes.extend(remarks(&page));
            let full = page.logs.len() + page.skipped_count >= limit;
            let last = page.logs.iter().map(|e| e.time).max();
            haul.logs.extend(page.logs.into_iter().filter(|entry| seen.insert(LineKey::new(entry))));
            if haul.logs.len() > self.query.bounds.lines {
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
                haul.notes.push(Note::new(NoteCode::Truncated, Source::Loki, message));
                rest.from = last.plus(1);
                if rest.is_empty() {
                    return Ok(());
                }
            }
        }
    }
}

/// That streams were chosen by a label that not all may have.
pub fn chosen_by(selector: &str) -> Note {
    let message = format!("streams were chosen by {selector}; those without that label were not asked");
    Note::new(NoteCode::Info, Source::Loki, message).hint("set `selector` in the profile")
}

/// What the server warns of, and what of a page could not be read.
pub fn remarks(page: &Decoded) -> Vec<Note> {
    let note = |code, text| Note::new(code, Source::Loki, text);
    let warnings = page.errors.iter().map(|text| note(NoteCode::Partial, format!("loki warns: {text}")));
    warnings.chain(page.skipped.iter().map(|text| note(NoteCode::Skipped, text.clone()))).collect()
}

/// Without the labels nobody knows whether all streams were asked. That is no matter where lines came.
fn untold(mut haul: Fetched, failure: &Failure) -> Fetched {
    if haul.logs.is_empty() {
        haul.failures.push((Source::Loki, failure.clone()));
    }
    haul
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;
    use crate::query::Subject;
    use crate::source::recording::Recording;
    use crate::source::server::transport::{Limits, Transport};
    use crate::source::server::{Auth, Endpoint, Tls};
    use crate::stop::Stop;

    #[test]
    fn all_services_are_asked_unless_a_selector_is_told() {
        let transport = Transport::new(Limits::default(), Recording::Off, Stop::default());
        let endpoint = Endpoint {
            source: Source::Loki,
            url: url::Url::parse("http://localhost:3100").unwrap(),
            url_from: String::new(),
            configured: true,
            auth: Auth::None,
            tls: Tls::default(),
            backends_at_origin: 1,
            mask: std::sync::Arc::default(),
            tenant: None,
        };
        let query = Query::about(Subject::correlation("order-0001"), vec![], Timestamp(0));
        for (told, wanted) in [(None, "{service_name=~\".+\"}"), (Some("{app=\"a\"}"), "{app=\"a\"}")] {
            let lines = LineFetcher::new(Loki::new(&transport, &endpoint), &query, told.map(str::to_owned));
            assert_eq!(lines.selector(), wanted);
        }
    }
}
