//! `errors`: the newest errors with all that is known of each.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::error_list::ErrorEntry;
use crate::analysis::window::occurrences::ErrorRole;
use crate::model::action::{About, CommandName, Invocation};
use crate::model::basis::Basis;
use crate::model::error_outcome::{ErrorOutcome, OutcomeCounts};
use crate::model::provenance::Provenance;
use crate::report::block::{Block, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::rows::Rows;
use crate::report::text::{counted, counted_u64};
use crate::report::window_screen::basis_line;
use crate::report::wording::outcomes::{after_count, mark};
use crate::report::wording::see_more::SeeMore;

/// How many fields of an error are shown without `-v`.
const FIELDS: usize = 6;

/// The newest errors.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ErrorsReport {
    /// Newest first, each with how often it occurred.
    pub(crate) errors: Vec<ErrorEntry>,
    /// How many other kinds there are, older ones.
    pub(crate) older: usize,
    /// How many errors those are.
    pub(crate) older_count: u64,
    /// How many were left out because others caused them.
    pub(crate) passed_on: u64,
    /// What the answer rests on.
    pub(crate) basis: Basis,
    /// The time in words, for the screen; may be empty.
    #[serde(skip)]
    pub(crate) when: String,
    /// Whether the screen shows stack traces.
    #[serde(skip)]
    pub(crate) stacks: bool,
}

impl ErrorsReport {
    fn answer(&self, frame: &Frame) -> Line {
        let when = if self.when.is_empty() { String::new() } else { format!(" {}", self.when) };
        let Some(newest) = self.errors.first() else {
            return match (self.basis.journeys, frame.provenance.complete) {
                (_, false) => styled(TextRole::Warn, format!("– no errors seen so far{when}")),
                (0, true) => styled(TextRole::Strong, format!("– no errors found{when}")),
                (_, true) => styled(TextRole::Good, format!("✓ no errors{when}")),
            };
        };
        let count = self.errors.iter().map(|error| error.count).sum::<u64>() + self.older_count;
        let known = self.errors.len() + self.older;
        let errors = counted_u64(count, "error");
        let kinds = if count > known as u64 { format!(" of {}", counted(known, "kind")) } else { String::new() };
        let outcomes =
            self.errors.iter().map(|error| error.outcomes).fold(OutcomeCounts::default(), OutcomeCounts::plus);
        // Those of older kinds are not known here one by one.
        let (role, mark) = match outcomes.outcome {
            Some(outcome) if self.older == 0 => mark(outcome),
            _ => mark(ErrorOutcome::Failed),
        };
        let outcome = if self.older == 0 { after_count(outcomes) } else { String::new() };
        vec![
            piece(role, format!("{mark} {errors}{kinds}{when}{outcome}")),
            piece(TextRole::Dim, format!("; the newest at {}", frame.zone.full(newest.time))),
        ]
    }

