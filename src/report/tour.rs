//! `demo`: a short tour through other reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::provenance::Provenance;
use crate::report::block::{Block, Fact, TextRole, piece, plain, styled};
use crate::report::body::{Report, ReportBody};
use crate::report::facts::labelled;
use crate::report::frame::Frame;

/// A guided tour.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct TourReport {
    /// What it is about, in a sentence or two.
    pub(crate) welcome: String,
    /// From first to last.
    pub(crate) steps: Vec<TourStep>,
    /// What to run next.
    pub(crate) next: Vec<String>,
    /// The runs that can be looked at.
    pub(crate) runs: Vec<String>,
}

/// One stop of a tour.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TourStep {
    /// What is seen here.
    pub(crate) title: String,
    /// What to look at.
    pub(crate) text: String,
    /// The command.
    pub(crate) command: String,
    /// Its report.
    #[schemars(with = "serde_json::Value")]
    pub(crate) report: Report,
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
            blocks.push(Block::Line(styled(
                TextRole::Strong,
                format!("{}/{}  {}", nth + 1, self.steps.len(), step.title),
            )));
            blocks.push(Block::Line(plain(step.text.clone())));
            blocks.push(Block::Blank);
            blocks.push(Block::Line(vec![piece(TextRole::Dim, "$ "), piece(TextRole::Command, &step.command)]));
            blocks.push(Block::Blank);
            blocks.extend(step.report.blocks(frame.zone, frame.verbosity));
        }
        let mut facts = labelled("next", self.next.iter().map(|command| styled(TextRole::Command, command)));
        facts.push(Fact { label: "runs", items: self.runs.iter().map(|run| plain(run.clone())).collect() });
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}
