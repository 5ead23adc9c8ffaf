//! Jaeger, a source of spans. Which of its APIs is in use follows from what answers, never from a version.

pub(crate) mod service_metrics;
mod tags;
pub mod v1;
pub mod v3;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::evidence::Operation;
use crate::model::id::TraceId;
use crate::model::source::Source;
use crate::model::span::Span;
use crate::model::time::Window;
use crate::source::failure::{Failure, FailureKind, Refusal, malformed_answer};
use crate::source::role::{Dependency, ServiceMetric, ServiceMetricsSubject, SpanSource, Times, TraceSearch};
use crate::source::server::endpoint::{Endpoint, JaegerApi};
use crate::source::server::request::{Request, Response};
use crate::source::server::transport::{Transport, display_url};
use crate::wire::jaeger_metrics::Point;
use crate::wire::{Decoded, Malformed, jaeger_json, otlp_json};

/// How long a request is waited for that only finds a faster way to ask.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Characters of a tag's value that Elasticsearch and OpenSearch read as part of a regular expression.
const LUCENE: &str = r#".*+?|()[]{}"\#@&<>~"#;

/// How a dialect's answers are read.
type Decode = fn(&[u8]) -> Result<Decoded, Malformed>;

/// The API in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// `/api/traces`: a search needs a service.
    V1,
    /// `/api/v3/traces`.
    V3,
}

impl Dialect {
    fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V3 => "v3",
        }
    }
}

/// A Jaeger at some address.
pub(crate) struct Jaeger<'a> {
    transport: &'a Transport,
    endpoint: &'a Endpoint,
    api: JaegerApi,
    connection: OnceCell<Connection>,
}

/// What a Jaeger said of itself.
struct Connection {
    dialect: Dialect,
    /// Whether a search without a service may be tried.
    searches_all_services: bool,
    /// The services it knows, sorted.
    services: Vec<String>,
}

impl<'a> Jaeger<'a> {
    /// Sends nothing yet.
    pub(crate) fn new(transport: &'a Transport, endpoint: &'a Endpoint, api: JaegerApi) -> Self {
        Self { transport, endpoint, api, connection: OnceCell::new() }
    }

    /// `/api/services` with JSON means v1, else `/api/v3/services`. Where `/api/v3/trace-summaries` exists, v3 filters by
    /// attribute without a service and is preferred.
    async fn find_api(&self) -> Result<Connection, Failure> {
        let (transport, endpoint) = (self.transport, self.endpoint);
        let new = |dialect, searches_all_services, services| Connection { dialect, searches_all_services, services };
        match self.api {
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

    fn dialect(&self) -> Dialect {
        self.connection.get().map_or(Dialect::V1, |connection| connection.dialect)
    }

    async fn ask(&self, request: &Request) -> Result<Option<Decoded>, Failure> {
        let answer = self.transport.fetch(self.endpoint, request).await.map_err(recognized)?;
        let address = display_url(&self.endpoint.url);
        let (answer, decode): (_, Decode) = match self.dialect() {
            Dialect::V1 if answer.status == 404 && v1::says(&answer).is_some() => return Ok(None),
            Dialect::V3 if v3::is_nothing(&answer) || answer.is_success() && answer.body.is_empty() => return Ok(None),
            Dialect::V1 => (answer.checked(&address, v1::says).map_err(recognized)?, jaeger_json::traces),
            Dialect::V3 => (answer.checked(&address, v3::says).map_err(recognized)?, otlp_json::decode),
        };
        self.transport.decode(self.endpoint, answer, decode).await.map(Some)
    }
}

#[async_trait(?Send)]
impl SpanSource for Jaeger<'_> {
    fn backend(&self) -> Source {
        Source::Jaeger
    }

    async fn connect(&self) -> Result<(), Failure> {
        let connection = self.find_api().await?;
        let _ = self.connection.set(connection);
        Ok(())
    }

    fn services(&self) -> &[String] {
        self.connection.get().map_or(&[], |connection| &connection.services)
    }

    fn api(&self) -> &'static str {
        self.dialect().as_str()
    }

