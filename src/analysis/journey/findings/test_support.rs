//! What is found in a sketch, said in short lines, for the tests of the rules.

use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{FindingsInput, find};
use crate::analysis::journey::sketch;
use crate::model::finding::{Finding, FindingId, Severity};
use crate::model::journey::Journey;

/// What is found in a journey by itself, of these kinds: `high error shop/publish ×1`.
pub fn told(ids: &[FindingId], text: &str) -> Vec<String> {
    told_knowing(ids, text, |_| {})
}

/// The same, where more is known than the journey shows.
pub fn told_knowing(ids: &[FindingId], text: &str, more: impl FnOnce(&mut Knowledge)) -> Vec<String> {
    let journey = sketch::journey(text);
    let mut known = Knowledge::default();
    known.learn(&journey);
    more(&mut known);
    let found = judged(&journey, &known);
    found.iter().filter(|finding| ids.contains(&finding.id)).map(line).collect()
}

/// Complete, settled, everybody asked.
pub fn judged(journey: &Journey, known: &Knowledge) -> Vec<Finding> {
    find(journey, &FindingsInput { complete: true, settled: true, looked_up: true, known, baseline: None }).findings
}

/// In a line; the grave ones with whether they are sure.
pub fn line(finding: &Finding) -> String {
    let place = format!("{}/{} ×{}", finding.service, finding.operation, finding.count);
    match finding.severity {
        Severity::Info => format!("info {place}"),
        severity => format!("{} {} {place}", finding.confidence.as_str(), severity.as_str()),
    }
}
