//! Records the spans and lines of a generated run, and the truth about it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::line_format::LineForm;
pub use super::log_entry::KEY;
use super::log_entry::{encode, python_time};
use super::random::Random;
pub use super::services::{ASSESSMENT, BATCH, ESSAY, MS, SPELL};
use super::truth::{Fault, Planted, Truth};
use crate::model::attribute::{Attributes, Value};
use crate::model::id::{SpanId, TraceId};
use crate::model::log::{Level, LogEntry};
use crate::model::span::{Event, Link, Resource, Span, SpanKind, Status, StatusCode};
use crate::model::time::Timestamp;

/// A recorded span, as its children, links and lines refer to it. Times are true ones, in ns since the epoch, whatever the
/// service's clock shows.
#[derive(Clone, Copy)]
pub struct SpanRef {
    /// Index among the recorded spans.
    pub index: usize,
    /// Start.
    pub from: i64,
    /// End.
    pub to: i64,
}

/// The cause of a span.
#[derive(Clone, Copy)]
pub enum SpanCause {
    /// None that is traced: the span begins its own trace.
    Nothing,
    /// Another span of the same trace.
    Parent(SpanRef),
    /// Another span, by a link: the span begins its own trace.
    Link(SpanRef),
}

/// A span to record.
pub struct SpanDraft {
    /// Service.
    pub service: &'static str,
    /// Kind.
    pub kind: SpanKind,
    /// Name.
    pub name: String,
    /// Cause.
    pub cause: SpanCause,
    /// Start, in ns since the epoch.
    pub from: i64,
    /// End, in ns since the epoch.
    pub to: i64,
    /// Attributes, in order.
    pub attributes: Vec<(&'static str, Value)>,
}

/// A published message.
#[derive(Clone)]
pub struct Message {
    /// Topic.
    pub topic: &'static str,
    /// Message ID.
    pub event_id: String,
    /// The span that publishes it.
    pub publish: SpanRef,
}

/// An exception as Python reports it.
pub struct PythonException {
    /// Class.
    pub kind: &'static str,
    /// Message.
    pub message: String,
    /// Traceback, as Python prints it.
    pub stack: String,
}

impl PythonException {
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

/// A log line to record.
#[derive(Clone, Copy)]
pub struct LogDraft<'a> {
    level: Level,
    event: &'a str,
    fields: &'a [(&'a str, Json)],
}

impl<'a> LogDraft<'a> {
    /// A line with this text and these additional fields.
    pub fn new(level: Level, event: &'a str, fields: &'a [(&'a str, Json)]) -> Self {
        Self { level, event, fields }
    }
}

/// An error line to record.
#[derive(Clone, Copy)]
pub struct ErrorDraft<'a> {
    /// Text of the line.
    pub event: &'a str,
    /// The exception that it reports.
    pub exception: &'a PythonException,
    /// The `context_data` of its error context.
    pub data: &'a Json,
}

/// How much durations of one operation differ from run to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Jitter {
    /// A few parts in a hundred.
    Slight,
    /// As on any day: by a third either way, and now and then three times as long.
    Everyday,
}

/// Times within one operation: offsets from its start, stretched by a random factor.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    base: i64,
    percent: i64,
}

impl Pace {
    /// The time `ms` milliseconds after the start, stretched, to the microsecond.
    pub(super) fn at(self, ms: i64) -> i64 {
        self.base + ms * self.percent * (MS / 100)
    }
}

/// Records one run.
pub struct Recorder {
    /// Source of what differs from run to run.
    pub random: Random,
    /// When the run begins, in ns since the epoch, a whole microsecond.
    pub origin: i64,
    /// The correlation ID of the run.
    pub correlation_id: String,
    fault: Fault,
    jitter: Jitter,
    /// Lines below this level are not stored.
    least: Level,
    resources: BTreeMap<&'static str, Arc<Resource>>,
    /// The spans so far, including those that no backend stores.
    pub spans: Vec<Span>,
    /// Indices of the failed ones.
    pub failed: BTreeSet<usize>,
    unstored: BTreeSet<usize>,
    /// The lines so far.
    pub logs: Vec<LogEntry>,
    /// The planted fault; none in a good run.
    pub planted: Option<Planted>,
    /// Other failures, which are expected to be found as well.
    pub beside: Vec<Planted>,
    worker: u64,
    /// Whether the correlation ID was lost, so that lines and tags no longer have it.
    forgotten: bool,
}

impl Recorder {
    /// A recorder without spans.
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

    /// Sets the jitter of what follows.
    pub(super) fn jitter(&mut self, jitter: Jitter) {
        self.jitter = jitter;
    }

