//! What every answer has beside its data: its provenance, and what decides the exit code. And the answer about a journey.

use crate::analysis::journey::findings::AnalysedJourney;
use crate::model::evidence::BackendState;
use crate::model::finding::Severity;
use crate::model::journey::Reason;
use crate::model::log::LogEntry;
use crate::model::provenance::Provenance;
use crate::pipeline::evaluate::MetricReading;
use crate::query::Query;

/// What every answer has beside its data.
#[derive(Clone, Debug, Default)]
pub struct AnswerSummary {
    /// Which data it was made from, how the backends did, and what is missing.
    pub provenance: Provenance,
    /// Whether anything was found.
    pub found: Found,
    /// The IDs of a list that nothing carries, in its order.
    pub not_found: Vec<String>,
    /// The highest severity of what may decide the exit code; none where there is nothing.
    pub worst: Option<Severity>,
}

/// Whether anything was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Found {
    /// At least one thing.
    Something,
    /// Nothing.
    #[default]
    Nothing,
}

/// How complete the data is that an answer was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataQuality {
    /// Everything that was queried arrived.
    Complete,
    /// Something is missing.
    Partial,
    /// Something is missing, and the user must act: sign in, fix TLS or permissions.
    ActionNeeded,
}

impl Found {
    /// Whether this many things are something.
    pub fn from_count(count: usize) -> Self {
        if count == 0 { Self::Nothing } else { Self::Something }
    }
}

impl AnswerSummary {
    /// One answer about both: incomplete where either is, and with the worse of the two severities.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            provenance: self.provenance.and(other.provenance),
            found: if other.found == Found::Something { other.found } else { self.found },
            not_found: self.not_found.into_iter().chain(other.not_found).collect(),
            worst: self.worst.max(other.worst),
        }
    }

    /// One answer about this one and those before it, if there are any.
    #[must_use]
    pub(crate) fn after(self, before: Option<Self>) -> Self {
        match before {
            Some(before) => before.and(self),
            None => self,
        }
    }

    /// How complete its data is.
    pub(crate) fn quality(&self) -> DataQuality {
        if self.provenance.backends.iter().any(|backend| backend.state == BackendState::Refused) {
            DataQuality::ActionNeeded
        } else if self.provenance.complete {
            DataQuality::Complete
        } else {
            DataQuality::Partial
        }
    }
}

/// A journey, and where it comes from.
pub struct JourneyAnswer {
    /// The journey and its findings.
    pub analysed: AnalysedJourney,
    /// The query, at the time when it was asked last.
    pub query: Query,
    /// Log lines around the journey's own; empty unless requested.
    pub context_lines: Vec<LogEntry>,
    /// The readings of the requested metrics, in their order.
    pub readings: Vec<MetricReading>,
    /// Its provenance.
    pub summary: AnswerSummary,
}

impl JourneyAnswer {
    /// The likeliest of the keys under which the ID was found.
    pub(super) fn key_that_worked(&self) -> Option<&str> {
        let joins = &self.analysed.journey.joins;
        let found = |key: &str| joins.iter().any(|j| matches!(&j.reason, Reason::Tag { key: k } if k == key));
        self.query.keys.iter().map(String::as_str).find(|key| found(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::backend_status;
    use crate::model::evidence::{BackendStatus, Evidence, Note, NoteCode};
    use crate::model::source::Source;

    const FOUND: [Found; 2] = [Found::Nothing, Found::Something];

    fn answer(states: &[BackendState], note: Option<NoteCode>, found: Found, worst: Option<Severity>) -> AnswerSummary {
        let backend = |(at, state): (usize, &BackendState)| BackendStatus {
            url: at.to_string(),
            ..BackendStatus::new(Source::Loki, *state)
        };
        let evidence = Evidence {
            backends: states.iter().enumerate().map(backend).collect(),
            notes: note.map(|code| Note::new(code, Source::Loki, "n")).into_iter().collect(),
            ..Evidence::default()
        };
        let provenance = Provenance { subject: Some("a".to_owned()), ..Provenance::from_evidence(&evidence) };
        AnswerSummary { provenance, found, worst, ..AnswerSummary::default() }
    }

    #[test]
    fn a_refusal_needs_action_and_a_missing_part_is_partial() {
        use BackendState::{Ok, Refused, Unreachable};
        let missing = Some(NoteCode::Skipped);
        for (states, note, quality) in [
            (&[Ok, Ok][..], None, DataQuality::Complete),
            (&[Ok, Ok], Some(NoteCode::Info), DataQuality::Complete),
            (&[Ok, Unreachable], missing, DataQuality::Partial),
            (&[Unreachable, Refused], missing, DataQuality::ActionNeeded),
            (&[], None, DataQuality::Complete),
        ] {
            let answer = answer(states, note, Found::Something, None);
            assert_eq!(answer.quality(), quality, "{states:?}");
            assert_eq!(answer.provenance.complete, quality == DataQuality::Complete, "{states:?}");
        }
    }

    #[test]
    fn without_any_backend_nothing_is_known() {
        use BackendState::{LeftOut, NotConfigured, Ok};
        for (states, noted) in [(&[LeftOut, NotConfigured][..], true), (&[Ok, NotConfigured], false), (&[], false)] {
            let answer = answer(states, None, Found::Nothing, None);
            assert_eq!(backend_status::no_backend(&answer.provenance.backends).is_some(), noted, "{states:?}");
        }
    }

    #[test]
    fn of_two_answers_the_worse_counts_and_what_either_found() {
        for (mine, theirs) in FOUND.into_iter().flat_map(|mine| FOUND.map(|theirs| (mine, theirs))) {
            let first = answer(&[BackendState::Ok], None, mine, Some(Severity::Warning));
            let mut second = answer(&[BackendState::Ok], Some(NoteCode::Skipped), theirs, Some(Severity::Error));
            second.provenance.settled = false;
            let both = first.and(second);
            assert_eq!(both.found == Found::Something, mine == Found::Something || theirs == Found::Something);
            assert_eq!(both.worst, Some(Severity::Error));
            let provenance = both.provenance;
            assert!(!provenance.settled && !provenance.complete && provenance.subject.is_none());
        }
    }
}
