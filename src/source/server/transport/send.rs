//! One try: the request on the wire, its redirects, and its answer read whole, within every limit.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use super::address::{display_url, join_path};
use super::backend_thread::on_backend_thread;
use super::body_limits::{BufferedBytes, RateCheck, format_size};
use super::error::{RequestStage, TransportError, answer_timeout, from_reqwest, root_cause};
use super::redirect::{RequestTarget, follow, is_redirect};
use super::retry::{Retry, parse_retry_after};
use super::state::Transport;
use crate::model::action::{Action, Limit};
use crate::model::advice::Advice;
use crate::model::source::Source;
use crate::model::time::{Human, Timestamp};
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::auth::Auth;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Method, Request, Response};

/// Bytes read of an error answer: messages show the beginning only.
const MAX_ERROR_BODY: usize = 64 << 10;
/// Beside one body of the largest size, all other bodies together may hold this part of it, as a divisor: ordinary answers
/// still fit, and memory stays bounded.
const OTHERS_PART: usize = 8;
/// The first bytes of a body packed with gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An answer, and whether and when the request may be sent again.
pub(super) struct Reply {
    pub(super) response: Response,
    /// Whether the status says that another attempt may succeed.
    pub(super) retry: Retry,
    /// How long the server asks to wait before that; none if it does not say.
    pub(super) retry_after: Option<Duration>,
}

/// The deadlines of one attempt.
#[derive(Clone, Copy)]
struct AttemptDeadlines {
    /// For the whole answer.
    answer: Instant,
    /// For all requests to this backend; never before `answer`.
    backend: Instant,
    /// The time for the whole answer, if the deadline of the backend is not earlier.
    limit: Duration,
}

impl Transport {
    /// Sends the request once, follows its redirects and reads the whole answer.
    pub(super) async fn send(&self, endpoint: &Endpoint, request: &Request) -> Result<Reply, TransportError> {
        let client = self.shared.clients.get(endpoint, &self.shared.limits)?;
        // At most half of the time for one answer: requests that depend on it need the rest.
        let limit = self.shared.limits.total / 2;
        let backend = self.deadline(endpoint.source);
        let deadlines = AttemptDeadlines { answer: backend.min(Instant::now() + limit), backend, limit };
        let mut target = RequestTarget { url: join_path(&endpoint.url, &request.path), method: request.method };
        if request.method == Method::Get && !request.parameters.is_empty() {
            target.url.set_query(Some(&request.encoded_parameters()));
        }
        let mut followed = 0;
        loop {
            let call = build_request(&client, endpoint, request, &target)?;
            let response = self.execute(&client, call, endpoint, deadlines).await?;
            let status = response.status().as_u16();
            if !is_redirect(status) {
                return self.read_reply(endpoint, response, deadlines).await;
            }
            let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            target = follow(&target, status, location, followed, &request.encoded_parameters())?;
            followed += 1;
        }
    }

