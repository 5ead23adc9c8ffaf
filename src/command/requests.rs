//! From flags to a session, and to what it is asked for.

use std::path::PathBuf;
use std::time::Duration;

use crate::analysis::journey::findings::known::Knowledge;
use crate::command::Context;
use crate::error::Error;
use crate::model::provenance::{DataSelection, GivenTimes, Supply};
use crate::model::time::{Human, Timestamp};
use crate::options::backends::{APIS, BackendArgs};
use crate::options::environment::Environment;
use crate::options::journey::JourneyArgs;
use crate::options::many_runs::ManyRunsArgs;
use crate::options::origin::Setting;
use crate::options::sources::SourceArgs;
use crate::options::time::TimeArgs;
use crate::options::window::WindowArgs;
use crate::session::Session;
use crate::session::config::{BackendPages, ProgressDisplay, RecordingMode, SessionConfig};
use crate::session::last_key::LastKey;
use crate::session::request::{JourneyRequest, JourneySelection, JourneysRequest, WindowRequest};
use crate::source::server::transport::{Limits, display_url};

impl Context {
    /// Opens the data that the flags choose.
    ///
    /// # Errors
    /// Usage: flags that contradict each other; a recording that cannot be read.
    pub(super) fn open(&self, sources: &SourceArgs, backends: &BackendArgs) -> Result<Session, Error> {
        sources.refuse_for_servers(backends.first_for_servers())?;
        let recording = match (&sources.recording.record, &sources.recording.replay) {
            (Some(folder), _) => RecordingMode::Record(folder.clone()),
            (None, Some(folder)) => RecordingMode::Replay(folder.clone()),
            (None, None) => RecordingMode::Off,
        };
        let is_replay = matches!(recording, RecordingMode::Replay(_));
        let settings = &self.settings;
        let config = SessionConfig {
            data: self.data_selection(sources, backends)?,
            recording,
            limits: self.limits(),
            bounds: settings.bounds,
            keys: settings.keys.value.clone(),
            services: settings.services.value.clone(),
            panels: settings.panels.value.clone(),
            settle_ns: settings.settle_ns.value,
            pages: BackendPages {
                jaeger: settings.jaeger.ui_url.as_ref().map(|url| url.value.clone()),
                grafana: settings.loki.ui_url.as_ref().map(|url| url.value.clone()),
                streams: settings.loki_selector.as_ref().map(|selector| selector.value.clone()),
            },
            last_key: self.last_key(),
            now: self.environment.now,
            stop: self.environment.stop.clone(),
            progress: if self.output.shows_progress(&self.environment) {
                ProgressDisplay::Shown
            } else {
                ProgressDisplay::Hidden
            },
        };
        Session::open(config, || {
            if is_replay { settings.backends_without_credentials() } else { settings.backends(&self.environment) }
        })
    }

    fn data_selection(&self, sources: &SourceArgs, backends: &BackendArgs) -> Result<DataSelection, Error> {
        let named = [
            (&backends.jaeger_url, &self.settings.jaeger),
            (&backends.loki_url, &self.settings.loki),
            (&backends.prometheus_url, &self.settings.prometheus),
        ];
        let named = named.into_iter().filter(|(flag, _)| flag.is_some());
        let api = backends.jaeger_api.and_then(|api| APIS.iter().find(|(_, known)| *known == api));
        Ok(DataSelection {
            supply: sources.supply(&self.environment)?,
            replay: sources.recording.replay.clone(),
            config: self.config.config.clone(),
            profile: self.config.profile.clone(),
            addresses: named.map(|(_, backend)| (backend.source, display_url(&backend.url.value))).collect(),
            excluded: backends.without.clone(),
            jaeger_api: api.map(|(name, _)| (*name).to_owned()),
            loki_selector: backends.loki_selector.clone(),
            keys: backends.key.clone(),
            times: GivenTimes::default(),
            via: None,
        })
    }

    fn limits(&self) -> Limits {
        let settings = &self.settings;
        // The parsers of these flags accept positive durations only.
        let time = |setting: &Setting<i64>| Duration::from_nanos(setting.value.unsigned_abs());
        Limits {
            total: time(&settings.timeout_ns),
            connect: time(&settings.connect_timeout_ns),
            idle: time(&settings.idle_timeout_ns),
            body: settings.max_answer.value,
            requests: settings.bounds.requests,
            in_flight: settings.bounds.in_flight,
            ..Limits::default()
        }
    }

    fn last_key(&self) -> Option<LastKey> {
        let profile = self.settings.profile.as_ref().map_or("", |(name, _)| name.as_str()).to_owned();
        Some(LastKey { file: state_folder(&self.environment)?.join("trace").join("keys"), profile })
    }

    /// What the settings say that no journey shows.
    pub(super) fn knowledge(&self) -> Knowledge {
        Knowledge {
            external_topics: self.settings.external_topics.value.clone(),
            external_hosts: self.settings.external_hosts.value.clone(),
            sampled: self.settings.sampling.value < 1.0,
            ..Knowledge::default()
        }
    }

    /// Opens the data and asks for the one journey that the flags name.
    ///
    /// # Errors
    /// As [`Context::open`]; usage: no ID where one is needed, or times that make no sense.
    pub(super) fn open_journey(&self, args: &JourneyArgs) -> Result<(Session, JourneyRequest<'static>), Error> {
        if args.sources.supply(&self.environment)? == Supply::Backends {
            args.subject.required()?;
        }
        self.refuse_wrong_times(args)?;
        let session = self.open(&args.sources, &args.backends)?;
        let request = self.journey_request(args, &session)?;
        Ok((session, request))
    }

