//! One run, reduced to what learning needs.

use std::collections::BTreeSet;

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::AnalysedJourney;
use crate::model::conventions::MessageRole;
use crate::model::finding::{FindingId, Severity};
use crate::model::time::Timestamp;
use crate::pipeline::learn::signatures::SignatureTable;

/// One span of a sample run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleSpan {
    /// Index of its signature; none for a span of another journey.
    pub(crate) signature: Option<usize>,
    /// Start, on the reference clock.
    pub(crate) start: Timestamp,
    /// End, on the reference clock.
    pub(crate) end: Timestamp,
    /// Index of the span it follows from, always a smaller one; none for a root.
    pub(crate) cause: Option<usize>,
    /// Messaging role.
    pub(crate) role: Option<MessageRole>,
    /// Whether its status is error.
    pub(crate) failed: bool,
}

/// One run to learn from.
#[derive(Debug)]
pub(crate) struct SampleRun {
    /// Its spans, each after the one it follows from.
    pub(crate) spans: Vec<SampleSpan>,
    /// Findings above info severity.
    pub(crate) found: BTreeSet<FindingId>,
    /// Findings of error severity that are certain enough to fail a gate.
    pub(crate) grave: BTreeSet<FindingId>,
    /// Whether an error was not handled or recovered.
    pub(crate) failed: bool,
    /// The whole run if it may be held out.
    pub(crate) whole: Option<Box<AnalysedJourney>>,
}

/// For each of `signatures` signatures the number of runs that have it.
pub(crate) fn runs_by_signature(samples: &[SampleRun], signatures: usize) -> Vec<usize> {
    let mut runs = vec![0; signatures];
    for sample in samples {
        let seen: BTreeSet<usize> = sample.spans.iter().filter_map(|sample_span| sample_span.signature).collect();
        seen.into_iter().for_each(|signature| runs[signature] += 1);
    }
    runs
}

impl SampleRun {
    /// Reduces a run, adding its signatures to the table.
    pub(crate) fn new(analysed: &AnalysedJourney, signatures: &mut SignatureTable) -> Self {
        let journey = &analysed.journey;
        let clocks = Clocks::measured(journey);
        let mut order = causes_first(journey);
        let mut places = vec![None; journey.spans.len()];
        order.iter().enumerate().for_each(|(place, span)| places[*span] = Some(place));
        // Spans in a circle of causes are reached from no root; they follow from nothing.
        order.extend((0..journey.spans.len()).filter(|span| places[*span].is_none()));
        let sample_span = |index: usize| {
            let span = &journey.spans[index];
            let is_evaluated = journey.is_own.get(index) != Some(&false);
            let start = clocks.start(span);
            SampleSpan {
                signature: is_evaluated.then(|| signatures.place(span)),
                start,
                end: start.plus(span.duration_ns),
                cause: places[index].and(journey.forest.cause[index]).and_then(|(cause, _)| places[cause]),
                role: span.message_role(),
                failed: span.is_error(),
            }
        };
        let spans = order.into_iter().map(sample_span).collect();
        let ids = |is_selected: &dyn Fn(&crate::model::finding::Finding) -> bool| {
            let selected = analysed.findings.list.iter().filter(|finding| is_selected(finding));
            selected.flat_map(|finding| finding.also.iter().copied().chain([finding.id])).collect::<BTreeSet<_>>()
        };
        let found = ids(&|finding| finding.severity > Severity::Info);
        Self {
            spans,
            failed: found.contains(&FindingId::ErrorOrigin),
            found,
            grave: ids(&|finding| finding.gates(Severity::Error)),
            whole: None,
        }
    }

    /// Indices of the spans whose signature is a member, by time.
    pub(crate) fn occurrences(&self, is_member: &[bool]) -> Vec<usize> {
        let spans = self.spans.iter().enumerate();
        let is_meant = |sample_span: &SampleSpan| sample_span.signature.is_some_and(|signature| is_member[signature]);
        let mut occurrences: Vec<usize> =
            spans.filter(|(_, sample_span)| is_meant(sample_span)).map(|(place, _)| place).collect();
        occurrences.sort_by_key(|place| (self.spans[*place].start, self.spans[*place].end, *place));
        occurrences
    }

    /// For each span its nearest ancestor whose signature is a member.
    pub(crate) fn above(&self, is_member: &[bool]) -> Vec<Option<usize>> {
        let mut nearest: Vec<Option<usize>> = Vec::with_capacity(self.spans.len());
        for sample_span in &self.spans {
            let is_meant = |cause: usize| self.spans[cause].signature.is_some_and(|signature| is_member[signature]);
            nearest
                .push(sample_span.cause.and_then(|cause| if is_meant(cause) { Some(cause) } else { nearest[cause] }));
        }
        nearest
    }
}
