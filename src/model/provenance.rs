//! The provenance of an answer: which data it was made from, how the backends did, and what is missing.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::evidence::{BackendStatus, Evidence, Note, Searched, merge_statuses};
use crate::model::filter::Filters;
use crate::model::source::Source;

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
    /// Remarks; sorted in a report.
    pub notes: Vec<Note>,
    /// How each backend did; by name and address in a report.
    pub backends: Vec<BackendStatus>,
    /// Which data was read.
    pub data: DataSelection,
    /// Filters that a follow-up command about several IDs needs beside the flags.
    pub filters: Filters,
    /// Pages of the backends about the same data; empty unless the configuration names them.
    pub links: Vec<PageLink>,
}

/// Which data was read: what a follow-up command must name to read the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSelection {
    /// Where the evidence comes from.
    pub supply: Supply,
    /// The recording that answered in place of the servers.
    pub replay: Option<PathBuf>,
    /// The configuration file that was named.
    pub config: Option<PathBuf>,
    /// The profile that was named.
    pub profile: Option<String>,
    /// The addresses that were named, without user information and query.
    pub addresses: Vec<(Source, String)>,
    /// The backends that were left out.
    pub excluded: Vec<Source>,
    /// The version of Jaeger's API that was named.
    pub jaeger_api: Option<String>,
    /// Loki's stream selector that was named.
    pub loki_selector: Option<String>,
    /// The attribute keys that were named.
    pub keys: Vec<String>,
    /// The times that were given; empty where none were. Without them a journey is searched for in the last week only.
    pub times: GivenTimes,
    /// Where figures were to be taken from, `spans` or `metrics`; none where that was not said.
    pub via: Option<&'static str>,
}

impl DataSelection {
    /// A scenario of the demo; none for all of it.
    pub(crate) fn demo(scenario: Option<String>) -> Self {
        Self { supply: Supply::Demo(scenario), ..Self::default() }
    }
}

/// Where evidence comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Supply {
    /// The backends, or a recording of them.
    #[default]
    Backends,
    /// These files, in this order; `-` is standard input.
    Files(Vec<PathBuf>),
    /// A scenario of the demo; none for all of it.
    Demo(Option<String>),
}

/// The limits of a window as they were typed; none where they were not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenTimes {
    /// From then to now.
    pub since: Option<String>,
    /// The beginning.
    pub start: Option<String>,
    /// The end.
    pub end: Option<String>,
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
            data: DataSelection::default(),
            filters: Filters::default(),
            links: vec![],
        }
    }
}

impl Provenance {
    /// The provenance of an answer taken from this evidence.
    pub(crate) fn from_evidence(evidence: &Evidence) -> Self {
        Self {
            window: evidence.coverage.clone(),
            complete: evidence.is_complete(),
            notes: evidence.notes.clone(),
            backends: evidence.backends.clone(),
            ..Self::default()
        }
    }

    /// Adds a note once.
    pub(crate) fn note(&mut self, note: Note) {
        self.complete &= !note.code.is_incomplete();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Adds how the backends did for another question of the same answer, and what is missing of it.
    pub(crate) fn absorb(&mut self, asked: Evidence) {
        asked.notes.into_iter().for_each(|note| self.note(note));
        self.window.absorb(&asked.coverage);
        merge_statuses(&mut self.backends, asked.backends);
    }

    /// The provenance of an answer about both.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        other.notes.into_iter().for_each(|note| self.note(note));
        self.window.absorb(&other.window);
        merge_statuses(&mut self.backends, other.backends);
        self.complete &= other.complete;
        self.settled &= other.settled;
        self.subject = None;
        self.links.clear();
        self
    }

    /// Whether the data is that of one run, so that a command needs no ID.
    pub(crate) fn names_one_run(&self) -> bool {
        matches!(self.data.supply, Supply::Demo(_))
    }

    /// Whether the data was read from files.
    pub(crate) fn is_from_files(&self) -> bool {
        matches!(self.data.supply, Supply::Files(_))
    }

    /// Whether more data may still arrive: not in files, and not in the demo.
    pub(crate) fn may_grow(&self) -> bool {
        self.data.supply == Supply::Backends
    }
}
