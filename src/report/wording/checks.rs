//! What `verify-pipeline` says of findings that a spec forbids.

use crate::model::finding::{Confidence, Finding};
use crate::pipeline::verdict::RunOutcome;
use crate::report::wording::findings::summary;

/// The outcome with the findings of its checks put into words, before what else is said of each check.
pub(crate) fn with_findings_in_words(mut outcome: RunOutcome) -> RunOutcome {
    let sentence = |finding: &Finding| {
        let unsure = if finding.confidence == Confidence::Low { ", but that is not sure" } else { "" };
        format!("{}{unsure}", summary(finding))
    };
    for check in &mut outcome.checks {
        check.why.splice(0..0, check.forbidden.iter().map(sentence));
    }
    outcome
}
