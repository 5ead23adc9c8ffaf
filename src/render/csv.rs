//! The main table as CSV: a line of titles, a line a row.

use serde_json::Value;

use crate::render::escape;
use crate::report::rows::Rows;

/// The table. Times and numbers are as in JSON, lists and maps are JSON, unknown values are empty.
pub(crate) fn table(rows: &Rows) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(vec![]);
    // Writing to memory fails only where a row has too few columns, and none has.
    let mut written = writer.write_record(rows.columns);
    for row in &rows.rows {
        written = written.and_then(|()| writer.write_record(row.iter().enumerate().map(cell)));
    }
    debug_assert!(written.is_ok(), "{written:?}");
    writer.into_inner().unwrap_or_default()
}

fn cell((column, value): (usize, &Value)) -> String {
    let cell = match value {
        Value::Null => String::new(),
        Value::String(text) => escape::csv::cell(text).into_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => escape::csv::cell(&value.to_string()).into_owned(),
    };
    if column == 0 { escape::ci::line(&cell).into_owned() } else { cell }
}
