//! The one way from flags to a journey: from backends, a recording, files or the demo. Every reading command takes it.

use std::path::PathBuf;
use std::time::Duration;

use crate::analysis::findings::known::Known;
use crate::analysis::findings::{Grounds, Judged};
use crate::backend::Backends;
use crate::backend::tape::Tape;
use crate::backend::transport::{Limits, Transport, shown};
use crate::command::asked::requests;
use crate::command::links::links;
use crate::command::offline::{demo_run, only_journey, read_files, within};
use crate::command::{Context, Outcome, judging};
use crate::demo;
use crate::error::{Error, Exit};
use crate::gather;
use crate::model::evidence::{BackendState, Evidence, Note, NoteCode};
use crate::model::finding::Severity;
use crate::model::journey::{Journey, Reason};
use crate::model::log::LogEntry;
use crate::model::time::{Human, Timestamp};
use crate::options::backends::APIS;
use crate::options::journey::{Data, Found, JourneyArgs};
use crate::options::memory;
use crate::options::origin::Sourced;
use crate::options::sources::{RecordingArgs, Supply};
use crate::progress::Progress;
use crate::query::{Query, Subject, TimeRange};
use crate::render::{Format, escape, render};
use crate::report::words::{flag, quoted};
use crate::report::{Body, Link, Report};
use crate::stitch::stitch;
use crate::stitch::subjects::subjects;
use crate::stop::Stage;

/// A journey, and what it rests on.
pub struct Told {
    /// The journey, and what was found in it.
    pub judged: Judged,
    /// The question.
    pub query: Query,
    /// Lines around the journey's own, where asked for.
    pub context: Vec<LogEntry>,
    /// What it rests on.
    pub footing: Footing,
}

/// What an answer rests on: one about a journey, or about many.
pub struct Footing {
    /// About whom; none where about many.
    subject: Option<String>,
    /// What was asked, how the backends did, and what is to be remarked; without spans and lines.
    pub shell: Evidence,
    /// Whether nothing more is to come.
    pub settled: bool,
    flags: String,
    links: Vec<Link>,
    said: String,
    found: Found,
    /// The gravest of what may decide the code.
    worst: Option<Severity>,
    /// The code, where the recording could not be written.
    unsaved: Option<Exit>,
}

/// How many lines around each of the journey's own to ask for as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around(pub usize);

/// Finds, reads or makes the journey that the flags are about.
///
/// # Errors
/// Usage, configuration, a file that cannot be read. What a backend did wrong is a note of the answer.
pub async fn ask(args: &JourneyArgs, around: Around, context: &Context) -> Result<Told, Error> {
    match args.sources.supply(&context.surroundings)? {
        Supply::Backends => ask_backends(args, around, context).await,
        Supply::Files(paths) => {
            let window = args.time.window(context.surroundings.now, context.settings.zone.value)?;
            let evidence = within(read_files(&paths)?, window);
            let subject = match args.subject.subject()? {
                Some(subject) => subject,
                None => only_journey(subjects(&evidence, &context.settings.keys.value))?,
            };
            let query = blank(subject, context, context.surroundings.now);
            Ok(told(evidence, query, judging::configured(context), args, context))
        }
        Supply::Demo(scenario) => {
            let run = demo_run(args, scenario.as_deref())?;
            let query = blank(Subject::correlation(&run.correlation_id), context, demo::NOW);
            Ok(told(demo::evidence(&run), query, judging::configured(context), args, context))
        }
    }
}

impl Told {
    /// The outcome of a reading command: the report in the form that is wanted, and what the code says.
    pub fn outcome(self, args: &JourneyArgs, context: &Context, body: impl FnOnce(Judged, &Query) -> Body) -> Outcome {
        self.footing.outcome(args, context, body(self.judged, &self.query))
    }
}

impl Footing {
    /// Whether everything that was asked for came.
    pub fn is_complete(&self) -> bool {
        self.shell.is_complete()
    }

    /// One more thing to say beside the answer.
    pub fn say(&mut self, text: &str) {
        self.said.extend(text.lines().map(|line| format!("{}\n", escape::line(line))));
    }

