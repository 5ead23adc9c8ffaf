//! One journey: from backends, a recording, files or the demo.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::gather;
use crate::model::evidence::{Evidence, Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::provenance::DataSelection;
use crate::model::source::Source;
use crate::model::time::Timestamp;
use crate::progress::Progress;
use crate::query::{Query, Subject, TimeRange};
use crate::report::wording::shell::quoted;
use crate::session::answer::{Found, JourneyAnswer};
use crate::session::files::{only_journey, within};
use crate::session::request::JourneyRequest;
use crate::session::stitched::StitchedJourney;
use crate::session::unknown_names::DataNames;
use crate::session::{OpenedData, Servers, Session};
use crate::source::demo::{self, DemoRun, hours};
use crate::source::server::transport::Transport;
use crate::stitch::subjects::subjects;

impl Session {
    /// The journey that the request names; of files and of the demo the only one where it names none.
    ///
    /// # Errors
    /// Usage, a file that cannot be read. What a backend did wrong is a note of the answer.
    pub async fn journey(&self, request: &JourneyRequest<'_>) -> Result<JourneyAnswer, Error> {
        let pasted = request.subject.as_ref().and_then(|subject| subject.pasted.clone());
        let given = Box::pin(self.journey_as_given(request)).await;
        let is_found = |answer: &Result<JourneyAnswer, Error>| {
            answer.as_ref().is_ok_and(|answer| answer.summary.found == Found::Something)
        };
        let Some(pasted) = pasted.filter(|_| !is_found(&given)) else { return given };
        let subject = Some(Subject::either(&pasted.text));
        let mut inner = Box::pin(self.journey_as_given(&JourneyRequest { subject, ..request.clone() })).await;
        if !is_found(&inner) {
            return given;
        }
        if let Ok(answer) = &mut inner {
            let said = format!("nothing has the ID as given; it is {} with the ID {}", pasted.form, pasted.text);
            answer.summary.provenance.note(Note::general(NoteCode::Info, said));
        }
        inner
    }

    async fn journey_as_given(&self, request: &JourneyRequest<'_>) -> Result<JourneyAnswer, Error> {
        match &self.data {
            OpenedData::Servers(servers) => {
                let subject = request.subject.clone().ok_or_else(no_subject)?;
                self.begin_question();
                let progress = self.config.progress.spinner();
                let asked = ServerQuestion { transport: &servers.transport, progress: &progress, subject };
                let answer = Box::pin(self.ask(servers, asked, request)).await;
                progress.done();
                servers.remember(answer.key_that_worked());
                Ok(answer)
            }
            OpenedData::Files(files) => {
                let evidence = files.read(request.window, &self.named(&request.filters))?;
                let subject = match &request.subject {
                    Some(subject) => subject.clone(),
                    None => only_journey(subjects(&evidence, &self.config.keys), &evidence.notes)?,
                };
                let other_keys = keys_of(&subject.text, &evidence);
                let mut answer = self.analysed(evidence, self.query(subject), request);
                if answer.summary.found == Found::Nothing {
                    other_keys.into_iter().for_each(|note| answer.summary.provenance.note(note));
                }
                Ok(answer)
            }
            OpenedData::Demo(scenario) => {
                let (name, run) = demo_run(request.subject.as_ref(), scenario.as_deref())?;
                let query = self.query(Subject::correlation(&run.correlation_id));
                let mut request = request.clone();
                let unknown = self.unknown_in_demo(&request.filters);
                demo::embedded().iter().for_each(|(_, run)| request.known.learn_spans(&run.spans));
                let mut answer = self.analysed(within(demo::evidence(&run), request.window), query, &request);
                answer.summary.provenance.data =
                    DataSelection { supply: DataSelection::demo(Some(name)).supply, ..answer.summary.provenance.data };
                unknown.into_iter().for_each(|note| answer.summary.provenance.note(note));
                Ok(answer)
            }
        }
    }

    /// Names in flags that no run of the demo has.
    pub(super) fn unknown_in_demo(&self, filters: &Filters) -> Vec<Note> {
        let named = self.named(filters);
        if named.is_empty() {
            return Vec::new();
        }
        let mut names = DataNames::default();
        demo::embedded().iter().for_each(|(_, run)| names.add(&demo::evidence(run)));
        names.notes(&named)
    }

    /// The journey of one subject, from the backends.
    pub(super) async fn ask(
        &self,
        servers: &Servers,
        question: ServerQuestion<'_>,
        request: &JourneyRequest<'_>,
    ) -> JourneyAnswer {
        let ServerQuestion { transport, progress, subject } = question;
        let time = TimeRange::new(request.window, &subject, self.now);
        let mut query = Query { time, first_key: servers.first_key.clone(), ..self.query(subject) };
        if !request.services.is_empty() {
            query.services = request.services.to_vec();
        }
        let sources = &gather::sources::Sources { transport, ..servers.sources(progress) };
        let (evidence, query) = match request.wait {
            None => (gather::gather(&query, sources).await, query),
            Some(wait) => {
                let check = |evidence: &Evidence, now: Timestamp| {
                    let query = Query { now, ..query.clone() };
                    (wait.check)(&self.analysed(evidence.clone(), query, request))
                };
                let waited = gather::wait::until(&query, sources, wait.patience, check).await;
                (waited.evidence, waited.query)
            }
        };
        let unknown = DataNames::services_notes(&evidence, &request.filters);
        let mut answer = self.analysed(evidence, query, request);
        unknown.into_iter().for_each(|note| answer.summary.provenance.note(note));
        if !request.metrics.is_empty() {
            progress.say("reading metrics");
            answer.readings = servers.readings(transport, &mut answer, request.metrics).await;
        }
        if request.context_lines > 0 && transport.interrupted().is_none() {
            progress.say("asking for the lines around");
            let logs = &answer.analysed.journey.logs;
            let lines = gather::context_lines::gather(logs, request.context_lines, sources, &answer.query);
            let (lines, notes) = lines.await;
            answer.context_lines = lines;
            notes.into_iter().for_each(|note| answer.summary.provenance.note(note));
        }
        answer
    }

    /// The journey of this evidence with its findings, given what it shows itself and what is known beside it.
    fn analysed(&self, evidence: Evidence, query: Query, request: &JourneyRequest) -> JourneyAnswer {
        let mut known = request.known.clone();
        StitchedJourney::new(evidence, query, &mut known).analyse(&known, request, self)
    }
}

/// That attributes have this value which are not among the keys, and how to find it by them.
fn keys_of(id: &str, evidence: &Evidence) -> Option<Note> {
    let attributes =
        evidence.spans.iter().flat_map(|span| span.attributes.iter().chain(span.resource.attributes.iter()));
    let keys: BTreeSet<&str> = attributes.filter(|(_, value)| value.as_str() == Some(id)).map(|(key, _)| key).collect();
    let first = keys.first()?;
    let said = format!("the attribute {first} has this value: --key {} finds it", quoted(first));
    Some(Note::new(NoteCode::Info, Source::File, said))
}

/// A question to the backends about one subject.
pub(super) struct ServerQuestion<'a> {
    /// Sends the requests, within the limits of this question.
    pub(super) transport: &'a Transport,
    /// Shows what is being waited for.
    pub(super) progress: &'a Progress,
    /// What it is about.
    pub(super) subject: Subject,
}

/// Backends hold more than one journey.
pub(super) fn no_subject() -> Error {
    Error::usage("whom is this about? no ID was given", "add the ID, or --demo, or --input FILE to look at all in it")
}

/// A run of the demo, by its ID or by its scenario, and what `--demo=` calls it; the broken one where neither is given.
///
/// # Errors
/// Usage: none has this name.
pub(super) fn demo_run(subject: Option<&Subject>, scenario: Option<&str>) -> Result<(String, DemoRun), Error> {
    let name = subject.map(|subject| subject.text.as_str()).or(scenario).unwrap_or(demo::DEFAULT_SCENARIO);
    let embedded = demo::find(name).map(|(scenario, run)| (scenario.name.to_owned(), run));
    let ordinary = || hours::find(name).map(|run| (run.correlation_id.clone(), run));
    embedded.or_else(ordinary).ok_or_else(|| {
        let names: Vec<&str> = demo::scenarios().iter().map(|scenario| scenario.name).collect();
        Error::usage(format!("the demo has no {name:?}"), format!("there are {}", names.join(", ")))
    })
}
