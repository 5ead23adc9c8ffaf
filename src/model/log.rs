//! Log lines, as stored and as decoded.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::id::{SpanId, TraceId};
use crate::model::time::Timestamp;

/// The level of a line, least severe first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Not reported.
    #[default]
    Unknown,
    /// Finest.
    Trace,
    /// For developers.
    Debug,
    /// As expected.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
    /// The process gave up.
    Fatal,
}

impl Level {
    /// From the words that loggers use; any other is unknown.
    pub(crate) fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "trace" | "trc" | "finest" => Self::Trace,
            "debug" | "dbg" | "fine" => Self::Debug,
            "info" | "inf" | "information" | "informational" | "notice" => Self::Info,
            "warn" | "warning" | "wrn" => Self::Warn,
            "error" | "err" | "eror" | "severe" => Self::Error,
            "fatal" | "critical" | "crit" | "alert" | "emerg" | "emergency" | "panic" => Self::Fatal,
            _ => Self::Unknown,
        }
    }

    /// Its name in lower case; empty for unknown.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// The structured error that some platforms add to error lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorContext {
    /// The kind of error, such as `StorageReferenceError`.
    pub error_type: String,
    /// Its message.
    pub error_message: String,
    /// The service that raised it.
    pub service_name: String,
    /// The operation that failed.
    pub operation: String,
    /// When, as written.
    pub timestamp: String,
    /// The trace it belongs to, as written.
    pub trace_id: String,
    /// The span it belongs to, as written.
    pub span_id: String,
    /// The stack, line by line.
    pub stack_trace: String,
    /// All other fields, flattened.
    pub context_data: Vec<(String, String)>,
}

/// One log line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct LogEntry {
    /// Its time, as stored.
    pub time: Timestamp,
    /// The service that wrote it; empty where unknown.
    pub service: String,
    /// Its level.
    pub level: Level,
    /// The message field of a structured line, else the whole line.
    pub message: String,
    /// The line as stored.
    pub line: String,
    /// Stream labels.
    pub labels: BTreeMap<String, String>,
    /// Structured metadata.
    pub metadata: BTreeMap<String, String>,
    /// The fields of a JSON or logfmt line, flattened with dots, in their order.
    #[serde(skip)]
    pub fields: Vec<(String, String)>,
    /// The trace it names.
    pub trace_id: Option<TraceId>,
    /// The span it names.
    pub span_id: Option<SpanId>,
    /// Its structured error, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_context: Option<ErrorContext>,
}

impl LogEntry {
    /// Every named value: metadata, labels, then fields.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let outer = self.metadata.iter().chain(&self.labels).map(|(k, v)| (k.as_str(), v.as_str()));
        outer.chain(self.fields.iter().map(|(k, v)| (k.as_str(), v.as_str())))
    }

    /// Whether it reports an error.
    pub(crate) fn is_error(&self) -> bool {
        self.level >= Level::Error || self.error_context.is_some()
    }
}

/// The identity of a line: its time, text, labels and metadata. Backends return the same line to several queries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LineKey(Timestamp, String, BTreeMap<String, String>, BTreeMap<String, String>);

impl LineKey {
    pub(crate) fn new(line: &LogEntry) -> Self {
        Self(line.time, line.line.clone(), line.labels.clone(), line.metadata.clone())
    }
}

/// Which services may have more lines than were read, because a limit cut them off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum CutLines {
    /// None: all lines were read.
    #[default]
    None,
    /// These services.
    OfServices(BTreeSet<String>),
    /// Any service: which ones is unknown.
    Any,
}

impl CutLines {
    /// The services that this or the other one names.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, cut) | (cut, Self::None) => cut,
            (Self::OfServices(mut services), Self::OfServices(others)) => {
                services.extend(others);
                Self::OfServices(services)
            }
            (Self::Any, _) | (_, Self::Any) => Self::Any,
        }
    }

    /// Whether this service may have more lines.
    pub(crate) fn holds(&self, service: &str) -> bool {
        match self {
            Self::None => false,
            Self::OfServices(services) => services.contains(service),
            Self::Any => true,
        }
    }
}
