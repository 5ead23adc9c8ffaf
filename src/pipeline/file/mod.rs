//! Spec files: YAML, read strictly, with a diagnostic for every error at once.
//!
//! No network access. A file is untrusted input: its size, depth and cost are bounded.

mod diagnostic;
mod metric;
mod order;
mod outline;
mod reader;
mod resolve;
mod schema;
mod selector;
mod steps;
mod values;
mod yaml;

#[cfg(test)]
mod tests;

pub(crate) use diagnostic::{Diagnostic, Diagnostics};
pub(crate) use outline::outline;
pub use schema::schema;
pub(crate) use steps::is_key;

use diagnostic::SpecError;
use order::Within;
use reader::SpecReader;
use resolve::{ConditionDraft, RunExpectations, resolve};
use steps::StepDrafts;
use yaml::{YamlNode, YamlValue};

use crate::model::finding::FindingId;
use crate::pipeline::spec::{Absence, Condition, Propagation, Reach, Spec};

/// Largest file in bytes. Hand-written specs have a few kilobytes.
pub(crate) const LONGEST: usize = 1 << 20;

const KEYS: [&str; 13] = [
    "pipeline",
    "within",
    "reach",
    "services",
    "propagation",
    "external_topics",
    "external_hosts",
    "in_order",
    "steps",
    "absent",
    "when",
    "forbid",
    "metrics",
];
/// A spec needs one of these; without any it would expect nothing and every run would pass.
const EXPECTATIONS: [&str; 5] = ["steps", "absent", "when", "forbid", "metrics"];

/// Reads a spec; `path` is its name in diagnostics.
///
/// # Errors
/// A diagnostic for every error that can be found at once.
pub fn read(path: &str, bytes: &[u8]) -> Result<Spec, Diagnostics> {
    let whole = |message: &str| {
        let error = SpecError { at: 0..0, message: message.to_owned(), help: String::new() };
        Err(Diagnostics::new(path, "", vec![error]))
    };
    if bytes.len() > LONGEST {
        return whole("longer than 1 MiB: this is no spec");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return whole("this is no UTF-8 text") };
    let source = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = SpecReader { source, errors: vec![] };
    let mut errors = vec![];
    let root = yaml::parse(source, &mut errors);
    reader.errors = errors;
    let spec = match root {
        Some(root) if !(root.kind() == yaml::ScalarKind::Nothing) => spec(&mut reader, &root),
        _ if !reader.errors.is_empty() => None,
        _ => {
            let help = "a spec begins with `pipeline: NAME`; `trace schema pipeline` prints what it may say";
            reader.error(&(0..0), "the file is empty", help);
            None
        }
    };
    match spec {
        Some(spec) if reader.errors.is_empty() => Ok(spec),
        _ => Err(Diagnostics::new(path, source, reader.errors)),
    }
}

fn spec(reader: &mut SpecReader, root: &YamlNode) -> Option<Spec> {
    let fields = reader.fields(root, "a spec", &KEYS)?;
    let name = fields.get("pipeline").map(|name| reader.text(name).unwrap_or_default().to_owned());
    if name.is_none() {
        reader.error(&(root.at.start..root.at.start), "a spec needs a name", "begin it with `pipeline: NAME`");
    }
    let nothing = |key: &&str| match fields.get(key).map(|node| &node.value) {
        None => true,
        Some(YamlValue::List(items)) => items.is_empty(),
        Some(_) => false,
    };
    if EXPECTATIONS.iter().all(nothing) {
        let at = fields.key("steps").map_or(root.at.start..root.at.start, |key| key.at.clone());
        reader.error(&at, "nothing is expected", format!("tell some of {}", EXPECTATIONS.join(", ")));
    }
    let within_ns =
        fields.get("within").and_then(|within| reader.parse_scalar(within, "a length of time", values::limit));
    let within = fields.get("within").zip(within_ns).map(|(node, ns)| Within { ns, at: node.at.clone() });
    let reaches = [("all", Reach::All), ("spans", Reach::Spans)];
    let reach = fields.get("reach").and_then(|reach| reader.choice(reach, &reaches)).unwrap_or_default();
    let ways = [("trace-context", Propagation::TraceContext), ("correlation-id", Propagation::CorrelationId)];
    let propagation = fields.get("propagation").and_then(|way| reader.choice(way, &ways)).unwrap_or_default();
    let services = reader.list(fields.get("services"), "a list of services");
    let services = services.iter().filter_map(|service| reader.text(service).map(str::to_owned)).collect();
    let external_topics = reader.patterns(fields.get("external_topics"));
    let external_hosts = reader.patterns(fields.get("external_hosts"));
    let in_order = reader.flag(fields.get("in_order"));
    let absences = reader.list(fields.get("absent"), "a list of what must not be seen");
    let absent = absences.iter().filter_map(|item| absence(reader, item)).collect();
    let forbidden = reader.list(fields.get("forbid"), "a list of findings");
    let forbid = forbidden.iter().filter_map(|item| finding(reader, item)).collect();
    let metrics = reader.list(fields.get("metrics"), "a list of metrics");
    let metrics = metrics.iter().filter_map(|item| metric::read(reader, item)).collect();
    let drafts = StepDrafts::read(reader, fields.get("steps"));
    let conditions = reader.list(fields.get("when"), "a list of conditions");
    let conditions = conditions.iter().filter_map(|item| condition(reader, item)).collect();
    let resolved = resolve(reader, &drafts, conditions, RunExpectations { in_order, within });
    Some(Spec {
        name: name.unwrap_or_default(),
        within_ns,
        reach,
        services,
        propagation,
        external_topics,
        external_hosts,
        steps: resolved.steps,
        groups: resolved.groups,
        in_order,
        absent,
        conditions: resolved.conditions,
        forbid,
        metrics,
    })
}

/// A finding that can be found without a baseline.
fn finding(reader: &mut SpecReader, node: &YamlNode) -> Option<FindingId> {
    let id = reader.choice(node, &FindingId::ALL.map(|id| (id.as_str(), id)))?;
    if !id.needs_baseline() {
        return Some(id);
    }
    let message = format!("`{}` is found only beside good runs, and here each run is judged by itself", id.as_str());
    reader.error(&node.at, message, "tell what must be there as a step, or ask `trace missing --baseline N`");
    None
}

fn absence(reader: &mut SpecReader, node: &YamlNode) -> Option<Absence> {
    let (what, status) = selector::selector_with_status(reader, node, "what must not be seen")?;
    Some(Absence { what, status, text: node.inside() })
}

fn condition(reader: &mut SpecReader, node: &YamlNode) -> Option<ConditionDraft> {
    let fields = reader.fields(node, "a condition", &["if", "then"])?;
    for key in ["if", "then"].iter().filter(|key| fields.get(key).is_none()) {
        reader.error(&node.at, format!("a condition needs `{key}`"), "write { if: { span: A }, then: { span: B } }");
    }
    let first = fields.get("if").and_then(|node| selector::selector_with_status(reader, node, "a condition's `if`"));
    let then = fields.get("then").and_then(|node| steps::condition_step(reader, node));
    let (if_seen, status) = first?;
    let then = then?;
    let condition = Condition { if_seen, status, then: then.step.clone(), text: node.inside() };
    Some(ConditionDraft { condition, then })
}
