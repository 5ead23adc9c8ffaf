//! Times in which no span of a journey was open.

use std::collections::{HashMap, HashSet};

use crate::analysis::journey::clocks::Clocks;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::time::Window;

/// A time in which no span was open.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdleTime {
    /// From the last end before it to the first start after it, on the reference clock.
    pub window: Window,
    /// The span that ended last before it.
    pub before: usize,
    /// The span that began first after it.
    pub after: usize,
}

/// Every time in which no span was open.
pub(super) struct IdleTimes {
    /// By start.
    pub times: Vec<IdleTime>,
    /// From the first start to the last end of the journey, in nanoseconds.
    pub run_ns: i64,
}

impl IdleTimes {
    /// Those of a journey.
    pub(crate) fn new(journey: &Journey, clocks: &Clocks) -> Self {
        let open = open_times(journey, clocks);
        let Some((first, _)) = open.first() else { return Self { times: vec![], run_ns: 0 } };
        let (mut until, mut last) = (first.from, None);
        let mut times = vec![];
        for (window, span) in &open {
            if let (Some(before), Some(after)) = (last, *span)
                && window.from > until
            {
                times.push(IdleTime { window: Window::new(until, window.from), before, after });
            }
            if window.to > until || last.is_none() {
                until = window.to.max(until);
                last = span.or(last);
            }
        }
        Self { times, run_ns: until.since(first.from) }
    }
}

/// When something of the journey was open, by start: its spans, each with its index; parents that are not stored but had
/// children; and lines of services that make no spans.
fn open_times(journey: &Journey, clocks: &Clocks) -> Vec<(Window, Option<usize>)> {
    let mut open = vec![];
    let mut traced: HashSet<&str> = HashSet::new();
    let mut missing_parents: HashMap<(TraceId, SpanId), (Window, usize)> = HashMap::new();
    for (index, span) in journey.spans.iter().enumerate() {
        traced.insert(span.service());
        if journey.is_own.get(index) == Some(&false) || !span.has_sane_time() {
            continue;
        }
        let window = Window::new(clocks.start(span), clocks.end(span));
        open.push((window, Some(index)));
        if let Some(parent) = span.parent_id.filter(|_| journey.forest.is_orphan(index, span)) {
            let known = missing_parents.entry((span.trace_id, parent)).or_insert((window, index));
            known.0 = known.0.hull(window);
        }
    }
    open.extend(missing_parents.into_values().map(|(window, child)| (window, Some(child))));
    let untraced = journey.logs.iter().filter(|line| line.time.is_sane() && !traced.contains(line.service.as_str()));
    open.extend(untraced.map(|line| (Window::new(line.time, line.time), None)));
    open.sort_unstable_by_key(|(window, span)| (window.from, *span, window.to));
    open
}
