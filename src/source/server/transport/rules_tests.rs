//! What the transport decides without sending a request.

use crate::model::action::{Action, Limit};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::breaker::Health;
use super::error::TransportError;
use super::fetch::{Attempts, health_of, last_error_of, retry_after_too_long};
use super::retry::Retry;
use super::send::Reply;
use super::tests::{at, limits, run, status, transport};
use super::*;
use crate::model::source::Source;
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response};

fn reply(status: u16, retry_after: Option<u64>) -> Reply {
    let response = Response { status, date: None, after: Duration::ZERO, body: b"no".to_vec() };
    Reply { response, retry: Retry::after_status(status), retry_after: retry_after.map(Duration::from_secs) }
}

fn error(kind: FailureKind) -> TransportError {
    TransportError::permanent(Failure::new(kind, "why"))
}

#[test]
fn each_outcome_determines_the_health_and_last_error_of_a_backend() {
    let unreachable = FailureKind::Unreachable;
    let table = [
        (Ok(reply(200, None)), Health::Healthy, None),
        (Ok(reply(404, Some(1))), Health::Healthy, None),
        (Ok(reply(503, Some(1))), Health::Unknown, Some((unreachable, "HTTP 503"))),
        (Ok(reply(503, None)), Health::Failing, Some((unreachable, "HTTP 503"))),
        (Ok(reply(500, None)), Health::Failing, Some((unreachable, "HTTP 500"))),
        (Err(TransportError { timed_out: true, ..error(unreachable) }), Health::TimedOut, Some((unreachable, "why"))),
        (Err(error(unreachable)), Health::Failing, Some((unreachable, "why"))),
        (Err(error(FailureKind::Absent)), Health::Failing, Some((FailureKind::Absent, "why"))),
        (Err(error(FailureKind::LimitReached)), Health::Unknown, Some((FailureKind::LimitReached, "why"))),
        (Err(error(FailureKind::Interrupted)), Health::Unknown, Some((FailureKind::Interrupted, "why"))),
        (Err(error(FailureKind::ActionNeeded)), Health::Healthy, Some((FailureKind::ActionNeeded, "why"))),
        (Err(error(FailureKind::Malformed)), Health::Healthy, Some((FailureKind::Malformed, "why"))),
    ];
    for (row, (outcome, health, last)) in table.into_iter().enumerate() {
        assert_eq!(health_of(&outcome), health, "row {row}");
        assert_eq!(last_error_of(&outcome), last.map(|(kind, message)| (kind, message.to_owned())), "row {row}");
    }
}

#[test]
fn a_fifth_of_the_time_is_reserved_for_the_backend_queried_last() {
    let transport = transport(Limits { total: Duration::from_secs(30), ..limits() });
    let left = |source| transport.deadline.get().duration_since(transport.deadline(source)).as_secs();
    let message = |source| transport.deadline_exceeded(source).message;
    let usual = "not answered within --timeout 30.0 s";
    assert_eq!((left(Source::Loki), message(Source::Loki).as_str()), (0, usual));
    transport.reserve_time_for(Source::Prometheus);
    assert_eq!((left(Source::Prometheus), message(Source::Prometheus).as_str()), (0, usual));
    let shortened = "not answered within 24.0 s of --timeout 30.0 s; the rest is kept for prometheus";
    assert_eq!((left(Source::Loki), message(Source::Loki).as_str()), (6, shortened));
    transport.release_reserved_time();
    assert_eq!((left(Source::Loki), message(Source::Loki).as_str()), (0, usual));
}

#[test]
fn a_long_retry_after_does_not_suggest_a_longer_timeout() {
    let response = reply(429, None).response;
    for (minutes, raises_timeout) in [(4, true), (5, true), (6, false)] {
        let attempts = Attempts { count: 1, last_retry_after: None };
        let failure = retry_after_too_long(&at("http://h/x"), &response, Duration::from_mins(minutes), attempts);
        assert!(failure.message.starts_with("http://h/x asks to wait ") && failure.message.ends_with("(HTTP 429)"));
        let raise = Action::Raise(Limit::Timeout);
        assert_eq!(failure.actions.contains(&raise), raises_timeout, "{minutes} min: {failure:?}");
    }
}

#[test]
fn slots_at_an_origin_are_shared_equally_and_at_least_one() {
    // Backends at the origin, slots there, slots of one backend.
    for (backends_at_origin, slots, share) in [(1, 8, 8), (2, 8, 4), (3, 8, 2), (3, 2, 1), (0, 8, 8)] {
        let transport = transport(Limits { in_flight: slots, ..limits() });
        let endpoint = Endpoint { backends_at_origin, ..at("http://h/x") };
        let free = (
            transport.backend_slots(&endpoint).available_permits(),
            transport.origin_slots(&endpoint).available_permits(),
        );
        assert_eq!(free, (share, slots), "{backends_at_origin} backends");
    }
}

