//! What the transport decides and says, as far as it needs no wire.

use super::tests::{at, limits, run, status, transport};
use super::*;

fn reply(status: u16, retry_after: Option<u64>) -> Exchange {
    let answer = Response { status, date: None, after: Duration::ZERO, body: b"no".to_vec() };
    Exchange { answer, again: Again::after(status), retry_after: retry_after.map(Duration::from_secs) }
}

fn failed(kind: FailureKind, hung: bool) -> TransportError {
    TransportError { hung, ..TransportError::lasting(Failure::new(kind, "why")) }
}

#[test]
fn each_outcome_tells_how_well_a_backend_is_and_what_it_said_last() {
    let unreachable = FailureKind::Unreachable;
    let table = [
        (Ok(reply(200, None)), Health::Well, None),
        (Ok(reply(404, Some(1))), Health::Well, None),
        (Ok(reply(503, Some(1))), Health::Unknown, Some((unreachable, "HTTP 503"))),
        (Ok(reply(503, None)), Health::Ill, Some((unreachable, "HTTP 503"))),
        (Ok(reply(500, None)), Health::Ill, Some((unreachable, "HTTP 500"))),
        (Err(failed(unreachable, true)), Health::Hung, Some((unreachable, "why"))),
        (Err(failed(unreachable, false)), Health::Ill, Some((unreachable, "why"))),
        (Err(failed(FailureKind::Absent, false)), Health::Ill, Some((FailureKind::Absent, "why"))),
        (Err(failed(FailureKind::OutOfBounds, false)), Health::Unknown, Some((FailureKind::OutOfBounds, "why"))),
        (Err(failed(FailureKind::Interrupted, false)), Health::Unknown, Some((FailureKind::Interrupted, "why"))),
        (Err(failed(FailureKind::MustAct, false)), Health::Well, Some((FailureKind::MustAct, "why"))),
        (Err(failed(FailureKind::Malformed, false)), Health::Well, Some((FailureKind::Malformed, "why"))),
    ];
    for (row, (tried, wanted, last)) in table.into_iter().enumerate() {
        assert_eq!(health(&tried), wanted, "row {row}");
        assert_eq!(last_error(&tried), last.map(|(kind, said)| (kind, said.to_owned())), "row {row}");
    }
}

#[test]
fn a_fifth_of_the_time_is_kept_for_whoever_is_asked_last() {
    let transport = transport(Limits { total: Duration::from_secs(30), ..limits() });
    let left = |source| transport.deadline.get().duration_since(transport.deadline(source)).as_secs();
    let says = |source| transport.past_deadline(source).message;
    let usual = "not answered within --timeout 30.0 s";
    assert_eq!((left(Source::Loki), says(Source::Loki).as_str()), (0, usual));
    transport.keep_time_for(Source::Prometheus);
    assert_eq!((left(Source::Prometheus), says(Source::Prometheus).as_str()), (0, usual));
    let kept = "not answered within 24.0 s of --timeout 30.0 s; the rest is kept for prometheus";
    assert_eq!((left(Source::Loki), says(Source::Loki).as_str()), (6, kept));
    transport.keep_no_time();
    assert_eq!((left(Source::Loki), says(Source::Loki).as_str()), (0, usual));
}

#[test]
fn whoever_wants_to_be_left_alone_for_long_is_not_worth_a_longer_timeout() {
    let answer = reply(429, None).answer;
    for (minutes, hint) in [(4, "or raise --timeout"), (5, "or raise --timeout"), (6, "try again then")] {
        let failure =
            left_alone(&at("http://h/x"), &answer, Duration::from_mins(minutes), Tries { made: 1, pause: None });
        assert!(failure.message.starts_with("http://h/x asks to wait ") && failure.message.ends_with("(HTTP 429)"));
        assert!(failure.hint.ends_with(hint), "{minutes} min: {failure:?}");
    }
}

