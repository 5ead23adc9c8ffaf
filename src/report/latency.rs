//! `latency`: how long calls take, what of it is their own, and what users wait for.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::latency::{By, Lengths, QueueWait, Row, Table};
use crate::model::basis::{Basis, Via};
use crate::model::evidence::Source;
use crate::model::measure::Estimate;
use crate::model::time::Human;
use crate::report::block::{Block, Fact, Line, Role, Table as Grid, TableRow, fact, one, piece, plain};
use crate::report::frame::Frame;
use crate::report::names::Names;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::window::{Screen, length, nothing, percent, screen};
use crate::report::words::flag;

/// The shares that are told of lengths, with their names.
const SHARES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];
/// How many queues are shown.
const QUEUES: usize = 8;

/// How long calls take.
#[derive(Clone, Debug)]
pub struct Latency {
    table: Table,
    by: By,
    /// What the numbers rest on.
    pub basis: Basis,
    names: Names,
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
    /// How long all journeys lasted together, along their critical paths.
    critical_path_ns: i64,
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
    fn of(lengths: &Lengths) -> Self {
        let at = |share| lengths.quantile(share).map(LengthRecord::of);
        let bar = |(bound, count): (f64, f64)| BarRecord { upto_ns: bound.is_finite().then_some(bound as i64), count };
        let histogram = lengths.bars().into_iter().map(bar).collect();
        Self { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1.0), histogram }
    }
}

impl LengthRecord {
    fn of(told: Estimate) -> Self {
        Self { value_ns: told.value_ns, low_ns: told.low_ns, high_ns: told.high_ns }
    }
}

impl<'a> RowRecord<'a> {
    fn of(row: &'a Row) -> Self {
        Self {
            service: &row.service,
            name: &row.name,
            calls: row.calls,
            errors: row.errors,
            lengths: LengthsRecord::of(&row.lengths),
            self_ns: row.self_ns,
            total_ns: row.lengths.total_ns(),
            critical_path_ns: row.critical_ns,
        }
    }
}

impl<'a> QueueRecord<'a> {
    fn of(queue: &'a QueueWait) -> Self {
        let count = queue.lengths.count();
        let (lengths, critical_path_ns) = (LengthsRecord::of(&queue.lengths), queue.critical_ns);
        Self { topic: &queue.topic, count, lengths, critical_path_ns }
    }
}

impl Latency {
    /// Of these numbers; so many rows on the screen, maybe with how each is spread.
    pub fn of(table: Table, by: By, basis: Basis, top: usize, histogram: bool) -> Self {
        let services: BTreeSet<&str> = table.rows.iter().map(|row| row.service.as_str()).collect();
        let names = Names::of(&services.into_iter().collect::<Vec<_>>());
        Self { table, by, basis, names, top, histogram }
    }

