//! The vocabulary: what a span, a trace, a log line, a journey is. No I/O, no formats, no analysis.

pub(crate) mod action;
pub(crate) mod advice;
pub mod attribute;
pub(crate) mod basis;
pub mod conventions;
pub(crate) mod criteria;
pub(crate) mod duration;
pub(crate) mod error_outcome;
pub mod evidence;
pub mod filter;
pub mod finding;
pub mod id;
pub mod journey;
pub mod log;
pub(crate) mod measure;
pub mod metric;
pub mod pasted_id;
pub mod pattern;
pub mod provenance;
pub(crate) mod rule;
pub mod source;
pub mod span;
pub mod time;
