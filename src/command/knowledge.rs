//! From a journey to what is wrong with it: what the judgement rests on, from the settings and the other journeys.

use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{AnalysedJourney, FindingsInput};
use crate::command::Context;
use crate::model::journey::Journey;
use crate::source::demo;

/// What the settings tell that no journey does.
pub fn configured(context: &Context) -> Knowledge {
    let settings = &context.settings;
    Knowledge {
        external_topics: settings.external_topics.value.clone(),
        external_hosts: settings.external_hosts.value.clone(),
        sampled: settings.sampling.value < 1.0,
        ..Knowledge::default()
    }
}

/// Adds what all of the demo shows.
pub fn with_demo(mut known: Knowledge) -> Knowledge {
    demo::embedded().iter().for_each(|(_, run)| known.learn_spans(&run.spans));
    known
}

/// Judges a journey of the demo, by what all of the demo shows.
pub fn in_demo(journey: Journey) -> AnalysedJourney {
    let mut known = with_demo(Knowledge::default());
    known.learn(&journey);
    AnalysedJourney::new(
        journey,
        &FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None },
    )
}
