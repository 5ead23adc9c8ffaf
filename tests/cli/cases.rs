//! Inputs of `fixtures/cases` with the answer that each must have: a row a command.

use crate::support::{fixture, trace};

/// A command, its input files, its exit code, texts that its screen must have and texts that it must not have.
type Case = (&'static str, &'static [&'static str], i32, &'static [&'static str], &'static [&'static str]);

/// Runs each command in `fixtures/cases` and reports every row that fails, not only the first.
#[track_caller]
fn check(table: &[Case]) {
    let mut failures = String::new();
    for (command, files, code, present, absent) in table {
        let inputs = files.iter().flat_map(|file| ["--input".into(), fixture("cases").join(file).into_os_string()]);
        let run = trace().args(command.split_whitespace()).args(inputs).run();
        // Lines are wrapped at the width of the screen.
        let screen = run.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        let missing = present.iter().filter(|text| !screen.contains(**text)).map(|text| format!("  lacks {text}\n"));
        let unwanted = absent.iter().filter(|text| screen.contains(**text)).map(|text| format!("  has {text}\n"));
        let faults: String = missing.chain(unwanted).collect();
        if run.code != *code || !faults.is_empty() {
            failures += &format!("{command} {files:?}: exit {}, expected {code}\n{faults}{}\n", run.code, run.screen());
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

const NONE: &[&str] = &[];

#[test]
fn spans_in_other_formats_are_read_or_refused_by_name() {
    let no_green = &["✓"];
    check(&[
        ("missing req-7781 --fail-on error", &["zipkin-list.json"], 2, &["Zipkin", "OTLP JSON"], no_green),
        ("hotspots --fail-on error", &["zipkin-list.json"], 2, &["Zipkin"], no_green),
        ("find req-7781", &["python-console.json"], 2, &["exporter for Python", "OTLP JSON"], no_green),
        ("find req-7781", &["go-stdouttrace.json"], 2, &["exporter for Go", "OTLP JSON"], no_green),
        ("find req-7781", &["es-search.json"], 0, &["4 spans", "INSERT orders"], &["more hits"]),
        ("find req-7781", &["compose-prefix.log"], 0, &["4 spans", "INSERT orders"], &["skipped"]),
        ("find", &["zstd-framed.json"], 2, &["zstd", "frames", "`compression`"], &["only its JSON form"]),
    ]);
}

#[test]
fn an_error_attribute_may_hold_the_words_of_the_error() {
    check(&[("find", &["error-tag-text.json"], 0, &["connection reset by peer", "a call2"], NONE)]);
}

/// A command on `pasted-ids.json` with a list of these IDs: its screen on one line, and its exit code.
fn with_list(ids: &str, args: &[&str]) -> (String, i32) {
    let input = fixture("cases").join("pasted-ids.json").display().to_string();
    let run = trace().file("ids.txt", ids).args(args).args(["--ids-from", "ids.txt", "--input", &input]).run();
    (run.screen().split_whitespace().collect::<Vec<_>>().join(" "), run.code)
}

#[test]
fn an_id_of_a_list_that_nothing_carries_is_named_and_never_passes() {
    for (ids, named) in [("req-7781\nnope-1\n", "not found nope-1"), ("nope-1\nnope-2\n", "not found nope-1 nope-2")] {
        let (screen, code) = with_list(ids, &["missing", "--fail-empty"]);
        assert!(code == 1 && screen.contains(named) && !screen.contains('✓'), "{screen}");
    }
    let (screen, code) = with_list("nope-1\n", &["missing", "--fail-on", "error"]);
    assert!(code == 0 && screen.contains("– nothing found for nope-1"), "{screen}");
    // No backend answers: nothing may be said about the IDs.
    let run = trace().file("ids.txt", "a-1\nb-2\n").args(["missing", "--ids-from", "ids.txt", "--fail-empty"]).run();
    let screen = run.screen();
    assert!(run.code == 3 && screen.contains("nobody answered for 2 IDs") && !screen.contains('✓'), "{screen}");
}

#[test]
fn a_name_that_the_data_does_not_have_is_named_and_never_passes() {
    let file = &["pasted-ids.json"][..];
    let table: [Case; 6] = [
        ("hotspots --fail-on error --service gatway", file, 3, &["no service is called gatway", "mean gateway?"], NONE),
        ("hotspots --fail-on error --operation Post", file, 3, &["no operation is called Post", "mean POST?"], NONE),
        ("missing --fail-on error --service gatway", file, 3, &["mean gateway?"], &["✓"]),
        ("missing --fail-on error --service gateway", file, 0, NONE, &["called"]),
        ("missing --fail-on error --service orders", file, 1, &["INSERT orders"], &["called"]),
        ("find req-7781 --key corelation_id", file, 0, &["has a key corelation_id", "mean correlation_id?"], NONE),
    ];
    check(&table);
    let run = trace().args("hotspots --demo --fail-on error --service spell_cheker".split(' ')).run();
    assert!(run.code == 3 && run.stdout.contains("did you mean spell_checker"), "{}", run.screen());
}

#[test]
fn a_flag_has_an_effect_or_is_refused() {
    let table = [
        ("find --jaeger-url http://a", "--jaeger-url is about backends"),
        ("find --without loki", "--without is about backends"),
        ("find --timeout 1s", "--timeout is about backends"),
        ("hotspots --limit 5", "--limit is about backends"),
        ("missing --total-timeout 1s", "--total-timeout is about backends"),
        ("missing --log x", "--log x: findings have"),
        ("logs --operation x", "only spans have that"),
        ("latency --log x", "only lines have that"),
        ("map --log x", "only lines have that"),
        ("diff --log x", "only lines have that"),
        ("find --since soon", "--since: \"soon\" is no time"),
        ("missing --start now+5h", "ahead of now"),
        ("verify-pipeline --expect a --end soon", "\"soon\" is no time"),
    ];
    let input = fixture("cases").join("pasted-ids.json").display().to_string();
    for (command, said) in table {
        for data in ["--demo".to_owned(), format!("--input={input}")] {
            let run = trace().args(command.split(' ')).args([&data]).run();
            assert!(run.code == 2 && run.stderr.contains(said), "{command} {data}: {}", run.screen());
        }
    }
}

#[test]
fn an_error_has_failed_until_something_proves_otherwise() {
    let failed = &["error_origin · error · high confidence"];
    let recovered = &["recovered", "handled"];
    check(&[
        ("missing --fail-on error", &["e2e-root-500.json"], 1, failed, recovered),
        ("missing --fail-on error", &["cron-failed-insert.json"], 1, failed, recovered),
        ("missing --fail-on error", &["consumer-handler-failed.json"], 1, failed, recovered),
        ("missing --fail-on error", &["click-500.json"], 1, failed, recovered),
        (
            "hotspots --fail-on error",
            &["click-500.json"],
            1,
            &["✗ 1 error from 1 origin: api POST /checkout"],
            recovered,
        ),
        ("missing --fail-on error", &["min_made_good.json"], 1, failed, recovered),
        ("hotspots --fail-on error", &["min_made_good.json"], 1, &["✗ 1 error"], recovered),
        ("why", &["min_made_good.json"], 0, &["an error that failed (1)"], &["✓"]),
        ("missing sign-2 --fail-on error", &["worker-root-jobs.json"], 1, failed, recovered),
        (
            "find",
            &["workflow-start-run.json"],
            0,
            &["✓ 1 error, recovered", "↻ shop-worker RunActivity:Charge"],
            &["✗"],
        ),
    ]);
}

#[test]
fn the_critical_path_has_what_the_end_waited_for() {
    check(&[
        ("find", &["build-overlap.json"], 0, &["940 ms 94 % daemon RUN tests"], &["cli Status 9"]),
        (
            "find",
            &["steps-after-short-parent.json"],
            0,
            &["99 ms 19 % w step0", "99 ms 19 % w step2"],
            &["nothing open"],
        ),
        (
            "find",
            &["short-consumer-async.json"],
            0,
            &["500 ms 53 % worker S3.PutObject", "400 ms 42 % worker S3.GetObject"],
            &["waiting for S3"],
        ),
        ("find", &["reader-outlives-parent.json"], 0, &["150 ms 50 % app DataReader", "31 ms 10 % app request"], NONE),
        ("latency", &["min_overlap.json"], 0, &["recommendation slow is 93 % of what users wait for"], NONE),
        ("latency", &["min_overlap_touch.json"], 0, &["recommendation slow is 93 % of what users wait for"], NONE),
        ("find", &["workflow-start-run.json"], 0, &["30.0 s 31 % shop-worker RunActivity:Ship"], &["clocks"]),
    ]);
}

#[test]
fn messages_wait_from_their_publish_and_polling_does_not_count() {
    check(&[
        ("find", &["longpoll-link.json"], 0, &["226 ms", "100 ms 44 % worker INSERT orders"], &["30.0 s", "clocks"]),
        ("missing --all", &["longpoll-link.json"], 0, &["✓"], &["clock_skew"]),
        ("find", &["longpoll-azure.json"], 0, &["451 ms", "0 ms ┃ orders-api POST /orders"], &["5.45 s"]),
        (
            "find",
            &["consumer-under-old-span.json"],
            0,
            &["5 ms in the queue"],
            &["9 min", "not stored", "nothing open"],
        ),
        ("latency", &["consumer-under-old-span.json"], 0, &["1 5 ms 5 ms 5 ms 0 % jobs"], &["9 min", "gaps"]),
        ("missing --fail-on error", &["receive-sibling.jsonl"], 0, &["✓"], &["publish_without_consume"]),
        ("missing --fail-on error", &["process-sibling.jsonl"], 0, &["✓"], &["publish_without_consume"]),
    ]);
}

#[test]
fn what_belongs_is_in_and_what_is_there_is_not_missing() {
    check(&[
        ("find sign-0", &["worker-root-jobs.json"], 0, &["✓ no errors in sign-0", "220 ms"], &["smtp", "not stored"]),
        ("missing --all", &["parent-cycle.json"], 0, &["✓", "cycle"], &["orphan"]),
        ("missing --fail-on error", &["tail-of-live-file.jsonl"], 0, &["1 finding withheld"], &["high confidence"]),
        ("missing --all", &["workflow-start-run.json"], 0, &["recovered"], &["clock_skew"]),
        ("missing", &["peer-service-on-server.jsonl"], 0, NONE, &["client_without_server"]),
        ("missing --fail-on warning", &["siblings.json"], 0, &["✓"], &["sibling_deviation"]),
        ("map", &["map-nested-dns.json"], 0, &["api → loki (no spans here)"], NONE),
    ]);
}

#[test]
fn comparisons_show_what_differs_and_nothing_else() {
    let windows = "diff --before 1790000000..1790000030 --after 1790000030..1790000060";
    check(&[
        ("why", &["why-equal.jsonl"], 0, &["the 24 bad journeys"], &["tenant"]),
        (windows, &["v1v2.json"], 0, &["1 step missing, 1 step added", "orders /api/v2/orders"], NONE),
    ]);
}

#[test]
fn a_span_step_means_that_it_happened_and_did_not_fail() {
    let step = |status: &str| format!("pipeline: p\nsteps:\n  - insert: {{ span: INSERT orders{status} }}\n");
    let table = [
        ("", 1, "duplicate key"),
        (", status: ok", 1, "duplicate key"),
        (", status: any", 0, "✓ pass"),
        (", status: error", 0, "✓ pass"),
    ];
    let input = fixture("cases").join("pasted-ids.json").display().to_string();
    for (status, code, said) in table {
        let run = trace().file("p.yaml", &step(status)).args(["verify-pipeline", "p.yaml", "--input", &input]).run();
        assert!(run.code == code && run.stdout.contains(said), "{status}: {}", run.screen());
    }
    let expected = ["verify-pipeline", "--expect", "INSERT orders", "--input", &input];
    assert_eq!(trace().args(expected).run().code, 1, "the default holds without a spec, too");
    // One cause is said once.
    let unanswered = ["verify-pipeline", "--expect", "a", "--expect", "b", "--correlation-id", "x"];
    let run = trace().args(unanswered).run();
    let screen = run.screen();
    assert!(run.code == 3 && screen.contains("none of 2 expectations was checked"), "{screen}");
    assert!(!screen.contains("not seen") && !screen.contains("nothing carries"), "{screen}");
}

#[test]
fn a_suggested_command_searches_the_same_time() {
    let id = "c-00000000000000000000000000000033";
    for (command, times) in
        [("find", "--start 2026-01-01"), ("missing", "--since 2000d"), ("latency", "--start now-9y")]
    {
        let input = fixture("cases").join("s3.json").display().to_string();
        let run = trace().args([command, id, "--input", &input]).args(times.split(' ')).run();
        let screen = run.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(screen.contains(&format!("--input {input} {times}")), "{screen}");
    }
}

#[test]
fn an_id_is_found_in_what_people_paste() {
    let forms = [
        "00-a1b2c3d4e5f60718293a4b5c6d7e8f90-00000000000000a1-01",
        "1-a1b2c3d4-e5f60718293a4b5c6d7e8f90",
        "a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90",
        "0xa1b2c3d4e5f60718293a4b5c6d7e8f90",
        "a1b2c3d4e5f60718293a4b5c6d7e8f90:a1:0:1",
        "http://localhost:16686/trace/a1b2c3d4e5f60718293a4b5c6d7e8f90",
        " \"req-7781\" ",
    ];
    let input = fixture("cases").join("pasted-ids.json").display().to_string();
    for form in forms {
        let run = trace().args(["find", form, "--input", &input]).run();
        let screen = run.screen();
        assert!(
            run.code == 0 && screen.contains("4 spans") && screen.contains("nothing has the ID as given"),
            "{form}: {screen}"
        );
    }
    check(&[
        (
            "find 66666666-7777-9888-8999-aaaaaaaaaaaa",
            &["guid-request-id.json"],
            0,
            &["--key guid:x-request-id finds it"],
            NONE,
        ),
        (
            "find",
            &["nonhex-trace-id.json"],
            2,
            &["its trace ID \"trace-checkout-1\" is not hexadecimal"],
            &["no trace ID"],
        ),
    ]);
}

#[test]
fn a_suggested_command_reads_the_same_data() {
    let dead = "http://127.0.0.1:9";
    let table: [(&[&str], &str, &str); 4] = [
        (&["latency", "--demo", "--via", "spans"], "--histogram --demo --via spans", "--via spans --via"),
        (
            &["find", "x", "--jaeger-url", dead, "--without", "loki,prometheus"],
            "trace doctor --jaeger-url http://127.0.0.1:9 --without loki,prometheus",
            "--input",
        ),
        (&["span", "--demo=complete", "0123456789abcdef"], "`trace timeline --demo=complete -v` shows the IDs", "✓"),
        (&["why", "--input", "click-500.json"], "all of 1 journey are bad", "--bad error"),
    ];
    for (args, present, absent) in table {
        let click = std::fs::read_to_string(fixture("cases").join("click-500.json")).expect("the case");
        let run = trace().file("click-500.json", &click).args(args).run();
        let screen = run.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(screen.contains(present) && !screen.contains(absent), "{args:?}\n{screen}");
    }
}
