//! A small deterministic source of numbers: the same seed, the same run, on every machine.

use crate::model::id::{SpanId, TraceId};

/// `SplitMix64`: a few lines, no state beyond one number, good enough for made-up IDs.
pub struct Random(u64);

impl Random {
    /// From a seed; different streams of one seed differ by `stream`.
    pub fn new(seed: u64, stream: &str) -> Self {
        let mixed = stream.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(mixed)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `end`; 0 for an empty range.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// A trace ID.
    pub(super) fn trace_id(&mut self) -> TraceId {
        loop {
            let value = u128::from(self.next()) << 64 | u128::from(self.next());
            if let Some(id) = TraceId::from_u128(value) {
                return id;
            }
        }
    }

    /// A span ID.
    pub fn span_id(&mut self) -> SpanId {
        loop {
            if let Some(id) = SpanId::from_u64(self.next()) {
                return id;
            }
        }
    }

    /// A version 4 UUID, which has no time in it.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0x0fff,
            0x8000 | low >> 48 & 0x3fff,
            low & 0xffff_ffff_ffff
        )
    }
}
