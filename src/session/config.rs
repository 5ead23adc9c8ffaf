//! What a session is opened with, from flags and configuration.

use std::path::PathBuf;

use url::Url;

use crate::model::provenance::DataSelection;
use crate::model::time::Timestamp;
use crate::progress::Progress;
use crate::query::{Bounds, PanelTemplate};
use crate::session::last_key::LastKey;
use crate::source::server::transport::Limits;
use crate::stop::Stop;

/// What a session is opened with.
pub struct SessionConfig {
    /// Which data.
    pub data: DataSelection,
    /// Whether answers are recorded, or come from a recording.
    pub recording: RecordingMode,
    /// Limits on requests.
    pub limits: Limits,
    /// Limits on what is asked for and kept.
    pub bounds: Bounds,
    /// Attribute keys that may have a correlation ID, likeliest first.
    pub keys: Vec<String>,
    /// The services to search where a backend needs one; empty means all.
    pub services: Vec<String>,
    /// Panels to fill for a journey.
    pub panels: Vec<PanelTemplate>,
    /// How long after its newest span a journey may still change, in nanoseconds.
    pub settle_ns: i64,
    /// Where the backends have pages of their own.
    pub pages: BackendPages,
    /// Where the key of the last search is kept; none where nothing is kept.
    pub last_key: Option<LastKey>,
    /// The present by the clock.
    pub now: Timestamp,
    /// Set when a signal asks the command to end.
    pub stop: Stop,
    /// Whether progress is shown.
    pub progress: ProgressDisplay,
}

/// Whether answers are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RecordingMode {
    /// Answers come from the backends, and are not kept.
    #[default]
    Off,
    /// Answers come from the backends, and are kept in this folder.
    Record(PathBuf),
    /// Answers come from the recording in this folder.
    Replay(PathBuf),
}

/// Pages of the backends for people.
#[derive(Clone, Debug, Default)]
pub struct BackendPages {
    /// Jaeger's; none where the configuration names none.
    pub jaeger: Option<Url>,
    /// Grafana's, for Loki.
    pub grafana: Option<Url>,
    /// The streams to search, as a LogQL stream selector; none means all.
    pub streams: Option<String>,
}

/// Whether progress is shown on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressDisplay {
    /// A spinner or a bar.
    Shown,
    /// Nothing: standard error is not a terminal, or progress is turned off.
    Hidden,
}

impl ProgressDisplay {
    /// A spinner for one question.
    pub(crate) fn spinner(self) -> Progress {
        match self {
            Self::Shown => Progress::spinner(),
            Self::Hidden => Progress::silent(),
        }
    }

    /// A bar over this many questions.
    pub(crate) fn bar(self, questions: usize) -> Progress {
        match self {
            Self::Shown => Progress::bar(questions),
            Self::Hidden => Progress::silent(),
        }
    }
}
