//! Generated runs and what is found in them: what was planted, and nothing else above info.
//!
//! `TRACE_TEST_FULL=1` evaluates 200 runs a scenario instead of 20; `--nocapture` shows the tables.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::shapes::timings::shuffle;
use crate::shapes::{Shape, mix};
use crate::support::length::is_full;
use fastrand::Rng;
use trace::analysis::journey::findings::baseline::Baseline;
use trace::analysis::journey::findings::known::Knowledge;
use trace::analysis::journey::findings::{FindingsInput, find};
use trace::model::conventions::CORRELATION_KEYS;
use trace::model::finding::{EvidenceFact, Finding, FindingId, Severity};
use trace::model::journey::Journey;
use trace::model::time::{HOUR, Timestamp};
use trace::query::{Query, Subject};
use trace::source::demo::{DemoRun, Fault, NOW, Planted, Scenario, evidence, scenarios};
use trace::stitch::stitch;

/// Good runs from which the knowledge of a platform is learned.
const OTHERS: u64 = 5;
/// Good runs that a baseline rests on.
const BASELINE: u64 = 12;

fn start() -> Timestamp {
    NOW.plus(-HOUR)
}

fn good(seed: u64) -> DemoRun {
    scenarios()[0].run(start(), seed)
}

fn journey(run: &DemoRun) -> Journey {
    let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
    stitch(evidence(run), &Query::about(Subject::correlation(&run.correlation_id), keys, NOW))
}

/// What a run is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// The run alone.
    Alone,
    /// What other good runs of the same platform show, as an on-call's file or Jaeger would.
    Others,
    /// The same, and a baseline of good runs.
    Baseline,
}

/// The bases of a scenario. No good run of the baseline has twelve essays: beside it, a fan-out is another pipeline.
fn bases(scenario: &Scenario) -> &'static [Basis] {
    let all = &[Basis::Alone, Basis::Others, Basis::Baseline];
    if scenario.fault == Fault::FanOutLost { &all[..2] } else { all }
}

/// What good runs of a platform that has these shapes show.
fn known_of(shapes: &[Shape], seed: u64) -> Knowledge {
    let mut known = Knowledge::default();
    for n in 0..OTHERS {
        let mut run = good(1_000 + n);
        mix(&mut run, shapes, seed.wrapping_add(n));
        known.learn(&journey(&run));
    }
    known
}

fn baseline() -> &'static Baseline {
    static BASE: LazyLock<Baseline> = LazyLock::new(|| {
        let mut baseline = Baseline::default();
        for n in 0..BASELINE {
            let mut run = good(2_000 + n);
            shuffle(&mut run, n);
            baseline.add(&journey(&run));
        }
        baseline
    });
    &BASE
}

fn findings_of(run: &DemoRun, shapes: &[Shape], basis: Basis, seed: u64) -> Vec<Finding> {
    let journey = journey(run);
    let mut known = if basis == Basis::Alone { Knowledge::default() } else { known_of(shapes, seed) };
    known.learn(&journey);
    let baseline = (basis == Basis::Baseline).then(baseline);
    find(&journey, &FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline }).list
}

/// Whether the finding is that of what was planted: its kind, and its place.
fn names(finding: &Finding, planted: &Planted) -> bool {
    let Some(id) = FindingId::from_word(planted.finding) else { return false };
    let (trace, span) = planted.span;
    let is_there = finding.service == planted.service && finding.operation == planted.operation;
    let shows_it = finding.evidence.iter().any(|item| {
        let names_it = matches!(item.shows, EvidenceFact::NamesParent { parent, .. } if parent == span);
        names_it || item.span_id == Some(span) && item.trace_id == Some(trace)
    });
    // A clock is that of a whole service; which pair of spans shows it is as it comes.
    let is_clock = id == FindingId::ClockSkew && finding.service == planted.service;
    finding.is(id) && (is_there || shows_it || is_clock)
}

/// What must be found in a run on this basis.
fn expected(run: &DemoRun, basis: Basis) -> Vec<&Planted> {
    let all = run.truth.planted.iter().chain(&run.truth.beside).filter(|p| !p.finding.is_empty());
    // What never happened can only be missed by who knows that it mostly does.
    all.filter(|p| p.finding != FindingId::UsuallyFollowedBy.as_str() || basis == Basis::Baseline).collect()
}

fn say(finding: &Finding) -> String {
    let also: String = finding.also.iter().map(|id| format!("+{}", id.as_str())).collect();
    let Finding { id, severity, confidence, service, operation, count, detail, .. } = finding;
    let (severity, confidence, id) = (severity.as_str(), confidence.as_str(), id.as_str());
    format!("{severity} {confidence} {id}{also} {service} {operation} ×{count}: {detail:?}")
}