    /// Stores only lines of at least this level from here on.
    pub(super) fn store_from(&mut self, least: Level) {
        self.least = least;
    }

    /// Sets host and version of a service.
    pub(super) fn set_host(&mut self, service: &'static str, host: &str, version: &str) {
        let pairs = [("host.name", host), ("service.version", version), ("telemetry.sdk.language", "python")];
        let attributes = pairs.map(|(key, value)| (key.to_owned(), Value::Text(value.to_owned())));
        let resource = Resource { service: service.to_owned(), attributes: Attributes(attributes.to_vec()) };
        self.resources.insert(service, Arc::new(resource));
    }

    /// The recorded span with this index, with its true times.
    pub fn nth_span(&self, index: usize) -> Option<SpanRef> {
        let span = self.spans.get(index)?;
        let ahead = self.fault.ahead(span.service());
        Some(SpanRef { index, from: span.start.0.saturating_sub(ahead), to: span.end().0.saturating_sub(ahead) })
    }

    /// A recorded span, to be changed.
    pub fn span_mut(&mut self, at: SpanRef) -> &mut Span {
        &mut self.spans[at.index]
    }

    /// Loses the correlation ID from here on.
    pub(super) fn forget_id(&mut self) {
        self.forgotten = true;
    }

    /// A duration of about `ms` milliseconds: a tenth more or less, to the microsecond.
    pub fn jittered(&mut self, ms: i64) -> i64 {
        if self.jitter == Jitter::Everyday {
            return ms * self.percent() * (MS / 100) + self.random.below(1_000) as i64 * 1_000;
        }
        let tenth_micros = ms * 100;
        let shift = self.random.below(2 * tenth_micros as u64 + 1) as i64 - tenth_micros;
        ms * MS + shift * 1_000
    }

    /// A pace for an operation that begins at `base`.
    pub(super) fn pace(&mut self, base: i64) -> Pace {
        Pace { base, percent: self.percent() }
    }

    /// Random factor of an operation's duration, in percent.
    fn percent(&mut self) -> i64 {
        match self.jitter {
            Jitter::Slight => 96 + self.random.below(9) as i64,
            Jitter::Everyday => {
                let usual = 70 + (self.random.below(31) + self.random.below(31)) as i64;
                if self.random.below(20) == 0 { usual * 3 } else { usual }
            }
        }
    }

