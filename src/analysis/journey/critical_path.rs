//! The critical path: the chain of work and waiting that made the journey last as long as it did.
//!
//! Walked back from the last end: of the spans that follow from a span, the last to finish is the one waited for.
//! Message hops are part of it, and so is the time a message lay in its queue. Times are compared on one clock.

use std::collections::{BinaryHeap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::clocks::{Clocks, asynchronous_cause};
use crate::model::journey::Journey;
use crate::model::time::{Timestamp, Window};

/// What a stretch of the path was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spent {
    /// The span's own work.
    Work,
    /// Waiting until the span began: a message in its queue, a task not yet picked up.
    Wait,
    /// Nothing of the journey was open; the span is the next one.
    Gap,
}

/// One stretch of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Which span, as an index into the journey's spans.
    pub(crate) span: usize,
    /// When, on the reference clock.
    pub(crate) window: Window,
    /// What for.
    pub(crate) spent: Spent,
}

/// The path through a journey.
#[derive(Clone, Debug, Default)]
pub(crate) struct CriticalPath {
    /// Beside each span: whether it is on the path.
    pub(crate) contains: Vec<bool>,
    /// Its stretches, by time, without overlap.
    pub(crate) segments: Vec<Segment>,
}

/// A place where the path spent time, over all its stretches there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathShare {
    /// The first span of that place.
    pub(crate) span: usize,
    /// What for.
    pub(crate) spent: Spent,
    /// How long in all.
    pub(crate) total_ns: i64,
}

impl CriticalPath {
    /// How long the path is.
    pub(crate) fn length_ns(&self) -> i64 {
        self.segments.iter().map(|s| s.window.length()).fold(0, i64::saturating_add)
    }

    /// Where the path spent its time, by service and operation, most first.
    pub(crate) fn shares(&self, journey: &Journey) -> Vec<PathShare> {
        let mut shares: Vec<PathShare> = vec![];
        let mut places: HashMap<_, usize> = HashMap::new();
        for segment in &self.segments {
            let span = &journey.spans[segment.span];
            let at = *places.entry((span.service(), span.name.as_str(), segment.spent)).or_insert_with(|| {
                shares.push(PathShare { span: segment.span, spent: segment.spent, total_ns: 0 });
                shares.len() - 1
            });
            shares[at].total_ns = shares[at].total_ns.saturating_add(segment.window.length());
        }
        shares.sort_by_key(|s| (std::cmp::Reverse(s.total_ns), s.span, s.spent));
        shares
    }

    /// Whether the path waited for this span to begin.
    pub(crate) fn awaited_spans(&self) -> Vec<usize> {
        self.segments.iter().filter(|s| s.spent == Spent::Wait).map(|s| s.span).collect()
    }
}

/// The critical path of a journey.
pub(crate) fn critical_path(journey: &Journey) -> CriticalPath {
    let mut walk = Walk::new(journey);
    walk.roots();
    walk.fill_idle_time();
    let mut path = walk.path;
    path.segments.retain(|s| !s.window.is_empty());
    path.segments.sort_by_key(|s| (s.window.from, s.window.to, s.span));
    for segment in path.segments.iter().filter(|segment| segment.spent == Spent::Work) {
        path.contains[segment.span] = true;
    }
    path
}

/// Two ends that are closer are one instant: JavaScript clocks tick in milliseconds, so that a call overlaps the next one by
/// up to 1 ms though it was waited for.
const HAIR_NS: i64 = 1_500_000;

/// The share of a watcher's time, in percent, that the work beside it must fill. Chosen, not measured: below a half, a
/// long call beside a short one would be taken for a watcher.
const WATCHED_PERCENT: i64 = 50;

/// A span yet to be walked.
struct Pending {
    span: usize,
    /// From when and up to when it counts: what a span sets off may claim to have begun before it, and that time is spent
    /// already.
    within: Window,
    following: Following,
    /// What comes after it on the path, and was waited for once all of this was over; the span itself at the end.
    next: usize,
}

/// What counts of all that follows from a span.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Following {
    /// What it called. A message or a link only sets something off.
    Calls,
    /// Once the span itself is over, everything: the journey ends with the last of it.
    Everything,
}

struct Walk<'a> {
    journey: &'a Journey,
    start: Vec<Timestamp>,
    end: Vec<Timestamp>,
    /// The last end of all that follows from a span, itself included.
    reach: Vec<Timestamp>,
    /// The last end of a span and all that it called, also where that went on after it.
    called_reach: Vec<Timestamp>,
    /// Spans yet to be walked.
    todo: Vec<Pending>,
    path: CriticalPath,
}

