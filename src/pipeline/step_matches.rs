//! The matches of every step, and which of them follow from which.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::analysis::journey::critical_path::causes_first;
use crate::model::journey::{CauseKind, Journey};
use crate::pipeline::matching::{JourneyLookup, Match, MatchedItem};
use crate::pipeline::spec::Spec;

/// For each span of the run its nearest ancestor among some matches; none without one.
pub(crate) type Above = Vec<Option<usize>>;

/// The matches of every step in one run.
pub(crate) struct StepMatches<'a> {
    /// The run.
    pub(crate) lookup: JourneyLookup<'a>,
    /// The spec.
    pub(crate) spec: &'a Spec,
    /// For each step its matches, by time.
    pub(crate) all: Vec<Vec<Match>>,
    downwards: Vec<usize>,
    following: Vec<OnceCell<Above>>,
    beneath: Vec<OnceCell<Above>>,
}

impl<'a> StepMatches<'a> {
    /// Matches the steps of a spec in a run.
    pub(crate) fn new(spec: &'a Spec, journey: &'a Journey) -> Self {
        let lookup = JourneyLookup::new(journey);
        let all: Vec<_> = spec.steps.iter().map(|step| lookup.select(&step.any_of)).collect();
        let cells = || (0..all.len()).map(|_| OnceCell::new()).collect();
        Self { spec, downwards: causes_first(journey), following: cells(), beneath: cells(), all, lookup }
    }

    /// The nearest match of a step that each span follows from, by parent, link or message.
    pub(crate) fn following(&self, step: usize) -> &Above {
        self.following[step].get_or_init(|| self.above(&self.all[step]))
    }

    /// The nearest match of a step among each span's ancestors, by parent alone.
    pub(crate) fn beneath(&self, step: usize) -> &Above {
        self.beneath[step].get_or_init(|| self.inherit(&marks(self, &self.all[step]), |via| via == CauseKind::Parent))
    }

    /// The nearest of these that each span follows from, by parent, link or message.
    pub(crate) fn above(&self, among: &[Match]) -> Above {
        self.inherit(&marks(self, among), |_| true)
    }

    /// For each span the nearest marked ancestor, itself excluded, over the allowed kinds of cause.
    fn inherit(&self, marked: &[bool], is_way: impl Fn(CauseKind) -> bool) -> Above {
        let mut nearest = vec![None; marked.len()];
        for span in &self.downwards {
            if let Some((cause, _)) = self.lookup.journey.forest.cause[*span].filter(|(_, via)| is_way(*via)) {
                nearest[*span] = if marked[cause] { Some(cause) } else { nearest[cause] };
            }
        }
        nearest
    }

    /// For each span the nearest marked ancestor, itself included.
    pub(crate) fn self_or_above(&self, marked: &[bool]) -> Above {
        let mut nearest = self.inherit(marked, |_| true);
        marked.iter().enumerate().filter(|(_, is)| **is).for_each(|(span, _)| nearest[span] = Some(span));
        nearest
    }
}

/// For each span whether it is one of these matches.
pub(crate) fn marks(matches: &StepMatches, among: &[Match]) -> Vec<bool> {
    let mut marked = vec![false; matches.lookup.journey.spans.len()];
    for found in among {
        if let MatchedItem::Span(index) = found.item {
            marked[index] = true;
        }
    }
    marked
}

/// The matches that an evaluation may use: of one repetition of a group, or of the whole run.
#[derive(Clone, Copy, Default)]
pub(crate) struct MatchScope<'s> {
    bucket: Option<&'s BTreeMap<usize, Vec<Match>>>,
}

impl<'s> MatchScope<'s> {
    /// One repetition: the matches of the group's steps that belong to it.
    pub(crate) fn in_bucket(bucket: &'s BTreeMap<usize, Vec<Match>>) -> Self {
        Self { bucket: Some(bucket) }
    }

    /// The matches of a step: those of this repetition where it belongs to the group.
    pub(crate) fn matches(self, matches: &'s StepMatches, step: usize) -> &'s [Match] {
        self.bucket.and_then(|bucket| bucket.get(&step)).map_or(&matches.all[step], |found| found)
    }
}
