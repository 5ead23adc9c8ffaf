//! The screen of one run: the verdict, each expectation with its time and its wait, the findings, the timeline.

use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::finding::Severity;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::verdict::{Check, CheckKind, CheckState, Nearest, Sighting, Verdict};
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::facts::labelled;
use crate::report::filters;
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::journey_facts;
use crate::report::names::ShortNames;
use crate::report::text::counted;
use crate::report::verify::labels::{check_label, mark, verdict};
use crate::report::verify::runs::{RunTimeline, VerificationReport, VerifiedRun};
use crate::report::waterfall::BarLabels;
use crate::report::wording::findings::summary;

/// How many findings are shown below the steps.
const FINDINGS: usize = 4;
/// How many spans are shown for an expectation that is broken.
const PLACES: usize = 3;

/// The screen of one run.
pub(super) fn blocks(verification: &VerificationReport, run: &VerifiedRun, frame: &Frame) -> Vec<Block> {
    let journey = run.timeline.as_ref().map(|timeline| &timeline.analysed.journey);
    let names = journey.map(ShortNames::in_journey).unwrap_or_default();
    let mut blocks = vec![Block::Line(title(&verification.pipeline, run)), Block::Flow(numbers(run, frame))];
    blocks.extend(frame.completeness());
    blocks.push(Block::Blank);
    if frame.any_backend_responded() {
        blocks.push(Block::Table(table(run, &names)));
    } else {
        let checks = counted(run.outcome.checks.len(), "expectation");
        blocks.push(Block::Line(styled(TextRole::Warn, format!("no backend answered: none of {checks} was checked"))));
    }
    if let Some(timeline) = &run.timeline {
        let shown: Vec<_> = timeline.analysed.findings.warnings_and_errors().collect();
        blocks.extend(findings::short(&shown, &names, run.start.unwrap_or_default(), FINDINGS));
        blocks.extend(drawing(run, timeline, &names, frame));
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
    let (role, word) = if run.known { (TextRole::Warn, "! KNOWN FAILURES") } else { verdict(run.outcome.verdict) };
    let total = run.outcome.checks.len();
    let numbers = match run.outcome.verdict {
        Verdict::Pass => format!("{} met", count(CheckState::Met)),
        Verdict::Fail => format!("{} of {total} broken", count(CheckState::Broken)),
        Verdict::CannotTell => format!("{} of {total} undecided", count(CheckState::Undecided)),
    };
    let known = if run.known { ", each known before" } else { "" };
    vec![
        piece(role, word),
        piece(TextRole::Strong, format!("  {pipeline}")),
        piece(TextRole::Dim, " in "),
        piece(TextRole::Strong, &run.subject),
        piece(TextRole::Dim, format!("  {numbers}{known}")),
    ]
}

fn numbers(run: &VerifiedRun, frame: &Frame) -> Vec<Line> {
    let mut items = vec![];
    if let Some(timeline) = &run.timeline {
        let journey = &timeline.analysed.journey;
        items.push(plain(counted(journey.services().len(), "service")));
        items.push(plain(counted(journey.traces.len(), "trace")));
        items.push(plain(counted(journey.spans.len(), "span")));
        items.push(plain(counted(journey.logs.len(), "log line")));
    }
    if let Some(start) = run.start {
        items.push(styled(TextRole::Strong, Human(run.duration_ns).to_string()));
        items.push(plain(frame.zone.full(start)));
    } else if frame.any_backend_responded() {
        items.push(styled(TextRole::Warn, "nothing carries this ID"));
    }
    if !run.settled {
        items.push(styled(TextRole::Warn, "still under way"));
    }
    items
}

fn table(run: &VerifiedRun, names: &ShortNames) -> Table {
    let rows = run.outcome.checks.iter().map(|check| row(check, run, names)).collect();
    Table::new(&["", "at", "took", "wait", "where"], rows)
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
            piece(if check.state == CheckState::Met { TextRole::Plain } else { TextRole::Strong }, check_label(check)),
        ],
        plain(at.unwrap_or_default()),
        plain(took.unwrap_or_default()),
        plain(wait.unwrap_or_default()),
        place(check, names),
    ];
    TableRow { cells, below: below(check, run, names) }
}

/// The service, and how often it was seen there; if it was not seen, whether it had to be.
fn place(check: &Check, names: &ShortNames) -> Line {
    let counted = if check.seen.len() > 1 { format!(" ×{}", check.seen.len()) } else { String::new() };
    match (check.seen.first(), check.value) {
        (Some(sight), _) => vec![
            piece(TextRole::Plain, format!("{}{counted}", names.get(&sight.service))),
            piece(
                TextRole::Error,
                if check.seen.iter().any(|s| s.error) && check.state != CheckState::Met { "  failed" } else { "" },
            ),
        ],
        (None, Some(value)) => plain(format!("= {value}")),
        (None, None) if check.state == CheckState::NotNeeded => styled(TextRole::Dim, "not seen, need not be"),
        // The reason is below the row.
        (None, None) if check.kind == CheckKind::Step && check.why.is_empty() => styled(TextRole::Dim, "not seen"),
        (None, None) => vec![],
    }
}

