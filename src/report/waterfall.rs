//! A timeline as bars with words.

use crate::analysis::journey::timeline::{Fold, Messages, Queue, RowContent, Timeline, TimelineOptions, TimelineRow};
use crate::model::conventions::{Exception, MessageRole};
use crate::model::journey::Journey;
use crate::model::log::{Level, LogEntry};
use crate::model::span::Span;
use crate::model::time::Human;
use crate::report::block::{Bar, BarStyle, Block, CutSide, Line, Role, Waterfall, one, piece, plain};
use crate::report::names::ShortNames;
use crate::report::wording::findings::missing_thing;
use crate::report::words::counted;

/// What the words on the bars depend on.
pub struct Words<'a> {
    /// The journey.
    pub journey: &'a Journey,
    /// What services, topics and spans are called.
    pub names: &'a ShortNames,
    /// What became of messages.
    pub messages: &'a Messages,
    /// Attributes to show below each span.
    pub attributes: &'a [String],
    /// Whether span IDs are shown.
    pub ids: bool,
    /// Error texts that stand elsewhere on the screen already.
    pub told: &'a [&'a str],
}

impl<'a> Words<'a> {
    /// For this drawing of the journey, of which nothing stands on the screen yet.
    pub fn new(
        journey: &'a Journey,
        names: &'a ShortNames,
        drawn: &'a Timeline,
        options: &'a TimelineOptions,
        verbosity: u8,
    ) -> Self {
        let (messages, attributes, ids) = (&drawn.messages, options.attributes.as_slice(), verbosity > 0);
        Self { journey, names, messages, attributes, ids, told: &[] }
    }
}

/// The bars, and what their marks mean.
pub fn blocks(timeline: &Timeline, words: &Words) -> Vec<Block> {
    let mut rows: Vec<Bar> = timeline.rows.iter().flat_map(|row| words.bars(row)).collect();
    say_once(&mut rows);
    carry_on(&mut rows);
    if rows.is_empty() {
        return vec![];
    }
    let legend = legend(&rows, words.names);
    let mut blocks = vec![Block::Waterfall(Waterfall { length_ns: timeline.length_ns, rows })];
    if !legend.is_empty() {
        blocks.push(Block::Blank);
        blocks.push(Block::Flow(legend));
    }
    blocks
}

/// An error that is passed on in the same words is said where it is first met.
fn say_once(rows: &mut Vec<Bar>) {
    let mut said: Option<Line> = None;
    rows.retain(|row| {
        let is_error = row.style == BarStyle::None && row.label.first().is_some_and(|p| p.role == Role::Error);
        let again = is_error && said.as_ref() == Some(&row.label);
        if is_error {
            said = Some(row.label.clone());
        }
        !again
    });
}

/// Words below a bar stand beside the same stretch of the critical path as the bar.
fn carry_on(rows: &mut [Bar]) {
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
    let stands = format!("… stands for {}", names.topic_prefix());
    let marks = [
        (rows.iter().any(|r| r.critical), "┃ critical path"),
        (rows.iter().any(|r| r.style == BarStyle::Dotted), "┊ waiting"),
        (rows.iter().any(|r| r.style == BarStyle::Many), "×n alike, folded"),
        (!names.topic_prefix().is_empty() && rows.iter().any(|r| r.cut == CutSide::Start), stands.as_str()),
    ];
    marks.iter().filter(|(there, _)| *there).map(|(_, text)| one(Role::Dim, *text)).collect()
}

