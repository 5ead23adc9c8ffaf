//! The one way from flags to a journey: from backends, a recording, files or the demo. Every reading command takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::backend::request::Request;
use crate::backend::tape::Tape;
use crate::backend::transport::{Asked, Limits, Transport, joined, shown};
use crate::backend::{Backends, Endpoint};
use crate::command::links::links;
use crate::command::{Context, Outcome};
use crate::error::{Error, Exit};
use crate::gather;
use crate::model::evidence::{BackendState, Evidence, Note, NoteCode, Source};
use crate::model::id::TraceId;
use crate::model::journey::{Journey, Reason};
use crate::model::log::LogEntry;
use crate::model::span::Span;
use crate::model::time::{Human, Timestamp, Window};
use crate::options::backends::APIS;
use crate::options::journey::{Data, Found, JourneyArgs};
use crate::options::memory;
use crate::options::origin::Sourced;
use crate::options::sources::{RecordingArgs, Supply};
use crate::progress::Progress;
use crate::query::{Query, Subject};
use crate::render::{Format, escape, render};
use crate::report::words::{flag, quoted};
use crate::report::{Body, Link, Report};
use crate::stitch::stitch;
use crate::stitch::subjects::{Candidate, subjects};
use crate::stop::Stage;
use crate::{demo, file};

/// How many journeys of a file are listed where one must be chosen.
const LISTED: usize = 20;

/// A journey, and what it rests on.
pub struct Told {
    /// The journey.
    pub journey: Journey,
    /// The question.
    pub query: Query,
    /// Lines around the journey's own, where asked for.
    pub context: Vec<LogEntry>,
    /// What was asked, how the backends did, and what is to be remarked; without spans and lines.
    shell: Evidence,
    settled: bool,
    flags: String,
    links: Vec<Link>,
    said: String,
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
            let query = offline(args, context, context.surroundings.now, &evidence)?;
            Ok(told(evidence, query, args, context))
        }
        Supply::Demo(scenario) => {
            let run = demo_run(args, scenario.as_deref())?;
            let subject = args.subject.subject()?.unwrap_or_else(|| Subject::correlation(&run.correlation_id));
            let query = blank(subject, context, demo::NOW);
            Ok(told(demo::evidence(&run), query, args, context))
        }
    }
}

impl Told {
    /// Whether everything that was asked for came.
    pub fn is_complete(&self) -> bool {
        self.shell.is_complete()
    }

    /// One more thing to say beside the answer.
    pub fn say(&mut self, text: &str) {
        self.said.extend(text.lines().map(|line| format!("{}\n", escape::line(line))));
    }

    /// Whether nothing was found.
    pub fn found(&self) -> Found {
        if self.journey.is_empty() { Found::Nothing } else { Found::Something }
    }

