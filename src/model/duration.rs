//! Durations as text, in flags, configuration and specs alike.

use std::time::Duration;

/// A duration in nanoseconds from text: `15m`, `1h30m`, `1.5s`, `250ms`, `7d`.
///
/// # Errors
/// One sentence on what is wrong.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if has_months(text) {
        return Err(format!("`M` means months; did you mean {}?", text.replace('M', "m")));
    }
    let length = humantime::parse_duration(text).map_err(|e| format!("{e}; write 30s, 15m, 2h or 7d"))?;
    i64::try_from(length.as_nanos()).map_err(|_| "longer than anybody can look".to_owned())
}

/// Whether the text has the unit `M`, which is not a duration, and hardly what was meant.
pub(crate) fn has_months(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphabetic()).any(|unit| unit == "M")
}

/// A duration in nanoseconds as text that [`duration`] reads back exactly: `1m30s`.
pub(crate) fn format_duration(ns: i64) -> String {
    humantime::format_duration(Duration::from_nanos(ns.unsigned_abs())).to_string().replace(' ', "")
}

/// A duration in nanoseconds from text, longer than zero.
///
/// # Errors
/// As [`duration`].
pub(crate) fn positive_duration(text: &str) -> Result<i64, String> {
    duration(text).and_then(|ns| if ns > 0 { Ok(ns) } else { Err("it should be longer than nothing".to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_is_formatted_as_a_person_would() {
        for text in ["0s", "40us", "1500ms", "90s", "1h30m", "7d"] {
            let formatted = format_duration(duration(text).unwrap());
            assert!(formatted.len() <= 7 && duration(&formatted) == duration(text), "{formatted}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_is_read_as_it_was_formatted(ns in 0_i64..) {
            prop_assert_eq!(duration(&format_duration(ns)), Ok(ns));
        }
    }
}
