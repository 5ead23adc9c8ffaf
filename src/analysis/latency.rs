//! How long calls take, what of it is their own, and what users wait for: a fold over journeys.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::adjust::{Clocks, asynchronous_cause};
use crate::analysis::critical_path::{self, Segment, Spent, downwards};
use crate::analysis::deliveries::{Deliveries, publishes, takes};
use crate::analysis::lengths::Lengths;
use crate::model::conventions::MessageRole;
use crate::model::filter::Filters;
use crate::model::journey::{Journey, Via};
use crate::model::measure::{Histogram, Measure, Measured};
use crate::model::span::{Span, SpanKind};
use crate::model::time::Window;

/// By what calls are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By service: what enters it from elsewhere is a call, the topmost spans in it that are wanted.
    Service,
    /// By service and operation: every span is a call.
    #[default]
    Operation,
    /// By the value of an attribute of the span or its resource: the topmost spans that carry it are calls. What lies
    /// between two of them may carry none.
    Attribute(String),
}

/// What calls of one kind took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The service; empty where calls are told apart by an attribute.
    pub service: String,
    /// The operation, or the attribute's value; empty for a whole service.
    pub name: String,
    /// What its spans do with which topic, where all of them do the same.
    pub message: Option<(MessageRole, String)>,
    /// How many; none of those that are in the window need be one.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// How long they took.
    pub lengths: Lengths,
    /// How long they worked themselves, without what they waited for below them; none where only metrics are known.
    pub self_ns: Option<i64>,
    /// How long a journey lasted because of them, over all journeys; none where only metrics are known.
    pub critical_ns: Option<i64>,
}

/// How long messages of a topic lay in their queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueWait {
    /// The topic; empty where none is told.
    pub topic: String,
    /// How long each lay there, by size.
    pub lengths: Lengths,
    /// How long a journey lasted because of it, over all journeys.
    pub critical_ns: i64,
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What users wait for most first.
    pub rows: Vec<Row>,
    /// Queues, the longest wait first.
    pub queues: Vec<QueueWait>,
    /// How long all journeys lasted together, along their critical paths; of what ended in the window.
    pub critical_ns: i64,
    /// For how much of that nothing was open, or what was set off other than by a message had not begun yet.
    pub gap_ns: i64,
    /// Services that nothing enters by a kind that the metrics tell: all that they do counts as calls.
    pub unentered: Vec<String>,
}

type Key = (String, String);

#[derive(Default)]
struct Calls {
    lengths: Vec<i64>,
    errors: u64,
    own_ns: i64,
    critical_ns: i64,
    /// What its spans do with which topic; of several the first two.
    messages: Vec<Option<(MessageRole, String)>>,
}

/// Journeys, as far as they were added.
#[derive(Default)]
pub struct Latencies {
    by: By,
    window: Option<Window>,
    calls: BTreeMap<Key, Calls>,
    queues: BTreeMap<String, (Vec<i64>, i64)>,
    critical_ns: i64,
    gap_ns: i64,
}

/// A journey, and what is known of it before its spans are looked at one by one.
struct Seen<'a> {
    journey: &'a Journey,
    clocks: Clocks,
    deliveries: Deliveries,
    /// Beside each span: whether it is ours, has a time, and that lies in the window.
    within: Vec<bool>,
    /// Beside each span: whether it is wanted.
    wanted: Vec<bool>,
    /// Beside each span: under which row it counts.
    places: Vec<Option<Key>>,
}

impl Seen<'_> {
    /// Whether the span counts.
    fn counts(&self, index: usize) -> bool {
        self.within[index] && self.wanted[index]
    }

    /// How long each message lay that the span took.
    fn waits(&self, index: usize) -> impl Iterator<Item = (&str, i64)> {
        let (spans, taken) = (&self.journey.spans, &self.journey.spans[index]);
        let waited = |sender: usize| self.clocks.start(taken).since(self.clocks.end(&spans[sender])).max(0);
        let senders = self.deliveries.senders[index].iter().copied();
        senders.filter_map(move |sender| Some((self.queue(sender, index)?, waited(sender))))
    }

    /// What a message lay in: what its taker calls it, else its sender; no name where neither tells one, and none at all
    /// where neither speaks of messages.
    fn queue(&self, sender: usize, taker: usize) -> Option<&str> {
        let (sent, taken) = (&self.journey.spans[sender], &self.journey.spans[taker]);
        let topic = taken.topic().or_else(|| sent.topic());
        topic.or_else(|| (takes(taken) || publishes(sent)).then_some(""))
    }
}

