//! Context: lines of the same service just before and after the journey's own. Places close together are one request.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::gather::sources::Sources;
use crate::model::evidence::{Note, NoteCode};
use crate::model::log::LogEntry;
use crate::model::time::{HOUR, SECOND, Timestamp, Window};
use crate::query::Query;
use crate::source::failure::Failure;
use crate::source::role::{Direction, LogSource};

/// Places around which lines are read: two requests each, a fifth of the default of 500 in all.
const MOST_PLACES: usize = 50;
/// Lines less than 2 s apart share a place: their neighbours overlap anyway.
const CLOSE: i64 = 2 * SECOND;
/// Neighbours are looked for up to an hour away: a quiet service logs a heartbeat at least that often.
const REACH: i64 = HOUR;

/// Lines read of one place to find the neighbours in it: the default limit of a Loki query.
const MOST_LINES: usize = 5000;

/// A stretch of time of one stream, and when the journey's own lines stand in it.
struct LogPlace {
    selector: String,
    own: Vec<Timestamp>,
}

/// Up to `count` lines before and after each of these.
pub(crate) async fn gather(
    lines: &[LogEntry],
    count: usize,
    sources: &Sources<'_>,
    query: &Query,
) -> (Vec<LogEntry>, Vec<Note>) {
    let Some(source) = sources.logs() else { return (Vec::new(), Vec::new()) };
    let backend = source.backend();
    let mut places = places(source.as_ref(), lines);
    let mut notes = Vec::new();
    if places.len() > MOST_PLACES {
        let message = format!("context is shown around the first {MOST_PLACES} of {} places", places.len());
        notes.push(Note::new(NoteCode::Info, backend, message));
        places.truncate(MOST_PLACES);
    }
    let mut found = Vec::new();
    for part in join_all(places.iter().map(|place| look(source.as_ref(), place, count, query))).await {
        match part {
            Ok((lines, cut)) => {
                found.extend(lines);
                if cut == PageEnd::Something {
                    let message = "a place holds more lines than one page; context is shown around its first ones";
                    notes.push(Note::new(NoteCode::Info, backend, message));
                }
            }
            Err(failure) => notes.push(failure.note(backend)),
        }
    }
    (found, notes)
}

/// The neighbours in one place: what lies between its lines is read whole, so that each line gets its own.
async fn look(
    source: &dyn LogSource,
    place: &LogPlace,
    count: usize,
    query: &Query,
) -> Result<(Vec<LogEntry>, PageEnd), Failure> {
    let (Some(first), Some(last)) = (place.own.first(), place.own.last()) else {
        return Ok((vec![], PageEnd::Nothing));
    };
    let before = Window::new(first.plus(-REACH), *first);
    let after = Window::new(last.plus(1), last.plus(REACH).min(query.now.plus(1)).max(last.plus(2)));
    let within = Window::new(*first, last.plus(1));
    let (before, within, after) = tokio::join!(
        page(source, place, before, count, Direction::Backward),
        page(source, place, within, MOST_LINES, Direction::Forward),
        page(source, place, after, count, Direction::Forward),
    );
    let ((before, _), (within, cut), (after, _)) = (before?, within?, after?);
    let mut all: Vec<LogEntry> = [before, within, after].into_iter().flatten().collect();
    all.sort_by(|a, b| (a.time, &a.line).cmp(&(b.time, &b.line)));
    Ok((neighbours(all, &place.own, count), cut))
}

/// One page, as long as the server allows, and whether there may be more.
async fn page(
    source: &dyn LogSource,
    place: &LogPlace,
    window: Window,
    limit: usize,
    from: Direction,
) -> Result<(Vec<LogEntry>, PageEnd), Failure> {
    let (limit, page) = match source.page(&place.selector, window, limit, from).await {
        Ok(page) => (limit, page),
        Err(failure) => match failure.page_limit() {
            Some(less) if less < limit => (less, source.page(&place.selector, window, less, from).await?),
            _ => return Err(failure),
        },
    };
    let cut = if page.logs.len() >= limit { PageEnd::Something } else { PageEnd::Nothing };
    Ok((page.logs, cut))
}

/// Of lines by time, those that are at most `count` away from one of these instants.
fn neighbours(lines: Vec<LogEntry>, own: &[Timestamp], count: usize) -> Vec<LogEntry> {
    let mut wanted = vec![false; lines.len()];
    for at in own {
        let from = lines.partition_point(|line| line.time < *at);
        let to = lines.partition_point(|line| line.time <= *at);
        let near = from.saturating_sub(count)..(to + count).min(lines.len());
        wanted[near].iter_mut().for_each(|one| *one = true);
    }
    lines.into_iter().zip(wanted).filter_map(|(line, wanted)| wanted.then_some(line)).collect()
}

