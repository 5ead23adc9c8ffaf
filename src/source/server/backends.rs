//! The backends of a session, and the source of each role.

use std::sync::Arc;

use secrecy::SecretString;

use crate::source::role::{LogSource, MetricSource, Role, SpanSource};
use crate::source::server::endpoint::{Endpoint, JaegerApi};
use crate::source::server::jaeger::Jaeger;
use crate::source::server::loki::Loki;
use crate::source::server::mask::Mask;
use crate::source::server::prometheus::Prometheus;
use crate::source::server::transport::Transport;

/// The backends of a session, one a role; none where `--without` excludes it.
#[derive(Clone, Debug)]
pub struct Backends {
    /// Where spans are.
    pub spans: Option<Endpoint>,
    /// Where log lines are.
    pub logs: Option<Endpoint>,
    /// Where metrics are.
    pub metrics: Option<Endpoint>,
    /// The Jaeger API to use.
    pub jaeger_api: JaegerApi,
    /// The streams to read, as a LogQL stream selector; found out from the labels in use where none.
    pub streams: Option<String>,
}

impl Backends {
    /// Gives every backend one mask of all secrets, those of these proxies' users included: a gateway's lines may repeat
    /// what another backend was sent.
    pub(crate) fn mask(&mut self, proxies: &[(String, SecretString)]) {
        let all = [&mut self.spans, &mut self.logs, &mut self.metrics];
        let mask = Arc::new(Mask::new(all.iter().filter_map(|one| one.as_ref()).map(|one| &one.auth), proxies));
        all.into_iter().flatten().for_each(|one| one.mask = Arc::clone(&mask));
    }

    /// The address of the backend with this role; none where it is left out.
    pub(crate) fn endpoint(&self, role: Role) -> Option<&Endpoint> {
        match role {
            Role::Spans => self.spans.as_ref(),
            Role::Logs => self.logs.as_ref(),
            Role::Metrics => self.metrics.as_ref(),
        }
    }

    /// The addresses of all backends that are not left out.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        Role::ALL.into_iter().filter_map(|role| self.endpoint(role))
    }

    /// The source of spans, not connected yet.
    pub(crate) fn span_source<'a>(&'a self, transport: &'a Transport) -> Option<Box<dyn SpanSource + 'a>> {
        let endpoint = self.spans.as_ref()?;
        Some(Box::new(Jaeger::new(transport, endpoint, self.jaeger_api)))
    }

    /// The source of log lines.
    pub(crate) fn log_source<'a>(&'a self, transport: &'a Transport) -> Option<Box<dyn LogSource + 'a>> {
        Some(Box::new(Loki::new(transport, self.logs.as_ref()?)))
    }

    /// The source of metrics.
    pub(crate) fn metric_source<'a>(&'a self, transport: &'a Transport) -> Option<Box<dyn MetricSource + 'a>> {
        Some(Box::new(Prometheus::new(transport, self.metrics.as_ref()?)))
    }
}
