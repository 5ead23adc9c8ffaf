//! Rows 1 to 13: connections that do not come, hang, drip and break. Rows 83 and 84: proxies and addresses.

use std::sync::Arc;
use std::time::Duration;

use crate::fault::{
    BlackHole, Fault, Server, Turn, drips, first, http, raw, refusing, resets_after, says, stalls_after,
};
use crate::row::{Jaeger, Loki, Place, Prometheus, Row, Who, all, placed};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const SHORT: [&str; 6] = ["--timeout", "4s", "--connect-timeout", "600ms", "--idle-timeout", "600ms"];

fn part_of(head: &[u8]) -> Vec<u8> {
    [head, b"{\"data\":[".as_slice()].concat()
}

fn chunk() -> Vec<u8> {
    [CHUNKED, b"9\r\n{\"data\":[\r\n".as_slice()].concat()
}

pub fn rows() -> Vec<Row> {
    let mut rows = missing();
    rows.extend(slow());
    rows.extend(broken());
    rows.extend(proxies());
    rows.extend(addresses());
    rows
}

fn missing() -> Vec<Row> {
    let mut rows: Vec<Row> = Who::ALL
        .into_iter()
        .map(|who| {
            placed("1 refused", who, || Place::Nowhere(format!("http://{}", refusing()))).says(&["connect", "refused"])
        })
        .collect();
    let unknown = |who: Who| {
        placed("2 no such name", who, move || Place::Nowhere(format!("http://{}.invalid:1", who.as_str())))
            .says(&[".invalid", "resolve"])
    };
    rows.extend([unknown(Jaeger), unknown(Prometheus)]);
    let hole = |who| placed("4 connections vanish", who, || Place::Hole(BlackHole::open())).args(&SHORT);
    rows.extend([hole(Jaeger), hole(Loki)].map(|row| row.says(&["connection", "within"])));
    rows
}

fn slow() -> Vec<Row> {
    let secure = || {
        let server = Server::silent();
        Place::Behind(format!("https://{}", server.address), server)
    };
    let rows = [
        all("5 accepts and says nothing", Jaeger, stalls_after("")),
        all("5 accepts and says nothing", Prometheus, stalls_after("")),
        placed("6 TLS stalls", Loki, secure),
        placed("6 TLS stalls", Jaeger, secure),
        all("7 headers, then nothing", Loki, stalls_after(HEAD)),
        all("7 part of a body, then nothing", Prometheus, stalls_after(part_of(HEAD))),
        all("8 a byte now and then", Jaeger, drips(CHUNKED, "1\r\n \r\n", Duration::from_millis(200))),
        all(
            "9 a little for ever",
            Loki,
            drips(CHUNKED, format!("400\r\n{}\r\n", " ".repeat(0x400)), Duration::from_millis(50)),
        ),
        all("9 headers for ever", Prometheus, drips(b"HTTP/1.1 200 OK\r\n", "x-a: b\r\n", Duration::from_millis(100))),
    ];
    rows.map(|row| {
        let said = if row.name.starts_with('7') {
            "stalled"
        } else if row.name.starts_with('8') {
            "too slow"
        } else {
            "within"
        };
        row.args(&SHORT).says(&[said])
    })
    .into()
}

fn broken() -> Vec<Row> {
    vec![
        all("10 reset once before a byte", Jaeger, first(1, resets_after(""))).code(0).again(1),
        all("10 reset once before a byte", Loki, first(1, resets_after(""))).code(0).again(1),
        all("10 reset always before a byte", Prometheus, resets_after("")).says(&["reset"]).requests(3, 9),
        all("10 closed before a byte", Jaeger, raw("")),
        all("11 reset in the body", Jaeger, resets_after(part_of(HEAD))).says(&["after 9 bytes"]),
        all("11 reset once in the body", Prometheus, first(1, resets_after(part_of(HEAD)))).code(0).again(1),
        all("12 a body shorter than its length", Loki, raw(part_of(HEAD))).says(&["after 9 bytes"]),
        all("13 no last chunk", Prometheus, raw(chunk())).says(&["after 9 bytes"]),
    ]
}

