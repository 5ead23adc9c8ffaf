//! Rows 14 to 19 and 51 to 62: bodies that end wrongly, are pages, are compressed, have no end, or are not HTTP.

use std::sync::Arc;
use std::time::Duration;

use crate::fault::{Fault, Turn, drips, gzip, gzipped_blanks, http, json, raw, remade, says, stalls_after};
use crate::fault_health::{AT, ID, streams};
use crate::row::{Jaeger, Loki, Prometheus, Row, Who, all, data};
use crate::support::length::is_full;

const PAGE: &str = "content-type: text/html\r\n";
const JSON: &str = "content-type: application/json\r\n";
const LOGIN: &str = "<!DOCTYPE html><html><head><title>Sign in to ACME</title></head><body>\u{1b}[2J</body></html>";
pub const GZIP: &str = "content-type: application/json\r\ncontent-encoding: gzip\r\n";

const TWICE: &str = "content-type: application/json\r\ncontent-encoding: gzip, gzip\r\n";
const TWO: &str = "content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-encoding: gzip\r\n";

pub fn rows() -> Vec<Row> {
    let mut rows = endings();
    rows.extend(packed());
    rows.extend(endless());
    rows.extend(no_http());
    rows.extend(deep());
    rows
}

fn endings() -> Vec<Row> {
    let mut rows = Vec::new();
    for who in Who::ALL {
        let trailing = remade(who.health(), |body| format!("{body}\u{1b}[31m{{garbage").into_bytes());
        rows.push(data("14 garbage after the answer", who, trailing).says(&["trailing data"]).with_own());
        let longer: Fault = Arc::new(move |asked, line| {
            line.send(&[http(200, JSON, who.health()(asked).1.as_bytes()), b"garbage".to_vec()].concat());
            Turn::Close
        });
        rows.push(data("14 longer than its length", who, longer).code(0));
        let cut = remade(who.health(), |body| body.as_bytes()[..body.len() / 2].to_vec());
        rows.push(data("15 cut off", who, cut).says(&["invalid json at byte"]));
        rows.push(all("16 empty", who, json("")).says(&["empty answer"]));
        rows.push(
            all("17 a sign-in page", who, says(200, PAGE, LOGIN)).code(4).says(&["sign-in page", "Sign in to ACME"]),
        );
        let typed = remade(who.health(), String::into_bytes);
        rows.push(all("18 no content type", who, typed).code(0));
    }
    rows.push(
        all("19 a page as JSON", Loki, says(200, JSON, LOGIN)).code(4).says(&["sign-in page", "Sign in to ACME"]),
    );
    rows
}

/// The cap on one answer, scaled down.
const CAP: [&str; 2] = ["--max-answer", "8MiB"];

fn packed() -> Vec<Row> {
    let body = |who: Who| {
        let asked = crate::fault::Asked { line: String::new(), path: "/api/traces".into(), before: 0 };
        gzip(who.health()(&asked).1.as_bytes())
    };
    let mut wrong_sum = body(Jaeger);
    let end = wrong_sum.len();
    wrong_sum[end - 8] ^= 0xff;
    let half = body(Jaeger)[..end / 2].to_vec();
    let twice = gzip(&gzip(b"{\"status\":\"success\",\"data\":[]}"));
    vec![
        data("51 no gzip header", Jaeger, says(200, GZIP, vec![0x1f, 0x8b, 9, 9, 9, 9])).says(&["gzip"]),
        data("52 gzip cut off", Jaeger, says(200, GZIP, half)).says(&["unpack"]),
        data("52 gzip with a wrong sum", Jaeger, says(200, GZIP, wrong_sum)).says(&["unpack"]),
        data("52 gzip in health", Jaeger, says(200, GZIP, body(Jaeger))).code(0),
        data("53 gzip twice", Prometheus, says(200, GZIP, twice.clone())).says(&["packed twice"]),
        data("53 gzip twice, as it says", Prometheus, says(200, TWICE, twice.clone())).says(&["packed its answer"]),
        data("53 gzip twice, as two headers say", Loki, says(200, TWO, twice)).says(&["packed twice"]),
        data("53 gzip, and nothing says so", Jaeger, says(200, JSON, body(Jaeger))).says(&["without saying so"]),
        data("53 brotli", Jaeger, says(200, "content-encoding: br\r\n", vec![0x8b, 2, 0x80, 3]))
            .says(&["packed its answer as br"]),
        data("53 zstd", Loki, says(200, "content-encoding: zstd\r\n", vec![0x28, 0xb5, 0x2f, 0xfd, 4]))
            .says(&["packed its answer as zstd"]),
        all("53 a bomb", Loki, says(200, GZIP, gzipped_blanks(200))).says(&["more than"]).args(&CAP),
        all("54 no gzip at all", Loki, says(200, GZIP, "{\"status\":\"success\",\"data\":[]}")),
        all("55 an unknown encoding", Prometheus, says(200, "content-encoding: br\r\n", vec![0x8b, 2, 0x80, 3])),
        all("55 an unknown encoding", Jaeger, says(200, "content-encoding: rot13\r\n", "qngn")),
    ]
}

