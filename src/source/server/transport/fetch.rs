//! Fetching an answer: from a recording, or from the server with retries.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::address::display_url;
use super::breaker::Health;
use super::error::TransportError;
use super::retry::{self, Retry, RetryDelay};
use super::send::Reply;
use super::state::{LastError, Transport};
use crate::model::action::{Action, Limit};
use crate::model::advice::Advice;
use crate::model::time::Human;
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response};

const TOO_MANY_REQUESTS: u16 = 429;

/// If a server asks to wait longer, the hint does not suggest a higher time limit: no one waits that long at a terminal.
const MAX_SUGGESTED_TIMEOUT: Duration = Duration::from_mins(5);

impl Transport {
    /// Fetches the answer to a request, retried where that may help.
    ///
    /// # Errors
    /// No whole answer arrived. An answer of any HTTP status is a success, except 429 when the retries are used up.
    pub(crate) async fn fetch(&self, endpoint: &Endpoint, request: &Request) -> Result<Response, Failure> {
        if let Some(outcome) = self.shared.recording.played(endpoint.source, request) {
            self.spend_request(endpoint.source)?;
            // Without times: replaying a recording must print the same bytes each time.
            self.log_outcome(endpoint.source, request, None, outcome.as_ref());
            return outcome;
        }
        let mut attempts = Attempts::default();
        let outcome = match self.with_retries(endpoint, request, &mut attempts).await {
            Ok(response) if response.status == TOO_MANY_REQUESTS => {
                Err(too_many_requests(endpoint, &response, attempts))
            }
            outcome => outcome,
        };
        self.shared.recording.keep(endpoint.source, request, &outcome);
        outcome
    }

    /// Sends the request until there is an answer, or another attempt cannot help.
    async fn with_retries(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        attempts: &mut Attempts,
    ) -> Result<Response, Failure> {
        let mut delays = retry::max_delays();
        let mut retried_once = false;
        loop {
            attempts.count += 1;
            let (outcome, retry, retry_after) = match self.once(endpoint, request).await {
                Ok(reply) => (Ok(reply.response), reply.retry, reply.retry_after),
                Err(error) => (Err(error.failure), error.retry, None),
            };
            let is_allowed = match retry {
                Retry::Never => false,
                Retry::Once => !std::mem::replace(&mut retried_once, true),
                Retry::Allowed => true,
            };
            if !is_allowed || !self.may_retry(endpoint) {
                return outcome;
            }
            let Some(max_delay) = delays.next() else { return outcome };
            let jitter = max_delay.mul_f64(fastrand::f64());
            let left = self.deadline(endpoint.source).saturating_duration_since(Instant::now());
            match retry::retry_delay(retry_after, jitter, left) {
                RetryDelay::Wait(delay) => self.sleep(delay).await?,
                RetryDelay::NoTimeLeft => return outcome,
                RetryDelay::TooLong(wait) => {
                    return outcome
                        .and_then(|response| Err(retry_after_too_long(endpoint, &response, wait, *attempts)));
                }
            }
            attempts.last_retry_after = retry_after;
            // Other requests may have opened the breaker or used up the budget meanwhile.
            if !self.may_retry(endpoint) {
                return outcome;
            }
            self.update_tally(endpoint.source, |tally| tally.retries += 1);
        }
    }

    /// Whether another attempt is within the budgets, and admitted by the breaker.
    fn may_retry(&self, endpoint: &Endpoint) -> bool {
        let tally = self.tally(endpoint.source);
        self.requests_left() > 0
            && retry::within_budget(tally.requests.saturating_sub(tally.retries), tally.retries)
            && self.refuse_if_open(endpoint).is_ok()
    }

    /// One attempt, from waiting for a free slot to the whole answer.
    async fn once(&self, endpoint: &Endpoint, request: &Request) -> Result<Reply, TransportError> {
        self.refuse_if_open(endpoint)?;
        let (share, all) = (self.backend_slots(endpoint), self.origin_slots(endpoint));
        let _slots = (self.acquire(&share, endpoint.source).await?, self.acquire(&all, endpoint.source).await?);
        let mut admitted = self.admit(endpoint)?;
        self.spend_request(endpoint.source)?;
        let started = Instant::now();
        self.update_tally(endpoint.source, |tally| tally.requests += 1);
        let outcome = tokio::select! {
            biased;
            () = self.shared.stop.requested() => Err(TransportError::permanent(self.interruption())),
            outcome = Box::pin(self.send(endpoint, request)) => outcome,
        };
        let outcome = match outcome {
            Ok(reply) => self.masked(endpoint, reply).await,
            Err(error) => Err(error),
        };
        let outcome = outcome
            .map_err(|error| TransportError { failure: endpoint.mask.failure(error.failure), ..error })
            .map_err(|error| no_retry_at_default_address(error, endpoint));
        admitted.health = health_of(&outcome);
        admitted.last_error = last_error_of(&outcome);
        let logged = outcome.as_ref().map(|reply| &reply.response).map_err(|error| &error.failure);
        self.log_outcome(endpoint.source, request, Some(started), logged);
        outcome
    }

