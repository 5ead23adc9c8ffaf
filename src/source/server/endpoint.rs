//! The address of a backend.

use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use crate::model::source::Source;
use crate::source::server::auth::{Auth, Tls};
use crate::source::server::mask::Mask;

/// A backend at an address, with all that a request to it needs.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The backend.
    pub source: Source,
    /// Its base address; a path is kept.
    pub url: Url,
    /// Where the address comes from, for people: `--jaeger-url`, `TRACE_JAEGER_URL`, a file with its line, `default`.
    pub url_from: String,
    /// Whether the address is configured; a default that does not answer has not failed.
    pub configured: bool,
    /// The credentials.
    pub auth: Auth,
    /// Certificates beyond the system's roots, and the client's own.
    pub tls: Tls,
    /// The number of backends at the same origin, this one included: they share its connections.
    pub backends_at_origin: usize,
    /// Masks every secret of this run in the answers.
    pub mask: Arc<Mask>,
    /// The tenant: `X-Scope-OrgID` for Loki and Prometheus, `x-tenant` for Jaeger.
    pub tenant: Option<String>,
}

#[cfg(test)]
impl Endpoint {
    /// A configured backend at this address that asks for no credentials.
    pub(crate) fn new(source: Source, url: Url) -> Self {
        Self {
            source,
            url,
            url_from: String::new(),
            configured: true,
            auth: Auth::None,
            tls: Tls::default(),
            backends_at_origin: 1,
            mask: Arc::default(),
            tenant: None,
        }
    }
}

/// The HTTP API of Jaeger to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JaegerApi {
    /// Whichever answers.
    #[default]
    Auto,
    /// `/api/traces`.
    V1,
    /// `/api/v3/traces`.
    V3,
}
