//! A circuit breaker: who fails again and again is left alone for a while. Pure: time and chance are passed in.
//!
//! Closed, everything passes. Five failures in a row, half of the last twenty, or one that took all the time there was,
//! open it: nothing passes for five
//! seconds, twice as long each time, up to a minute. Then one request is let through to see: if it does well, all is well.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::evidence::BreakerState;

/// Failures in a row that open it.
const IN_A_ROW: usize = 5;
/// How many of the last calls are looked at.
const WINDOW: usize = 20;
/// Of so many calls at least, half must fail to open it.
const ENOUGH: usize = 10;
/// The longest wait, as a multiple of the first.
const LONGEST: u32 = 12;

/// The permission to make one request; it is given back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// How often it had opened when this was given: what came of older requests says nothing of today.
    opened: usize,
}

/// What came of a request, as far as the backend's health is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever it said.
    Well,
    /// It did not, or said that it cannot.
    Ill,
    /// It did not, for as long as one answer may take: nobody waits like that twice.
    Hung,
    /// Nobody knows: the request was given up.
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
pub struct CircuitBreaker {
    first_wait: Duration,
    state: BreakerPhase,
    in_a_row: usize,
    /// Whether each of the last calls failed.
    last: VecDeque<bool>,
    opened: usize,
    /// How often it opened since all was well.
    again: u32,
    /// Whether it opened because one answer did not come at all.
    hung: bool,
}

impl CircuitBreaker {
    /// Closed; it will first stay open for so long.
    pub fn new(first_wait: Duration) -> Self {
        Self {
            first_wait,
            state: BreakerPhase::Closed,
            in_a_row: 0,
            last: VecDeque::new(),
            opened: 0,
            again: 0,
            hung: false,
        }
    }

    /// Lets a request through, or not.
    pub fn admit(&mut self, now: Duration) -> Option<Pass> {
        match self.state {
            BreakerPhase::Closed => {}
            BreakerPhase::Open { until } if now < until => return None,
            BreakerPhase::HalfOpen { is_probed: true } => return None,
            BreakerPhase::Open { .. } | BreakerPhase::HalfOpen { is_probed: false } => {
                self.state = BreakerPhase::HalfOpen { is_probed: true };
            }
        }
        Some(Pass { opened: self.opened })
    }

    /// Whether a request would be let through.
    pub fn would_admit(&self, now: Duration) -> bool {
        match self.state {
            BreakerPhase::Closed | BreakerPhase::HalfOpen { is_probed: false } => true,
            BreakerPhase::Open { until } => now >= until,
            BreakerPhase::HalfOpen { is_probed: true } => false,
        }
    }

    /// Takes note of what came of a request. `chance` is random in 0..1.
    pub fn record(&mut self, pass: Pass, health: Health, now: Duration, chance: f64) {
        if pass.opened != self.opened {
            return;
        }
        match (self.state, health) {
            (BreakerPhase::Open { .. }, _) | (BreakerPhase::Closed, Health::Unknown) => {}
            (BreakerPhase::HalfOpen { .. }, Health::Unknown) => {
                self.state = BreakerPhase::HalfOpen { is_probed: false }
            }
            (BreakerPhase::HalfOpen { .. }, Health::Well) => {
                let opened = self.opened;
                *self = Self { opened, ..Self::new(self.first_wait) };
            }
            (BreakerPhase::HalfOpen { .. }, Health::Ill | Health::Hung) => {
                self.in_a_row += 1;
                self.open(now, chance);
            }
            (BreakerPhase::Closed, health) => {
                let is_bad = health != Health::Well;
                self.in_a_row = if is_bad { self.in_a_row + 1 } else { 0 };
                self.hung = health == Health::Hung;
                self.last.push_back(is_bad);
                if self.last.len() > WINDOW {
                    self.last.pop_front();
                }
                let failed = self.last.iter().filter(|failed| **failed).count();
                let often = self.in_a_row >= IN_A_ROW || self.last.len() >= ENOUGH && 2 * failed >= self.last.len();
                if self.hung || often {
                    self.open(now, chance);
                }
            }
        }
    }

