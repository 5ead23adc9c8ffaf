//! Identifiers, equal when they mean the same, however they were written.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A trace ID: 128 bits, shown as 32 lower-case hex digits.
///
/// Read from 1 to 32 hex digits (left-padded) in either case, and from base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(u128);

/// A span ID: 64 bits, shown as 16 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(u64);

impl TraceId {
    /// From a number; zero is invalid by W3C Trace Context, hence none.
    pub(crate) fn from_u128(value: u128) -> Option<Self> {
        (value != 0).then_some(Self(value))
    }

    /// From 1 to 32 hex digits in any case; all zeros is invalid.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().and_then(Self::from_u128)
    }

    /// From hex, or from the base64 of 16 or 8 bytes (Jaeger v3 before 1.54, Tempo).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::from_hex(text).or_else(|| {
            let bytes = decode_base64(text)?;
            match bytes.len() {
                8 | 16 => Self::from_u128(bytes.iter().fold(0, |n, b| n << 8 | u128::from(*b))),
                _ => None,
            }
        })
    }

    /// The forms in which other tools print this ID: 32 digits, and 16 where the upper half is zero.
    pub(crate) fn spellings(self) -> Vec<String> {
        let mut spellings = vec![self.to_string()];
        if self.0 >> 64 == 0 {
            spellings.push(format!("{:016x}", self.0));
        }
        spellings
    }

    /// The first eight digits that differ between IDs, for screens: of a 64-bit ID those of its lower half.
    pub(crate) fn short(self) -> String {
        if self.0 >> 64 == 0 { format!("{:016x}", self.0)[..8].to_owned() } else { self.to_string()[..8].to_owned() }
    }
}

impl SpanId {
    /// From a number; zero is invalid, hence none.
    pub(crate) fn from_u64(value: u64) -> Option<Self> {
        (value != 0).then_some(Self(value))
    }

    /// The number itself.
    #[cfg(test)]
    pub(crate) fn as_u64(self) -> u64 {
        self.0
    }

    /// From 1 to 16 hex digits in any case; all zeros is invalid.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u64::from_str_radix(text, 16).ok().and_then(Self::from_u64)
    }

    /// From hex, or from the base64 of 8 bytes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::from_hex(text).or_else(|| {
            let bytes = decode_base64(text)?;
            (bytes.len() == 8).then(|| bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b))).and_then(Self::from_u64)
        })
    }

    /// The first eight digits, for screens.
    pub(crate) fn short(self) -> String {
        self.to_string()[..8].to_owned()
    }
}

/// Bytes from base64, standard or URL-safe, padded or not; none of any other text.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim_end_matches('=');
    if text.len() - trimmed.len() > 2 || trimmed.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(trimmed.len() * 3 / 4);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in trimmed.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    Some(bytes)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

macro_rules! as_string {
    ($type:ty, $name:literal, $pattern:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}
as_string!(TraceId, "TraceId", "^[0-9a-f]{32}$");
as_string!(SpanId, "SpanId", "^[0-9a-f]{16}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_equals_itself_in_every_spelling() {
        let long = TraceId::parse("83a9efd15c1c98a977e0711cc93ee28b").unwrap();
        assert_eq!(TraceId::parse("83A9EFD15C1C98A977E0711CC93EE28B"), Some(long));
        assert_eq!(TraceId::parse("g6nv0VwcmKl34HEcyT7iiw=="), Some(long));
        let short = TraceId::parse("1f").unwrap();
        assert_eq!(short.to_string(), "0000000000000000000000000000001f");
        assert_eq!(short.spellings(), [format!("{:032x}", 0x1f), format!("{:016x}", 0x1f)]);
        for no in ["", "0", "00000000000000000000000000000000", "xyz", "83a9efd15c1c98a977e0711cc93ee28b0"] {
            assert_eq!(TraceId::parse(no), None, "{no:?}");
        }
    }

    #[test]
    fn a_span_id_is_read_from_hex_and_base64() {
        let id = SpanId::parse("e127af99e3b3e074").unwrap();
        assert_eq!(SpanId::parse("4SevmeOz4HQ="), Some(id));
        assert_eq!(SpanId::parse("AAAAAAAAAAA="), None);
    }
}
