//! Attributes: an ordered list of keys and typed values; keys may repeat.

use std::fmt;

use schemars::JsonSchema;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// A typed value: OpenTelemetry's `AnyValue`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A float.
    Float(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A list of named values.
    Map(Vec<(String, Value)>),
    /// A value that was present but empty.
    Empty,
}

impl Value {
    /// The text, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, also from text.
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            Self::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(*f as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Whether it means true: `true`, the text `"true"`, 1.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Bool(b) => *b,
            Self::Int(n) => *n == 1,
            Self::Text(text) => text.eq_ignore_ascii_case("true") || text == "1",
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(n) => write!(f, "{n}"),
            Self::Empty => Ok(()),
            composite => f.write_str(&serde_json::to_string(composite).unwrap_or_default()),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Int(n) => serializer.serialize_i64(*n),
            Self::Float(n) if n.is_finite() => serializer.serialize_f64(*n),
            Self::Float(n) => serializer.collect_str(n),
            Self::Bytes(bytes) => {
                let mut seq = serializer.serialize_seq(Some(bytes.len()))?;
                for byte in bytes {
                    seq.serialize_element(byte)?;
                }
                seq.end()
            }
            Self::List(values) => values.serialize(serializer),
            Self::Map(entries) => entries_as_map(entries, serializer),
            Self::Empty => serializer.serialize_unit(),
        }
    }
}

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({})
    }
}

/// Attributes in the order in which they were sent. A repeated key is there repeatedly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(pub Vec<(String, Value)>);

impl Attributes {
    /// The first value under this key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The value of the first of these keys that has one.
    pub(crate) fn first(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The text of the first of these keys that has one which is not empty.
    pub(crate) fn text(&self, keys: &[&str]) -> Option<&str> {
        Some(self.named_text(keys)?.1)
    }

    /// The same, with its key.
    pub(crate) fn named_text<'k>(&self, keys: &[&'k str]) -> Option<(&'k str, &str)> {
        keys.iter().find_map(|key| Some((*key, self.get(key)?.as_str().filter(|text| !text.is_empty())?)))
    }

    /// Every key and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// Adds one.
    pub fn push(&mut self, key: impl Into<String>, value: Value) {
        self.0.push((key.into(), value));
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        entries_as_map(&self.0, serializer)
    }
}

impl JsonSchema for Attributes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Attributes".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "description": "typed values; a key that came twice has a list of both" })
    }
}

/// A JSON object sorted by key; a repeated key becomes a list of its values, so nothing is lost.
fn entries_as_map<S: Serializer>(entries: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut sorted: Vec<&(String, Value)> = entries.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut map = serializer.serialize_map(None)?;
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        match group {
            [entry] => map.serialize_entry(&entry.0, &entry.1)?,
            repeated => map.serialize_entry(&repeated[0].0, &repeated.iter().map(|e| &e.1).collect::<Vec<_>>())?,
        }
    }
    map.end()
}
