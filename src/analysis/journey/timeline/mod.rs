//! The timeline: a journey as rows from top to bottom, like siblings folded, the most telling rows kept.
//!
//! Calls nest. What a message or a link set off begins a block of its own, after the block that sent it, with the
//! time in the queue between them: so the rows are in the order of events.

mod budget;
mod draw;
mod holes;
mod lines;
mod messages;
mod shape;

use crate::analysis::journey::cascade::Cascade;
use crate::analysis::journey::critical_path::CriticalPath;
use crate::model::error_outcome::ErrorOutcome;
use crate::model::filter::Filters;
use crate::model::finding::MissingThing;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{CauseKind, Journey};
use crate::model::time::Timestamp;
pub(crate) use draw::draw;
pub(crate) use messages::Messages;

/// Which log lines stand between the spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogDetail {
    /// Every line.
    All,
    /// Lines that tell of a failure.
    #[default]
    Errors,
    /// No line.
    None,
}

/// How to draw.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimelineOptions {
    /// Which log lines.
    pub(crate) lines: LogDetail,
    /// Fold nothing and cut nothing.
    pub(crate) full: bool,
    /// How many levels of calls to show; none means all.
    pub(crate) depth: Option<usize>,
    /// Which spans and lines are wanted.
    pub(crate) filters: Filters,
    /// Attributes to show below each span.
    pub(crate) attributes: Vec<String>,
    /// Whether to draw every service's times on the reference clock.
    pub(crate) adjust_clocks: bool,
    /// The most rows to show; the least telling are left out. None means all.
    pub(crate) rows: Option<usize>,
}

impl TimelineOptions {
    /// The detail of log lines for this journey: one without spans is shown by all its lines.
    fn lines_of(&self, journey: &Journey) -> LogDetail {
        if journey.spans.is_empty() && self.lines == LogDetail::Errors { LogDetail::All } else { self.lines }
    }

    /// A screenful: what fits beside a summary.
    pub(crate) fn compact() -> Self {
        Self { rows: Some(24), ..Self::default() }
    }
}

/// A journey as rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    /// When the first row begins.
    pub(crate) origin: Timestamp,
    /// From there to the last end.
    pub(crate) length_ns: i64,
    /// From top to bottom.
    pub(crate) rows: Vec<TimelineRow>,
    /// The critical path.
    pub(crate) critical: CriticalPath,
    /// What caused which error, and what came of it.
    pub(crate) cascade: Cascade,
    /// Spans that stand in a fold rather than in a row of their own.
    pub(crate) folded: usize,
    /// Spans that the filters leave out.
    pub(crate) filtered: usize,
    /// Lines that would be drawn, had the filters not left them out.
    pub(crate) filtered_lines: usize,
    /// Spans deeper than is drawn.
    pub(crate) deeper: usize,
    /// Spans that are left out for want of room.
    pub(crate) cut: usize,
    /// What became of messages.
    pub(crate) messages: Messages,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimelineRow {
    /// What it shows.
    pub(crate) content: RowContent,
    /// How deep it is nested.
    pub(crate) depth: usize,
    /// When it begins, after the origin. None where the recorded time cannot be drawn.
    pub(crate) start_ns: Option<i64>,
    /// How long it is; 0 for an instant.
    pub(crate) length_ns: i64,
    /// Whether it is on the critical path.
    pub(crate) critical: bool,
}

/// What a row shows. Spans and lines are indices into the journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowContent {
    /// A span.
    Span(usize),
    /// Several spans that look alike.
    Fold(Fold),
    /// The time between a message's sending and its arrival.
    MessageWait(Queue),
    /// A log line.
    Line(usize),
    /// An exception that a span recorded: the span, and which of its events.
    Exception(usize, usize),
    /// A link of a span to another one: the span, which of its links, and the span linked to where it is here.
    Link(usize, usize, Option<usize>),
    /// A parent that is named and was never stored.
    MissingParent(TraceId, SpanId),
    /// Something that should have followed from the span above and did not: what.
    MissingEffect(MissingThing),
    /// Spans and lines left out here.
    More {
        /// How many spans.
        spans: usize,
        /// How many other rows.
        others: usize,
    },
}

/// Several spans that look alike, with all that is below them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    /// The first of them.
    pub(crate) first: usize,
    /// How many.
    pub(crate) count: usize,
    /// How many spans they are with those below them.
    pub(crate) spans: usize,
    /// Half of them took no longer.
    pub(crate) p50_ns: i64,
    /// The longest.
    pub(crate) max_ns: i64,
    /// How many of them have an error, or a log line that reports one.
    pub(crate) errors: usize,
    /// The worst outcome of these errors.
    pub(crate) outcome: Option<ErrorOutcome>,
}

/// The way from a cause to what it set off, or from a delivery to the next one of the same message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Who sent it.
    pub(crate) from: usize,
    /// Who received it.
    pub(crate) to: usize,
    /// How we know.
    pub(crate) via: CauseKind,
    /// Whether the message was delivered here before.
    pub(crate) again: bool,
    /// From the sender's end, or the start of the delivery before, to the receiver's start on one clock; negative where
    /// the receiver was faster.
    pub(crate) wait_ns: i64,
    /// The longest such wait, where several are folded.
    pub(crate) longest_ns: i64,
}

#[cfg(test)]
mod tests;
