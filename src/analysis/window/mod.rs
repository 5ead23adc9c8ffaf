//! Analyses of many journeys: each is a fold over the journeys of a time window.

pub mod alert_rules;
pub mod alerts;
pub mod diff;
pub mod error_list;
pub mod hotspots;
pub mod latency;
pub mod map;
pub mod occurrences;
pub mod phases;
pub mod steps;
pub mod unfinished;
pub mod why;
