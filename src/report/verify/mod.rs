//! `verify-pipeline`: whether runs are as their pipeline's spec says, step by step.

mod labels;
mod many_runs;
mod record;
mod runs;
mod single_run;
mod steps;

use serde_json::json;

use crate::model::provenance::Provenance;
use crate::pipeline::verdict::Check;
use crate::report::block::Block;
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::rows::Rows;

pub(crate) use labels::check_label;
use record::VerificationRecord;
pub(crate) use runs::{RunTimeline, VerificationReport, VerifiedRun};

impl ReportBody for VerificationReport {
    const NAME: &'static str = "verification";
    type Record<'a> = VerificationRecord<'a>;

    fn record<'a>(&'a self, provenance: &'a Provenance) -> VerificationRecord<'a> {
        VerificationRecord::new(self, provenance)
    }

    fn rows(&self) -> Option<Rows> {
        let row = |run: &VerifiedRun, check: &Check| {
            let first = check.seen.first();
            vec![
                json!(run.subject),
                json!(run.outcome.verdict),
                json!(check.kind),
                json!(check.name),
                json!(check.of),
                json!(check.state),
                json!(check.seen.len()),
                json!(first.map(|sight| sight.time)),
                json!(check.wait_ns),
                json!(check.why.join("; ")),
            ]
        };
        let rows = self.runs.iter().flat_map(|run| run.outcome.checks.iter().map(move |check| row(run, check)));
        Some(Rows {
            kind: "check",
            columns: &["subject", "verdict", "check", "name", "of", "state", "seen_count", "time", "wait_ns", "why"],
            rows: rows.collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        match self.runs.as_slice() {
            [run] => single_run::blocks(self, run, frame),
            _ => many_runs::blocks(self, frame),
        }
    }
}
