//! The drawing itself: rows from top to bottom, by what happened first.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::holes::MissingEffects;
use super::shape::Shapes;
use super::{
    Fold, Messages, Queue, RowContent, Timeline, TimelineOptions, TimelineRow, budget, holes, lines, messages,
};
use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::clocks::{Clocks, asynchronous_cause};
use crate::analysis::journey::critical_path::{self, CriticalPath};
use crate::model::conventions::Exception;
use crate::model::finding::{Finding, MissingThing};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::time::Timestamp;

/// Draws a journey.
pub(crate) fn draw(journey: &Journey, findings: &[Finding], options: &TimelineOptions) -> Timeline {
    let extent = journey.span_extent();
    let clocks = if options.adjust_clocks { Clocks::measured(journey) } else { Clocks::default() };
    let critical = critical_path::critical_path(journey);
    let cascade = Cascade::new(journey);
    let lines = lines::by_span(journey, options);
    let holes = holes::by_span(journey, findings);
    let mut draw = Draw {
        journey,
        options,
        common: Clocks::measured(journey),
        shapes: Shapes::new(journey, &critical, &options.filters, &holes, |span| lines.has_error(journey, span)),
        filtered_lines: lines.filtered,
        lines,
        messages: messages::messages(journey, &holes),
        holes,
        waits: critical.awaited_spans().into_iter().collect(),
        critical: &critical,
        cascade: &cascade,
        origin: first_instant(journey, &clocks).or(extent.map(|e| e.from)).unwrap_or_default(),
        clocks,
        rows: vec![],
        folded: 0,
        deeper: 0,
    };
    draw.draw_all();
    let Draw { mut rows, folded, filtered_lines, deeper, messages, origin, .. } = draw;
    let filtered = journey.spans.iter().filter(|s| !options.filters.wants_span(s)).count();
    let mut cut = 0;
    if let Some(most) = options.rows.filter(|_| !options.full) {
        (rows, cut) = budget::fit(journey, rows, most);
    }
    let length_ns = rows.iter().filter_map(|r| r.start_ns.map(|f| f.saturating_add(r.length_ns))).max().unwrap_or(0);
    Timeline { origin, length_ns, rows, critical, cascade, folded, filtered, filtered_lines, deeper, cut, messages }
}

fn first_instant(journey: &Journey, clocks: &Clocks) -> Option<Timestamp> {
    journey.spans.iter().filter(|s| s.has_sane_time()).map(|s| clocks.start(s)).min()
}

struct Draw<'a> {
    journey: &'a Journey,
    options: &'a TimelineOptions,
    /// The clocks that times are shown on.
    clocks: Clocks,
    /// The clock that times are compared on.
    common: Clocks,
    shapes: Shapes,
    lines: lines::BySpan,
    holes: MissingEffects,
    waits: HashSet<usize>,
    critical: &'a CriticalPath,
    cascade: &'a Cascade,
    origin: Timestamp,
    rows: Vec<TimelineRow>,
    folded: usize,
    filtered_lines: usize,
    deeper: usize,
    messages: Messages,
}

/// Something yet to be drawn.
enum DrawItem {
    Spans(Vec<usize>),
    Hole(TraceId, SpanId, Vec<usize>),
    Missing(usize, MissingThing),
    Line(usize),
    Exception(usize, usize),
    Link(usize, usize, Option<usize>),
}