impl<'a> Walk<'a> {
    fn new(journey: &'a Journey) -> Self {
        let clocks = Clocks::measured(journey);
        let start: Vec<_> = journey.spans.iter().map(|s| clocks.start(s)).collect();
        let end: Vec<_> = journey.spans.iter().map(|s| clocks.end(s)).collect();
        let (mut reach, mut called_reach) = (end.clone(), end.clone());
        for span in causes_first(journey).into_iter().rev() {
            if let Some((cause, _)) = journey.forest.cause[span]
                && journey.spans[span].has_sane_time()
            {
                reach[cause] = reach[cause].max(reach[span]);
                if asynchronous_cause(journey, span).is_none() {
                    called_reach[cause] = called_reach[cause].max(called_reach[span]);
                }
            }
        }
        let path = CriticalPath { contains: vec![false; journey.spans.len()], segments: vec![] };
        Self { journey, start, end, reach, called_reach, todo: vec![], path }
    }

    /// Trees that nothing joins follow each other in time; what lies between them is a gap.
    fn roots(&mut self) {
        let is_sane = |root: &usize| self.journey.spans[*root].has_sane_time();
        let mut roots: Vec<usize> = self.journey.forest.roots.iter().copied().filter(is_sane).collect();
        let background = self.background_roots();
        if roots.iter().any(|root| !background.contains(root)) {
            roots.retain(|root| !background.contains(root));
        }
        roots.sort_by_key(|r| (std::cmp::Reverse(self.reach[*r]), *r));
        let mut after: Option<usize> = None;
        for root in roots {
            let mut until = self.reach[root];
            if let Some(next) = after {
                if self.start[root] >= self.start[next] {
                    continue;
                }
                self.spend(next, until, self.start[next], Spent::Gap);
                until = until.min(self.start[next]);
            }
            let within = Window::new(self.start[root], until);
            let next = after.unwrap_or(root);
            self.todo.push(Pending { span: root, within, following: Following::Everything, next });
            while let Some(pending) = self.todo.pop() {
                self.span(&pending);
            }
            after = Some(root);
        }
    }

    /// Roots below which consumers run that follow from messages instead: a worker's loop, or the start of its process. The
    /// journey did not begin with them.
    fn background_roots(&self) -> HashSet<usize> {
        let forest = &self.journey.forest;
        let parents = forest.stored_parents.iter().filter(|(span, _)| forest.cause[**span].is_some());
        let root =
            |span: usize| std::iter::successors(Some(span), |at| forest.cause[*at].map(|(cause, _)| cause)).last();
        parents.filter_map(|(_, parent)| root((*parent)?)).collect()
    }

    /// One span with all that follows from it, walked back from the end of what counts: at each instant to the last of
    /// its effects to finish, among those that had begun, and to the span itself where none was running.
    fn span(&mut self, pending: &Pending) {
        let span = pending.span;
        let start = self.start[span].max(pending.within.from);
        let (mut now, mut next) = (pending.within.to, pending.next);
        // Until its own end the span has to wait for nothing but its calls.
        for (following, until) in [(pending.following, self.end[span].max(start)), (Following::Calls, start)] {
            let mut effects = Effects::new(self, span, following);
            let counts = |running: &Running| running.to > start;
            while let Some(Running { effect, from, to }) = effects.before(now).filter(counts).filter(|_| now > until) {
                let within = Window::new(from.max(start), to);
                self.todo.push(Pending { span: effect, within, following, next });
                self.spend_own(span, next, Window::new(to, now));
                (now, next) = (within.from, effect);
            }
        }
        self.spend_own(span, next, Window::new(start, now));
    }

    /// Time of the span in which nothing that follows from it ran: its own work, and after its end waiting for what came
    /// next.
    fn spend_own(&mut self, span: usize, next: usize, window: Window) {
        let end = self.end[span];
        self.spend(span, window.from, window.to.min(end), Spent::Work);
        let spent = if asynchronous_cause(self.journey, next).is_some() { Spent::Wait } else { Spent::Gap };
        self.spend(next, window.from.max(end), window.to, spent);
    }

    fn spend(&mut self, span: usize, from: Timestamp, to: Timestamp, spent: Spent) {
        if from < to {
            self.path.segments.push(Segment { span, window: Window::new(from, to), spent });
        }
    }

