//! Hostile data: each of these files through every reading command in every form. Nothing crashes, the code is right,
//! no character that drives a terminal gets out, and what is odd is named.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::trace as binary;
use clap::Parser as _;
use serde_json::Value;
use trace::cli::{App, run};
use trace::model::time::Timestamp;
use trace::options::environment::Environment;

/// 2026-11-22T13:02:11.112Z in µs.
const T0: i64 = 1_795_352_531_112_000;

/// A file, what code every command ends with, and what must be said of it.
struct Hostile {
    name: &'static str,
    bytes: Vec<u8>,
    code: i32,
    /// How many spans and lines are left of it.
    left: (usize, usize),
    says: &'static [&'static str],
}

/// One that is read, and remarked on.
fn odd(name: &'static str, bytes: impl Into<Vec<u8>>, left: (usize, usize), says: &'static [&'static str]) -> Hostile {
    Hostile { name, bytes: bytes.into(), code: 0, left, says }
}

/// One of which something could not be read.
fn partly(name: &'static str, bytes: impl Into<Vec<u8>>, left: (usize, usize), says: &'static str) -> Hostile {
    Hostile { code: 3, ..odd(name, bytes, left, std::slice::from_ref(Box::leak(Box::new(says)))) }
}

/// A file that is not one of a supported format.
fn refused(name: &'static str, bytes: impl Into<Vec<u8>>, says: &'static str) -> Hostile {
    Hostile { code: 2, ..partly(name, bytes, (0, 0), says) }
}

/// A Jaeger answer with these spans, all of trace 1f, in processes p1 (cart) and p2 (bill).
fn jaeger(spans: &[String]) -> String {
    let processes = r#"{"p1":{"serviceName":"cart"},"p2":{"serviceName":"bill"}}"#;
    format!(r#"{{"data":[{{"traceID":"1f","spans":[{}],"processes":{processes}}}]}}"#, spans.join(","))
}

/// A span with a usual time; later fields win.
fn span(id: &str, fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(
        r#"{{"spanID":"{id}","operationName":"op {id}","processID":"p1","startTime":{T0},"duration":500{comma}{fields}}}"#
    )
}

/// The same without times.
fn timed(id: &str, start: &str, duration: &str) -> String {
    format!(
        r#"{{"spanID":"{id}","operationName":"op {id}","processID":"p1","startTime":{start},"duration":{duration}}}"#
    )
}

fn child(id: &str, parent: &str) -> String {
    span(id, &reference("CHILD_OF", "1f", parent))
}

fn reference(kind: &str, trace: &str, parent: &str) -> String {
    format!(r#""references":[{{"refType":"{kind}","traceID":"{trace}","spanID":"{parent}"}}]"#)
}

fn kind(word: &str) -> String {
    format!(r#""tags":[{{"key":"span.kind","type":"string","value":"{word}"}}]"#)
}

fn otlp(span: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#)
}

fn line(fields: &str) -> String {
    format!(r#"{{"timestamp":"2026-11-22T13:02:11Z","correlation_id":"order-0001",{fields}}}"#)
}

/// Everything that could act on a terminal, a reader or a CI system, as JSON spells it and as it is.
const POISON: &str = concat!(
    r"\u001b[31m\u001b]0;owned\u0007\u009b2J\r\n\u0000\b\u202e\u2066\u2028\u2029\u200b\ufeff\udb40\udc41",
    r"\n::error::x\n##[error]x\n##vso[task.complete]x\n[command]x `$(x)` <b>|=cmd|",
);

fn poisoned() -> String {
    format!(
        r#"{{"data":[{{"traceID":"1f","warnings":["{POISON}"],"spans":[
        {{"spanID":"a","operationName":"{POISON}","processID":"p{POISON}","startTime":{T0},"duration":9,"warnings":["{POISON}"],
         "references":[{{"refType":"{POISON}","traceID":"{POISON}","spanID":"{POISON}"}}],
         "tags":[{{"key":"correlation_id","value":"{POISON}"}},{{"key":"{POISON}","type":"{POISON}","value":"{POISON}"}},
          {{"key":"error","type":"bool","value":true}},{{"key":"otel.status_description","value":"{POISON}"}},
          {{"key":"span.kind","value":"producer"}},{{"key":"messaging.destination.name","value":"{POISON}"}},
          {{"key":"messaging.message.id","value":"{POISON}"}}],
         "logs":[{{"timestamp":{T0},"fields":[{{"key":"event","value":"exception"}},{{"key":"exception.type","value":"{POISON}"}},
          {{"key":"exception.message","value":"{POISON}"}},{{"key":"exception.stacktrace","value":"{POISON}"}}]}}]}}],
        "processes":{{"p{POISON}":{{"serviceName":"{POISON}","tags":[{{"key":"{POISON}","value":"{POISON}"}}]}}}}}}],
        "errors":[{{"msg":"{POISON}","traceID":"{POISON}"}}]}}"#
    )
    .replace('\n', " ")
}

