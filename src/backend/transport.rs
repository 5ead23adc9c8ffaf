//! The one place where HTTP happens: deadline, limits, redirects, body cap, budget, recording.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::backend::failure::{Failure, FailureKind};
use crate::backend::request::{Answer, Method, Request};
use crate::backend::tape::Tape;
use crate::backend::{Auth, Endpoint};
use crate::model::evidence::Source;
use crate::model::time::{Human, Timestamp};
use crate::stop::Stop;

/// Limits on one exchange, all inside the deadline of the whole command.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For everything that a command asks.
    pub total: Duration,
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Until the first byte of an answer.
    pub first_byte: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// Decoded bytes of one body.
    pub body: usize,
    /// Requests in all.
    pub requests: usize,
    /// Requests in flight at one origin.
    pub in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(30),
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(15),
            idle: Duration::from_secs(5),
            body: 256 << 20,
            requests: 500,
            in_flight: 8,
        }
    }
}

/// One request as it was made, for `-v` and `--show-queries`.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Of whom.
    pub source: Source,
    /// The request.
    pub request: Request,
    /// HTTP status, or why there is none.
    pub result: String,
    /// How long it took.
    pub elapsed: Duration,
}

/// What one backend was asked so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Requests.
    pub requests: usize,
    /// First request.
    pub first: Option<Instant>,
    /// Last answer.
    pub last: Option<Instant>,
    /// Answers with data.
    pub answers: usize,
}

/// Asks, and keeps count.
pub struct Transport {
    limits: Limits,
    begun: Instant,
    deadline: Instant,
    tape: Tape,
    clients: RefCell<HashMap<(bool, bool), reqwest::Client>>,
    gates: RefCell<HashMap<String, Arc<Semaphore>>>,
    tallies: RefCell<HashMap<Source, Tally>>,
    asked: RefCell<Vec<Asked>>,
    budget: Cell<usize>,
    stop: Stop,
}

impl Transport {
    /// Its deadline starts now.
    pub fn new(limits: Limits, tape: Tape, stop: Stop) -> Self {
        Self {
            limits,
            begun: Instant::now(),
            deadline: Instant::now() + limits.total,
            tape,
            clients: RefCell::default(),
            gates: RefCell::default(),
            tallies: RefCell::default(),
            asked: RefCell::default(),
            budget: Cell::new(limits.requests),
            stop,
        }
    }

    /// Raises the number of requests that may be made in all.
    pub fn allow_at_least(&self, requests: usize) {
        let made: usize = self.tallies.borrow().values().map(|t| t.requests).sum();
        self.budget.set(self.budget.get().max(requests.saturating_sub(made)));
    }

    /// What one backend was asked so far.
    pub fn tally(&self, source: Source) -> Tally {
        self.tallies.borrow().get(&source).copied().unwrap_or_default()
    }

    /// Whether it gave any data yet.
    pub fn has_answered(&self, source: Source) -> bool {
        self.tally(source).answers > 0
    }

    /// Every request so far, in the order of their answers.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// The recording, to be saved at the end.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// When no whole answer came; any HTTP status is an answer.
    pub async fn fetch(&self, endpoint: &Endpoint, request: &Request) -> Result<Answer, Failure> {
        let origin = endpoint.url.origin().ascii_serialization();
        let new = || Arc::new(Semaphore::new(self.limits.in_flight));
        let gate = self.gates.borrow_mut().entry(origin).or_insert_with(new).clone();
        let _place = gate.acquire().await;
        self.spend()?;
        let begun = Instant::now();
        let exchange = async {
            tokio::select! {
                biased;
                () = self.stop.asked() => Err(stopped()),
                answer = self.exchange(endpoint, request) => answer,
            }
        };
        let outcome = match self.tape.played(endpoint.source, request) {
            Some(outcome) => outcome,
            None => endpoint.mask.clean(exchange.await),
        };
        self.tape.keep(endpoint.source, request, &outcome);
        self.remember(endpoint.source, request, begun, &outcome);
        outcome
    }

