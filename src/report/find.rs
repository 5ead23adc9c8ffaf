//! `find`: the story of one ID on one screen.

use crate::analysis::journey::errors::{self, JourneyError};
use crate::analysis::journey::findings::AnalysedJourney;
use crate::analysis::journey::timeline::{self, Timeline, TimelineOptions};
use crate::model::provenance::Provenance;
use crate::model::time::{DAY, Window};
use crate::report::block::{Block, Fact, Role, fact, one, piece, plain};
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

/// How many failures stand above the waterfall.
const FAILURES: usize = 3;
/// How many findings do.
const FINDINGS: usize = 4;

/// The story of one ID.
#[derive(Clone, Debug)]
pub struct FindReport {
    judged: AnalysedJourney,
    timeline: Timeline,
    failures: Vec<JourneyError>,
    options: TimelineOptions,
    keys: Vec<String>,
}

impl FindReport {
    /// The story of a journey. The keys are those under which the ID was looked for.
    pub fn new(judged: AnalysedJourney, keys: Vec<String>, options: TimelineOptions) -> Self {
        let timeline = timeline::draw(&judged.journey, &judged.judgement.findings, &options);
        let failures = errors::journey_errors(&judged.journey);
        Self { judged, timeline, failures, options, keys }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.judged.journey.is_empty()
    }

    fn facts(&self, frame: &Frame, names: &ShortNames) -> Vec<Fact> {
        let journey = &self.judged.journey;
        let mut facts = parts::time(journey, &self.timeline, names);
        let left_out = filters::left_out(&self.timeline, &self.options.filters);
        facts.extend(left_out.map(|said| fact("shown", plain(said))));
        facts.extend(filters::services(&journey.services(), &self.options.filters));
        facts.extend(membership::joined(journey, names, frame.ids()));
        facts.extend(membership::unseen(journey, names));
        facts.extend(findings::withheld(&self.judged.judgement));
        facts.extend(membership::neighbours(journey));
        facts.extend(frame.alerts(&journey.alerts));
        facts.extend(parts::skew(&journey.skew, names, self.options.adjust_clocks));
        facts.extend(frame.links());
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&self.commands(frame, names)));
        facts
    }

    fn commands(&self, frame: &Frame, names: &ShortNames) -> Vec<String> {
        let mut commands = vec![];
        if let Some(span) = self.failures.iter().find_map(|f| f.span_id) {
            commands.push(frame.command("span", &names.span(span)));
        }
        if self.judged.judgement.grave().next().is_some() {
            commands.push(frame.command("missing", ""));
        }
        if !self.judged.journey.spans.is_empty() {
            commands.push(frame.command("timeline", ""));
        }
        if !self.judged.journey.logs.is_empty() {
            commands.push(frame.command("logs", ""));
        }
        commands
    }

    /// Nothing was found: what was asked, where, over which time, what to try.
    fn nothing(&self, frame: &Frame) -> Vec<Block> {
        let subject = frame.provenance.subject.as_deref().unwrap_or_default();
        let answered = frame.was_answered();
        let verdict = if !answered {
            piece(Role::Error, "✗ nobody answered")
        } else if frame.provenance.complete {
            piece(Role::Strong, "– nothing found")
        } else {
            piece(Role::Warn, "– nothing found so far")
        };
        let title = vec![verdict, piece(Role::Dim, " for "), piece(Role::Strong, subject)];
        let mut blocks = vec![Block::Line(title)];
        blocks.extend(frame.asking());
        let addresses = frame.provenance.backends.iter();
        let asked = addresses.filter(|b| b.requests > 0 && !b.url.is_empty() && frame.verbosity == 0);
        let asked =
            asked.map(|b| vec![piece(Role::Plain, format!("{} ", b.name.as_str())), piece(Role::Plain, &b.url)]);
        let mut facts = parts::labelled("asked", asked);
        if !self.keys.is_empty() && answered {
            facts.push(Fact { label: "tags", items: self.keys.iter().map(|k| plain(k.clone())).collect() });
        }
        facts.extend(frame.covered());
        facts.extend(membership::neighbours(&self.judged.journey));
        facts.extend(frame.alerts(&self.judged.journey.alerts));
        facts.extend(frame.remarks());
        facts.extend(self.attempts(frame));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }

    fn longer(frame: &Frame) -> &'static str {
        let asked = [&frame.provenance.window.traces, &frame.provenance.window.logs];
        let longest = asked.iter().filter_map(|w| w.hull()).map(Window::length).max().unwrap_or(0);
        if longest < 7 * DAY { "--since 7d" } else { "--since 30d" }
    }

    fn attempts(&self, frame: &Frame) -> Vec<Fact> {
        let doctor = ("trace doctor".to_owned(), "are these the right servers, and is new data coming in?");
        if !frame.was_answered() {
            return vec![attempt("try", doctor)];
        }
        let of_files = frame.provenance.backends.is_empty();
        let mut steps = if of_files {
            vec![(format!("trace find {}", frame.provenance.flags), "which IDs are in it")]
        } else {
            vec![(frame.command("find", Self::longer(frame)), "a longer time")]
        };
        if !self.keys.is_empty() {
            steps.push((frame.command("find", "--key KEY"), "another tag"));
        }
        steps.extend((!of_files).then_some(doctor));
        let label = |nth: usize| if nth == 0 { "try" } else { "" };
        let steps = steps.into_iter().enumerate();
        let mut facts: Vec<Fact> = steps.map(|(nth, step)| attempt(label(nth), step)).collect();
        if is_beginning_of_trace_id(frame.provenance.subject.as_deref().unwrap_or_default()) {
            let said = "this looks like the beginning of a trace ID; whole IDs are needed";
            facts.insert(0, fact("hint", one(Role::Warn, said)));
        }
        if of_files {
            facts.push(fact("", one(Role::Dim, "the ID is matched as a whole, in this very spelling")));
        }
        facts
    }
}

