//! Blocks as text for a terminal, no wider than the view.

mod chart;
mod fit;
mod grid;
mod page;
mod styled_text;
mod table;
mod waterfall;

use crate::render::escape;
use crate::render::view::View;
use crate::report::block::{Block, Fact, Line, Table, TextRole, piece};
use page::{Lines, Page};
use styled_text::{StyledText, TextStyle, beside, width, width_of};

/// The least width that is laid out for: below it columns would be cut to nothing, so the terminal has to wrap.
const NARROWEST: usize = 40;

/// The blocks, one below the other.
pub(crate) fn blocks(blocks: &[Block], view: &View) -> String {
    let page = Page { style: TextStyle::new(view), width: view.width.max(NARROWEST) };
    let mut out = String::new();
    for line in lines(&page, blocks) {
        page.style.write(&line, &mut out);
        out.push('\n');
    }
    out
}

fn lines(page: &Page, blocks: &[Block]) -> Lines {
    blocks.iter().flat_map(|block| block_lines(page, block)).collect()
}

fn block_lines(page: &Page, block: &Block) -> Lines {
    match block {
        Block::Blank => vec![vec![]],
        Block::Line(line) | Block::Item(line) => fit::wrap(page.style.line(line), page.width, 2),
        Block::Flow(items) => flow(page, items),
        Block::Facts(facts) => facts_lines(page, facts),
        Block::Table(table) => table_lines(page, table),
        Block::Text(indent, text) => text_lines(page, *indent, text),
        Block::Waterfall(waterfall) => waterfall::waterfall(page, waterfall),
        Block::Charts(charts) => chart::charts(page, charts),
    }
}

/// Items with a dot between them, as many to a line as fit.
fn flow(page: &Page, items: &[Line]) -> Lines {
    let dot = page.style.line(&[piece(TextRole::Dim, " · ")]);
    let mut lines: Lines = vec![vec![]];
    for item in items {
        let item = page.style.line(item);
        let used: usize = lines.last().map_or(0, |line| width_of(line));
        if used > 0 && used + width_of(&dot) + width_of(&item) > page.width {
            lines.push(vec![]);
        }
        for (nth, part) in fit::wrap(item, page.width, 2).into_iter().enumerate() {
            if nth > 0 {
                lines.push(vec![]);
            }
            let Some(line) = lines.last_mut() else { continue };
            if !line.is_empty() {
                line.extend(dot.iter().cloned());
            }
            line.extend(part);
        }
    }
    lines
}

fn facts_lines(page: &Page, facts: &[Fact]) -> Lines {
    const NARROWEST_ITEMS: usize = 20;
    let labels = facts.iter().map(|fact| width(fact.label)).max().unwrap_or(0) + 2;
    let items = Page { width: page.width.saturating_sub(labels).max(NARROWEST_ITEMS), ..*page };
    let mut lines = vec![];
    for fact in facts {
        for (nth, line) in flow(&items, &fact.items).into_iter().enumerate() {
            let label = if nth == 0 { fact.label } else { "" };
            lines.push(beside(StyledText::padded(TextRole::Dim, label, labels), line));
        }
    }
    lines
}

/// The table, with the blocks below each of its rows a little indented.
fn table_lines(page: &Page, table: &Table) -> Lines {
    const INDENT: usize = 4;
    let inner = Page { width: page.width.saturating_sub(INDENT), ..*page };
    let below = table.rows.iter().map(|row| {
        lines(&inner, &row.below).into_iter().map(|line| beside(StyledText::spaces(INDENT), line)).collect()
    });
    table::table(page, table, below.collect())
}

fn text_lines(page: &Page, indent: usize, text: &str) -> Lines {
    let mut lines = vec![];
    for line in escape::lines(text) {
        let inner = line.len() - line.trim_start_matches(' ').len();
        let left = (indent + inner).min(page.width / 2);
        let wrapped = fit::wrap(page.style.line(&[piece(TextRole::Plain, line.trim())]), page.width - left, 2);
        lines.extend(wrapped.into_iter().map(|line| beside(StyledText::spaces(left), line)));
    }
    lines
}
