//! `latency`: how long calls take, how much of that is self time, and what users wait for.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::stats::durations::Durations;
use crate::analysis::window::latency::{LatencyGrouping, LatencyRow, LatencyTable, QueueWait};
use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::basis::{Basis, CountedFrom};
use crate::model::measure::Estimate;
use crate::model::provenance::Provenance;
use crate::model::source::Source;
use crate::model::time::Human;
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::rows::Rows;
use crate::report::text::counted;
use crate::report::waterfall;
use crate::report::window_screen::{self, WindowScreen, duration, nothing, percent};
use crate::report::wording::see_more::SeeMore;

/// The quantiles in the table, with their titles.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];
/// The columns that are hidden if there is little room, in this order: p90, max, p99, self time.
const SPARE: [usize; 4] = [3, 6, 5, 7];
/// How many queues are shown.
const QUEUES: usize = 8;
/// The name of a queue whose topic is unknown.
const NO_TOPIC: &str = "(no topic)";
/// How many services one remark names.
const NAMED: usize = 6;

/// How long calls take.
#[derive(Clone, Debug)]
pub(crate) struct LatencyReport {
    table: LatencyTable,
    by: LatencyGrouping,
    /// What the numbers rest on.
    pub(crate) basis: Basis,
    names: ShortNames,
    top: usize,
    histograms: bool,
}

/// The same as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LatencyRecord<'a> {
    /// What the numbers rest on.
    basis: &'a Basis,
    /// What a row is: an `operation`, a `service`, or a value of `attribute:KEY`.
    by: String,
    /// The critical paths of all journeys together: without filters, what rows, queues and gaps add up to, except for
    /// spans without the attribute.
    critical_path_ns: i64,
    /// For how much of it nothing was open.
    gap_ns: i64,
    /// How much of the critical paths is after the answer to the request that began the journey.
    answered_ns: i64,
    /// Services without server or consumer spans in the metrics: all their spans count as calls.
    unentered_services: &'a [String],
    /// The largest share of critical paths first.
    rows: Vec<RowRecord<'a>>,
    /// Queue waits, the longest first.
    queues: Vec<QueueRecord<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct RowRecord<'a> {
    /// Empty if rows are values of an attribute.
    service: &'a str,
    /// The operation, or the attribute's value; empty for a whole service.
    name: &'a str,
    calls: u64,
    errors: u64,
    #[serde(flatten)]
    lengths: DurationsRecord,
    /// Their self time; null if only metrics are known.
    self_ns: Option<i64>,
    /// Their total time; an estimate if only metrics are known.
    total_ns: i64,
    /// Their time on critical paths; null if only metrics are known.
    critical_path_ns: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct QueueRecord<'a> {
    /// Empty if it is unknown.
    topic: &'a str,
    /// How many messages were consumed.
    count: usize,
    #[serde(flatten)]
    lengths: DurationsRecord,
    /// Its time on critical paths.
    critical_path_ns: i64,
}

#[derive(Serialize, JsonSchema)]
struct DurationsRecord {
    p50: Option<DurationRecord>,
    p90: Option<DurationRecord>,
    p95: Option<DurationRecord>,
    p99: Option<DurationRecord>,
    max: Option<DurationRecord>,
    /// Their distribution.
    histogram: Vec<BarRecord>,
}

/// A duration: exact if the bounds are the same.
#[derive(Serialize, JsonSchema)]
struct DurationRecord {
    value_ns: i64,
    low_ns: i64,
    /// Null if the bucket has no upper bound, or if the bounds are unknown.
    high_ns: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct BarRecord {
    /// Null if the bucket has no upper bound.
    upto_ns: Option<i64>,
    count: f64,
}

impl DurationsRecord {
    fn new(durations: &Durations) -> Self {
        let at = |share| durations.quantile(share).map(DurationRecord::from_estimate);
        let bar = |(bound, count): (f64, f64)| BarRecord { upto_ns: bound.is_finite().then_some(bound as i64), count };
        let histogram = durations.bars().into_iter().map(bar).collect();
        Self { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1.0), histogram }
    }
}

