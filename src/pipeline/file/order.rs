//! Checks that the order of a spec has no circle and its shortest waits fit into `within`.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::time::Human;
use crate::pipeline::file::reader::SpecReader;
use crate::pipeline::file::steps::StepDraft;
use crate::pipeline::spec::{ExpectedCount, ExpectedStep, Relation, RepeatedGroup};

/// One step begins before another one.
#[derive(Clone, Debug)]
pub(super) struct StepEdge {
    first: usize,
    second: usize,
    /// Shortest wait between the two, in nanoseconds.
    least_ns: i64,
    /// Where the file says so; none if it follows from `in_order`.
    at: Option<Range<usize>>,
}

/// The value of `within` in nanoseconds, and its position.
#[derive(Clone, Debug)]
pub(super) struct Within {
    pub ns: i64,
    pub at: Range<usize>,
}

/// The edges that a step's relations add.
pub(super) fn edges(index: usize, draft: &StepDraft, places: &BTreeMap<&str, usize>) -> Vec<StepEdge> {
    let edge = |(other, relation): &(_, Relation)| {
        let other: &super::steps::StepRef = other;
        let place = *places.get(other.name.as_str())?;
        let at = Some(other.at.clone());
        match *relation {
            Relation::After { least_ns, .. } => {
                Some(StepEdge { first: place, second: index, least_ns: least_ns.unwrap_or(0), at })
            }
            Relation::ChildOf => Some(StepEdge { first: place, second: index, least_ns: 0, at }),
            Relation::Before => Some(StepEdge { first: index, second: place, least_ns: 0, at }),
            Relation::SameTrace => None,
        }
    };
    draft.order.iter().filter_map(edge).collect()
}

/// The edges of `in_order`: between the steps outside of groups, and within each group.
pub(super) fn as_written(steps: &[ExpectedStep]) -> Vec<StepEdge> {
    let mut last: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    let mut edges = vec![];
    for (second, step) in steps.iter().enumerate() {
        if let Some(first) = last.insert(step.group, second) {
            edges.push(StepEdge { first, second, least_ns: 0, at: None });
        }
    }
    edges
}

/// The steps of a spec, as written and resolved, and its groups.
#[derive(Clone, Copy)]
pub(super) struct SpecSteps<'a> {
    pub drafts: &'a [StepDraft],
    pub steps: &'a [ExpectedStep],
    pub groups: &'a [RepeatedGroup],
}

/// Reports circles, and shortest waits that add up to more than `within`.
pub(super) fn check(reader: &mut SpecReader, spec: &SpecSteps, edges: &[StepEdge], within: Option<Within>) {
    let steps = spec.steps;
    check_count_circles(reader, spec);
    let graph = StepGraph::new(steps.len(), edges);
    let (sorted, circles) = graph.sorted();
    for circle in &circles {
        let names: Vec<&str> = circle.iter().map(|edge| steps[edge.first].name.as_str()).collect();
        let Some(at) = circle.iter().filter_map(|edge| edge.at.clone()).min_by_key(|at| at.start) else { continue };
        match names.as_slice() {
            [only] => reader.error(&at, format!("`{only}` cannot come before itself"), "name another step"),
            [first, ..] => {
                let message = format!("no order is possible: {} → {first}", names.join(" → "));
                let as_written = circle.iter().any(|edge| edge.at.is_none());
                let help = if as_written {
                    "each must begin before the next one, some because of `in_order`; change one of them"
                } else {
                    "each must begin before the next one; take one of them back"
                };
                reader.error(&at, message, help);
            }
            [] => {}
        }
    }
    if let Some(within) = within.filter(|_| circles.is_empty()) {
        check_minimum_duration(reader, spec, &graph, &sorted, &within);
    }
}

/// Whether every good run has the step.
fn is_needed(step: &ExpectedStep, groups: &[RepeatedGroup]) -> bool {
    let some = |count: ExpectedCount| matches!(count, ExpectedCount::Range(least, _) if least > 0);
    !step.optional && some(step.count) && step.group.and_then(|group| groups.get(group)).is_none_or(|g| some(g.count))
}

