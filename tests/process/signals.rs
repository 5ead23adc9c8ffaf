//! A process among others: signals, pipes, full disks, narrow places, files that are whole.
#![cfg(unix)]

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::server::Server;
use crate::support::{fixture, trace};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The run that was recorded from Jaeger's main branch.
const ID: &str = "62f7c6f9-7c05-43a4-beae-034151654acd";
const TIME: [&str; 4] = ["--start", "2026-11-22T23:00:00Z", "--end", "2026-11-23T00:00:00Z"];
/// Ten times the aim.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Longer than any of these tests.
const EVER: Duration = Duration::from_mins(10);

/// A Jaeger that knows the ID, where `knows` says so, and never another word: everything else is held back.
fn holding_back(knows: bool) -> Server {
    let recorded = |name: &str| fs::read(fixture("jaeger-next").join(name)).expect("the fixture");
    let spans = recorded("v3-search-by-attribute-no-service.body");
    let services = recorded("v3-services.body");
    let no_v1 = recorded("v1-search-removed.body");
    let strange = recorded("v3-search-no-times.body");
    Server::answering(move |line| match line.split(['?', ' ']).nth(1) {
        Some("/api/services") if knows => Some((404, "text/plain", no_v1.clone())),
        Some("/api/v3/trace-summaries") if knows => Some((400, "text/plain", strange.clone())),
        Some("/api/v3/services") if knows => Some((200, "application/json", services.clone())),
        Some("/api/v3/traces") if knows && line.contains(ID) => Some((200, "application/json", spans.clone())),
        _ => {
            thread::sleep(EVER);
            None
        }
    })
}

/// What came of a run that was sent a signal.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    /// From the signal to the end.
    took: Duration,
}

/// Starts it, waits so long, sends the signal. None where it had ended by then.
fn signalled(args: &[&str], after: Duration, signal: Signal) -> Option<Ended> {
    let (mut child, _home) = trace().args(args).start();
    let stdin = child.stdin.take();
    thread::sleep(after);
    let ended_before = child.try_wait().expect("a status").is_some();
    let sent = Instant::now();
    if !ended_before {
        kill_process(Pid::from_child(&child), signal).expect("the signal is sent");
    }
    let output = child.wait_with_output().expect("it ends");
    drop(stdin);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    (!ended_before).then_some(Ended { status: output.status, stdout, stderr, took: sent.elapsed() })
}

/// A signal that comes before `main` ends the process as it ends any other; shells report the same code.
fn code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// Nothing, or the whole answer; of one that was cut short, that.
fn assert_whole_and_labelled(ended: &Ended, is_json: bool, is_cut: bool) {
    let Ended { stdout, stderr, .. } = ended;
    if stdout.is_empty() {
        return;
    }
    if !is_json {
        let head: Vec<&str> = stdout.lines().take(5).collect();
        let says = |text| head.iter().any(|line: &&str| line.contains(text));
        assert!(!is_cut || says("NOT COMPLETE") && says("interrupted after"), "{stdout}{stderr}");
        return;
    }
    let json: Value = serde_json::from_str(stdout).unwrap_or_else(|e| panic!("{e}: {stdout}{stderr}"));
    if is_cut {
        let notes = json["notes"].as_array().expect("notes");
        let grave = notes.iter().filter(|n| n["message"].as_str().is_some_and(|m| m.contains("interrupted")));
        let grave: Vec<&Value> = grave.collect();
        assert!(json["complete"] == false && grave.len() == 1, "{notes:#?}");
        assert!(grave[0]["code"] == "bound_reached" && grave[0]["source"].is_null(), "{notes:#?}");
    }
}

