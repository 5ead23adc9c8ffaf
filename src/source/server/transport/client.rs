//! HTTP clients: one for each way of connecting.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::Limits;
use super::error::deepest;
use super::names::System;
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::auth::Tls;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::transport::tls;

/// What makes a client fit for an address: TLS roots are only loaded for https, loopback never goes through a proxy, and
/// each backend may have certificates of its own.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    is_loopback: bool,
    tls: Option<Tls>,
}

/// The clients so far.
#[derive(Default)]
pub struct Clients {
    made: RefCell<HashMap<ClientKey, reqwest::Client>>,
    proxies: OnceCell<Matcher>,
    resolver: Option<Arc<dyn Resolve>>,
}

impl Clients {
    /// Names are looked up by this from now on.
    pub fn resolve_with(&mut self, resolver: Arc<dyn Resolve>) {
        self.resolver = Some(resolver);
    }

    /// The client that is fit for this address.
    pub fn get(&self, endpoint: &Endpoint, limits: &Limits) -> Result<reqwest::Client, Failure> {
        let is_secure = endpoint.url.scheme() == "https";
        let way = ClientKey { is_loopback: is_loopback(&endpoint.url), tls: is_secure.then(|| endpoint.tls.clone()) };
        if let Some(client) = self.made.borrow().get(&way) {
            return Ok(client.clone());
        }
        let client = self.make(&way, limits)?;
        self.made.borrow_mut().insert(way, client.clone());
        Ok(client)
    }

    fn make(&self, way: &ClientKey, limits: &Limits) -> Result<reqwest::Client, Failure> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("trace/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .referer(false)
            .retry(reqwest::retry::never())
            .redirect(Policy::none());
        builder = match &way.tls {
            Some(tls) => builder.tls_backend_preconfigured(tls::config(tls)?),
            None => builder.tls_certs_only([]),
        };
        if way.is_loopback {
            builder = builder.no_proxy();
        }
        builder = builder.dns_resolver(self.resolver.clone().unwrap_or_else(|| Arc::new(System)));
        builder.build().map_err(|e| Failure::new(FailureKind::MustAct, format!("cannot set up HTTP: {}", deepest(&e))))
    }

    /// The proxy that the environment puts before this address: its host and port, never who signs in there.
    pub fn proxy(&self, url: &Url) -> Option<String> {
        if is_loopback(url) {
            return None;
        }
        // The library's reading of the environment, so that both always agree.
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
    fn this_machine_has_many_names() {
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
        for (url, is_it) in table {
            let url = Url::parse(url).unwrap();
            assert_eq!(is_loopback(&url), is_it, "{url}");
            assert!(!is_it || Clients::default().proxy(&url).is_none(), "{url}: no proxy before ourselves");
        }
    }
}
