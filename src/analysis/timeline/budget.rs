//! Which rows stay when there is not room for all: what failed, what began, what was waited for.

use crate::analysis::timeline::{Row, What};
use crate::model::journey::Journey;

/// At most so many rows, in their order, and how many spans were left out.
pub fn keep(journey: &Journey, rows: Vec<Row>, most: usize) -> (Vec<Row>, usize) {
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

fn with_gaps(rows: &[Row], kept: &[bool]) -> (Vec<Row>, usize) {
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
            let others = hidden.iter().filter(|r| spans_in(r) == 0 && !matches!(r.what, What::Queue(_))).count();
            cut += spans;
            let depth = hidden.iter().map(|r| r.depth).min().unwrap_or(0);
            let critical = hidden.iter().any(|r| r.critical);
            shown.push(Row { what: What::More { spans, others }, depth, from_ns: None, length_ns: 0, critical });
        }
        at = end;
    }
    (shown, cut)
}

fn spans_in(row: &Row) -> usize {
    match &row.what {
        What::Span(_) => 1,
        What::Fold(fold) => fold.spans,
        _ => 0,
    }
}

/// Lower stays longer: by kind, then the shallow, then the long, then the early.
type Weight = (u8, usize, std::cmp::Reverse<i64>, usize);

fn weights(journey: &Journey, rows: &[Row]) -> Vec<Weight> {
    let kinds = kinds(journey, rows);
    let weigh = |(place, row): (usize, &Row)| {
        // A wait belongs to the arrival that stands below it.
        let of = if matches!(row.what, What::Queue(_)) { (place + 1).min(rows.len() - 1) } else { place };
        (kinds[of], rows[of].depth, std::cmp::Reverse(rows[of].length_ns), of)
    };
    rows.iter().enumerate().map(weigh).collect()
}

fn kinds(journey: &Journey, rows: &[Row]) -> Vec<u8> {
    let mut kinds: Vec<u8> = rows.iter().map(|row| kind(journey, row)).collect();
    // What failed is understood only below those that called it.
    let mut wanted_above = 0;
    for (row, kind) in rows.iter().zip(kinds.iter_mut()).rev() {
        if row.depth < wanted_above && matches!(row.what, What::Span(_)) {
            *kind = (*kind).min(1);
            wanted_above = row.depth;
        }
        if *kind == 0 {
            wanted_above = row.depth;
        }
    }
    kinds
}

fn kind(journey: &Journey, row: &Row) -> u8 {
    match &row.what {
        What::Span(span) if journey.spans[*span].is_error() => 0,
        What::Fold(fold) if fold.errors > 0 => 0,
        What::Line(line) if journey.logs[*line].is_error() => 1,
        What::Hole(..) | What::Missing(_) => 1,
        What::Span(_) | What::Fold(_) if row.depth == 0 => 2,
        What::Span(span) if journey.spans[*span].message_role().is_some() => 3,
        What::Span(_) | What::Fold(_) if row.critical => 4,
        What::Fold(_) => 5,
        What::Span(_) => 6,
        _ => 7,
    }
}
