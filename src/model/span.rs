//! Spans as data, in OpenTelemetry's terms.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::attribute::Attributes;
use crate::model::id::{SpanId, TraceId};
use crate::model::time::{DAY, Timestamp, Window};

/// What a span's process said of itself. Shared by all spans of that process in one answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Resource {
    /// `service.name`; empty where none was told.
    pub service: String,
    /// Every other resource attribute (Jaeger: process tags).
    #[serde(rename = "resource")]
    pub attributes: Attributes,
}

/// OpenTelemetry's span kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// Not told.
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
    /// From the lower-case word that Jaeger's `span.kind` tag holds; anything else is unspecified.
    pub fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "internal" => Self::Internal,
            "server" => Self::Server,
            "client" => Self::Client,
            "producer" => Self::Producer,
            "consumer" => Self::Consumer,
            _ => Self::Unspecified,
        }
    }

    /// The lower-case word.
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
    /// Nothing was said.
    #[default]
    Unset,
    /// Said to be well.
    Ok,
    /// Said to have failed.
    Error,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// The code.
    pub code: StatusCode,
    /// A message, mostly beside an error; empty where none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Something that happened at one instant inside a span (Jaeger: a log).
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// Its name, `exception` for exceptions; may be empty.
    pub name: String,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A pointer to another span that caused this one, maybe in another trace.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Link {
    /// The trace of the span pointed to.
    pub trace_id: TraceId,
    /// The span pointed to.
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
    /// Its own ID, unique in its trace unless somebody broke the rules.
    pub span_id: SpanId,
    /// The span it is a child of, whether stored or not.
    pub parent_id: Option<SpanId>,
    /// Who made it.
    #[serde(flatten)]
    pub resource: Arc<Resource>,
    /// Span name (Jaeger: operation name).
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// When it began, as recorded.
    pub start: Timestamp,
    /// How long it took, in nanoseconds; never negative.
    pub duration_ns: i64,
    /// How it ended.
    pub status: Status,
    /// Its attributes, without those that became kind, status, service or scope.
    pub attributes: Attributes,
    /// Its events, by time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Its links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Instrumentation scope name; empty where none was told.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// What the server remarked on it (adjusters), or we while reading it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Span {
    /// The service that made it; empty where none was told.
    pub fn service(&self) -> &str {
        &self.resource.service
    }

    /// When it ended.
    pub fn end(&self) -> Timestamp {
        self.start.plus(self.duration_ns)
    }

    /// The time it was open.
    pub fn window(&self) -> Window {
        Window::new(self.start, self.end())
    }

    /// At which time it is counted: at its end, as span metrics count it; at its start where its length makes no sense.
    pub fn counts_at(&self) -> Timestamp {
        if self.has_sane_time() { self.end() } else { self.start }
    }

    /// Whether it is counted in this window. All are where none is told.
    pub fn counts_in(&self, window: Option<Window>) -> bool {
        window.is_none_or(|window| window.contains(self.counts_at()))
    }

    /// Whether its recorded time can be drawn: between 1990 and 2200, and no longer than ten years.
    pub fn has_sane_time(&self) -> bool {
        const TEN_YEARS: i64 = 3_653 * DAY;
        self.start.is_sane() && self.duration_ns <= TEN_YEARS
    }
}
