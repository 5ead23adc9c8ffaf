//! Rows in columns: which columns are shown, how wide they are, and what stands below a row.

use super::text::{self, StyledText, width_of};
use super::{Page, Rows};
use crate::report::block::{Role, Table, piece};

/// So much room at least has what numbers are about.
const NAME: usize = 36;
/// So far what stands below a row is indented.
const BELOW: usize = 4;

type Cells = Vec<Vec<StyledText>>;

/// The rows below their titles.
pub fn table(page: &Page, table: &Table, rows: &mut Rows) {
    let head: Cells = table.head.iter().map(|title| page.ink.runs(&[piece(Role::Dim, title)])).collect();
    let body: Vec<Cells> =
        table.rows.iter().map(|row| row.cells.iter().map(|cell| page.ink.runs(cell)).collect()).collect();
    let layout = Layout::new(page, table, &head, &body);
    if !head.is_empty() {
        layout.row(page, head, rows);
    }
    for (cells, row) in body.into_iter().zip(&table.rows) {
        layout.row(page, cells, rows);
        let inner = Page { width: page.width.saturating_sub(BELOW), ..*page };
        let mut below = vec![];
        row.below.iter().for_each(|block| inner.block(block, &mut below));
        rows.extend(below.into_iter().map(|row| text::beside(StyledText::padded(Role::Plain, "", BELOW), row)));
    }
    let titles = |nth: &usize| table.head.get(*nth).map(String::as_str);
    let left_out: Vec<&str> = layout.left_out.iter().filter_map(titles).collect();
    if !left_out.is_empty() {
        let said = format!("({}: left out at this width, -o json has them)", left_out.join(", "));
        rows.extend(text::wrap(page.ink.runs(&[piece(Role::Dim, said)]), page.width, 1));
    }
}

/// How a table is laid out on a page.
struct Layout {
    /// The columns that are left out, in their order.
    left_out: Vec<usize>,
    /// How wide those that are shown are, but for the last.
    widths: Vec<usize>,
    /// How many of these hold numbers.
    numbers: usize,
    /// Whether the last stands on a line of its own, above the others.
    stands_alone: bool,
}

impl Layout {
    /// Where little room is left beside numbers for what they are about, first columns go that may be left out; if that
    /// is not enough, it stands on a line of its own.
    fn new(page: &Page, table: &Table, head: &Cells, body: &[Cells]) -> Self {
        let all = || body.iter().chain(Some(head));
        let columns = all().map(Vec::len).max().unwrap_or(0);
        let widest = |nth: usize| all().filter_map(|row| row.get(nth)).map(|cell| width_of(cell)).max().unwrap_or(0);
        let mut wanted: Vec<(usize, usize)> = (0..columns).map(|nth| (nth, widest(nth))).collect();
        let last = wanted.last().map_or(0, |(_, width)| *width);
        let is_crowded = |widths: &[usize]| table.numbers > 0 && room(page, widths) < last.min(NAME);
        let mut left_out = vec![];
        let mut spare = table.spare.iter();
        let widths = loop {
            let widths = widths(page, wanted.iter().map(|(_, width)| *width).collect());
            match spare.next().filter(|_| is_crowded(&widths)) {
                Some(nth) => left_out.push(*nth),
                None => break widths,
            }
            wanted.retain(|(nth, _)| !left_out.contains(nth));
        };
        left_out.sort_unstable();
        let (numbers, stands_alone) = (table.numbers.saturating_sub(left_out.len()), is_crowded(&widths));
        Self { left_out, widths, numbers, stands_alone }
    }

    /// One row. What numbers are about is cut to the room that is left, other last cells are wrapped.
    fn row(&self, page: &Page, cells: Cells, rows: &mut Rows) {
        let shown = cells.into_iter().enumerate().filter(|(nth, _)| !self.left_out.contains(nth));
        let mut cells: Cells = shown.map(|(_, cell)| cell).collect();
        let last = if cells.len() > self.widths.len() { cells.pop().unwrap_or_default() } else { vec![] };
        let ellipsis = page.ink.ellipsis();
        if self.stands_alone {
            rows.extend(text::wrap(last, page.width, 2));
            rows.push(self.left(page, cells));
            return;
        }
        let left = self.left(page, cells);
        let indent = width_of(&left);
        let most = page.width.saturating_sub(indent).max(16);
        let parts =
            if self.numbers > 0 { vec![text::cut_name(last, most, ellipsis)] } else { text::wrap(last, most, 0) };
        for (nth, part) in parts.into_iter().enumerate() {
            let mut row = if nth == 0 { left.clone() } else { vec![StyledText::padded(Role::Plain, "", indent)] };
            row.extend(part);
            rows.push(row);
        }
    }

    /// All cells but the last, numbers to the right.
    fn left(&self, page: &Page, cells: Cells) -> Vec<StyledText> {
        let mut left = vec![];
        let mut cells = cells.into_iter();
        for (nth, width) in self.widths.iter().copied().enumerate() {
            let cell = text::cut_middle(cells.next().unwrap_or_default(), width, page.ink.ellipsis());
            let free = width - width_of(&cell);
            let (before, behind) = if nth < self.numbers { (free, 2) } else { (0, free + 2) };
            if width > 0 {
                left.extend((before > 0).then(|| StyledText::padded(Role::Plain, "", before)));
                left.extend(cell);
                left.push(StyledText::padded(Role::Plain, "", behind));
            }
        }
        left
    }
}

/// What is left for the last column.
fn room(page: &Page, widths: &[usize]) -> usize {
    page.width.saturating_sub(widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum())
}

/// How wide the columns but the last are: as wide as they want where all fit, else the widest of them are cut alike so
/// that the last, which wraps, has a third of the width or as much as it wants.
fn widths(page: &Page, mut wanted: Vec<usize>) -> Vec<usize> {
    const NARROWEST: usize = 28;
    let last = wanted.pop().unwrap_or(0).min(page.width / 3);
    let left = page.width.saturating_sub(last);
    let narrowest = NARROWEST.min(page.width / 3);
    let used = |most: usize| wanted.iter().filter(|w| **w > 0).map(|w| (*w).min(most) + 2).sum::<usize>();
    let most = (narrowest..=wanted.iter().copied().max().unwrap_or(0)).rev().find(|most| used(*most) <= left);
    wanted.iter().map(|w| (*w).min(most.unwrap_or(narrowest))).collect()
}
