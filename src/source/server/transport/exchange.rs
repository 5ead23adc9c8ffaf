//! One try: the request on the wire, its redirects, and its answer read whole, within every limit.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use super::bounds::{Held, Rate, size};
use super::error::{RequestStage, TransportError, deepest, explain, too_late};
use super::lane::on_lane;
use super::redirect::{Hop, decide, is_redirect};
use super::retry::{Again, asked_for};
use super::{Transport, joined, shown};
use crate::model::evidence::Source;
use crate::model::time::{Human, Timestamp};
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::auth::Auth;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Method, Request, Response};

/// What is read of an answer that is a refusal: nobody reads more of it.
const REFUSAL: usize = 64 << 10;
/// Beside one answer as large as may be, this part of it is left to all others that are being read.
const BESIDE: usize = 8;
/// How a body begins that is packed with gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An answer, and whether and when the server may be asked again.
pub struct Exchange {
    /// The answer.
    pub answer: Response,
    /// Whether the status says that it may be different next time.
    pub again: Again,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// The clocks of one try.
#[derive(Clone, Copy)]
struct AttemptTimers {
    whole: Instant,
    deadline: Instant,
    half: Duration,
}

impl Transport {
    /// Asks once.
    pub(super) async fn exchange(&self, endpoint: &Endpoint, request: &Request) -> Result<Exchange, TransportError> {
        let client = self.common.clients.get(endpoint, &self.common.limits)?;
        // No single answer may take more than half of the time: the others have theirs to come.
        let half = self.common.limits.total / 2;
        let deadline = self.deadline(endpoint.source);
        let clocks = AttemptTimers { whole: deadline.min(Instant::now() + half), deadline, half };
        let mut hop = Hop { url: joined(&endpoint.url, &request.path), method: request.method };
        if request.method == Method::Get && !request.parameters.is_empty() {
            hop.url.set_query(Some(&request.encoded()));
        }
        let mut followed = 0;
        loop {
            let response = self.head(&client, endpoint, request, &hop, clocks).await?;
            let status = response.status().as_u16();
            if !is_redirect(status) {
                return self.reply(endpoint, response, clocks).await;
            }
            let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            hop = decide(&hop, status, location, followed, &request.encoded())?;
            followed += 1;
        }
    }

