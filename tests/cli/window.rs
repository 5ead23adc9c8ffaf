//! Commands about a window as a user sees them: odd input, trends, codes.

use crate::support::{Run, trace};

/// A Jaeger download of one trace of these spans: service, start in seconds, error message.
fn download(spans: &[(String, i64, &str)]) -> String {
    let (mut all, mut processes) = (vec![], vec![]);
    for (n, (service, at, error)) in spans.iter().enumerate() {
        let tag = |key: &str, kind: &str, value: &str| format!(r#"{{"key":"{key}","type":"{kind}","value":{value}}}"#);
        let words = format!("{error:?}");
        let failed = [tag("error", "bool", "true"), tag("otel.status_description", "string", &words)].join(",");
        let tags = if error.is_empty() { "" } else { &failed };
        let start = (1_795_442_000 + at) * 1_000_000;
        all.push(format!(
            r#"{{"traceID":"{:032x}","spanID":"{:016x}","operationName":"get","references":[],"startTime":{start},"duration":1000,"tags":[{tags}],"logs":[],"processID":"p{n}","warnings":null}}"#,
            1,
            n + 1,
        ));
        processes.push(format!(r#""p{n}":{{"serviceName":"{service}","tags":[]}}"#));
    }
    let (id, all, processes) = (format!("{:032x}", 1), all.join(","), processes.join(","));
    let trace = format!(r#"{{"traceID":"{id}","spans":[{all}],"processes":{{{processes}}}}}"#);
    format!(r#"{{"data":[{}]}}"#, if spans.is_empty() { "" } else { &trace })
}

fn run(command: &str, text: &str, args: &[&str]) -> Run {
    trace().file("in.json", text).args([command, "--input", "in.json", "--utc"]).args(args).run()
}

fn span(service: &str, at: i64, error: &'static str) -> (String, i64, &'static str) {
    (service.to_owned(), at, error)
}

#[test]
fn odd_input_gives_sensible_screens() {
    let (good, bad) = (download(&[span("web", 0, "")]), download(&[span("web", 0, "boom")]));
    let table = [
        ("hotspots", &download(&[]), &["--fail-empty"][..], "– no spans", 1),
        ("errors", &download(&[]), &[], "– no errors found", 0),
        ("hotspots", &good, &["--fail-on", "error"], "✓ no errors", 0),
        ("errors", &good, &[], "✓ no errors", 0),
        ("hotspots", &bad, &["--fail-on", "error"], "✗ 1 error from 1 origin", 1),
        ("errors", &bad, &["--fail-on", "error"], "✗ 1 error;", 1),
        ("hotspots", &bad, &["--start", "2020-01-01", "--end", "2020-01-02"], "– no spans", 0),
        ("hotspots", &bad, &["--service", "other"], "– nothing is as the filters say", 0),
        ("latency", &download(&[]), &["--fail-empty"], "– no calls\nfrom 0 spans in 0 journeys\n", 1),
        ("latency", &bad, &[], "web  get  is 100 % of what users wait for", 0),
        ("latency", &good, &["--by", "attribute:tenant"], "– no spans that carry \"tenant\"", 0),
        ("map", &download(&[]), &["--fail-empty"], "– no calls between parts\n", 1),
        ("map", &good, &[], "– no calls between parts\nfrom 1 span in 1 journey\n", 0),
        ("map", &bad, &["-o", "dot"], "digraph", 0),
        ("why", &download(&[]), &[], "– no journey to compare", 0),
        ("why", &good, &[], "✓ none of 1 journey is bad", 0),
    ];
    for (command, text, args, wanted, code) in table {
        let output = run(command, text, args);
        assert!(output.stdout.starts_with(wanted) && output.code == code, "{command} {args:?}: {}", output.screen());
    }
}

/// Bounds are those of JSON: of spans they are the length itself.
#[test]
fn rows_have_the_bounds_of_durations_and_both_examples() {
    let row = |command: &str, args: &[&str]| {
        let rows = run(command, &download(&[span("web", 0, "boom")]), &[args, &["-o", "jsonl"]].concat()).stdout;
        serde_json::from_str::<serde_json::Value>(rows.lines().next().expect("a row")).expect("JSON")
    };
    let output = row("latency", &[]);
    for name in ["p50", "p90", "p95", "p99", "max"] {
        let all = ["ns", "low_ns", "high_ns"].map(|which| output[format!("{name}_{which}")].as_i64());
        assert_eq!(all, [Some(1_000_000); 3], "{name}: {output}");
    }
    let output = row("hotspots", &[]);
    assert!(output["example"].is_string() && output["example_2"].is_null(), "{output}");
}

/// Filters go along where the same data is meant, and not where one journey is.
#[test]
fn a_following_command_means_the_same_data() {
    let bad = download(&[span("it's", 0, "boom"), span("re*", 1, "boom")]);
    let asked = ["--service", "i*", "--operation", "re:^g", "--min-duration", "0.5ms", "--since", "9000d"];
    let rest = "--operation 're:^g' --min-duration 500us --input in.json --since 9000d";
    let shown = "--min-duration 500us --histogram --input in.json --since 9000d";
    let find = "trace find 00000000000000000000000000000001 --input in.json --since 9000d";
    let table = [
        ("hotspots", vec![find.to_owned(), format!("trace errors --service 'it'\\''s' {rest}")]),
        ("errors", vec![find.to_owned(), format!("trace hotspots --service 'i*' {rest}")]),
        ("latency", vec![format!("trace latency --service 'it'\\''s' --operation get {shown}")]),
    ];
    for (command, wanted) in table {
        let output = run(command, &bad, &asked);
        let next = output.stdout.lines().skip_while(|line| !line.starts_with("next"));
        let next: Vec<&str> = next.map(|line| line.trim_start_matches("next").trim()).collect();
        assert_eq!(next, wanted, "{command}: {}", output.screen());
    }
}

#[test]
fn what_does_not_fit_is_cut_and_that_is_said() {
    let spans: Vec<_> = (0..3_000).map(|n| span(&format!("s{n:04}"), 0, "boom")).collect();
    let output = run("hotspots", &download(&spans), &[]);
    assert!(output.stdout.starts_with("✗ 3000 errors from 3000 origins"), "{:.600}", output.screen());
    assert!(output.stdout.contains("… and 2980 more rows; --top 3000 shows all"), "{:.600}", output.stdout);
    let output = run("latency", &download(&spans), &[]);
    assert!(output.stdout.contains("… and 2980 more rows; --top 3000 shows all"), "{:.900}", output.stdout);
    let output = run("errors", &download(&spans), &["--limit", "2"]);
    assert!(output.stdout.contains("… and 2998 older kinds; --limit 3000 shows all"), "{:.900}", output.stdout);
}

/// The window against the one before it, both of a file.
#[test]
fn a_trend_is_shown_where_a_time_is_given() {
    let mut spans: Vec<_> = (0..10).map(|n| span("old", n, "row 7 gone")).collect();
    spans.extend((0..10).map(|n| span("new", 100 + n, "row 7 gone")));
    // `gone` is claimed only of a service that still has calls.
    spans.push(span("old", 105, ""));
    spans.push(span("dead", 5, "row 7 gone"));
    let args = ["--start", "1795442100", "--end", "1795442200", "-o", "json"];
    let json = run("hotspots", &download(&spans), &args).json();
    let rows: Vec<String> = json["hotspots"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| format!("{} {} {} {}", row["service"], row["trend"], row["errors"], row["errors_before"]))
        .collect();
    assert_eq!(rows, [r#""new" "new" 10 0"#, r#""old" "gone" 0 10"#, r#""dead" null 0 1"#], "{json:#}");
    assert_eq!(json["hotspots"][0]["message"], "row <n> gone");
    let alone = run("hotspots", &download(&spans), &[]);
    assert!(alone.stdout.contains("--since or --start names one"), "{}", alone.stdout);
}
