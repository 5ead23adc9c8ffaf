//! Findings in words: short for the screens that show other things too, whole for the one that shows nothing else.

use crate::analysis::journey::findings::FindingSet;
use crate::model::finding::{Confidence, EvidenceItem, Finding, FindingId, Severity};
use crate::model::time::{Human, Timestamp};
use crate::report::block::{Block, Fact, Line, Role, fact, one, piece, plain};
use crate::report::names::ShortNames;
use crate::report::parts::labelled;
use crate::report::words::counted;

/// How many proofs a finding shows.
const PROOFS: usize = 6;

/// What is shown beside the errors, which are told by themselves.
pub fn beside_errors(judgement: &FindingSet) -> impl Iterator<Item = &Finding> {
    judgement.grave().filter(|finding| finding.id != FindingId::ErrorOrigin)
}

/// The first of these findings, in a few lines each.
pub fn short(all: &[&Finding], names: &ShortNames, origin: Timestamp, most: usize) -> Vec<Block> {
    let mut blocks = vec![];
    for finding in all.iter().take(most) {
        if blocks.is_empty() {
            blocks.push(Block::Blank);
        }
        blocks.push(Block::Line(headline(finding)));
        let mut aside = kind(finding);
        if let Some(first) = finding.evidence.iter().find_map(|proof| proof.time) {
            aside += &format!(" · {} in", Human(first.since(origin)));
        }
        if let Some(span) = finding.evidence.iter().find_map(|proof| proof.span_id) {
            aside += &format!(" · span {}", names.span(span));
        }
        blocks.push(Block::Line(one(Role::Dim, format!("  {aside}"))));
        if let Some(cause) = finding.causes.first() {
            blocks.push(Block::Line(vec![piece(Role::Dim, "  likely: "), piece(Role::Plain, cause)]));
        }
    }
    if all.len() > most {
        let more = counted(all.len() - most, "more finding");
        blocks.push(Block::Line(one(Role::Dim, format!("  … {more}, see `trace missing`"))));
    }
    blocks
}

/// A finding with everything that is known of it.
pub fn whole(finding: &Finding, names: &ShortNames, origin: Option<Timestamp>, flags: &str) -> Vec<Block> {
    let mut blocks = vec![Block::Line(headline(finding)), Block::Line(one(Role::Dim, format!("  {}", kind(finding))))];
    let proofs = finding.evidence.iter().take(PROOFS).map(|proof| evidence(proof, names, origin));
    let mut facts = labelled("  seen", proofs);
    if finding.evidence.len() > PROOFS {
        let more = finding.evidence.len() - PROOFS;
        facts.push(fact("", one(Role::Dim, format!("and {more} more, all of them in `-o json`"))));
    }
    facts.extend(labelled("  likely", finding.causes.iter().map(|cause| plain(cause.clone()))));
    facts.extend(labelled("  check", finding.next.iter().map(|next| plain(on_the_same_data(next, flags)))));
    blocks.push(Block::Facts(facts));
    blocks
}

/// Commands in an advice with the flags that they need to mean the same data.
fn on_the_same_data(advice: &str, flags: &str) -> String {
    let command = advice.split_once("`trace ").and_then(|(before, rest)| Some((before, rest.split_once('`')?)));
    match command {
        Some((before, (command, after))) if !flags.is_empty() => format!("{before}`trace {command} {flags}`{after}"),
        _ => advice.to_owned(),
    }
}

/// What is not said yet.
pub fn withheld(judgement: &FindingSet) -> Vec<Fact> {
    let say =
        |n| plain(format!("{} withheld: more may still come; ask again when it has settled", counted(n, "finding")));
    (judgement.withheld > 0).then(|| fact("withheld", say(judgement.withheld))).into_iter().collect()
}

/// How a severity looks.
pub fn mark(severity: Severity) -> (Role, &'static str) {
    match severity {
        Severity::Error => (Role::Error, "✗ "),
        Severity::Warning => (Role::Warn, "! "),
        Severity::Info => (Role::Dim, "· "),
    }
}

fn headline(finding: &Finding) -> Line {
    let (role, mark) = mark(finding.severity);
    let mut line = vec![piece(role, mark), piece(Role::Strong, &finding.summary)];
    if finding.count > 1 {
        line.push(piece(role, format!("  ×{}", finding.count)));
    }
    line
}

/// `publish_without_consume, also orphan · error · high confidence`.
fn kind(finding: &Finding) -> String {
    let mut said = finding.id.as_str().to_owned();
    if !finding.kind.is_empty() {
        said += &format!(" ({})", finding.kind.replace('_', " "));
    }
    if !finding.also.is_empty() {
        let also: Vec<&str> = finding.also.iter().map(|id| id.as_str()).collect();
        said += &format!(", also {}", also.join(", "));
    }
    let sure = match finding.confidence {
        Confidence::Low => "low confidence: it may well be otherwise",
        Confidence::Medium => "medium confidence",
        Confidence::High => "high confidence",
    };
    format!("{said} · {} · {sure}", finding.severity.as_str())
}

/// `250 ms in  span 1f2e3d4c  what of it matters`.
fn evidence(proof: &EvidenceItem, names: &ShortNames, origin: Option<Timestamp>) -> Line {
    let when = proof.time.zip(origin).map(|(time, origin)| Human(time.since(origin)).to_string()).unwrap_or_default();
    let where_ = match (proof.span_id, proof.trace_id) {
        (Some(span), _) => format!("span {}", names.span(span)),
        (None, Some(trace)) => format!("trace {}", trace.short()),
        (None, None) => String::new(),
    };
    vec![
        piece(Role::Dim, format!("{when:>8}  ")),
        piece(Role::Plain, &proof.what),
        piece(Role::Dim, if where_.is_empty() { where_ } else { format!("  {where_}") }),
    ]
}
