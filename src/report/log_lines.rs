//! Log lines in a table.

use std::collections::BTreeSet;

use crate::model::log::{ErrorContext, Level, LogEntry};
use crate::model::time::Zone;
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::names::ShortNames;

/// What a line belongs to. At the same time lines of the journey come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Belongs {
    ToJourney,
    ToContext,
}

/// Lines in aligned columns, by time; lines of context are marked with a dash.
pub(crate) fn table(lines: &[LogEntry], context: &[LogEntry], zone: Zone, names: &ShortNames) -> Table {
    let mut lines: Vec<(&LogEntry, Belongs)> = lines.iter().map(|line| (line, Belongs::ToJourney)).collect();
    lines.extend(context.iter().map(|line| (line, Belongs::ToContext)));
    lines.sort_by_key(|(line, belongs)| (line.time, *belongs));
    let days: BTreeSet<String> =
        lines.first().into_iter().chain(lines.last()).map(|(line, _)| zone.date(line.time)).collect();
    let clock = |line: &LogEntry| match days.len() {
        0 | 1 => zone.clock(line.time),
        _ => format!("{} {}", zone.date(line.time), zone.clock(line.time)),
    };
    let rows = lines.iter().map(|(line, belongs)| row(line, *belongs, &clock(line), names));
    Table { head: vec![], rows: rows.collect(), ..Table::default() }
}

fn row(line: &LogEntry, belongs: Belongs, clock: &str, names: &ShortNames) -> TableRow {
    let service = names.get(&line.service);
    if belongs == Belongs::ToContext {
        let dim = |text: &str| styled(TextRole::Dim, text);
        let message = dim(&format!("- {}", line.message));
        return TableRow { cells: vec![dim(clock), dim(line.level.as_str()), dim(service), message], below: vec![] };
    }
    let mut message: Line = vec![];
    if line.is_error() {
        message.push(piece(TextRole::Error, "✗ "));
    }
    message.push(piece(TextRole::Plain, line.message.trim_end()));
    let level = styled(level_role(line.level), line.level.as_str());
    TableRow {
        cells: vec![styled(TextRole::Dim, clock), level, plain(service), message],
        below: line.error_context.as_ref().map(|c| error_context(c, line)).unwrap_or_default(),
    }
}

/// A structured error, laid out to be read.
fn error_context(context: &ErrorContext, line: &LogEntry) -> Vec<Block> {
    let facts = [
        ("type", &context.error_type, TextRole::Error),
        ("message", &context.error_message, TextRole::Error),
        ("operation", &context.operation, TextRole::Plain),
        ("service", &context.service_name, TextRole::Plain),
        ("at", &context.timestamp, TextRole::Plain),
        ("trace", &context.trace_id, TextRole::Plain),
        ("span", &context.span_id, TextRole::Plain),
    ];
    let repeated = |label: &str, text: &str| {
        label == "message" && text == line.message || label == "service" && text == line.service
    };
    let shown = facts.into_iter().filter(|(label, text, _)| !text.is_empty() && !repeated(label, text));
    let mut facts: Vec<Fact> = shown.map(|(label, text, role)| fact(label, styled(role, text.clone()))).collect();
    let data = context.context_data.iter().enumerate();
    facts.extend(data.map(|(nth, (key, value))| {
        let pair = vec![piece(TextRole::Dim, format!("{key} = ")), piece(TextRole::Plain, value)];
        fact(if nth == 0 { "data" } else { "" }, pair)
    }));
    let mut blocks = vec![Block::Facts(facts)];
    if !context.stack_trace.trim().is_empty() {
        blocks.push(Block::Facts(vec![fact("stack", vec![])]));
        blocks.push(Block::Text(0, context.stack_trace.trim_end().to_owned()));
    }
    blocks
}

/// How a level looks.
pub(crate) fn level_role(level: Level) -> TextRole {
    match level {
        Level::Error | Level::Fatal => TextRole::Error,
        Level::Warn => TextRole::Warn,
        _ => TextRole::Dim,
    }
}
