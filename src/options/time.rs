//! Parses the time window of a query: `--since`, `--start`, `--end`.

use chrono::{DateTime, FixedOffset, Local, Utc};
use clap::Args;
use interim::{Dialect, parse_date_string};

use crate::error::Error;
use crate::model::duration::duration;
use crate::model::time::{DAY, HOUR, Human, SECOND, Timestamp, Window, Zone};

const FORMS: &str = "write 2026-11-22T14:00:00+01:00, 1795352531 (epoch s, ms, µs or ns), now-15m, `15m ago`, \
    `yesterday 14:00`, 2026-11-22 or 14:00";

/// When the journey was.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Time")]
pub struct TimeArgs {
    /// Look from this long ago until now: 15m, 2h, 7d; a point in time does too
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["start", "end"], allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00
    #[arg(long, value_name = "TIME", visible_alias = "from", allow_hyphen_values = true)]
    pub start: Option<String>,
    /// Look up to here; alone, the hour before it
    #[arg(long, value_name = "TIME", visible_alias = "to", allow_hyphen_values = true)]
    pub end: Option<String>,
}

impl TimeArgs {
    /// The window that the flags set; none without such a flag.
    ///
    /// # Errors
    /// Usage: not a time, an empty window, or one in the future.
    pub(crate) fn window(&self, now: Timestamp, zone: Zone) -> Result<Option<Window>, Error> {
        let clock = Clock { now, zone };
        let until_now = now.plus(1);
        let window = match (&self.since, &self.start, &self.end) {
            (None, None, None) => return Ok(None),
            (Some(since), ..) => Window::new(clock.since(since)?, until_now),
            (None, Some(start), None) => Window::new(clock.start("--start", start)?, until_now),
            (None, None, Some(end)) => {
                let end = clock.start("--end", end)?;
                Window::new(end.plus(-HOUR), end)
            }
            (None, Some(start), Some(end)) => {
                let start = clock.start("--start", start)?;
                Window::new(start, clock.end(end, start)?)
            }
        };
        self.check(window, clock).map(Some)
    }

    fn check(&self, window: Window, clock: Clock) -> Result<Window, Error> {
        let flag = if self.since.is_some() { "--since" } else { "--start" };
        if window.from > clock.now {
            let ahead = Human(window.from.since(clock.now));
            let message = format!("{flag}: {} is {ahead} ahead of now", clock.zone.full(window.from));
            return Err(Error::usage(message, "nothing can have happened yet; `15m ago` and now-15m look back"));
        }
        if window.is_empty() {
            let message = format!(
                "--start ({}) is not before --end ({})",
                clock.zone.full(window.from),
                clock.zone.full(window.to)
            );
            return Err(Error::usage(message, "a window needs its start before its end"));
        }
        Ok(window)
    }
}

/// The current time and the time zone that times are written in.
#[derive(Clone, Copy)]
struct Clock {
    now: Timestamp,
    zone: Zone,
}

impl Clock {
    fn since(self, text: &str) -> Result<Timestamp, Error> {
        match duration(text) {
            Ok(ns) if ns > 0 => Ok(self.now.plus(-ns)),
            Ok(_) => Err(Error::usage("--since: nothing lies between now and now", "write 15m, 2h or 7d")),
            Err(why) if looks_like_duration(text) => {
                Err(Error::usage(format!("--since: {text:?}: {why}"), "write 15m, 2h or 7d"))
            }
            Err(_) => self.start("--since", text),
        }
    }

    /// A bare time of day is the most recent one.
    fn start(self, flag: &str, text: &str) -> Result<Timestamp, Error> {
        let at = self.point(flag, text)?;
        if is_time_of_day(text) && at > self.now { self.point(flag, &format!("yesterday {text}")) } else { Ok(at) }
    }

    /// A bare time of day is the first one after the start.
    fn end(self, text: &str, start: Timestamp) -> Result<Timestamp, Error> {
        let at = self.point("--end", text)?;
        if !is_time_of_day(text) || at < start.plus(DAY) {
            return Ok(at);
        }
        let day_of_start = self.zone.date(start);
        let at = self.point("--end", &format!("{day_of_start} {text}"))?;
        if at > start { Ok(at) } else { Ok(at.plus(DAY)) }
    }

