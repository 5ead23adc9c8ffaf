//! The one way from flags to a journey: from backends, a recording, files or the demo. Every reading command takes it.

use std::path::PathBuf;

use crate::analysis::journey::findings::baseline::Baseline;
use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{AnalysedJourney, FindingsInput};
use crate::command::links::links;
use crate::command::offline::{demo_run, only_journey, read_files, within};
use crate::command::provenance::Answered;
use crate::command::readings::readings;
use crate::command::session::{Session, progress};
use crate::command::{Context, Outcome, knowledge};
use crate::error::Error;
use crate::gather;
use crate::gather::sources::Sources;
use crate::gather::wait::{Patience, WaitDecision};
use crate::model::evidence::{Evidence, LookedUp, Note, NoteCode};
use crate::model::journey::{Journey, Reason};
use crate::model::log::LogEntry;
use crate::model::pattern::Pattern;
use crate::model::time::{Human, Timestamp};
use crate::options::backends::APIS;
use crate::options::journey::{Found, JourneyArgs};
use crate::options::sources::Supply;
use crate::pipeline::evaluate::MetricReading;
use crate::pipeline::spec::Metric;
use crate::progress::Progress;
use crate::query::{Query, Subject, TimeRange};
use crate::report::ReportBody;
use crate::report::wording::shell::{flag, quoted};
use crate::source::demo;
use crate::source::server::transport::{Transport, display_url};
use crate::stitch::stitch;
use crate::stitch::subjects::subjects;

/// A journey, and what it rests on.
pub struct JourneyAnswer {
    /// The journey, and what was found in it.
    pub judged: AnalysedJourney,
    /// The question, at the time when it was asked last.
    pub query: Query,
    /// Lines around the journey's own, where asked for.
    pub context: Vec<LogEntry>,
    /// What the metrics that were wished for said.
    pub readings: Vec<MetricReading>,
    /// What it rests on.
    pub footing: Answered,
}

impl JourneyAnswer {
    /// The outcome of a reading command: the report in the form that is wanted, and what the code says.
    pub fn outcome<B: ReportBody + 'static>(
        self,
        args: &JourneyArgs,
        context: &Context,
        body: impl FnOnce(AnalysedJourney, &Query) -> B,
    ) -> Outcome {
        self.footing.outcome(args, context, body(self.judged, &self.query))
    }
}

/// What a command wants of a journey beside itself.
pub struct JourneyRequest<'a> {
    /// How many lines around each of the journey's own to ask for as well.
    pub around: usize,
    /// What is known before anything is asked.
    pub known: Knowledge,
    /// Good runs to compare with.
    pub baseline: Option<&'a Baseline>,
    /// Services to ask where services must be asked one by one; empty means those of the settings.
    pub services: &'a [String],
    /// What metrics must be read at the journey's end.
    pub metrics: &'a [Metric],
    /// How long after its newest span a recent run may still change, beyond the settle time, in nanoseconds.
    pub patience_ns: i64,
    /// With which span recent runs begin; any where none.
    pub root: Option<&'a (Pattern, Option<Pattern>)>,
    /// How long to ask again, and when it is enough; once where none.
    pub waiting: Option<&'a Waiting<'a>>,
}

/// How long to ask again, and when it is enough.
pub struct Waiting<'a> {
    /// How long.
    pub patience: Patience,
    /// Whether what is there is enough.
    pub judge: &'a dyn Fn(&JourneyAnswer) -> WaitDecision,
}

impl JourneyRequest<'_> {
    /// Nothing but the journey.
    pub fn plain(context: &Context) -> Self {
        Self {
            around: 0,
            known: knowledge::configured(context),
            baseline: None,
            services: &[],
            metrics: &[],
            patience_ns: 0,
            root: None,
            waiting: None,
        }
    }
}

