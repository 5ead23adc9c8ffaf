//! The binary against the real servers of `tests/stack`.

#[path = "../support/mod.rs"]
mod support;

mod journeys;
mod latency_map;
mod phases_alerts;
mod verify;
mod window;
