//! One run of one row, and whether it is as it should be.

use std::io::Read;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fault::{Server, says};
use crate::fault_health::{ID, SPAN, TIME};
use crate::row::{Place, Row, Who, all};
use crate::support::trace;

/// The kinds of command. Two are gates: on expectations that need every backend, and on such that need spans alone.
pub const COMMANDS: [&[&str]; 9] = [
    &["find", ID],
    &["find", ID, "-o", "json"],
    &["timeline", ID],
    &["span", ID, SPAN],
    &["logs", ID],
    &["doctor"],
    &["missing", ID],
    &["verify-pipeline", "spec.yaml", "--correlation-id", ID],
    &["verify-pipeline", "--expect", "POST*", "--expect", "charge-card", "--correlation-id", ID],
];
pub const FIND_JSON: usize = 1;
const SPAN_ALONE: usize = 3;
const DOCTOR: usize = 5;
const MISSING: usize = 6;
const GATE: usize = 7;
const GATE_ON_SPANS: usize = 8;
/// Something to see, and something not to be seen, of every backend.
const SPEC: &str = "\
pipeline: charge
steps:
  - charge: { span: charge-card }
  - told: { log: \"*the card was charged*\" }
absent:
  - { span: \"*\", status: error }
  - { log: \"*declined*\" }
metrics:
  - { query: 'sum(rate(charges_total[5m]))', is: \"== 1\" }
";

/// Whether the row applies to this command. A gate on spans alone: that a sick backend other than Jaeger takes no pass
/// from it; that a sick Jaeger does shows in the gate on everything. An answer that takes a debug build ten seconds to
/// read is read alike by all, so the reading commands are enough.
pub fn concerns(row: &Row, command: usize) -> bool {
    match command {
        GATE_ON_SPANS if row.sick == Who::Jaeger => false,
        MISSING.. => !row.is_long(),
        _ => true,
    }
}

/// What came of a run.
pub struct Screen {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    took: Duration,
    peak_mib: usize,
}

/// What a command does when all are well.
pub struct InHealth {
    /// Whose data is on its screen.
    shows: Vec<Who>,
    /// Requests to each backend, where the command prints them.
    requests: Vec<(Who, u64)>,
}

/// Of each command, what it does when all are well.
pub fn in_health() -> Vec<InHealth> {
    let row = all("0 health", Who::Jaeger, says(200, "", "")).code(0);
    let well = |command| {
        let place = Place::At(Server::start(Who::Jaeger.health(), says(500, "", ""), |_| false));
        let screen = shown(&row, COMMANDS[command], &place);
        assert_eq!(screen.code, 0, "in health: {:?}\n{}\n{}", COMMANDS[command], screen.stdout, screen.stderr);
        let shows = Who::ALL.into_iter().filter(|who| screen.stdout.contains(who.mark())).collect();
        let json = serde_json::from_str(&screen.stdout).unwrap_or(Value::Null);
        let requests = Who::ALL.into_iter().filter_map(|who| Some((who, requests(&json, who)?))).collect();
        InHealth { shows, requests }
    };
    let all: Vec<InHealth> = (0..COMMANDS.len()).map(well).collect();
    assert_eq!(all[FIND_JSON].shows, Who::ALL, "the JSON has everything");
    assert_eq!(all[FIND_JSON].requests.len(), 3, "the JSON counts every backend's requests");
    all
}

/// Requests to a backend, as the command prints them.
fn requests(json: &Value, who: Who) -> Option<u64> {
    json["backends"].as_array()?.iter().find(|backend| backend["name"] == who.as_str())?["requests"].as_u64()
}

pub fn shown(row: &Row, words: &[&str], place: &Place) -> Screen {
    let well = Who::ALL.map(|who| (who, Server::start(who.health(), says(500, "", ""), |_| false)));
    let mut args: Vec<String> = words.iter().map(ToString::to_string).collect();
    let is_doctor = words[0] == "doctor";
    for (who, server) in &well {
        let url = if *who == row.sick { place.url() } else { format!("http://{}", server.address) };
        args.extend([format!("--{}-url", who.as_str()), url]);
    }
    if !is_doctor {
        args.extend(TIME.map(str::to_owned));
        args.extend(["--key".to_owned(), "correlation_id".to_owned()]);
    }
    if !row.args.contains(&"--timeout") {
        args.extend(["--timeout".to_owned(), "8s".to_owned()]);
    }
    let fits = |arg: &str| !is_doctor || !["--max-spans", "--search-limit", "--page-size"].contains(&arg);
    for pair in row.args.chunks(2).filter(|pair| fits(pair[0])) {
        args.extend(pair.iter().map(ToString::to_string));
    }
    let run = trace().file("spec.yaml", SPEC).args(args);
    let run = row.env.iter().fold(run, |run, (name, value)| run.env(name, value));
    let (mut command, _home) = run.prepared();
    let begun = Instant::now();
    let mut child = command.spawn().expect("the binary starts");
    let (stdout, stderr) = (reading(child.stdout.take()), reading(child.stderr.take()));
    let (code, peak_mib) = watch(&mut child, begun + Duration::from_secs(row.seconds));
    Screen {
        code,
        stdout: stdout.join().expect("stdout is UTF-8"),
        stderr: stderr.join().expect("stderr is UTF-8"),
        took: begun.elapsed(),
        peak_mib,
    }
}

fn reading(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.expect("a pipe").read_to_end(&mut bytes).expect("it is read");
        String::from_utf8(bytes).expect("UTF-8")
    })
}

/// The code (-9 if it had to be ended), and the highest resident memory that was seen.
fn watch(child: &mut Child, until: Instant) -> (i32, usize) {
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let high = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        // Until it is the binary, it is a copy of the test.
        if status.starts_with("Name:\ttrace\n") {
            peak = peak.max(high.unwrap_or(0_usize) / 1024);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return (status.code().unwrap_or(-1), peak);
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return (-9, peak);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs it; what is wrong comes with the row, the command and the screen.
pub fn verdict(row: &Row, command: usize, health: &[InHealth]) -> Result<(), String> {
    let place = (row.place)();
    let screen = shown(row, COMMANDS[command], &place);
    let mut wrong = faults(row, command, &screen, place.broken(), &health[command]);
    if let Some(connections) = row.unasked.as_ref().map(|server| server.taken()).filter(|taken| *taken > 0) {
        wrong.push(format!("{connections} connections to who should not be asked"));
    }
    said(row, COMMANDS[command], &screen, &wrong)
}

/// What is wrong, with the row, the command and the screen.
pub fn said(row: &Row, words: &[&str], screen: &Screen, wrong: &[String]) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    let (short, took) = (|text: &str| text.chars().take(3_000).collect::<String>(), screen.took);
    Err(format!(
        "\n=== {} ({}): {}\n  - {}\n--- stdout\n{}\n--- stderr\n{}\n--- exit {} after {took:?}, {} MiB",
        row.name,
        row.sick.as_str(),
        words.join(" "),
        wrong.join("\n  - "),
        short(&screen.stdout),
        short(&screen.stderr),
        screen.code,
        screen.peak_mib,
    ))
}

fn faults(row: &Row, command: usize, screen: &Screen, broken: usize, health: &InHealth) -> Vec<String> {
    let mut wrong = Vec::new();
    let both = format!("{}\n{}", screen.stdout, screen.stderr);
    let codes = match command {
        DOCTOR => row.doctor_codes(),
        // Without spans the verdict is unknown.
        GATE if row.sick == Who::Jaeger && row.code == 0 && !row.keeps_own => vec![3],
        GATE => vec![row.gate.unwrap_or(row.code)],
        GATE_ON_SPANS => vec![0],
        _ => vec![row.code],
    };
    if !codes.contains(&screen.code) {
        wrong.push(format!("exit {} instead of {codes:?}", screen.code));
    }
    wrong.extend(faults_of_any(row, screen));
    // A screen may break a sentence anywhere between two words.
    let flat = both.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if screen.code != 0 && !flat.contains(row.sick.as_str()) {
        wrong.push("the sick backend is not named".into());
    }
    // What leaves the answer complete concerns neither `span` nor `doctor`.
    let is_reported = match command {
        DOCTOR => row.doctor.is_empty(),
        SPAN_ALONE => row.code != 0,
        _ => true,
    };
    if is_reported {
        for word in row.says.iter().filter(|word| !flat.contains(&word.to_lowercase())) {
            wrong.push(format!("{word:?} is not said"));
        }
    }
    for who in health.shows.iter().filter(|who| **who != row.sick || row.keeps_own) {
        let has_its_span = command != SPAN_ALONE || row.sick != Who::Jaeger || row.keeps_own;
        if has_its_span && !screen.stdout.contains(who.mark()) {
            wrong.push(format!("nothing of {}'s data is shown", who.as_str()));
        }
    }
    if command == FIND_JSON {
        wrong.extend(faults_of_json(row, &screen.stdout));
        let (least, most) = row.requests;
        if broken < least || broken > most {
            wrong.push(format!("{broken} broken requests instead of {least} to {most}"));
        }
        wrong.extend(faults_of_waiting(row, screen, broken, health));
    }
    wrong
}

/// What no command may do.
pub fn faults_of_any(row: &Row, screen: &Screen) -> Vec<String> {
    let mut wrong = Vec::new();
    let both = format!("{}\n{}", screen.stdout, screen.stderr);
    if screen.peak_mib > row.peak_mib {
        wrong.push(format!("{} MiB instead of at most {}", screen.peak_mib, row.peak_mib));
    }
    if both.contains("panicked") {
        wrong.push("it panicked".into());
    }
    let is_raw =
        |c: &char| c.is_control() && *c != '\n' || matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if let Some(c) = both.chars().find(is_raw) {
        wrong.push(format!("a raw {c:?} on the screen"));
    }
    for word in row.never.iter().filter(|word| both.contains(**word)) {
        wrong.push(format!("{word:?} is on the screen"));
    }
    wrong
}

/// Whether it asked again as often as it should have, and not sooner.
fn faults_of_waiting(row: &Row, screen: &Screen, broken: usize, health: &InHealth) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(again) = row.again {
        let usual = health.requests.iter().find(|(who, _)| *who == row.sick).map_or(0, |(_, requests)| *requests);
        let reported = requests(&serde_json::from_str(&screen.stdout).unwrap_or(Value::Null), row.sick);
        if (broken as u64, reported) != (usual + again as u64, Some(usual + again as u64)) {
            wrong.push(format!("the server saw {broken}, {reported:?} are told, and it should be {usual} + {again}"));
        }
    }
    if screen.took < Duration::from_millis(row.waits) {
        wrong.push(format!("it did not wait {} ms: {:?}", row.waits, screen.took));
    }
    wrong
}

fn faults_of_json(row: &Row, stdout: &str) -> Vec<String> {
    let Ok(json) = serde_json::from_str::<Value>(stdout) else { return vec!["no JSON on stdout".into()] };
    let mut wrong = Vec::new();
    if json["complete"] != Value::Bool(row.code == 0) {
        wrong.push(format!("complete is {}", json["complete"]));
    }
    let named = json["notes"].as_array().into_iter().flatten().filter(|n| n["source"] == row.sick.as_str());
    let advised = named.clone().any(|note| note["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    if row.code != 0 && !advised {
        wrong.push(format!("no next step in {}", json["notes"]));
    }
    for well in Who::ALL.iter().filter(|who| **who != row.sick) {
        let status = json["backends"].as_array().into_iter().flatten().find(|b| b["name"] == well.as_str());
        if status.is_none_or(|status| status["state"] != "ok") {
            wrong.push(format!("{} is not ok: {status:?}", well.as_str()));
        }
    }
    wrong
}
