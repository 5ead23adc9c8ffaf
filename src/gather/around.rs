//! Context: lines of the same service just before and after the journey's own. Places close together are one request.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::backend::Backends;
use crate::backend::loki::{Direction, Loki, quoted};
use crate::backend::transport::Transport;
use crate::model::evidence::{Note, NoteCode, Source};
use crate::model::log::LogEntry;
use crate::model::time::{HOUR, SECOND, Timestamp, Window};
use crate::query::Query;

/// How many places are looked at.
const MOST_PLACES: usize = 50;
/// Lines closer together than this are one place.
const CLOSE: i64 = 2 * SECOND;
/// How far from a line its neighbours are looked for.
const REACH: i64 = HOUR;

/// A stretch of time of one stream.
struct Place {
    selector: String,
    from: Timestamp,
    to: Timestamp,
    lines: usize,
}

/// Up to `count` lines before and after each of these.
pub async fn gather(
    lines: &[LogEntry],
    count: usize,
    backends: &Backends,
    transport: &Transport,
    query: &Query,
) -> (Vec<LogEntry>, Vec<Note>) {
    let Some(endpoint) = &backends.loki else { return (Vec::new(), Vec::new()) };
    let loki = Loki::new(transport, endpoint);
    let mut places = places(lines);
    let mut notes = Vec::new();
    if places.len() > MOST_PLACES {
        let message = format!("context is shown around the first {MOST_PLACES} of {} places", places.len());
        notes.push(Note::new(NoteCode::Info, Source::Loki, message));
        places.truncate(MOST_PLACES);
    }
    let mut found = Vec::new();
    for part in join_all(places.iter().map(|place| look(&loki, place, count, query))).await {
        match part {
            Ok(lines) => found.extend(lines),
            Err(failure) => notes.push(failure.note(Source::Loki)),
        }
    }
    (found, notes)
}

async fn look(
    loki: &Loki<'_>,
    place: &Place,
    count: usize,
    query: &Query,
) -> Result<Vec<LogEntry>, crate::backend::failure::Failure> {
    let before = Window::new(place.from.plus(-REACH), place.from);
    let after = Window::new(place.to.plus(1), place.to.plus(REACH).min(query.now.plus(1)).max(place.to.plus(2)));
    let within = Window::new(place.from, place.to.plus(1));
    let between = (place.lines * (2 * count + 1)).min(5000);
    let (before, within, after) = tokio::join!(
        loki.page(&place.selector, before, count, Direction::Backward),
        loki.page(&place.selector, within, between, Direction::Forward),
        loki.page(&place.selector, after, count, Direction::Forward),
    );
    Ok([before?, within?, after?].into_iter().flat_map(|page| page.logs).collect())
}

/// Stretches in which lines of one stream lie close together, by time.
fn places(lines: &[LogEntry]) -> Vec<Place> {
    let mut by_stream: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for line in lines {
        by_stream.entry(selector(line)).or_default().push(line.time);
    }
    let mut places = Vec::new();
    for (selector, mut times) in by_stream.into_iter().filter(|(selector, _)| selector != "{}") {
        times.sort_unstable();
        for near in times.chunk_by(|a, b| b.since(*a) <= CLOSE) {
            places.push(Place {
                selector: selector.clone(),
                from: near[0],
                to: near[near.len() - 1],
                lines: near.len(),
            });
        }
    }
    places.sort_by(|a, b| (a.from, &a.selector).cmp(&(b.from, &b.selector)));
    places
}

/// All streams of the line's service: by the label that names it, else by every label it has.
fn selector(line: &LogEntry) -> String {
    let by_service = line.labels.iter().find(|(_, value)| **value == line.service && !line.service.is_empty());
    let matchers: Vec<String> = match by_service {
        Some((label, value)) => vec![format!("{label}={}", quoted(value))],
        None => line.labels.iter().map(|(label, value)| format!("{label}={}", quoted(value))).collect(),
    };
    format!("{{{}}}", matchers.join(","))
}
