//! Jaeger's own JSON: `/api/traces`, `/api/services`, and files that its UI saves.
//!
//! Source: `internal/uimodel/model.go` of Jaeger 1.50 to 2.x. Times are microseconds; every list may be `null`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::attribute::{Attributes, Value};
use crate::model::evidence::Operation;
use crate::model::id::{SpanId, TraceId, decode_base64};
use crate::model::span::{Event, Link, Resource, Span, SpanKind, Status, StatusCode};
use crate::model::time::Timestamp;
use crate::wire::json::{Items, Json, OneOrMany};
use crate::wire::{Decoded, Malformed, Skips, item, no_trace_id, parse, partial, read, read_tree, read_with_rest};

/// An answer, or one trace by itself as some tools save it.
#[derive(Deserialize)]
struct JaegerDocument<'a> {
    #[serde(borrow)]
    data: Option<OneOrMany<JaegerTrace<'a>>>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
    #[serde(borrow, rename = "traceID", alias = "traceId")]
    trace_id: Option<&'a RawValue>,
    #[serde(borrow)]
    spans: Option<Items<'a>>,
    #[serde(borrow)]
    processes: Option<&'a RawValue>,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
    /// Tempo's `PARTIAL`; `message` says why.
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct JaegerTrace<'a> {
    #[serde(borrow, rename = "traceID", alias = "traceId")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    spans: Option<Items<'a>>,
    #[serde(borrow)]
    processes: Option<&'a RawValue>,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
}

/// The spans of `/api/traces`, `/api/traces/{id}` or a saved file: an envelope, a list of traces, or one trace.
pub(crate) fn traces(bytes: &[u8]) -> Result<Decoded, Malformed> {
    let (decoded, rest) = read_with_rest(bytes, |text| {
        let documents: OneOrMany<JaegerDocument> = parse(text)?;
        let known = |d: &JaegerDocument| d.data.is_some() || d.spans.is_some() || d.errors.is_some();
        let empty_list = documents.items.is_empty() && documents.misplaced == 0;
        // `data: null` without errors is an empty answer: serde reads it as if it were absent, the tree does not.
        if empty_list || documents.items.iter().any(known) {
            return Ok(Ok(all_traces(documents)));
        }
        let tree: Json = parse(text)?;
        let null_data = tree.entries().iter().any(|(key, _)| key == "data");
        Ok(if null_data { Ok(Decoded::default()) } else { Err(Malformed::wrong_shape(&tree)) })
    })?;
    Ok(decoded.and_rest(rest))
}

fn all_traces(documents: OneOrMany<JaegerDocument>) -> Decoded {
    let mut reader = JaegerReader::default();
    reader.skips.add_many(documents.misplaced, "it is no trace");
    for document in documents.items {
        reader.decoded.errors.extend(document.errors.iter().flat_map(|raw| error_messages(raw)));
        reader.decoded.errors.extend(partial(document.status, document.message));
        let JaegerDocument { trace_id, spans, processes, warnings, data, .. } = document;
        if let Some(data) = data {
            reader.skips.add_many(data.misplaced, "it is no trace");
            data.items.into_iter().for_each(|trace| reader.trace(trace));
        }
        if spans.is_some() {
            reader.trace(JaegerTrace { id: trace_id, spans, processes, warnings });
        }
    }
    reader.finish()
}

/// One span by itself, as dumps of Elasticsearch have it.
pub(crate) fn span_alone(text: &str) -> Result<Decoded, Malformed> {
    read(text.as_bytes(), |text| {
        let raw: Vec<&RawValue> = vec![parse(text)?];
        let mut reader = JaegerReader::default();
        let spans = Some(Items { raw, misplaced: false });
        reader.trace(JaegerTrace { id: None, spans, processes: None, warnings: None });
        Ok(Ok(reader.finish()))
    })
}

/// The names in the `data` of `/api/services`, sorted.
pub(crate) fn services(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    read_tree(bytes, |tree| {
        if !tree.entries().iter().any(|(key, _)| key == "data") {
            return Err(Malformed::wrong_shape(tree));
        }
        let mut names = tree.get(&["data"]).texts();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    })
}

