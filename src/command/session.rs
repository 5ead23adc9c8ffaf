//! The backends as one command asks them: connections, clock, recording, spinner.

use std::time::Duration;

use crate::command::Context;
use crate::command::request_log::requests;
use crate::error::{Error, Exit};
use crate::gather::sources::Sources;
use crate::model::time::Timestamp;
use crate::options::last_key;
use crate::options::origin::Setting;
use crate::options::sources::RecordingArgs;
use crate::progress::Progress;
use crate::render::escape;
use crate::source::recording::Recording;
use crate::source::server::backends::Backends;
use crate::source::server::transport::{Limits, Transport};
use crate::stop::Stage;

/// Whom a command asks, and how.
pub struct Session {
    /// The way there.
    pub transport: Transport,
    /// Who is there.
    pub backends: Backends,
    /// The time in which the questions live.
    pub now: Timestamp,
    /// The key under which IDs were found last time.
    pub first_key: Option<String>,
    profile: String,
}

impl Session {
    /// The sources of one question.
    pub fn sources<'a>(&'a self, progress: &'a Progress) -> Sources<'a> {
        Sources { backends: &self.backends, transport: &self.transport, progress }
    }

    /// Opens it: the clock runs from here.
    ///
    /// # Errors
    /// A recording that cannot be read or made.
    pub fn open(args: &RecordingArgs, context: &Context) -> Result<Self, Error> {
        let (tape, now) = tape(args, context.surroundings.now)?;
        let transport = transport(tape, context);
        let backends = backends(&transport, context);
        let profile = context.settings.profile.as_ref().map_or("", |(name, _)| name.as_str()).to_owned();
        let recall = || last_key::load(&profile, &context.surroundings);
        let first_key = if transport.recording().is_replaying() { None } else { recall() };
        context.surroundings.stop.enter(Stage::Gathering);
        Ok(Self { transport, backends, now, first_key, profile })
    }

    /// Keeps the key under which an ID was found, for the next time.
    pub fn remember(&self, key: Option<&str>, context: &Context) {
        if let Some(key) = key.filter(|_| !self.transport.recording().is_replaying()) {
            last_key::save(key, &self.profile, &context.surroundings);
        }
    }

    /// Closes it: what is to be said beside the answer, and the code where the recording could not be written.
    pub fn close(self, context: &Context) -> (String, Option<Exit>) {
        let (said, unsaved) = keep_recording(&self.transport);
        (said + &requests(&self.transport, &self.backends, context), unsaved)
    }
}

/// The recording that is made or played, and the time in which it lives.
pub fn tape(args: &RecordingArgs, now: Timestamp) -> Result<(Recording, Timestamp), Error> {
    match (&args.record, &args.replay) {
        (Some(folder), _) => Ok((Recording::record(folder.clone(), now), now)),
        (None, Some(folder)) => Recording::open(folder),
        (None, None) => Ok((Recording::Off, now)),
    }
}

/// Writes the recording, if one is made. One of a run that was cut short would be played as if the servers had been so:
/// it is not written, and that is said. Where it cannot be written, the answer is there all the same, and the code is
/// the error's.
pub fn keep_recording(transport: &Transport) -> (String, Option<Exit>) {
    match (transport.recording(), transport.interrupted()) {
        (Recording::Recording { .. }, Some(failure)) => {
            (format!("warning: the recording was not written: {}\n", failure.message), None)
        }
        (tape, _) => match tape.save() {
            Ok(()) => (String::new(), None),
            Err(error) => (format!("error: {}\n", escape::line(&error.to_string())), Some(error.exit())),
        },
    }
}

/// The backends, with credentials only where somebody is really asked. The transport's clock is running by then.
pub fn backends(transport: &Transport, context: &Context) -> Backends {
    match transport.recording() {
        Recording::Replaying(_) => context.settings.backends_without_credentials(),
        _ => context.settings.backends(&context.surroundings),
    }
}

/// A transport with the limits of the settings.
pub fn transport(tape: Recording, context: &Context) -> Transport {
    let bounds = context.settings.bounds;
    // The parser of these flags lets nothing pass that is not above zero.
    let time = |told: &Setting<i64>| Duration::from_nanos(told.value.unsigned_abs());
    let limits = Limits {
        total: time(&context.settings.timeout_ns),
        connect: time(&context.settings.connect_timeout_ns),
        idle: time(&context.settings.idle_timeout_ns),
        body: context.settings.max_answer.value,
        requests: bounds.requests,
        in_flight: bounds.in_flight,
        ..Limits::default()
    };
    Transport::new(limits, tape, context.surroundings.stop.clone())
}

/// A bar over so many runs where somebody looks at it.
pub fn bar(runs: usize, context: &Context) -> Progress {
    if context.output.shows_progress(&context.surroundings) { Progress::bar(runs) } else { Progress::silent() }
}

/// A spinner where somebody looks at it.
pub fn progress(context: &Context) -> Progress {
    if context.output.shows_progress(&context.surroundings) { Progress::spinner() } else { Progress::silent() }
}
