//! How much an answer may be, and how slow.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// Bytes a second that an answer must bring.
const LEAST_RATE: f64 = 1024.0;

/// A size as people write it.
pub fn size(bytes: usize) -> String {
    match bytes {
        b if b >= 1 << 30 && b.is_multiple_of(1 << 30) => format!("{} GiB", b >> 30),
        b if b >= 1 << 20 && b.is_multiple_of(1 << 20) => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 && b.is_multiple_of(1 << 10) => format!("{} KiB", b >> 10),
        b => format!("{b} bytes"),
    }
}

/// The share of one answer in what all answers hold together until they are read.
pub(super) struct Held<'a> {
    all: &'a Cell<usize>,
    bytes: usize,
}

impl<'a> Held<'a> {
    /// Nothing yet.
    pub(super) fn new(all: &'a Cell<usize>) -> Self {
        Self { all, bytes: 0 }
    }

    /// What all answers hold together.
    pub(super) fn in_all(&self) -> usize {
        self.all.get()
    }

    /// So many bytes more.
    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.all.set(self.all.get() + bytes);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.all.set(self.all.get() - self.bytes);
    }
}

/// Whether an answer comes fast enough to be worth waiting for: looked at every so often.
pub(super) struct Rate {
    every: Duration,
    since: Instant,
    bytes: usize,
}

impl Rate {
    /// Looked at after twice the time in which nothing may come.
    pub(super) fn new(idle: Duration) -> Self {
        Self { every: idle * 2, since: Instant::now(), bytes: 0 }
    }

    /// Whether it is, with so many bytes more.
    pub(super) fn is_enough(&mut self, more: usize) -> bool {
        self.bytes += more;
        let elapsed = self.since.elapsed();
        if elapsed < self.every {
            return true;
        }
        let is_enough = self.bytes as f64 >= LEAST_RATE * elapsed.as_secs_f64();
        (self.since, self.bytes) = (Instant::now(), 0);
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_told_in_the_largest_unit_that_fits() {
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
        for (bytes, told) in table {
            assert_eq!(size(bytes), told);
        }
    }

    #[test]
    fn an_answer_must_bring_a_kibibyte_a_second_whenever_it_is_looked_at() {
        // How long ago it was looked at, what had come since and what comes now, whether that is enough, what is counted
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
            let mut rate = Rate { since, bytes, ..Rate::new(Duration::from_secs(1)) };
            assert_eq!(rate.every, Duration::from_secs(2));
            assert_eq!((rate.is_enough(more), rate.bytes), (is_enough, counted), "{ago} ms, {bytes} + {more}");
            assert_eq!(rate.since != since, ago > 2_000);
        }
    }
}