/// The operations in the `data` of `/api/operations`; without kinds where the storage keeps none.
pub(crate) fn operations(bytes: &[u8]) -> Result<BTreeSet<Operation>, Malformed> {
    read_tree(bytes, |tree| {
        if !tree.entries().iter().any(|(key, _)| key == "data") {
            return Err(Malformed::wrong_shape(tree));
        }
        Ok(tree.get(&["data"]).list().iter().filter_map(operation).collect())
    })
}

fn operation(json: &Json) -> Option<Operation> {
    let kind = SpanKind::from_word(json.get(&["spanKind"]).str().unwrap_or_default());
    let name = json.get(&["name"]).text()?.into_owned();
    Some(Operation { name, kind })
}

/// The calls between services of `/api/dependencies`: caller, callee, count. A pair may come more than once.
pub(crate) fn dependencies(bytes: &[u8]) -> Result<Vec<(String, String, u64)>, Malformed> {
    read_tree(bytes, |tree| {
        if !tree.entries().iter().any(|(key, _)| key == "data") {
            return Err(Malformed::wrong_shape(tree));
        }
        let dependency = |json: &Json| {
            let name = |key| json.get(&[key]).text().map(std::borrow::Cow::into_owned);
            let calls = json.get(&["callCount"]).int().and_then(|n| u64::try_from(n).ok())?;
            Some((name("parent")?, name("child")?, calls))
        };
        Ok(tree.get(&["data"]).list().iter().filter_map(dependency).collect())
    })
}

/// The messages of an error body, `errors[].msg`. None for any other body.
pub(crate) fn error_text(bytes: &[u8]) -> Option<String> {
    let messages = read_tree(bytes, |tree| Ok(messages_of(tree.get(&["errors"])))).ok()?;
    (!messages.is_empty()).then(|| messages.join("; "))
}

fn error_messages(raw: &RawValue) -> Vec<String> {
    item(raw, messages_of).unwrap_or_default()
}

fn messages_of(errors: &Json) -> Vec<String> {
    let message = |error: &Json| {
        let message = error.get(&["msg", "message"]).text()?.into_owned();
        match error.get(&["traceID", "traceId"]).text().filter(|id| !id.is_empty()) {
            Some(id) => Some(format!("{message}: {id}")),
            None => Some(message),
        }
    };
    errors.list().iter().filter_map(message).collect()
}

/// Decodes traces one after the other into one result.
#[derive(Default)]
struct JaegerReader {
    decoded: Decoded,
    skips: Skips,
}

impl JaegerReader {
    fn finish(mut self) -> Decoded {
        self.decoded.skipped_count = self.skips.count();
        self.decoded.skipped = self.skips.sentences("span", "spans");
        self.decoded
    }

    fn trace(&mut self, trace: JaegerTrace) {
        let id = trace.id.and_then(|raw| item(raw, trace_id).ok().flatten());
        let processes = trace.processes.and_then(|raw| item(raw, Processes::from_json).ok()).unwrap_or_default();
        if let Some(raw) = trace.warnings {
            self.decoded.errors.extend(item(raw, |json| json.texts()).unwrap_or_default());
        }
        let spans = trace.spans.unwrap_or_default();
        self.skips.add_many(usize::from(spans.misplaced), "the trace has no list of spans");
        self.decoded.spans.reserve(spans.raw.len());
        let mut last_inline = None;
        for raw in spans.raw {
            match item(raw, |json| span(json, id, &processes, &mut last_inline)) {
                Ok(Ok(span)) => self.decoded.spans.push(span),
                Ok(Err(reason)) | Err(reason) => self.skips.add(reason),
            }
        }
    }
}

/// The processes of one trace object, by the names that its spans refer to.
#[derive(Default)]
struct Processes(HashMap<String, Arc<Resource>>);

impl Processes {
    fn from_json(json: &Json) -> Self {
        Self(json.entries().iter().map(|(key, process)| (key.to_string(), Arc::new(resource(process)))).collect())
    }
}

fn resource(process: &Json) -> Resource {
    Resource {
        service: process.get(&["serviceName"]).owned_text(),
        attributes: Attributes(tags(process.get(&["tags"]))),
    }
}

fn trace_id(json: &Json) -> Option<TraceId> {
    TraceId::parse(&json.text()?)
}

fn span_id(json: &Json) -> Option<SpanId> {
    SpanId::parse(&json.text()?)
}

