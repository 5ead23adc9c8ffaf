//! Expectations: what a pipeline's runs should look like, and whether a journey does. Pure.

mod cast;
mod count;
pub mod evaluate;
pub mod file;
mod ground;
mod groups;
pub mod known_failures;
mod matching;
mod nearest;
mod order;
mod rest;
pub mod spec;
mod steps;
mod trust;
pub mod verdict;
mod whole;
