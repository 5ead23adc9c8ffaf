//! What an answer rests on: what was asked, how the backends did, and what a follow-up command needs to mean the same
//! data.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::evidence::{BackendStatus, Evidence, Note, Searched};
use crate::model::filter::Filters;

/// What surrounds the body of every report.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The ID that was asked about, as given; none where the answer is about several IDs, or about none.
    pub subject: Option<String>,
    /// The time that was searched, for each kind of data.
    pub window: Searched,
    /// Whether every configured backend answered all that was asked, and nothing was cut.
    pub complete: bool,
    /// Whether the newest span ended longer ago than the settle time.
    pub settled: bool,
    /// Remarks, by code.
    pub notes: Vec<Note>,
    /// How each backend did, by name and address.
    pub backends: Vec<BackendStatus>,
    /// Flags that a follow-up command needs to mean the same data, such as `--demo`; may be empty.
    pub flags: String,
    /// Filters that a follow-up command about several IDs needs beside the flags.
    pub filters: Filters,
    /// Pages of the backends about the same data; empty unless the configuration names them.
    pub links: Vec<PageLink>,
}

/// A page about a part of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageLink {
    /// What it shows: `trace 726ced3e…`, `log lines`.
    pub what: String,
    /// Its address.
    pub url: String,
}

/// Nothing was asked of a backend, so nothing is missing.
impl Default for Provenance {
    fn default() -> Self {
        Self {
            subject: None,
            window: Searched::default(),
            complete: true,
            settled: true,
            notes: vec![],
            backends: vec![],
            flags: String::new(),
            filters: Filters::default(),
            links: vec![],
        }
    }
}

impl Provenance {
    /// The provenance of an answer taken from this evidence.
    pub fn from_evidence(subject: Option<String>, evidence: &Evidence) -> Self {
        let (mut notes, mut backends) = (evidence.notes.clone(), evidence.backends.clone());
        notes.sort();
        backends.sort_by(|a, b| (a.name, &a.url).cmp(&(b.name, &b.url)));
        Self {
            subject,
            window: evidence.coverage.clone(),
            complete: evidence.is_complete(),
            notes,
            backends,
            ..Self::default()
        }
    }

    /// Whether the flags alone name one run, so that a command needs no ID.
    pub fn names_one_run(&self) -> bool {
        self.flags.starts_with("--demo")
    }

    /// Whether the data was read from files.
    pub fn is_from_files(&self) -> bool {
        self.flags.contains("--input")
    }

    /// Whether more data may still arrive: not in files, and not in the demo.
    pub fn may_grow(&self) -> bool {
        !self.is_from_files() && !self.flags.contains("--demo")
    }
}
