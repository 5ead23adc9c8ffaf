//! Rules by which a Prometheus fires alerts and records series.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::time::Timestamp;

/// What a rule makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Alerts.
    Alerting,
    /// Series.
    Recording,
}

impl RuleKind {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alerting => "alerting",
            Self::Recording => "recording",
        }
    }
}

/// One rule, and how it was evaluated last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Rule {
    /// The group in which it stands.
    pub group: String,
    /// Its name: of the alert, or of the series that it records.
    pub name: String,
    /// What it makes.
    pub kind: RuleKind,
    /// Its expression, in PromQL.
    pub query: String,
    /// `ok`, `err` or `unknown`, as the server says.
    pub health: String,
    /// Why it could not be evaluated; empty where it could.
    pub last_error: String,
    /// When it was evaluated last; none where it never was.
    pub last_evaluation: Option<Timestamp>,
    /// `inactive`, `pending` or `firing`; none for what records.
    pub state: Option<String>,
    /// Labels that it adds.
    pub labels: BTreeMap<String, String>,
    /// What it says of its alerts; templates, to be filled in with what each is about.
    pub annotations: BTreeMap<String, String>,
}
