//! A timeline as bars with labels.

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::timeline::{Fold, Messages, Queue, RowContent, Timeline, TimelineOptions, TimelineRow};
use crate::model::conventions::{Exception, MessageRole};
use crate::model::journey::Journey;
use crate::model::log::{Level, LogEntry};
use crate::model::span::Span;
use crate::model::time::Human;
use crate::report::block::{Bar, BarStyle, Block, CutSide, Line, TextRole, Waterfall, piece, plain, styled};
use crate::report::log_lines::level_role;
use crate::report::names::ShortNames;
use crate::report::text::counted;
use crate::report::wording::findings::missing_thing;
use crate::report::wording::outcomes::mark;

/// What the labels of bars are made from.
pub(crate) struct BarLabels<'a> {
    /// The journey.
    pub(crate) journey: &'a Journey,
    /// The names of services, topics and spans.
    pub(crate) names: &'a ShortNames,
    /// Which messages were delivered, and how often.
    pub(crate) messages: &'a Messages,
    /// What came of errors.
    pub(crate) cascade: &'a Cascade,
    /// Attributes to show below each span.
    pub(crate) attributes: &'a [String],
    /// Whether span IDs are shown.
    pub(crate) span_ids: bool,
    /// Error texts that are on the screen already.
    pub(crate) shown_errors: &'a [&'a str],
}

impl<'a> BarLabels<'a> {
    /// For this timeline of the journey, on a screen that shows no error yet.
    pub(crate) fn new(
        journey: &'a Journey,
        names: &'a ShortNames,
        timeline: &'a Timeline,
        options: &'a TimelineOptions,
        verbosity: u8,
    ) -> Self {
        let (messages, cascade) = (&timeline.messages, &timeline.cascade);
        let attributes = options.attributes.as_slice();
        Self { journey, names, messages, cascade, attributes, span_ids: verbosity > 0, shown_errors: &[] }
    }
}

/// The bars, and what their marks mean.
pub(crate) fn blocks(timeline: &Timeline, labels: &BarLabels) -> Vec<Block> {
    let mut rows: Vec<Bar> = timeline.rows.iter().flat_map(|row| labels.bars(row)).collect();
    drop_repeated_errors(&mut rows);
    extend_critical_path(&mut rows);
    if rows.is_empty() {
        return vec![];
    }
    let legend = legend(&rows, labels.names);
    let mut blocks = vec![Block::Waterfall(Waterfall { duration_ns: timeline.length_ns, rows })];
    if !legend.is_empty() {
        blocks.push(Block::Blank);
        blocks.push(Block::Flow(legend));
    }
    blocks
}

/// An error that is passed on in the same words is shown where it first occurs.
fn drop_repeated_errors(rows: &mut Vec<Bar>) {
    let mut last: Option<Line> = None;
    rows.retain(|row| {
        let is_error = row.style == BarStyle::None && row.label.first().is_some_and(|p| p.role == TextRole::Error);
        let is_repeated = is_error && last.as_ref() == Some(&row.label);
        if is_error {
            last = Some(row.label.clone());
        }
        !is_repeated
    });
}

/// Text below a bar is beside the same part of the critical path as the bar.
fn extend_critical_path(rows: &mut [Bar]) {
    let mut critical = false;
    for row in rows {
        match row.style {
            BarStyle::None => row.critical = critical,
            _ => critical = row.critical,
        }
    }
}

/// Only the marks that are there.
fn legend(rows: &[Bar], names: &ShortNames) -> Vec<Line> {
    let prefix = format!("… stands for {}", names.topic_prefix());
    let marks = [
        (rows.iter().any(|r| r.critical), "┃ critical path"),
        (rows.iter().any(|r| r.style == BarStyle::Dotted), "┊ waiting"),
        (rows.iter().any(|r| r.style == BarStyle::Many), "×n alike, folded"),
        (!names.topic_prefix().is_empty() && rows.iter().any(|r| r.cut == CutSide::Start), prefix.as_str()),
    ];
    marks.iter().filter(|(is_shown, _)| *is_shown).map(|(_, text)| styled(TextRole::Dim, *text)).collect()
}

