//! One run: the verdict, each expectation with its time and its wait, what explains the failures, the timeline.

use crate::model::finding::Severity;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::verdict::{Check, CheckKind, CheckState, Nearest, Sight, Verdict};
use crate::report::block::{Block, Fact, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::filters;
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::parts;
use crate::report::verify::{RunTimeline, VerificationReport, VerifiedRun, called};
use crate::report::waterfall::Words;
use crate::report::wording::findings::summary;
use crate::report::words::counted;

/// How many findings stand below the steps.
const FINDINGS: usize = 4;
/// How many places of one expectation are named where it is broken.
const PLACES: usize = 3;

/// The screen of one run.
pub fn blocks(verification: &VerificationReport, run: &VerifiedRun, frame: &Frame) -> Vec<Block> {
    let names =
        run.story.as_ref().map_or_else(ShortNames::default, |story| ShortNames::in_journey(&story.judged.journey));
    let mut blocks = vec![Block::Line(title(&verification.pipeline, run)), Block::Flow(numbers(run, frame))];
    blocks.extend(frame.asking());
    blocks.push(Block::Blank);
    blocks.push(Block::Table(table(run, &names)));
    if let Some(story) = &run.story {
        let grave: Vec<_> = story.judged.judgement.grave().collect();
        blocks.extend(findings::short(&grave, &names, run.start.unwrap_or_default(), FINDINGS));
        blocks.extend(drawing(run, story, &names, frame));
    }
    let facts = facts(run, verification, &names, frame);
    if !facts.is_empty() {
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
    }
    blocks
}

/// `✗ fail  essay-batch  3f2a9c1e…  2 of 9 broken`.
fn title(pipeline: &str, run: &VerifiedRun) -> Line {
    let count = |state| run.outcome.checks.iter().filter(|check| check.state == state).count();
    let (role, word) = if run.known { (Role::Warn, "! KNOWN FAILURES") } else { verdict(run.outcome.verdict) };
    let all = run.outcome.checks.len();
    let told = match run.outcome.verdict {
        Verdict::Pass => format!("{} met", count(CheckState::Met)),
        Verdict::Fail => format!("{} of {all} broken", count(CheckState::Broken)),
        Verdict::CannotTell => format!("{} of {all} undecided", count(CheckState::Undecided)),
    };
    let known = if run.known { ", each known before" } else { "" };
    vec![
        piece(role, word),
        piece(Role::Strong, format!("  {pipeline}")),
        piece(Role::Dim, " in "),
        piece(Role::Strong, &run.subject),
        piece(Role::Dim, format!("  {told}{known}")),
    ]
}

/// How a verdict looks.
pub fn verdict(verdict: Verdict) -> (Role, &'static str) {
    match verdict {
        Verdict::Pass => (Role::Good, "✓ pass"),
        Verdict::Fail => (Role::Error, "✗ FAIL"),
        Verdict::CannotTell => (Role::Warn, "? CANNOT TELL"),
    }
}

/// How a state looks.
pub fn mark(state: CheckState) -> (Role, &'static str) {
    match state {
        CheckState::Met => (Role::Good, "✓ "),
        CheckState::Broken => (Role::Error, "✗ "),
        CheckState::Undecided => (Role::Warn, "? "),
        CheckState::NotNeeded => (Role::Dim, "– "),
    }
}

fn numbers(run: &VerifiedRun, frame: &Frame) -> Vec<Line> {
    let mut items = vec![];
    if let Some(story) = &run.story {
        let journey = &story.judged.journey;
        items.push(plain(counted(journey.services().len(), "service")));
        items.push(plain(counted(journey.traces.len(), "trace")));
        items.push(plain(counted(journey.spans.len(), "span")));
        items.push(plain(counted(journey.logs.len(), "log line")));
    }
    if let Some(start) = run.start {
        items.push(one(Role::Strong, Human(run.duration_ns).to_string()));
        items.push(plain(frame.zone.full(start)));
    } else {
        items.push(one(Role::Warn, "nothing carries this ID"));
    }
    if !run.settled {
        items.push(one(Role::Warn, "still under way"));
    }
    items
}

fn table(run: &VerifiedRun, names: &ShortNames) -> Table {
    let head = ["", "at", "took", "wait", "where"].map(str::to_owned).to_vec();
    Table { head, rows: run.outcome.checks.iter().map(|check| row(check, run, names)).collect(), ..Table::default() }
}

fn row(check: &Check, run: &VerifiedRun, names: &ShortNames) -> TableRow {
    let (role, mark) = mark(check.state);
    let first = check.seen.first();
    let at = first.zip(run.start).map(|(sight, start)| Human(sight.time.since(start)).to_string());
    let took = first.filter(|sight| sight.span_id.is_some()).map(|sight| Human(sight.duration_ns).to_string());
    let wait = check.wait_ns.map(|ns| format!("+{}", Human(ns)));
    let cells = vec![
        vec![
            piece(role, mark),
            piece(if check.state == CheckState::Met { Role::Plain } else { Role::Strong }, called(check)),
        ],
        plain(at.unwrap_or_default()),
        plain(took.unwrap_or_default()),
        plain(wait.unwrap_or_default()),
        where_(check, names),
    ];
    TableRow { cells, below: below(check, run, names) }
}

/// Which service, and how often; what was expected where nothing was seen.
fn where_(check: &Check, names: &ShortNames) -> Line {
    let counted = if check.seen.len() > 1 { format!(" ×{}", check.seen.len()) } else { String::new() };
    match (check.seen.first(), check.value) {
        (Some(sight), _) => vec![
            piece(Role::Plain, format!("{}{counted}", names.get(&sight.service))),
            piece(
                Role::Error,
                if check.seen.iter().any(|s| s.error) && check.state != CheckState::Met { "  failed" } else { "" },
            ),
        ],
        (None, Some(value)) => plain(format!("= {value}")),
        (None, None) if check.state == CheckState::NotNeeded => one(Role::Dim, "not seen, need not be"),
        // Why not stands below.
        (None, None) if check.kind == CheckKind::Step && check.why.is_empty() => one(Role::Dim, "not seen"),
        (None, None) => vec![],
    }
}

/// Why it is not met, where it was seen, what did happen instead, what explains it.
fn below(check: &Check, run: &VerifiedRun, names: &ShortNames) -> Vec<Block> {
    let mut blocks = vec![];
    let dim = |text: String| Block::Line(one(Role::Dim, text));
    let role = if check.state == CheckState::Broken { Role::Error } else { Role::Plain };
    blocks.extend(check.why.iter().map(|why| Block::Line(one(role, why.clone()))));
    if check.state == CheckState::Broken {
        let places = check.seen.iter().take(PLACES).map(|sight| place(sight, run.start, names));
        blocks.extend(places.map(|text| dim(format!("seen: {text}"))));
        if check.seen.len() > PLACES {
            blocks.push(dim(format!("… and {}", counted(check.seen.len() - PLACES, "more"))));
        }
    }
    let nearest = check.nearest.as_ref().filter(|nearest| !check.seen.contains(&nearest.sight));
    if let Some(Nearest { differs, sight }) = nearest {
        blocks.push(Block::Line(vec![
            piece(Role::Dim, "nearest: "),
            piece(Role::Plain, place(sight, run.start, names)),
            piece(Role::Dim, format!(" – {differs}")),
        ]));
    }
    // What is forbidden is a finding, and is told already.
    if let Some(finding) = check.finding.filter(|_| check.kind != CheckKind::Forbid) {
        let told = run.judgement.findings.iter().find(|found| found.is(finding));
        let said = told.map_or_else(|| finding.as_str().to_owned(), |found| summary(found));
        blocks.push(Block::Line(vec![piece(Role::Dim, "because: "), piece(Role::Plain, said)]));
    }
    blocks
}

fn place(sight: &Sight, start: Option<Timestamp>, names: &ShortNames) -> String {
    let at = start.map(|start| format!(" at {}", Human(sight.time.since(start)))).unwrap_or_default();
    let span = sight.span_id.map(|span| format!(", span {}", names.span(span))).unwrap_or_default();
    format!("{} {}{at}{span}", names.get(&sight.service), sight.name)
}

/// The timeline, where there is something to explain.
fn drawing(run: &VerifiedRun, story: &RunTimeline, names: &ShortNames, frame: &Frame) -> Vec<Block> {
    if run.outcome.verdict == Verdict::Pass || story.judged.journey.is_empty() {
        return vec![];
    }
    let words = Words::new(&story.judged.journey, names, &story.timeline, &story.options, frame.verbosity);
    let mut blocks = vec![Block::Blank];
    blocks.extend(filters::drawing(&story.timeline, &words, &story.options.filters));
    blocks
}

fn facts(run: &VerifiedRun, verification: &VerificationReport, names: &ShortNames, frame: &Frame) -> Vec<Fact> {
    // Nothing more comes into a file, or into the demo.
    let may_come = !["--demo", "--input"].iter().any(|flag| frame.provenance.flags.contains(flag));
    let waiting = run.outcome.waiting_for.iter().filter(|_| may_come).map(|what| plain(what.clone()));
    let mut facts = parts::labelled(if verification.waited { "waited for" } else { "may come" }, waiting);
    let (whole, all) = (run.coverage.whole, run.coverage.all);
    if all > 0 && whole < all {
        facts.push(fact("traced", plain(format!("{whole} of {} whole", counted(all, "interaction")))));
    }
    facts.extend(verification.stale());
    facts.extend(findings::withheld(&run.judgement));
    if let Some(story) = &run.story {
        facts.extend(parts::skew(&story.judged.journey.skew, names, false));
    }
    facts.extend(frame.links());
    facts.extend(frame.remarks());
    facts.extend(frame.covered());
    facts.extend(parts::next(&commands(run, names, frame)));
    facts
}

fn commands(run: &VerifiedRun, names: &ShortNames, frame: &Frame) -> Vec<String> {
    if run.start.is_none() {
        let flags = &frame.provenance.flags;
        let is_file = flags.contains("--input");
        return vec![if is_file { format!("trace find {flags}") } else { "trace doctor".to_owned() }];
    }
    let broken = run.outcome.checks.iter().filter(|check| check.state == CheckState::Broken);
    let mut seen = broken.flat_map(|check| check.seen.iter().chain(check.nearest.iter().map(|nearest| &nearest.sight)));
    let span = seen.find_map(|sight| sight.span_id);
    let mut commands: Vec<String> = span.map(|span| frame.command("span", &names.span(span))).into_iter().collect();
    if run.judgement.findings.iter().any(|finding| finding.severity >= Severity::Warning) {
        commands.push(frame.command("missing", ""));
    }
    if run.outcome.verdict != Verdict::Pass {
        commands.push(frame.command("timeline", ""));
    }
    commands
}
