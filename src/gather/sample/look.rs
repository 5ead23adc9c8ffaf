//! One look: the newest traces of each service, as many spans as it may hold.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::Wanted;
use crate::backend::failure::Failure;
use crate::backend::jaeger::{Jaeger, Search, Times};
use crate::gather::haul::SpansByTrace;
use crate::gather::traces::is_too_deep;
use crate::model::basis::SampledService;
use crate::model::id::TraceId;
use crate::model::pattern::Pattern;
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::wire::Decoded;

/// So many services are asked at a time: what they give decides how much the next are asked for.
const AT_ONCE: usize = 16;
/// So many are asked at most.
pub(super) const SERVICES: usize = 1_000;
/// So many spans a trace is thought to have before one was seen.
const SPANS_A_TRACE: usize = 5;

/// What came of one look.
#[derive(Default)]
pub(super) struct Look {
    pub spans: SpansByTrace,
    /// How many spans that is.
    pub count: usize,
    /// How many traces of each service are kept; of those that failed nothing stands here.
    pub services: Vec<SampledService>,
    /// Of how many services fewer traces are kept than were wanted because there is no room for more.
    pub fewer: usize,
    /// How many services were not asked, or traces, because there is no room for what they have.
    pub unasked: usize,
    pub skipped: Vec<String>,
    pub errors: Vec<String>,
    pub failure: Option<Failure>,
}

/// Asks one service after the other, until so many spans came.
pub(super) async fn look(jaeger: &Jaeger<'_>, wanted: &Wanted, most: usize) -> Look {
    let all = if wanted.services.is_empty() { &jaeger.services } else { &wanted.services };
    let asked: Vec<&String> = all.iter().filter(|service| wanted.filters.wants_service(service)).collect();
    let asking = Asking { jaeger, wanted, deepest: Cell::new(usize::MAX) };
    let (mut look, mut left) = (Look::default(), asked.len().min(SERVICES));
    look.unasked = asked.len() - left;
    for some in asked[..left].chunks(AT_ONCE) {
        if look.count >= most {
            look.unasked += left;
            break;
        }
        let limit = wanted.limit.max(1).min(look.affordable(most, left));
        look.ask(&asking, some, limit, most).await;
        left -= some.len();
    }
    // What the others did not need is for those of whom there may be more.
    let short = look.short_of(wanted.limit);
    for some in short.chunks(AT_ONCE) {
        let more = look.affordable(most, short.len());
        let limit = look.fewest_of(some).saturating_add(more).min(wanted.limit);
        if look.count < most && more > 1 {
            let some: Vec<&String> = some.iter().collect();
            look.ask(&asking, &some, limit, most).await;
        }
    }
    look.fewer = look.short_of(wanted.limit).len();
    look
}

/// Asks for traces by ID, until so many spans came.
pub(super) async fn named(jaeger: &Jaeger<'_>, ids: &[TraceId], most: usize) -> Look {
    let (mut look, mut left) = (Look::default(), ids.len());
    for some in ids.chunks(AT_ONCE) {
        if look.count >= most {
            look.unasked = left;
            break;
        }
        for answer in join_all(some.iter().map(|id| jaeger.trace(*id, Times::AsServed))).await {
            match answer {
                Ok(decoded) => drop(look.keep(decoded.unwrap_or_default(), usize::MAX)),
                Err(failure) => look.failure = look.failure.take().or(Some(failure)),
            }
        }
        left -= some.len();
    }
    look
}

impl Look {
    /// How many traces may be asked for of each of so many services.
    fn affordable(&self, most: usize, services: usize) -> usize {
        let traces = self.spans.0.len();
        let size = if traces == 0 { SPANS_A_TRACE } else { self.count.div_ceil(traces) };
        (most.saturating_sub(self.count) / services.max(1) / size.max(1)).max(1)
    }

    /// Asks these services for so many traces each, and keeps what there is room for.
    async fn ask(&mut self, asking: &Asking<'_>, services: &[&String], limit: usize, most: usize) {
        let answers = join_all(services.iter().map(|service| asking.ask(service, limit))).await;
        let count = answers.len();
        for (nth, answer) in answers.into_iter().enumerate() {
            let room = most.saturating_sub(self.count) / (count - nth);
            self.take(answer, room);
        }
    }

    /// Services of which there may be more than is kept, and fewer traces are kept than were wanted.
    fn short_of(&self, wanted: usize) -> Vec<String> {
        let short = self.services.iter().filter(|service| service.cut && service.traces < wanted);
        short.map(|service| service.service.clone()).collect()
    }

