//! Analyses of many journeys: each is a fold over the journeys of a time window.

pub(crate) mod alert_rules;
pub(crate) mod alerts;
pub(crate) mod diff;
pub(crate) mod error_list;
pub(crate) mod hotspots;
pub(crate) mod latency;
pub(crate) mod map;
pub(crate) mod occurrences;
pub(crate) mod phases;
pub(crate) mod steps;
pub(crate) mod unfinished;
pub(crate) mod why;