impl DurationRecord {
    fn from_estimate(estimate: Estimate) -> Self {
        Self { value_ns: estimate.value_ns, low_ns: estimate.low_ns, high_ns: estimate.high_ns }
    }
}

impl<'a> RowRecord<'a> {
    fn new(row: &'a LatencyRow) -> Self {
        Self {
            service: &row.service,
            name: &row.name,
            calls: row.calls,
            errors: row.errors,
            lengths: DurationsRecord::new(&row.lengths),
            self_ns: row.self_ns,
            total_ns: row.lengths.total_ns(),
            critical_path_ns: row.critical_ns,
        }
    }
}

impl<'a> QueueRecord<'a> {
    fn new(queue: &'a QueueWait) -> Self {
        let count = queue.lengths.count();
        let (lengths, critical_path_ns) = (DurationsRecord::new(&queue.lengths), queue.critical_ns);
        Self { topic: &queue.topic, count, lengths, critical_path_ns }
    }
}

impl LatencyReport {
    /// The report on this table, with this many rows on the screen.
    pub(crate) fn new(table: LatencyTable, by: LatencyGrouping, basis: Basis, top: usize) -> Self {
        let topics = table.rows.iter().filter_map(|row| row.message.as_ref()).map(|(_, topic)| topic.as_str());
        let queues = table.queues.iter().map(|queue| queue.topic.as_str()).filter(|topic| !topic.is_empty());
        let names = ShortNames::new(table.rows.iter().map(|row| row.service.as_str()));
        let names = names.and_topics(&topics.chain(queues).collect());
        Self { table, by, basis, names, top, histograms: false }
    }

    /// The same, with the distribution of each row below it.
    #[must_use]
    pub(crate) fn with_histograms(self) -> Self {
        Self { histograms: true, ..self }
    }

    /// What rows count, in the plural.
    fn counted_things(&self) -> String {
        match &self.by {
            LatencyGrouping::Attribute(key) => format!("spans that carry {key:?}"),
            _ => "calls".to_owned(),
        }
    }

