//! Rows of error lines without an error type, which are distinguished by their messages.

use std::collections::{BTreeMap, BTreeSet};

use super::{EXAMPLES, HotspotFold, HotspotKey, HotspotTally, TEMPLATES};
use crate::analysis::journey::errors::ErrorPlace;
use crate::analysis::stats::masking::clusters;
use crate::model::time::Window;

impl HotspotFold {
    /// The row of a line with this message; beyond [`TEMPLATES`] different ones, all others share a row.
    pub(super) fn line_key(&mut self, key: HotspotKey, said: &str) -> HotspotKey {
        let own = HotspotKey { said: said.to_owned(), ..key.clone() };
        if self.rows.contains_key(&own) {
            return own;
        }
        let kept = self.said.entry(key.place.clone()).or_default();
        if *kept >= TEMPLATES {
            return key;
        }
        *kept += 1;
        own
    }
}

/// Merges rows of lines whose messages differ in one word.
pub(super) fn merge_similar(rows: BTreeMap<HotspotKey, HotspotTally>) -> BTreeMap<HotspotKey, HotspotTally> {
    let mut said: BTreeMap<&ErrorPlace, Vec<&str>> = BTreeMap::new();
    for key in rows.keys().filter(|key| !key.said.is_empty()) {
        said.entry(&key.place).or_default().push(&key.said);
    }
    let clusters: BTreeMap<ErrorPlace, BTreeMap<String, String>> = said
        .into_iter()
        .map(|(place, said)| {
            let of = clusters(said.into_iter()).into_iter().map(|(one, cluster)| (one.to_owned(), cluster));
            (place.clone(), of.collect())
        })
        .collect();
    let mut all: BTreeMap<HotspotKey, HotspotTally> = BTreeMap::new();
    for (mut key, tally) in rows {
        if let Some(cluster) = clusters.get(&key.place).and_then(|of| of.get(&key.said)) {
            key.said.clone_from(cluster);
        }
        all.entry(key).or_default().join(tally);
    }
    all
}

impl HotspotTally {
    /// Adds the counts of another row.
    fn join(&mut self, other: Self) {
        self.seen = match (self.errors, other.errors) {
            // Times are of current errors; of those before only if there are no current ones.
            (0, 1..) => other.seen,
            (1.., 0) => self.seen,
            _ => [self.seen, other.seen].into_iter().flatten().reduce(Window::hull),
        };
        self.errors += other.errors;
        self.before += other.before;
        self.outcomes = self.outcomes.plus(other.outcomes);
        self.severity = self.severity.max(other.severity);
        self.sampled = [0, 1].map(|at| self.sampled[at] + other.sampled[at]);
        for (template, count) in other.templates {
            *self.templates.entry(template).or_default() += count;
        }
        self.examples.extend(other.examples);
        self.examples.sort_by(|a, b| b.cmp(a));
        let mut known = BTreeSet::new();
        self.examples.retain(|(_, id)| known.insert(id.clone()));
        self.examples.truncate(EXAMPLES);
    }
}