/// Reports steps that every good run has and that take at least longer than `within`.
fn check_minimum_duration(
    reader: &mut SpecReader,
    spec: &SpecSteps,
    graph: &StepGraph,
    sorted: &[usize],
    within: &Within,
) {
    let SpecSteps { steps, groups, .. } = *spec;
    let needed: Vec<bool> = steps.iter().map(|step| is_needed(step, groups)).collect();
    let mut earliest = vec![0_i64; steps.len()];
    let mut since: Vec<Option<usize>> = vec![None; steps.len()];
    for &first in sorted.iter().filter(|first| needed[**first]) {
        for edge in graph.after[first].iter().filter(|edge| needed[edge.second]) {
            let at = earliest[first].saturating_add(edge.least_ns);
            if at > earliest[edge.second] {
                (earliest[edge.second], since[edge.second]) = (at, Some(first));
            }
        }
    }
    let end = |index: usize| earliest[index].saturating_add(steps[index].must.min_ns.unwrap_or(0));
    let latest = (0..steps.len()).filter(|index| needed[*index]).max_by_key(|index| (end(*index), usize::MAX - index));
    let Some(latest) = latest.filter(|index| end(*index) > within.ns) else { return };
    let mut names = vec![];
    let mut open = Some(latest);
    while let Some(index) = open.filter(|_| names.len() < steps.len()) {
        names.push(steps[index].name.as_str());
        open = since[index];
    }
    names.reverse();
    let least = Human(end(latest));
    let message = format!("`within` is shorter than {} takes at least: {least}", names.join(" → "));
    reader.error(&within.at, message, "allow more time for the whole, or less for its parts");
}

/// Reports counts that refer to each other in a circle.
fn check_count_circles(reader: &mut SpecReader, spec: &SpecSteps) {
    let SpecSteps { drafts, steps, .. } = *spec;
    let next = |index: usize| match steps[index].count {
        ExpectedCount::SameAs(other) => Some(other),
        ExpectedCount::Range(..) => None,
    };
    let mut walked = vec![usize::MAX; steps.len()];
    for start in 0..steps.len() {
        let mut open = Some(start);
        while let Some(index) = open.filter(|index| walked[*index] == usize::MAX) {
            walked[index] = start;
            open = next(index);
        }
        let Some(first) = open.filter(|index| walked[*index] == start) else { continue };
        let mut names = vec![steps[first].name.as_str()];
        let mut index = next(first);
        while let Some(other) = index.filter(|index| *index != first) {
            names.push(steps[other].name.as_str());
            index = next(other);
        }
        if let Some(same_as) = &drafts[first].same_as {
            let message = format!("nothing says how many: {} → {}", names.join(" → "), names[0]);
            reader.error(&same_as.at, message, "each is as many as the next one; give one of them a number");
        }
    }
}

/// The edges by their first step.
struct StepGraph<'e> {
    after: Vec<Vec<&'e StepEdge>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Walked {
    No,
    Open,
    Done,
}

impl<'e> StepGraph<'e> {
    fn new(steps: usize, edges: &'e [StepEdge]) -> Self {
        let mut after = vec![vec![]; steps];
        edges.iter().for_each(|edge| after[edge.first].push(edge));
        Self { after }
    }

    /// The steps in topological order, and circles without a common step.
    fn sorted(&self) -> (Vec<usize>, Vec<Vec<&'e StepEdge>>) {
        let mut walked = vec![Walked::No; self.after.len()];
        let mut reported = vec![false; self.after.len()];
        let (mut done, mut circles) = (vec![], vec![]);
        for start in 0..self.after.len() {
            if walked[start] != Walked::No {
                continue;
            }
            walked[start] = Walked::Open;
            // The path of steps, the next edge to try of each, and the edges taken.
            let mut way = vec![(start, 0)];
            let mut taken: Vec<&StepEdge> = vec![];
            while let Some((index, next)) = way.last_mut() {
                let (here, Some(edge)) = (*index, self.after[*index].get(*next)) else {
                    walked[*index] = Walked::Done;
                    done.push(*index);
                    way.pop();
                    taken.pop();
                    continue;
                };
                debug_assert_eq!(here, edge.first);
                *next += 1;
                match walked[edge.second] {
                    Walked::Done => {}
                    Walked::No => {
                        walked[edge.second] = Walked::Open;
                        way.push((edge.second, 0));
                        taken.push(edge);
                    }
                    Walked::Open => {
                        let begin = taken.iter().position(|edge_| edge_.first == edge.second).unwrap_or(taken.len());
                        let circle: Vec<&StepEdge> = taken[begin..].iter().copied().chain([*edge]).collect();
                        if !circle.iter().any(|edge| reported[edge.first]) {
                            circle.iter().for_each(|edge| reported[edge.first] = true);
                            circles.push(circle);
                        }
                    }
                }
            }
        }
        done.reverse();
        (done, circles)
    }
}