/// One span; `Err` says why it cannot be decoded. `last_inline` is the process that an earlier span had inline.
fn span(
    json: &Json,
    trace: Option<TraceId>,
    processes: &Processes,
    last_inline: &mut Option<Arc<Resource>>,
) -> Result<Span, String> {
    if json.entries().is_empty() {
        return Err(format!("it is {}", json.outline()));
    }
    let own = json.get(&["traceID", "traceId"]);
    let trace_id = trace_id(own).or(trace).ok_or_else(|| no_trace_id(own))?;
    let span_id = span_id(json.get(&["spanID", "spanId"])).ok_or("it has no span ID")?;
    let mut warnings = json.get(&["warnings"]).texts();
    warnings.extend(json.repeated_key().map(|key| format!("`{key}` stands there twice, the last one counts")));
    let (parent_id, links) = references(json, trace_id);
    let tags = JaegerTags::sort(tags(json.get(&["tags"])));
    Ok(Span {
        trace_id,
        span_id,
        parent_id,
        resource: process_of(json, processes, last_inline, &mut warnings),
        name: json.get(&["operationName"]).owned_text(),
        kind: tags.kind,
        start: start(json.get(&["startTime"]), &mut warnings)?,
        duration_ns: duration(json.get(&["duration"]), &mut warnings)?,
        status: tags.status,
        attributes: Attributes(tags.rest),
        events: events(json.get(&["logs"])),
        links,
        scope: tags.scope,
        warnings,
        polled_ns: 0,
    })
}

fn start(json: &Json, warnings: &mut Vec<String>) -> Result<Timestamp, String> {
    if json.is_null() {
        return Ok(Timestamp(0));
    }
    let micros = json.int().ok_or_else(|| format!("its start time is {}", json.outline()))?;
    let start = Timestamp::from_micros(micros);
    if start.micros() != micros {
        warnings.push("its start time is out of range".into());
    }
    Ok(start)
}

fn duration(json: &Json, warnings: &mut Vec<String>) -> Result<i64, String> {
    if json.is_null() {
        return Ok(0);
    }
    let micros = json.int().ok_or_else(|| format!("its duration is {}", json.outline()))?;
    // A negative duration comes as an unsigned number near 2^64.
    if micros < 0 || matches!(json, Json::Big(_)) {
        warnings.push("its duration is negative, taken as 0".into());
        return Ok(0);
    }
    if micros > i64::MAX / 1_000 {
        warnings.push("its duration is out of range".into());
    }
    Ok(micros.saturating_mul(1_000))
}

/// The process that a span refers to, or has inline. Inline ones that are equal are shared, so that a large file keeps one
/// of them instead of one a span.
fn process_of(
    json: &Json,
    processes: &Processes,
    last_inline: &mut Option<Arc<Resource>>,
    warnings: &mut Vec<String>,
) -> Arc<Resource> {
    let key = json.get(&["processID", "processId"]).text();
    if let Some(found) = key.as_ref().and_then(|key| processes.0.get(key.as_ref())) {
        return Arc::clone(found);
    }
    let inline = json.get(&["process"]);
    if inline.is_null() {
        match key {
            Some(key) => warnings.push(format!("its process {key} is not in the answer")),
            None => warnings.push("it names no process".into()),
        }
    }
    let resource = resource(inline);
    if let Some(last) = last_inline.as_ref().filter(|last| ***last == resource) {
        return Arc::clone(last);
    }
    Arc::clone(last_inline.insert(Arc::new(resource)))
}

/// The parent and the links of a span: the parent is the first `CHILD_OF` in its trace, else the first `FOLLOWS_FROM` in
/// it. All other references are links, since Jaeger has no other form for them.
fn references(json: &Json, own: TraceId) -> (Option<SpanId>, Vec<Link>) {
    let mut references: Vec<(bool, Link)> = json
        .get(&["references"])
        .list()
        .iter()
        .filter_map(|reference| {
            let child_of =
                reference.get(&["refType"]).str().is_none_or(|kind| !kind.eq_ignore_ascii_case("FOLLOWS_FROM"));
            let trace = reference.get(&["traceID", "traceId"]);
            let trace_id = if trace.is_null() { own } else { trace_id(trace)? };
            let span_id = span_id(reference.get(&["spanID", "spanId"]))?;
            Some((child_of, Link { trace_id, span_id, attributes: Attributes::default() }))
        })
        .collect();
    let in_trace = |is_child_of: bool| {
        references.iter().position(|(child_of, link)| *child_of == is_child_of && link.trace_id == own)
    };
    let parent = in_trace(true).or_else(|| in_trace(false)).map(|at| references.remove(at).1.span_id);
    let parent = parent.or_else(|| span_id(json.get(&["parentSpanID", "parentSpanId"])));
    (parent, references.into_iter().map(|(_, link)| link).collect())
}

