//! How long calls take, what of it is their own, and what users wait for: a fold over journeys.

use std::collections::BTreeMap;

use crate::analysis::adjust::{Clocks, asynchronous_cause};
use crate::analysis::critical_path::{self, Spent};
use crate::model::filter::Filters;
use crate::model::journey::{Journey, Via};
use crate::model::measure::{Estimate, Histogram, Measured};
use crate::model::span::{Span, SpanKind};

/// By what calls are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By service: what enters it from elsewhere is a call.
    Service,
    /// By service and operation: every span is a call.
    #[default]
    Operation,
    /// By the value of an attribute of the span or its resource: the topmost spans that carry it are calls.
    Attribute(String),
}

/// Lengths, as exactly as they are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Lengths {
    /// Each of them in nanoseconds, by size.
    Exact(Vec<i64>),
    /// How many lie between bounds.
    Measured(Histogram),
}

impl Default for Lengths {
    fn default() -> Self {
        Self::Exact(vec![])
    }
}

impl Lengths {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Exact(sorted) => sorted.len(),
            Self::Measured(histogram) => histogram.count().round() as usize,
        }
    }

    /// How long the given share of them takes at most: the nearest rank where each is known.
    pub fn quantile(&self, share: f64) -> Option<Estimate> {
        match self {
            Self::Exact(sorted) => {
                let rank = ((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len().max(1));
                let ns = *sorted.get(rank - 1)?;
                Some(Estimate { low_ns: ns, high_ns: Some(ns), value_ns: ns })
            }
            Self::Measured(histogram) => histogram.quantile(share),
        }
    }

    /// Upper bounds in nanoseconds, each with how many are at most so long and longer than the bound before. Where each
    /// is known the bounds are those of a fine scale: 1, 2, 5, 10, …
    pub fn bars(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Measured(histogram) if histogram.is_told() => vec![],
            Self::Measured(histogram) => histogram.bars().collect(),
            Self::Exact(sorted) => {
                let mut bars: BTreeMap<i64, f64> = BTreeMap::new();
                for ns in sorted {
                    *bars.entry(nice_bound(*ns)).or_default() += 1.0;
                }
                let (first, last) = (bars.keys().next().copied(), bars.keys().next_back().copied());
                let within = |bound: &i64| Some(*bound) >= first && Some(*bound) <= last;
                nice_bounds().filter(within).map(|b| (b as f64, bars.get(&b).copied().unwrap_or_default())).collect()
            }
        }
    }

    /// All of them together; an estimate where they are only known between bounds.
    pub fn total_ns(&self) -> i64 {
        match self {
            Self::Exact(sorted) => sorted.iter().fold(0, |sum, ns| sum.saturating_add(*ns)),
            Self::Measured(histogram) => {
                let mut low = 0.0;
                let mut sum = 0.0;
                for (high, count) in histogram.bars() {
                    sum += count * if high.is_finite() { f64::midpoint(low, high) } else { low };
                    low = if high.is_finite() { high } else { low };
                }
                sum as i64
            }
        }
    }
}

/// 1, 2, 5, 10, … microseconds to a year.
fn nice_bounds() -> impl Iterator<Item = i64> {
    let decades =
        std::iter::successors(Some(1_000_i64), |decade| decade.checked_mul(10)).take_while(|d| *d < i64::MAX / 10);
    decades.flat_map(|decade| [decade, 2 * decade, 5 * decade])
}

fn nice_bound(ns: i64) -> i64 {
    nice_bounds().find(|bound| ns <= *bound).unwrap_or(i64::MAX)
}

/// What calls of one kind took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The service; empty where calls are told apart by an attribute.
    pub service: String,
    /// The operation, or the attribute's value; empty for a whole service.
    pub name: String,
    /// How many.
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
    /// The topic.
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
    /// How long all journeys lasted together, along their critical paths.
    pub critical_ns: i64,
}

type Key = (String, String);

#[derive(Default)]
struct Calls {
    lengths: Vec<i64>,
    errors: u64,
    own_ns: i64,
    critical_ns: i64,
}

/// Journeys, as far as they were added.
#[derive(Default)]
pub struct Latencies {
    by: By,
    calls: BTreeMap<Key, Calls>,
    queues: BTreeMap<String, (Vec<i64>, i64)>,
    critical_ns: i64,
}

impl Latencies {
    /// None yet.
    pub fn by(by: By) -> Self {
        Self { by, ..Self::default() }
    }

    /// Adds a journey: of its spans those that are wanted.
    pub fn add(&mut self, journey: &Journey, filters: &Filters) {
        let clocks = Clocks::measured(journey);
        let counts = |index: usize| {
            journey.judged.get(index) != Some(&false)
                && journey.spans[index].has_sane_time()
                && filters.wants_span(&journey.spans[index])
        };
        for index in (0..journey.spans.len()).filter(|index| counts(*index)) {
            let span = &journey.spans[index];
            if let Some(key) = self.called(journey, index) {
                let calls = self.calls.entry(key).or_default();
                calls.lengths.push(span.duration_ns.max(0));
                calls.errors += u64::from(span.is_error());
            }
            if let Some(key) = self.place(span) {
                let own = own_ns(journey, index, &clocks);
                let calls = self.calls.entry(key).or_default();
                calls.own_ns = calls.own_ns.saturating_add(own);
            }
            if let Some((topic, waited)) = queued(journey, index, &clocks) {
                self.queues.entry(topic.to_owned()).or_default().0.push(waited);
            }
        }
        let path = critical_path::of(journey);
        for segment in &path.segments {
            let (span, length) = (&journey.spans[segment.span], segment.window.length());
            self.critical_ns = self.critical_ns.saturating_add(length);
            if !counts(segment.span) {
                continue;
            }
            match segment.spent {
                Spent::Work => {
                    if let Some(key) = self.place(span) {
                        let calls = self.calls.entry(key).or_default();
                        calls.critical_ns = calls.critical_ns.saturating_add(length);
                    }
                }
                Spent::Wait => {
                    if let Some((topic, _)) = queued(journey, segment.span, &clocks) {
                        let queue = self.queues.entry(topic.to_owned()).or_default();
                        queue.1 = queue.1.saturating_add(length);
                    }
                }
                Spent::Gap => {}
            }
        }
    }

