//! JSON lines: a record a row of the main table, each with its `kind`; then one of the kind `end`.
//!
//! The last record says how whole the answer is. Where it is missing, the stream was cut.

use serde_json::{Map, Value, json};

use crate::render::json;
use crate::report::Report;
use crate::report::rows::Rows;

/// The table of a report, and what the answer rests on.
pub(crate) fn records(report: &Report, rows: &Rows) -> Vec<u8> {
    let mut out = String::new();
    for row in &rows.rows {
        let mut record = Map::new();
        record.insert("kind".to_owned(), json!(rows.kind));
        record.extend(rows.columns.iter().map(|column| (*column).to_owned()).zip(row.iter().cloned()));
        out += &json::line(&record);
    }
    out += &json::line(&end(report, rows.rows.len()));
    out.into_bytes()
}

fn end(report: &Report, rows: usize) -> Value {
    let mut record = json!({ "kind": "end", "rows": rows });
    if let (Value::Object(record), Ok(Value::Object(outer))) = (&mut record, serde_json::to_value(report.envelope())) {
        record.extend(outer);
    }
    record
}
