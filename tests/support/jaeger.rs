//! A Jaeger on loopback that holds what a test gives it and answers as the next one does (v3, no service needed), and
//! the way to ask it without the binary.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::generator::export::to_otlp_json;
use serde_json::{Value, json};
use trace::model::id::TraceId;
use trace::model::source::Source;
use trace::model::span::Span;
use trace::model::time::Timestamp;
use trace::source::server::auth::Auth;
use trace::source::server::backends::Backends;
use trace::source::server::endpoint::{Endpoint, JaegerApi};
use trace::source::server::transport::{Limits, Transport};

use super::server::{Reply, Server};

const JSON: &str = "application/json";

/// Spans that may become more while it runs.
pub type Store = Arc<Mutex<Vec<Span>>>;

/// The Jaeger.
pub struct Jaeger {
    /// The server.
    pub server: Server,
    /// What it holds.
    pub store: Store,
}

impl Jaeger {
    /// One that holds these spans.
    pub fn holding(spans: &[Span]) -> Self {
        Self::with(spans, |_| None)
    }

    /// One that holds these spans, but answers some requests as the test says.
    pub fn with(spans: &[Span], odd: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let store: Store = Arc::new(Mutex::new(spans.to_vec()));
        let held = Arc::clone(&store);
        let server =
            Server::answering(move |line| odd(line).or_else(|| answer(line, &held.lock().expect("the spans"))));
        Self { server, store }
    }

    /// It alone, as what to ask.
    pub fn backends(&self) -> Backends {
        let endpoint = Endpoint {
            source: Source::Jaeger,
            url: url::Url::parse(self.server.url()).expect("its address"),
            url_from: "the test".to_owned(),
            configured: true,
            auth: Auth::None,
            tls: trace::source::server::auth::Tls::default(),
            backends_at_origin: 1,
            mask: Arc::default(),
            tenant: None,
        };
        Backends { spans: Some(endpoint), logs: None, metrics: None, jaeger_api: JaegerApi::Auto, streams: None }
    }

    /// Every search so far, decoded.
    pub fn searches(&self) -> Vec<String> {
        let seen = self.server.seen().into_iter().filter(|line| line.contains("/api/v3/traces?"));
        seen.map(|line| parameters(&line).into_iter().map(|(k, v)| format!("{k}={v} ")).collect()).collect()
    }
}

/// A transport with these limits that keeps nothing.
pub fn transport(limits: Limits) -> Transport {
    Transport::new(limits, trace::source::recording::Recording::Off, trace::stop::Stop::default())
}

fn parameters(line: &str) -> BTreeMap<String, String> {
    let query = line.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn answer(line: &str, spans: &[Span]) -> Reply {
    let path = line.split(['?', ' ']).nth(1)?;
    let (parameters, ok) = (parameters(line), |json: Value| Some((200, JSON, json.to_string().into_bytes())));
    match path {
        "/api/services" => Some((404, "text/plain", b"404 page not found".to_vec())),
        "/api/v3/trace-summaries" => {
            let wants = json!({"error": {"httpCode": 400, "message": "query.startTimeMin is required"}});
            Some((400, "text/plain", wants.to_string().into_bytes()))
        }
        "/api/v3/services" => {
            let services: BTreeSet<&str> = spans.iter().map(Span::service).collect();
            ok(json!({ "services": services }))
        }
        "/api/v3/operations" => {
            let of_it = spans.iter().filter(|span| parameters.get("service").is_some_and(|s| s == span.service()));
            let all: BTreeSet<(&str, &str)> = of_it.map(|span| (span.name.as_str(), span.kind.as_str())).collect();
            let all: Vec<Value> = all.iter().map(|(name, kind)| json!({"name": name, "spanKind": kind})).collect();
            ok(json!({ "operations": all }))
        }
        "/api/v3/traces" => Some(found(spans, &search(spans, &parameters))),
        _ => {
            let id = TraceId::from_hex(path.strip_prefix("/api/v3/traces/")?)?;
            Some(found(spans, &[id]))
        }
    }
}

/// The traces that a search means, the newest first.
fn search(spans: &[Span], parameters: &BTreeMap<String, String>) -> Vec<TraceId> {
    let given = |name: &str| parameters.get(&format!("query.{name}")).map(String::as_str);
    let time = |name: &str| given(name).and_then(Timestamp::from_rfc3339).expect("a time");
    let tags: BTreeMap<String, String> =
        given("attributes").map(|tags| serde_json::from_str(tags).expect("tags")).unwrap_or_default();
    let (from, to) = (time("start_time_min"), time("start_time_max"));
    let mut hits: Vec<(Timestamp, TraceId)> = spans
        .iter()
        .filter(|s| s.start >= from && s.start <= to)
        .filter(|s| given("service_name").is_none_or(|service| service == s.service()))
        .filter(|s| given("operation_name").is_none_or(|name| name == s.name))
        .filter(|s| tags.iter().all(|(key, value)| s.attributes.get(key).is_some_and(|v| v.to_string() == *value)))
        .map(|s| (s.start, s.trace_id))
        .collect();
    hits.sort_unstable_by(|a, b| b.cmp(a));
    let mut known = BTreeSet::new();
    let limit = given("num_traces").and_then(|n| n.parse().ok()).expect("a limit");
    hits.into_iter().map(|(_, trace)| trace).filter(|trace| known.insert(*trace)).take(limit).collect()
}

fn found(spans: &[Span], traces: &[TraceId]) -> (u16, &'static str, Vec<u8>) {
    let wanted: Vec<Span> = spans.iter().filter(|span| traces.contains(&span.trace_id)).cloned().collect();
    if wanted.is_empty() {
        let nothing = json!({"error": {"httpCode": 404, "message": "No traces found"}});
        return (404, "text/plain", nothing.to_string().into_bytes());
    }
    (200, JSON, format!("{{\"result\":{}}}", to_otlp_json(&wanted)).into_bytes())
}