    fn search_path(&self) -> &'static str {
        match self.dialect() {
            Dialect::V1 => "/api/traces",
            Dialect::V3 => "/api/v3/traces",
        }
    }

    fn searches_all_services(&self) -> bool {
        self.connection.get().is_some_and(|connection| connection.searches_all_services)
    }

    /// Instrumentations record request headers as lists, which Jaeger stores as their JSON text.
    fn tag_value(&self, key: &str, value: &str) -> String {
        let is_list = key.starts_with("http.request.header.");
        if is_list { serde_json::json!([value]).to_string() } else { value.to_owned() }
    }

    fn escaped_value(&self, value: &str) -> Option<String> {
        let escape = |c| LUCENE.contains(c).then_some('\\').into_iter().chain([c]);
        value.contains(|c| LUCENE.contains(c)).then(|| value.chars().flat_map(escape).collect())
    }

    fn is_clock_adjusted(&self, span: &Span) -> bool {
        span.warnings.iter().any(|warning| warning.contains("timestamps were adjusted"))
    }

    async fn search(&self, search: &TraceSearch<'_>, service: Option<&str>) -> Result<Decoded, Failure> {
        match self.dialect() {
            Dialect::V1 => self.ask(&v1::search(search, service.unwrap_or_default())).await,
            Dialect::V3 => self.ask(&v3::search(search, service)).await,
        }
        .map(Option::unwrap_or_default)
    }

    async fn trace(&self, id: TraceId, times: Times) -> Result<Option<Decoded>, Failure> {
        let found = match self.dialect() {
            Dialect::V1 => self.ask(&v1::trace(id, times)).await,
            Dialect::V3 => self.ask(&v3::trace(id, times)).await,
        }?;
        Ok(found.filter(|decoded| !decoded.spans.is_empty()))
    }

    async fn operations(&self, service: &str) -> Result<BTreeSet<Operation>, Failure> {
        let (endpoint, address) = (self.endpoint, display_url(&self.endpoint.url));
        match self.dialect() {
            Dialect::V1 => {
                let answer =
                    self.transport.fetch(endpoint, &v1::operations(service)).await?.checked(&address, v1::says)?;
                self.transport.decode(endpoint, answer, jaeger_json::operations).await
            }
            Dialect::V3 => {
                let answer =
                    self.transport.fetch(endpoint, &v3::operations(service)).await?.checked(&address, v3::says)?;
                self.transport.decode(endpoint, answer, otlp_json::operations).await
            }
        }
    }

    async fn dependencies(&self, window: Window) -> Result<Option<Vec<Dependency>>, Failure> {
        let answer = self.transport.fetch(self.endpoint, &v1::dependencies(window)).await?;
        if matches!(answer.status, 404 | 405 | 501) || answer.is_html() {
            return Ok(None);
        }
        let answer = answer.checked(&display_url(&self.endpoint.url), v1::says)?;
        self.transport.decode(self.endpoint, answer, jaeger_json::dependencies).await.map(Some)
    }

    fn has_metrics_of(&self, window: Window) -> bool {
        service_metrics::is_askable(window)
    }

    async fn service_metrics(
        &self,
        metric: ServiceMetric,
        subject: ServiceMetricsSubject<'_>,
    ) -> Result<Option<Vec<Point>>, Failure> {
        service_metrics::fetch(self.transport, self.endpoint, metric, subject).await
    }

    /// From its page for people, which has it in a script.
    async fn version(&self) -> Result<(Option<String>, Option<Response>), Failure> {
        let answer = self.transport.fetch(self.endpoint, &Request::get(&["search"])).await?;
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        let version = page.split("\"gitVersion\":\"").nth(1).and_then(|rest| rest.split('"').next());
        Ok((version.filter(|v| !v.is_empty()).map(ToOwned::to_owned), Some(answer)))
    }
}

fn recognized(failure: Failure) -> Failure {
    failure.recognized(refusal)
}

/// What an error text of Jaeger's says is wrong with a search.
fn refusal(status: u16, text: &str) -> Option<Refusal> {
    const SERVICE: [&str; 4] =
        ["requires a service name", "service name is required", "'service' is required", "service name must"];
    let lower = text.to_lowercase();
    if text.contains("search depth must be") {
        Some(Refusal::TooManyTraces)
    } else if !matches!(status, 502..=504) && SERVICE.iter().any(|sign| lower.contains(sign)) {
        // A gateway in trouble may quote the request: that is not an answer of Jaeger's.
        Some(Refusal::ServiceRequired)
    } else {
        None
    }
}

async fn services_v1(transport: &Transport, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
    let address = display_url(&endpoint.url);
    let answer = transport.fetch(endpoint, &v1::services()).await?.checked(&address, v1::says)?;
    let both = |body: &[u8]| Ok((jaeger_json::error_text(body), jaeger_json::services(body)));
    let (said, services) = transport.decode(endpoint, answer, both).await?;
    if let Some(said) = said {
        return Err(Failure::new(FailureKind::Unreachable, format!("{address} failed: {said}")));
    }
    services.map(sorted).map_err(|error| malformed_answer(&address, &error))
}

async fn services_v3(transport: &Transport, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
    let address = display_url(&endpoint.url);
    let answer = transport.fetch(endpoint, &v3::services()).await?.checked(&address, v3::says)?;
    transport.decode(endpoint, answer, otlp_json::services).await.map(sorted)
}

/// Whether it can search without a service. A gateway that swallows what it does not know is not waited for.
async fn has_summaries(transport: &Transport, endpoint: &Endpoint) -> bool {
    let probe = tokio::time::timeout(PROBE_TIMEOUT, transport.fetch(endpoint, &v3::summaries_probe())).await;
    probe.is_ok_and(|probe| {
        probe.is_ok_and(|answer: Response| answer.status == 400 && !answer.is_html() && v3::says(&answer).is_some())
    })
}

fn sorted(mut services: Vec<String>) -> Vec<String> {
    services.sort_unstable();
    services.dedup();
    services
}
