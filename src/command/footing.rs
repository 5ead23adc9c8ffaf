//! What an answer rests on, and what it makes of the exit code.

use crate::command::{Context, Outcome};
use crate::error::Exit;
use crate::model::evidence::{BackendState, Evidence};
use crate::model::finding::Severity;
use crate::options::journey::{Data, Found, JourneyArgs};
use crate::render::{Format, escape, render};
use crate::report::{Body, Link, Report};

/// What an answer rests on: one about a journey, or about many.
#[derive(Default)]
pub struct Footing {
    /// About whom; none where about many.
    pub subject: Option<String>,
    /// What was asked, how the backends did, and what is to be remarked; without spans and lines.
    pub shell: Evidence,
    /// Whether nothing more is to come.
    pub settled: bool,
    /// The flags that a following command needs to mean the same data.
    pub flags: String,
    /// Pages of the backends' own about the same.
    pub links: Vec<Link>,
    /// What is said beside the answer.
    pub said: String,
    /// Whether anything was found.
    pub found: Found,
    /// The gravest of what may decide the code.
    pub worst: Option<Severity>,
    /// The code, where the recording could not be written.
    pub unsaved: Option<Exit>,
}

impl Footing {
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
    pub fn outcome(self, args: &JourneyArgs, context: &Context, body: Body) -> Outcome {
        let exit = self.unsaved.unwrap_or_else(|| args.verdict.exit(self.found, data(&self.shell), self.worst));
        let report = self.report(body);
        self.shown(exit, context, &report)
    }

    /// The report that says this.
    pub fn report(&self, body: Body) -> Report {
        let mut report = Report::new(body).about(self.subject.clone().unwrap_or_default(), &self.shell);
        report.subject = report.subject.filter(|subject| !subject.is_empty());
        report.settled = self.settled;
        report.flags.clone_from(&self.flags);
        report.links.clone_from(&self.links);
        report
    }

    /// The report in the form that is wanted, with this code.
    pub fn shown(self, exit: Exit, context: &Context, report: &Report) -> Outcome {
        let grave = report.notes.iter().filter(|note| note.code.is_incomplete() && context.format() == Format::Csv);
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
pub fn data(evidence: &Evidence) -> Data {
    if evidence.backends.iter().any(|b| b.state == BackendState::Refused) {
        Data::NeedsPerson
    } else if evidence.is_complete() {
        Data::Complete
    } else {
        Data::Partial
    }
}
