//! `timeline`: the full waterfall of one ID over all its traces.

use crate::analysis::errors::{self, Failure};
use crate::analysis::timeline::{self, Options, Timeline};
use crate::model::journey::Journey;
use crate::report::block::{Block, Fact, plain};
use crate::report::names::Names;
use crate::report::parts::{self, Frame};
use crate::report::record::JourneyRecord;
use crate::report::rows::{self, Rows};
use crate::report::waterfall::Words;
use crate::report::words::counted;

/// The waterfall of one ID.
#[derive(Clone, Debug)]
pub struct TimelineReport {
    journey: Journey,
    timeline: Timeline,
    failures: Vec<Failure>,
    options: Options,
}

impl TimelineReport {
    /// Draws a journey.
    pub fn of(journey: Journey, options: Options) -> Self {
        let timeline = timeline::of(&journey, &options);
        let failures = errors::of(&journey);
        Self { journey, timeline, failures, options }
    }

    /// As JSON: the whole journey, but for what the filters leave out.
    pub fn record(&self) -> JourneyRecord<'_> {
        JourneyRecord::of(&self.journey, &self.failures, &self.timeline.critical, &self.options.filters)
    }

    /// Its main table: the spans.
    pub fn rows(&self) -> Rows {
        rows::spans(&self.journey, &self.timeline.critical, &self.options.filters)
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.journey.is_empty()
    }

    /// As a screen.
    pub fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let journey = &self.journey;
        let names = Names::in_journey(journey);
        let words = Words::of(journey, &names, &self.timeline, &self.options, frame.verbosity);
        let mut blocks = frame.answer(journey, &self.failures);
        blocks.extend(frame.asking());
        blocks.push(Block::Blank);
        blocks.extend(parts::drawing(&self.timeline, &words, &self.options.filters));
        blocks.push(Block::Blank);
        let mut facts = parts::time(journey, &self.timeline, &names);
        facts.extend(self.left_out());
        facts.extend(parts::services(&journey.services(), &self.options.filters));
        facts.extend(parts::unseen(journey, &names));
        facts.extend(parts::skew(&journey.skew, &names, self.options.adjust_clocks));
        facts.extend(frame.links());
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&self.commands(frame, &names)));
        blocks.push(Block::Facts(facts));
        blocks
    }

    fn left_out(&self) -> Vec<Fact> {
        let depth = self.options.depth.unwrap_or_default();
        let parts = [
            (self.timeline.folded, "folded (--full unfolds them)".to_owned()),
            (self.timeline.cut, "left out for want of room (--full shows them)".to_owned()),
            (self.timeline.deeper, format!("deeper than --depth {depth}")),
        ];
        let parts = parts.into_iter().filter(|(n, _)| *n > 0);
        let say = |(n, what)| format!("{} {} {what}", counted(n, "span"), if n == 1 { "is" } else { "are" });
        let filtered = parts::left_out(&self.timeline, &self.options.filters);
        parts::labelled("shown", parts.map(say).chain(filtered).map(plain))
    }

    fn commands(&self, frame: &Frame, names: &Names) -> Vec<String> {
        let span = self.failures.iter().find_map(|f| f.span_id).or(self.journey.spans.first().map(|s| s.span_id));
        let mut commands: Vec<String> = span.map(|s| frame.command("span", &names.span(s))).into_iter().collect();
        if !self.journey.logs.is_empty() {
            commands.push(frame.command("logs", ""));
        }
        commands
    }
}