    /// In this order: RFC 3339, epoch digits, now ± duration, duration ago, plain words.
    fn point(self, flag: &str, text: &str) -> Result<Timestamp, Error> {
        let text = text.trim();
        let wrong = |why: &str| Error::usage(format!("{flag}: {text:?} {why}"), FORMS);
        if text.is_empty() {
            return Err(wrong("is no time"));
        }
        if let Some(at) = Timestamp::from_rfc3339(text).or_else(|| epoch(text)) {
            return Ok(at);
        }
        if let Some(shift) = self.shifted(text) {
            return shift.map_err(|why| wrong(&format!("is no time: {why}")));
        }
        if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && looks_like_duration(text) {
            return Err(Error::usage(
                format!("{flag}: {text:?} is a length of time, not a point in time"),
                format!("did you mean now-{0} or --since {0}?", text.trim_start_matches('-')),
            ));
        }
        if text.contains('/') {
            return Err(wrong("can be read as two different days"));
        }
        self.in_words(text).ok_or_else(|| wrong("is no time"))
    }

    fn shifted(self, text: &str) -> Option<Result<Timestamp, String>> {
        let lower = text.to_ascii_lowercase();
        if let Some(length) = lower.strip_suffix(" ago").map(|_| &text[..text.len() - 4])
            && length.starts_with(|c: char| c.is_ascii_digit())
        {
            return Some(duration(length).map(|ns| self.now.plus(-ns)));
        }
        lower.strip_prefix("now")?;
        let rest = text[3..].trim_start();
        let (sign, length) = match rest.split_at_checked(1) {
            None => return Some(Ok(self.now)),
            Some(("-", length)) => (-1, length),
            Some(("+", length)) => (1, length),
            Some(_) => return None,
        };
        Some(duration(length).map(|ns| self.now.plus(sign * ns)))
    }

    /// Uses the zone's rules, not today's offset: yesterday may have been on the other side of a clock change.
    fn in_words(self, text: &str) -> Option<Timestamp> {
        let text = &sanitized(text)?;
        let utc: DateTime<Utc> = DateTime::from_timestamp_nanos(self.now.0);
        let nanos = match self.zone {
            Zone::Local => parse_date_string(text, utc.with_timezone(&Local), Dialect::Uk).ok()?.timestamp_nanos_opt(),
            Zone::Utc => parse_date_string(text, utc, Dialect::Uk).ok()?.timestamp_nanos_opt(),
            Zone::Offset(seconds) => {
                let there = utc.with_timezone(&FixedOffset::east_opt(seconds)?);
                parse_date_string(text, there, Dialect::Uk).ok()?.timestamp_nanos_opt()
            }
        };
        nanos.map(Timestamp)
    }
}

/// The text in a form that is safe for `interim`, or none: after an hour it panics on capital letters and on long words.
/// The `T` between date and time becomes a space.
fn sanitized(text: &str) -> Option<String> {
    let is_letter = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
    let is_alone = |at: usize| !(at > 0 && is_letter(at - 1) || is_letter(at + 1));
    let is_long = |word: &str| word.len() > 15;
    if !text.is_ascii() || text.split(|c: char| !c.is_ascii_alphabetic()).any(is_long) {
        return None;
    }
    let sanitize = |(at, c): (usize, char)| if c == 'T' && is_alone(at) { ' ' } else { c.to_ascii_lowercase() };
    Some(text.char_indices().map(sanitize).collect())
}

/// Seconds, milliseconds, microseconds or nanoseconds by the number of digits; seconds may have decimals.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 9 || text.ends_with('.') {
        return None;
    }
    let scale = match whole.len() {
        10 => SECOND,
        13 if decimals.is_empty() => 1_000_000,
        16 if decimals.is_empty() => 1_000,
        19 if decimals.is_empty() => 1,
        _ => return None,
    };
    let fraction: i64 = format!("{decimals:0<9}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(scale)?.checked_add(fraction).map(Timestamp)
}

fn is_time_of_day(text: &str) -> bool {
    let text = text.trim();
    text.contains(':') && text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
}