impl ReportBody for FindReport {
    const NAME: &'static str = "find";
    type Record<'a> = JourneyRecord<'a>;

    fn record<'a>(&'a self, provenance: &'a Provenance) -> JourneyRecord<'a> {
        let filters = &self.options.filters;
        JourneyRecord::new(&self.judged, &self.failures, &self.timeline.critical, filters, provenance)
    }

    /// Its main table: the spans.
    fn rows(&self) -> Option<Rows> {
        Some(rows::spans(&self.judged.journey, &self.timeline.critical, &self.options.filters))
    }

    /// As a screen: the answer, what it rests on, the story, why it belongs together, what to type next.
    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        if self.is_empty() {
            return self.nothing(frame);
        }
        let journey = &self.judged.journey;
        let names = ShortNames::in_journey(journey);
        let mut blocks = frame.answer(&self.judged, &self.failures);
        blocks.extend(frame.asking());
        if !self.failures.is_empty() {
            blocks.push(Block::Blank);
            blocks.extend(parts::failures(journey, &self.failures, self.timeline.origin, &names, FAILURES));
        }
        let beside: Vec<_> = findings::beside_errors(&self.judged.judgement).collect();
        blocks.extend(findings::short(&beside, &names, self.timeline.origin, FINDINGS));
        let told: Vec<&str> = self.failures.iter().take(FAILURES).map(|f| f.what.as_str()).collect();
        let words =
            Words { told: &told, ..Words::new(journey, &names, &self.timeline, &self.options, frame.verbosity) };
        blocks.push(Block::Blank);
        blocks.extend(filters::drawing(&self.timeline, &words, &self.options.filters));
        blocks.extend(parts::panels(&journey.panels));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(self.facts(frame, &names)));
        blocks
    }
}

fn attempt(label: &'static str, (command, why): (String, &'static str)) -> Fact {
    Fact { label, items: vec![one(Role::Command, command), one(Role::Dim, why)] }
}

/// Seven to 28 hex digits, a letter among them: plain numbers name orders and users.
fn is_beginning_of_trace_id(id: &str) -> bool {
    let digits = id.bytes().all(|b| b.is_ascii_hexdigit());
    digits && (7..=28).contains(&id.len()) && id.bytes().any(|b| b.is_ascii_alphabetic())
}