    /// Under which row the span's own time counts.
    fn place(&self, span: &Span) -> Option<Key> {
        match &self.by {
            By::Service => Some((span.service().to_owned(), String::new())),
            By::Operation => Some((span.service().to_owned(), span.name.clone())),
            By::Attribute(key) => value(span, key).map(|value| (String::new(), value)),
        }
    }

    /// Under which row the span counts as a call, if it is one.
    fn called(&self, journey: &Journey, index: usize) -> Option<Key> {
        let span = &journey.spans[index];
        let above = journey.forest.cause[index].map(|(cause, _)| &journey.spans[cause]);
        let enters = match &self.by {
            By::Operation => true,
            By::Service => above.is_none_or(|above| above.service() != span.service()),
            By::Attribute(key) => above.is_none_or(|above| value(above, key) != value(span, key)),
        };
        self.place(span).filter(|_| enters)
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
        let mut rows: Vec<Row> = self.calls.into_iter().map(row).filter(|row| row.calls > 0).collect();
        rows.sort_by_cached_key(order);
        let mut queues: Vec<QueueWait> = self.queues.into_iter().map(queue).collect();
        let longest = |queue: &QueueWait| queue.lengths.quantile(1.0).map_or(0, |most| most.value_ns);
        queues.sort_by_cached_key(|queue| (-queue.critical_ns, -longest(queue), queue.topic.clone()));
        Table { rows, queues, critical_ns: self.critical_ns }
    }
}

fn order(row: &Row) -> (i64, i64, String, String) {
    let waited = row.critical_ns.unwrap_or_default();
    (-waited, -row.lengths.total_ns(), row.service.clone(), row.name.clone())
}

/// The same from metrics: by service, those of kinds that enter it, where the metrics tell kinds.
pub fn measured(measured: &Measured, by: &By, filters: &Filters) -> Table {
    let wanted = measured.measures.iter().filter(|measure| {
        filters.wants_operation(&measure.service, &measure.operation)
            && (*by != By::Service
                || measure.kind.is_none_or(|kind| matches!(kind, SpanKind::Server | SpanKind::Consumer)))
    });
    let mut sums: BTreeMap<Key, (f64, f64, Histogram)> = BTreeMap::new();
    for measure in wanted {
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
        self_ns: None,
        critical_ns: None,
    };
    let mut rows: Vec<Row> = sums.into_iter().map(row).collect();
    rows.sort_by_cached_key(order);
    Table { rows, ..Table::default() }
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

/// The topic through which the span was set off, and how long the message lay there.
fn queued<'a>(journey: &'a Journey, index: usize, clocks: &Clocks) -> Option<(&'a str, i64)> {
    let (cause, _) = asynchronous_cause(journey, index)?;
    let (sent, taken) = (&journey.spans[cause], &journey.spans[index]);
    let topic = taken.topic().or_else(|| sent.topic())?;
    Some((topic, clocks.start(taken).since(clocks.end(sent)).max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sketch;
    use crate::demo::{NOW, scenarios};
    use crate::model::conventions::CORRELATION_KEYS;
    use crate::model::evidence::Evidence;
    use crate::model::evidence::Source;
    use crate::model::measure::Measure;
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

    fn table(by: By, filters: &Filters) -> Table {
        let mut fold = Latencies::by(by);
        fold.add(&sketch::journey(ORDER), filters);
        fold.table()
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

    /// In whatever order journeys come, the numbers are those of a plain count over all spans.
    #[test]
    fn percentiles_are_the_nearest_ranks_of_all_spans() {
        let mut all = Evidence::default();
        for (seed, scenario) in scenarios().into_iter().enumerate() {
            all.spans.extend(scenario.run(NOW, seed as u64).spans);
        }
        let keys = CORRELATION_KEYS.map(str::to_owned);
        let journeys: Vec<Journey> = whole(all, &keys).collect();
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
        ];
        let (source, metric) = (Source::Prometheus, "calls_total".to_owned());
        let told = Measured { source, metric, measures, edges: vec![] };
        let by_service = measured(&told, &By::Service, &Filters::default());
        let row = &by_service.rows[0];
        assert_eq!((by_service.rows.len(), row.calls, row.errors, row.self_ns), (1, 40, 2, None));
        assert_eq!(row.lengths.quantile(0.9).map(|e| (e.low_ns, e.high_ns)), Some((100 * MS, Some(1_000 * MS))));
        let names: Vec<_> =
            measured(&told, &By::Operation, &Filters::default()).rows.into_iter().map(|r| r.name).collect();
        assert_eq!(names, ["GET /y", "SELECT", "GET /x"]);
    }
}
