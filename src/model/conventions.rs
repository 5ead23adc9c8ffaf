//! Attribute names of the semantic conventions, old and new ones for the same thing, in one place.
//!
//! Source: OpenTelemetry semantic conventions, schemas up to 1.44.0; new names first.

use crate::model::attribute::Value;
use crate::model::span::{Event, Span, SpanKind, StatusCode};
use crate::model::time::Timestamp;

/// The usual keys of a correlation ID, likeliest first.
pub const CORRELATION_KEYS: [&str; 10] = [
    "correlation_id",
    "correlation.id",
    "correlationId",
    "x-correlation-id",
    "http.request.header.x-correlation-id",
    "http.request.header.x_correlation_id",
    "messaging.message.conversation_id",
    "messaging.conversation_id",
    "baggage.correlation_id",
    "request_id",
];

/// The usual fields for a trace ID in log lines.
pub(crate) const TRACE_ID_FIELDS: [&str; 9] = [
    "trace_id",
    "traceID",
    "traceId",
    "traceid",
    "trace.id",
    "otelTraceID",
    "trace-id",
    "X-B3-TraceId",
    "x-b3-traceid",
];

/// The usual fields for a span ID in log lines.
pub(crate) const SPAN_ID_FIELDS: [&str; 7] =
    ["span_id", "spanID", "spanId", "spanid", "span.id", "otelSpanID", "X-B3-SpanId"];

/// The usual fields and labels for the service of a log line, most specific first.
pub(crate) const SERVICE_FIELDS: [&str; 10] = [
    "service_name",
    "service.name",
    "service",
    "otelServiceName",
    "app",
    "application",
    "job",
    "container",
    "container_name",
    "component",
];

/// Attributes that identify a message itself, strongest first.
pub(crate) const MESSAGE_ID_KEYS: [&str; 5] =
    ["messaging.message.id", "messaging.message_id", "event.id", "event_id", "message_id"];

/// A service's name without a common ending such as `_service`, as screens show it, and as names that differ only in that
/// are compared.
pub(crate) fn short_service(service: &str) -> &str {
    const ENDINGS: [&str; 6] = ["_service", "-service", ".service", "_svc", "-svc", "Service"];
    ENDINGS.iter().find_map(|e| service.strip_suffix(e)).filter(|s| !s.is_empty()).unwrap_or(service)
}

/// Attributes for the topic, queue or exchange of a messaging span.
pub(crate) const TOPIC_KEYS: [&str; 13] = [
    "messaging.destination.name",
    "messaging.destination",
    "messaging.source.name",
    "messaging.source",
    "messaging.kafka.topic",
    "messaging.destination_publish.name",
    "message_bus.destination",
    "kafka.topic",
    "rabbit.exchange",
    "rabbit.queue",
    "messaging.rabbitmq.destination.routing_key",
    "messaging.rabbitmq.routing_key",
    "rabbit.routing_key",
];

/// gRPC status codes that are a server's fault, as the semantic conventions have it; all others but 0 are its client's.
const GRPC_SERVER_FAULTS: [i64; 6] = [2, 4, 12, 13, 14, 15];

/// Whether the attribute `error` says that the span failed: true, or any text but `false` and `0`. OpenTracing has a
/// boolean there, Zipkin the words of the error.
fn says_error(value: &Value) -> bool {
    match value {
        Value::Text(text) => !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "0"),
        value => value.is_true(),
    }
}

/// The role of a span in messaging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRole {
    /// It sends a message.
    Publish,
    /// It receives or processes a message.
    Consume,
}

impl Span {
    /// Whether the span failed. A status of OK wins over every hint; a 4xx of a server is not an error.
    pub fn is_error(&self) -> bool {
        match self.status.code {
            StatusCode::Error => true,
            StatusCode::Ok => false,
            StatusCode::Unset => {
                self.attributes.get("error").is_some_and(says_error)
                    || self.http_status().is_some_and(|s| s >= 500 || self.kind == SpanKind::Client && s >= 400)
                    || self.grpc_failed()
            }
        }
    }

    fn grpc_failed(&self) -> bool {
        match self.grpc_code() {
            None | Some(0) => false,
            Some(code) => self.kind != SpanKind::Server || GRPC_SERVER_FAULTS.contains(&code),
        }
    }

