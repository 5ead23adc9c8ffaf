//! OTLP in JSON: Jaeger's `/api/v3`, the collector's file exporter, Tempo; traces and logs, metrics ignored.
//!
//! Source: OTLP specification §JSON. Snake-case keys, base64 IDs, enum names and numbers as text are read as well.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::attribute::{Attributes, Value};
use crate::model::evidence::Operation;
use crate::model::id::{SpanId, TraceId, decode_base64};
use crate::model::log::{Level, LogEntry};
use crate::model::span::{Event, Link, Resource, Span, SpanKind, Status, StatusCode};
use crate::model::time::Timestamp;
use crate::wire::json::{Items, Json, OneOrMany};
use crate::wire::log_line::{Parts, first, flattened};
use crate::wire::{Decoded, Malformed, Skips, item, no_trace_id, partial, read_tree, read_with_rest};

/// The outermost keys of OTLP documents, those of metrics as well. Other formats use the last two too.
pub(crate) const KEYS: [&str; 9] = [
    "resourceSpans",
    "resource_spans",
    "resourceLogs",
    "resource_logs",
    "resourceMetrics",
    "resource_metrics",
    "batches",
    "result",
    "trace",
];

/// One document. Gateways put the data into `result` or `trace`.
#[derive(Deserialize)]
struct OtlpDocument<'a> {
    #[serde(borrow, default)]
    result: OneOrMany<OtlpData<'a>>,
    #[serde(borrow, default)]
    trace: OneOrMany<OtlpData<'a>>,
    #[serde(borrow, rename = "resourceSpans", alias = "resource_spans", alias = "batches")]
    resource_spans: Option<OneOrMany<SpanGroup<'a>>>,
    #[serde(borrow, rename = "resourceLogs", alias = "resource_logs")]
    resource_logs: Option<OneOrMany<LogGroup<'a>>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    /// Tempo's `PARTIAL`; `message` says why.
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct OtlpData<'a> {
    #[serde(borrow, default, rename = "resourceSpans", alias = "resource_spans", alias = "batches")]
    resource_spans: OneOrMany<SpanGroup<'a>>,
    #[serde(borrow, default, rename = "resourceLogs", alias = "resource_logs")]
    resource_logs: OneOrMany<LogGroup<'a>>,
}

#[derive(Deserialize)]
struct SpanGroup<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "scopeSpans",
        alias = "scope_spans",
        alias = "instrumentationLibrarySpans",
        alias = "instrumentation_library_spans"
    )]
    scopes: OneOrMany<OtlpScope<'a>>,
}

#[derive(Deserialize)]
struct LogGroup<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "scopeLogs",
        alias = "scope_logs",
        alias = "instrumentationLibraryLogs",
        alias = "instrumentation_library_logs"
    )]
    scopes: OneOrMany<OtlpScope<'a>>,
}

#[derive(Deserialize)]
struct OtlpScope<'a> {
    #[serde(borrow, rename = "scope", alias = "instrumentationLibrary", alias = "instrumentation_library")]
    described: Option<&'a RawValue>,
    #[serde(borrow, default)]
    spans: Items<'a>,
    #[serde(borrow, default, rename = "logRecords", alias = "log_records", alias = "logs")]
    records: Items<'a>,
}

/// The spans and lines of one document, or of several in a row.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Malformed> {
    let (decoded, rest) = read_with_rest(bytes, |text| {
        let mut reader = OtlpReader::default();
        for document in serde_json::Deserializer::from_str(text).into_iter::<OneOrMany<OtlpDocument>>() {
            let documents = document?;
            reader.spans_skipped.add_many(documents.misplaced, "it is no OTLP document");
            documents.items.into_iter().for_each(|document| reader.document(document));
        }
        if reader.recognised { Ok(Ok(reader.finish())) } else { unrecognised(text) }
    })?;
    Ok(decoded.and_rest(rest))
}

/// An empty result for metrics and `{}`; anything else is not OTLP.
fn unrecognised(text: &str) -> Result<Result<Decoded, Malformed>, serde_json::Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Json>();
    let tree = stream.next().transpose()?.unwrap_or(Json::Null);
    let keys: Vec<&str> = tree.entries().iter().map(|(key, _)| key.as_ref()).collect();
    let fits = matches!(tree, Json::Object(_)) && keys.is_empty() || keys.iter().any(|k| KEYS.contains(k));
    Ok(if fits { Ok(Decoded::default()) } else { Err(Malformed::wrong_shape(&tree)) })
}