fn proxies() -> Vec<Row> {
    let far = |scheme: &'static str| move || Place::Nowhere(format!("{scheme}://payments.test:3100"));
    // It stays as long as its row may be run.
    let kept = |fault: Fault| Box::leak(Box::new(Server::start(Loki.health(), fault, |_| true)));
    let at = |fault: Fault| format!("http://me:hunter2@{}", kept(fault).address);
    let rows = [
        placed("83 the proxy refuses connections", Loki, far("http"))
            .env("HTTP_PROXY", format!("http://me:hunter2@{}", refusing()))
            .env("http_proxy", format!("http://me:hunter2@{}", refusing())),
        placed("83 the proxy wants a password", Loki, far("http"))
            .env("http_proxy", at(says(407, "proxy-authenticate: Basic realm=\"x\"\r\n", "hunter2?")))
            .code(4)
            .says(&["proxy", "407"]),
        placed("83 the proxy wants a password for a tunnel", Loki, far("https"))
            .env("https_proxy", at(says(407, "proxy-authenticate: Basic realm=\"x\"\r\n", "")))
            .code(4)
            .says(&["proxy"]),
        placed("83 the tunnel stalls", Loki, far("https")).env("https_proxy", at(stalls_after(""))).args(&SHORT),
        placed("83 NO_PROXY is heard", Loki, far("http"))
            .env("http_proxy", at(says(500, "", "the proxy was asked")))
            .env("no_proxy", ".test,10.0.0.0/8")
            .never(&["the proxy was asked"]),
    ];
    let mut rows: Vec<Row> = rows
        .into_iter()
        .map(|mut row| {
            row.never.push("hunter2");
            row
        })
        .collect();
    let well: Fault = Arc::new(|_, _| Turn::Well);
    rows.push(placed("83 a proxy that answers", Loki, far("http")).env("http_proxy", at(well.clone())).code(0));
    rows.extend(past_the_proxy(well));
    rows
}

/// The proxy sees no connection at all: for loopback, and for what NO_PROXY names.
fn past_the_proxy(well: Fault) -> Vec<Row> {
    let proxy = Arc::new(Server::silent());
    let past = |row: Row| {
        let at = format!("http://me:hunter2@{}", proxy.address);
        ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"]
            .into_iter()
            .fold(row, |row, name| row.env(name, at.clone()))
            .unasked(&proxy)
            .never(&["hunter2"])
    };
    // This machine by an address that is none of loopback's.
    let here = move || {
        let server = Server::start(Loki.health(), Arc::new(|_, _| Turn::Well), |_| true);
        Place::Behind(format!("http://0.0.0.0:{}", server.address.port()), server)
    };
    vec![
        past(all("83 loopback never through a proxy", Loki, well)).code(0),
        past(placed("83 NO_PROXY with a network", Loki, here)).env("NO_PROXY", "10.0.0.0/8,0.0.0.0/8").code(0),
        past(placed("83 NO_PROXY with a name", Jaeger, || Place::Nowhere("http://jaeger.test".into())))
            .env("no_proxy", "example.com,jaeger.test")
            .args(&SHORT),
    ]
}

fn addresses() -> Vec<Row> {
    let well: fn() -> Fault = || Arc::new(|_, _| Turn::Well);
    let below: fn() -> Fault = || {
        Arc::new(|asked, line| {
            if asked.path.starts_with("/jaeger/api") {
                return Turn::Well;
            }
            line.send(&http(404, "", b"not below /jaeger"));
            Turn::Keep
        })
    };
    let behind = |path: &'static str, fault: fn() -> Fault| {
        move || {
            let server = Server::start(Jaeger.health(), fault(), |_| true);
            Place::Behind(format!("http://{}{path}", server.address), server)
        }
    };
    let bare = move || {
        let server = Server::start(Jaeger.health(), well(), |_| true);
        Place::Behind(server.address.to_string(), server)
    };
    let six = move || match Server::start_at("[::1]:0", Jaeger.health(), well(), |_| true) {
        Some(server) => Place::At(server),
        // A machine without IPv6: the row says nothing there.
        None => Place::At(Server::start(Jaeger.health(), well(), |_| true)),
    };
    // `localhost` is [::1] first: nothing listens there, and 127.0.0.1 answers.
    let either = move || {
        let server = Server::start(Jaeger.health(), well(), |_| true);
        Place::Behind(format!("http://localhost:{}", server.address.port()), server)
    };
    vec![
        placed("84 IPv6", Jaeger, six).code(0),
        placed("84 one of two addresses", Jaeger, either).code(0),
        placed("84 below a path", Jaeger, behind("/jaeger", below)).code(0),
        placed("84 below a path with a slash", Jaeger, behind("/jaeger/", below)).code(0),
        placed("84 two slashes", Jaeger, behind("//", well)).code(0),
        placed("84 host and port alone", Jaeger, bare).code(0),
    ]
}