    /// The gRPC status code, by number or name.
    pub(crate) fn grpc_code(&self) -> Option<i64> {
        const NAMES: [&str; 17] = [
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED",
        ];
        let value = self.attributes.first(&["rpc.response.status_code", "rpc.grpc.status_code", "rpc.status_code"])?;
        value.as_int().or_else(|| {
            NAMES.iter().position(|n| value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(n))).map(|n| n as i64)
        })
    }

    /// Whether the error is the caller's fault, by its code: an HTTP status of 4xx, or a gRPC status that says so.
    pub(crate) fn is_client_fault(&self) -> bool {
        self.http_status().is_some_and(|status| (400..500).contains(&status))
            || self.grpc_code().is_some_and(|code| code != 0 && !GRPC_SERVER_FAULTS.contains(&code))
    }

    /// The HTTP response status.
    pub(crate) fn http_status(&self) -> Option<i64> {
        self.attributes.first(&["http.response.status_code", "http.status_code"]).and_then(Value::as_int)
    }

    /// Its role in messaging, by its kind, else by its messaging operation; none of a server, which may be called by a broker.
    pub fn message_role(&self) -> Option<MessageRole> {
        match self.kind {
            SpanKind::Producer => return Some(MessageRole::Publish),
            SpanKind::Consumer => return Some(MessageRole::Consume),
            SpanKind::Server => return None,
            _ => {}
        }
        match self.attributes.text(&["messaging.operation.type", "messaging.operation", "messaging.operation.name"])? {
            "publish" | "send" | "create" => Some(MessageRole::Publish),
            "consume" | "receive" | "process" | "deliver" => Some(MessageRole::Consume),
            _ => None,
        }
    }

    /// Whether it receives messages, and may wait for them, rather than processes one. Clients of queues that name no
    /// operation say it in their names: `ServiceBusReceiver.Receive`.
    pub(crate) fn is_receive(&self) -> bool {
        let operation = self.message_operation();
        let name = || self.name.to_ascii_lowercase();
        match operation.as_str() {
            "receive" | "poll" => true,
            "" => {
                self.attributes.get("messaging.system").is_some()
                    && ["receive", "poll"].iter().any(|w| name().contains(w))
            }
            _ => false,
        }
    }

    /// Its topic, queue or exchange.
    pub(crate) fn topic(&self) -> Option<&str> {
        self.attributes.text(&TOPIC_KEYS)
    }

    /// Every name of its topic: a RabbitMQ consumer has a queue and a routing key, the publisher an exchange and the same
    /// key, or both have `exchange:key:queue`.
    pub(crate) fn topics(&self) -> Vec<&str> {
        let values = self.attributes.iter().filter(|(key, _)| TOPIC_KEYS.contains(key));
        let mut names: Vec<&str> =
            values.filter_map(|(_, value)| value.as_str()).filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| name.contains(':')) && self.message_system() == "rabbitmq" {
            names = names.iter().flat_map(|name| name.split(':').chain([*name])).filter(|n| !n.is_empty()).collect();
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Its messaging system, such as `kafka`; empty where not reported.
    pub(crate) fn message_system(&self) -> &str {
        self.attributes.text(&["messaging.system"]).unwrap_or_default()
    }

    /// Partition and offset of its message.
    pub(crate) fn message_place(&self) -> Option<(i64, i64)> {
        let number = |keys: &[&str]| self.attributes.first(keys).and_then(Value::as_int);
        let partition = number(&[
            "messaging.destination.partition.id",
            "messaging.kafka.destination.partition",
            "messaging.kafka.source.partition",
            "messaging.kafka.partition",
        ]);
        partition.zip(number(&["messaging.kafka.offset", "messaging.kafka.message.offset"]))
    }

    /// The key of its message, which other messages may share.
    pub(crate) fn message_key(&self) -> Option<&str> {
        self.attributes.text(&["messaging.kafka.message.key", "messaging.kafka.message_key"])
    }

    /// Its consumer group: the messages of a topic are divided among the members of a group.
    pub(crate) fn consumer_group(&self) -> Option<&str> {
        self.attributes.text(&[
            "messaging.consumer.group.name",
            "messaging.kafka.consumer.group",
            "messaging.kafka.consumer_group",
            "messaging.consumer_group",
            "messaging.eventhubs.consumer.group",
            "messaging.rocketmq.client_group",
            "messaging.destination.subscription.name",
        ])
    }

    /// Its messaging operation in lower case; empty where not reported.
    pub(crate) fn message_operation(&self) -> String {
        let keys = ["messaging.operation.type", "messaging.operation", "messaging.operation.name"];
        self.attributes.text(&keys).unwrap_or_default().to_ascii_lowercase()
    }

    /// The ID of its message.
    pub(crate) fn message_id(&self) -> Option<&str> {
        self.attributes.text(&MESSAGE_ID_KEYS)
    }

    /// Its exception events, also in the older forms of Jaeger and OpenTracing.
    pub(crate) fn exceptions(&self) -> impl Iterator<Item = Exception<'_>> {
        self.events.iter().filter_map(Exception::from_event)
    }

    /// When it failed: at its last exception within its own time, else at its end.
    pub(crate) fn failed_at(&self) -> Timestamp {
        let end = self.counted_at();
        let exceptions = self.exceptions().map(|exception| exception.event.time);
        exceptions.filter(|at| self.start <= *at && *at <= end).max().unwrap_or(end)
    }

    /// The words of its error: the last exception, else the status message, else an attribute, else the HTTP status; empty
    /// where it has none of these.
    pub(crate) fn error_text(&self) -> String {
        if let Some(exception) = self.exceptions().last() {
            return exception.headline();
        }
        if !self.status.message.is_empty() {
            return self.status.message.clone();
        }
        if let Some(text) =
            self.attributes.text(&["error.message", "exception.message", "error.type", "exception.type"])
        {
            return text.to_owned();
        }
        if let Some(text) = self.attributes.text(&["error"]).filter(|text| !matches!(text.trim(), "true" | "1"))
            && self.attributes.get("error").is_some_and(says_error)
        {
            return text.to_owned();
        }
        match self.http_status() {
            Some(status) if status >= 400 => format!("HTTP {status}"),
            _ => String::new(),
        }
    }

    /// Whether a page in a browser made it.
    pub(crate) fn is_from_browser(&self) -> bool {
        let resource = &self.resource.attributes;
        resource.text(&["telemetry.sdk.language"]) == Some("webjs")
            || resource.iter().any(|(key, _)| key.starts_with("browser."))
    }

    /// The remote side of a client span, by its attributes.
    pub(crate) fn peer(&self) -> Option<&str> {
        self.attributes.text(&[
            "peer.service",
            "server.address",
            "net.peer.name",
            "db.system.name",
            "db.system",
            "rpc.service",
        ])
    }
}