    fn open(&mut self, now: Duration, chance: f64) {
        let longest = self.wait();
        self.again = self.again.saturating_add(1);
        self.opened += 1;
        // Between half of it and all of it: long enough to help, and not all clients at once.
        self.state = BreakerPhase::Open { until: now + longest.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0) };
    }

    /// How long it stays open at most, if it opens now.
    fn wait(&self) -> Duration {
        self.first_wait * 2u32.saturating_pow(self.again).min(LONGEST)
    }

    /// How long it stays open at most, now that it is; chance apart, hence the same in every run.
    pub fn longest_wait(&self) -> Duration {
        self.first_wait * 2u32.saturating_pow(self.again.saturating_sub(1)).min(LONGEST)
    }

    /// The state in a word.
    pub fn state(&self) -> BreakerState {
        match self.state {
            BreakerPhase::Closed => BreakerState::Closed,
            BreakerPhase::Open { .. } => BreakerState::Open,
            BreakerPhase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Failures in a row, up to now.
    pub fn failures(&self) -> usize {
        self.in_a_row
    }

    /// How often it opened.
    pub fn opened(&self) -> usize {
        self.opened
    }

    /// Why it is open, in words: `failed 5 times in a row`.
    pub fn reason(&self) -> String {
        if self.in_a_row >= IN_A_ROW {
            return format!("failed {} times in a row", self.in_a_row);
        }
        if self.hung {
            return "did not answer in time".to_owned();
        }
        let failed = self.last.iter().filter(|failed| **failed).count();
        format!("failed {failed} of the last {} times", self.last.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens to a breaker, in milliseconds and with the oldest open request answering.
    #[derive(Clone, Copy, Debug)]
    enum BreakerEvent {
        Pause(u64),
        Ask,
        Answer { newest: bool, health: Health },
    }

    /// The same said again, as plainly as can be: a list of all answers since it was last well, and no clever state.
    struct Model {
        answers: Vec<bool>,
        opened: usize,
        opened_since_well: u32,
        closed_until: u64,
        shut: bool,
        probe_out: bool,
    }

    impl Model {
        fn ask(&mut self, now: u64) -> bool {
            if !self.shut {
                return true;
            }
            let may = now >= self.closed_until && !self.probe_out;
            self.probe_out |= may;
            may
        }

        fn answer(&mut self, opened_then: usize, health: Health, now: u64) {
            if opened_then != self.opened {
                return;
            }
            self.probe_out = false;
            let failed = match health {
                Health::Unknown => return,
                Health::Well if self.shut => {
                    (self.shut, self.opened_since_well) = (false, 0);
                    return self.answers.clear();
                }
                Health::Well => false,
                Health::Ill | Health::Hung => true,
            };
            self.answers.push(failed);
            let hung = health == Health::Hung;
            let five = self.answers.len() >= 5 && self.answers.iter().rev().take(5).all(|f| *f);
            let recent: Vec<&bool> = self.answers.iter().rev().take(20).collect();
            let half = recent.len() >= 10 && recent.iter().filter(|f| ***f).count() * 2 >= recent.len();
            if self.shut || five || half || hung {
                self.closed_until = now + (5000 * 2u64.pow(self.opened_since_well.min(10))).min(60_000);
                self.opened_since_well += 1;
                self.opened += 1;
                self.shut = true;
            }
        }
    }

    fn events() -> impl Strategy<Value = Vec<BreakerEvent>> {
        let event = any::<u16>().prop_map(|bits| match (bits % 11, usize::from(bits / 11)) {
            (0, n) => BreakerEvent::Pause([1, 2_999, 4_999, 5_000, 5_001, 60_000][n % 6]),
            (1..=5, _) => BreakerEvent::Ask,
            (_, n) => {
                let health =
                    [Health::Well, Health::Ill, Health::Ill, Health::Well, Health::Ill, Health::Hung, Health::Unknown];
                // What hangs is rare, else nothing else would ever open it.
                let health =
                    if n % 5 > 0 && health[n / 2 % 7] == Health::Hung { Health::Ill } else { health[n / 2 % 7] };
                BreakerEvent::Answer { newest: n % 2 == 0, health }
            }
        });
        prop::collection::vec(event, 0..90)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn it_does_what_the_plain_model_does(events in events()) {
            let mut breaker = CircuitBreaker::new(Duration::from_secs(5));
            let mut model = Model {
                answers: vec![], opened: 0, opened_since_well: 0, closed_until: 0, shut: false, probe_out: false,
            };
            let (mut now, mut out) = (0, VecDeque::new());
            for event in events {
                let at = Duration::from_millis(now);
                match event {
                    BreakerEvent::Pause(ms) => now += ms,
                    BreakerEvent::Ask => {
                        let would = breaker.would_admit(at);
                        let pass = breaker.admit(at);
                        prop_assert_eq!(pass.is_some(), would);
                        let opened = model.opened;
                        prop_assert_eq!(pass.is_some(), model.ask(now));
                        out.extend(pass.map(|pass| (pass, opened)));
                    }
                    BreakerEvent::Answer { newest, health } => {
                        let one = if newest { out.pop_back() } else { out.pop_front() };
                        if let Some((pass, opened)) = one {
                            breaker.record(pass, health, at, 1.0);
                            model.answer(opened, health, now);
                        }
                    }
                }
                prop_assert_eq!(breaker.opened(), model.opened);
                prop_assert_eq!(breaker.state() != BreakerState::Closed, model.shut);
            }
        }
    }

    #[test]
    fn it_stays_open_longer_and_longer_and_forgets_when_all_is_well() {
        let mut breaker = CircuitBreaker::new(Duration::from_secs(5));
        let mut now = Duration::ZERO;
        for _ in 0..5 {
            let pass = breaker.admit(now).unwrap();
            breaker.record(pass, Health::Ill, now, 1.0);
        }
        assert_eq!(breaker.reason(), "failed 5 times in a row");
        let mut waits = vec![];
        for _ in 0..6 {
            waits.push(breaker.longest_wait().as_secs());
            assert!(breaker.admit(now + breaker.longest_wait().mul_f64(0.999)).is_none());
            now += breaker.longest_wait();
            let probe = breaker.admit(now).unwrap();
            assert!(breaker.admit(now).is_none(), "one probe at a time");
            breaker.record(probe, Health::Ill, now, 1.0);
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        now += breaker.longest_wait();
        let probe = breaker.admit(now).unwrap();
        breaker.record(probe, Health::Well, now, 1.0);
        assert_eq!((breaker.state(), breaker.failures(), breaker.opened()), (BreakerState::Closed, 0, 7));
        for _ in 0..5 {
            let pass = breaker.admit(now).unwrap();
            breaker.record(pass, Health::Ill, now, 0.0);
        }
        assert!(breaker.admit(now + Duration::from_millis(2_499)).is_none());
        assert!(breaker.admit(now + Duration::from_millis(2_500)).is_some(), "chance makes it half as long at most");
    }
}
