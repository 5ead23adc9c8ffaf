//! Cells side by side in columns, aligned by comfy-table.
//!
//! It has one style a cell where a cell of ours has several, so the parts of a cell pass through it as text behind marks
//! of their roles, and each row is a table of its own: other lines may follow below it.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Table, Width};

use crate::render::terminal::page::Lines;
use crate::render::terminal::styled_text::{StyledLine, StyledText};
use crate::report::block::TextRole;

/// Spaces between two columns.
pub(super) const GAP: usize = 2;

/// The lines of a row. The columns are so wide, the first of them hold numbers, which are aligned to the right; a last cell
/// beyond them is as wide as it is. A column of no width is left out.
pub(super) fn row(widths: &[usize], numbers: usize, cells: &[Lines]) -> Lines {
    let mut table = Table::new();
    table.load_style(NOTHING).add_row(cells.iter().map(marked));
    for (nth, column) in table.column_iter_mut().enumerate() {
        let Some(width) = widths.get(nth) else {
            column.set_padding((0, 0));
            continue;
        };
        column.set_padding((0, columns(GAP))).set_constraint(match width {
            0 => ColumnConstraint::Hidden,
            width => ColumnConstraint::Absolute(Width::Fixed(columns(width + GAP))),
        });
        column.set_cell_alignment(if nth < numbers { CellAlignment::Right } else { CellAlignment::Left });
    }
    table.lines().map(|line| unmarked(&line)).collect()
}

fn columns(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// The mark of the first role. Variation selectors take no columns, and none comes from outside: they are escaped.
const FIRST_MARK: u32 = 0xE0100;

/// The roles in the order of their marks, which is that of the enum.
const ROLES: [TextRole; 9] = [
    TextRole::Plain,
    TextRole::Strong,
    TextRole::Command,
    TextRole::Link,
    TextRole::Dim,
    TextRole::Error,
    TextRole::Warn,
    TextRole::Good,
    TextRole::Critical,
];

/// The lines of a cell, each part behind the mark of its role, and what is put after them plain again.
fn marked(cell: &Lines) -> String {
    let mark = |role: TextRole| char::from_u32(FIRST_MARK + role as u32).unwrap_or_default();
    let mut text = String::new();
    for (nth, line) in cell.iter().enumerate() {
        text.extend((nth > 0).then_some('\n'));
        for part in line {
            text.push(mark(part.role));
            text.push_str(&part.text);
        }
        text.push(mark(TextRole::Plain));
    }
    text
}

/// The parts of an aligned line.
fn unmarked(line: &str) -> StyledLine {
    let mut parts = vec![];
    let mut part = StyledText::spaces(0);
    for c in line.chars() {
        match u32::from(c).checked_sub(FIRST_MARK).and_then(|nth| ROLES.get(usize::try_from(nth).ok()?)) {
            Some(role) => parts.push(std::mem::replace(&mut part, StyledText { role: *role, text: String::new() })),
            None => part.text.push(c),
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::terminal::styled_text::width_of;

    #[test]
    fn every_role_passes_and_wide_characters_are_aligned() {
        for role in ROLES {
            let cell = |text: &str| vec![vec![StyledText { role, text: text.to_owned() }]];
            let lines = row(&[4, 0, 6], 1, &[cell("7"), vec![], cell("世"), [cell("a"), cell("bc")].concat()]);
            let widths: Vec<usize> = lines.iter().map(|line| width_of(line)).collect();
            assert_eq!(widths, [16, 16], "{lines:?}");
            let texts: Vec<String> =
                lines.iter().map(|line| line.iter().map(|part| part.text.as_str()).collect()).collect();
            assert_eq!(texts, ["   7  世      a ", "              bc"]);
            let visible = lines.iter().flatten().filter(|part| !part.text.trim().is_empty());
            assert!(visible.clone().count() == 4 && visible.clone().all(|part| part.role == role), "{lines:?}");
        }
    }
}
