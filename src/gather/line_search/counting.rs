//! How many error lines there are, by a label.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::streams::Streams;
use crate::model::action::{Action, Narrowing};
use crate::model::evidence::{Note, NoteCode};
use crate::model::time::{DAY, SECOND, Window};
use crate::source::failure::{Failure, Refusal};
use crate::source::role::{LineMatch, LogSource};

/// Values of the label that are counted at most, those with the most lines first.
const MOST_VALUES: usize = 200;
/// Pieces that a long window is counted in at most, each at least a day.
const PIECES: i64 = 30;

/// Lines that a server may report at most: above 2^53 a count is no longer exact, so a larger one is an error.
const MOST_LINES: f64 = 9e15;

/// Numbers of lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// By the label's value; empty where a stream has no such label.
    pub by_value: BTreeMap<String, f64>,
    /// What the server remarked.
    pub notes: BTreeSet<Note>,
}

/// How many error lines these streams have in this time.
pub(super) async fn count(source: &dyn LogSource, streams: &Streams, window: Window) -> Result<Counts, Failure> {
    let queries = source.queries(&streams.selector, LineMatch::Errors);
    let pieces = pieces(window, DAY.max(window.length() / PIECES));
    let asked = queries.iter().flat_map(|query| pieces.iter().map(move |piece| (query, *piece)));
    let label = streams.label.as_deref();
    let mut counts = Counts::default();
    for reply in join_all(asked.map(|(query, piece)| in_piece(source, query, label, piece))).await {
        let reply = reply?;
        reply.by_value.into_iter().for_each(|(value, count)| *counts.by_value.entry(value).or_default() += count);
        counts.notes.extend(reply.notes);
    }
    Ok(counts)
}

/// Counts in one piece of time; what is too much for the server is halved.
async fn in_piece(source: &dyn LogSource, query: &str, label: Option<&str>, piece: Window) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let (mut most, mut open) = (None, vec![piece]);
    while let Some(piece) = open.pop() {
        let reply = match source.count(query, label, most, piece).await {
            Ok(reply) => reply,
            Err(failure) if failure.refusal == Some(Refusal::TooManySeries) && most.is_none() => {
                most = Some(MOST_VALUES);
                open.push(piece);
                let said = format!("error lines were counted of the {MOST_VALUES} services with the most, not of all");
                counts.notes.insert(
                    Note::new(NoteCode::Sampled, source.backend(), said)
                        .with_actions([Action::Narrow(vec![Narrowing::Service])]),
                );
                continue;
            }
            Err(failure) if failure.wants_shorter_window() && most.is_none() && piece.length() >= 3 * SECOND => {
                open.extend(pieces(piece, piece.length() / 2));
                continue;
            }
            Err(failure) => return Err(failure),
        };
        for series in reply.data {
            let value = label.and_then(|label| series.labels.get(label)).cloned().unwrap_or_default();
            let count = series.samples.last().map_or(0.0, |(_, count)| count.clamp(0.0, MOST_LINES));
            *counts.by_value.entry(value).or_default() += count;
        }
        let note = |code, text| Note::new(code, source.backend(), text);
        let warnings = reply
            .warnings
            .into_iter()
            .map(|text| note(NoteCode::Partial, format!("{} warns: {text}", source.backend().as_str())));
        let skipped = reply.skipped.into_iter().map(|text| note(NoteCode::Skipped, text));
        counts.notes.extend(warnings.chain(skipped));
    }
    Ok(counts)
}

/// This time in pieces of about this length, whole seconds from its end: as they are counted.
fn pieces(window: Window, length: i64) -> Vec<Window> {
    let step = (length + SECOND - 1) / SECOND * SECOND;
    let (mut pieces, mut to) = (vec![], window.to);
    while window.from < to {
        let from = window.from.max(to.plus(-step));
        // A rest of less than a second cannot be counted by itself: ranges have whole seconds.
        let from = if from.plus(-SECOND) < window.from { window.from } else { from };
        pieces.push(Window::new(from, to));
        to = from;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{HOUR, Timestamp};

    #[test]
    fn pieces_are_whole_seconds_and_leave_nothing_out() {
        let table = [
            (HOUR + 1, DAY, vec![(0, HOUR + 1)]),
            (2 * DAY, DAY, vec![(DAY, 2 * DAY), (0, DAY)]),
            (2 * DAY + 7, DAY, vec![(DAY + 7, 2 * DAY + 7), (0, DAY + 7)]),
            (3 * SECOND, 3 * SECOND / 2, vec![(SECOND, 3 * SECOND), (0, SECOND)]),
            (3 * SECOND + 5, 3 * SECOND / 2, vec![(SECOND + 5, 3 * SECOND + 5), (0, SECOND + 5)]),
            (0, DAY, vec![]),
        ];
        for (length, step, wanted) in table {
            let found = pieces(Window::new(Timestamp(0), Timestamp(length)), step);
            let found: Vec<_> = found.into_iter().map(|piece| (piece.from.0, piece.to.0)).collect();
            assert_eq!(found, wanted, "{length} by {step}");
        }
    }
}
