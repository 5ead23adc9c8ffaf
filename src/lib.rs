//! `trace`: one correlation ID, one story.
//!
//! One sentence is the tree: a `Query` is gathered into `Evidence`, stitched into a `Journey`, analysed, laid out as a
//! `Report`, rendered as text. Imports run down these floors, never up or across:
//!
//! ```text
//! main · cli · command · options · gather, render · backend, file, report, demo · pipeline · wire, stitch, analysis · query · model, error, progress, save, spelling, stop
//! ```
//!
//! | room | what is done there |
//! |---|---|
//! | [`command`] | one file a command: its flags beside its `run`; `asking` is the way all reading commands share |
//! | [`options`] | flags, variables, files: what is in force, and where each value came from |
//! | [`gather`] | what to ask next, and asking, to a fixed point; async ends there |
//! | [`render`] | reports to bytes: one file a format; `escape` is the one place where outside text is made harmless |
//! | [`backend`] | requests each backend can make, and the one transport |
//! | [`mod@file`] | evidence from files |
//! | [`report`] | what is shown: one file a report, as neutral blocks and as data |
//! | [`demo`] | the scenario generator: runs with the truth beside them |
//! | [`wire`] | bytes to model, pure |
//! | [`stitch`] | evidence joined into a journey, pure |
//! | [`analysis`] | judgement of a journey, pure |
//! | [`pipeline`] | expectations: a spec, whether a journey is as it says, learning one from good runs |
//! | [`model`] | the words |
//!
//! How to add a command: an analysis with its tests, a report (a `Body` variant and its file), a command file, a line in
//! [`cli`], a scenario, a README section. A backend: recorded answers, a wire decoder, a request file, a doctor line, a
//! live test. A format: one render file, one snapshot a report. The compiler's exhaustive `match` is the checklist.
//!
//! Beside `main.rs` the binary has `signals.rs`: Ctrl-C and SIGTERM. The library serves the binary, the tests and the
//! benches; it promises no stability.

#![forbid(unsafe_code)]

pub mod analysis;
pub mod backend;
pub mod cli;
pub mod command;
pub mod demo;
pub mod error;
pub mod file;
pub mod gather;
pub mod model;
pub mod options;
pub mod pipeline;
pub mod progress;
pub mod query;
pub mod render;
pub mod report;
pub mod save;
pub mod spelling;
pub mod stitch;
pub mod stop;
pub mod wire;