/// Fifty moments of each command, half of them Ctrl-C and half SIGTERM.
#[test]
fn a_signal_at_any_moment_ends_the_command_with_its_code_and_what_it_has() {
    let (silent, half) = (holding_back(false), holding_back(true));
    let urls = |server: &Server| {
        ["jaeger", "loki", "prometheus"].map(|name| [format!("--{name}-url"), server.url().to_owned()]).concat()
    };
    let (silent, half) = (urls(&silent), urls(&half));
    let file = fixture("jaeger-next").join("v1-trace.body").display().to_string();
    let table: [(&[&str], &[String], bool); 17] = [
        (&["find", "x"], &silent, true),
        (&["find", ID], &half, true),
        (&["timeline", ID], &half, true),
        (&["logs", ID], &half, true),
        (&["span", ID, "ab"], &half, true),
        (&["missing", ID], &half, true),
        (&["verify-pipeline", "--expect", "POST*", "--correlation-id", ID], &half, true),
        (&["doctor"], &half, true),
        (&["hotspots"], &half, true),
        (&["latency"], &half, true),
        (&["map"], &half, true),
        (&["alerts"], &half, true),
        (&["why"], &half, true),
        (&["diff", ID, ID], &half, true),
        (&["find", "x", "--input", "-"], &[], true),
        (&["find", ID, "--input", &file], &[], false),
        (&["find", "--demo"], &[], false),
    ];
    let run = |(args, urls, is_held): &(&[&str], &[String], bool)| {
        for moment in 0..50 {
            let is_json = moment % 4 < 2;
            let mut all: Vec<&str> = args.to_vec();
            all.extend(urls.iter().map(String::as_str));
            all.extend(is_json.then_some(["-o", "json"]).into_iter().flatten());
            if all.contains(&ID) && !urls.is_empty() {
                all.extend(TIME);
            }
            let (signal, expected) = if moment % 2 == 0 { (Signal::INT, 130) } else { (Signal::TERM, 143) };
            let after = Duration::from_micros(fastrand::u64(0..if *is_held { 250_000 } else { 80_000 }));
            let Some(ended) = signalled(&all, after, signal) else {
                assert!(!is_held, "{args:?} ended by itself");
                continue;
            };
            let code = code(ended.status);
            // Where nothing is held back, it may have been at its very end.
            assert!(code == expected || !is_held && code == 0, "{args:?} after {after:?}: {code} {}", ended.stderr);
            assert!(ended.took < AT_ONCE, "{args:?} after {after:?}: {:?}", ended.took);
            assert_whole_and_labelled(&ended, is_json, *is_held);
        }
    };
    thread::scope(|scope| {
        for row in &table {
            scope.spawn(|| run(row));
        }
    });
}