    /// The outcome of a reading command: the report in the form that is wanted, and what the code says.
    pub fn outcome(self, args: &JourneyArgs, context: &Context, body: impl FnOnce(Journey, &Query) -> Body) -> Outcome {
        let found = self.found();
        let data = data(&self.shell);
        let subject = self.query.subject.text.clone();
        let body = body(self.journey, &self.query);
        let mut report = Report::new(body).about(subject, &self.shell);
        report.settled = self.settled;
        report.flags = self.flags;
        report.links = self.links;
        let grave = report.notes.iter().filter(|note| note.code.is_incomplete() && context.format() == Format::Csv);
        let incomplete: String =
            grave.map(|note| escape::line(&format!("not complete: {}", note.message)) + "\n").collect();
        Outcome {
            stdout: render(&report, context.format(), &context.view),
            stderr: (self.said + &incomplete).into_bytes(),
            exit: self.unsaved.unwrap_or_else(|| args.verdict.exit(found, data)),
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
    let mut told = told(evidence, query, args, context);
    if around.0 > 0 && transport.interrupted().is_none() {
        progress.say("asking for the lines around");
        let logs = &told.journey.logs;
        let (lines, notes) = gather::around::gather(logs, around.0, &backends, &transport, &told.query).await;
        told.context = lines;
        notes.into_iter().for_each(|note| told.shell.note(note));
    }
    progress.done();
    let (said, unsaved) = keep_recording(&transport);
    told.unsaved = unsaved;
    told.said = said + &requests(&transport, &backends, context);
    if let Some(key) =
        key_that_worked(&told.journey, &told.query.keys).filter(|_| args.sources.recording.replay.is_none())
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

/// The evidence as a journey.
fn told(mut evidence: Evidence, query: Query, args: &JourneyArgs, context: &Context) -> Told {
    let shell = Evidence {
        backends: std::mem::take(&mut evidence.backends),
        notes: std::mem::take(&mut evidence.notes),
        coverage: std::mem::take(&mut evidence.coverage),
        ..Evidence::default()
    };
    let journey = stitch(evidence, &query);
    let settled = settle(&journey, &query, args, context);
    let mut told = Told {
        query,
        context: Vec::new(),
        shell,
        settled: settled.is_none(),
        links: links(&context.settings, &journey),
        flags: flags(args, context),
        journey,
        said: String::new(),
        unsaved: None,
    };
    told.shell.notes.extend(settled);
    let odd = told.journey.oddities.iter().map(|said| Note::general(NoteCode::Oddity, said.as_str()));
    told.shell.notes.extend(odd);
    told
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

fn blank(subject: Subject, context: &Context, now: Timestamp) -> Query {
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

/// The requests that were made: for `-v` one line a kind, for `-vv` one a request; for `--show-queries` as addresses to
/// paste elsewhere, the LogQL or PromQL of each above it.
pub fn requests(transport: &Transport, backends: &Backends, context: &Context) -> String {
    let asked = transport.asked();
    let mut said = String::new();
    let lines = match context.output.verbose {
        0 => vec![],
        1 => in_kinds(&asked),
        _ => asked.iter().map(in_one_line).collect(),
    };
    let lines = lines.into_iter().chain(breakers(transport, backends).filter(|_| context.output.verbose > 0));
    said.extend(lines.map(|line| escape::line(&line) + "\n"));
    if context.output.show_queries {
        said.extend(asked.iter().filter_map(|one| to_paste(one, backends.of(one.source)?)));
    }
    said
}

/// A line for each backend that failed.
fn breakers(transport: &Transport, backends: &Backends) -> impl Iterator<Item = String> {
    let endpoints = [Source::Jaeger, Source::Loki, Source::Prometheus].into_iter().filter_map(|s| backends.of(s));
    let told = endpoints.map(|endpoint| (endpoint.source.word(), transport.breaker(endpoint)));
    told.filter(|(_, breaker)| !breaker.is_plain())
        .map(|(source, breaker)| format!("{source:<10}  breaker {}", breaker.line()))
}

fn in_one_line(asked: &Asked) -> String {
    let (source, result, line) = (asked.source.word(), &asked.result, asked.request.line());
    format!("{source} {result} in {} ms: {line}", asked.elapsed.as_millis())
}

/// `jaeger  GET /api/traces ×40  slowest 172 ms`, in the order in which each kind was first asked.
fn in_kinds(asked: &[Asked]) -> Vec<String> {
    let mut kinds: Vec<(Source, String, Vec<&Asked>)> = Vec::new();
    for one in asked {
        let kind = kind(one);
        match kinds.iter_mut().find(|(source, known, _)| *source == one.source && *known == kind) {
            Some((_, _, all)) => all.push(one),
            None => kinds.push((one.source, kind, vec![one])),
        }
    }
    kinds.sort_by_key(|(source, ..)| *source);
    let say = |(source, kind, all): (Source, String, Vec<&Asked>)| {
        let slowest = all.iter().map(|one| one.elapsed).max().unwrap_or_default();
        let times = if all.len() > 1 { format!(" ×{}", all.len()) } else { String::new() };
        let took = if all.len() > 1 { "slowest " } else { "" };
        let (source, ms) = (source.word(), slowest.as_millis());
        format!("{source:<10}  {kind}{times}  {took}{ms} ms{}", other_results(&all))
    };
    kinds.into_iter().map(say).collect()
}

/// Method and path, with a dummy for every ID in it.
fn kind(asked: &Asked) -> String {
    let is_id = |part: &str| part.len() >= 16 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let path = asked.request.path.iter().map(|part| if is_id(part) { "ID" } else { part });
    let bare = Request { path: path.map(str::to_owned).collect(), parameters: vec![], ..asked.request.clone() };
    bare.line()
}

/// What did not end well, each result once.
fn other_results(asked: &[&Asked]) -> String {
    let mut results: BTreeMap<&str, usize> = BTreeMap::new();
    // A status comes with the size of its answer: that tells nothing of many.
    let results_of = asked.iter().map(|one| one.result.split(" (").next().unwrap_or_default());
    for result in results_of.filter(|result| *result != "200") {
        *results.entry(result).or_default() += 1;
    }
    results.iter().map(|(result, n)| format!("  {n} × {result}")).collect()
}

fn to_paste(asked: &Asked, endpoint: &Endpoint) -> Option<String> {
    let mut url = joined(&endpoint.url, &asked.request.path);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    if !asked.request.parameters.is_empty() {
        url.set_query(Some(&asked.request.encoded()));
    }
    let query = asked.request.parameters.iter().find(|(name, _)| *name == "query");
    let query = query.map(|(_, text)| format!("# {}: {}\n", asked.source.word(), escape::one_line(text)));
    Some(format!("{}{url}\n", query.unwrap_or_default()))
}

fn read_files(paths: &[PathBuf]) -> Result<Evidence, Error> {
    let read = |path: &PathBuf| if path == Path::new("-") { read_stdin() } else { file::read_path(path) };
    let files: Vec<Evidence> = paths.iter().map(read).collect::<Result<_, _>>()?;
    Ok(file::together(files))
}

/// What of the evidence lies in the time that was asked about: lines in it, and traces that have a span in it.
fn within(mut evidence: Evidence, window: Option<Window>) -> Evidence {
    let Some(window) = window else { return evidence };
    let touches = |span: &&Span| span.start < window.to && window.from <= span.end();
    let traces: BTreeSet<TraceId> = evidence.spans.iter().filter(touches).map(|span| span.trace_id).collect();
    evidence.spans.retain(|span| traces.contains(&span.trace_id));
    evidence.logs.retain(|line| window.contains(line.time));
    evidence
}

fn read_stdin() -> Result<Evidence, Error> {
    let mut bytes = Vec::new();
    let failed = |e: std::io::Error| Error::Input { path: "standard input".to_owned(), message: e.to_string() };
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
    file::read("-", bytes)
}

fn demo_run(args: &JourneyArgs, scenario: Option<&str>) -> Result<demo::Run, Error> {
    let subject = args.subject.subject()?;
    let wanted = subject.as_ref().map(|s| s.text.as_str()).or(scenario).unwrap_or(demo::BROKEN);
    demo::find(wanted).map(|(_, run)| run).ok_or_else(|| {
        let names: Vec<&str> = demo::scenarios().iter().map(|s| s.name).collect();
        Error::usage(format!("the demo has no {wanted:?}"), format!("there are {}", names.join(", ")))
    })
}

/// The question to a file: the ID that was given, else the only journey in it.
fn offline(args: &JourneyArgs, context: &Context, now: Timestamp, evidence: &Evidence) -> Result<Query, Error> {
    let subject = match args.subject.subject()? {
        Some(subject) => subject,
        None => only_journey(subjects(evidence, &context.settings.keys.value))?,
    };
    Ok(blank(subject, context, now))
}

fn only_journey(candidates: Vec<Candidate>) -> Result<Subject, Error> {
    match candidates.as_slice() {
        [only] => Ok(only.subject.clone()),
        [] => Err(Error::usage(
            "there is no span and no line with an ID in it",
            "name one with --correlation-id or --trace-id, or its key with --key",
        )),
        many => {
            let lines: Vec<String> = many.iter().take(LISTED).map(listed).collect();
            let rest = many.len().saturating_sub(LISTED);
            let more = if rest > 0 { format!("\n  … and {rest} more") } else { String::new() };
            let message = format!("there are {} journeys in it; name one:\n{}{more}", many.len(), lines.join("\n"));
            Err(Error::usage(message, "add the ID as an argument"))
        }
    }
}

fn listed(candidate: &Candidate) -> String {
    let Candidate { subject, spans, lines, first } = candidate;
    format!("  {}   {spans} spans, {lines} lines, from {}", quoted(&subject.text), first.rfc3339())
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
