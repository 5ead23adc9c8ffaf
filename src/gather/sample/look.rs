//! One look: traces of each service, the newest or those of all of the time, as many spans as it may hold.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::query::{SampleQuery, SampleSpread};
use crate::gather::fetched::SpansByTrace;
use crate::gather::traces::is_too_deep;
use crate::model::basis::SampledService;
use crate::model::id::TraceId;
use crate::model::pattern::Pattern;
use crate::model::span::Span;
use crate::model::time::{Timestamp, Window};
use crate::source::failure::Failure;
use crate::source::role::{SpanSource, Times, TraceSearch};
use crate::wire::Decoded;

/// Services searched at the same time. Their answers decide how much the next are asked for, so a larger group would
/// make the sample less even.
const AT_ONCE: usize = 16;
/// Services searched at most: two requests each stay within a minute on a Jaeger that needs 50 ms for one.
pub(super) const SERVICES: usize = 1_000;
/// Parts of the window, each searched by itself. Jaeger returns the newest traces first, so one search of the whole
/// window would sample its end only. 24 makes each part of a day an hour.
const PARTS: usize = 24;
/// Parts searched at the same time: half of the default of 8 requests per backend, which leaves room for other services.
const PARTS_AT_ONCE: usize = 4;
/// The most that one trace of a part may count for: with a larger factor, a burst would outweigh all other parts.
const MOST_TIMES: f64 = 20.0;
/// Spans per trace assumed before the first answer. A guess on the low side only asks once more.
const SPANS_A_TRACE: usize = 5;

/// The result of one search.
#[derive(Default)]
pub(super) struct SampleLook {
    pub spans: SpansByTrace,
    /// How many spans that is.
    pub count: usize,
    /// How many traces of each service are kept; those that failed are not in it.
    pub services: Vec<SampledService>,
    /// Which traces each of them brought.
    brought: BTreeMap<String, BTreeSet<TraceId>>,
    /// The number of services of which fewer traces are kept than requested, for lack of room.
    pub fewer: usize,
    /// The number of services, or traces, that were not asked for, for lack of room.
    pub unasked: usize,
    pub skipped: Vec<String>,
    pub errors: Vec<String>,
    pub failure: Option<Failure>,
}

/// The newest traces of each service. For an even sample, those with more are read from all of the window instead, each
/// part in proportion to how many traces it has.
pub(super) async fn look(source: &dyn SpanSource, query: &SampleQuery, most: usize) -> SampleLook {
    let mut look = newest(source, query, most).await;
    let cut = look.cut();
    let room = most.saturating_sub(look.count_without(&cut)) / PARTS;
    // Without room for a trace of each in every part, the newest are better than none.
    if cut.is_empty() || query.spread == SampleSpread::Newest || room < cut.len() * look.size() {
        return look;
    }
    look.forget(&cut);
    let limit = (2 * query.limit).div_ceil(PARTS);
    let of = async |window: Window| {
        let some = SampleQuery { window, limit, services: cut.clone(), ..query.clone() };
        newest(source, &some, room).await
    };
    let mut parts = in_parts(query.window, &of).await;
    // Where only some of the time has any, it is looked at more closely.
    let occupied = parts.iter().filter(|(_, part)| part.count > 0).map(|(window, _)| *window).reduce(Window::hull);
    let is_whole = parts.iter().all(|(_, part)| part.failure.is_none() && part.unasked == 0);
    if let Some(occupied) = occupied.filter(|window| is_whole && window.length() <= query.window.length() / 2) {
        for (_, part) in std::mem::replace(&mut parts, in_parts(occupied, &of).await) {
            look.skipped.extend(part.skipped);
            look.errors.extend(part.errors);
        }
    }
    let mut kept = BTreeSet::new();
    for service in &cut {
        let shares: Vec<WindowPart> = parts.iter().map(|(window, part)| part.of(service, *window)).collect();
        kept.extend(in_proportion(&shares, query.limit));
    }
    for (_, mut part) in parts {
        part.keep_only(&kept);
        look.add(part);
    }
    look
}

