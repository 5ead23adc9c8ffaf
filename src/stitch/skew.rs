//! How far apart the clocks of two services are, measured from pairs of spans of which one must come before the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conventions::MessageRole;
use crate::model::journey::{Forest, Skew, Via};
use crate::model::span::{Span, SpanKind};

/// Below this a contradiction is noise of the clocks' precision.
const THRESHOLD: i64 = 2_000_000;

/// "Something in the first service comes before something in the second", with the room left between them.
#[derive(Clone, Copy)]
struct Room {
    /// The least time from cause to effect that was recorded; negative is impossible with equal clocks.
    least: i64,
    /// How many pairs contradict.
    contradicting: usize,
}

type Rooms<'a> = BTreeMap<(&'a str, &'a str), Room>;

/// The differences that must be assumed so that no effect comes before its cause.
pub fn measure(spans: &[Span], forest: &Forest) -> Vec<Skew> {
    let mut rooms = Rooms::new();
    for (index, cause) in forest.cause.iter().enumerate() {
        if let Some((parent, via)) = cause {
            add_pair(&mut rooms, &spans[*parent], &spans[index], *via);
        }
    }
    let mut skews = Vec::new();
    let mut moved = BTreeSet::new();
    while let Some((reference, service, ahead_ns, pairs)) = worst(&rooms).map(|pair| explain(&rooms, pair)) {
        if !moved.insert(service) {
            break;
        }
        shift(&mut rooms, service, ahead_ns);
        skews.push(Skew { reference: reference.to_owned(), service: service.to_owned(), ahead_ns, pairs });
    }
    skews.sort_by(|a, b| (&a.service, &a.reference).cmp(&(&b.service, &b.reference)));
    skews
}

fn add_pair<'a>(rooms: &mut Rooms<'a>, cause: &'a Span, effect: &'a Span, via: Via) {
    let (a, b) = (cause.service(), effect.service());
    if a == b || a.is_empty() || b.is_empty() || !cause.has_sane_time() || !effect.has_sane_time() {
        return;
    }
    add(rooms, a, b, effect.start.since(cause.start));
    let is_call = via == Via::Parent && cause.kind == SpanKind::Client && effect.kind == SpanKind::Server;
    if is_call && effect.message_role() != Some(MessageRole::Consume) {
        let answer = cause.end().since(effect.end());
        let fits = effect.duration_ns <= cause.duration_ns;
        add(rooms, b, a, if fits { answer } else { cause.end().since(effect.start) });
    }
}

fn add<'a>(rooms: &mut Rooms<'a>, a: &'a str, b: &'a str, room: i64) {
    let entry = rooms.entry((a, b)).or_insert(Room { least: room, contradicting: 0 });
    entry.least = entry.least.min(room);
    entry.contradicting += usize::from(room < -THRESHOLD);
}

fn worst<'a>(rooms: &Rooms<'a>) -> Option<(&'a str, &'a str)> {
    rooms.iter().filter(|(_, r)| r.least < -THRESHOLD).min_by_key(|(_, r)| r.least).map(|(pair, _)| *pair)
}

/// Which of the two clocks is off, and by how much: the one whose correction leaves the least contradiction behind.
fn explain<'a>(rooms: &Rooms<'a>, (a, b): (&'a str, &'a str)) -> (&'a str, &'a str, i64, usize) {
    let room = rooms[&(a, b)];
    let needed = -room.least;
    let most = rooms.get(&(b, a)).map_or(needed, |back| back.least).max(needed);
    let by = needed + (most - needed) / 2;
    let left = |service: &str, ahead: i64| {
        let mut tried = rooms.clone();
        shift(&mut tried, service, ahead);
        tried.values().map(|r| r.least.min(0).unsigned_abs()).fold(0u64, u64::saturating_add)
    };
    if left(b, -by) <= left(a, by) { (a, b, -by, room.contradicting) } else { (b, a, by, room.contradicting) }
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