/// The names in Jaeger v3's `services`, sorted; `{}` has none.
pub(crate) fn services(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    read_tree(bytes, |tree| {
        require(tree, "services")?;
        let mut names = tree.get(&["services"]).texts();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    })
}

/// The operations of `/api/v3/operations`; `{}` has none.
pub(crate) fn operations(bytes: &[u8]) -> Result<BTreeSet<Operation>, Malformed> {
    read_tree(bytes, |tree| {
        require(tree, "operations")?;
        Ok(tree.get(&["operations"]).list().iter().filter_map(operation).collect())
    })
}

fn operation(json: &Json) -> Option<Operation> {
    let kind = kind(json.get(&["spanKind", "span_kind"]));
    let name = json.get(&["name"]).text()?.into_owned();
    Some(Operation { name, kind })
}

/// An object that has this key, or nothing at all.
fn require(tree: &Json, key: &str) -> Result<(), Malformed> {
    match tree {
        Json::Object(entries) if entries.is_empty() || entries.iter().any(|(k, _)| k == key) => Ok(()),
        other => Err(Malformed::wrong_shape(other)),
    }
}

/// The message of an error body: `error.message`, or an older gateway's `error` or `message`. None for any other body.
pub(crate) fn error_text(bytes: &[u8]) -> Option<String> {
    read_tree(bytes, |tree| Ok(message_of(tree.get(&["error"])).or_else(|| message_of(tree)))).ok().flatten()
}

fn message_of(json: &Json) -> Option<String> {
    let message = json.get(&["message"]).text().or_else(|| json.text())?;
    Some(message.into_owned()).filter(|m| !m.is_empty())
}

/// Decodes documents one after the other into one result.
#[derive(Default)]
struct OtlpReader {
    decoded: Decoded,
    spans_skipped: Skips,
    logs_skipped: Skips,
    recognised: bool,
}

impl OtlpReader {
    fn document(&mut self, document: OtlpDocument) {
        self.decoded.errors.extend(partial(document.status, document.message));
        if let Some(raw) = document.error {
            self.recognised = true;
            self.decoded.errors.extend(item(raw, message_of).ok().flatten());
        }
        for data in document.result.items.into_iter().chain(document.trace.items) {
            self.recognised = true;
            self.span_groups(data.resource_spans);
            self.log_groups(data.resource_logs);
        }
        if let Some(groups) = document.resource_spans {
            self.span_groups(groups);
        }
        if let Some(groups) = document.resource_logs {
            self.log_groups(groups);
        }
    }

    fn span_groups(&mut self, groups: OneOrMany<SpanGroup>) {
        self.recognised = true;
        self.spans_skipped.add_many(groups.misplaced, "its resource is no object");
        for group in groups.items {
            let resource = Arc::new(resource(group.resource));
            self.spans_skipped.add_many(group.scopes.misplaced, "its scope is no object");
            for scope in group.scopes.items {
                let name = scope.described.map(scope_name).unwrap_or_default();
                self.spans_skipped.add_many(usize::from(scope.spans.misplaced), "its scope has no list of spans");
                for raw in scope.spans.raw {
                    match item(raw, |json| span(json, &resource, &name)) {
                        Ok(Ok(span)) => self.decoded.spans.push(span),
                        Ok(Err(reason)) | Err(reason) => self.spans_skipped.add(reason),
                    }
                }
            }
        }
    }

    fn log_groups(&mut self, groups: OneOrMany<LogGroup>) {
        self.recognised = true;
        self.logs_skipped.add_many(groups.misplaced, "its resource is no object");
        for group in groups.items {
            let resource = resource(group.resource);
            self.logs_skipped.add_many(group.scopes.misplaced, "its scope is no object");
            for scope in group.scopes.items {
                self.logs_skipped.add_many(usize::from(scope.records.misplaced), "its scope has no list of records");
                for raw in scope.records.raw {
                    match item(raw, |json| log(json, &resource)) {
                        Ok(Ok(entry)) => self.decoded.logs.push(entry),
                        Ok(Err(reason)) | Err(reason) => self.logs_skipped.add(reason),
                    }
                }
            }
        }
    }

