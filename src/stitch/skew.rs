//! How far apart the clocks of two services are, measured from pairs of spans of which one must come before the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conventions::MessageRole;
use crate::model::journey::{CauseKind, Forest, Skew};
use crate::model::span::{Span, SpanKind};

/// Below this a contradiction is noise of the clocks' precision.
const THRESHOLD: i64 = 2_000_000;
/// So many pairs of services are looked at in all; beyond that, broken data would cost more than it tells.
const MOST_LOOKS: usize = 10_000_000;

/// "Something in the first service comes before something in the second", with the room left between them.
#[derive(Clone, Copy)]
struct Room {
    /// The least time from cause to effect that was recorded, but for a tenth of outliers; negative is impossible
    /// with equal clocks.
    least: i64,
    /// How many pairs contradict; none unless most of them do.
    contradicting: usize,
}

type Rooms<'a> = BTreeMap<(&'a str, &'a str), Room>;
type SkewSamples<'a> = BTreeMap<(&'a str, &'a str), Vec<i64>>;

/// The differences that must be assumed so that no effect comes before its cause.
pub fn measure(spans: &[Span], forest: &Forest) -> Vec<Skew> {
    let mut measured = SkewSamples::new();
    for (index, cause) in forest.cause.iter().enumerate() {
        if let Some((parent, via)) = cause {
            add_pair(&mut measured, &spans[*parent], &spans[index], *via);
        }
    }
    let mut rooms: Rooms = measured.into_iter().map(|(pair, times)| (pair, room(times))).collect();
    let mut skews: Vec<Skew> = Vec::new();
    let mut moved = BTreeSet::new();
    let most = MOST_LOOKS / rooms.len().max(1);
    while moved.len() < most
        && let Some(skew) = worst(&rooms).map(|pair| explain(&rooms, pair))
    {
        if !moved.insert(skew.service.clone()) || left_over(&rooms, &skew) >= contradiction(&rooms) {
            break;
        }
        shift(&mut rooms, &skew.service, skew.ahead_ns);
        skews.push(skew);
    }
    skews.sort_by(|a, b| (&a.service, &a.reference).cmp(&(&b.service, &b.reference)));
    skews
}

/// Calls, and messages on their way: what a caller or sender does comes before what it causes.
fn add_pair<'a>(measured: &mut SkewSamples<'a>, cause: &'a Span, effect: &'a Span, via: CauseKind) {
    let (a, b) = (cause.service(), effect.service());
    if a == b || a.is_empty() || b.is_empty() || !cause.has_sane_time() || !effect.has_sane_time() {
        return;
    }
    let is_call = via == CauseKind::Parent && cause.kind == SpanKind::Client && effect.kind == SpanKind::Server;
    let is_message =
        cause.message_role() == Some(MessageRole::Publish) && effect.message_role() == Some(MessageRole::Consume);
    if is_call || is_message {
        measured.entry((a, b)).or_default().push(effect.start.since(cause.start));
    }
    if is_call {
        let fits = effect.duration_ns <= cause.duration_ns;
        let last = if fits { effect.end() } else { effect.start };
        measured.entry((b, a)).or_default().push(cause.end().since(last));
    }
}

fn room(mut times: Vec<i64>) -> Room {
    times.sort_unstable();
    let contradicting = times.iter().filter(|time| **time < -THRESHOLD).count();
    let most_do = contradicting * 2 > times.len();
    let least = if most_do || contradicting == 0 { times[times.len() / 10] } else { 0 };
    Room { least, contradicting: if most_do { contradicting } else { 0 } }
}

fn worst<'a>(rooms: &Rooms<'a>) -> Option<(&'a str, &'a str)> {
    let contradicted = rooms.iter().filter(|(_, r)| r.least < -THRESHOLD && r.contradicting > 0);
    contradicted.min_by_key(|(_, r)| r.least).map(|(pair, _)| *pair)
}

/// Which of the two clocks is off, and by how much: the one whose correction leaves the least contradiction behind.
fn explain(rooms: &Rooms<'_>, (a, b): (&str, &str)) -> Skew {
    let (early, late) = (correction(rooms, (a, b), b), correction(rooms, (a, b), a));
    if left_over(rooms, &early) <= left_over(rooms, &late) { early } else { late }
}

/// This service's clock is off by what the pair lacks at least, and by what its other neighbours allow at most: the
/// middle between the two, or the least where nothing bounds it.
fn correction(rooms: &Rooms<'_>, (a, b): (&str, &str), off: &str) -> Skew {
    let room = rooms[&(a, b)];
    let needed = -room.least;
    let is_behind = off == b;
    let allows = |((from, to), room): (&(&str, &str), &Room)| {
        let uses_up = if is_behind { *from == off } else { *to == off };
        (uses_up && room.least >= 0).then_some(room.least)
    };
    let most = rooms.iter().filter_map(allows).min().filter(|most| *most >= needed);
    let by = most.map_or(needed, |most| needed + (most - needed) / 2);
    Skew {
        reference: if is_behind { a } else { b }.to_owned(),
        service: off.to_owned(),
        ahead_ns: if is_behind { -by } else { by },
        within_ns: most.map(|most| (most - needed) / 2),
        pairs: room.contradicting,
    }
}

