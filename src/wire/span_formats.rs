//! Spans in formats that cannot be read, recognized by their keys: they must not pass for structured log lines.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

/// Objects whose keys count as if they stood beside them: in these formats they hold the IDs.
const ID_OBJECTS: [&str; 7] = ["context", "spancontext", "trace", "span", "transaction", "parent", "processor"];

/// Keys that log records have and spans do not.
const RECORD_KEYS: [&str; 15] = [
    "message",
    "msg",
    "body",
    "log",
    "line",
    "event",
    "level",
    "lvl",
    "loglevel",
    "logger",
    "levelname",
    "severity",
    "severitytext",
    "severitynumber",
    "text",
];

/// Keys that spans have and log records do not.
const SPAN_KEYS: [&str; 15] = [
    "parentid",
    "parentspanid",
    "parentspancontext",
    "spankind",
    "kind",
    "localendpoint",
    "starttime",
    "endtime",
    "startedat",
    "endedat",
    "starttimeunixnano",
    "endtimeunixnano",
    "starttimemillis",
    "transactionname",
    "spanname",
];

/// What kind of span an object with these keys is, in a sentence with a way to make it readable. None where it is not one.
pub(crate) fn unread_span(fields: &BTreeMap<String, &RawValue>) -> Option<String> {
    // Most documents that come here are log lines: without a trace ID nothing more is looked at.
    let keys = normalized(fields);
    let has = |key: &str| keys.contains(key);
    let any = |names: &[&str]| names.iter().any(|name| keys.contains(*name));
    if !keys.iter().any(|key| key.ends_with("traceid")) {
        return None;
    }
    let zipkin_keys = ["localendpoint", "remoteendpoint", "annotations", "binaryannotations", "kind"];
    let is_timed = has("duration") && any(&["timestamp", "name"]);
    if has("traceid") && has("id") && (any(&zipkin_keys) || is_timed) {
        return Some("a Zipkin span; let a collector with a zipkin receiver write it as OTLP JSON".to_owned());
    }
    let has_span_id = keys.iter().any(|key| key.ends_with("spanid") && !key.starts_with("parent"));
    let has_id = has_span_id || any(&["id", "transactionid"]);
    let named = any(&["name", "operation", "operationname", "resource"]);
    let lasts = keys.iter().any(|key| key.ends_with("duration") || key.ends_with("durationus"));
    let is_span = any(&SPAN_KEYS) || named && lasts || has("spanduration") || has("transactionduration");
    if !has_id || !is_span || any(&RECORD_KEYS) {
        return None;
    }
    let format = match () {
        () if has("contexttraceid") && has("parentid") => "a span of OpenTelemetry's console exporter for Python",
        () if has("spancontexttraceid") && has("spankind") => "a span of OpenTelemetry's stdouttrace exporter for Go",
        () if has("transactionid") && has("processor") => "a span of Elastic APM",
        () if has("starttimeunixnano") => "a span of OTLP without the `resourceSpans` around it",
        () => "a span in a format of its own",
    };
    Some(format!("{format}; export it with OTLP to a collector, whose file exporter writes OTLP JSON"))
}

/// The keys of an object, and those of the objects that hold IDs, with and without the outer key: lower case, without
/// `_`, `-`, `.` and `@`.
fn normalized(fields: &BTreeMap<String, &RawValue>) -> BTreeSet<String> {
    let plain = |key: &str| key.chars().filter(|c| !"_-.@".contains(*c)).collect::<String>().to_ascii_lowercase();
    let mut keys = BTreeSet::new();
    for (key, raw) in fields {
        let outer = plain(key);
        if raw.get().starts_with('{')
            && ID_OBJECTS.contains(&outer.as_str())
            && let Ok(inner) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get())
        {
            keys.extend(inner.keys().map(|key| format!("{outer}{}", plain(key))));
        }
        keys.insert(outer);
    }
    keys
}

