//! The one place where HTTP happens: deadline, limits, retries, circuit breakers, redirects, body cap, budget, recording.

mod bounds;
mod breaker;
mod client;
mod error;
mod exchange;
mod lane;
mod names;
mod reading;
mod redirect;
mod retry;
#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(test)]
mod tls_tests;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use url::Url;

pub use bounds::size;

use breaker::{CircuitBreaker, Health, Pass};
use client::Clients;
use error::TransportError;
use exchange::Exchange;
use retry::{Again, RetryDelay};

use crate::model::evidence::{self, Source};
use crate::model::time::Human;
use crate::source::failure::{Failure, FailureKind};
use crate::source::recording::Recording;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response};
use crate::stop::Stop;

/// The status of who is asked too often.
const TOO_MANY: u16 = 429;

/// A wait that somebody may want to sit through.
const SOON: Duration = Duration::from_mins(5);

/// Limits on one exchange, all inside the deadline of the whole command.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For everything that a command asks.
    pub total: Duration,
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Between two pieces of a body; over twice as long, a body must bring 1 KiB/s.
    pub idle: Duration,
    /// Decoded bytes of one body.
    pub body: usize,
    /// Requests in all.
    pub requests: usize,
    /// Requests in flight at one origin.
    pub in_flight: usize,
    /// How long a backend that fails again and again is left alone at first.
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

/// One request as it was made, for `-v` and `--show-queries`.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// Of whom.
    pub source: Source,
    /// The request.
    pub request: Request,
    /// What came of it.
    pub outcome: RequestOutcome,
    /// How long it took.
    pub elapsed: Duration,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// An answer, of whatever status.
    Answered {
        /// HTTP status.
        status: u16,
        /// Unpacked bytes of its body.
        bytes: usize,
    },
    /// No answer, and why.
    Failed(String),
}

impl fmt::Display for RequestOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { status, bytes } => write!(f, "{status} ({bytes} bytes)"),
            Self::Failed(message) => f.write_str(message),
        }
    }
}

/// What one backend was asked so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestTally {
    /// Requests, those made again included.
    pub requests: usize,
    /// Of them, those made again.
    pub retries: usize,
    /// First request.
    pub first: Option<Instant>,
    /// Last answer.
    pub last: Option<Instant>,
    /// Answers with data.
    pub answers: usize,
}

/// A backend at an origin: a sick one never closes the door on another behind the same gateway.
type Door = (Source, String);

/// A backend's share of the places at an origin; of nobody, all of them.
type Gate = (Option<Source>, String);

/// The breaker of a backend, and the last failure it saw.
struct Guard {
    breaker: CircuitBreaker,
    last: Option<(FailureKind, String)>,
}

/// What all askings of a command have in common: connections, and how each backend is.
struct Common {
    limits: Limits,
    begun: Instant,
    tape: Recording,
    clients: Clients,
    /// Places at an origin, and each backend's share of them.
    gates: RefCell<HashMap<Gate, Arc<Semaphore>>>,
    guards: RefCell<HashMap<Door, Guard>>,
    asked: RefCell<Vec<RequestLog>>,
    /// Bytes of the answers that are being read.
    held: Cell<usize>,
    /// One long answer is read at a time.
    reader: Semaphore,
    stop: Stop,
}

/// Asks, and keeps count.
pub struct Transport {
    common: Rc<Common>,
    deadline: Cell<Instant>,
    /// Who is asked last, and must find some time left.
    last: Cell<Option<Source>>,
    tallies: RefCell<HashMap<Source, RequestTally>>,
    budget: Cell<usize>,
    /// Requests of the rounds before this one.
    made_before: Cell<usize>,
}

impl Transport {
    /// Its deadline starts now.
    pub fn new(limits: Limits, tape: Recording, stop: Stop) -> Self {
        Self::over(Rc::new(Common {
            limits,
            begun: Instant::now(),
            tape,
            clients: Clients::default(),
            gates: RefCell::default(),
            guards: RefCell::default(),
            asked: RefCell::default(),
            held: Cell::new(0),
            reader: Semaphore::new(1),
            stop,
        }))
    }

    /// Another one beside it, over the same connections and with the same knowledge of how each backend is. Its time
    /// begins now and ends then at the latest; its count of requests is its own.
    #[must_use]
    pub fn beside(&self, until: Option<Instant>) -> Self {
        let another = Self::over(Rc::clone(&self.common));
        if let Some(until) = until {
            another.deadline.set(another.deadline.get().min(until));
        }
        another
    }

