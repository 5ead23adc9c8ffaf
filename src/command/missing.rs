//! `trace missing`: what is not there and should be.

use crate::analysis::journey::findings::baseline::Baseline;
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::evidence::{Note, NoteCode};
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::options::backends::BackendArgs;
use crate::options::filters::FilterArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::options::many_runs::ManyRunsArgs;
use crate::options::subject::SubjectArgs;
use crate::report::missing::{MissingReport, MissingRun};
use crate::report::text::counted;
use crate::session::FinishedSession;
use crate::session::answer::JourneyAnswer;
use crate::session::request::JourneyRequest;

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
        let compared = match self.baseline {
            Some(newest) => Some(Box::pin(self.runs_alike(newest, context)).await?),
            None => None,
        };
        let (session, request, many) = context.open_journeys(&self.journey, &self.many)?;
        let baseline = compared.as_ref().map(|(baseline, _)| baseline);
        let request = JourneyRequest { baseline, ..request };
        let mut runs = Vec::new();
        let take = |found: &mut JourneyAnswer| {
            let analysed = std::mem::take(&mut found.analysed);
            runs.push(MissingRun::new(&found.query.subject.text, analysed, &found.answer.provenance));
        };
        let mut answer = session.journeys(&request, many, take).await?;
        if let Some((_, runs)) = &compared {
            let said = format!("compared with {} that went well", counted(*runs, "other run"));
            answer.provenance.note(Note::general(NoteCode::Info, said));
        }
        let report = MissingReport::new(runs, least);
        Ok(context.outcome(answer, session.finish(), self.journey.verdict, report))
    }
}

impl MissingArgs {
    /// The good ones among the other runs, and how many they are: the newest of the backends that begin as this one
    /// does, or all others of the files or the demo.
    async fn runs_alike(&self, newest: u32, context: &Context) -> Result<(Baseline, usize), Error> {
        let mut others = self.journey.clone();
        others.subject = SubjectArgs::default();
        others.filters = FilterArgs::default();
        let sources = &mut others.sources;
        sources.demo = sources.demo.as_ref().map(|_| None);
        let asks_backends = sources.input.is_empty() && sources.demo.is_none();
        let is_named = self.journey.subject.subject()?.is_some();
        let (subject, entry) = if asks_backends || is_named || sources.demo.is_some() {
            let (session, request) = context.open_journey(&self.journey)?;
            let found = session.journey(&request).await?;
            let _: FinishedSession = session.finish();
            (Some(found.query.subject.text), beginning(&found.analysed.journey))
        } else {
            (None, None)
        };
        let many = ManyRunsArgs { recent: asks_backends.then_some(newest), ..ManyRunsArgs::default() };
        let (session, request, many) = context.open_journeys(&others, &many)?;
        let request = JourneyRequest { entry: entry.as_ref(), ..request };
        let (mut baseline, mut runs) = (Baseline::default(), 0);
        let add = |found: &mut JourneyAnswer| {
            let is_other = subject.as_ref() != Some(&found.query.subject.text);
            let succeeded = found.analysed.findings.worst_severity() < Some(Severity::Error);
            let provenance = &found.answer.provenance;
            if is_other && succeeded && provenance.complete && provenance.settled {
                baseline.add(&found.analysed.journey);
                runs += 1;
            }
        };
        session.journeys(&request, many, add).await?;
        let _: FinishedSession = session.finish();
        Ok((baseline, runs))
    }
}

/// The span with which a journey begins.
fn beginning(journey: &Journey) -> Option<(Pattern, Option<Pattern>)> {
    let first = journey.forest.roots.iter().map(|root| &journey.spans[*root]).find(|span| span.has_sane_time())?;
    Some((Pattern::exact(first.name.clone()), Some(Pattern::exact(first.service()))))
}
