//! `trace missing`: what is not there and should be.

use crate::analysis::journey::findings::baseline::Baseline;
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::evidence::{Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::model::provenance::Supply;
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::options::many_runs::ManyRunsArgs;
use crate::report::missing::{BaselineComparison, MissingReport, MissingRun};
use crate::report::text::counted;
use crate::report::wording::shell::filter_flags;
use crate::session::Session;
use crate::session::answer::JourneyAnswer;
use crate::session::request::{JourneyRequest, JourneySelection, JourneysRequest};

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct MissingArgs {
    /// Show what is only worth knowing as well
    #[arg(long)]
    pub all: bool,
    /// Compare with the newest N runs that begin alike; of a file or the demo, with all others in it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000), conflicts_with_all = ["ids_from", "recent", "record"])]
    pub baseline: Option<u32>,
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
    /// Which runs, where there may be many.
    #[command(flatten)]
    pub many: ManyRunsArgs,
}

impl Subcommand for MissingArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace missing req-42
  trace missing req-42 --fail-on error          1 where something did not happen, for scripts
  trace missing req-42 --baseline 50            what the newest 50 runs like it have and this one has not
  trace missing --ids-from ids.txt --all        many runs, everything down to info
  trace missing --input download.json           every journey of a file
  trace missing --demo=lost-message",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let least = if self.all { Severity::Info } else { Severity::Warning };
        let selects_runs = self.many.recent.is_some();
        if !selects_runs {
            self.journey.filters.refuse_not_of_findings()?;
        }
        let (session, request, many) = context.open_journeys(&self.journey, &self.many)?;
        let compared = match self.baseline {
            Some(newest) => Some(Box::pin(runs_alike(newest, &session, &request)).await?),
            None => None,
        };
        let baseline = compared.as_ref().map(|(baseline, _)| baseline);
        let request = JourneyRequest { baseline, ..request };
        let mut runs = Vec::new();
        let take = |found: &mut JourneyAnswer| {
            if !selects_runs {
                let filters = &request.filters;
                found
                    .analysed
                    .findings
                    .list
                    .retain(|finding| filters.wants_operation(&finding.service, &finding.operation));
                found.summary.worst = found.analysed.findings.worst_severity();
            }
            let analysed = std::mem::take(&mut found.analysed);
            let comparison = match baseline.map(|baseline| baseline.compares(&analysed.journey)) {
                None => BaselineComparison::NotAsked,
                Some(false) => BaselineComparison::TooFew,
                Some(true) => BaselineComparison::Compared,
            };
            let mut run = MissingRun::new(&found.query.subject.text, analysed, &found.summary.provenance);
            run.comparison = comparison;
            runs.push(run);
        };
        let mut answer = session.journeys(&request, many, take).await?;
        if let Some((_, runs)) = &compared {
            let said = format!("compared with {} that went well", counted(*runs, "other run"));
            answer.provenance.note(Note::general(NoteCode::Info, said));
        }
        let selected_by = if selects_runs { String::new() } else { filter_flags(&request.filters) };
        let report = MissingReport::new(runs, least).selected_by(selected_by);
        Ok(context.outcome(answer, session.finish(), self.journey.verdict, report))
    }
}

/// The good ones among the other runs, and how many they are: the newest of the backends that begin as this one
/// does, or all others of the files or the demo.
async fn runs_alike(newest: u32, session: &Session, request: &JourneyRequest<'_>) -> Result<(Baseline, usize), Error> {
    let asks_backends = session.data().supply == Supply::Backends;
    let is_named = request.subject.is_some();
    let (subject, entry) = if asks_backends || is_named || session.is_demo() {
        let found = session.journey(request).await?;
        (Some(found.query.subject.text), beginning(&found.analysed.journey))
    } else {
        (None, None)
    };
    let newest = usize::try_from(newest).unwrap_or(usize::MAX);
    let selection = if asks_backends { JourneySelection::Recent(newest) } else { JourneySelection::Everything };
    let many = JourneysRequest { selection, timeout: None };
    let others =
        JourneyRequest { subject: None, filters: Filters::default(), entry: entry.as_ref(), ..request.clone() };
    // The runs are a question of their own, with the whole time limit.
    session.begin_question();
    let (mut baseline, mut runs) = (Baseline::default(), 0);
    let add = |found: &mut JourneyAnswer| {
        let is_other = subject.as_ref() != Some(&found.query.subject.text);
        let succeeded = found.analysed.findings.worst_severity() < Some(Severity::Error);
        let provenance = &found.summary.provenance;
        if is_other && succeeded && provenance.complete && provenance.settled {
            baseline.add(&found.analysed.journey);
            runs += 1;
        }
    };
    session.journeys(&others, many, add).await?;
    Ok((baseline, runs))
}

/// The span with which a journey begins.
fn beginning(journey: &Journey) -> Option<(Pattern, Option<Pattern>)> {
    let first = journey.forest.roots.iter().map(|root| &journey.spans[*root]).find(|span| span.has_sane_time())?;
    Some((Pattern::exact(first.name.clone()), Some(Pattern::exact(first.service()))))
}