#[test]
fn requests_are_counted_and_logged() {
    let transport = transport(Limits { requests: 2, ..limits() });
    let (request, page) = (Request::get(&["x"]), Response { body: b"<p>".to_vec(), ..reply(200, None).response });
    let failure = Failure::new(FailureKind::Absent, "gone");
    let started = Some(Instant::now());
    let outcomes = [Ok(&reply(200, None).response), Ok(&reply(404, None).response), Ok(&page), Err(&failure)]
        .map(|outcome| outcome.cloned().map_err(Clone::clone));
    for outcome in &outcomes {
        transport.log_outcome(Source::Loki, &request, started, outcome.as_ref());
        // A replay has no times, and its requests are counted here.
        transport.log_outcome(Source::Jaeger, &request, None, outcome.as_ref());
    }
    let [made, replayed] = [Source::Loki, Source::Jaeger].map(|source| transport.tally(source));
    assert_eq!((made.requests, made.answers, replayed.requests, replayed.answers), (0, 1, 4, 1));
    assert_eq!((made.first_request, made.last_answer.is_some()), (started, true));
    assert_eq!((replayed.first_request, replayed.last_answer), (None, None));
    assert!(transport.has_answered(Source::Loki) && !transport.has_answered(Source::Prometheus));
    let results: Vec<String> =
        transport.request_log().into_iter().step_by(2).map(|logged| logged.outcome.to_string()).collect();
    assert_eq!(results, ["200 (2 bytes)", "404 (2 bytes)", "200 (3 bytes)", "gone"]);

    // Four were made, two more than allowed; then five are allowed.
    assert_eq!([(); 3].map(|()| transport.spend_request(Source::Loki).is_ok()), [true, true, false]);
    transport.allow_at_least(5);
    assert_eq!([(); 2].map(|()| transport.spend_request(Source::Loki).is_ok()), [true, false]);
}

#[test]
fn an_open_breaker_fails_a_request_even_if_no_slot_is_free() {
    let (transport, endpoint) = (transport(limits()), at("http://127.0.0.1:9"));
    for _ in 0..5 {
        let mut admitted = transport.admit(&endpoint).unwrap();
        (admitted.health, admitted.last_error) = (Health::Failing, Some((FailureKind::Unreachable, "HTTP 503".into())));
    }
    let slots = transport.origin_slots(&endpoint);
    let _all = slots.try_acquire_many(8).unwrap();
    let outcome = run(async {
        let within = Instant::now() + Duration::from_secs(2);
        timeout_at(within, transport.fetch(&endpoint, &Request::get(&["x"]))).await
    });
    let failure = outcome.expect("at once").unwrap_err();
    assert!(failure.message.starts_with("not asked: loki failed 5 times in a row (last: HTTP 503)"), "{failure:?}");
    assert!(transport.interrupted().is_none());
}

#[test]
fn parameters_are_in_the_url_or_the_body_and_an_answer_has_half_of_the_time() {
    let echo = super::tests::Server::new(|_, stream, head| {
        let body = head.lines().next().unwrap_or_default();
        let answer = status(200, "").replace("Content-Length: 2", &format!("Content-Length: {}", body.len()));
        let _ = std::io::Write::write_all(stream, answer.replace("\r\n\r\nno", &format!("\r\n\r\n{body}")).as_bytes());
    });
    let table = [
        (Request::get(&["x"]), "GET /x HTTP/1.1"),
        (Request::get(&["x"]).with("q", "a b"), "GET /x?q=a+b HTTP/1.1"),
        (Request::post(&["x"]), "POST /x HTTP/1.1"),
        (Request::post(&["x"]).with("q", "a b"), "POST /x HTTP/1.1"),
    ];
    for (request, line) in table {
        let answer = run(transport(limits()).fetch(&at(&echo.url()), &request)).unwrap();
        assert_eq!(answer.excerpt(), line);
    }
    let silent = super::tests::Server::new(|_, _, _| std::thread::sleep(Duration::from_secs(3)));
    let limits = Limits { total: Duration::from_secs(1), ..limits() };
    let failure = run(transport(limits).fetch(&at(&silent.url()), &Request::get(&["x"]))).unwrap_err();
    assert_eq!(failure.message, format!("{}: no answer within 500 ms", silent.url()));
}
