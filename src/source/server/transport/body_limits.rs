//! Limits on bodies: bytes buffered by all together, and the slowest rate.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// Slower bodies are given up: at this rate even 30 s bring too little to wait for.
const MIN_BYTES_PER_SECOND: f64 = 1024.0;

/// A size in the largest binary unit of which it is a multiple: `256 MiB`.
pub(crate) fn format_size(bytes: usize) -> String {
    match bytes {
        b if b >= 1 << 30 && b.is_multiple_of(1 << 30) => format!("{} GiB", b >> 30),
        b if b >= 1 << 20 && b.is_multiple_of(1 << 20) => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 && b.is_multiple_of(1 << 10) => format!("{} KiB", b >> 10),
        b => format!("{b} bytes"),
    }
}

/// The bytes of one body in the total of all bodies that are read or wait to be decoded. Dropping it takes them off.
pub(super) struct BufferedBytes<'a> {
    all: &'a Cell<usize>,
    bytes: usize,
}

impl<'a> BufferedBytes<'a> {
    /// None yet.
    pub(super) fn new(all: &'a Cell<usize>) -> Self {
        Self { all, bytes: 0 }
    }

    /// The bytes of all bodies.
    pub(super) fn total(&self) -> usize {
        self.all.get()
    }

    /// Counts more bytes.
    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.all.set(self.all.get() + bytes);
    }
}

impl Drop for BufferedBytes<'_> {
    fn drop(&mut self) {
        self.all.set(self.all.get() - self.bytes);
    }
}

/// Checks at intervals whether a body arrives fast enough.
pub(super) struct RateCheck {
    interval: Duration,
    since: Instant,
    bytes: usize,
}

impl RateCheck {
    /// The interval is twice the idle timeout: shorter pauses are allowed.
    pub(super) fn new(idle: Duration) -> Self {
        Self { interval: idle * 2, since: Instant::now(), bytes: 0 }
    }

    /// Whether it is, with this many bytes more.
    pub(super) fn is_fast_enough(&mut self, more: usize) -> bool {
        self.bytes += more;
        let elapsed = self.since.elapsed();
        if elapsed < self.interval {
            return true;
        }
        let is_enough = self.bytes as f64 >= MIN_BYTES_PER_SECOND * elapsed.as_secs_f64();
        (self.since, self.bytes) = (Instant::now(), 0);
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_shown_in_the_largest_unit_that_fits() {
        let table = [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1025, "1025 bytes"),
            (3 << 10, "3 KiB"),
            (1 << 20, "1 MiB"),
            ((1 << 20) + 1024, "1025 KiB"),
            (256 << 20, "256 MiB"),
            (1 << 30, "1 GiB"),
            ((2 << 30) + (1 << 20), "2049 MiB"),
        ];
        for (bytes, text) in table {
            assert_eq!(format_size(bytes), text);
        }
    }

    #[test]
    fn a_body_must_bring_a_kibibyte_a_second_at_each_check() {
        // Milliseconds since the last check, bytes since then and bytes now, whether that is fast enough, bytes counted
        // from then on.
        let table = [
            (1_000, 0, 1, true, 1),
            (1_000, 5, 7, true, 12),
            (4_000, 0, 1, false, 0),
            (4_000, 4_000, 95, false, 0),
            (4_000, 4_096, 1_000, true, 0),
        ];
        for (ago, bytes, more, is_enough, counted) in table {
            let since = Instant::now().checked_sub(Duration::from_millis(ago)).unwrap();
            let mut rate = RateCheck { since, bytes, ..RateCheck::new(Duration::from_secs(1)) };
            assert_eq!(rate.interval, Duration::from_secs(2));
            assert_eq!((rate.is_fast_enough(more), rate.bytes), (is_enough, counted), "{ago} ms, {bytes} + {more}");
            assert_eq!(rate.since != since, ago > 2_000);
        }
    }
}