    /// What shares are shares of. If most of the critical paths is after the answer, it is not known that users wait for it.
    fn total_name(&self) -> &'static str {
        let is_mostly_later = self.table.answered_ns > self.table.critical_ns / 2;
        if is_mostly_later { "the time until all is done" } else { "what users wait for" }
    }

    /// What users wait for most, an operation or a queue. If that is unknown: what takes most time in total, fails most, or is
    /// called most.
    fn answer(&self, first: &LatencyRow) -> Line {
        let share = |ns: i64| percent(ns as f64, self.table.critical_ns as f64);
        if let Some(queue) =
            self.table.queues.first().filter(|queue| queue.critical_ns > first.critical_ns.unwrap_or(0))
        {
            let longest = duration(queue.lengths.quantile(1.0));
            let text = format!(" is {} of {}, up to {longest} a message", share(queue.critical_ns), self.total_name());
            let topic = if queue.topic.is_empty() { NO_TOPIC } else { &queue.topic };
            return vec![
                piece(TextRole::Plain, "the queue "),
                piece(TextRole::Strong, topic),
                piece(TextRole::Plain, text),
            ];
        }
        let p95 = first.lengths.quantile(0.95);
        let p95 = p95.map_or(String::new(), |estimate| format!(", p95 {}", duration(Some(estimate))));
        let text = match first.critical_ns.filter(|_| self.table.critical_ns > 0) {
            Some(critical_ns) => format!("  is {} of {}{p95}", share(critical_ns), self.total_name()),
            None if first.lengths.total_ns() > 0 => format!("  takes most time in all{p95}"),
            None if first.errors > 0 => format!("  fails most: {} of {}", first.errors, counted_calls(first.calls)),
            None => format!("  is called most: {}", counted_calls(first.calls)),
        };
        let name: String = self.name(first).into_iter().map(|part| part.text).collect();
        vec![piece(TextRole::Strong, name), piece(TextRole::Plain, text)]
    }

    fn calls(&self) -> Table {
        let is_from_spans = self.basis.via == CountedFrom::Spans;
        let mut head: Vec<String> = vec!["calls".to_owned(), "errors".to_owned()];
        head.extend(QUANTILES.iter().map(|(name, _)| (*name).to_owned()));
        head.push("max".to_owned());
        if is_from_spans {
            head.extend(["own", "of wait"].map(str::to_owned));
        }
        let numbers = head.len();
        head.push(match &self.by {
            LatencyGrouping::Service => "service".to_owned(),
            LatencyGrouping::Operation => "service  operation".to_owned(),
            LatencyGrouping::Attribute(key) => key.clone(),
        });
        let row = |row: &LatencyRow| {
            let errors = match row.errors {
                0 => plain("0"),
                _ => styled(TextRole::Error, format!("✗ {}", percent(row.errors as f64, row.calls as f64))),
            };
            let mut cells = vec![plain(row.calls.to_string()), errors];
            cells.extend(QUANTILES.iter().map(|(_, share)| plain(duration(row.lengths.quantile(*share)))));
            cells.push(plain(duration(row.lengths.quantile(1.0))));
            if is_from_spans {
                let calls = i64::try_from(row.calls).unwrap_or(i64::MAX);
                let self_time = row.self_ns.and_then(|ns| ns.checked_div(calls));
                let self_time = self_time.map_or("–".to_owned(), |ns| Human(ns).to_string());
                let share = row.critical_ns.map(|ns| percent(ns as f64, self.table.critical_ns as f64));
                cells.extend([plain(self_time), styled(TextRole::Critical, share.unwrap_or_else(|| "–".to_owned()))]);
            }
            cells.push(self.name(row));
            TableRow { cells, below: if self.histograms { histogram(&row.lengths) } else { vec![] } }
        };
        let spare = SPARE.into_iter().filter(|nth| *nth < numbers).collect();
        Table { head, rows: self.table.rows.iter().take(self.top).map(row).collect(), numbers, spare }
    }

    fn queues(&self) -> Table {
        let head = ["messages", "p50", "p95", "max", "of wait", "queue"].map(str::to_owned).to_vec();
        let row = |queue: &QueueWait| {
            let at = |share| plain(duration(queue.lengths.quantile(share)));
            let share = percent(queue.critical_ns as f64, self.table.critical_ns as f64);
            let count = plain(queue.lengths.count().to_string());
            let topic = if queue.topic.is_empty() { NO_TOPIC.to_owned() } else { self.names.topic(&queue.topic) };
            let cells = vec![count, at(0.5), at(0.95), at(1.0), styled(TextRole::Critical, share), plain(topic)];
            TableRow::new(cells)
        };
        Table { head, rows: self.table.queues.iter().take(QUEUES).map(row).collect(), numbers: 5, spare: vec![] }
    }

    /// `content  GET /content`, `billing  ⇠ orders.v1`.
    fn name(&self, row: &LatencyRow) -> Line {
        let name = match (&self.by, &row.message) {
            (LatencyGrouping::Operation, Some((role, topic))) => {
                let mut line = waterfall::message(*role, Some(topic), &row.name, &self.names);
                let alike = |other: &&LatencyRow| other.service == row.service && other.message == row.message;
                if line.len() < 3 && self.table.rows.iter().filter(alike).count() > 1 {
                    line.push(piece(TextRole::Dim, format!("  {}", row.name)));
                }
                line
            }
            _ => plain(row.name.clone()),
        };
        let mut line = vec![];
        if !matches!(self.by, LatencyGrouping::Attribute(_)) {
            let gap = if row.name.is_empty() { "" } else { "  " };
            line.push(piece(TextRole::Plain, format!("{}{gap}", self.names.get(&row.service))));
        }
        line.extend(name);
        line
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![];
        let (rows, queues) = (self.table.rows.len(), self.table.queues.len());
        facts.extend(hidden(rows.saturating_sub(self.top), "more row", SeeMore::Top(rows)));
        facts.extend(hidden(queues.saturating_sub(QUEUES), "more queue", SeeMore::Json));
        match self.basis.via {
            CountedFrom::Metrics => self.add_facts_about_metrics(&mut facts),
            CountedFrom::Spans => self.add_facts_about_spans(&mut facts),
        }
        facts
    }

    fn has_durations(&self) -> bool {
        self.table.rows.iter().any(|row| row.lengths.count() > 0)
    }

    fn add_facts_about_spans(&self, facts: &mut Vec<Fact>) {
        let columns = "own: mean time of a call without what it called; of wait: share of all journeys' critical path";
        facts.push(fact("columns", plain(columns)));
        if !self.names.topic_prefix().is_empty() {
            facts.push(fact("topics", plain(format!("all begin with {}", self.names.topic_prefix()))));
        }
        let share = |ns: i64| percent(ns as f64, self.table.critical_ns as f64);
        if self.table.gap_ns > 0 {
            let gaps = format!("{} of {}: nothing was open then", share(self.table.gap_ns), self.total_name());
            facts.push(fact("gaps", plain(gaps)));
        }
        if self.table.answered_ns > 0 {
            let share = share(self.table.answered_ns);
            let text = "of that time is after the answer to the request that began it: who waits for the answer alone waits less";
            facts.push(fact("answers", plain(format!("{share} {text}"))));
        }
        if self.by == LatencyGrouping::Service {
            let calls = "what enters a service from elsewhere; what it does inside is its own time";
            facts.push(fact("calls", plain(calls)));
        }
    }

    fn add_facts_about_metrics(&self, facts: &mut Vec<Fact>) {
        let (what, how) = match self.basis.backend {
            _ if !self.has_durations() => {
                ("no lengths: no histogram is with these metrics", SeeMore::DurationsFromSpans)
            }
            Some(Source::Jaeger) => (
                "lengths are what jaeger estimates from its metrics, in milliseconds as its page shows them",
                SeeMore::ExactFromSpans,
            ),
            _ => ("lengths are estimates: each lies between two bounds of a histogram", SeeMore::ExactFromSpans),
        };
        facts.push(fact("exact", plain(format!("{what}; {how}"))));
        let unknown = "own time, queues, what users wait for: metrics tell none of it";
        facts.push(fact("not told", plain(format!("{unknown}; {}", SeeMore::CriticalPathsFromSpans))));
        let unentered = &self.table.unentered;
        if !unentered.is_empty() {
            let named: Vec<&str> = unentered.iter().take(NAMED).map(|name| self.names.get(name)).collect();
            let more = unentered.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {}", counted(more, "more service")) } else { String::new() };
            let calls = format!("of {}{more} all spans: none is of a kind that enters a service", named.join(", "));
            facts.push(fact("calls", plain(calls)));
        }
    }

    fn next(&self, first: &LatencyRow) -> Vec<Invocation> {
        let latency = Invocation::new(CommandName::Latency).about(About::Question);
        let latency = match &self.by {
            LatencyGrouping::Attribute(_) => latency.with(Argument::ByOperation),
            _ if first.service.is_empty() => latency,
            _ => latency.with(Argument::Service(first.service.clone())),
        };
        if self.by != LatencyGrouping::Operation {
            return vec![latency];
        }
        let latency = latency.with(Argument::Operation(first.name.clone())).with(Argument::Histogram);
        // Neither Jaeger's estimates nor a counter say how durations are distributed.
        let has_histogram = self.basis.backend != Some(Source::Jaeger) && self.has_durations();
        vec![if has_histogram { latency } else { latency.with(Argument::FromSpans) }]
    }
}