    /// Gives time in which the path only waits to the spans that were open then: that nothing was open may be claimed only
    /// where it is so.
    fn fill_idle_time(&mut self) {
        let (mut idle, mut rest): (Vec<Segment>, Vec<Segment>) =
            std::mem::take(&mut self.path.segments).into_iter().partition(|segment| segment.spent != Spent::Work);
        idle.sort_by_key(|segment| segment.window.from);
        let mut starts: Vec<usize> =
            (0..self.journey.spans.len()).filter(|span| self.journey.spans[*span].has_sane_time()).collect();
        starts.sort_by_key(|span| self.start[*span]);
        let mut starts = starts.into_iter().peekable();
        // Spans that have begun, the last to end on top.
        let mut open: BinaryHeap<(Timestamp, usize)> = BinaryHeap::new();
        for segment in idle {
            let mut now = segment.window.from;
            while now < segment.window.to {
                while let Some(span) = starts.next_if(|span| self.start[*span] <= now) {
                    open.push((self.end[span], span));
                }
                let next = starts.peek().map_or(segment.window.to, |span| self.start[*span].min(segment.window.to));
                let (span, spent, until) = match open.peek().filter(|(end, _)| *end > now) {
                    Some((_, top)) => {
                        let (span, until) = self.innermost_open(*top, now);
                        (span, Spent::Work, until.min(next))
                    }
                    None => {
                        open.clear();
                        (segment.span, segment.spent, next)
                    }
                };
                rest.push(Segment { span, window: Window::new(now, until), spent });
                now = until;
            }
        }
        self.path.segments = rest;
    }

    /// The innermost span open at this instant, from an open one downwards, and until when it certainly is.
    fn innermost_open(&self, top: usize, now: Timestamp) -> (usize, Timestamp) {
        let mut at = top;
        let mut until = self.end[at];
        loop {
            let sane = |effect: &&usize| self.journey.spans[**effect].has_sane_time();
            let effects = || self.journey.forest.effects[at].iter().filter(sane);
            let is_open = |effect: &&usize| self.start[**effect] <= now && self.end[**effect] > now;
            let Some(below) = effects().filter(is_open).max_by_key(|effect| self.end[**effect]) else {
                let next = effects().map(|effect| self.start[*effect]).filter(|start| *start > now).min();
                return (at, next.map_or(until, |next| next.min(until)));
            };
            at = *below;
            until = until.min(self.end[at]);
        }
    }
}

/// An effect that ran, and the part of its time that counts.
struct Running {
    effect: usize,
    from: Timestamp,
    to: Timestamp,
}

/// What follows from a span, for the walk back over it. Each effect is looked at once or twice, however many there are.
struct Effects {
    /// Its effects with start and end of all that counts below each, the last to end at the back.
    ended: Vec<(Timestamp, Timestamp, usize)>,
    /// Those that were running when a later one began, and watchers: end, start, effect; the last to end on top.
    running: BinaryHeap<(Timestamp, Timestamp, usize)>,
    watchers: HashSet<usize>,
}

impl Effects {
    fn new(walk: &Walk, span: usize, following: Following) -> Self {
        let reach = if following == Following::Calls { &walk.called_reach } else { &walk.reach };
        let counts = |effect: &usize| {
            walk.journey.spans[*effect].has_sane_time()
                && (following == Following::Everything || asynchronous_cause(walk.journey, *effect).is_none())
        };
        let effects = walk.journey.forest.effects[span].iter().copied().filter(counts);
        let mut ended: Vec<_> = effects.map(|effect| (reach[effect], walk.start[effect], effect)).collect();
        ended.sort_unstable_by_key(|(end, start, effect)| (*end, *start, std::cmp::Reverse(*effect)));
        let watchers = watchers(walk, &ended);
        Self { ended, running: BinaryHeap::new(), watchers }
    }

    /// The effect that the time just before this instant was spent on, or the last one before it. The instant only moves
    /// back from one call to the next.
    fn before(&mut self, now: Timestamp) -> Option<Running> {
        while let Some((end, start, effect)) = self.ended.last().copied() {
            let is_candidate = end <= now.plus(HAIR_NS) && !self.watchers.contains(&effect);
            if start < now && end > start && is_candidate {
                break;
            }
            self.ended.pop();
            if end == start && end == now {
                // An instant: the time before it is spent on waiting for it.
                return Some(Running { effect, from: start, to: end });
            }
            if start < now {
                self.running.push((end, start, effect));
            }
        }
        while self.running.peek().is_some_and(|(_, start, _)| *start >= now) {
            self.running.pop();
        }
        let last = self.ended.last().map(|(end, start, effect)| (*effect, *start, (*end).min(now)));
        let open = self.running.peek().map(|(end, start, effect)| (*effect, *start, (*end).min(now)));
        match (last, open) {
            (Some((effect, from, to)), None) => Some(Running { effect, from, to }),
            (Some((effect, from, to)), Some((_, _, open))) if open <= to => Some(Running { effect, from, to }),
            // Until another one ended, it was the one that ran.
            (last, Some((effect, from, to))) => {
                let ended = last.map_or(from, |(_, _, ended)| ended);
                Some(Running { effect, from: from.max(ended), to })
            }
            (None, None) => None,
        }
    }
}

