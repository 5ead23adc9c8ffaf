//! `latency`: how long calls take, what of it is their own, and what users wait for.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::stats::durations::Durations;
use crate::analysis::window::latency::{LatencyGrouping, LatencyRow, LatencyTable, QueueWait};
use crate::model::basis::{Basis, CountedFrom};
use crate::model::evidence::Source;
use crate::model::measure::Estimate;
use crate::model::provenance::Provenance;
use crate::model::time::Human;
use crate::report::block::{Block, Fact, Line, Role, Table as Grid, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::waterfall;
use crate::report::window::{WindowScreen, length, nothing, percent, screen};
use crate::report::words::counted;

/// The shares that are told of lengths, with their names.
const SHARES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];
/// Columns that go first where there is little room: p90, the longest, p99, own time.
const SPARE: [usize; 4] = [3, 6, 5, 7];
/// How many queues are shown.
const QUEUES: usize = 8;
/// What a queue is called that nobody names.
const UNTOLD: &str = "(no topic)";
/// How many services are named in one remark.
const NAMED: usize = 6;

/// How long calls take.
#[derive(Clone, Debug)]
pub struct LatencyReport {
    table: LatencyTable,
    by: LatencyGrouping,
    /// What the numbers rest on.
    pub basis: Basis,
    names: ShortNames,
    top: usize,
    histogram: bool,
}

/// The same as JSON.
#[derive(Serialize, JsonSchema)]
pub struct LatencyRecord<'a> {
    /// What the numbers rest on.
    basis: &'a Basis,
    /// By what calls are told apart: `operation`, `service`, or `attribute:KEY`.
    by: String,
    /// How long all journeys lasted together, along their critical paths: where all is wanted, what rows, queues and
    /// gaps add up to, but for spans without the attribute.
    critical_path_ns: i64,
    /// For how much of it nothing was open.
    gap_ns: i64,
    /// How much of the critical paths came after the request that began the journey was answered.
    answered_ns: i64,
    /// Services without server or consumer spans in the metrics: all their spans count as calls.
    unentered_services: &'a [String],
    /// What users wait for most first.
    rows: Vec<RowRecord<'a>>,
    /// How long messages lay in their queues, the longest wait first.
    queues: Vec<QueueRecord<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct RowRecord<'a> {
    /// Empty where calls are told apart by an attribute.
    service: &'a str,
    /// The operation, or the attribute's value; empty for a whole service.
    name: &'a str,
    calls: u64,
    errors: u64,
    #[serde(flatten)]
    lengths: LengthsRecord,
    /// How long they worked themselves; null where only metrics are known.
    self_ns: Option<i64>,
    /// How long they took in all; an estimate where only metrics are known.
    total_ns: i64,
    /// How long journeys lasted because of them; null where only metrics are known.
    critical_path_ns: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct QueueRecord<'a> {
    /// Empty where none is told.
    topic: &'a str,
    /// How many messages were taken.
    count: usize,
    #[serde(flatten)]
    lengths: LengthsRecord,
    /// How long journeys lasted because of it.
    critical_path_ns: i64,
}

#[derive(Serialize, JsonSchema)]
struct LengthsRecord {
    p50: Option<LengthRecord>,
    p90: Option<LengthRecord>,
    p95: Option<LengthRecord>,
    p99: Option<LengthRecord>,
    max: Option<LengthRecord>,
    /// How they are spread.
    histogram: Vec<BarRecord>,
}

/// A length: exact where the bounds are the same.
#[derive(Serialize, JsonSchema)]
struct LengthRecord {
    value_ns: i64,
    low_ns: i64,
    /// Null where the bucket has no upper bound, or where nobody told the bounds.
    high_ns: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct BarRecord {
    /// Null where the bucket has no upper bound.
    upto_ns: Option<i64>,
    count: f64,
}

impl LengthsRecord {
    fn new(lengths: &Durations) -> Self {
        let at = |share| lengths.quantile(share).map(LengthRecord::from_estimate);
        let bar = |(bound, count): (f64, f64)| BarRecord { upto_ns: bound.is_finite().then_some(bound as i64), count };
        let histogram = lengths.bars().into_iter().map(bar).collect();
        Self { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1.0), histogram }
    }
}

