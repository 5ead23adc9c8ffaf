//! Lengths of time as people write them, in flags and in specs alike.

use std::time::Duration;

/// A length of time in nanoseconds: `15m`, `1h30m`, `1.5s`, `250ms`, `7d`.
///
/// # Errors
/// One sentence.
pub fn duration(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let units = text.split(|c: char| !c.is_ascii_alphabetic());
    if units.clone().any(|unit| unit == "M") {
        return Err(format!("`M` means months; did you mean {}?", text.replace('M', "m")));
    }
    let length = humantime::parse_duration(text).map_err(|e| format!("{e}; write 30s, 15m, 2h or 7d"))?;
    i64::try_from(length.as_nanos()).map_err(|_| "longer than anybody can look".to_owned())
}

/// The same length as a flag takes it, to the nanosecond: `1m30s`.
pub fn written(ns: i64) -> String {
    humantime::format_duration(Duration::from_nanos(ns.unsigned_abs())).to_string().replace(' ', "")
}

/// A length of time that is more than nothing.
///
/// # Errors
/// As [`duration`].
pub fn positive_duration(text: &str) -> Result<i64, String> {
    duration(text).and_then(|ns| if ns > 0 { Ok(ns) } else { Err("it should be longer than nothing".to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_is_written_as_a_person_would() {
        for text in ["0s", "40us", "1500ms", "90s", "1h30m", "7d"] {
            let written = written(duration(text).unwrap());
            assert!(written.len() <= 7 && duration(&written) == duration(text), "{written}");
        }
    }

    proptest! {
        #[test]
        fn a_length_is_read_as_it_was_written(ns in 0_i64..) {
            prop_assert_eq!(duration(&written(ns)), Ok(ns));
        }
    }
}
