//! Pipeline specs: read, evaluated against a journey, learned from good runs. Pure.

mod count;
mod doubts;
pub mod evaluate;
pub mod file;
pub(crate) mod from_patterns;
mod groups;
mod input;
mod invariants;
pub(crate) mod known_failures;
pub mod learn;
mod matching;
mod nearest;
mod order;
mod other_checks;
pub mod spec;
mod step_matches;
mod steps;
pub mod verdict;
