//! A character by its number: what every target shows instead of what would act there.

use std::fmt::Write as _;

/// Shows a character by its number.
pub(crate) fn push_escaped(safe: &mut String, c: char) {
    let code = u32::from(c);
    let _ = if code < 0x80 { write!(safe, "\\x{code:02x}") } else { write!(safe, "\\u{{{code:x}}}") };
}
