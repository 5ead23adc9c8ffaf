//! One journey: where its time went, what failed, what is missing, and how to draw it.

pub mod cascade;
pub mod clocks;
pub mod coverage;
pub mod critical_path;
pub mod deliveries;
pub mod errors;
pub mod findings;
pub mod messages;
#[cfg(test)]
pub mod sketch;
pub mod timeline;
