//! Reads steps and groups, in which names of other steps are not resolved yet.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::pipeline::file::reader::{Fields, SpecReader};
use crate::pipeline::file::selector;
use crate::pipeline::file::values::{self, CountDraft};
use crate::pipeline::file::yaml::{ScalarKind, YamlNode, YamlValue};
use crate::pipeline::spec::{ExpectedCount, ExpectedStep, Must, Relation, SeenIn, Selector};

/// Most steps of a spec. Specs are written and reviewed by people.
const MOST: usize = 1_000;

const STEP_KEYS: [&str; 17] = [
    "span",
    "log",
    "seen",
    "any_of",
    "service",
    "kind",
    "attributes",
    "status",
    "min",
    "max",
    "after",
    "before",
    "same_trace",
    "child_of",
    "count",
    "every",
    "optional",
];
/// The step of a condition is always required: it is never `optional`.
const THEN_KEYS: &[&str] = {
    let [then @ .., _optional] = &STEP_KEYS;
    then
};
const GROUP_KEYS: [&str; 3] = ["for_each", "count", "steps"];

/// Whether the word is a key of a step or a group, and so cannot be a step's name.
pub(crate) fn is_key(word: &str) -> bool {
    STEP_KEYS.contains(&word) || GROUP_KEYS.contains(&word)
}

/// A reference to another step by name.
#[derive(Clone, Debug)]
pub(super) struct StepRef {
    pub at: Range<usize>,
    pub name: String,
}

/// A step with unresolved references.
#[derive(Clone, Debug)]
pub(super) struct StepDraft {
    pub step: ExpectedStep,
    pub order: Vec<(StepRef, Relation)>,
    pub same_as: Option<StepRef>,
}

/// A group with unresolved references.
#[derive(Clone, Debug)]
pub(super) struct GroupDraft {
    pub name: String,
    pub each: EachDraft,
    pub count: ExpectedCount,
    pub same_as: Option<StepRef>,
}

#[derive(Clone, Debug)]
pub(super) enum EachDraft {
    Attribute(String),
    Step(StepRef),
}

/// The content of `steps`.
#[derive(Default)]
pub(super) struct StepDrafts {
    pub steps: Vec<StepDraft>,
    pub groups: Vec<GroupDraft>,
    /// Position of the first use of each name.
    names: BTreeMap<String, Range<usize>>,
}

impl StepDrafts {
    /// Reads the top level's steps.
    pub(crate) fn read(reader: &mut SpecReader, node: Option<&YamlNode>) -> Self {
        let mut drafts = Self::default();
        for item in reader.list(node, "a list of steps") {
            if let Some((name, body)) = named(reader, item) {
                drafts.item(reader, name, body);
            }
        }
        drafts
    }

    fn item(&mut self, reader: &mut SpecReader, name: &YamlNode, body: Option<&YamlNode>) {
        let has = |key: &str| matches!(body.map(|b| &b.value), Some(YamlValue::Table(p)) if p.iter().any(|(k, _)| k.text() == key));
        match body {
            Some(body) if has("for_each") || has("steps") => self.group(reader, name, body),
            _ => self.step(reader, name, body, None),
        }
    }

    fn step(&mut self, reader: &mut SpecReader, name: &YamlNode, body: Option<&YamlNode>, group: Option<usize>) {
        self.register_name(reader, name);
        if self.steps.len() >= MOST {
            if self.steps.len() == MOST {
                reader.error(&name.at, format!("more than {MOST} steps"), "split the spec");
            }
            return;
        }
        let body = body.unwrap_or(name);
        if let Some(mut draft) = draft(reader, name, body, "a step", &STEP_KEYS) {
            draft.step.group = group;
            self.steps.push(draft);
        }
    }

