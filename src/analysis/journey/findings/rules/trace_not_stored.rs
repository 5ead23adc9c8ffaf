//! `trace_not_stored`: a log line or a span link names a trace that is not stored.
//!
//! A warning where a complete look-up did not have it; info where it was not looked for, as in a file, which may hold a
//! part of what there is. Medium confidence, and low where less than every trace is kept. Where no span of the journey is
//! stored but lines are, one info says so in place of every other finding.
//!
//! Silent for traces that lines say were not sampled: see `not_sampled`.

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::analysis::journey::findings::unstored::{Sampling, UnstoredTrace, unstored_journey, unstored_traces};
use crate::model::action::{About, Action, CommandName, Invocation, LookAt, Purpose};
use crate::model::finding::{Cause, Confidence, Finding, FindingDetail, FindingId, Severity};

/// One hit for each trace, or one for all of them.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    if let Some(journey) = unstored_journey(context) {
        if journey.sampling == Sampling::NotSampled {
            return vec![];
        }
        let (id, detail) = (FindingId::TraceNotStored, FindingDetail::NothingStored);
        let mut finding = Finding::new(id, Severity::Info, Confidence::Medium, detail).at(&journey.service, "");
        finding.evidence = journey.evidence;
        finding.causes = vec![Cause::TracesSampledOut, Cause::TracesExpired, Cause::TraceLost];
        finding.actions = vec![Action::LookAt(LookAt::RetentionAndSampling)];
        return vec![RuleHit { finding, spans: vec![] }];
    }
    let sampled = unstored_traces(context).into_iter().filter(|unstored| unstored.sampling == Sampling::Sampled);
    sampled.map(|unstored| hit(context, unstored)).collect()
}

fn hit(context: &RuleContext, unstored: UnstoredTrace) -> RuleHit {
    let UnstoredTrace { trace, looked_up, times, service, evidence, .. } = unstored;
    let severity = if looked_up { Severity::Warning } else { Severity::Info };
    let confidence = if context.input.known.sampled { Confidence::Low } else { Confidence::Medium };
    let detail = FindingDetail::TraceNotStored { trace, looked_up };
    let mut finding = Finding::new(FindingId::TraceNotStored, severity, confidence, detail).at(&service, "");
    finding.count = times;
    finding.evidence = evidence;
    finding.causes = vec![Cause::TraceSampledOut, Cause::TraceLost, Cause::TraceExpired];
    let timeline = Invocation::new(CommandName::Timeline).about(About::Trace(trace));
    finding.actions = vec![Action::Run(timeline, Purpose::TraceStoredSince)];
    RuleHit { finding, spans: vec![] }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::UnstoredTraceCase;

    #[test]
    fn a_named_trace_that_is_not_stored_is_a_warning_where_it_was_looked_up() {
        let part = "a/GET 0..9 server\n! a 5 info one\n! b 6 info two";
        let none = "! a 5 info one\n! b 6 info two";
        let case = |text, looked_up, sampled| UnstoredTraceCase { text, field: ("x", "y"), looked_up, sampled };
        let table = [
            (case(part, true, false), "trace_not_stored medium warning a/ ×2"),
            (case(part, true, true), "trace_not_stored low warning a/ ×2"),
            (case(part, false, false), "trace_not_stored info a/ ×2"),
            (case(none, true, false), "trace_not_stored info a/ ×1"),
        ];
        for (case, found) in table {
            assert_eq!(case.found(), [found], "{case:?}");
        }
    }
}
