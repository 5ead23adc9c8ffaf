//! Jaeger behind one face. Which dialect it speaks is decided by what answers, never by a version.

pub mod service_metrics;
pub mod v1;
pub mod v3;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::evidence::Operation;
use crate::model::id::TraceId;
use crate::model::time::Window;
use crate::source::failure::{Failure, FailureKind, malformed};
use crate::source::server::request::{Request, Response};
use crate::source::server::transport::{Transport, shown};
use crate::source::server::{Endpoint, JaegerApi};
use crate::wire::{Decoded, Malformed, jaeger_json, otlp_json};

/// How long a question is waited for that only tells how to ask faster.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a dialect's answers are read.
type Decode = fn(&[u8]) -> Result<Decoded, Malformed>;

/// The API that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `/api/traces`: a search needs a service.
    V1,
    /// `/api/v3/traces`.
    V3,
}

impl Dialect {
    /// `v1` or `v3`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V3 => "v3",
        }
    }
}

/// Whether times may be what the server made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// As the server gives them, maybe adjusted.
    AsServed,
    /// As they were recorded.
    AsRecorded,
}

/// One search: all of it is to be true of one span.
#[derive(Clone, Copy, Debug)]
pub struct TraceSearch<'a> {
    /// The span's name, where one is asked for.
    pub operation: Option<&'a str>,
    /// Attributes with their values, exactly.
    pub tags: &'a [(&'a str, &'a str)],
    /// When.
    pub window: Window,
    /// How many traces at most.
    pub limit: usize,
}

/// A Jaeger that answered.
pub struct Jaeger<'a> {
    transport: &'a Transport,
    endpoint: &'a Endpoint,
    /// What it speaks.
    pub dialect: Dialect,
    /// Whether a search without a service may be tried.
    pub serviceless: bool,
    /// The services it knows; empty where they were not needed.
    pub services: Vec<String>,
}

impl<'a> Jaeger<'a> {
    /// Finds out what it speaks: `/api/services` with JSON means v1, else `/api/v3/services`. Where
    /// `/api/v3/trace-summaries` exists, v3 filters by attribute without a service and is preferred.
    pub async fn connect(transport: &'a Transport, endpoint: &'a Endpoint, api: JaegerApi) -> Result<Self, Failure> {
        let new = |dialect, serviceless, services| Self { transport, endpoint, dialect, serviceless, services };
        match api {
            JaegerApi::V1 => Ok(new(Dialect::V1, false, services_v1(transport, endpoint).await?)),
            JaegerApi::V3 => Ok(new(Dialect::V3, true, services_v3(transport, endpoint).await?)),
            JaegerApi::Auto => {
                let (v1, summaries) =
                    tokio::join!(services_v1(transport, endpoint), has_summaries(transport, endpoint));
                match v1 {
                    Ok(services) if summaries => Ok(new(Dialect::V3, true, services)),
                    Ok(services) => Ok(new(Dialect::V1, false, services)),
                    Err(failure) if failure.kind == FailureKind::NoSuchApi => {
                        Ok(new(Dialect::V3, true, services_v3(transport, endpoint).await?))
                    }
                    Err(failure) => Err(failure),
                }
            }
        }
    }

    /// Traces that hold such a span, whole; of one service, or of all where the server can.
    pub async fn search(&self, search: &TraceSearch<'_>, service: Option<&str>) -> Result<Decoded, Failure> {
        match self.dialect {
            Dialect::V1 => self.ask(&v1::search(search, service.unwrap_or_default())).await,
            Dialect::V3 => self.ask(&v3::search(search, service)).await,
        }
        .map(Option::unwrap_or_default)
    }

    /// One trace, none where it is not stored.
    pub async fn trace(&self, id: TraceId, times: Times) -> Result<Option<Decoded>, Failure> {
        let found = match self.dialect {
            Dialect::V1 => self.ask(&v1::trace(id, times)).await,
            Dialect::V3 => self.ask(&v3::trace(id, times)).await,
        }?;
        Ok(found.filter(|decoded| !decoded.spans.is_empty()))
    }

