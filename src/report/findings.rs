//! Findings on screens: in short on those that show other things too, in full on the one that shows nothing else.

use crate::analysis::journey::findings::FindingSet;
use crate::model::finding::{Confidence, EvidenceItem, Finding, FindingId, Severity};
use crate::model::time::{Human, Timestamp};
use crate::report::block::{Block, Fact, Line, TextRole, fact, piece, plain, styled};
use crate::report::facts::labelled;
use crate::report::names::ShortNames;
use crate::report::text::counted;
use crate::report::wording::SameData;
use crate::report::wording::actions::action;
use crate::report::wording::findings as words;
use crate::report::wording::see_more::SeeMore;

/// How much evidence of a finding a screen shows.
const MAX_EVIDENCE: usize = 6;

/// The findings that are shown beside the errors, which have lines of their own.
pub(crate) fn beside_errors(findings: &FindingSet) -> impl Iterator<Item = &Finding> {
    findings.warnings_and_errors().filter(|finding| finding.id != FindingId::ErrorOrigin)
}

/// The first of these findings, in a few lines each.
pub(crate) fn short(findings: &[&Finding], names: &ShortNames, origin: Timestamp, most: usize) -> Vec<Block> {
    let mut blocks = vec![];
    for finding in findings.iter().take(most) {
        if blocks.is_empty() {
            blocks.push(Block::Blank);
        }
        blocks.push(Block::Line(headline(finding)));
        let mut aside = severity_and_kind(finding);
        if let Some(first) = finding.evidence.iter().find_map(|item| item.time) {
            aside += &format!(" · {} in", Human(first.since(origin)));
        }
        if let Some(span) = finding.evidence.iter().find_map(|item| item.span_id) {
            aside += &format!(" · span {}", names.span(span));
        }
        blocks.push(Block::Item(styled(TextRole::Dim, format!("  {aside}"))));
        if let Some(cause) = finding.causes.first() {
            blocks.push(Block::Item(vec![
                piece(TextRole::Dim, "  likely: "),
                piece(TextRole::Plain, words::cause(cause)),
            ]));
        }
    }
    if findings.len() > most {
        let more = counted(findings.len() - most, "more finding");
        blocks.push(Block::Item(styled(TextRole::Dim, format!("  … {more}, {}", SeeMore::Findings))));
    }
    blocks
}

/// A finding in full. Times count from the origin, where there is one.
pub(crate) fn full(finding: &Finding, names: &ShortNames, origin: Option<Timestamp>, data: &SameData) -> Vec<Block> {
    let below = styled(TextRole::Dim, format!("  {}", severity_and_kind(finding)));
    let mut blocks = vec![Block::Line(headline(finding)), Block::Item(below)];
    let shown = finding.evidence.iter().take(MAX_EVIDENCE).map(|item| evidence(item, names, origin));
    let mut facts = labelled("  seen", shown);
    if finding.evidence.len() > MAX_EVIDENCE {
        let more = finding.evidence.len() - MAX_EVIDENCE;
        facts.push(fact("", styled(TextRole::Dim, format!("and {more} more, {}", SeeMore::RestInJson))));
    }
    facts.extend(labelled("  likely", finding.causes.iter().map(|cause| plain(words::cause(cause)))));
    facts.extend(labelled("  check", finding.actions.iter().map(|next| plain(action(next, data)))));
    blocks.push(Block::Facts(facts));
    blocks
}

/// How many findings are withheld until the journey has settled; none if none is.
pub(crate) fn withheld(n: usize) -> Option<Fact> {
    let text = || format!("{} withheld: more may still come; ask again when it has settled", counted(n, "finding"));
    (n > 0).then(|| fact("withheld", plain(text())))
}

/// The role and the mark of a severity.
pub(crate) fn mark(severity: Severity) -> (TextRole, &'static str) {
    match severity {
        Severity::Error => (TextRole::Error, "✗ "),
        Severity::Warning => (TextRole::Warn, "! "),
        Severity::Info => (TextRole::Dim, "· "),
    }
}

fn headline(finding: &Finding) -> Line {
    let (role, mark) = mark(finding.severity);
    let mut line = vec![piece(role, mark), piece(TextRole::Strong, words::summary(finding))];
    if finding.count > 1 {
        line.push(piece(role, format!("  ×{}", finding.count)));
    }
    line
}

/// `publish_without_consume, also orphan · error · high confidence`.
fn severity_and_kind(finding: &Finding) -> String {
    let mut text = finding.id.as_str().to_owned();
    if let Some(kind) = finding.kind {
        text += &format!(" ({})", words::kind(kind));
    }
    if !finding.also.is_empty() {
        let also: Vec<&str> = finding.also.iter().map(|id| id.as_str()).collect();
        text += &format!(", also {}", also.join(", "));
    }
    let confidence = match finding.confidence {
        Confidence::Low => "low confidence: it may well be otherwise",
        Confidence::Medium => "medium confidence",
        Confidence::High => "high confidence",
    };
    format!("{text} · {} · {confidence}", finding.severity.as_str())
}

/// `  250 ms  began after it, 3.0 s later  span 1f2e3d4c`.
fn evidence(item: &EvidenceItem, names: &ShortNames, origin: Option<Timestamp>) -> Line {
    let when = item.time.zip(origin).map(|(time, origin)| Human(time.since(origin)).to_string()).unwrap_or_default();
    let place = match (item.span_id, item.trace_id) {
        (Some(span), _) => format!("span {}", names.span(span)),
        (None, Some(trace)) => format!("trace {}", trace.short()),
        (None, None) => String::new(),
    };
    vec![
        piece(TextRole::Dim, format!("{when:>8}  ")),
        piece(TextRole::Plain, words::evidence(&item.shows)),
        piece(TextRole::Dim, if place.is_empty() { place } else { format!("  {place}") }),
    ]
}
