//! `trace`: one correlation ID, one story.
//!
//! One sentence is the tree: a `Query` is gathered into `Evidence`, stitched into a `Journey`, analysed,
//! laid out as a `Report`, rendered as text. Imports run down these floors, never up or across:
//!
//! ```text
//! main · cli · command · options · gather, render · backend, file, report, demo · wire, stitch, analysis · query · model, error, progress
//! ```
//!
//! The library serves the binary, the tests and the benches; it promises no stability.

pub mod analysis;
pub mod backend;
pub mod cli;
pub mod command;
pub mod demo;
pub mod error;
pub mod gather;
pub mod model;
pub mod options;
pub mod progress;
pub mod query;
pub mod render;
pub mod report;
pub mod stitch;
pub mod wire;
