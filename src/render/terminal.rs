//! Blocks as text for a terminal, no wider than the view.

mod bars;
mod text;

use crate::render::View;
use crate::render::escape;
use crate::report::block::{Block, Chart, Fact, Line, Role, Table, piece};
use text::{Ink, Run, width};

/// The blocks, one below the other.
pub fn blocks(blocks: &[Block], view: &View) -> String {
    let page = Page { ink: Ink::new(view), width: view.width.max(40) };
    let mut rows = vec![];
    for block in blocks {
        page.block(block, &mut rows);
    }
    let mut out = String::new();
    for row in &rows {
        page.ink.write(row, &mut out);
        out.push('\n');
    }
    out
}

/// Somewhere to write, so many columns wide.
#[derive(Clone, Copy)]
struct Page {
    ink: Ink,
    width: usize,
}

type Rows = Vec<Vec<Run>>;

impl Page {
    fn block(&self, block: &Block, rows: &mut Rows) {
        match block {
            Block::Blank => rows.push(vec![]),
            Block::Line(line) => rows.extend(text::wrap(self.ink.runs(line), self.width, 2)),
            Block::Flow(items) => rows.extend(self.flow(items, self.width)),
            Block::Facts(facts) => self.facts(facts, rows),
            Block::Table(table) => self.table(table, rows),
            Block::Text(indent, text) => self.text(*indent, text, rows),
            Block::Waterfall(waterfall) => bars::waterfall(self, waterfall, rows),
            Block::Charts(charts) => self.charts(charts, rows),
        }
    }

    /// Items with a dot between them, as many to a row as fit.
    fn flow(&self, items: &[Line], width: usize) -> Rows {
        let dot = self.ink.runs(&[piece(Role::Dim, " · ")]);
        let mut rows: Rows = vec![vec![]];
        for item in items {
            let runs = self.ink.runs(item);
            let used: usize = rows.last().map_or(0, |row| text::width_of(row));
            if used > 0 && used + text::width_of(&dot) + text::width_of(&runs) > width {
                rows.push(vec![]);
            }
            let wrapped = text::wrap(runs, width, 2);
            for (nth, part) in wrapped.into_iter().enumerate() {
                if nth > 0 {
                    rows.push(vec![]);
                }
                let Some(row) = rows.last_mut() else { continue };
                if !row.is_empty() {
                    row.extend(dot.iter().cloned());
                }
                row.extend(part);
            }
        }
        rows
    }

    fn facts(&self, facts: &[Fact], rows: &mut Rows) {
        let label_width = facts.iter().map(|f| width(f.label)).max().unwrap_or(0);
        let left = label_width + 2;
        for fact in facts {
            let flowed = self.flow(&fact.items, self.width.saturating_sub(left).max(20));
            for (nth, row) in flowed.into_iter().enumerate() {
                let label = if nth == 0 { fact.label } else { "" };
                rows.push(text::beside(Run::padded(Role::Dim, label, left), row));
            }
        }
    }

    fn table(&self, table: &Table, rows: &mut Rows) {
        const BELOW: usize = 4;
        let mut head: Vec<Vec<Run>> = table.head.iter().map(|h| self.ink.runs(&[piece(Role::Dim, h)])).collect();
        let body: Vec<Vec<Vec<Run>>> =
            table.rows.iter().map(|row| row.cells.iter().map(|cell| self.ink.runs(cell)).collect()).collect();
        let all = || body.iter().chain(std::iter::once(&head).filter(|h| !h.is_empty()));
        let columns = all().map(Vec::len).max().unwrap_or(0);
        let widest = |nth: usize| all().filter_map(|row| row.get(nth)).map(|c| text::width_of(c)).max().unwrap_or(0);
        let widths = self.widths((0..columns).map(widest).collect());
        let stands_alone = self.is_crowded(&widths, columns.checked_sub(1).map_or(0, widest), table.numbers);
        if !head.is_empty() {
            head.truncate(if stands_alone { columns - 1 } else { columns });
            rows.extend(self.table_row(head, &widths, table.numbers));
        }
        for (mut cells, row) in body.into_iter().zip(&table.rows) {
            if let Some(name) = cells.pop_if(|_| stands_alone) {
                rows.extend(text::wrap(name, self.width, 2));
            }
            rows.extend(self.table_row(cells, &widths, table.numbers));
            let inner = Self { width: self.width.saturating_sub(BELOW), ..*self };
            let mut below = vec![];
            row.below.iter().for_each(|block| inner.block(block, &mut below));
            rows.extend(below.into_iter().map(|row| text::beside(Run::padded(Role::Plain, "", BELOW), row)));
        }
    }