/// Looks at each part of a time.
async fn in_parts(window: Window, look: &impl AsyncFn(Window) -> SampleLook) -> Vec<(Window, SampleLook)> {
    let windows: Vec<Window> = window.parts(PARTS as i64).collect();
    let mut parts = vec![];
    for some in windows.chunks(PARTS_AT_ONCE) {
        let looks = join_all(some.iter().map(|window| look(*window))).await;
        parts.extend(some.iter().copied().zip(looks));
    }
    parts
}

/// What one part of the time has of one service: its traces, the newest first, and how many there are, as they lie.
struct WindowPart {
    traces: Vec<TraceId>,
    about: f64,
}

/// At most this many traces, of each part in proportion to its share.
fn in_proportion(parts: &[WindowPart], most: usize) -> Vec<TraceId> {
    let all: f64 = parts.iter().map(|part| part.about).sum();
    // No part gives more than it has: the one that has the least for its share tells how many there are in all.
    let fits = parts.iter().filter(|part| part.about > 0.0).map(|part| part.traces.len() as f64 * all / part.about);
    let total = fits.fold(most as f64, f64::min);
    let of = |part: &WindowPart| {
        let count = (total * part.about / all.max(1.0)).round() as usize;
        let step = part.traces.len() as f64 / count.max(1) as f64;
        (0..count).filter_map(|nth| part.traces.get((nth as f64 * step) as usize).copied()).collect::<Vec<_>>()
    };
    parts.iter().flat_map(of).collect()
}

/// Asks one service after the other, until there are this many spans.
async fn newest(source: &dyn SpanSource, query: &SampleQuery, most: usize) -> SampleLook {
    let all = if query.services.is_empty() { source.services() } else { &query.services };
    let asked: Vec<&String> = all.iter().filter(|service| query.filters.wants_service(service)).collect();
    let asking = Asking { source, query, deepest: Cell::new(usize::MAX) };
    let (mut look, mut left) = (SampleLook::default(), asked.len().min(SERVICES));
    look.unasked = asked.len() - left;
    for some in asked[..left].chunks(AT_ONCE) {
        if look.count >= most {
            look.unasked += left;
            break;
        }
        let limit = query.limit.max(1).min(look.affordable(most, left));
        look.ask(&asking, some, limit, most).await;
        left -= some.len();
    }
    // What the others did not need is for the services that have more.
    let short = look.short_of(query.limit);
    for some in short.chunks(AT_ONCE) {
        let more = look.affordable(most, short.len());
        let limit = look.fewest_of(some).saturating_add(more).min(query.limit);
        if look.count < most && more > 1 {
            let some: Vec<&String> = some.iter().collect();
            look.ask(&asking, &some, limit, most).await;
        }
    }
    look.fewer = look.short_of(query.limit).len();
    look
}

/// Asks for traces by ID, until there are this many spans.
pub(super) async fn named(source: &dyn SpanSource, ids: &[TraceId], most: usize) -> SampleLook {
    let (mut look, mut left) = (SampleLook::default(), ids.len());
    for some in ids.chunks(AT_ONCE) {
        if look.count >= most {
            look.unasked = left;
            break;
        }
        for answer in join_all(some.iter().map(|id| source.trace(*id, Times::AsServed))).await {
            match answer {
                Ok(decoded) => drop(look.keep(decoded.unwrap_or_default(), usize::MAX)),
                Err(failure) => look.failure = look.failure.take().or(Some(failure)),
            }
        }
        left -= some.len();
    }
    look
}

impl SampleLook {
    /// The result where the source cannot be asked.
    pub(super) fn failed(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }

    /// Services of which there may be more.
    fn cut(&self) -> Vec<String> {
        self.services.iter().filter(|service| service.cut).map(|service| service.service.clone()).collect()
    }

