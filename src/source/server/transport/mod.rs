//! HTTP: the only place that sends requests. Deadlines, limits, retries, circuit breakers, redirects, recording.
//!
//! The way of a request: `fetch` (a recording answers instead of a server) → `with_retries` → `once` (breaker, a free
//! slot, the budget of requests) → `send` (one request on the wire, its redirects, its body).

mod address;
mod backend_thread;
mod body_limits;
mod breaker;
mod clients;
mod decode;
mod dns;
mod error;
mod fetch;
mod limits;
mod redirect;
mod request_log;
mod retry;
#[cfg(test)]
mod rules_tests;
mod send;
mod state;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(test)]
mod tls_tests;

pub use address::{display_url, join_path};
pub(crate) use body_limits::format_size;
pub use limits::Limits;
pub(crate) use request_log::{RequestLog, RequestOutcome};
pub use state::Transport;
