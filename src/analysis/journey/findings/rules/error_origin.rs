//! `error_origin`: the deepest error of each cascade, once for all that only passed it on.

use std::collections::{BTreeMap, HashSet};

use crate::analysis::journey::findings::call_failure::CallFailure;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::{MOST_PROOFS, RuleHit};
use crate::analysis::stats::masking::masked;
use crate::model::finding::{Confidence, Finding, FindingId, Severity};

/// So many callers are counted as part of one cascade.
const MOST_CALLERS: usize = 64;

/// The errors that no other one explains.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let (spans, cascade) = (&scene.journey.spans, &scene.cascade);
    let mut groups: BTreeMap<(bool, &str, &str, String), Vec<usize>> = BTreeMap::new();
    for (index, span) in spans.iter().enumerate().filter(|(index, span)| span.is_error() && scene.is_judged(*index)) {
        if !cascade.is_passed_on(index) {
            let key =
                (cascade.recovered.contains(&index), span.service(), span.name.as_str(), masked(&span.error_text()));
            groups.entry(key).or_default().push(index);
        }
    }
    groups.into_iter().map(|((recovered, ..), origins)| draft(scene, recovered, origins)).collect()
}

fn draft(scene: &RuleContext, recovered: bool, origins: Vec<usize>) -> RuleHit {
    let first = &scene.journey.spans[origins[0]];
    let (service, name, text) = (first.service(), &first.name, first.error_text());
    let times = if origins.len() > 1 { format!(" {} times", origins.len()) } else { String::new() };
    let says = if text.is_empty() { String::new() } else { format!(": {text}") };
    let well = if recovered { ", and was made good" } else { "" };
    let severity = if recovered { Severity::Info } else { Severity::Error };
    let summary = format!("{service} failed at {name}{times}{well}{says}");
    let mut finding = Finding::new(FindingId::ErrorOrigin, severity, Confidence::High, summary);
    service.clone_into(&mut finding.service);
    finding.operation.clone_from(name);
    finding.count = origins.len();
    finding.kind = if recovered { "recovered" } else { "" };
    finding.causes = causes(CallFailure::classify(first), service);
    finding.next = vec![
        format!("read what {service} wrote in its lines around this span"),
        format!("see whether other runs fail at {name} too, and since when"),
    ];
    let own = |s: &usize| {
        let text = scene.journey.spans[*s].error_text();
        scene.failure(*s, if text.is_empty() { "failed, and nothing below it did".to_owned() } else { text })
    };
    finding.evidence = origins.iter().take(MOST_PROOFS).map(own).collect();
    let passed_on = |s: usize| {
        let span = &scene.journey.spans[s];
        scene.failure(s, format!("{} {} failed because of it", span.service(), span.name))
    };
    let room = MOST_PROOFS.saturating_sub(finding.evidence.len());
    finding.evidence.extend(scene.cascade.callers(origins[0]).take(room).map(passed_on));
    finding.evidence.sort();
    let mut seen: HashSet<usize> = origins.iter().copied().collect();
    let mut spans = origins.clone();
    for origin in origins {
        let callers = scene.cascade.callers(origin).take(MOST_CALLERS);
        spans.extend(callers.take_while(|caller| seen.insert(*caller)));
    }
    RuleHit { finding, spans }
}

fn causes(trouble: CallFailure, service: &str) -> Vec<String> {
    let (first, second) = match trouble {
        CallFailure::Down => {
            ("what it calls is not running, or not under this name", "the network between them is broken")
        }
        CallFailure::Late => ("what it waits for is overloaded or hangs", "its time limit is too short"),
        CallFailure::Answered => ("what it calls refused what it was given", "what it calls is itself failing"),
        CallFailure::Untold => ("what the error says, at this very place", "what it was given is not as it should be"),
    };
    vec![first.to_owned(), second.to_owned(), format!("{service} was changed or configured anew")]
}
