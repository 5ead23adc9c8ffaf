//! What the library makes of whole inputs, without the binary: findings of generated runs, learned pipelines, an
//! independent reader of the same traces, quoting, and what is asked of a Jaeger.

#[path = "../support/mod.rs"]
mod support;

mod findings;
mod generator;
mod learn;
mod message_consumers;
mod message_findings;
mod oracle;
mod quoting;
mod recent_journeys;
mod session;
mod shapes;
mod wait;