impl LengthRecord {
    fn from_estimate(told: Estimate) -> Self {
        Self { value_ns: told.value_ns, low_ns: told.low_ns, high_ns: told.high_ns }
    }
}

impl<'a> RowRecord<'a> {
    fn new(row: &'a LatencyRow) -> Self {
        Self {
            service: &row.service,
            name: &row.name,
            calls: row.calls,
            errors: row.errors,
            lengths: LengthsRecord::new(&row.lengths),
            self_ns: row.self_ns,
            total_ns: row.lengths.total_ns(),
            critical_path_ns: row.critical_ns,
        }
    }
}

impl<'a> QueueRecord<'a> {
    fn new(queue: &'a QueueWait) -> Self {
        let count = queue.lengths.count();
        let (lengths, critical_path_ns) = (LengthsRecord::new(&queue.lengths), queue.critical_ns);
        Self { topic: &queue.topic, count, lengths, critical_path_ns }
    }
}

impl LatencyReport {
    /// Of these numbers; so many rows on the screen, maybe with how each is spread.
    pub fn new(table: LatencyTable, by: LatencyGrouping, basis: Basis, top: usize, histogram: bool) -> Self {
        let services: BTreeSet<&str> = table.rows.iter().map(|row| row.service.as_str()).collect();
        let topics = table.rows.iter().filter_map(|row| row.message.as_ref()).map(|(_, topic)| topic.as_str());
        let queues = table.queues.iter().map(|queue| queue.topic.as_str()).filter(|topic| !topic.is_empty());
        let names =
            ShortNames::new(&services.into_iter().collect::<Vec<_>>()).and_topics(&topics.chain(queues).collect());
        Self { table, by, basis, names, top, histogram }
    }

    fn wanted(&self) -> String {
        match &self.by {
            LatencyGrouping::Attribute(key) => format!("spans that carry {key:?}"),
            _ => "calls".to_owned(),
        }
    }

