//! Every way in which a backend can be sick, against every kind of command: each ends in time, with the right code,
//! names the backend and the next step, and shows what the others gave.
//!
//! Two rows are where names can be looked up by a resolver of the test: 3, a resolver in trouble, and of 84 the first
//! of two addresses swallowing connections; see the tests of `src/source/server/transport`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::row::Row;
use crate::run::{COMMANDS, concerns, in_health, verdict};
use crate::window_commands::PANELS;
use crate::{connections, data, encodings, fault, fault_health, row, run, statuses, tls, window_commands};

/// Commands that run at once. Most of them wait for a backend that does not answer.
const AT_ONCE: usize = 12;

fn check(rows: &[Row]) {
    let wanted = std::env::var("ROW").unwrap_or_default();
    let rows: Vec<&Row> = rows.iter().filter(|row| row.name.starts_with(&wanted)).collect();
    let health = in_health();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let all = COMMANDS.len() + PANELS.len();
    let jobs: Vec<(&Row, usize)> = rows.iter().flat_map(|row| (0..all).map(|command| (*row, command))).collect();
    let jobs: Vec<_> = jobs.into_iter().filter(|(row, command)| concerns(row, *command)).collect();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((row, command)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let result = match command.checked_sub(COMMANDS.len()) {
                        Some(panel) => window_commands::verdict(row, panel),
                        None => verdict(row, *command, &health),
                    };
                    if let Err(why) = result {
                        wrong.lock().expect("the list").push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("the list");
    let (failed, all) = (wrong.len(), jobs.len());
    assert!(wrong.is_empty(), "{}\n{} of {all} runs are as they should be", wrong.join("\n"), all - failed);
}

#[test]
fn connections_that_break() {
    check(&connections::rows());
}

#[test]
fn answers_that_refuse() {
    check(&statuses::rows());
}

#[test]
fn bodies_that_cannot_be_trusted() {
    check(&encodings::rows());
}

#[test]
fn tls_that_cannot_be_trusted() {
    check(&tls::rows());
}

/// Forty services under every key against a Jaeger that has gone away: few requests, and it ends soon.
#[test]
fn a_wide_search_leaves_a_sick_backend_alone() {
    let searches = |status: u16| {
        let services: Vec<String> = (0..40).map(|n| format!("\"service-{n}\"")).collect();
        let list = format!(r#"{{"data":[{}],"errors":null}}"#, services.join(","));
        let fault: fault::Fault = std::sync::Arc::new(move |_, line| {
            line.send(&fault::http(status, "content-type: application/json\r\n", br#"{"data":[],"errors":null}"#));
            fault::Turn::Keep
        });
        let listed: fault::Fault = std::sync::Arc::new(move |asked, line| match asked.path.as_str() {
            "/api/services" => {
                line.send(&fault::http(200, "content-type: application/json\r\n", list.as_bytes()));
                fault::Turn::Keep
            }
            _ => fault(asked, line),
        });
        let jaeger = fault::Server::start(row::Jaeger.health(), listed, |_| true);
        let address = format!("http://{}", jaeger.address);
        let begun = std::time::Instant::now();
        let args = ["find", fault_health::ID, "--without", "loki,prometheus", "--jaeger-url", &address, "-o", "json"];
        let run = crate::support::trace().args(args).args(fault_health::TIME).run();
        (run, jaeger.broken(), begun.elapsed())
    };
    let (well, n, _) = searches(200);
    assert!(n >= 40, "{n} requests: {}", well.screen());
    let (run, requests, took) = searches(503);
    println!("44: {n} requests in health, {requests} with 503, {took:?}");
    assert_eq!(run.code, 3, "{}", run.screen());
    assert!(requests as f64 <= 1.2 * n as f64 + 2.0, "{requests} requests where {n} would do");
    assert!(took.as_secs() < 20, "{took:?}");
}

/// A backend that lists its services and fails every query for data is not usable.
#[test]
fn the_doctor_asks_for_data_and_calls_nothing_complete_that_is_not() {
    let fails: fault::Fault = fault::says(500, "", "the storage is on fire");
    for sick in row::Who::ALL {
        let row = row::data("", sick, std::sync::Arc::clone(&fails));
        let place = (row.place)();
        let well =
            row::Who::ALL.map(|who| (who, fault::Server::start(who.health(), fault::says(500, "", ""), |_| false)));
        let url =
            |who: row::Who| well.iter().find(|(name, _)| *name == who).map(|(_, s)| format!("http://{}", s.address));
        let examined = |sick: Option<row::Who>| {
            let at = |who| if Some(who) == sick { Some(place.url()) } else { url(who) };
            let urls = row::Who::ALL.map(|who| [format!("--{}-url", who.as_str()), at(who).expect("its address")]);
            crate::support::trace().args(["doctor", "-o", "json"]).args(urls.concat()).run()
        };
        let run = examined(None);
        assert!(run.code == 0 && run.json()["complete"] == true, "{}", run.screen());
        let run = examined(Some(sick));
        let json = run.json();
        let check =
            json["checks"].as_array().and_then(|all| all.iter().find(|c| c["name"] == sick.as_str())).expect("it");
        assert!(run.code == 3 && json["complete"] == false && check["state"] == "partial", "{}", run.screen());
        assert!(
            check["error"].as_str().is_some_and(|error| error.contains("on fire")) && check["next"] != "",
            "{check}"
        );
    }
}

/// The kind of Prometheus is known from its answer to a query. A refusal for credentials counts for any part of it.
#[test]
fn a_prometheus_needs_no_version_and_refuses_in_any_of_its_parts() {
    type Broken = fn(&fault::Asked) -> bool;
    let table: [(&str, Broken, u16, bool, i32); 7] = [
        ("no version", |asked| asked.path.ends_with("/buildinfo"), 404, false, 0),
        ("no version", |asked| asked.path.ends_with("/buildinfo"), 403, false, 0),
        ("no such API", |_| true, 404, false, 4),
        ("nothing is told", |asked| asked.path.ends_with("/query"), 401, false, 4),
        ("alerts", |asked| asked.line.contains("ALERTS"), 401, true, 4),
        ("exemplars", |asked| asked.path.ends_with("/query_exemplars"), 401, true, 4),
        ("a panel", |asked| asked.line.contains("its_panel"), 401, true, 4),
    ];
    for (what, is_broken, status, is_found, code) in table {
        let sick = fault::Server::start(row::Prometheus.health(), fault::says(status, "", "no"), is_broken);
        let jaeger = fault::Server::start(row::Jaeger.health(), fault::says(500, "", ""), |_| false);
        let urls = [("--prometheus-url", &sick), ("--jaeger-url", &jaeger)]
            .map(|(flag, server)| [flag.to_owned(), format!("http://{}", server.address)]);
        let run = crate::support::trace()
            .file("config.toml", "[[panels]]\nname = \"p\"\nquery = \"its_panel\"\n")
            .args(["find", fault_health::ID, "--config", "config.toml", "-o", "json"])
            .args(["--without", if is_found { "loki" } else { "jaeger,loki" }])
            .args(fault_health::TIME)
            .args(urls.concat())
            .run();
        assert_eq!(run.code, code, "{what}: {}", run.screen());
        assert_eq!(run.json()["complete"] == true, code == 0, "{what}: {}", run.screen());
    }
}

/// Row 53 at full size: ten gibibytes in ten megabytes, against the default cap.
#[test]
fn a_bomb_stays_below_the_cap() {
    let bomb =
        row::data("53 a bomb of 10 GiB", row::Loki, fault::says(200, encodings::GZIP, fault::gzipped_blanks(10 << 10)));
    let row =
        bomb.says(&["more than", "MiB in", "raise --max-answer"]).args(&["--timeout", "60s"]).within(90).peak(320);
    verdict(&row, run::FIND_JSON, &in_health()).unwrap_or_else(|why| panic!("{why}"));
}

/// An address may be written in any way, or the error shows the right way.
#[test]
fn an_address_with_a_query_is_refused_and_shown_without_it() {
    for (address, right) in [
        ("http://127.0.0.1:9/jaeger?token=hunter2", "write http://127.0.0.1:9/jaeger"),
        ("127.0.0.1:9//?x", "write http://127.0.0.1:9"),
        ("http://[::1]:9/#hunter2", "write http://[::1]:9"),
    ] {
        let run = crate::support::trace().args(["find", "x", "--jaeger-url", address]).run();
        assert_eq!(run.code, 2, "{address}: {}", run.screen());
        assert!(run.stderr.contains(right) && !run.stderr.contains("hunter2"), "{address}: {}", run.stderr);
    }
}

#[test]
fn data_that_is_odd() {
    check(&data::rows());
}
