//! GitHub's Markdown, for tickets and step summaries: the blocks of the screen as headings, lists, tables and code.

use crate::render::escape::{ci, markdown};
use crate::render::{View, terminal};
use crate::report::block::{Block, Fact, Line, Role, Table, TableRow};

/// How wide drawings are: what a ticket shows without scrolling.
const DRAWING: usize = 100;

/// The blocks, one below the other.
pub fn blocks(blocks: &[Block], view: &View) -> String {
    let view = View { width: DRAWING, colour: false, hyperlinks: false, ..*view };
    let mut out = String::new();
    for (nth, block) in blocks.iter().enumerate() {
        let text = match block {
            Block::Line(line) if nth == 0 => format!("## {}\n", said(line)),
            Block::Line(line) if is_title(line) => format!("### {}\n", said(line)),
            other => self::block(other, &view),
        };
        if !text.trim().is_empty() {
            out += &text;
            out.push('\n');
        }
    }
    let lines = out.trim_end().lines().map(|line| ci::line(line).into_owned() + "\n");
    lines.collect()
}

fn block(block: &Block, view: &View) -> String {
    match block {
        Block::Blank => String::new(),
        Block::Line(line) => format!("{}\n", said(line)),
        Block::Flow(items) => format!("{}\n", flow(items)),
        Block::Facts(facts) => facts.iter().map(fact).collect(),
        Block::Table(table) => self::table(table, view),
        Block::Text(..) | Block::Waterfall(_) | Block::Charts(_) => {
            markdown::block(&terminal::blocks(std::slice::from_ref(block), view))
        }
    }
}

/// What a line says; what may be typed stays in one piece.
fn said(line: &Line) -> String {
    let text: String = line.iter().map(|piece| piece.text.as_str()).collect();
    let in_one_piece = line.iter().any(|piece| piece.role == Role::Command);
    if in_one_piece { markdown::code(text.trim()) } else { markdown::text(text.trim()) }
}

fn flow(items: &[Line]) -> String {
    items.iter().map(said).collect::<Vec<_>>().join(" · ")
}

fn is_title(line: &Line) -> bool {
    matches!(line.as_slice(), [only] if only.role == Role::Strong)
}

fn fact(fact: &Fact) -> String {
    match fact.label.trim() {
        "" => format!("  - {}\n", flow(&fact.items)),
        label => format!("- **{label}** {}\n", flow(&fact.items)),
    }
}

/// A table in one piece; what stands below its rows follows as a list, each under what begins its row.
fn table(table: &Table, view: &View) -> String {
    let columns = table.rows.iter().map(|row| row.cells.len()).chain([table.head.len()]).max().unwrap_or(0);
    let titles = (0..columns).map(|nth| markdown::cell(table.head.get(nth).map_or("", String::as_str)));
    let head = format!("|{}\n|{}\n", titles.map(|t| format!(" {t} |")).collect::<String>(), " --- |".repeat(columns));
    let rows: String = table.rows.iter().map(|row| self::row(row, columns)).collect();
    let more: String = table.rows.iter().map(|row| below(row, view)).collect();
    let gap = if more.is_empty() { "" } else { "\n" };
    format!("{head}{rows}{gap}{more}")
}

fn below(row: &TableRow, view: &View) -> String {
    if row.below.is_empty() {
        return String::new();
    }
    let first = row.cells.first().map(said).unwrap_or_default();
    let item = |block: &Block| match block {
        Block::Line(line) => format!("  - {}\n", said(line)),
        other => self::block(other, view).lines().map(|line| format!("  {line}\n")).collect(),
    };
    format!("- **{first}**\n{}", row.below.iter().map(item).collect::<String>())
}

fn row(row: &TableRow, columns: usize) -> String {
    let text = |cell: &Line| cell.iter().map(|piece| piece.text.as_str()).collect::<String>();
    let cells = (0..columns).map(|nth| row.cells.get(nth).map(|cell| markdown::cell(text(cell).trim())));
    format!("|{}\n", cells.map(|cell| format!(" {} |", cell.unwrap_or_default())).collect::<String>())
}