    /// Sends the request and waits for the head of the answer.
    async fn execute(
        &self,
        client: &reqwest::Client,
        call: reqwest::Request,
        endpoint: &Endpoint,
        deadlines: AttemptDeadlines,
    ) -> Result<reqwest::Response, TransportError> {
        match timeout_at(deadlines.answer, on_backend_thread(endpoint.source, client.execute(call))).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(e)) => Err(self.explained(endpoint, &e, RequestStage::AwaitingResponse)),
            Err(_) if deadlines.answer == deadlines.backend => Err(self.deadline_exceeded(endpoint.source).into()),
            Err(_) => Err(answer_timeout(&display_url(&endpoint.url), "no answer", deadlines.limit)),
        }
    }

    fn explained(&self, endpoint: &Endpoint, error: &reqwest::Error, stage: RequestStage) -> TransportError {
        let proxy = self.shared.clients.proxy(&endpoint.url);
        from_reqwest(&display_url(&endpoint.url), error, &self.shared.limits, stage, proxy.as_deref())
    }

    async fn read_reply(
        &self,
        endpoint: &Endpoint,
        mut response: reqwest::Response,
        deadlines: AttemptDeadlines,
    ) -> Result<Reply, TransportError> {
        let status = response.status().as_u16();
        let text = |name| response.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
        let date = text(DATE).and_then(Timestamp::from_http_date);
        let retry_after = text(RETRY_AFTER).and_then(|text| parse_retry_after(text, date));
        let after = self.shared.started.elapsed();
        // The client removes this header from answers that it unpacks.
        if let Some(coding) = text(CONTENT_ENCODING).filter(|c| !c.is_empty() && !c.eq_ignore_ascii_case("identity")) {
            let coding: String = coding.chars().filter(char::is_ascii_graphic).take(40).collect();
            let address = display_url(&endpoint.url);
            let message = format!("{address} packed its answer as {coding}, which nobody asked for");
            return Err(Failure::new(FailureKind::Malformed, message)
                .with_actions(Advice::CheckProxyChangesAnswers)
                .into());
        }
        let body = match self.read_body(endpoint, &mut response, deadlines).await {
            Ok(body) => body,
            // An error answer says enough even if it breaks off.
            Err((_, partial)) if !(200..300).contains(&status) => partial,
            Err((error, _)) => return Err(error),
        };
        if body.starts_with(&GZIP) && (200..300).contains(&status) {
            return Err(still_packed(endpoint).into());
        }
        Ok(Reply { response: Response { status, date, after, body }, retry: Retry::after_status(status), retry_after })
    }

    /// Reads a body; an error comes with what had arrived before it.
    async fn read_body(
        &self,
        endpoint: &Endpoint,
        response: &mut reqwest::Response,
        deadlines: AttemptDeadlines,
    ) -> Result<Vec<u8>, (TransportError, Vec<u8>)> {
        let address = display_url(&endpoint.url);
        let is_error = !response.status().is_success();
        let mut buffered = BufferedBytes::new(&self.shared.buffered);
        let mut body = Vec::new();
        let mut rate = RateCheck::new(self.shared.limits.idle);
        loop {
            let idle = deadlines.answer.min(Instant::now() + self.shared.limits.idle);
            let error = match timeout_at(idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) => match self.append_chunk(&address, &mut body, &chunk, &mut buffered) {
                    Ok(()) if is_error && body.len() >= MAX_ERROR_BODY => {
                        body.truncate(MAX_ERROR_BODY);
                        return Ok(body);
                    }
                    Ok(()) if rate.is_fast_enough(chunk.len()) => continue,
                    Ok(()) => too_slow(&address, self.shared.limits.idle),
                    Err(failure) => failure.into(),
                },
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(e)) => self.explained(endpoint, &e, RequestStage::ReadingBody(body.len())),
                Err(_) if idle == deadlines.backend => self.deadline_exceeded(endpoint.source).into(),
                Err(_) if idle == deadlines.answer => answer_timeout(&address, "no whole answer", deadlines.limit),
                Err(_) => stalled(&address, self.shared.limits.idle),
            };
            return Err((error, body));
        }
    }

    /// Appends a piece to a body, unless that is too much for one body, for all that are being read, or for this machine.
    fn append_chunk(
        &self,
        address: &str,
        body: &mut Vec<u8>,
        chunk: &[u8],
        buffered: &mut BufferedBytes<'_>,
    ) -> Result<(), Failure> {
        let max = self.shared.limits.body;
        let exceeded = |what: &str| {
            Failure::new(FailureKind::LimitReached, format!("{address} sent {what}"))
                .with_actions([Action::Raise(Limit::Answer), Action::Narrow(vec![])])
        };
        if body.len() + chunk.len() > max {
            return Err(exceeded(&format!("more than {} in one answer", format_size(max))));
        }
        let max_at_once = max.saturating_add(max / OTHERS_PART);
        if buffered.total() + chunk.len() > max_at_once {
            return Err(exceeded(&format!("more than {} in answers at once", format_size(max_at_once))));
        }
        if body.try_reserve(chunk.len()).is_err() {
            let message = format!("{address} sent more than there is memory for");
            return Err(Failure::new(FailureKind::LimitReached, message)
                .with_actions([Action::Lower(Limit::Answer), Action::Narrow(vec![])]));
        }
        buffered.add(chunk.len());
        body.extend_from_slice(chunk);
        Ok(())
    }
}

/// The body is packed although it was unpacked as its header says.
fn still_packed(endpoint: &Endpoint) -> Failure {
    let message =
        format!("{} sent gzip where JSON should be: packed twice, or without saying so", display_url(&endpoint.url));
    Failure::new(FailureKind::Malformed, message).with_actions(Advice::CheckProxyCompressesTwice)
}

