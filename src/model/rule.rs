//! Alerting and recording rules of Prometheus.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::time::Timestamp;

/// Whether a rule alerts or records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// It fires alerts.
    Alerting,
    /// It records series.
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

/// One rule, with the state of its last evaluation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Rule {
    /// The name of its group.
    pub group: String,
    /// The name of the alert, or of the series that it records.
    pub name: String,
    /// Whether it alerts or records.
    pub kind: RuleKind,
    /// Its expression, in PromQL.
    pub query: String,
    /// `ok`, `err` or `unknown`, as the server says.
    pub health: String,
    /// Why it could not be evaluated; empty where it could.
    pub last_error: String,
    /// Its last evaluation; none where it was never evaluated.
    pub last_evaluation: Option<Timestamp>,
    /// `inactive`, `pending` or `firing`; none of a recording rule.
    pub state: Option<String>,
    /// The labels that it adds.
    pub labels: BTreeMap<String, String>,
    /// The annotations of its alerts: templates that each alert fills with its labels and value.
    pub annotations: BTreeMap<String, String>,
}
