//! Blocks as text for a terminal, no wider than the view.

mod bars;
mod table;
mod text;

use crate::render::View;
use crate::render::escape;
use crate::report::block::{Block, Chart, Fact, Line, Role, piece};
use text::{Ink, StyledText, width};

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

type Rows = Vec<Vec<StyledText>>;

impl Page {
    fn block(&self, block: &Block, rows: &mut Rows) {
        match block {
            Block::Blank => rows.push(vec![]),
            Block::Line(line) => rows.extend(text::wrap(self.ink.runs(line), self.width, 2)),
            Block::Flow(items) => rows.extend(self.flow(items, self.width)),
            Block::Facts(facts) => self.facts(facts, rows),
            Block::Table(table) => table::table(self, table, rows),
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
                rows.push(text::beside(StyledText::padded(Role::Dim, label, left), row));
            }
        }
    }

    fn text(&self, indent: usize, text: &str, rows: &mut Rows) {
        for line in escape::lines(text) {
            let inner = line.len() - line.trim_start_matches(' ').len();
            let left = (indent + inner).min(self.width / 2);
            let runs = self.ink.runs(&[piece(Role::Plain, line.trim())]);
            let wrapped = text::wrap(runs, self.width - left, 2);
            rows.extend(wrapped.into_iter().map(|row| text::beside(StyledText::padded(Role::Plain, "", left), row)));
        }
    }

    fn charts(&self, charts: &[Chart], rows: &mut Rows) {
        let names: Vec<Vec<StyledText>> =
            charts.iter().map(|c| self.ink.runs(&[piece(Role::Plain, &c.name)])).collect();
        let left = names.iter().map(|n| text::width_of(n)).max().unwrap_or(0).min(self.width / 3);
        let captions: Vec<Vec<StyledText>> = charts.iter().map(|c| self.ink.runs(&c.caption)).collect();
        let right = captions.iter().map(|c| text::width_of(c)).max().unwrap_or(0);
        let longest = charts.iter().map(|c| c.values.len()).max().unwrap_or(0);
        let room = self.width.saturating_sub(left + right + 4).clamp(4, 40).min(longest.max(4));
        for ((chart, name), caption) in charts.iter().zip(names).zip(captions) {
            let name = text::cut_end(name, left, self.ink.ellipsis());
            let pad = left - text::width_of(&name) + 2;
            let mut row = name;
            row.push(StyledText::padded(Role::Plain, "", pad));
            row.push(StyledText::padded(Role::Plain, &bars::spark(&chart.values, room, self.ink.ascii), room + 2));
            row.extend(caption);
            rows.push(row);
        }
    }
}
