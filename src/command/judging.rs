//! From a journey to what is wrong with it: what the judgement rests on, from the settings and the other journeys.

use crate::analysis::journey::findings::known::Known;
use crate::analysis::journey::findings::{Grounds, Judged};
use crate::command::Context;
use crate::model::journey::Journey;
use crate::source::demo;

/// What the settings tell that no journey does.
pub fn configured(context: &Context) -> Known {
    let settings = &context.settings;
    Known {
        external_topics: settings.external_topics.value.clone(),
        external_hosts: settings.external_hosts.value.clone(),
        sampled: settings.sampling.value < 1.0,
        ..Known::default()
    }
}

/// Adds what all of the demo shows.
pub fn with_demo(mut known: Known) -> Known {
    demo::embedded().iter().for_each(|(_, run)| known.learn_spans(&run.spans));
    known
}

/// Judges a journey of the demo, by what all of the demo shows.
pub fn in_demo(journey: Journey) -> Judged {
    let mut known = with_demo(Known::default());
    known.learn(&journey);
    Judged::new(journey, &Grounds { complete: true, settled: true, looked_up: true, known: &known, baseline: None })
}