fn endless() -> Vec<Row> {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\":[";
    const LONG: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000000000000000\r\n\r\n";
    let megabyte = vec![b' '; 1 << 20];
    vec![
        all("56 a body without end", Jaeger, drips(HEAD, megabyte.clone(), Duration::ZERO))
            .says(&["more than"])
            .args(&CAP),
        all("56 a body without end", Prometheus, drips(HEAD, megabyte.clone(), Duration::ZERO))
            .says(&["more than"])
            .args(&CAP),
        all("57 an absurd length", Loki, drips(LONG, megabyte, Duration::ZERO)).says(&["more than"]).args(&CAP),
        all("57 an absurd length and nothing", Jaeger, stalls_after(LONG)).args(&[
            "--timeout",
            "4s",
            "--idle-timeout",
            "600ms",
        ]),
    ]
}

fn no_http() -> Vec<Row> {
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-a: b\r\n".repeat(10_000));
    let header = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\n\r\n", "b".repeat(1 << 20));
    let flood = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(4000);
    let early = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(10);
    vec![
        all("58 10,000 headers", Jaeger, raw(headers)),
        all("58 a header of a megabyte", Loki, raw(header)),
        all("59 103 for ever", Prometheus, drips(b"", early, Duration::from_millis(5))).args(&[
            "--timeout",
            "4s",
            "--idle-timeout",
            "600ms",
        ]),
        all("59 100 for ever, as fast as it goes", Loki, drips(b"", flood, Duration::ZERO)).args(&["--timeout", "4s"]),
        all("60 HTTP/0.9", Jaeger, raw("{\"data\":[]}")),
        all("60 no status line", Loki, raw("\u{1b}[31mhello\r\n\r\n")),
        all("60 ICY", Prometheus, raw("ICY 200 OK\r\n\r\n{}")),
    ]
}

fn deep() -> Vec<Row> {
    // Reading the full size takes a debug build ten seconds, and each command reads it.
    let megabytes = if is_full() { 10 } else { 1 };
    let nested = |before: &str, after: &str| {
        let mut body = before.as_bytes().to_vec();
        body.resize(body.len() + megabytes * 1_000_000, b'[');
        body.extend(after.as_bytes());
        body
    };
    let long_line = format!(r#"["{}","{ID} {}"]"#, AT * 1_000 + 1, "the card was charged ".repeat(megabytes * 50_000));
    vec![
        data("61 deep where it is wanted", Jaeger, json(nested("{\"data\":", "}")))
            .args(&["--timeout", "60s"])
            .within(120),
        data("61 deep where it is not wanted", Prometheus, json(nested("{\"status\":\"success\",\"x\":", "}")))
            .args(&["--timeout", "60s"])
            .within(120),
        data("61 deep where it is wanted", Loki, json(nested("{\"status\":\"success\",\"data\":{\"result\":", "}}")))
            .args(&["--timeout", "60s"])
            .within(120),
        data("62 a long line", Loki, json(streams(&long_line)))
            .args(&["--timeout", "60s"])
            .within(120)
            .code(0)
            .peak(250),
    ]
}
