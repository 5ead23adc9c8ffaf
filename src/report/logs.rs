//! `logs`: every line of a journey in time order.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::filter::Filters;
use crate::model::journey::Journey;
use crate::model::log::{ErrorContext, LineKey, LogEntry};
use crate::model::provenance::Provenance;
use crate::model::time::Zone;
use crate::report::block::{Block, Fact, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::filters;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::parts;
use crate::report::rows::{self, Rows};
use crate::report::waterfall::level_role;
use crate::report::words::counted;

/// The lines of a journey, and lines of the same services around them.
#[derive(Clone, Debug)]
pub struct LogsReport {
    journey: Journey,
    context: Vec<LogEntry>,
    filters: Filters,
    /// How many lines the filters left out.
    filtered: usize,
    /// The services of the whole journey.
    services: Vec<String>,
}

/// The lines as JSON.
#[derive(Serialize, JsonSchema)]
pub struct LogsRecord<'a> {
    correlation_id: Option<&'a str>,
    /// Lines of the journey, by time.
    logs: &'a [LogEntry],
    /// How many more the filters left out of this document.
    filtered_log_count: usize,
    /// Lines around them that are not of the journey, by time; only where asked for.
    context: &'a [LogEntry],
}

impl LogsReport {
    /// The lines of a journey that are wanted, with context; context lines that are among them are dropped.
    pub fn new(mut journey: Journey, mut context: Vec<LogEntry>, filters: Filters) -> Self {
        let services = journey.services().into_iter().map(str::to_owned).collect();
        let all = journey.logs.len();
        journey.logs.retain(|line| filters.wants_line(line));
        let filtered = all - journey.logs.len();
        let of_journey: std::collections::HashSet<_> = journey.logs.iter().map(LineKey::new).collect();
        context.retain(|line| !of_journey.contains(&LineKey::new(line)));
        context
            .sort_by(|a, b| (a.time, &a.labels, &a.line, &a.metadata).cmp(&(b.time, &b.labels, &b.line, &b.metadata)));
        context.dedup_by(|a, b| LineKey::new(a) == LineKey::new(b));
        Self { journey, context, filters, filtered, services }
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.journey.logs.is_empty()
    }

    fn answer(&self, frame: &Frame, services: usize) -> Vec<Block> {
        let logs = &self.journey.logs;
        let id = frame.provenance.subject.as_deref().unwrap_or_default();
        let errors = logs.iter().filter(|l| l.is_error()).count();
        let verdict = match (logs.len(), errors) {
            (0, _) if self.filtered > 0 => piece(Role::Warn, "– nothing to show"),
            (0, _) if !frame.provenance.complete => piece(Role::Warn, "– no log lines so far"),
            (0, _) => piece(Role::Strong, "– no log lines"),
            (_, 0) if self.filtered > 0 => piece(Role::Strong, "– no error lines among those shown"),
            (_, 0) if !frame.provenance.complete => piece(Role::Warn, "– no error lines so far"),
            (_, 0) => piece(Role::Good, "✓ no error lines"),
            (_, n) => piece(Role::Error, format!("✗ {}", counted(n, "error line"))),
        };
        let lines = match (logs.len(), self.filtered) {
            (n, 0) => counted(n, "log line"),
            (0, all) => format!("{}, all filtered out by {}", counted(all, "log line"), filters::flags(&self.filters)),
            (n, more) => format!("{n} of {}", counted(n + more, "log line")),
        };
        let mut items = vec![plain(lines)];
        if services > 0 {
            items.push(plain(counted(services, "service")));
        }
        if !self.context.is_empty() {
            items.push(plain(counted(self.context.len(), "line") + " around them"));
        }
        items.extend(logs.first().map(|first| plain(frame.zone.full(first.time))));
        vec![Block::Line(vec![verdict, piece(Role::Dim, " in "), piece(Role::Strong, id)]), Block::Flow(items)]
    }
}

impl ReportBody for LogsReport {
    const NAME: &'static str = "logs";
    type Record<'a> = LogsRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> LogsRecord<'a> {
        LogsRecord {
            correlation_id: self.journey.correlation_id.as_deref(),
            logs: &self.journey.logs,
            filtered_log_count: self.filtered,
            context: &self.context,
        }
    }

