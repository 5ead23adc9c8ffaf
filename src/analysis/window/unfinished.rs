//! The newest journeys that failed or are still arriving.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::journey::errors;
use crate::model::journey::Journey;
use crate::model::time::Timestamp;

/// A journey that failed or is still arriving.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Unfinished {
    /// End of its newest span or line.
    pub(crate) last: Timestamp,
    /// Correlation ID or trace ID to show it by.
    pub(crate) id: String,
    /// Whether it is still arriving.
    pub(crate) open: bool,
    /// Number of its errors.
    pub(crate) error_count: usize,
    /// Service of the first error; none without errors.
    pub(crate) service: Option<String>,
    /// Message of the first error; none without errors.
    pub(crate) error: Option<String>,
}

/// Collects the newest of them from any number of journeys.
#[derive(Clone, Debug)]
pub(crate) struct UnfinishedJourneys {
    most: usize,
    open_after: Timestamp,
    newest: Vec<Unfinished>,
}

impl UnfinishedJourneys {
    /// Keeps `most` of them; a journey that ends after `open_after` is still arriving.
    pub(crate) fn new(most: usize, open_after: Timestamp) -> Self {
        Self { most, open_after, newest: vec![] }
    }

    /// Adds a journey.
    pub(crate) fn add(&mut self, journey: &Journey) {
        let (Some(extent), Some(id)) = (journey.extent(), journey.handle()) else { return };
        let failures = errors::journey_errors(journey);
        let (open, first) = (extent.to >= self.open_after, failures.first());
        if !open && first.is_none() {
            return;
        }
        self.newest.push(Unfinished {
            last: extent.to,
            id,
            open,
            error_count: errors::total_count(&failures),
            service: first.map(|failure| failure.place.service.clone()),
            error: first.map(|failure| failure.message.clone()),
        });
        self.newest.sort_by(|a, b| Reverse(a.last).cmp(&Reverse(b.last)).then_with(|| a.cmp(b)));
        self.newest.truncate(self.most);
    }

    /// The newest of them, newest first.
    pub(crate) fn newest(self) -> Vec<Unfinished> {
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch::{ORIGIN, journey};
    use crate::model::time::MINUTE;

    #[test]
    fn of_many_journeys_the_newest_bad_ones_are_kept_in_any_order() {
        let drawn = ["a/x 0..10", "a/x 5..20 error: no", "a/x 6..60000", "b/x 8..30 error: no", "c/x 9..40 error: no"];
        let mut found = vec![];
        for turned in 0..drawn.len() {
            let mut all = UnfinishedJourneys::new(3, ORIGIN.plus(MINUTE));
            for (nth, text) in drawn.iter().cycle().skip(turned).take(drawn.len()).enumerate() {
                let id = ((nth + turned) % drawn.len()).to_string();
                all.add(&Journey { correlation_id: Some(id), ..journey(text) });
            }
            found.push(all.newest());
        }
        let ids: Vec<&str> = found[0].iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["2", "4", "3"]);
        assert!(found[0][0].open && found[0][0].error.is_none() && found[0][1].error.as_deref() == Some("no"));
        assert!(found.iter().all(|one| *one == found[0]));
    }
}