    fn over(common: Rc<Common>) -> Self {
        Self {
            deadline: Cell::new(Instant::now() + common.limits.total),
            last: Cell::new(None),
            tallies: RefCell::default(),
            budget: Cell::new(common.limits.requests),
            made_before: Cell::new(0),
            common,
        }
    }

    /// With names looked up by this instead of the system.
    #[must_use]
    pub fn resolving_with(mut self, resolver: Arc<dyn Resolve>) -> Self {
        if let Some(common) = Rc::get_mut(&mut self.common) {
            common.clients.resolve_with(resolver);
        }
        self
    }

    /// Begins another round of the same asking: its time, at most so much, and its requests are its own. What is known of
    /// how each backend is stays known.
    pub fn begin_round(&self, at_most: Duration) {
        self.deadline.set(Instant::now() + self.common.limits.total.min(at_most));
        self.last.set(None);
        self.budget.set(self.common.limits.requests);
        self.made_before.set(self.made());
    }

    /// How long one round may ask.
    pub fn time_of_a_round(&self) -> Duration {
        self.common.limits.total
    }

    /// A fifth of the time is kept for this backend, which is asked when the others have told what to ask.
    pub fn keep_time_for(&self, source: Source) {
        self.last.set(Some(source));
    }

    /// It was asked: what is left of the time is everybody's.
    pub fn keep_no_time(&self) {
        self.last.set(None);
    }

    /// Until when a backend may be asked.
    fn deadline(&self, source: Source) -> Instant {
        let kept =
            self.last.get().filter(|last| *last != source).map_or(Duration::ZERO, |_| self.common.limits.total / 5);
        self.deadline.get().checked_sub(kept).unwrap_or(self.deadline.get())
    }

    /// Raises the number of requests that may be made in all, or in this round.
    pub fn allow_at_least(&self, requests: usize) {
        let made = self.made().saturating_sub(self.made_before.get());
        self.budget.set(self.budget.get().max(requests.saturating_sub(made)));
    }

    fn made(&self) -> usize {
        self.tallies.borrow().values().map(|tally| tally.requests).sum()
    }

    /// How many requests may still be made.
    pub fn requests_left(&self) -> usize {
        self.budget.get()
    }

    /// What one backend was asked so far.
    pub fn tally(&self, source: Source) -> RequestTally {
        self.tallies.borrow().get(&source).copied().unwrap_or_default()
    }

    /// Whether it gave any data yet.
    pub fn has_answered(&self, source: Source) -> bool {
        self.tally(source).answers > 0
    }

    /// Why nobody is asked any more; none while nobody wants the command to end.
    pub fn interrupted(&self) -> Option<Failure> {
        self.common.stop.is_asked().then(|| stopped(&self.common.stop))
    }

    /// Every request so far, in the order of their answers.
    pub fn asked(&self) -> Vec<RequestLog> {
        self.common.asked.borrow().clone()
    }

    /// The recording, to be saved at the end.
    pub fn tape(&self) -> &Recording {
        &self.common.tape
    }

    /// The circuit breaker of a backend as it is now.
    pub fn breaker(&self, endpoint: &Endpoint) -> evidence::BreakerStatus {
        let guards = self.common.guards.borrow();
        let Some(guard) = guards.get(&door(endpoint)) else { return evidence::BreakerStatus::default() };
        evidence::BreakerStatus {
            state: guard.breaker.state(),
            failures: guard.breaker.failures(),
            opened: guard.breaker.opened(),
            last_error: guard.last.as_ref().map(|(_, message)| message.clone()).unwrap_or_default(),
        }
    }

    /// Asks one thing, again where that may help.
    ///
    /// # Errors
    /// When no whole answer came; any HTTP status is an answer.
    pub async fn fetch(&self, endpoint: &Endpoint, request: &Request) -> Result<Response, Failure> {
        if let Some(outcome) = self.common.tape.played(endpoint.source, request) {
            self.spend(endpoint.source)?;
            // A replay takes no time: the same recording gives the same bytes.
            self.remember(endpoint.source, request, None, outcome.as_ref());
            return outcome;
        }
        let outcome = self.insist(endpoint, request).await;
        self.common.tape.keep(endpoint.source, request, &outcome);
        outcome
    }

