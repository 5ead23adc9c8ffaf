//! What a client span calls, and whether a span of the other side can be expected at all.

use crate::analysis::journey::findings::known::Knowledge;
use crate::model::span::{Span, SpanKind};

/// Attributes that name a host.
const HOSTS: [&str; 7] = [
    "server.address",
    "net.peer.name",
    "http.host",
    "net.peer.ip",
    "peer.hostname",
    "peer.address",
    "network.peer.address",
];
/// Attributes that name a whole address.
const URLS: [&str; 3] = ["url.full", "http.url", "http.target_url"];
/// Beginnings of words that name something that stores or brokers, and makes no spans of ours.
const STORES: [&str; 40] = [
    "redis",
    "valkey",
    "postgres",
    "pgbouncer",
    "mysql",
    "mariadb",
    "mongo",
    "memcache",
    "elastic",
    "opensearch",
    "cassandra",
    "scylla",
    "sqlite",
    "sqlserver",
    "mssql",
    "oracle",
    "dynamo",
    "s3",
    "minio",
    "bigquery",
    "spanner",
    "firestore",
    "firebase",
    "cosmos",
    "couch",
    "neo4j",
    "clickhouse",
    "snowflake",
    "influx",
    "etcd",
    "consul",
    "zookeeper",
    "vault",
    "kafka",
    "rabbit",
    "amqp",
    "nats",
    "sqs",
    "sns",
    "pulsar",
];
/// Names of spans that are a step of a call, not a call.
const STEPS: [&str; 15] = [
    "dns",
    "dns.lookup",
    "lookup",
    "tcp",
    "tcp.connect",
    "connect",
    "net.connect",
    "tls",
    "tls.connect",
    "tls.handshake",
    "handshake",
    "http.getconn",
    "http.dns",
    "http.connect",
    "http.tls",
];
/// Last labels of host names that are not public.
const INTERNAL: [&str; 12] =
    ["local", "localhost", "internal", "svc", "lan", "corp", "home", "test", "intra", "intranet", "private", "docker"];

/// What a client span names as its other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// Whether the other side need not make a span of ours: a datastore, a broker, a public host, a server that answers a
    /// probe, the cache of a browser.
    pub(crate) is_silent: bool,
}

impl<'a> Remote<'a> {
    /// The other side of a client; none where none is named, or where the span is not a call.
    pub(crate) fn new(span: &'a Span, known: &Knowledge) -> Option<Self> {
        if span.kind != SpanKind::Client || is_step(span) {
            return None;
        }
        let host = span.attributes.text(&HOSTS).or_else(|| span.attributes.text(&URLS).and_then(host_of));
        // Some clients put the address into their name: `GET https://api.example.com/v1`.
        let host = host.or_else(|| span.name.split_whitespace().find(|word| word.contains("://")).and_then(host_of));
        let host = host.map(without_port);
        let name = span.peer().or(host).map(without_port)?;
        let is_foreign = [Some(name), host].into_iter().flatten().any(|n| known.is_external_host(n))
            || host.or(span.attributes.text(&["peer.service"])).is_some_and(is_public);
        let is_ours = known.served.contains(&(span.service().to_owned(), name.to_owned()));
        let is_silent = is_store(span, name) || is_probe(span) || span.is_from_browser() || is_foreign && !is_ours;
        Some(Self { name, is_silent })
    }
}

/// Whether it is a step of a call rather than a call.
pub(crate) fn is_step(span: &Span) -> bool {
    let name = span.name.to_ascii_lowercase();
    STEPS.contains(&name.as_str()) || span.attributes.get("dns.question.name").is_some()
}

/// Whether it is a health check or the like: most servers are configured to make no spans of those.
fn is_probe(span: &Span) -> bool {
    const PATHS: [&str; 9] =
        ["health", "healthz", "healthcheck", "livez", "readyz", "ready", "live", "metrics", "ping"];
    let path = span.attributes.text(&["url.path", "http.target", "http.route", "url.full", "http.url"]);
    let path = path.and_then(|path| path.split(['?', '#']).next()).unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit_once('/').map_or("", |(_, last)| last).to_ascii_lowercase();
    let method = span.attributes.text(&["rpc.service"]).unwrap_or(&span.name);
    PATHS.contains(&last.as_str()) || method.trim_start_matches('/').starts_with("grpc.health.")
}