    fn finish(mut self) -> Decoded {
        self.decoded.skipped_count = self.spans_skipped.count() + self.logs_skipped.count();
        self.decoded.skipped = self.spans_skipped.sentences("span", "spans");
        self.decoded.skipped.extend(self.logs_skipped.sentences("log record", "log records"));
        self.decoded
    }
}

fn resource(raw: Option<&RawValue>) -> Resource {
    let attributes = raw.and_then(|raw| item(raw, |json| attributes(json.get(&["attributes"]))).ok());
    let attributes = attributes.unwrap_or_default().into_iter();
    let (service, rest): (Vec<_>, Vec<_>) = attributes.partition(|(key, _)| key == "service.name");
    let service = service.into_iter().next().map(|(_, value)| value.to_string()).unwrap_or_default();
    Resource { service, attributes: Attributes(rest) }
}

fn scope_name(raw: &RawValue) -> String {
    item(raw, |json| json.get(&["name"]).owned_text()).unwrap_or_default()
}

fn trace_id(json: &Json) -> Option<TraceId> {
    TraceId::parse(&json.get(&["traceId", "trace_id", "traceID"]).text()?)
}

fn span_id(json: &Json) -> Option<SpanId> {
    SpanId::parse(&json.get(&["spanId", "span_id", "spanID"]).text()?)
}

fn time(json: &Json) -> Timestamp {
    Timestamp(json.int().unwrap_or(0))
}

/// One span; `Err` says why it cannot be decoded.
fn span(json: &Json, resource: &Arc<Resource>, scope: &str) -> Result<Span, String> {
    if json.entries().is_empty() {
        return Err(format!("it is {}", json.outline()));
    }
    let mut own_attributes = attributes(json.get(&["attributes"]));
    let mut warnings = take_warnings(&mut own_attributes);
    warnings.extend(json.repeated_key().map(|key| format!("`{key}` stands there twice, the last one counts")));
    let (start, duration_ns) = times(json, &mut warnings)?;
    let parent = json.get(&["parentSpanId", "parent_span_id", "parentSpanID"]).text();
    Ok(Span {
        trace_id: trace_id(json).ok_or_else(|| no_trace_id(json.get(&["traceId", "trace_id", "traceID"])))?,
        span_id: span_id(json).ok_or("it has no span ID")?,
        parent_id: parent.and_then(|text| SpanId::parse(&text)),
        resource: Arc::clone(resource),
        name: json.get(&["name"]).owned_text(),
        kind: kind(json.get(&["kind"])),
        start,
        duration_ns,
        status: status(json.get(&["status"])),
        attributes: Attributes(own_attributes),
        events: events(json.get(&["events"])),
        links: json.get(&["links"]).list().iter().filter_map(link).collect(),
        scope: scope.to_owned(),
        warnings,
        polled_ns: 0,
    })
}

fn times(json: &Json, warnings: &mut Vec<String>) -> Result<(Timestamp, i64), String> {
    let read = |keys: &[&str]| match json.get(keys) {
        Json::Null => Ok(Timestamp(0)),
        json => json.int().map(Timestamp).ok_or_else(|| format!("its time is {}", json.outline())),
    };
    let start = read(&["startTimeUnixNano", "start_time_unix_nano"])?;
    let end = read(&["endTimeUnixNano", "end_time_unix_nano"])?;
    if start.0 == i64::MAX {
        warnings.push("its start time is out of range".into());
    }
    if end.0 == 0 && start.0 != 0 {
        warnings.push("it has no end time".into());
    } else if end < start {
        warnings.push("its duration is negative, taken as 0".into());
    }
    Ok((start, end.since(start).max(0)))
}

/// Takes out the warnings that Jaeger v3 puts among the attributes.
fn take_warnings(attributes: &mut Vec<(String, Value)>) -> Vec<String> {
    let mut warnings = Vec::new();
    attributes.retain(|(key, value)| match (key.as_str(), value) {
        ("@jaeger@warnings", Value::List(list)) => {
            warnings.extend(list.iter().map(Value::to_string));
            false
        }
        ("@jaeger@warnings", warning) => {
            warnings.push(warning.to_string());
            false
        }
        ("@jaeger@format", _) => false,
        _ => true,
    });
    warnings
}