    /// Asks until there is an answer, or no more trying helps.
    async fn insist(&self, endpoint: &Endpoint, request: &Request) -> Result<Response, Failure> {
        let mut effort = Tries::default();
        match self.asked_again(endpoint, request, &mut effort).await {
            Ok(answer) if answer.status == TOO_MANY => Err(asks_too_much(endpoint, &answer, effort)),
            outcome => outcome,
        }
    }

    async fn asked_again(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        effort: &mut Tries,
    ) -> Result<Response, Failure> {
        let mut delays = retry::delays();
        let mut once = true;
        loop {
            effort.made += 1;
            let tried = self.attempt(endpoint, request).await;
            let (outcome, again, retry_after) = match tried {
                Ok(reply) => (Ok(reply.answer), reply.again, reply.retry_after),
                Err(trouble) => (Err(trouble.failure), trouble.again, None),
            };
            let may = match again {
                Again::Never => false,
                Again::Once => std::mem::take(&mut once),
                Again::Often => true,
            };
            let (true, Some(longest)) = (may && self.is_worth_it(endpoint), delays.next()) else { return outcome };
            let jitter = longest.mul_f64(fastrand::f64());
            match retry::wait(
                retry_after,
                jitter,
                self.deadline(endpoint.source).saturating_duration_since(Instant::now()),
            ) {
                RetryDelay::For(pause) => self.pause(pause).await?,
                RetryDelay::NoTime => return outcome,
                RetryDelay::TooLong(asked) => {
                    return outcome.and_then(|answer| Err(left_alone(endpoint, &answer, asked, *effort)));
                }
            }
            effort.pause = retry_after;
            if !self.is_worth_it(endpoint) {
                return outcome;
            }
            self.count(endpoint.source, |tally| tally.retries += 1);
        }
    }

    /// Whether another try is within all bounds.
    fn is_worth_it(&self, endpoint: &Endpoint) -> bool {
        let tally = self.tally(endpoint.source);
        let is_open = |guard: &Guard| !guard.breaker.would_admit(self.common.begun.elapsed());
        self.budget.get() > 0
            && retry::is_affordable(tally.requests.saturating_sub(tally.retries), tally.retries)
            && !self.common.guards.borrow().get(&door(endpoint)).is_some_and(is_open)
    }

    /// Waits so long, or until the command is asked to end.
    ///
    /// # Errors
    /// When it was asked to end.
    pub async fn pause(&self, pause: Duration) -> Result<(), Failure> {
        tokio::select! {
            biased;
            () = self.common.stop.asked() => Err(stopped(&self.common.stop)),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// One try, from the wait for a place to the whole answer.
    async fn attempt(&self, endpoint: &Endpoint, request: &Request) -> Result<Exchange, TransportError> {
        self.refuse_if_open(endpoint)?;
        let (share, all) = (self.gate(endpoint, Some(endpoint.source)), self.gate(endpoint, None));
        let _places = (self.place(&share, endpoint.source).await?, self.place(&all, endpoint.source).await?);
        let mut ticket = self.admit(endpoint)?;
        self.spend(endpoint.source)?;
        let begun = Instant::now();
        self.count(endpoint.source, |tally| tally.requests += 1);
        let tried = tokio::select! {
            biased;
            () = self.common.stop.asked() => Err(TransportError::lasting(stopped(&self.common.stop))),
            tried = Box::pin(self.exchange(endpoint, request)) => tried,
        };
        let tried = match tried {
            Ok(reply) => self.masked(endpoint, reply).await,
            Err(trouble) => Err(trouble),
        };
        let tried = tried
            .map_err(|trouble| TransportError { failure: endpoint.mask.failure(trouble.failure), ..trouble })
            .map_err(|trouble| unless_a_stranger(trouble, endpoint));
        ticket.health = health(&tried);
        ticket.last = last_error(&tried);
        let outcome = tried.as_ref().map(|reply| &reply.answer).map_err(|trouble| &trouble.failure);
        self.remember(endpoint.source, request, Some(begun), outcome);
        tried
    }

    /// A reply without our secrets.
    async fn masked(&self, endpoint: &Endpoint, reply: Exchange) -> Result<Exchange, TransportError> {
        let mask = Arc::clone(&endpoint.mask);
        let Exchange { answer, again, retry_after } = reply;
        let answer =
            self.apart(answer.body.len(), move || mask.answer(answer)).await.map_err(TransportError::lasting)?;
        Ok(Exchange { answer, again, retry_after })
    }

    /// A backend's share of the places at its origin, or all of them.
    fn gate(&self, endpoint: &Endpoint, share: Option<Source>) -> Arc<Semaphore> {
        let divided = if share.is_some() {
            self.common.limits.in_flight / endpoint.backends_at_origin.max(1)
        } else {
            self.common.limits.in_flight
        };
        let new = || Arc::new(Semaphore::new(divided.max(1)));
        self.common.gates.borrow_mut().entry((share, origin(endpoint))).or_insert_with(new).clone()
    }

    async fn place<'a>(&self, gate: &'a Semaphore, source: Source) -> Result<Option<SemaphorePermit<'a>>, Failure> {
        let got = async {
            tokio::select! {
                biased;
                () = self.common.stop.asked() => Err(stopped(&self.common.stop)),
                place = gate.acquire() => Ok(place.ok()),
            }
        };
        timeout_at(self.deadline(source), got).await.unwrap_or_else(|_| Err(self.past_deadline(source)))
    }