    /// The reply with our secrets masked.
    async fn masked(&self, endpoint: &Endpoint, reply: Reply) -> Result<Reply, TransportError> {
        let mask = Arc::clone(&endpoint.mask);
        let Reply { response, retry, retry_after } = reply;
        let masked = self.run_off_thread(response.body.len(), move || mask.answer(response)).await;
        Ok(Reply { response: masked.map_err(TransportError::permanent)?, retry, retry_after })
    }
}

/// A backend need not run at a default address: a refused connection to one is not retried.
fn no_retry_at_default_address(mut error: TransportError, endpoint: &Endpoint) -> TransportError {
    if !endpoint.configured && error.failure.kind == FailureKind::Absent {
        error.retry = Retry::Never;
    }
    error
}

/// The health of a backend by one attempt. An answer that refuses the query is a healthy one; an answer with
/// `Retry-After` says that it is busy, which is neither.
pub(super) fn health_of(outcome: &Result<Reply, TransportError>) -> Health {
    match outcome {
        Ok(reply) if reply.retry == Retry::Never => Health::Healthy,
        Ok(reply) if reply.retry_after.is_some() => Health::Unknown,
        Ok(_) => Health::Failing,
        Err(error) if error.timed_out => Health::TimedOut,
        Err(error) => match error.failure.kind {
            FailureKind::Absent | FailureKind::Unreachable => Health::Failing,
            FailureKind::LimitReached | FailureKind::Interrupted => Health::Unknown,
            _ => Health::Healthy,
        },
    }
}

pub(super) fn last_error_of(outcome: &Result<Reply, TransportError>) -> Option<LastError> {
    match outcome {
        Ok(reply) if reply.retry == Retry::Never => None,
        Ok(reply) => Some((FailureKind::Unreachable, format!("HTTP {}", reply.response.status))),
        Err(error) => Some((error.failure.kind, error.failure.message.clone())),
    }
}

/// The attempts at one request so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Attempts {
    pub(super) count: usize,
    /// The wait that the server asked for before the last attempt.
    pub(super) last_retry_after: Option<Duration>,
}

impl Attempts {
    /// How often it was attempted, to follow a message; empty if once.
    fn suffix(self) -> String {
        let waited = self
            .last_retry_after
            .map(|wait| format!(", the last time after the {} that it wanted", Human::from(wait)))
            .unwrap_or_default();
        match self.count {
            0 | 1 => String::new(),
            count => format!("; it was asked {count} times{waited}"),
        }
    }
}

/// The server limits the rate of requests, and the retries are used up.
fn too_many_requests(endpoint: &Endpoint, response: &Response, attempts: Attempts) -> Failure {
    let text = (!response.is_html() && !response.is_empty()).then(|| response.excerpt());
    let said = text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let address = display_url(&endpoint.url);
    let suffix = attempts.suffix();
    let message = format!("{address} wants to be asked less often (HTTP {TOO_MANY_REQUESTS}){said}{suffix}");
    Failure::new(FailureKind::Unreachable, message).answered(TOO_MANY_REQUESTS, text).with_actions(Advice::AskLessOften)
}

/// The server asks to wait longer than there is time.
pub(super) fn retry_after_too_long(
    endpoint: &Endpoint,
    response: &Response,
    wait: Duration,
    attempts: Attempts,
) -> Failure {
    let (address, status) = (display_url(&endpoint.url), response.status);
    let message = format!("{address} asks to wait {} (HTTP {status}){}", Human::from(wait), attempts.suffix());
    let mut actions = vec![Action::Advise(Advice::AskAgainThen)];
    if wait <= MAX_SUGGESTED_TIMEOUT {
        actions.push(Action::Raise(Limit::Timeout));
    }
    Failure::new(FailureKind::Unreachable, message).answered(status, None).with_actions(actions)
}
