//! The process among others: signals, pipes and files, thousands of runs, and how time grows with input.

#[path = "../support/mod.rs"]
mod support;

mod growth;
mod signals;
mod soak;
