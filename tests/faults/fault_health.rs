//! Three backends in health: one small journey, whatever is asked.

use super::fault::Asked;

/// The journey's ID.
pub const ID: &str = "charge-2024-0042";
/// The span that `trace span` is asked for.
pub const SPAN: &str = "b7ad6b7169203331";
/// A time in which it lies.
pub const TIME: [&str; 4] = ["--start", "2024-05-01T10:00:00Z", "--end", "2024-05-01T10:20:00Z"];
/// Its first instant, in µs.
pub const AT: i64 = 1_714_557_900_000_000;

/// One span as Jaeger v1 writes it, with more fields, each after a comma.
pub fn span(id: &str, name: &str, more: &str) -> String {
    format!(
        r#"{{"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"{id}","operationName":"{name}","startTime":{AT},"duration":90000,"processID":"p1","references":[],"logs":[],"tags":[{{"key":"correlation_id","type":"string","value":"{ID}"}}]{more}}}"#
    )
}

/// An answer of Jaeger v1 with these spans.
pub fn trace(spans: &[String]) -> String {
    format!(
        r#"{{"data":[{{"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spans":[{}],"processes":{{"p1":{{"serviceName":"payments","tags":[]}}}},"warnings":null}}],"total":0,"limit":0,"offset":0,"errors":null}}"#,
        spans.join(",")
    )
}

/// The spans of the journey.
pub fn spans() -> Vec<String> {
    let child = r#","references":[{"refType":"CHILD_OF","traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"00f067aa0ba902b7"}]"#;
    let with_parent = span(SPAN, "charge-card", "").replacen(r#","references":[]"#, child, 1);
    vec![span("00f067aa0ba902b7", "POST /charge", ""), with_parent]
}

/// Jaeger that speaks v1.
pub fn jaeger(asked: &Asked) -> (u16, String) {
    match asked.path.trim_start_matches("/jaeger") {
        "/api/services" => (200, r#"{"data":["payments"],"total":1,"limit":0,"offset":0,"errors":null}"#.into()),
        path if path.starts_with("/api/traces") => (200, trace(&spans())),
        _ => (404, "404 page not found".into()),
    }
}

/// Jaeger that speaks only v3.
pub fn jaeger_v3(asked: &Asked) -> (u16, String) {
    let at = AT * 1_000;
    match asked.path.as_str() {
        "/api/v3/services" => (200, r#"{"services":["payments"]}"#.into()),
        "/api/v3/trace-summaries" => (400, r#"{"error":{"httpCode":400,"message":"malformed parameter"}}"#.into()),
        path if path.starts_with("/api/v3/traces") => {
            let span = |id: &str, parent: &str, name: &str| {
                format!(
                    r#"{{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"{id}","parentSpanId":"{parent}","name":"{name}","kind":2,"startTimeUnixNano":"{at}","endTimeUnixNano":"{}","attributes":[{{"key":"correlation_id","value":{{"stringValue":"{ID}"}}}}]}}"#,
                    at + 90_000_000
                )
            };
            let spans = [span("00f067aa0ba902b7", "", "POST /charge"), span(SPAN, "00f067aa0ba902b7", "charge-card")];
            let resource = r#"{"attributes":[{"key":"service.name","value":{"stringValue":"payments"}}]}"#;
            let body = format!(
                r#"{{"result":{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"spans":[{}]}}]}}]}}}}"#,
                spans.join(",")
            );
            (200, body)
        }
        _ => (404, "404 page not found".into()),
    }
}

/// A page of Loki with these `[time, text]` values.
pub fn streams(values: &str) -> String {
    format!(
        r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"service_name":"payments"}},"values":[{values}]}}]}}}}"#
    )
}

/// The line of the journey.
pub fn line() -> String {
    format!(r#"["{}","level=info msg=\"the card was charged\" correlation_id={ID}"]"#, AT * 1_000 + 1)
}

/// Loki.
pub fn loki(asked: &Asked) -> (u16, String) {
    match asked.path.as_str() {
        "/loki/api/v1/labels" => (200, r#"{"status":"success","data":["service_name"]}"#.into()),
        "/loki/api/v1/query_range" => (200, streams(&line())),
        "/loki/api/v1/index/stats" => (200, r#"{"streams":1,"chunks":1,"bytes":100,"entries":1}"#.into()),
        "/loki/api/v1/status/buildinfo" => (200, r#"{"version":"3.4.1"}"#.into()),
        _ => (404, "404 page not found".into()),
    }
}

/// An answer of Prometheus with this as `data`, and more fields, each after a comma.
pub fn success(data: &str, more: &str) -> String {
    format!(r#"{{"status":"success","data":{data}{more}}}"#)
}

/// The alert of the journey.
pub fn alerts() -> String {
    let at = AT / 1_000_000;
    format!(
        r#"{{"resultType":"matrix","result":[{{"metric":{{"__name__":"ALERTS","alertname":"PaymentsSlow","alertstate":"firing","service":"payments"}},"values":[[{at},"1"],[{},"1"]]}}]}}"#,
        at + 30
    )
}

/// Prometheus.
pub fn prometheus(asked: &Asked) -> (u16, String) {
    match asked.path.as_str() {
        "/api/v1/query_range" => (200, success(&alerts(), "")),
        "/api/v1/query" => {
            (200, success(r#"{"resultType":"vector","result":[{"metric":{},"value":[1714557900,"1"]}]}"#, ""))
        }
        "/api/v1/query_exemplars" | "/api/v1/label/__name__/values" => (200, success("[]", "")),
        "/api/v1/status/buildinfo" => (200, success(r#"{"version":"3.2.0"}"#, "")),
        _ => (404, "404 page not found".into()),
    }
}