/// How much contradiction is left after this correction.
fn left_over(rooms: &Rooms<'_>, skew: &Skew) -> u64 {
    let mut tried = rooms.clone();
    shift(&mut tried, &skew.service, skew.ahead_ns);
    contradiction(&tried)
}

fn contradiction(rooms: &Rooms<'_>) -> u64 {
    rooms.values().map(|r| r.least.min(0).unsigned_abs()).fold(0, u64::saturating_add)
}

/// The rooms as they would be with this service's clock set back by `ahead`.
fn shift(rooms: &mut Rooms<'_>, service: &str, ahead: i64) {
    for ((a, b), room) in rooms.iter_mut() {
        if *a == service {
            room.least = room.least.saturating_add(ahead);
        }
        if *b == service {
            room.least = room.least.saturating_sub(ahead);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two services, the room between them, how many pairs contradict.
    type Drawn<'a> = (&'a str, &'a str, i64, usize);

    fn rooms<'a>(all: &[Drawn<'a>]) -> Rooms<'a> {
        all.iter()
            .map(|(a, b, least, contradicting)| ((*a, *b), Room { least: *least, contradicting: *contradicting }))
            .collect()
    }

    #[test]
    fn the_room_of_a_pair_is_its_least_time_unless_only_outliers_contradict() {
        const BAD: i64 = -THRESHOLD - 1;
        // Times, the room, how many contradict.
        let table: [(&[i64], i64, usize); 8] = [
            (&[7], 7, 0),
            (&[9, 5], 5, 0),
            (&[-THRESHOLD], -THRESHOLD, 0),
            (&[BAD], BAD, 1),
            (&[BAD, 5], 0, 0),
            (&[5, BAD, BAD], BAD, 2),
            // A tenth may be an outlier even where all agree.
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2, 0),
            (&[BAD - 9, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, 9], BAD, 9),
        ];
        for (times, least, contradicting) in table {
            let room = room(times.to_vec());
            assert_eq!((room.least, room.contradicting), (least, contradicting), "{times:?}");
        }
    }

    #[test]
    fn the_worst_pair_is_the_one_that_lacks_most_and_is_contradicted() {
        assert_eq!(worst(&rooms(&[("a", "b", -THRESHOLD, 1)])), None, "noise");
        assert_eq!(worst(&rooms(&[("a", "b", -THRESHOLD - 1, 1)])), Some(("a", "b")));
        assert_eq!(worst(&rooms(&[("a", "b", -THRESHOLD - 1, 0)])), None, "nobody contradicts");
        let several = rooms(&[("a", "b", -5 * THRESHOLD, 1), ("b", "c", -9 * THRESHOLD, 2), ("c", "d", 8, 0)]);
        assert_eq!(worst(&several), Some(("b", "c")));
    }

    #[test]
    fn a_clock_is_set_to_the_middle_of_what_its_neighbours_allow() {
        let lacks = ("a", "b", -100, 3);
        // Other rooms, whose clock, by how much it is ahead, how exactly that is known.
        let table: [(&[Drawn], &str, i64, Option<i64>); 8] = [
            (&[], "b", -100, None),
            (&[], "a", 100, None),
            (&[("b", "a", 300, 0)], "b", -200, Some(100)),
            (&[("b", "c", 500, 0), ("b", "a", 300, 0)], "b", -200, Some(100)),
            (&[("b", "c", 100, 0)], "b", -100, Some(0)),
            // Less than is needed bounds nothing, and neither do rooms that are not used up.
            (&[("b", "c", 99, 0)], "b", -100, None),
            (&[("c", "b", 300, 0)], "b", -100, None),
            (&[("c", "a", 140, 0), ("a", "c", 110, 0)], "a", 120, Some(20)),
        ];
        for (others, off, ahead, within) in table {
            let mut all = vec![lacks];
            all.extend(others);
            let skew = correction(&rooms(&all), ("a", "b"), off);
            let reference = if off == "a" { "b" } else { "a" };
            assert_eq!((skew.ahead_ns, skew.within_ns, skew.pairs), (ahead, within, 3), "{others:?}");
            assert_eq!((skew.service.as_str(), skew.reference.as_str()), (off, reference));
        }
    }

    #[test]
    fn a_shift_moves_both_sides_and_what_is_left_over_is_summed() {
        let mut all = rooms(&[("a", "b", -7, 1), ("b", "a", 4, 0), ("b", "c", -2, 0), ("c", "d", 5, 0)]);
        assert_eq!(contradiction(&all), 9);
        shift(&mut all, "b", -3);
        let least: Vec<i64> = all.values().map(|room| room.least).collect();
        assert_eq!(least, [-4, 1, -5, 5]);
        let far = Skew { reference: String::new(), service: "b".into(), ahead_ns: i64::MIN, within_ns: None, pairs: 1 };
        assert!(left_over(&all, &far) > i64::MAX as u64, "no overflow");
    }
}
