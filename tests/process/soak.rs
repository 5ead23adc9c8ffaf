//! Thousands of `find`s against servers of which every fifth answer fails: never a wrong code, nothing leaked, and one
//! question has one answer.
//!
//! `SOAK_RUNS` and `SOAK_PROCESSES` make it longer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::recorded::{Deed, Event, Recorded};
use crate::support::trace;
use clap::Parser as _;
use serde_json::Value;
use trace::cli::{App, run};
use trace::model::time::Timestamp;
use trace::options::environment::Environment;

/// How many ask at the same time, each its own servers: most of a run is waiting.
const LANES: usize = 4;
/// What goes wrong, where something does; a late answer is a good one.
const FAULTS: [Deed; 7] = [
    Deed::Drop,
    Deed::Silence,
    Deed::HalfBody,
    Deed::HalfBodyReset,
    Deed::Unavailable,
    Deed::CutJson,
    Deed::AnswerLate(Duration::from_millis(50)),
];

/// Questions on the way to the answer: whether Jaeger speaks the newer API, and which labels Loki has. Without them the
/// usual is taken, and nothing is missing where the data came.
const ON_THE_WAY: [&str; 2] = ["jaeger GET /api/v3/trace-summaries ", "loki GET /loki/api/v1/labels "];
/// Descriptors and memory are counted for the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What was seen in the runs so far.
#[derive(Default)]
struct Seen {
    /// How often each code came.
    codes: BTreeMap<i32, usize>,
    /// Different documents of runs in which nothing failed.
    documents: BTreeSet<String>,
    /// Codes that do not fit what the servers did.
    wrong: Vec<String>,
}