fn stalled(address: &str, idle: Duration) -> TransportError {
    let message = format!("{address}: the answer stalled: nothing came for {}", Human::from(idle));
    Failure::new(FailureKind::Unreachable, message).with_actions(Advice::CheckLoadWhileReading).into()
}

fn too_slow(address: &str, idle: Duration) -> TransportError {
    let message = format!("{address}: the answer is too slow: less than 1 KiB/s for {}", Human::from(idle * 2));
    Failure::new(FailureKind::Unreachable, message).with_actions(Advice::CheckLoadWhileReading).into()
}

fn build_request(
    client: &reqwest::Client,
    endpoint: &Endpoint,
    request: &Request,
    target: &RequestTarget,
) -> Result<reqwest::Request, Failure> {
    let mut call = match target.method {
        Method::Get => client.get(target.url.clone()),
        Method::PostForm => client
            .post(target.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(request.encoded_parameters()),
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
            return Err(Failure::new(
                FailureKind::ActionNeeded,
                format!("{} was not asked: {why}", display_url(&endpoint.url)),
            ));
        }
        Auth::Basic { username, password } => call.basic_auth(username, Some(password.expose_secret())),
        Auth::Bearer(token) => call.bearer_auth(token.expose_secret()),
        Auth::Header { name, value } => {
            let unusable = || {
                Failure::new(FailureKind::ActionNeeded, format!("the header {name:?} of the profile cannot be sent"))
            };
            let mut secret = HeaderValue::from_str(value.expose_secret()).map_err(|_| unusable())?;
            secret.set_sensitive(true);
            call.header(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, secret)
        }
    };
    call.build().map_err(|e| {
        Failure::new(
            FailureKind::ActionNeeded,
            format!("cannot ask {}: {}", display_url(&endpoint.url), root_cause(&e)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::recording::Recording;
    use crate::source::server::auth::Tls;
    use crate::source::server::transport::Limits;
    use crate::source::server::transport::clients::HttpClients;
    use crate::stop::Stop;

    #[test]
    fn a_piece_is_appended_unless_it_is_too_much_for_one_body_or_for_all() {
        let limits = Limits { body: 800, ..Limits::default() };
        // Bytes of this body, of all others, of the piece; the error.
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
            let (mut body, mut theirs) = (vec![0; own], BufferedBytes::new(&transport.shared.buffered));
            theirs.add(others);
            let mut buffered = BufferedBytes::new(&transport.shared.buffered);
            buffered.add(own);
            let appended = transport.append_chunk("http://h", &mut body, &vec![1; more], &mut buffered);
            let added = if refused.is_none() { more } else { 0 };
            assert_eq!(
                appended.err().map(|failure| failure.message),
                refused.map(|what| format!("http://h sent {what}"))
            );
            assert_eq!((body.len(), transport.shared.buffered.get()), (own + added, own + others + added));
            drop(buffered);
            assert_eq!(transport.shared.buffered.get(), others, "what was read is no longer counted");
        }
    }

    #[test]
    fn a_request_carries_credentials_tenant_and_parameters() {
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
            let target = RequestTarget { url: endpoint.url.clone(), method: request.method };
            let client = HttpClients::default().get(endpoint, &Limits::default()).unwrap();
            build_request(&client, endpoint, request, &target)
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
        for (endpoint, request, expected) in table {
            let call = built(&endpoint, request).unwrap();
            let value = |value: &HeaderValue| {
                if value.is_sensitive() { "SECRET".to_owned() } else { value.to_str().unwrap().to_owned() }
            };
            let mut headers: Vec<String> = call.headers().iter().map(|(n, v)| format!("{n}={}", value(v))).collect();
            headers.sort_unstable();
            let body = call.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
            let sent = format!("{} {} {}", call.method(), headers.join(" "), String::from_utf8_lossy(body));
            assert_eq!(sent, expected);
        }
        for (auth, why) in [
            (Auth::Missing("no such file".into()), "http://h/base was not asked: no such file"),
            (own("X Key", "k"), "the header \"X Key\" of the profile cannot be sent"),
            (own("X-Key", "k\n"), "the header \"X-Key\" of the profile cannot be sent"),
        ] {
            let failure = built(&endpoint(Source::Loki, auth, None), &get).unwrap_err();
            assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::ActionNeeded, why));
        }
    }
}
