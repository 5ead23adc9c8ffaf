//! Notes and backends as data for programs.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::evidence::{BackendState, BackendStatus, BreakerStatus, Note, NoteCode};
use crate::model::source::Source;
use crate::report::wording::SameData;
use crate::report::wording::actions::hint;

/// One remark on the answer: part of the report, on the screen and in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Note")]
pub(super) struct NoteRecord<'a> {
    /// What kind of remark.
    code: NoteCode,
    /// The backend it is about; none where it is about the answer as a whole.
    source: Option<Source>,
    /// One sentence, lower-case, naming the address or flag.
    message: &'a str,
    /// What to do about it; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    hint: String,
}

impl<'a> NoteRecord<'a> {
    pub(super) fn new(note: &'a Note, data: &SameData) -> Self {
        let Note { code, source, message, actions } = note;
        Self { code: *code, source: *source, message, hint: hint(actions, data) }
    }
}

/// One backend's part in the answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BackendStatus")]
pub(super) struct BackendRecord<'a> {
    /// Which.
    name: Source,
    /// Its address without user information and query.
    url: &'a str,
    /// Where the address came from: a flag, a variable, a file, the default.
    url_from: &'a str,
    /// How it did.
    state: BackendState,
    /// The API version (`v1`, `v3`) and how it was queried; may be empty.
    detail: &'a str,
    /// How many spans, lines or alerts it returned.
    items: usize,
    /// How many requests it was sent.
    requests: usize,
    /// From the first request to the last answer. The one field that varies between runs.
    elapsed_ns: i64,
    /// Whether it failed so often that no more requests were sent; none where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    breaker: Option<&'a BreakerStatus>,
    /// What is wrong; empty otherwise.
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
    /// What to do about it; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    hint: String,
}

impl<'a> BackendRecord<'a> {
    pub(super) fn new(status: &'a BackendStatus, data: &SameData) -> Self {
        Self {
            name: status.name,
            url: &status.url,
            url_from: &status.url_from,
            state: status.state,
            detail: &status.detail,
            items: status.items,
            requests: status.requests,
            elapsed_ns: status.elapsed_ns,
            breaker: status.breaker.as_ref(),
            error: &status.error,
            hint: hint(&status.actions, data),
        }
    }
}
