//! A run in the forms in which real servers take it: OTLP/HTTP JSON, Loki's push, `OpenMetrics` text. Pure strings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::metrics::Sample;
use crate::model::attribute::{Attributes, Value};
use crate::model::log::LogEntry;
use crate::model::metric::float_text;
use crate::model::span::{Event, Link, Span, SpanKind, StatusCode};
use crate::model::time::Timestamp;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::demo::{DemoRun, NOW, scenarios};

    fn runs() -> Vec<DemoRun> {
        scenarios().iter().map(|s| s.run(NOW, 7)).collect()
    }

    fn len(value: &Json) -> usize {
        value.as_array().map_or(0, Vec::len)
    }

    #[test]
    fn otlp_holds_every_span_event_and_link() {
        for run in runs() {
            let body: Json = serde_json::from_str(&to_otlp_json(&run.spans)).unwrap();
            let spans: Vec<&Json> = body["resourceSpans"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|r| r["scopeSpans"][0]["spans"].as_array().unwrap())
                .collect();
            assert_eq!(spans.len(), run.truth.span_count);
            let count = |key: &str| spans.iter().map(|s| len(&s[key])).sum::<usize>();
            assert_eq!(count("events"), run.spans.iter().map(|s| s.events.len()).sum::<usize>());
            assert_eq!(count("links"), run.spans.iter().map(|s| s.links.len()).sum::<usize>());
            assert_eq!(spans.iter().filter(|s| s["status"]["code"] == 2).count(), run.truth.error_spans);
            assert!(spans.iter().all(|s| s["startTimeUnixNano"].is_string() && s["traceId"].is_string()));
        }
    }

    #[test]
    fn a_push_holds_every_line_once_and_metadata_where_there_is_some() {
        for run in runs() {
            let body: Json = serde_json::from_str(&to_loki_push(&run.logs)).unwrap();
            let values: Vec<&Json> = body["streams"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|stream| stream["values"].as_array().unwrap())
                .collect();
            let lines = values.iter().map(|v| v[1].as_str().unwrap().to_owned()).collect();
            assert_eq!((values.len(), run.truth.lines), (run.truth.log_count, lines));
            let with_metadata = values.iter().filter(|v| v[2]["trace_id"].is_string()).count();
            assert_eq!(with_metadata, run.logs.iter().filter(|l| !l.metadata.is_empty()).count());
        }
    }

    #[test]
    fn a_scrape_is_typed_ended_and_carries_its_exemplar() {
        let run = scenarios()[0].run(NOW, 7);
        let page = to_openmetrics(&run.samples);
        assert!(page.starts_with("# TYPE bos_batch_phase_status gauge\nbos_batch_phase_status{phase="), "{page}");
        assert!(page.contains("# TYPE els_storage_reference_updates counter\nels_storage_reference_updates_total 1\n"));
        assert!(page.contains(&format!("_bucket{{le=\"0.25\"}} 1 # {{trace_id=\"{}\"", run.exemplars[0].trace_id)));
        assert!(page.contains("_bucket{le=\"+Inf\"} 1\n"), "{page}");
        assert!(page.ends_with("\n# EOF\n"));
    }
}
