//! State of a pipeline's phases, from gauges of the items in each status, and which phases are stuck.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::metric::{Series, samples};
use crate::model::time::{Timestamp, Window};
use crate::query::PhaseQueries;

/// One phase.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Phase {
    /// Name; empty if the series have no such label.
    pub(crate) phase: String,
    /// Items in each status, those in progress first, then by name.
    pub(crate) statuses: Vec<PhaseStatus>,
    /// Items in progress at the end of the window.
    pub(crate) in_progress: f64,
    /// Time of the last change of any status; none without a change in what is recorded of the window.
    pub(crate) moved: Option<Timestamp>,
    /// Time of its newest sample.
    #[serde(rename = "told")]
    pub(crate) last_sample: Timestamp,
    /// Whether its series ended before the window did.
    pub(crate) gone: bool,
    /// Set if items are in progress and nothing has moved for too long.
    pub(crate) stuck: Option<Stuck>,
}

impl Phase {
    /// Time over which it is recorded, in nanoseconds.
    pub(crate) fn recorded_ns(&self) -> i64 {
        let first = self.statuses.iter().filter_map(|status| status.samples.first()).map(|(time, _)| *time).min();
        first.map_or(0, |first| self.last_sample.since(first))
    }

    /// Whether it may be stuck: items are in progress, and nothing moved in what is recorded.
    pub(crate) fn may_be_stuck(&self) -> bool {
        self.in_progress > 0.0 && !self.gone && self.moved.is_none()
    }
}

/// Items of a phase in one status.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PhaseStatus {
    /// Status, as its label has it.
    pub(crate) status: String,
    /// Whether it means "in progress".
    pub(crate) in_progress: bool,
    /// Number at the end; none if that is not finite.
    pub(crate) value: Option<f64>,
    /// Samples over the window, as recorded.
    #[schemars(with = "Vec<(Timestamp, serde_json::Value)>")]
    #[serde(serialize_with = "samples")]
    pub(crate) samples: Vec<(Timestamp, f64)>,
}

/// A phase in which nothing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Stuck {
    /// Time of the last change.
    pub(crate) since: Timestamp,
    /// Time since then, in nanoseconds.
    pub(crate) for_ns: i64,
    /// Whether it may be longer: nothing moved in what is recorded of the window.
    pub(crate) at_least: bool,
}

/// The window of the series, and the time without a change after which a phase is stuck.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PhaseWindow {
    /// The window.
    pub(crate) window: Window,
    /// Nanoseconds between two samples.
    pub(crate) step_ns: i64,
    /// Time without a change after which a phase is stuck, in nanoseconds.
    pub(crate) stuck_after_ns: i64,
}

type Samples = BTreeMap<Timestamp, f64>;

/// The phases in order: as configured, then by their first item, then by name.
pub(crate) fn phases(series: &[Series], queries: &PhaseQueries, asked: PhaseWindow) -> Vec<Phase> {
    let mut all: BTreeMap<&str, BTreeMap<&str, Samples>> = BTreeMap::new();
    for one in series.iter().filter(|one| !one.samples.is_empty()) {
        let label = |name: &str| one.labels.get(name).map_or("", String::as_str);
        let statuses = all.entry(label(&queries.phase_label)).or_default();
        let sum = statuses.entry(label(&queries.status_label)).or_default();
        for (time, value) in &one.samples {
            *sum.entry(*time).or_default() += value;
        }
    }
    let place = |phase: &str| queries.order.iter().position(|known| known == phase).unwrap_or(usize::MAX);
    let recorded = series.iter().filter_map(|one| one.samples.first()).map(|(time, _)| *time).min();
    let from = recorded.map_or(asked.window.from, |recorded| recorded.max(asked.window.from));
    let asked = PhaseWindow { window: Window::new(from, asked.window.to), ..asked };
    let begun = |statuses: &BTreeMap<&str, Samples>| {
        let there = |samples: &Samples| samples.iter().find(|(_, value)| **value > 0.0).map(|(time, _)| *time);
        statuses.values().filter_map(there).min().unwrap_or(Timestamp(i64::MAX))
    };
    let mut phases: Vec<_> = all
        .into_iter()
        .filter_map(|(name, of)| Some(((place(name), begun(&of)), phase(name, of, queries, asked)?)))
        .collect();
    phases.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.phase.cmp(&other.phase)));
    phases.into_iter().map(|(_, phase)| phase).collect()
}

