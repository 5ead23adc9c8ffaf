//! `logs`: every log line of a journey, by time.

use std::collections::{BTreeSet, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::action::{Argument, CommandName, Invocation};
use crate::model::filter::Filters;
use crate::model::journey::Journey;
use crate::model::log::{LineKey, LogEntry};
use crate::model::provenance::Provenance;
use crate::report::block::{Block, TextRole, fact, piece, plain};
use crate::report::body::ReportBody;
use crate::report::filters;
use crate::report::frame::Frame;
use crate::report::log_lines;
use crate::report::names::ShortNames;
use crate::report::rows::{self, Rows};
use crate::report::text::counted;
use crate::report::wording::shell::filter_flags;

/// The log lines of a journey, and its context: lines of the same services around them.
#[derive(Clone, Debug)]
pub(crate) struct LogsReport {
    journey: Journey,
    context: Vec<LogEntry>,
    filters: Filters,
    /// How many lines of the journey the filters left out.
    filtered_out: usize,
    /// The services of the whole journey.
    services: Vec<String>,
}

/// The lines as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LogsRecord<'a> {
    correlation_id: Option<&'a str>,
    /// Lines of the journey, by time.
    logs: &'a [LogEntry],
    /// How many more the filters left out of this document.
    filtered_log_count: usize,
    /// Lines around them that do not belong to the journey, by time; only if asked for.
    context: &'a [LogEntry],
}

impl LogsReport {
    /// The lines of a journey that pass the filters, with context. Lines of the journey are dropped from the context.
    pub(crate) fn new(mut journey: Journey, mut context: Vec<LogEntry>, filters: Filters) -> Self {
        let services = journey.services().into_iter().map(str::to_owned).collect();
        let before = journey.logs.len();
        journey.logs.retain(|line| filters.wants_line(line));
        let filtered_out = before - journey.logs.len();
        let of_journey: HashSet<_> = journey.logs.iter().map(LineKey::new).collect();
        context.retain(|line| !of_journey.contains(&LineKey::new(line)));
        context
            .sort_by(|a, b| (a.time, &a.labels, &a.line, &a.metadata).cmp(&(b.time, &b.labels, &b.line, &b.metadata)));
        context.dedup_by(|a, b| LineKey::new(a) == LineKey::new(b));
        Self { journey, context, filters, filtered_out, services }
    }

    fn answer(&self, frame: &Frame, services: usize) -> Vec<Block> {
        let logs = &self.journey.logs;
        let id = frame.provenance.subject.as_deref().unwrap_or_default();
        let errors = logs.iter().filter(|l| l.is_error()).count();
        let verdict = match (logs.len(), errors) {
            (0, _) if self.filtered_out > 0 => piece(TextRole::Warn, "– nothing to show"),
            (0, _) if !frame.provenance.complete => piece(TextRole::Warn, "– no log lines so far"),
            (0, _) => piece(TextRole::Strong, "– no log lines"),
            (_, 0) if self.filtered_out > 0 => piece(TextRole::Strong, "– no error lines among those shown"),
            (_, 0) if !frame.provenance.complete => piece(TextRole::Warn, "– no error lines so far"),
            (_, 0) => piece(TextRole::Good, "✓ no error lines"),
            (_, n) => piece(TextRole::Error, format!("✗ {}", counted(n, "error line"))),
        };
        let lines = match (logs.len(), self.filtered_out) {
            (n, 0) => counted(n, "log line"),
            (0, n) => format!("{}, all filtered out by {}", counted(n, "log line"), filter_flags(&self.filters)),
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
        vec![Block::Line(vec![verdict, piece(TextRole::Dim, " in "), piece(TextRole::Strong, id)]), Block::Flow(items)]
    }
}

impl ReportBody for LogsReport {
    const NAME: &'static str = "logs";
    type Record<'a> = LogsRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> LogsRecord<'a> {
        LogsRecord {
            correlation_id: self.journey.correlation_id.as_deref(),
            logs: &self.journey.logs,
            filtered_log_count: self.filtered_out,
            context: &self.context,
        }
    }

    fn rows(&self) -> Option<Rows> {
        Some(rows::lines(&self.journey.logs, &self.context))
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let logs = &self.journey.logs;
        let services = logs.iter().chain(&self.context).map(|line| line.service.as_str());
        let services: BTreeSet<&str> = services.filter(|service| !service.is_empty()).collect();
        let names = ShortNames::new(services.iter().copied());
        let mut blocks = self.answer(frame, services.len());
        blocks.extend(frame.completeness());
        if !logs.is_empty() {
            blocks.push(Block::Blank);
            blocks.push(Block::Table(log_lines::table(logs, &self.context, frame.zone, &names)));
        }
        let mut facts = vec![];
        if !logs.is_empty() {
            facts.extend(
                filters::filtered_out(0, self.filtered_out, &self.filters).map(|text| fact("shown", plain(text))),
            );
        }
        let journey_services: Vec<&str> = self.services.iter().map(String::as_str).collect();
        facts.extend(filters::services(&journey_services, &self.filters));
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&[
            Invocation::new(CommandName::Timeline).with(Argument::AllLines),
            Invocation::new(CommandName::Logs).with(Argument::Context(5)),
        ]));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }
}