impl Draw<'_> {
    fn draw_all(&mut self) {
        let mut items = self.blocks();
        items.extend(std::mem::take(&mut self.lines.elsewhere).into_iter().map(DrawItem::Line));
        let mut todo = self.by_time(items, 0);
        while let Some((depth, item)) = todo.pop() {
            let below = self.item(item, depth);
            todo.extend(below);
        }
    }

    /// The tops of all blocks: spans that follow from none, arrivals of messages, and parents never stored.
    fn blocks(&self) -> Vec<DrawItem> {
        let mut tops = vec![];
        let mut holes: std::collections::BTreeMap<(TraceId, SpanId), Vec<usize>> = std::collections::BTreeMap::new();
        for (index, span) in self.journey.spans.iter().enumerate() {
            let rooted = self.journey.forest.cause[index].is_none();
            match span.parent_id {
                Some(parent) if rooted && self.journey.forest.is_orphan(index, span) => {
                    holes.entry((span.trace_id, parent)).or_default().push(index);
                }
                _ if rooted || asynchronous_cause(self.journey, index).is_some() => tops.push(index),
                _ => {}
            }
        }
        let mut items = self.alike(tops);
        items.extend(holes.into_iter().map(|((trace, parent), spans)| DrawItem::Hole(trace, parent, spans)));
        items
    }

    /// Siblings, those that look alike together. The first few failures of a kind always stand alone.
    fn alike(&self, siblings: Vec<usize>) -> Vec<DrawItem> {
        const FAILURES_SHOWN: usize = 3;
        if self.options.full || siblings.len() < 3 {
            return siblings.into_iter().map(|s| DrawItem::Spans(vec![s])).collect();
        }
        let mut groups: std::collections::HashMap<(u64, Option<usize>), Vec<usize>> = std::collections::HashMap::new();
        let mut order = vec![];
        for span in siblings {
            // What is filtered out stands alone: what is below it may be wanted.
            let shape = (self.shapes.hash[span], (!self.is_wanted(span)).then_some(span));
            let group = groups.entry(shape).or_default();
            if group.is_empty() {
                order.push(shape);
            }
            group.push(span);
        }
        let mut items = vec![];
        for shape in order {
            let mut group = groups.remove(&shape).unwrap_or_default();
            let shown = if self.shapes.has_error[group[0]] { FAILURES_SHOWN } else { 0 };
            let alone = if group.len() < shown + 3 { group.len() } else { shown };
            items.extend(group.drain(..alone).map(|s| DrawItem::Spans(vec![s])));
            if !group.is_empty() {
                items.push(DrawItem::Spans(group));
            }
        }
        items
    }

    /// Items as a stack: the last is the first to be drawn.
    fn by_time(&self, mut items: Vec<DrawItem>, depth: usize) -> Vec<(usize, DrawItem)> {
        items.sort_by_cached_key(|item| Reverse(self.sort_key(item)));
        items.into_iter().map(|item| (depth, item)).collect()
    }

    /// Where an item stands among others: by what happened first, whatever the clocks say.
    fn sort_key(&self, item: &DrawItem) -> (Timestamp, u8, usize) {
        let (kind, nth) = match item {
            DrawItem::Link(_, nth, _) => (0, *nth),
            DrawItem::Hole(_, _, spans) => (1, spans[0]),
            DrawItem::Spans(spans) => (2, spans[0]),
            DrawItem::Line(line) => (3, *line),
            DrawItem::Exception(_, nth) => (4, *nth),
            DrawItem::Missing(span, _) => (5, *span),
        };
        (self.instant_of(item, &self.common), kind, nth)
    }

    fn instant_of(&self, item: &DrawItem, clocks: &Clocks) -> Timestamp {
        let spans = &self.journey.spans;
        match item {
            DrawItem::Spans(of) | DrawItem::Hole(_, _, of) => clocks.start(&spans[of[0]]),
            DrawItem::Link(of, ..) => clocks.start(&spans[*of]),
            DrawItem::Missing(of, _) => clocks.end(&spans[*of]),
            DrawItem::Exception(of, nth) => clocks.adjust(spans[*of].service(), spans[*of].events[*nth].time),
            DrawItem::Line(line) => {
                let line = &self.journey.logs[*line];
                clocks.adjust(&line.service, line.time)
            }
        }
    }

    /// Draws one item; gives back what is below it.
    fn item(&mut self, item: DrawItem, depth: usize) -> Vec<(usize, DrawItem)> {
        let at = self.instant_of(&item, &self.clocks);
        match item {
            DrawItem::Spans(spans) if spans.len() == 1 => return self.span(spans[0], depth),
            DrawItem::Spans(spans) => self.fold(&spans, depth),
            DrawItem::Hole(trace, parent, spans) => {
                let shown = spans.iter().any(|s| self.is_wanted(*s));
                if shown {
                    self.instant(RowContent::MissingParent(trace, parent), at, depth);
                }
                return self.by_time(self.alike(spans), depth + usize::from(shown));
            }
            DrawItem::Line(line) => self.instant(RowContent::Line(line), at, depth),
            DrawItem::Missing(_, what) => self.instant(RowContent::MissingEffect(what), at, depth),
            DrawItem::Exception(of, nth) => self.instant(RowContent::Exception(of, nth), at, depth),
            DrawItem::Link(of, nth, to) => self.instant(RowContent::Link(of, nth, to), at, depth),
        }
        vec![]
    }

    fn instant(&mut self, what: RowContent, at: Timestamp, depth: usize) {
        self.rows.push(TimelineRow {
            content: what,
            depth,
            start_ns: Some(at.since(self.origin)),
            length_ns: 0,
            critical: false,
        });
    }

    fn span(&mut self, index: usize, depth: usize) -> Vec<(usize, DrawItem)> {
        let below = self.below(index);
        if !self.is_wanted(index) {
            return self.instead_of(below, depth);
        }
        self.message_wait(&[index], depth);
        let span = &self.journey.spans[index];
        self.rows.push(TimelineRow {
            content: RowContent::Span(index),
            depth,
            start_ns: span.has_sane_time().then(|| self.clocks.start(span).since(self.origin)),
            length_ns: span.work_ns(),
            critical: self.critical.contains[index],
        });
        if self.options.depth.is_some_and(|most| depth + 1 >= most) {
            self.deeper += self.shapes.size[index] - 1;
            return self.by_time(below.into_iter().filter(|i| !matches!(i, DrawItem::Spans(_))).collect(), depth + 1);
        }
        self.by_time(below, depth + 1)
    }

    /// What is drawn where a span is filtered out: its calls, and its lines unless the filters are about spans.
    fn instead_of(&mut self, below: Vec<DrawItem>, depth: usize) -> Vec<(usize, DrawItem)> {
        let about_spans = self.options.filters.are_about_spans();
        let lines = below.iter().filter(|i| matches!(i, DrawItem::Line(_))).count();
        self.filtered_lines += if about_spans { lines } else { 0 };
        let stays =
            |item: &DrawItem| matches!(item, DrawItem::Spans(_)) || matches!(item, DrawItem::Line(_)) && !about_spans;
        self.by_time(below.into_iter().filter(stays).collect(), depth)
    }

    fn is_wanted(&self, index: usize) -> bool {
        self.options.filters.wants_span(&self.journey.spans[index])
    }

    /// What stands below a span: its calls, its lines, its exceptions, its links.
    fn below(&mut self, index: usize) -> Vec<DrawItem> {
        let calls = self.journey.forest.effects[index].iter().copied();
        let calls: Vec<usize> = calls.filter(|e| asynchronous_cause(self.journey, *e).is_none()).collect();
        let mut items = self.alike(calls);
        items.extend(self.lines.take(index).into_iter().map(DrawItem::Line));
        items.extend(self.exceptions(index).into_iter().map(|nth| DrawItem::Exception(index, nth)));
        items.extend(self.links(index));
        items.extend(self.holes.below(index).map(|what| DrawItem::Missing(index, what.clone())));
        items
    }

    /// Exceptions that the span's own error text does not tell already.
    fn exceptions(&self, index: usize) -> Vec<usize> {
        let span = &self.journey.spans[index];
        let found = if span.is_error() { span.error_text() } else { String::new() };
        let events = span.events.iter().enumerate();
        let telling = events.filter(|(_, e)| Exception::from_event(e).is_some_and(|x| x.headline() != found));
        telling.map(|(nth, _)| nth).collect()
    }

    /// Links to elsewhere than the span that it already follows from.
    fn links(&self, index: usize) -> Vec<DrawItem> {
        let cause = self.journey.forest.cause[index].map(|(c, _)| c);
        let links = self.journey.spans[index].links.iter().enumerate();
        let targets = links.map(|(nth, link)| (nth, self.shapes.find(link.trace_id, link.span_id)));
        let others = targets.filter(|(_, to)| to.is_none() || *to != cause && *to != Some(index));
        others.map(|(nth, to)| DrawItem::Link(index, nth, to)).collect()
    }

    fn fold(&mut self, spans: &[usize], depth: usize) {
        let Some(first) = spans.first().copied() else { return };
        self.message_wait(spans, depth);
        let mut lengths: Vec<i64> = spans.iter().map(|s| self.journey.spans[*s].duration_ns).collect();
        lengths.sort_unstable();
        let sane = || spans.iter().map(|s| &self.journey.spans[*s]).filter(|s| s.has_sane_time());
        let from = sane().map(|s| self.clocks.start(s)).min();
        let to = sane().map(|s| self.clocks.end(s)).max();
        let size: usize = spans.iter().map(|s| self.shapes.size[*s]).sum();
        self.folded += size;
        self.rows.push(TimelineRow {
            depth,
            start_ns: from.map(|f| f.since(self.origin)),
            length_ns: from.zip(to).map_or(0, |(f, t)| t.since(f)),
            critical: spans.iter().any(|s| self.shapes.on_path[*s]),
            content: RowContent::Fold(Fold {
                first,
                count: spans.len(),
                spans: size,
                p50_ns: lengths[(lengths.len() - 1) / 2],
                max_ns: lengths[lengths.len() - 1],
                errors: spans.iter().filter(|s| self.shapes.has_error[**s]).count(),
                // Of a line nothing else is known: it counts as failed.
                outcome: spans.iter().filter(|s| self.shapes.has_error[**s]).map(|s| self.cascade.outcome(*s)).min(),
            }),
        });
    }

    /// The way that arrivals took, where they are arrivals.
    fn message_wait(&mut self, arrivals: &[usize], depth: usize) {
        let Some((from, via)) = asynchronous_cause(self.journey, arrivals[0]) else { return };
        let spans = &self.journey.spans;
        let again = arrivals.iter().all(|a| self.messages.delivered_before(*a).is_some());
        let left = |arrival: usize, clocks: &Clocks| match self.messages.delivered_before(arrival).filter(|_| again) {
            Some(before) => Some((before, clocks.start(&spans[before]))),
            None => asynchronous_cause(self.journey, arrival).map(|(from, _)| (from, clocks.end(&spans[from]))),
        };
        let wait = |to: &usize| Some(self.common.start(&spans[*to]).since(left(*to, &self.common)?.1));
        let waits = || arrivals.iter().filter_map(wait);
        let (shortest, longest) = (waits().min().unwrap_or(0), waits().max().unwrap_or(0));
        let Some((sender, sent)) = left(arrivals[0], &self.clocks) else { return };
        let got = self.clocks.start(&spans[arrivals[0]]);
        let drawable = spans[sender].has_sane_time() && spans[arrivals[0]].has_sane_time();
        let queue = Queue { from, to: arrivals[0], via, again, wait_ns: shortest, longest_ns: longest };
        self.rows.push(TimelineRow {
            content: RowContent::MessageWait(queue),
            depth,
            start_ns: drawable.then(|| sent.since(self.origin)),
            length_ns: got.since(sent).max(0),
            critical: arrivals.iter().any(|a| self.waits.contains(a)),
        });
    }
}