    /// What a service does, as far as the storage remembers.
    pub async fn operations(&self, service: &str) -> Result<BTreeSet<Operation>, Failure> {
        let (endpoint, address) = (self.endpoint, shown(&self.endpoint.url));
        match self.dialect {
            Dialect::V1 => {
                let answer =
                    self.transport.fetch(endpoint, &v1::operations(service)).await?.checked(&address, v1::says)?;
                self.transport.read(endpoint, answer, jaeger_json::operations).await
            }
            Dialect::V3 => {
                let answer =
                    self.transport.fetch(endpoint, &v3::operations(service)).await?.checked(&address, v3::says)?;
                self.transport.read(endpoint, answer, otlp_json::operations).await
            }
        }
    }

    /// A recent trace of a service, whatever it carries.
    pub async fn newest(&self, service: &str, window: Window) -> Result<Decoded, Failure> {
        self.search(&TraceSearch { operation: None, tags: &[], window, limit: 1 }, Some(service)).await
    }

    /// The version that its page for people tells, if it tells one; and the answer itself.
    pub async fn version(&self) -> Result<(Option<String>, Option<Response>), Failure> {
        let answer = self.transport.fetch(self.endpoint, &Request::get(&["search"])).await?;
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        let version = page.split("\"gitVersion\":\"").nth(1).and_then(|rest| rest.split('"').next());
        Ok((version.filter(|v| !v.is_empty()).map(ToOwned::to_owned), Some(answer)))
    }

    async fn ask(&self, request: &Request) -> Result<Option<Decoded>, Failure> {
        let answer = self.transport.fetch(self.endpoint, request).await?;
        let address = shown(&self.endpoint.url);
        let (answer, decode): (_, Decode) = match self.dialect {
            Dialect::V1 if answer.status == 404 && v1::says(&answer).is_some() => return Ok(None),
            Dialect::V3 if v3::is_nothing(&answer) || answer.is_success() && answer.body.is_empty() => return Ok(None),
            Dialect::V1 => (answer.checked(&address, v1::says)?, jaeger_json::traces),
            Dialect::V3 => (answer.checked(&address, v3::says)?, otlp_json::decode),
        };
        self.transport.read(self.endpoint, answer, decode).await.map(Some)
    }
}

/// Who called whom how often in this time, as the server itself counts it: caller, callee, calls. None where it does not
/// count.
pub async fn dependencies(
    transport: &Transport,
    endpoint: &Endpoint,
    window: Window,
) -> Result<Option<Vec<(String, String, u64)>>, Failure> {
    let answer = transport.fetch(endpoint, &v1::dependencies(window)).await?;
    if matches!(answer.status, 404 | 405 | 501) || answer.is_page() {
        return Ok(None);
    }
    let answer = answer.checked(&shown(&endpoint.url), v1::says)?;
    transport.read(endpoint, answer, jaeger_json::dependencies).await.map(Some)
}

/// Attributes as both dialects take them: an object of texts.
fn object(tags: &[(&str, &str)]) -> serde_json::Value {
    tags.iter().map(|(key, value)| ((*key).to_owned(), serde_json::Value::from(*value))).collect()
}

async fn services_v1(transport: &Transport, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
    let address = shown(&endpoint.url);
    let answer = transport.fetch(endpoint, &v1::services()).await?.checked(&address, v1::says)?;
    let both = |body: &[u8]| Ok((jaeger_json::error_text(body), jaeger_json::services(body)));
    let (said, services) = transport.read(endpoint, answer, both).await?;
    if let Some(said) = said {
        return Err(Failure::new(FailureKind::Unreachable, format!("{address} failed: {said}")));
    }
    services.map(sorted).map_err(|error| malformed(&address, &error))
}

async fn services_v3(transport: &Transport, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
    let address = shown(&endpoint.url);
    let answer = transport.fetch(endpoint, &v3::services()).await?.checked(&address, v3::says)?;
    transport.read(endpoint, answer, otlp_json::services).await.map(sorted)
}

/// Whether it can search without a service. A gateway that swallows what it does not know is not waited for.
async fn has_summaries(transport: &Transport, endpoint: &Endpoint) -> bool {
    let probe = tokio::time::timeout(PATIENCE, transport.fetch(endpoint, &v3::summaries_probe())).await;
    probe.is_ok_and(|probe| {
        probe.is_ok_and(|answer: Response| answer.status == 400 && !answer.is_page() && v3::says(&answer).is_some())
    })
}

fn sorted(mut services: Vec<String>) -> Vec<String> {
    services.sort_unstable();
    services.dedup();
    services
}
