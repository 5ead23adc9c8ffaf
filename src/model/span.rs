//! Spans, in OpenTelemetry's terms.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::attribute::Attributes;
use crate::model::id::{SpanId, TraceId};
use crate::model::time::{DAY, Timestamp, Window};

/// The resource of a span: the process that made it. All spans of a process in one answer share it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Resource {
    /// `service.name`; empty where not reported.
    pub service: String,
    /// Every other resource attribute (Jaeger: process tags).
    #[serde(rename = "resource")]
    pub attributes: Attributes,
}

/// OpenTelemetry's span kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// Not reported.
    #[default]
    Unspecified,
    /// Work inside a process.
    Internal,
    /// The serving side of a call.
    Server,
    /// The calling side.
    Client,
    /// Sends a message.
    Producer,
    /// Receives or processes a message.
    Consumer,
}

impl SpanKind {
    /// From its name, as in Jaeger's tag `span.kind`; any other is unspecified.
    pub(crate) fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "internal" => Self::Internal,
            "server" => Self::Server,
            "client" => Self::Client,
            "producer" => Self::Producer,
            "consumer" => Self::Consumer,
            _ => Self::Unspecified,
        }
    }

    /// Its name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// OpenTelemetry's status code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusCode {
    /// Not set: it says nothing about success.
    #[default]
    Unset,
    /// Set to OK.
    Ok,
    /// Set to error.
    Error,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// The code.
    pub code: StatusCode,
    /// A message, mostly with an error; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// An event of a span (Jaeger: a log).
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// Its name, `exception` for exceptions; may be empty.
    pub name: String,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A link to another span that caused this one, possibly in another trace.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Link {
    /// The trace of the linked span.
    pub trace_id: TraceId,
    /// The linked span.
    pub span_id: SpanId,
    /// The link's attributes; Jaeger v1 drops them.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// One span.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Span {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its own ID. Unique in its trace by the specification, not always in practice.
    pub span_id: SpanId,
    /// The span it is a child of, whether that one is stored or not; none of a root span.
    pub parent_id: Option<SpanId>,
    /// The process that made it.
    #[serde(flatten)]
    pub resource: Arc<Resource>,
    /// Span name (Jaeger: operation name).
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// Its start, as recorded.
    pub start: Timestamp,
    /// Its duration in nanoseconds; never negative.
    pub duration_ns: i64,
    /// How it ended.
    pub status: Status,
    /// Its attributes, without those that are the kind, status, service or scope.
    pub attributes: Attributes,
    /// Its events, by time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Its links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// The name of its instrumentation scope; empty where not reported.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Warnings about it, of the server's adjusters or from decoding it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Nanoseconds at its start in which it only polled for a message that was not there yet; 0 of other spans. Known once
    /// the journey is stitched.
    #[serde(skip_serializing_if = "is_zero")]
    pub polled_ns: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
fn is_zero(ns: &i64) -> bool {
    *ns == 0
}

impl Span {
    /// Whether another span is this one, stored twice.
    pub(crate) fn is_repeat_of(&self, other: &Self) -> bool {
        let identity = |span: &Self| (span.trace_id, span.span_id, span.start, span.duration_ns, span.kind);
        identity(self) == identity(other)
            && self.service() == other.service()
            && self.name == other.name
            && self.contents() == other.contents()
    }

    /// All but identity, time and name, to compare spans that share those. Attributes are by key: servers send the same
    /// ones in different orders.
    pub(crate) fn contents(&self) -> (Option<SpanId>, Vec<(&str, String)>, String) {
        let mut attributes: Vec<(&str, String)> = self.attributes.iter().map(|(k, v)| (k, v.to_string())).collect();
        attributes.sort_unstable();
        (self.parent_id, attributes, format!("{:?} {:?} {:?}", self.status, self.events, self.links))
    }

    /// The service that made it; empty where not reported.
    pub fn service(&self) -> &str {
        &self.resource.service
    }

    /// Its end, as recorded.
    pub fn end(&self) -> Timestamp {
        self.start.plus(self.duration_ns)
    }

    /// When its work began: its start, without the time in which it only polled.
    pub(crate) fn work_start(&self) -> Timestamp {
        self.start.plus(self.polled_ns)
    }

    /// The length of its work in nanoseconds.
    pub(crate) fn work_ns(&self) -> i64 {
        self.duration_ns.saturating_sub(self.polled_ns)
    }

    /// From the start of its work to its end.
    pub fn window(&self) -> Window {
        Window::new(self.work_start(), self.end())
    }

    /// The time by which it is counted in a window: its end, as span metrics do it; its start where its times are absurd.
    pub(crate) fn counted_at(&self) -> Timestamp {
        if self.has_sane_time() { self.end() } else { self.start }
    }

    /// Whether it is counted in this window; always where there is none.
    pub(crate) fn counted_in(&self, window: Option<Window>) -> bool {
        window.is_none_or(|window| window.contains(self.counted_at()))
    }

    /// Whether its recorded time can be drawn: it begins between 1990 and 2200 and takes at most ten years. One with a zero
    /// or overflowed time would stretch every scale until nothing else can be seen.
    pub(crate) fn has_sane_time(&self) -> bool {
        const TEN_YEARS: i64 = 3_653 * DAY;
        self.start.is_sane() && self.duration_ns <= TEN_YEARS
    }
}
