//! Asking Jaeger: by tag over services, keys and time, and trace by trace.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use crate::gather::fetched::Fetched;
use crate::model::action::{Action, Limit};
use crate::model::evidence::{Note, NoteCode, Operation};
use crate::model::id::TraceId;
use crate::model::source::Source;
use crate::model::span::Span;
use crate::model::time::Window;
use crate::query::Query;
use crate::source::failure::{Failure, Refusal};
use crate::source::role::{SpanSource, Times, TraceSearch};
use crate::stitch::id_matching::Keys;
use crate::wire::Decoded;

/// A window shorter than 1 ms is not split any further: Jaeger searches by microseconds, and more than 1,500 traces in
/// a millisecond are better split by service.
pub(crate) const SHORTEST_SPLIT: i64 = 1_000_000;

/// How an ID is put into a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As it is: right for every storage but one.
    AsGiven,
    /// Escaped, for storages that read values as patterns.
    Escaped,
}

/// How often a window is cut in two where the answer is as long as the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Splits {
    /// As often as it takes.
    UntilUnderTheLimit,
    /// Not more often than this for one tag of one service; what is cut off then is said.
    AtMost(usize),
}

/// Jaeger, for one question.
pub(crate) struct SpanFetcher<'a> {
    source: Box<dyn SpanSource + 'a>,
    query: &'a Query,
    serviceless: Cell<bool>,
    limit: Cell<usize>,
    as_recorded: RefCell<BTreeSet<TraceId>>,
}

impl<'a> SpanFetcher<'a> {
    /// With a Jaeger that answered.
    pub(crate) fn new(source: Box<dyn SpanSource + 'a>, query: &'a Query) -> Self {
        let serviceless = Cell::new(source.searches_all_services() && query.services.is_empty());
        Self {
            source,
            query,
            serviceless,
            limit: Cell::new(query.bounds.search_limit.max(1)),
            as_recorded: RefCell::default(),
        }
    }

    /// The services that are asked one by one.
    pub(crate) fn services(&self) -> &[String] {
        if self.query.services.is_empty() { self.source.services() } else { &self.query.services }
    }

    /// Every service that ever sent a span.
    pub(crate) fn listed(&self) -> &[String] {
        self.source.services()
    }

    /// What these services do, those left out that do not tell.
    pub(crate) async fn operations(&self, services: &[&str]) -> BTreeMap<String, BTreeSet<Operation>> {
        let results = join_all(services.iter().map(|service| self.source.operations(service))).await;
        let named =
            services.iter().zip(results).filter_map(|(service, result)| Some(((*service).to_owned(), result.ok()?)));
        named.collect()
    }

