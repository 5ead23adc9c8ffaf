//! Time: nanoseconds since the epoch, half-open windows, and how both are shown.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Local, SecondsFormat, TimeZone, Utc};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Nanoseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Nanoseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// A point in time: nanoseconds since the Unix epoch. All arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole microseconds (Jaeger v1), saturating.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From float seconds (Prometheus); none of what is not finite. Rounded to microseconds, so that milliseconds are exact:
    /// a float has no more than that at today's times.
    pub(crate) fn from_seconds(seconds: f64) -> Option<Self> {
        seconds.is_finite().then(|| {
            let whole = seconds.floor();
            Self((whole as i64).saturating_mul(SECOND).saturating_add(((seconds - whole) * 1e6).round() as i64 * 1_000))
        })
    }

    /// From an RFC 3339 text.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt().map(Self)
    }

    /// From an RFC 2822 text such as an HTTP `Date` header.
    pub(crate) fn from_http_date(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc2822(text).ok()?.timestamp_nanos_opt().map(Self)
    }

    /// Whole microseconds since the epoch, rounded down.
    pub(crate) fn micros(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole milliseconds since the epoch, rounded down.
    pub(crate) fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Seconds as Prometheus wants them: a decimal with millisecond precision.
    pub fn seconds_text(self) -> String {
        let millis = self.millis();
        format!("{}.{:03}", millis.div_euclid(1_000), millis.rem_euclid(1_000))
    }

    /// Whether it can be a recorded time: from 1990 to 2200. Zero and overflowed times are outside.
    pub(crate) fn is_sane(self) -> bool {
        const YEAR_1990: i64 = 631_152_000_000_000_000;
        const YEAR_2200: i64 = 7_258_118_400_000_000_000;
        (YEAR_1990..YEAR_2200).contains(&self.0)
    }

    /// This time, moved by nanoseconds; saturating.
    #[must_use]
    pub fn plus(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds from `earlier` to this time; negative if this is before it.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with nine decimals: the form of every time in JSON.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Nanos, true)
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.div_euclid(SECOND), self.0.rem_euclid(SECOND) as u32).unwrap_or_default()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A half-open stretch of time `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Window {
    /// The first instant in it.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

impl Window {
    /// From two instants, in this order.
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    /// Its length in nanoseconds; never negative.
    pub(crate) fn length(self) -> i64 {
        self.to.since(self.from).max(0)
    }

    /// Whether no instant is in it.
    pub(crate) fn is_empty(self) -> bool {
        self.to <= self.from
    }

    /// Whether the instant is in it.
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// The smallest window that contains both.
    #[must_use]
    pub(crate) fn hull(self, other: Self) -> Self {
        Self::new(self.from.min(other.from), self.to.max(other.to))
    }

    /// This window, extended at its edges by nanoseconds.
    #[must_use]
    pub(crate) fn padded(self, before: i64, after: i64) -> Self {
        Self::new(self.from.plus(-before), self.to.plus(after))
    }

    /// The parts of this window outside `known`: at most one before and one after it.
    pub(crate) fn outside(self, known: Self) -> Vec<Self> {
        if known.is_empty() || known.to <= self.from || self.to <= known.from {
            return if self.is_empty() { vec![] } else { vec![self] };
        }
        [Self::new(self.from, known.from), Self::new(known.to, self.to)].into_iter().filter(|w| !w.is_empty()).collect()
    }

    /// This window divided into parts of the same length, by time.
    pub(crate) fn parts(self, count: i64) -> impl Iterator<Item = Self> {
        let at = move |nth: i64| {
            let off = i128::from(self.length()) * i128::from(nth) / i128::from(count.max(1));
            self.from.plus(i64::try_from(off).unwrap_or(i64::MAX))
        };
        (0..count).map(move |nth| Self::new(at(nth), at(nth + 1)))
    }

    /// The two halves of it.
    pub(crate) fn halves(self) -> [Self; 2] {
        let middle = self.from.plus(self.length() / 2);
        [Self::new(self.from, middle), Self::new(middle, self.to)]
    }
}

/// Stretches of time, by time, none touching another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Windows(Vec<Window>);

impl Windows {
    /// Adds a window, merged with those that it overlaps or touches.
    pub(crate) fn add(&mut self, mut window: Window) {
        if window.is_empty() {
            return;
        }
        self.0.retain(|known| {
            let apart = known.to < window.from || window.to < known.from;
            if !apart {
                window = window.hull(*known);
            }
            apart
        });
        self.0.push(window);
        self.0.sort_unstable();
    }

    /// The parts of this window that are in none of them, by time.
    pub(crate) fn missing(&self, window: Window) -> Vec<Window> {
        let mut open = if window.is_empty() { vec![] } else { vec![window] };
        for known in &self.0 {
            open = open.into_iter().flat_map(|piece| piece.outside(*known)).collect();
        }
        open
    }

    /// Every window, by time.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Window> + '_ {
        self.0.iter().copied()
    }

    /// From the first instant to the last.
    pub(crate) fn hull(&self) -> Option<Window> {
        self.iter().reduce(Window::hull)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Window> for Windows {
    fn from_iter<I: IntoIterator<Item = Window>>(windows: I) -> Self {
        let mut merged = Self::default();
        windows.into_iter().for_each(|window| merged.add(window));
        merged
    }
}

/// The time zone in which screens show times. JSON is always UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Zone {
    /// That of the machine.
    #[default]
    Local,
    /// UTC.
    Utc,
    /// A fixed offset in seconds east of UTC.
    Offset(i32),
}

impl Zone {
    /// `local`, `utc`, `Z`, or an offset such as `+02:00`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "local" => Some(Self::Local),
            "utc" | "z" => Some(Self::Utc),
            _ => text.parse::<FixedOffset>().ok().map(|o| Self::Offset(o.local_minus_utc())),
        }
    }

    fn format(self, at: Timestamp, format: &str) -> String {
        let utc = at.utc();
        match self {
            Self::Local => utc.with_timezone(&Local).format(format).to_string(),
            Self::Utc => utc.format(format).to_string(),
            Self::Offset(seconds) => match FixedOffset::east_opt(seconds) {
                Some(offset) => offset.from_utc_datetime(&utc.naive_utc()).format(format).to_string(),
                None => utc.format(format).to_string(),
            },
        }
    }

    /// `14:02:11.112`.
    pub(crate) fn clock(self, at: Timestamp) -> String {
        self.format(at, "%H:%M:%S%.3f")
    }

    /// `14:02:11`, for things that are not known to the millisecond.
    pub(crate) fn clock_seconds(self, at: Timestamp) -> String {
        self.format(at, "%H:%M:%S")
    }

    /// `14:02`.
    pub(crate) fn clock_minutes(self, at: Timestamp) -> String {
        self.format(at, "%H:%M")
    }

    /// `2026-11-23 14:02:11.112 +01:00`.
    pub(crate) fn full(self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S%.3f %:z")
    }

    /// `2026-11-23 14:02`.
    pub(crate) fn minute(self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M")
    }

    /// `2026-11-23`.
    pub(crate) fn date(self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d")
    }

    /// `+01:00`.
    pub(crate) fn offset(self, at: Timestamp) -> String {
        self.format(at, "%:z")
    }
}

/// A duration in nanoseconds, shown as a person would write it: `0 ms`, `0.4 ms`, `44 ms`, `1.31 s`, `2 min 5 s`, `3 h 12 min`, `2 d 4 h`.
pub(crate) struct Human(pub(crate) i64);

impl From<Duration> for Human {
    fn from(time: Duration) -> Self {
        Self(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let ns = self.0.unsigned_abs();
        let text = match ns {
            0 => "0 ms".to_owned(),
            1..1_000 => format!("{ns} ns"),
            1_000..100_000 => format!("{} µs", ns / 1_000),
            100_000..950_000 => format!("0.{} ms", (ns + 50_000) / 100_000),
            950_000..9_950_000 => trim(&format!("{:.1} ms", ns as f64 / 1e6)),
            9_950_000..999_500_000 => format!("{} ms", (ns + 500_000) / 1_000_000),
            999_500_000..9_995_000_000 => format!("{:.2} s", ns as f64 / 1e9),
            9_995_000_000..59_950_000_000 => format!("{:.1} s", ns as f64 / 1e9),
            _ => {
                let seconds = (ns + 500_000_000) / 1_000_000_000;
                let (big, big_unit, small, small_unit) = match seconds {
                    0..3_600 => (seconds / 60, "min", seconds % 60, "s"),
                    3_600..86_400 => (seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
                    _ => (seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
                };
                if small == 0 { format!("{big} {big_unit}") } else { format!("{big} {big_unit} {small} {small_unit}") }
            }
        };
        f.pad(&format!("{sign}{text}"))
    }
}

fn trim(text: &str) -> String {
    text.replace(".0 ", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_a_person_would_write_them() {
        let table = [
            (0, "0 ms"),
            (999, "999 ns"),
            (40_000, "40 µs"),
            (400_000, "0.4 ms"),
            (949_999, "0.9 ms"),
            (994_999, "1 ms"),
            (4_000_000, "4 ms"),
            (4_200_000, "4.2 ms"),
            (44_400_000, "44 ms"),
            (1_310_000_000, "1.31 s"),
            (45_000_000_000, "45.0 s"),
            (125 * SECOND, "2 min 5 s"),
            (3 * HOUR, "3 h"),
            (2 * DAY + 4 * HOUR, "2 d 4 h"),
            (-1_500_000_000, "-1.50 s"),
        ];
        for (ns, text) in table {
            assert_eq!(Human(ns).to_string(), text);
        }
        let _ = (Human(i64::MIN).to_string(), Human(i64::MAX).to_string());
    }

    #[test]
    fn a_window_outside_another_is_the_rest_of_it() {
        let w = |a, b| Window::new(Timestamp(a), Timestamp(b));
        assert_eq!(w(0, 10).outside(w(3, 5)), [w(0, 3), w(5, 10)]);
        assert_eq!(w(0, 10).outside(w(0, 10)), []);
        assert_eq!(w(0, 10).outside(w(20, 30)), [w(0, 10)]);
    }

    #[test]
    fn windows_are_merged_and_the_missing_parts_found() {
        let w = |a, b| Window::new(Timestamp(a), Timestamp(b));
        let mut windows: Windows = [w(10, 20), w(40, 50)].into_iter().collect();
        assert_eq!(windows.missing(w(0, 60)), [w(0, 10), w(20, 40), w(50, 60)]);
        assert_eq!(windows.missing(w(12, 18)), []);
        windows.add(w(20, 30));
        assert_eq!(windows.iter().collect::<Vec<_>>(), [w(10, 30), w(40, 50)]);
        windows.add(w(25, 45));
        assert_eq!(windows.iter().collect::<Vec<_>>(), [w(10, 50)]);
    }

    #[test]
    fn the_units_of_all_backends_are_converted_exactly() {
        let at = Timestamp::from_rfc3339("2026-11-22T13:02:11.112345678Z").unwrap();
        assert_eq!(at.rfc3339(), "2026-11-22T13:02:11.112345678Z");
        assert_eq!(at.seconds_text(), "1795352531.112");
        assert_eq!(Timestamp::from_seconds(1_795_352_531.112), Some(Timestamp(1_795_352_531_112_000_000)));
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp::from_seconds(f64::NAN), None);
    }
}
