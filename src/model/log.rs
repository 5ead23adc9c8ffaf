//! Log lines: what was written, and what could be read out of it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::id::{SpanId, TraceId};
use crate::model::time::Timestamp;

/// How grave a line says it is, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Not told.
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
    /// From the many words in use; anything else is unknown.
    pub fn from_word(word: &str) -> Self {
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

    /// The lower-case word; empty for unknown.
    pub fn as_str(self) -> &'static str {
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

/// The structured error that some platforms put beside an error line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorContext {
    /// The kind of error, such as `StorageReferenceError`.
    pub error_type: String,
    /// What it says.
    pub error_message: String,
    /// Who raised it.
    pub service_name: String,
    /// What was being done.
    pub operation: String,
    /// When, as written.
    pub timestamp: String,
    /// The trace it belongs to, as written.
    pub trace_id: String,
    /// The span it belongs to, as written.
    pub span_id: String,
    /// The stack, line by line.
    pub stack_trace: String,
    /// Whatever else was put beside it, flattened.
    pub context_data: Vec<(String, String)>,
}

/// One log line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct LogEntry {
    /// When, as stored.
    pub time: Timestamp,
    /// Who wrote it; empty where nobody can tell.
    pub service: String,
    /// How grave.
    pub level: Level,
    /// What a person reads: the message field, else the whole line.
    pub message: String,
    /// The line as stored.
    pub line: String,
    /// Stream labels.
    pub labels: BTreeMap<String, String>,
    /// Structured metadata.
    pub metadata: BTreeMap<String, String>,
    /// Fields read out of a JSON or logfmt line, flattened with dots, in their order.
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
    /// Every named value it carries: metadata, labels, then fields of the line.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let outer = self.metadata.iter().chain(&self.labels).map(|(k, v)| (k.as_str(), v.as_str()));
        outer.chain(self.fields.iter().map(|(k, v)| (k.as_str(), v.as_str())))
    }

    /// Whether it tells of a failure.
    pub fn is_error(&self) -> bool {
        self.level >= Level::Error || self.error_context.is_some()
    }
}

/// What makes two lines the same line: when, where from, and what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LineKey(Timestamp, String, BTreeMap<String, String>, BTreeMap<String, String>);

impl LineKey {
    /// Of this line.
    pub fn new(line: &LogEntry) -> Self {
        Self(line.time, line.line.clone(), line.labels.clone(), line.metadata.clone())
    }
}

/// Of whom there may be more lines than were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CutLines {
    /// All were read.
    #[default]
    OfNobody,
    /// Of these services.
    Of(BTreeSet<String>),
    /// Of anybody: nobody can tell of whom.
    OfAnybody,
}

impl CutLines {
    /// Of whom there may be more here or there.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::OfNobody, one) | (one, Self::OfNobody) => one,
            (Self::Of(mut these), Self::Of(others)) => {
                these.extend(others);
                Self::Of(these)
            }
            (Self::OfAnybody, _) | (_, Self::OfAnybody) => Self::OfAnybody,
        }
    }

    /// Whether there may be more of this service.
    pub fn holds(&self, service: &str) -> bool {
        match self {
            Self::OfNobody => false,
            Self::Of(these) => these.contains(service),
            Self::OfAnybody => true,
        }
    }
}
