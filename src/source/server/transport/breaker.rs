//! A circuit breaker stops requests to a backend that keeps failing. Pure: time and chance are passed in.
//!
//! Closed, it admits every request. It opens after five failures in a row, when half of the last twenty failed, or when
//! an answer took all the time that one may take. Open, it admits none for five seconds, each time twice as long, up to a
//! minute. Then, half open, it admits one request as a probe: if that succeeds, the breaker closes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::evidence::BreakerState;

/// Failures in a row that open it. A command makes hundreds of requests: five show that retrying does not help, and are few
/// enough to leave time for the other backends.
const MAX_CONSECUTIVE_FAILURES: usize = 5;
/// How many of the last requests count towards the share of failures.
const WINDOW: usize = 20;
/// The share of failures opens it only from this many requests on: of fewer, half may fail by chance.
const MIN_REQUESTS: usize = 10;
/// The longest time it stays open, as a multiple of the first.
const MAX_WAIT_FACTOR: u32 = 12;

/// The permission to send one request, to be handed in with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Permit {
    /// How often the breaker had opened by then. Outcomes of requests from before the last opening are ignored.
    opened: usize,
}

/// What the outcome of a request says about the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered, even if with a refusal.
    Healthy,
    /// It did not answer, or said that it cannot.
    Failing,
    /// It did not answer in the time that one answer may take: waiting that long again would leave no time for others.
    TimedOut,
    /// Nothing: the request was given up.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BreakerPhase {
    Closed,
    Open { until: Duration },
    HalfOpen { is_probed: bool },
}

/// The breaker of one backend at one origin.
#[derive(Clone, Debug)]
pub(super) struct CircuitBreaker {
    first_wait: Duration,
    state: BreakerPhase,
    consecutive_failures: usize,
    /// Whether each of the last requests failed, oldest first.
    recent_failures: VecDeque<bool>,
    opened: usize,
    /// How often it opened since it was last closed for good.
    reopened: u32,
    /// Whether it opened because an answer timed out.
    timed_out: bool,
}

impl CircuitBreaker {
    /// A closed breaker; `first_wait` is how long it stays open the first time.
    pub(super) fn new(first_wait: Duration) -> Self {
        Self {
            first_wait,
            state: BreakerPhase::Closed,
            consecutive_failures: 0,
            recent_failures: VecDeque::new(),
            opened: 0,
            reopened: 0,
            timed_out: false,
        }
    }

    /// Admits a request, or none if it is open. `now` is the time since any fixed instant.
    pub(super) fn admit(&mut self, now: Duration) -> Option<Permit> {
        match self.state {
            BreakerPhase::Closed => {}
            BreakerPhase::Open { until } if now < until => return None,
            BreakerPhase::HalfOpen { is_probed: true } => return None,
            BreakerPhase::Open { .. } | BreakerPhase::HalfOpen { is_probed: false } => {
                self.state = BreakerPhase::HalfOpen { is_probed: true };
            }
        }
        Some(Permit { opened: self.opened })
    }

    /// Whether a request would be admitted.
    pub(super) fn would_admit(&self, now: Duration) -> bool {
        match self.state {
            BreakerPhase::Closed | BreakerPhase::HalfOpen { is_probed: false } => true,
            BreakerPhase::Open { until } => now >= until,
            BreakerPhase::HalfOpen { is_probed: true } => false,
        }
    }

    /// Records the outcome of an admitted request. `chance` is random in 0..1.
    pub(super) fn record(&mut self, permit: Permit, health: Health, now: Duration, chance: f64) {
        if permit.opened != self.opened {
            return;
        }
        match (self.state, health) {
            (BreakerPhase::Open { .. }, _) | (BreakerPhase::Closed, Health::Unknown) => {}
            (BreakerPhase::HalfOpen { .. }, Health::Unknown) => {
                self.state = BreakerPhase::HalfOpen { is_probed: false }
            }
            (BreakerPhase::HalfOpen { .. }, Health::Healthy) => {
                let opened = self.opened;
                *self = Self { opened, ..Self::new(self.first_wait) };
            }
            (BreakerPhase::HalfOpen { .. }, Health::Failing | Health::TimedOut) => {
                self.consecutive_failures += 1;
                self.open(now, chance);
            }
            (BreakerPhase::Closed, health) => {
                let has_failed = health != Health::Healthy;
                self.consecutive_failures = if has_failed { self.consecutive_failures + 1 } else { 0 };
                self.timed_out = health == Health::TimedOut;
                self.recent_failures.push_back(has_failed);
                if self.recent_failures.len() > WINDOW {
                    self.recent_failures.pop_front();
                }
                if self.timed_out || self.fails_often() {
                    self.open(now, chance);
                }
            }
        }
    }

