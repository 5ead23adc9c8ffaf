//! What was requested: each request with its outcome, and totals by backend.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::source::Source;
use crate::source::server::request::Request;

/// One request as it was made, for `-v` and `--show-queries`.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// The backend.
    pub(crate) source: Source,
    /// The request.
    pub(crate) request: Request,
    /// Its outcome.
    pub(crate) outcome: RequestOutcome,
    /// The time until the whole answer had arrived and was masked; zero in a replay.
    pub(crate) elapsed: Duration,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestOutcome {
    /// An answer, of whatever status.
    Answered {
        /// HTTP status.
        status: u16,
        /// Unpacked bytes of its body.
        bytes: usize,
    },
    /// No answer, and why.
    Failed {
        /// Why, with everything that is known.
        message: String,
        /// The same without what differs from request to request.
        summary: String,
    },
}

impl fmt::Display for RequestOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { status, bytes } => write!(f, "{status} ({bytes} bytes)"),
            Self::Failed { message, .. } => f.write_str(message),
        }
    }
}

/// The requests to one backend so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestTally {
    /// Requests, retries included.
    pub(crate) requests: usize,
    /// Retries among them.
    pub(crate) retries: usize,
    /// When the first one was sent; none in a replay.
    pub(crate) first_request: Option<Instant>,
    /// When the last one had its outcome; none in a replay.
    pub(crate) last_answer: Option<Instant>,
    /// Answers with data.
    pub(crate) answers: usize,
}