/// One end of a run.
struct End {
    code: i32,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

fn count(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Servers that answer every fourth run well, and in the others four answers of five.
fn flap(servers: &Recorded, number: usize) {
    let mut random = fastrand::Rng::with_seed(number as u64);
    servers.plan(move |event| match event {
        Event::Request(_) if !number.is_multiple_of(4) && random.u8(..5) == 0 => FAULTS[random.usize(..FAULTS.len())],
        _ => Deed::Answer,
    });
}

/// The document without what differs from run to run.
fn document(stdout: &[u8]) -> Result<Value, String> {
    let mut json: Value = serde_json::from_slice(stdout).map_err(|e| e.to_string())?;
    let backends = json.get_mut("backends").and_then(Value::as_array_mut).ok_or("no backends")?;
    for backend in backends.iter_mut().filter_map(Value::as_object_mut) {
        for name in ["elapsed_ns", "url"] {
            backend.remove(name);
        }
    }
    Ok(json)
}

/// The same without how it was come by.
fn without_sources(mut json: Value) -> Value {
    if let Some(object) = json.as_object_mut() {
        for how in ["notes", "backends"] {
            object.remove(how);
        }
    }
    json
}

impl Seen {
    /// Compares the end of a run with what the servers did in it.
    fn check(&mut self, number: usize, end: &End, servers: &Recorded, healthy: &Value) {
        *self.codes.entry(end.code).or_default() += 1;
        let log = servers.log();
        // The last word on each question counts: what was asked again and answered is whole.
        let last: BTreeMap<&String, Deed> = log.iter().map(|(key, deed)| (key, *deed)).collect();
        let matters = |key: &str| !ON_THE_WAY.contains(&key);
        let failed: Vec<_> = last.iter().filter(|(key, deed)| !deed.is_good() && matters(key)).collect();
        let mut wrong = |why: String| {
            let said = String::from_utf8_lossy(&end.stderr);
            self.wrong.push(format!("run {number}: exit {}: {why}; failed: {failed:?}\n{said}", end.code));
        };
        let json = match document(&end.stdout) {
            Ok(json) => json,
            Err(why) => return wrong(why),
        };
        let is_whole = without_sources(json.clone()) == without_sources(healthy.clone());
        match end.code {
            0 if !is_whole => wrong("not the whole answer".to_owned()),
            0 if !failed.is_empty() => wrong("an answer is missing".to_owned()),
            3 if failed.is_empty() && is_whole => wrong("nothing is missing".to_owned()),
            3 if json["complete"] != false => wrong("called complete".to_owned()),
            0 | 3 => {}
            _ => wrong("a code of something else".to_owned()),
        }
        if log.iter().all(|(_, deed)| deed.is_good()) {
            self.documents.insert(json.to_string());
        }
    }

    fn absorb(&mut self, other: Self) {
        self.wrong.extend(other.wrong);
        self.documents.extend(other.documents);
        for (code, times) in other.codes {
            *self.codes.entry(code).or_default() += times;
        }
    }

    fn assert_sound(&self, what: &str, runs: usize, begun: Instant) {
        println!("{runs} {what}: codes {:?}, {:.1} s", self.codes, begun.elapsed().as_secs_f64());
        assert!(
            self.wrong.is_empty(),
            "{} wrong:\n{}",
            self.wrong.len(),
            self.wrong[..self.wrong.len().min(5)].join("\n")
        );
        assert_eq!(self.documents.len(), 1, "one question, one answer");
        assert_eq!(self.codes.values().sum::<usize>(), runs);
        assert!(self.codes.contains_key(&0) && self.codes.contains_key(&3), "both ends are to be seen");
    }
}

/// One run inside this process.
fn inside(servers: &Recorded, home: &Path, runtime: &tokio::runtime::Runtime) -> End {
    let question = ["trace", "find", "--correlation-id", &servers.id, "--key", "correlation_id", "-o", "json"];
    let args = question.map(str::to_owned).into_iter().chain(servers.flags());
    let surroundings = Environment {
        now: Timestamp::from_rfc3339(&servers.at).expect("a time"),
        cwd: home.to_owned(),
        home: Some(home.to_owned()),
        ..Environment::default()
    };
    match runtime.block_on(run(App::try_parse_from(args).expect("the flags"), surroundings)) {
        Ok(outcome) => End { code: outcome.exit.code(), stdout: outcome.stdout, stderr: outcome.stderr },
        Err(error) => End { code: error.exit().code(), stdout: vec![], stderr: error.to_string().into_bytes() },
    }
}

/// Runs these numbers, spread over the lanes.
fn soak(lanes: &[Recorded], from: usize, to: usize) -> Seen {
    let lane = |at: usize, servers: &Recorded| {
        let home = tempfile::tempdir().expect("a home");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        servers.plan(|_| Deed::Answer);
        let healthy = document(&inside(servers, home.path(), &runtime).stdout).expect("a healthy answer");
        servers.assert_only_recorded();
        let mut seen = Seen::default();
        for number in (from..to).filter(|number| number / 4 % LANES == at) {
            flap(servers, number);
            seen.check(number, &inside(servers, home.path(), &runtime), servers, &healthy);
        }
        seen
    };
    std::thread::scope(|scope| {
        let lane = &lane;
        let threads: Vec<_> =
            lanes.iter().enumerate().map(|(at, servers)| scope.spawn(move || lane(at, servers))).collect();
        threads.into_iter().fold(Seen::default(), |mut all, thread| {
            all.absorb(thread.join().expect("a lane"));
            all
        })
    })
}

/// Open descriptors, once those of ended connections are gone.
fn descriptors() -> usize {
    let open = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let mut before = usize::MAX;
    while before > open() {
        before = open();
        std::thread::sleep(Duration::from_millis(300));
    }
    open()
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(target_os = "linux")]
#[test]
fn many_runs_in_one_process_leak_nothing_and_never_end_wrong() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runs = count("SOAK_RUNS", 200);
    let begun = Instant::now();
    let lanes: Vec<Recorded> = (0..LANES).map(|_| Recorded::healthy("complete")).collect();
    let early = runs / 5;
    let mut seen = soak(&lanes, 0, early);
    let (open, memory) = (descriptors(), resident());
    seen.absorb(soak(&lanes, early, runs));
    let (open_after, memory_after) = (descriptors(), resident());
    println!("descriptors {open} and {open_after}, memory {memory} KiB and {memory_after} KiB");
    seen.assert_sound("runs in one process", runs, begun);
    assert!(open_after <= open, "{open} descriptors after {early} runs, {open_after} after {runs}");
    let most = memory + memory / 10 + 4096;
    assert!(memory_after < most, "{memory} KiB after {early} runs, {memory_after} KiB after {runs}");
}

#[test]
fn many_processes_never_end_wrong() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runs = count("SOAK_PROCESSES", 20);
    let begun = Instant::now();
    let servers = Recorded::healthy("complete");
    let find = || {
        let time = ["--start", "2026-11-23T02:10:28Z", "--end", "2026-11-23T03:10:29Z"];
        let question = ["find", "--correlation-id", &servers.id, "--key", "correlation_id", "-o", "json"];
        let run = trace().args(question).args(time).args(servers.flags()).run();
        End { code: run.code, stdout: run.stdout.into_bytes(), stderr: run.stderr.into_bytes() }
    };
    let healthy = document(&find().stdout).expect("a healthy answer");
    servers.assert_only_recorded();
    let mut seen = Seen::default();
    for number in 0..runs {
        flap(&servers, number);
        seen.check(number, &find(), &servers, &healthy);
    }
    seen.assert_sound("processes", runs, begun);
}
