//! Whether a failed request is made again, and when: pure.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::model::time::Timestamp;

/// The longest wait that a server may ask for and be believed.
const YEAR: u64 = 366 * 24 * 3600;

/// How often a request may be made again after this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Not at all: the same would come of it.
    Never,
    /// Once: it may be the request itself that the server cannot bear.
    Once,
    /// As often as retries are allowed.
    Often,
}

impl Again {
    /// After an answer with this status.
    pub fn after(status: u16) -> Self {
        match status {
            408 | 429 | 502..=504 => Self::Often,
            500 => Self::Once,
            _ => Self::Never,
        }
    }
}

/// The longest wait before each retry; the real one is random below it, so that clients do not come back all at once.
pub fn delays() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_factor(2.0)
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(2)
        .build()
}

/// Whether a backend may be asked again: retries are at most a fifth of its requests, and two.
pub fn is_affordable(requests: usize, retries: usize) -> bool {
    retries.saturating_add(1).saturating_mul(5) <= requests.saturating_add(10)
}

/// What a `Retry-After` asks for: seconds, or a date, which is measured against the server's own clock. What makes no
/// sense says nothing.
///
/// Source: RFC 9110, 10.2.3.
pub fn asked_for(retry_after: &str, date: Option<Timestamp>) -> Option<Duration> {
    let text = retry_after.trim();
    let seconds = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()?
    } else {
        let ahead = Timestamp::from_http_date(text)?.since(date?);
        u64::try_from(ahead).ok()?.div_ceil(1_000_000_000)
    };
    (1..=YEAR).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// How long to wait before asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDelay {
    /// This long.
    For(Duration),
    /// The server wants to be left alone for longer than there is time: so long.
    TooLong(Duration),
    /// There is no time left for another try.
    NoTime,
}

/// The wait that the server asked for, or a random one, whichever is longer, if it fits into what is left.
pub fn wait(asked: Option<Duration>, jitter: Duration, left: Duration) -> RetryDelay {
    match asked {
        Some(asked) if asked.max(jitter) >= left => RetryDelay::TooLong(asked),
        Some(asked) => RetryDelay::For(asked.max(jitter)),
        None if jitter >= left => RetryDelay::NoTime,
        None => RetryDelay::For(jitter),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "Wed, 21 Oct 2026 07:28:00 GMT";

    #[test]
    fn a_server_says_in_two_ways_when_to_come_back() {
        let table = [
            ("2", Some(2)),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("Wed, 21 Oct 2026 07:28:02 GMT", Some(2)),
            ("Wed, 21 Oct 2026 07:27:59 GMT", None),
            ("Wed, 21 Oct 2076 07:28:00 GMT", None),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("1000000000000000000000000000000", None),
            ("Mon, 99 Foo 2026 07:28:00 GMT", None),
        ];
        for (text, seconds) in table {
            let asked = asked_for(text, Timestamp::from_http_date(DATE));
            assert_eq!(asked, seconds.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(asked_for(DATE, None), None, "without the server's clock its date says nothing");
    }

    #[test]
    fn delays_double_and_end_after_two() {
        let most: Vec<u128> = delays().map(|delay| delay.as_millis()).collect();
        assert_eq!(most, [200, 400]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn any_text_is_taken_or_left(text in "\\PC{0,40}", number in any::<i128>(), digits in any::<bool>()) {
            let text = if digits { number.to_string() } else { text };
            let asked = asked_for(&text, Timestamp::from_http_date(DATE));
            let model = text.trim().parse::<i128>().ok().filter(|n| (1..=i128::from(YEAR)).contains(n));
            if digits {
                prop_assert_eq!(asked.map(|a| i128::from(a.as_secs())), model);
            }
            prop_assert!(asked.is_none_or(|a| a <= Duration::from_secs(YEAR)));
        }

        #[test]
        fn a_wait_never_passes_the_deadline(asked in 0..100u64, has in any::<bool>(), jitter in 0..6000u64, left in 0..40_000u64) {
            let (asked, jitter, left) = (has.then(|| Duration::from_secs(asked)), Duration::from_millis(jitter), Duration::from_millis(left));
            match wait(asked, jitter, left) {
                RetryDelay::For(d) => prop_assert!(d < left && d >= jitter && asked.is_none_or(|a| d >= a)),
                RetryDelay::TooLong(a) => prop_assert!(asked == Some(a) && a.max(jitter) >= left),
                RetryDelay::NoTime => prop_assert!(asked.is_none() && jitter >= left),
            }
        }

        #[test]
        fn retries_are_a_fifth_and_two(outcomes in prop::collection::vec(0..4u8, 0..200)) {
            let (mut requests, mut retries) = (0usize, 0usize);
            for fails in outcomes {
                requests += 1;
                for _ in 0..fails.min(2) {
                    if is_affordable(requests, retries) {
                        retries += 1;
                    }
                }
                prop_assert!(retries as f64 <= 0.2 * requests as f64 + 2.0);
            }
        }
    }
}