/// Effects that only watch while another one works: open from before it until after, without calls of their own, such as
/// the stream on which progress is reported. They would hide all that happens.
fn watchers(walk: &Walk, effects: &[(Timestamp, Timestamp, usize)]) -> HashSet<usize> {
    /// Only long siblings can fill half of a watcher's time.
    const MOST_WORKERS: usize = 8;
    let is_leaf = |effect: usize| walk.journey.forest.effects[effect].is_empty();
    let mut workers: Vec<_> = effects.iter().filter(|(_, _, effect)| !is_leaf(*effect)).collect();
    workers.sort_by_key(|(end, start, _)| start.since(*end));
    workers.truncate(MOST_WORKERS);
    let watches = |(end, start, effect): &&(Timestamp, Timestamp, usize)| {
        let span = &walk.journey.spans[*effect];
        is_leaf(*effect)
            && span.attributes.first(&["db.system", "db.system.name"]).is_none()
            && workers.iter().any(|(worker_end, worker_start, _)| {
                *start <= worker_start.plus(HAIR_NS)
                    && worker_end.plus(-HAIR_NS) <= *end
                    && worker_end.since(*worker_start) >= end.since(*start) / 100 * WATCHED_PERCENT
            })
    };
    effects.iter().filter(watches).map(|(_, _, effect)| *effect).collect()
}

