//! Writes down what the story tells: spans, lines, metrics, and beside them the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::line::LineForm;
use super::random::Random;
use super::written::{in_form, python_time};
use super::{Fault, Planted, Truth};
use crate::model::attribute::{Attributes, Value};
use crate::model::id::{SpanId, TraceId};
use crate::model::log::{Level, LogEntry};
use crate::model::span::{Event, Link, Resource, Span, SpanKind, Status, StatusCode};
use crate::model::time::Timestamp;

/// Nanoseconds in a millisecond.
pub const MS: i64 = 1_000_000;
/// The key under which the platform carries its correlation ID.
pub const KEY: &str = "correlation_id";

/// The batch orchestrator: HTTP in, messages out.
pub const BATCH: &str = "batch_orchestrator_service";
/// The essay lifecycle: keeps what is known of each essay.
pub const ESSAY: &str = "essay_lifecycle_service";
/// The spell checker.
pub const SPELL: &str = "spell_checker_service";
/// The comparative judgement.
pub const JUDGE: &str = "cj_assessment_service";

/// A span already written, as its children, links and lines need it. Times are true, in ns since the epoch.
#[derive(Clone, Copy)]
pub struct At {
    /// Its place among the spans written.
    pub index: usize,
    /// When it begins.
    pub from: i64,
    /// When it ends.
    pub to: i64,
}

/// What made a span begin.
#[derive(Clone, Copy)]
pub enum Cause {
    /// Nothing that tracing knows of: it begins its own trace.
    Nothing,
    /// Another span of the same trace.
    Parent(At),
    /// Another span, by a link; it begins its own trace.
    Link(At),
}

/// A span about to be written.
pub struct SpanDraft {
    /// The service that makes it.
    pub service: &'static str,
    /// Its kind.
    pub kind: SpanKind,
    /// Its name.
    pub name: String,
    /// What it follows from.
    pub cause: Cause,
    /// When it begins, in ns since the epoch.
    pub from: i64,
    /// When it ends.
    pub to: i64,
    /// Its attributes, in their order.
    pub attributes: Vec<(&'static str, Value)>,
}

/// A message on its way.
#[derive(Clone)]
pub struct Message {
    /// Its topic.
    pub topic: &'static str,
    /// Its ID.
    pub event_id: String,
    /// The span that publishes it.
    pub publish: At,
}

/// An exception as Python raises it.
pub struct PlantedFailure {
    /// Its class.
    pub kind: &'static str,
    /// Its message.
    pub message: String,
    /// Its traceback, as Python prints it.
    pub stack: String,
}

impl PlantedFailure {
    /// One raised in this function of this file.
    pub fn new(kind: &'static str, message: impl Into<String>, file: &str, function: &str) -> Self {
        let message = message.into();
        let stack = format!(
            "Traceback (most recent call last):\n  File \"/app/services/consumer.py\", line 88, in handle_message\n    \
             await self.process(event)\n  File \"/app/{file}\", line 142, in {function}\n    raise error\n\
             {kind}: {message}"
        );
        Self { kind, message, stack }
    }
}

/// How much work of one kind differs from run to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Jitter {
    /// A few parts in a hundred.
    Slight,
    /// As on any day: by a third either way, and now and then three times as long.
    Everyday,
}

/// The time within one piece of work: offsets in milliseconds, stretched a little by chance.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    base: i64,
    percent: i64,
}

impl Pace {
    /// The instant so many milliseconds into the work, to the microsecond.
    pub(super) fn at(self, ms: i64) -> i64 {
        self.base + ms * self.percent * (MS / 100)
    }
}

/// The writer of one run.
pub struct Recorder {
    /// What differs from run to run.
    pub random: Random,
    /// When the run begins, in ns since the epoch, a whole microsecond.
    pub origin: i64,
    /// The correlation ID of the run.
    pub correlation_id: String,
    fault: Fault,
    jitter: Jitter,
    /// Lines below it are not stored.
    least: Level,
    resources: BTreeMap<&'static str, Arc<Resource>>,
    /// The spans written so far, those included that no backend stores.
    pub spans: Vec<Span>,
    /// Which of them failed.
    pub failed: BTreeSet<usize>,
    unstored: BTreeSet<usize>,
    /// The lines written so far.
    pub logs: Vec<LogEntry>,
    /// What goes wrong in the run.
    pub planted: Option<Planted>,
    /// What fails beside it, by rights.
    pub beside: Vec<Planted>,
    worker: u64,
    /// Whether whoever writes now does not know the correlation ID.
    forgotten: bool,
}