/// The `_source` of each hit of Elasticsearch or OpenSearch, and how many more there are than the answer has. None where
/// it is another document.
pub(crate) fn search_hits(text: &str) -> Option<(Vec<&str>, u64)> {
    #[derive(serde::Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        hits: Hits<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Hits<'a> {
        #[serde(borrow)]
        hits: Vec<Hit<'a>>,
        total: Option<serde_json::Value>,
    }
    let answer: Answer = serde_json::from_str(text).ok()?;
    let total = answer.hits.total.and_then(|total| total.get("value").unwrap_or(&total).as_u64());
    let sources: Vec<&str> = answer.hits.hits.into_iter().map(|hit| hit.source.get()).collect();
    let more = total.unwrap_or(0).saturating_sub(sources.len() as u64);
    Some((sources, more))
}

/// The `_source` of one hit on its own, as dumps of an index have one a line.
pub(crate) fn search_hit(text: &str) -> Option<&str> {
    serde_json::from_str::<Hit>(text).ok().map(|hit| hit.source.get())
}

#[derive(serde::Deserialize)]
struct Hit<'a> {
    #[serde(borrow, rename = "_source")]
    source: &'a RawValue,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_not_taken_for_log_records() {
        let table = [
            (r#"{"traceId":"1","id":"2","timestamp":5,"duration":6,"name":"get"}"#, "Zipkin"),
            (r#"{"traceId":"1","id":"2","kind":"SERVER","timestamp":5,"tags":{"message":"x"}}"#, "Zipkin"),
            (r#"{"traceId":"1","id":"2","timestamp":5,"annotations":[]}"#, "Zipkin"),
            (r#"{"time":"x","context":{"trace_id":"1","span_id":"2"},"parent_id":null,"name":"a"}"#, "for Python"),
            (r#"{"SpanContext":{"TraceID":"1","SpanID":"2"},"SpanKind":2,"time":"x"}"#, "for Go"),
            (
                r#"{"@timestamp":"x","trace":{"id":"1"},"transaction":{"id":"2","duration":{"us":5}},"processor":{"event":"transaction"}}"#,
                "Elastic APM",
            ),
            (r#"{"time":"x","traceId":"1","spanId":"2","startTimeUnixNano":"5"}"#, "`resourceSpans`"),
            (r#"{"ts":1,"trace_id":1,"span_id":2,"resource":"GET /","duration":7}"#, "of its own"),
            (r#"{"ts":1,"trace_id":"1","span_id":"2","path":"/","duration_ms":7}"#, ""),
            (r#"{"ts":1,"trace_id":"1","span_id":"2","name":"root","duration":7,"msg":"done"}"#, ""),
            (r#"{"ts":1,"trace_id":"1","id":"2","level":"info"}"#, ""),
            (r#"{"@timestamp":"x","trace":{"id":"1"},"span":{"id":"2"},"message":"x","log.level":"info"}"#, ""),
            (r#"{"time":"x","name":"a","kind":"b","duration":4}"#, ""),
        ];
        for (text, expected) in table {
            let fields = serde_json::from_str(text).unwrap();
            let found = unread_span(&fields).unwrap_or_default();
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{text}: {found}");
        }
    }

    #[test]
    fn the_sources_of_hits_are_counted_against_their_total() {
        let table = [
            (r#"{"hits":{"total":{"value":4},"hits":[{"_source":{"a":1}}]}}"#, 3),
            (r#"{"hits":{"total":1,"hits":[{"_index":"i","_source":{"a":1}}]}}"#, 0),
            (r#"{"hits":{"hits":[{"_source":{"a":1}}]}}"#, 0),
        ];
        for (text, more) in table {
            assert_eq!(search_hits(text), Some((vec![r#"{"a":1}"#], more)), "{text}");
        }
        assert_eq!(search_hits(r#"{"hits":5}"#), None);
        assert_eq!(search_hit(r#"{"_id":"1","_source":{"a":1}}"#), Some(r#"{"a":1}"#));
    }
}