    /// The traces that others than these services brought.
    fn without(&self, services: &[String]) -> BTreeSet<TraceId> {
        let others = self.brought.iter().filter(|(service, _)| !services.contains(service));
        others.flat_map(|(_, traces)| traces).copied().collect()
    }

    /// How many spans those have.
    fn count_without(&self, services: &[String]) -> usize {
        self.without(services).iter().filter_map(|trace| self.spans.0.get(trace)).map(Vec::len).sum()
    }

    /// Traces that only these services brought are nothing that was looked for.
    fn forget(&mut self, services: &[String]) {
        let kept = self.without(services);
        self.services.retain(|service| !services.contains(&service.service));
        self.brought.retain(|service, _| !services.contains(service));
        self.retain(&kept);
    }

    /// Only these traces.
    fn retain(&mut self, kept: &BTreeSet<TraceId>) {
        self.spans.0.retain(|trace, _| kept.contains(trace));
        self.count = self.spans.iter().count();
    }

    /// What this part of the time has of a service. Where there are more than came, these are the newest of it: how far
    /// they reach back tells how many there are.
    fn of(&self, service: &str, window: Window) -> WindowPart {
        // A whole trace reaches beyond the part in which some of it began.
        let began = |trace: &TraceId| {
            let spans = self.spans.0.get(trace).into_iter().flatten().map(|span| span.start);
            spans.filter(|start| window.contains(*start)).max().unwrap_or(window.from)
        };
        let mut traces: Vec<(Reverse<Timestamp>, TraceId)> =
            self.brought.get(service).into_iter().flatten().map(|trace| (Reverse(began(trace)), *trace)).collect();
        traces.sort_unstable();
        let is_cut = self.services.iter().any(|one| one.service == service && one.cut);
        let reach = traces.last().map_or(0, |(oldest, _)| window.to.since(oldest.0)).max(1);
        let part = if is_cut { (window.length() as f64 / reach as f64).clamp(1.0, MOST_TIMES) } else { 1.0 };
        WindowPart { about: traces.len() as f64 * part, traces: traces.into_iter().map(|(_, trace)| trace).collect() }
    }

    /// Other traces are nothing that was looked for.
    fn keep_only(&mut self, kept: &BTreeSet<TraceId>) {
        self.retain(kept);
        for service in &mut self.services {
            let brought = self.brought.get(&service.service);
            service.traces = brought.map_or(0, |traces| traces.iter().filter(|trace| kept.contains(trace)).count());
            // What is left out of it is there.
            service.cut = true;
        }
    }

    /// What another part of the time brought.
    fn add(&mut self, other: Self) {
        other.spans.0.into_iter().for_each(|(trace, spans)| self.add_trace(trace, spans));
        SampledService::add_all(&mut self.services, other.services);
        self.fewer = self.fewer.max(other.fewer);
        self.unasked = self.unasked.max(other.unasked);
        self.skipped.extend(other.skipped);
        self.errors.extend(other.errors);
        self.failure = self.failure.take().or(other.failure);
    }

    fn add_trace(&mut self, trace: TraceId, spans: Vec<Span>) {
        let known = self.spans.0.get(&trace).map_or(0, Vec::len);
        self.spans.add(spans);
        self.count += self.spans.0.get(&trace).map_or(0, Vec::len) - known;
    }

    /// How many spans a trace has, as far as any were seen.
    fn size(&self) -> usize {
        let traces = self.spans.0.len();
        if traces == 0 { SPANS_A_TRACE } else { self.count.div_ceil(traces) }
    }

    /// How many traces may be asked for of each of this many services.
    fn affordable(&self, most: usize, services: usize) -> usize {
        (most.saturating_sub(self.count) / services.max(1) / self.size().max(1)).max(1)
    }