    fn refuse_if_open(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        match self.common.guards.borrow().get(&door(endpoint)) {
            Some(guard) if !guard.breaker.would_admit(self.common.begun.elapsed()) => {
                Err(not_asked(endpoint.source, guard))
            }
            _ => Ok(()),
        }
    }

    fn admit(&self, endpoint: &Endpoint) -> Result<Ticket<'_>, Failure> {
        let mut guards = self.common.guards.borrow_mut();
        let new = || Guard { breaker: CircuitBreaker::new(self.common.limits.open), last: None };
        let guard = guards.entry(door(endpoint)).or_insert_with(new);
        match guard.breaker.admit(self.common.begun.elapsed()) {
            Some(pass) => {
                Ok(Ticket { transport: self, door: door(endpoint), pass, health: Health::Unknown, last: None })
            }
            None => Err(not_asked(endpoint.source, guard)),
        }
    }

    fn count(&self, source: Source, change: impl FnOnce(&mut RequestTally)) {
        change(self.tallies.borrow_mut().entry(source).or_default());
    }

    fn spend(&self, source: Source) -> Result<(), Failure> {
        if self.common.stop.is_asked() {
            return Err(stopped(&self.common.stop));
        }
        if Instant::now() >= self.deadline(source) {
            return Err(self.past_deadline(source));
        }
        match self.budget.get().checked_sub(1) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(Failure::new(FailureKind::OutOfBounds, "the bound on requests is reached")
                .hint("raise --max-requests, or name services and keys in the profile")),
        }
    }

    fn past_deadline(&self, source: Source) -> Failure {
        let total = Human::from(self.common.limits.total);
        let message = match self.last.get().filter(|last| *last != source) {
            Some(last) => {
                let share = Human::from(self.common.limits.total / 5 * 4);
                format!("not answered within {share} of --timeout {total}; the rest is kept for {}", last.as_str())
            }
            None => format!("not answered within --timeout {total}"),
        };
        Failure::new(FailureKind::Unreachable, message).hint("raise --timeout, or narrow the time with --since")
    }

    /// Keeps a request and what came of it; `begun` is none in a replay, which has counted nothing yet either.
    fn remember(
        &self,
        source: Source,
        request: &Request,
        begun: Option<Instant>,
        outcome: Result<&Response, &Failure>,
    ) {
        let now = Instant::now();
        self.count(source, |tally| {
            tally.requests += usize::from(begun.is_none());
            tally.answers += usize::from(outcome.is_ok_and(|a| a.is_success() && !a.is_page()));
            if begun.is_some() {
                tally.first = tally.first.or(begun);
                tally.last = Some(now);
            }
        });
        let outcome = match outcome {
            Ok(answer) => RequestOutcome::Answered { status: answer.status, bytes: answer.body.len() },
            Err(failure) => RequestOutcome::Failed(failure.message.clone()),
        };
        let elapsed = begun.map_or(Duration::ZERO, |begun| now - begun);
        self.common.asked.borrow_mut().push(RequestLog { source, request: request.clone(), outcome, elapsed });
    }
}

/// A request that was let through: whatever becomes of it, the breaker hears of it.
struct Ticket<'a> {
    transport: &'a Transport,
    door: Door,
    pass: Pass,
    health: Health,
    last: Option<(FailureKind, String)>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let now = self.transport.common.begun.elapsed();
        if let Some(guard) = self.transport.common.guards.borrow_mut().get_mut(&self.door) {
            if self.last.is_some() {
                guard.last = self.last.take();
            }
            guard.breaker.record(self.pass, self.health, now, fastrand::f64());
        }
    }
}

