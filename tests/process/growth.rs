//! What takes how much longer the more of it there is: four times as much of anything takes about four times as long.

use std::time::{Duration, Instant};

use crate::support::length::is_full;
use crate::support::trace;

const AT: u64 = 1_795_000_000_000_000;
const ID: &str = "req-42-abcdef";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Four times as much may take this much longer: a square would take sixteen times as long.
const MOST: f64 = 8.0;

/// A span of one trace; the first one carries the ID.
fn span(n: usize, parent: usize, length: usize, tags: &str) -> String {
    let parent = match parent {
        0 => String::new(),
        _ => format!(r#"{{"refType":"CHILD_OF","traceID":"{TRACE}","spanID":"{parent:016x}"}}"#),
    };
    let id = if n == 1 { format!(r#"{{"key":"correlation_id","value":"{ID}"}}"#) } else { String::new() };
    let tags = [id.as_str(), tags].into_iter().filter(|tag| !tag.is_empty()).collect::<Vec<_>>().join(",");
    let start = AT + n as u64;
    format!(
        r#"{{"traceID":"{TRACE}","spanID":"{n:016x}","operationName":"op","references":[{parent}],"startTime":{start},"duration":{length},"tags":[{tags}],"processID":"p1"}}"#
    )
}

fn answer(spans: impl Iterator<Item = String>) -> String {
    let spans = spans.collect::<Vec<_>>().join(",\n");
    format!(
        r#"{{"data":[{{"traceID":"{TRACE}","spans":[{spans}],"processes":{{"p1":{{"serviceName":"cart","tags":[]}}}}}}]}}"#
    )
}

fn chain(n: usize) -> String {
    answer((1..=n).map(|i| span(i, i - 1, 4 * n - 2 * i, "")))
}

fn fan(n: usize) -> String {
    answer((1..=n).map(|i| span(i, usize::from(i > 1), if i > 1 { 10 } else { 4 * n }, "")))
}

fn repeats(n: usize) -> String {
    answer((0..n).map(|_| span(1, 0, 10, "")))
}

/// One message ID on very many topics.
fn topics(n: usize) -> String {
    answer((1..=n).map(|i| {
        let role = if i % 2 == 1 { "publish" } else { "process" };
        let topic = i / 2;
        let tags = format!(
            r#"{{"key":"messaging.message.id","value":"m-1"}},{{"key":"messaging.operation","value":"{role}"}},{{"key":"messaging.destination.name","value":"t{topic}"}}"#
        );
        span(i, 0, 10, &tags)
    }))
}

fn stored(line: &str) -> String {
    let line = serde_json::Value::from(line);
    format!(r#"{{"labels":{{"service_name":"cart"}},"line":{line},"timestamp":"2026-11-22T13:02:11Z"}}"#)
}

fn lines(n: usize) -> String {
    (0..n).map(|i| stored(&format!("level=info msg=\"card {i} charged\" id={ID}")) + "\n").collect()
}

fn long_line(n: usize) -> String {
    stored(&format!("{ID} {}", "the card was «charged» ".repeat(n)))
}

/// A line of JSON whose outermost key is as long as it has fields.
fn long_names(n: usize) -> String {
    let mut fields = String::new();
    (0..n).for_each(|i| fields += &format!("\"k{i}\":1,"));
    stored(&format!(r#"{{"id":"{ID}","{}":{{{fields}"z":0}}}}"#, "k".repeat(n)))
}

/// Every line begins a document that only the last one breaks.
fn unclosed(n: usize) -> String {
    format!("{}\n{}x", lines(1).trim(), "[\n".repeat(n))
}

fn took(text: &str) -> Duration {
    let run = trace().file("run.json", text).args(["find", "--correlation-id", ID, "--input", "run.json"]);
    let begun = Instant::now();
    let run = run.run();
    let took = begun.elapsed();
    assert!(matches!(run.code, 0 | 3), "{} {}", run.code, run.stderr);
    took
}

/// Makes an input of a size.
type Make = fn(usize) -> String;

#[test]
fn nothing_takes_the_square_of_its_size() {
    let table: [(&str, Make, usize); 8] = [
        ("a chain", chain, 50_000),
        ("a fan", fan, 50_000),
        ("repeats", repeats, 20_000),
        ("topics of one message", topics, 8_000),
        ("lines", lines, 4_000),
        ("a long line", long_line, 20_000),
        ("long names", long_names, 16_000),
        ("documents without an end", unclosed, 40_000),
    ];
    let mut wrong = vec![];
    for (name, make, full) in table {
        // Half is enough to tell a square, and what a debug build reads in seconds.
        let many = if is_full() { full } else { full / 2 };
        let (less, more) = (make(many / 4), make(many));
        // The quickest of some runs: this machine may be busy with something else.
        let quickest = |text: &str, runs: usize| (0..runs).map(|_| took(text)).min().unwrap_or_default();
        let (short, mut long) = (quickest(&less, 2), quickest(&more, 1));
        if long.as_secs_f64() > MOST * short.as_secs_f64() {
            long = long.min(quickest(&more, 2));
        }
        println!("{name}: {short:?}, {long:?}");
        if long.as_secs_f64() > MOST * short.as_secs_f64() {
            wrong.push(format!("{name}: {short:?} for {}, {long:?} for {many}", many / 4));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