    /// Asks these services for this many traces each, and keeps what there is room for.
    async fn ask(&mut self, asking: &Asking<'_>, services: &[&String], limit: usize, most: usize) {
        let answers = join_all(services.iter().map(|service| asking.ask(service, limit))).await;
        let count = answers.len();
        for (nth, answer) in answers.into_iter().enumerate() {
            let room = most.saturating_sub(self.count) / (count - nth);
            self.take(answer, room);
        }
    }

    /// Services of which there may be more than is kept, and fewer traces are kept than were wanted.
    fn short_of(&self, query: usize) -> Vec<String> {
        let short = self.services.iter().filter(|service| service.cut && service.traces < query);
        short.map(|service| service.service.clone()).collect()
    }

    /// How many traces of that one of these services are kept of which the fewest are.
    fn fewest_of(&self, some: &[String]) -> usize {
        let kept = self.services.iter().filter(|service| some.contains(&service.service));
        kept.map(|service| service.traces).min().unwrap_or(0)
    }

    fn take(&mut self, answer: ServiceAnswer, room: usize) {
        let ServiceAnswer { service, result, limit } = answer;
        match result {
            Ok(decoded) => {
                let (came, kept) = self.keep(decoded, room);
                let traces = kept.len();
                let cut = came >= limit || traces < came;
                self.brought.entry(service.clone()).or_default().extend(kept);
                self.services.retain(|known| known.service != service);
                self.services.push(SampledService { service, traces, cut });
            }
            Err(failure) => self.failure = self.failure.take().or(Some(failure)),
        }
    }

    /// Keeps whole traces, the newest first, while there is room for them, and the newest in any case. Tells how many
    /// came, and which are kept.
    fn keep(&mut self, decoded: Decoded, room: usize) -> (usize, BTreeSet<TraceId>) {
        self.skipped.extend(decoded.skipped);
        self.errors.extend(decoded.errors);
        let mut traces: BTreeMap<TraceId, Vec<Span>> = BTreeMap::new();
        decoded.spans.into_iter().for_each(|span| traces.entry(span.trace_id).or_default().push(span));
        let newest = |spans: &[Span]| spans.iter().map(|span| span.start).max().unwrap_or(Timestamp(0));
        let mut traces: Vec<(TraceId, Vec<Span>)> = traces.into_iter().collect();
        traces.sort_by_key(|(id, spans)| (Reverse(newest(spans)), *id));
        let (came, upto) = (traces.len(), self.count.saturating_add(room));
        let mut kept = BTreeSet::new();
        for (id, spans) in traces {
            let known = self.spans.0.get(&id).map_or(0, Vec::len);
            if !kept.is_empty() && self.count + spans.len().saturating_sub(known) > upto {
                break;
            }
            self.add_trace(id, spans);
            kept.insert(id);
        }
        (came, kept)
    }
}

/// What one service gave, and for how many traces it was asked.
struct ServiceAnswer {
    service: String,
    result: Result<Decoded, Failure>,
    limit: usize,
}

struct Asking<'a> {
    source: &'a dyn SpanSource,
    query: &'a SampleQuery,
    /// How many traces the server gives at most, as far as is known.
    deepest: Cell<usize>,
}