#[test]
fn the_places_at_an_origin_are_shared_out_and_never_none() {
    // How many share how many places; one's share.
    for (sharing, places, share) in [(1, 8, 8), (2, 8, 4), (3, 8, 2), (3, 2, 1), (0, 8, 8)] {
        let transport = transport(Limits { in_flight: places, ..limits() });
        let endpoint = Endpoint { backends_at_origin: sharing, ..at("http://h/x") };
        let free = |of| transport.gate(&endpoint, of).available_permits();
        assert_eq!((free(Some(Source::Loki)), free(None)), (share, places), "{sharing} at {places}");
    }
}

#[test]
fn what_was_asked_is_counted_and_kept() {
    let transport = transport(Limits { requests: 2, ..limits() });
    let (request, page) = (Request::get(&["x"]), Response { body: b"<p>".to_vec(), ..reply(200, None).answer });
    let failure = Failure::new(FailureKind::Absent, "gone");
    let begun = Some(Instant::now());
    let outcomes = [Ok(&reply(200, None).answer), Ok(&reply(404, None).answer), Ok(&page), Err(&failure)]
        .map(|outcome| outcome.cloned().map_err(Clone::clone));
    for outcome in &outcomes {
        transport.remember(Source::Loki, &request, begun, outcome.as_ref());
        // A replay counts its requests itself, and takes no time.
        transport.remember(Source::Jaeger, &request, None, outcome.as_ref());
    }
    let [made, replayed] = [Source::Loki, Source::Jaeger].map(|source| transport.tally(source));
    assert_eq!((made.requests, made.answers, replayed.requests, replayed.answers), (0, 1, 4, 1));
    assert_eq!((made.first, made.last.is_some()), (begun, true));
    assert_eq!((replayed.first, replayed.last), (None, None));
    assert!(transport.has_answered(Source::Loki) && !transport.has_answered(Source::Prometheus));
    let results: Vec<String> =
        transport.asked().into_iter().step_by(2).map(|asked| asked.outcome.to_string()).collect();
    assert_eq!(results, ["200 (2 bytes)", "404 (2 bytes)", "200 (3 bytes)", "gone"]);

    // Four were made: two more than were allowed, until five are.
    assert_eq!([(); 3].map(|()| transport.spend(Source::Loki).is_ok()), [true, true, false]);
    transport.allow_at_least(5);
    assert_eq!([(); 2].map(|()| transport.spend(Source::Loki).is_ok()), [true, false]);
}

/// Somebody holds every place: whoever comes to a backend that is left alone hears of it without one.
#[test]
fn an_open_breaker_answers_without_a_place() {
    let (transport, endpoint) = (transport(limits()), at("http://127.0.0.1:9"));
    for _ in 0..5 {
        let mut ticket = transport.admit(&endpoint).unwrap();
        (ticket.health, ticket.last) = (Health::Ill, Some((FailureKind::Unreachable, "HTTP 503".into())));
    }
    let gate = transport.gate(&endpoint, None);
    let _all = gate.try_acquire_many(8).unwrap();
    let asked = run(async {
        let within = Instant::now() + Duration::from_secs(2);
        timeout_at(within, transport.fetch(&endpoint, &Request::get(&["x"]))).await
    });
    let failure = asked.expect("at once").unwrap_err();
    assert!(failure.message.starts_with("not asked: loki failed 5 times in a row (last: HTTP 503)"), "{failure:?}");
    assert!(transport.interrupted().is_none());
}

#[test]
fn a_question_stands_in_the_address_or_in_the_body_and_no_answer_has_half_of_the_time() {
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
        assert_eq!(answer.text(), line);
    }
    let mute = super::tests::Server::new(|_, _, _| std::thread::sleep(Duration::from_secs(3)));
    let limits = Limits { total: Duration::from_secs(1), ..limits() };
    let failure = run(transport(limits).fetch(&at(&mute.url()), &Request::get(&["x"]))).unwrap_err();
    assert_eq!(failure.message, format!("{}: no answer within 500 ms", mute.url()));
}