    /// Its main table: the lines.
    fn rows(&self) -> Option<Rows> {
        Some(rows::lines(&self.journey.logs, &self.context))
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let logs = &self.journey.logs;
        let services: Vec<&str> = logs.iter().chain(&self.context).map(|l| l.service.as_str()).collect();
        let mut services: Vec<&str> = services.into_iter().filter(|s| !s.is_empty()).collect();
        services.sort_unstable();
        services.dedup();
        let names = ShortNames::new(&services);
        let mut blocks = self.answer(frame, services.len());
        blocks.extend(frame.asking());
        if !logs.is_empty() {
            blocks.push(Block::Blank);
            blocks.push(Block::Table(table(logs, &self.context, frame.zone, &names)));
        }
        let mut facts = vec![];
        if !logs.is_empty() {
            facts.extend(filters::filtered(0, self.filtered, &self.filters).map(|said| fact("shown", plain(said))));
        }
        let all: Vec<&str> = self.services.iter().map(String::as_str).collect();
        facts.extend(filters::services(&all, &self.filters));
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&[frame.command("timeline", "--logs all"), frame.command("logs", "-C 5")]));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }
}

/// Lines in aligned columns, those around them marked with a dash.
pub fn table(lines: &[LogEntry], context: &[LogEntry], zone: Zone, names: &ShortNames) -> Table {
    let mut all: Vec<(&LogEntry, bool)> = lines.iter().map(|l| (l, true)).collect();
    all.extend(context.iter().map(|l| (l, false)));
    all.sort_by_key(|(line, ours)| (line.time, !ours));
    let days: std::collections::BTreeSet<String> =
        all.first().into_iter().chain(all.last()).map(|(l, _)| zone.date(l.time)).collect();
    let clock = |line: &LogEntry| match days.len() {
        0 | 1 => zone.clock(line.time),
        _ => format!("{} {}", zone.date(line.time), zone.clock(line.time)),
    };
    let rows = all.iter().map(|(line, ours)| row(line, *ours, &clock(line), names));
    Table { head: vec![], rows: rows.collect(), ..Table::default() }
}

fn row(line: &LogEntry, ours: bool, clock: &str, names: &ShortNames) -> TableRow {
    let service = names.get(&line.service);
    if !ours {
        let dim = |text: &str| one(Role::Dim, text);
        let message = dim(&format!("- {}", line.message));
        return TableRow { cells: vec![dim(clock), dim(line.level.as_str()), dim(service), message], below: vec![] };
    }
    let mut message: Line = vec![];
    if line.is_error() {
        message.push(piece(Role::Error, "✗ "));
    }
    message.push(piece(Role::Plain, line.message.trim_end()));
    let level = one(level_role(line.level), line.level.as_str());
    TableRow {
        cells: vec![one(Role::Dim, clock), level, plain(service), message],
        below: line.error_context.as_ref().map(|c| error_context(c, line)).unwrap_or_default(),
    }
}

/// A structured error, laid out to be read.
fn error_context(context: &ErrorContext, line: &LogEntry) -> Vec<Block> {
    let facts = [
        ("type", &context.error_type, Role::Error),
        ("message", &context.error_message, Role::Error),
        ("operation", &context.operation, Role::Plain),
        ("service", &context.service_name, Role::Plain),
        ("at", &context.timestamp, Role::Plain),
        ("trace", &context.trace_id, Role::Plain),
        ("span", &context.span_id, Role::Plain),
    ];
    let repeated = |label: &str, text: &str| {
        label == "message" && text == line.message || label == "service" && text == line.service
    };
    let told = facts.into_iter().filter(|(label, text, _)| !text.is_empty() && !repeated(label, text));
    let mut facts: Vec<Fact> = told.map(|(label, text, role)| fact(label, one(role, text.clone()))).collect();
    let data = context.context_data.iter().enumerate();
    facts.extend(data.map(|(nth, (key, value))| {
        let said = vec![piece(Role::Dim, format!("{key} = ")), piece(Role::Plain, value)];
        fact(if nth == 0 { "data" } else { "" }, said)
    }));
    let mut blocks = vec![Block::Facts(facts)];
    if !context.stack_trace.trim().is_empty() {
        blocks.push(Block::Facts(vec![fact("stack", vec![])]));
        blocks.push(Block::Text(0, context.stack_trace.trim_end().to_owned()));
    }
    blocks
}
