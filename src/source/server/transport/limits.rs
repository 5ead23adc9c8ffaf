//! Limits on the requests of one command.

use std::time::Duration;

/// Limits on the requests of one command.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For all requests of a command, or of one round while waiting. One answer may take half of it.
    pub total: Duration,
    /// For establishing a connection, TLS included.
    pub connect: Duration,
    /// Between two pieces of a body. Over twice as long, a body must bring 1 KiB/s.
    pub idle: Duration,
    /// Unpacked bytes of one body.
    pub body: usize,
    /// Number of requests, retries included.
    pub requests: usize,
    /// Requests in flight at one origin.
    pub in_flight: usize,
    /// How long a circuit breaker stays open at first.
    pub open: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(30),
            connect: Duration::from_secs(3),
            idle: Duration::from_secs(5),
            body: 256 << 20,
            requests: 500,
            in_flight: 8,
            open: Duration::from_secs(5),
        }
    }
}
