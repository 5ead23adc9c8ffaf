//! Metrics: series, alerts, exemplars and panels.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::model::id::{SpanId, TraceId};
use crate::model::time::Timestamp;

/// One time series: its labels and its samples by time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Series {
    /// Labels, `__name__` too.
    pub labels: BTreeMap<String, String>,
    /// Samples, by time; `NaN` and infinities are kept (`"NaN"`, `"+Inf"` in JSON).
    #[schemars(with = "Vec<(Timestamp, serde_json::Value)>")]
    #[serde(serialize_with = "samples")]
    pub samples: Vec<(Timestamp, f64)>,
}

pub(crate) fn samples<S: Serializer>(samples: &[(Timestamp, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(samples.len()))?;
    for (time, value) in samples {
        if value.is_finite() {
            seq.serialize_element(&(time, value))?;
        } else {
            seq.serialize_element(&(time, float_text(*value)))?;
        }
    }
    seq.end()
}

/// A float as Prometheus writes it.
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".into() } else { "-Inf".into() }
    } else {
        value.to_string()
    }
}

/// The state of an active alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It fires.
    Firing,
    /// Its condition holds, not yet long enough.
    Pending,
}

/// One alert over one stretch of time in which it was active.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Alert {
    /// `alertname`.
    pub name: String,
    /// Firing or pending.
    pub state: AlertState,
    /// The service it is about, from its label `service_name`, `service`, `job` or `app`; none where it has none of them.
    pub service: Option<String>,
    /// When it was first seen in this state within the window.
    pub from: Timestamp,
    /// When it was last seen in this state.
    pub to: Timestamp,
    /// Whether it was still active when the server was asked.
    pub ongoing: bool,
    /// Every label.
    pub labels: BTreeMap<String, String>,
}

/// An alert that is active now, as the server lists it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActiveAlert {
    /// The alert.
    pub(crate) alert: Alert,
    /// Its rule's annotations, filled in by the server.
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A sample that carries a trace ID.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Exemplar {
    /// The series' name.
    pub metric: String,
    /// The series' labels.
    pub labels: BTreeMap<String, String>,
    /// The trace it names.
    pub trace_id: TraceId,
    /// The span it names.
    pub span_id: Option<SpanId>,
    /// When.
    pub time: Timestamp,
    /// The observed value.
    pub value: f64,
}

/// A configured PromQL query and its result over the journey's time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Panel {
    /// Its name in the configuration.
    pub name: String,
    /// The PromQL, its placeholders filled in.
    pub query: String,
    /// The result; empty means no data.
    pub series: Vec<Series>,
    /// Why the result is missing; none where it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
