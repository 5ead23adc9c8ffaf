//! The transport against real sockets that misbehave.

use crate::model::action::Action;
use crate::model::advice::Advice;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use reqwest::dns::Resolve;
use tokio::time::Instant;
use url::Url;

use super::*;
use crate::model::evidence::BreakerState;
use crate::model::source::Source;
use crate::source::failure::{Failure, FailureKind};
use crate::source::recording::Recording;
use crate::source::server::auth::{Auth, Tls};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response};
use crate::stop::Stop;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// A server that runs a function for the n-th connection, from 0, once a request arrived.
pub(super) struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    pub(super) fn new(act: impl Fn(usize, &mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, requests, act) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)), Arc::new(act));
        let count = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (count, act) = (count.clone(), act.clone());
                thread::spawn(move || {
                    let mut stream = stream;
                    let head = read_head(&mut stream);
                    let n = count.fetch_add(1, Ordering::SeqCst);
                    act(n, &mut stream, &head);
                });
            }
        });
        Self { address, requests }
    }

    /// Answers each request with the next of these, and all further ones with the last.
    fn answering(answers: &[&str]) -> Self {
        let answers: Vec<Vec<u8>> = answers.iter().map(|a| a.as_bytes().to_vec()).collect();
        Self::new(move |n, stream, _| drop(stream.write_all(&answers[n.min(answers.len() - 1)])))
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

pub(super) fn at(url: &str) -> Endpoint {
    Endpoint {
        source: Source::Loki,
        url: Url::parse(url).unwrap(),
        url_from: "--loki-url".into(),
        configured: true,
        auth: Auth::Bearer("canary".to_owned().into()),
        mask: Arc::default(),
        tls: Tls::default(),
        backends_at_origin: 1,
        tenant: None,
    }
}

pub(super) fn limits() -> Limits {
    Limits {
        total: Duration::from_secs(8),
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(200),
        body: 1 << 20,
        requests: 5_000,
        ..Limits::default()
    }
}

pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub(super) fn transport(limits: Limits) -> Transport {
    Transport::new(limits, Recording::Off, Stop::default())
}

/// The outcome of one request after all checks, and how many requests the server received.
fn ask(server: &Server) -> (Result<Response, Failure>, usize) {
    let endpoint = at(&server.url());
    let outcome = run(async {
        let answer = transport(limits()).fetch(&endpoint, &Request::get(&["x"])).await?;
        answer.checked(&display_url(&endpoint.url), |_| None)
    });
    (outcome, server.requests())
}

pub(super) fn status(code: u16, extra: &str) -> String {
    format!("HTTP/1.1 {code} X\r\n{extra}Content-Length: 2\r\nConnection: close\r\n\r\nno")
}

#[test]
fn transient_errors_are_retried_and_permanent_ones_are_not() {
    let (s408, s429, s500, s501, s502, s503, s504) = (
        status(408, ""),
        status(429, "Retry-After: soon\r\n"),
        status(500, ""),
        status(501, ""),
        status(502, "Retry-After: -1\r\n"),
        status(503, ""),
        status(504, ""),
    );
    let dated = status(429, "Date: Wed, 21 Oct 2020 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2020 07:28:01 GMT\r\n");
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{}";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";
    // Answers, whether the request succeeds in the end, requests.
    let table: Vec<(Vec<&str>, bool, usize)> = vec![
        (vec![&s408, &s429, OK], true, 3),
        (vec![&s502, &s504, OK], true, 3),
        (vec![&s503, &s503, &s503, OK], false, 3),
        (vec![&s500, OK], true, 2),
        (vec![&s500, &s500, OK], false, 2),
        (vec![&s501, OK], false, 1),
        (vec![&dated, OK], true, 2),
        (vec!["", "", OK], true, 3),
        (vec![short, OK], true, 2),
        (vec![short, short, OK], false, 2),
        (vec![chunked, OK], true, 2),
    ];
    let cases: Vec<_> = table
        .into_iter()
        .map(|(answers, succeeds, count)| (Server::answering(&answers), answers, succeeds, count))
        .collect();
    for (server, answers, succeeds, count) in cases {
        let (outcome, requests) = ask(&server);
        assert_eq!((outcome.is_ok(), requests), (succeeds, count), "{answers:?} {outcome:?}");
    }
    for code in [400, 401, 403, 404, 405, 409, 413, 422] {
        let server = Server::answering(&[&status(code, ""), OK]);
        assert_eq!(ask(&server).1, 1, "{code}");
    }
}

#[test]
fn a_too_long_retry_after_is_not_waited_for() {
    let server = Server::answering(&[&status(429, "Retry-After: 86400\r\n")]);
    let (outcome, requests) = ask(&server);
    let failure = outcome.unwrap_err();
    assert_eq!((failure.kind, requests), (FailureKind::Unreachable, 1));
    assert!(
        failure.message.contains("asks to wait 24 h") || failure.message.contains("asks to wait 1 d"),
        "{failure:?}"
    );
    assert!(failure.actions.contains(&Action::Advise(Advice::AskAgainThen)), "{failure:?}");
}

#[test]
fn each_malformed_answer_has_its_message() {
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{lines}\r\n");
    let body = |lines: &str, body: &str| format!("{}{body}", head(lines));
    let flood = (0..10_000).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    let wide = format!("X-Wide: {}\r\n", "x".repeat(1 << 20));
    let big = "x".repeat((1 << 20) + 1);
    let table = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
            FailureKind::Malformed,
            "an empty answer",
        ),
        (
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned(),
            FailureKind::Malformed,
            "an empty answer (HTTP 204)",
        ),
        (
            "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_owned(),
            FailureKind::Malformed,
            "an empty answer (HTTP 304)",
        ),
        (body("Content-Encoding: br\r\n", "{}"), FailureKind::Malformed, "packed its answer as br"),
        (body("Content-Encoding: zstd\r\n", "{}"), FailureKind::Malformed, "packed its answer as zstd"),
        (body("Content-Encoding: gzip, gzip\r\n", "{}"), FailureKind::Malformed, "packed its answer as gzip,gzip"),
        (
            body("Content-Encoding: gzip\r\n", "{\"data\": 1, \"more\": 2}"),
            FailureKind::Malformed,
            "cannot be unpacked",
        ),
        (head(&flood), FailureKind::Malformed, "more headers than anyone reads"),
        (head(&wide), FailureKind::Malformed, "more headers than anyone reads"),
        ("{\"old\": true}\r\n\r\n".to_owned(), FailureKind::Malformed, "does not speak HTTP"),
        ("ICY 200 OK\r\n\r\nmusic".to_owned(), FailureKind::Malformed, "does not speak HTTP"),
        (body("", &big), FailureKind::LimitReached, "more than 1 MiB in one answer"),
        (
            body("Content-Length: 1000000000000000000\r\n", &big),
            FailureKind::LimitReached,
            "more than 1 MiB in one answer",
        ),
        (status(401, ""), FailureKind::ActionNeeded, "refuses access"),
        (status(407, ""), FailureKind::ActionNeeded, "the proxy before"),
        (
            status(302, "Location: http://u:canary@other.example/?t=canary\r\n"),
            FailureKind::ActionNeeded,
            "redirects to http://other.example, which",
        ),
        (status(302, "Location: http://[\r\n"), FailureKind::Malformed, "no address"),
        (status(302, "Location: /x\r\n"), FailureKind::Unreachable, "in a circle"),
    ];
    for (answer, kind, sentence) in table {
        let server = Server::answering(&[&answer]);
        let (outcome, requests) = ask(&server);
        let failure = outcome.unwrap_err();
        let start: String = answer.chars().take(120).collect();
        assert_eq!(failure.kind, kind, "{start:?} {failure:?}");
        assert!(failure.message.contains(sentence), "{start:?} {failure:?}");
        assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        assert_eq!(requests, if sentence == "in a circle" { 4 } else { 1 }, "{start:?}");
    }
}

