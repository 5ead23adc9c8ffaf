//! `find`: one ID on one screen.

use crate::analysis::journey::errors::{self, JourneyError};
use crate::analysis::journey::findings::AnalysedJourney;
use crate::analysis::journey::timeline::{self, Timeline, TimelineOptions};
use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::provenance::Provenance;
use crate::model::time::{DAY, Window};
use crate::report::block::{Block, Fact, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::charts;
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
use crate::report::waterfall::BarLabels;

/// How many errors are shown above the waterfall.
const ERRORS: usize = 3;
/// How many findings are.
const FINDINGS: usize = 4;

/// What was found of one ID.
#[derive(Clone, Debug)]
pub(crate) struct FindReport {
    analysed: AnalysedJourney,
    timeline: Timeline,
    errors: Vec<JourneyError>,
    options: TimelineOptions,
    keys: Vec<String>,
}

impl FindReport {
    /// The report on a journey. The keys are those of the tags in which the ID was searched.
    pub(crate) fn new(analysed: AnalysedJourney, keys: Vec<String>, options: TimelineOptions) -> Self {
        let timeline = timeline::draw(&analysed.journey, &analysed.findings.list, &options);
        let errors = errors::journey_errors(&analysed.journey);
        Self { analysed, timeline, errors, options, keys }
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.analysed.journey.is_empty()
    }

    fn facts(&self, frame: &Frame, names: &ShortNames) -> Vec<Fact> {
        let journey = &self.analysed.journey;
        let mut facts = journey_facts::critical_path(journey, &self.timeline, names);
        let left_out = filters::left_out(&self.timeline, &self.options.filters);
        facts.extend(left_out.map(|text| fact("shown", plain(text))));
        facts.extend(filters::services(&journey.services(), &self.options.filters));
        facts.extend(membership::matched_by(journey, names, frame.id_length()));
        facts.extend(membership::services_without_spans(journey, names));
        facts.extend(findings::withheld(self.analysed.findings.withheld));
        facts.extend(membership::neighbours(journey));
        facts.extend(journey_facts::alerts(&journey.alerts, frame));
        facts.extend(journey_facts::clock_skew(&journey.skew, names, &self.options));
        facts.extend(frame.links());
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&self.next(names)));
        facts
    }

    fn next(&self, names: &ShortNames) -> Vec<Invocation> {
        let mut next = vec![];
        if let Some(span) = self.errors.iter().find_map(|error| error.span_id) {
            next.push(Invocation::new(CommandName::Span).with(Argument::Span(names.span(span))));
        }
        if self.analysed.findings.warnings_and_errors().next().is_some() {
            next.push(Invocation::new(CommandName::Missing));
        }
        if !self.analysed.journey.spans.is_empty() {
            next.push(Invocation::new(CommandName::Timeline));
        }
        if !self.analysed.journey.logs.is_empty() {
            next.push(Invocation::new(CommandName::Logs));
        }
        next
    }

    /// The screen if nothing was found: where was searched, over which time, what to try.
    fn nothing(&self, frame: &Frame) -> Vec<Block> {
        let subject = frame.provenance.subject.as_deref().unwrap_or_default();
        let has_responded = frame.any_backend_responded();
        let verdict = if !has_responded {
            piece(TextRole::Error, "✗ nobody answered")
        } else if frame.provenance.complete {
            piece(TextRole::Strong, "– nothing found")
        } else {
            piece(TextRole::Warn, "– nothing found so far")
        };
        let title = vec![verdict, piece(TextRole::Dim, " for "), piece(TextRole::Strong, subject)];
        let mut blocks = vec![Block::Line(title)];
        blocks.extend(frame.completeness());
        // With `-v` the addresses are above already.
        let backends = frame.provenance.backends.iter();
        let asked = backends.filter(|b| b.requests > 0 && !b.url.is_empty() && frame.verbosity == 0);
        let address = asked
            .map(|b| vec![piece(TextRole::Plain, format!("{} ", b.name.as_str())), piece(TextRole::Plain, &b.url)]);
        let mut facts = labelled("asked", address);
        if !self.keys.is_empty() && has_responded {
            facts.push(Fact { label: "tags", items: self.keys.iter().map(|k| plain(k.clone())).collect() });
        }
        facts.extend(frame.searched());
        facts.extend(membership::neighbours(&self.analysed.journey));
        facts.extend(journey_facts::alerts(&self.analysed.journey.alerts, frame));
        facts.extend(frame.notes());
        facts.extend(self.attempts(frame));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }

    /// What to try after nothing was found, each with the reason.
    fn attempts(&self, frame: &Frame) -> Vec<Fact> {
        let find = || Invocation::new(CommandName::Find);
        let doctor = Invocation::new(CommandName::Doctor).about(About::Installation);
        let doctor = (doctor, "are these the right servers, and is new data coming in?");
        let has_no_backends = frame.provenance.backends.is_empty();
        let mut attempts = vec![];
        if !frame.any_backend_responded() {
            attempts.push(doctor);
            return attempt_facts(frame, &attempts);
        }
        attempts.push(if has_no_backends {
            (find().about(About::Everything), "which IDs are in it")
        } else {
            (find().with(Argument::LastDays(longer_days(frame.provenance))), "a longer time")
        });
        if !self.keys.is_empty() {
            attempts.push((find().with(Argument::AnotherKey), "another tag"));
        }
        attempts.extend((!has_no_backends).then_some(doctor));
        let mut facts = attempt_facts(frame, &attempts);
        if is_beginning_of_trace_id(frame.provenance.subject.as_deref().unwrap_or_default()) {
            let text = "this looks like the beginning of a trace ID; whole IDs are needed";
            facts.insert(0, fact("hint", styled(TextRole::Warn, text)));
        }
        if has_no_backends {
            facts.push(fact("", styled(TextRole::Dim, "the ID is matched as a whole, in this very spelling")));
        }
        facts
    }
}

