//! Rows 20 to 46: answers that refuse, move, ask to wait or fail.

use std::sync::Arc;

use crate::fault::{Fault, Server, Turn, first, http, json, says};
use crate::fault_health;
use crate::row::{Jaeger, Loki, Place, Prometheus, Row, Who, all, data, placed};

const PLAIN: &str = "content-type: text/plain; charset=utf-8\r\n";
const PAGE: &str = "content-type: text/html\r\n";

pub fn rows() -> Vec<Row> {
    let mut rows = redirects();
    rows.extend(refusals());
    rows.extend(waits());
    rows.extend(failures());
    rows
}

/// Sends every request on to below `/moved`, where the answers are.
fn moves(status: u16) -> Fault {
    Arc::new(move |asked, line| {
        if asked.path.starts_with("/moved") {
            return Turn::Well;
        }
        let to = asked.line.split(' ').nth(1).unwrap_or_default();
        line.send(&http(status, &format!("location: /moved{to}\r\n"), b""));
        Turn::Keep
    })
}

fn moved_to(location: impl std::fmt::Display) -> Fault {
    let headers = format!("location: {location}\r\n");
    let whole = http(302, &headers, b"");
    Arc::new(move |_, line| if line.send(&whole) { Turn::Keep } else { Turn::Close })
}

fn redirects() -> Vec<Row> {
    let health: crate::fault::Health = |asked| {
        let path = asked.path.trim_start_matches("/moved").to_owned();
        fault_health::jaeger(&crate::fault::Asked { path, line: asked.line.clone(), before: 0 })
    };
    let stay = [301, 302, 307, 308].map(|status| {
        placed(format!("21 {status} within the origin"), Jaeger, move || {
            Place::At(Server::start(health, moves(status), |_| true))
        })
        .code(0)
    });
    // Wherever it points to and a listener can be, one listens and counts.
    let other = |at: &str| Server::silent_at(at).map(Arc::new);
    let (host, port) = (other("127.0.0.2:0"), other("127.0.0.1:0"));
    let to = |scheme: &str, server: &Option<Arc<Server>>| {
        let place = server.as_ref().map_or("127.0.0.2:9".to_owned(), |server| server.address.to_string());
        format!("{scheme}://{place}/elsewhere")
    };
    let away = [
        ("22 to another host", to("http", &host), host.clone()),
        ("23 to another port", to("http", &port), port.clone()),
        ("23 to another scheme", to("https", &port), port.clone()),
        ("25 to a file", "file:///etc/passwd".to_owned(), None),
        ("25 to ftp", to("ftp", &port), port),
        ("25 to data", "data:application/json,{}".to_owned(), None),
        ("25 to the cloud's own address", "http://169.254.169.254/latest/meta-data".to_owned(), None),
    ];
    let away = away.into_iter().zip(Who::ALL.into_iter().cycle());
    let away = away.map(|((name, to, unasked), who)| {
        let mut row = all(name, who, moved_to(to)).code(4).says(&["redirect"]);
        row.unasked = unasked;
        row.env = vec![("TRACE_JAEGER_TOKEN", "hunter2".into()), ("TRACE_LOKI_TOKEN", "hunter2".into())];
        row.never(&["hunter2"])
    });
    let mut rows: Vec<Row> = stay.into_iter().chain(away).collect();
    rows.extend([
        all("24 in a circle", Jaeger, moved_to("/api/services")).says(&["redirect"]),
        all("26 nowhere", Jaeger, moved_to("http://[broken")).says(&["redirect"]),
        all("26 without a place", Loki, says(302, "", "")).says(&["redirect"]),
        all("26 with a password", Jaeger, moved_to("http://me:hunter2@127.0.0.2:9/")).code(4).never(&["hunter2"]),
    ]);
    rows
}

