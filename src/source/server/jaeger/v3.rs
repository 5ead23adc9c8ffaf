//! Jaeger's stable API, `/api/v3`: OTLP in an envelope. The tag filter is honoured from 2.19 on.

use crate::model::id::TraceId;
use crate::source::role::{Times, TraceSearch};
use crate::source::server::jaeger::tags::object;
use crate::source::server::request::{Request, Response};
use crate::wire::otlp_json;

/// The services that ever sent a span.
pub(crate) fn services() -> Request {
    Request::get(&["api", "v3", "services"])
}

/// What a service does, with kinds.
pub(crate) fn operations(service: &str) -> Request {
    Request::get(&["api", "v3", "operations"]).with("service", service)
}

/// Asked without parameters: 400 where the endpoint exists (2.19 and later), a page or 404 where it does not.
pub(crate) fn summaries_probe() -> Request {
    Request::get(&["api", "v3", "trace-summaries"])
}

/// Traces of which one span is as searched; of all services where none is named.
pub fn search(search: &TraceSearch<'_>, service: Option<&str>) -> Request {
    let mut request = Request::get(&["api", "v3", "traces"]);
    if !search.tags.is_empty() {
        request = request.with("query.attributes", object(search.tags));
    }
    if let Some(operation) = search.operation {
        request = request.with("query.operation_name", operation);
    }
    let request = request
        .with("query.start_time_min", search.window.from.rfc3339())
        .with("query.start_time_max", search.window.to.rfc3339())
        .with("query.num_traces", search.limit);
    match service {
        Some(service) => request.with("query.service_name", service),
        None => request,
    }
}

/// One trace, maybe as it was recorded.
pub(crate) fn trace(id: TraceId, times: Times) -> Request {
    let request = Request::get(&["api", "v3", "traces", &id.to_string()]);
    match times {
        Times::AsServed => request,
        Times::AsRecorded => request.with("raw_traces", "true"),
    }
}

/// Whether an error answer only means that nothing was found.
pub(crate) fn is_nothing(answer: &Response) -> bool {
    let sign = match answer.status {
        404 => "no traces found",
        500 => "trace not found",
        _ => return false,
    };
    otlp_json::error_text(&answer.body).unwrap_or_default().to_lowercase().contains(sign)
}

/// What the server says in an error body.
pub(crate) fn says(answer: &Response) -> Option<String> {
    otlp_json::error_text(&answer.body)
}
