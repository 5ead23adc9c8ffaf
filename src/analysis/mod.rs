//! Pure judgement over a journey: where its time went, what failed, and how to draw it.

pub mod adjust;
pub mod cascade;
pub mod coverage;
pub mod critical_path;
pub mod error_list;
pub mod errors;
pub mod findings;
pub mod hotspots;
pub mod messages;
pub mod occurrences;
#[cfg(test)]
pub mod sketch;
pub mod template;
pub mod timeline;