fn phase(name: &str, of: BTreeMap<&str, Samples>, queries: &PhaseQueries, asked: PhaseWindow) -> Option<Phase> {
    let times: BTreeSet<Timestamp> = of.values().flat_map(|samples| samples.keys().copied()).collect();
    let (first, last_sample) = (*times.first()?, *times.last()?);
    let at = |time: Timestamp| of.values().map(move |samples| samples.get(&time).copied().unwrap_or(0.0));
    let same = |time: Timestamp| at(time).zip(at(last_sample)).all(|(then, now)| same(then, now));
    let since = times.iter().rev().copied().take_while(|time| same(*time)).last().unwrap_or(last_sample);
    let means_progress = |status: &str| queries.in_progress.iter().any(|word| word.matches(status));
    let value = |samples: &Samples| samples.get(&last_sample).copied().unwrap_or(0.0);
    let going = of.iter().filter(|(status, _)| means_progress(status)).map(|(_, samples)| value(samples));
    let in_progress = going.filter(|value| value.is_finite()).fold(0.0, |sum, value| sum + value);
    // Two and a half steps: one missed scrape does not end a series.
    let slack = asked.step_ns.saturating_mul(5) / 2;
    let gone = asked.window.to.since(last_sample) > slack;
    // A state that the recording began with may have lasted longer.
    let at_least = since == first && first.since(asked.window.from) <= slack;
    let stuck = Stuck { since, for_ns: last_sample.since(since), at_least };
    let mut statuses: Vec<PhaseStatus> = of
        .iter()
        .map(|(status, samples)| PhaseStatus {
            status: (*status).to_owned(),
            in_progress: means_progress(status),
            value: Some(value(samples)).filter(|value| value.is_finite()),
            samples: samples.iter().map(|(time, value)| (*time, *value)).collect(),
        })
        .collect();
    statuses.sort_by_key(|status| !status.in_progress);
    Some(Phase {
        phase: name.to_owned(),
        statuses,
        in_progress,
        moved: (!at_least).then_some(since),
        last_sample,
        gone,
        stuck: (in_progress > 0.0 && !gone && stuck.for_ns >= asked.stuck_after_ns).then_some(stuck),
    })
}

