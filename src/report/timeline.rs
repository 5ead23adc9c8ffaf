//! `timeline`: the full waterfall of one ID over all its traces.

use crate::analysis::journey::errors::{self, JourneyError};
use crate::analysis::journey::findings::AnalysedJourney;
use crate::analysis::journey::timeline::{self, Timeline, TimelineOptions};
use crate::model::action::{Argument, CommandName, Invocation};
use crate::model::provenance::Provenance;
use crate::report::block::{Block, Fact, plain};
use crate::report::body::ReportBody;
use crate::report::facts::labelled;
use crate::report::filters;
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::journey_facts;
use crate::report::journey_header;
use crate::report::journey_record::JourneyRecord;
use crate::report::membership;
use crate::report::names::ShortNames;
use crate::report::rows::{self, Rows};
use crate::report::text::counted;
use crate::report::waterfall::BarLabels;
use crate::report::wording::see_more::{SeeMore, deeper_than};

/// The waterfall of one ID.
#[derive(Clone, Debug)]
pub(crate) struct TimelineReport {
    analysed: AnalysedJourney,
    timeline: Timeline,
    errors: Vec<JourneyError>,
    options: TimelineOptions,
}

impl TimelineReport {
    /// The report on a journey.
    pub(crate) fn new(analysed: AnalysedJourney, options: TimelineOptions) -> Self {
        let timeline = timeline::draw(&analysed.journey, &analysed.findings.list, &options);
        let errors = errors::journey_errors(&analysed.journey);
        Self { analysed, timeline, errors, options }
    }

    fn left_out(&self) -> Vec<Fact> {
        let depth = self.options.depth.unwrap_or_default();
        let counts = [
            (self.timeline.folded, format!("folded ({})", SeeMore::Unfolded)),
            (self.timeline.cut, format!("left out for want of room ({})", SeeMore::Full)),
            (self.timeline.deeper, deeper_than(depth)),
        ];
        let counts = counts.into_iter().filter(|(n, _)| *n > 0);
        let sentence = |(n, what)| format!("{} {} {what}", counted(n, "span"), if n == 1 { "is" } else { "are" });
        let filtered = filters::left_out(&self.timeline, &self.options.filters);
        labelled("shown", counts.map(sentence).chain(filtered).map(plain))
    }

    fn next(&self, names: &ShortNames) -> Vec<Invocation> {
        let of_error = self.errors.iter().find_map(|error| error.span_id);
        let span = of_error.or(self.analysed.journey.spans.first().map(|span| span.span_id));
        let span = span.map(|span| Invocation::new(CommandName::Span).with(Argument::Span(names.span(span))));
        let mut next: Vec<Invocation> = span.into_iter().collect();
        if self.analysed.findings.warnings_and_errors().next().is_some() {
            next.push(Invocation::new(CommandName::Missing));
        }
        if !self.analysed.journey.logs.is_empty() {
            next.push(Invocation::new(CommandName::Logs));
        }
        next
    }
}

impl ReportBody for TimelineReport {
    const NAME: &'static str = "timeline";
    type Record<'a> = JourneyRecord<'a>;

    fn record<'a>(&'a self, provenance: &'a Provenance) -> JourneyRecord<'a> {
        let filters = &self.options.filters;
        JourneyRecord::new(&self.analysed, &self.errors, &self.timeline.critical, filters, provenance)
    }

    fn rows(&self) -> Option<Rows> {
        Some(rows::spans(&self.analysed.journey, &self.timeline.critical, &self.options.filters))
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let journey = &self.analysed.journey;
        let names = ShortNames::in_journey(journey);
        let labels = BarLabels::new(journey, &names, &self.timeline, &self.options, frame.verbosity);
        let mut blocks = journey_header::blocks(frame, &self.analysed, &self.errors);
        blocks.extend(frame.completeness());
        blocks.push(Block::Blank);
        blocks.extend(filters::drawing(&self.timeline, &labels, &self.options.filters));
        blocks.push(Block::Blank);
        let mut facts = journey_facts::critical_path(journey, &self.timeline, &names);
        facts.extend(self.left_out());
        facts.extend(findings::withheld(self.analysed.findings.withheld));
        facts.extend(filters::services(&journey.services(), &self.options.filters));
        facts.extend(membership::services_without_spans(journey, &names));
        facts.extend(journey_facts::clock_skew(&journey.skew, &names, &self.options));
        facts.extend(frame.links());
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&self.next(&names)));
        blocks.push(Block::Facts(facts));
        blocks
    }
}
