//! `trace span`: one span whole.

use crate::analysis::journey::timeline::TimelineOptions;
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::action::{CommandName, Invocation};
use crate::model::journey::Journey;
use crate::model::provenance::Provenance;
use crate::model::span::Span;
use crate::options::backends::BackendArgs;
use crate::options::journey::JourneyArgs;
use crate::options::layers::ConfigSources;
use crate::report::find::FindReport;
use crate::report::span::SpanReport;
use crate::report::wording::SameData;
use crate::report::wording::actions::command;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
#[command(allow_missing_positional = true)]
pub struct SpanArgs {
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
    /// The span: its ID, or the beginning of it; `timeline -v` shows them
    #[arg(value_name = "SPAN", required = true, help_heading = None)]
    pub span: String,
}

impl Subcommand for SpanArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace span req-42 e127af99e3b3e074
  trace span req-42 e127            a prefix, if no other span has it
  trace span --demo e127",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let prefix = span_prefix(&self.span)?;
        let (session, request) = context.open_journey(&self.journey)?;
        let found = session.journey(&request).await?;
        // Before anything can fail: a recording that was made is kept, whether or not it has the span.
        let mut finished = session.finish();
        let journey = &found.analysed.journey;
        let span = match place(journey, &prefix, &found.summary.provenance) {
            Ok(index) => Ok(SpanReport::new(journey.clone(), index)),
            // The span may be in what is missing, so what is there is shown.
            Err(error) if journey.spans.is_empty() || !found.summary.provenance.complete => Err(error),
            Err(error) => return Err(error),
        };
        if let Err(error) = &span {
            finished.message(&format!("error: {error}"));
        }
        let verdict = self.journey.verdict;
        Ok(match span.ok().flatten() {
            Some(report) => context.outcome(found.summary, finished, verdict, report),
            None => {
                let report = FindReport::new(found.analysed, found.query.keys, TimelineOptions::compact());
                context.outcome(found.summary, finished, verdict, report)
            }
        })
    }
}

/// What may be the beginning of a span ID.
fn span_prefix(text: &str) -> Result<String, Error> {
    let prefix = text.trim().to_ascii_lowercase();
    if prefix.is_empty() || prefix.len() > 16 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::usage(
            format!("{prefix:?} is no span ID: those are up to 16 hex digits"),
            "write an ID that a screen shows, or the beginning of one",
        ));
    }
    Ok(prefix)
}

/// The command that shows all spans of the same data.
fn timeline(provenance: &Provenance) -> String {
    command(&Invocation::new(CommandName::Timeline), &SameData::new(provenance))
}

/// The one span whose ID begins so.
fn place(journey: &Journey, prefix: &str, provenance: &Provenance) -> Result<usize, Error> {
    let begins = |span: &Span| span.span_id.to_string().starts_with(prefix);
    let found: Vec<usize> = (0..journey.spans.len()).filter(|index| begins(&journey.spans[*index])).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::usage(
            format!("no span of this journey has an ID that begins with {prefix:?}"),
            format!("`{} -v` shows the IDs of all spans", timeline(provenance)),
        )),
        many => {
            let line = |index: &usize| {
                let span = &journey.spans[*index];
                format!("  {}   {}  {}", span.span_id, span.service(), span.name)
            };
            let lines: Vec<String> = many.iter().take(10).map(line).collect();
            let message = format!("{} spans have an ID that begins with {prefix:?}:\n{}", many.len(), lines.join("\n"));
            Err(Error::usage(message, "write more of its ID"))
        }
    }
}
