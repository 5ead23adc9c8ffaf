//! Health of alerting and recording rules, and which never had data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::rule::Rule;

/// A rule and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct RuleHealth {
    /// The rule.
    #[serde(flatten)]
    pub(crate) rule: Rule,
    /// Whether its expression had data.
    pub(crate) data: RuleData,
    /// Selectors that it needs and that had no series in the window.
    pub(crate) missing: Vec<String>,
}

/// Whether a rule's expression had data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleData {
    /// It had.
    Some,
    /// A selector without which it has no result had no series.
    None,
    /// Its expression cannot be parsed, all its selectors may be empty by design, or they were not queried.
    Unknown,
}

/// Problems of a rule, the most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RuleProblem {
    /// Its evaluation fails.
    Failing,
    /// It had no data.
    NoData,
    /// It was never evaluated.
    NeverEvaluated,
    /// No problem.
    Well,
}

impl RuleHealth {
    /// Its most severe problem.
    pub(crate) fn problem(&self) -> RuleProblem {
        if self.rule.health == "err" || !self.rule.last_error.is_empty() {
            RuleProblem::Failing
        } else if self.data == RuleData::None {
            RuleProblem::NoData
        } else if self.rule.last_evaluation.is_none() {
            RuleProblem::NeverEvaluated
        } else {
            RuleProblem::Well
        }
    }
}

/// Checks each rule by whether its selectors have series; rules with problems first.
pub(crate) fn check_rules(
    rules: Vec<Rule>,
    needed: impl Fn(&str) -> Option<Vec<String>>,
    seen: &BTreeMap<String, bool>,
) -> Vec<RuleHealth> {
    let one = |rule: Rule| {
        let needs = needed(&rule.query);
        let known = needs.as_ref().is_some_and(|all| all.iter().all(|one| seen.contains_key(one)));
        let missing = needs.into_iter().flatten().filter(|one| seen.get(one) == Some(&false));
        let missing: Vec<String> = missing.collect();
        let data = match (missing.is_empty(), known) {
            (false, _) => RuleData::None,
            (true, true) => RuleData::Some,
            (true, false) => RuleData::Unknown,
        };
        RuleHealth { rule, data, missing }
    };
    let mut all: Vec<RuleHealth> = rules.into_iter().map(one).collect();
    all.sort_by(|a, b| (a.problem(), &a.rule).cmp(&(b.problem(), &b.rule)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rule::RuleKind;
    use crate::model::time::Timestamp;

    #[test]
    fn what_is_not_well_comes_first_and_says_why() {
        let rule = |query: &str, health: &str, evaluated| Rule {
            group: "g".to_owned(),
            name: query.to_owned(),
            kind: RuleKind::Alerting,
            query: query.to_owned(),
            health: health.to_owned(),
            last_error: String::new(),
            last_evaluation: evaluated,
            state: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        };
        let at = Some(Timestamp(1));
        let rules = vec![
            rule("a", "ok", at),
            rule("b a", "ok", at),
            rule("c", "err", at),
            rule("a a", "unknown", None),
            rule("?", "ok", at),
            rule("d", "ok", at),
        ];
        let needed = |text: &str| (text != "?").then(|| text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let seen = [("a".to_owned(), true), ("b".to_owned(), false), ("c".to_owned(), true)].into();
        let checked: Vec<_> = check_rules(rules, needed, &seen)
            .into_iter()
            .map(|one| (one.problem(), one.data, one.rule.name, one.missing))
            .collect();
        let expected: [(RuleProblem, RuleData, &str, &[&str]); 6] = [
            (RuleProblem::Failing, RuleData::Some, "c", &[]),
            (RuleProblem::NoData, RuleData::None, "b a", &["b"]),
            (RuleProblem::NeverEvaluated, RuleData::Some, "a a", &[]),
            (RuleProblem::Well, RuleData::Unknown, "?", &[]),
            (RuleProblem::Well, RuleData::Some, "a", &[]),
            (RuleProblem::Well, RuleData::Unknown, "d", &[]),
        ];
        let expected = expected.map(|(ailment, data, name, missing)| {
            (ailment, data, name.to_owned(), missing.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>())
        });
        assert_eq!(checked, expected);
    }
}
