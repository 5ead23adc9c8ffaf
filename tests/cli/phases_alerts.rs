//! `trace phases` and `trace alerts`: numbers of Prometheus, odd ones too.

use crate::support::server::{Reply, Server};
use crate::support::{Run, trace};
use serde_json::json;

/// When the window of every test begins, in seconds.
const FROM: i64 = 1_700_000_000;
const HOUR: i64 = 3_600;

/// A series over the hour with a value a quarter of a minute.
fn series(labels: serde_json::Value, value: impl Fn(i64) -> Option<String>) -> serde_json::Value {
    let values: Vec<_> = (0..=240).filter_map(|n| Some(json!([FROM + n * 15, value(n * 15)?]))).collect();
    json!({ "metric": labels, "values": values })
}

fn status(phase: &str, status: &str, value: impl Fn(i64) -> String) -> serde_json::Value {
    series(json!({ "phase": phase, "status": status }), |at| Some(value(at)))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what the server takes")]
fn matrix(series: &[serde_json::Value]) -> Reply {
    let answer = json!({ "status": "success", "data": { "resultType": "matrix", "result": series } });
    Some((200, "application/json", answer.to_string().into_bytes()))
}

/// Runs a command against a Prometheus with these answers alone.
fn ask(args: &[&str], answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Run {
    let server = Server::answering(answer);
    let run = trace()
        .args(args)
        .args(["--start", &FROM.to_string(), "--end", &(FROM + HOUR).to_string(), "--utc", "--without", "jaeger,loki"])
        .args(["--prometheus-url", server.url()])
        .run();
    server.assert_only_expected();
    run
}

/// Phases of these series; storage has none.
fn phases(args: &[&str], samples: Vec<serde_json::Value>) -> Run {
    let all: Vec<&str> = ["phases"].iter().chain(args).copied().collect();
    ask(&all, move |request| matrix(if request.contains("bos_batch_phase_status") { &samples } else { &[] }))
}

#[test]
fn a_stuck_phase_is_the_first_line_and_sets_the_exit_code_with_fail_on() {
    let samples = || {
        vec![
            status("b", "IN_PROGRESS", |at| if at < 1_800 { "1" } else { "3" }.to_owned()),
            status("b", "COMPLETED", |_| "7".to_owned()),
            status("a", "IN_PROGRESS", |at| (at / 60 % 3).to_string()),
        ]
    };
    let run = phases(&[], samples());
    assert!(
        run.stdout.starts_with("! b is stuck: 3 in progress, nothing has moved for 30 min, since 22:43:20\n"),
        "{}",
        run.stdout
    );
    assert_eq!((run.code, phases(&["--fail-on", "warning"], samples()).code), (0, 1));
    let patient = phases(&["--stuck-after", "31m", "--fail-on", "info"], samples());
    assert!(
        patient.stdout.starts_with("✓ no phase is stuck, 3 in progress\n") && patient.code == 0,
        "{}",
        patient.stdout
    );
    let json = phases(&["-o", "json"], samples()).json();
    assert_eq!(
        (&json["phases"][0]["phase"], &json["phases"][0]["stuck"]["for_ns"]),
        (&json!("b"), &json!(1_800_000_000_000_i64))
    );
    let csv = phases(&["-o", "csv"], samples());
    assert_eq!(csv.stdout.lines().count(), 4, "{}", csv.stdout);
}

#[test]
fn odd_numbers_of_phases_are_said_in_words() {
    let many = (0..3_000).map(|n| status(&format!("p{n}"), "IN_PROGRESS", |_| "0".to_owned())).collect();
    let table: [(&[&str], Vec<serde_json::Value>, i32, &str); 8] = [
        (
            &[],
            vec![],
            0,
            "– no series of bos_batch_phase_status in 1 h; `phases.query` in the configuration names another",
        ),
        (&["--fail-empty"], vec![], 1, "– no series of bos_batch_phase_status"),
        (&[], vec![status("a", "IN_PROGRESS", |_| "NaN".to_owned())], 0, "not a number (NaN): counts of a"),
        (
            &["--stuck-after", "2h"],
            vec![status("a", "IN_PROGRESS", |_| "1".to_owned())],
            0,
            "– whether a phase is stuck cannot be told: 1 h is less than 2 h",
        ),
        (
            &["--stuck-after", "5m"],
            vec![series(json!({"phase": "a", "status": "IN_PROGRESS"}), |at| (at >= 3_000).then(|| "2".to_owned()))],
            0,
            "not in the recorded 10 min, stuck for at least 10 min\n",
        ),
        (&[], many, 0, "… and 2970 more phases; -o json has all"),
        (
            &[],
            vec![series(json!({"phase": "a", "status": "IN_PROGRESS"}), |at| (at < 900).then(|| "2".to_owned()))],
            0,
            "– no phase is told of any more: the last was at 22:28:05\n",
        ),
        (
            &[],
            vec![
                series(json!({"phase": "a", "status": "IN_PROGRESS"}), |at| (at < 900).then(|| "2".to_owned())),
                status("b", "done", |at| (at / 60).to_string()),
            ],
            0,
            "! a told of no more since 22:28:05: 2 in progress then, nobody knows since\n",
        ),
    ];
    for (args, samples, code, said) in table {
        let run = phases(args, samples);
        assert!(run.code == code && run.stdout.contains(said), "{said}: {}\n{}{}", run.code, run.stdout, run.stderr);
    }
}

#[test]
fn an_unreachable_backend_gives_an_incomplete_answer() {
    let refused = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    let run = ask(&["phases"], move |_| Some((400, "application/json", refused.into())));
    assert!(run.code == 3 && run.stdout.starts_with("– nothing known of any phase"), "{} {}", run.code, run.stdout);
    let run = trace().args(["phases", "--without", "prometheus"]).run();
    assert!(run.code == 2 && run.stderr.contains("phases come from it alone"), "{}", run.stderr);
    for (command, said) in [("phases", "phases come from Prometheus"), ("alerts", "alerts come from Prometheus")] {
        let run = trace().args([command, "--input", "x.json"]).run();
        assert!(run.code == 2 && run.stderr.contains(said), "{}", run.stderr);
        let unreachable = ["--prometheus-url", "http://127.0.0.1:1", "--without", "jaeger,loki"];
        let run = trace().args([command]).args(unreachable).run();
        assert!(run.code == 3 && run.stdout.contains("✗ prometheus: "), "{} {}", run.code, run.stdout);
    }
    let table: [(&[&str], &str); 6] = [
        (&["phases", "req-42"], "not of one journey"),
        (&["phases", "--demo", "--service", "a b"], "--service 'a b': phases are told by metrics"),
        (&["latency", "--via", "metrics", "--input", "x.json"], "--via metrics: files hold spans and lines"),
        (&["hotspots", "--via", "metrics", "--input", "x.json"], "--via metrics: files hold"),
        (&["map", "--via", "metrics", "--demo"], "--via metrics: the demo holds"),
        (&["hotspots", "--via", "metrics", "req-42"], "--via metrics: no metric tells of one journey"),
    ];
    for (args, said) in table {
        let run = trace().args(args).run();
        assert!(run.code == 2 && run.stderr.contains(said) && run.stderr.contains("hint: "), "{args:?} {}", run.stderr);
    }
}

#[test]
fn the_configuration_names_what_is_asked_and_what_it_means() {
    let config = "[phases]\nquery = 'sum by (step, how) (jobs)'\nphase_label = 'step'\nstatus_label = 'how'\n\
                  in_progress = ['run*']\norder = ['z']\nstorage_updates = 'rate(u_total[{{ range }}])'\n";
    let server = Server::answering(|request| {
        if request.contains("jobs") {
            let one = |phase: &str| series(json!({ "step": phase, "how": "running" }), |_| Some("1".to_owned()));
            return matrix(&[one("a"), one("z")]);
        }
        let is_known =
            request.contains("u_total%5B300s%5D") || request.contains("els_storage_reference_failures_total");
        if is_known { matrix(&[]) } else { None }
    });
    let window = ["--start", &FROM.to_string(), "--end", &(FROM + HOUR).to_string(), "--without", "jaeger,loki"];
    let flags = ["phases", "-o", "json", "--prometheus-url", server.url()];
    let json = trace().file(".trace.toml", config).args(flags).args(window).run().json();
    server.assert_only_expected();
    let names: Vec<_> = json["phases"].as_array().expect("phases").iter().map(|phase| &phase["phase"]).collect();
    assert_eq!(names, ["z", "a"]);
    assert!(json["phases"][0]["stuck"]["at_least"] == true, "{json}");
    let wrong = trace().file(".trace.toml", "[phases]\nquery = ' '\n").args(["config", "show"]).run();
    assert!(wrong.code == 2 && wrong.stderr.contains("it is empty"), "{}", wrong.stderr);
}

fn alert(name: &str, state: &str, service: Option<&str>, from: i64, to: i64) -> serde_json::Value {
    let mut labels = json!({ "__name__": "ALERTS", "alertname": name, "alertstate": state, "severity": "critical" });
    if let Some(service) = service {
        labels["service"] = json!(service);
    }
    series(labels, |at| (from..=to).contains(&at).then(|| "1".to_owned()))
}

#[test]
fn alerts_of_the_window_are_listed_once_and_set_the_exit_code_with_fail_on() {
    let evil = format!("\u{1b}[31m{}", "long ".repeat(99));
    let rule = json!({ "name": "Lag", "type": "alerting", "query": "lag > 30", "labels": {},
                       "annotations": { "summary": "{{ $labels.service }} lags {{ $value }} s", "description": evil } });
    let rules = json!({ "status": "success", "data": { "groups": [{ "name": "g", "rules": [rule] }] } }).to_string();
    let answer = |samples: Vec<serde_json::Value>| {
        let rules = rules.clone();
        move |request: &str| match request {
            _ if request.contains("/api/v1/rules") => Some((200, "application/json", rules.clone().into_bytes())),
            _ if request.contains("ALERTS_FOR_STATE") => matrix(&[]),
            _ => matrix(&samples),
        }
    };
    let samples =
        || vec![alert("Lag", "pending", Some("pay"), 600, 885), alert("Lag", "firing", Some("pay"), 900, 1_800)];
    let run = ask(&["alerts"], answer(samples()));
    assert!(run.stdout.starts_with("✗ 1 alert in 1 h: 1 over\n"), "{}", run.stdout);
    assert!(run.stdout.contains("✗ Lag  fired 22:23:20 – 22:43:20 (20 min)"), "{}", run.stdout);
    assert!(run.stdout.contains("critical · pay\n    pay lags … s\n    "), "{}", run.stdout);
    let longest = run.stdout.find("long long").map(|at| run.stdout[at..].matches("long").count());
    assert!(longest.is_some_and(|n| n < 60) && !run.stdout.contains('\u{1b}'), "{}", run.stdout);
    assert_eq!(ask(&["alerts", "-o", "json"], answer(samples())).json()["alerts"][0]["state"], "resolved");
    assert_eq!((run.code, ask(&["alerts", "--fail-on", "error"], answer(samples())).code), (0, 1));
    let pending = || vec![alert("Lag", "pending", None, 600, 885)];
    assert_eq!(ask(&["alerts", "--fail-on", "warning"], answer(pending())).code, 0);
    assert_eq!(ask(&["alerts", "--fail-on", "info"], answer(pending())).code, 1);
    let none = ask(&["alerts", "--fail-empty"], answer(vec![]));
    assert!(none.code == 1 && none.stdout.starts_with("✓ no alert in 1 h\n"), "{}", none.stdout);
    let many = (0..3_000).map(|n| alert(&format!("A{n}"), "firing", None, 600, 600)).collect();
    let run = ask(&["alerts"], answer(many));
    assert!(run.stdout.contains("… and 2960 more alerts; -o json has all"), "{:.2000}", run.stdout);
}

#[test]
fn rules_that_cannot_work_or_never_had_data_come_first() {
    let rule = |name: &str, query: &str, health: &str| {
        json!({ "name": name, "query": query, "health": health, "type": "alerting", "state": "inactive",
                "lastEvaluation": "2023-11-14T23:13:20Z", "lastError": if health == "err" { "many-to-many" } else { "" } })
    };
    let rules = json!([
        rule("Fine", "there > 5", "ok"),
        rule("Ghost", "rate(nowhere_total[1m]) > 0 and there", "ok"),
        rule("Broken", "there * there", "err"),
        rule("Newer", "there ~~> 1", "ok"),
        rule("Absent", "absent(nowhere_total)", "ok"),
        rule("Either", "nowhere_either or there", "ok"),
        rule("Meta", "count(ALERTS{alertstate=\"firing\"}) > 9", "ok"),
    ]);
    let run = ask(&["alerts", "--rules", "--fail-on", "warning"], move |request| {
        let answer = if request.contains("/api/v1/rules") {
            json!({ "groups": [{ "name": "g", "rules": rules }] })
        } else {
            // What is there now is not looked for in the whole time, and what may be empty not at all.
            let is_dear = request.contains("count_over_time") && request.contains("there");
            if is_dear || request.contains("ALERTS") || request.contains("nowhere_either") {
                return None;
            }
            let result =
                if request.contains("nowhere") { json!([]) } else { json!([{ "metric": {}, "value": [1, "1"] }]) };
            json!({ "resultType": "vector", "result": result })
        };
        Some((200, "application/json", json!({ "status": "success", "data": answer }).to_string().into_bytes()))
    });
    let wanted = "! 2 of 7 rules not well: 1 cannot be evaluated, 1 without data\n";
    assert!(run.code == 1 && run.stdout.starts_with(wanted), "{} {}{}", run.code, run.stdout, run.stderr);
    let places: Vec<_> = ["Broken", "Ghost", "Absent", "Fine", "Newer"].map(|name| run.stdout.find(name)).into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{}", run.stdout);
    assert!(run.stdout.contains("never had data in 1 h: no series of nowhere_total"), "{}", run.stdout);
    assert!(run.stdout.contains("whether there is data for 3 rules was not asked"), "{}", run.stdout);
}