impl BarLabels<'_> {
    fn bars(&self, row: &TimelineRow) -> Vec<Bar> {
        match &row.content {
            RowContent::Span(index) => self.span(row, &self.journey.spans[*index], *index),
            RowContent::Fold(fold) => self.fold(row, fold),
            RowContent::MessageWait(queue) => vec![self.queue(row, queue)],
            RowContent::Line(line) => {
                let line = &self.journey.logs[*line];
                vec![Bar { service: self.names.get(&line.service).to_owned(), ..text_row(row, line_label(line)) }]
            }
            RowContent::Exception(span, nth) => vec![text_row(row, self.exception(*span, *nth))],
            RowContent::Link(span, nth, to) => {
                vec![Bar { from_ns: None, ..text_row(row, self.link(*span, *nth, *to)) }]
            }
            RowContent::MissingParent(_, parent) => {
                let label = styled(TextRole::Warn, format!("(parent span {} is not stored)", parent.short()));
                vec![Bar { from_ns: None, ..text_row(row, label) }]
            }
            RowContent::MissingEffect(what) => {
                let bar = text_row(row, styled(TextRole::Error, format!("✗ no {}", missing_thing(what))));
                vec![Bar { from_ns: None, ..bar }]
            }
            RowContent::More { spans, others } => {
                let text = match (spans, others) {
                    (0, n) => counted(*n, "more line"),
                    (n, 0) => counted(*n, "more span"),
                    (n, m) => format!("{} and {}", counted(*n, "more span"), counted(*m, "line")),
                };
                vec![text_row(row, styled(TextRole::Dim, format!("⋮ {text}")))]
            }
        }
    }

    fn span(&self, row: &TimelineRow, span: &Span, index: usize) -> Vec<Bar> {
        let mut label = name(span, self.names);
        if self.span_ids {
            label.push(piece(TextRole::Dim, format!(" {}", self.names.span(span.span_id))));
        }
        if self.journey.is_own.get(index) == Some(&false) {
            label.push(piece(TextRole::Dim, " (of another ID)"));
        }
        let failed = span.is_error();
        let outcome = failed.then(|| self.cascade.outcome(index));
        let mut bars = vec![Bar {
            from_ns: row.start_ns,
            duration_ns: row.length_ns,
            style: BarStyle::Solid,
            critical: row.critical,
            outcome,
            service: self.names.get(span.service()).to_owned(),
            depth: row.depth,
            cut: cut(span),
            label,
            shorter: vec![],
            note: self.note(index),
            duration: Human(row.length_ns).to_string(),
        }];
        let text = if failed { span.error_text() } else { String::new() };
        if !text.is_empty() && !self.shown_errors.contains(&text.as_str()) {
            bars.push(text_below(row, styled(mark(outcome.unwrap_or_default()).0, text)));
        }
        if row.start_ns.is_none() {
            bars.push(text_below(
                row,
                styled(TextRole::Warn, format!("(its time cannot be drawn: {})", span.start.rfc3339())),
            ));
        }
        bars.extend(self.attributes(span).map(|label| text_below(row, label)));
        bars
    }

    /// That a message has no consumer, which no row below it shows.
    fn note(&self, span: usize) -> Line {
        if self.messages.is_unconsumed(span) { styled(TextRole::Dim, "no consumer here") } else { vec![] }
    }

    fn attributes<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = Line> + 'a {
        let find = |key: &'a String| span.attributes.get(key).or_else(|| span.resource.attributes.get(key));
        let found = self.attributes.iter().filter_map(move |key| Some((key, find(key)?)));
        found.map(|(key, value)| {
            vec![piece(TextRole::Dim, format!("{key} = ")), piece(TextRole::Plain, value.to_string())]
        })
    }

    fn fold(&self, row: &TimelineRow, fold: &Fold) -> Vec<Bar> {
        let span = &self.journey.spans[fold.first];
        let mut label = name(span, self.names);
        label.push(piece(TextRole::Strong, format!(" ×{}", fold.count)));
        let mut numbers = format!("p50 {}  max {}", Human(fold.p50_ns), Human(fold.max_ns));
        if fold.spans > fold.count {
            numbers += &format!("  {} in all", counted(fold.spans, "span"));
        }
        let mut numbers = vec![piece(TextRole::Dim, numbers)];
        if fold.errors > 0 {
            let outcome = fold.outcome.unwrap_or_default();
            numbers.push(piece(mark(outcome).0, format!("  {} {}", fold.errors, outcome.as_str())));
        }
        let bar = Bar {
            from_ns: row.start_ns,
            duration_ns: row.length_ns,
            style: BarStyle::Many,
            critical: row.critical,
            outcome: fold.outcome,
            service: self.names.get(span.service()).to_owned(),
            depth: row.depth,
            cut: cut(span),
            label,
            shorter: vec![],
            note: self.note(fold.first),
            duration: Human(row.length_ns).to_string(),
        };
        vec![bar, text_below(row, numbers)]
    }

    fn queue(&self, row: &TimelineRow, queue: &Queue) -> Bar {
        let (from, to) = (&self.journey.spans[queue.from], &self.journey.spans[queue.to]);
        let (least, most) = (Human(queue.wait_ns).to_string(), Human(queue.longest_ns).to_string());
        let time = if least == most { least.clone() } else { format!("{least} – {most}") };
        // From the longest wording to the shortest.
        let mut wordings = match queue.wait_ns {
            _ if queue.again => {
                vec![format!("delivered again {time} later"), format!("again {least} later"), format!("again {least}")]
            }
            ns @ ..0 => {
                let early = Human(ns.saturating_neg());
                vec![
                    format!("began {early} before the sender ended"),
                    format!("{early} before the sender ended"),
                    format!("{early} early"),
                ]
            }
            _ if to.message_role().is_none() => vec![format!("{time} until it went on"), format!("{least} later")],
            _ => vec![format!("{time} in the queue"), format!("{time} queued"), format!("{least} queued")],
        };
        wordings.push(least);
        if from.trace_id != to.trace_id {
            wordings.insert(0, format!("{} → trace {}", wordings[0], to.trace_id.short()));
        }
        let mut labels: Vec<Line> =
            wordings.into_iter().map(|text| styled(TextRole::Dim, format!("┊ {text}"))).collect();
        let label = labels.remove(0);
        Bar {
            style: BarStyle::Dotted,
            from_ns: row.start_ns,
            duration_ns: row.length_ns,
            shorter: labels,
            ..text_row(row, label)
        }
    }

    fn exception(&self, span: usize, nth: usize) -> Line {
        let event = &self.journey.spans[span].events[nth];
        let headline = Exception::from_event(event).map(|e| e.headline()).unwrap_or_default();
        vec![piece(TextRole::Dim, "│ exception  "), piece(TextRole::Plain, headline)]
    }

    fn link(&self, span: usize, nth: usize, to: Option<usize>) -> Line {
        let link = &self.journey.spans[span].links[nth];
        let text = match to.map(|to| &self.journey.spans[to]) {
            Some(to) => format!("→ linked to {} {}", self.names.get(to.service()), to.name),
            None if self.journey.not_stored.contains(&link.trace_id) => {
                format!("→ linked to span {} of trace {}, not stored", link.span_id.short(), link.trace_id.short())
            }
            None => format!("→ linked to span {} of trace {}", link.span_id.short(), link.trace_id.short()),
        };
        styled(TextRole::Dim, text)
    }
}