    fn group(&mut self, reader: &mut SpecReader, name: &YamlNode, body: &YamlNode) {
        self.register_name(reader, name);
        let Some(fields) = reader.fields(body, "a group of steps", &GROUP_KEYS) else { return };
        let index = self.groups.len();
        let each = if let Some(each) = fields.get("for_each") {
            each_draft(reader, each)
        } else {
            reader.error(&name.at, "a group needs `for_each`", "write for_each: { attribute: KEY } or { step: NAME }");
            None
        };
        let (count, same_as) = count(reader, &fields);
        // A placeholder that nothing checks, so that the rest of the group is still read.
        let each = each.unwrap_or(EachDraft::Attribute(String::new()));
        self.groups.push(GroupDraft { name: name.text().to_owned(), each, count, same_as });
        let items = reader.list(fields.get("steps"), "a list of steps");
        if fields.get("steps").is_none_or(|steps| matches!(&steps.value, YamlValue::List(items) if items.is_empty())) {
            reader.error(&name.at, "a group without steps", "write what is expected each time under `steps:`");
        }
        for item in items {
            let Some((name, body)) = named(reader, item) else { continue };
            let nested = |(key, _): &(YamlNode, YamlNode)| ["for_each", "steps"].contains(&key.text());
            match body.map(|body| &body.value) {
                Some(YamlValue::Table(pairs)) if pairs.iter().any(nested) => {
                    reader.error(&name.at, "a group does not stand inside of another", "write it beside the other one");
                }
                _ => self.step(reader, name, body, Some(index)),
            }
        }
    }

    fn register_name(&mut self, reader: &mut SpecReader, name: &YamlNode) {
        let text = name.text().to_owned();
        match self.names.get(&text) {
            Some(first) => {
                let line = reader.line(first.start);
                let help = line.map(|line| format!("the first one is on line {line}; every name is used once"));
                reader.error(&name.at, format!("two steps are called `{text}`"), help.unwrap_or_default());
            }
            None => drop(self.names.insert(text, name.at.clone())),
        }
    }
}

/// Name and body of a step; no body if the item is only a span name.
fn named<'n>(reader: &mut SpecReader, item: &'n YamlNode) -> Option<(&'n YamlNode, Option<&'n YamlNode>)> {
    const FORM: &str = "write - NAME: { span: … }";
    let YamlValue::Table(pairs) = &item.value else {
        if item.kind() == ScalarKind::Text {
            return reader.text(item).map(|_| (item, None));
        }
        reader.expected(item, "a step", FORM);
        return None;
    };
    let [(name, body)] = pairs.as_slice() else {
        let Some((name, body)) = pairs.first() else {
            reader.error(&item.at, "a step without a name", FORM);
            return None;
        };
        let help = if body.kind() == ScalarKind::Nothing {
            "indent what is told of the step further than its name"
        } else {
            FORM
        };
        reader.error(&name.at, "a step is one name and what is told of it", help);
        return None;
    };
    let key = name.text().replace(' ', "_");
    if is_key(&key) {
        reader.error(&name.at, format!("`{}` is a key and no step's name", name.text()), FORM);
        return None;
    }
    if name.text().trim().is_empty() {
        reader.error(&name.at, "a step without a name", FORM);
        return None;
    }
    Some((name, Some(body)))
}

/// The step of a condition, named after its first selector.
pub(super) fn condition_step(reader: &mut SpecReader, node: &YamlNode) -> Option<StepDraft> {
    let mut draft = draft(reader, node, node, "what must be seen", THEN_KEYS)?;
    let Some(SeenIn::Span(pattern) | SeenIn::Log(pattern)) = draft.step.any_of.first().map(|first| &first.what) else {
        return Some(draft);
    };
    draft.step.name = pattern.to_string();
    Some(draft)
}

