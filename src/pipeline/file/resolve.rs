//! Resolves the names of steps to indices.

use std::collections::BTreeMap;

use crate::pipeline::file::order;
use crate::pipeline::file::reader::SpecReader;
use crate::pipeline::file::steps::{EachDraft, GroupDraft, StepDraft, StepDrafts, StepRef};
use crate::pipeline::spec::{Condition, Each, ExpectedCount, ExpectedStep, Order, RepeatedGroup};

/// A condition whose step has unresolved names.
pub(super) struct ConditionDraft {
    pub condition: Condition,
    pub then: StepDraft,
}

/// The steps and groups of a spec, and its conditions.
pub(super) struct Resolved {
    pub steps: Vec<ExpectedStep>,
    pub groups: Vec<RepeatedGroup>,
    pub conditions: Vec<Condition>,
}

/// What a spec expects of the run as a whole.
pub(super) struct RunExpectations {
    /// Whether the steps must occur in the order of the file.
    pub in_order: bool,
    pub within: Option<order::Within>,
}

/// Resolves every name of a step to its index, and checks that the expectations can be met together.
pub(super) fn resolve(
    reader: &mut SpecReader,
    drafts: &StepDrafts,
    conditions: Vec<ConditionDraft>,
    run: RunExpectations,
) -> Resolved {
    let names = StepNameTable::new(drafts);
    let mut edges = vec![];
    let mut steps = vec![];
    for (index, draft) in drafts.steps.iter().enumerate() {
        let step = names.step(reader, draft);
        edges.extend(order::edges(index, draft, &names.places));
        steps.push(step);
    }
    let groups: Vec<RepeatedGroup> =
        drafts.groups.iter().enumerate().map(|(index, group)| names.group(reader, index, group, &steps)).collect();
    let conditions =
        conditions.into_iter().map(|c| Condition { then: names.step(reader, &c.then), ..c.condition }).collect();
    if run.in_order {
        edges.extend(order::as_written(&steps));
    }
    order::check(
        reader,
        &order::SpecSteps { drafts: &drafts.steps, steps: &steps, groups: &groups },
        &edges,
        run.within,
    );
    Resolved { steps, groups, conditions }
}

struct StepNameTable<'d> {
    places: BTreeMap<&'d str, usize>,
    groups: Vec<&'d str>,
}

impl<'d> StepNameTable<'d> {
    fn new(drafts: &'d StepDrafts) -> Self {
        // Of two steps with one name the first counts; the duplicate is reported already.
        let places = drafts.steps.iter().enumerate().rev().map(|(index, draft)| (draft.step.name.as_str(), index));
        Self { places: places.collect(), groups: drafts.groups.iter().map(|group| group.name.as_str()).collect() }
    }

    fn place(&self, reader: &mut SpecReader, other: &StepRef) -> Option<usize> {
        let place = self.places.get(other.name.as_str()).copied();
        if place.is_none() {
            let known: Vec<&str> = self.places.keys().copied().collect();
            let help = if self.groups.contains(&other.name.as_str()) {
                format!("`{}` is a group: name one of its steps", other.name)
            } else if let Some(suggestion) = reader.suggestion(&other.name, &known) {
                suggestion
            } else if known.len() <= 12 {
                format!("the steps are {}", known.join(", "))
            } else {
                String::new()
            };
            reader.error(&other.at, format!("no step is called `{}`", other.name), help);
        }
        place
    }

    fn step(&self, reader: &mut SpecReader, draft: &StepDraft) -> ExpectedStep {
        let order =
            |(other, relation): &(StepRef, _)| Some(Order { step: self.place(reader, other)?, relation: *relation });
        let order = draft.order.iter().filter_map(order).collect();
        ExpectedStep {
            order,
            count: self.count(reader, draft.step.count, draft.same_as.as_ref()),
            ..draft.step.clone()
        }
    }

    fn count(&self, reader: &mut SpecReader, count: ExpectedCount, same_as: Option<&StepRef>) -> ExpectedCount {
        same_as.and_then(|other| self.place(reader, other)).map_or(count, ExpectedCount::SameAs)
    }

    fn group(
        &self,
        reader: &mut SpecReader,
        index: usize,
        draft: &GroupDraft,
        steps: &[ExpectedStep],
    ) -> RepeatedGroup {
        let count = self.count(reader, draft.count, draft.same_as.as_ref());
        let each = match &draft.each {
            EachDraft::Attribute(key) => Each::Attribute(key.clone()),
            EachDraft::Step(other) => match self.place(reader, other) {
                Some(place) => {
                    if steps.get(place).is_some_and(|step| step.group == Some(index)) {
                        let message = format!("`{}` is part of the group that it repeats", other.name);
                        reader.error(&other.at, message, "name a step outside of the group");
                    }
                    Each::Step(place)
                }
                None => Each::Attribute(String::new()),
            },
        };
        RepeatedGroup { each, count }
    }
}
