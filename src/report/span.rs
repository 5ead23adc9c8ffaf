//! `span`: everything about one span.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::critical_path::{self, CriticalPath};
use crate::model::action::{CommandName, Invocation};
use crate::model::attribute::{Attributes, Value};
use crate::model::conventions::Exception;
use crate::model::error_outcome::ErrorOutcome;
use crate::model::journey::{CauseKind, Journey};
use crate::model::log::LogEntry;
use crate::model::provenance::Provenance;
use crate::model::span::{Span, StatusCode};
use crate::model::time::Human;
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::journey_record::SpanRecord;
use crate::report::log_lines;
use crate::report::names::ShortNames;
use crate::report::rows::{self, Rows};
use crate::report::text::counted;
use crate::report::wording::outcomes::mark;

/// One span of a journey.
#[derive(Clone, Debug)]
pub(crate) struct SpanReport {
    journey: Journey,
    index: usize,
    path: CriticalPath,
    cascade: Cascade,
    logs: Vec<LogEntry>,
}

/// One span as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SpanReportRecord<'a> {
    correlation_id: Option<&'a str>,
    span: SpanRecord<'a>,
    /// Log lines that name it.
    logs: &'a [LogEntry],
}

impl SpanReport {
    /// The span at this index; none if the journey has no such span.
    pub(crate) fn new(journey: Journey, index: usize) -> Option<Self> {
        let span = journey.spans.get(index)?;
        let names_it =
            |l: &&LogEntry| l.span_id == Some(span.span_id) && l.trace_id.is_none_or(|trace| trace == span.trace_id);
        let logs = journey.logs.iter().filter(names_it).cloned().collect();
        let path = critical_path::critical_path(&journey);
        let cascade = Cascade::new(&journey);
        Some(Self { journey, index, path, cascade, logs })
    }

    fn facts(&self, span: &Span, frame: &Frame, names: &ShortNames) -> Vec<Fact> {
        let mut facts = vec![
            fact("span", plain(span.span_id.to_string())),
            fact("trace", plain(span.trace_id.to_string())),
            fact("began", plain(frame.zone.full(span.start))),
            fact("took", plain(Human(span.duration_ns).to_string())),
            fact("kind", plain(span.kind.as_str())),
            fact("status", status(span)),
        ];
        facts.push(fact("follows", plain(self.follows(span, names))));
        let effects = self.journey.forest.effects.get(self.index).map_or(0, Vec::len);
        if effects > 0 {
            facts.push(fact("led to", plain(counted(effects, "span"))));
        }
        if self.path.contains.get(self.index) == Some(&true) {
            facts.push(fact("path", plain("on the critical path")));
        }
        if !span.scope.is_empty() {
            facts.push(fact("scope", plain(span.scope.clone())));
        }
        for link in &span.links {
            let text = format!("span {} of trace {}", link.span_id, link.trace_id);
            facts.push(fact("linked", plain(text)));
        }
        facts.extend(span.warnings.iter().map(|w| fact("warning", styled(TextRole::Warn, w.clone()))));
        facts
    }

    fn follows(&self, span: &Span, names: &ShortNames) -> String {
        let cause = self.journey.forest.cause.get(self.index).copied().flatten();
        match (cause, span.parent_id) {
            (Some((from, via)), _) => {
                let how = match via {
                    CauseKind::Parent => "its parent",
                    CauseKind::Link => "by a link",
                    CauseKind::Message => "by the same message",
                };
                let from = &self.journey.spans[from];
                format!("{} {}, {how} (span {})", from.service(), from.name, names.span(from.span_id))
            }
            (None, Some(parent)) if parent != span.span_id => format!("span {parent}, which is not stored"),
            _ => "nothing: it is a root".to_owned(),
        }
    }
}

impl ReportBody for SpanReport {
    const NAME: &'static str = "span";
    type Record<'a> = SpanReportRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> SpanReportRecord<'a> {
        SpanReportRecord {
            correlation_id: self.journey.correlation_id.as_deref(),
            span: SpanRecord::new(&self.journey, self.index, &self.path, &self.cascade),
            logs: &self.logs,
        }
    }