/// Tags with typed values: a list of `{key, type, value}`, or an object of plain values.
fn tags(json: &Json) -> Vec<(String, Value)> {
    match json {
        Json::Object(entries) => entries.iter().map(|(k, v)| (k.to_string(), v.to_value())).collect(),
        list => list.list().iter().filter_map(tag).collect(),
    }
}

fn tag(json: &Json) -> Option<(String, Value)> {
    let key = json.get(&["key"]).text()?.into_owned();
    let value = json.get(&["value", "vStr"]);
    let kind = json.get(&["type"]).str().unwrap_or_default();
    Some((key, typed(kind, value).unwrap_or_else(|| value.to_value())))
}

fn typed(kind: &str, value: &Json) -> Option<Value> {
    match kind {
        "string" => value.text().map(|text| Value::Text(text.into_owned())),
        "bool" => value.str()?.parse().ok().map(Value::Bool),
        "int64" => value.str()?.trim().parse().ok().map(Value::Int),
        "float64" => value.float().map(Value::Float),
        "binary" => decode_base64(value.str()?).map(Value::Bytes),
        _ => None,
    }
}

/// A span's tags: those that are fields of the model's span, and the rest.
#[derive(Default)]
struct JaegerTags {
    kind: SpanKind,
    status: Status,
    scope: String,
    rest: Vec<(String, Value)>,
}

impl JaegerTags {
    fn sort(tags: Vec<(String, Value)>) -> Self {
        let mut sorted = Self { rest: Vec::with_capacity(tags.len()), ..Self::default() };
        let mut error_tag = None;
        for (key, value) in tags {
            match (key.as_str(), &value) {
                ("error", Value::Bool(true)) => error_tag = Some((key, value)),
                _ if sorted.take_field(&key, &value).is_none() => sorted.rest.push((key, value)),
                _ => {}
            }
        }
        match (error_tag, sorted.status.code) {
            (Some(tag), StatusCode::Ok) => sorted.rest.push(tag),
            (Some(_), _) => sorted.status.code = StatusCode::Error,
            (None, _) => {}
        }
        sorted
    }

    /// Stores a tag that is a field of the span; `None` leaves it an attribute.
    fn take_field(&mut self, key: &str, value: &Value) -> Option<()> {
        match key {
            "span.kind" => {
                self.kind = Some(SpanKind::from_word(value.as_str()?)).filter(|k| *k != SpanKind::Unspecified)?;
            }
            "otel.status_code" => {
                self.status.code = match value.as_str()?.to_ascii_uppercase().trim_start_matches("STATUS_CODE_") {
                    "ERROR" => StatusCode::Error,
                    "OK" => StatusCode::Ok,
                    "UNSET" => StatusCode::Unset,
                    _ => return None,
                };
            }
            "otel.status_description" => value.as_str()?.clone_into(&mut self.status.message),
            "otel.scope.name" | "otel.library.name" if self.scope.is_empty() => {
                value.as_str()?.clone_into(&mut self.scope);
            }
            // The protocol by which it came to Jaeger says nothing of the span.
            "internal.span.format" => {}
            _ => return None,
        }
        Some(())
    }
}

fn events(logs: &Json) -> Vec<Event> {
    let mut events: Vec<Event> = logs.list().iter().filter_map(event).collect();
    events.sort_by_key(|event| event.time);
    events
}

fn event(log: &Json) -> Option<Event> {
    let time = Timestamp::from_micros(log.get(&["timestamp"]).int()?);
    let mut fields = tags(log.get(&["fields"]));
    let name = take_text(&mut fields, "event", |_| true).or_else(|| take_text(&mut fields, "message", is_name));
    Some(Event { time, name: name.unwrap_or_default(), attributes: Attributes(fields) })
}

