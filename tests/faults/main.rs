//! Whatever goes wrong: sick servers, hostile input, connections that fail at every point, secrets that servers repeat.

#[path = "../support/mod.rs"]
mod support;

mod canaries;
mod connections;
mod data;
mod encodings;
mod fault;
mod fault_health;
mod hostile;
mod row;
mod run;
mod sick_backends;
mod statuses;
mod tls;
mod torture;
mod window_commands;
