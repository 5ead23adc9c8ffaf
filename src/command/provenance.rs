//! What an answer rests on, and what it makes of the exit code.

use crate::command::{Context, Outcome};
use crate::error::Exit;
use crate::gather::backend_status;
use crate::model::evidence::{BackendState, Evidence};
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::provenance::{PageLink, Provenance};
use crate::options::journey::{DataQuality, Found, JourneyArgs};
use crate::render::{Format, escape, render};
use crate::report::{Report, ReportBody};

/// What an answer rests on: one about a journey, or about many.
#[derive(Default)]
pub struct Answered {
    /// About whom; none where about many.
    pub subject: Option<String>,
    /// What was asked, how the backends did, and what is to be remarked; without spans and lines.
    pub shell: Evidence,
    /// Whether nothing more is to come.
    pub settled: bool,
    /// The flags that a following command needs to mean the same data.
    pub flags: String,
    /// What of the data was asked about.
    pub filters: Filters,
    /// Pages of the backends' own about the same.
    pub links: Vec<PageLink>,
    /// What is said beside the answer.
    pub said: String,
    /// Whether anything was found.
    pub found: Found,
    /// The gravest of what may decide the code.
    pub worst: Option<Severity>,
    /// The code, where the recording could not be written.
    pub unsaved: Option<Exit>,
}

impl Answered {
    /// Whether everything that was asked for came.
    pub fn is_complete(&self) -> bool {
        self.shell.is_complete()
    }

    /// One more thing to say beside the answer.
    pub fn say(&mut self, text: &str) {
        self.said.extend(text.lines().map(|line| format!("{}\n", escape::line(line))));
    }

    /// The footing of an answer about both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.subject = None;
        self.links.clear();
        self.shell.absorb_shell(other.shell);
        self.settled &= other.settled;
        self.said += &other.said;
        self.worst = self.worst.max(other.worst);
        self.unsaved = self.unsaved.or(other.unsaved);
        if other.found == Found::Something {
            self.found = Found::Something;
        }
        self
    }

    /// The report in the form that is wanted, and what the code says.
    pub fn outcome(mut self, args: &JourneyArgs, context: &Context, body: impl ReportBody + 'static) -> Outcome {
        if self.shell.is_complete() {
            backend_status::nobody(&self.shell.backends).into_iter().for_each(|note| self.shell.note(note));
        }
        let exit = self.unsaved.unwrap_or_else(|| args.verdict.exit(self.found, data(&self.shell), self.worst));
        let report = self.report(body);
        self.shown(exit, context, &report)
    }

    /// The report that says this.
    pub fn report(&self, body: impl ReportBody + 'static) -> Report {
        Report::new(self.provenance(), body)
    }

    /// What surrounds a report that says this.
    pub fn provenance(&self) -> Provenance {
        let subject = self.subject.clone().filter(|subject| !subject.is_empty());
        Provenance {
            settled: self.settled,
            flags: self.flags.clone(),
            filters: self.filters.clone(),
            links: self.links.clone(),
            ..Provenance::from_evidence(subject, &self.shell)
        }
    }

    /// The report in the form that is wanted, with this code.
    pub fn shown(self, exit: Exit, context: &Context, report: &Report) -> Outcome {
        let grave =
            report.provenance.notes.iter().filter(|note| note.code.is_incomplete() && context.format() == Format::Csv);
        let incomplete: String =
            grave.map(|note| escape::line(&format!("not complete: {}", note.message)) + "\n").collect();
        Outcome {
            stdout: render(report, context.format(), &context.view),
            stderr: (self.said + &incomplete).into_bytes(),
            exit,
        }
    }
}

/// How good the evidence is.
pub fn data(evidence: &Evidence) -> DataQuality {
    if evidence.backends.iter().any(|b| b.state == BackendState::Refused) {
        DataQuality::ActionNeeded
    } else if evidence.is_complete() {
        DataQuality::Complete
    } else {
        DataQuality::Partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evidence::{BackendStatus, Note, NoteCode, Source};

    const FOUND: [Found; 2] = [Found::Nothing, Found::Something];

    fn footing(states: &[BackendState], note: Option<NoteCode>, found: Found, worst: Option<Severity>) -> Answered {
        let backend = |(at, state): (usize, &BackendState)| BackendStatus {
            url: at.to_string(),
            ..BackendStatus::new(Source::Loki, *state)
        };
        let shell = Evidence {
            backends: states.iter().enumerate().map(backend).collect(),
            notes: note.map(|code| Note::new(code, Source::Loki, "n")).into_iter().collect(),
            ..Evidence::default()
        };
        let subject = Some("a".to_owned());
        Answered { subject, shell, settled: true, said: "s".to_owned(), found, worst, ..Answered::default() }
    }

    #[test]
    fn who_is_refused_needs_a_person_and_whatever_is_missing_is_told() {
        use BackendState::{Ok, Refused, Unreachable};
        let missing = Some(NoteCode::Skipped);
        for (states, note, wanted) in [
            (&[Ok, Ok][..], None, DataQuality::Complete),
            (&[Ok, Ok], Some(NoteCode::Info), DataQuality::Complete),
            (&[Ok, Unreachable], missing, DataQuality::Partial),
            (&[Unreachable, Refused], missing, DataQuality::ActionNeeded),
            (&[], None, DataQuality::Complete),
        ] {
            let footing = footing(states, note, Found::Something, None);
            assert_eq!(data(&footing.shell), wanted, "{states:?}");
            assert_eq!(footing.is_complete(), wanted == DataQuality::Complete, "{states:?}");
        }
    }

    #[test]
    fn where_nobody_is_there_nothing_is_known() {
        use BackendState::{LeftOut, NotConfigured, Ok};
        for (states, wanted) in [(&[LeftOut, NotConfigured][..], true), (&[Ok, NotConfigured], false), (&[], false)] {
            let footing = footing(states, None, Found::Nothing, None);
            assert_eq!(backend_status::nobody(&footing.shell.backends).is_some(), wanted, "{states:?}");
        }
    }

    #[test]
    fn of_two_answers_the_worse_counts_and_what_either_found() {
        for (mine, theirs) in FOUND.into_iter().flat_map(|mine| FOUND.map(|theirs| (mine, theirs))) {
            let first = footing(&[BackendState::Ok], None, mine, Some(Severity::Warning));
            let mut second = footing(&[BackendState::Ok], Some(NoteCode::Skipped), theirs, Some(Severity::Error));
            (second.unsaved, second.settled) = (Some(Exit::Output), false);
            let both = first.and(second);
            assert_eq!(both.found == Found::Something, mine == Found::Something || theirs == Found::Something);
            assert_eq!((both.worst, both.unsaved), (Some(Severity::Error), Some(Exit::Output)));
            assert!(!both.settled && !both.is_complete() && both.subject.is_none());
            assert_eq!(both.said, "ss");
        }
    }
}
