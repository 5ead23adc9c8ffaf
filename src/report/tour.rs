//! `demo`: a short tour through other reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::provenance::Provenance;
use crate::report::block::{Block, Fact, Role, fact, one, piece, plain};
use crate::report::body::{Report, ReportBody};
use crate::report::frame::Frame;

/// A guided tour.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct TourReport {
    /// What it is about, in a sentence or two.
    pub welcome: String,
    /// From first to last.
    pub steps: Vec<TourStep>,
    /// What to type next.
    pub next: Vec<String>,
    /// The runs that can be looked at.
    pub runs: Vec<String>,
}

/// One stop of a tour.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TourStep {
    /// What is seen here.
    pub title: String,
    /// What to look at.
    pub text: String,
    /// What was typed.
    pub command: String,
    /// What came back.
    #[schemars(with = "serde_json::Value")]
    pub report: Report,
}

impl ReportBody for TourReport {
    const NAME: &'static str = "tour";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let mut blocks = vec![Block::Line(plain(self.welcome.clone()))];
        for (nth, step) in self.steps.iter().enumerate() {
            blocks.push(Block::Blank);
            blocks.push(Block::Line(one(Role::Strong, format!("{}/{}  {}", nth + 1, self.steps.len(), step.title))));
            blocks.push(Block::Line(plain(step.text.clone())));
            blocks.push(Block::Blank);
            blocks.push(Block::Line(vec![piece(Role::Dim, "$ "), piece(Role::Command, &step.command)]));
            blocks.push(Block::Blank);
            blocks.extend(step.report.blocks(frame.zone, frame.verbosity));
        }
        let label = |nth: usize| if nth == 0 { "next" } else { "" };
        let commands = self.next.iter().enumerate();
        blocks.push(Block::Blank);
        let mut facts: Vec<Fact> = commands.map(|(n, c)| fact(label(n), one(Role::Command, c.clone()))).collect();
        facts.push(Fact { label: "runs", items: self.runs.iter().map(|run| plain(run.clone())).collect() });
        blocks.push(Block::Facts(facts));
        blocks
    }
}
