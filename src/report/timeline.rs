//! `timeline`: the full waterfall of one ID over all its traces.

use crate::analysis::journey::errors::{self, JourneyError};
use crate::analysis::journey::findings::AnalysedJourney;
use crate::analysis::journey::timeline::{self, Timeline, TimelineOptions};
use crate::model::provenance::Provenance;
use crate::report::block::{Block, Fact, plain};
use crate::report::body::ReportBody;
use crate::report::filters;
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::membership;
use crate::report::names::ShortNames;
use crate::report::parts;
use crate::report::record::JourneyRecord;
use crate::report::rows::{self, Rows};
use crate::report::waterfall::Words;
use crate::report::words::counted;

/// The waterfall of one ID.
#[derive(Clone, Debug)]
pub struct TimelineReport {
    judged: AnalysedJourney,
    timeline: Timeline,
    failures: Vec<JourneyError>,
    options: TimelineOptions,
}

impl TimelineReport {
    /// Draws a journey.
    pub fn new(judged: AnalysedJourney, options: TimelineOptions) -> Self {
        let timeline = timeline::draw(&judged.journey, &judged.judgement.findings, &options);
        let failures = errors::journey_errors(&judged.journey);
        Self { judged, timeline, failures, options }
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.judged.journey.is_empty()
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
        let filtered = filters::left_out(&self.timeline, &self.options.filters);
        parts::labelled("shown", parts.map(say).chain(filtered).map(plain))
    }

    fn commands(&self, frame: &Frame, names: &ShortNames) -> Vec<String> {
        let span =
            self.failures.iter().find_map(|f| f.span_id).or(self.judged.journey.spans.first().map(|s| s.span_id));
        let mut commands: Vec<String> = span.map(|s| frame.command("span", &names.span(s))).into_iter().collect();
        if self.judged.judgement.grave().next().is_some() {
            commands.push(frame.command("missing", ""));
        }
        if !self.judged.journey.logs.is_empty() {
            commands.push(frame.command("logs", ""));
        }
        commands
    }
}

impl ReportBody for TimelineReport {
    const NAME: &'static str = "timeline";
    type Record<'a> = JourneyRecord<'a>;

    /// As JSON: the whole journey, but for what the filters leave out.
    fn record<'a>(&'a self, provenance: &'a Provenance) -> JourneyRecord<'a> {
        let filters = &self.options.filters;
        JourneyRecord::new(&self.judged, &self.failures, &self.timeline.critical, filters, provenance)
    }

    /// Its main table: the spans.
    fn rows(&self) -> Option<Rows> {
        Some(rows::spans(&self.judged.journey, &self.timeline.critical, &self.options.filters))
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let journey = &self.judged.journey;
        let names = ShortNames::in_journey(journey);
        let words = Words::new(journey, &names, &self.timeline, &self.options, frame.verbosity);
        let mut blocks = frame.answer(&self.judged, &self.failures);
        blocks.extend(frame.asking());
        blocks.push(Block::Blank);
        blocks.extend(filters::drawing(&self.timeline, &words, &self.options.filters));
        blocks.push(Block::Blank);
        let mut facts = parts::time(journey, &self.timeline, &names);
        facts.extend(self.left_out());
        facts.extend(findings::withheld(&self.judged.judgement));
        facts.extend(filters::services(&journey.services(), &self.options.filters));
        facts.extend(membership::unseen(journey, &names));
        facts.extend(parts::skew(&journey.skew, &names, self.options.adjust_clocks));
        facts.extend(frame.links());
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&self.commands(frame, &names)));
        blocks.push(Block::Facts(facts));
        blocks
    }
}