    fn rows(&self) -> Option<Rows> {
        Some(rows::attributes(&self.journey.spans[self.index]))
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let span = &self.journey.spans[self.index];
        let names = ShortNames::in_journey(&self.journey);
        let outcome = span.is_error().then(|| self.cascade.outcome(self.index));
        let mut blocks = vec![Block::Line(title(span, outcome))];
        if span.is_error() && !span.error_text().is_empty() {
            blocks.push(Block::Item(vec![
                piece(TextRole::Plain, "  "),
                piece(mark(outcome.unwrap_or_default()).0, span.error_text()),
            ]));
        }
        if !frame.provenance.complete {
            blocks.extend(frame.completeness());
        }
        blocks.push(Block::Blank);
        let mut facts = self.facts(span, frame, &names);
        facts.extend(frame.notes());
        blocks.push(Block::Facts(facts));
        blocks.extend(attributes("attributes", &span.attributes));
        blocks.extend(events(span, frame));
        blocks.extend(attributes("resource", &span.resource.attributes));
        if !self.logs.is_empty() {
            blocks.push(Block::Blank);
            blocks.push(Block::Line(styled(TextRole::Strong, counted(self.logs.len(), "log line"))));
            blocks.push(Block::Table(log_lines::table(&self.logs, &[], frame.zone, &ShortNames::default())));
        }
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(
            frame.next(&[Invocation::new(CommandName::Timeline), Invocation::new(CommandName::Logs)]),
        ));
        blocks
    }
}

fn title(span: &Span, outcome: Option<ErrorOutcome>) -> Line {
    let (role, mark) = outcome.map_or((TextRole::Good, "✓"), mark);
    let outcome = outcome.map(|outcome| piece(role, format!("  {}", outcome.as_str())));
    let name = format!("  {}", span.name);
    let title =
        [piece(role, format!("{mark} ")), piece(TextRole::Strong, span.service()), piece(TextRole::Strong, name)];
    title.into_iter().chain(outcome).collect()
}

fn status(span: &Span) -> Line {
    let (role, word) = match span.status.code {
        StatusCode::Error => (TextRole::Error, "error"),
        StatusCode::Ok => (TextRole::Good, "ok"),
        StatusCode::Unset if span.is_error() => (TextRole::Error, "not set, but its attributes tell of an error"),
        StatusCode::Unset => (TextRole::Plain, "not set"),
    };
    let message = if span.status.message.is_empty() { String::new() } else { format!("  {}", span.status.message) };
    vec![piece(role, word), piece(TextRole::Plain, message)]
}

fn attributes(title: &str, attributes: &Attributes) -> Vec<Block> {
    if attributes.is_empty() {
        return vec![];
    }
    let rows = attributes.iter().map(attribute_row).collect();
    vec![Block::Blank, Block::Line(styled(TextRole::Strong, title)), Block::Table(Table::new(&[], rows))]
}

fn attribute_row((key, value): (&str, &Value)) -> TableRow {
    TableRow::new(vec![styled(TextRole::Dim, format!("  {key}")), plain(value.to_string())])
}

fn events(span: &Span, frame: &Frame) -> Vec<Block> {
    if span.events.is_empty() {
        return vec![];
    }
    let mut blocks = vec![Block::Blank, Block::Line(styled(TextRole::Strong, counted(span.events.len(), "event")))];
    for event in &span.events {
        let exception = Exception::from_event(event);
        let name = if event.name.is_empty() { "event" } else { &event.name };
        let mut head = vec![
            piece(TextRole::Dim, format!("{}  ", frame.zone.clock(event.time))),
            piece(TextRole::Strong, name),
            piece(TextRole::Dim, format!("  {} in", Human(event.time.since(span.start)))),
        ];
        if let Some(exception) = &exception {
            head.push(piece(TextRole::Error, format!("  {}", exception.headline())));
        }
        blocks.push(Block::Line(head));
        let stack = exception.map(|e| e.stacktrace).unwrap_or_default();
        let shown = ["exception.type", "exception.message", "exception.stacktrace", "stack"];
        let others = event.attributes.iter().filter(|(key, _)| exception.is_none() || !shown.contains(key));
        let rows: Vec<TableRow> = others.map(attribute_row).collect();
        if !rows.is_empty() {
            blocks.push(Block::Table(Table::new(&[], rows)));
        }
        if !stack.is_empty() {
            blocks.push(Block::Text(4, stack.to_owned()));
        }
    }
    blocks
}
