//! A lenient JSON tree: any scalar is taken for any other, `null` for an empty list. Text is borrowed where it can be.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::attribute::Value;

/// One JSON value. Keys keep their order; of a repeated key the last one counts, as in most parsers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    /// `null`, or absent.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond `i64`.
    Big(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The value under the first of these keys that has one other than `null`; else `null`.
    pub(crate) fn get(&self, keys: &[&str]) -> &Self {
        let entries = self.entries();
        let found = keys.iter().find_map(|key| {
            entries.iter().rev().find(|(k, v)| k == key && !matches!(v, Json::Null)).map(|(_, value)| value)
        });
        found.unwrap_or(&Json::Null)
    }

    /// Whether it is `null` or absent.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    pub(crate) fn str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Any scalar as text.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Text(text) => Cow::Borrowed(text.as_ref()),
            Self::Bool(b) => Cow::Owned(b.to_string()),
            Self::Int(n) => Cow::Owned(n.to_string()),
            Self::Big(n) => Cow::Owned(n.to_string()),
            Self::Float(n) => Cow::Owned(n.to_string()),
            Self::Null | Self::List(_) | Self::Object(_) => return None,
        })
    }

    /// Any scalar as text; empty for everything else.
    pub(crate) fn owned_text(&self) -> String {
        self.text().unwrap_or_default().into_owned()
    }

    /// A whole number in any form, also as text; beyond 64 bits the nearest one.
    pub(crate) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            Self::Big(_) => Some(i64::MAX),
            Self::Float(n) if n.is_finite() => Some(*n as i64),
            Self::Text(text) => int_of(text.trim()),
            _ => None,
        }
    }

    /// A number in any form, also as text, with `"NaN"` and `"+Inf"`.
    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Big(n) => Some(*n as f64),
            Self::Float(n) => Some(*n),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The items of a list; none for everything else.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of an object; none for everything else.
    pub(crate) fn entries(&self) -> &[(Cow<'a, str>, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The first key that an object has more than once; its last value counts.
    pub(crate) fn repeated_key(&self) -> Option<&str> {
        let keys = || self.entries().iter().map(|(key, _)| key.as_ref());
        // Nearly all objects are small: comparing every two keys is then quicker than a set.
        if self.entries().len() <= 16 {
            return keys()
                .enumerate()
                .find(|(at, key)| keys().take(*at).any(|other| other == *key))
                .map(|(_, key)| key);
        }
        let mut seen = HashSet::new();
        keys().find(|key| !seen.insert(*key))
    }

    /// Each scalar of a list as text.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.list().iter().filter_map(|item| item.text().map(Cow::into_owned)).collect()
    }

    /// The scalar entries of an object as text.
    pub(crate) fn labels<M: FromIterator<(String, String)>>(&self) -> M {
        let scalars = self.entries().iter().filter_map(|(k, v)| Some((k.to_string(), v.text()?.into_owned())));
        scalars.collect()
    }

    /// The same as an attribute's value. The recursion is bounded by the parser's own limit on depth.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Empty,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(n) => Value::Int(*n),
            Self::Big(n) => Value::Text(n.to_string()),
            Self::Float(n) => Value::Float(*n),
            Self::Text(text) => Value::Text(text.to_string()),
            Self::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            Self::Object(entries) => Value::Map(entries.iter().map(|(k, v)| (k.to_string(), v.to_value())).collect()),
        }
    }

    /// What it is, in a few words for a sentence.
    pub(crate) fn outline(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(_) => "true or false".into(),
            Self::Int(_) | Self::Big(_) | Self::Float(_) => "a number".into(),
            Self::Text(_) => "a text".into(),
            Self::List(items) if items.is_empty() => "an empty list".into(),
            Self::List(items) => match &items[0] {
                Self::List(_) => "a list of lists".into(),
                first => format!("a list that begins with {}", first.outline()),
            },
            Self::Object(entries) if entries.is_empty() => "an empty object".into(),
            Self::Object(entries) => {
                let keys: Vec<String> =
                    entries.iter().take(5).map(|(k, _)| k.chars().take(40).collect::<String>()).collect();
                format!("an object with `{}`", keys.join("`, `"))
            }
        }
    }
}

fn int_of(text: &str) -> Option<i64> {
    let whole = || text.parse::<i128>().ok().map(|n| n.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
    whole().or_else(|| text.parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| n as i64))
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor(PhantomData))
    }
}