    /// Opens the data and asks for the journeys that the flags select.
    ///
    /// # Errors
    /// As [`Context::open_journey`]; usage: a list that cannot be read, or beside an ID.
    pub(super) fn open_journeys(
        &self,
        args: &JourneyArgs,
        many: &ManyRunsArgs,
    ) -> Result<(Session, JourneyRequest<'static>, JourneysRequest), Error> {
        let supply = args.sources.supply(&self.environment)?;
        let many = self.journeys_request(args, many, &supply)?;
        let is_one = matches!(many.selection, JourneySelection::Named | JourneySelection::All);
        if is_one && supply == Supply::Backends {
            args.subject.required()?;
        }
        self.refuse_wrong_times(args)?;
        let session = self.open(&args.sources, &args.backends)?;
        let request = self.journey_request(args, &session)?;
        Ok((session, request, many))
    }

    /// The present of backends; none where the data has its own, or may have.
    pub(super) fn backends_now(&self, sources: &SourceArgs) -> Result<Option<Timestamp>, Error> {
        let has_own = sources.supply(&self.environment)? != Supply::Backends || sources.recording.replay.is_some();
        Ok((!has_own).then_some(self.environment.now))
    }

    /// Checks the times before backends are opened, which may run programs that print credentials.
    pub(super) fn refuse_wrong_times(&self, args: &JourneyArgs) -> Result<(), Error> {
        let now = self.backends_now(&args.sources)?;
        now.map_or(Ok(()), |now| args.time.window(now, self.settings.zone.value).map(|_| ()))
    }

    fn journeys_request(
        &self,
        args: &JourneyArgs,
        many: &ManyRunsArgs,
        supply: &Supply,
    ) -> Result<JourneysRequest, Error> {
        let is_named = args.subject.subject()?.is_some();
        if matches!(supply, Supply::Files(paths) if paths.iter().any(|path| path.as_os_str() == "-"))
            && many.reads_stdin()
        {
            let message = "--ids-from - and --input -: standard input can be read only once";
            return Err(Error::usage(message, "name a file for one"));
        }
        args.sources.refuse_for_servers(many.total_timeout.map(|_| "--total-timeout"))?;
        let listed = many.ids(&self.environment)?;
        if is_named && (listed.is_some() || many.recent.is_some()) {
            return Err(Error::usage("one ID and a list of them", "name the ID, or give --ids-from or --recent"));
        }
        let recent = many.recent.and_then(|newest| usize::try_from(newest).ok());
        let selection = match (listed, recent) {
            (Some(listed), _) => JourneySelection::Listed(listed),
            (None, Some(newest)) => JourneySelection::Recent(newest),
            (None, None) if is_named => JourneySelection::Named,
            (None, None) => JourneySelection::All,
        };
        Ok(JourneysRequest { selection, timeout: many.total_timeout.map(|ns| Duration::from_nanos(ns.unsigned_abs())) })
    }

    /// What these flags ask of the session.
    pub(super) fn journey_request(
        &self,
        args: &JourneyArgs,
        session: &Session,
    ) -> Result<JourneyRequest<'static>, Error> {
        let window = args.time.window(session.now(), self.settings.zone.value)?;
        Ok(JourneyRequest {
            subject: args.subject.subject()?,
            window,
            times: GivenTimes::from(&args.time),
            filters: args.filters.filters(),
            known: self.knowledge(),
            ..JourneyRequest::default()
        })
    }

    /// Opens the data and asks for the window of time that the flags give, or for the journey that they name.
    ///
    /// # Errors
    /// As [`Context::open`]; usage: times that make no sense.
    pub(super) fn open_window(&self, args: &WindowArgs) -> Result<(Session, WindowRequest), Error> {
        let journey = &args.journey;
        let subject = journey.subject.subject()?;
        journey.sources.refuse_for_servers(args.limit.map(|_| "--limit"))?;
        self.refuse_wrong_times(journey)?;
        let session = self.open(&journey.sources, &journey.backends)?;
        let window = journey.time.window(session.now(), self.settings.zone.value)?;
        let request = WindowRequest {
            subject,
            window,
            times: GivenTimes::from(&journey.time),
            filters: journey.filters.filters(),
            traces_per_service: args.traces_per_service(),
            ..WindowRequest::default()
        };
        Ok((session, request))
    }

    /// How a screen names the time: `in the last hour`; empty where all of the data is meant.
    ///
    /// # Errors
    /// Usage: times that make no sense.
    pub(super) fn time_phrase(&self, args: &WindowArgs, session: &Session) -> Result<String, Error> {
        let explicit = args.journey.time.window(session.now(), self.settings.zone.value)?;
        let has_default = matches!(session.data().supply, Supply::Backends | Supply::Demo(None));
        Ok(match explicit {
            _ if args.journey.subject.subject()?.is_some() => String::new(),
            Some(window) if window.to > session.now() => {
                format!("in the last {}", Human(window.length().saturating_sub(1)))
            }
            Some(window) => format!("in {}", Human(window.length())),
            None if has_default => "in the last hour".to_owned(),
            None => String::new(),
        })
    }
}

impl From<&TimeArgs> for GivenTimes {
    fn from(args: &TimeArgs) -> Self {
        Self { since: args.since.clone(), start: args.start.clone(), end: args.end.clone() }
    }
}

/// `$XDG_STATE_HOME`, or `~/.local/state`; none without a home.
fn state_folder(environment: &Environment) -> Option<PathBuf> {
    let state = environment.var("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    state.or_else(|| environment.home.as_ref().map(|home| home.join(".local/state")))
}
