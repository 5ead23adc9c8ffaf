//! What came back, and what did not. Never silence.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::action::Action;
use crate::model::id::{SpanId, TraceId};
use crate::model::log::LogEntry;
use crate::model::metric::{Alert, Exemplar, Panel};
use crate::model::source::Source;
use crate::model::span::{Span, SpanKind};
use crate::model::time::Windows;

/// What a note is about. The first six mean that the answer is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteCode {
    /// A backend did not answer.
    Unreachable,
    /// A backend answered that it will not: authentication, TLS, no such API, bad request.
    Refused,
    /// A backend says itself that its answer is partial.
    Partial,
    /// A result was cut at a limit and could not be asked in smaller pieces.
    Truncated,
    /// One of our own bounds (requests, traces, spans, lines) ended the asking.
    BoundReached,
    /// Some of the data could not be read and was left out.
    Skipped,
    /// The newest span is younger than the settle time.
    TooYoung,
    /// Times were moved, by the server or by us.
    ClockAdjusted,
    /// The limit was part of the question.
    Sampled,
    /// A backend is not configured.
    NotConfigured,
    /// Something in the data is odd but was kept.
    Oddity,
    /// Worth knowing.
    Info,
    /// A name in a filter that nothing in the searched data has.
    UnknownName,
}

impl NoteCode {
    /// Whether it clears `complete`.
    pub(crate) fn is_incomplete(self) -> bool {
        self <= Self::Skipped
    }
}

/// One remark on the answer: part of the report, on the screen and in JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Note {
    /// What kind of remark.
    pub code: NoteCode,
    /// The source it is about; none for the whole answer.
    pub source: Option<Source>,
    /// One sentence, lower-case, naming the address or flag.
    pub message: String,
    /// What to do about it: any of these helps; may be empty.
    pub actions: Vec<Action>,
}

impl Note {
    /// A note about one source.
    pub(crate) fn new(code: NoteCode, source: Source, message: impl Into<String>) -> Self {
        Self { code, source: Some(source), message: message.into(), actions: vec![] }
    }

    /// A note about the answer as a whole.
    pub(crate) fn general(code: NoteCode, message: impl Into<String>) -> Self {
        Self { code, source: None, message: message.into(), actions: vec![] }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub(crate) fn with_actions(mut self, actions: impl Into<Vec<Action>>) -> Self {
        self.actions = actions.into();
        self
    }
}

/// How a backend did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackendState {
    /// Answered all that was asked.
    Ok,
    /// Answered some of it.
    Partial,
    /// Did not answer.
    Unreachable,
    /// Answered that it will not; a person must act.
    Refused,
    /// No address was given and the default did not answer.
    NotConfigured,
    /// Left out by `--without`.
    LeftOut,
    /// The command does not need it.
    NotNeeded,
}

impl BackendState {
    /// The worse, the more.
    fn badness(self) -> u8 {
        match self {
            Self::NotNeeded => 0,
            Self::LeftOut | Self::NotConfigured => 1,
            Self::Ok => 2,
            Self::Partial => 3,
            Self::Unreachable => 4,
            Self::Refused => 5,
        }
    }
}

/// Whether a backend is being asked, after how it did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// It is asked.
    #[default]
    Closed,
    /// It failed too often and is left alone for a while.
    Open,
    /// One request is let through to see how it is.
    HalfOpen,
}

impl BreakerState {
    /// The word for people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half open",
        }
    }
}

/// The circuit breaker of a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BreakerStatus {
    /// Whether requests are let through.
    pub state: BreakerState,
    /// Failures in a row, up to the last request.
    pub failures: usize,
    /// How often it opened.
    pub opened: usize,
    /// The last failure; empty where there was none.
    pub last_error: String,
}

impl BreakerStatus {
    /// Whether the breaker never opened.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// In a line: `open, 5 failures in a row, opened once; last: HTTP 503`.
    pub fn line(&self) -> String {
        let failures = match self.failures {
            0 => String::new(),
            1 => ", 1 failure".to_owned(),
            n => format!(", {n} failures in a row"),
        };
        let opened = match self.opened {
            0 => String::new(),
            1 => ", opened once".to_owned(),
            n => format!(", opened {n} times"),
        };
        let last = if self.last_error.is_empty() { String::new() } else { format!("; last: {}", self.last_error) };
        format!("{}{failures}{opened}{last}", self.state.as_str())
    }
}

/// One backend's part in the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct BackendStatus {
    /// Which.
    pub name: Source,
    /// Its address without user information and query.
    pub url: String,
    /// Where the address came from: a flag, a variable, a file, the default.
    pub url_from: String,
    /// How it did.
    pub state: BackendState,
    /// What it was spoken to in (`v1`, `v3`), and how it was asked; empty where there is nothing to say.
    pub detail: String,
    /// How many spans, lines or alerts it gave.
    pub items: usize,
    /// How many requests it was sent.
    pub requests: usize,
    /// From the first request to the last answer. The one field that varies between runs.
    pub elapsed_ns: i64,
    /// State of the circuit breaker; none for a backend that was not queried.
    pub breaker: Option<BreakerStatus>,
    /// Why it is not well; empty otherwise.
    pub error: String,
    /// What to do about it: any of these helps; empty otherwise.
    pub actions: Vec<Action>,
}

