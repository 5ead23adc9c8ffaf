//! Which rows stay when there is not room for all: what failed, what began, what was waited for.

use crate::analysis::journey::timeline::{RowContent, TimelineRow};
use crate::model::journey::Journey;

/// The rows that fit the limit, in their order, and the number of spans that were left out.
pub(crate) fn fit(journey: &Journey, rows: Vec<TimelineRow>, most: usize) -> (Vec<TimelineRow>, usize) {
    if rows.len() <= most {
        return (rows, 0);
    }
    let weights = weights(journey, &rows);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|row| weights[*row]);
    let mut chosen = most;
    loop {
        let mut kept = vec![false; rows.len()];
        order[..chosen].iter().for_each(|row| kept[*row] = true);
        let (shown, cut) = with_gaps(&rows, &kept);
        if shown.len() <= most || chosen <= 1 {
            return (shown, cut);
        }
        chosen -= (shown.len() - most).div_ceil(2).clamp(1, chosen - 1);
    }
}

fn with_gaps(rows: &[TimelineRow], kept: &[bool]) -> (Vec<TimelineRow>, usize) {
    let (mut shown, mut cut, mut at) = (vec![], 0, 0);
    while at < rows.len() {
        if kept[at] {
            shown.push(rows[at].clone());
            at += 1;
            continue;
        }
        let end = (at..rows.len()).find(|row| kept[*row]).unwrap_or(rows.len());
        let hidden = &rows[at..end];
        if let [one] = hidden {
            shown.push(one.clone());
        } else {
            let spans: usize = hidden.iter().map(spans_in).sum();
            let others =
                hidden.iter().filter(|r| spans_in(r) == 0 && !matches!(r.content, RowContent::MessageWait(_))).count();
            cut += spans;
            let depth = hidden.iter().map(|r| r.depth).min().unwrap_or(0);
            let critical = hidden.iter().any(|r| r.critical);
            shown.push(TimelineRow {
                content: RowContent::More { spans, others },
                depth,
                start_ns: None,
                length_ns: 0,
                critical,
            });
        }
        at = end;
    }
    (shown, cut)
}

fn spans_in(row: &TimelineRow) -> usize {
    match &row.content {
        RowContent::Span(_) => 1,
        RowContent::Fold(fold) => fold.spans,
        _ => 0,
    }
}

/// Lower stays longer: by kind, then the shallow, then the long, then the early.
type Weight = (u8, usize, std::cmp::Reverse<i64>, usize);

fn weights(journey: &Journey, rows: &[TimelineRow]) -> Vec<Weight> {
    let kinds = kinds(journey, rows);
    let weigh = |(place, row): (usize, &TimelineRow)| {
        // A wait belongs to the arrival that stands below it.
        let of =
            if matches!(row.content, RowContent::MessageWait(_)) { (place + 1).min(rows.len() - 1) } else { place };
        (kinds[of], rows[of].depth, std::cmp::Reverse(rows[of].length_ns), of)
    };
    rows.iter().enumerate().map(weigh).collect()
}

fn kinds(journey: &Journey, rows: &[TimelineRow]) -> Vec<u8> {
    let mut kinds: Vec<u8> = rows.iter().map(|row| kind(journey, row)).collect();
    // What failed is understood only below those that called it.
    let mut wanted_above = 0;
    for (row, kind) in rows.iter().zip(kinds.iter_mut()).rev() {
        if row.depth < wanted_above && matches!(row.content, RowContent::Span(_)) {
            *kind = (*kind).min(1);
            wanted_above = row.depth;
        }
        if *kind == 0 {
            wanted_above = row.depth;
        }
    }
    kinds
}