    /// Until the head of an answer is there.
    async fn head(
        &self,
        client: &reqwest::Client,
        endpoint: &Endpoint,
        request: &Request,
        hop: &Hop,
        clocks: AttemptTimers,
    ) -> Result<reqwest::Response, TransportError> {
        let address = shown(&endpoint.url);
        let call = build(client, endpoint, request, hop)?;
        match timeout_at(clocks.whole, on_lane(endpoint.source, client.execute(call))).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(e)) => Err(self.explained(endpoint, &e, RequestStage::Asking)),
            Err(_) if clocks.whole == clocks.deadline => Err(self.past_deadline(endpoint.source).into()),
            Err(_) => Err(too_late(&address, "no answer", clocks.half)),
        }
    }

    fn explained(&self, endpoint: &Endpoint, error: &reqwest::Error, stage: RequestStage) -> TransportError {
        let proxy = self.common.clients.proxy(&endpoint.url);
        explain(&shown(&endpoint.url), error, &self.common.limits, stage, proxy.as_deref())
    }

    async fn reply(
        &self,
        endpoint: &Endpoint,
        mut response: reqwest::Response,
        clocks: AttemptTimers,
    ) -> Result<Exchange, TransportError> {
        let status = response.status().as_u16();
        let text = |name| response.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
        let date = text(DATE).and_then(Timestamp::from_http_date);
        let retry_after = text(RETRY_AFTER).and_then(|text| asked_for(text, date));
        let after = self.common.begun.elapsed();
        // What was unpacked on the way has no such header any more.
        if let Some(coding) = text(CONTENT_ENCODING).filter(|c| !c.is_empty() && !c.eq_ignore_ascii_case("identity")) {
            let coding: String = coding.chars().filter(char::is_ascii_graphic).take(40).collect();
            let address = shown(&endpoint.url);
            let message = format!("{address} packed its answer as {coding}, which nobody asked for");
            return Err(Failure::new(FailureKind::Malformed, message).hint("does a proxy change the answers?").into());
        }
        let read = self.body(endpoint, &mut response, clocks).await;
        let body = match read {
            Ok(body) => body,
            // A refusal is one, even if it breaks off.
            Err((_, begun)) if !(200..300).contains(&status) => begun,
            Err((trouble, _)) => return Err(trouble),
        };
        if body.starts_with(&GZIP) && (200..300).contains(&status) {
            return Err(packed(endpoint).into());
        }
        Ok(Exchange { answer: Response { status, date, after, body }, again: Again::after(status), retry_after })
    }

    /// Reads a body; if that fails, tells why, with what had come.
    async fn body(
        &self,
        endpoint: &Endpoint,
        response: &mut reqwest::Response,
        clocks: AttemptTimers,
    ) -> Result<Vec<u8>, (TransportError, Vec<u8>)> {
        let address = shown(&endpoint.url);
        let is_refusal = !response.status().is_success();
        let mut held = Held::new(&self.common.held);
        let mut body = Vec::new();
        let mut rate = Rate::new(self.common.limits.idle);
        loop {
            let idle = clocks.whole.min(Instant::now() + self.common.limits.idle);
            let trouble = match timeout_at(idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) => match self.take(&address, &mut body, &chunk, &mut held) {
                    Ok(()) if is_refusal && body.len() >= REFUSAL => {
                        body.truncate(REFUSAL);
                        return Ok(body);
                    }
                    Ok(()) if rate.is_enough(chunk.len()) => continue,
                    Ok(()) => too_slow(&address, self.common.limits.idle),
                    Err(failure) => failure.into(),
                },
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(e)) => self.explained(endpoint, &e, RequestStage::Reading(body.len())),
                Err(_) if idle == clocks.deadline => self.past_deadline(endpoint.source).into(),
                Err(_) if idle == clocks.whole => too_late(&address, "no whole answer", clocks.half),
                Err(_) => stalled(&address, self.common.limits.idle),
            };
            return Err((trouble, body));
        }
    }

    /// Adds a piece, if it is not too much: for one answer, for all that are being read, or for this machine.
    fn take(&self, address: &str, body: &mut Vec<u8>, chunk: &[u8], held: &mut Held<'_>) -> Result<(), Failure> {
        let most = self.common.limits.body;
        let cap = |what: &str| {
            Failure::new(FailureKind::OutOfBounds, format!("{address} sent {what}"))
                .hint("raise --max-answer, or narrow the time")
        };
        if body.len() + chunk.len() > most {
            return Err(cap(&format!("more than {} in one answer", size(most))));
        }
        let most_at_once = most.saturating_add(most / BESIDE);
        if held.in_all() + chunk.len() > most_at_once {
            return Err(cap(&format!("more than {} in answers at once", size(most_at_once))));
        }
        if body.try_reserve(chunk.len()).is_err() {
            let message = format!("{address} sent more than there is memory for");
            return Err(Failure::new(FailureKind::OutOfBounds, message).hint("lower --max-answer, or narrow the time"));
        }
        held.add(chunk.len());
        body.extend_from_slice(chunk);
        Ok(())
    }
}

/// What was unpacked once, if it said that it was packed, and is packed still.
fn packed(endpoint: &Endpoint) -> Failure {
    let message =
        format!("{} sent gzip where JSON should be: packed twice, or without saying so", shown(&endpoint.url));
    Failure::new(FailureKind::Malformed, message).hint("does a proxy pack the answers once more?")
}

fn stalled(address: &str, idle: Duration) -> TransportError {
    let message = format!("{address}: the answer stalled: nothing came for {}", Human::from(idle));
    Failure::new(FailureKind::Unreachable, message).hint("the server is overloaded or stuck; see --idle-timeout").into()
}

fn too_slow(address: &str, idle: Duration) -> TransportError {
    let message = format!("{address}: the answer is too slow: less than 1 KiB/s for {}", Human::from(idle * 2));
    Failure::new(FailureKind::Unreachable, message).hint("the server is overloaded or stuck; see --idle-timeout").into()
}

