//! From a journey to what is wrong with it: what the judgement rests on, from the settings and the other journeys.

use crate::analysis::findings::known::Known;
use crate::analysis::findings::{Grounds, Judged};
use crate::command::Context;
use crate::model::journey::Journey;

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

/// Judges a journey that is all there is to know, such as one of the demo.
pub fn whole(journey: Journey) -> Judged {
    let mut known = Known::default();
    known.learn(&journey);
    Judged::new(journey, &Grounds { complete: true, settled: true, looked_up: true, known: &known, baseline: None })
}