/// Why it is not met, where it was seen, what is most like it, which finding explains it.
fn below(check: &Check, run: &VerifiedRun, names: &ShortNames) -> Vec<Block> {
    let mut blocks = vec![];
    let dim = |text: String| Block::Line(styled(TextRole::Dim, text));
    let role = if check.state == CheckState::Broken { TextRole::Error } else { TextRole::Plain };
    blocks.extend(check.why.iter().map(|why| Block::Line(styled(role, why.clone()))));
    if check.state == CheckState::Broken {
        let seen = check.seen.iter().take(PLACES).map(|sight| sight_text(sight, run.start, names));
        blocks.extend(seen.map(|text| dim(format!("seen: {text}"))));
        if check.seen.len() > PLACES {
            blocks.push(dim(format!("… and {}", counted(check.seen.len() - PLACES, "more"))));
        }
    }
    let nearest = check.nearest.as_ref().filter(|nearest| !check.seen.contains(&nearest.sight));
    if let Some(Nearest { differs, sight }) = nearest {
        blocks.push(Block::Line(vec![
            piece(TextRole::Dim, "nearest: "),
            piece(TextRole::Plain, sight_text(sight, run.start, names)),
            piece(TextRole::Dim, format!(" – {differs}")),
        ]));
    }
    // A finding that is forbidden is the reason above.
    if let Some(finding) = check.finding.filter(|_| check.kind != CheckKind::Forbid) {
        let found = run.findings.list.iter().find(|found| found.is(finding));
        let text = found.map_or_else(|| finding.as_str().to_owned(), summary);
        blocks.push(Block::Line(vec![piece(TextRole::Dim, "because: "), piece(TextRole::Plain, text)]));
    }
    blocks
}

fn sight_text(sight: &Sighting, start: Option<Timestamp>, names: &ShortNames) -> String {
    let at = start.map(|start| format!(" at {}", Human(sight.time.since(start)))).unwrap_or_default();
    let span = sight.span_id.map(|span| format!(", span {}", names.span(span))).unwrap_or_default();
    format!("{} {}{at}{span}", names.get(&sight.service), sight.name)
}

/// The timeline, unless all is well.
fn drawing(run: &VerifiedRun, timeline: &RunTimeline, names: &ShortNames, frame: &Frame) -> Vec<Block> {
    if run.outcome.verdict == Verdict::Pass || timeline.analysed.journey.is_empty() {
        return vec![];
    }
    let RunTimeline { analysed, options, timeline } = timeline;
    let labels = BarLabels::new(&analysed.journey, names, timeline, options, frame.verbosity);
    let mut blocks = vec![Block::Blank];
    blocks.extend(filters::drawing(timeline, &labels, &options.filters));
    blocks
}

fn facts(run: &VerifiedRun, verification: &VerificationReport, names: &ShortNames, frame: &Frame) -> Vec<Fact> {
    let may_come = run.outcome.waiting_for.iter().filter(|_| frame.provenance.may_grow());
    let may_come = may_come.map(|what| plain(what.clone()));
    let mut facts = labelled(if verification.waited { "waited for" } else { "may come" }, may_come);
    let (traced, total) = (run.coverage.whole, run.coverage.all);
    if traced < total {
        facts.push(fact("traced", plain(format!("{traced} of {} whole", counted(total, "interaction")))));
    }
    facts.extend(verification.obsolete_failures());
    facts.extend(findings::withheld(run.findings.withheld));
    if let Some(timeline) = &run.timeline {
        facts.extend(journey_facts::clock_skew(&timeline.analysed.journey.skew, names, &timeline.options));
    }
    facts.extend(frame.links());
    facts.extend(frame.notes());
    facts.extend(frame.searched());
    facts.extend(frame.next(&next(run, names, frame)));
    facts
}

fn next(run: &VerifiedRun, names: &ShortNames, frame: &Frame) -> Vec<Invocation> {
    if run.start.is_none() {
        return vec![if frame.provenance.is_from_files() {
            Invocation::new(CommandName::Find).about(About::Everything)
        } else {
            Invocation::new(CommandName::Doctor).about(About::Installation)
        }];
    }
    let broken = run.outcome.checks.iter().filter(|check| check.state == CheckState::Broken);
    let mut seen = broken.flat_map(|check| check.seen.iter().chain(check.nearest.iter().map(|nearest| &nearest.sight)));
    let span = seen.find_map(|sight| sight.span_id);
    let span = span.map(|span| Invocation::new(CommandName::Span).with(Argument::Span(names.span(span))));
    let mut next: Vec<Invocation> = span.into_iter().collect();
    if run.findings.list.iter().any(|finding| finding.severity >= Severity::Warning) {
        next.push(Invocation::new(CommandName::Missing));
    }
    if run.outcome.verdict != Verdict::Pass {
        next.push(Invocation::new(CommandName::Timeline));
    }
    next
}