fn kind(json: &Json) -> SpanKind {
    match json.int() {
        Some(1) => SpanKind::Internal,
        Some(2) => SpanKind::Server,
        Some(3) => SpanKind::Client,
        Some(4) => SpanKind::Producer,
        Some(5) => SpanKind::Consumer,
        _ => SpanKind::from_word(json.str().unwrap_or_default().trim_start_matches("SPAN_KIND_")),
    }
}

fn status(json: &Json) -> Status {
    let code = json.get(&["code"]);
    let code = match (code.int(), code.str().unwrap_or_default().trim_start_matches("STATUS_CODE_")) {
        (Some(1), _) | (_, "OK") => StatusCode::Ok,
        (Some(2), _) | (_, "ERROR") => StatusCode::Error,
        _ => StatusCode::Unset,
    };
    Status { code, message: json.get(&["message"]).owned_text() }
}

fn events(json: &Json) -> Vec<Event> {
    let event = |event: &Json| Event {
        time: time(event.get(&["timeUnixNano", "time_unix_nano"])),
        name: event.get(&["name"]).owned_text(),
        attributes: Attributes(attributes(event.get(&["attributes"]))),
    };
    let mut events: Vec<Event> = json.list().iter().filter(|e| !e.entries().is_empty()).map(event).collect();
    events.sort_by_key(|event| event.time);
    events
}

fn link(json: &Json) -> Option<Link> {
    let attributes = Attributes(attributes(json.get(&["attributes"])));
    Some(Link { trace_id: trace_id(json)?, span_id: span_id(json)?, attributes })
}

/// Attributes of a span, a resource or a record: a list of `{key, value}`.
fn attributes(json: &Json) -> Vec<(String, Value)> {
    let attribute = |entry: &Json| Some((entry.get(&["key"]).text()?.into_owned(), any_value(entry.get(&["value"]))));
    json.list().iter().filter_map(attribute).collect()
}

/// OTLP's `AnyValue`. The recursion is bounded by the parser's own limit on depth.
pub(crate) fn any_value(json: &Json) -> Value {
    let Some((kind, value)) = json.entries().first() else {
        return if matches!(json, Json::Object(_)) { Value::Empty } else { json.to_value() };
    };
    match kind.as_ref() {
        "stringValue" | "string_value" => Value::Text(value.owned_text()),
        "boolValue" | "bool_value" => Value::Bool(value.to_value().is_true()),
        "intValue" | "int_value" => value.int().map_or(Value::Empty, Value::Int),
        "doubleValue" | "double_value" => value.float().map_or(Value::Empty, Value::Float),
        "bytesValue" | "bytes_value" => {
            let text = value.owned_text();
            decode_base64(&text).map_or(Value::Text(text), Value::Bytes)
        }
        "arrayValue" | "array_value" => Value::List(value.get(&["values"]).list().iter().map(any_value).collect()),
        "kvlistValue" | "kvlist_value" => Value::Map(attributes(value.get(&["values"]))),
        _ => Value::Empty,
    }
}

/// One log record; `Err` says why it cannot be decoded.
fn log(json: &Json, resource: &Resource) -> Result<LogEntry, String> {
    if json.entries().is_empty() {
        return Err(format!("it is {}", json.outline()));
    }
    let written = time(json.get(&["timeUnixNano", "time_unix_nano"]));
    let observed = time(json.get(&["observedTimeUnixNano", "observed_time_unix_nano"]));
    let body = any_value(json.get(&["body"]));
    let mut fields = flattened(&attributes(json.get(&["attributes"])));
    let event = json.get(&["eventName", "event_name"]).owned_text();
    fields.extend((!event.is_empty()).then(|| ("event_name".to_owned(), event)));
    let mut entry = Parts {
        time: if written.0 == 0 { observed } else { written },
        line: body.to_string(),
        labels: Some(&resource.service)
            .filter(|s| !s.is_empty())
            .map(|s| ("service_name".into(), s.clone()))
            .into_iter()
            .collect(),
        fields,
        ..Parts::default()
    }
    .decode();
    if entry.message.is_empty() {
        entry.message = first(&entry.fields, &["exception.message", "event_name"]).unwrap_or_default().to_owned();
    }
    entry.level = level(json).unwrap_or(entry.level);
    entry.trace_id = trace_id(json).or(entry.trace_id);
    entry.span_id = span_id(json).or(entry.span_id);
    Ok(entry)
}

