//! Flags of commands over a time window, and how much of it is read.

use clap::Args;

use crate::error::Error;
use crate::model::provenance::Supply;
use crate::options::backends::choice;
use crate::options::environment::Environment;
use crate::options::journey::JourneyArgs;
use crate::session::request::FigureSource;

/// The newest traces of each service that are read by default. Chosen, not measured.
const TRACES_PER_SERVICE: u32 = 200;

/// A window of time, a file, the demo, or one journey.
#[derive(Args, Clone, Debug, Default)]
pub struct WindowArgs {
    /// Of backends, the newest N traces of each service [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Time")]
    pub limit: Option<u32>,
    /// The flags of one journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

impl WindowArgs {
    /// The maximum number of traces to read of each service.
    pub(crate) fn traces_per_service(&self) -> usize {
        usize::try_from(self.limit.unwrap_or(TRACES_PER_SERVICE)).unwrap_or(usize::MAX)
    }
}

/// Where numbers are taken from.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ViaArgs {
    /// From metrics that count every span, from spans, or from whichever there is [default: auto]
    #[arg(long, value_name = "WAY", default_value = "auto", hide_default_value = true, value_parser = choice(&VIA_CHOICES), help_heading = "Sources")]
    pub via: FigureSource,
}

impl ViaArgs {
    /// What was said; none where it was left to the program.
    pub(crate) fn said(self) -> Option<&'static str> {
        VIA_CHOICES
            .iter()
            .find(|(_, source)| *source == self.via && *source != FigureSource::Auto)
            .map(|(name, _)| *name)
    }

    /// Refuses metrics that are demanded where there are none: of files, of the demo, of one journey.
    ///
    /// # Errors
    /// Usage: there are none.
    pub(crate) fn refuse_without_metrics(self, args: &WindowArgs, environment: &Environment) -> Result<(), Error> {
        if self.via != FigureSource::Metrics {
            return Ok(());
        }
        let (said, hint) = match args.journey.sources.supply(environment)? {
            Supply::Files(_) => {
                ("files hold spans and lines", "drop it to count their spans, or --input to ask the servers")
            }
            Supply::Demo(_) => ("the demo holds spans and lines", "drop it to count its spans"),
            Supply::Backends if args.journey.subject.subject()?.is_some() => {
                ("no metric tells of one journey", "drop it to read the journey's spans")
            }
            Supply::Backends => return Ok(()),
        };
        Err(Error::usage(format!("--via metrics: {said}"), hint))
    }
}

/// The values of `--via` by name.
pub(crate) const VIA_CHOICES: [(&str, FigureSource); 3] =
    [("auto", FigureSource::Auto), ("metrics", FigureSource::Metrics), ("spans", FigureSource::Spans)];
