//! Pure judgement over a journey: where its time went, what failed, and how to draw it.

pub mod adjust;
pub mod alerts;
pub mod cascade;
pub mod chance;
pub mod coverage;
pub mod critical_path;
pub mod deliveries;
pub mod diff;
pub mod error_list;
pub mod errors;
pub mod findings;
pub mod hotspots;
pub mod latency;
pub mod lengths;
pub mod map;
pub mod messages;
pub mod occurrences;
pub mod open_journeys;
pub mod phases;
pub mod rules;
#[cfg(test)]
pub mod sketch;
pub mod steps;
pub mod template;
pub mod timeline;
pub mod why;