fn origin(endpoint: &Endpoint) -> String {
    endpoint.url.origin().ascii_serialization()
}

fn door(endpoint: &Endpoint) -> Door {
    (endpoint.source, origin(endpoint))
}

/// At an address that nobody named, nobody need be: that is no reason to knock again.
fn unless_a_stranger(mut trouble: TransportError, endpoint: &Endpoint) -> TransportError {
    if !endpoint.configured && trouble.failure.kind == FailureKind::Absent {
        trouble.again = Again::Never;
    }
    trouble
}

/// Whether a backend is well, judged by one try. Whoever says no is well; whoever says when to come back is neither.
fn health(tried: &Result<Exchange, TransportError>) -> Health {
    match tried {
        Ok(reply) if reply.again == Again::Never => Health::Well,
        Ok(reply) if reply.retry_after.is_some() => Health::Unknown,
        Ok(_) => Health::Ill,
        Err(trouble) if trouble.hung => Health::Hung,
        Err(trouble) => match trouble.failure.kind {
            FailureKind::Absent | FailureKind::Unreachable => Health::Ill,
            FailureKind::OutOfBounds | FailureKind::Interrupted => Health::Unknown,
            _ => Health::Well,
        },
    }
}

fn last_error(tried: &Result<Exchange, TransportError>) -> Option<(FailureKind, String)> {
    match tried {
        Ok(reply) if reply.again == Again::Never => None,
        Ok(reply) => Some((FailureKind::Unreachable, format!("HTTP {}", reply.answer.status))),
        Err(trouble) => Some((trouble.failure.kind, trouble.failure.message.clone())),
    }
}

fn not_asked(source: Source, guard: &Guard) -> Failure {
    let (name, reason) = (source.as_str(), guard.breaker.reason());
    let (kind, last) = match &guard.last {
        Some((kind, last)) => (*kind, format!(" (last: {last})")),
        None => (FailureKind::Unreachable, String::new()),
    };
    let wait = Human::from(guard.breaker.longest_wait());
    let message = format!("not asked: {name} {reason}{last}; asked again within {wait}");
    let failure = Failure::new(kind, message).hint("wait until it is well again; `trace doctor` tells");
    Failure { was_asked: false, ..failure }
}

/// How often one thing was asked so far, and how long the server wanted to be left alone before the last time.
#[derive(Clone, Copy, Default)]
struct Tries {
    made: usize,
    pause: Option<Duration>,
}

impl Tries {
    /// Nothing where it was asked once.
    fn words(self) -> String {
        let pause = self.pause.map(|pause| format!(", the last time after the {} that it wanted", Human::from(pause)));
        match self.made {
            0 | 1 => String::new(),
            made => format!("; it was asked {made} times{}", pause.unwrap_or_default()),
        }
    }
}

/// The server wants fewer questions, and there were tries enough.
fn asks_too_much(endpoint: &Endpoint, answer: &Response, tries: Tries) -> Failure {
    let text = (!answer.is_page() && !answer.is_empty()).then(|| answer.text());
    let said = text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let message =
        format!("{} wants to be asked less often (HTTP {TOO_MANY}){said}{}", shown(&endpoint.url), tries.words());
    Failure::new(FailureKind::Unreachable, message).answered(TOO_MANY, text).hint(
        "ask again later, or for less: narrow the time, name services and keys; --in-flight 1 asks one thing at a time",
    )
}

/// The server wants to be left alone for longer than there is time.
fn left_alone(endpoint: &Endpoint, answer: &Response, asked: Duration, tries: Tries) -> Failure {
    let (address, status) = (shown(&endpoint.url), answer.status);
    let message = format!("{address} asks to wait {} (HTTP {status}){}", Human::from(asked), tries.words());
    let hint = if asked > SOON { "try again then" } else { "try again then, or raise --timeout" };
    Failure::new(FailureKind::Unreachable, message).answered(status, None).hint(hint)
}

fn stopped(stop: &Stop) -> Failure {
    Failure::interrupted(stop.after().unwrap_or_default())
}

/// An address as it may be shown: without user information and query.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// The base address with these path segments below it; a path of the base is kept.
pub fn joined(base: &Url, path: &[String]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        // Dropped on the way into an address anyway, but only after `..` was looked for.
        let path = path.iter().map(|segment| segment.replace(['\t', '\n', '\r'], ""));
        segments.pop_if_empty().extend(path);
    }
    url
}
