//! One run, as far as it is needed to learn from it.

use std::collections::BTreeSet;

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::AnalysedJourney;
use crate::model::conventions::MessageRole;
use crate::model::finding::{FindingId, Severity};
use crate::model::time::Timestamp;
use crate::pipeline::learn::signatures::SignatureTable;

/// One span.
#[derive(Clone, Copy, Debug)]
pub struct SampleSpan {
    /// What it is, among the things; none where it is not judged.
    pub signature: Option<usize>,
    /// When it began, on the reference clock.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Which it follows from; always an earlier one of the list.
    pub cause: Option<usize>,
    /// What it has to do with a message.
    pub role: Option<MessageRole>,
    /// Whether it failed.
    pub failed: bool,
}

/// One run.
#[derive(Debug)]
pub struct SampleRun {
    /// Its spans, each after the one it follows from.
    pub marks: Vec<SampleSpan>,
    /// Findings above info.
    pub found: BTreeSet<FindingId>,
    /// Those of them that are errors, and sure.
    pub grave: BTreeSet<FindingId>,
    /// Whether something failed for good.
    pub failed: bool,
    /// The run itself, where it may be kept aside.
    pub whole: Option<Box<AnalysedJourney>>,
}

impl SampleRun {
    /// What of this run is needed.
    pub fn new(analysed: &AnalysedJourney, signatures: &mut SignatureTable) -> Self {
        let journey = &analysed.journey;
        let clocks = Clocks::measured(journey);
        let mut order = causes_first(journey);
        let mut places = vec![None; journey.spans.len()];
        order.iter().enumerate().for_each(|(place, span)| places[*span] = Some(place));
        // What no root leads to follows from nothing, as far as anybody can tell.
        order.extend((0..journey.spans.len()).filter(|span| places[*span].is_none()));
        let mark = |index: usize| {
            let span = &journey.spans[index];
            let is_judged = journey.is_own.get(index) != Some(&false);
            let start = clocks.start(span);
            SampleSpan {
                signature: is_judged.then(|| signatures.place(span)),
                start,
                end: start.plus(span.duration_ns),
                cause: places[index].and(journey.forest.cause[index]).and_then(|(cause, _)| places[cause]),
                role: span.message_role(),
                failed: span.is_error(),
            }
        };
        let marks = order.into_iter().map(mark).collect();
        let ids = |is_selected: &dyn Fn(&crate::model::finding::Finding) -> bool| {
            let wanted = analysed.judgement.findings.iter().filter(|finding| is_selected(finding));
            wanted.flat_map(|finding| finding.also.iter().copied().chain([finding.id])).collect::<BTreeSet<_>>()
        };
        let found = ids(&|finding| finding.severity > Severity::Info);
        Self {
            marks,
            failed: found.contains(&FindingId::ErrorOrigin),
            found,
            grave: ids(&|finding| finding.gates(Severity::Error)),
            whole: None,
        }
    }

    /// The spans that are such a thing, by time.
    pub fn occurrences(&self, is_member: &[bool]) -> Vec<usize> {
        let marks = self.marks.iter().enumerate();
        let is_meant = |mark: &SampleSpan| mark.signature.is_some_and(|signature| is_member[signature]);
        let mut occurrences: Vec<usize> = marks.filter(|(_, mark)| is_meant(mark)).map(|(place, _)| place).collect();
        occurrences.sort_by_key(|place| (self.marks[*place].start, self.marks[*place].end, *place));
        occurrences
    }

    /// Beside each span the nearest one above it that is such a thing.
    pub fn above(&self, is_member: &[bool]) -> Vec<Option<usize>> {
        let mut nearest: Vec<Option<usize>> = Vec::with_capacity(self.marks.len());
        for mark in &self.marks {
            let is_meant = |cause: usize| self.marks[cause].signature.is_some_and(|signature| is_member[signature]);
            nearest.push(mark.cause.and_then(|cause| if is_meant(cause) { Some(cause) } else { nearest[cause] }));
        }
        nearest
    }
}
