//! Prometheus, or whatever answers its API: instant and range queries, exemplars, alerts, rules.

use async_trait::async_trait;

use crate::model::metric::{ActiveAlert, Exemplar};
use crate::model::rule::Rule;
use crate::model::source::Source;
use crate::model::time::{Timestamp, Window};
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::{MetricSource, SeriesReply, step_seconds};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response};
use crate::source::server::transport::{Transport, display_url};
use crate::wire::prometheus_json::{self, PrometheusReply};
use crate::wire::{Malformed, prometheus_rules};

/// A Prometheus at some address.
pub(crate) struct Prometheus<'a> {
    transport: &'a Transport,
    endpoint: &'a Endpoint,
}

impl<'a> Prometheus<'a> {
    /// Nothing is asked yet.
    pub(crate) fn new(transport: &'a Transport, endpoint: &'a Endpoint) -> Self {
        Self { transport, endpoint }
    }

    async fn words(
        &self,
        request: Request,
        selectors: &[impl AsRef<str>],
        window: Window,
    ) -> Result<PrometheusReply<Vec<String>>, Failure> {
        let matched = selectors.iter().fold(request, |request, s| request.with("match[]", s.as_ref()));
        let timed = matched.with("start", window.from.seconds_text()).with("end", window.to.seconds_text());
        self.list(&timed, prometheus_json::values).await
    }

    fn refused(&self, error: &str) -> Failure {
        let address = display_url(&self.endpoint.url);
        Failure::new(FailureKind::Rejected, format!("{address} refused the question: {error}"))
    }

    async fn list<T: Default + Send + 'static>(
        &self,
        request: &Request,
        decode: impl Fn(&[u8]) -> Result<PrometheusReply<T>, Malformed> + Send + 'static,
    ) -> Result<PrometheusReply<T>, Failure> {
        let answer = self.ask(request).await?;
        let reply = self.transport.decode(self.endpoint, answer, decode).await?;
        match reply.error {
            Some(error) => Err(self.refused(&error)),
            None => Ok(reply),
        }
    }

    async fn series(&self, request: &Request) -> Result<SeriesReply, Failure> {
        let answer = self.ask(request).await?;
        let reply = self.transport.decode(self.endpoint, answer, prometheus_json::answer).await?;
        let data = reply.data.into_series();
        match reply.error {
            Some(error) if data.is_empty() => Err(self.refused(&error)),
            error => Ok(PrometheusReply {
                data,
                warnings: reply.warnings.into_iter().chain(error).collect(),
                infos: reply.infos,
                error: None,
                skipped: reply.skipped,
            }),
        }
    }

    async fn ask(&self, request: &Request) -> Result<Response, Failure> {
        self.transport
            .fetch(self.endpoint, request)
            .await?
            .checked(&display_url(&self.endpoint.url), |answer| prometheus_json::error_text(&answer.body))
    }
}

#[async_trait(?Send)]
impl MetricSource for Prometheus<'_> {
    fn backend(&self) -> Source {
        Source::Prometheus
    }

    async fn range(&self, query: &str, window: Window) -> Result<SeriesReply, Failure> {
        let request = Request::post(&["api", "v1", "query_range"])
            .with("query", query)
            .with("start", window.from.seconds_text())
            .with("end", window.to.seconds_text())
            .with("step", step_seconds(window));
        self.series(&request).await
    }

    async fn instant(&self, query: &str, at: Timestamp) -> Result<SeriesReply, Failure> {
        self.series(&Request::post(&["api", "v1", "query"]).with("query", query).with("time", at.seconds_text())).await
    }

    async fn names(&self, selectors: &[String], window: Window) -> Result<PrometheusReply<Vec<String>>, Failure> {
        self.words(Request::get(&["api", "v1", "label", "__name__", "values"]), selectors, window).await
    }

    async fn labels(&self, selector: &str, window: Window) -> Result<PrometheusReply<Vec<String>>, Failure> {
        self.words(Request::get(&["api", "v1", "labels"]), std::slice::from_ref(&selector), window).await
    }

    async fn exemplars(&self, window: Window) -> Result<PrometheusReply<Vec<Exemplar>>, Failure> {
        let request = Request::post(&["api", "v1", "query_exemplars"])
            .with("query", "{__name__=~\".+\"}")
            .with("start", window.from.seconds_text())
            .with("end", window.to.seconds_text());
        self.list(&request, prometheus_json::exemplars).await
    }

    async fn alerts(&self, now: Timestamp) -> Result<PrometheusReply<Vec<ActiveAlert>>, Failure> {
        let request = Request::get(&["api", "v1", "alerts"]);
        self.list(&request, move |bytes| prometheus_json::alerts(bytes, now)).await
    }

    async fn rules(&self) -> Result<PrometheusReply<Vec<Rule>>, Failure> {
        self.list(&Request::get(&["api", "v1", "rules"]), prometheus_rules::rules).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.series(&Request::post(&["api", "v1", "query"]).with("query", 1)).await.map(|_| ())
    }

    async fn version(&self) -> Result<(String, Response), Failure> {
        let answer = self.ask(&Request::get(&["api", "v1", "status", "buildinfo"])).await?;
        Ok((prometheus_json::version(&answer.body).unwrap_or_default(), answer))
    }
}
