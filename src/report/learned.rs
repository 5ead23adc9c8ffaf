//! `learn-pipeline`: what good runs have in common, as a spec.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::model::provenance::Provenance;
use crate::pipeline::learn::learned_pipeline::{LearnedPipeline, LearnedStep};
use crate::report::block::Block;
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::rows::Rows;

/// A spec that was learned.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct LearnedReport {
    /// As data.
    #[serde(flatten)]
    pub(crate) draft: LearnedPipeline,
    /// As a spec.
    pub(crate) spec: String,
    /// What would change in the existing spec, as a unified diff; none without such a spec.
    pub(crate) diff: Option<String>,
}

impl ReportBody for LearnedReport {
    const NAME: &'static str = "learned";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<Rows> {
        let row = |step: &LearnedStep| {
            vec![
                json!(step.name),
                json!(step.span),
                json!(step.service),
                json!(step.kind.as_str()),
                json!(step.after.as_ref().map(|after| &after.step)),
                json!(step.after.as_ref().map(|after| after.wait.seen.most_ns)),
                json!(step.took.map(|took| took.seen.most_ns)),
                json!(step.optional),
                json!(step.runs),
            ]
        };
        Some(Rows {
            kind: "step",
            columns: &["name", "span", "service", "kind", "after", "most_wait_ns", "most_took_ns", "optional", "runs"],
            rows: self.draft.steps.iter().map(row).collect(),
        })
    }

    fn blocks(&self, _: &Frame) -> Vec<Block> {
        vec![Block::Text(0, self.diff.clone().unwrap_or_else(|| self.spec.clone()))]
    }
}
