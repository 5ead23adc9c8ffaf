//! Pure judgement over a journey: where its time went, what failed, and how to draw it.

pub mod adjust;
pub mod cascade;
pub mod chance;
pub mod coverage;
pub mod critical_path;
pub mod diff;
pub mod errors;
pub mod findings;
pub mod messages;
#[cfg(test)]
pub mod sketch;
pub mod timeline;
pub mod why;