    /// How wide the columns but the last are: as wide as they want where all fit, else the widest of them are cut alike
    /// so that the last, which wraps, has a third of the width or as much as it wants.
    fn widths(&self, mut wanted: Vec<usize>) -> Vec<usize> {
        const NARROWEST: usize = 28;
        let last = wanted.pop().unwrap_or(0).min(self.width / 3);
        let room = self.width.saturating_sub(last);
        let narrowest = NARROWEST.min(self.width / 3);
        let used = |most: usize| wanted.iter().filter(|w| **w > 0).map(|w| (*w).min(most) + 2).sum::<usize>();
        let most = (narrowest..=wanted.iter().copied().max().unwrap_or(0)).rev().find(|most| used(*most) <= room);
        wanted.iter().map(|w| (*w).min(most.unwrap_or(narrowest))).collect()
    }

    /// Whether so little is left beside numbers for what they are about that it had better stand on a line of its own.
    fn is_crowded(&self, widths: &[usize], last: usize, numbers: usize) -> bool {
        const LEAST: usize = 52;
        let left = self.width.saturating_sub(widths.iter().map(|width| width + 2).sum());
        numbers > 0 && last > left && left < LEAST
    }

    fn table_row(&self, cells: Vec<Vec<Run>>, widths: &[usize], numbers: usize) -> Rows {
        let mut left: Vec<Run> = vec![];
        let mut cells = cells.into_iter();
        for (nth, width) in widths.iter().copied().enumerate() {
            let cell = text::cut_middle(cells.next().unwrap_or_default(), width, self.ink.ellipsis());
            let free = width - text::width_of(&cell);
            let (before, behind) = if nth < numbers { (free, 2) } else { (0, free + 2) };
            if width > 0 {
                left.extend((before > 0).then(|| Run::padded(Role::Plain, "", before)));
                left.extend(cell);
                left.push(Run::padded(Role::Plain, "", behind));
            }
        }
        let indent = text::width_of(&left);
        let last = text::wrap(cells.next().unwrap_or_default(), self.width.saturating_sub(indent).max(16), 0);
        let mut rows: Rows = vec![];
        for (nth, part) in last.into_iter().enumerate() {
            let mut row = if nth == 0 { std::mem::take(&mut left) } else { vec![Run::padded(Role::Plain, "", indent)] };
            row.extend(part);
            rows.push(row);
        }
        rows
    }

    fn text(&self, indent: usize, text: &str, rows: &mut Rows) {
        for line in escape::lines(text) {
            let inner = line.len() - line.trim_start_matches(' ').len();
            let left = (indent + inner).min(self.width / 2);
            let runs = self.ink.runs(&[piece(Role::Plain, line.trim())]);
            let wrapped = text::wrap(runs, self.width - left, 2);
            rows.extend(wrapped.into_iter().map(|row| text::beside(Run::padded(Role::Plain, "", left), row)));
        }
    }

    fn charts(&self, charts: &[Chart], rows: &mut Rows) {
        let names: Vec<Vec<Run>> = charts.iter().map(|c| self.ink.runs(&[piece(Role::Plain, &c.name)])).collect();
        let left = names.iter().map(|n| text::width_of(n)).max().unwrap_or(0).min(self.width / 3);
        let captions: Vec<Vec<Run>> = charts.iter().map(|c| self.ink.runs(&c.caption)).collect();
        let right = captions.iter().map(|c| text::width_of(c)).max().unwrap_or(0);
        let longest = charts.iter().map(|c| c.values.len()).max().unwrap_or(0);
        let room = self.width.saturating_sub(left + right + 4).clamp(4, 40).min(longest.max(4));
        for ((chart, name), caption) in charts.iter().zip(names).zip(captions) {
            let name = text::cut_end(name, left, self.ink.ellipsis());
            let pad = left - text::width_of(&name) + 2;
            let mut row = name;
            row.push(Run::padded(Role::Plain, "", pad));
            row.push(Run::padded(Role::Plain, &bars::spark(&chart.values, room, self.ink.ascii), room + 2));
            row.extend(caption);
            rows.push(row);
        }
    }
}