impl Latencies {
    /// None yet; of those to come, spans that count in this window, or all.
    pub fn over(by: By, window: Option<Window>) -> Self {
        Self { by, window, ..Self::default() }
    }

    /// Adds a journey: of its spans those that are wanted.
    pub fn add(&mut self, journey: &Journey, filters: &Filters) {
        let ours = |(index, span): (usize, &Span)| {
            journey.judged.get(index) != Some(&false) && span.has_sane_time() && span.counts_in(self.window)
        };
        let seen = Seen {
            journey,
            clocks: Clocks::measured(journey),
            deliveries: Deliveries::of(journey),
            within: journey.spans.iter().enumerate().map(ours).collect(),
            wanted: journey.spans.iter().map(|span| filters.wants_span(span)).collect(),
            places: journey.spans.iter().map(|span| self.place(span)).collect(),
        };
        self.add_spans(&seen);
        critical_path::of(journey).segments.iter().for_each(|segment| self.add_segment(&seen, segment));
    }

    fn add_spans(&mut self, seen: &Seen) {
        let is_call = self.tops(seen);
        for index in (0..seen.journey.spans.len()).filter(|index| seen.counts(*index)) {
            if let Some(key) = &seen.places[index] {
                let span = &seen.journey.spans[index];
                let calls = self.calls.entry(key.clone()).or_default();
                calls.own_ns = calls.own_ns.saturating_add(own_ns(seen.journey, index, &seen.clocks));
                calls.says(span);
                if is_call[index] {
                    calls.lengths.push(span.duration_ns.max(0));
                    calls.errors += u64::from(span.is_error());
                }
            }
            for (topic, waited) in seen.waits(index) {
                self.queues.entry(topic.to_owned()).or_default().0.push(waited);
            }
        }
    }

    /// A stretch of the critical path counts by the span to which it belongs.
    fn add_segment(&mut self, seen: &Seen, segment: &Segment) {
        if !seen.within[segment.span] {
            return;
        }
        let length = segment.window.length();
        self.critical_ns = self.critical_ns.saturating_add(length);
        let queue = seen.waits(segment.span).next().filter(|_| segment.spent == Spent::Wait);
        let part = match (segment.spent, queue, &seen.places[segment.span]) {
            _ if !seen.wanted[segment.span] => return,
            (Spent::Work, _, None) => return,
            (Spent::Work, _, Some(key)) => &mut self.calls.entry(key.clone()).or_default().critical_ns,
            (_, Some((topic, _)), _) => &mut self.queues.entry(topic.to_owned()).or_default().1,
            (_, None, _) => &mut self.gap_ns,
        };
        *part = part.saturating_add(length);
    }

    /// Under which row the span's own time counts.
    fn place(&self, span: &Span) -> Option<Key> {
        match &self.by {
            By::Service => Some((span.service().to_owned(), String::new())),
            By::Operation => Some((span.service().to_owned(), span.name.clone())),
            By::Attribute(key) => value(span, key).map(|value| (String::new(), value)),
        }
    }

    /// Beside each span: whether it is a call. By operation every span is; else the topmost that are wanted of those that
    /// follow from each other and stand in one row.
    fn tops(&self, seen: &Seen) -> Vec<bool> {
        if self.by == By::Operation {
            return seen.wanted.clone();
        }
        let mut is_top = vec![false; seen.places.len()];
        // The nearest span, from here upwards, that stands in a row; and whether that row has counted it or one above.
        let mut nearest: Vec<Option<usize>> = vec![None; seen.places.len()];
        let mut is_counted = vec![false; seen.places.len()];
        for index in downwards(seen.journey) {
            let above = seen.journey.forest.cause[index].and_then(|(cause, _)| nearest[cause]);
            if seen.places[index].is_none() {
                nearest[index] = above;
                continue;
            }
            let inside = above.is_some_and(|above| is_counted[above] && seen.places[above] == seen.places[index]);
            is_top[index] = seen.wanted[index] && !inside;
            is_counted[index] = seen.wanted[index] || inside;
            nearest[index] = Some(index);
        }
        is_top
    }

