//! The critical path: the chain of work and waiting that made the journey last as long as it did.
//!
//! Walked back from the last end: of the spans that follow from a span, the last to finish is the one waited for.
//! Message hops are part of it, and so is the time a message lay in its queue. Times are compared on one clock.

use std::collections::HashMap;

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
    let mut path = walk.path;
    path.segments.retain(|s| !s.window.is_empty());
    path.segments.sort_by_key(|s| (s.window.from, s.window.to, s.span));
    path
}

struct Walk<'a> {
    journey: &'a Journey,
    start: Vec<Timestamp>,
    end: Vec<Timestamp>,
    /// The last end of all that follows from a span, itself included.
    reach: Vec<Timestamp>,
    /// Spans yet to be walked, each with the time from which and up to which it counts: what a span sets off may claim to
    /// have begun before it, and that time is spent already.
    todo: Vec<(usize, Window)>,
    path: CriticalPath,
}

impl<'a> Walk<'a> {
    fn new(journey: &'a Journey) -> Self {
        let clocks = Clocks::measured(journey);
        let start: Vec<_> = journey.spans.iter().map(|s| clocks.start(s)).collect();
        let end: Vec<_> = journey.spans.iter().map(|s| clocks.end(s)).collect();
        let mut reach = end.clone();
        for span in causes_first(journey).into_iter().rev() {
            if let Some((cause, _)) = journey.forest.cause[span]
                && journey.spans[span].has_sane_time()
            {
                reach[cause] = reach[cause].max(reach[span]);
            }
        }
        let path = CriticalPath { contains: vec![false; journey.spans.len()], segments: vec![] };
        Self { journey, start, end, reach, todo: vec![], path }
    }

    /// Trees that nothing joins follow each other in time; what lies between them is a gap.
    fn roots(&mut self) {
        let mut roots: Vec<usize> =
            self.journey.forest.roots.iter().copied().filter(|r| self.journey.spans[*r].has_sane_time()).collect();
        roots.sort_by_key(|r| (std::cmp::Reverse(self.reach[*r]), *r));
        let mut after: Option<usize> = None;
        for root in roots {
            match after {
                Some(next) if self.reach[root] > self.start[next] => continue,
                Some(next) => self.spend(next, self.reach[root], self.start[next], Spent::Gap),
                None => {}
            }
            self.todo.push((root, Window::new(self.start[root], self.reach[root])));
            while let Some((span, within)) = self.todo.pop() {
                self.span(span, within);
            }
            after = Some(root);
        }
    }

    /// One span, walked back from the end of what counts: first to what it set off and did not wait for, then over its
    /// own time.
    fn span(&mut self, span: usize, within: Window) {
        self.path.contains[span] = true;
        let (start, end) = (self.start[span].max(within.from), self.end[span]);
        let mut now = within.to.min(end);
        if within.to > end
            && let Some(last) = self.last_to_reach(span)
        {
            self.todo.push((last, Window::new(start, within.to)));
            self.spend(last, end.max(start), self.start[last], Spent::Wait);
            now = now.min(self.start[last]);
        }
        for child in self.waited_for(span) {
            let finish = self.end[child].min(end);
            if start < finish && finish <= now && self.start[child] < finish {
                self.spend(span, finish, now, Spent::Work);
                self.todo.push((child, Window::new(start, finish)));
                now = self.start[child].max(start);
            }
        }
        self.spend(span, start, now, Spent::Work);
    }

    fn last_to_reach(&self, span: usize) -> Option<usize> {
        let effects = self.journey.forest.effects[span].iter().copied();
        effects
            .filter(|e| self.journey.spans[*e].has_sane_time())
            .max_by_key(|e| (self.reach[*e], std::cmp::Reverse(*e)))
    }

    /// What a span called, last to finish first. What it only set off is not waited for.
    fn waited_for(&self, span: usize) -> Vec<usize> {
        let effects = self.journey.forest.effects[span].iter().copied();
        let mut called: Vec<usize> = effects
            .filter(|e| self.journey.spans[*e].has_sane_time() && asynchronous_cause(self.journey, *e).is_none())
            .collect();
        called.sort_by_key(|c| (std::cmp::Reverse(self.end[*c].min(self.end[span])), *c));
        called
    }

    fn spend(&mut self, span: usize, from: Timestamp, to: Timestamp, spent: Spent) {
        if from < to {
            self.path.segments.push(Segment { span, window: Window::new(from, to), spent });
        }
    }
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
            ("a 0..100\n  b 10..40\n  c 30..90", "a 0..30, c 30..90, a 90..100"),
            // Back to back: the one ends at the instant at which the other begins.
            ("a 0..100\n  b 10..50\n  c 50..90", "a 0..10, b 10..50, c 50..90, a 90..100"),
            // Work that goes on after its caller has ended is what the journey lasted for.
            ("a 0..50\n  b 10..90", "a 0..10, b 10..90"),
            // A child that outlives a parent that is itself waited for counts up to the parent's end.
            ("a 0..100\n  b 10..50\n    c 20..60\n  d 70..100", "a 0..10, b 10..20, c 20..50, a 50..70, d 70..100"),
            // Through the queue, twice.
            (
                "a 0..20\n  p 10..12 producer\n    ~> c 50..90 consumer\n      q 80..81 producer\n        ~> d 95..99 consumer",
                "a 0..10, p 10..12, ~c 12..50, c 50..80, q 80..81, ~d 81..95, d 95..99",
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
    fn any_journey() -> impl Strategy<Value = Journey> {
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
            sketch::journey(&text.join("\n"))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn no_instant_counts_twice(journey in any_journey()) {
            let path = critical_path(&journey);
            let extent = journey.spans.iter().map(Span::window).reduce(Window::hull).unwrap();
            for pair in path.segments.windows(2) {
                prop_assert!(pair[0].window.to <= pair[1].window.from, "{:?}", path.segments);
            }
            prop_assert!(path.segments.iter().all(|s| extent.from <= s.window.from && s.window.to <= extent.to));
            prop_assert!(path.length_ns() <= extent.length(), "{:?}", path.segments);
            let mut own = vec![0; journey.spans.len()];
            path.segments.iter().filter(|s| s.spent == Spent::Work).for_each(|s| own[s.span] += s.window.length());
            for (span, own) in journey.spans.iter().zip(own) {
                prop_assert!((0..=span.duration_ns).contains(&own), "{}: {own}", span.name);
            }
        }
    }

    #[test]
    fn survives_a_very_long_chain() {
        let journey = sketch::chain(100_000);
        assert_eq!(critical_path(&journey).contains.iter().filter(|on| **on).count(), 100_000);
    }
}
