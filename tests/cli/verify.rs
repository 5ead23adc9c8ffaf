//! `trace verify-pipeline` as a user sees it: screens, codes, and the files that it writes.

use crate::support::generator::export::to_otlp_json;
use crate::support::golden::assert_golden;
use crate::support::{
    Run, Trace, assert_lines, assert_records, assert_same_text, trace, without_demo_note, without_space,
};
use quick_junit::{NonSuccessKind, TestCaseStatus};
use serde_json::Value;
use trace::render::escape::is_unsafe;
use trace::source::demo;

const SPEC: &str = "\
pipeline: essays
steps:
  - register: { span: \"POST /api/v1/batches/register\", service: batch_orchestrator_service, kind: server, max: 500ms }
  - ask: { span: kafka.publish.huleedu.cj_assessment.assessment_request.v1, after: register }
  - judge: { span: kafka.consume.huleedu.cj_assessment.assessment_request.v1, after: { ask: 30s } }
forbid: [publish_without_consume]
";

/// Everything that is wrong with a spec, at once.
const BROKEN: &str = "\
pipeline: essays
stepz: []
steps:
  - a: { span: \"x*\", afer: b, after: b }
  - b: { span: \"re:(\", after: a, count: many }
  - c: { span: c, after: nobody, max: soon }
forbid: [publish_without_consum]
metrics:
  - { query: 'sum(rate(x[5m])', is: \"== 0\" }
";

/// The command with the spec beside it.
fn verify(args: &[&str]) -> Trace {
    trace().file("spec.yaml", SPEC).file("broken.yaml", BROKEN).args(["verify-pipeline"]).args(args)
}

fn demo_id(scenario: &str) -> String {
    demo::find(scenario).expect("the scenario").1.correlation_id
}

fn screen(args: &[&str], width: &str) -> String {
    verify(args).env("COLUMNS", width).run().screen()
}

#[test]
fn a_pass_says_so_first() {
    let screen = without_demo_note(&screen(&["spec.yaml", "--demo=complete"], "100"));
    let first = format!("✓ pass  essays in {}  4 met", demo_id("complete"));
    let lines = [
        &first,
        "4 services · 1 trace · 12 spans · 13 log lines · 1.04 s · 2026-11-23 14:02:11.112 +00:00",
        "complete · jaeger ✓ 0 ms (12 spans, demo data) · loki ✓ 0 ms (13 lines, demo data)",
        "prometheus ✓ 0 ms (0 alerts, demo data)",
        "at took wait where",
        "✓ register 0 ms 121 ms batch_orchestrator",
        "✓ ask 490 ms 4 ms +490 ms essay_lifecycle",
        "✓ judge 538 ms 505 ms +44 ms cj_assessment",
        "✓ forbid publish_without_consume",
        "covered 2026-11-23 13:05 – 14:05 +00:00 traces, logs, metrics",
        "--- exit 0",
    ];
    assert_lines(&screen, &lines);
    assert!(screen.starts_with(&first) && !screen.contains(['┃', '✗']), "{screen}");
}

#[test]
fn a_fail_shows_what_is_missing_what_is_nearest_and_why() {
    let args = ["spec.yaml", "--demo=lost-message"];
    let [narrow, wide] = ["80", "120"].map(|width| screen(&args, width));
    assert_golden("verify/fail_80.txt", &without_demo_note(&narrow));
    let above = |screen: &str, bar: char| -> String {
        screen.lines().take_while(|line| !line.contains(bar)).map(|line| format!("{line}\n")).collect()
    };
    assert_same_text((&above(&narrow, '┃'), 80), (&above(&wide, '┃'), 120));
    let row = "106 ms ┃ spell_checker ⇠ …spell_checker.check_request.v1";
    assert!(without_space(&wide).contains(&without_space(row)), "{wide}");
    let ascii = screen(&[&args[..], &["--ascii"]].concat(), "80");
    assert!(ascii.is_ascii(), "{ascii}");
    let spelled = [("✓", "ok"), ("✗", "x"), ("·", ""), ("–", "-"), ("…", "..")];
    let same = spelled.iter().fold(above(&narrow, '┃'), |text, (mark, letters)| text.replace(mark, letters));
    assert_eq!(without_space(&same), without_space(&above(&ascii, '*')).replace('|', ""), "{ascii}");
    let rows = ["63 ms : 43 ms in the queue", "106 ms * spell_checker <- ..check_request.v1", "* x no consumer of"];
    rows.iter().for_each(|row| assert!(without_space(&ascii).contains(&without_space(row)), "{row}\n{ascii}"));
}

#[test]
fn a_late_step_shows_how_late_and_why() {
    let spec = SPEC.replace("after: { ask: 30s }", "after: ask") + "within: 10s\n";
    let run = verify(&["late.yaml", "--demo=late-consumer"]).file("late.yaml", &spec).env("COLUMNS", "80").run();
    let lines = [
        &format!("✗ FAIL essays in {} 1 of 5 broken", demo_id("late-consumer")),
        "4 services · 1 trace · 12 spans · 13 log lines · 46.0 s",
        "at took wait where",
        "✓ register 0 ms 125 ms batch_orchestrator",
        "✓ ask 45.4 s 4 ms +45.4 s essay_lifecycle",
        "✓ judge 45.5 s 480 ms +49 ms cj_assessment",
        "✗ within 10 s +46.0 s",
        "took 46.0 s; at most 10 s allowed",
        "nearest: cj_assessment",
        "kafka.consume.huleedu.cj_assessment.assessment_request.v1 at 45.5 s, span",
        "dfc5e080 – too late by 36.0 s",
        "✓ forbid publish_without_consume",
        "! a message waited 44.9 s between batch_orchestrator_service",
        "kafka.publish.huleedu.spell_checker.check_request.v1 and spell_checker_service",
        "kafka.consume.huleedu.spell_checker.check_request.v1",
        "gap (queue wait) · warning · high confidence · 62 ms in · span 4d2119a1",
        "likely: spell_checker_service had other messages to take first",
        "0.066 s ┃ ┊ 45.0 s in the queue ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄",
        "45.066 s ┃ spell_checker ⇠ …check_request.v1 ▕ 208 ms",
        "next trace span dfc5e080 --demo=late-consumer",
        "trace missing --demo=late-consumer",
        "trace timeline --demo=late-consumer",
        "--- exit 1",
    ];
    assert_lines(&without_demo_note(&run.screen()), &lines);
}

#[test]
fn a_check_of_a_source_that_was_not_asked_is_unknown() {
    let spec = SPEC.to_owned() + "metrics:\n  - { query: 'sum(storage_failures_total)', is: \"== 0\" }\n";
    let run = verify(&["metric.yaml", "--demo=complete"]).file("metric.yaml", &spec).env("COLUMNS", "80").run();
    let lines = [
        &format!("? CANNOT TELL essays in {} 1 of 5 undecided", demo_id("complete")),
        "✓ register 0 ms 121 ms batch_orchestrator",
        "✓ ask 490 ms 4 ms +490 ms essay_lifecycle",
        "✓ judge 538 ms 505 ms +44 ms cj_assessment",
        "✓ forbid publish_without_consume",
        "? metric sum(stora…_failures_total)",
        "the demo asks no Prometheus: leave --demo out, and give --prometheus-url",
        "538 ms ┃ cj_assessment ⇠ …assessment_request.v1 ████████ 505 ms",
        "next trace timeline --demo=complete",
        "--- exit 3",
    ];
    assert_lines(&without_demo_note(&run.screen()), &lines);
}

#[test]
fn an_id_that_is_not_in_the_file_gives_no_verdict() {
    let file = crate::support::fixture("jaeger-next").join("v1-trace.body").display().to_string();
    let run = verify(&["spec.yaml", "--input", &file, "--correlation-id", "unknown-id"]).run();
    let unseen = "not seen\nthe file has no such ID\n";
    let expected = format!(
        "? CANNOT TELL essays in unknown-id 4 of 4 undecided\n\
         0 services · 0 traces · 0 spans · 0 log lines · nothing carries this ID\n\nat took wait where\n\
         ? register\n{unseen}? ask\n{unseen}? judge\n{unseen}\
         ? forbid publish_without_consume\nthe file has no such ID\n\nnext trace find --input {file}\n--- exit 3"
    );
    assert_lines(&run.screen(), &expected.lines().collect::<Vec<_>>());
    assert_eq!(run.screen().lines().count(), expected.lines().count(), "{}", run.screen());
}

/// The runs of a list, in its order, found or not; each gets the verdict that it gets alone.
#[test]
fn a_list_chooses_among_the_runs_of_a_file_and_of_the_demo() {
    let run = |name: &str| demo::find(name).expect("the scenario").1;
    let (good, bad) = (run("complete"), run("lost-message"));
    let trace = bad.spans[0].trace_id.to_string();
    let spans: Vec<_> = demo::embedded().into_iter().flat_map(|(_, run)| run.spans).collect();
    let ids = format!("nobody\n{trace}\n{}\n{}\n", good.correlation_id, bad.correlation_id);
    for from in [&["--demo"][..], &["--input", "file.json"], &["--demo=lost-message"]] {
        let output = verify(&["spec.yaml", "--ids-from", "ids", "-o", "json"])
            .args(from)
            .file("ids", &ids)
            .file("file.json", &to_otlp_json(&spans))
            .run();
        let json = output.json();
        let runs = json["runs"].as_array().expect("runs");
        let verdicts: Vec<_> = runs.iter().map(|run| (run["subject"].as_str(), run["verdict"].as_str())).collect();
        let of_good = if from[0] == "--demo=lost-message" { "cannot_tell" } else { "pass" };
        let wanted = [
            ("nobody", "cannot_tell"),
            (&trace, "fail"),
            (&good.correlation_id, of_good),
            (&bad.correlation_id, "fail"),
        ];
        assert_eq!(verdicts, wanted.map(|(id, verdict)| (Some(id), Some(verdict))), "{from:?} {}", output.stderr);
        let why = runs[0]["checks"][0]["why"].to_string();
        assert!(output.code == 1 && why.contains(" has no such ID"), "{from:?} {why}");
    }
}

#[test]
fn an_unreadable_file_gives_no_verdict_and_says_why() {
    let bad = r#"{"data":[{"traceID":"zz","spans":[{"traceID":"zz","spanID":"a","operationName":"x","startTime":1,"duration":1}]}]}"#;
    for command in [&["verify-pipeline", "spec.yaml"][..], &["missing"]] {
        let run = trace().file("spec.yaml", SPEC).file("bad", bad).args(command).args(["--input", "bad"]).run();
        assert!(run.code == 3 && run.stdout.contains("trace ID \"zz\" is not hexadecimal"), "{}", run.screen());
    }
}

#[test]
fn many_runs_are_summed_up_by_step_and_by_run() {
    let [narrow, wide] = ["80", "120"].map(|width| screen(&["spec.yaml", "--demo"], width));
    assert_same_text((&narrow, 80), (&wide, 120));
    let is_share = |line: &str| line.starts_with("traced ") && line.contains(" % of ") && line.ends_with(" whole");
    assert_eq!(wide.lines().filter(|line| is_share(line)).count(), 1, "{wide}");
    let json = verify(&["spec.yaml", "--demo", "-o", "json"]).run().json();
    let runs = json["runs"].as_array().expect("runs");
    let failed: Vec<&Value> = runs.iter().filter(|run| run["verdict"] == "fail").collect();
    assert_eq!((runs.len(), json["verdict"].as_str()), (demo::scenarios().len(), Some("fail")));
    assert!(failed.len() >= 5, "{} of {} failed", failed.len(), runs.len());
    let passed = runs.len() - failed.len();
    let lines = [
        &format!("✗ FAIL essays {} of {} runs failed", failed.len(), runs.len()),
        &format!("{passed} passed · {} failed", failed.len()),
        "broken undecided wait p50 p95",
        "✓ register · ·",
        "covered 2026-11-23 13:05 – 14:05 +00:00 traces, logs, metrics",
        &format!("next trace timeline {} --demo", failed[0]["subject"].as_str().unwrap_or_default()),
        "--- exit 1",
    ];
    assert_lines(&without_demo_note(&wide), &lines);
    // Waits of three runs that are always the same.
    let ids = ["complete", "lost-message", "late-consumer"].map(demo_id).join("\n");
    let three = verify(&["spec.yaml", "--demo", "--ids-from", "ids"]).file("ids", &ids).run().screen();
    let rows = [
        "✗ FAIL essays 1 of 3 runs failed",
        "2 passed · 1 failed",
        "✓ register · ·",
        "✓ ask · · 490 ms 45.4 s",
        "✗ judge 1 · 49 ms 49 ms",
        "✗ forbid publish_without_consume 1 ·",
        "traced 88 % of 9 interactions whole",
    ];
    assert_lines(&three, &rows);
    // A row a step with its counts, and a row a failed run with its first broken check.
    let text = without_space(&wide);
    let label = |check: &Value| {
        let kind = check["kind"].as_str().filter(|kind| *kind != "step").unwrap_or_default();
        format!("{kind} {}", check["name"].as_str().unwrap_or_default())
    };
    for step in json["steps"].as_array().expect("steps").iter().filter(|step| step["broken"] != 0) {
        let row = without_space(&format!("✗ {} {}", label(step), step["broken"]));
        assert!(text.contains(&row), "{row}\n{wide}");
    }
    for run in failed {
        let broken = run["checks"].as_array().and_then(|all| all.iter().find(|check| check["state"] == "broken"));
        let broken = broken.expect("a broken check");
        let (subject, why) = (run["subject"].as_str().expect("an ID"), broken["why"][0].as_str().expect("a reason"));
        let row = without_space(&format!("✗ {subject} {}: {why}", label(broken)));
        assert!(text.contains(&row), "{row}\n{wide}");
    }
}

#[test]
fn expectations_may_be_flags() {
    let six = ["POST /api/v1/batches/register", "kafka.publish.*check_request.v1", "kafka.consume.*check_complete.v1"];
    let flags: Vec<&str> = six.iter().flat_map(|name| ["--expect", name]).chain(["--in-order"]).collect();
    let lines = [
        &format!("✓ pass --expect in {} 4 met", demo_id("complete")),
        "✓ POST /api/v1/batches/register 0 ms 121 ms batch_orchestrator",
        "✓ kafka.publish.*check_request.v1 61 ms 4 ms batch_orchestrator",
        "✓ kafka.consume.*check_complete.v1 322 ms 257 ms essay_lifecycle",
        "✓ in order",
        "--- exit 0",
    ];
    assert_lines(&without_demo_note(&screen(&[&flags[..], &["--demo=complete"]].concat(), "80")), &lines);
    let backwards: Vec<&str> = six.iter().rev().flat_map(|name| ["--expect", name]).chain(["--in-order"]).collect();
    let run = verify(&backwards).args(["--demo=complete"]).run();
    assert!(run.code == 1 && run.stdout.contains("✗ in order"), "{}", run.screen());
}

#[test]
fn a_spec_is_checked_without_any_server() {
    let sound = verify(&["--check", "spec.yaml"]).run();
    assert_eq!((sound.code, sound.stderr.as_str()), (0, ""));
    assert_eq!(sound.stdout, "✓ spec.yaml: pipeline essays is sound: steps 3, forbid 1\n");
    let broken = verify(&["--check", "broken.yaml"]).run();
    assert_eq!(broken.stdout, "");
    assert_golden("verify/a_spec_is_checked_without_any_server.txt", &broken.screen());
    let run = verify(&["broken.yaml", "--demo"]).run();
    assert_eq!((run.code, run.stderr), (2, broken.stderr), "the same when it is used");
    for (spec, code, complaints) in [("spec.yaml", 0, 0), ("broken.yaml", 2, 9)] {
        let run = verify(&["--check", spec, "-o", "json"]).run();
        let json = run.json();
        schema_holds(&json);
        let output = json["complaints"].as_array().expect("complaints");
        assert_eq!((run.code, output.len(), json["sound"] == true), (code, complaints, code == 0), "{}", run.screen());
        match output.first() {
            None => assert_eq!((&json["pipeline"], &json["step_count"]), (&"essays".into(), &3.into())),
            Some(first) => {
                assert_eq!((&first["line"], &first["column"]), (&2.into(), &1.into()), "{first}");
                assert_eq!(first["suggestion"], "did you mean `steps`?");
            }
        }
        let csv = verify(&["--check", spec, "-o", "csv"]).run();
        assert_eq!((csv.code, csv.stdout.lines().count()), (code, complaints + 1), "{}", csv.screen());
    }
    assert_golden("verify/check_markdown.txt", &verify(&["--check", "broken.yaml", "-o", "markdown"]).run().screen());
}

/// What is wrong with the words is said before anybody is asked.
#[test]
fn arguments_that_contradict_each_other_are_refused() {
    let metric = SPEC.to_owned() + "metrics:\n  - { query: up, is: \"== 1\" }\nabsent:\n  - { log: panic }\n";
    let table: [(&[&str], &str); 26] = [
        (&["--demo"], "<SPEC>"),
        (&["--check"], "<SPEC>"),
        (&["--check", "--expect", "x"], "cannot be used with"),
        (&["spec.yaml", "--in-order", "--demo"], "cannot be used with"),
        (&["--in-order", "--demo"], "--expect"),
        (&["spec.yaml", "--expect", "x", "--demo"], "cannot be used with"),
        (&["--expect", "re:(", "--demo"], "no regular expression"),
        (&["nowhere.yaml", "--demo"], "nowhere.yaml: No such file"),
        (&["spec.yaml"], "give --correlation-id ID"),
        (&["spec.yaml", "--demo", "--without", "jaeger"], "--without jaeger: this spec expects spans"),
        (&["metric.yaml", "--demo", "--without", "loki"], "--without loki: this spec expects log lines"),
        (&["metric.yaml", "--demo", "--without", "prometheus"], "--without prometheus: this spec expects metrics"),
        (&["spec.yaml", "--ids-from", "nowhere"], "--ids-from nowhere: No such file"),
        (&["spec.yaml", "--ids-from", "empty"], "--ids-from empty: there is no ID in it"),
        (&["spec.yaml", "--ids-from", "ids", "--correlation-id", "a"], "one ID and a list of them"),
        (&["spec.yaml", "--ids-from", "ids", "--recent", "3"], "cannot be used with"),
        (&["spec.yaml", "--trace-id", "ab", "--correlation-id", "a"], "cannot be used with"),
        (&["spec.yaml", "--demo", "--known-failures", "spec.yaml"], "--known-failures spec.yaml: line 1"),
        (&["spec.yaml", "--demo", "--wait", "0s"], "longer than nothing"),
        (&["--check", "spec.yaml", "--json", "a"], "cannot be used with"),
        (&["spec.yaml", "--demo", "--junit", "a", "--json", "./a"], "--junit and --json name the same file, ./a"),
        (&["spec.yaml", "--demo", "--json", "ids", "--markdown", "link"], "--json and --markdown name the same file"),
        (&["spec.yaml", "--demo", "--out", "a", "--junit", "a"], "--out and --junit name the same file"),
        (&["spec.yaml", "--demo", "--json", "spec.yaml"], "SPEC and --json name the same file"),
        (&["spec.yaml", "--ids-from", "ids", "--markdown", "./ids"], "--ids-from and --markdown name the same file"),
        (&["spec.yaml", "--ids-from", "-", "--input", "-"], "can be read only once"),
    ];
    for (args, says) in table {
        let home = verify(args).file("metric.yaml", &metric).file("empty", "# none\n\n").file("ids", "a\n");
        let run = home.link("ids", "link").run();
        assert!(run.code == 2 && run.stdout.is_empty() && run.stderr.contains(says), "{args:?}\n{}", run.screen());
    }
}

#[test]
fn every_code() {
    let id = crate::support::recorded_id("lost-message");
    let recorded = |name: &str| verify(&[&format!("{}/spec.yaml", env!("CARGO_TARGET_TMPDIR"))]).replay(name);
    std::fs::write(format!("{}/spec.yaml", env!("CARGO_TARGET_TMPDIR")), SPEC).expect("the spec");
    let refusing = crate::support::server::Server::answering(|_| Some((401, "text/plain", b"who are you?".to_vec())));
    let one = ["spec.yaml", "--correlation-id", "req-42-abcdef", "--without", "loki,prometheus", "--timeout", "2s"];
    let table = [
        (0, verify(&["spec.yaml", "--demo=complete"])),
        (1, verify(&["spec.yaml", "--demo=lost-message"])),
        (1, verify(&["spec.yaml", "--demo"])),
        (1, recorded("lost-message").args(["--correlation-id", &id, "--key", "correlation_id"])),
        (2, verify(&["broken.yaml", "--demo"])),
        (3, verify(&one).args(["--jaeger-url", "http://127.0.0.1:9"])),
        (4, verify(&one).args(["--jaeger-url", refusing.url()])),
        (74, verify(&["spec.yaml", "--demo=complete", "--out", "no/such/folder"])),
    ];
    for (code, command) in table {
        let run = command.run();
        assert_eq!(run.code, code, "{}", run.screen());
    }
}

/// Runs it and gives the files that it wrote.
fn written(args: &[&str], vars: &[(&str, &str)], names: &[&str]) -> (Run, Vec<String>) {
    let home = tempfile::tempdir().expect("a folder");
    let path = |name: &str| home.path().join(name).display().to_string();
    std::fs::write(path("summary.md"), "# before\n").expect("the summary");
    let mut command = verify(args);
    for name in names.iter().filter(|name| **name != "summary.md") {
        let flag = format!("--{}", name.split('.').next().unwrap_or_default());
        command = command.args([flag, path(name)]);
    }
    for (name, value) in vars {
        command = command.env(name, value);
    }
    let run = command.env("GITHUB_STEP_SUMMARY", &path("summary.md")).run();
    (run, names.iter().map(|name| std::fs::read_to_string(path(name)).unwrap_or_default()).collect())
}

#[test]
fn all_files_are_written_at_once() {
    let names = ["junit.xml", "json.json", "markdown.md", "summary.md"];
    let args = ["spec.yaml", "--demo", "-o", "json"];
    let (run, files) = written(&args, &[("GITHUB_ACTIONS", "true")], &names);
    let [junit, json, markdown, summary] = &files[..] else { panic!("{files:?}") };
    assert_eq!((run.code, json == &run.stdout), (1, true), "{}", run.stderr);
    assert_eq!(summary, &format!("# before\n{markdown}"), "what was there stays");
    assert_eq!(markdown, &verify(&["spec.yaml", "--demo", "-o", "markdown"]).run().stdout);
    schema_holds(&run.json());
    let document = quick_junit::Report::deserialize_from_str(junit).expect("JUnit");
    let runs = run.json()["runs"].as_array().cloned().expect("runs");
    let broken_checks = |run: &Value| -> Vec<Value> {
        let all = run["checks"].as_array().expect("checks").iter();
        all.filter(|check| check["state"] == "broken").cloned().collect()
    };
    let (count, checks) = (demo::scenarios().len(), SPEC.matches("span:").count() + 1);
    let broken_count: usize = runs.iter().map(|run| broken_checks(run).len()).sum();
    assert_eq!((document.test_suites.len(), document.tests), (count, count * checks), "{junit}");
    assert_eq!((document.failures, document.errors, runs.len()), (broken_count, 0, count));
    assert!(broken_count >= 9, "{broken_count} broken");
    for (suite, run) in document.test_suites.iter().zip(&runs) {
        assert_eq!(suite.name.as_str(), run["subject"]);
        let broken = |case: &&quick_junit::TestCase| {
            matches!(case.status, TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. })
        };
        let failed: Vec<&str> = suite.test_cases.iter().filter(broken).map(|case| case.name.as_str()).collect();
        assert_eq!(failed.len(), broken_checks(run).len(), "{failed:?}");
    }
    let annotation = |run: &Value, check: &Value| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let kind = check["kind"].as_str().filter(|kind| *kind != "step").map(|kind| format!("{kind} "));
        let title = format!("essays%3A {}{}", kind.unwrap_or_default(), text(&check["name"]));
        format!("::error title={title}::{}: {}\n", text(&run["subject"]), text(&check["why"][0]))
    };
    let annotations =
        runs.iter().flat_map(|run| broken_checks(run).into_iter().map(move |check| annotation(run, &check)));
    assert_eq!(run.stderr, annotations.collect::<String>());
    let (run, files) = written(&["spec.yaml", "--demo=complete"], &[], &["summary.md"]);
    assert_eq!((files[0].as_str(), run.stderr.as_str()), ("# before\n", ""), "only where GitHub runs it");
}

fn schema_holds(json: &Value) {
    let schema = trace().args(["schema"]).run().json();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let wrong: Vec<String> = validator.iter_errors(json).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn reports_of_one_run_in_every_form() {
    let (_, files) = written(&["spec.yaml", "--demo=lost-message"], &[], &["junit.xml", "markdown.md"]);
    assert_golden("verify/junit.txt", &files[0]);
    let lines = [
        "## ✗ FAIL essays in `522a9954-5705-4bbe-be2d-169894ed1e2a` 2 of 4 broken",
        "3 services · 1 trace · 9 spans · 9 log lines · 577 ms · `2026-11-23 14:02:12.812 +00:00`",
        "| | at | took | wait | where |",
        "| --- | --- | --- | --- | --- |",
        "| ✓ register | 0 ms | 119 ms | | `batch_orchestrator` |",
        "| ✓ ask | 488 ms | 4 ms | `+488` ms | `essay_lifecycle` |",
        "| **✗ judge**<br>not seen<br>nearest: `essay_lifecycle \
         kafka.publish.huleedu.cj_assessment.assessment_request.v1` at 488 ms, span `826d33f5` – of a similar \
         name<br>because: a message that `essay_lifecycle_service` sent to \
         `huleedu.cj_assessment.assessment_request.v1` was never consumed | | | | |",
        "| **✗ forbid `publish_without_consume`**<br>a message that `essay_lifecycle_service` sent to \
         `huleedu.cj_assessment.assessment_request.v1` was never consumed<br>seen: `essay_lifecycle \
         kafka.publish.huleedu.cj_assessment.assessment_request.v1` at 488 ms, span `826d33f5` | 488 ms | 4 ms | | \
         `essay_lifecycle` |",
        "**✗ a message that `essay_lifecycle_service` sent to `huleedu.cj_assessment.assessment_request.v1` was never \
         consumed**",
        "- `publish_without_consume` · error · high confidence · 488 ms in · span `826d33f5`",
        "- likely: the consumer is down, behind, or has dropped the message",
        "```text",
        "63 ms ┊ 43 ms in the queue ┄┄┄",
        "┃ ✗ no consumer of huleedu.cj_assessment.assessment_request.v1",
        "```",
        "`┃` critical path · ┊ waiting · … stands for huleedu.",
        "- **traced** 2 of 3 interactions whole",
        "- **note** demo: no server was asked",
        "- **next** `trace span 826d33f5 --demo=lost-message`",
        "- `trace missing --demo=lost-message`",
        "- `trace timeline --demo=lost-message`",
    ];
    assert_lines(&files[1], &lines);
    let [csv, jsonl] = ["csv", "jsonl"].map(|form| verify(&["spec.yaml", "--demo=lost-message", "-o", form]).run());
    assert_golden("verify/csv.txt", &csv.screen());
    let end = assert_records(&jsonl.stdout, &csv.stdout);
    assert_eq!((jsonl.code, &end["report"], &end["complete"]), (1, &"verification".into(), &true.into()));
    assert_eq!(end["subject"], demo_id("lost-message"));
    for demo in ["--demo=complete", "--demo=lost-message"] {
        schema_holds(&verify(&["spec.yaml", demo, "-o", "json"]).run().json());
    }
}

#[test]
fn a_file_that_cannot_be_written_takes_nothing_else_with_it() {
    let (run, files) =
        written(&["spec.yaml", "--demo=lost-message", "--json", "no/such/folder"], &[], &["junit.xml", "markdown.md"]);
    assert_eq!(run.code, 74, "{}", run.screen());
    assert!(run.stdout.starts_with("✗ FAIL") && run.stderr.contains("no/such/folder: No such file"));
    assert!(files.iter().all(|file| file.contains("judge")));
}

#[test]
fn known_failures_are_put_up_with_and_new_ones_are_not() {
    let home = tempfile::tempdir().expect("a folder");
    let known = home.path().join("known").display().to_string();
    let first = verify(&["spec.yaml", "--demo=lost-message", "--write-known-failures", &known]).run();
    assert_eq!(first.code, 1);
    assert_golden("verify/known_failures.txt", &std::fs::read_to_string(&known).expect("the file"));
    let (again, files) =
        written(&["spec.yaml", "--demo=lost-message", "--known-failures", &known], &[], &["junit.xml"]);
    assert_eq!(again.code, 0, "{}", again.screen());
    let title = format!("! KNOWN FAILURES  essays in {}  2 of 4 broken, each known before", demo_id("lost-message"));
    assert_eq!(again.stdout.lines().next(), Some(title.as_str()));
    let document = quick_junit::Report::deserialize_from_str(&files[0]).expect("JUnit");
    assert_eq!((document.failures, files[0].matches("known before").count()), (0, 2));
    let many = verify(&["spec.yaml", "--demo", "--known-failures", &known]).run();
    assert!(
        many.code == 1 && many.stdout.contains("failed as known"),
        "others fail at the first step: {}",
        many.screen()
    );
    let fewer = std::fs::read_to_string(&known).expect("the file").replace("step judge\n", "");
    let run = verify(&["spec.yaml", "--demo=lost-message", "--known-failures", "fewer"]).file("fewer", &fewer).run();
    assert_eq!(run.code, 1, "one of them is new");
}

/// A known failure that no longer fails is reported, changes no exit code, and is dropped when the list is written anew;
/// an unknown one stays.
#[test]
fn known_failures_that_no_longer_fail_are_reported() {
    let spec = format!("{SPEC}metrics:\n  - {{ query: up, is: 1 }}\n");
    let home = tempfile::tempdir().expect("a folder");
    let known = home.path().join("known").display().to_string();
    std::fs::write(&known, "step judge\nstep register\nstep judg\nforbid publish_without_consume\nmetric up\n")
        .expect("it");
    let args = ["metric.yaml", "--demo=lost-message", "--known-failures", &known, "--write-known-failures", &known];
    let plain = verify(&args[..4]).file("metric.yaml", &spec).run();
    let shown = plain.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.code == 0 && shown.contains("known step register fails no more"), "{}", plain.screen());
    assert!(shown.contains("step judg is nothing that the spec expects"), "{}", plain.screen());
    let run = verify(&args).file("metric.yaml", &spec).args(["-o", "json"]).run();
    let json = run.json();
    schema_holds(&json);
    let now: Vec<_> = json["known_failures"].as_array().expect("them").iter().map(|one| one["now"].as_str()).collect();
    assert_eq!(now, ["fails", "obsolete", "unknown", "fails", "undecided"].map(Some));
    let nowhere = verify(&["spec.yaml", "--demo", "--ids-from", "ids", "--known-failures", "old", "-o", "json"])
        .file("ids", "nobody\n")
        .file("old", "step register\n")
        .run();
    assert_eq!(nowhere.json()["known_failures"][0]["now"], "undecided", "nothing was seen");
    let written = std::fs::read_to_string(&known).expect("it");
    let kept: Vec<&str> = written.lines().filter(|line| line.starts_with(char::is_alphabetic)).collect();
    assert_eq!((run.code, kept), (0, vec!["step judge", "forbid publish_without_consume", "metric up"]));
}

/// What a backend says is never a command: not to a terminal, not to GitHub, not to a reader of XML.
#[test]
fn nothing_a_backend_says_becomes_a_command() {
    const EVIL: &str = r"x\u001b]0;owned\u0007\u001b[31m\r\n::set-output name=a::b\n##[error]c\n%0A::error::d ]]> &amp; <b> \u0000\u202e|`$(x)`";
    let span = |id: &str, more: &str| {
        format!(
            r#"{{"traceID":"1f","spanID":"{id}","operationName":"{EVIL}","processID":"p","startTime":1795352531112000,"duration":500,"tags":[{{"key":"correlation_id","value":"req-42-abcdef"}},{{"key":"error","type":"bool","value":true}},{{"key":"otel.status_description","value":"{EVIL}"}},{{"key":"span.kind","value":"{more}"}},{{"key":"messaging.destination.name","value":"{EVIL}"}},{{"key":"messaging.system","value":"kafka"}}]}}"#
        )
    };
    let trace = format!(
        r#"{{"data":[{{"traceID":"1f","spans":[{},{}],"processes":{{"p":{{"serviceName":"{EVIL}"}}}}}}]}}"#,
        span("a", "server"),
        span("b", "producer")
    );
    let spec = "pipeline: \"a]]>b::c\"\nsteps:\n  - all: { span: \"*\", status: ok, every: true }\n  - other: { span: \"x*owned\" }\nabsent:\n  - { span: \"*\", status: error }\nforbid: [error_origin, publish_without_consume]\n";
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), trace).expect("the trace");
    let spec_file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(spec_file.path(), spec).expect("the spec");
    let paths = [spec_file.path(), file.path()].map(|path| path.display().to_string());
    let args = [&paths[0], "--input", &paths[1]];
    let names = ["junit.xml", "json.json", "markdown.md", "summary.md"];
    let (run, files) = written(&args, &[("GITHUB_ACTIONS", "true")], &names);
    assert_eq!(run.code, 1, "{}", run.screen());
    let [junit, json, markdown, summary] = &files[..] else { panic!("{files:?}") };
    for (what, text) in [
        ("screen", &run.stdout),
        ("stderr", &run.stderr),
        ("junit", junit),
        ("markdown", markdown),
        ("summary", summary),
    ] {
        assert!(text.chars().all(|c| c == '\n' || !is_unsafe(c)), "{what}: {text}");
        let begins = |line: &str| ["::", "##["].iter().any(|mark| line.trim_start().starts_with(mark));
        let commands: Vec<&str> = text.lines().filter(|line| begins(line)).collect();
        let ours = |line: &&str| what == "stderr" && line.starts_with("::error title=a]]>b%3A%3Ac%3A ");
        assert!(commands.iter().all(ours), "{what}: {commands:#?}");
        assert!(!text.contains("%0A::") || what != "stderr", "{text}");
    }
    assert_eq!(run.stderr.lines().count(), 4, "{}", run.stderr);
    assert!(quick_junit::Report::deserialize_from_str(junit).is_ok(), "{junit}");
    let _: Value = serde_json::from_str(json).expect("JSON");
}
