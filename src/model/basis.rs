//! The basis of a window's figures: where they come from, and how much was read for them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::filter::Filters;
use crate::model::journey::Journey;
use crate::model::source::Source;

/// Where figures come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedFrom {
    /// Spans: exact for those that were read.
    #[default]
    Spans,
    /// Metrics that a collector made from all spans: estimates.
    Metrics,
}

/// The basis of figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Basis {
    /// Where they come from.
    pub via: CountedFrom,
    /// The metric; none for spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The backend of the metrics; none for spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<Source>,
    /// How many calls were counted, by the metrics or as spans, of those that pass the filters.
    pub calls: u64,
    /// How many journeys were read that have any of these.
    pub journeys: usize,
    /// How many lines were read, of those that pass the filters.
    pub lines: usize,
    /// How many traces of each service were asked for; none where everything was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether the traces of a service that has more are spread over the whole window; otherwise they are the newest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub evenly: bool,
    /// The services that were sampled, by name; empty where everything was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<SampledService>,
}

/// How many traces of a service were read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SampledService {
    /// Its name.
    pub service: String,
    /// How many of its traces were read.
    pub traces: usize,
    /// Whether there may be more: as many came as were asked for.
    pub cut: bool,
}

impl SampledService {
    /// Adds other samples, of the same services or of others.
    pub(crate) fn add_all(services: &mut Vec<Self>, others: Vec<Self>) {
        for other in others {
            match services.iter_mut().find(|known| known.service == other.service) {
                Some(known) => {
                    known.traces += other.traces;
                    known.cut |= other.cut;
                }
                None => services.push(other),
            }
        }
    }
}

impl Basis {
    /// Counts the spans and lines of a journey that pass the filters. A filter for errors does not count here: a share of
    /// errors is one of all calls.
    pub(crate) fn add(&mut self, journey: &Journey, filters: &Filters) {
        let of_any_status = Filters { errors_only: false, ..filters.clone() };
        let spans = journey.spans.iter().filter(|span| of_any_status.wants_span(span)).count();
        let lines = if of_any_status.are_about_spans() { &[][..] } else { &journey.logs };
        let lines = lines.iter().filter(|line| of_any_status.wants_line(line)).count();
        self.calls = self.calls.saturating_add(spans as u64);
        self.lines += lines;
        self.journeys += usize::from(spans + lines > 0);
    }

    /// How many services may have more traces than were read.
    pub(crate) fn cut_services(&self) -> usize {
        self.services.iter().filter(|service| service.cut).count()
    }
}
