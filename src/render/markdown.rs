//! GitHub's Markdown, for tickets and step summaries: the blocks of the screen as headings, lists, tables and code.

use crate::render::escape::{ci, markdown};
use crate::render::terminal;
use crate::render::view::View;
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole};

/// How wide drawings are: what a ticket shows without scrolling.
const DRAWING: usize = 100;

/// The blocks, one below the other.
pub(crate) fn blocks(blocks: &[Block], view: &View) -> String {
    let view = View { width: DRAWING, colour: false, hyperlinks: false, ..*view };
    let mut out = String::new();
    for (nth, block) in blocks.iter().enumerate() {
        let next = blocks.get(nth + 1);
        let text = match block {
            Block::Line(line) if nth == 0 => format!("## {}\n", line_text(line)),
            Block::Line(line) if is_title(line) => format!("### {}\n", line_text(line)),
            Block::Item(line) => format!("- {}\n", line_text(line)),
            Block::Line(line) if matches!(next, Some(Block::Item(_))) => {
                format!("**{}**\n", line_text(line))
            }
            other => self::block(other, &view),
        };
        let goes_on = is_list(block) && next.is_some_and(is_list);
        out += &text;
        out += if text.trim().is_empty() || goes_on { "" } else { "\n" };
    }
    let lines = out.trim_end().lines().map(|line| ci::line(line).into_owned() + "\n");
    lines.collect()
}

fn block(block: &Block, view: &View) -> String {
    match block {
        Block::Blank => String::new(),
        Block::Line(line) | Block::Item(line) => format!("{}\n", line_text(line)),
        Block::Flow(items) => format!("{}\n", flow(items)),
        Block::Facts(facts) => facts.iter().map(fact).collect(),
        Block::Table(table) => self::table(table, view),
        Block::Text(..) | Block::Waterfall(_) | Block::Charts(_) => {
            markdown::block(&terminal::blocks(std::slice::from_ref(block), view))
        }
    }
}

/// The text of a line; a command is one code span, so that it can be copied.
fn line_text(line: &Line) -> String {
    let text: String = line.iter().map(|piece| piece.text.as_str()).collect();
    let in_one_piece = line.iter().any(|piece| piece.role == TextRole::Command);
    if in_one_piece { markdown::code(text.trim()) } else { markdown::text(text.trim()) }
}

fn flow(items: &[Line]) -> String {
    items.iter().map(line_text).collect::<Vec<_>>().join(" · ")
}

fn is_title(line: &Line) -> bool {
    matches!(line.as_slice(), [only] if only.role == TextRole::Strong)
}

/// Whether it becomes items of a list.
fn is_list(block: &Block) -> bool {
    match block {
        Block::Item(_) => true,
        Block::Table(table) => has_no_columns(table),
        _ => false,
    }
}

/// Whether it has only names and a text for each.
fn has_no_columns(table: &Table) -> bool {
    table.head.is_empty() && table.rows.iter().all(|row| row.cells.len() <= 2)
}

fn fact(fact: &Fact) -> String {
    match fact.label.trim() {
        "" => format!("  - {}\n", flow(&fact.items)),
        label => format!("- **{label}** {}\n", flow(&fact.items)),
    }
}

/// A table; a list where it has only names and a text for each.
fn table(table: &Table, view: &View) -> String {
    if has_no_columns(table) {
        return table.rows.iter().map(|row| item(row, view)).collect();
    }
    let columns = table.rows.iter().map(|row| row.cells.len()).chain([table.head.len()]).max().unwrap_or(0);
    let titles = (0..columns).map(|nth| markdown::cell(table.head.get(nth).map_or("", String::as_str)));
    let head = format!("|{}\n|{}\n", titles.map(|t| format!(" {t} |")).collect::<String>(), " --- |".repeat(columns));
    let rows: String = table.rows.iter().map(|row| self::row(row, columns)).collect();
    let large = table.rows.iter().filter(|row| !fits_a_cell(row));
    // The name comes last where numbers precede it.
    let key = |row: &TableRow| {
        line_text(if table.numbers > 0 { row.cells.last() } else { row.cells.first() }.unwrap_or(&vec![]))
    };
    let more: String = large.map(|row| format!("- **{}**\n{}", key(row), below(row, view))).collect();
    let gap = if more.is_empty() { "" } else { "\n" };
    format!("{head}{rows}{gap}{more}")
}

/// A row as an item of a list, the blocks below it as nested items.
fn item(row: &TableRow, view: &View) -> String {
    let [name, rest] = [0, 1].map(|nth| row.cells.get(nth).map(line_text).unwrap_or_default());
    format!("{}\n{}", format!("- **{name}** {rest}").trim_end(), below(row, view))
}

fn below(row: &TableRow, view: &View) -> String {
    let item = |block: &Block| match block {
        Block::Line(line) | Block::Item(line) => format!("  - {}\n", line_text(line)),
        Block::Flow(items) => format!("  - {}\n", flow(items)),
        other => self::block(other, view).lines().map(|line| format!("  {line}\n")).collect(),
    };
    row.below.iter().map(item).collect()
}

/// Whether the blocks below a row fit into one of its cells.
fn fits_a_cell(row: &TableRow) -> bool {
    row.below.iter().all(|block| matches!(block, Block::Line(_) | Block::Item(_) | Block::Flow(_)))
}

/// A row. The blocks below it, where they fit, go into the cell with its name, a line each.
fn row(row: &TableRow, columns: usize) -> String {
    let is_strong = |cell: &Line| cell.iter().any(|piece| piece.role == TextRole::Strong);
    let name = row.cells.iter().position(is_strong).unwrap_or(row.cells.len().saturating_sub(1));
    let is_full = !row.below.is_empty() && fits_a_cell(row);
    let cell = |nth: usize| match row.cells.get(nth).map(in_cell).unwrap_or_default() {
        cell if nth == name && is_full => {
            let lines = row.below.iter().map(|block| match block {
                Block::Line(line) | Block::Item(line) => in_cell(line),
                Block::Flow(items) => items.iter().map(in_cell).collect::<Vec<_>>().join(" · "),
                _ => String::new(),
            });
            [format!("**{cell}**")].into_iter().chain(lines).collect::<Vec<_>>().join("<br>")
        }
        cell => cell,
    };
    format!("|{}\n", (0..columns).map(|nth| format!(" {} |", cell(nth))).collect::<String>())
}

fn in_cell(line: &Line) -> String {
    markdown::cell(line.iter().map(|piece| piece.text.as_str()).collect::<String>().trim())
}
