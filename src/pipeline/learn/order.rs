//! After what each step comes: what it follows from, else what was always before it.
//!
//! Each step is after one other at most. What comes before that one comes before it as well, and that two works of one
//! cause begin one after the other is mere chance more often than not.

use std::collections::HashSet;

use crate::model::conventions::MessageRole;
use crate::pipeline::learn::sample_run::SampleRun;

/// The steps in the runs.
pub struct StepOccurrences<'a> {
    /// The runs.
    pub samples: &'a [SampleRun],
    /// Beside each step and thing whether the thing is it.
    pub members: &'a [Vec<bool>],
    /// Beside each step and run the spans that are it, by time.
    pub occurrences: Vec<Vec<Vec<usize>>>,
}

/// After which step one comes, and how long after it, in every run.
#[derive(Clone, Debug)]
pub struct LearnedOrder {
    /// The other step.
    pub step: usize,
    /// Each wait.
    pub waits: Vec<i64>,
}

impl<'a> StepOccurrences<'a> {
    /// Who plays what.
    pub fn new(samples: &'a [SampleRun], members: &'a [Vec<bool>]) -> Self {
        let occurrences = |members: &Vec<bool>| samples.iter().map(|sample| sample.occurrences(members)).collect();
        Self { samples, members, occurrences: members.iter().map(occurrences).collect() }
    }

    /// Beside each step the one it comes after; never in a circle.
    pub fn edges(&self) -> Vec<Option<LearnedOrder>> {
        let steps = self.members.len();
        let causes = self.causes();
        let depth = |step: usize| causes[step].len();
        let mut edges: Vec<Option<LearnedOrder>> = (0..steps).map(|_| None).collect();
        // The nearest of those that are always above is the one that has most of the others above itself.
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

    /// Beside each step those that are above every one of its spans, in every run.
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

    /// How long this step waited for that one; none where one run contradicts.
    fn edge(&self, step: usize, other: usize) -> Option<LearnedOrder> {
        let mut waits = vec![];
        for (run, sample) in self.samples.iter().enumerate() {
            let (own, others) = (&self.occurrences[step][run], &self.occurrences[other][run]);
            if own.is_empty() {
                continue;
            }
            let partners = partners(sample, &self.members[other], own, others)?;
            for (place, (before, known)) in own.iter().zip(partners) {
                let (own, before) = (&sample.marks[*place], &sample.marks[before]);
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

/// Beside each span the one that it comes after, by the rules of the verdict, and whether it follows from it; none
/// where there is none to come after.
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

/// Whether `from` comes, however far, after `to`.
fn leads_to(edges: &[Option<LearnedOrder>], from: usize, to: usize) -> bool {
    let mut open = Some(from);
    // No more steps can be on the way than there are.
    for _ in 0..=edges.len() {
        match open {
            Some(step) if step == to => return true,
            Some(step) => open = edges[step].as_ref().map(|edge| edge.step),
            None => return false,
        }
    }
    true
}