fn kind(journey: &Journey, row: &TimelineRow) -> u8 {
    match &row.content {
        RowContent::Span(span) if journey.spans[*span].is_error() => 0,
        RowContent::Fold(fold) if fold.errors > 0 => 0,
        RowContent::Line(line) if journey.logs[*line].is_error() => 1,
        RowContent::MissingParent(..) | RowContent::MissingEffect(_) => 1,
        RowContent::Span(_) | RowContent::Fold(_) if row.depth == 0 => 2,
        RowContent::Span(span) if journey.spans[*span].message_role().is_some() => 3,
        RowContent::Span(_) | RowContent::Fold(_) if row.critical => 4,
        RowContent::Fold(_) => 5,
        RowContent::Span(_) => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::journey::sketch;
    use crate::analysis::journey::timeline::{Fold, Queue};
    use crate::model::id::SpanId;
    use crate::model::journey::CauseKind;

    /// Spans 0 to 3 are plain, failed, sent and received; line 0 tells of a failure, line 1 does not.
    fn journey() -> Journey {
        let spans = "a/plain 0..9\na/failed 1..9 error\na/sent 2..9 producer\na/received 3..9 consumer";
        sketch::journey(&format!("{spans}\n! a 1 error no\n! a 2 info well"))
    }

    fn row(what: RowContent, depth: usize) -> TimelineRow {
        TimelineRow { content: what, depth, start_ns: Some(1), length_ns: 1, critical: false }
    }

    fn fold(spans: usize, errors: usize) -> RowContent {
        RowContent::Fold(Fold { first: 0, count: spans, spans, p50_ns: 1, max_ns: 1, errors, outcome: None })
    }

    fn queue() -> RowContent {
        RowContent::MessageWait(Queue {
            from: 2,
            to: 3,
            via: CauseKind::Message,
            again: false,
            wait_ns: 1,
            longest_ns: 1,
        })
    }

    fn more(spans: usize, others: usize) -> RowContent {
        RowContent::More { spans, others }
    }

    #[test]
    fn each_kind_of_row_has_its_rank() {
        let hole = RowContent::MissingParent(sketch::trace(1), SpanId::from_u64(1).unwrap());
        // What, its rank at the top, below it, and below it on the critical path.
        let table = [
            (RowContent::Span(1), [0, 0, 0]),
            (fold(3, 1), [0, 0, 0]),
            (RowContent::Line(0), [1, 1, 1]),
            (hole, [1, 1, 1]),
            (RowContent::Span(2), [2, 3, 3]),
            (RowContent::Span(3), [2, 3, 3]),
            (RowContent::Span(0), [2, 6, 4]),
            (fold(3, 0), [2, 5, 4]),
            (RowContent::Line(1), [7, 7, 7]),
            (RowContent::Exception(0, 0), [7, 7, 7]),
            (queue(), [7, 7, 7]),
        ];
        for (what, ranks) in table {
            let at = |depth, critical| kind(&journey(), &TimelineRow { critical, ..row(what.clone(), depth) });
            assert_eq!([at(0, false), at(1, false), at(1, true)], ranks, "{what:?}");
        }
    }

    #[test]
    fn callers_of_a_failure_stay_with_it_and_a_queue_with_its_arrival() {
        let spans =
            |depths: &[(usize, usize)]| depths.iter().map(|(s, depth)| row(RowContent::Span(*s), *depth)).collect();
        let rows: Vec<TimelineRow> = spans(&[(0, 0), (0, 1), (0, 2), (0, 2), (1, 3), (0, 1), (0, 2)]);
        assert_eq!(kinds(&journey(), &rows), [1, 1, 6, 1, 0, 6, 6]);
        let line = vec![row(RowContent::Span(0), 0), row(RowContent::Span(0), 1), row(RowContent::Line(0), 2)];
        assert_eq!(kinds(&journey(), &line), [2, 6, 1], "a line is understood by itself");

        let mut long = row(RowContent::Span(3), 1);
        long.length_ns = 9;
        let rows = [row(RowContent::Span(0), 1), row(queue(), 1), long, row(RowContent::Span(0), 0), row(queue(), 0)];
        let weights = weights(&journey(), &rows);
        assert_eq!(weights[1], (3, 1, std::cmp::Reverse(9), 2));
        assert_eq!(weights[1], weights[2]);
        assert_eq!(weights[4], (7, 0, std::cmp::Reverse(1), 4), "one without an arrival stands for itself");
        assert!(weights[3] < weights[2] && weights[2] < weights[0]);
    }

    #[test]
    fn a_gap_says_how_much_it_hides_and_one_row_makes_none() {
        let mut rows = vec![
            row(RowContent::Span(0), 3),
            row(fold(5, 0), 2),
            row(queue(), 4),
            row(RowContent::Line(1), 3),
            row(RowContent::Exception(0, 0), 3),
            row(RowContent::Span(0), 0),
            row(RowContent::Span(0), 1),
        ];
        rows[2].critical = true;
        let gap = |what, depth, critical| TimelineRow { start_ns: None, length_ns: 0, critical, ..row(what, depth) };
        let table: [(&[usize], Vec<TimelineRow>, usize); 5] = [
            (&[0, 1, 2, 3, 4, 5, 6], rows.clone(), 0),
            (&[5], vec![gap(more(6, 2), 2, true), rows[5].clone(), rows[6].clone()], 6),
            (&[0, 1, 2, 4, 5, 6], rows.clone(), 0),
            (&[0, 1, 2], [&rows[..3], &[gap(more(2, 2), 0, false)]].concat(), 2),
            (&[], vec![gap(more(8, 2), 0, true)], 8),
        ];
        for (kept, wanted, cut) in table {
            let kept: Vec<bool> = (0..rows.len()).map(|at| kept.contains(&at)).collect();
            assert_eq!(with_gaps(&rows, &kept), (wanted, cut), "{kept:?}");
        }
    }

    proptest! {
        /// Whatever the rows are: there is room for them, none is lost uncounted, and their order stays.
        #[test]
        fn what_is_left_fits_and_the_rest_is_counted(of in prop::collection::vec((0..4usize, 0..4usize), 0..40), most in 1..30usize) {
            let row_of = |(what, depth): &(usize, usize)| row([RowContent::Span(0), RowContent::Span(1), RowContent::Line(1), fold(3, 0)][*what].clone(), *depth);
            let rows: Vec<TimelineRow> = of.iter().map(row_of).collect();
            let (shown, cut) = fit(&journey(), rows.clone(), most);
            prop_assert!(shown.len() <= most.max(3), "one row between two gaps is the least");
            prop_assert!(rows.len() > most || shown == rows);
            let hidden = |row: &TimelineRow| if let RowContent::More { spans, others } = row.content { (spans, others) } else { (0, 0) };
            let found: usize = shown.iter().map(|row| spans_in(row) + hidden(row).0).sum();
            prop_assert_eq!(found, rows.iter().map(spans_in).sum::<usize>());
            prop_assert_eq!(cut, shown.iter().map(|row| hidden(row).0).sum::<usize>());
            let others = |rows: &[TimelineRow]| rows.iter().filter(|row| matches!(row.content, RowContent::Line(_))).count();
            prop_assert_eq!(others(&shown) + shown.iter().map(|row| hidden(row).1).sum::<usize>(), others(&rows));
        }
    }

    #[test]
    fn as_much_is_shown_as_fits() {
        let rows = |n: usize| (0..n).map(|_| row(RowContent::Span(0), 1)).collect::<Vec<_>>();
        // The first ones, and a gap.
        for (n, most, shown, cut) in [(9, 9, 9, 0), (10, 9, 9, 2), (99, 9, 9, 91), (99, 3, 3, 97), (99, 2, 2, 98)] {
            let (found, left) = fit(&journey(), rows(n), most);
            assert_eq!((found.len(), left), (shown, cut), "{n} {most}");
        }
    }
}