struct TreeVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for TreeVisitor<'a> {
    type Value = Json<'a>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_unit<E>(self) -> Result<Json<'a>, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json<'a>, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json<'a>, E> {
        Ok(Json::Int(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json<'a>, E> {
        Ok(i64::try_from(value).map_or(Json::Big(value), Json::Int))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json<'a>, E> {
        Ok(Json::Float(value))
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'a>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'a>, A::Error> {
        let mut entries = Vec::new();
        while let Some((JsonKey(key), value)) = map.next_entry()? {
            entries.push((key, value));
        }
        Ok(Json::Object(entries))
    }
}

/// A key, borrowed where it has no escapes.
struct JsonKey<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for JsonKey<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for KeyVisitor<'a> {
            type Value = JsonKey<'a>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<JsonKey<'a>, E> {
                Ok(JsonKey(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<JsonKey<'a>, E> {
                Ok(JsonKey(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor(PhantomData))
    }
}

/// A list of items that are cut out first and decoded one by one, so that a bad one loses only itself.
#[derive(Debug, Default)]
pub(crate) struct Items<'a> {
    /// The items.
    pub(crate) raw: Vec<&'a RawValue>,
    /// Whether there was something other than a list or `null`.
    pub(crate) misplaced: bool,
}

/// A list of structs, or one by itself; items that are not objects are left out and counted.
#[derive(Debug)]
pub(crate) struct OneOrMany<T> {
    /// The structs.
    pub(crate) items: Vec<T>,
    /// How many items were not objects.
    pub(crate) misplaced: usize,
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self { items: Vec::new(), misplaced: 0 }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemsVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

struct ItemsVisitor<'a>(PhantomData<&'a ()>);
struct OneOrManyVisitor<T>(PhantomData<T>);

/// The visits of scalars, which all mean the same where a list is expected.
macro_rules! scalars_are {
    ($value:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

impl<'de: 'a, 'a> Visitor<'de> for ItemsVisitor<'a> {
    type Value = Items<'a>;
    scalars_are!(Items { raw: Vec::new(), misplaced: true });

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'a>, A::Error> {
        let mut raw = Vec::new();
        while let Some(item) = seq.next_element::<&RawValue>()? {
            raw.push(item);
        }
        Ok(Items { raw, misplaced: false })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items<'a>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Items { raw: Vec::new(), misplaced: true })
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = OneOrMany<T>;
    scalars_are!(OneOrMany { items: Vec::new(), misplaced: 1 });

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany<T>, A::Error> {
        let mut found = OneOrMany::default();
        while let Some(Maybe(item)) = seq.next_element()? {
            match item {
                Some(item) => found.items.push(item),
                None => found.misplaced += 1,
            }
        }
        Ok(found)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
        Ok(OneOrMany { items: vec![T::deserialize(MapAccessDeserializer::new(map))?], misplaced: 0 })
    }
}

/// A struct, or none for anything that is not an object.
struct Maybe<T>(Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaybeVisitor(PhantomData))
    }
}

struct MaybeVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MaybeVisitor<T> {
    type Value = Maybe<T>;
    scalars_are!(Maybe(None));

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Maybe<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Maybe(None))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Maybe<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|item| Maybe(Some(item)))
    }
}

/// The text with its invalid strings repaired: lone surrogates and unknown escapes replaced, raw control characters
/// escaped. None where all are valid. Applications that build JSON by hand write such strings into their logs.
pub(crate) fn repaired(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut changed) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (length, replacement) = match c {
            '"' => {
                in_string = !in_string;
                (1, None)
            }
            '\\' if in_string => repaired_escape(rest),
            c if in_string && (c as u32) < 0x20 => (1, Some(format!("\\u{:04x}", c as u32))),
            _ => {
                let plain = rest.find(|c: char| c == '"' || c == '\\' || (c as u32) < 0x20).unwrap_or(rest.len());
                (plain.max(c.len_utf8()), None)
            }
        };
        changed |= replacement.is_some();
        out.push_str(replacement.as_deref().unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    changed.then_some(out)
}

/// The length of the escape that a text begins with, and its replacement where it is invalid.
fn repaired_escape(text: &str) -> (usize, Option<String>) {
    let unit = |at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        hex.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(hex, 16).ok()).flatten()
    };
    match text.as_bytes().get(1) {
        Some(b'u') => match (unit(0), unit(6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, None),
            (Some(0xD800..=0xDFFF), _) => (6, Some("\u{FFFD}".into())),
            (Some(_), _) => (6, None),
            (None, _) => (1, Some("\\\\".into())),
        },
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => (2, None),
        _ => (1, Some("\\\\".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_strings_are_repaired_and_valid_ones_left_alone() {
        let table = [
            (r#"{"a":"\ud83d\ude00 \" \\ \u0041 ü"}"#, None),
            (r#"{"a":"\ud83d"}"#, Some("{\"a\":\"\u{FFFD}\"}")),
            (r#"{"a":"\ud83d\u0041\ude00"}"#, Some("{\"a\":\"\u{FFFD}\\u0041\u{FFFD}\"}")),
            ("{\"a\":\"x\ty\"}\t", Some("{\"a\":\"x\\u0009y\"}\t")),
            (r#"{"a":"\x1b\u12"}"#, Some(r#"{"a":"\\x1b\\u12"}"#)),
        ];
        for (text, expected) in table {
            assert_eq!(repaired(text).as_deref(), expected, "{text}");
            assert!(serde_json::from_str::<Json>(expected.unwrap_or(text)).is_ok(), "{text}");
        }
    }

    #[test]
    fn numbers_are_read_in_any_form() {
        let json: Json = serde_json::from_str(
            r#"[5, "5", 5.9, " 5 ", 18446744073709551615, "99999999999999999999", -1e300, "1e3", "x", null]"#,
        )
        .unwrap();
        let ints: Vec<Option<i64>> = json.list().iter().map(Json::int).collect();
        let max = Some(i64::MAX);
        let five = Some(5);
        assert_eq!(ints, [five, five, five, five, max, max, Some(i64::MIN), Some(1000), None, None]);
    }
}
