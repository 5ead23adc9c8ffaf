//! `find`: the story of one ID on one screen.

use crate::analysis::errors::{self, Failure};
use crate::analysis::timeline::{self, Options, Timeline};
use crate::model::journey::Journey;
use crate::model::time::{DAY, Window};
use crate::report::block::{Block, Fact, Role, fact, one, piece, plain};
use crate::report::names::Names;
use crate::report::parts::{self, Frame};
use crate::report::record::JourneyRecord;
use crate::report::waterfall::{self, Words};

/// How many failures stand above the waterfall.
const FAILURES: usize = 3;

/// The story of one ID.
#[derive(Clone, Debug)]
pub struct Find {
    journey: Journey,
    timeline: Timeline,
    failures: Vec<Failure>,
    options: Options,
    keys: Vec<String>,
}

impl Find {
    /// The story of a journey. The keys are those under which the ID was looked for.
    pub fn of(journey: Journey, keys: Vec<String>, options: Options) -> Self {
        let timeline = timeline::of(&journey, &options);
        let failures = errors::of(&journey);
        Self { journey, timeline, failures, options, keys }
    }

    /// As JSON.
    pub fn record(&self) -> JourneyRecord<'_> {
        JourneyRecord::of(&self.journey, &self.failures, &self.timeline.critical, &self.options.filters)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.journey.is_empty()
    }

    /// As a screen: the answer, what it rests on, the story, why it belongs together, what to type next.
    pub fn blocks(&self, frame: &Frame) -> Vec<Block> {
        if self.is_empty() {
            return self.nothing(frame);
        }
        let journey = &self.journey;
        let names = Names::of(&journey.services());
        let mut blocks = frame.answer(journey, &self.failures);
        blocks.extend(frame.asking());
        if !self.failures.is_empty() {
            blocks.push(Block::Blank);
            blocks.extend(parts::failures(&self.failures, self.timeline.origin, &names, FAILURES));
        }
        let told: Vec<&str> = self.failures.iter().take(FAILURES).map(|f| f.what.as_str()).collect();
        let words = Words {
            journey,
            names: &names,
            attributes: &self.options.attributes,
            ids: frame.verbosity > 0,
            told: &told,
        };
        blocks.push(Block::Blank);
        blocks.extend(waterfall::blocks(&self.timeline, &words));
        blocks.extend(parts::panels(&journey.panels));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(self.facts(frame, &names)));
        blocks
    }

    fn facts(&self, frame: &Frame, names: &Names) -> Vec<Fact> {
        let journey = &self.journey;
        let mut facts = parts::time(journey, &self.timeline.critical, names);
        facts.extend(parts::joined(journey, names));
        facts.extend(parts::neighbours(journey));
        facts.extend(frame.alerts(&journey.alerts));
        facts.extend(parts::skew(&journey.skew, names, self.options.adjust_clocks));
        facts.extend(frame.links());
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&self.commands(frame)));
        facts
    }

    fn commands(&self, frame: &Frame) -> Vec<String> {
        let mut commands = vec![];
        if let Some(span) = self.failures.iter().find_map(|f| f.span_id) {
            commands.push(frame.command("span", &span.short()));
        }
        if !self.journey.spans.is_empty() {
            commands.push(frame.command("timeline", ""));
        }
        if !self.journey.logs.is_empty() {
            commands.push(frame.command("logs", ""));
        }
        commands
    }

    /// Nothing was found: what was asked, where, over which time, what to try.
    fn nothing(&self, frame: &Frame) -> Vec<Block> {
        let subject = frame.report.subject.as_deref().unwrap_or_default();
        let verdict = if frame.report.complete {
            piece(Role::Strong, "– nothing found")
        } else {
            piece(Role::Warn, "– nothing found so far")
        };
        let title = vec![verdict, piece(Role::Dim, " for "), piece(Role::Strong, subject)];
        let mut blocks = vec![Block::Line(title)];
        blocks.extend(frame.asking());
        let addresses = frame.report.backends.iter();
        let asked = addresses.filter(|b| b.requests > 0 && !b.url.is_empty() && frame.verbosity == 0);
        let asked = asked.map(|b| vec![piece(Role::Plain, format!("{} ", b.name.word())), piece(Role::Plain, &b.url)]);
        let mut facts = parts::labelled("asked", asked);
        if !self.keys.is_empty() {
            facts.push(Fact { label: "tags", items: self.keys.iter().map(|k| plain(k.clone())).collect() });
        }
        facts.extend(frame.covered());
        facts.extend(parts::neighbours(&self.journey));
        facts.extend(frame.alerts(&self.journey.alerts));
        facts.extend(frame.remarks());
        facts.extend(self.attempts(frame));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }

    fn attempts(&self, frame: &Frame) -> Vec<Fact> {
        let longest = [&frame.report.window.traces, &frame.report.window.logs]
            .iter()
            .filter_map(|w| w.hull())
            .map(Window::length)
            .max()
            .unwrap_or(0);
        let since = if longest < 7 * DAY { "--since 7d" } else { "--since 30d" };
        let mut steps = vec![(frame.command("find", since), "a longer time")];
        if !self.keys.is_empty() {
            steps.push((frame.command("find", "--key KEY"), "another tag"));
        }
        steps.push(("trace doctor".to_owned(), "are these the right servers, and is new data coming in?"));
        let label = |nth: usize| if nth == 0 { "try" } else { "" };
        let say = |(nth, (command, why)): (usize, &(String, &str))| Fact {
            label: label(nth),
            items: vec![one(Role::Command, command.clone()), one(Role::Dim, *why)],
        };
        let mut facts: Vec<Fact> = steps.iter().enumerate().map(say).collect();
        if frame.report.backends.is_empty() {
            facts.push(fact("", one(Role::Dim, "the ID is matched as a whole, in this very spelling")));
        }
        facts
    }
}
