//! The screen of many runs: how many failed, at which step, and which runs to look at.

use crate::model::action::{About, CommandName, Invocation};
use crate::model::time::Human;
use crate::pipeline::verdict::{CheckState, Verdict};
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::text::counted;
use crate::report::verify::labels::{check_label, mark, step_label, verdict};
use crate::report::verify::runs::{VerificationReport, VerifiedRun};
use crate::report::verify::steps::{StepRecord, steps};
use crate::report::wording::see_more::SeeMore;
use crate::report::wording::shell::quoted;

/// How many runs that did not pass are listed.
const RUNS: usize = 15;

/// The screen of many runs.
pub(super) fn blocks(verification: &VerificationReport, frame: &Frame) -> Vec<Block> {
    let mut blocks = vec![Block::Line(title(verification)), Block::Flow(numbers(&verification.runs))];
    blocks.extend(frame.completeness());
    let steps = steps(&verification.runs);
    if !steps.is_empty() {
        blocks.push(Block::Blank);
        blocks.push(Block::Table(steps_table(&steps)));
    }
    let not_passed = not_passed(&verification.runs);
    if !not_passed.is_empty() {
        blocks.push(Block::Blank);
        blocks.push(Block::Table(runs_table(&not_passed)));
    }
    blocks.push(Block::Blank);
    blocks.push(Block::Facts(facts(verification, &not_passed, frame)));
    blocks
}

fn title(verification: &VerificationReport) -> Line {
    let runs = &verification.runs;
    let (role, word) = verdict(verification.verdict());
    let count = |test: &dyn Fn(&&VerifiedRun) -> bool| runs.iter().filter(test).count();
    let total = counted(runs.len(), "run");
    let numbers = match verification.verdict() {
        Verdict::Pass => total,
        Verdict::Fail => format!("{} of {total} failed", count(&|run| run.is_new_failure())),
        Verdict::CannotTell if runs.is_empty() => "no run found".to_owned(),
        Verdict::CannotTell => {
            format!("{} of {total} undecided", count(&|run| run.has_verdict(Verdict::CannotTell)))
        }
    };
    vec![
        piece(role, word),
        piece(TextRole::Strong, format!("  {}", verification.pipeline)),
        piece(TextRole::Dim, format!("  {numbers}")),
    ]
}

fn numbers(runs: &[VerifiedRun]) -> Vec<Line> {
    let count = |test: &dyn Fn(&&VerifiedRun) -> bool| runs.iter().filter(test).count();
    let counts = [
        (TextRole::Good, count(&|run| run.has_verdict(Verdict::Pass)), "passed"),
        (TextRole::Error, count(&|run| run.is_new_failure()), "failed"),
        (TextRole::Dim, count(&|run| run.has_verdict(Verdict::Fail) && run.known), "failed as known"),
        (TextRole::Warn, count(&|run| run.has_verdict(Verdict::CannotTell)), "undecided"),
    ];
    let counts = counts.into_iter().filter(|(_, n, _)| *n > 0);
    counts.map(|(role, n, what)| styled(role, format!("{n} {what}"))).collect()
}

fn steps_table(steps: &[StepRecord]) -> Table {
    let has_waits = steps.iter().any(|step| step.wait_p50_ns.is_some());
    let waits: &[&str] = if has_waits { &["wait p50", "p95"] } else { &[] };
    let head = [&["", "broken", "undecided"], waits].concat();
    let number =
        |n: usize, role: TextRole| if n == 0 { styled(TextRole::Dim, "·") } else { styled(role, n.to_string()) };
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
            vec![piece(role, mark), piece(TextRole::Plain, step_label(step.kind, &step.name))],
            number(step.broken, TextRole::Error),
            number(step.undecided, TextRole::Warn),
        ];
        cells.extend([step.wait_p50_ns, step.wait_p95_ns].into_iter().filter(|_| has_waits).map(wait));
        TableRow::new(cells)
    };
    Table::new(&head, steps.iter().map(row).collect())
}

/// Runs that did not pass: new failures first, then those without a verdict, then known failures.
fn not_passed(runs: &[VerifiedRun]) -> Vec<&VerifiedRun> {
    let mut not_passed: Vec<&VerifiedRun> = runs.iter().filter(|run| !run.has_verdict(Verdict::Pass)).collect();
    not_passed.sort_by_key(|run| (!run.is_new_failure(), !run.has_verdict(Verdict::CannotTell)));
    not_passed
}

fn runs_table(runs: &[&VerifiedRun]) -> Table {
    let row = |run: &&VerifiedRun| {
        let state = if run.has_verdict(Verdict::Fail) { CheckState::Broken } else { CheckState::Undecided };
        let (role, mark) = mark(state);
        let check = run.outcome.checks.iter().find(|check| check.state == state && run.start.is_some());
        let reason = check.map(|check| {
            let reason = check.why.first().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{}{reason}", check_label(check))
        });
        let known = if run.known { "(known) " } else { "" };
        TableRow::new(vec![
            vec![piece(role, mark), piece(TextRole::Strong, quoted(&run.subject))],
            plain(format!("{known}{}", reason.unwrap_or_else(|| "nothing carries this ID".to_owned()))),
        ])
    };
    Table::new(&[], runs.iter().take(RUNS).map(row).collect())
}

fn facts(verification: &VerificationReport, not_passed: &[&VerifiedRun], frame: &Frame) -> Vec<Fact> {
    let runs = &verification.runs;
    let mut facts = vec![];
    if not_passed.len() > RUNS {
        let more = counted(not_passed.len() - RUNS, "more run");
        facts.push(fact("unshown", plain(format!("{more} that are not well, {}", SeeMore::RestInJson))));
    }
    let traced: usize = runs.iter().map(|run| run.coverage.whole).sum();
    let total: usize = runs.iter().map(|run| run.coverage.all).sum();
    if let Some(percent) = (traced * 100).checked_div(total) {
        facts.push(fact("traced", plain(format!("{percent} % of {} whole", counted(total, "interaction")))));
    }
    facts.extend(verification.obsolete_failures());
    facts.extend(findings::withheld(runs.iter().map(|run| run.findings.withheld).sum()));
    facts.extend(frame.notes());
    facts.extend(frame.searched());
    let found = not_passed.iter().find(|run| run.start.is_some()).map(|run| About::Id(run.subject.clone()));
    let next = found.map(|id| Invocation::new(CommandName::Timeline).about(id));
    facts.extend(frame.next(next.as_slice()));
    facts
}
