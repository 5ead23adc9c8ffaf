//! What the numbers of a window rest on: never left unsaid.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::evidence::Source;
use crate::model::filter::Filters;
use crate::model::journey::Journey;

/// Where numbers were taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedFrom {
    /// From spans: exact for those that were read.
    #[default]
    Spans,
    /// From metrics that were made of all spans: estimates.
    Metrics,
}

/// What numbers rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Basis {
    /// Where they were taken from.
    pub via: CountedFrom,
    /// The metrics they were taken from; none for spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Who told the metrics; none for spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<Source>,
    /// How many calls were counted: by the metrics, or spans that were read; those that are as the filters say.
    pub calls: u64,
    /// How many journeys were read in which any of it stands.
    pub journeys: usize,
    /// How many lines were read; those that are as the filters say.
    pub lines: usize,
    /// So many traces of each service were asked for; none where everything was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether those of services of which there are more are from all parts of the time; else the newest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub evenly: bool,
    /// The services that were asked one by one, by name; empty where everything was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<SampledService>,
}

/// How many traces of a service were read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SampledService {
    /// Its name.
    pub service: String,
    /// How many of its traces came.
    pub traces: usize,
    /// Whether there may be more: as many came as were asked for.
    pub cut: bool,
}

impl SampledService {
    /// Adds what was read of the same services at another time, or of others.
    pub fn add_all(all: &mut Vec<Self>, others: Vec<Self>) {
        for other in others {
            match all.iter_mut().find(|known| known.service == other.service) {
                Some(known) => {
                    known.traces += other.traces;
                    known.cut |= other.cut;
                }
                None => all.push(other),
            }
        }
    }
}

impl Basis {
    /// Adds what was read of a journey and is as these filters say, whether it failed or not.
    pub fn add(&mut self, journey: &Journey, filters: &Filters) {
        let whatever = Filters { errors_only: false, ..filters.clone() };
        let spans = journey.spans.iter().filter(|span| whatever.wants_span(span)).count();
        let lines = if whatever.are_about_spans() { &[][..] } else { &journey.logs };
        let lines = lines.iter().filter(|line| whatever.wants_line(line)).count();
        self.calls = self.calls.saturating_add(spans as u64);
        self.lines += lines;
        self.journeys += usize::from(spans + lines > 0);
    }

    /// Services of which there may be more than was read.
    pub fn cut(&self) -> usize {
        self.services.iter().filter(|service| service.cut).count()
    }
}
