//! Expectations: what a pipeline's runs should look like, and whether a journey does. Pure.

mod count;
mod doubts;
pub mod evaluate;
pub mod file;
pub mod from_patterns;
mod groups;
mod input;
mod invariants;
pub mod known_failures;
pub mod learn;
mod matching;
mod nearest;
mod order;
mod other_checks;
pub mod spec;
mod step_matches;
mod steps;
pub mod verdict;