/// Whether the text can only be meant as a duration, even an invalid one.
fn looks_like_duration(text: &str) -> bool {
    let text = text.trim().trim_start_matches('-');
    let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let unit: String = text[digits..].trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    let known =
        ["ns", "us", "ms", "s", "sec", "m", "min", "M", "h", "hr", "d", "day", "days", "w", "y", "hours", "minutes"];
    digits > 0
        && known.contains(&unit.as_str())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b' '))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Exit;
    use crate::model::duration::positive_duration;
    use crate::query::{Subject, TimeRange};

    const NOW: &str = "2026-11-23T13:30:00Z";

    fn now() -> Timestamp {
        Timestamp::from_rfc3339(NOW).unwrap()
    }

    fn window(since: Option<&str>, start: Option<&str>, end: Option<&str>) -> Result<String, Error> {
        let own = |t: Option<&str>| t.map(str::to_owned);
        let args = TimeArgs { since: own(since), start: own(start), end: own(end) };
        let window = args.window(now(), Zone::Offset(3600))?.unwrap();
        Ok(format!("{} {}", window.from.rfc3339(), window.to.rfc3339()))
    }

    #[test]
    fn input_that_interim_panics_on_is_parsed_or_refused() {
        let start = |text: &str| window(None, Some(text), None);
        assert_eq!(start("yesterday 9AM").ok(), start("yesterday 9am").ok());
        assert!(start("yesterday 9AM").is_ok());
        assert_eq!(start("2026-11-22T14:00").ok(), start("2026-11-22 14:00").ok());
        let hostile = ["1h\u{6}17G5\u{6}352=", "yesterday 9abcdefghijklmnopqrstuvwxyz", "2026-11-22T9TAM", "9é"];
        for text in hostile {
            assert!(start(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_point_in_time_can_be_written_in_many_ways() {
        let table = [
            ("2026-11-22T14:00:00.123456789+01:00", "2026-11-22T13:00:00.123456789Z"),
            ("2026-11-22T13:00:00Z", "2026-11-22T13:00:00.000000000Z"),
            ("1795352531", "2026-11-22T13:02:11.000000000Z"),
            ("1795352531.112", "2026-11-22T13:02:11.112000000Z"),
            ("1795352531112", "2026-11-22T13:02:11.112000000Z"),
            ("1795352531112345", "2026-11-22T13:02:11.112345000Z"),
            ("1795352531112345678", "2026-11-22T13:02:11.112345678Z"),
            ("now", "2026-11-23T13:30:00.000000000Z"),
            ("now-15m", "2026-11-23T13:15:00.000000000Z"),
            ("now - 1h30m", "2026-11-23T12:00:00.000000000Z"),
            ("NOW-7d", "2026-11-16T13:30:00.000000000Z"),
            ("15m ago", "2026-11-23T13:15:00.000000000Z"),
            ("2 hours ago", "2026-11-23T11:30:00.000000000Z"),
            ("yesterday 14:00", "2026-11-22T13:00:00.000000000Z"),
            ("2026-11-22", "2026-11-21T23:00:00.000000000Z"),
            ("2026-11-22 14:00", "2026-11-22T13:00:00.000000000Z"),
            ("2026-11-22 14:00:05", "2026-11-22T13:00:05.000000000Z"),
            ("14:00", "2026-11-23T13:00:00.000000000Z"),
            ("23:50", "2026-11-22T22:50:00.000000000Z"),
            ("last friday", "2026-11-19T23:00:00.000000000Z"),
        ];
        for (text, at) in table {
            let window = window(None, Some(text), None).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert!(window.starts_with(at), "{text}: {window}");
        }
    }

    #[test]
    fn a_window_ends_now_or_where_a_flag_says() {
        let table = [
            (Some("2h"), None, None, "2026-11-23T11:30:00.000000000Z 2026-11-23T13:30:00.000000001Z"),
            (Some("yesterday 14:00"), None, None, "2026-11-22T13:00:00.000000000Z 2026-11-23T13:30:00.000000001Z"),
            (None, None, Some("14:00"), "2026-11-23T12:00:00.000000000Z 2026-11-23T13:00:00.000000000Z"),
            (None, Some("23:50"), Some("00:20"), "2026-11-22T22:50:00.000000000Z 2026-11-22T23:20:00.000000000Z"),
            (None, Some("23:50"), Some("23:58"), "2026-11-22T22:50:00.000000000Z 2026-11-22T22:58:00.000000000Z"),
            (None, Some("14:00"), Some("15:00"), "2026-11-23T13:00:00.000000000Z 2026-11-23T14:00:00.000000000Z"),
        ];
        for (since, start, end, expected) in table {
            assert_eq!(window(since, start, end).unwrap(), expected);
        }
    }

    #[test]
    fn an_invalid_time_is_an_error_with_a_hint() {
        let start = |text| window(None, Some(text), None);
        let table = [
            (start(""), "--start: \"\" is no time"),
            (start("soonish"), "--start: \"soonish\" is no time"),
            (start("20261122"), "--start: \"20261122\" is no time"),
            (start("11/12/2026"), "can be read as two different days"),
            (start("now-5M"), "did you mean 5m?"),
            (start("2h"), "is a length of time, not a point in time"),
            (start("now+1h"), "1 h ahead of now"),
            (window(None, Some("now-1h"), Some("now-2h")), "is not before --end"),
            (window(None, Some("now-1h"), Some("now-1h")), "is not before --end"),
            (window(Some("5M"), None, None), "did you mean 5m?"),
            (window(Some("0s"), None, None), "nothing lies between"),
            (window(Some("tomorrow"), None, None), "ahead of now"),
        ];
        for (result, why) in table {
            let error = result.unwrap_err();
            assert!(error.to_string().contains(why), "{error} should say {why}");
            assert!(error.exit() == Exit::Usage && !error.hint().is_empty());
        }
    }

    #[test]
    fn durations_have_a_unit_and_months_are_not_minutes() {
        assert_eq!(duration("1h30m"), Ok(90 * 60 * SECOND));
        assert_eq!(duration("7d"), Ok(7 * DAY));
        assert_eq!(duration("250us"), Ok(250_000));
        assert_eq!(duration("5M").unwrap_err(), "`M` means months; did you mean 5m?");
        for no in ["", "5", "-5m", "1e9d", "999999999999y"] {
            assert!(duration(no).is_err(), "{no}");
        }
        assert!(positive_duration("0s").is_err());
    }

    #[test]
    fn without_flags_the_range_comes_from_the_id_or_is_widened() {
        let args = TimeArgs::default();
        let millis = now().plus(-HOUR).millis();
        let id = format!("{:08x}-{:04x}-7abc-8def-0123456789ab", millis >> 16, millis & 0xffff);
        let range = |subject: &Subject| TimeRange::new(args.window(now(), Zone::Utc).unwrap(), subject, now());
        assert!(matches!(range(&Subject::either(id)), TimeRange::FromId(_, "UUIDv7")));
        assert_eq!(range(&Subject::either("req-42")), TimeRange::Widening);
    }

    /// Real expressions, combinations of their pieces, and arbitrary text.
    fn expressions() -> impl Strategy<Value = String> {
        const PIECES: [&str; 40] = [
            "yesterday",
            "9AM",
            "14:00",
            "last",
            "next",
            "friday",
            "2026-11-22",
            "T",
            "now",
            "-",
            "+",
            "15m",
            " ago",
            "2 hours",
            "9pm",
            "12",
            "99999999999",
            "9223372036854775807",
            "0",
            "Z",
            "+01:00",
            "jan",
            "31",
            "feb",
            "/",
            ":",
            ".",
            "5M",
            "tomorrow",
            "days",
            "weeks",
            "y",
            "1e9",
            "é",
            "\u{6}",
            "years ago",
            "00:00:60",
            "-99",
            "262143",
            "tue 3:05:07.123",
        ];
        let piece = prop_oneof![4 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned), 1 => "\\PC{0,3}"];
        let glued = prop::collection::vec((piece, prop::sample::select(&[" ", "", " "][..])), 1..5);
        let glued =
            glued.prop_map(|pieces| pieces.into_iter().flat_map(|(piece, gap)| [piece, gap.to_owned()]).collect());
        prop_oneof![4 => glued, 1 => "\\PC{0,24}", 1 => any::<Vec<u8>>().prop_map(|b| String::from_utf8_lossy(&b).into())]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn any_text_is_a_time_or_an_error_with_a_hint(text in expressions(), flag in 0..3u8, zone in -86_399..86_400i32) {
            let own = |nth| (flag == nth).then(|| text.clone());
            let args = TimeArgs { since: own(0), start: own(1), end: own(2) };
            match args.window(now(), Zone::Offset(zone)) {
                Ok(window) => prop_assert!(window.is_some_and(|w| !w.is_empty())),
                Err(error) => prop_assert!(error.exit() == Exit::Usage && !error.hint().is_empty(), "{error}"),
            }
        }

        #[test]
        fn any_text_is_a_duration_or_an_error(text in "\\PC{0,12}", number in any::<u64>(), unit in prop::sample::select(&["ns", "us", "ms", "s", "m", "h", "d", "w", "y", "M", ""][..])) {
            let _ = duration(&text);
            let scale = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", SECOND), ("m", 60 * SECOND), ("h", HOUR), ("d", DAY), ("w", 7 * DAY)];
            let Some((_, scale)) = scale.into_iter().find(|(known, _)| *known == unit) else { return Ok(()) };
            let model = i64::try_from(i128::from(number) * i128::from(scale)).ok();
            prop_assert_eq!(duration(&format!("{number}{unit}")).ok(), model);
        }

        #[test]
        fn a_duration_as_shown_can_be_typed_again(ns in lengths()) {
            let shown = Human(ns).to_string();
            let typed = duration(&shown).map_err(TestCaseError::fail);
            // As exact as what is shown, which drops fractions of the smallest unit.
            prop_assert!((typed? - ns).abs() as f64 <= 0.5 * ns as f64, "{shown}");
        }

        #[test]
        fn a_longer_duration_never_parses_as_a_shorter_one(a in lengths(), b in lengths()) {
            let read = |ns| duration(&Human(ns).to_string()).map_err(TestCaseError::fail);
            prop_assert_eq!(read(a.min(b))?.cmp(&read(a.max(b))?).is_gt(), false);
        }
    }

    /// Nanoseconds of every magnitude.
    fn lengths() -> impl Strategy<Value = i64> {
        (0..63u32, any::<i64>()).prop_map(|(bits, ns)| (ns & i64::MAX) >> bits)
    }
}