/// Every span after the one it follows from. Spans that no root leads to are not among them.
pub(crate) fn causes_first(journey: &Journey) -> Vec<usize> {
    let mut order = Vec::with_capacity(journey.spans.len());
    let mut todo: Vec<usize> = journey.forest.roots.iter().rev().copied().collect();
    while let Some(span) = todo.pop() {
        order.push(span);
        todo.extend(journey.forest.effects[span].iter().rev());
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::journey::sketch;
    use crate::model::span::Span;

    fn path(text: &str) -> String {
        let journey = sketch::journey(text);
        let path = critical_path(&journey);
        let ms = |at: Timestamp| at.since(sketch::ORIGIN) / 1_000_000;
        let found = path.segments.iter().map(|s| {
            let mark = match s.spent {
                Spent::Work => "",
                Spent::Wait => "~",
                Spent::Gap => "?",
            };
            format!("{mark}{} {}..{}", journey.spans[s.span].name, ms(s.window.from), ms(s.window.to))
        });
        found.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn walks_back_from_the_last_end() {
        let table = [
            ("a 0..100", "a 0..100"),
            // What was running before the last one began counts until then.
            ("a 0..100\n  b 10..40\n  c 30..90", "a 0..10, b 10..30, c 30..90, a 90..100"),
            ("a 0..100\n  b 10..20\n  c 12..50\n  d 40..90", "a 0..10, b 10..20, c 20..40, d 40..90, a 90..100"),
            // What ended before is not waited for by what ended later.
            ("a 0..100\n  b 10..40\n  c 10..90", "a 0..10, c 10..90, a 90..100"),
            // A call that overlaps the next one by a hair was waited for.
            ("a 0..100\n  b 0..50.5\n  e 0..70\n  c 50..99", "b 0..50, c 50..99, a 99..100"),
            // A stream that reports progress does not hide the work, nor does what it encloses itself.
            (
                "a 0..100\n  w 1..99\n  b 2..98\n    c 5..95",
                "a 0..1, w 1..2, b 2..5, c 5..95, b 95..98, w 98..99, a 99..100",
            ),
            ("w 0..100\n  b 10..90", "w 0..10, b 10..90, w 90..100"),
            // Steps after a short parent; time in which nothing is open.
            ("a 0..1\n  b 3..50\n  c 52..90", "a 0..1, ?b 1..3, b 3..50, ?c 50..52, c 52..90"),
            // Waiting may be claimed only where nothing else is open.
            (
                "a 0..30\n  p 10..12 producer\n    ~> c 50..90 consumer",
                "a 0..10, p 10..12, a 12..30, ~c 30..50, c 50..90",
            ),
            // Back to back: the one ends at the instant at which the other begins.
            ("a 0..100\n  b 10..50\n  c 50..90", "a 0..10, b 10..50, c 50..90, a 90..100"),
            // Work that goes on after its caller has ended is what the journey lasted for.
            ("a 0..50\n  b 10..90", "a 0..10, b 10..90"),
            // A child that outlives a parent that is itself waited for counts to its own end.
            ("a 0..100\n  b 10..50\n    c 20..60\n  d 70..100", "a 0..10, b 10..20, c 20..60, a 60..70, d 70..100"),
            // Through the queue, twice.
            (
                "a 0..20\n  p 10..12 producer\n    ~> c 50..90 consumer\n      q 80..81 producer\n        ~> d 95..99 consumer",
                "a 0..10, p 10..12, a 12..20, ~c 20..50, c 50..80, q 80..81, c 81..90, ~d 90..95, d 95..99",
            ),
            // What was set off and ended early is not waited for.
            (
                "a 0..100\n  p 10..12 producer\n    ~> c 20..30 consumer\n  b 40..90",
                "a 0..10, p 10..12, a 12..40, b 40..90, a 90..100",
            ),
            // A child that claims to have begun before its parent, or even to have ended before it.
            ("a 0..100\n  b 40..80\n    c 20..60", "a 0..40, c 40..60, b 60..80, a 80..100"),
            ("a 50..100\n  b 10..40\n  c 30..60", "c 50..60, a 60..100"),
            // Trees that nothing joins.
            ("a 0..10\nb 30..40", "a 0..10, ?b 10..30, b 30..40"),
        ];
        for (text, expected) in table {
            assert_eq!(path(text), expected, "{text}");
        }
    }

    /// Any small run: starts, lengths, what it follows from; a child may begin before its parent, and outlive it.
    fn any_journey() -> impl Strategy<Value = String> {
        let span = (0i64..30, 0i64..20, 0usize..8, 0usize..4);
        prop::collection::vec(span, 1..9).prop_map(|drawn| {
            let mut text = vec![];
            let mut depth = 0;
            for (start, length, deep, role) in drawn {
                depth = if text.is_empty() { 0 } else { deep.min(depth + 1) };
                let arrow = if role == 1 && depth > 0 { "~> " } else { "" };
                let role = ["", " consumer", " producer", ""][role];
                let name = (b'a' + text.len() as u8) as char;
                text.push(format!("{}{arrow}{name} {start}..{}{role}", "  ".repeat(depth), start + length));
            }
            text.join("\n")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn no_instant_counts_twice(text in any_journey()) {
            let journey = sketch::journey(&text);
            let path = critical_path(&journey);
            let extent = journey.spans.iter().map(Span::window).reduce(Window::hull).unwrap();
            for pair in path.segments.windows(2) {
                prop_assert!(pair[0].window.to <= pair[1].window.from, "{:?}", path.segments);
            }
            prop_assert!(path.segments.iter().all(|s| extent.from <= s.window.from && s.window.to <= extent.to));
            prop_assert!(path.length_ns() <= extent.length(), "{:?}", path.segments);
            // From the first root to the last end every instant is on the path.
            let roots = journey.forest.roots.iter().map(|root| journey.spans[*root].start).min().unwrap();
            let last = journey.spans.iter().map(Span::end).max().unwrap();
            prop_assert_eq!(path.length_ns(), last.since(roots).max(0), "{:?}", &path.segments);
            // No span has more of it than its self time, and nothing waits while a span is open.
            let is_open = |span: &Span, at: Timestamp| span.start <= at && at < span.end();
            for ms in 0..60 {
                let at = sketch::ORIGIN.plus(ms * 1_000_000 + 500_000);
                let Some(segment) = path.segments.iter().find(|s| s.window.contains(at)) else { continue };
                let calls = |effect: &&usize| asynchronous_cause(&journey, **effect).is_none();
                let below = journey.forest.effects[segment.span].iter().filter(calls);
                let is_self_time = is_open(&journey.spans[segment.span], at)
                    && !below.into_iter().any(|effect| is_open(&journey.spans[*effect], at));
                let is_idle = !journey.spans.iter().any(|span| is_open(span, at));
                let fits = if segment.spent == Spent::Work { is_self_time } else { is_idle };
                prop_assert!(fits, "{ms} ms {:?}", &path.segments);
            }
        }
    }

    #[test]
    fn survives_a_very_long_chain() {
        let journey = sketch::chain(100_000);
        assert_eq!(critical_path(&journey).contains.iter().filter(|on| **on).count(), 100_000);
    }
}
