//! The state of the transport: deadlines, the budget of requests, free slots, circuit breakers, the log.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

#[cfg(test)]
use reqwest::dns::Resolve;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::breaker::{CircuitBreaker, Health, Permit};
use super::clients::HttpClients;
use super::limits::Limits;
use super::request_log::{RequestLog, RequestOutcome, RequestTally};
use crate::model::action::{Action, ConfigItem, Limit, Narrowing};
use crate::model::advice::Advice;
use crate::model::evidence::BreakerStatus;
use crate::model::source::Source;
use crate::model::time::Human;
use crate::source::failure::{Failure, FailureKind};
use crate::source::recording::Recording;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response};
use crate::stop::Stop;

/// The part of the time that is reserved for the backend queried last, as a divisor: a fifth is enough for metrics, which
/// are a few short answers, and costs the searches before them little.
const RESERVED_PART: u32 = 5;

/// A backend at an origin: one that fails does not stop requests to another one behind the same gateway.
type BreakerKey = (Source, String);

/// The slots of one backend at an origin; without a backend, all slots there.
type SlotsKey = (Option<Source>, String);

/// The failure that a breaker saw last.
pub(super) type LastError = (FailureKind, String);

/// A circuit breaker, and the last failure it saw.
struct GuardedBackend {
    breaker: CircuitBreaker,
    last_error: Option<LastError>,
}

/// What all transports of a command share: connections, and how each backend is doing.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) started: Instant,
    pub(super) recording: Recording,
    pub(super) clients: HttpClients,
    slots: RefCell<HashMap<SlotsKey, Arc<Semaphore>>>,
    breakers: RefCell<HashMap<BreakerKey, GuardedBackend>>,
    request_log: RefCell<Vec<RequestLog>>,
    /// Bytes of the bodies that are being read or wait to be decoded.
    pub(super) buffered: Cell<usize>,
    /// Long bodies are decoded one at a time.
    pub(super) decode_slot: Semaphore,
    pub(super) stop: Stop,
}

/// Sends requests to the backends, within the limits of a command.
pub struct Transport {
    pub(super) shared: Rc<Shared>,
    pub(super) deadline: Cell<Instant>,
    /// The backend that is queried last, for which a part of the time is reserved.
    reserved_for: Cell<Option<Source>>,
    tallies: RefCell<HashMap<Source, RequestTally>>,
    requests_left: Cell<usize>,
    /// Requests of earlier rounds.
    requests_before_round: Cell<usize>,
}

impl Transport {
    /// A transport whose deadline starts now.
    pub fn new(limits: Limits, recording: Recording, stop: Stop) -> Self {
        Self::with_shared(Rc::new(Shared {
            limits,
            started: Instant::now(),
            recording,
            clients: HttpClients::default(),
            slots: RefCell::default(),
            breakers: RefCell::default(),
            request_log: RefCell::default(),
            buffered: Cell::new(0),
            decode_slot: Semaphore::new(1),
            stop,
        }))
    }

    /// Another transport with the same connections, breakers and log. Its deadline starts now, and is not after
    /// `until`; its budget of requests is its own.
    #[must_use]
    pub(crate) fn fork(&self, until: Option<Instant>) -> Self {
        let fork = Self::with_shared(Rc::clone(&self.shared));
        if let Some(until) = until {
            fork.deadline.set(fork.deadline.get().min(until));
        }
        fork
    }

    fn with_shared(shared: Rc<Shared>) -> Self {
        Self {
            deadline: Cell::new(Instant::now() + shared.limits.total),
            reserved_for: Cell::new(None),
            tallies: RefCell::default(),
            requests_left: Cell::new(shared.limits.requests),
            requests_before_round: Cell::new(0),
            shared,
        }
    }