impl Words<'_> {
    fn bars(&self, row: &TimelineRow) -> Vec<Bar> {
        match &row.what {
            RowContent::Span(index) => self.span(row, &self.journey.spans[*index], *index),
            RowContent::Fold(fold) => self.fold(row, fold),
            RowContent::MessageWait(queue) => vec![self.queue(row, queue)],
            RowContent::Line(line) => {
                let line = &self.journey.logs[*line];
                vec![Bar { service: self.names.get(&line.service).to_owned(), ..aside(row, line_label(line)) }]
            }
            RowContent::Exception(span, nth) => vec![aside(row, self.exception(*span, *nth))],
            RowContent::Link(span, nth, to) => vec![Bar { from_ns: None, ..aside(row, self.link(*span, *nth, *to)) }],
            RowContent::Hole(_, parent) => {
                let label = one(Role::Warn, format!("(parent span {} is not stored)", parent.short()));
                vec![Bar { from_ns: None, ..aside(row, label) }]
            }
            RowContent::Missing(what) => {
                let bar = aside(row, one(Role::Error, format!("✗ no {}", missing_thing(what))));
                vec![Bar { from_ns: None, ..bar }]
            }
            RowContent::More { spans, others } => {
                let text = match (spans, others) {
                    (0, n) => counted(*n, "more line"),
                    (n, 0) => counted(*n, "more span"),
                    (n, m) => format!("{} and {}", counted(*n, "more span"), counted(*m, "line")),
                };
                vec![aside(row, one(Role::Dim, format!("⋮ {text}")))]
            }
        }
    }

    fn span(&self, row: &TimelineRow, span: &Span, index: usize) -> Vec<Bar> {
        let mut label = name(span, self.names);
        if self.ids {
            label.push(piece(Role::Dim, format!(" {}", self.names.span(span.span_id))));
        }

        if self.journey.judged.get(index) == Some(&false) {
            label.push(piece(Role::Dim, " (of another ID)"));
        }
        let failed = span.is_error();
        let mut bars = vec![Bar {
            from_ns: row.from_ns,
            length_ns: row.length_ns,
            style: BarStyle::Solid,
            critical: row.critical,
            failed,
            service: self.names.get(span.service()).to_owned(),
            depth: row.depth,
            cut: cut(span),
            label,
            shorter: vec![],
            note: self.note(index),
            length: Human(row.length_ns).to_string(),
        }];
        let text = if failed { span.error_text() } else { String::new() };
        if !text.is_empty() && !self.told.contains(&text.as_str()) {
            bars.push(below(row, one(Role::Error, text)));
        }
        if row.from_ns.is_none() {
            bars.push(below(row, one(Role::Warn, format!("(its time cannot be drawn: {})", span.start.rfc3339()))));
        }
        bars.extend(self.attributes(span).map(|label| below(row, label)));
        bars
    }

    /// What became of a message, where that is not seen below it.
    fn note(&self, span: usize) -> Line {
        if self.messages.is_unheard(span) { one(Role::Dim, "no consumer here") } else { vec![] }
    }

    fn attributes<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = Line> + 'a {
        let find = |key: &'a String| span.attributes.get(key).or_else(|| span.resource.attributes.get(key));
        let found = self.attributes.iter().filter_map(move |key| Some((key, find(key)?)));
        found.map(|(key, value)| vec![piece(Role::Dim, format!("{key} = ")), piece(Role::Plain, value.to_string())])
    }

    fn fold(&self, row: &TimelineRow, fold: &Fold) -> Vec<Bar> {
        let span = &self.journey.spans[fold.first];
        let mut label = name(span, self.names);
        label.push(piece(Role::Strong, format!(" ×{}", fold.count)));
        let mut said = format!("p50 {}  max {}", Human(fold.p50_ns), Human(fold.max_ns));
        if fold.spans > fold.count {
            said += &format!("  {} in all", counted(fold.spans, "span"));
        }
        let mut below_it = vec![piece(Role::Dim, said)];
        if fold.errors > 0 {
            below_it.push(piece(Role::Error, format!("  {} failed", fold.errors)));
        }
        let bar = Bar {
            from_ns: row.from_ns,
            length_ns: row.length_ns,
            style: BarStyle::Many,
            critical: row.critical,
            failed: fold.errors > 0,
            service: self.names.get(span.service()).to_owned(),
            depth: row.depth,
            cut: cut(span),
            label,
            shorter: vec![],
            note: self.note(fold.first),
            length: Human(row.length_ns).to_string(),
        };
        vec![bar, below(row, below_it)]
    }

    fn queue(&self, row: &TimelineRow, queue: &Queue) -> Bar {
        let (from, to) = (&self.journey.spans[queue.from], &self.journey.spans[queue.to]);
        let (least, most) = (Human(queue.wait_ns).to_string(), Human(queue.longest_ns).to_string());
        let time = if least == most { least.clone() } else { format!("{least} – {most}") };
        let mut steps = match queue.wait_ns {
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
        steps.push(least);
        if from.trace_id != to.trace_id {
            steps.insert(0, format!("{} → trace {}", steps[0], to.trace_id.short()));
        }
        let mut labels: Vec<Line> = steps.into_iter().map(|text| one(Role::Dim, format!("┊ {text}"))).collect();
        let label = labels.remove(0);
        Bar {
            style: BarStyle::Dotted,
            from_ns: row.from_ns,
            length_ns: row.length_ns,
            shorter: labels,
            ..aside(row, label)
        }
    }

    fn exception(&self, span: usize, nth: usize) -> Line {
        let event = &self.journey.spans[span].events[nth];
        let said = Exception::from_event(event).map(|e| e.headline()).unwrap_or_default();
        vec![piece(Role::Dim, "│ exception  "), piece(Role::Plain, said)]
    }

    fn link(&self, span: usize, nth: usize, to: Option<usize>) -> Line {
        let link = &self.journey.spans[span].links[nth];
        let place = match to.map(|to| &self.journey.spans[to]) {
            Some(to) => format!("→ linked to {} {}", self.names.get(to.service()), to.name),
            None if self.journey.not_stored.contains(&link.trace_id) => {
                format!("→ linked to span {} of trace {}, not stored", link.span_id.short(), link.trace_id.short())
            }
            None => format!("→ linked to span {} of trace {}", link.span_id.short(), link.trace_id.short()),
        };
        one(Role::Dim, place)
    }
}

