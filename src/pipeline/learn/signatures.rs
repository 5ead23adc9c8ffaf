//! Signatures of spans: service, name and kind. Names that differ only in numbers and IDs may be one step.

use std::collections::{BTreeMap, HashMap};

use crate::analysis::stats::masking::mask;
use crate::model::pattern::Pattern;
use crate::model::span::{Span, SpanKind};
use crate::pipeline::matching::{is_service, values_of_span};

/// Attributes that describe an operation and never hold an ID; the most specific first.
const DESCRIPTIVE_ATTRIBUTES: [&str; 8] = [
    "http.route",
    "messaging.destination.name",
    "messaging.destination",
    "messaging.kafka.topic",
    "rpc.service",
    "rpc.method",
    "db.collection.name",
    "db.system",
];
/// Attributes of one step in a learned spec. More would make the line too long to review and add little: the name is
/// already selected.
const MOST_ATTRIBUTES: usize = 2;
/// Characters of a name in a pattern. Longer names are SQL statements, which differ in their beginning.
const LONGEST: usize = 160;

/// What spans of one kind have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SpanSignature {
    service: String,
    name: String,
    kind: SpanKind,
}

/// The signatures of all spans that were seen; their indices are used elsewhere.
#[derive(Default)]
pub(crate) struct SignatureTable {
    names: Vec<SpanSignature>,
    /// For each signature the attribute values that all its spans have.
    constant: Vec<BTreeMap<&'static str, String>>,
    places: HashMap<SpanSignature, usize>,
}

/// Signatures that may become one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignatureGroup {
    /// Service; empty if not reported.
    pub(crate) service: String,
    /// Pattern of the names, as a spec has it.
    pub(crate) pattern: String,
    /// One of the names.
    pub(crate) name: String,
    /// The kind.
    pub(crate) kind: SpanKind,
    /// Indices of the signatures.
    pub(crate) signatures: Vec<usize>,
}

impl SignatureTable {
    /// Index of the span's signature, which is added if new.
    pub(crate) fn place(&mut self, span: &Span) -> usize {
        let name = SpanSignature { service: span.service().to_owned(), name: span.name.clone(), kind: span.kind };
        if let Some(place) = self.places.get(&name).copied() {
            self.constant[place].retain(|key, value| values_of_span(span, key) == [value.as_str()]);
            return place;
        }
        let place = self.names.len();
        let only = |key: &'static str| match values_of_span(span, key).as_slice() {
            [value] if is_word(value) => Some((key, value.clone())),
            _ => None,
        };
        self.constant.push(DESCRIPTIVE_ATTRIBUTES.into_iter().filter_map(only).collect());
        self.names.push(name.clone());
        self.places.insert(name, place);
        place
    }

    /// Number of signatures.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Span kind of one.
    pub fn kind(&self, signature: usize) -> SpanKind {
        self.names[signature].kind
    }

    /// Whether both are of the same service.
    pub(crate) fn is_one_service(&self, a: usize, b: usize) -> bool {
        self.names[a].service == self.names[b].service
    }

    /// The candidates for steps. Signatures whose names differ only in numbers and IDs are one group, unless each of the
    /// names is in at least half of the runs: then the number is part of the name, as in `stage-1` and `stage-2`.
    ///
    /// `runs` has for each signature the number of runs that have it, of `total` runs.
    pub(crate) fn groups(&self, runs: &[usize], total: usize) -> Vec<SignatureGroup> {
        let mut alike: BTreeMap<(&str, SpanKind, String), Vec<usize>> = BTreeMap::new();
        for (signature, name) in self.names.iter().enumerate().filter(|(signature, _)| runs[*signature] > 0) {
            alike.entry((&name.service, name.kind, mask(&name.name))).or_default().push(signature);
        }
        let group = |signatures: Vec<usize>, pattern: Option<String>| {
            let SpanSignature { service, name, kind } = self.names[signatures[0]].clone();
            let pattern = pattern.unwrap_or_else(|| literal_pattern(&name));
            SignatureGroup { service, pattern, name, kind, signatures }
        };
        let mut groups = vec![];
        for ((_, _, mask), signatures) in alike {
            if signatures.len() == 1 || signatures.iter().all(|signature| 2 * runs[*signature] >= total) {
                groups.extend(signatures.into_iter().map(|signature| group(vec![signature], None)));
            } else {
                groups.push(group(signatures, Some(masked_pattern(&mask))));
            }
        }
        groups
    }

    /// For each signature whether the selector of this group matches it.
    pub(crate) fn members(&self, group: &SignatureGroup) -> Vec<bool> {
        let Ok(pattern) = Pattern::parse(&group.pattern) else { return vec![false; self.len()] };
        let Ok(service) = Pattern::parse(&literal_pattern(&group.service)) else { return vec![false; self.len()] };
        let fits = |name: &SpanSignature| {
            (group.kind == SpanKind::Unspecified || name.kind == group.kind)
                && (group.service.is_empty() || is_service(&service, &name.service))
                && pattern.matches(&name.name)
        };
        self.names.iter().map(fits).collect()
    }

    /// The most specific attributes with one value on all spans of these signatures.
    pub(crate) fn attributes(&self, members: &[bool]) -> Vec<(String, String)> {
        let all = || self.constant.iter().zip(members).filter(|(_, is)| **is).map(|(constant, _)| constant);
        let Some(first) = all().next() else { return vec![] };
        let common = DESCRIPTIVE_ATTRIBUTES.iter().filter_map(|key| Some((*key, first.get(key)?)));
        let common = common.filter(|(key, value)| all().all(|other| other.get(key) == Some(value)));
        common.take(MOST_ATTRIBUTES).map(|(key, value)| (key.to_owned(), value.clone())).collect()
    }
}

/// A pattern that matches only this name; for a very long one, only its beginning.
pub(crate) fn literal_pattern(name: &str) -> String {
    let mut start: String = name.chars().take(LONGEST).collect();
    let is_cut = start.len() < name.len();
    if start.starts_with("re:") || start.trim().is_empty() {
        let end = if is_cut { "" } else { "$" };
        return format!("re:^{}{end}", regex::escape(&start));
    }
    start = start.replace('*', r"\*");
    if is_cut { start + "*" } else { start }
}

/// A pattern for all names with this mask.
fn masked_pattern(mask: &str) -> String {
    let mut pattern: String = literal_pattern(mask).replace('#', "*");
    while pattern.contains("*-*") || pattern.contains("**") {
        pattern = pattern.replace("*-*", "*").replace("**", "*");
    }
    pattern
}

/// Whether a value is a word or a path: anything else could read as a comparison or a pattern in a spec.
fn is_word(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_.{}-".contains(c);
    let first_starts = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    first_starts && value.len() <= LONGEST && value.chars().all(is_plain) && mask(value).matches('#').count() <= 1
}
