//! Attributes of a search, as both APIs take them.

use serde_json::Value;

/// An object of texts.
pub(super) fn object(tags: &[(&str, &str)]) -> Value {
    tags.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
}