    /// What they add up to.
    pub fn table(self) -> Table {
        let exact = |mut lengths: Vec<i64>| {
            lengths.sort_unstable();
            Lengths::Exact(lengths)
        };
        let row = |((service, name), calls): (Key, Calls)| Row {
            service,
            name,
            message: <[_; 1]>::try_from(calls.messages).ok().and_then(|[only]| only),
            calls: calls.lengths.len() as u64,
            errors: calls.errors,
            lengths: exact(calls.lengths),
            self_ns: Some(calls.own_ns),
            critical_ns: Some(calls.critical_ns),
        };
        let queue = |(topic, (lengths, critical_ns)): (String, (Vec<i64>, i64))| QueueWait {
            topic,
            lengths: exact(lengths),
            critical_ns,
        };
        let mut rows: Vec<Row> = self.calls.into_iter().map(row).collect();
        rows.sort_by_cached_key(order);
        let mut queues: Vec<QueueWait> = self.queues.into_iter().map(queue).collect();
        let longest = |queue: &QueueWait| queue.lengths.quantile(1.0).map_or(0, |most| most.value_ns);
        queues.sort_by_cached_key(|queue| (-queue.critical_ns, -longest(queue), queue.topic.clone()));
        Table { rows, queues, critical_ns: self.critical_ns, gap_ns: self.gap_ns, unentered: vec![] }
    }
}

impl Calls {
    /// Takes in what another span does with which topic.
    fn says(&mut self, span: &Span) {
        let said = span.message_role().and_then(|role| Some((role, span.topic()?.to_owned())));
        if self.messages.len() < 2 && !self.messages.contains(&said) {
            self.messages.push(said);
        }
    }
}

/// What users wait for most, what takes longest in all, what fails or is called most.
fn order(row: &Row) -> impl Ord + use<> {
    let waited = row.critical_ns.unwrap_or_default();
    let many = (Reverse(row.errors), Reverse(row.calls));
    (Reverse(waited), Reverse(row.lengths.total_ns()), many, row.service.clone(), row.name.clone())
}

/// The same from metrics. By service those of kinds that enter it, where the metrics tell kinds; of a service with none
/// of these all that it does.
pub fn measured(measured: &Measured, by: &By, filters: &Filters) -> Table {
    let enters =
        |measure: &Measure| measure.kind.is_none_or(|kind| matches!(kind, SpanKind::Server | SpanKind::Consumer));
    let wanted = measured.measures.iter().filter(|m| filters.wants_operation(&m.service, &m.operation));
    let wanted: Vec<&Measure> = wanted.collect();
    let entered: BTreeSet<&str> = wanted.iter().filter(|m| enters(m)).map(|m| m.service.as_str()).collect();
    let (mut sums, mut unentered) = (BTreeMap::<Key, (f64, f64, Histogram)>::new(), BTreeSet::new());
    for measure in wanted {
        match *by == By::Service {
            true if !entered.contains(measure.service.as_str()) => drop(unentered.insert(measure.service.clone())),
            true if !enters(measure) => continue,
            _ => {}
        }
        let name = if *by == By::Service { String::new() } else { measure.operation.clone() };
        let sum = sums.entry((measure.service.clone(), name)).or_default();
        sum.0 += measure.calls;
        sum.1 += measure.errors;
        sum.2 = sum.2.and(&measure.lengths);
    }
    let row = |((service, name), (calls, errors, lengths)): (Key, (f64, f64, Histogram))| Row {
        service,
        name,
        calls: calls.round() as u64,
        errors: errors.round() as u64,
        lengths: Lengths::Measured(lengths),
        ..Row::default()
    };
    let mut rows: Vec<Row> = sums.into_iter().map(row).collect();
    rows.sort_by_cached_key(order);
    Table { rows, unentered: unentered.into_iter().collect(), ..Table::default() }
}

