//! Whether and when a failed request is retried. Pure.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::model::time::Timestamp;

/// The longest `Retry-After` that is believed: a year. A longer one is a mistake.
const MAX_RETRY_AFTER_SECONDS: u64 = 366 * 24 * 3600;

/// Whether a request may be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// No: the outcome would be the same.
    Never,
    /// Once: the request itself may be what the server fails on.
    Once,
    /// As often as the budget of retries allows.
    Allowed,
}

impl Retry {
    /// Whether a request may be retried after an answer with this status.
    pub(super) fn after_status(status: u16) -> Self {
        match status {
            408 | 429 | 502..=504 => Self::Allowed,
            500 => Self::Once,
            _ => Self::Never,
        }
    }
}

/// The longest delay before each retry. The actual delay is random below it, so that clients do not all return at once.
pub(super) fn max_delays() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_factor(2.0)
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(2)
        .build()
}

/// Whether another retry is within the budget of a backend: two, and a fifth of its requests. A single request may be
/// retried, while a failing backend gets at most a fifth more requests than a healthy one.
pub(super) fn within_budget(requests: usize, retries: usize) -> bool {
    retries.saturating_add(1).saturating_mul(5) <= requests.saturating_add(10)
}

/// The wait that a `Retry-After` header asks for: seconds, or a date, which is compared with the server's own clock. None
/// if it makes no sense.
///
/// Source: RFC 9110, 10.2.3.
pub(super) fn parse_retry_after(retry_after: &str, date: Option<Timestamp>) -> Option<Duration> {
    let text = retry_after.trim();
    let seconds = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()?
    } else {
        let ahead = Timestamp::from_http_date(text)?.since(date?);
        u64::try_from(ahead).ok()?.div_ceil(1_000_000_000)
    };
    (1..=MAX_RETRY_AFTER_SECONDS).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// How long to wait before a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryDelay {
    /// This long.
    Wait(Duration),
    /// The server asks for this wait, which is longer than the time left.
    TooLong(Duration),
    /// No time is left for another attempt.
    NoTimeLeft,
}

/// The longer of the wait that the server asked for and the random one, if it fits into the time left.
pub(super) fn retry_delay(asked: Option<Duration>, jitter: Duration, left: Duration) -> RetryDelay {
    match asked {
        Some(asked) if asked.max(jitter) >= left => RetryDelay::TooLong(asked),
        Some(asked) => RetryDelay::Wait(asked.max(jitter)),
        None if jitter >= left => RetryDelay::NoTimeLeft,
        None => RetryDelay::Wait(jitter),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "Wed, 21 Oct 2026 07:28:00 GMT";

    #[test]
    fn retry_after_is_seconds_or_a_date() {
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
            let asked = parse_retry_after(text, Timestamp::from_http_date(DATE));
            assert_eq!(asked, seconds.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(parse_retry_after(DATE, None), None, "without the server's clock its date says nothing");
    }

    #[test]
    fn delays_double_and_end_after_two() {
        let most: Vec<u128> = max_delays().map(|delay| delay.as_millis()).collect();
        assert_eq!(most, [200, 400]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn any_retry_after_is_accepted_or_ignored(text in "\\PC{0,40}", number in any::<i128>(), digits in any::<bool>()) {
            let text = if digits { number.to_string() } else { text };
            let asked = parse_retry_after(&text, Timestamp::from_http_date(DATE));
            let model = text.trim().parse::<i128>().ok().filter(|n| (1..=i128::from(MAX_RETRY_AFTER_SECONDS)).contains(n));
            if digits {
                prop_assert_eq!(asked.map(|a| i128::from(a.as_secs())), model);
            }
            prop_assert!(asked.is_none_or(|a| a <= Duration::from_secs(MAX_RETRY_AFTER_SECONDS)));
        }

        #[test]
        fn a_delay_never_exceeds_the_deadline(asked in 0..100u64, has in any::<bool>(), jitter in 0..6000u64, left in 0..40_000u64) {
            let (asked, jitter, left) = (has.then(|| Duration::from_secs(asked)), Duration::from_millis(jitter), Duration::from_millis(left));
            match retry_delay(asked, jitter, left) {
                RetryDelay::Wait(d) => prop_assert!(d < left && d >= jitter && asked.is_none_or(|a| d >= a)),
                RetryDelay::TooLong(a) => prop_assert!(asked == Some(a) && a.max(jitter) >= left),
                RetryDelay::NoTimeLeft => prop_assert!(asked.is_none() && jitter >= left),
            }
        }

        #[test]
        fn retries_are_at_most_a_fifth_of_the_requests_and_two(outcomes in prop::collection::vec(0..4u8, 0..200)) {
            let (mut requests, mut retries) = (0usize, 0usize);
            for fails in outcomes {
                requests += 1;
                for _ in 0..fails.min(2) {
                    if within_budget(requests, retries) {
                        retries += 1;
                    }
                }
                prop_assert!(retries as f64 <= 0.2 * requests as f64 + 2.0);
            }
        }
    }
}