/// What was missed, and what was found above info without being planted, or more than once.
fn wrong(run: &DemoRun, findings: &[Finding], basis: Basis) -> (Vec<String>, Vec<String>) {
    let expected = expected(run, basis);
    let missed = expected.iter().filter(|p| !findings.iter().any(|f| names(f, p)));
    let missed = missed.map(|p| format!("missed {} {} {}", p.finding, p.service, p.operation)).collect();
    let mut untold = expected.clone();
    let is_alarm = |f: &&Finding| match untold.iter().position(|p| names(f, p)) {
        Some(at) => {
            untold.remove(at);
            false
        }
        None => true,
    };
    let grave = findings.iter().filter(|f| f.severity > Severity::Info);
    (missed, grave.filter(is_alarm).map(say).collect())
}

#[test]
fn every_good_shape_stays_unnoticed() {
    let mut wrongs = vec![];
    for shape in Shape::ALL {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (seed, basis) in (0..12).flat_map(|seed| [(seed, Basis::Alone), (seed, Basis::Others)]) {
            let mut run = good(seed);
            mix(&mut run, &[shape], seed);
            let findings = findings_of(&run, &[shape], basis, seed);
            for finding in &findings {
                *counts.entry(format!("{} {}", finding.severity.as_str(), finding.id.as_str())).or_default() += 1;
            }
            let (missed, alarms) = wrong(&run, &findings, basis);
            wrongs.extend(missed.iter().chain(&alarms).map(|w| format!("{shape:?} {seed} {basis:?}: {w}")));
        }
        let counts: Vec<String> = counts.into_iter().map(|(what, n)| format!("{what} ×{n}")).collect();
        println!("{:26} {}", format!("{shape:?}"), counts.join(", "));
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

#[test]
fn every_scenario_gives_what_was_planted_and_nothing_else() {
    let mut wrongs = vec![];
    for scenario in scenarios() {
        for &basis in bases(&scenario) {
            let run = scenario.run(start(), 7);
            let findings = findings_of(&run, &[], basis, 7);
            let planted = expected(&run, basis).iter().map(|p| p.finding).collect::<Vec<_>>().join(", ");
            let found: Vec<String> = findings.iter().map(say).collect();
            println!("{:24} {:9} {planted:24} {}", scenario.name, format!("{basis:?}"), found.join("\n    "));
            let (missed, alarms) = wrong(&run, &findings, basis);
            wrongs.extend(missed.iter().chain(&alarms).map(|w| format!("{} {basis:?}: {w}", scenario.name)));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// From three to six shapes. Those that fill the time of a wait do not go with one that must be found.
fn some_shapes(scenario: &Scenario, rng: &mut Rng) -> Vec<Shape> {
    let fit = |shape: &Shape| scenario.fault != Fault::LateConsumer || !shape.fills_time();
    let fitting: Vec<Shape> = Shape::ALL.into_iter().filter(fit).collect();
    let count = 3 + rng.usize(..4);
    rng.choose_multiple(fitting, count)
}

#[test]
fn planted_faults_are_found_among_good_shapes_and_nothing_else_is() {
    let runs: u64 = if is_full() { 200 } else { 20 };
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut all_expected, mut all_found, mut all_runs, mut all_false) = (0, 0, 0, 0);
    println!("{:24} {:>8} {:>8} {:>12}", "scenario", "expected", "found", "false alarms");
    for scenario in scenarios() {
        let (mut sought, mut found, mut false_alarms) = (0, 0, 0);
        for seed in 0..runs {
            let mut rng = Rng::with_seed(31 * seed + scenario.name.len() as u64);
            let shapes = some_shapes(&scenario, &mut rng);
            let mut run = scenario.run(start(), seed);
            mix(&mut run, &shapes, seed);
            shuffle(&mut run, seed);
            let bases = bases(&scenario);
            let basis = bases[rng.usize(..bases.len())];
            let findings = findings_of(&run, &shapes, basis, seed);
            let (missed, alarms) = wrong(&run, &findings, basis);
            sought += expected(&run, basis).len();
            found += expected(&run, basis).len() - missed.len();
            false_alarms += usize::from(!alarms.is_empty());
            for what in missed.iter().chain(&alarms) {
                let what: String = what.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
                *reasons
                    .entry(format!("{}: {what} among {shapes:?} {basis:?} seed {seed}", scenario.name))
                    .or_default() += 1;
            }
        }
        println!("{:24} {sought:>8} {found:>8} {false_alarms:>12}", scenario.name);
        all_expected += sought;
        all_found += found;
        all_runs += runs as usize;
        all_false += false_alarms;
    }
    println!("{:24} {all_expected:>8} {all_found:>8} {all_false:>12}", "all");
    let reasons: Vec<String> = reasons.into_iter().map(|(what, n)| format!("{n} × {what}")).collect();
    println!("{}", reasons.join("\n"));
    let is_good = all_found * 100 >= all_expected * 99 && all_false * 100 <= all_runs;
    assert!(
        is_good,
        "{all_found} of {all_expected} found, {all_false} of {all_runs} with false alarms\n{}",
        reasons.join("\n")
    );
}
