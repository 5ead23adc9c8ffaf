//! Reading lines, page by page from the newest, as many as may be.

use std::cell::RefCell;
use std::collections::HashSet;

use futures_util::future::join_all;

use super::counting::Counts;
use super::sought::LineFilter;
use super::streams::Streams;
use crate::gather::lines::notes_of;
use crate::model::evidence::Note;
use crate::model::log::{CutLines, LineKey, LogEntry};
use crate::model::time::{SECOND, Window};
use crate::source::failure::Failure;
use crate::source::role::{Direction, LogSource};

/// Services that are read one by one at most, those with the most lines: each costs a request.
const APART: usize = 16;
/// Lines of a page after the first, at least: many small pages would use up the requests.
const LEAST: usize = 1_000;
/// Pages of one search at most: with the page above, 20,000 lines.
const PAGES: usize = 20;

/// Some of the streams, and how many of their lines are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinePart {
    whose: Whose,
    most: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    All,
    /// Of this value of the label.
    Only(String),
    /// Of all others than these.
    Others(Vec<String>),
}

/// What was read of one time.
#[derive(Default)]
pub(super) struct LinesRead {
    pub lines: Vec<LogEntry>,
    /// By the label's value.
    pub cut: CutLines,
    pub notes: Vec<Note>,
    pub failure: Option<Failure>,
}

/// Which streams are read, and how many lines of each: all together where they fit or could not be counted; otherwise the
/// services with the most lines are read one by one, the same number of each, so that the rest holds all the others.
pub(super) fn plan(counts: Option<&Counts>, limit: usize) -> Vec<LinePart> {
    let mut largest: Vec<(&str, usize)> = counts.map_or(vec![], |counts| {
        counts.by_value.iter().map(|(value, count)| (value.as_str(), count.round() as usize)).collect()
    });
    largest.retain(|(_, count)| *count > 0);
    largest.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut rest: usize = largest.iter().map(|(_, count)| *count).sum();
    let mut apart = 0;
    while apart < largest.len().min(APART) && rest + apart * largest[apart].1 > limit {
        rest -= largest[apart].1;
        apart += 1;
    }
    if apart == 0 || largest.len() == 1 {
        return vec![LinePart { whose: Whose::All, most: limit }];
    }
    let share = ((limit - rest.min(limit / 2)) / apart).max(1);
    let values: Vec<String> = largest[..apart].iter().map(|(value, _)| (*value).to_owned()).collect();
    let only = |value: &String| LinePart { whose: Whose::Only(value.clone()), most: share };
    let mut parts: Vec<LinePart> = values.iter().map(only).collect();
    if rest > 0 {
        let most = limit.saturating_sub(share * parts.len()).max(1);
        parts.push(LinePart { whose: Whose::Others(values), most });
    }
    parts
}

/// Reads as it is planned.
pub(super) async fn read(
    source: &dyn LogSource,
    streams: &Streams,
    sought: &LineFilter,
    window: Window,
    plan: Vec<LinePart>,
) -> LinesRead {
    let reading = LineReader { source, sought, window, seen: RefCell::default() };
    let parts = plan.into_iter().map(|part| reading.part(streams, part));
    join_all(parts).await.into_iter().fold(LinesRead::default(), LinesRead::and)
}

impl LinesRead {
    fn and(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self.cut = self.cut.or(other.cut);
        self.notes.extend(other.notes);
        self.failure = self.failure.or(other.failure);
        self
    }
}

struct LineReader<'a> {
    source: &'a dyn LogSource,
    sought: &'a LineFilter,
    window: Window,
    seen: RefCell<HashSet<LineKey>>,
}

