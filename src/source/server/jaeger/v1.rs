//! Jaeger's own JSON API, `/api/traces`: in every release up to 2.20, removed after it.

use crate::model::id::TraceId;
use crate::model::time::Window;
use crate::source::role::{Times, TraceSearch};
use crate::source::server::jaeger::tags::object;
use crate::source::server::request::{Request, Response};
use crate::wire::jaeger_json;

/// The services that ever sent a span.
pub(crate) fn services() -> Request {
    Request::get(&["api", "services"])
}

/// What a service does, with kinds.
pub(crate) fn operations(service: &str) -> Request {
    Request::get(&["api", "operations"]).with("service", service)
}

/// Traces of one service of which one span is as searched; the service is not optional here.
pub fn search(search: &TraceSearch<'_>, service: &str) -> Request {
    let mut request = Request::get(&["api", "traces"]).with("service", service);
    if let Some(operation) = search.operation {
        request = request.with("operation", operation);
    }
    if !search.tags.is_empty() {
        request = request.with("tags", object(search.tags));
    }
    request
        .with("start", search.window.from.micros())
        .with("end", search.window.to.plus(-1).micros())
        .with("limit", search.limit)
}

/// Calls between services in a window, as the server counts them.
pub(crate) fn dependencies(window: Window) -> Request {
    const MILLI: i64 = 1_000_000;
    let lookback = window.length().saturating_add(MILLI - 1) / MILLI;
    Request::get(&["api", "dependencies"]).with("endTs", window.to.micros() / 1_000).with("lookback", lookback)
}

/// One trace, maybe as it was recorded.
pub(crate) fn trace(id: TraceId, times: Times) -> Request {
    let request = Request::get(&["api", "traces", &id.to_string()]);
    match times {
        Times::AsServed => request,
        Times::AsRecorded => request.with("raw", "true"),
    }
}

/// What the server says in an error body.
pub(crate) fn says(answer: &Response) -> Option<String> {
    jaeger_json::error_text(&answer.body)
}