/// Whether it looks something up that may be cached the next time, or caches it.
pub(crate) fn is_lookup(span: &Span) -> bool {
    const CACHES: [&str; 6] = ["redis", "valkey", "memcache", "cache", "hazelcast", "dragonfly"];
    const LOOKUPS: [&str; 9] = ["select", "get", "mget", "hget", "find", "findone", "query", "scan", "search"];
    let system = span.attributes.text(&["db.system.name", "db.system", "cache.system", "peer.service"]);
    let is_cache = system.is_some_and(|system| CACHES.iter().any(|cache| system.to_ascii_lowercase().contains(cache)));
    let operation = span.attributes.text(&["db.operation.name", "db.operation"]).unwrap_or(first_word(&span.name));
    is_store(span, "") && (is_cache || LOOKUPS.contains(&operation.to_ascii_lowercase().as_str()))
}

fn is_store(span: &Span, name: &str) -> bool {
    const KEYS: [&str; 8] = ["db.", "messaging.", "redis.", "memcached.", "cache.", "aws.s3", "aws.dynamodb", "sql."];
    let component = span.attributes.text(&["component", "otel.library.name"]).unwrap_or_default();
    span.attributes.iter().any(|(key, _)| KEYS.iter().any(|begins| key.starts_with(begins)))
        || [name, component, first_word(&span.name)].iter().any(|text| names_store(text))
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn names_store(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        ["db", "cache", "database", "sql"].contains(&word)
            || STORES.iter().any(|store| if store.len() < 4 { word == *store } else { word.starts_with(store) })
    })
}

/// `http://user@host:80/path` → `host:80`.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then_some(host)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && !name.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            name
        }
        _ => host,
    }
}

/// Whether a name is one of the public internet: with dots, and not under a label that only private networks have.
fn is_public(host: &str) -> bool {
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(v4) => {
                !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified())
            }
            std::net::IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
        };
    }
    let last = host.trim_end_matches('.').rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase());
    let is_cluster = host.contains(".svc.");
    last.is_some_and(|last| !INTERNAL.contains(&last.as_str()) && last.bytes().all(|b| b.is_ascii_alphabetic()))
        && !is_cluster
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn the_other_side_is_named_and_may_make_no_spans() {
        let known = Knowledge { served: [("a".into(), "ours.example.com".into())].into(), ..Knowledge::default() };
        let table = [
            ("net.peer.name=content_service", Some(("content_service", false))),
            ("http.url=http://u@shop:8001/v1?x=a/b", Some(("shop", false))),
            ("peer.service=shop db.system=frobnicate", Some(("shop", true))),
            ("peer.service=redis-cart", Some(("redis-cart", true))),
            ("peer.service=dispatch", Some(("dispatch", false))),
            ("server.address=api.stripe.com", Some(("api.stripe.com", true))),
            ("server.address=ours.example.com", Some(("ours.example.com", false))),
            ("server.address=pay.shop.svc.cluster.local", Some(("pay.shop.svc.cluster.local", false))),
            ("server.address=10.1.2.3:80", Some(("10.1.2.3", false))),
            ("server.address=8.8.8.8", Some(("8.8.8.8", true))),
            ("server.address=0.0.0.0", Some(("0.0.0.0", false))),
            ("server.address=169.254.7.7", Some(("169.254.7.7", false))),
            ("peer.service=s3-reports", Some(("s3-reports", true))),
            ("peer.service=s3x", Some(("s3x", false))),
            ("server.address=shop:http", Some(("shop:http", false))),
            ("server.address=[fd00::1]:80", Some(("[fd00::1]:80", false))),
            ("http.route=/x", None),
            ("peer.service=stripe", Some(("stripe", false))),
        ];
        for (attributes, wanted) in table {
            let journey = sketch::journey(&format!("a/call 0..1 client {attributes}"));
            let remote = Remote::new(&journey.spans[0], &known).map(|r| (r.name, r.is_silent));
            assert_eq!(remote, wanted, "{attributes}");
        }
        assert_eq!(Remote::new(&sketch::journey("a/tcp.connect 0..1 client server.address=x").spans[0], &known), None);
    }
}