impl Recorder {
    /// An empty page.
    pub fn new(fault: Fault, start: Timestamp, correlation_id: String, mut random: Random) -> Self {
        Self {
            worker: random.below(1 << 32),
            random,
            origin: start.0 - start.0.rem_euclid(1_000),
            correlation_id,
            fault,
            jitter: Jitter::Slight,
            least: Level::default(),
            resources: BTreeMap::new(),
            spans: vec![],
            failed: BTreeSet::new(),
            unstored: BTreeSet::new(),
            logs: vec![],
            planted: None,
            beside: vec![],
            forgotten: false,
        }
    }

    /// From here on times differ so much.
    pub(super) fn jitter(&mut self, jitter: Jitter) {
        self.jitter = jitter;
    }

    /// From here on only lines at least so grave are stored.
    pub(super) fn store_from(&mut self, least: Level) {
        self.least = least;
    }

    /// This service's spans are of this host and version.
    pub(super) fn place(&mut self, service: &'static str, host: &str, version: &str) {
        let pairs = [("host.name", host), ("service.version", version), ("telemetry.sdk.language", "python")];
        let attributes = pairs.map(|(key, value)| (key.to_owned(), Value::Text(value.to_owned())));
        let resource = Resource { service: service.to_owned(), attributes: Attributes(attributes.to_vec()) };
        self.resources.insert(service, Arc::new(resource));
    }

    /// The n-th span that was written, with its true times.
    pub fn nth(&self, index: usize) -> Option<At> {
        let span = self.spans.get(index)?;
        let ahead = self.fault.ahead(span.service());
        Some(At { index, from: span.start.0.saturating_sub(ahead), to: span.end().0.saturating_sub(ahead) })
    }

    /// A span written before, to be changed.
    pub fn edit(&mut self, at: At) -> &mut Span {
        &mut self.spans[at.index]
    }

    /// From here on nobody knows the correlation ID.
    pub(super) fn forget_id(&mut self) {
        self.forgotten = true;
    }

    /// So many milliseconds, give or take a tenth, to the microsecond.
    pub fn about(&mut self, ms: i64) -> i64 {
        if self.jitter == Jitter::Everyday {
            return ms * self.percent() * (MS / 100) + self.random.below(1_000) as i64 * 1_000;
        }
        let tenth_micros = ms * 100;
        let shift = self.random.below(2 * tenth_micros as u64 + 1) as i64 - tenth_micros;
        ms * MS + shift * 1_000
    }

    /// A pace for work that begins here.
    pub(super) fn pace(&mut self, base: i64) -> Pace {
        Pace { base, percent: self.percent() }
    }

    /// How long work takes, in parts of a hundred of what it usually takes.
    fn percent(&mut self) -> i64 {
        match self.jitter {
            Jitter::Slight => 96 + self.random.below(9) as i64,
            Jitter::Everyday => {
                let usual = 70 + (self.random.below(31) + self.random.below(31)) as i64;
                if self.random.below(20) == 0 { usual * 3 } else { usual }
            }
        }
    }

