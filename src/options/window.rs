//! Flags of commands over a time window, and how much of it is read.

use clap::Args;

use crate::options::backends::choice;
use crate::options::journey::JourneyArgs;

/// A window of time, a file, the demo, or one journey.
#[derive(Args, Clone, Debug, Default)]
pub struct WindowArgs {
    /// Of backends, the newest N traces of each service
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Time")]
    pub limit: u32,
    /// The flags of one journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
}

impl WindowArgs {
    /// The maximum number of traces to read of each service.
    pub fn traces_per_service(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

/// Where numbers are taken from.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ViaArgs {
    /// From metrics that count every span, from spans, or from whichever there is [default: auto]
    #[arg(long, value_name = "WAY", default_value = "auto", hide_default_value = true, value_parser = choice(&VIA_CHOICES), help_heading = "Sources")]
    pub via: ViaChoice,
}

/// The value of `--via`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ViaChoice {
    /// Metrics if there are any, else spans.
    #[default]
    Auto,
    /// Metrics.
    Metrics,
    /// Spans.
    Spans,
}

/// The values of `--via` by name.
pub const VIA_CHOICES: [(&str, ViaChoice); 3] =
    [("auto", ViaChoice::Auto), ("metrics", ViaChoice::Metrics), ("spans", ViaChoice::Spans)];