fn poisoned_line() -> String {
    let context =
        format!(r#"{{"error_type":"{POISON}","error_message":"{POISON}","stack_trace":"{POISON}","x":"{POISON}"}}"#);
    line(&format!(
        r#""level":"{POISON}","service":"{POISON}","message":"{POISON}","{POISON}":"{POISON}","error_context":{context}"#
    ))
}

/// Cycles, repeats, broken references.
fn graphs() -> Vec<Hostile> {
    let tag = |ns: &[(&str, &str)]| ns.iter().map(|(a, b)| child(a, b)).collect::<Vec<_>>();
    let zipkin = jaeger(&[span("a", &kind("client")), span("a", &kind("server")).replace("p1", "p2"), child("b", "a")]);
    let two_parents = r#""references":[{"refType":"CHILD_OF","traceID":"1f","spanID":"a"},{"refType":"CHILD_OF","traceID":"1f","spanID":"b"}]"#;
    vec![
        odd("self-parent", jaeger(&[child("a", "a"), child("b", "a")]), (2, 0), &["name themselves as their parent"]),
        odd("2-cycle", jaeger(&tag(&[("a", "b"), ("b", "a")])), (2, 0), &["1 cycle(s) of parents"]),
        odd(
            "n-cycle beside a root",
            jaeger(&[vec![span("9", "")], tag(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")])].concat()),
            (5, 0),
            &["1 cycle(s) of parents"],
        ),
        odd(
            "n-cycle without a root",
            jaeger(&tag(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")])),
            (4, 0),
            &["1 cycle(s) of parents"],
        ),
        odd(
            "one span told twice",
            jaeger(&[span("a", ""), child("b", "a"), child("b", "a")]),
            (2, 0),
            &["1 exact repeat(s) of spans dropped"],
        ),
        odd(
            "one ID, other contents",
            jaeger(&[span("a", ""), span("a", r#""flags":1,"tags":[{"key":"x","value":1}]"#)]),
            (2, 0),
            &["1 span(s) reuse the ID of another span"],
        ),
        odd("zipkin's shared ID", zipkin, (3, 0), &[]),
        odd("orphan", jaeger(&[span("a", ""), child("b", "dead")]), (2, 0), &["000000000000dead"]),
        odd("two parents", jaeger(&[span("a", ""), span("b", ""), span("c", two_parents)]), (3, 0), &[]),
        odd("follows from", jaeger(&[span("a", ""), span("b", &reference("FOLLOWS_FROM", "1f", "a"))]), (2, 0), &[]),
        odd("into another trace", jaeger(&[span("a", &reference("CHILD_OF", "2f", "b"))]), (1, 0), &["0000002f"]),
        odd("links in a ring", ring(), (3, 0), &["1 cycle(s) of parents"]),
        odd("no spans at all", r#"{"data":[{"traceID":"1f","spans":[],"processes":{}}]}"#, (0, 0), &[]),
        odd(
            "null everywhere",
            r#"{"data":[{"traceID":"1f","spans":null,"processes":null,"warnings":null},{"traceID":"1f","processes":null,"spans":[{"spanID":"a","operationName":null,"references":null,"tags":null,"logs":null,"warnings":null,"processID":null,"startTime":null,"duration":null}]}],"errors":null}"#,
            (1, 0),
            &["it names no process", "absurd time"],
        ),
        odd("data null", r#"{"data":null}"#, (0, 0), &[]),
        odd("data and errors null", r#"{"data":null,"errors":null}"#, (0, 0), &[]),
        odd(
            "nothing but an ID",
            r#"{"data":[{"traceID":"1f","spans":[{"spanID":"a"}]}]}"#,
            (1, 0),
            &["it names no process", "absurd time"],
        ),
        odd("unknown fields", jaeger(&[span("a", r#""x":{"y":[1]},"flags":[],"duration ":7"#)]), (1, 0), &[]),
        odd(
            "unknown process",
            jaeger(&[span("a", "").replace("p1", "p9")]),
            (1, 0),
            &["its process p9 is not in the answer"],
        ),
        odd("no names", jaeger(&[span("a", "").replace("op a", "")]).replace("cart", ""), (1, 0), &[]),
        odd(
            "ID in a list",
            jaeger(&[span("a", r#""tags":[{"key":"correlation_id","value":["order-0001"]}]"#)]),
            (1, 0),
            &[],
        ),
        odd(
            "binary tags",
            jaeger(&[span(
                "a",
                r#""tags":[{"key":"x","type":"binary","value":"AP8b"},{"key":"y","type":"binary","value":"%%"}]"#,
            )]),
            (1, 0),
            &[],
        ),
        odd(
            "keys twice",
            jaeger(&[span("a", r#""operationName":"other","tags":[{"key":"x","value":1},{"key":"x","value":2}]"#)]),
            (1, 0),
            &["`operationName` stands there twice"],
        ),
        odd(
            "keys twice in otlp",
            otlp(
                r#"{"traceId":"1f","spanId":"a","name":"x","name":"y","startTimeUnixNano":"1795352531112000000","endTimeUnixNano":"1795352531113000000"}"#,
            ),
            (1, 0),
            &["`name` stands there twice"],
        ),
    ]
}

/// Three traces whose spans link to each other in a ring.
fn ring() -> String {
    let one = |trace: &str, to: &str| {
        let links = reference("FOLLOWS_FROM", to, "a");
        format!(
            r#"{{"traceID":"{trace}","spans":[{}],"processes":{{"p1":{{"serviceName":"cart"}}}}}}"#,
            span("a", &links)
        )
    };
    format!(r#"{{"data":[{},{},{}]}}"#, one("1f", "2f"), one("2f", "3f"), one("3f", "1f"))
}

/// Numbers and types.
fn values() -> Vec<Hostile> {
    let of = |start: &str, duration: &str| jaeger(&[span("a", ""), timed("b", start, duration)]);
    let start = T0.to_string();
    let bad = |field: &str| jaeger(&[span("a", ""), format!(r#"{{"spanID":"b",{field}}}"#)]);
    vec![
        odd("negative duration", of(&start, "-5"), (2, 0), &["its duration is negative, taken as 0"]),
        odd(
            "negative duration as Jaeger writes it",
            of(&start, "18446744073709551611"),
            (2, 0),
            &["its duration is negative, taken as 0"],
        ),
        odd("huge duration", of(&start, "1e300"), (2, 0), &["its duration is out of range", "absurd time"]),
        odd(
            "long duration",
            of(&start, "9223372036854775806"),
            (2, 0),
            &["its duration is out of range", "absurd time"],
        ),
        odd("float times", of(&format!("{start}.75"), "5.5"), (2, 0), &[]),
        odd("text times", of(&format!("\"{start}\""), "\"5\""), (2, 0), &[]),
        odd("start 0", of("0", "5"), (2, 0), &["1 span(s) have an absurd time"]),
        odd("start 1970", of("1000000", "5"), (2, 0), &["1 span(s) have an absurd time"]),
        odd("start 2500", of("16725225600000000", "5"), (2, 0), &["its start time is out of range"]),
        odd("start beyond i64", of("18446744073709551615", "5"), (2, 0), &["its start time is out of range"]),
        odd(
            "start before i64",
            of("-9223372036854775808", "9223372036854775807"),
            (2, 0),
            &["its start time is out of range"],
        ),
        partly("start is a word", of("\"yesterday\"", "5"), (1, 0), "1 span skipped: its start time is a text"),
        partly(
            "duration is a list",
            of(&start, "[1]"),
            (1, 0),
            "1 span skipped: its duration is a list that begins with a number",
        ),
        partly("NaN as text", of("\"NaN\"", "5"), (1, 0), "1 span skipped: its start time is a text"),
        refused("bare NaN", of("NaN", "5"), "invalid JSON at byte"),
        partly("a number as span", jaeger(&[span("a", ""), "7".into()]), (1, 0), "1 span skipped: it is a number"),
        partly(
            "a list as span",
            jaeger(&[span("a", ""), "[[]]".into()]),
            (1, 0),
            "1 span skipped: it is a list of lists",
        ),
        partly(
            "a list as ID",
            jaeger(&[span("a", ""), r#"{"spanID":["b"]}"#.into()]),
            (1, 0),
            "1 span skipped: it has no span ID",
        ),
        partly(
            "ID 0",
            jaeger(&[span("a", ""), r#"{"spanID":"0"}"#.into()]),
            (1, 0),
            "1 span skipped: it has no span ID",
        ),
        odd(
            "scalars for lists",
            bad(&format!(r#""startTime":{T0},"tags":7,"logs":"x","references":true,"warnings":{{}},"processID":"p1""#)),
            (2, 0),
            &[],
        ),
        partly(
            "spans as an object",
            r#"{"data":[{"traceID":"1f","spans":{"a":1}},{"traceID":"1f","spans":[{"spanID":"a","processID":"p"}]}]}"#,
            (1, 0),
            "the trace has no list of spans",
        ),
        partly(
            "deep in a span",
            jaeger(&[span("a", ""), span("b", &format!(r#""tags":{}1{}"#, "[".repeat(100_000), "]".repeat(100_000)))]),
            (1, 0),
            "recursion limit exceeded",
        ),
        odd(
            "deep in an unknown field",
            jaeger(&[span("a", "")]).replacen(
                "\"data\"",
                &format!(r#""x":{}1{},"data""#, "[".repeat(100_000), "]".repeat(100_000)),
                1,
            ),
            (1, 0),
            &[],
        ),
        odd(
            "otlp ends before it starts",
            otlp(r#"{"traceId":"1f","spanId":"a","startTimeUnixNano":"1795352531112000000","endTimeUnixNano":"1"}"#),
            (1, 0),
            &["its duration is negative, taken as 0"],
        ),
        odd(
            "otlp without an end",
            otlp(r#"{"traceId":"1f","spanId":"a","startTimeUnixNano":"1795352531112000000"}"#),
            (1, 0),
            &["it has no end time"],
        ),
        odd(
            "otlp beyond i64",
            otlp(
                r#"{"traceId":"1f","spanId":"a","startTimeUnixNano":18446744073709551615,"endTimeUnixNano":"99999999999999999999999"}"#,
            ),
            (1, 0),
            &["its start time is out of range", "absurd time"],
        ),
        partly(
            "otlp time is an object",
            otlp(r#"{"traceId":"1f","spanId":"a"},{"traceId":"1f","spanId":"b","startTimeUnixNano":{}}"#),
            (1, 0),
            "1 span skipped: its time is an empty object",
        ),
    ]
}

/// Strings, encodings, sizes, files.
fn texts() -> Vec<Hostile> {
    let good = jaeger(&[span("a", ""), child("b", "a")]);
    let utf16 = |order: fn(u16) -> [u8; 2], mark: bool| {
        let text = if mark { format!("\u{feff}{good}") } else { good.clone() };
        text.encode_utf16().flat_map(order).collect::<Vec<u8>>()
    };
    let named = |name: &[u8]| {
        let text = jaeger(&[span("a", "")]);
        let at = text.find("op a").unwrap_or(0);
        [&text.as_bytes()[..at], name, &text.as_bytes()[at + 4..]].concat()
    };
    let otlp_line = otlp(
        r#"{"traceId":"1f","spanId":"a","startTimeUnixNano":"1795352531112000000","endTimeUnixNano":"1795352531113000000"}"#,
    );
    let long = "long ".repeat(4_000);
    let attributes: Vec<String> = (0..2_000).map(|n| format!(r#"{{"key":"k{n}","value":"v"}}"#)).collect();
    let events: Vec<String> = (0..2_000)
        .map(|n| format!(r#"{{"timestamp":{},"fields":[{{"key":"event","value":"e{n}"}}]}}"#, T0 + n))
        .collect();
    vec![
        partly("poison in every field", poisoned(), (1, 0), "the answer says"),
        odd("poison in a line", poisoned_line(), (0, 1), &[]),
        odd("20 KB names", jaeger(&[span("a", "").replace("op a", &long)]).replace("cart", &long), (1, 0), &[]),
        odd("invalid UTF-8", named(b"a\xff\xc3\x28\xf0\x9f"), (1, 0), &[]),
        odd("lone surrogates", named(br"\ud800 \udc00\ud800"), (1, 0), &[]),
        odd("NUL in a text", named(b"a\0b"), (1, 0), &[]),
        odd("escapes that are none", named(br"\x1b[31m \u12"), (1, 0), &[]),
        odd("byte order mark", format!("\u{feff}{good}"), (2, 0), &[]),
        odd("UTF-16 LE, marked", utf16(u16::to_le_bytes, true), (2, 0), &[]),
        odd("UTF-16 BE, marked", utf16(u16::to_be_bytes, true), (2, 0), &[]),
        odd("UTF-16 LE", utf16(u16::to_le_bytes, false), (2, 0), &[]),
        odd("UTF-16 BE", utf16(u16::to_be_bytes, false), (2, 0), &[]),
        odd("many attributes", jaeger(&[span("a", &format!(r#""tags":[{}]"#, attributes.join(",")))]), (1, 0), &[]),
        odd("many events", jaeger(&[span("a", &format!(r#""logs":[{}]"#, events.join(",")))]), (1, 0), &[]),
        odd("100 KB line", line(&format!(r#""message":"{}""#, "x y ".repeat(25_000))), (0, 1), &[]),
        partly(
            "a line with a bomb",
            format!(
                "{}\n{}",
                line(r#""message":"x""#),
                line(&format!(r#""deep":{}1{}"#, "[".repeat(5_000), "]".repeat(5_000)))
            ),
            (0, 1),
            "its time cannot be read",
        ),
        partly(
            "a line without a time",
            format!("{}\n{{\"time\":\"soon\",\"correlation_id\":\"order-0001\"}}\n", line(r#""message":"x""#)),
            (0, 1),
            "its time cannot be read",
        ),
        odd(
            "a line at time 0",
            r#"{"ts":0,"correlation_id":"order-0001","msg":"x"}"#,
            (0, 1),
            &["1 line(s) have no time, or an absurd one"],
        ),
        odd(
            "a line of the year 2250",
            r#"{"ts":"2250-12-31T23:59:59Z","correlation_id":"order-0001","msg":"x"}"#,
            (0, 1),
            &["1 line(s) have no time, or an absurd one"],
        ),
        partly(
            "half a line at the end",
            format!("{otlp_line}\n{}", &otlp_line[..50]),
            (1, 0),
            "line 2 is only half written",
        ),
        partly("garbage behind a document", format!("{good} and so on"), (2, 0), "line 1 skipped: invalid JSON"),
        partly(
            "garbage between lines",
            format!("{otlp_line}\n\u{1b}[31mWARN\n{otlp_line}\n"),
            (1, 0),
            "line 2 skipped: invalid JSON",
        ),
        refused("a file that is cut off", &good.as_bytes()[..good.len() / 2], "is cut off"),
        refused("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "compressed with gzip"),
        refused("protobuf", b"\x0a\xf4\x01\x0a\0\0\0", "binary data"),
        refused("empty", b"", "the file is empty"),
        refused("blank", b" \n\t\n", "the file is empty"),
        refused("a web page", "<!DOCTYPE html><title>\u{1b}]0;x\u{7}</title>", "invalid JSON"),
        refused("prose", "hello\u{1b}[31m\nworld", "invalid JSON"),
        refused("brackets", "[".repeat(1_000_000), "no traces and no log lines here"),
        refused("open braces", "{\"a\":".repeat(200_000), "no traces and no log lines here"),
        refused(
            "a metric answer",
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            "none of the readable forms",
        ),
    ]
}

fn all() -> Vec<Hostile> {
    [graphs(), values(), texts()].into_iter().flatten().collect()
}

/// What came of a command that ran in this process.
struct Output {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs a command here: hundreds of them would take long as processes.
fn output(args: &[&str], home: &Path) -> Output {
    let app = App::try_parse_from(std::iter::once(&"trace").chain(args)).unwrap_or_else(|e| panic!("{e}"));
    let surroundings = Environment {
        vars: BTreeMap::from([("TZ".to_owned(), "UTC".to_owned()), ("LANG".to_owned(), "C.UTF-8".to_owned())]),
        now: Timestamp::from_micros(T0 + 60_000_000),
        cwd: home.to_owned(),
        home: Some(home.to_owned()),
        ..Environment::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match runtime.block_on(run(app, surroundings)) {
        Ok(outcome) => Output {
            code: outcome.exit.code(),
            stdout: String::from_utf8(outcome.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(outcome.stderr).expect("stderr is UTF-8"),
        },
        Err(error) => Output { code: error.exit().code(), stdout: String::new(), stderr: error.to_string() },
    }
}

/// Whether this may not stand in an output as it is.
fn is_raw(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the notes of a JSON answer say.
fn notes(json: &Value) -> String {
    let messages = json["notes"].as_array().into_iter().flatten().filter_map(|note| note["message"].as_str());
    messages.collect::<Vec<_>>().join("\n")
}

const FORMS: [&[&str]; 4] =
    [&["--width", "80"], &["--width", "40", "-v"], &["--width", "60", "--ascii", "--color", "never"], &["-o", "json"]];

/// The ID that is asked for: the lines' own, else the trace's.
fn subject(hostile: &Hostile) -> &'static str {
    if hostile.left.1 > 0 { "--correlation-id=order-0001" } else { "--trace-id=1f" }
}

fn check(hostile: &Hostile, file: &Path, home: &Path) {
    let path = file.to_str().expect("a path");
    for command in
        ["find", "timeline", "span", "logs", "missing", "errors", "hotspots", "latency", "map", "why", "diff"]
    {
        for form in FORMS {
            let mut args = vec![command, subject(hostile), "--input", path];
            if command == "diff" {
                let id = if hostile.left.1 > 0 { "order-0001" } else { "0000000000000000000000000000001f" };
                args.splice(1..2, [id, id]);
            }
            args.extend(form);
            args.extend((command == "span").then_some("000000000000000a"));
            let output = output(&args, home);
            let about = || format!("{}: {args:?}\n{:.3000}\n{:.3000}", hostile.name, output.stdout, output.stderr);
            // A span that is not in complete data is a wrong question.
            let no_such_span = command == "span" && hostile.left.0 == 0 && hostile.left.1 > 0 && output.code == 2;
            let ambiguous =
                command == "span" && output.code == 2 && output.stderr.contains("spans have an ID that begins");
            assert!(output.code == hostile.code || no_such_span || ambiguous, "{} in {}", output.code, about());
            if command == "find" || hostile.code == 2 {
                check_words(hostile, form, &output, &about);
            }
            if form.contains(&"json") && !output.stdout.is_empty() {
                let _: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e} in {}", about()));
            } else {
                assert!(!output.stdout.contains(is_raw), "raw in {}", about());
            }
            if form.contains(&"--ascii") {
                assert!(output.stdout.is_ascii(), "{}", about());
            }
        }
    }
}

/// What is left, and what is said of the rest.
fn check_words(hostile: &Hostile, form: &[&str], output: &Output, about: &dyn Fn() -> String) {
    let is_json = form.contains(&"json") && hostile.code != 2;
    let said = if is_json {
        let json: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e} in {}", about()));
        let count = |what: &str| json[what].as_array().map_or(0, Vec::len);
        assert_eq!((count("spans"), count("logs")), hostile.left, "{}", about());
        assert_eq!(json["complete"], hostile.code == 0, "{}", about());
        format!("{} {} {}", notes(&json), json["not_fetched"], json["spans"])
    } else {
        words(&format!("{} {}", output.stdout, output.stderr))
    };
    for says in hostile.says {
        // A narrow screen may break a word where it has no room, and shows the beginning of an ID.
        let narrow = form.contains(&"40");
        assert!(
            said.contains(says) || narrow || says.starts_with("0000") && !is_json,
            "{says:?} is not in {}",
            about()
        );
    }
}

fn check_all(hostile: &[Hostile]) {
    let folder = tempfile::tempdir().expect("a folder");
    for (nth, hostile) in hostile.iter().enumerate() {
        let file = folder.path().join(format!("{nth}.json"));
        std::fs::write(&file, &hostile.bytes).expect("the file");
        check(hostile, &file, folder.path());
    }
}

#[test]
fn hostile_graphs_are_read_and_named() {
    check_all(&graphs());
}

#[test]
fn hostile_values_are_read_and_named() {
    check_all(&values());
}

#[test]
fn hostile_texts_are_read_and_named() {
    check_all(&texts());
}

#[test]
fn there_are_many_and_each_has_a_name_of_its_own() {
    let all = all();
    let mut names: Vec<&str> = all.iter().map(|hostile| hostile.name).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == all.len() && names.len() >= 40, "{}", names.len());
}

/// As a process: nothing raw on either stream, whatever main itself writes.
#[test]
fn the_binary_prints_no_raw_control_characters() {
    for hostile in all().iter().filter(|h| h.bytes.len() < 200_000) {
        let run = binary().args(["find", subject(hostile), "--input", "-", "-v"]).stdin(&hostile.bytes).run();
        assert_eq!(run.code, hostile.code, "{}: {}", hostile.name, run.screen());
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(is_raw), "{}: {text}", hostile.name);
        }
    }
}
