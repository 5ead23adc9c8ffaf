//! `trace why`: what the bad journeys have in common that the good ones have not.

use crate::analysis::window::why::{FeatureKind, Question, Slow, WhyFold};
use crate::command::{Context, Outcome, Subcommand, unless_demo};
use crate::error::Error;
use crate::model::criteria::Criteria;
use crate::model::duration::positive_duration;
use crate::model::provenance::Supply;
use crate::options::backends::{BackendArgs, choice};
use crate::options::criteria::parse_criteria;
use crate::options::layers::ConfigSources;
use crate::options::window::WindowArgs;
use crate::report::why::{WhyQuestion, WhyReport};
use crate::session::request::{SampleSpread, TraceSelection, WindowSearch};
use crate::source::role::Role;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct WhyArgs {
    /// Which journeys are bad [default: error; with --good alone, all others]
    #[arg(long, value_name = "TERMS", value_parser = parse_criteria, allow_hyphen_values = true)]
    pub bad: Option<Criteria>,
    /// Which are good [default: all others]
    #[arg(long, value_name = "TERMS", value_parser = parse_criteria, allow_hyphen_values = true)]
    pub good: Option<Criteria>,
    /// Compare the slow with the fast: the slowest tenth of each entry operation, or those that last longer than this
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, value_parser = positive_duration, conflicts_with_all = ["bad", "good"])]
    pub slow: Option<Option<i64>>,
    /// Show so many rows
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub top: u32,
    /// Compare only these: attribute, operation, service; repeatable
    #[arg(long, value_name = "KIND", value_parser = choice(&KINDS), value_delimiter = ',')]
    pub by: Vec<FeatureKind>,
    /// The journeys.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Kinds by their words.
const KINDS: [(&str, FeatureKind); 3] =
    [("attribute", FeatureKind::Attribute), ("operation", FeatureKind::Operation), ("service", FeatureKind::Service)];

impl Subcommand for WhyArgs {
    const EXAMPLES: Option<&'static str> = Some(
        "\
Examples:
  trace why --since 1h                                    those with an error against all others
  trace why --bad 'error service=cj_*' --good '!error'
  trace why --bad 'tag.tenant=acme duration>2s'           against all others
  trace why --slow                                        the slowest tenth of each entry; --slow=2s: those over it
  trace why --input download.json --by attribute
  trace why --demo

Terms of --bad and --good, all of which must hold:
  error  service=NAME  operation=NAME  KEY=VALUE  tag.KEY=VALUE  duration>500ms     of one and the same span
  !error  service!=NAME  KEY!=VALUE  duration<2s     of the spans that the terms above pick, none may be otherwise
  log=TEXT  log!=TEXT                                some line, or none, holds it
Values: `*` is anything, `re:…` a regular expression; with blanks in quotes.",
    );

    fn backends(&self) -> Option<&BackendArgs> {
        Some(&self.window.journey.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        unless_demo(&self.window.journey.sources)
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let journey = &self.window.journey;
        journey.verdict.refuse_fail_on("why", "trace hotspots and trace missing judge what they find")?;
        let slow = self.slow.map(|limit| limit.map_or(Slow::Tenth, Slow::Over));
        let question = Question { bad: self.bad.clone(), good: self.good.clone(), slow, kinds: self.by.clone() };
        let texts = question.texts();
        let asks_backends = journey.sources.supply(&context.environment)? == Supply::Backends;
        let is_window = journey.subject.subject()?.is_none();
        if !texts.is_empty() && asks_backends && is_window && journey.backends.without.contains(&Role::Logs.backend()) {
            return Err(Error::usage("--without loki: lines come from it alone", "leave loki in, or drop log=…"));
        }
        let (session, mut request) = context.open_window(&self.window)?;
        let traces = if question.is_about_errors() { TraceSelection::AndErrors } else { TraceSelection::Newest };
        request.search = WindowSearch { spread: SampleSpread::Even, texts, ..WindowSearch::for_traces(traces) };
        let asked = WhyQuestion::new(&question);
        let mut fold = WhyFold::new(question);
        let read = session.window(&request, |journey| fold.add(&journey, &request.filters)).await?;
        let top = usize::try_from(self.top).unwrap_or(usize::MAX);
        let report = WhyReport::new(asked, fold.finish(), read.basis, top);
        Ok(context.outcome(read.summary, session.finish(), journey.verdict, report))
    }
}