impl ReportBody for FindReport {
    const NAME: &'static str = "find";
    type Record<'a> = JourneyRecord<'a>;

    fn record<'a>(&'a self, provenance: &'a Provenance) -> JourneyRecord<'a> {
        let filters = &self.options.filters;
        JourneyRecord::new(&self.analysed, &self.errors, &self.timeline.critical, filters, provenance)
    }

    fn rows(&self) -> Option<Rows> {
        Some(rows::spans(&self.analysed.journey, &self.timeline.critical, &self.options.filters))
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        if self.is_empty() {
            return self.nothing(frame);
        }
        let journey = &self.analysed.journey;
        let names = ShortNames::in_journey(journey);
        let mut blocks = journey_header::blocks(frame, &self.analysed, &self.errors);
        blocks.extend(frame.completeness());
        if !self.errors.is_empty() {
            blocks.push(Block::Blank);
            blocks.extend(journey_facts::errors(journey, &self.errors, self.timeline.origin, &names, ERRORS));
        }
        let others: Vec<_> = findings::beside_errors(&self.analysed.findings).collect();
        blocks.extend(findings::short(&others, &names, self.timeline.origin, FINDINGS));
        let shown_errors: Vec<&str> = self.errors.iter().take(ERRORS).map(|error| error.message.as_str()).collect();
        let labels = BarLabels::new(journey, &names, &self.timeline, &self.options, frame.verbosity);
        let labels = BarLabels { shown_errors: &shown_errors, ..labels };
        blocks.push(Block::Blank);
        blocks.extend(filters::drawing(&self.timeline, &labels, &self.options.filters));
        blocks.extend(charts::panels(&journey.panels));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(self.facts(frame, &names)));
        blocks
    }
}

fn attempt_facts(frame: &Frame, attempts: &[(Invocation, &'static str)]) -> Vec<Fact> {
    let attempt = |(nth, (run, reason)): (usize, &(Invocation, &'static str))| Fact {
        label: if nth == 0 { "try" } else { "" },
        items: vec![styled(TextRole::Command, frame.command(run)), styled(TextRole::Dim, *reason)],
    };
    attempts.iter().enumerate().map(attempt).collect()
}

/// More days than were searched.
fn longer_days(provenance: &Provenance) -> usize {
    let searched = [&provenance.window.traces, &provenance.window.logs];
    let longest = searched.iter().filter_map(|w| w.hull()).map(Window::length).max().unwrap_or(0);
    if longest < 7 * DAY { 7 } else { 30 }
}

/// Seven to 28 hex digits with a letter among them: plain numbers are IDs of orders and users. The bounds weigh a hint that
/// is missing against a wrong one about an ID that is hex by chance.
fn is_beginning_of_trace_id(id: &str) -> bool {
    let is_hex = id.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex && (7..=28).contains(&id.len()) && id.bytes().any(|b| b.is_ascii_alphabetic())
}
