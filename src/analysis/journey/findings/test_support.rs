//! What is found in a sketch, in short lines, for the tests of the rules.

use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{FindingsInput, find};
use crate::analysis::journey::sketch;
use crate::model::finding::{Finding, FindingId, Severity};
use crate::model::journey::Journey;

/// The findings with these IDs in a journey by itself: `high error shop/publish ×1`.
pub(crate) fn found_in(ids: &[FindingId], text: &str) -> Vec<String> {
    found_in_knowing(ids, text, |_| {})
}

/// The same, where more is known than the journey shows.
pub(crate) fn found_in_knowing(ids: &[FindingId], text: &str, learn_more: impl FnOnce(&mut Knowledge)) -> Vec<String> {
    let journey = sketch::journey(text);
    let mut known = Knowledge::default();
    known.learn(&journey);
    learn_more(&mut known);
    let found = findings(&journey, &known);
    found.iter().filter(|finding| ids.contains(&finding.id)).map(short).collect()
}

/// The findings in a journey that is complete and settled, where every consumer was looked up.
pub(crate) fn findings(journey: &Journey, known: &Knowledge) -> Vec<Finding> {
    find(journey, &FindingsInput { complete: true, settled: true, looked_up: true, known, baseline: None }).list
}

/// In a line; how sure it is where it is more than info.
pub(crate) fn short(finding: &Finding) -> String {
    let place = format!("{}/{} ×{}", finding.service, finding.operation, finding.count);
    match finding.severity {
        Severity::Info => format!("info {place}"),
        severity => format!("{} {} {place}", finding.confidence.as_str(), severity.as_str()),
    }
}

/// A sketch all of whose lines name a trace that is not stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnstoredTraceCase<'a> {
    /// The sketch.
    pub(crate) text: &'a str,
    /// A field of every line; `TRACE` in its value is replaced by the trace's ID.
    pub(crate) field: (&'a str, &'a str),
    /// Whether the trace was looked up.
    pub(crate) looked_up: bool,
    /// Whether less than every trace is kept.
    pub(crate) sampled: bool,
}

impl UnstoredTraceCase<'_> {
    /// What is found of the trace: `not_sampled info a/ ×2`.
    pub fn found(&self) -> Vec<String> {
        let mut journey = sketch::journey(self.text);
        let (trace, (key, value)) = (sketch::trace(9), self.field);
        for line in &mut journey.logs {
            line.trace_id = Some(trace);
            line.fields.push((key.to_owned(), value.replace("TRACE", &trace.to_string())));
        }
        if self.looked_up { &mut journey.not_stored } else { &mut journey.not_fetched }.push(trace);
        let known = Knowledge { sampled: self.sampled, ..Knowledge::default() };
        let ids = [FindingId::TraceNotStored, FindingId::NotSampled, FindingId::LogWithoutSpan];
        let found = findings(&journey, &known);
        let found = found.iter().filter(|finding| ids.contains(&finding.id));
        found.map(|finding| format!("{} {}", finding.id.as_str(), short(finding))).collect()
    }
}