impl Asking<'_> {
    async fn ask(&self, service: &str, limit: usize) -> ServiceAnswer {
        let filters = &self.query.filters;
        let only = if filters.operations.len() == 1 { filters.operations.first() } else { None };
        let operation = only.and_then(Pattern::as_exact);
        let tags = filters.tags.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_exact()?)));
        let tags: Vec<(&str, &str)> = tags.collect();
        loop {
            let limit = limit.min(self.deepest.get());
            let search = TraceSearch { operation, tags: &tags, window: self.query.window, limit };
            match self.source.search(&search, Some(service)).await {
                Err(failure) if is_too_deep(&failure) && limit > 1 => {
                    self.deepest.set(self.deepest.get().min(limit / 2));
                }
                result => return ServiceAnswer { service: service.to_owned(), result, limit },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    /// Traces with these numbers of spans, the newest first.
    fn answer(first: usize, sizes: &[usize]) -> Decoded {
        let span = |nth: usize| format!("s/x {}..{} trace={}\n", 900 - nth, 900, first + nth);
        let drawn: String = sizes.iter().enumerate().map(|(nth, size)| span(nth).repeat(*size)).collect();
        Decoded { spans: sketch::journey(&drawn).spans, ..Decoded::default() }
    }

    #[test]
    fn whole_traces_are_kept_the_newest_first() {
        let mut look = SampleLook::default();
        let keep = |look: &mut SampleLook, decoded, room| {
            let (came, kept) = look.keep(decoded, room);
            (came, kept.len())
        };
        assert_eq!(keep(&mut look, answer(1, &[3, 3, 3]), 7), (3, 2));
        assert_eq!(keep(&mut look, answer(10, &[9, 1]), 2), (2, 1), "the newest in any case");
        assert_eq!(keep(&mut look, answer(1, &[3, 3]), 0), (2, 2), "what is known needs no room");
        assert_eq!((look.count, look.spans.iter().count()), (15, 15));
        assert_eq!((look.affordable(100, 4), look.affordable(15, 4)), (4, 1));
        assert_eq!(SampleLook::default().affordable(100_000, 3_000), 6);
    }

    #[test]
    fn of_a_service_that_is_cut_only_what_others_brought_stays_and_parts_add_up() {
        let given = |service: &str, first, sizes: &[usize]| ServiceAnswer {
            service: service.to_owned(),
            result: Ok(answer(first, sizes)),
            limit: 3,
        };
        let mut look = SampleLook::default();
        look.take(given("busy", 1, &[1, 1, 1]), 100);
        look.take(given("idle", 3, &[2]), 100);
        let state = |look: &SampleLook| {
            let services = look.services.iter().map(|one| (one.service.as_str(), one.traces, one.cut));
            (look.count, look.spans.0.len(), services.map(|one| format!("{one:?}")).collect::<Vec<_>>())
        };
        let of = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<String>>();
        assert_eq!(state(&look), (5, 3, of(&[r#"("busy", 3, true)"#, r#"("idle", 1, false)"#])));
        look.forget(&["busy".to_owned()]);
        assert_eq!(state(&look), (3, 1, of(&[r#"("idle", 1, false)"#])));
        for first in [20, 30] {
            let mut part = SampleLook::default();
            part.take(given("busy", first, &[1, 1]), 100);
            look.add(part);
        }
        assert_eq!(state(&look), (7, 5, of(&[r#"("idle", 1, false)"#, r#"("busy", 4, false)"#])));
    }

    #[test]
    fn parts_give_as_much_as_is_their_share() {
        let part = |first: u64, count: u64, about: f64| WindowPart {
            traces: (first..first + count).map(|id| TraceId::from_u128(u128::from(id) + 1).unwrap()).collect(),
            about,
        };
        let counts = |parts: &[WindowPart], most| {
            let kept = in_proportion(parts, most);
            let of = |part: &WindowPart| part.traces.iter().filter(|trace| kept.contains(trace)).count();
            parts.iter().map(of).collect::<Vec<_>>()
        };
        let even = [part(0, 20, 100.0), part(100, 20, 100.0), part(200, 0, 0.0), part(300, 20, 100.0)];
        assert_eq!(counts(&even, 30), [10, 10, 0, 10]);
        assert_eq!(counts(&even, 1_000), [20, 20, 0, 20], "what there is");
        let rising = [part(0, 5, 5.0), part(100, 20, 200.0)];
        assert_eq!(counts(&rising, 40), [1, 20], "the fewest for their share tell how many");
        assert_eq!(counts(&[part(0, 0, 0.0)], 40), [0]);
    }
}