fn level(json: &Json) -> Option<Level> {
    let number = json.get(&["severityNumber", "severity_number"]);
    let named =
        || number.str().map(|name| name.trim_start_matches("SEVERITY_NUMBER_").trim_end_matches(char::is_numeric));
    let by_number = match number.int() {
        Some(1..=4) => Level::Trace,
        Some(5..=8) => Level::Debug,
        Some(9..=12) => Level::Info,
        Some(13..=16) => Level::Warn,
        Some(17..=20) => Level::Error,
        Some(21..=24) => Level::Fatal,
        _ => Level::from_word(named().unwrap_or_default()),
    };
    let by_text = || Level::from_word(json.get(&["severityText", "severity_text"]).str().unwrap_or_default());
    Some(by_number).filter(|l| *l != Level::Unknown).or_else(|| Some(by_text())).filter(|l| *l != Level::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::jaeger_json;

    const TRACE: &[u8] = include_bytes!("../../fixtures/jaeger-next/v3-trace.body");
    const SEARCH: &[u8] = include_bytes!("../../fixtures/jaeger-next/v3-search-by-attribute-no-service.body");

    fn one_span(fields: &str) -> Span {
        let answer = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"1f","spanId":"a",{fields}}}]}}]}}]}}"#
        );
        decode(answer.as_bytes()).unwrap().spans.remove(0)
    }

    #[test]
    fn both_dialects_give_the_same_spans() {
        let v1 = jaeger_json::traces(include_bytes!("../../fixtures/jaeger-next/v1-trace.body")).unwrap();
        let v3 = decode(TRACE).unwrap();
        assert_eq!(v3.spans.len(), 9);
        let in_micros = |mut span: Span| {
            span.start = Timestamp::from_micros(span.start.micros());
            span
        };
        let sorted = |mut spans: Vec<Span>| {
            spans.sort_by_key(|span| span.span_id);
            spans.into_iter().map(in_micros).collect::<Vec<_>>()
        };
        assert_eq!(sorted(v1.spans), sorted(v3.spans));
        let search = decode(SEARCH).unwrap();
        assert_eq!((search.spans.len(), search.skipped.len(), search.errors.len()), (12, 0, 0));
        let posted = search.spans.iter().find(|span| span.kind == SpanKind::Server).unwrap();
        assert_eq!((posted.service(), posted.http_status()), ("batch_orchestrator_service", Some(200)));
    }

    #[test]
    fn empty_answers_have_no_spans() {
        let empty = [
            "{}",
            r#"{"result":{}}"#,
            r#"{"result":null}"#,
            r#"{"resourceSpans":null}"#,
            r#"{"resourceSpans":[]}"#,
            r#"{"resourceSpans":[{"resource":null,"scopeSpans":[{"scope":{},"spans":null}]}]}"#,
            r#"{"resourceMetrics":[{}]}"#,
        ];
        for empty in empty {
            assert_eq!(decode(empty.as_bytes()), Ok(Decoded::default()), "{empty}");
        }
        assert_eq!(services(b"{}"), Ok(vec![]));
        assert!(services(br#"{"data":[]}"#).is_err());
    }

    #[test]
    fn an_error_body_says_why() {
        let nothing = include_bytes!("../../fixtures/jaeger-next/v3-search-nothing.body");
        assert_eq!(error_text(nothing).as_deref(), Some("No traces found"));
        assert_eq!(decode(nothing).unwrap().errors, ["No traces found"]);
        let no_times = include_bytes!("../../fixtures/jaeger-next/v3-search-no-times.body");
        assert_eq!(error_text(no_times).as_deref(), Some("query.startTimeMin and query.startTimeMax are required"));
        assert_eq!(
            error_text(br#"{"error":"trace not found","code":2,"message":"trace not found"}"#).as_deref(),
            Some("trace not found")
        );
        assert_eq!((error_text(b"404 page not found"), error_text(b"{}")), (None, None));
    }

    #[test]
    fn services_are_read() {
        let names = services(include_bytes!("../../fixtures/jaeger-next/v3-services.body")).unwrap();
        assert_eq!(names[0], "batch_orchestrator_service");
        assert_eq!(names.len(), 4);
    }

    #[test]
    fn the_same_span_is_read_in_every_form() {
        let modern = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeSpans":[{"scope":{"name":"lib"},"spans":[
            {"traceId":"83A9EFD15C1C98A977E0711CC93EE28B","spanId":"e127af99e3b3e074","parentSpanId":"00000000000000ff","name":"x","kind":2,"startTimeUnixNano":"1000","endTimeUnixNano":"3000","status":{"code":2,"message":"m"}}]}]}]}"#;
        let expected = decode(modern.as_bytes()).unwrap();
        let snake = modern
            .replace("resourceSpans", "resource_spans")
            .replace("scopeSpans", "scope_spans")
            .replace("stringValue", "string_value")
            .replace("traceId", "trace_id")
            .replace("spanId", "span_id")
            .replace("parentSpanId", "parent_span_id")
            .replace("startTimeUnixNano", "start_time_unix_nano")
            .replace("endTimeUnixNano", "end_time_unix_nano");
        let old = modern
            .replace("resourceSpans", "batches")
            .replace("scopeSpans", "instrumentationLibrarySpans")
            .replace("\"scope\"", "\"instrumentationLibrary\"")
            .replace("\"1000\"", "1000")
            .replace("\"kind\":2", "\"kind\":\"SPAN_KIND_SERVER\"")
            .replace("\"code\":2", "\"code\":\"STATUS_CODE_ERROR\"")
            .replace("83A9EFD15C1C98A977E0711CC93EE28B", "g6nv0VwcmKl34HEcyT7iiw==")
            .replace("e127af99e3b3e074", "4SevmeOz4HQ=")
            .replace("00000000000000ff", "AAAAAAAAAP8=");
        let nested = [format!(r#"{{"result":{modern}}}"#), format!(r#"{{"trace":{modern}}}"#), format!("[{modern}]")];
        for other in nested.into_iter().chain([snake, old]) {
            assert_eq!(decode(other.as_bytes()).unwrap(), expected, "{other}");
        }
        let twice = format!("{{\"result\":{modern}}}\n{{\"result\":{modern}}}\n");
        assert_eq!(decode(twice.as_bytes()).unwrap().spans.len(), 2);
        let span = &expected.spans[0];
        assert_eq!(
            (span.kind, span.status.code, span.duration_ns, span.scope.as_str()),
            (SpanKind::Server, StatusCode::Error, 2000, "lib")
        );
        assert_eq!(span.parent_id, SpanId::from_u64(255));
    }

    #[test]
    fn one_bad_item_never_loses_the_rest() {
        let good = r#"{"traceId":"1f","spanId":"a"}"#;
        let deep = format!(r#"{{"traceId":"1f","spanId":"b","x":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
        for bad in [
            "5",
            "null",
            "{}",
            r#"{"traceId":"1f"}"#,
            r#"{"traceId":"","spanId":"a"}"#,
            r#"{"traceId":"1f","spanId":"a","startTimeUnixNano":{}}"#,
            &deep,
        ] {
            let answer = format!(
                r#"{{"resourceSpans":[7,{{"scopeSpans":[null,{{"spans":[{good},{bad},{good}]}}]}},{{"scopeSpans":5}}]}}"#
            );
            let decoded = decode(answer.as_bytes()).unwrap();
            assert_eq!(decoded.spans.len(), 2, "{bad:.60}");
            assert!(decoded.skipped.len() >= 3, "{:?}", decoded.skipped);
        }
    }

    #[test]
    fn hostile_times_and_warnings_are_read() {
        let span = one_span(
            r#""startTimeUnixNano":"5000","endTimeUnixNano":"1000","attributes":[{"key":"@jaeger@warnings","value":{"arrayValue":{"values":[{"stringValue":"skew"}]}}},{"key":"@jaeger@format","value":{"stringValue":"proto"}}]"#,
        );
        assert_eq!((span.duration_ns, span.attributes.0.len()), (0, 0));
        assert_eq!(span.warnings, ["skew", "its duration is negative, taken as 0"]);
        assert_eq!(one_span(r#""startTimeUnixNano":"5000""#).warnings, ["it has no end time"]);
        assert_eq!(
            one_span(r#""startTimeUnixNano":"99999999999999999999","endTimeUnixNano":"99999999999999999999""#).start.0,
            i64::MAX
        );
        assert_eq!(one_span(r#""parentSpanId":"0000000000000000""#).parent_id, None);
    }

    #[test]
    fn any_value_is_any_value() {
        let table = [
            (r#"{"stringValue":"a"}"#, Value::Text("a".into())),
            (r#"{"intValue":"-5"}"#, Value::Int(-5)),
            (r#"{"intValue":5}"#, Value::Int(5)),
            (r#"{"doubleValue":"Infinity"}"#, Value::Float(f64::INFINITY)),
            (r#"{"boolValue":true}"#, Value::Bool(true)),
            (r#"{"bytesValue":"aGk="}"#, Value::Bytes(b"hi".to_vec())),
            (r#"{"arrayValue":{"values":[{"intValue":1},{}]}}"#, Value::List(vec![Value::Int(1), Value::Empty])),
            (
                r#"{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":false}}]}}"#,
                Value::Map(vec![("k".into(), Value::Bool(false))]),
            ),
            ("null", Value::Empty),
            (r#"{"stringValueStrindex":4}"#, Value::Empty),
        ];
        for (json, value) in table {
            assert_eq!(any_value(&serde_json::from_str(json).unwrap()), value, "{json}");
        }
    }

    #[test]
    fn log_records_become_lines() {
        let answer = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeLogs":[{"logRecords":[
            {"timeUnixNano":"0","observedTimeUnixNano":"7","severityNumber":17,"body":{"stringValue":"it broke"},"attributes":[{"key":"correlation_id","value":{"stringValue":"c1"}}],"traceId":"83a9efd15c1c98a977e0711cc93ee28b","spanId":"e127af99e3b3e074"},
            {"timeUnixNano":8,"severityText":"WARN","body":{"kvlistValue":{"values":[{"key":"msg","value":{"stringValue":"hi"}},{"key":"n","value":{"intValue":"5"}}]}}},
            5]}]}]}"#;
        let decoded = decode(answer.as_bytes()).unwrap();
        let [broke, hi] = &decoded.logs[..] else { panic!("{:?}", decoded.logs) };
        assert_eq!(
            (broke.time.0, broke.level, broke.service.as_str(), broke.message.as_str()),
            (7, Level::Error, "cart", "it broke")
        );
        assert_eq!(broke.fields, [("correlation_id".to_owned(), "c1".to_owned())]);
        assert!(broke.trace_id.is_some() && broke.span_id.is_some());
        assert_eq!(
            (hi.time.0, hi.level, hi.message.as_str(), hi.line.as_str()),
            (8, Level::Warn, "hi", r#"{"msg":"hi","n":5}"#)
        );
        assert_eq!(decoded.skipped, ["1 log record skipped: it is a number"]);
        assert_eq!(decoded.skipped_count, 1);
    }

    /// Both dialects list the same, with kinds where there are any.
    #[test]
    fn operations_are_read_from_both_dialects() {
        let v1 = br#"{"data":[{"name":"GET /x","spanKind":"server"},{"name":"orders process","spanKind":"consumer"},{"name":"y","spanKind":""}],"total":0,"limit":0,"offset":0,"errors":null}"#;
        let v3 = br#"{"operations":[{"name":"orders process","spanKind":"consumer"},{"name":"GET /x","spanKind":"SPAN_KIND_SERVER"},{"name":"y"},{}]}"#;
        let kinds = |all: BTreeSet<Operation>| all.into_iter().map(|o| (o.name, o.kind)).collect::<Vec<_>>();
        let expected =
            [("GET /x", SpanKind::Server), ("orders process", SpanKind::Consumer), ("y", SpanKind::Unspecified)];
        let expected = expected.map(|(name, kind)| (name.to_owned(), kind));
        assert_eq!(kinds(jaeger_json::operations(v1).unwrap()), expected);
        assert_eq!(kinds(operations(v3).unwrap()), expected);
        let none: [&[u8]; 2] = [br#"{"data":null,"errors":null}"#, b"{}"];
        assert!(jaeger_json::operations(none[0]).unwrap().is_empty() && operations(none[1]).unwrap().is_empty());
        assert!(jaeger_json::operations(b"{}").is_err() && operations(b"<html>").is_err());
    }
}
