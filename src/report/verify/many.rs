//! Many runs: how many failed, at which step, and which runs to look at.

use crate::analysis::journey::findings::FindingSet;
use crate::model::time::Human;
use crate::pipeline::verdict::{CheckState, Verdict};
use crate::report::block::{Block, Fact, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::parts;
use crate::report::verify::one::{mark, verdict};
use crate::report::verify::{StepRecord, VerificationReport, VerifiedRun, called, named};
use crate::report::words::{counted, quoted};

/// How many runs that are not well are listed.
const RUNS: usize = 15;

/// The screen of many runs.
pub fn blocks(verification: &VerificationReport, frame: &Frame) -> Vec<Block> {
    let mut blocks = vec![Block::Line(title(verification)), Block::Flow(numbers(&verification.runs))];
    blocks.extend(frame.asking());
    let steps = verification.steps();
    if !steps.is_empty() {
        blocks.push(Block::Blank);
        blocks.push(Block::Table(table(&steps)));
    }
    let ill: Vec<&VerifiedRun> = listed(&verification.runs);
    if !ill.is_empty() {
        blocks.push(Block::Blank);
        blocks.push(Block::Table(runs(&ill)));
    }
    blocks.push(Block::Blank);
    blocks.push(Block::Facts(facts(verification, &ill, frame)));
    blocks
}

fn title(verification: &VerificationReport) -> Line {
    let runs = &verification.runs;
    let (role, word) = verdict(verification.verdict());
    let count = |test: &dyn Fn(&&VerifiedRun) -> bool| runs.iter().filter(test).count();
    let failed = count(&|run| run.is_new_failure());
    let open = count(&|run| run.is(Verdict::CannotTell));
    let all = counted(runs.len(), "run");
    let told = match verification.verdict() {
        Verdict::Pass => all,
        Verdict::Fail => format!("{failed} of {all} failed"),
        Verdict::CannotTell if runs.is_empty() => "no run found".to_owned(),
        Verdict::CannotTell => format!("{open} of {all} undecided"),
    };
    vec![
        piece(role, word),
        piece(Role::Strong, format!("  {}", verification.pipeline)),
        piece(Role::Dim, format!("  {told}")),
    ]
}

fn numbers(runs: &[VerifiedRun]) -> Vec<Line> {
    let count = |test: &dyn Fn(&&VerifiedRun) -> bool| runs.iter().filter(test).count();
    let parts = [
        (Role::Good, count(&|run| run.is(Verdict::Pass)), "passed"),
        (Role::Error, count(&|run| run.is_new_failure()), "failed"),
        (Role::Dim, count(&|run| run.is(Verdict::Fail) && run.known), "failed as known"),
        (Role::Warn, count(&|run| run.is(Verdict::CannotTell)), "undecided"),
    ];
    let parts = parts.into_iter().filter(|(_, n, _)| *n > 0);
    parts.map(|(role, n, word)| one(role, format!("{n} {word}"))).collect()
}

fn table(steps: &[StepRecord]) -> Table {
    let is_waited = steps.iter().any(|step| step.wait_p50_ns.is_some());
    let waits: &[&str] = if is_waited { &["wait p50", "p95"] } else { &[] };
    let head = ["", "broken", "undecided"].iter().chain(waits).map(|word| (*word).to_owned()).collect();
    let number = |n: usize, role: Role| if n == 0 { one(Role::Dim, "·") } else { one(role, n.to_string()) };
    let wait = |ns: Option<i64>| plain(ns.map(|ns| Human(ns).to_string()).unwrap_or_default());
    let row = |step: &StepRecord| {
        let state = match (step.broken, step.undecided, step.met) {
            (1.., _, _) => CheckState::Broken,
            (_, 1.., _) => CheckState::Undecided,
            (_, _, 1..) => CheckState::Met,
            _ => CheckState::NotNeeded,
        };
        let (role, mark) = mark(state);
        let mut cells = vec![
            vec![piece(role, mark), piece(Role::Plain, named(step.kind, &step.name))],
            number(step.broken, Role::Error),
            number(step.undecided, Role::Warn),
        ];
        cells.extend([step.wait_p50_ns, step.wait_p95_ns].into_iter().filter(|_| is_waited).map(wait));
        TableRow { cells, below: vec![] }
    };
    Table { head, rows: steps.iter().map(row).collect(), ..Table::default() }
}

/// Runs that are not well: new failures first, then those undecided, then failures known before.
fn listed(runs: &[VerifiedRun]) -> Vec<&VerifiedRun> {
    let mut ill: Vec<&VerifiedRun> = runs.iter().filter(|run| !run.is(Verdict::Pass)).collect();
    ill.sort_by_key(|run| (!run.is_new_failure(), !run.is(Verdict::CannotTell)));
    ill
}

fn runs(ill: &[&VerifiedRun]) -> Table {
    let row = |run: &&VerifiedRun| {
        let state = if run.is(Verdict::Fail) { CheckState::Broken } else { CheckState::Undecided };
        let (role, mark) = mark(state);
        let why = run.outcome.checks.iter().find(|check| check.state == state && run.start.is_some());
        let why = why.map(|check| {
            let why = check.why.first().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{}{why}", called(check))
        });
        let known = if run.known { "(known) " } else { "" };
        TableRow {
            cells: vec![
                vec![piece(role, mark), piece(Role::Strong, quoted(&run.subject))],
                plain(format!("{known}{}", why.unwrap_or_else(|| "nothing carries this ID".to_owned()))),
            ],
            below: vec![],
        }
    };
    Table { head: vec![], rows: ill.iter().take(RUNS).map(row).collect(), ..Table::default() }
}

fn facts(verification: &VerificationReport, ill: &[&VerifiedRun], frame: &Frame) -> Vec<Fact> {
    let runs = &verification.runs;
    let mut facts = vec![];
    if ill.len() > RUNS {
        let said = format!("{} that are not well, all of them in `-o json`", counted(ill.len() - RUNS, "more run"));
        facts.push(fact("unshown", plain(said)));
    }
    let (whole, all) = runs.iter().fold((0, 0), |(w, a), run| (w + run.coverage.whole, a + run.coverage.all));
    if let Some(percent) = (whole * 100).checked_div(all) {
        facts.push(fact("traced", plain(format!("{percent} % of {} whole", counted(all, "interaction")))));
    }
    facts.extend(verification.stale());
    let withheld = runs.iter().map(|run| run.judgement.withheld).sum();
    facts.extend(findings::withheld(&FindingSet { findings: vec![], withheld }));
    facts.extend(frame.remarks());
    facts.extend(frame.covered());
    let found = ill.iter().find(|run| run.start.is_some());
    let next = found.map(|run| frame.command_about(&run.subject, "timeline"));
    facts.extend(parts::next(&next.into_iter().collect::<Vec<_>>()));
    facts
}