    fn fails_often(&self) -> bool {
        let requests = self.recent_failures.len();
        self.consecutive_failures >= MAX_CONSECUTIVE_FAILURES
            || requests >= MIN_REQUESTS && 2 * self.recent_failure_count() >= requests
    }

    fn recent_failure_count(&self) -> usize {
        self.recent_failures.iter().filter(|failed| **failed).count()
    }

    fn open(&mut self, now: Duration, chance: f64) {
        self.reopened = self.reopened.saturating_add(1);
        self.opened += 1;
        // A random part between half and all of it: long enough to help, while clients do not all return at once.
        self.state = BreakerPhase::Open { until: now + self.max_wait().mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0) };
    }

    /// How long it stays open at most this time. Without the random part, so that messages are the same in every run.
    pub(super) fn max_wait(&self) -> Duration {
        self.first_wait * 2u32.saturating_pow(self.reopened.saturating_sub(1)).min(MAX_WAIT_FACTOR)
    }

    /// The state, as the report shows it.
    pub(super) fn state(&self) -> BreakerState {
        match self.state {
            BreakerPhase::Closed => BreakerState::Closed,
            BreakerPhase::Open { .. } => BreakerState::Open,
            BreakerPhase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Failures in a row up to now.
    pub(super) fn failures(&self) -> usize {
        self.consecutive_failures
    }

    /// How often it opened.
    pub(super) fn opened(&self) -> usize {
        self.opened
    }

    /// Why it is open: `failed 5 times in a row`.
    pub(super) fn reason(&self) -> String {
        if self.consecutive_failures >= MAX_CONSECUTIVE_FAILURES {
            return format!("failed {} times in a row", self.consecutive_failures);
        }
        if self.timed_out {
            return "did not answer in time".to_owned();
        }
        format!("failed {} of the last {} times", self.recent_failure_count(), self.recent_failures.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens to a breaker. Pauses are in milliseconds.
    #[derive(Clone, Copy, Debug)]
    enum BreakerEvent {
        Pause(u64),
        Request,
        /// The newest or the oldest open request has an outcome.
        Outcome {
            newest: bool,
            health: Health,
        },
    }

    /// The same rules in the plainest form: a list of all outcomes since it last closed.
    struct Model {
        failures: Vec<bool>,
        opened: usize,
        opened_since_closed: u32,
        open_until: u64,
        is_open: bool,
        is_probed: bool,
    }

    impl Model {
        fn request(&mut self, now: u64) -> bool {
            if !self.is_open {
                return true;
            }
            let is_admitted = now >= self.open_until && !self.is_probed;
            self.is_probed |= is_admitted;
            is_admitted
        }

        fn outcome(&mut self, opened_then: usize, health: Health, now: u64) {
            if opened_then != self.opened {
                return;
            }
            self.is_probed = false;
            let failed = match health {
                Health::Unknown => return,
                Health::Healthy if self.is_open => {
                    (self.is_open, self.opened_since_closed) = (false, 0);
                    return self.failures.clear();
                }
                Health::Healthy => false,
                Health::Failing | Health::TimedOut => true,
            };
            self.failures.push(failed);
            let timed_out = health == Health::TimedOut;
            let five = self.failures.len() >= 5 && self.failures.iter().rev().take(5).all(|f| *f);
            let recent: Vec<&bool> = self.failures.iter().rev().take(20).collect();
            let half = recent.len() >= 10 && recent.iter().filter(|f| ***f).count() * 2 >= recent.len();
            if self.is_open || five || half || timed_out {
                self.open_until = now + (5000 * 2u64.pow(self.opened_since_closed.min(10))).min(60_000);
                self.opened_since_closed += 1;
                self.opened += 1;
                self.is_open = true;
            }
        }
    }

    fn events() -> impl Strategy<Value = Vec<BreakerEvent>> {
        let event = any::<u16>().prop_map(|bits| match (bits % 11, usize::from(bits / 11)) {
            (0, n) => BreakerEvent::Pause([1, 2_999, 4_999, 5_000, 5_001, 60_000][n % 6]),
            (1..=5, _) => BreakerEvent::Request,
            (_, n) => {
                let health = [
                    Health::Healthy,
                    Health::Failing,
                    Health::Failing,
                    Health::Healthy,
                    Health::Failing,
                    Health::TimedOut,
                    Health::Unknown,
                ];
                // Timeouts are rare, or nothing else would ever open it.
                let health = if n % 5 > 0 && health[n / 2 % 7] == Health::TimedOut {
                    Health::Failing
                } else {
                    health[n / 2 % 7]
                };
                BreakerEvent::Outcome { newest: n % 2 == 0, health }
            }
        });
        prop::collection::vec(event, 0..90)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn it_behaves_as_the_plain_model_does(events in events()) {
            let mut breaker = CircuitBreaker::new(Duration::from_secs(5));
            let mut model = Model {
                failures: vec![], opened: 0, opened_since_closed: 0, open_until: 0, is_open: false, is_probed: false,
            };
            let (mut now, mut in_flight) = (0, VecDeque::new());
            for event in events {
                let at = Duration::from_millis(now);
                match event {
                    BreakerEvent::Pause(ms) => now += ms,
                    BreakerEvent::Request => {
                        let would_admit = breaker.would_admit(at);
                        let permit = breaker.admit(at);
                        prop_assert_eq!(permit.is_some(), would_admit);
                        let opened = model.opened;
                        prop_assert_eq!(permit.is_some(), model.request(now));
                        in_flight.extend(permit.map(|permit| (permit, opened)));
                    }
                    BreakerEvent::Outcome { newest, health } => {
                        let request = if newest { in_flight.pop_back() } else { in_flight.pop_front() };
                        if let Some((permit, opened)) = request {
                            breaker.record(permit, health, at, 1.0);
                            model.outcome(opened, health, now);
                        }
                    }
                }
                prop_assert_eq!(breaker.opened(), model.opened);
                prop_assert_eq!(breaker.state() != BreakerState::Closed, model.is_open);
            }
        }
    }

    #[test]
    fn it_stays_open_longer_each_time_until_a_probe_succeeds() {
        let mut breaker = CircuitBreaker::new(Duration::from_secs(5));
        let mut now = Duration::ZERO;
        for _ in 0..5 {
            let permit = breaker.admit(now).unwrap();
            breaker.record(permit, Health::Failing, now, 1.0);
        }
        assert_eq!(breaker.reason(), "failed 5 times in a row");
        let mut waits = vec![];
        for _ in 0..6 {
            waits.push(breaker.max_wait().as_secs());
            assert!(breaker.admit(now + breaker.max_wait().mul_f64(0.999)).is_none());
            now += breaker.max_wait();
            let probe = breaker.admit(now).unwrap();
            assert!(breaker.admit(now).is_none(), "one probe at a time");
            breaker.record(probe, Health::Failing, now, 1.0);
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        now += breaker.max_wait();
        let probe = breaker.admit(now).unwrap();
        breaker.record(probe, Health::Healthy, now, 1.0);
        assert_eq!((breaker.state(), breaker.failures(), breaker.opened()), (BreakerState::Closed, 0, 7));
        for _ in 0..5 {
            let permit = breaker.admit(now).unwrap();
            breaker.record(permit, Health::Failing, now, 0.0);
        }
        assert!(breaker.admit(now + Duration::from_millis(2_499)).is_none());
        assert!(breaker.admit(now + Duration::from_millis(2_500)).is_some(), "chance makes it half as long at most");
    }
}
