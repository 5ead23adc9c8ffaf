//! Learns `after` of each step: the step it follows from, else one that always began before it.
//!
//! Each step is after one other at most: predecessors of that one come before it as well, and the order of two effects of
//! one cause is chance more often than not.

use std::collections::HashSet;

use crate::model::conventions::MessageRole;
use crate::pipeline::learn::sample_run::SampleRun;

/// The spans of each step in each run.
pub(crate) struct StepOccurrences<'a> {
    /// The runs.
    pub(crate) samples: &'a [SampleRun],
    /// For each step and signature whether the signature belongs to the step.
    pub(crate) members: &'a [Vec<bool>],
    /// For each step and run its spans, by time.
    pub(crate) occurrences: Vec<Vec<Vec<usize>>>,
}

/// The step that another comes after in every run, and the waits.
#[derive(Clone, Debug)]
pub(crate) struct LearnedOrder {
    /// The other step.
    pub(crate) step: usize,
    /// Every wait, in nanoseconds.
    pub(crate) waits: Vec<i64>,
}

impl<'a> StepOccurrences<'a> {
    /// Finds the spans of each step.
    pub(crate) fn new(samples: &'a [SampleRun], members: &'a [Vec<bool>]) -> Self {
        let occurrences = |members: &Vec<bool>| samples.iter().map(|sample| sample.occurrences(members)).collect();
        Self { samples, members, occurrences: members.iter().map(occurrences).collect() }
    }

    /// For each step the one it comes after; never in a circle.
    pub(crate) fn edges(&self) -> Vec<Option<LearnedOrder>> {
        let steps = self.members.len();
        let causes = self.causes();
        let depth = |step: usize| causes[step].len();
        let mut edges: Vec<Option<LearnedOrder>> = (0..steps).map(|_| None).collect();
        // Of the steps that are always ancestors the nearest is the one with the most others as its own ancestors.
        for step in 0..steps {
            let nearest = causes[step].iter().copied().max_by_key(|cause| (depth(*cause), usize::MAX - cause));
            let nearest = nearest.filter(|cause| !leads_to(&edges, *cause, step));
            edges[step] = nearest.and_then(|cause| self.edge(step, cause));
        }
        for step in 0..steps {
            if edges[step].is_some() {
                continue;
            }
            let before = (0..steps).filter(|other| *other != step && !leads_to(&edges, *other, step));
            let before = before.filter_map(|other| self.edge(step, other));
            edges[step] = before.min_by_key(|edge| (edge.waits.iter().max().copied(), edge.step));
        }
        edges
    }

    /// For each step those that are an ancestor of all its spans in every run.
    fn causes(&self) -> Vec<Vec<usize>> {
        let steps = self.members.len();
        let beneath = |cause: usize| -> Vec<bool> {
            let above: Vec<_> = self.samples.iter().map(|sample| sample.above(&self.members[cause])).collect();
            let all = |runs: &Vec<Vec<usize>>| {
                above.iter().zip(runs).all(|(above, own)| own.iter().all(|p| above[*p].is_some()))
            };
            self.occurrences.iter().map(all).collect()
        };
        let beneath: Vec<Vec<bool>> = (0..steps).map(beneath).collect();
        let causes = |step: usize| (0..steps).filter(|cause| *cause != step && beneath[*cause][step]).collect();
        (0..steps).map(causes).collect()
    }

    /// The waits of a step after another one; none if one run contradicts the order.
    fn edge(&self, step: usize, other: usize) -> Option<LearnedOrder> {
        let mut waits = vec![];
        for (run, sample) in self.samples.iter().enumerate() {
            let (own, others) = (&self.occurrences[step][run], &self.occurrences[other][run]);
            if own.is_empty() {
                continue;
            }
            let partners = partners(sample, &self.members[other], own, others)?;
            for (place, (before, known)) in own.iter().zip(partners) {
                let (own, before) = (&sample.spans[*place], &sample.spans[before]);
                if !known && own.start < before.start {
                    return None;
                }
                let is_message = before.role == Some(MessageRole::Publish) && own.role == Some(MessageRole::Consume);
                let from = if is_message { before.end } else { before.start };
                waits.push(own.start.since(from).max(0));
            }
        }
        (!waits.is_empty()).then_some(LearnedOrder { step: other, waits })
    }
}

/// For each span the one that it comes after, paired as the evaluation pairs them, and whether it follows from it; none
/// if there is none to come after.
fn partners(sample: &SampleRun, members: &[bool], own: &[usize], others: &[usize]) -> Option<Vec<(usize, bool)>> {
    let above = sample.above(members);
    let taken: HashSet<usize> = own.iter().filter_map(|place| above[*place]).collect();
    let mut free: Vec<usize> = others.iter().copied().filter(|other| !taken.contains(other)).collect();
    if free.is_empty() {
        free = others.to_vec();
    }
    let last = *free.last()?;
    let mut free = free.into_iter();
    Some(
        own.iter()
            .map(|place| above[*place].map_or_else(|| (free.next().unwrap_or(last), false), |known| (known, true)))
            .collect(),
    )
}

/// Whether `from` comes after `to`, directly or not.
fn leads_to(edges: &[Option<LearnedOrder>], from: usize, to: usize) -> bool {
    let mut open = Some(from);
    // A path has no more steps than there are; the bound ends a circle.
    for _ in 0..=edges.len() {
        match open {
            Some(step) if step == to => return true,
            Some(step) => open = edges[step].as_ref().map(|edge| edge.step),
            None => return false,
        }
    }
    true
}