    /// As JSON.
    pub fn record(&self) -> LatencyRecord<'_> {
        LatencyRecord {
            basis: &self.basis,
            by: match &self.by {
                By::Operation => "operation".to_owned(),
                By::Service => "service".to_owned(),
                By::Attribute(key) => format!("attribute:{key}"),
            },
            critical_path_ns: self.table.critical_ns,
            rows: self.table.rows.iter().map(RowRecord::of).collect(),
            queues: self.table.queues.iter().map(QueueRecord::of).collect(),
        }
    }

    /// Its main table.
    pub fn rows(&self) -> Rows {
        let at = |row: &Row, share| row.lengths.quantile(share).map(|told| told.value_ns);
        let row = |row: &Row| {
            vec![
                json!(row.service),
                json!(row.name),
                json!(row.calls),
                json!(row.errors),
                json!(at(row, 0.5)),
                json!(at(row, 0.9)),
                json!(at(row, 0.95)),
                json!(at(row, 0.99)),
                json!(at(row, 1.0)),
                json!(row.self_ns),
                json!(row.lengths.total_ns()),
                json!(row.critical_ns),
            ]
        };
        Rows {
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
            ],
            rows: self.table.rows.iter().map(row).collect(),
        }
    }

    /// As a screen.
    pub fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let Some(first) = self.table.rows.first() else { return nothing(frame, &self.basis, &self.wanted()) };
        let mut body = vec![Block::Table(self.calls())];
        if !self.table.queues.is_empty() {
            body.extend([Block::Blank, Block::Table(self.queues())]);
        }
        let told = Screen { answer: self.answer(first), body, facts: self.facts(), next: self.next(first, frame) };
        screen(frame, &self.basis, told)
    }

    fn wanted(&self) -> String {
        match &self.by {
            By::Attribute(key) => format!("spans that carry {key:?}"),
            _ => "calls".to_owned(),
        }
    }

    /// What users wait for most, work or a queue; where that is not known, what takes longest in all.
    fn answer(&self, first: &Row) -> Line {
        if let Some(queue) =
            self.table.queues.first().filter(|queue| queue.critical_ns > first.critical_ns.unwrap_or(0))
        {
            let share = percent(queue.critical_ns as f64, self.table.critical_ns as f64);
            let most = length(queue.lengths.quantile(1.0));
            let said = format!(" is {share} of what users wait for, up to {most} a message");
            return vec![piece(Role::Plain, "the queue "), piece(Role::Strong, &queue.topic), piece(Role::Plain, said)];
        }
        let p95 = length(first.lengths.quantile(0.95));
        let said = match first.critical_ns.filter(|_| self.table.critical_ns > 0) {
            Some(waited) => {
                let share = percent(waited as f64, self.table.critical_ns as f64);
                format!("  is {share} of what users wait for, p95 {p95}")
            }
            None => format!("  takes most time in all, p95 {p95}"),
        };
        vec![piece(Role::Strong, self.name(first)), piece(Role::Plain, said)]
    }

    fn calls(&self) -> Grid {
        let exact = self.basis.via == Via::Spans;
        let mut head: Vec<String> = vec!["calls".to_owned(), "errors".to_owned()];
        head.extend(SHARES.iter().map(|(name, _)| (*name).to_owned()));
        head.push("max".to_owned());
        if exact {
            head.extend(["own", "of wait"].map(str::to_owned));
        }
        let numbers = head.len();
        head.push(if self.by == By::Service { "service" } else { "what" }.to_owned());
        let row = |row: &Row| {
            let errors = match row.errors {
                0 => plain("0"),
                _ => one(Role::Error, format!("✗ {}", percent(row.errors as f64, row.calls as f64))),
            };
            let mut cells = vec![plain(row.calls.to_string()), errors];
            cells.extend(SHARES.iter().map(|(_, share)| plain(length(row.lengths.quantile(*share)))));
            cells.push(plain(length(row.lengths.quantile(1.0))));
            if exact {
                let calls = i64::try_from(row.calls).unwrap_or(i64::MAX).max(1);
                let own = row.self_ns.map_or("–".to_owned(), |own| Human(own / calls).to_string());
                let waited =
                    row.critical_ns.map_or("–".to_owned(), |ns| percent(ns as f64, self.table.critical_ns as f64));
                cells.extend([plain(own), one(Role::Critical, waited)]);
            }
            cells.push(plain(self.name(row)));
            TableRow { cells, below: if self.histogram { histogram(&row.lengths) } else { vec![] } }
        };
        Grid { head, rows: self.table.rows.iter().take(self.top).map(row).collect(), numbers }
    }

    fn queues(&self) -> Grid {
        let head = ["messages", "p50", "p95", "max", "of wait", "queue"].map(str::to_owned).to_vec();
        let row = |queue: &QueueWait| {
            let at = |share| plain(length(queue.lengths.quantile(share)));
            let waited = percent(queue.critical_ns as f64, self.table.critical_ns as f64);
            let count = plain(queue.lengths.count().to_string());
            let cells = vec![count, at(0.5), at(0.95), at(1.0), one(Role::Critical, waited), plain(&queue.topic)];
            TableRow { cells, below: vec![] }
        };
        Grid { head, rows: self.table.queues.iter().take(QUEUES).map(row).collect(), numbers: 5 }
    }

    /// `content  GET /content`.
    fn name(&self, row: &Row) -> String {
        let parts = [self.names.get(&row.service), &row.name];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![];
        if self.basis.via == Via::Spans {
            let said = "own: mean time of a call without what it called; of wait: share of all journeys' critical path";
            facts.push(fact("columns", plain(said)));
        }
        let (rows, queues) = (self.table.rows.len(), self.table.queues.len());
        let all = format!("--top {rows} shows all");
        facts.extend(parts::unshown(rows.saturating_sub(self.top), "more row", &all));
        facts.extend(parts::unshown(queues.saturating_sub(QUEUES), "more queue", "-o json has all"));
        if self.basis.via == Via::Metrics {
            let said = match self.basis.backend {
                Some(Source::Jaeger) => {
                    "lengths are what jaeger estimates from its metrics, in milliseconds as its page shows them"
                }
                _ => "lengths are estimates: each lies between two bounds of a histogram",
            };
            facts.push(fact("exact", plain(format!("{said}; --via spans is exact"))));
        } else if self.by == By::Service {
            facts.push(fact(
                "calls",
                plain("what enters a service from elsewhere; what it does inside is its own time"),
            ));
        }
        facts
    }

    fn next(&self, first: &Row, frame: &Frame) -> Vec<String> {
        let service = if first.service.is_empty() { String::new() } else { flag(" --service", &first.service) };
        // How lengths are spread, the estimates of somebody else do not tell.
        let spans = if self.basis.backend == Some(Source::Jaeger) { " --via spans" } else { "" };
        match &self.by {
            By::Service => vec![frame.beside(&format!("trace latency{service}"))],
            By::Operation => {
                let operation = flag(" --operation", &first.name.replace('*', "\\*"));
                vec![frame.beside(&format!("trace latency{service}{operation} --histogram{spans}"))]
            }
            By::Attribute(_) => vec![frame.beside("trace latency --by operation")],
        }
    }
}

/// A bar for each length, from short to long.
fn histogram(lengths: &Lengths) -> Vec<Block> {
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
    vec![Block::Table(Grid { head: vec![], rows: bars.iter().map(row).collect(), numbers: 2 })]
}