impl BackendStatus {
    /// One that was asked nothing.
    pub(crate) fn new(name: Source, state: BackendState) -> Self {
        Self {
            name,
            url: String::new(),
            url_from: String::new(),
            state,
            detail: String::new(),
            items: 0,
            requests: 0,
            elapsed_ns: 0,
            breaker: None,
            error: String::new(),
            actions: vec![],
        }
    }

    /// Takes in how the same backend did for another question: the worse state counts.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.items = self.items.saturating_add(other.items);
        self.requests = self.requests.saturating_add(other.requests);
        self.elapsed_ns = self.elapsed_ns.max(other.elapsed_ns);
        if other.state.badness() > self.state.badness() {
            self.state = other.state;
            self.error = other.error;
            self.actions = other.actions;
        }
        self.breaker = other.breaker.or(self.breaker.take());
    }
}

/// The times that were asked of each kind of backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Searched {
    /// Jaeger's search.
    pub traces: Windows,
    /// Loki's search.
    pub logs: Windows,
    /// Prometheus' alerts and panels.
    pub metrics: Windows,
}

impl Searched {
    /// Adds the times of another question.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in
            [(&mut self.traces, &other.traces), (&mut self.logs, &other.logs), (&mut self.metrics, &other.metrics)]
        {
            theirs.iter().for_each(|window| mine.add(window));
        }
    }
}

/// Adds how the backends did for another question: one row for each backend and address.
pub(crate) fn merge_statuses(statuses: &mut Vec<BackendStatus>, others: Vec<BackendStatus>) {
    for other in others {
        match statuses.iter_mut().find(|known| (known.name, &known.url) == (other.name, &other.url)) {
            Some(known) => known.absorb(other),
            None => statuses.push(other),
        }
    }
}

/// Whether consumers were searched for the messages that have none in the data. Needed because no backend can be queried
/// for the spans that link to a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LookedUp {
    /// The data is all there is, or every message has a consumer in it.
    #[default]
    NotNeeded,
    /// A consumer of every message was searched.
    All,
    /// Consumers of some messages were not searched.
    Part {
        /// The publish spans whose consumers were searched.
        asked: BTreeSet<(TraceId, SpanId)>,
        /// Why the others were not.
        why: String,
    },
}

/// An operation, as Jaeger lists those of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// Its kind; some storages keep none.
    pub kind: SpanKind,
}

/// What Jaeger lists, of all times that it remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The services that ever sent a span.
    pub services: BTreeSet<String>,
    /// Of those that were asked about, what they do.
    pub operations: BTreeMap<String, BTreeSet<Operation>>,
}

/// Everything that came back for one question.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Spans, in any order, repeats included.
    pub spans: Vec<Span>,
    /// Lines, in any order, without repeats.
    pub logs: Vec<LogEntry>,
    /// Alerts of the time.
    pub alerts: Vec<Alert>,
    /// Exemplars that carry a trace of the journey.
    pub exemplars: Vec<Exemplar>,
    /// Configured panels.
    pub panels: Vec<Panel>,
    /// Traces that were named and queried, and that no backend has.
    pub not_stored: Vec<TraceId>,
    /// How each backend did.
    pub backends: Vec<BackendStatus>,
    /// Remarks.
    pub notes: Vec<Note>,
    /// The searched windows.
    pub coverage: Searched,
    /// Whether consumers were searched for the messages that have none here.
    pub looked_up: LookedUp,
    /// What Jaeger lists, as far as findings need it.
    pub listed: Listed,
}

impl Evidence {
    /// Whether every configured backend answered all that was asked, and nothing was cut.
    pub fn is_complete(&self) -> bool {
        !self.notes.iter().any(|n| n.code.is_incomplete())
    }

    /// What it rests on: backends, notes and coverage, without anything that was found.
    #[must_use]
    pub(crate) fn status_only(&self) -> Self {
        Self {
            backends: self.backends.clone(),
            notes: self.notes.clone(),
            coverage: self.coverage.clone(),
            ..Self::default()
        }
    }

    /// The same, taken out of it.
    #[must_use]
    pub(crate) fn take_status(&mut self) -> Self {
        Self {
            backends: std::mem::take(&mut self.backends),
            notes: std::mem::take(&mut self.notes),
            coverage: std::mem::take(&mut self.coverage),
            ..Self::default()
        }
    }

    /// Takes in what another answer rests on.
    pub(crate) fn absorb_status(&mut self, other: Self) {
        other.notes.into_iter().for_each(|note| self.note(note));
        self.coverage.absorb(&other.coverage);
        merge_statuses(&mut self.backends, other.backends);
    }

    /// Adds a note once.
    pub(crate) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_makes_an_answer_incomplete_and_what_is_odd_does_not() {
        use NoteCode::{
            BoundReached, ClockAdjusted, Info, NotConfigured, Oddity, Partial, Refused, Sampled, Skipped, TooYoung,
            Truncated, UnknownName, Unreachable,
        };
        assert!(Evidence::default().is_complete());
        let missing = [Unreachable, Refused, Partial, Truncated, BoundReached, Skipped];
        let odd = [TooYoung, ClockAdjusted, Sampled, NotConfigured, Oddity, Info, UnknownName];
        for (code, complete) in missing.map(|code| (code, false)).into_iter().chain(odd.map(|code| (code, true))) {
            let mut evidence = Evidence::default();
            evidence.note(Note::general(Info, "x"));
            evidence.note(Note::general(code, "y"));
            assert_eq!(evidence.is_complete(), complete, "{code:?}");
        }
    }
}