fn take_text(fields: &mut Vec<(String, Value)>, key: &str, fits: fn(&str) -> bool) -> Option<String> {
    let at = fields.iter().position(|(k, value)| k == key && value.as_str().is_some_and(fits))?;
    match fields.remove(at).1 {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether a message may be an event's name, as older exporters wrote it.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &[u8] = include_bytes!("../../fixtures/jaeger-next/v1-trace.body");

    /// One answer with one span made of these JSON fields.
    fn spans_of(fields: &str) -> Decoded {
        let answer = format!(
            r#"{{"data":[{{"traceID":"1f","spans":[{fields}],"processes":{{"p1":{{"serviceName":"cart"}}}}}}]}}"#
        );
        traces(answer.as_bytes()).unwrap()
    }

    fn one_span(fields: &str) -> Span {
        let mut decoded = spans_of(&format!(r#"{{"spanID":"a","processID":"p1",{fields}}}"#));
        assert_eq!(decoded.skipped, [""; 0]);
        decoded.spans.remove(0)
    }

    #[test]
    fn a_whole_answer_is_read() {
        let decoded = traces(TRACE).unwrap();
        assert_eq!((decoded.spans.len(), decoded.skipped.len(), decoded.errors.len()), (9, 0, 0));
        let span = &decoded.spans[0];
        assert_eq!(span.trace_id.to_string(), "38d727ff85ad1e9fbf8876b49970d71d");
        assert_eq!((span.service(), span.scope.as_str()), ("spell_checker_service", "pipeline"));
        assert_eq!((span.kind, span.status.code), (SpanKind::Consumer, StatusCode::Unset));
        assert_eq!((span.start, span.duration_ns), (Timestamp(1_795_391_384_308_504_000), 210_000_000));
        assert_eq!(span.parent_id, None, "a reference into another trace is a link");
        assert_eq!(span.links[0].trace_id.to_string(), "17e00db8d588ee3806deb3b144053836");
        let keys: Vec<&str> = span.attributes.iter().map(|(key, _)| key).collect();
        let messaging = ["messaging.operation", "messaging.source", "messaging.system"];
        assert_eq!(keys, [&["correlation_id", "event.id", "event.type"][..], &messaging].concat());
        assert_eq!(decoded.spans[1].parent_id, Some(span.span_id));
        assert!(Arc::ptr_eq(&decoded.spans[0].resource, &decoded.spans[1].resource));
    }

    #[test]
    fn empty_answers_have_no_spans() {
        for empty in
            [r#"{"data":[]}"#, r#"{"data":null}"#, r#"{"data":[{"spans":null}],"errors":null}"#, "[]", r#"{"data":{}}"#]
        {
            assert_eq!(traces(empty.as_bytes()), Ok(Decoded::default()), "{empty}");
        }
        assert_eq!(services(br#"{"data":null,"total":0}"#), Ok(vec![]));
        assert_eq!(services(br#"{"data":["b","a",null,"b"]}"#), Ok(vec!["a".into(), "b".into()]));
        assert!(services(b"{}").is_err());
    }

    #[test]
    fn an_error_body_says_why() {
        let body = include_bytes!("../../fixtures/jaeger-next/v1-trace-unknown.body");
        assert_eq!(error_text(body).as_deref(), Some("trace not found"));
        assert_eq!(traces(body).unwrap().errors, ["trace not found"]);
        let removed = include_bytes!("../../fixtures/jaeger-next/v1-search-removed.body");
        assert_eq!(error_text(removed), None);
        let partly = br#"{"data":[],"errors":[{"msg":"trace not found","traceID":"1f"},{"code":5},7]}"#;
        assert_eq!(traces(partly).unwrap().errors, ["trace not found: 1f"]);
    }

    #[test]
    fn a_saved_trace_is_read_in_every_wrapping() {
        let trace = r#"{"traceID":"1f","spans":[{"traceID":"1f","spanID":"a","operationName":"x","process":{"serviceName":"cart"}}],"processes":null}"#;
        for (open, close) in [("", ""), ("[", "]"), (r#"{"data":"#, "}"), (r#"{"data":["#, "]}")] {
            let decoded = traces(format!("{open}{trace}{close}").as_bytes()).unwrap();
            assert_eq!((decoded.spans.len(), decoded.spans[0].service()), (1, "cart"));
        }
        let alone = span_alone(
            r#"{"traceID":"1f","spanID":"a","parentSpanID":"b","process":{"serviceName":"cart","tags":[]}}"#,
        );
        assert_eq!(alone.unwrap().spans[0].parent_id, SpanId::from_hex("b"));
    }

    #[test]
    fn one_bad_span_never_loses_the_rest() {
        let good = r#"{"traceID":"1f","spanID":"a","processID":"p1","startTime":1,"duration":1}"#;
        let deep =
            format!(r#"{{"spanID":"b","tags":[{{"key":"x","value":{}1{}}}]}}"#, "[".repeat(5000), "]".repeat(5000));
        let bad = [
            "5",
            "null",
            "[]",
            "\"x\"",
            r#"{"a":1}"#,
            r#"{"spanID":"0"}"#,
            r#"{"spanID":"zz"}"#,
            r#"{"spanID":"b","startTime":"yesterday"}"#,
            r#"{"spanID":"b","duration":[]}"#,
            r#"{"spanID":"b","startTime":1e999}"#,
            &deep,
        ];
        for bad in bad {
            let decoded = spans_of(&format!("{good},{bad},{good}"));
            assert_eq!(decoded.spans.len(), 2, "{bad:.60}");
            assert_eq!(decoded.skipped.len(), 1, "{bad:.60}");
            assert!(decoded.skipped[0].starts_with("1 span skipped: "), "{:?}", decoded.skipped);
        }
        let wrong = [r#"{"data":[5,{"spans":7},"#, r#"{"spans":["#, good, "]}]}"].concat();
        let decoded = traces(wrong.as_bytes()).unwrap();
        assert_eq!((decoded.spans.len(), decoded.skipped.len(), decoded.skipped_count), (1, 2, 2));
    }

    #[test]
    fn hostile_times_saturate_with_a_warning() {
        let table = [
            (r#""startTime":"1000","duration":"5""#, 1_000_000, 5_000, 0),
            (r#""startTime":1000.0,"duration":5.0"#, 1_000_000, 5_000, 0),
            (r#""startTime":0,"duration":0"#, 0, 0, 0),
            (r#""startTime":null"#, 0, 0, 0),
            (r#""startTime":1000,"duration":18446744073709551611"#, 1_000_000, 0, 1),
            (r#""startTime":1000,"duration":-5"#, 1_000_000, 0, 1),
            (r#""startTime":9300000000000000000,"duration":1"#, i64::MAX, 1_000, 1),
            (r#""startTime":18446744073709551615,"duration":1"#, i64::MAX, 1_000, 1),
            (r#""startTime":-9300000000000000000"#, i64::MIN, 0, 1),
        ];
        for (fields, start, duration, warnings) in table {
            let span = one_span(fields);
            assert_eq!((span.start.0, span.duration_ns, span.warnings.len()), (start, duration, warnings), "{fields}");
        }
    }

    #[test]
    fn the_parent_is_the_first_reference_within_the_trace() {
        let table = [
            (r#"[{"refType":"CHILD_OF","traceID":"1f","spanID":"b"}]"#, Some(0xb), 0),
            (
                r#"[{"refType":"FOLLOWS_FROM","traceID":"1f","spanID":"c"},{"refType":"CHILD_OF","traceID":"1f","spanID":"b"}]"#,
                Some(0xb),
                1,
            ),
            (r#"[{"refType":"FOLLOWS_FROM","traceID":"000000000000001F","spanID":"c"}]"#, Some(0xc), 0),
            (r#"[{"refType":"CHILD_OF","traceID":"2f","spanID":"b"}]"#, None, 1),
            (r#"[{"refType":"CHILD_OF","traceID":"1f","spanID":"a"}]"#, Some(0xa), 0),
            (r#"[null,5,{"refType":"CHILD_OF"},{"spanID":"b"}]"#, Some(0xb), 0),
            ("null", None, 0),
            ("{}", None, 0),
        ];
        for (references, parent, links) in table {
            let span = one_span(&format!(r#""references":{references}"#));
            assert_eq!((span.parent_id.map(SpanId::as_u64), span.links.len()), (parent, links), "{references}");
        }
        assert_eq!(one_span(r#""references":[],"parentSpanID":"b""#).parent_id, SpanId::from_hex("b"));
    }

    #[test]
    fn tags_become_kind_status_scope_and_typed_attributes() {
        let span = one_span(
            r#""tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"otel.status_code","type":"string","value":"ERROR"},
            {"key":"internal.span.format","value":"proto"},{"key":"error","type":"bool","value":true},{"key":"otel.status_description","value":"boom"},{"key":"otel.library.name","value":"lib"},
            {"key":"big","type":"int64","value":"9007199254740993"},{"key":"n","type":"int64","value":5},{"key":"f","type":"float64","value":"NaN"},
            {"key":"f","type":"float64","value":2},{"key":"b","type":"bool","value":"false"},{"key":"raw","type":"binary","value":"aGk="},
            {"key":"list","type":"string","value":"[\"abc\"]"},{"key":"e","type":"string","value":""},{"value":1},null,{"key":"none","value":null}]"#,
        );
        assert_eq!(
            (span.kind, span.status.code, span.status.message.as_str()),
            (SpanKind::Server, StatusCode::Error, "boom")
        );
        assert_eq!(span.scope, "lib");
        let got: Vec<(&str, &Value)> =
            span.attributes.iter().filter(|(_, v)| !matches!(v, Value::Float(f) if f.is_nan())).collect();
        let text = |s: &str| Value::Text(s.into());
        let want = [
            ("big", Value::Int(9_007_199_254_740_993)),
            ("n", Value::Int(5)),
            ("f", Value::Float(2.0)),
            ("b", Value::Bool(false)),
            ("raw", Value::Bytes(b"hi".to_vec())),
            ("list", text("[\"abc\"]")),
            ("e", text("")),
            ("none", Value::Empty),
        ];
        assert_eq!(got, want.iter().map(|(k, v)| (*k, v)).collect::<Vec<_>>());

        let status = |tags: &str| {
            let span = one_span(&format!(r#""tags":{tags}"#));
            (span.status.code, span.is_error(), span.attributes.0.len())
        };
        assert_eq!(status(r#"[{"key":"error","type":"bool","value":true}]"#), (StatusCode::Error, true, 0));
        assert_eq!(status(r#"[{"key":"error","type":"string","value":"true"}]"#), (StatusCode::Unset, true, 1));
        assert_eq!(status(r#"[{"key":"error","type":"bool","value":false}]"#), (StatusCode::Unset, false, 1));
        assert_eq!(
            status(r#"[{"key":"error","type":"bool","value":true},{"key":"otel.status_code","value":"OK"}]"#),
            (StatusCode::Ok, false, 1)
        );
        assert_eq!(status(r#"{"error":true,"a":1}"#), (StatusCode::Error, true, 1));
    }

    #[test]
    fn events_are_named_and_sorted_by_time() {
        let span = one_span(
            r#""logs":[{"timestamp":30,"fields":[{"key":"message","value":"cache.miss"}]},
            {"timestamp":20,"fields":[{"key":"exception.type","value":"E"},{"key":"event","value":"exception"}]},
            {"timestamp":"10","fields":[{"key":"message","value":"two words"}]},{"timestamp":40,"fields":null},{"fields":[]},null]"#,
        );
        let names: Vec<(i64, &str, usize)> =
            span.events.iter().map(|e| (e.time.0, e.name.as_str(), e.attributes.0.len())).collect();
        assert_eq!(names, [(10_000, "", 1), (20_000, "exception", 1), (30_000, "cache.miss", 0), (40_000, "", 0)]);
    }

    #[test]
    fn an_unknown_process_is_a_warning() {
        let decoded = spans_of(
            r#"{"spanID":"a","processID":"p9","warnings":["skew"]},{"spanID":"b","process":{"serviceName":"x"},"warnings":null}"#,
        );
        assert_eq!((decoded.spans[0].service(), decoded.spans[1].service()), ("", "x"));
        assert_eq!(decoded.spans[0].warnings, ["skew", "its process p9 is not in the answer"]);
        assert_eq!(decoded.spans[1].warnings, [""; 0]);
    }
}
