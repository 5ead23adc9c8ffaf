//! `not_sampled`: a log line names a trace that is not stored, and says that it was not sampled.
//!
//! Never more than info: it was left out on purpose. High confidence where a line says so of the very trace; medium where
//! no span of the journey is stored, as other traces of it may have been lost. Silent for a trace of which no line says it.

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::analysis::journey::findings::unstored::{Sampling, UnstoredTrace, unstored_journey, unstored_traces};
use crate::model::finding::{Confidence, Finding, FindingDetail, FindingId, Severity};

/// One hit for each trace, or one for all of them.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let new = |confidence, detail| Finding::new(FindingId::NotSampled, Severity::Info, confidence, detail);
    if let Some(journey) = unstored_journey(context) {
        if journey.sampling == Sampling::Sampled {
            return vec![];
        }
        let mut finding = new(Confidence::Medium, FindingDetail::NothingSampled).at(&journey.service, "");
        finding.evidence = journey.evidence;
        return vec![RuleHit { finding, spans: vec![] }];
    }
    let unsampled = unstored_traces(context).into_iter().filter(|unstored| unstored.sampling == Sampling::NotSampled);
    let hit = |unstored: UnstoredTrace| {
        let detail = FindingDetail::NotSampled { trace: unstored.trace };
        let mut finding = new(Confidence::High, detail).at(&unstored.service, "");
        finding.count = unstored.times;
        finding.evidence = unstored.evidence;
        RuleHit { finding, spans: vec![] }
    };
    unsampled.map(hit).collect()
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::UnstoredTraceCase;

    #[test]
    fn a_trace_whose_lines_say_that_it_was_not_sampled_gives_no_warning() {
        let part = "a/GET 0..9 server\n! a 5 info one\n! b 6 info two";
        let none = "! a 5 info one\n! b 6 info two";
        let table = [
            (part, ("traceparent", "00-TRACE-00f067aa0ba902b7-00"), "not_sampled info a/ ×2"),
            (part, ("traceparent", "00-TRACE-00f067aa0ba902b7-01"), "trace_not_stored medium warning a/ ×2"),
            (part, ("trace_flags", "00"), "not_sampled info a/ ×2"),
            (part, ("otelTraceSampled", "False"), "not_sampled info a/ ×2"),
            (part, ("flags", "10"), "trace_not_stored medium warning a/ ×2"),
            (none, ("flags", "00"), "not_sampled info a/ ×1"),
        ];
        for (text, field, found) in table {
            let case = UnstoredTraceCase { text, field, looked_up: true, sampled: false };
            assert_eq!(case.found(), [found], "{field:?}");
        }
    }
}
