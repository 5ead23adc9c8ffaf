//! The commands as a user sees them: screens, formats and exit codes on the demo, files, recordings and servers on
//! loopback.

#[path = "../support/mod.rs"]
mod support;

mod api_versions;
mod cases;
mod ci_examples;
mod completions;
mod error_lines;
mod formats;
mod house;
mod journey;
mod masked_names;
mod missing;
mod phases_alerts;
mod read_limits;
mod readme;
mod refusals;
mod screens;
mod service_metrics;
mod span_metrics;
mod verify;
mod verify_sources;
mod why_diff;
mod window;