fn draft(
    reader: &mut SpecReader,
    name: &YamlNode,
    body: &YamlNode,
    what: &str,
    keys: &[&'static str],
) -> Option<StepDraft> {
    let step = ExpectedStep { name: name.text().to_owned(), ..ExpectedStep::default() };
    let mut draft = StepDraft { step, order: vec![], same_as: None };
    if body.kind() == ScalarKind::Text {
        draft.step.any_of = reader.pattern(body).map(Selector::span).into_iter().collect();
        return Some(draft);
    }
    let fields = reader.fields(body, what, keys)?;
    draft.step.any_of = selector::step_selectors(reader, name, &fields);
    draft.step.must = must(reader, &fields, &draft.step);
    (draft.step.count, draft.same_as) = count(reader, &fields);
    draft.step.every = reader.flag(fields.get("every"));
    draft.step.optional = reader.flag(fields.get("optional"));
    if let Some(node) = fields.get("after") {
        after(reader, node, &mut draft.order);
    }
    for (key, relation) in
        [("before", Relation::Before), ("same_trace", Relation::SameTrace), ("child_of", Relation::ChildOf)]
    {
        if let Some(node) = fields.get(key) {
            draft.order.extend(step_refs(reader, node).into_iter().map(|other| (other, relation)));
        }
    }
    Some(draft)
}

fn must(reader: &mut SpecReader, fields: &Fields, step: &ExpectedStep) -> Must {
    let status = selector::status(reader, fields);
    let [min, max] = ["min", "max"].map(|key| fields.get(key));
    let only_lines = !step.any_of.is_empty() && step.any_of.iter().all(|s| matches!(s.what, SeenIn::Log(_)));
    for key in ["min", "max"].iter().filter_map(|key| fields.key(key)).filter(|_| only_lines) {
        reader.error(&key.at, format!("a line takes no time: `{}` is about spans", key.text()), "leave it away");
    }
    let min_ns = min.and_then(|min| reader.parse_scalar(min, "a length of time", values::length));
    let max_ns = max.and_then(|max| reader.parse_scalar(max, "a length of time", values::limit));
    if let (Some(least), Some(most), Some(node)) = (min_ns, max_ns, min)
        && least > most
    {
        reader.error(&node.at, "`min` is longer than `max`", "nothing can be both");
    }
    Must { status, min_ns, max_ns }
}

fn count(reader: &mut SpecReader, fields: &Fields) -> (ExpectedCount, Option<StepRef>) {
    let Some(node) = fields.get("count") else { return (ExpectedCount::default(), None) };
    match reader.parse_scalar(node, "a count", values::count) {
        None => (ExpectedCount::default(), None),
        Some(CountDraft::Range(least, most)) => (ExpectedCount::Range(least, most), None),
        Some(CountDraft::SameAs(name)) => {
            let start = node.text().rfind(&name).unwrap_or(0);
            let at = reader.part(node, start..start + name.len());
            (ExpectedCount::default(), Some(StepRef { at, name }))
        }
    }
}

/// `NAME`, `[NAMES]` or `{ NAME: WAIT }`.
fn after(reader: &mut SpecReader, node: &YamlNode, order: &mut Vec<(StepRef, Relation)>) {
    let YamlValue::Table(pairs) = &node.value else {
        let relation = Relation::After { least_ns: None, most_ns: None };
        order.extend(step_refs(reader, node).into_iter().map(|other| (other, relation)));
        return;
    };
    for (key, value) in pairs {
        let wait = match value.kind() {
            ScalarKind::Nothing => Some((None, None)),
            _ => reader.parse_scalar(value, "a wait", values::wait),
        };
        let (least_ns, most_ns) = wait.unwrap_or_default();
        let other = StepRef { at: key.at.clone(), name: key.text().to_owned() };
        order.push((other, Relation::After { least_ns, most_ns }));
    }
}

/// `NAME` or `[NAMES]`.
fn step_refs(reader: &mut SpecReader, node: &YamlNode) -> Vec<StepRef> {
    let items = match &node.value {
        YamlValue::List(_) => reader.list(Some(node), "a list of steps"),
        _ => std::slice::from_ref(node),
    };
    let other = |item: &YamlNode| {
        Some(StepRef { at: item.at.clone(), name: reader.scalar(item, "the name of a step")?.to_owned() })
    };
    items.iter().filter_map(other).collect()
}

fn each_draft(reader: &mut SpecReader, node: &YamlNode) -> Option<EachDraft> {
    let fields = reader.fields(node, "what a group is repeated for", &["attribute", "step"])?;
    match (fields.get("attribute"), fields.get("step")) {
        (Some(attribute), None) => reader.text(attribute).map(|key| EachDraft::Attribute(key.to_owned())),
        (None, Some(step)) => {
            let name = reader.scalar(step, "the name of a step")?.to_owned();
            Some(EachDraft::Step(StepRef { at: step.at.clone(), name }))
        }
        _ => {
            let help = "write { attribute: KEY } or { step: NAME }";
            reader.error(&node.at, "exactly one of `attribute` and `step` is needed", help);
            None
        }
    }
}
