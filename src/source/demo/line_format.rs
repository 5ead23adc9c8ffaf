//! Encodes log lines as the platform's services do: Python's structured JSON mostly, logfmt and plain text elsewhere.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value};

/// The format of a service's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineForm {
    /// JSON as Python's `json.dumps` writes it: everything beyond ASCII as `\uXXXX`.
    JsonAscii,
    /// JSON with its characters as they are.
    JsonUtf8,
    /// `key=value key="two words"`.
    Logfmt,
    /// Text for people, the ID in brackets.
    Plain,
    /// Text for people, every ID in structured metadata only.
    Metadata,
}

/// One JSON object on one line, spaced as Python spaces it.
pub(super) fn json(object: &Map<String, Value>, form: LineForm) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Python { form });
    match object.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

/// `key=value` pairs; values that need it are quoted.
pub(super) fn logfmt(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={}", logfmt_value(value))).collect();
    pairs.join(" ")
}

fn logfmt_value(value: &str) -> String {
    let is_bare = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'=' | b'\\'));
    if is_bare { value.to_owned() } else { Value::from(value).to_string() }
}

/// The fields of an object, nested names joined by dots, in their order.
pub(super) fn flatten(object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut waiting: Vec<(String, &Value)> = object.iter().rev().map(|(k, v)| (k.clone(), v)).collect();
    while let Some((key, value)) = waiting.pop() {
        match value {
            Value::Object(inner) => waiting.extend(inner.iter().rev().map(|(k, v)| (format!("{key}.{k}"), v))),
            Value::String(text) => fields.push((key, text.clone())),
            other => fields.push((key, other.to_string())),
        }
    }
    fields
}

struct Python {
    form: LineForm,
}

impl Formatter for Python {
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if self.form == LineForm::JsonUtf8 || fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        writer.write_all(ascii_only(fragment).as_bytes())
    }
}

fn ascii_only(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => escaped.push(char::from(byte)),
            _ => {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as value;

    #[test]
    fn lines_are_spelled_as_python_spells_them() {
        let Value::Object(object) = value!({"event": "naïve \"Ü\" \\ 😀", "n": 1, "in": {"a": true}}) else {
            return;
        };
        let ascii = r#"{"event": "na\u00efve \"\u00dc\" \\ \ud83d\ude00", "n": 1, "in": {"a": true}}"#;
        assert_eq!(json(&object, LineForm::JsonAscii), ascii);
        assert_eq!(json(&object, LineForm::JsonUtf8), r#"{"event": "naïve \"Ü\" \\ 😀", "n": 1, "in": {"a": true}}"#);
        let fields = flatten(&object);
        assert_eq!(fields.iter().map(|(k, _)| k.as_str()).collect::<Vec<_>>(), ["event", "n", "in.a"]);
        assert_eq!(logfmt(&fields[1..]), "n=1 in.a=true");
        assert_eq!(logfmt_value("two words"), "\"two words\"");
    }
}
