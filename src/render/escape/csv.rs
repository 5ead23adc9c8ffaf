//! For CSV, which spreadsheets open: a text that begins as a formula would be run.

use std::borrow::Cow;

use crate::render::escape::terminal::one_line;

/// A text as one cell, not yet quoted: one line, and an apostrophe before what a spreadsheet would take for a formula,
/// also behind quotes and blanks. A number stays a number.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let formula = begins_as_formula(text) && !is_number(text);
    let safe = one_line(text);
    if formula || begins_as_formula(&safe) && !is_number(&safe) { Cow::Owned(format!("'{safe}")) } else { safe }
}

fn begins_as_formula(text: &str) -> bool {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r');
    text.starts_with(begins) || text.trim_start_matches([' ', '"', '\'', '\u{a0}']).starts_with(begins)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_formula_is_text() {
        let table = [
            ("=1+1", "'=1+1"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\"=HYPERLINK(1)\"", "'\"=HYPERLINK(1)\""),
            (" -1+1", "' -1+1"),
            ("\t=1", "' =1"),
            ("\r=1", "'\\x0d=1"),
            ("-12.5", "-12.5"),
            ("+1e3", "+1e3"),
            ("-inf", "'-inf"),
            ("plain = text", "plain = text"),
            ("two\nlines", "two ⏎ lines"),
        ];
        for (text, safe) in table {
            assert_eq!(cell(text), safe);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn what_is_written_is_read(texts in proptest::collection::vec("[-=+@,;\"' \\t\\r\\na1.ü#\\[\u{0}]{0,8}", 1..5)) {
            let cells: Vec<_> = texts.iter().map(|text| cell(text)).collect();
            let mut writer = csv::WriterBuilder::new().buffer_capacity(256).from_writer(vec![]);
            writer.write_record(cells.iter().map(AsRef::as_ref)).unwrap();
            let bytes = writer.into_inner().unwrap();
            prop_assert_eq!(bytes.split(|b| *b == b'\n').count(), 2, "one line a record");
            let mut reader = csv::ReaderBuilder::new().buffer_capacity(256).has_headers(false).from_reader(bytes.as_slice());
            let read: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
            prop_assert_eq!(&read, &cells);
            for cell in read {
                prop_assert!(is_number(&cell) || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{}", cell);
            }
        }
    }
}
