//! What is read of very many services, and of very much of each: bounded, and said.

use crate::support::server::Server;
use crate::support::trace;
use serde_json::{Value, json};

/// When every trace begins, in seconds.
const AT: i64 = 1_795_442_400;

/// A Jaeger of this many services, each with as many traces as are asked for, of this many spans each.
fn jaeger(services: usize, spans: usize) -> Server {
    let names: Vec<String> = (0..services).map(|n| format!("s{n:04}")).collect();
    Server::answering(move |line| {
        let json = |json: Value| Some((200, "application/json", json.to_string().into_bytes()));
        let (path, query) = line.strip_prefix("GET ")?.split_once('?').unwrap_or((&line[4..], ""));
        match path {
            "/api/services" => json(json!({ "data": names })),
            "/api/v3/trace-summaries" => Some((404, "text/plain", b"404 page not found".to_vec())),
            "/api/traces" => {
                let asked: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
                let of = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
                let (service, limit) = (of("service")?, of("limit")?.parse::<usize>().ok()?);
                let one = |nth: usize| {
                    let id = format!("{:032x}", service[1..].parse::<usize>().unwrap_or(0) * 100_000 + nth + 1);
                    let span = |at: usize| {
                        json!({ "traceID": id, "spanID": format!("{:016x}", at + 1), "operationName": "get", "references": [],
                            "startTime": (AT * 1_000 - nth as i64) * 1_000, "duration": 5, "tags": [], "logs": [], "processID": "p" })
                    };
                    let spans: Vec<Value> = (0..spans).map(span).collect();
                    json!({ "traceID": id, "spans": spans, "processes": { "p": { "serviceName": service, "tags": [] } } })
                };
                json(json!({ "data": (0..limit).map(one).collect::<Vec<_>>() }))
            }
            _ => None,
        }
    })
}

#[test]
fn much_is_read_as_far_as_there_is_room_and_whole() {
    let cut = "cut at the newest";
    // Services, spans of each trace, the bound; requests, spans that are read, and what is said.
    let table = [
        (3, 7, 10_000, 3, 3 * 200 * 7, "3 of 3 services cut at the newest 200 traces"),
        (3, 50, 1_000, 3, 1_000, "of 3 services fewer than 200 traces"),
        (40, 50, 1_000, 16, 1_000, "of 24 services none"),
        (3_000, 2, 10_000, 1_000, 10_000, "of 1000 services fewer than 200 traces, of 2000 services none"),
    ];
    for (services, size, bound, asked, read, said) in table {
        let server = jaeger(services, size);
        let (from, to) = ((AT - 60).to_string(), (AT + 60).to_string());
        let run = trace()
            .args(["latency", "--via", "spans", "--start", &from, "--end", &to, "-o", "json"])
            .args(["--without", "loki,prometheus", "--jaeger-url", server.url(), "--max-spans", &bound.to_string()])
            .run();
        server.assert_only_expected();
        let json = run.json();
        let searches = server.seen().iter().filter(|line| line.contains("/api/traces?")).count();
        let notes = json["notes"].to_string();
        assert_eq!((searches, &json["basis"]["calls"]), (asked, &json!(read)), "{services} of {size}: {notes}");
        assert!(notes.contains(said) && notes.contains(cut), "{services} of {size}: {notes}");
        assert_eq!((run.code, &json["complete"]), (0, &json!(true)), "{notes}");
        assert_eq!(read % size, 0, "whole traces");
    }
}
