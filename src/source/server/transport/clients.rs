//! HTTP clients: one for each kind of connection.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::dns::SystemResolver;
use super::error::root_cause;
use super::limits::Limits;
use super::tls;
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::auth::Tls;
use crate::source::server::endpoint::Endpoint;

/// What clients differ in: certificate authorities are loaded only for https, loopback addresses do not use a proxy, and
/// each backend may have its own certificates.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    is_loopback: bool,
    tls: Option<Tls>,
}

/// The clients made so far.
#[derive(Default)]
pub(super) struct HttpClients {
    by_key: RefCell<HashMap<ClientKey, reqwest::Client>>,
    proxies: OnceCell<Matcher>,
    resolver: Option<Arc<dyn Resolve>>,
}

impl HttpClients {
    #[cfg(test)]
    /// Resolves host names with this from now on.
    pub(super) fn set_resolver(&mut self, resolver: Arc<dyn Resolve>) {
        self.resolver = Some(resolver);
    }

    /// The client for an endpoint.
    pub(super) fn get(&self, endpoint: &Endpoint, limits: &Limits) -> Result<reqwest::Client, Failure> {
        let is_secure = endpoint.url.scheme() == "https";
        let key = ClientKey { is_loopback: is_loopback(&endpoint.url), tls: is_secure.then(|| endpoint.tls.clone()) };
        if let Some(client) = self.by_key.borrow().get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(&key, limits)?;
        self.by_key.borrow_mut().insert(key, client.clone());
        Ok(client)
    }

    fn build(&self, key: &ClientKey, limits: &Limits) -> Result<reqwest::Client, Failure> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("trace/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .referer(false)
            .retry(reqwest::retry::never())
            .redirect(Policy::none());
        builder = match &key.tls {
            Some(tls) => builder.tls_backend_preconfigured(tls::client_config(tls)?),
            None => builder.tls_certs_only([]),
        };
        if key.is_loopback {
            builder = builder.no_proxy();
        }
        builder = builder.dns_resolver(self.resolver.clone().unwrap_or_else(|| Arc::new(SystemResolver)));
        builder
            .build()
            .map_err(|e| Failure::new(FailureKind::ActionNeeded, format!("cannot set up HTTP: {}", root_cause(&e))))
    }

    /// The proxy that the environment sets for this address: scheme, host and port, without credentials.
    pub(super) fn proxy(&self, url: &Url) -> Option<String> {
        if is_loopback(url) {
            return None;
        }
        // The HTTP client's own parser, so that both agree.
        let proxies = self.proxies.get_or_init(Matcher::from_system);
        let proxy = proxies.intercept(&url.as_str().parse().ok()?)?;
        let uri = proxy.uri();
        let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host()?))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_use_no_proxy() {
        let table = [
            ("http://localhost:1", true),
            ("http://a.localhost", true),
            ("https://127.0.0.1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://notlocalhost", false),
            ("http://localhost.example", false),
            ("http://128.0.0.1", false),
            ("http://[::2]", false),
            ("data:x", false),
        ];
        for (url, expected) in table {
            let url = Url::parse(url).unwrap();
            assert_eq!(is_loopback(&url), expected, "{url}");
            assert!(!expected || HttpClients::default().proxy(&url).is_none(), "{url}");
        }
    }
}