    /// What a share is of: most of what comes after the answer is nothing that anybody is known to wait for.
    fn whole(&self) -> &'static str {
        let is_mostly_later = self.table.answered_ns > self.table.critical_ns / 2;
        if is_mostly_later { "the time until all is done" } else { "what users wait for" }
    }

    /// What users wait for most, work or a queue; where that is not known, what takes longest in all, or fails or is
    /// called most.
    fn answer(&self, first: &LatencyRow) -> Line {
        let share = |ns: i64| percent(ns as f64, self.table.critical_ns as f64);
        if let Some(queue) =
            self.table.queues.first().filter(|queue| queue.critical_ns > first.critical_ns.unwrap_or(0))
        {
            let most = length(queue.lengths.quantile(1.0));
            let said = format!(" is {} of {}, up to {most} a message", share(queue.critical_ns), self.whole());
            let topic = if queue.topic.is_empty() { UNTOLD } else { &queue.topic };
            return vec![piece(Role::Plain, "the queue "), piece(Role::Strong, topic), piece(Role::Plain, said)];
        }
        let p95 = first.lengths.quantile(0.95);
        let p95 = p95.map_or(String::new(), |told| format!(", p95 {}", length(Some(told))));
        let said = match first.critical_ns.filter(|_| self.table.critical_ns > 0) {
            Some(waited) => format!("  is {} of {}{p95}", share(waited), self.whole()),
            None if first.lengths.total_ns() > 0 => format!("  takes most time in all{p95}"),
            None if first.errors > 0 => format!("  fails most: {} of {}", first.errors, counted_calls(first.calls)),
            None => format!("  is called most: {}", counted_calls(first.calls)),
        };
        let name: String = self.name(first).into_iter().map(|part| part.text).collect();
        vec![piece(Role::Strong, name), piece(Role::Plain, said)]
    }

    fn calls(&self) -> Grid {
        let exact = self.basis.via == CountedFrom::Spans;
        let mut head: Vec<String> = vec!["calls".to_owned(), "errors".to_owned()];
        head.extend(SHARES.iter().map(|(name, _)| (*name).to_owned()));
        head.push("max".to_owned());
        if exact {
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
                _ => one(Role::Error, format!("✗ {}", percent(row.errors as f64, row.calls as f64))),
            };
            let mut cells = vec![plain(row.calls.to_string()), errors];
            cells.extend(SHARES.iter().map(|(_, share)| plain(length(row.lengths.quantile(*share)))));
            cells.push(plain(length(row.lengths.quantile(1.0))));
            if exact {
                let calls = i64::try_from(row.calls).unwrap_or(i64::MAX);
                let own = row.self_ns.and_then(|own| own.checked_div(calls));
                let own = own.map_or("–".to_owned(), |own| Human(own).to_string());
                let waited =
                    row.critical_ns.map_or("–".to_owned(), |ns| percent(ns as f64, self.table.critical_ns as f64));
                cells.extend([plain(own), one(Role::Critical, waited)]);
            }
            cells.push(self.name(row));
            TableRow { cells, below: if self.histogram { histogram(&row.lengths) } else { vec![] } }
        };
        let spare = SPARE.into_iter().filter(|nth| *nth < numbers).collect();
        Grid { head, rows: self.table.rows.iter().take(self.top).map(row).collect(), numbers, spare }
    }

    fn queues(&self) -> Grid {
        let head = ["messages", "p50", "p95", "max", "of wait", "queue"].map(str::to_owned).to_vec();
        let row = |queue: &QueueWait| {
            let at = |share| plain(length(queue.lengths.quantile(share)));
            let waited = percent(queue.critical_ns as f64, self.table.critical_ns as f64);
            let count = plain(queue.lengths.count().to_string());
            let topic = if queue.topic.is_empty() { UNTOLD.to_owned() } else { self.names.topic(&queue.topic) };
            let cells = vec![count, at(0.5), at(0.95), at(1.0), one(Role::Critical, waited), plain(topic)];
            TableRow { cells, below: vec![] }
        };
        Grid { head, rows: self.table.queues.iter().take(QUEUES).map(row).collect(), numbers: 5, spare: vec![] }
    }

    /// `content  GET /content`, `billing  ⇠ orders.v1`.
    fn name(&self, row: &LatencyRow) -> Line {
        let name = match (&self.by, &row.message) {
            (LatencyGrouping::Operation, Some((role, topic))) => {
                let mut line = waterfall::message(*role, Some(topic), &row.name, &self.names);
                let alike = |other: &&LatencyRow| other.service == row.service && other.message == row.message;
                if line.len() < 3 && self.table.rows.iter().filter(alike).count() > 1 {
                    line.push(piece(Role::Dim, format!("  {}", row.name)));
                }
                line
            }
            _ => plain(row.name.clone()),
        };
        let mut line = vec![];
        if !matches!(self.by, LatencyGrouping::Attribute(_)) {
            let gap = if row.name.is_empty() { "" } else { "  " };
            line.push(piece(Role::Plain, format!("{}{gap}", self.names.get(&row.service))));
        }
        line.extend(name);
        line
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![];
        let (rows, queues) = (self.table.rows.len(), self.table.queues.len());
        let all = format!("--top {rows} shows all");
        facts.extend(parts::unshown(rows.saturating_sub(self.top), "more row", &all));
        facts.extend(parts::unshown(queues.saturating_sub(QUEUES), "more queue", "-o json has all"));
        if self.basis.via == CountedFrom::Metrics {
            self.of_metrics(&mut facts);
        } else {
            self.of_spans(&mut facts);
        }
        facts
    }

    fn has_lengths(&self) -> bool {
        self.table.rows.iter().any(|row| row.lengths.count() > 0)
    }

    fn of_spans(&self, facts: &mut Vec<Fact>) {
        let said = "own: mean time of a call without what it called; of wait: share of all journeys' critical path";
        facts.push(fact("columns", plain(said)));
        if !self.names.topic_prefix().is_empty() {
            facts.push(fact("topics", plain(format!("all begin with {}", self.names.topic_prefix()))));
        }
        if self.table.gap_ns > 0 {
            let share = percent(self.table.gap_ns as f64, self.table.critical_ns as f64);
            facts.push(fact("gaps", plain(format!("{share} of {}: nothing was open then", self.whole()))));
        }
        if self.table.answered_ns > 0 {
            let share = percent(self.table.answered_ns as f64, self.table.critical_ns as f64);
            let said = "of that time is after the answer to the request that began it: who waits for the answer alone waits less";
            facts.push(fact("answers", plain(format!("{share} {said}"))));
        }
        if self.by == LatencyGrouping::Service {
            let said = "what enters a service from elsewhere; what it does inside is its own time";
            facts.push(fact("calls", plain(said)));
        }
    }

    fn of_metrics(&self, facts: &mut Vec<Fact>) {
        let said = match self.basis.backend {
            _ if !self.has_lengths() => "no lengths: no histogram is with these metrics; --via spans has them",
            Some(Source::Jaeger) => {
                "lengths are what jaeger estimates from its metrics, in milliseconds as its page shows them; --via spans \
                 is exact"
            }
            _ => "lengths are estimates: each lies between two bounds of a histogram; --via spans is exact",
        };
        facts.push(fact("exact", plain(said)));
        let said = "own time, queues, what users wait for: metrics tell none of it; --via spans does";
        facts.push(fact("not told", plain(said)));
        let unentered = &self.table.unentered;
        if !unentered.is_empty() {
            let named: Vec<&str> = unentered.iter().take(NAMED).map(|name| self.names.get(name)).collect();
            let more = unentered.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {}", counted(more, "more service")) } else { String::new() };
            let said = format!("of {}{more} all spans: none is of a kind that enters a service", named.join(", "));
            facts.push(fact("calls", plain(said)));
        }
    }

    fn next(&self, first: &LatencyRow, frame: &Frame) -> Vec<String> {
        // How lengths are spread, the estimates of somebody else do not tell, nor does a counter.
        let is_told = self.basis.backend != Some(Source::Jaeger) && self.has_lengths();
        let spans = if is_told { "" } else { " --via spans" };
        match &self.by {
            LatencyGrouping::Service => vec![frame.beside_of("trace latency", &first.service, None)],
            LatencyGrouping::Operation => {
                let words = format!("trace latency --histogram{spans}");
                vec![frame.beside_of(&words, &first.service, Some(&first.name))]
            }
            LatencyGrouping::Attribute(_) => vec![frame.beside("trace latency --by operation")],
        }
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
            |told: Option<Estimate>| [json!(told.map(|told| told.low_ns)), json!(told.and_then(|told| told.high_ns))];
        let row = |row: &LatencyRow| {
            let told = [0.5, 0.9, 0.95, 0.99, 1.0].map(|share| row.lengths.quantile(share));
            let [p50, p90, p95, p99, max] = told.map(|told| json!(told.map(|told| told.value_ns)));
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
            cells.extend(told.into_iter().flat_map(bounds));
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
        let Some(first) = self.table.rows.first() else { return nothing(frame, &self.basis, &self.wanted()) };
        let mut body = vec![Block::Table(self.calls())];
        if !self.table.queues.is_empty() {
            body.extend([Block::Blank, Block::Table(self.queues())]);
        }
        let told =
            WindowScreen { answer: self.answer(first), body, facts: self.facts(), next: self.next(first, frame) };
        screen(frame, &self.basis, told)
    }
}

fn counted_calls(calls: u64) -> String {
    counted(usize::try_from(calls).unwrap_or(usize::MAX), "call")
}

/// A bar for each length, from short to long.
fn histogram(lengths: &Durations) -> Vec<Block> {
    let bars = lengths.bars();
    let most = bars.iter().map(|(_, count)| *count).fold(0.0, f64::max);
    if most <= 0.0 {
        return vec![];
    }
    let row = |(bound, count): &(f64, f64)| {
        let upto = if bound.is_finite() { format!("≤ {}", Human(*bound as i64)) } else { "more".to_owned() };
        let bar = "█".repeat(((count / most) * 30.0).ceil() as usize);
        TableRow { cells: vec![plain(upto), plain(format!("{count:.0}")), one(Role::Dim, bar)], below: vec![] }
    };
    vec![Block::Table(Grid { head: vec![], rows: bars.iter().map(row).collect(), numbers: 2, spare: vec![] })]
}
