//! `timeline`: the full waterfall of one ID over all its traces.

use crate::analysis::errors::{self, Failure};
use crate::analysis::timeline::{self, Options, Timeline};
use crate::model::journey::Journey;
use crate::report::block::{Block, Fact, fact, plain};
use crate::report::names::Names;
use crate::report::parts::{self, Frame};
use crate::report::record::JourneyRecord;
use crate::report::waterfall::{self, Words};
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

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.journey.is_empty()
    }

    /// As a screen.
    pub fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let journey = &self.journey;
        let names = Names::of(&journey.services());
        let words =
            Words { journey, names: &names, attributes: &self.options.attributes, ids: frame.verbosity > 0, told: &[] };
        let mut blocks = frame.answer(journey, &self.failures);
        blocks.extend(frame.asking());
        blocks.push(Block::Blank);
        blocks.extend(waterfall::blocks(&self.timeline, &words));
        blocks.push(Block::Blank);
        let mut facts = parts::time(journey, &self.timeline.critical, &names);
        facts.extend(self.left_out());
        facts.extend(parts::skew(&journey.skew, &names, self.options.adjust_clocks));
        facts.extend(frame.links());
        facts.extend(frame.remarks());
        facts.extend(parts::next(&self.commands(frame)));
        blocks.push(Block::Facts(facts));
        blocks
    }

    fn left_out(&self) -> Vec<Fact> {
        let mut items = vec![];
        for (n, what) in [
            (self.timeline.folded, "are folded (--full unfolds them)"),
            (self.timeline.cut, "are left out for want of room (--full shows them)"),
            (self.timeline.filtered, "are filtered out"),
        ] {
            if n > 0 {
                items.push(plain(format!("{} {what}", counted(n, "span"))));
            }
        }
        items.into_iter().map(|line| fact("shown", line)).collect()
    }

    fn commands(&self, frame: &Frame) -> Vec<String> {
        let span = self.failures.iter().find_map(|f| f.span_id).or(self.journey.spans.first().map(|s| s.span_id));
        let mut commands: Vec<String> = span.map(|s| frame.command("span", &s.short())).into_iter().collect();
        if !self.journey.logs.is_empty() {
            commands.push(frame.command("logs", ""));
        }
        commands
    }
}