fn build(
    client: &reqwest::Client,
    endpoint: &Endpoint,
    request: &Request,
    hop: &Hop,
) -> Result<reqwest::Request, Failure> {
    let mut call = match hop.method {
        Method::Get => client.get(hop.url.clone()),
        Method::PostForm => client
            .post(hop.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(request.encoded()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::recording::Recording;
    use crate::source::server::auth::Tls;
    use crate::source::server::transport::Limits;
    use crate::stop::Stop;

    #[test]
    fn a_piece_is_taken_unless_it_is_too_much_for_one_or_for_all() {
        let limits = Limits { body: 800, ..Limits::default() };
        // Bytes of this answer, of all the others, of the piece.
        let table = [
            (0, 0, 800, None),
            (0, 0, 801, Some("more than 800 bytes in one answer")),
            (799, 0, 1, None),
            (800, 0, 1, Some("more than 800 bytes in one answer")),
            (400, 400, 100, None),
            (400, 400, 101, Some("more than 900 bytes in answers at once")),
        ];
        for (own, others, more, refused) in table {
            let transport = Transport::new(limits, Recording::Off, Stop::default());
            let (mut body, mut theirs) = (vec![0; own], Held::new(&transport.common.held));
            theirs.add(others);
            let mut held = Held::new(&transport.common.held);
            held.add(own);
            let taken = transport.take("http://h", &mut body, &vec![1; more], &mut held);
            let came = if refused.is_none() { more } else { 0 };
            assert_eq!(taken.err().map(|failure| failure.message), refused.map(|what| format!("http://h sent {what}")));
            assert_eq!((body.len(), transport.common.held.get()), (own + came, own + others + came));
            drop(held);
            assert_eq!(transport.common.held.get(), others, "what was read is no longer held");
        }
    }

    #[test]
    fn a_request_carries_who_asks_and_what_for() {
        let endpoint = |source, auth, tenant: Option<&str>| Endpoint {
            source,
            url: url::Url::parse("http://h/base").unwrap(),
            url_from: String::new(),
            configured: true,
            auth,
            tls: Tls::default(),
            backends_at_origin: 1,
            mask: std::sync::Arc::default(),
            tenant: tenant.map(str::to_owned),
        };
        let built = |endpoint: &Endpoint, request: &Request| {
            let hop = Hop { url: endpoint.url.clone(), method: request.method };
            let client =
                crate::source::server::transport::Clients::default().get(endpoint, &Limits::default()).unwrap();
            build(&client, endpoint, request, &hop)
        };
        let own = |name: &str, value: &str| Auth::Header { name: name.into(), value: value.to_owned().into() };
        let basic = Auth::Basic { username: "Aladdin".into(), password: "open sesame".to_owned().into() };
        let bearer = Auth::Bearer("t0ken".to_owned().into());
        let (get, form) = (Request::get(&["x"]).header("x-more", "1"), Request::post(&["x"]).with("q", "a b"));
        let table = [
            (endpoint(Source::Loki, Auth::None, None), &get, "GET accept=application/json x-more=1 "),
            (endpoint(Source::Jaeger, Auth::None, Some("t")), &get, "GET accept=application/json x-more=1 x-tenant=t "),
            (
                endpoint(Source::Loki, bearer, Some("t")),
                &form,
                "POST accept=application/json authorization=SECRET content-type=application/x-www-form-urlencoded \
                 x-scope-orgid=t q=a+b",
            ),
            (endpoint(Source::Loki, basic, None), &get, "GET accept=application/json authorization=SECRET x-more=1 "),
            (
                endpoint(Source::Loki, own("X-Key", "k"), None),
                &get,
                "GET accept=application/json x-key=SECRET x-more=1 ",
            ),
        ];
        for (endpoint, request, wanted) in table {
            let call = built(&endpoint, request).unwrap();
            let value = |value: &HeaderValue| {
                if value.is_sensitive() { "SECRET".to_owned() } else { value.to_str().unwrap().to_owned() }
            };
            let mut headers: Vec<String> = call.headers().iter().map(|(n, v)| format!("{n}={}", value(v))).collect();
            headers.sort_unstable();
            let body = call.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
            let told = format!("{} {} {}", call.method(), headers.join(" "), String::from_utf8_lossy(body));
            assert_eq!(told, wanted);
        }
        for (auth, why) in [
            (Auth::Missing("no such file".into()), "http://h/base was not asked: no such file"),
            (own("X Key", "k"), "the header \"X Key\" of the profile cannot be sent"),
            (own("X-Key", "k\n"), "the header \"X-Key\" of the profile cannot be sent"),
        ] {
            let failure = built(&endpoint(Source::Loki, auth, None), &get).unwrap_err();
            assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::MustAct, why));
        }
    }
}