/// An exception event of a span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception<'a> {
    /// The event.
    pub(crate) event: &'a Event,
    /// `exception.type`; may be empty.
    pub(crate) kind: &'a str,
    /// `exception.message`; may be empty.
    pub(crate) message: &'a str,
    /// `exception.stacktrace`; may be empty.
    pub(crate) stacktrace: &'a str,
}

impl<'a> Exception<'a> {
    /// The exception of an event; none where it is not one.
    pub(crate) fn from_event(event: &'a Event) -> Option<Self> {
        let text = |keys: &[&str]| event.attributes.text(keys).unwrap_or_default();
        let named = matches!(event.name.as_str(), "exception" | "error");
        let exception = Self {
            event,
            kind: text(&["exception.type", "error.kind"]),
            message: text(&["exception.message", "error.object", "message"]),
            stacktrace: text(&["exception.stacktrace", "stack"]),
        };
        let has_text = !exception.kind.is_empty() || !exception.message.is_empty();
        (event.attributes.get("exception.type").is_some() || named && has_text).then_some(exception)
    }

    /// `Type: message` in one line.
    pub(crate) fn headline(&self) -> String {
        match (self.kind, self.message) {
            ("", message) => message.to_owned(),
            (kind, "") => kind.to_owned(),
            (kind, message) => format!("{kind}: {message}"),
        }
    }
}
