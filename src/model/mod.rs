//! The vocabulary: what a span, a trace, a log line, a journey is. No I/O, no formats, no analysis.

pub mod action;
pub mod advice;
pub mod attribute;
pub mod basis;
pub mod conventions;
pub mod criteria;
pub mod duration;
pub mod evidence;
pub mod filter;
pub mod finding;
pub mod id;
pub mod journey;
pub mod log;
pub mod measure;
pub mod metric;
pub mod pattern;
pub mod provenance;
pub mod rule;
pub mod source;
pub mod span;
pub mod time;
