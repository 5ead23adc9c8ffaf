//! What `trace verify-pipeline` makes of sources that are down, late, not there, or many: against servers on loopback.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::jaeger::Jaeger;
use crate::support::length::is_full;
use crate::support::server::Server;
use crate::support::stack::now;
use crate::support::{Run, Trace, trace};
use trace::model::span::Span;
use trace::model::time::{MINUTE, SECOND};
use trace::source::demo::{self, scenarios};

const SPEC: &str = "\
pipeline: essays
steps:
  - register: { span: \"POST /api/v1/batches/register\" }
  - ask: { span: kafka.publish.huleedu.cj_assessment.assessment_request.v1 }
  - judge: { span: kafka.consume.huleedu.cj_assessment.assessment_request.v1, after: ask }
";
const DEAD: [&str; 2] = ["--loki-url", "http://127.0.0.1:9"];

fn run(scenario: &str, ago: i64) -> demo::DemoRun {
    let scenario = scenarios().into_iter().find(|s| s.name == scenario).expect("the scenario");
    scenario.run(now().plus(-ago), 7)
}

/// The command about this run, against this Jaeger alone.
fn verify(jaeger: &Jaeger, id: &str, spec: &str) -> Trace {
    trace().file("spec.yaml", spec).args([
        "verify-pipeline",
        "spec.yaml",
        "--correlation-id",
        id,
        "--jaeger-url",
        jaeger.server.url(),
    ])
}

fn assert_screen(output: &Run, code: i32, says: &str, what: &str) {
    let shown = output.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.code == code && shown.contains(says), "{what}: not {code} with {says:?}\n{}", output.screen());
}

/// Taking Loki away turns nothing into a fail, and no fail that needs it not into something else.
#[test]
fn loki_is_needed_only_for_checks_of_log_lines() {
    let logs = format!("{SPEC}  - told: {{ log: \"Batch registration received\" }}\n");
    let reach = format!("reach: spans\n{SPEC}");
    let errors = format!("{SPEC}absent:\n  - {{ span: \"*\", status: error }}\n");
    let none: [&str; 2] = ["--without", "loki"];
    let table: [(&str, &str, &[&str], i32, &str); 9] = [
        ("complete", SPEC, &DEAD, 0, "✓ pass"),
        ("complete", SPEC, &none, 0, "✓ pass"),
        ("lost-message", SPEC, &DEAD, 3, "Loki did not tell everything"),
        ("lost-message", &reach, &DEAD, 1, "✗ judge"),
        ("lost-message", SPEC, &none, 1, "✗ judge"),
        ("lost-message", SPEC, &[], 1, "✗ judge"),
        ("complete", &logs, &DEAD, 3, "? told"),
        ("complete", &logs, &[], 3, "Loki is not configured"),
        ("storage-error", &errors, &DEAD, 1, "✗ absent"),
    ];
    for (scenario, spec, loki, code, says) in table {
        let run = run(scenario, 10 * MINUTE);
        let jaeger = Jaeger::holding(&run.spans);
        let without = if loki == none { "loki,prometheus" } else { "prometheus" };
        let loki: &[&str] = if loki == none { &[] } else { loki };
        let output = verify(&jaeger, &run.correlation_id, spec).args(loki).args(["--without", without]).run();
        jaeger.server.assert_only_expected();
        assert_screen(&output, code, says, &format!("{scenario} {loki:?}"));
    }
}

