//! What a session is asked for: a journey, many journeys, or a window of time.

use std::time::Duration;

use crate::analysis::journey::findings::baseline::Baseline;
use crate::analysis::journey::findings::known::Knowledge;
use crate::gather::wait::{Patience, WaitDecision};
use crate::model::filter::Filters;
use crate::model::pattern::Pattern;
use crate::model::provenance::GivenTimes;
use crate::model::time::Window;
use crate::pipeline::spec::Metric;
use crate::query::Subject;
use crate::session::answer::JourneyAnswer;

/// A journey to be found, and what is wanted beside it.
#[derive(Clone, Default)]
pub struct JourneyRequest<'a> {
    /// Its ID; none for the only journey of a file, or the demo's own.
    pub subject: Option<Subject>,
    /// When to search; none where the user gave no time.
    pub window: Option<Window>,
    /// The same as the user wrote it, for commands on the same data.
    pub times: GivenTimes,
    /// What of it the answer is about.
    pub filters: Filters,
    /// How many log lines around each of its own to read as well.
    pub context_lines: usize,
    /// What is known before anything is asked.
    pub known: Knowledge,
    /// Good runs to compare with.
    pub baseline: Option<&'a Baseline>,
    /// The services to search where a backend needs one; empty means those of the configuration.
    pub services: &'a [String],
    /// Metrics to read at the journey's end.
    pub metrics: &'a [Metric],
    /// How long ago a recent run must have ended beyond the settle time, in nanoseconds.
    pub grace_ns: i64,
    /// The operation that recent runs begin with, and its service; any where none.
    pub entry: Option<&'a (Pattern, Option<Pattern>)>,
    /// How long to ask again, and when it is enough; asked once where none.
    pub wait: Option<&'a WaitCondition<'a>>,
}

/// How long to ask again, and when it is enough.
pub struct WaitCondition<'a> {
    /// How long.
    pub patience: Patience,
    /// Whether an answer is enough.
    pub check: &'a dyn Fn(&JourneyAnswer) -> WaitDecision,
}

/// Which journeys are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JourneySelection {
    /// The one that the request names.
    Named,
    /// All in the files or in the demo; backends cannot be asked for all.
    All,
    /// As [`Self::All`], and all of the demo even where one scenario of it is open.
    Everything,
    /// Those with these IDs, in this order.
    Listed(Vec<Subject>),
    /// The newest, at most this many.
    Recent(usize),
}

/// Many journeys to be found.
#[derive(Clone, Debug)]
pub(crate) struct JourneysRequest {
    /// Which.
    pub(crate) selection: JourneySelection,
    /// How long all of them may take together; unlimited where none.
    pub(crate) timeout: Option<Duration>,
}

/// A window of time, or the one journey of it that is named.
#[derive(Clone, Debug, Default)]
pub struct WindowRequest {
    /// The ID of the journey; none for the window.
    pub subject: Option<Subject>,
    /// When; none where the user gave no time.
    pub window: Option<Window>,
    /// The times as they were typed.
    pub times: GivenTimes,
    /// What of the data the answer is about.
    pub filters: Filters,
    /// How many traces of each service to read at most.
    pub traces_per_service: usize,
    /// Which traces.
    pub search: WindowSearch,
}

/// Which traces of a window are searched for.
#[derive(Clone, Debug, Default)]
pub struct WindowSearch {
    /// Which traces of each service.
    pub traces: TraceSelection,
    /// Which of a service's traces, where it has more than are read.
    pub spread: SampleSpread,
    /// Log lines with one of these texts, and the traces that they name.
    pub texts: Vec<Pattern>,
    /// Only these services; none for those of the filters.
    pub services: Option<Vec<Pattern>>,
}

impl WindowSearch {
    /// For these traces alone.
    pub(crate) fn for_traces(traces: TraceSelection) -> Self {
        Self { traces, ..Self::default() }
    }
}

/// Which traces of each service are searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceSelection {
    /// The newest.
    #[default]
    Newest,
    /// The newest, and in a search of their own the newest with errors: the newest of all may have none.
    AndErrors,
}

pub(crate) use crate::gather::sample::SampleSpread;

/// Where figures of a window are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FigureSource {
    /// Metrics if there are any, else spans.
    #[default]
    Auto,
    /// Metrics.
    Metrics,
    /// Spans.
    Spans,
}