    /// The footing of an answer about both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.subject = None;
        self.links.clear();
        self.shell.absorb_shell(other.shell);
        self.settled &= other.settled;
        self.said += &other.said;
        self.worst = self.worst.max(other.worst);
        self.unsaved = self.unsaved.or(other.unsaved);
        if other.found == Found::Something {
            self.found = Found::Something;
        }
        self
    }

    /// The report in the form that is wanted, and what the code says.
    pub fn outcome(self, args: &JourneyArgs, context: &Context, body: Body) -> Outcome {
        let exit = self.unsaved.unwrap_or_else(|| args.verdict.exit(self.found, data(&self.shell), self.worst));
        self.shown(exit, context, body)
    }

    /// The report in the form that is wanted, with this code.
    pub fn shown(self, exit: Exit, context: &Context, body: Body) -> Outcome {
        let mut report = Report::new(body).about(self.subject.unwrap_or_default(), &self.shell);
        report.subject = report.subject.filter(|subject| !subject.is_empty());
        report.settled = self.settled;
        report.flags = self.flags;
        report.links = self.links;
        let grave = report.notes.iter().filter(|note| note.code.is_incomplete() && context.format() == Format::Csv);
        let incomplete: String =
            grave.map(|note| escape::line(&format!("not complete: {}", note.message)) + "\n").collect();
        Outcome {
            stdout: render(&report, context.format(), &context.view),
            stderr: (self.said + &incomplete).into_bytes(),
            exit,
        }
    }
}

/// How good the evidence is.
pub fn data(evidence: &Evidence) -> Data {
    if evidence.backends.iter().any(|b| b.state == BackendState::Refused) {
        Data::NeedsPerson
    } else if evidence.is_complete() {
        Data::Complete
    } else {
        Data::Partial
    }
}

async fn ask_backends(args: &JourneyArgs, around: Around, context: &Context) -> Result<Told, Error> {
    let subject = args.subject.required()?;
    let (tape, now) = tape(&args.sources.recording, context.surroundings.now)?;
    let time = args.time.range(Some(&subject), now, context.settings.zone.value)?;
    let transport = transport(tape, context);
    let backends = backends(&transport, context);
    let mut query = Query { time, ..blank(subject, context, now) };
    let profile = context.settings.profile.as_ref().map_or("", |(name, _)| name.as_str()).to_owned();
    if args.sources.recording.replay.is_none() {
        query.first_key = memory::recall(&profile, &context.surroundings);
    }
    let progress = progress(context);
    context.surroundings.stop.enter(Stage::Gathering);
    let evidence = gather::gather(&query, &backends, &transport, &progress).await;
    let mut told = told(evidence, query, judging::configured(context), args, context);
    if around.0 > 0 && transport.interrupted().is_none() {
        progress.say("asking for the lines around");
        let logs = &told.judged.journey.logs;
        let (lines, notes) = gather::around::gather(logs, around.0, &backends, &transport, &told.query).await;
        told.context = lines;
        notes.into_iter().for_each(|note| told.footing.shell.note(note));
    }
    progress.done();
    let (said, unsaved) = keep_recording(&transport);
    told.footing.unsaved = unsaved;
    told.footing.said = said + &requests(&transport, &backends, context);
    if let Some(key) =
        key_that_worked(&told.judged.journey, &told.query.keys).filter(|_| args.sources.recording.replay.is_none())
    {
        memory::remember(key, &profile, &context.surroundings);
    }
    Ok(told)
}

/// The likeliest of the keys under which the ID was found.
fn key_that_worked<'a>(journey: &Journey, keys: &'a [String]) -> Option<&'a str> {
    let found = |key: &str| journey.joins.iter().any(|j| matches!(&j.reason, Reason::Tag { key: k } if k == key));
    keys.iter().map(String::as_str).find(|key| found(key))
}

/// The evidence as a journey, judged by what it shows itself and what is known beside it.
pub fn told(mut evidence: Evidence, query: Query, mut known: Known, args: &JourneyArgs, context: &Context) -> Told {
    let mut shell = Evidence {
        backends: std::mem::take(&mut evidence.backends),
        notes: std::mem::take(&mut evidence.notes),
        coverage: std::mem::take(&mut evidence.coverage),
        ..Evidence::default()
    };
    let journey = stitch(evidence, &query);
    let unsettled = settle(&journey, &query, args, context);
    let settled = unsettled.is_none();
    shell.notes.extend(unsettled);
    shell.notes.extend(journey.oddities.iter().map(|said| Note::general(NoteCode::Oddity, said.as_str())));
    known.learn(&journey);
    let grounds = Grounds {
        complete: shell.is_complete(),
        settled: settled && !ends_at_the_edge(&journey, &query, context),
        looked_up: true,
        known: &known,
        baseline: None,
    };
    let (links, flags) = (links(&context.settings, &journey), flags(args, context));
    let judged = Judged::new(journey, &grounds);
    let footing = Footing {
        subject: Some(query.subject.text.clone()),
        found: if judged.journey.is_empty() { Found::Nothing } else { Found::Something },
        worst: judged.judgement.gravest(),
        shell,
        settled,
        flags,
        links,
        said: String::new(),
        unsaved: None,
    };
    Told { judged, query, context: Vec::new(), footing }
}

