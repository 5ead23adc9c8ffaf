//! `alerts --rules`: the rules, their health, and which of them never had data.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::alert_rules::{RuleData, RuleHealth, RuleProblem};
use crate::model::action::{About, CommandName, Invocation};
use crate::model::provenance::Provenance;
use crate::model::time::{Human, Window};
use crate::report::block::{Block, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::{Frame, MetricUse};
use crate::report::rows::Rows;
use crate::report::text::counted;
use crate::report::wording::see_more::SeeMore;

/// How many rules the screen shows at most.
const SHOWN: usize = 60;

/// The rules, those with a problem first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RulesReport {
    /// The time in which data was looked for.
    pub(crate) asked: Window,
    /// The rules.
    pub(crate) rules: Vec<RuleHealth>,
}

impl RulesReport {
    fn count(&self, problem: RuleProblem) -> usize {
        self.rules.iter().filter(|rule| rule.problem() == problem).count()
    }

    /// Whether any rule cannot fire: its evaluation fails, or it has no data.
    pub(crate) fn has_broken_rule(&self) -> bool {
        self.count(RuleProblem::Failing) + self.count(RuleProblem::NoData) > 0
    }

    fn answer(&self, frame: &Frame) -> Line {
        let rules = counted(self.rules.len(), "rule");
        if self.rules.is_empty() {
            let role = if frame.provenance.complete { TextRole::Strong } else { TextRole::Warn };
            return styled(role, if frame.provenance.complete { "– no rules" } else { "– no rules seen so far" });
        }
        let (failing, no_data) = (self.count(RuleProblem::Failing), self.count(RuleProblem::NoData));
        let never = self.count(RuleProblem::NeverEvaluated);
        let counts = [(failing, "cannot be evaluated"), (no_data, "without data"), (never, "never evaluated")];
        let counts = counts.into_iter().filter(|(n, _)| *n > 0);
        let counts: Vec<String> = counts.map(|(n, what)| format!("{n} {what}")).collect();
        match counts.as_slice() {
            [] if frame.provenance.complete => styled(TextRole::Good, format!("✓ {rules}, all well")),
            [] => styled(TextRole::Warn, format!("– {rules}, nothing wrong seen so far")),
            counts => vec![
                piece(TextRole::Warn, format!("! {} of {rules} not well", failing + no_data + never)),
                piece(TextRole::Plain, format!(": {}", counts.join(", "))),
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

    fn rows(&self) -> Option<Rows> {
        let row = |health: &RuleHealth| {
            let rule = &health.rule;
            vec![
                json!(rule.group),
                json!(rule.name),
                json!(rule.kind),
                json!(rule.health),
                json!(rule.state),
                json!(rule.last_error),
                json!(rule.last_evaluation),
                json!(health.data),
                json!(health.missing.join(", ")),
                json!(rule.query),
            ]
        };
        Some(Rows {
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
        blocks.extend(frame.completeness_with(MetricUse::Series));
        if !self.rules.is_empty() {
            let head = ["rule", "group", "state", "evaluated"];
            let rows = self.rules.iter().take(SHOWN).map(|rule| row(rule, self.asked, frame)).collect();
            blocks.extend([Block::Blank, Block::Table(Table::new(&head, rows))]);
        }
        let mut facts = vec![];
        facts.extend(hidden(self.rules.len().saturating_sub(SHOWN), "more rule", SeeMore::Json));
        let unknown = self.rules.iter().filter(|rule| rule.data == RuleData::Unknown).count();
        if unknown > 0 {
            let text = format!("whether there is data for {} was not asked", counted(unknown, "rule"));
            facts.push(fact("note", plain(text)));
        }
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&[Invocation::new(CommandName::Alerts).about(About::Question)]));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

fn row(health: &RuleHealth, asked: Window, frame: &Frame) -> TableRow {
    let rule = &health.rule;
    let (mark, what) = match health.problem() {
        RuleProblem::Failing => {
            (piece(TextRole::Error, "✗ "), Some(format!("cannot be evaluated: {}", rule.last_error)))
        }
        RuleProblem::NoData => {
            let (metrics, time) = (health.missing.join(", "), Human(asked.length()));
            (piece(TextRole::Warn, "! "), Some(format!("never had data in {time}: no series of {metrics}")))
        }
        RuleProblem::NeverEvaluated => (piece(TextRole::Warn, "! "), Some("never evaluated".to_owned())),
        RuleProblem::Well => (piece(TextRole::Good, "✓ "), None),
    };
    let evaluated = rule.last_evaluation.map_or("never".to_owned(), |at| frame.zone.clock_seconds(at));
    let cells = vec![
        vec![mark, piece(TextRole::Strong, &rule.name)],
        plain(&rule.group),
        plain(rule.state.as_deref().unwrap_or(rule.kind.as_str())),
        plain(evaluated),
    ];
    let mut below: Vec<Block> = what.map(|what| Block::Line(plain(what))).into_iter().collect();
    if health.problem() != RuleProblem::Well {
        below.push(Block::Line(styled(TextRole::Dim, &rule.query)));
    }
    TableRow { cells, below }
}
