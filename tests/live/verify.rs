//! `trace missing` and `trace verify-pipeline` against the real servers of `tests/stack`: what is found equals what was
//! planted, and what comes late is waited for.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::stack::{address, now, push, push_spans};
use crate::support::{Trace, trace};
use serde_json::Value;
use trace::model::finding::FindingId;
use trace::model::span::Span;
use trace::model::time::{HOUR, MINUTE, SECOND, Timestamp};
use trace::source::demo::{self, Scenario, scenarios};

const JAEGERS: [&str; 2] = ["STACK_JAEGER1_URL", "STACK_JAEGER2_URL"];
/// Each with the API that it is asked through.
const APIS: [(&str, &str); 3] = [(JAEGERS[0], "v1"), (JAEGERS[1], "v1"), (JAEGERS[1], "v3")];
/// Planted faults whose finding is at info, or is found only beside good runs.
const QUIET: [&str; 3] = ["clock_skew", "duplicate_consume", "usually_followed_by"];

/// The binary, pointed at one of the Jaegers and at Loki and Prometheus.
fn at(jaeger: &str) -> Trace {
    trace()
        .env("TRACE_JAEGER_URL", &address(jaeger))
        .env("TRACE_LOKI_URL", &address("STACK_LOKI_URL"))
        .env("TRACE_PROMETHEUS_URL", &address("STACK_PROMETHEUS_URL"))
}

fn spec(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pipelines").join(name).display().to_string()
}

fn scenario(name: &str) -> Scenario {
    scenarios().into_iter().find(|s| s.name == name).expect("the scenario")
}

/// Whatever is found above info.
fn grave(json: &Value) -> Vec<&Value> {
    json["findings"].as_array().expect("findings").iter().filter(|f| f["severity"] != "info").collect()
}

/// Whether it is this finding, by itself or merged into it, and surely.
fn is_surely(finding: &Value, word: &str) -> bool {
    let also = finding["also"].as_array().into_iter().flatten();
    also.chain([&finding["id"]]).any(|id| id == word) && finding["confidence"] != "low"
}