    /// How many traces of that one of these services are kept of which the fewest are.
    fn fewest_of(&self, some: &[String]) -> usize {
        let kept = self.services.iter().filter(|service| some.contains(&service.service));
        kept.map(|service| service.traces).min().unwrap_or(0)
    }

    fn take(&mut self, answer: Answer, room: usize) {
        let Answer { service, told, limit } = answer;
        match told {
            Ok(decoded) => {
                let (came, traces) = self.keep(decoded, room);
                let cut = came >= limit || traces < came;
                self.services.retain(|known| known.service != service);
                self.services.push(SampledService { service, traces, cut });
            }
            Err(failure) => self.failure = self.failure.take().or(Some(failure)),
        }
    }

    /// Keeps whole traces, the newest first, while there is room for them, and the newest in any case. Tells how many
    /// came, and how many are kept.
    fn keep(&mut self, decoded: Decoded, room: usize) -> (usize, usize) {
        self.skipped.extend(decoded.skipped);
        self.errors.extend(decoded.errors);
        let mut traces: BTreeMap<TraceId, Vec<Span>> = BTreeMap::new();
        decoded.spans.into_iter().for_each(|span| traces.entry(span.trace_id).or_default().push(span));
        let newest = |spans: &[Span]| spans.iter().map(|span| span.start).max().unwrap_or(Timestamp(0));
        let mut traces: Vec<(TraceId, Vec<Span>)> = traces.into_iter().collect();
        traces.sort_by_key(|(id, spans)| (Reverse(newest(spans)), *id));
        let (came, upto, mut kept) = (traces.len(), self.count.saturating_add(room), 0);
        for (id, spans) in traces {
            let known = self.spans.0.get(&id).map_or(0, Vec::len);
            if kept > 0 && self.count + spans.len().saturating_sub(known) > upto {
                break;
            }
            self.spans.add(spans);
            self.count += self.spans.0.get(&id).map_or(0, Vec::len) - known;
            kept += 1;
        }
        (came, kept)
    }
}

/// What one service gave, and for how many traces it was asked.
struct Answer {
    service: String,
    told: Result<Decoded, Failure>,
    limit: usize,
}

struct Asking<'a> {
    jaeger: &'a Jaeger<'a>,
    wanted: &'a Wanted,
    /// So many traces the server gives at most, as far as it has said.
    deepest: Cell<usize>,
}

impl Asking<'_> {
    async fn ask(&self, service: &str, limit: usize) -> Answer {
        let filters = &self.wanted.filters;
        let only = if filters.operations.len() == 1 { filters.operations.first() } else { None };
        let operation = only.and_then(Pattern::as_exact);
        let tags = filters.tags.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_exact()?)));
        let tags: Vec<(&str, &str)> = tags.collect();
        loop {
            let limit = limit.min(self.deepest.get());
            let search = Search { operation, tags: &tags, window: self.wanted.window, limit };
            match self.jaeger.search(&search, Some(service)).await {
                Err(failure) if is_too_deep(&failure) && limit > 1 => {
                    self.deepest.set(self.deepest.get().min(limit / 2));
                }
                told => return Answer { service: service.to_owned(), told, limit },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sketch;

    /// Traces of so many spans each, the newest first.
    fn answer(first: usize, sizes: &[usize]) -> Decoded {
        let span = |nth: usize| format!("s/x {}..{} trace={}\n", 900 - nth, 900, first + nth);
        let drawn: String = sizes.iter().enumerate().map(|(nth, size)| span(nth).repeat(*size)).collect();
        Decoded { spans: sketch::journey(&drawn).spans, ..Decoded::default() }
    }

    #[test]
    fn whole_traces_are_kept_the_newest_first() {
        let mut look = Look::default();
        assert_eq!(look.keep(answer(1, &[3, 3, 3]), 7), (3, 2));
        assert_eq!(look.keep(answer(10, &[9, 1]), 2), (2, 1), "the newest in any case");
        assert_eq!(look.keep(answer(1, &[3, 3]), 0), (2, 2), "what is known needs no room");
        assert_eq!((look.count, look.spans.iter().count()), (15, 15));
        assert_eq!((look.affordable(100, 4), look.affordable(15, 4)), (4, 1));
        assert_eq!(Look::default().affordable(100_000, 3_000), 6);
    }
}
