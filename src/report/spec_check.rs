//! `verify-pipeline --check`: whether a spec is valid, and everything that is wrong with it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::model::provenance::Provenance;
use crate::pipeline::file::{Diagnostic, Diagnostics};
use crate::pipeline::spec::Spec;
use crate::report::block::{Block, Table, TableRow, TextRole, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::rows::Rows;
use crate::report::text::counted;

/// Whether a spec is valid.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct SpecCheckReport {
    /// The path of the file as given.
    path: String,
    /// Whether nothing is wrong with it.
    sound: bool,
    /// The name of the pipeline; none if something is wrong.
    pipeline: Option<String>,
    /// How many steps it expects.
    step_count: usize,
    /// How many things must not be seen.
    absent_count: usize,
    /// How many conditions it has.
    when_count: usize,
    /// How many findings it forbids.
    forbid_count: usize,
    /// How many metrics it reads.
    metric_count: usize,
    /// What is wrong, in the order of the file.
    complaints: Vec<Diagnostic>,
    /// How many more complaints are not listed.
    more_complaint_count: usize,
}

impl SpecCheckReport {
    /// The report on a valid spec.
    pub(crate) fn from_spec(path: String, spec: &Spec) -> Self {
        Self {
            path,
            sound: true,
            pipeline: Some(spec.name.clone()),
            step_count: spec.steps.len(),
            absent_count: spec.absent.len(),
            when_count: spec.conditions.len(),
            forbid_count: spec.forbid.len(),
            metric_count: spec.metrics.len(),
            ..Self::default()
        }
    }

    /// The report on an invalid spec.
    pub(crate) fn from_complaints(complaints: Diagnostics) -> Self {
        let Diagnostics { path, list, more, .. } = complaints;
        Self { path, complaints: list, more_complaint_count: more, ..Self::default() }
    }

    fn complaint_blocks(&self) -> Vec<Block> {
        let count = counted(self.complaints.len() + self.more_complaint_count, "complaint");
        let title = vec![piece(TextRole::Error, "✗ "), piece(TextRole::Strong, format!("{count} in {}", self.path))];
        let row = |complaint: &Diagnostic| {
            let place = plain(format!("{}:{}", complaint.line, complaint.column));
            TableRow::new(vec![place, plain(&complaint.message), styled(TextRole::Dim, &complaint.help)])
        };
        let table = Table::new(&["at", "wrong", "do"], self.complaints.iter().map(row).collect());
        vec![Block::Line(title), Block::Blank, Block::Table(table)]
    }
}

impl ReportBody for SpecCheckReport {
    const NAME: &'static str = "soundness";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<Rows> {
        let row = |complaint: &Diagnostic| {
            vec![
                json!(self.path),
                json!(complaint.line),
                json!(complaint.column),
                json!(complaint.message),
                json!(complaint.help),
            ]
        };
        Some(Rows {
            kind: "complaint",
            columns: &["path", "line", "column", "message", "suggestion"],
            rows: self.complaints.iter().map(row).collect(),
        })
    }

    fn blocks(&self, _: &Frame) -> Vec<Block> {
        let Some(pipeline) = &self.pipeline else { return self.complaint_blocks() };
        let parts = [
            (self.step_count, "steps"),
            (self.absent_count, "absent"),
            (self.when_count, "when"),
            (self.forbid_count, "forbid"),
            (self.metric_count, "metrics"),
        ];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what} {n}")).collect();
        let text = format!("{}: pipeline {pipeline} is sound: {}", self.path, parts.join(", "));
        vec![Block::Line(vec![piece(TextRole::Good, "✓ "), piece(TextRole::Plain, text)])]
    }
}