fn refusals() -> Vec<Row> {
    let v3 = || Place::At(Server::start(fault_health::jaeger_v3, json("{}"), |_| false));
    let no_traces = || {
        let nothing = says(404, PLAIN, r#"{"error":{"httpCode":404,"message":"No traces found"}}"#);
        Place::At(Server::start(fault_health::jaeger_v3, nothing, |asked| asked.path.contains("/v3/traces")))
    };
    let with_escapes = "parse error at line 1, col 25: \u{1b}[31mliteral\u{202e} not terminated\u{0}";
    let long = "x".repeat(100_000);
    vec![
        all("20 204", Prometheus, says(204, "", "")).says(&["204"]),
        all("20 204", Jaeger, says(204, "", "")).says(&["204"]),
        all("20 304", Loki, says(304, "", "")).says(&["304"]),
        all("27 400 with plain text", Loki, says(400, PLAIN, with_escapes))
            .says(&["parse error at line 1", "not terminated"]),
        data("27 400 at length", Jaeger, says(400, PLAIN, long)).says(&["xxx", "…"]),
        all("28 401", Jaeger, says(401, PLAIN, "who are you?")).code(4).says(&["who are you?", "credentials"]),
        all("28 401", Prometheus, says(401, PLAIN, "who are you?")).code(4).says(&["who are you?", "credentials"]),
        data("28 401 for data alone", Prometheus, says(401, PLAIN, "who are you?")).code(4).says(&["who are you?"]),
        all("29 401 without a tenant", Loki, says(401, PLAIN, "no org id")).code(4).says(&["tenant"]),
        all("30 403", Loki, says(403, PLAIN, "no")).code(4).says(&["403"]),
        placed("31 v1 is gone", Jaeger, v3).code(0),
        placed("32 v3 has no traces", Jaeger, no_traces).code(0).without_own(),
        all("33 404", Jaeger, says(404, PLAIN, "nothing here")).code(4).says(&["no such api"]),
        all("33 404", Loki, says(404, PAGE, "<html>nothing here</html>")).code(4).says(&["no such api"]),
        all("33 404", Prometheus, says(404, PLAIN, "nothing here")).code(4).says(&["no such api"]),
        all("34 405", Prometheus, says(405, PLAIN, "GET alone")).says(&["405"]),
        all("34 501", Jaeger, says(501, PLAIN, "not yet")).says(&["501", "not yet"]),
        all("36 413", Loki, says(413, PLAIN, "too large")).says(&["query is too long"]),
        all("36 414", Jaeger, says(414, PAGE, "<html>too long</html>")).says(&["query is too long"]),
        all(
            "37 422",
            Prometheus,
            says(422, "", r#"{"status":"error","errorType":"execution","error":"found duplicate series"}"#),
        )
        .says(&["found duplicate series"]),
    ]
}

fn waits() -> Vec<Row> {
    let date_ahead: Fault = first(
        1,
        Arc::new(|_, line| {
            let date = |seconds| {
                let theirs = chrono::Utc::now() + chrono::TimeDelta::seconds(seconds);
                theirs.format("%a, %d %b %Y %H:%M:%S GMT")
            };
            // Its clock is an hour ahead of ours.
            let times = format!("date: {}\r\nretry-after: {}\r\n", date(3600), date(3602));
            line.send(&http(429, &times, b"slow down"));
            Turn::Keep
        }),
    );
    let senseless = |wait: &'static str| first(1, says(429, wait, ""));
    vec![
        all("35 408 once", Jaeger, first(1, says(408, "", ""))).code(0).again(1),
        all("38 429 with a second to wait", Loki, first(1, says(429, "retry-after: 1\r\n", "slow down")))
            .code(0)
            .again(1)
            .waits(1_000),
        all("39 429 with a date by another clock", Prometheus, date_ahead).code(0).again(1).waits(2_000),
        all("40 429 with a day to wait", Jaeger, says(429, "retry-after: 86400\r\n", "slow down"))
            .says(&["asks to wait", "429"])
            .requests(1, 3)
            .within(8),
        data("40 429 for ever", Loki, says(429, PLAIN, "slow down")).says(&["less often (http 429): slow down"]),
        data("40 429 for ever, with a second to wait", Prometheus, says(429, "retry-after: 1\r\n", "slow down"))
            .says(&["slow down; it was asked 3 times, the last time after the 1.00 s that it wanted"])
            .waits(2_000),
        all("41 429 with a wait of -1", Loki, senseless("retry-after: -1\r\n")).code(0).again(1),
        all("41 429 with a wait of soon", Jaeger, senseless("retry-after: soon\r\n")).code(0).again(1),
        all("41 429 with an absurd wait", Loki, senseless("retry-after: 1000000000000000000000000000000\r\n"))
            .code(0)
            .again(1),
    ]
}

fn failures() -> Vec<Row> {
    let body = vec![b'x'; 50 << 20];
    let huge = [b"<html>".as_slice(), &body].concat();
    let mut rows: Vec<Row> = [502, 503, 504]
        .into_iter()
        .zip(Who::ALL)
        .map(|(status, who)| {
            all(format!("43 {status} once"), who, first(1, says(status, "", "later"))).code(0).again(1)
        })
        .collect();
    rows.extend([
        all("42 500", Jaeger, says(500, PLAIN, "the storage is on fire")).says(&["on fire", "500"]).requests(1, 4),
        all("42 500", Prometheus, says(500, PLAIN, "the storage is on fire")).says(&["on fire", "500"]),
        all("42 503 for ever", Loki, says(503, PAGE, "<html>later</html>")).says(&["503"]).requests(3, 9),
        all("45 503 with 50 MB", Loki, says(503, PAGE, huge)).says(&["503"]).within(10),
        all(
            "46 200 with an error",
            Loki,
            json(r#"{"status":"error","errorType":"timeout","error":"too much at once"}"#),
        )
        .says(&["too much at once"]),
        all(
            "46 200 with an error",
            Prometheus,
            json(r#"{"status":"error","errorType":"timeout","error":"too much at once"}"#),
        )
        .says(&["too much at once"]),
        all("46 200 with an error", Jaeger, json(r#"{"data":null,"errors":[{"code":500,"msg":"too much at once"}]}"#))
            .says(&["too much at once"]),
    ]);
    rows
}
