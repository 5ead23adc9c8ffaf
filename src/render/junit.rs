//! JUnit's XML, as build servers read it: a suite a run, a case an expectation.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use crate::pipeline::verdict::{Check, CheckState, Verdict};
use crate::render::escape;
use crate::report::verify::{VerificationReport, VerifiedRun, check_label};

/// The document. What a backend said is harmless in it: to a parser, to a terminal, to a build server's log.
///
/// # Errors
/// Never, as far as is known: what XML cannot hold is escaped before.
pub(crate) fn document(verification: &VerificationReport) -> Result<Vec<u8>, String> {
    let mut document = Document::new(text("trace verify-pipeline"));
    for run in &verification.runs {
        document.add_test_suite(suite(&verification.pipeline, run));
    }
    document.to_string().map(String::into_bytes).map_err(|error| error.to_string())
}

fn suite(pipeline: &str, run: &VerifiedRun) -> TestSuite {
    let mut suite = TestSuite::new(text(&run.subject));
    suite.set_time(Duration::from_nanos(run.duration_ns.unsigned_abs()));
    suite.add_property((text("verdict"), text(run.outcome.verdict.as_str())));
    suite.add_property((text("complete"), text(if run.complete { "true" } else { "false" })));
    suite.add_property((text("settled"), text(if run.settled { "true" } else { "false" })));
    suite.add_test_cases(run.outcome.checks.iter().map(|check| case(pipeline, run, check)));
    if run.outcome.checks.is_empty() && !run.has_verdict(Verdict::Pass) {
        suite.add_test_case(TestCase::new(
            text(pipeline),
            status(NonSuccessKind::Error, run.outcome.verdict.as_str(), ""),
        ));
    }
    suite
}

fn case(pipeline: &str, run: &VerifiedRun, check: &Check) -> TestCase {
    let why = check.why.join("; ");
    let status = match check.state {
        CheckState::Met => TestCaseStatus::success(),
        CheckState::NotNeeded => skipped("need not hold"),
        CheckState::Broken if run.known => skipped(&format!("known before: {why}")),
        CheckState::Broken => status(NonSuccessKind::Failure, "broken", &why),
        CheckState::Undecided => status(NonSuccessKind::Error, "cannot_tell", &why),
    };
    let mut case = TestCase::new(text(&check_label(check)), status);
    case.set_classname(text(pipeline));
    if let Some(sight) = check.seen.first() {
        case.set_time(Duration::from_nanos(sight.duration_ns.unsigned_abs()));
    }
    if let Some(nearest) = &check.nearest {
        let sight = &nearest.sight;
        case.set_system_out(text(&format!("nearest: {} {} – {}", sight.service, sight.name, nearest.differs)));
    }
    case
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(text(why));
    status
}

fn status(kind: NonSuccessKind, word: &str, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(text(word)).set_message(text(why)).set_description(text(why));
    status
}

fn text(text: &str) -> String {
    escape::line(text)
}
