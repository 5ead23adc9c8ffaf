//! The n-th connect, read or write of a command fails, for every n: no panic, an end in time, and never a wrong code. A
//! gate's pass never becomes a fail.
//!
//! `TRACE_TEST_FULL=1` takes every n of every fault; else a few of each.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::length::is_full;
use crate::support::recorded::{Deed, Event, Recorded};
use crate::support::{Run, trace};
use serde_json::Value;

/// How long a run may take by its own flag.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What becomes of the n-th request.
const DEEDS: [Deed; 7] =
    [Deed::Drop, Deed::Silence, Deed::HalfHead, Deed::HalfBody, Deed::HalfBodyReset, Deed::Unavailable, Deed::CutJson];

/// Needs something of every source: two of its expectations are met by what is there, the others by what is not.
const SPEC: &str = "\
pipeline: batch
steps:
  - register: { span: \"POST /api/v1/batches/register\" }
  - told: { log: \"*atch*\" }
  - stored: { span: storage_reference_update, after: register }
absent:
  - { span: \"*\", status: error }
  - { log: \"*storage is on fire*\" }
forbid: [publish_without_consume, orphan, trace_not_stored]
";
/// What is asked, and whether its verdict may be had from a part of the data.
const COMMANDS: [&[&str]; 4] = [
    &["find"],
    &["missing", "--all"],
    &["verify-pipeline", "spec.yaml"],
    &["verify-pipeline", "--expect", "POST /api/v1/batches/register"],
];

fn ask(command: &[&str], servers: &Recorded) -> Run {
    let end = chrono::DateTime::parse_from_rfc3339(&servers.at).expect("when it was recorded");
    let start = (end - chrono::TimeDelta::hours(1)).to_rfc3339();
    let time = ["--start", &start, "--end", &servers.at, "--timeout", "10s"];
    let question = ["--correlation-id", &servers.id, "--key", "correlation_id", "-o", "json"];
    trace().file("spec.yaml", SPEC).args(command).args(question).args(time).args(servers.flags()).run()
}

/// Everything of an answer but how it was come by.
fn answer_of(run: &Run) -> Value {
    let mut json = run.json();
    let object = json.as_object_mut().expect("a document");
    for how in ["notes", "backends"] {
        object.remove(how);
    }
    json
}

/// The right end of a run in which something went wrong.
fn check(what: &str, run: &Run, took: Duration, healthy: &Value) -> Result<i32, String> {
    let wrong = |why: &str| Err(format!("{what}: {why}; exit {} after {took:?}\n{}", run.code, run.stderr));
    if run.stderr.contains("panicked") || run.stderr.contains("a bug in trace") {
        return wrong("a panic");
    }
    if took > TIMEOUT + Duration::from_secs(5) {
        return wrong("no end in time");
    }
    let json = answer_of(run);
    let is_whole = json["complete"] == true;
    match (run.code, json["verdict"].as_str()) {
        (0, Some("pass")) if !is_whole => Ok(0),
        (0, None | Some("pass")) if json == *healthy => Ok(0),
        (0, _) => wrong("not whole, and 0"),
        (3, None | Some("cannot_tell")) if !is_whole => Ok(3),
        (3, _) => wrong("3, and complete"),
        _ => wrong("a code of something else"),
    }
}

#[test]
fn whatever_fails_the_code_tells_whether_the_answer_is_whole() {
    let wrong: Vec<String> = thread::scope(|scope| {
        let torturing = COMMANDS.map(|command| scope.spawn(move || torture(command)));
        torturing.into_iter().flat_map(|one| one.join().expect("it ends")).collect()
    });
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Every failure for this command; what went wrong.
fn torture(command: &[&str]) -> Vec<String> {
    let servers = Recorded::healthy("complete");
    let run = ask(command, &servers);
    servers.assert_only_recorded();
    let healthy = answer_of(&run);
    assert_eq!((run.code, &healthy["complete"]), (0, &Value::Bool(true)), "{}", run.screen());
    let (accepts, requests) = servers.counts();
    assert!(accepts >= 3 && requests >= 13, "{accepts} connections and {requests} requests");

    let full = is_full();
    let (mut ends, mut wrong) = ([0; 4], vec![]);
    let mut suffer = |what: String, plan: Box<dyn FnMut(Event) -> Deed + Send>| {
        servers.plan(plan);
        let begun = Instant::now();
        match check(&format!("{}: {what}", command.join(" ")), &ask(command, &servers), begun.elapsed(), &healthy) {
            Ok(code) => ends[code as usize] += 1,
            Err(why) => wrong.push(why),
        }
    };
    for (at, deed) in DEEDS.into_iter().enumerate() {
        for n in (1..=requests).filter(|n| full || n % DEEDS.len() == at) {
            suffer(format!("request {n}: {deed:?}"), once(Event::Request(n), deed));
            suffer(format!("from request {n} on: {deed:?}"), from_request(n, deed));
        }
    }
    for n in 1..=accepts {
        suffer(format!("connection {n} dropped"), once(Event::Accept(n), Deed::Drop));
        suffer(format!("every connection from {n} on dropped"), from_accept(n));
    }
    println!("{}: {} ended with 0, {} with 3, {} wrong", command.join(" "), ends[0], ends[3], wrong.len());
    assert!(ends[3] > 0, "nothing failed at all");
    wrong
}

fn once(event: Event, deed: Deed) -> Box<dyn FnMut(Event) -> Deed + Send> {
    Box::new(move |seen| if seen == event { deed } else { Deed::Answer })
}

fn from_request(first: usize, deed: Deed) -> Box<dyn FnMut(Event) -> Deed + Send> {
    Box::new(move |seen| if matches!(seen, Event::Request(n) if n >= first) { deed } else { Deed::Answer })
}

fn from_accept(first: usize) -> Box<dyn FnMut(Event) -> Deed + Send> {
    Box::new(move |seen| if matches!(seen, Event::Accept(n) if n >= first) { Deed::Drop } else { Deed::Answer })
}