/// Whether a place held more lines than were read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PageEnd {
    Nothing,
    Something,
}

/// Stretches in which lines of one stream lie close together, by time.
fn places(source: &dyn LogSource, lines: &[LogEntry]) -> Vec<LogPlace> {
    let mut by_stream: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for line in lines {
        if !line.labels.is_empty() {
            by_stream.entry(streams(source, line)).or_default().push(line.time);
        }
    }
    let mut places = Vec::new();
    for (selector, mut times) in by_stream {
        times.sort_unstable();
        for near in times.chunk_by(|a, b| b.since(*a) <= CLOSE) {
            places.push(LogPlace { selector: selector.clone(), own: near.to_vec() });
        }
    }
    places.sort_by(|a, b| (a.own.first(), &a.selector).cmp(&(b.own.first(), &b.selector)));
    places
}

/// All streams of the line's service: by the label that names it, else by every label it has.
fn streams(source: &dyn LogSource, line: &LogEntry) -> String {
    let labels: Vec<(&str, &str)> = line.labels.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
    let by_service = labels.iter().find(|(_, value)| *value == line.service && !line.service.is_empty());
    source.streams_of_labels(by_service.map_or(&labels[..], std::slice::from_ref))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::Source;
    use crate::source::recording::Recording;
    use crate::source::server::endpoint::Endpoint;
    use crate::source::server::loki::Loki;
    use crate::source::server::transport::{Limits, Transport};
    use crate::stop::Stop;

    fn with_loki<T>(test: impl FnOnce(&dyn LogSource) -> T) -> T {
        let transport = Transport::new(Limits::default(), Recording::Off, Stop::default());
        let endpoint = Endpoint::new(Source::Loki, url::Url::parse("http://localhost:3100").unwrap());
        test(&Loki::new(&transport, &endpoint))
    }

    type Labels<'a> = &'a [(&'a str, &'a str)];

    fn line(at: i64, service: &str, labels: Labels) -> LogEntry {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        LogEntry { time: Timestamp(at), service: service.into(), labels, ..LogEntry::default() }
    }

    #[test]
    fn a_stream_is_chosen_by_the_label_that_names_its_service_else_by_all() {
        let labels = [("app", "cart"), ("pod", "cart-1"), ("zone", "")];
        let table: [(&str, Labels, &str); 6] = [
            ("cart", &labels, r#"{app="cart"}"#),
            ("cart-1", &labels, r#"{pod="cart-1"}"#),
            ("shop", &labels, r#"{app="cart",pod="cart-1",zone=""}"#),
            // A line of no service is not of the service whose label is empty.
            ("", &labels, r#"{app="cart",pod="cart-1",zone=""}"#),
            ("a\"}", &[("app", "a\"}")], r#"{app="a\"}"}"#),
            ("cart", &[], "{}"),
        ];
        for (service, labels, wanted) in table {
            let line = line(0, service, labels);
            assert_eq!(with_loki(|source| streams(source, &line)), wanted, "{service:?}");
        }
    }

    #[test]
    fn lines_close_together_in_one_stream_are_one_place() {
        let app = |at, service: &str| line(at, service, &[("app", service)]);
        let lines = [
            app(9 * SECOND + 1, "cart"),
            app(0, "cart"),
            app(CLOSE, "cart"),
            app(3 * CLOSE, "cart"),
            app(1, "bill"),
            line(2, "no labels", &[]),
        ];
        let places = with_loki(|source| places(source, &lines));
        let found = places.into_iter().map(|place| (place.selector, place.own.iter().map(|at| at.0).collect()));
        let place = |service: &str, own: &[i64]| (format!("{{app=\"{service}\"}}"), own.to_vec());
        assert_eq!(
            found.collect::<Vec<(String, Vec<i64>)>>(),
            [
                place("cart", &[0, CLOSE]),
                place("bill", &[1]),
                place("cart", &[3 * CLOSE]),
                place("cart", &[9 * SECOND + 1])
            ]
        );
    }

    #[test]
    fn neighbours_are_counted_from_the_lines_of_that_instant() {
        let near = |own: &[i64], count| -> Vec<i64> {
            let lines = [1, 2, 3, 3, 4, 5, 9].map(|at| line(at, "cart", &[]));
            let own: Vec<Timestamp> = own.iter().copied().map(Timestamp).collect();
            neighbours(lines.to_vec(), &own, count).into_iter().map(|line| line.time.0).collect()
        };
        assert_eq!(near(&[3], 1), [2, 3, 3, 4]);
        assert_eq!(near(&[3], 0), [3, 3]);
        assert_eq!(near(&[1, 9], 1), [1, 2, 5, 9]);
        assert_eq!(near(&[6], 1), [5, 9], "where it stood is known, though it is gone");
        assert!(near(&[], 5).is_empty());
    }
}