    #[cfg(test)]
    /// The same transport with host names resolved by this instead of the system. Before the first request only.
    #[must_use]
    pub(crate) fn with_resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        if let Some(shared) = Rc::get_mut(&mut self.shared) {
            shared.clients.set_resolver(resolver);
        }
        self
    }

    /// Begins another round of the same query, with a new deadline, at most `at_most` from now, and a new budget of
    /// requests. Breakers and log are kept.
    pub(crate) fn begin_round(&self, at_most: Duration) {
        self.deadline.set(Instant::now() + self.shared.limits.total.min(at_most));
        self.reserved_for.set(None);
        self.requests_left.set(self.shared.limits.requests);
        self.requests_before_round.set(self.requests_made());
    }

    /// The time for one round.
    pub(crate) fn round_limit(&self) -> Duration {
        self.shared.limits.total
    }

    /// Reserves a part of the time for this backend, which is queried with what the other backends found.
    pub(crate) fn reserve_time_for(&self, source: Source) {
        self.reserved_for.set(Some(source));
    }

    /// Makes the reserved time available to all backends.
    pub(crate) fn release_reserved_time(&self) {
        self.reserved_for.set(None);
    }

    /// The deadline of requests to a backend.
    pub(super) fn deadline(&self, source: Source) -> Instant {
        let reserved = match self.reserved_for.get() {
            Some(reserved_for) if reserved_for != source => self.shared.limits.total / RESERVED_PART,
            _ => Duration::ZERO,
        };
        self.deadline.get().checked_sub(reserved).unwrap_or(self.deadline.get())
    }

    pub(super) fn deadline_exceeded(&self, source: Source) -> Failure {
        let total = Human::from(self.shared.limits.total);
        let message = match self.reserved_for.get().filter(|reserved_for| *reserved_for != source) {
            Some(reserved_for) => {
                let share = Human::from(self.shared.limits.total / RESERVED_PART * (RESERVED_PART - 1));
                format!(
                    "not answered within {share} of {} {total}; the rest is kept for {}",
                    Limit::Timeout.flag(),
                    reserved_for.as_str()
                )
            }
            None => format!("not answered within {} {total}", Limit::Timeout.flag()),
        };
        Failure::new(FailureKind::Unreachable, message)
            .with_actions([Action::Raise(Limit::Timeout), Action::Narrow(vec![Narrowing::Since])])
    }

    /// Raises the number of requests that may be made in this round, to at least this many.
    pub(crate) fn allow_at_least(&self, requests: usize) {
        let made = self.requests_made().saturating_sub(self.requests_before_round.get());
        self.requests_left.set(self.requests_left.get().max(requests.saturating_sub(made)));
    }

    fn requests_made(&self) -> usize {
        self.tallies.borrow().values().map(|tally| tally.requests).sum()
    }

    /// How many requests may still be made in this round.
    pub(crate) fn requests_left(&self) -> usize {
        self.requests_left.get()
    }

    /// The totals of a backend.
    pub(crate) fn tally(&self, source: Source) -> RequestTally {
        self.tallies.borrow().get(&source).copied().unwrap_or_default()
    }

    pub(super) fn update_tally(&self, source: Source, update: impl FnOnce(&mut RequestTally)) {
        update(self.tallies.borrow_mut().entry(source).or_default());
    }

    /// Whether a backend has returned any data.
    pub(crate) fn has_answered(&self, source: Source) -> bool {
        self.tally(source).answers > 0
    }

    /// The failure of all further requests once the command was asked to end; none before.
    pub(crate) fn interrupted(&self) -> Option<Failure> {
        self.shared.stop.is_requested().then(|| self.interruption())
    }

    pub(super) fn interruption(&self) -> Failure {
        Failure::interrupted(self.shared.stop.requested_after().unwrap_or_default())
    }

    /// Waits, at most until the command is asked to end.
    ///
    /// # Errors
    /// Interrupted: the command was asked to end.
    pub(crate) async fn sleep(&self, time: Duration) -> Result<(), Failure> {
        tokio::select! {
            biased;
            () = self.shared.stop.requested() => Err(self.interruption()),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }

    /// Every request so far, in the order of their outcomes.
    pub(crate) fn request_log(&self) -> Vec<RequestLog> {
        self.shared.request_log.borrow().clone()
    }

    /// The recording, to be saved at the end.
    pub(crate) fn recording(&self) -> &Recording {
        &self.shared.recording
    }

    /// Logs a request with its outcome. `started` is none in a replay, whose requests are counted here as well.
    pub(super) fn log_outcome(
        &self,
        source: Source,
        request: &Request,
        started: Option<Instant>,
        outcome: Result<&Response, &Failure>,
    ) {
        let now = Instant::now();
        self.update_tally(source, |tally| {
            tally.requests += usize::from(started.is_none());
            tally.answers += usize::from(outcome.is_ok_and(|response| response.is_success() && !response.is_html()));
            if started.is_some() {
                tally.first_request = tally.first_request.or(started);
                tally.last_answer = Some(now);
            }
        });
        let outcome = match outcome {
            Ok(response) => RequestOutcome::Answered { status: response.status, bytes: response.body.len() },
            Err(failure) => RequestOutcome::Failed {
                message: failure.message.clone(),
                summary: failure.summary.clone().unwrap_or_else(|| failure.message.clone()),
            },
        };
        let elapsed = started.map_or(Duration::ZERO, |started| now - started);
        self.shared.request_log.borrow_mut().push(RequestLog { source, request: request.clone(), outcome, elapsed });
    }

    /// Takes one request from the budget.
    pub(super) fn spend_request(&self, source: Source) -> Result<(), Failure> {
        if let Some(failure) = self.interrupted() {
            return Err(failure);
        }
        if Instant::now() >= self.deadline(source) {
            return Err(self.deadline_exceeded(source));
        }
        match self.requests_left.get().checked_sub(1) {
            Some(left) => {
                self.requests_left.set(left);
                Ok(())
            }
            None => Err(Failure::new(FailureKind::LimitReached, "the bound on requests is reached")
                .with_actions([Action::Raise(Limit::Requests), Action::Configure(ConfigItem::ServicesAndKeys)])),
        }
    }

    /// The slots for requests in flight of a backend at its origin: an equal part of the slots there, so that a backend
    /// that hangs leaves some to its neighbours.
    pub(super) fn backend_slots(&self, endpoint: &Endpoint) -> Arc<Semaphore> {
        let share = self.shared.limits.in_flight / endpoint.backends_at_origin.max(1);
        self.slots((Some(endpoint.source), origin(endpoint)), share)
    }

    /// All slots for requests in flight at an origin.
    pub(super) fn origin_slots(&self, endpoint: &Endpoint) -> Arc<Semaphore> {
        self.slots((None, origin(endpoint)), self.shared.limits.in_flight)
    }

    fn slots(&self, key: SlotsKey, count: usize) -> Arc<Semaphore> {
        let new = || Arc::new(Semaphore::new(count.max(1)));
        self.shared.slots.borrow_mut().entry(key).or_insert_with(new).clone()
    }

    /// Waits for a free slot, at most until the deadline of the backend.
    pub(super) async fn acquire<'a>(
        &self,
        slots: &'a Semaphore,
        source: Source,
    ) -> Result<Option<SemaphorePermit<'a>>, Failure> {
        let acquired = async {
            tokio::select! {
                biased;
                () = self.shared.stop.requested() => Err(self.interruption()),
                slot = slots.acquire() => Ok(slot.ok()),
            }
        };
        timeout_at(self.deadline(source), acquired).await.unwrap_or_else(|_| Err(self.deadline_exceeded(source)))
    }

    /// The state of a backend's circuit breaker.
    pub(crate) fn breaker(&self, endpoint: &Endpoint) -> BreakerStatus {
        let breakers = self.shared.breakers.borrow();
        let Some(guarded) = breakers.get(&breaker_key(endpoint)) else { return BreakerStatus::default() };
        BreakerStatus {
            state: guarded.breaker.state(),
            failures: guarded.breaker.failures(),
            opened: guarded.breaker.opened(),
            last_error: guarded.last_error.as_ref().map(|(_, message)| message.clone()).unwrap_or_default(),
        }
    }

    /// Fails if the backend's breaker would not admit a request now.
    pub(super) fn refuse_if_open(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        match self.shared.breakers.borrow().get(&breaker_key(endpoint)) {
            Some(guarded) if !guarded.breaker.would_admit(self.shared.started.elapsed()) => {
                Err(breaker_open(endpoint.source, guarded))
            }
            _ => Ok(()),
        }
    }

    /// Admits a request, if the backend's breaker does.
    pub(super) fn admit(&self, endpoint: &Endpoint) -> Result<AdmittedRequest<'_>, Failure> {
        let mut breakers = self.shared.breakers.borrow_mut();
        let new = || GuardedBackend { breaker: CircuitBreaker::new(self.shared.limits.open), last_error: None };
        let guarded = breakers.entry(breaker_key(endpoint)).or_insert_with(new);
        match guarded.breaker.admit(self.shared.started.elapsed()) {
            Some(permit) => Ok(AdmittedRequest {
                transport: self,
                key: breaker_key(endpoint),
                permit,
                health: Health::Unknown,
                last_error: None,
            }),
            None => Err(breaker_open(endpoint.source, guarded)),
        }
    }
}

