//! Many journeys: of a list of IDs, the newest of the backends, all of files or of the demo. Each is handed over as it
//! comes, so that none need be kept.

use std::collections::HashMap;

use futures_util::stream::{StreamExt, iter};
use tokio::time::Instant;

use crate::analysis::journey::findings::known::Knowledge;
use crate::error::Error;
use crate::gather::recent_journeys::{Recent, RecentQuery, recent};
use crate::model::evidence::Evidence;
use crate::model::provenance::Provenance;
use crate::model::time::{HOUR, Window};
use crate::progress::Progress;
use crate::query::Subject;
use crate::session::answer::{AnswerSummary, Found, JourneyAnswer};
use crate::session::files::within;
use crate::session::journey::{ServerQuestion, demo_run};
use crate::session::request::{JourneyRequest, JourneySelection, JourneysRequest};
use crate::session::stitched::StitchedJourney;
use crate::session::{OpenedData, Servers, Session};
use crate::source::demo::{self, DemoRun};
use crate::stitch::split::{SplitEvidence, split};

/// How many journeys are asked about at the same time: as many as one backend takes requests by default.
const IN_FLIGHT: usize = 8;

impl Session {
    /// Hands over every journey that is selected: those of a list in its order, the newest of the backends newest first.
    /// The answer is about all of them.
    ///
    /// # Errors
    /// As [`Session::journey`]; usage where there is none at all.
    pub(crate) async fn journeys(
        &self,
        request: &JourneyRequest<'_>,
        many: JourneysRequest,
        mut take: impl FnMut(&mut JourneyAnswer),
    ) -> Result<AnswerSummary, Error> {
        let mut all: Option<AnswerSummary> = None;
        let is_listed = many.selection.listed().is_some();
        let mut add = |mut answer: JourneyAnswer| {
            if is_listed && answer.summary.found == Found::Nothing {
                answer.summary.not_found.push(answer.query.subject.text.clone());
            }
            take(&mut answer);
            all = Some(answer.summary.after(all.take()));
        };
        let selection = &many.selection;
        match &self.data {
            OpenedData::Files(files) if *selection != JourneySelection::Named => {
                let evidence = files.read(request.window, &self.named(&request.filters))?;
                let status = evidence.status_only();
                let shares = split(evidence, &self.config.keys, selection.listed().unwrap_or_default());
                self.together(shares, selection.listed(), request).into_iter().for_each(&mut add);
                all = all.or_else(|| self.incomplete_answer(&status));
            }
            OpenedData::Demo(scenario) if selection.is_many_of_the_demo(scenario.as_deref()) => {
                let mut request = request.clone();
                demo::embedded().iter().for_each(|(_, run)| request.known.learn_spans(&run.spans));
                let scenario = scenario.as_deref().filter(|_| *selection != JourneySelection::Everything);
                let shares = demo_shares(scenario, selection.listed(), request.window)?;
                self.together(shares, selection.listed(), &request).into_iter().for_each(&mut add);
                let unknown = self.unknown_in_demo(&request.filters);
                all.iter_mut().for_each(|all| unknown.iter().for_each(|note| all.provenance.note(note.clone())));
            }
            OpenedData::Servers(servers) if selection.is_many() => {
                let (subjects, search) = match &many.selection {
                    JourneySelection::Recent(newest) => {
                        let recent = self.recent(servers, *newest, request).await;
                        let subjects = recent.journeys.into_iter().map(|candidate| candidate.subject);
                        (subjects.collect(), Some(recent.status))
                    }
                    _ => (selection.listed().unwrap_or_default().to_vec(), None),
                };
                let mut key = None;
                let take = |answer: JourneyAnswer| {
                    key = key.take().or_else(|| answer.key_that_worked().map(str::to_owned));
                    add(answer);
                };
                self.ask_each(servers, subjects, (request, &many), take).await;
                servers.remember(key.as_deref());
                let mut answer = all.unwrap_or_else(no_journeys);
                search.into_iter().for_each(|asked| answer.provenance.absorb(asked));
                all = Some(answer);
            }
            _ => add(self.journey(request).await?),
        }
        let nothing = || Error::usage("there is no journey in it", "name one with --correlation-id or --trace-id");
        all.ok_or_else(nothing)
    }

    /// The newest runs that begin with the requested operation, or that the filters select. What may still change is
    /// left for later.
    async fn recent(&self, servers: &Servers, newest: usize, request: &JourneyRequest<'_>) -> Recent {
        let query = self.query(Subject::correlation(""));
        let (root, root_service) = request.entry.cloned().map_or((None, None), |(root, service)| (Some(root), service));
        let wanted = RecentQuery {
            root,
            root_service,
            filters: request.filters.clone(),
            window: request.window.unwrap_or_else(|| Window::new(self.now.plus(-HOUR), self.now.plus(1))),
            newest,
            ended_before: Some(self.settled_before().plus(-request.grace_ns)),
            keys: query.keys,
            services: if request.services.is_empty() { query.services } else { request.services.to_vec() },
            bounds: query.bounds,
        };
        let progress = self.config.progress.spinner();
        let found = Box::pin(recent(&wanted, &servers.sources(&progress))).await;
        progress.done();
        found
    }