/// Whether two samples are the same; NaN does not differ from NaN.
#[expect(clippy::float_cmp, reason = "what has not moved is the same to the last bit")]
fn same(then: f64, now: f64) -> bool {
    then == now || then.is_nan() || now.is_nan()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{MINUTE, SECOND};

    const FROM: Timestamp = Timestamp(1_795_440_000 * SECOND);

    /// A series with a value a minute, `-` where there is none.
    fn series(phase: &str, status: &str, values: &str) -> Series {
        let labels = [("phase", phase), ("status", status)];
        let samples = values
            .split(' ')
            .enumerate()
            .filter_map(|(nth, text)| Some((FROM.plus(nth as i64 * MINUTE), text.parse().ok()?)));
        Series { labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into(), samples: samples.collect() }
    }

    fn phases_of(series: &[Series], after: i64) -> Vec<Phase> {
        let window = Window::new(FROM, FROM.plus(7 * MINUTE));
        phases(
            series,
            &PhaseQueries::default(),
            PhaseWindow { window, step_ns: MINUTE, stuck_after_ns: after * MINUTE },
        )
    }

    #[test]
    fn stuck_is_what_is_in_progress_while_no_status_moves() {
        // In progress, completed; for how many minutes nothing has moved, whether perhaps longer, and whether it is stuck.
        let table = [
            ("2 2 2 2 2 2 2 2", "5 5 5 5 5 5 5 5", 7, true, true),
            ("1 1 2 2 2 2 2 2", "5 5 5 5 5 5 5 5", 5, false, true),
            ("2 2 2 2 2 2 2 2", "5 5 5 5 6 6 6 6", 3, false, false),
            ("2 2 2 2 2 2 2 2", "5 5 5 6 6 6 6 6", 4, false, true),
            ("0 0 0 0 0 0 0 0", "5 5 5 5 5 5 5 5", 7, true, false),
            ("2 2 2 NaN 2 2 2 2", "5 5 5 5 5 5 5 5", 7, true, true),
            ("1 1 2 - - 2 2 2", "5 5 5 - - 5 5 5", 5, false, true),
            ("1 1 - 1 1 1 1 1", "5 5 5 5 5 5 5 5", 4, false, true),
            ("NaN NaN NaN NaN NaN NaN NaN NaN", "5 5 5 5 5 5 5 5", 7, true, false),
        ];
        for (progress, done, minutes, at_least, is_stuck) in table {
            let all = phases_of(&[series("a", "IN_PROGRESS", progress), series("a", "done", done)], 4);
            let [phase] = all.as_slice() else { panic!("{progress}") };
            let since = phase.moved.unwrap_or(FROM);
            assert_eq!(
                (phase.last_sample.since(since) / MINUTE, phase.moved.is_none()),
                (minutes, at_least),
                "{progress} {done}"
            );
            assert_eq!(phase.stuck.is_some(), is_stuck, "{progress} {done}");
            assert!(phase.stuck.is_none_or(|stuck| stuck.since == since && stuck.at_least == at_least));
        }
        // What appears among others moved; of what was there when the recording began, nothing is known.
        let late = series("a", "in_progress", "- - - 1 1 1 1 1");
        let moved_at = |all: &[Series]| {
            let all = phases_of(all, 4);
            let phase = all.iter().find(|phase| phase.phase == "a").unwrap();
            let moved = phase.moved.map(|at| at.since(FROM) / MINUTE);
            (moved, phase.recorded_ns() / MINUTE, phase.stuck.is_some_and(|stuck| stuck.at_least))
        };
        assert_eq!(moved_at(std::slice::from_ref(&late)), (None, 4, true));
        assert_eq!(moved_at(&[late, series("b", "done", "5 5 5 5 5 5 5 5")]), (Some(3), 4, false));
        let vanished = phases_of(&[series("a", "in_progress", "2 2 2 2 2 - - -")], 2);
        assert!(vanished[0].gone && vanished[0].stuck.is_none() && vanished[0].in_progress > 1.0);
        assert!(phases_of(&[], 1).is_empty());
        assert!(phases_of(&[Series::default()], 1).is_empty());
    }

    #[test]
    fn phases_come_in_their_order_and_parts_of_one_are_added() {
        let names = |phases: &[Phase]| phases.iter().map(|p| p.phase.clone()).collect::<Vec<_>>();
        let all = [
            series("b", "done", "0 0 1 1 1 1 1 1"),
            series("c", "done", "0 1 1 1 1 1 1 1"),
            series("a", "done", "0 0 0 0 0 0 0 0"),
            series("c", "in_progress", "0 1 1 1 1 1 1 1"),
            series("c", "in_progress", "0 1 1 1 1 1 1 2"),
        ];
        let last_sample = phases_of(&all, 1);
        assert_eq!(names(&last_sample), ["c", "b", "a"]);
        let statuses: Vec<_> = last_sample[0].statuses.iter().map(|s| (s.status.as_str(), s.value)).collect();
        assert_eq!(statuses, [("in_progress", Some(3.0)), ("done", Some(1.0))]);
        let mut backwards = all;
        backwards.reverse();
        assert_eq!(phases_of(&backwards, 1), last_sample);
        let queries = PhaseQueries { order: vec!["a".into()], ..PhaseQueries::default() };
        let asked =
            PhaseWindow { window: Window::new(FROM, FROM.plus(7 * MINUTE)), step_ns: MINUTE, stuck_after_ns: MINUTE };
        assert_eq!(names(&phases(&backwards, &queries, asked)), ["a", "c", "b"]);
    }
}
