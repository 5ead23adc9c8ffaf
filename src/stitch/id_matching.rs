//! Whether a span or a line carries an ID, checked exactly: servers also return what only contains it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::model::attribute::{Attributes, Value};
use crate::model::log::LogEntry;
use crate::model::span::Span;

/// The length, in characters, from which an ID counts anywhere in a line's text: a shorter one, such as `42`, is there by
/// chance too often.
const SHORTEST_TOKEN: usize = 8;

/// The value of a correlation key on a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The attribute's name, as it is written there.
    pub(crate) key: String,
    /// Its place among the configured keys, from 0: the lower, the likelier that it is the journey's ID.
    pub(crate) rank: usize,
    /// The value.
    pub(crate) id: String,
}

/// The configured correlation keys, in any of their spellings.
pub(crate) struct Keys {
    /// In order, each without case and punctuation.
    normalised: Vec<String>,
    /// The ranks of keys that were looked up: the same few keys are on every span.
    ranks: RefCell<HashMap<String, Option<usize>>>,
}

impl Keys {
    /// From the configured keys; `correlation_id`, `correlationId` and `Correlation-ID` are the same key.
    pub(crate) fn new(keys: &[String]) -> Self {
        Self { normalised: keys.iter().map(|k| normalised(k)).collect(), ranks: RefCell::default() }
    }

    /// The rank of the key that this attribute is; none where it is none of them.
    pub(crate) fn rank(&self, key: &str) -> Option<usize> {
        if let Some(known) = self.ranks.borrow().get(key) {
            return *known;
        }
        let normal = normalised(key);
        let rank = self.normalised.iter().position(|k| *k == normal);
        self.ranks.borrow_mut().insert(key.to_owned(), rank);
        rank
    }

    /// The rank of the key that this field of a line is. Of a nested field the last part counts too.
    pub(crate) fn rank_of_field(&self, field: &str) -> Option<usize> {
        self.rank(field).or_else(|| self.rank(field.rsplit('.').next().unwrap_or(field)))
    }

    /// Every value of the keys in a span's attributes, its resource and its events.
    pub(crate) fn of_span(&self, span: &Span) -> Vec<Carried> {
        let events = span.events.iter().map(|e| &e.attributes);
        let mut found = Vec::new();
        for attributes in [&span.attributes, &span.resource.attributes].into_iter().chain(events) {
            self.collect(attributes, &mut found);
        }
        found
    }

    fn collect(&self, attributes: &Attributes, found: &mut Vec<Carried>) {
        for (key, rank, value) in attributes.iter().filter_map(|(key, value)| Some((key, self.rank(key)?, value))) {
            let ids = texts(value).into_iter().filter(|text| !text.is_empty());
            found.extend(ids.map(|id| Carried { key: key.to_owned(), rank, id }));
        }
    }
}

/// A value as text; each item of a list, also of one that is JSON text (`["abc"]`), which Jaeger makes of lists.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(values) => values.iter().map(ToString::to_string).collect(),
        Value::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| vec![text.clone()]),
        other => vec![other.to_string()],
    }
}

/// A key without case and punctuation.
fn normalised(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The ways to write an ID in a line: as it is, and as usual JSON encoders escape it.
pub(crate) fn spellings(id: &str) -> Vec<String> {
    let json = serde_json::to_string(id).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let lower = escaped(&json, |unit| format!("\\u{unit:04x}"));
    let upper = escaped(&json, |unit| format!("\\u{unit:04X}"));
    let html = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let mut spellings = vec![id.to_owned(), json, lower, upper, html];
    let mut seen = BTreeSet::new();
    spellings.retain(|s| !s.is_empty() && seen.insert(s.clone()));
    spellings
}

/// The text with everything but ASCII as UTF-16 escapes.
fn escaped(json: &str, unit_text: impl Fn(u16) -> String) -> String {
    let mut buffer = [0; 2];
    json.chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                c.encode_utf16(&mut buffer).iter().map(|u| unit_text(*u)).collect()
            }
        })
        .collect()
}

/// Whether an ID is so short that it counts only as the value of a key.
pub(crate) fn is_short(id: &str) -> bool {
    id.chars().count() < SHORTEST_TOKEN
}

/// Whether a line carries an ID: as a field's value, or as a whole token of its text.
pub(crate) struct LineMatcher<'a> {
    id: &'a str,
    keys: &'a Keys,
    spellings: Vec<String>,
}

impl<'a> LineMatcher<'a> {
    /// Looks for this ID.
    pub(crate) fn new(id: &'a str, keys: &'a Keys) -> Self {
        Self { id, keys, spellings: spellings(id) }
    }

    /// Whether this line carries the ID.
    pub(crate) fn matches(&self, line: &LogEntry) -> bool {
        if is_short(self.id) {
            return line.values().any(|(key, value)| value == self.id && self.keys.rank_of_field(key).is_some());
        }
        line.values().any(|(_, value)| has_token(value, self.id))
            || self.spellings.iter().any(|spelling| has_token(&line.line, spelling))
    }
}

/// Whether `text` contains `token` with no `[A-Za-z0-9_-]` right before or after it.
fn has_token(text: &str, token: &str) -> bool {
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.match_indices(token).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + token.len()..].chars().next();
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_only_as_a_whole_token() {
        let table = [
            ("id=req-42-aaaa.", true),
            ("\"req-42-aaaa\"", true),
            ("req-42-aaaa", true),
            ("xreq-42-aaaa", false),
            ("req-42-aaaab", false),
            ("req-42-aaaa-1", false),
            ("req-42-aaaa-1 req-42-aaaa", true),
        ];
        for (text, found) in table {
            assert_eq!(has_token(text, "req-42-aaaa"), found, "{text}");
        }
    }

    #[test]
    fn an_id_is_found_however_it_was_escaped() {
        assert_eq!(spellings("plain-id"), ["plain-id"]);
        assert_eq!(spellings("a\"ï"), ["a\"ï", "a\\\"ï", "a\\\"\\u00ef", "a\\\"\\u00EF"]);
    }

    #[test]
    fn a_list_is_each_of_its_items_however_it_was_written() {
        let text = |text: &str| Value::Text(text.to_owned());
        let table = [
            (text("abc"), vec!["abc"]),
            (text("[\"abc\", \"d\"]"), vec!["abc", "d"]),
            (text("[abc]"), vec!["[abc]"]),
            (text("[1]"), vec!["[1]"]),
            (text("\"abc\""), vec!["\"abc\""]),
            (text("[]"), vec![]),
            (Value::List(vec![text("a"), Value::Int(7)]), vec!["a", "7"]),
            (Value::Int(42), vec!["42"]),
        ];
        for (value, expected) in table {
            assert_eq!(texts(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn one_key_has_many_spellings() {
        let keys = Keys::new(&["correlation_id".into(), "x-correlation-id".into()]);
        for yes in ["correlation_id", "correlationId", "Correlation-ID", "X_Correlation_Id"] {
            assert!(keys.rank(yes).is_some(), "{yes}");
        }
        for no in ["correlation", "id", "correlation_id_2", "error_context.correlation_id"] {
            assert!(keys.rank(no).is_none(), "{no}");
        }
        assert_eq!(keys.rank_of_field("error_context.correlation_id"), Some(0));
    }
}
