//! GitHub's workflow commands: an annotation for each failure. The only commands that ever leave this program.
//!
//! Source: docs.github.com, "Workflow commands for GitHub Actions"; `%`, line breaks, and in properties `:` and `,` are
//! escaped as its toolkit does.

use crate::pipeline::verdict::{CheckState, Verdict};
use crate::render::escape;
use crate::report::verify::{VerificationReport, VerifiedRun, check_label};

/// GitHub shows ten of a step.
const MOST: usize = 10;

/// The annotations of all runs, worst first.
pub(crate) fn annotations(verification: &VerificationReport) -> String {
    let runs = |verdict| verification.runs.iter().filter(move |run: &&VerifiedRun| run.has_verdict(verdict));
    let failed = runs(Verdict::Fail).flat_map(|run| run_annotations(&verification.pipeline, run, CheckState::Broken));
    let open =
        runs(Verdict::CannotTell).flat_map(|run| run_annotations(&verification.pipeline, run, CheckState::Undecided));
    failed.chain(open).take(MOST).collect()
}

fn run_annotations<'a>(
    pipeline: &'a str,
    run: &'a VerifiedRun,
    state: CheckState,
) -> impl Iterator<Item = String> + 'a {
    let command = match state {
        CheckState::Broken if run.known => "notice",
        CheckState::Broken => "error",
        _ => "warning",
    };
    run.outcome.checks.iter().filter(move |check| check.state == state).map(move |check| {
        let why = check.why.first().map_or("", String::as_str);
        let title = property(&format!("{pipeline}: {}", check_label(check)));
        format!("::{command} title={title}::{}\n", data(&format!("{}: {why}", run.subject)))
    })
}

fn data(text: &str) -> String {
    escape::one_line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_backend_says_ends_no_command_and_begins_none() {
        let evil = "a%b\n::set-output name=x::y\r\u{1b}[31m,:";
        let (data, property) = (data(evil), property(evil));
        for text in [&data, &property] {
            assert!(!text.contains(['\n', '\r', '\u{1b}']) && text.contains("%25"), "{text}");
        }
        assert!(!property.contains([':', ',']), "{property}");
    }
}