    /// Records a span.
    pub fn span(&mut self, draft: SpanDraft) -> SpanRef {
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
            polled_ns: 0,
        };
        self.spans.push(span);
        SpanRef { index: self.spans.len() - 1, from, to }
    }

    fn lineage(&mut self, cause: SpanCause) -> (TraceId, Option<SpanId>, Vec<Link>) {
        match cause {
            SpanCause::Nothing => (self.random.trace_id(), None, vec![]),
            SpanCause::Parent(parent) => {
                let (trace_id, span_id) = self.span_ids(parent);
                (trace_id, Some(span_id), vec![])
            }
            SpanCause::Link(to) => {
                let (trace_id, span_id) = self.span_ids(to);
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

    /// The tag with the correlation ID; empty for a span without it.
    pub fn correlation_tag(&self) -> Vec<(&'static str, Value)> {
        if self.forgotten || self.fault == Fault::UntaggedSpans && !self.spans.is_empty() {
            return vec![];
        }
        vec![(KEY, Value::Text(self.correlation_id.clone()))]
    }

    /// IDs of a recorded span.
    pub fn span_ids(&self, at: SpanRef) -> (TraceId, SpanId) {
        let span = &self.spans[at.index];
        (span.trace_id, span.span_id)
    }

    /// The time that the service's clock shows at a true time.
    fn clock(&self, service: &str, at: i64) -> Timestamp {
        Timestamp(at.saturating_add(self.fault.ahead(service)))
    }

    /// Records a producer span of about 4 ms.
    pub fn publish(&mut self, service: &'static str, topic: &'static str, parent: SpanRef, from: i64) -> Message {
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
            cause: SpanCause::Parent(parent),
            from,
            to: from + lasting,
            attributes,
        });
        Message { topic, event_id, publish }
    }

    /// Records a consumer span over the whole processing, `time` in ns since the epoch.
    pub fn consume(&mut self, service: &'static str, message: &Message, cause: SpanCause, time: Range<i64>) -> SpanRef {
        let Range { start: from, end: to } = time;
        let attributes = self.messaging(&message.event_id, message.topic, "messaging.source", "consume");
        let name = format!("kafka.consume.{}", message.topic);
        self.span(SpanDraft { service, kind: SpanKind::Consumer, name, cause, from, to, attributes })
    }

    fn messaging(&self, id: &str, topic: &str, key: &'static str, operation: &str) -> Vec<(&'static str, Value)> {
        let mut attributes = self.correlation_tag();
        let pairs = [("event.id", id), ("event.type", topic), ("messaging.operation", operation), (key, topic)];
        attributes.extend(pairs.map(|(key, value)| (key, Value::Text(value.to_owned()))));
        attributes.push(("messaging.system", Value::Text("kafka".to_owned())));
        attributes
    }

    /// Fails a span with an exception just before its end.
    pub fn fail(&mut self, at: SpanRef, failure: &PythonException) {
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
    pub(super) fn event(&mut self, at: SpanRef, time: i64, name: &str, attributes: &[(&str, i64)]) {
        let time = self.clock_of(at, time);
        let attributes = attributes.iter().map(|(key, n)| ((*key).to_owned(), Value::Int(*n))).collect();
        self.spans[at.index].events.push(Event { time, name: name.to_owned(), attributes: Attributes(attributes) });
    }

    fn clock_of(&self, at: SpanRef, time: i64) -> Timestamp {
        self.clock(&self.spans[at.index].resource.service, time)
    }

    /// Keeps a span out of every backend, while its children name it.
    pub fn drop_span(&mut self, at: SpanRef) {
        self.unstored.insert(at.index);
    }

    /// Records a line within a span, with the correlation ID unless that was lost.
    pub fn log(&mut self, at: SpanRef, time: i64, draft: LogDraft) {
        let mut object = self.head(at, time, &draft);
        if !self.forgotten {
            object.insert(KEY.to_owned(), json!(self.correlation_id));
        }
        self.write(at, time, &draft, object);
    }

    /// Records a line of a library, which knows the trace but not the correlation ID.
    pub(super) fn library_log(&mut self, at: SpanRef, time: i64, draft: LogDraft) {
        let object = self.head(at, time, &draft);
        self.write(at, time, &draft, object);
    }

    /// Records an error line with its full `error_context`.
    pub fn error_log(&mut self, at: SpanRef, time: i64, draft: &ErrorDraft) {
        let ErrorDraft { event, exception, data } = *draft;
        let (trace_id, span_id) = self.span_ids(at);
        let span = &self.spans[at.index];
        let context = json!({
            "error_type": exception.kind,
            "error_message": exception.message,
            "service_name": span.service(),
            "operation": span.name,
            "timestamp": python_time(self.clock_of(at, at.to)),
            "trace_id": trace_id.to_string(),
            "span_id": span_id.to_string(),
            "stack_trace": exception.stack,
            "context_data": data,
        });
        self.log(at, time, LogDraft::new(Level::Error, event, &[("error_context", context)]));
    }

    fn head(&self, at: SpanRef, time: i64, draft: &LogDraft) -> Map<String, Json> {
        let pairs = [
            ("timestamp", python_time(self.clock_of(at, time))),
            ("level", draft.level.as_str().to_owned()),
            ("event", draft.event.to_owned()),
            ("service_name", self.spans[at.index].service().to_owned()),
        ];
        pairs.map(|(key, value)| (key.to_owned(), Json::String(value))).into_iter().collect()
    }

    fn write(&mut self, at: SpanRef, time: i64, draft: &LogDraft, mut object: Map<String, Json>) {
        let level = draft.level;
        if level < self.least {
            return;
        }
        let (trace_id, span_id) = self.span_ids(at);
        object.insert("trace_id".to_owned(), json!(trace_id.to_string()));
        object.insert("span_id".to_owned(), json!(span_id.to_string()));
        object.extend(draft.fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
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
        self.logs.push(encode(LogEntry { service, ..entry }, &object, form, worker));
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

    /// Notes the planted fault and its span.
    pub(super) fn plant(&mut self, at: SpanRef, what: &'static str, finding: &'static str) {
        self.planted = Some(self.planted_at(at, what, finding));
    }

    /// A planted fault at a span: a description, and the ID of the finding about it.
    pub fn planted_at(&self, at: SpanRef, what: &'static str, finding: &'static str) -> Planted {
        let (span, ids) = (&self.spans[at.index], self.span_ids(at));
        Planted { what, finding, service: span.service().to_owned(), operation: span.name.clone(), span: ids }
    }

    /// What the backends store, and the truth about the run.
    pub fn finish(mut self) -> (Vec<Span>, Vec<LogEntry>, Truth) {
        if self.fault == Fault::LogsOnlyService {
            let silent = self.spans.iter().enumerate().filter(|(_, span)| span.service() == ASSESSMENT);
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