impl ReportBody for LatencyReport {
    const NAME: &'static str = "latency";
    type Record<'a> = LatencyRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> LatencyRecord<'a> {
        LatencyRecord {
            basis: &self.basis,
            by: match &self.by {
                LatencyGrouping::Operation => "operation".to_owned(),
                LatencyGrouping::Service => "service".to_owned(),
                LatencyGrouping::Attribute(key) => format!("attribute:{key}"),
            },
            critical_path_ns: self.table.critical_ns,
            gap_ns: self.table.gap_ns,
            answered_ns: self.table.answered_ns,
            unentered_services: &self.table.unentered,
            rows: self.table.rows.iter().map(RowRecord::new).collect(),
            queues: self.table.queues.iter().map(QueueRecord::new).collect(),
        }
    }

    fn rows(&self) -> Option<Rows> {
        let bounds =
            |estimate: Option<Estimate>| [json!(estimate.map(|e| e.low_ns)), json!(estimate.and_then(|e| e.high_ns))];
        let row = |row: &LatencyRow| {
            let estimates = [0.5, 0.9, 0.95, 0.99, 1.0].map(|share| row.lengths.quantile(share));
            let [p50, p90, p95, p99, max] = estimates.map(|estimate| json!(estimate.map(|e| e.value_ns)));
            let mut cells = vec![
                json!(row.service),
                json!(row.name),
                json!(row.calls),
                json!(row.errors),
                p50,
                p90,
                p95,
                p99,
                max,
                json!(row.self_ns),
                json!(row.lengths.total_ns()),
                json!(row.critical_ns),
            ];
            cells.extend(estimates.into_iter().flat_map(bounds));
            cells
        };
        Some(Rows {
            kind: "latency",
            columns: &[
                "service",
                "name",
                "calls",
                "errors",
                "p50_ns",
                "p90_ns",
                "p95_ns",
                "p99_ns",
                "max_ns",
                "self_ns",
                "total_ns",
                "critical_path_ns",
                "p50_low_ns",
                "p50_high_ns",
                "p90_low_ns",
                "p90_high_ns",
                "p95_low_ns",
                "p95_high_ns",
                "p99_low_ns",
                "p99_high_ns",
                "max_low_ns",
                "max_high_ns",
            ],
            rows: self.table.rows.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let Some(first) = self.table.rows.first() else { return nothing(frame, &self.basis, &self.counted_things()) };
        let mut body = vec![Block::Table(self.calls())];
        if !self.table.queues.is_empty() {
            body.extend([Block::Blank, Block::Table(self.queues())]);
        }
        let screen = WindowScreen { answer: self.answer(first), body, facts: self.facts(), next: self.next(first) };
        window_screen::blocks(frame, &self.basis, screen)
    }
}

fn counted_calls(calls: u64) -> String {
    counted(usize::try_from(calls).unwrap_or(usize::MAX), "call")
}

/// A bar for each bucket, from short to long.
fn histogram(durations: &Durations) -> Vec<Block> {
    let bars = durations.bars();
    let most = bars.iter().map(|(_, count)| *count).fold(0.0, f64::max);
    if most <= 0.0 {
        return vec![];
    }
    let row = |(bound, count): &(f64, f64)| {
        let upto = if bound.is_finite() { format!("≤ {}", Human(*bound as i64)) } else { "more".to_owned() };
        let bar = "█".repeat(((count / most) * 30.0).ceil() as usize);
        TableRow::new(vec![plain(upto), plain(format!("{count:.0}")), styled(TextRole::Dim, bar)])
    };
    vec![Block::Table(Table { head: vec![], rows: bars.iter().map(row).collect(), numbers: 2, spare: vec![] })]
}
