//! Expectations: what a pipeline's runs should look like, and whether a journey does. Pure.

pub mod evaluate;
pub mod file;
pub mod spec;
pub mod verdict;
