//! Where evidence comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where evidence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Spans.
    Jaeger,
    /// Lines.
    Loki,
    /// Metrics.
    Prometheus,
    /// A file, or standard input.
    File,
    /// The embedded demo.
    Demo,
}

impl Source {
    /// The lower-case word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Jaeger => "jaeger",
            Self::Loki => "loki",
            Self::Prometheus => "prometheus",
            Self::File => "file",
            Self::Demo => "demo",
        }
    }
}
