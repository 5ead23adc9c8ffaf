//! One journey: where its time went, what failed, what is missing, and how to draw it.

pub(crate) mod cascade;
pub(crate) mod clocks;
pub(crate) mod coverage;
pub(crate) mod critical_path;
pub(crate) mod deliveries;
pub(crate) mod errors;
pub mod findings;
pub(crate) mod messages;
pub(crate) mod outcomes;
#[cfg(test)]
pub(crate) mod sketch;
pub(crate) mod timeline;