#[test]
fn an_answer_that_stalls_or_is_too_slow_is_given_up() {
    let stalls = Server::new(|_, stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
        thread::sleep(Duration::from_secs(9));
    });
    let drips = Server::new(|_, stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    for (server, sentence) in [(stalls, "stalled"), (drips, "too slow")] {
        let (outcome, requests) = ask(&server);
        let failure = outcome.unwrap_err();
        assert!(failure.message.contains(sentence) && requests == 1, "{failure:?}");
    }
}

#[test]
fn only_the_beginning_of_an_error_answer_is_read() {
    let server = Server::new(|_, stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 50000000\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let endpoint = at(&server.url());
    let answer = run(async { transport(limits()).fetch(&endpoint, &Request::get(&["x"])).await }).unwrap();
    assert_eq!((answer.status, answer.body.len()), (404, 64 << 10));
}

#[test]
fn a_redirect_is_followed_with_the_parameters() {
    let server = Server::new(|n, stream, head| {
        let answer = match n {
            0 => status(307, "Location: /y?a=1\r\n"),
            1 => status(302, "Location: /z\r\n"),
            _ => {
                let body = head.lines().next().unwrap_or_default();
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            }
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let endpoint = at(&server.url());
    let form = Request::post(&["x"]).with("query", "up");
    let answer = run(async { transport(limits()).fetch(&endpoint, &form).await }).unwrap();
    assert_eq!(answer.excerpt(), "GET /z?query=up HTTP/1.1");
}

#[test]
fn connecting_to_a_default_address_is_not_retried() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut endpoint = at(&format!("http://{free}"));
    for (configured, requests) in [(false, 1), (true, 3)] {
        endpoint.configured = configured;
        let transport = transport(limits());
        let failure = run(transport.fetch(&endpoint, &Request::get(&["x"]))).unwrap_err();
        assert_eq!((failure.kind, transport.tally(Source::Loki).requests), (FailureKind::Absent, requests));
        assert!(failure.message.contains("refused"), "{failure:?}");
    }
}

/// This many requests, eight at a time.
fn many(transport: &Transport, endpoint: &Endpoint, n: usize) -> Vec<Result<Response, Failure>> {
    run(async {
        let ask = |n: usize| async move { transport.fetch(endpoint, &Request::get(&["x"]).with("n", n)).await };
        stream::iter(0..n).map(ask).buffered(8).collect().await
    })
}

#[test]
fn a_backend_that_always_fails_gets_few_requests() {
    let failing = Server::answering(&[&status(503, "")]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [failing.url(), format!("http://{free}")] {
        let (transport, endpoint) = (transport(limits()), at(&url));
        let started = std::time::Instant::now();
        let outcomes = many(&transport, &endpoint, 1_000);
        let requests = transport.tally(Source::Loki).requests;
        assert!(requests <= 1_202, "{requests} requests to {url}");
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
        let breaker = transport.breaker(&endpoint);
        assert_eq!((breaker.state, breaker.opened), (BreakerState::Open, 1), "{breaker:?}");
        let last = outcomes.last().unwrap().clone().unwrap_err().message;
        assert!(
            last.starts_with("not asked: loki failed 5 times in a row (last: ") && last.contains("within 5.00 s"),
            "{last}"
        );
        let started = std::time::Instant::now();
        let _ = many(&transport, &endpoint, 100);
        assert!(started.elapsed() < Duration::from_secs(1), "an open breaker answers at once");
        assert_eq!(transport.tally(Source::Loki).requests, requests);
    }
}

#[test]
fn a_backend_that_recovers_gets_requests_again() {
    let server = Server::new(|n, stream, _| {
        let _ = stream.write_all(if n < 8 { status(503, "") } else { OK.to_owned() }.as_bytes());
    });
    let (transport, endpoint) = (transport(Limits { open: Duration::from_millis(100), ..limits() }), at(&server.url()));
    while many(&transport, &endpoint, 3).iter().any(Result::is_err) || server.requests() < 12 {
        thread::sleep(Duration::from_millis(20));
        assert!(transport.shared.started.elapsed() < Duration::from_secs(7), "it never recovered");
    }
    let breaker = transport.breaker(&endpoint);
    assert_eq!((breaker.state, breaker.failures), (BreakerState::Closed, 0));
    assert!(breaker.opened >= 1, "{breaker:?}");
}

#[test]
fn a_stop_ends_waiting_and_sleeping_at_once() {
    let waits = Server::new(|_, _, _| thread::sleep(Duration::from_secs(9)));
    let sleeps = Server::answering(&[&status(503, "Retry-After: 5\r\n")]);
    for server in [waits, sleeps] {
        let stop = Stop::default();
        let transport = Transport::new(limits(), Recording::Off, stop.clone());
        let started = std::time::Instant::now();
        let failure = run(async {
            let endpoint = at(&server.url());
            let end = async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                stop.request();
            };
            let request = Request::get(&["x"]);
            tokio::join!(transport.fetch(&endpoint, &request), end).0
        });
        assert!(failure.unwrap_err().message.contains("interrupted"));
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn a_backend_that_hangs_leaves_slots_to_others_at_its_origin() {
    let server = Server::new(|_, stream, head| {
        if head.contains("/hangs") {
            thread::sleep(Duration::from_secs(9));
        }
        let _ = stream.write_all(OK.as_bytes());
    });
    let (loki, transport) = (Endpoint { backends_at_origin: 2, ..at(&server.url()) }, transport(limits()));
    let jaeger = Endpoint { source: Source::Jaeger, ..loki.clone() };
    run(async {
        let hangs = Request::get(&["hangs"]);
        let all = futures_util::future::join_all((0..20).map(|_| transport.fetch(&loki, &hangs)));
        tokio::select! {
            _ = all => panic!("it should hang"),
            answer = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                transport.fetch(&jaeger, &Request::get(&["x"])).await
            } => assert!(answer.is_ok(), "{answer:?}"),
        }
    });
    assert_eq!(transport.tally(Source::Loki).requests, 4);
}

/// A resolver that fails this many times, then succeeds.
struct FlakyResolver {
    failures: usize,
    message: &'static str,
    requests: Arc<AtomicUsize>,
}

impl Resolve for FlakyResolver {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let n = self.requests.fetch_add(1, Ordering::SeqCst);
        let outcome: Result<reqwest::dns::Addrs, Box<dyn std::error::Error + Send + Sync>> = if n < self.failures {
            Err(std::io::Error::other(format!("failed to lookup address information: {}", self.message)).into())
        } else {
            Ok(Box::new(std::iter::once(SocketAddr::from(([127, 0, 0, 1], 0)))))
        };
        Box::pin(async { outcome })
    }
}

#[test]
fn an_unknown_name_is_resolved_once_and_a_failing_resolver_is_retried() {
    let server = Server::answering(&[OK]);
    let port = server.address.port();
    for (failures, message, succeeds, requests) in [
        (9, "Name or service not known", false, 1),
        (9, "Temporary failure in name resolution", false, 3),
        (2, "Temporary failure in name resolution", true, 3),
    ] {
        let count = Arc::new(AtomicUsize::new(0));
        let resolver = FlakyResolver { failures, message, requests: count.clone() };
        let transport = transport(limits()).with_resolver(Arc::new(resolver));
        let outcome = run(transport.fetch(&at(&format!("http://loki.example:{port}")), &Request::get(&["x"])));
        assert_eq!((outcome.is_ok(), count.load(Ordering::SeqCst)), (succeeds, requests), "{outcome:?}");
        if let Err(failure) = outcome {
            assert!(failure.message.starts_with("cannot resolve loki.example: "), "{failure:?}");
        }
    }
}

/// Some requests fail and open the breaker while others hang.
#[test]
fn requests_that_wait_for_a_slot_fail_as_soon_as_the_breaker_opens() {
    let server = Server::new(|_, stream, head| {
        if head.contains("/hangs") {
            thread::sleep(Duration::from_secs(9));
        }
        let _ = stream.write_all(status(500, "").as_bytes());
    });
    let (transport, endpoint) = (transport(limits()), at(&server.url()));
    let (hangs, fails) = (Request::get(&["hangs"]), Request::get(&["fails"]));
    let started = std::time::Instant::now();
    run(async {
        let (transport, endpoint) = (&transport, &endpoint);
        let ask_all =
            |request, n| futures_util::future::join_all((0..n).map(move |_| transport.fetch(endpoint, request)));
        let (hanging, failing) = (ask_all(&hangs, 3), ask_all(&fails, 200));
        tokio::select! {
            biased;
            _ = hanging => panic!("they should hang"),
            answers = failing => {
                let refused = |answer: &&Result<Response, Failure>| {
                    answer.as_ref().is_err_and(|failure| !failure.was_sent && failure.message.starts_with("not asked"))
                };
                assert!(answers.iter().filter(refused).count() >= 180);
            }
        }
    });
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

/// The first address of the name swallows connections, the second one answers.
#[test]
fn the_second_address_of_a_name_is_tried_soon() {
    struct Both(Vec<SocketAddr>);
    impl Resolve for Both {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            let addresses: reqwest::dns::Addrs = Box::new(self.0.clone().into_iter());
            Box::pin(async { Ok(addresses) })
        }
    }
    let server = Server::answering(&[OK]);
    let hole = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
    // Needs IPv6.
    if hole.bind(&SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, server.address.port())).into()).is_err() {
        return;
    }
    hole.listen(0).unwrap();
    let silent = hole.local_addr().unwrap().as_socket().unwrap();
    let within = Duration::from_millis(200);
    let _queue: Vec<_> = (0..8).map_while(|_| TcpStream::connect_timeout(&silent, within).ok()).collect();
    let transport = transport(limits()).with_resolver(Arc::new(Both(vec![silent, server.address])));
    let started = std::time::Instant::now();
    let endpoint = at(&format!("http://loki.example:{}", server.address.port()));
    let answer = run(transport.fetch(&endpoint, &Request::get(&["x"])));
    assert!(answer.is_ok(), "{answer:?}");
    println!("two addresses: {:?}", started.elapsed());
    assert!(started.elapsed() >= Duration::from_millis(200), "the silent one was not tried first");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn decoding_a_long_answer_does_not_block_others() {
    let slow = || thread::sleep(Duration::from_secs(3));
    let started = Instant::now();
    let failure = run(async {
        let transport = transport(Limits { total: Duration::from_millis(300), ..limits() });
        let (decoded, other) = tokio::join!(transport.run_off_thread(10 << 20, slow), async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            started.elapsed()
        });
        assert!(other < Duration::from_millis(250), "{other:?}");
        assert_eq!(transport.shared.buffered.get(), 0);
        decoded.unwrap_err()
    });
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(failure.message, "the answer could not be read within --timeout 300 ms");

    let stop = Stop::default();
    let transport = Transport::new(limits(), Recording::Off, stop.clone());
    let failure = run(async {
        let (decoded, ()) = tokio::join!(transport.run_off_thread(10 << 20, slow), async { stop.request() });
        decoded.unwrap_err()
    });
    assert_eq!(failure.kind, FailureKind::Interrupted);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}
