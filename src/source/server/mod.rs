//! The three backends: requests each can make, and the one transport they share.

pub mod jaeger;
pub mod loki;
pub mod mask;
pub mod prometheus;
pub mod request;
pub mod transport;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::model::evidence::Source;
use crate::source::server::mask::Mask;

/// How to prove who is asking. Prints as nothing that matters.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// User name and password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A bearer token.
    Bearer(SecretString),
    /// Some other header.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// It is known how, but the secret cannot be had: why. This backend is not asked, the others are.
    Missing(String),
}

/// Whom to trust beyond the system's roots, and who we are. Prints as nothing that matters.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Certificates of one's own authorities, in PEM.
    pub ca: Option<Vec<u8>>,
    /// Our own certificate.
    pub client: Option<ClientCertificate>,
}

/// A certificate that tells a server who is asking.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The chain, in PEM.
    pub certificate: Vec<u8>,
    /// Its private key, in PEM.
    pub key: SecretString,
}

impl Tls {
    fn identity(&self) -> [Option<&[u8]>; 3] {
        let client = self.client.as_ref();
        let key = client.map(|c| c.key.expose_secret().as_bytes());
        [self.ca.as_deref(), client.map(|c| c.certificate.as_slice()), key]
    }
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Tls {}

impl Hash for Tls {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The key belongs to the certificate: it need not be spread over hashes.
        (&self.ca, self.client.as_ref().map(|c| &c.certificate)).hash(state);
    }
}

/// Where a backend is, and how to speak to it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Which backend.
    pub source: Source,
    /// Its base address; a path is kept.
    pub url: Url,
    /// Where the address came from, for people: `--jaeger-url`, `TRACE_JAEGER_URL`, a file with its line, `default`.
    pub url_from: String,
    /// Whether somebody named the address; a default that does not answer is no failure.
    pub configured: bool,
    /// How to prove who is asking.
    pub auth: Auth,
    /// Whom to trust beyond the system's roots, and who we are.
    pub tls: Tls,
    /// How many backends are asked at the same origin, this one included: they divide the places there.
    pub backends_at_origin: usize,
    /// Takes every secret of this run out of what it answers.
    pub mask: Arc<Mask>,
    /// The tenant: `X-Scope-OrgID` for Loki and Prometheus, `x-tenant` for Jaeger.
    pub tenant: Option<String>,
}

/// Which of Jaeger's HTTP APIs to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JaegerApi {
    /// Whichever answers.
    #[default]
    Auto,
    /// `/api/traces`.
    V1,
    /// `/api/v3/traces`.
    V3,
}

/// Everything needed to ask. A backend left out on purpose is none.
#[derive(Clone, Debug)]
pub struct Backends {
    /// Spans.
    pub jaeger: Option<Endpoint>,
    /// Lines.
    pub loki: Option<Endpoint>,
    /// Metrics.
    pub prometheus: Option<Endpoint>,
    /// Which of Jaeger's APIs.
    pub jaeger_api: JaegerApi,
    /// The LogQL stream selector; found out where none is given.
    pub loki_selector: Option<String>,
}

impl Backends {
    /// Lets no secret of any of them, nor of these proxies' users, through what any of them answers: a gateway's lines
    /// may tell what another backend was sent.
    pub fn mask(&mut self, proxies: &[(String, SecretString)]) {
        let all = [&mut self.jaeger, &mut self.loki, &mut self.prometheus];
        let mask = Arc::new(Mask::new(all.iter().filter_map(|one| one.as_ref()).map(|one| &one.auth), proxies));
        all.into_iter().flatten().for_each(|one| one.mask = Arc::clone(&mask));
    }

    /// The backend of this kind, unless it is left out.
    pub fn get(&self, source: Source) -> Option<&Endpoint> {
        match source {
            Source::Jaeger => self.jaeger.as_ref(),
            Source::Loki => self.loki.as_ref(),
            Source::Prometheus => self.prometheus.as_ref(),
            Source::File | Source::Demo => None,
        }
    }
}