    fn error_blocks(&self, error: &ErrorEntry, names: &ShortNames, frame: &Frame) -> Vec<Block> {
        let (role, mark) = mark(error.outcomes.outcome.unwrap_or_default());
        let mut head = vec![
            piece(role, format!("{mark} ")),
            piece(TextRole::Strong, [names.get(&error.place.service), &error.place.operation].join("  ").trim_end()),
        ];
        if error.count > 1 {
            head.push(piece(role, format!("  ×{}", error.count)));
        }
        let mut blocks = vec![Block::Line(head)];
        let mut texts: Vec<&str> = vec![&error.error_type, &error.message];
        texts.retain(|text| !text.is_empty());
        if !texts.is_empty() {
            blocks.push(Block::Item(styled(role, format!("  {}", texts.join(": ")))));
        }
        let aside = [
            Some(frame.zone.full(error.time)),
            (error.count > 1).then(|| format!("first at {}", frame.zone.full(error.first_seen))),
            error.lines_only.then(|| "told by a line only".to_owned()),
            (error.part == ErrorRole::Consequence).then(|| "passed on".to_owned()),
            Some(after_count(error.outcomes).trim_start_matches(", ").to_owned()).filter(|text| !text.is_empty()),
        ];
        let ids = [
            error.correlation_id.clone().map(|id| format!("in {id}")),
            error.trace_id.map(|id| format!("trace {id}")),
            error.span_id.map(|id| format!("span {id}")),
        ];
        for (role, parts) in [(TextRole::Dim, &aside[..]), (TextRole::Plain, &ids[..1]), (TextRole::Plain, &ids[1..])] {
            let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
            if !parts.is_empty() {
                blocks.push(Block::Item(styled(role, format!("  {}", parts.join(" · ")))));
            }
        }
        let most = if frame.verbosity > 0 { usize::MAX } else { FIELDS };
        let fields = error.fields.iter().take(most);
        let mut rows: Vec<TableRow> = fields
            .map(|(key, value)| TableRow::new(vec![styled(TextRole::Dim, format!("  {key}")), plain(value.clone())]))
            .collect();
        let more = error.fields.len().saturating_sub(most);
        if more > 0 {
            let text = format!("{}; -v shows them", counted(more, "more field"));
            rows.push(TableRow::new(vec![styled(TextRole::Dim, "  …"), styled(TextRole::Dim, text)]));
        }
        if !rows.is_empty() {
            blocks.push(Block::Table(Table::new(&[], rows)));
        }
        if (self.stacks || frame.verbosity > 0) && !error.stack_trace.is_empty() {
            blocks.push(Block::Text(4, error.stack_trace.clone()));
        }
        blocks
    }

    fn next(&self) -> Vec<Invocation> {
        let id = |error: &ErrorEntry| error.correlation_id.clone().or_else(|| error.trace_id.map(|id| id.to_string()));
        let Some(id) = self.errors.iter().find_map(id) else { return vec![] };
        vec![
            Invocation::new(CommandName::Find).about(About::Id(id)),
            Invocation::new(CommandName::Hotspots).about(About::Question),
        ]
    }
}

impl ReportBody for ErrorsReport {
    const NAME: &'static str = "errors";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<Rows> {
        let row = |error: &ErrorEntry| {
            let fields: serde_json::Map<_, _> = error.fields.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            vec![
                json!(error.time),
                json!(error.place.service),
                json!(error.place.operation),
                json!(error.error_type),
                json!(error.message),
                json!(error.part),
                json!(error.outcomes.outcome),
                json!(error.severity),
                json!(error.outcomes.failed),
                json!(error.outcomes.handled),
                json!(error.outcomes.recovered),
                json!(error.lines_only),
                json!(error.count),
                json!(error.first_seen),
                json!(error.correlation_id),
                json!(error.trace_id),
                json!(error.span_id),
                json!(error.stack_trace),
                json!(fields),
            ]
        };
        Some(Rows {
            kind: "error",
            columns: &[
                "time",
                "service",
                "operation",
                "error_type",
                "message",
                "part",
                "outcome",
                "severity",
                "failed",
                "handled",
                "recovered",
                "lines_only",
                "count",
                "first_seen",
                "correlation_id",
                "trace_id",
                "span_id",
                "stack_trace",
                "fields",
            ],
            rows: self.errors.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let mut blocks = vec![Block::Line(self.answer(frame)), basis_line(&self.basis)];
        blocks.extend(frame.completeness());
        let names = ShortNames::new(self.errors.iter().map(|error| error.place.service.as_str()));
        for error in &self.errors {
            blocks.push(Block::Blank);
            blocks.extend(self.error_blocks(error, &names, frame));
        }
        let mut facts = vec![];
        facts.extend(hidden(self.older, "older kind", SeeMore::Limit(self.errors.len() + self.older)));
        if self.passed_on > 0 {
            let errors = counted_u64(self.passed_on, "error");
            facts.push(fact("passed on", plain(format!("{errors} that others caused; {}", SeeMore::All))));
        }
        if !self.stacks && self.errors.iter().any(|error| !error.stack_trace.is_empty()) {
            facts.push(fact("stacks", styled(TextRole::Dim, SeeMore::StackTraces.to_string())));
        }
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&self.next()));
        if !facts.is_empty() {
            blocks.extend([Block::Blank, Block::Facts(facts)]);
        }
        blocks
    }
}
