//! One run, as far as it is needed to learn from it.

use std::collections::BTreeSet;

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::AnalysedJourney;
use crate::model::conventions::MessageRole;
use crate::model::finding::{FindingId, Severity};
use crate::model::time::Timestamp;
use crate::pipeline::learn::things::Signatures;

/// One span.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// What it is, among the things; none where it is not judged.
    pub thing: Option<usize>,
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
    pub marks: Vec<Mark>,
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
    pub fn new(judged: &AnalysedJourney, things: &mut Signatures) -> Self {
        let journey = &judged.journey;
        let clocks = Clocks::measured(journey);
        let mut order = causes_first(journey);
        let mut places = vec![None; journey.spans.len()];
        order.iter().enumerate().for_each(|(place, span)| places[*span] = Some(place));
        // What no root leads to follows from nothing, as far as anybody can tell.
        order.extend((0..journey.spans.len()).filter(|span| places[*span].is_none()));
        let mark = |index: usize| {
            let span = &journey.spans[index];
            let is_judged = journey.judged.get(index) != Some(&false);
            let start = clocks.start(span);
            Mark {
                thing: is_judged.then(|| things.place(span)),
                start,
                end: start.plus(span.duration_ns),
                cause: places[index].and(journey.forest.cause[index]).and_then(|(cause, _)| places[cause]),
                role: span.message_role(),
                failed: span.is_error(),
            }
        };
        let marks = order.into_iter().map(mark).collect();
        let ids = |is_wanted: &dyn Fn(&crate::model::finding::Finding) -> bool| {
            let wanted = judged.judgement.findings.iter().filter(|finding| is_wanted(finding));
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
    pub fn playing(&self, is_member: &[bool]) -> Vec<usize> {
        let marks = self.marks.iter().enumerate();
        let is_meant = |mark: &Mark| mark.thing.is_some_and(|thing| is_member[thing]);
        let mut playing: Vec<usize> = marks.filter(|(_, mark)| is_meant(mark)).map(|(place, _)| place).collect();
        playing.sort_by_key(|place| (self.marks[*place].start, self.marks[*place].end, *place));
        playing
    }

    /// Beside each span the nearest one above it that is such a thing.
    pub fn above(&self, is_member: &[bool]) -> Vec<Option<usize>> {
        let mut nearest: Vec<Option<usize>> = Vec::with_capacity(self.marks.len());
        for mark in &self.marks {
            let is_meant = |cause: usize| self.marks[cause].thing.is_some_and(|thing| is_member[thing]);
            nearest.push(mark.cause.and_then(|cause| if is_meant(cause) { Some(cause) } else { nearest[cause] }));
        }
        nearest
    }
}
