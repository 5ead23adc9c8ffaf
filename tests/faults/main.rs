//! Every way in which a backend can be sick, against every kind of command: each ends in time, with the right code,
//! names the backend and the next step, and shows what the others gave.

mod connections;
mod data;
mod encodings;
#[path = "../support/fault.rs"]
mod fault;
#[path = "../support/fault_health.rs"]
mod fault_health;
mod row;
mod run;
mod secure;
mod statuses;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use row::Row;
use run::{COMMANDS, shows_in_health, verdict};

/// How many runs are under way at once.
const AT_ONCE: usize = 4;

fn check(rows: &[Row]) {
    let wanted = std::env::var("ROW").unwrap_or_default();
    let rows: Vec<&Row> = rows.iter().filter(|row| row.name.starts_with(&wanted)).collect();
    let health = shows_in_health();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let jobs = rows.len() * COMMANDS.len();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs {
                        return;
                    }
                    let (row, command) = (rows[job / COMMANDS.len()], job % COMMANDS.len());
                    if let Err(why) = verdict(row, command, &health) {
                        wrong.lock().expect("the list").push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("the list");
    let (failed, all) = (wrong.len(), jobs);
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
    check(&secure::rows());
}

/// Forty services under every key against a Jaeger that is away: few requests, and it ends soon.
#[test]
fn a_wide_search_leaves_a_sick_backend_alone() {
    let services: Vec<String> = (0..40).map(|n| format!("\"service-{n}\"")).collect();
    let list = format!(r#"{{"data":[{}],"errors":null}}"#, services.join(","));
    let fault: fault::Fault = std::sync::Arc::new(move |asked, line| {
        let (status, body) = if asked.path == "/api/services" { (200, list.as_str()) } else { (503, "later") };
        line.send(&fault::http(status, "", body.as_bytes()));
        fault::Turn::Keep
    });
    let jaeger = fault::Server::start(row::Jaeger.health(), fault, |_| true);
    let address = format!("http://{}", jaeger.address);
    let begun = std::time::Instant::now();
    let args = ["find", fault_health::ID, "--without", "loki,prometheus", "--jaeger-url", &address, "-o", "json"];
    let run = support::trace().args(args).args(fault_health::TIME).run();
    assert_eq!(run.code, 3, "{}", run.screen());
    assert!(jaeger.broken() <= 60, "{} requests", jaeger.broken());
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn data_that_is_odd() {
    check(&data::rows());
}