/// Finds, reads or makes the journey that the flags are about.
///
/// # Errors
/// Usage, configuration, a file that cannot be read. What a backend did wrong is a note of the answer.
pub async fn ask(args: &JourneyArgs, wish: &JourneyRequest<'_>, context: &Context) -> Result<JourneyAnswer, Error> {
    match args.sources.supply(&context.surroundings)? {
        Supply::Backends => {
            let subject = args.subject.required()?;
            let desk = Session::open(&args.sources.recording, context)?;
            let progress = progress(context);
            let mut told = Box::pin(about(&desk, &desk.transport, subject, &progress, args, wish, context)).await?;
            progress.done();
            desk.remember(key_that_worked(&told), context);
            (told.footing.said, told.footing.unsaved) = desk.close(context);
            Ok(told)
        }
        Supply::Files(paths) => {
            let window = args.time.window(context.surroundings.now, context.settings.zone.value)?;
            let evidence = within(read_files(&paths)?, window);
            let subject = match args.subject.subject()? {
                Some(subject) => subject,
                None => only_journey(subjects(&evidence, &context.settings.keys.value), &evidence.notes)?,
            };
            Ok(told(evidence, blank(subject, context, context.surroundings.now), wish, args, context))
        }
        Supply::Demo(scenario) => {
            let (name, run) = demo_run(args, scenario.as_deref())?;
            let query = blank(Subject::correlation(&run.correlation_id), context, demo::NOW);
            let known = knowledge::with_demo(wish.known.clone());
            let mut told = told(demo::evidence(&run), query, &JourneyRequest { known, ..*wish }, args, context);
            // Elsewhere `--demo` alone may mean all of it.
            let others = told.footing.flags.split_once(' ').map(|(_, rest)| format!(" {rest}")).unwrap_or_default();
            told.footing.flags = format!("--demo={name}{others}");
            Ok(told)
        }
    }
}

/// Asks the backends about one subject, over this transport.
///
/// # Errors
/// Usage: times that make no sense.
pub async fn about(
    desk: &Session,
    transport: &Transport,
    subject: Subject,
    progress: &Progress,
    args: &JourneyArgs,
    wish: &JourneyRequest<'_>,
    context: &Context,
) -> Result<JourneyAnswer, Error> {
    let time = args.time.range(Some(&subject), desk.now, context.settings.zone.value)?;
    let mut query = Query { time, first_key: desk.first_key.clone(), ..blank(subject, context, desk.now) };
    if !wish.services.is_empty() {
        query.services = wish.services.to_vec();
    }
    let sources = &Sources { backends: &desk.backends, transport, progress };
    let (evidence, query) = match wish.waiting {
        None => (gather::gather(&query, sources).await, query),
        Some(waiting) => {
            let judge = |evidence: &Evidence, now: Timestamp| {
                (waiting.judge)(&told(evidence.clone(), Query { now, ..query.clone() }, wish, args, context))
            };
            let waited = gather::wait::until(&query, sources, waiting.patience, judge).await;
            (waited.evidence, waited.query)
        }
    };
    let mut told = told(evidence, query, wish, args, context);
    if !wish.metrics.is_empty() {
        progress.say("reading metrics");
        told.readings = readings(desk, transport, &mut told, wish.metrics).await;
    }
    if wish.around > 0 && transport.interrupted().is_none() {
        progress.say("asking for the lines around");
        let logs = &told.judged.journey.logs;
        let (lines, notes) = gather::context_lines::gather(logs, wish.around, sources, &told.query).await;
        told.context = lines;
        notes.into_iter().for_each(|note| told.footing.shell.note(note));
    }
    Ok(told)
}

/// The likeliest of the keys under which the ID was found.
pub fn key_that_worked(told: &JourneyAnswer) -> Option<&str> {
    let joins = &told.judged.journey.joins;
    let found = |key: &str| joins.iter().any(|j| matches!(&j.reason, Reason::Tag { key: k } if k == key));
    told.query.keys.iter().map(String::as_str).find(|key| found(key))
}

