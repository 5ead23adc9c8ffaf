//! Runs of a pipeline with their verdicts.

use crate::analysis::journey::coverage::InteractionCoverage;
use crate::analysis::journey::findings::{AnalysedJourney, FindingSet};
use crate::analysis::journey::timeline::{self, Timeline, TimelineOptions};
use crate::model::time::Timestamp;
use crate::pipeline::known_failures::{KnownFailure, KnownFailureState};
use crate::pipeline::verdict::{RunOutcome, Verdict};
use crate::report::block::{Fact, Line, TextRole, piece, styled};
use crate::report::facts::labelled;
use crate::report::wording::see_more::SeeMore;

/// The verdicts over runs of one pipeline.
#[derive(Clone, Debug)]
pub(crate) struct VerificationReport {
    /// The name of the pipeline.
    pub(crate) pipeline: String,
    /// The runs, in the order in which they were asked for.
    pub(crate) runs: Vec<VerifiedRun>,
    /// Whether the command waited for what may still arrive.
    pub(crate) waited: bool,
    /// The known failures, and whether they still occur.
    pub(crate) known_failures: Vec<KnownFailure>,
}

/// One run, and which of its expectations are met.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedRun {
    /// Its ID.
    pub(crate) subject: String,
    /// The verdict on each expectation.
    pub(crate) outcome: RunOutcome,
    /// The findings.
    pub(crate) findings: FindingSet,
    /// How many of its interactions are traced.
    pub(crate) coverage: InteractionCoverage,
    /// Whether every backend answered all that was asked.
    pub(crate) complete: bool,
    /// Whether its newest span ended longer ago than the settle time.
    pub(crate) settled: bool,
    /// Whether every failure of it was known before.
    pub(crate) known: bool,
    /// When it began; none if nothing was found.
    pub(crate) start: Option<Timestamp>,
    /// From its first start to its last end, in nanoseconds.
    pub(crate) duration_ns: i64,
    /// The journey with its timeline, kept if it is the only run.
    pub(crate) timeline: Option<Box<RunTimeline>>,
}

/// A journey with its timeline.
#[derive(Clone, Debug)]
pub(crate) struct RunTimeline {
    /// The journey.
    pub(crate) analysed: AnalysedJourney,
    /// The options of the timeline.
    pub(crate) options: TimelineOptions,
    /// The timeline.
    pub(crate) timeline: Timeline,
}

impl RunTimeline {
    /// A timeline that fits below the expectations.
    pub(crate) fn new(analysed: AnalysedJourney) -> Self {
        let options = TimelineOptions { rows: Some(16), ..TimelineOptions::default() };
        let timeline = timeline::draw(&analysed.journey, &analysed.findings.list, &options);
        Self { analysed, options, timeline }
    }
}

impl VerifiedRun {
    /// Whether this is its verdict, whether its failures are known or not.
    pub(crate) fn has_verdict(&self, verdict: Verdict) -> bool {
        self.outcome.verdict == verdict
    }

    /// Whether it fails in a way that is not known yet.
    pub(super) fn is_new_failure(&self) -> bool {
        self.has_verdict(Verdict::Fail) && !self.known
    }
}

impl VerificationReport {
    /// The verdict over all runs: fail after any new failure, otherwise unknown if any run is. No run at all proves nothing.
    pub(crate) fn verdict(&self) -> Verdict {
        let has = |test: &dyn Fn(&VerifiedRun) -> bool| self.runs.iter().any(test);
        if has(&VerifiedRun::is_new_failure) {
            Verdict::Fail
        } else if self.runs.is_empty() || has(&|run| run.has_verdict(Verdict::CannotTell)) {
            Verdict::CannotTell
        } else {
            Verdict::Pass
        }
    }

    /// Known failures that are obsolete.
    pub(super) fn obsolete_failures(&self) -> Vec<Fact> {
        let line = |failure: &KnownFailure| {
            let reason = match failure.now {
                KnownFailureState::Obsolete => "fails no more",
                KnownFailureState::Unknown => "is nothing that the spec expects",
                KnownFailureState::Fails | KnownFailureState::Undecided => return None,
            };
            Some(vec![piece(TextRole::Warn, failure.line()), piece(TextRole::Plain, format!(" {reason}"))])
        };
        let mut lines: Vec<Line> = self.known_failures.iter().filter_map(line).collect();
        if !lines.is_empty() {
            lines.push(styled(TextRole::Dim, SeeMore::KnownFailures.to_string()));
        }
        labelled("known", lines.into_iter())
    }
}
