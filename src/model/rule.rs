//! Alerting and recording rules of Prometheus.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::time::Timestamp;

/// Whether a rule alerts or records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleKind {
    /// It fires alerts.
    Alerting,
    /// It records series.
    Recording,
}

impl RuleKind {
    /// The lower-case word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Alerting => "alerting",
            Self::Recording => "recording",
        }
    }
}

/// One rule, with the state of its last evaluation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Rule {
    /// The name of its group.
    pub(crate) group: String,
    /// The name of the alert, or of the series that it records.
    pub(crate) name: String,
    /// Whether it alerts or records.
    pub(crate) kind: RuleKind,
    /// Its expression, in PromQL.
    pub(crate) query: String,
    /// `ok`, `err` or `unknown`, as the server says.
    pub(crate) health: String,
    /// Why it could not be evaluated; empty where it could.
    pub(crate) last_error: String,
    /// Its last evaluation; none where it was never evaluated.
    pub(crate) last_evaluation: Option<Timestamp>,
    /// `inactive`, `pending` or `firing`; none of a recording rule.
    pub(crate) state: Option<String>,
    /// The labels that it adds.
    pub(crate) labels: BTreeMap<String, String>,
    /// The annotations of its alerts: templates that each alert fills with its labels and value.
    pub(crate) annotations: BTreeMap<String, String>,
}