/// Whether an explicit window ends so soon after the journey's newest span that what followed may lie outside of it.
fn ends_at_the_edge(journey: &Journey, query: &Query, context: &Context) -> bool {
    let TimeRange::Explicit(window) = query.time else { return false };
    let newest = journey.span_extent().map(|extent| extent.to);
    newest.is_some_and(|newest| window.to < query.now && window.to.since(newest) <= context.settings.settle_ns.value)
}

/// A note where the newest span is younger than the settle time. Files and the demo are settled.
fn settle(journey: &Journey, query: &Query, args: &JourneyArgs, context: &Context) -> Option<Note> {
    if !args.sources.input.is_empty() || args.sources.demo.is_some() {
        return None;
    }
    let newest = journey.span_extent()?.to.min(query.now);
    let age = query.now.since(newest);
    let message = format!("the newest span ended {} ago; more may still come", Human(age));
    (age <= context.settings.settle_ns.value).then(|| Note::general(NoteCode::TooYoung, message))
}

/// A question about this subject with what the settings say.
pub fn blank(subject: Subject, context: &Context, now: Timestamp) -> Query {
    Query {
        services: context.settings.services.value.clone(),
        panels: context.settings.panels.value.clone(),
        bounds: context.settings.bounds,
        ..Query::about(subject, context.settings.keys.value.clone(), now)
    }
}

/// The recording that is made or played, and the time in which it lives.
pub fn tape(args: &RecordingArgs, now: Timestamp) -> Result<(Tape, Timestamp), Error> {
    match (&args.record, &args.replay) {
        (Some(folder), _) => Ok((Tape::record(folder.clone(), now), now)),
        (None, Some(folder)) => Tape::open(folder),
        (None, None) => Ok((Tape::Off, now)),
    }
}

/// Writes the recording, if one is made. One of a run that was cut short would be played as if the servers had been so:
/// it is not written, and that is said. Where it cannot be written, the answer is there all the same, and the code is
/// the error's.
pub fn keep_recording(transport: &Transport) -> (String, Option<Exit>) {
    match (transport.tape(), transport.interrupted()) {
        (Tape::Recording { .. }, Some(failure)) => {
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
    match transport.tape() {
        Tape::Replaying(_) => context.settings.backends_without_credentials(),
        _ => context.settings.backends(&context.surroundings),
    }
}

/// A transport with the limits of the settings.
pub fn transport(tape: Tape, context: &Context) -> Transport {
    let bounds = context.settings.bounds;
    // The parser of these flags lets nothing pass that is not above zero.
    let time = |told: &Sourced<i64>| Duration::from_nanos(told.value.unsigned_abs());
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

/// A spinner where somebody looks at it.
pub fn progress(context: &Context) -> Progress {
    if context.output.shows_progress(&context.surroundings) { Progress::spinner() } else { Progress::silent() }
}

/// The flags that a following command needs to mean the same data. Not the times: what was found tells them.
fn flags(args: &JourneyArgs, context: &Context) -> String {
    let text = |name: &str, value: Option<&str>| value.map(|v| flag(name, v));
    let path = |name: &str, value: &PathBuf| flag(name, &value.display().to_string());
    let demo = args.sources.demo.as_ref().map(|scenario| match scenario {
        Some(name) => format!("--demo={}", quoted(name)),
        None => "--demo".to_owned(),
    });
    let backends = &args.backends;
    let mut all: Vec<String> = demo.into_iter().collect();
    all.extend(args.sources.input.iter().map(|p| path("--input", p)));
    all.extend(args.sources.recording.replay.iter().map(|p| path("--replay", p)));
    all.extend(context.config.config.iter().map(|p| path("--config", p)));
    all.extend(text("--profile", context.config.profile.as_deref()));
    for (name, given, target) in [
        ("--jaeger-url", &backends.jaeger_url, &context.settings.jaeger),
        ("--loki-url", &backends.loki_url, &context.settings.loki),
        ("--prometheus-url", &backends.prometheus_url, &context.settings.prometheus),
    ] {
        all.extend(given.as_ref().map(|_| flag(name, &shown(&target.url.value))));
    }
    let without: Vec<&str> = backends.without.iter().map(|source| source.word()).collect();
    all.extend((!without.is_empty()).then(|| format!("--without {}", without.join(","))));
    let api = backends.jaeger_api.and_then(|api| APIS.iter().find(|(_, known)| *known == api));
    all.extend(api.map(|(word, _)| format!("--jaeger-api {word}")));
    all.extend(text("--loki-selector", backends.loki_selector.as_deref()));
    all.extend(backends.key.iter().map(|key| flag("--key", key)));
    all.join(" ")
}
