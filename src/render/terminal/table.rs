//! Rows in columns: which columns are shown, how wide they are, and how cells are cut to them.

use crate::render::terminal::fit;
use crate::render::terminal::grid::{self, GAP};
use crate::render::terminal::page::{Lines, Page};
use crate::render::terminal::styled_text::{StyledLine, width_of};
use crate::report::block::{Table, TableRow, TextRole, piece};
use crate::report::wording::see_more::hidden_columns;

/// The rows below their titles, each with these lines below it.
pub(super) fn table(page: &Page, table: &Table, below: Vec<Lines>) -> Lines {
    let head: Vec<StyledLine> =
        table.head.iter().map(|title| page.style.line(&[piece(TextRole::Dim, title)])).collect();
    let cells = |row: &TableRow| row.cells.iter().map(|cell| page.style.line(cell)).collect();
    let rows: Vec<Vec<StyledLine>> = table.rows.iter().map(cells).collect();
    let layout = Layout::new(page, table, &head, &rows);
    let mut lines = if head.is_empty() { vec![] } else { layout.row(page, head) };
    for (row, below) in rows.into_iter().zip(below) {
        lines.extend(layout.row(page, row));
        lines.extend(below);
    }
    let titles: Vec<&str> = layout.hidden.iter().filter_map(|nth| Some(table.head.get(*nth)?.as_str())).collect();
    if !titles.is_empty() {
        let note = hidden_columns(&titles);
        lines.extend(fit::wrap(page.style.line(&[piece(TextRole::Dim, note)]), page.width, 1));
    }
    lines
}

/// Where a row has its name, the last cell, if the columns before it hold numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamePlace {
    /// Behind the numbers.
    Behind,
    /// On a line of its own, above the numbers.
    Above,
}

/// How a table is laid out on a page.
struct Layout {
    /// The columns that are not shown, in their order.
    hidden: Vec<usize>,
    /// How wide those that are shown are, except for the last one.
    widths: Vec<usize>,
    /// How many of these hold numbers.
    numbers: usize,
    name: NamePlace,
}

impl Layout {
    /// Where numbers leave too little room for the name, columns that are spare are hidden, one after the other; if that
    /// is not enough, the name has a line of its own.
    fn new(page: &Page, table: &Table, head: &[StyledLine], rows: &[Vec<StyledLine>]) -> Self {
        /// The room that a name gets at least, if it needs so much: most operations can be distinguished in it.
        const NAME: usize = 36;
        let rows = || rows.iter().map(Vec::as_slice).chain([head]);
        let columns = rows().map(<[_]>::len).max().unwrap_or(0);
        let widest = |nth: usize| rows().filter_map(|row| row.get(nth)).map(|cell| width_of(cell)).max().unwrap_or(0);
        let mut shown: Vec<(usize, usize)> = (0..columns).map(|nth| (nth, widest(nth))).collect();
        let name = shown.last().map_or(0, |(_, width)| *width).min(NAME);
        let is_crowded = |widths: &[usize]| table.numbers > 0 && room_behind(page, widths) < name;
        let mut hidden = vec![];
        let mut spare = table.spare.iter();
        let widths = loop {
            let widths = column_widths(page, shown.iter().map(|(_, width)| *width).collect());
            match spare.next().filter(|_| is_crowded(&widths)) {
                Some(nth) => hidden.push(*nth),
                None => break widths,
            }
            shown.retain(|(nth, _)| !hidden.contains(nth));
        };
        hidden.sort_unstable();
        let numbers = table.numbers.saturating_sub(hidden.len());
        let name = if is_crowded(&widths) { NamePlace::Above } else { NamePlace::Behind };
        Self { hidden, widths, numbers, name }
    }

    /// One row. A name behind numbers is cut to the room that is left, any other last cell is wrapped.
    fn row(&self, page: &Page, cells: Vec<StyledLine>) -> Lines {
        const NARROWEST: usize = 16;
        let shown = cells.into_iter().enumerate().filter(|(nth, _)| !self.hidden.contains(nth));
        let mut cells: Vec<StyledLine> = shown.map(|(_, cell)| cell).collect();
        let last = if cells.len() > self.widths.len() { cells.pop().unwrap_or_default() } else { vec![] };
        let cut = |(cell, width): (StyledLine, &usize)| vec![fit::cut_middle(cell, *width, page.style.ellipsis())];
        let mut cells: Vec<Lines> = cells.into_iter().zip(&self.widths).map(cut).collect();
        if self.name == NamePlace::Above {
            let mut lines = fit::wrap(last, page.width, 2);
            lines.extend(grid::row(&self.widths, self.numbers, &cells));
            return lines;
        }
        let room = room_behind(page, &self.widths).max(NARROWEST);
        cells.resize(self.widths.len(), vec![]);
        cells.push(match self.numbers {
            0 => fit::wrap(last, room, 0),
            _ => vec![fit::cut_name(last, room, page.style.ellipsis())],
        });
        grid::row(&self.widths, self.numbers, &cells)
    }
}

/// What columns this wide leave for the last one. A column without any text takes no room.
fn room_behind(page: &Page, widths: &[usize]) -> usize {
    page.width.saturating_sub(widths.iter().filter(|width| **width > 0).map(|width| width + GAP).sum())
}

/// How wide the columns but the last are: as wide as they want if all fit. Otherwise the widest of them are cut alike, so
/// that the last, which wraps, has a third of the page or as much as it wants.
fn column_widths(page: &Page, mut wanted: Vec<usize>) -> Vec<usize> {
    /// No column is cut to less: what is left of two names could be the same.
    const NARROWEST: usize = 28;
    let last = wanted.pop().unwrap_or(0).min(page.width / 3);
    let room = page.width.saturating_sub(last);
    let narrowest = NARROWEST.min(page.width / 3);
    let used = |most: usize| wanted.iter().filter(|w| **w > 0).map(|w| (*w).min(most) + GAP).sum::<usize>();
    let most = (narrowest..=wanted.iter().copied().max().unwrap_or(0)).rev().find(|most| used(*most) <= room);
    wanted.iter().map(|w| (*w).min(most.unwrap_or(narrowest))).collect()
}
