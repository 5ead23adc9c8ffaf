//! Errors of which only lines tell, and no kind: what they say is their kind.

use std::collections::{BTreeMap, BTreeSet};

use super::{EXAMPLES, HotspotFold, HotspotKey, HotspotTally, TEMPLATES};
use crate::analysis::journey::errors::ErrorPlace;
use crate::analysis::stats::masking::clusters;
use crate::model::time::Window;

impl HotspotFold {
    /// The row of a line that says this; of more than can be kept apart, what comes later is one.
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

/// The rows, where those of lines that differ in one word only are one.
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
    /// What both counted.
    fn join(&mut self, other: Self) {
        self.seen = match (self.errors, other.errors) {
            // Of what is there now it is told when, else of what was there before.
            (0, 1..) => other.seen,
            (1.., 0) => self.seen,
            _ => [self.seen, other.seen].into_iter().flatten().reduce(Window::hull),
        };
        self.errors += other.errors;
        self.before += other.before;
        self.recovered += other.recovered;
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