/// A row of text in place of a bar.
fn text_row(row: &TimelineRow, label: Line) -> Bar {
    Bar {
        from_ns: row.start_ns,
        critical: row.critical,
        depth: row.depth,
        label,
        style: BarStyle::None,
        ..Bar::default()
    }
}

/// Text below a row that belongs to it.
fn text_below(row: &TimelineRow, label: Line) -> Bar {
    Bar { depth: row.depth + 1, critical: row.critical, label, style: BarStyle::None, ..Bar::default() }
}

/// Names that say no more than the arrow before the topic does.
const GENERIC: [&str; 9] = ["publish", "send", "produce", "create", "process", "receive", "consume", "deliver", "poll"];

/// What a span is called: its topic if it sends or receives, otherwise its name.
pub fn name(span: &Span, names: &ShortNames) -> Line {
    match span.message_role() {
        Some(role) => message(role, span.topic(), &span.name, names),
        None => plain(span.name.clone()),
    }
}

/// A topic with its direction, and the name of the span unless that says the same.
pub(crate) fn message(role: MessageRole, topic: Option<&str>, name: &str, names: &ShortNames) -> Line {
    let arrow = if role == MessageRole::Publish { "⇢ " } else { "⇠ " };
    let Some(topic) = topic else { return plain(format!("{arrow}{name}")) };
    let mut line = vec![piece(TextRole::Plain, arrow), piece(TextRole::Plain, names.topic(topic))];
    if !name.contains(topic) && !GENERIC.contains(&name) {
        line.push(piece(TextRole::Dim, format!("  {name}")));
    }
    line
}

/// Which part of its name is cut if that is too long.
fn cut(span: &Span) -> CutSide {
    if span.message_role().is_some() && span.topic().is_some() { CutSide::Start } else { CutSide::Middle }
}

fn line_label(line: &LogEntry) -> Line {
    let text = if line.error_context.is_some() {
        crate::analysis::journey::errors::line_text(line)
    } else {
        line.message.clone()
    };
    let level = if line.level == Level::Unknown { "log" } else { line.level.as_str() };
    vec![piece(TextRole::Dim, "│ "), piece(level_role(line.level), level), piece(TextRole::Plain, format!("  {text}"))]
}