/// Every scenario on both Jaegers: what was planted is found, and nothing else above info.
#[tokio::test]
async fn findings_equal_what_was_planted() {
    let start = now().plus(-5 * MINUTE);
    let seed = start.0.unsigned_abs();
    // Who takes which topic is known from a good run.
    push(&scenario("complete").run(now().plus(-HOUR), seed + 1_000)).await;
    let mut runs: Vec<(Scenario, demo::DemoRun)> = vec![];
    for (nth, scenario) in scenarios().into_iter().enumerate() {
        let run = scenario.run(start.plus(nth as i64 * SECOND), seed + nth as u64);
        push(&run).await;
        runs.push((scenario, run));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut wrong = vec![];
    for (scenario, run) in &runs {
        let planted = run.truth.planted.as_ref().map_or("", |planted| planted.finding);
        let is_grave = FindingId::from_word(planted).is_some() && !QUIET.contains(&planted);
        for jaeger in JAEGERS {
            let output = at(jaeger).args(["missing", "--correlation-id", &run.correlation_id, "-o", "json"]).run();
            let json = output.json();
            let found = grave(&json);
            let output = found.iter().map(|f| format!("{} {} {}", f["id"], f["severity"], f["confidence"]));
            let output = output.collect::<Vec<_>>().join(", ").replace('"', "");
            println!("| {} | {planted} | {jaeger} | {output} |", scenario.name);
            let as_planted = match found.as_slice() {
                [] => !is_grave,
                [one] => is_grave && is_surely(one, planted),
                _ => false,
            };
            if !as_planted || json["complete"] != true {
                wrong.push(format!("{} on {jaeger}: {planted:?}, found {output:?} {}", scenario.name, json["notes"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn the_six_operations_of_a_good_run_pass_on_both_jaegers() {
    let start = now().plus(-3 * MINUTE);
    let (good, bad) = (scenario("complete").run(start, 11), scenario("missing-storage-update").run(start, 12));
    let unlike = start.0.unsigned_abs();
    let (good, bad) = (
        scenario("complete").run(good.spans[0].start, unlike),
        scenario("missing-storage-update").run(bad.spans[0].start, unlike + 1),
    );
    push(&good).await;
    push(&bad).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for jaeger in JAEGERS {
        for (run, code) in [(&good, 0), (&bad, 1)] {
            let six = spec("six-operations.yaml");
            let output = at(jaeger).args(["verify-pipeline", &six, "--correlation-id", &run.correlation_id]).run();
            assert_eq!(output.code, code, "{jaeger}: {}", output.screen());
        }
        let ids = format!("{}\n{}\n", good.correlation_id, bad.correlation_id);
        let six = spec("six-operations.yaml");
        let many = at(jaeger).args(["verify-pipeline", &six, "--ids-from", "-"]).stdin(ids.as_bytes()).run();
        assert!(many.code == 1 && many.stdout.contains("1 of 2 runs failed"), "{jaeger}: {}", many.screen());
    }
}

/// The example of the README as it is, metrics and all: they are read a minute after the run's end.
#[tokio::test]
async fn a_whole_batch_passes_with_its_metrics() {
    let start = now().plus(-3 * MINUTE);
    let run = scenario("complete").run(start, start.0.unsigned_abs() + 21);
    push(&run).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for jaeger in JAEGERS {
        let batch = spec("essay-batch.yaml");
        let output = at(jaeger).args(["verify-pipeline", &batch, "--correlation-id", &run.correlation_id]).run();
        assert!(output.code == 0 && output.stdout.contains("✓ metric"), "{jaeger}: {}", output.screen());
    }
}

/// The last consumer's spans come three seconds later, the newest first, or never.
#[tokio::test]
async fn what_is_late_is_waited_for() {
    for (nth, (comes, wait, code)) in [(true, "60s", 0), (false, "6s", 1)].into_iter().enumerate() {
        let start = now().plus(-3 * SECOND);
        let run = scenario("complete").run(start, start.0.unsigned_abs() + nth as u64);
        let is_late = |span: &Span| span.start > start.plus(SECOND / 4);
        let (late, early): (Vec<Span>, Vec<Span>) = run.spans.iter().cloned().partition(is_late);
        push_spans(&early).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let asking = JAEGERS.map(|jaeger| {
            let command = at(jaeger)
                .args(["verify-pipeline", &spec("six-operations.yaml"), "--correlation-id", &run.correlation_id])
                .args(["--wait", wait, "--settle", "1s"]);
            tokio::task::spawn_blocking(move || (Instant::now(), command.run(), Instant::now()))
        });
        tokio::time::sleep(Duration::from_secs(3)).await;
        if comes {
            for part in late.rchunks(late.len().div_ceil(2).max(1)) {
                push_spans(part).await;
                tokio::time::sleep(Duration::from_millis(700)).await;
            }
        }
        for asked in asking {
            let (begun, output, ended) = asked.await.expect("it ends");
            let took = ended - begun;
            println!("comes: {comes}, --wait {wait}: exit {} after {took:?}", output.code);
            assert_eq!(output.code, code, "{}", output.screen());
            let most = if comes { 20 } else { 12 };
            assert!(took > Duration::from_secs(3) && took < Duration::from_secs(most), "{took:?}\n{}", output.screen());
        }
    }
}

/// Good runs, one a second, and after them one without its storage update; at a time that no other test uses.
async fn runs_of_their_own(good: usize) -> (Vec<demo::DemoRun>, demo::DemoRun) {
    let start = now().plus(-6 * HOUR);
    let run =
        |name, nth: usize| scenario(name).run(start.plus(nth as i64 * SECOND), start.0.unsigned_abs() + nth as u64);
    let all: Vec<demo::DemoRun> = (0..good).map(|nth| run("complete", nth)).collect();
    let bad = run("missing-storage-update", good);
    for run in all.iter().chain([&bad]) {
        push_spans(&run.spans).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    (all, bad)
}

/// The newest runs are found by how the pipeline begins, and each has its verdict. What is learned from good ones passes
/// on another good one, and names the step that a broken one lacks.
#[tokio::test]
async fn recent_runs_are_found_verified_and_learned_from() {
    let (mut good, bad) = runs_of_their_own(13).await;
    let (first, last) = (good[0].spans[0].start, bad.spans[0].start);
    let until = |to: Timestamp| ["--start".to_owned(), first.plus(-MINUTE).rfc3339(), "--end".to_owned(), to.rfc3339()];
    let (all, before_bad) = (until(last.plus(5 * MINUTE)), until(last.plus(-SECOND / 2)));
    let fresh = good.pop().expect("a run");
    let ids: String = good.iter().map(|run| format!("{}\n", run.correlation_id)).collect();
    let six = spec("six-operations.yaml");
    for (jaeger, api) in APIS {
        let run = |words: &[&str], time: &[String]| {
            let spans_alone = ["--jaeger-api", api, "--key", "correlation_id", "--without", "loki,prometheus"];
            at(jaeger).args(words).args(time).args(spans_alone)
        };
        let output = run(&["verify-pipeline", &six, "--recent", "5", "-o", "json"], &all).run();
        let json = output.json();
        let word = |run: &Value, key: &str| run[key].as_str().unwrap_or_default().to_owned();
        let runs = json["runs"].as_array().expect("runs");
        let verdicts: Vec<_> = runs.iter().map(|run| (word(run, "subject"), word(run, "verdict"))).collect();
        let newest = [&fresh].into_iter().chain(good.iter().rev()).take(4);
        let wanted = newest.map(|run| (run.correlation_id.clone(), "pass".to_owned()));
        let wanted: Vec<_> = [(bad.correlation_id.clone(), "fail".to_owned())].into_iter().chain(wanted).collect();
        assert_eq!(verdicts, wanted, "{jaeger} {api}: {}", output.screen());
        assert!(output.code == 1 && json["complete"] == true, "{jaeger} {api}: {}", output.screen());

        let recent = ["learn-pipeline", "--recent", "12", "--root", "POST /api/v1/batches/register"];
        let listed = ["learn-pipeline", "--ids-from", "-"];
        for learned in [run(&recent, &before_bad).run(), run(&listed, &all).stdin(ids.as_bytes()).run()] {
            assert_eq!(learned.code, 0, "{jaeger} {api}: {}", learned.screen());
            for (one, code, says) in [(&fresh, 0, "✓ pass"), (&bad, 1, "✗ storage-reference-update")] {
                let question = ["verify-pipeline", "learned.yaml", "--correlation-id", &one.correlation_id];
                let output = run(&question, &all).file("learned.yaml", &learned.stdout).run();
                let shown = format!("{jaeger} {api}: {}\n{}", output.screen(), learned.stdout);
                assert!(output.code == code && output.stdout.contains(says), "{shown}");
            }
        }
    }
}