/// A row of words beside the bars.
fn aside(row: &TimelineRow, label: Line) -> Bar {
    Bar {
        from_ns: row.from_ns,
        critical: row.critical,
        depth: row.depth,
        label,
        style: BarStyle::None,
        ..Bar::default()
    }
}

/// Words below a row that belong to it.
fn below(row: &TimelineRow, label: Line) -> Bar {
    Bar { depth: row.depth + 1, critical: row.critical, label, style: BarStyle::None, ..Bar::default() }
}

/// Names that say no more than the arrow does.
const GENERIC: [&str; 9] = ["publish", "send", "produce", "create", "process", "receive", "consume", "deliver", "poll"];

/// What a span is called: its topic where it sends or receives, else its name.
pub fn name(span: &Span, names: &ShortNames) -> Line {
    match span.message_role() {
        Some(role) => message(role, span.topic(), &span.name, names),
        None => plain(span.name.clone()),
    }
}

/// The same of what is done with a topic under this name.
pub fn message(role: MessageRole, topic: Option<&str>, name: &str, names: &ShortNames) -> Line {
    let arrow = if role == MessageRole::Publish { "⇢ " } else { "⇠ " };
    let Some(topic) = topic else { return plain(format!("{arrow}{name}")) };
    let mut line = vec![piece(Role::Plain, arrow), piece(Role::Plain, names.topic(topic))];
    if !name.contains(topic) && !GENERIC.contains(&name) {
        line.push(piece(Role::Dim, format!("  {name}")));
    }
    line
}

/// What goes where its name is too long.
fn cut(span: &Span) -> CutSide {
    if span.message_role().is_some() && span.topic().is_some() { CutSide::Start } else { CutSide::Middle }
}

fn line_label(line: &LogEntry) -> Line {
    let said = if line.error_context.is_some() {
        crate::analysis::journey::errors::line_text(line)
    } else {
        line.message.clone()
    };
    let level = if line.level == Level::Unknown { "log" } else { line.level.as_str() };
    vec![piece(Role::Dim, "│ "), piece(level_role(line.level), level), piece(Role::Plain, format!("  {said}"))]
}

/// How a level is coloured.
pub fn level_role(level: Level) -> Role {
    match level {
        Level::Error | Level::Fatal => Role::Error,
        Level::Warn => Role::Warn,
        _ => Role::Dim,
    }
}