fn value(span: &Span, key: &str) -> Option<String> {
    let of_span = span.attributes.iter().chain(span.resource.attributes.iter());
    of_span.into_iter().find(|(known, _)| *known == key).map(|(_, value)| value.to_string())
}

/// How long the span worked itself: without the time in which anything that it called was open.
fn own_ns(journey: &Journey, index: usize, clocks: &Clocks) -> i64 {
    let span = &journey.spans[index];
    let (from, to) = (clocks.start(span), clocks.end(span));
    let called = journey.forest.effects[index].iter().filter(|effect| {
        matches!(journey.forest.cause[**effect], Some((_, Via::Parent)))
            && asynchronous_cause(journey, **effect).is_none()
    });
    let times =
        called.map(|effect| &journey.spans[*effect]).map(|s| (clocks.start(s).max(from), clocks.end(s).min(to)));
    let mut times: Vec<_> = times.filter(|(start, end)| start < end).collect();
    times.sort_unstable();
    let (mut below, mut done) = (0_i64, from);
    for (start, end) in times {
        below = below.saturating_add(end.since(start.max(done)).max(0));
        done = done.max(end);
    }
    span.duration_ns.saturating_sub(below).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sketch;
    use crate::demo::{NOW, scenarios};
    use crate::model::conventions::CORRELATION_KEYS;
    use crate::model::evidence::Evidence;
    use crate::model::evidence::Source;
    use crate::model::pattern::Pattern;
    use crate::stitch::whole::whole;

    const MS: i64 = 1_000_000;

    const ORDER: &str = "
        shop/POST /orders 0..120 server tenant=a
          shop/SELECT 10..30 client
          shop/SELECT 20..40 client error: locked
          shop/publish 60..62 producer topic=orders
            ~> billing/process 104..314 consumer topic=orders trace=2 tenant=b
              billing/charge 110..300 client
    ";

    fn of(text: &str, by: By, window: Option<Window>, filters: &Filters) -> Table {
        let mut fold = Latencies::over(by, window);
        fold.add(&sketch::journey(text), filters);
        fold.table()
    }

    fn table(by: By, filters: &Filters) -> Table {
        of(ORDER, by, None, filters)
    }

    fn demo_runs() -> Vec<Journey> {
        let mut all = Evidence::default();
        for (seed, scenario) in scenarios().into_iter().enumerate() {
            all.spans.extend(scenario.run(NOW, seed as u64).spans);
        }
        whole(all, &CORRELATION_KEYS.map(str::to_owned)).collect()
    }

    fn rows(table: &Table) -> Vec<(&str, &str, u64, u64, i64, i64)> {
        let row = |row: &'_ Row| (row.calls, row.errors, row.self_ns.unwrap() / MS, row.critical_ns.unwrap() / MS);
        let all = table.rows.iter().map(|r| (r.service.as_str(), r.name.as_str(), row(r)));
        all.map(|(service, name, (calls, errors, own, waited))| (service, name, calls, errors, own, waited)).collect()
    }

    /// 120 ms of the order: 30 under the two reads together, 2 under the publish. The message lay 42 ms; the way through
    /// leads by the publish, the queue and the charge.
    #[test]
    fn own_time_and_what_was_waited_for_are_told_apart() {
        let all = Filters::default();
        let by_operation = table(By::Operation, &all);
        assert_eq!(by_operation.critical_ns, 314 * MS);
        assert_eq!(
            rows(&by_operation),
            [
                ("billing", "charge", 1, 0, 190, 190),
                ("shop", "POST /orders", 1, 0, 88, 40),
                ("billing", "process", 1, 0, 20, 20),
                ("shop", "SELECT", 2, 1, 40, 20),
                ("shop", "publish", 1, 0, 2, 2),
            ]
        );
        let queue = &by_operation.queues[0];
        assert_eq!(
            (queue.topic.as_str(), queue.critical_ns, &queue.lengths),
            ("orders", 42 * MS, &Lengths::Exact(vec![42 * MS]))
        );
        assert_eq!(rows(&table(By::Service, &all)), [("billing", "", 1, 0, 210, 210), ("shop", "", 1, 0, 130, 62)]);
        let by_tenant = table(By::Attribute("tenant".to_owned()), &all);
        assert_eq!(rows(&by_tenant), [("", "a", 1, 0, 88, 40), ("", "b", 1, 0, 20, 20)]);
        let failed = Filters { errors_only: true, ..Filters::default() };
        assert_eq!(rows(&table(By::Operation, &failed)), [("shop", "SELECT", 1, 1, 20, 20)]);
    }

    /// Only the topmost of those that stand in one row are calls, whatever lies between them; and of these the wanted.
    #[test]
    fn what_a_call_causes_in_the_same_row_is_no_call_again() {
        let nested = "
            web/GET / 0..100 server tenant=acme
              web/call 10..90 client
                stock/GET /items 20..80 server tenant=acme
                  stock/inner 30..40 tenant=other
                    stock/audit 31..32 tenant=acme
        ";
        let calls = |by, filters: &Filters| -> Vec<(String, u64)> {
            let table = of(nested, by, None, filters);
            table.rows.into_iter().map(|row| (row.service + &row.name, row.calls)).collect()
        };
        let tenant = || By::Attribute("tenant".to_owned());
        let all = Filters::default();
        let told = |rows: &[(&str, u64)]| rows.iter().map(|(n, calls)| ((*n).to_owned(), *calls)).collect::<Vec<_>>();
        assert_eq!(calls(tenant(), &all), told(&[("acme", 2), ("other", 1)]));
        assert_eq!(calls(By::Service, &all), told(&[("stock", 1), ("web", 1)]));
        let inner = Filters { operations: vec![Pattern::exact("inner")], ..Filters::default() };
        assert_eq!(calls(By::Service, &inner), told(&[("stock", 1)]));
    }

    /// A span counts where it ended; what it does before belongs to no other time.
    #[test]
    fn spans_count_in_the_window_in_which_they_ended() {
        let job = "shop/batch 0..3600 server\n  shop/tick 100..110\n  shop/tick 200..210\n  shop/tick 300..310";
        let at = |ms: i64| sketch::ORIGIN.plus(ms * MS);
        let window = Some(Window::new(at(110), at(310)));
        let all = Filters::default();
        let by_operation = of(job, By::Operation, window, &all);
        assert_eq!(rows(&by_operation), [("shop", "tick", 2, 0, 20, 20)]);
        assert_eq!(by_operation.critical_ns, 20 * MS);
        // Nothing entered the service in this time.
        assert_eq!(rows(&of(job, By::Service, window, &all)), [("shop", "", 0, 0, 20, 20)]);
    }

    #[test]
    fn each_message_of_a_batch_waited_by_itself() {
        let batch = "
            shop/p 0..1 producer topic=t
            shop/p 10..11 producer topic=t trace=2
            billing/c 21..30 consumer topic=t trace=3 link=1 link=2
            shop/q 0..1 producer
              billing/d 5..6 consumer
        ";
        let queues = of(batch, By::Operation, None, &Filters::default()).queues;
        let told: Vec<_> = queues.iter().map(|queue| (queue.topic.as_str(), &queue.lengths)).collect();
        let exact = |ms: &[i64]| Lengths::Exact(ms.iter().map(|ms| ms * MS).collect());
        assert_eq!(told, [("", &exact(&[4])), ("t", &exact(&[10, 20]))]);
    }

    /// What users wait for is all told: in rows, in queues, and where nothing was open.
    #[test]
    fn shares_of_all_rows_and_queues_and_gaps_are_the_whole() {
        let runs = demo_runs();
        let ends = runs.iter().flat_map(|run| &run.spans).map(Span::end);
        let (first, last) = (ends.clone().min().unwrap(), ends.max().unwrap());
        for part in 0..20 {
            let window = Window::new(first, first.plus(last.since(first) / 20 * part + 1));
            for (by, window) in [(By::Operation, Some(window)), (By::Service, Some(window)), (By::Service, None)] {
                let mut fold = Latencies::over(by, window);
                runs.iter().for_each(|run| fold.add(run, &Filters::default()));
                let table = fold.table();
                let rows: i64 = table.rows.iter().filter_map(|row| row.critical_ns).sum();
                let queues: i64 = table.queues.iter().map(|queue| queue.critical_ns).sum();
                assert_eq!(rows + queues + table.gap_ns, table.critical_ns, "{window:?}");
                assert!(table.critical_ns > 0 || part == 0);
            }
        }
    }

    /// In whatever order journeys come, the numbers are those of a plain count over all spans.
    #[test]
    fn percentiles_are_the_nearest_ranks_of_all_spans() {
        let journeys = demo_runs();
        let fold = |order: &mut dyn Iterator<Item = &Journey>| {
            let mut fold = Latencies::default();
            order.for_each(|journey| fold.add(journey, &Filters::default()));
            fold.table()
        };
        let table = fold(&mut journeys.iter());
        assert_eq!(table, fold(&mut journeys.iter().rev()));
        for row in &table.rows {
            let of_row = |span: &&Span| span.service() == row.service && span.name == row.name && span.has_sane_time();
            let spans: Vec<&Span> = journeys.iter().flat_map(|journey| &journey.spans).filter(of_row).collect();
            let mut lengths: Vec<i64> = spans.iter().map(|span| span.duration_ns).collect();
            lengths.sort_unstable();
            assert_eq!(row.calls, spans.len() as u64);
            assert_eq!(row.errors, spans.iter().filter(|span| span.is_error()).count() as u64);
            for percent in [1, 50, 90, 95, 99, 100] {
                let at_most = |ns: i64| lengths.iter().filter(|other| **other <= ns).count() * 100;
                let told = row.lengths.quantile(f64::from(percent) / 100.0).unwrap().value_ns;
                let enough = percent as usize * lengths.len();
                let below = lengths.iter().copied().filter(|other| *other < told).max();
                assert!(at_most(told) >= enough && below.is_none_or(|ns| at_most(ns) < enough), "p{percent} {row:?}");
            }
            assert_eq!(row.lengths.bars().iter().map(|(_, n)| n).sum::<f64>() as u64, row.calls);
        }
    }

    #[test]
    fn metrics_fill_the_same_rows_with_what_they_know() {
        let buckets = |n: f64| Histogram::of([(1e8, n / 2.0), (1e9, n), (f64::INFINITY, n)]);
        let measure = |service: &str, operation: &str, kind, calls: f64| Measure {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind: Some(kind),
            calls,
            errors: 1.0,
            lengths: buckets(calls),
        };
        let measures = vec![
            measure("a", "GET /x", SpanKind::Server, 10.0),
            measure("a", "SELECT", SpanKind::Client, 20.0),
            measure("a", "GET /y", SpanKind::Server, 30.0),
            measure("cron", "nightly", SpanKind::Internal, 5.0),
        ];
        let (source, metric) = (Source::Prometheus, "calls_total".to_owned());
        let told = Measured { source, metric, measures, edges: vec![] };
        let by_service = measured(&told, &By::Service, &Filters::default());
        let row = &by_service.rows[0];
        assert_eq!((by_service.rows.len(), row.calls, row.errors, row.self_ns), (2, 40, 2, None));
        // What nothing enters is told by all that it does, and that is said.
        assert_eq!((by_service.rows[1].calls, by_service.unentered), (5, vec!["cron".to_owned()]));
        assert_eq!(row.lengths.quantile(0.9).map(|e| (e.low_ns, e.high_ns)), Some((100 * MS, Some(1_000 * MS))));
        let names: Vec<_> =
            measured(&told, &By::Operation, &Filters::default()).rows.into_iter().map(|r| r.name).collect();
        assert_eq!(names, ["GET /y", "SELECT", "GET /x", "nightly"]);
    }
}