#[test]
fn metrics_are_met_broken_or_unknown() {
    let spec =
        |more: &str| format!("{SPEC}metrics:\n  - {{ query: 'sum(rate(failures_total[5m]))', is: \"== 0\"{more} }}\n");
    let vector =
        |samples: &str| format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#);
    let sample = |value: &str| vector(&format!(r#"{{"metric":{{}},"value":[1714557900,"{value}"]}}"#));
    let beside = |value: &str, more: &str| sample(value).replacen('{', &format!("{{{more},"), 1);
    let warned = r#""warnings":["a shard is away"]"#;
    let table = [
        (200, sample("0"), "", 0, "✓ metric"),
        (200, sample("2.5"), "", 1, "= 2.5"),
        (200, sample("NaN"), "", 3, "? metric"),
        (200, vector(""), "", 3, "? metric"),
        (200, vector(""), ", empty: ok", 0, "✓ metric"),
        (200, sample("NaN"), ", empty: ok", 0, "✓ metric"),
        // A partial answer neither meets nor breaks the check.
        (200, beside("0", warned), "", 3, "a shard is away"),
        (200, beside("2.5", r#""isPartial":true"#), "", 3, "? metric"),
        (200, beside("0", r#""infos":["use rate"]"#), "", 0, "use rate"),
        (200, vector("").replace("[]", "[7]"), ", empty: ok", 3, "1 series skipped"),
        (422, "no such function".to_owned(), "", 3, "no such function"),
        (401, "who are you?".to_owned(), "", 4, "who are you?"),
        (404, "nothing here".to_owned(), "", 4, "no such API"),
    ];
    for (status, says, more, code, shows) in table {
        let answer = says.clone();
        let prometheus = Server::answering(move |line| {
            Some(if line.contains("failures_total") {
                (status, "application/json", answer.clone().into_bytes())
            } else {
                (200, "application/json", vector("").replace("vector", "matrix").into_bytes())
            })
        });
        let run = run("complete", 10 * MINUTE);
        let jaeger = Jaeger::holding(&run.spans);
        let output = verify(&jaeger, &run.correlation_id, &spec(more))
            .args(["--without", "loki", "--prometheus-url", prometheus.url()])
            .run();
        assert_screen(&output, code, shows, &format!("{says} {more}"));
    }
    let run = run("complete", 10 * SECOND);
    let jaeger = Jaeger::holding(&run.spans);
    let output = verify(&jaeger, &run.correlation_id, &spec(""))
        .args(["--without", "loki", "--prometheus-url", "http://127.0.0.1:9", "--settle", "300ms"])
        .run();
    assert_screen(&output, 3, "a minute after the run's end", "too young for metrics");
}

/// Gives the Jaeger these spans after a while.
fn later(jaeger: &Jaeger, ms: u64, spans: Vec<Span>) {
    let store = Arc::clone(&jaeger.store);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(ms));
        store.lock().expect("the spans").extend(spans);
    });
}

/// A scenario, what is expected, when its parts come in milliseconds, flags, the code, and how many milliseconds it takes.
type Late<'a> = (&'a str, &'a str, &'a [u64], &'a [&'a str], i32, Range<u64>);

#[test]
fn waiting_ends_when_nothing_can_change() {
    let limited = SPEC.replace("after: ask }", "after: { ask: 30s } }");
    let short = SPEC.replace("after: ask }", "after: { ask: 1500ms } }");
    let errors = format!("{SPEC}absent:\n  - {{ span: \"*\", status: error }}\n");
    let wait: &[&str] = &["--wait", "20s"];
    let table: [Late; 9] = [
        ("complete", SPEC, &[], wait, 0, 0..3_000),
        ("complete", SPEC, &[1_500], wait, 0, 1_000..6_000),
        ("complete", SPEC, &[1_500, 2_500], wait, 0, 2_000..8_000),
        ("complete", SPEC, &[60_000], &[], 1, 0..3_000),
        ("complete", &limited, &[60_000], &[], 3, 0..3_000),
        ("complete", SPEC, &[60_000], &["--wait", "2s"], 1, 2_000..6_000),
        ("complete", &limited, &[60_000], &["--wait", "2s"], 3, 2_000..6_000),
        ("complete", &short, &[60_000], wait, 1, 0..8_000),
        ("storage-error", &errors, &[60_000], wait, 1, 0..3_000),
    ];
    let check = |(scenario, spec, late, flags, code, time): &Late| {
        let run = run(scenario, 2 * SECOND);
        let (early, rest): (Vec<Span>, Vec<Span>) = run.spans.iter().cloned().partition(|span| {
            late.is_empty()
                || span.name.starts_with("POST")
                || span.name.starts_with("kafka.publish")
                || *scenario != "complete"
        });
        let jaeger = Jaeger::holding(&early);
        // What began last comes first.
        let parts = rest.len().div_ceil(late.len().max(1)).max(1);
        for (part, ms) in rest.rchunks(parts).zip(*late) {
            later(&jaeger, *ms, part.to_vec());
        }
        let begun = Instant::now();
        let output = verify(&jaeger, &run.correlation_id, spec)
            .args(["--without", "loki,prometheus", "--settle", "300ms"])
            .args(*flags)
            .run();
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        assert!(
            output.code == *code && time.contains(&took),
            "{late:?} {flags:?}: {took} ms\n{spec}\n{}",
            output.screen()
        );
    };
    thread::scope(|scope| table.iter().for_each(|row| drop(scope.spawn(|| check(row)))));
}

/// Nothing is waited for any more when the screen says so.
#[test]
fn what_never_came_was_waited_for() {
    let limited = SPEC.replace("after: ask }", "after: { ask: 30s } }");
    let run = run("complete", 2 * SECOND);
    let early: Vec<Span> = run.spans.iter().filter(|span| !span.name.starts_with("kafka.consume")).cloned().collect();
    let flags = ["--wait", "1s", "--without", "loki,prometheus"];
    let late = verify(&Jaeger::holding(&early), &run.correlation_id, &limited).args(flags).run();
    assert_screen(&late, 3, "waited for judge: 0 of 1 seen", "late");
    let dead = trace()
        .file("spec.yaml", SPEC)
        .args(["verify-pipeline", "spec.yaml", "--correlation-id", "req-42", "--jaeger-url", "http://127.0.0.1:9"])
        .args(flags)
        .run();
    assert_screen(&dead, 3, "no backend answered: none of 3 expectations was checked", "dead");
    assert_screen(&dead, 3, "waited for anything that carries the ID", "dead");
    let unasked = verify(&Jaeger::holding(&early), &run.correlation_id, &limited).args(&flags[2..]).run();
    assert_screen(&unasked, 3, "may come judge: 0 of 1 seen", "without --wait");
}

/// Dozens of runs, at full length hundreds, with a Loki that closes every connection: it is not asked about each again and again.
#[test]
fn many_runs_with_a_dead_loki_end_and_are_counted_right() {
    let run_count: usize = if is_full() { 200 } else { 60 };
    let all = scenarios();
    let of = |name: &str| all.iter().find(|s| s.name == name).expect("the scenario");
    let (good, bad) = (of("complete"), of("missing-storage-update"));
    let at = now().plus(-30 * MINUTE);
    let runs: Vec<demo::DemoRun> = (0..run_count as u64)
        .map(|n| if n % 10 == 3 { bad } else { good }.run(at.plus(i64::try_from(n).unwrap_or(0) * SECOND), n))
        .collect();
    let ids: Vec<&str> = runs.iter().map(|run| run.correlation_id.as_str()).collect();
    let spans: Vec<Span> = runs.iter().flat_map(|run| run.spans.clone()).collect();
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let peak = Arc::clone(&most);
    let jaeger = Jaeger::with(&spans, move |_| {
        peak.fetch_max(inside.fetch_add(1, Ordering::AcqRel) + 1, Ordering::AcqRel);
        thread::sleep(Duration::from_millis(4));
        inside.fetch_sub(1, Ordering::AcqRel);
        None
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let loki = format!("http://{}", listener.local_addr().expect("its address"));
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    thread::spawn(move || {
        for _closed in listener.incoming() {
            count.fetch_add(1, Ordering::AcqRel);
        }
    });
    let spec = format!("reach: spans\n{SPEC}  - stored: {{ span: storage_reference_update }}\n");
    let begun = Instant::now();
    let output = trace()
        .file("spec.yaml", &spec)
        .file("ids", &ids.join("\n"))
        .args(["verify-pipeline", "spec.yaml", "--ids-from", "ids", "--loki-url", &loki, "--without", "prometheus"])
        .args(["--jaeger-url", jaeger.server.url(), "-o", "json"])
        .run();
    let took = begun.elapsed();
    let (taken, most) = (taken.load(Ordering::Acquire), most.load(Ordering::Acquire));
    println!(
        "{run_count} runs in {took:?}; {taken} connections to Loki; {most} requests at once; {} in all",
        jaeger.server.seen().len()
    );
    assert_eq!(output.code, 1, "{}", output.stderr);
    let json = output.json();
    let verdicts: Vec<&str> =
        json["runs"].as_array().expect("runs").iter().filter_map(|r| r["verdict"].as_str()).collect();
    let subjects: Vec<&str> =
        json["runs"].as_array().expect("runs").iter().filter_map(|r| r["subject"].as_str()).collect();
    assert_eq!(subjects, ids, "in the order of the list");
    for (n, verdict) in verdicts.iter().enumerate() {
        assert_eq!(*verdict, if n % 10 == 3 { "fail" } else { "pass" }, "run {n}");
    }
    let stored = json["steps"].as_array().expect("steps").iter().find(|step| step["name"] == "stored").expect("it");
    assert_eq!((&stored["broken"], &stored["met"]), (&(run_count / 10).into(), &(run_count - run_count / 10).into()));
    assert!(taken <= run_count * 12 / 10 + 2, "{taken} connections to a dead Loki");
    assert!((4..=8).contains(&most), "{most} requests at once");
}