    /// Writes a span.
    pub fn span(&mut self, draft: SpanDraft) -> At {
        let SpanDraft { service, kind, name, cause, from, to, attributes } = draft;
        let (trace_id, parent_id, links) = self.lineage(cause);
        let span = Span {
            trace_id,
            span_id: self.random.span_id(),
            parent_id,
            resource: self.resource(service),
            name,
            kind,
            start: self.clock(service, from),
            duration_ns: to - from,
            status: Status::default(),
            attributes: Attributes(attributes.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            events: vec![],
            links,
            scope: "pipeline".to_owned(),
            warnings: vec![],
        };
        self.spans.push(span);
        At { index: self.spans.len() - 1, from, to }
    }

    fn lineage(&mut self, cause: Cause) -> (TraceId, Option<SpanId>, Vec<Link>) {
        match cause {
            Cause::Nothing => (self.random.trace_id(), None, vec![]),
            Cause::Parent(parent) => {
                let (trace_id, span_id) = self.ids(parent);
                (trace_id, Some(span_id), vec![])
            }
            Cause::Link(to) => {
                let (trace_id, span_id) = self.ids(to);
                (self.random.trace_id(), None, vec![Link { trace_id, span_id, attributes: Attributes::default() }])
            }
        }
    }

    fn resource(&mut self, service: &'static str) -> Arc<Resource> {
        let make = || {
            let host = Value::Text(format!("{}-0", service.replace('_', "-")));
            let language = Value::Text("python".to_owned());
            let attributes = [("host.name", host), ("telemetry.sdk.language", language)];
            let attributes = Attributes(attributes.map(|(k, v)| (k.to_owned(), v)).to_vec());
            Arc::new(Resource { service: service.to_owned(), attributes })
        };
        Arc::clone(self.resources.entry(service).or_insert_with(make))
    }

    /// The tag that carries the correlation ID, where this span has it.
    pub fn tag(&self) -> Vec<(&'static str, Value)> {
        if self.forgotten || self.fault == Fault::UntaggedSpans && !self.spans.is_empty() {
            return vec![];
        }
        vec![(KEY, Value::Text(self.correlation_id.clone()))]
    }

    /// The IDs of a span written before.
    pub fn ids(&self, at: At) -> (TraceId, SpanId) {
        let span = &self.spans[at.index];
        (span.trace_id, span.span_id)
    }

    /// What the clock of that service shows at the true time.
    fn clock(&self, service: &str, at: i64) -> Timestamp {
        Timestamp(at.saturating_add(self.fault.ahead(service)))
    }

    /// Publishes a message: a producer span of about 4 ms.
    pub fn publish(&mut self, service: &'static str, topic: &'static str, parent: At, from: i64) -> Message {
        let event_id = self.random.uuid();
        let attributes = self.messaging(&event_id, topic, "messaging.destination", "publish");
        let lasting = match self.jitter {
            Jitter::Slight => 4 * MS,
            Jitter::Everyday => 2 * MS + self.random.below(4_000) as i64 * 1_000,
        };
        let publish = self.span(SpanDraft {
            service,
            kind: SpanKind::Producer,
            name: format!("kafka.publish.{topic}"),
            cause: Cause::Parent(parent),
            from,
            to: from + lasting,
            attributes,
        });
        Message { topic, event_id, publish }
    }

    /// Consumes a message: a consumer span over the whole work.
    pub fn consume(&mut self, service: &'static str, message: &Message, cause: Cause, from: i64, to: i64) -> At {
        let attributes = self.messaging(&message.event_id, message.topic, "messaging.source", "consume");
        let name = format!("kafka.consume.{}", message.topic);
        self.span(SpanDraft { service, kind: SpanKind::Consumer, name, cause, from, to, attributes })
    }

    fn messaging(&self, id: &str, topic: &str, key: &'static str, operation: &str) -> Vec<(&'static str, Value)> {
        let mut attributes = self.tag();
        let pairs = [("event.id", id), ("event.type", topic), ("messaging.operation", operation), (key, topic)];
        attributes.extend(pairs.map(|(key, value)| (key, Value::Text(value.to_owned()))));
        attributes.push(("messaging.system", Value::Text("kafka".to_owned())));
        attributes
    }

    /// Lets a span fail with an exception just before its end.
    pub fn fail(&mut self, at: At, failure: &PlantedFailure) {
        let time = self.clock_of(at, at.to - MS / 5);
        let span = &mut self.spans[at.index];
        let headline = format!("{}: {}", failure.kind, failure.message);
        span.status = Status { code: StatusCode::Error, message: headline };
        let pairs = [
            ("exception.type", failure.kind),
            ("exception.message", &failure.message),
            ("exception.stacktrace", &failure.stack),
            ("exception.escaped", "False"),
        ];
        let attributes = pairs.map(|(key, value)| (key.to_owned(), Value::Text(value.to_owned())));
        span.events.push(Event { time, name: "exception".to_owned(), attributes: Attributes(attributes.to_vec()) });
        self.failed.insert(at.index);
    }

    /// Adds an event to a span.
    pub(super) fn event(&mut self, at: At, time: i64, name: &str, attributes: &[(&str, i64)]) {
        let time = self.clock_of(at, time);
        let attributes = attributes.iter().map(|(key, n)| ((*key).to_owned(), Value::Int(*n))).collect();
        self.spans[at.index].events.push(Event { time, name: name.to_owned(), attributes: Attributes(attributes) });
    }

    fn clock_of(&self, at: At, time: i64) -> Timestamp {
        self.clock(&self.spans[at.index].resource.service, time)
    }

    /// The span was made, its children name it, and no backend has it.
    pub fn lose(&mut self, at: At) {
        self.unstored.insert(at.index);
    }

    /// Writes a line that carries the correlation ID where it is known, and the trace it was written in.
    pub fn log(&mut self, at: At, level: Level, time: i64, event: &str, more: &[(&str, Json)]) {
        let mut object = self.head(at, level, time, event);
        if !self.forgotten {
            object.insert(KEY.to_owned(), json!(self.correlation_id));
        }
        self.write(at, level, time, object, more);
    }

    /// Writes a line of a library, which knows the trace but not the correlation ID.
    pub(super) fn library_log(&mut self, at: At, level: Level, time: i64, event: &str, more: &[(&str, Json)]) {
        let object = self.head(at, level, time, event);
        self.write(at, level, time, object, more);
    }

    /// Writes an error line with its full `error_context`.
    pub fn error_log(&mut self, at: At, time: i64, event: &str, failure: &PlantedFailure, data: &Json) {
        let (trace_id, span_id) = self.ids(at);
        let span = &self.spans[at.index];
        let context = json!({
            "error_type": failure.kind,
            "error_message": failure.message,
            "service_name": span.service(),
            "operation": span.name,
            "timestamp": python_time(self.clock_of(at, at.to)),
            "trace_id": trace_id.to_string(),
            "span_id": span_id.to_string(),
            "stack_trace": failure.stack,
            "context_data": data,
        });
        self.log(at, Level::Error, time, event, &[("error_context", context)]);
    }

    fn head(&self, at: At, level: Level, time: i64, event: &str) -> Map<String, Json> {
        let pairs = [
            ("timestamp", python_time(self.clock_of(at, time))),
            ("level", level.as_str().to_owned()),
            ("event", event.to_owned()),
            ("service_name", self.spans[at.index].service().to_owned()),
        ];
        pairs.map(|(key, value)| (key.to_owned(), Json::String(value))).into_iter().collect()
    }

    fn write(&mut self, at: At, level: Level, time: i64, mut object: Map<String, Json>, more: &[(&str, Json)]) {
        if level < self.least {
            return;
        }
        let (trace_id, span_id) = self.ids(at);
        object.insert("trace_id".to_owned(), json!(trace_id.to_string()));
        object.insert("span_id".to_owned(), json!(span_id.to_string()));
        object.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let service = self.spans[at.index].service().to_owned();
        let entry = LogEntry {
            time: self.clock(&service, time),
            level,
            labels: [("level", level.as_str()), ("service_name", &service)]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..LogEntry::default()
        };
        let form = self.form(&service);
        let worker = self.worker;
        self.logs.push(in_form(LogEntry { service, ..entry }, &object, form, worker));
    }

    fn form(&self, service: &str) -> LineForm {
        match self.fault {
            Fault::LogfmtLogs => LineForm::Logfmt,
            Fault::PlainLogs => LineForm::Plain,
            Fault::MetadataOnlyLogs => LineForm::Metadata,
            Fault::HostileId if service == SPELL => LineForm::JsonUtf8,
            _ => LineForm::JsonAscii,
        }
    }

    /// Says what is planted, and where.
    pub(super) fn plant(&mut self, at: At, what: &'static str, finding: &'static str) {
        self.planted = Some(self.planted_at(at, what, finding));
    }

    /// What is planted at a span: what it is, and which finding names it.
    pub fn planted_at(&self, at: At, what: &'static str, finding: &'static str) -> Planted {
        let (span, ids) = (&self.spans[at.index], self.ids(at));
        Planted { what, finding, service: span.service().to_owned(), operation: span.name.clone(), span: ids }
    }

    /// What was written and stored, and the truth of it.
    pub fn finish(mut self) -> (Vec<Span>, Vec<LogEntry>, Truth) {
        if self.fault == Fault::LogsOnlyService {
            let silent = self.spans.iter().enumerate().filter(|(_, span)| span.service() == JUDGE);
            self.unstored.extend(silent.map(|(index, _)| index));
        }
        let unstored = self.unstored;
        let stored = |index: &usize| !unstored.contains(index);
        let error_spans = self.failed.iter().filter(|index| stored(index)).count();
        let spans: Vec<Span> =
            self.spans.into_iter().enumerate().filter(|(index, _)| stored(index)).map(|(_, span)| span).collect();
        self.logs.sort_by_key(|entry| entry.time);
        let services = spans.iter().map(Span::service).chain(self.logs.iter().map(|l| l.service.as_str()));
        let truth = Truth {
            fault: self.fault,
            traces: spans.iter().map(|s| s.trace_id).collect(),
            span_count: spans.len(),
            spans: spans.iter().map(|s| (s.trace_id, s.span_id)).collect(),
            log_count: self.logs.len(),
            lines: self.logs.iter().map(|l| l.line.clone()).collect(),
            services: services.map(str::to_owned).collect(),
            error_spans,
            planted: self.planted,
            beside: self.beside,
        };
        (spans, self.logs, truth)
    }
}
