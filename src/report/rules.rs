//! `alerts --rules`: the rules, how they are, and which never had data.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::alert_rules::{RuleData, RuleHealth, RuleProblem};
use crate::model::provenance::Provenance;
use crate::model::time::{Human, Window};
use crate::report::block::{Block, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::{Frame, MetricUse};
use crate::report::parts;
use crate::report::rows;
use crate::report::words::counted;

/// So many rules are on the screen at most.
const SHOWN: usize = 60;

/// Rules, those that are not well first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RulesReport {
    /// The time in which data was looked for.
    pub asked: Window,
    /// The rules.
    pub rules: Vec<RuleHealth>,
}

impl RulesReport {
    fn ill(&self, ailment: RuleProblem) -> usize {
        self.rules.iter().filter(|rule| rule.ailment() == ailment).count()
    }

    /// Whether any cannot do what it is there for.
    pub fn is_ill(&self) -> bool {
        self.ill(RuleProblem::Failing) + self.ill(RuleProblem::NoData) > 0
    }

    fn answer(&self, frame: &Frame) -> Line {
        let all = counted(self.rules.len(), "rule");
        if self.rules.is_empty() {
            let role = if frame.provenance.complete { Role::Strong } else { Role::Warn };
            return one(role, if frame.provenance.complete { "– no rules" } else { "– no rules seen so far" });
        }
        let (failing, no_data) = (self.ill(RuleProblem::Failing), self.ill(RuleProblem::NoData));
        let never = self.ill(RuleProblem::NeverEvaluated);
        let parts =
            [(failing, "cannot be evaluated"), (no_data, "without data"), (never, "never evaluated")].into_iter();
        let told: Vec<String> = parts.filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        match told.as_slice() {
            [] if frame.provenance.complete => one(Role::Good, format!("✓ {all}, all well")),
            [] => one(Role::Warn, format!("– {all}, nothing wrong seen so far")),
            told => vec![
                piece(Role::Warn, format!("! {} of {all} not well", failing + no_data + never)),
                piece(Role::Plain, format!(": {}", told.join(", "))),
            ],
        }
    }
}

impl ReportBody for RulesReport {
    const NAME: &'static str = "rules";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<rows::Rows> {
        let row = |ruled: &RuleHealth| {
            let rule = &ruled.rule;
            vec![
                json!(rule.group),
                json!(rule.name),
                json!(rule.kind),
                json!(rule.health),
                json!(rule.state),
                json!(rule.last_error),
                json!(rule.last_evaluation),
                json!(ruled.data),
                json!(ruled.missing.join(", ")),
                json!(rule.query),
            ]
        };
        Some(rows::Rows {
            kind: "rule",
            columns: &[
                "group",
                "name",
                "kind",
                "health",
                "state",
                "last_error",
                "last_evaluation",
                "data",
                "missing",
                "query",
            ],
            rows: self.rules.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let mut blocks = vec![Block::Line(self.answer(frame))];
        blocks.extend(frame.asking_for(MetricUse::Series));
        if !self.rules.is_empty() {
            let head = ["rule", "group", "state", "evaluated"].map(str::to_owned).to_vec();
            let rows = self.rules.iter().take(SHOWN).map(|rule| row(rule, self.asked, frame)).collect();
            blocks.extend([Block::Blank, Block::Table(Table { head, rows, ..Table::default() })]);
        }
        let mut facts = vec![];
        facts.extend(parts::unshown(self.rules.len().saturating_sub(SHOWN), "more rule", "-o json has all"));
        let unknown = self.rules.iter().filter(|rule| rule.data == RuleData::Unknown).count();
        if unknown > 0 {
            let said = format!("whether there is data for {} was not asked", counted(unknown, "rule"));
            facts.push(fact("note", plain(said)));
        }
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&[frame.beside("trace alerts")]));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

fn row(ruled: &RuleHealth, asked: Window, frame: &Frame) -> TableRow {
    let rule = &ruled.rule;
    let (mark, what) = match ruled.ailment() {
        RuleProblem::Failing => (piece(Role::Error, "✗ "), Some(format!("cannot be evaluated: {}", rule.last_error))),
        RuleProblem::NoData => {
            let (no, time) = (ruled.missing.join(", "), Human(asked.length()));
            (piece(Role::Warn, "! "), Some(format!("never had data in {time}: no series of {no}")))
        }
        RuleProblem::NeverEvaluated => (piece(Role::Warn, "! "), Some("never evaluated".to_owned())),
        RuleProblem::Well => (piece(Role::Good, "✓ "), None),
    };
    let evaluated = rule.last_evaluation.map_or("never".to_owned(), |at| frame.zone.clock_seconds(at));
    let cells = vec![
        vec![mark, piece(Role::Strong, &rule.name)],
        plain(&rule.group),
        plain(rule.state.as_deref().unwrap_or(rule.kind.as_str())),
        plain(evaluated),
    ];
    let mut below: Vec<Block> = what.map(|what| Block::Line(plain(what))).into_iter().collect();
    if ruled.ailment() != RuleProblem::Well {
        below.push(Block::Line(one(Role::Dim, &rule.query)));
    }
    TableRow { cells, below }
}