    fn spend(&self) -> Result<(), Failure> {
        if self.stop.is_asked() {
            return Err(stopped());
        }
        if Instant::now() >= self.deadline {
            return Err(self.past_deadline());
        }
        match self.budget.get().checked_sub(1) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(Failure::new(FailureKind::OutOfBounds, "the bound on requests is reached")
                .hint("raise --max-requests, or name services and keys in the profile")),
        }
    }

    fn past_deadline(&self) -> Failure {
        Failure::new(FailureKind::Unreachable, format!("not answered within --timeout {}", human(self.limits.total)))
            .hint("raise --timeout, or narrow the time with --since")
    }

    fn remember(&self, source: Source, request: &Request, begun: Instant, outcome: &Result<Answer, Failure>) {
        // A replay takes no time: the same recording gives the same bytes.
        let is_replay = matches!(self.tape, Tape::Replaying(_));
        let now = if is_replay { begun } else { Instant::now() };
        let mut tallies = self.tallies.borrow_mut();
        let tally = tallies.entry(source).or_default();
        tally.requests += 1;
        tally.answers += usize::from(outcome.as_ref().is_ok_and(|a| a.is_success() && !a.is_page()));
        if !is_replay {
            tally.first = tally.first.or(Some(begun));
            tally.last = Some(now);
        }
        let result = match outcome {
            Ok(answer) => format!("{} ({} bytes)", answer.status, answer.body.len()),
            Err(failure) => failure.message.clone(),
        };
        self.asked.borrow_mut().push(Asked { source, request: request.clone(), result, elapsed: now - begun });
    }

    async fn exchange(&self, endpoint: &Endpoint, request: &Request) -> Result<Answer, Failure> {
        let address = shown(&endpoint.url);
        let client = self.client(&endpoint.url)?;
        let call = build(&client, endpoint, request)?;
        let explain = |e: &reqwest::Error| explain(&address, e, &self.limits);
        // No single answer may take more than half of the time: the others have theirs to come.
        let whole = self.deadline.min(Instant::now() + self.limits.total / 2);
        let first_byte = whole.min(Instant::now() + self.limits.first_byte.max(self.limits.total / 2));
        let mut response = match timeout_at(first_byte, client.execute(call)).await {
            Ok(response) => response.map_err(|e| explain(&e))?,
            Err(_) if first_byte == self.deadline => return Err(self.past_deadline()),
            Err(_) => return Err(too_late(&address, "no answer", self.limits.total / 2)),
        };
        let status = response.status().as_u16();
        let date = response.headers().get(DATE).and_then(|d| d.to_str().ok()).and_then(Timestamp::from_http_date);
        let after = self.begun.elapsed();
        let mut body = Vec::new();
        loop {
            let idle = whole.min(Instant::now() + self.limits.idle);
            match timeout_at(idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > self.limits.body => {
                    let most = self.limits.body >> 20;
                    return Err(Failure::new(
                        FailureKind::Malformed,
                        format!("{address} sent more than {most} MiB in one answer"),
                    ));
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(Answer { status, date, after, body }),
                Ok(Err(e)) => {
                    let Failure { kind, message, hint } = explain(&e);
                    return Err(Failure { kind, message: format!("{message} (after {} bytes)", body.len()), hint });
                }
                Err(_) if idle == self.deadline => return Err(self.past_deadline()),
                Err(_) if idle == whole => return Err(too_late(&address, "no whole answer", self.limits.total / 2)),
                Err(_) => return Err(too_late(&address, "the answer stalled", self.limits.idle)),
            }
        }
    }

    /// One client for each way of connecting: TLS roots are only loaded for https, and loopback never goes through a proxy.
    fn client(&self, url: &Url) -> Result<reqwest::Client, Failure> {
        let way = (url.scheme() == "https", is_loopback(url));
        if let Some(client) = self.clients.borrow().get(&way) {
            return Ok(client.clone());
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("trace/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.limits.connect)
            .referer(false)
            .redirect(Policy::custom(|attempt| {
                let stays = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
                if stays && attempt.previous().len() <= 3 { attempt.follow() } else { attempt.stop() }
            }));
        if !way.0 {
            builder = builder.tls_certs_only([]);
        }
        if way.1 {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|e| Failure::new(FailureKind::MustAct, format!("cannot set up HTTP: {}", deepest(&e))))?;
        self.clients.borrow_mut().insert(way, client.clone());
        Ok(client)
    }
}

fn stopped() -> Failure {
    Failure::new(FailureKind::OutOfBounds, "interrupted: not all of the answers had come")
}

/// An address as it may be shown: without user information and query.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// The base address with these path segments below it; a path of the base is kept.
pub fn joined(base: &Url, path: &[String]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

fn build(client: &reqwest::Client, endpoint: &Endpoint, request: &Request) -> Result<reqwest::Request, Failure> {
    let mut url = joined(&endpoint.url, &request.path);
    let mut call = match request.method {
        Method::Get => {
            if !request.parameters.is_empty() {
                url.set_query(Some(&request.encoded()));
            }
            client.get(url)
        }
        Method::PostForm => {
            client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(request.encoded())
        }
    };
    call = call.header(ACCEPT, "application/json");
    for (name, value) in &request.headers {
        call = call.header(*name, *value);
    }
    if let Some(tenant) = &endpoint.tenant {
        let name = if endpoint.source == Source::Jaeger { "x-tenant" } else { "x-scope-orgid" };
        call = call.header(name, tenant);
    }
    call = match &endpoint.auth {
        Auth::None => call,
        Auth::Missing(why) => {
            return Err(Failure::new(FailureKind::MustAct, format!("{} was not asked: {why}", shown(&endpoint.url))));
        }
        Auth::Basic { username, password } => call.basic_auth(username, Some(password.expose_secret())),
        Auth::Bearer(token) => call.bearer_auth(token.expose_secret()),
        Auth::Header { name, value } => {
            let unusable =
                || Failure::new(FailureKind::MustAct, format!("the header {name:?} of the profile cannot be sent"));
            let mut secret = HeaderValue::from_str(value.expose_secret()).map_err(|_| unusable())?;
            secret.set_sensitive(true);
            call.header(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, secret)
        }
    };
    call.build().map_err(|e| {
        Failure::new(FailureKind::MustAct, format!("cannot ask {}: {}", shown(&endpoint.url), deepest(&e)))
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn human(limit: Duration) -> Human {
    Human(i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX))
}

fn too_late(address: &str, what: &str, limit: Duration) -> Failure {
    Failure::new(FailureKind::Unreachable, format!("{address}: {what} within {}", human(limit)))
        .hint("the server is overloaded or stuck; one answer may take half of --timeout")
}

fn explain(address: &str, error: &reqwest::Error, limits: &Limits) -> Failure {
    let cause = deepest(error);
    let secure = address.starts_with("https:");
    let lower = cause.to_lowercase();
    if lower.contains("certificate") || lower.contains("tls") || lower.contains("handshake") {
        return Failure::new(FailureKind::MustAct, format!("{address}: TLS failed: {cause}"))
            .hint("check the certificate, the host name and the system's roots");
    }
    let is_lost = ["refused", "reset", "closed", "timed out", "dns", "lookup", "unreachable", "eof"];
    if secure && error.is_connect() && !error.is_timeout() && !is_lost.iter().any(|word| lower.contains(word)) {
        return Failure::new(FailureKind::MustAct, format!("{address}: TLS failed: {cause}"))
            .hint("does it speak https at all? check the scheme and the port");
    }
    if error.is_timeout() {
        return too_late(address, "no connection", limits.connect);
    }
    if error.is_connect() {
        return Failure::new(FailureKind::Absent, format!("cannot connect to {address}: {cause}"))
            .hint("is it running, and is this its address?");
    }
    Failure::new(FailureKind::Unreachable, format!("{address}: {cause}"))
}

/// The innermost cause of an error: the sentence that tells what really happened, and never an address with secrets.
fn deepest(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    if text.is_empty() { "the request failed".to_owned() } else { text.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_kept() {
        let table = [
            ("http://gw/select/jaeger", "http://gw/select/jaeger/api/traces"),
            ("http://gw/select/jaeger/", "http://gw/select/jaeger/api/traces"),
            ("http://gw", "http://gw/api/traces"),
        ];
        for (base, whole) in table {
            let url = joined(&Url::parse(base).unwrap(), &["api".into(), "traces".into()]);
            assert_eq!(url.as_str(), whole);
        }
        let odd = joined(&Url::parse("http://gw").unwrap(), &["api".into(), "../x/?#".into()]);
        assert_eq!(odd.as_str(), "http://gw/api/..%2Fx%2F%3F%23");
    }

    #[test]
    fn an_address_is_shown_without_what_is_secret() {
        let url = Url::parse("http://me:hunter2@host:1/x/?token=1#y").unwrap();
        assert_eq!(shown(&url), "http://host:1/x");
    }
}
