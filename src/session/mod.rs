//! A session: the data that the flags chose, opened once and asked as often as needed.
//!
//! The same questions are answered whatever the data is: backends, a recording of them, files, or the demo. Every answer
//! comes with its provenance. [`Session::finish`] ends it and writes the recording that is being made.

pub(crate) mod alerts;
pub mod answer;
pub mod config;
pub(crate) mod dependencies;
pub(crate) mod doctor;
pub(crate) mod error_window;
mod files;
pub mod journey;
pub(crate) mod journeys;
pub(crate) mod last_key;
mod links;
mod metric_readings;
pub(crate) mod phases;
pub mod request;
pub(crate) mod source_status;
pub(crate) mod span_metrics;
mod stitched;
mod unknown_names;
pub(crate) mod window;

use crate::error::Error;
use crate::gather::sources::Sources;
use crate::model::evidence::BreakerStatus;
use crate::model::filter::Filters;
use crate::model::provenance::{DataSelection, Supply};
use crate::model::source::Source;
use crate::model::time::Timestamp;
use crate::progress::Progress;
use crate::query::{Query, Subject};
use crate::source::demo;
use crate::source::failure::Failure;
use crate::source::recording::Recording;
use crate::source::server::backends::Backends;
use crate::source::server::transport::{RequestLog, Transport};
use crate::stop::Stage;
use config::{RecordingMode, SessionConfig};
use files::FileSet;
use last_key::LastKey;
use unknown_names::NamedInFlags;

/// The opened data of one command.
#[must_use = "a session that is not finished writes no recording and reports no request"]
pub struct Session {
    config: SessionConfig,
    data: OpenedData,
    now: Timestamp,
}

enum OpenedData {
    Servers(Box<Servers>),
    Files(FileSet),
    /// A scenario; none for all of the demo.
    Demo(Option<String>),
}

/// Backends, or a recording of them.
struct Servers {
    transport: Transport,
    backends: Backends,
    last_key: Option<LastKey>,
    /// The key under which the last ID was found; searched first.
    first_key: Option<String>,
}

impl Servers {
    fn sources<'a>(&'a self, progress: &'a Progress) -> Sources<'a> {
        Sources { backends: &self.backends, transport: &self.transport, progress }
    }

    /// Remembers the key under which an ID was found, for the next session.
    fn remember(&self, key: Option<&str>) {
        if let (Some(key), Some(last_key)) = (key, &self.last_key) {
            last_key.save(key);
        }
    }
}

impl Session {
    /// Opens the data. For backends the time limit of the command begins here; `backends` is called after that, because
    /// it may run programs that print credentials.
    ///
    /// # Errors
    /// A recording that cannot be read.
    pub fn open(config: SessionConfig, backends: impl FnOnce() -> Backends) -> Result<Self, Error> {
        let clock = config.now;
        let (data, now) = match &config.data.supply {
            Supply::Files(paths) => (OpenedData::Files(FileSet::new(paths.clone())), clock),
            Supply::Demo(scenario) => (OpenedData::Demo(scenario.clone()), demo::NOW),
            Supply::Backends => {
                let (recording, now) = match &config.recording {
                    RecordingMode::Off => (Recording::Off, clock),
                    RecordingMode::Record(folder) => (Recording::record(folder.clone(), clock), clock),
                    RecordingMode::Replay(folder) => Recording::open(folder)?,
                };
                // A replay must ask what was asked then, and must not change what the next search asks first.
                let last_key = config.last_key.clone().filter(|_| !recording.is_replaying());
                let transport = Transport::new(config.limits, recording, config.stop.clone());
                let first_key = last_key.as_ref().and_then(LastKey::load);
                let servers = Servers { backends: backends(), transport, last_key, first_key };
                config.stop.enter(Stage::Gathering);
                (OpenedData::Servers(Box::new(servers)), now)
            }
        };
        Ok(Self { config, data, now })
    }

    /// The present: the clock's, that of the recording, or that of the demo.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Which data is open.
    pub(crate) fn data(&self) -> &DataSelection {
        &self.config.data
    }

    /// Whether the data is the demo's.
    pub(crate) fn is_demo(&self) -> bool {
        matches!(self.data, OpenedData::Demo(_))
    }

    /// The newest span of a journey that may still change ended after this.
    pub(crate) fn settled_before(&self) -> Timestamp {
        self.now.plus(-self.config.settle_ns)
    }

    /// Whether spans can be searched: not where the backend that has them is left out.
    pub(crate) fn has_spans(&self) -> bool {
        self.servers().is_none_or(|servers| servers.backends.spans.is_some())
    }

    /// Gives the next question to backends the whole time limit, and a new budget of requests. A question about one
    /// journey always has both; those about windows share them until this is called.
    pub fn begin_question(&self) {
        if let Some(servers) = self.servers() {
            servers.transport.begin_round(servers.transport.round_limit());
        }
    }

    /// Ends the session, and writes the recording if one is made.
    pub fn finish(self) -> FinishedSession {
        let OpenedData::Servers(servers) = self.data else { return FinishedSession::default() };
        let transport = &servers.transport;
        let recording = match (transport.recording(), transport.interrupted()) {
            // Replayed, a recording that was cut short would look like servers that did not answer.
            (Recording::Recording { .. }, Some(failure)) => RecordingResult::NotWritten(failure),
            (recording, _) => recording.save().map_or_else(RecordingResult::Failed, |()| RecordingResult::Done),
        };
        let breakers = servers.backends.endpoints().map(|endpoint| (endpoint.source, transport.breaker(endpoint)));
        FinishedSession {
            requests: transport.request_log(),
            breakers: breakers.collect(),
            backends: Some(servers.backends),
            recording,
            messages: vec![],
        }
    }

    fn servers(&self) -> Option<&Servers> {
        match &self.data {
            OpenedData::Servers(servers) => Some(servers),
            OpenedData::Files(_) | OpenedData::Demo(_) => None,
        }
    }

    /// The names that the flags gave, with these filters.
    fn named<'a>(&'a self, filters: &'a Filters) -> NamedInFlags<'a> {
        NamedInFlags { filters, keys: &self.config.data.keys }
    }

    /// A query about this subject with the configured keys, services and limits.
    fn query(&self, subject: Subject) -> Query {
        Query {
            services: self.config.services.clone(),
            panels: self.config.panels.clone(),
            bounds: self.config.bounds,
            ..Query::about(subject, self.config.keys.clone(), self.now)
        }
    }
}

/// What is left of a session: which requests it made, and whether its recording was written.
#[derive(Default)]
#[must_use = "the requests and a recording that could not be written are to be reported"]
pub struct FinishedSession {
    /// Every request, in the order in which they were sent.
    pub requests: Vec<RequestLog>,
    /// The circuit breaker of each backend.
    pub breakers: Vec<(Source, BreakerStatus)>,
    /// The backends that were asked; none where the data was not theirs.
    pub backends: Option<Backends>,
    /// What became of the recording.
    pub recording: RecordingResult,
    /// Lines for standard error.
    pub messages: Vec<String>,
}

impl FinishedSession {
    /// Adds a message for standard error.
    pub(crate) fn message(&mut self, text: &str) {
        self.messages.extend(text.lines().map(str::to_owned));
    }
}

/// What became of a recording.
#[derive(Default)]
pub enum RecordingResult {
    /// It was written, or none was made.
    #[default]
    Done,
    /// It was not written, because this interrupted the session.
    NotWritten(Failure),
    /// It could not be written.
    Failed(Error),
}
