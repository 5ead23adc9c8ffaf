//! `trace`: what Jaeger, Loki and Prometheus know of one correlation ID, stitched into one journey.
//!
//! A `Query` is gathered from sources into `Evidence`, stitched into a `Journey`, analysed into facts and findings, laid
//! out as a `Report`, rendered as bytes. Imports run down these floors; `tests/cli/house` fails on an arrow up or a circle:
//!
//! ```text
//! main · cli · command · options · session · gather, render · report · pipeline · analysis · stitch · source · wire · query · model
//! ```
//!
//! | room | what is done there |
//! |---|---|
//! | `command` | one file a command: its flags, and how it runs |
//! | `options` | flags, variables and files: the settings in force, and where each value comes from |
//! | `session` | opens the data, answers requests about a journey or a window, with the provenance of the answer |
//! | `gather` | what to ask next, until nothing new is named |
//! | `render` | reports to bytes: one file a format; `escape` makes text from outside harmless |
//! | `report` | what is shown: one file a report, as blocks and as data; `wording` makes the sentences |
//! | `pipeline` | the spec of a pipeline, its verdict on a journey, learning a spec from good runs |
//! | `analysis` | facts and findings of a journey, figures of a window, statistics |
//! | `stitch` | evidence to a journey |
//! | `source` | what a source of spans, logs or metrics can do; servers, files, the demo, recordings |
//! | `wire` | bytes to model: one file a format |
//! | `query` | what is asked: subject, time, limits |
//! | `model` | the words |
//!
//! `docs/architecture.md` follows one span from the wire to the screen; `CONTRIBUTING.md` has the recipes for a new finding,
//! command, format or backend. The library serves the binary, the tests and the benches; it promises no stability.

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
pub(crate) mod spelling;
pub mod stitch;
pub mod stop;
pub(crate) mod wire;

#[cfg(test)]
#[path = "../tests/support/golden.rs"]
mod golden;
#[cfg(test)]
#[path = "../tests/support/length.rs"]
mod length;
