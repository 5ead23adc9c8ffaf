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
//! | [`analysis`] | judgement of a journey, pure; `findings` holds one file a rule, and `merge`: one cause, one finding |
//! | [`pipeline`] | expectations, pure: `spec` is what can be said, `file` reads it, `evaluate` tells whether a journey is so |
//! | [`model`] | the words |
//!
//! How to add a command: an analysis with its tests, a report (a file that implements `ReportBody`, a line in `report::REPORTS`), a command file, a line in
//! [`cli`], a scenario, a README section. A backend: recorded answers, a wire decoder, a request file, a doctor line, a
//! live test. A format: one render file, one snapshot a report. The compiler's exhaustive `match` is the checklist.
//!
//! How to add a finding: a [`model::finding::FindingId`] and its file in `analysis::findings`, whose `find` `judge` calls;
//! say in `merge` what else the same cause shows as. Then a demo run that plants it, a good run that looks like it and
//! must stay silent, and a line in the README's table.
//!
//! How to add an expectation: what it says in `pipeline::spec`, its key in `pipeline::file` and in the schema there, and a
//! ruling in `pipeline::evaluate` that says what it rests on, so that a source taken away never makes a pass a fail. Then
//! a `verdict::Kind` with its word in `known_failures` if it is of a new kind, and a line in the README's table.
//!
//! Beside `main.rs` the binary has `signals.rs`: Ctrl-C and SIGTERM. The library serves the binary, the tests and the
//! benches; it promises no stability.

#![forbid(unsafe_code)]

pub mod analysis;
pub mod cli;
pub mod command;
pub mod error;
pub mod gather;
pub mod model;
pub mod options;
pub mod pipeline;
pub mod progress;
pub mod query;
pub mod render;
pub mod report;
pub mod save;
pub mod session;
pub mod source;
pub mod spelling;
pub mod stitch;
pub mod stop;
pub mod wire;

#[cfg(test)]
#[path = "../tests/support/golden.rs"]
mod golden;
#[cfg(test)]
#[path = "../tests/support/length.rs"]
mod length;