impl LineReader<'_> {
    async fn part(&self, streams: &Streams, part: LinePart) -> LinesRead {
        let Streams { selector, label } = streams;
        let selector = match (&part.whose, label) {
            (Whose::Only(value), Some(label)) => self.source.streams_of_value(selector, label, value),
            (Whose::Others(values), Some(label)) => self.source.streams_without(selector, label, values),
            _ => selector.clone(),
        };
        // One after the other: long pages fill the memory.
        let mut read = LinesRead::default();
        for query in self.sought.queries(self.source, &selector) {
            read = read.and(self.pages(&query, part.most).await);
        }
        read.lines.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.line.cmp(&b.line)));
        if read.lines.len() > part.most {
            read.lines.truncate(part.most);
            read.cut = CutLines::Any;
        }
        if let (Whose::Only(value), CutLines::Any) = (part.whose, &read.cut) {
            read.cut = CutLines::OfServices([value].into());
        }
        read
    }

    /// The newest lines of a query, one more than wanted where there are more. Windows that are too much for the server
    /// are halved.
    async fn pages(&self, query: &str, wanted: usize) -> LinesRead {
        let mut read = LinesRead::default();
        let page_limit = self.source.page_limit();
        let (mut size, mut most) = (wanted.saturating_add(1).min(page_limit), page_limit);
        let (mut asked, mut open) = (0, vec![self.window]);
        while let Some(mut rest) = open.pop() {
            while !rest.is_empty() {
                if read.lines.len() > wanted || asked == PAGES {
                    read.cut = CutLines::Any;
                    return read;
                }
                asked += 1;
                let page = match self.source.page(query, rest, size, Direction::Backward).await {
                    Ok(page) => page,
                    Err(failure) => match failure.page_limit() {
                        Some(less) if less < size => {
                            (size, most) = (less.max(1), less.max(1));
                            continue;
                        }
                        _ if failure.wants_shorter_window() && rest.length() > SECOND => {
                            open.extend(rest.halves());
                            break;
                        }
                        _ => {
                            read.failure = Some(failure);
                            return read;
                        }
                    },
                };
                read.notes.extend(notes_of(self.source.backend(), &page));
                let is_full = page.logs.len() + page.skipped_count >= size;
                let oldest = page.logs.iter().map(|line| line.time).min();
                let new = |line: &LogEntry| self.sought.has(line) && self.seen.borrow_mut().insert(LineKey::new(line));
                read.lines.extend(page.logs.into_iter().filter(new));
                let Some(oldest) = oldest.filter(|_| is_full) else { break };
                let is_one_instant = oldest.plus(1) >= rest.to;
                // The last instant is asked for again, for its lines may go on; unless no page holds more of it.
                if !is_one_instant {
                    rest.to = oldest.plus(1);
                } else if size == most {
                    read.cut = CutLines::Any;
                    rest.to = oldest;
                }
                size = if is_one_instant {
                    most
                } else {
                    wanted.saturating_sub(read.lines.len()).clamp(LEAST.min(most), most)
                };
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts by the label's value.
    type Reply<'a> = &'a [(&'a str, f64)];

    #[test]
    fn a_service_with_many_lines_hides_no_other() {
        let only = |value: &str, most| LinePart { whose: Whose::Only(value.to_owned()), most };
        let others = |values: &[&str], most| LinePart {
            whose: Whose::Others(values.iter().map(|value| (*value).to_owned()).collect()),
            most,
        };
        let all = || vec![LinePart { whose: Whose::All, most: 100 }];
        let table: [(Reply, Vec<LinePart>); 7] = [
            (&[], all()),
            (&[("a", 60.0), ("b", 40.0)], all()),
            (&[("a", 6_000.0)], all()),
            (&[("a", 6_000.0), ("b", 0.2)], all()),
            (&[("a", 6_000.0), ("b", 30.0), ("c", 10.0)], vec![only("a", 60), others(&["a"], 40)]),
            (&[("a", 6_000.0), ("b", 90.0), ("c", 10.0)], vec![only("a", 45), only("b", 45), others(&["a", "b"], 10)]),
            (&[("a", 500.0), ("b", 500.0)], vec![only("a", 50), only("b", 50)]),
        ];
        for (counts, wanted) in table {
            let by_value = counts.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect();
            assert_eq!(plan(Some(&Counts { by_value, ..Counts::default() }), 100), wanted, "{counts:?}");
        }
        let many = (0..3_000).map(|n| (format!("s{n:04}"), 5.0)).collect();
        let parts = plan(Some(&Counts { by_value: many, ..Counts::default() }), 100);
        assert_eq!((parts.len(), parts.iter().map(|part| part.most).sum::<usize>()), (17, 100), "{parts:?}");
        assert_eq!(plan(None, 100), all());
    }
}
