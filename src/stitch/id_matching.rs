//! Whether a span or a line carries an ID: exactly, on our side, whatever a server claims.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::model::attribute::{Attributes, Value};
use crate::model::log::LogEntry;
use crate::model::span::Span;

/// Below this many characters an ID in running text is more likely chance than meaning.
const SHORTEST_TOKEN: usize = 8;

/// One value of one of the keys: the key as it was written, its number in the configured order, the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The attribute's name.
    pub key: String,
    /// Which of the configured keys that is; the lower, the likelier.
    pub rank: usize,
    /// The value.
    pub id: String,
}

/// Reads the values of the correlation keys, in any of their spellings.
pub struct Keys {
    normal: Vec<String>,
    seen: RefCell<HashMap<String, Option<usize>>>,
}

impl Keys {
    /// From the configured keys; `correlation_id`, `correlationId` and `Correlation-ID` are the same key.
    pub fn new(keys: &[String]) -> Self {
        Self { normal: keys.iter().map(|k| normal(k)).collect(), seen: RefCell::default() }
    }

    /// Which of the keys this attribute is.
    pub fn rank(&self, key: &str) -> Option<usize> {
        if let Some(known) = self.seen.borrow().get(key) {
            return *known;
        }
        let wanted = normal(key);
        let rank = self.normal.iter().position(|k| *k == wanted);
        self.seen.borrow_mut().insert(key.to_owned(), rank);
        rank
    }

    /// Which of the keys this field of a line is; of a nested field the last part counts too.
    pub fn rank_of_field(&self, field: &str) -> Option<usize> {
        self.rank(field).or_else(|| self.rank(field.rsplit('.').next().unwrap_or(field)))
    }

    /// Every value of the keys that this span carries: its own, its process' and its events'.
    pub fn of_span(&self, span: &Span) -> Vec<Carried> {
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

/// A value as texts: a list gives each of its items, and so does the JSON text of one (`["abc"]`).
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(values) => values.iter().map(ToString::to_string).collect(),
        Value::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| vec![text.clone()]),
        other => vec![other.to_string()],
    }
}

/// A key without case and punctuation.
fn normal(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How an ID may be spelled in a line: raw, and as the JSON encoders of the trade escape it.
pub fn spellings(id: &str) -> Vec<String> {
    let json = serde_json::to_string(id).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let lower = escaped(&json, |unit| format!("\\u{unit:04x}"));
    let upper = escaped(&json, |unit| format!("\\u{unit:04X}"));
    let html = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let mut all = vec![id.to_owned(), json, lower, upper, html];
    let mut seen = BTreeSet::new();
    all.retain(|s| !s.is_empty() && seen.insert(s.clone()));
    all
}

/// Everything but ASCII as UTF-16 escapes.
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

/// Whether an ID is so short that only the value of a key counts.
pub fn is_short(id: &str) -> bool {
    id.chars().count() < SHORTEST_TOKEN
}

/// Whether a line carries an ID: as a field's value, or as a whole token of its text.
pub struct LineMatcher<'a> {
    id: &'a str,
    keys: &'a Keys,
    spellings: Vec<String>,
}

impl<'a> LineMatcher<'a> {
    /// For this ID.
    pub fn new(id: &'a str, keys: &'a Keys) -> Self {
        Self { id, keys, spellings: spellings(id) }
    }

    /// Whether this line carries it.
    pub fn matches(&self, line: &LogEntry) -> bool {
        if is_short(self.id) {
            return line.values().any(|(key, value)| value == self.id && self.keys.rank_of_field(key).is_some());
        }
        line.values().any(|(_, value)| has_token(value, self.id))
            || self.spellings.iter().any(|spelling| has_token(&line.line, spelling))
    }
}

/// Whether `token` stands in `text` with no `[A-Za-z0-9_-]` right before or after it.
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
    fn a_token_is_whole_or_it_is_none() {
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
    fn an_id_is_looked_for_in_every_way_it_may_have_been_written() {
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
        for (value, wanted) in table {
            assert_eq!(texts(&value), wanted, "{value:?}");
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
