//! Observed durations, and limits learned from them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::time::Human;
use crate::model::time::{DAY, HOUR, MINUTE, SECOND};

/// A limit is this many times the observed maximum. A few dozen good runs do not show the tail of a distribution: a limit
/// close to the maximum would fail the next slow but healthy run.
const MARGIN: i64 = 3;
const MS: i64 = SECOND / 1_000;

/// Figures of observed durations, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "all are lengths, and JSON must say in what")]
pub struct WaitFigures {
    /// The shortest.
    pub least_ns: i64,
    /// The median; of an even number the lower one.
    pub p50_ns: i64,
    /// The longest.
    pub most_ns: i64,
}

impl WaitFigures {
    /// Figures of these durations; none without any.
    pub(crate) fn new(mut lengths: Vec<i64>) -> Option<Self> {
        lengths.sort_unstable();
        let (least, most) = (*lengths.first()?, *lengths.last()?);
        Some(Self { least_ns: least, p50_ns: lengths[(lengths.len() - 1) / 2], most_ns: most })
    }

    /// `41..63 ms, p50 44 ms`.
    pub(crate) fn text(&self) -> String {
        let (least, most, middle) =
            (Human(self.least_ns).to_string(), Human(self.most_ns).to_string(), Human(self.p50_ns));
        let seen = match (least.split_once(' '), most.split_once(' ')) {
            _ if least == most => return least,
            (Some((number, a)), Some((_, b))) if a == b => format!("{number}..{most}"),
            _ => format!("{least}..{most}"),
        };
        format!("{seen}, p50 {middle}")
    }

    /// The limit: [`MARGIN`] times the maximum, at least `least_ns`, rounded up to a round duration.
    pub(crate) fn limit(&self, least_ns: i64) -> i64 {
        readable(self.most_ns.saturating_mul(MARGIN).max(least_ns))
    }
}

/// Rounds up to a duration that people would write.
fn readable(ns: i64) -> i64 {
    let ms = [1, 2, 3, 5, 10, 20, 30, 50, 100, 150, 200, 250, 300, 400, 500, 600, 800].map(|n| n * MS);
    let seconds = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45].map(|n| n * SECOND);
    let minutes = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45].map(|n| n * MINUTE);
    let hours = [1, 2, 3, 4, 6, 8, 12, 18].map(|n| n * HOUR);
    let all = ms.into_iter().chain(seconds).chain(minutes).chain(hours);
    { all }
        .find(|length| *length >= ns)
        .unwrap_or_else(|| (ns.saturating_sub(1) / DAY).saturating_add(1).saturating_mul(DAY))
}

/// The duration as a spec has it.
pub(crate) fn spec_duration(ns: i64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
    let whole = units.into_iter().find(|(unit, _)| ns % unit == 0);
    let (unit, word) = whole.unwrap_or((MS, "ms"));
    format!("{}{word}", ns / unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::duration::duration;

    #[test]
    fn limits_are_lengths_that_people_write_and_never_shorter() {
        let table =
            [(1, "1s"), (41 * MS, "1s"), (500 * MS, "2s"), (11 * SECOND, "45s"), (2 * MINUTE, "6m"), (9 * HOUR, "2d")];
        for (most, text) in table {
            let figures = WaitFigures { least_ns: 0, p50_ns: most, most_ns: most };
            assert_eq!(spec_duration(figures.limit(SECOND)), text, "{most}");
        }
        for shift in 0..62 {
            let ns = 1_i64 << shift;
            assert!(readable(ns) >= ns && duration(&spec_duration(readable(ns))) == Ok(readable(ns)), "{ns}");
        }
    }

    #[test]
    fn figures_are_short() {
        let figures = WaitFigures::new(vec![63 * MS, 41 * MS, 44 * MS]);
        assert_eq!(figures.map(|f| f.text()), Some("41..63 ms, p50 44 ms".to_owned()));
        assert_eq!(WaitFigures::new(vec![5 * MS]).map(|f| f.text()), Some("5 ms".to_owned()));
        assert_eq!(WaitFigures::new(vec![]), None);
    }
}