/// A second signal ends the command without output: the layout of a large journey is not waited for, and the code
/// is the second signal's.
#[test]
fn a_second_signal_ends_the_command_at_once() {
    let span = |n: usize| {
        format!(
            r#"{{"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"{n:016x}","operationName":"a","startTime":{},"duration":9,"processID":"p","tags":[{{"key":"correlation_id","type":"string","value":"req-42"}}]}}"#,
            1_714_557_900_000_000 + n
        )
    };
    let spans: Vec<String> = (1..30_000).map(span).collect();
    let crowd = format!(
        r#"{{"data":[{{"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spans":[{}],"processes":{{"p":{{"serviceName":"s"}}}}}}]}}"#,
        spans.join(",")
    );
    let json = |body: &str| Some((200, "application/json", body.as_bytes().to_vec()));
    let (follow, followed) = mpsc::channel();
    let server = Server::answering(move |line| match line.split(['?', ' ']).nth(1) {
        Some("/api/services") => json(r#"{"data":["s"]}"#),
        Some("/api/traces") => json(&crowd),
        Some("/loki/api/v1/labels") => json(r#"{"status":"success","data":["app"]}"#),
        // By then the spans are known, for they name the trace.
        Some("/loki/api/v1/query_range") if line.contains("4bf92f35") => {
            let _ = follow.send(());
            thread::sleep(EVER);
            None
        }
        Some("/loki/api/v1/query_range") => json(r#"{"status":"success","data":{"resultType":"streams","result":[]}}"#),
        _ => Some((404, "text/plain", b"no".to_vec())),
    });
    let (child, _home) = trace()
        .args(["timeline", "req-42", "--without", "prometheus", "--key", "correlation_id", "--timeout", "60s"])
        .args(["--start", "2024-05-01T10:00:00Z", "--end", "2024-05-01T10:20:00Z", "--full"])
        .args(["--jaeger-url", server.url(), "--loki-url", server.url()])
        .start();
    followed.recv_timeout(Duration::from_secs(40)).expect("it follows the trace");
    kill_process(Pid::from_child(&child), Signal::INT).expect("the signal is sent");
    thread::sleep(Duration::from_millis(100));
    let sent = Instant::now();
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it was still at work");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.code() == Some(143) && output.stdout.is_empty(), "{:?}", output.status);
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
}

#[test]
fn what_had_come_by_then_is_shown_and_a_recording_of_it_is_not_kept() {
    let half = holding_back(true);
    let args = ["find", ID, "--jaeger-url", half.url(), "--loki-url", half.url(), "--without", "prometheus"];
    let ended = signalled(
        &[&args[..], &TIME, &["-o", "json", "--record", "kept"]].concat(),
        Duration::from_millis(1500),
        Signal::INT,
    );
    let ended = ended.expect("it waits");
    let json: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(json["spans"].as_array().map(Vec::len), Some(12), "{}", json["notes"]);
    let states = ["jaeger", "loki"].map(|name| {
        json["backends"].as_array().and_then(|all| all.iter().find(|b| b["name"] == name)).expect("it")["state"].clone()
    });
    assert_eq!(states[1], "unreachable", "{}", json["backends"]);
    assert!(ended.stderr.contains("recording was not written"), "{}", ended.stderr);
    assert_eq!(code(ended.status), 130);
}

/// `--timeout` is one clock: token programs run on it too, all at once, and leave half of it to the backends that can be
/// asked.
#[test]
fn a_token_program_that_hangs_costs_half_of_the_time_and_only_its_own_backend() {
    let half = holding_back(true);
    let sick = format!("url = \"{}\"\nauth = {{ command = [\"sleep\", \"600\"] }}\n", half.url());
    let config = format!("[jaeger]\nurl = \"{}\"\n[loki]\n{sick}[prometheus]\n{sick}", half.url());
    let begun = Instant::now();
    let run = trace()
        .file("config.toml", &config)
        .args(["find", ID, "--config", "config.toml", "--timeout", "4s", "-o", "json"])
        .args(TIME)
        .run();
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(4) + AT_ONCE, "{took:?}");
    let json = run.json();
    assert_eq!(json["spans"].as_array().map(Vec::len), Some(12), "{}", json["notes"]);
    for backend in json["backends"].as_array().expect("backends").iter().filter(|b| b["name"] != "jaeger") {
        let error = backend["error"].as_str().unwrap_or_default();
        assert!(
            backend["state"] == "refused" && error.contains("did not end within 2.00 s, half of --timeout"),
            "{error}"
        );
    }
    assert_eq!(run.code, 4, "{}", run.screen());
}

/// Lines of bash, the code, and what standard error says: `T` is the binary, in an empty folder.
#[test]
fn pipes_disks_and_narrow_places() {
    let silent = holding_back(false);
    let table = [
        (r#""$T" find --demo | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}"#, 0, ""),
        (r#""$T" timeline --demo --full 2>&- | true; exit ${PIPESTATUS[0]}"#, 0, ""),
        (r#""$T" --help | true; exit ${PIPESTATUS[0]}"#, 0, ""),
        (r#""$T" find --demo >/dev/full"#, 74, "standard output: No space left"),
        (r#""$T" --help >/dev/full"#, 74, "standard output: No space left"),
        (r#""$T" find --demo --out /dev/full"#, 74, "/dev/full: No space left"),
        (r#""$T" find --demo --out no/such/folder"#, 74, "no/such/folder: No such file"),
        (r#""$T" find --demo >&-"#, 74, "standard output: it is closed"),
        (r#""$T" --help >&-"#, 74, "standard output: it is closed"),
        (r#""$T" find --demo --out kept >&- && test -s kept"#, 0, ""),
        (r#""$T" find --demo >/dev/null"#, 0, ""),
        (r#""$T" find --demo 1<>/dev/null"#, 0, ""),
        (r#""$T" find --demo <&- 2>&- | grep -q error"#, 0, ""),
        (
            r#"echo old >f; (ulimit -f 1; "$T" find --demo -o json --out f); test $? = 74 && grep -qx old f"#,
            0,
            "too large",
        ),
        (r#"(ulimit -f 1; "$T" find --demo -o json >g); test $? = 74"#, 0, "too large"),
        (
            r#"(echo one; "$T" find --demo --out /dev/stdout) >>h; head -1 h | grep -qx one && test $(wc -l <h) -gt 9"#,
            0,
            "",
        ),
        (r#""$T" find --demo --out >(cat >/dev/null)"#, 0, ""),
        (r#"test "$(ls -A | grep -v '^[a-z]$' | grep -v kept)" = """#, 0, ""),
        (r#"ulimit -v 262144; "$T" find --demo"#, 0, ""),
        (r#"ulimit -v 262144; "$T" find --input "$FILE" 62f7c6f9-7c05-43a4-beae-034151654acd"#, 0, ""),
        (r#"ulimit -v 262144; "$T" --help"#, 0, ""),
        (r#"ulimit -v 262144; "$T" find x --timeout 500ms --jaeger-url "$URL""#, 3, ""),
        (r#"ulimit -v 262144; "$T" find x --timeout 500ms --jaeger-url "${URL/127.0.0.1/localhost}""#, 3, ""),
        // It does not speak TLS: what matters is that the client could be set up, roots and all. The allocator reserves
        // up to 128 MiB of addresses for a new thread before it gives half of them back.
        (r#"ulimit -v 393216; "$T" doctor --timeout 5s --jaeger-url "${URL/http/https}" >i; ! grep "set up" i"#, 0, ""),
        (r#"env -i "$T" find --demo"#, 0, ""),
        (r#"env -i LANG=C HOME=/no/such/home "$T" find --demo"#, 0, ""),
        (r#"env -i "$T" doctor --timeout 500ms --jaeger-url "$URL""#, 3, ""),
        (r#"mkdir gone && cd gone && rmdir ../gone && "$T" find --demo"#, 0, ""),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (line, expected, says) in table {
        let run = Command::new("bash")
            .args(["-c", line])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("T", env!("CARGO_BIN_EXE_trace"))
            .env("URL", silent.url())
            .env("FILE", fixture("jaeger-next").join("v1-trace.body"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("bash runs");
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(expected), "{line}\n{stderr}");
        assert!(stderr.contains(says) && !stderr.contains("panicked"), "{line}\n{stderr}");
        assert!(!says.is_empty() || stderr.is_empty() || expected == 3, "{line}\n{stderr}");
    }
}

#[test]
fn a_file_is_old_or_new_however_the_process_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answer");
    let to = path.display().to_string();
    let whole = |args: &[&str]| trace().args(args).run().stdout;
    let forms: [&[&str]; 2] = [&["timeline", "--demo", "-o", "json"], &["timeline", "--demo"]];
    let known = forms.map(whole);
    fs::write(&path, &known[0]).expect("the old one");
    for moment in 0..100 {
        let (mut child, _home) = trace().args(forms[moment % 2]).args(["--out", &to]).start();
        thread::sleep(Duration::from_micros(fastrand::u64(0..80_000)));
        child.kill().expect("it is killed, or had ended");
        child.wait().expect("it ends");
        let now = fs::read_to_string(&path).expect("it is there");
        assert!(known.contains(&now), "half a file: {} bytes", now.len());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_core() {
    let (mut child, _home) = trace().args(["find", "x", "--input", "-"]).start();
    let limits = format!("/proc/{}/limits", child.id());
    let begun = Instant::now();
    let is_zero = || {
        let limits = fs::read_to_string(&limits).unwrap_or_default();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default().to_owned();
        core.split_whitespace().nth(4) == Some("0")
    };
    while !is_zero() && begun.elapsed() < AT_ONCE {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(is_zero());
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
}