/// A request that the breaker admitted. When it is dropped, finished or not, the breaker records its outcome.
pub(super) struct AdmittedRequest<'a> {
    transport: &'a Transport,
    key: BreakerKey,
    permit: Permit,
    pub(super) health: Health,
    pub(super) last_error: Option<LastError>,
}

impl Drop for AdmittedRequest<'_> {
    fn drop(&mut self) {
        let now = self.transport.shared.started.elapsed();
        if let Some(guarded) = self.transport.shared.breakers.borrow_mut().get_mut(&self.key) {
            if self.last_error.is_some() {
                guarded.last_error = self.last_error.take();
            }
            guarded.breaker.record(self.permit, self.health, now, fastrand::f64());
        }
    }
}

fn origin(endpoint: &Endpoint) -> String {
    endpoint.url.origin().ascii_serialization()
}

fn breaker_key(endpoint: &Endpoint) -> BreakerKey {
    (endpoint.source, origin(endpoint))
}

fn breaker_open(source: Source, guarded: &GuardedBackend) -> Failure {
    let (name, reason) = (source.as_str(), guarded.breaker.reason());
    let (kind, last) = match &guarded.last_error {
        Some((kind, last)) => (*kind, format!(" (last: {last})")),
        None => (FailureKind::Unreachable, String::new()),
    };
    let wait = Human::from(guarded.breaker.max_wait());
    let message = format!("not asked: {name} {reason}{last}; asked again within {wait}");
    let failure = Failure::new(kind, message).with_actions(Advice::WaitUntilHealthy);
    Failure { was_sent: false, ..failure }
}