    /// The keys, the one that worked last time first.
    fn keys(&self) -> Vec<&'a str> {
        let mut keys: Vec<&str> = self.query.keys.iter().map(String::as_str).collect();
        keys.sort_by_key(|key| Some(*key) != self.query.first_key.as_deref());
        keys
    }

    /// What it speaks and how it is asked, for people.
    pub(crate) fn detail(&self) -> String {
        let dialect = self.source.api();
        if self.serviceless.get() {
            format!("{dialect}, all services at once")
        } else {
            let services = self.services().len();
            format!("{dialect}, {services} service{} asked", if services == 1 { "" } else { "s" })
        }
    }

    /// Every trace of this time that carries the ID under one of the keys.
    pub(crate) async fn search(&self, id: &str, window: Window, spelling: Spelling) -> Fetched {
        let spelled = match spelling {
            Spelling::AsGiven => id.to_owned(),
            Spelling::Escaped => self.source.escaped_value(id).unwrap_or_else(|| id.to_owned()),
        };
        let tags: Vec<(&str, &str)> = self.keys().into_iter().map(|key| (key, spelled.as_str())).collect();
        self.only_carriers(id, self.by_tags(&tags, window, Splits::UntilUnderTheLimit).await)
    }

    /// How many requests it takes to ask for one tag.
    pub(crate) fn requests_a_tag(&self) -> usize {
        if self.serviceless.get() { 1 } else { self.services().len() }
    }

    /// The traces of this time that have one of these tags, as the server gives them: nothing is checked.
    pub(crate) async fn by_tags(&self, tags: &[(&str, &str)], window: Window, splits: Splits) -> Fetched {
        if self.serviceless.get() {
            let asks = tags.iter().map(|tag| self.ask(*tag, None, window, splits));
            let asked: Result<Vec<Fetched>, Failure> = join_all(asks).await.into_iter().collect();
            match asked {
                Ok(parts) => return Fetched::all(parts),
                Err(_) => self.serviceless.set(false),
            }
        }
        let pairs = tags.iter().flat_map(|tag| self.services().iter().map(move |service| (*tag, service)));
        let asks = pairs.map(|(tag, service)| self.ask(tag, Some(service), window, splits));
        let parts = join_all(asks).await.into_iter();
        Fetched::all(parts.map(|asked| asked.unwrap_or_else(|failure| Fetched::failed(self.source.backend(), failure))))
    }

    /// Whether an ID means something else to a storage that reads values as patterns.
    pub(crate) fn needs_escaping(&self, id: &str) -> bool {
        self.source.escaped_value(id).is_some()
    }

    /// One tag of one service, split in time until under the limit. Fails only where a service must be named and is not.
    async fn ask(
        &self,
        (key, value): (&str, &str),
        service: Option<&str>,
        window: Window,
        splits: Splits,
    ) -> Result<Fetched, Failure> {
        let value = self.source.tag_value(key, value);
        let mut fetched = Fetched::default();
        let mut open = vec![window];
        let mut splits_left = match splits {
            Splits::UntilUnderTheLimit => usize::MAX,
            Splits::AtMost(most) => most,
        };
        while let Some(window) = open.pop() {
            let search = TraceSearch { operation: None, tags: &[(key, &value)], window, limit: self.limit.get() };
            match self.source.search(&search, service).await {
                Ok(decoded) => {
                    let full = traces_in(&decoded.spans) >= search.limit;
                    let can_split =
                        splits_left > 0 && window.length() > SHORTEST_SPLIT && keeps_to(window, &decoded.spans);
                    fetched.absorb_decoded(self.source.backend(), decoded);
                    if full && can_split {
                        splits_left -= 1;
                        open.extend(window.halves());
                    } else if full {
                        fetched.notes.push(too_many(self.source.backend(), &search));
                    }
                }
                Err(failure) if is_too_deep(&failure) && search.limit > 1 => {
                    self.limit.set(search.limit / 2);
                    open.push(window);
                }
                Err(failure) if service.is_none() && wants_service(&failure) => return Err(failure),
                Err(failure) => fetched.failures.push((self.source.backend(), failure)),
            }
        }
        Ok(fetched)
    }

    /// Servers match too much: Lucene regexes, filters that are ignored. Only traces that carry the ID stay.
    fn only_carriers(&self, id: &str, mut fetched: Fetched) -> Fetched {
        let keys = Keys::new(&self.query.keys);
        let carriers: BTreeSet<TraceId> = fetched
            .spans
            .iter()
            .filter(|s| keys.of_span(s).iter().any(|one| one.id == id))
            .map(|s| s.trace_id)
            .collect();
        fetched.spans.0.retain(|trace, _| carriers.contains(trace));
        fetched
    }

    /// These traces, each as a whole; those that are not stored are named.
    pub(crate) async fn fetch(&self, ids: &[TraceId]) -> Fetched {
        let mut fetched = Fetched::default();
        for (id, found) in ids.iter().zip(join_all(ids.iter().map(|id| self.source.trace(*id, Times::AsServed))).await)
        {
            match found {
                Ok(Some(decoded)) => fetched.absorb_decoded(self.source.backend(), decoded),
                Ok(None) => fetched.not_stored.push(*id),
                Err(failure) => fetched.failures.push((self.source.backend(), failure)),
            }
        }
        fetched
    }

    /// Traces whose times the server says it moved are fetched again as they were recorded, once.
    pub(crate) async fn with_recorded_times(&self, mut fetched: Fetched) -> Fetched {
        let is_moved = |span: &&Span| self.source.is_clock_adjusted(span);
        let moved: BTreeSet<TraceId> = fetched.spans.iter().filter(is_moved).map(|s| s.trace_id).collect();
        let (known, new): (Vec<TraceId>, Vec<TraceId>) =
            moved.into_iter().partition(|id| self.as_recorded.borrow().contains(id));
        for id in known {
            fetched.spans.0.remove(&id);
        }
        let asks = new.iter().map(|id| self.source.trace(*id, Times::AsRecorded));
        for (id, found) in new.iter().zip(join_all(asks).await) {
            let note = |message: String| Note::new(NoteCode::ClockAdjusted, self.source.backend(), message);
            if let Err(failure) = found {
                fetched.notes.push(note(format!("times of trace {} are as the server moved them", id.short())));
                fetched.failures.push((self.source.backend(), failure));
            } else if let Ok(Some(decoded)) = found {
                self.as_recorded.borrow_mut().insert(*id);
                fetched.spans.0.remove(id);
                fetched.replaced.insert(*id);
                fetched.absorb_decoded(self.source.backend(), decoded);
                fetched
                    .notes
                    .push(note(format!("the server had moved times of trace {}; shown as recorded", id.short())));
            } else {
                fetched.notes.push(note(format!("times of trace {} are as the server moved them", id.short())));
            }
        }
        fetched
    }
}

fn too_many(backend: Source, search: &TraceSearch<'_>) -> Note {
    let message = format!(
        "as many traces as the limit of {} within {} µs; there may be more",
        search.limit,
        search.window.length() / 1000
    );
    Note::new(NoteCode::Truncated, backend, message).with_actions([Action::Raise(Limit::Search)])
}

fn traces_in(spans: &[Span]) -> usize {
    spans.iter().map(|s| s.trace_id).collect::<BTreeSet<_>>().len()
}

/// Whether the server gave what lies in this window. One that does not heed it gives as much for every part of it, and
/// splitting would never end.
fn keeps_to(window: Window, spans: &[Span]) -> bool {
    // Searched is by the start of spans; times come back in whole microseconds.
    let wide = window.padded(1_000, 1_000);
    spans.iter().any(|span| wide.contains(span.start))
}

/// Whether the server holds fewer traces than were asked for at once.
pub(crate) fn is_too_deep(failure: &Failure) -> bool {
    failure.refusal == Some(Refusal::TooManyTraces)
}

/// Whether the server itself says that it searches only by service.
pub(crate) fn wants_service(failure: &Failure) -> bool {
    failure.refusal == Some(Refusal::ServiceRequired)
}

impl Fetched {
    fn absorb_decoded(&mut self, backend: Source, decoded: Decoded) {
        self.spans.add(decoded.spans);
        self.notes.extend(decoded.skipped.into_iter().map(|why| Note::new(NoteCode::Skipped, backend, why)));
        self.notes.extend(
            decoded
                .errors
                .into_iter()
                .map(|why| Note::new(NoteCode::Partial, backend, format!("{} says: {why}", backend.as_str()))),
        );
    }
}