/// The evidence as a journey, judged by what it shows itself and what is known beside it.
pub fn told(
    evidence: Evidence,
    query: Query,
    wish: &JourneyRequest,
    args: &JourneyArgs,
    context: &Context,
) -> JourneyAnswer {
    let mut known = wish.known.clone();
    StitchedJourney::new(evidence, query, &mut known).told(&known, wish, args, context)
}

/// A journey that is not judged yet: others may tell more of what it is to be judged by.
pub struct StitchedJourney {
    query: Query,
    shell: Evidence,
    journey: Journey,
}

impl StitchedJourney {
    /// The evidence as a journey; what it shows is known from now on.
    pub fn new(mut evidence: Evidence, query: Query, known: &mut Knowledge) -> Self {
        let shell = Evidence {
            backends: std::mem::take(&mut evidence.backends),
            notes: std::mem::take(&mut evidence.notes),
            coverage: std::mem::take(&mut evidence.coverage),
            looked_up: std::mem::take(&mut evidence.looked_up),
            ..Evidence::default()
        };
        known.learn_spans(&evidence.spans);
        known.learn_lists(&evidence.listed);
        let journey = stitch(evidence, &query);
        known.learn_joins(&journey);
        Self { query, shell, journey }
    }

    /// The ID by which it is asked for.
    pub fn id(&self) -> &str {
        &self.query.subject.text
    }

    /// Judged by what is known, itself included.
    pub fn told(
        self,
        known: &Knowledge,
        wish: &JourneyRequest,
        args: &JourneyArgs,
        context: &Context,
    ) -> JourneyAnswer {
        let Self { query, mut shell, journey } = self;
        let unsettled = settle(&journey, &query, args, context);
        let settled = unsettled.is_none();
        shell.notes.extend(unsettled);
        shell.notes.extend(journey.oddities.iter().map(|said| Note::general(NoteCode::Oddity, said.as_str())));
        let grounds = FindingsInput {
            complete: shell.is_complete(),
            settled: settled && !ends_at_the_edge(&journey, &query, context),
            looked_up: !matches!(shell.looked_up, LookedUp::Part { .. }),
            known,
            baseline: wish.baseline,
        };
        let (links, flags) = (links(&context.settings, &journey), flags(args, context));
        let judged = AnalysedJourney::new(journey, &grounds);
        let footing = Answered {
            subject: Some(query.subject.text.clone()),
            found: if judged.journey.is_empty() { Found::Nothing } else { Found::Something },
            worst: judged.judgement.gravest(),
            shell,
            settled,
            flags,
            filters: args.filters.filters(),
            links,
            said: String::new(),
            unsaved: None,
        };
        let unread = unread(args);
        let readings = wish.metrics.iter().map(|_| MetricReading::NotAvailable(unread.to_owned())).collect();
        JourneyAnswer { judged, query, context: Vec::new(), readings, footing }
    }
}

/// Why there are no metrics before any are asked.
fn unread(args: &JourneyArgs) -> &'static str {
    if args.sources.demo.is_some() {
        "the demo asks no Prometheus: leave --demo out, and give --prometheus-url"
    } else if !args.sources.input.is_empty() {
        "a file holds no metrics: leave --input out, and give --prometheus-url"
    } else {
        "nobody was asked"
    }
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

/// The flags that a following command needs to mean the same data. Not the times: what was found tells them.
pub fn flags(args: &JourneyArgs, context: &Context) -> String {
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
        all.extend(given.as_ref().map(|_| flag(name, &display_url(&target.url.value))));
    }
    let without: Vec<&str> = backends.without.iter().map(|source| source.as_str()).collect();
    all.extend((!without.is_empty()).then(|| format!("--without {}", without.join(","))));
    let api = backends.jaeger_api.and_then(|api| APIS.iter().find(|(_, known)| *known == api));
    all.extend(api.map(|(word, _)| format!("--jaeger-api {word}")));
    all.extend(text("--loki-selector", backends.loki_selector.as_deref()));
    all.extend(backends.key.iter().map(|key| flag("--key", key)));
    all.join(" ")
}
