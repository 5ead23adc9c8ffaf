//! `verify-pipeline --check`: whether a spec is sound, and everything that is wrong with it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::model::provenance::Provenance;
use crate::pipeline::file::{Complaint, Complaints};
use crate::pipeline::spec::Spec;
use crate::report::block::{Block, Line, Role, Table, TableRow, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::rows::Rows;
use crate::report::words::counted;

/// Whether a spec is sound.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct SpecCheckReport {
    /// The file as it was named.
    path: String,
    /// Whether nothing is wrong with it.
    sound: bool,
    /// What the pipeline is called; none where something is wrong.
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
    complaints: Vec<Complaint>,
    /// How much more is wrong that is not told.
    more_complaint_count: usize,
}

impl SpecCheckReport {
    /// Of a spec that is sound.
    pub fn from_spec(path: String, spec: &Spec) -> Self {
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

    /// Of one that is not.
    pub fn wanting(wrong: Complaints) -> Self {
        Self { path: wrong.path, complaints: wrong.list, more_complaint_count: wrong.more, ..Self::default() }
    }

    fn complained(&self) -> Vec<Block> {
        let all = self.complaints.len() + self.more_complaint_count;
        let title: Line = vec![
            piece(Role::Error, "✗ "),
            piece(Role::Strong, format!("{} in {}", counted(all, "complaint"), self.path)),
        ];
        let row = |wrong: &Complaint| TableRow {
            cells: vec![
                plain(format!("{}:{}", wrong.line, wrong.column)),
                plain(&wrong.message),
                one(Role::Dim, &wrong.help),
            ],
            below: vec![],
        };
        let head = ["at", "wrong", "do"].map(str::to_owned).to_vec();
        vec![
            Block::Line(title),
            Block::Blank,
            Block::Table(Table { head, rows: self.complaints.iter().map(row).collect(), ..Table::default() }),
        ]
    }
}

impl ReportBody for SpecCheckReport {
    const NAME: &'static str = "soundness";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    /// Its main table: what is wrong.
    fn rows(&self) -> Option<Rows> {
        let row = |wrong: &Complaint| {
            vec![json!(self.path), json!(wrong.line), json!(wrong.column), json!(wrong.message), json!(wrong.help)]
        };
        Some(Rows {
            kind: "complaint",
            columns: &["path", "line", "column", "message", "suggestion"],
            rows: self.complaints.iter().map(row).collect(),
        })
    }

    fn blocks(&self, _: &Frame) -> Vec<Block> {
        let Some(pipeline) = &self.pipeline else { return self.complained() };
        let parts = [
            (self.step_count, "steps"),
            (self.absent_count, "absent"),
            (self.when_count, "when"),
            (self.forbid_count, "forbid"),
            (self.metric_count, "metrics"),
        ];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what} {n}")).collect();
        let said = format!("{}: pipeline {pipeline} is sound: {}", self.path, parts.join(", "));
        vec![Block::Line(vec![piece(Role::Good, "✓ "), piece(Role::Plain, said)])]
    }
}
