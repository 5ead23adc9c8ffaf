//! A run in the forms in which real servers take it: OTLP/HTTP JSON, Loki's push, `OpenMetrics` text. Pure strings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use trace::model::attribute::{Attributes, Value};
use trace::model::log::LogEntry;
use trace::model::metric::float_text;
use trace::model::span::{Event, Link, Span, SpanKind, StatusCode};
use trace::model::time::Timestamp;
use trace::source::demo::Sample;

/// The body of `POST /v1/traces`: hex IDs, nanoseconds as text, one `resourceSpans` a service.
///
/// Lists, maps and bytes become text, as Jaeger would store them.
pub fn to_otlp_json(spans: &[Span]) -> String {
    let mut services: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        services.entry(span.service()).or_default().push(span);
    }
    let resources: Vec<Json> = services.into_iter().map(|(service, spans)| resource_spans(service, &spans)).collect();
    json!({ "resourceSpans": resources }).to_string()
}

fn resource_spans(service: &str, spans: &[&Span]) -> Json {
    let mut attributes = vec![json!({"key": "service.name", "value": {"stringValue": service}})];
    if let Some(first) = spans.first() {
        attributes.extend(key_values(&first.resource.attributes));
    }
    let mut scopes: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for span in spans {
        scopes.entry(&span.scope).or_default().push(otlp_span(span));
    }
    let scopes: Vec<Json> =
        scopes.into_iter().map(|(name, spans)| json!({"scope": {"name": name}, "spans": spans})).collect();
    json!({"resource": {"attributes": attributes}, "scopeSpans": scopes})
}

fn otlp_span(span: &Span) -> Json {
    json!({
        "traceId": span.trace_id.to_string(),
        "spanId": span.span_id.to_string(),
        "parentSpanId": span.parent_id.map(|id| id.to_string()).unwrap_or_default(),
        "name": span.name,
        "kind": kind_number(span.kind),
        "startTimeUnixNano": nanos(span.start),
        "endTimeUnixNano": nanos(span.end()),
        "attributes": key_values(&span.attributes),
        "events": span.events.iter().map(otlp_event).collect::<Vec<_>>(),
        "links": span.links.iter().map(otlp_link).collect::<Vec<_>>(),
        "status": {"code": status_number(span.status.code), "message": span.status.message},
    })
}

fn otlp_event(event: &Event) -> Json {
    json!({"timeUnixNano": nanos(event.time), "name": event.name, "attributes": key_values(&event.attributes)})
}

fn otlp_link(link: &Link) -> Json {
    json!({
        "traceId": link.trace_id.to_string(),
        "spanId": link.span_id.to_string(),
        "attributes": key_values(&link.attributes),
    })
}

fn key_values(attributes: &Attributes) -> Vec<Json> {
    attributes.iter().map(|(key, value)| json!({"key": key, "value": any_value(value)})).collect()
}

fn any_value(value: &Value) -> Json {
    match value {
        Value::Bool(b) => json!({"boolValue": b}),
        Value::Int(n) => json!({"intValue": n.to_string()}),
        Value::Float(n) => json!({"doubleValue": n}),
        Value::Empty => json!({}),
        other => json!({"stringValue": other.to_string()}),
    }
}

fn kind_number(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Unspecified => 0,
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn status_number(code: StatusCode) -> u8 {
    match code {
        StatusCode::Unset => 0,
        StatusCode::Ok => 1,
        StatusCode::Error => 2,
    }
}

fn nanos(at: Timestamp) -> String {
    at.0.to_string()
}

/// The body of `POST /loki/api/v1/push`: one stream a set of labels, structured metadata where a line has any.
pub fn to_loki_push(logs: &[LogEntry]) -> String {
    let mut streams: BTreeMap<&BTreeMap<String, String>, Vec<Json>> = BTreeMap::new();
    for entry in logs {
        streams.entry(&entry.labels).or_default().push(loki_value(entry));
    }
    let streams: Vec<Json> =
        streams.into_iter().map(|(labels, values)| json!({"stream": labels, "values": values})).collect();
    json!({ "streams": streams }).to_string()
}

fn loki_value(entry: &LogEntry) -> Json {
    if entry.metadata.is_empty() {
        json!([nanos(entry.time), entry.line])
    } else {
        json!([nanos(entry.time), entry.line, entry.metadata])
    }
}

/// A page to be scraped: `OpenMetrics` text with types and exemplars, ended by `# EOF`.
///
/// Samples of one family must stand together, as they do in a run.
pub fn to_openmetrics(samples: &[Sample]) -> String {
    let mut page = String::new();
    let mut family = "";
    for sample in samples {
        if sample.family != family {
            family = sample.family;
            let _ = writeln!(page, "# TYPE {family} {}", sample.kind.as_str());
        }
        page.push_str(&sample_line(sample));
        page.push('\n');
    }
    page.push_str("# EOF\n");
    page
}

fn sample_line(sample: &Sample) -> String {
    let labels: Vec<String> = sample.labels.iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let exemplar = sample.exemplar.as_ref().map(|e| {
        let span = e.span_id.map(|id| format!(",span_id=\"{id}\"")).unwrap_or_default();
        format!(" # {{trace_id=\"{}\"{span}}} {} {}", e.trace_id, float_text(e.value), e.time.seconds_text())
    });
    format!("{}{labels} {}{}", sample.name, float_text(sample.value), exemplar.unwrap_or_default())
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