    /// Asks about each, several at the same time, and hands them over in their order.
    async fn ask_each(
        &self,
        servers: &Servers,
        subjects: Vec<Subject>,
        (request, many): (&JourneyRequest<'_>, &JourneysRequest),
        mut take: impl FnMut(JourneyAnswer),
    ) {
        let until = many.timeout.map(|timeout| Instant::now() + timeout);
        let bar = self.config.progress.bar(subjects.len());
        let silent = Progress::silent();
        let ask = |subject: Subject| {
            let (progress, transport) = (&silent, servers.transport.fork(until));
            async move {
                let question = ServerQuestion { transport: &transport, progress, subject };
                Box::pin(self.ask(servers, question, request)).await
            }
        };
        let mut answers = iter(subjects).map(ask).buffered(IN_FLIGHT);
        while let Some(answer) = answers.next().await {
            bar.step();
            take(answer);
        }
        bar.done();
    }

    /// Journeys that are all at hand, each analysed by what all of them show: those that are listed, in the list's
    /// order, else all.
    fn together(
        &self,
        shares: SplitEvidence,
        listed: Option<&[Subject]>,
        request: &JourneyRequest,
    ) -> Vec<JourneyAnswer> {
        let mut known = request.known.clone();
        let stitched =
            |(subject, evidence), known: &mut Knowledge| StitchedJourney::new(evidence, self.query(subject), known);
        let mut all: Vec<StitchedJourney> = shares.all.into_iter().map(|share| stitched(share, &mut known)).collect();
        // These are parts of journeys above under another ID: what they show is known already.
        all.extend(shares.others.into_iter().map(|share| stitched(share, &mut Knowledge::default())));
        if let Some(listed) = listed {
            let places: HashMap<&str, usize> =
                listed.iter().enumerate().map(|(nth, one)| (one.text.as_str(), nth)).collect();
            all.retain(|one| places.contains_key(one.id()));
            all.sort_by_key(|one| places.get(one.id()).copied());
        }
        all.into_iter().map(|one| one.analyse(&known, request, self)).collect()
    }

    /// The answer about files in which no journey is, where not all of them could be read.
    fn incomplete_answer(&self, asked: &Evidence) -> Option<AnswerSummary> {
        let provenance = Provenance { data: self.config.data.clone(), ..Provenance::from_evidence(asked) };
        (!asked.is_complete()).then(|| AnswerSummary { provenance, ..AnswerSummary::default() })
    }
}

impl JourneySelection {
    fn listed(&self) -> Option<&[Subject]> {
        match self {
            Self::Listed(subjects) => Some(subjects),
            Self::Named | Self::All | Self::Everything | Self::Recent(_) => None,
        }
    }

    fn is_many(&self) -> bool {
        matches!(self, Self::Listed(_) | Self::Recent(_))
    }

    /// A scenario is one run.
    fn is_many_of_the_demo(&self, scenario: Option<&str>) -> bool {
        match self {
            Self::Listed(_) | Self::Everything => true,
            Self::All => scenario.is_none(),
            Self::Named | Self::Recent(_) => false,
        }
    }
}

/// The answer where no journey was found: some may still be arriving.
fn no_journeys() -> AnswerSummary {
    AnswerSummary { provenance: Provenance { settled: false, ..Provenance::default() }, ..AnswerSummary::default() }
}

/// The runs of the demo; and the listed subjects that are none of them.
fn demo_shares(
    scenario: Option<&str>,
    listed: Option<&[Subject]>,
    window: Option<Window>,
) -> Result<SplitEvidence, Error> {
    let evidence = |run: &DemoRun| within(demo::evidence(run), window);
    let runs = match scenario {
        Some(name) => vec![demo_run(None, Some(name))?.1],
        None => demo::embedded().into_iter().map(|(_, run)| run).collect(),
    };
    let is_run = |id: &str| runs.iter().any(|run| run.correlation_id == id);
    let other = |subject: &Subject| {
        let run = demo::find(&subject.text).filter(|(_, run)| is_run(&run.correlation_id)).map(|(_, run)| run);
        (subject.clone(), evidence(&run.unwrap_or_default()))
    };
    let others = listed.unwrap_or_default().iter().filter(|subject| !is_run(&subject.text)).map(other).collect();
    let share = |run: &DemoRun| (Subject::correlation(&run.correlation_id), evidence(run));
    Ok(SplitEvidence { all: runs.iter().map(share).collect(), others })
}
