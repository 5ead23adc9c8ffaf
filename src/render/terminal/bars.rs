//! Waterfalls and small charts.

use std::collections::{BTreeSet, HashMap};

use crate::model::time::{Human, SECOND};
use crate::render::terminal::text::{self, StyledText, width, width_of};
use crate::render::terminal::{Page, Rows};
use crate::report::block::{Bar, BarStyle, CutSide, Line, Role, Waterfall, piece};

/// How wide each column of a waterfall is.
struct Columns<'a> {
    offset: usize,
    service: usize,
    /// Whether services would look the same if their ends were cut off.
    alike: bool,
    label: usize,
    bar: usize,
    length: usize,
    gap: usize,
    indent: usize,
    /// How much of each topic is shown.
    topics: HashMap<&'a str, usize>,
}

/// Rows with a bar each, in aligned columns: when, who, what, the bar, how long.
pub fn waterfall(page: &Page, waterfall: &Waterfall, rows: &mut Rows) {
    let columns = columns(page, waterfall);
    let mut above = "";
    for bar in &waterfall.rows {
        rows.extend(row(page, waterfall, &columns, bar, above));
        if !bar.service.is_empty() {
            above = &bar.service;
        }
    }
}

fn columns<'a>(page: &Page, waterfall: &'a Waterfall) -> Columns<'a> {
    let bars = &waterfall.rows;
    let roomy = page.width >= 80;
    let gap = if roomy { 2 } else { 1 };
    let indent = if roomy { 2 } else { 1 };
    let widest = |of: &dyn Fn(&Bar) -> usize| bars.iter().map(of).max().unwrap_or(0);
    let offset = widest(&|b| b.from_ns.map_or(0, |ns| width(&page.ink.safe(&clock(ns, waterfall.length_ns)))));
    let service = widest(&|b| width(&page.ink.safe(&b.service))).min((page.width / 4).clamp(8, 24));
    let alike = look_alike(page, bars, service);
    let length = widest(&|b| width(&page.ink.safe(&b.length))).min(page.width / 3);
    let fixed = offset + service + length + 2 + 4 * gap;
    let flexible = page.width.saturating_sub(fixed).max(16);
    let wanted = widest(&|b| match b.style {
        BarStyle::None => 0,
        _ => (b.depth * indent).min(24) + width_of(&page.ink.runs(&b.label)) + width_of(&noted(page, b)),
    });
    let bar = flexible.saturating_sub(wanted.max(12)).max(flexible * 2 / 5).max(6);
    let label = flexible.saturating_sub(bar);
    let columns = Columns { offset, service, alike, label, bar, length, gap, indent, topics: HashMap::new() };
    Columns { topics: topics(page, waterfall, &columns), ..columns }
}

fn row(page: &Page, waterfall: &Waterfall, columns: &Columns, bar: &Bar, above: &str) -> Rows {
    let ink = page.ink;
    let offset = bar.from_ns.map(|ns| ink.safe(&clock(ns, waterfall.length_ns))).unwrap_or_default();
    let mark = if bar.critical { ink.safe("┃") } else { String::new() };
    let failed = if bar.failed { ink.safe("✗") } else { String::new() };
    let gap = |n: usize| StyledText::padded(Role::Plain, "", n);
    let mut row = vec![
        StyledText::right(Role::Dim, &offset, columns.offset),
        gap(columns.gap - 1),
        StyledText::padded(Role::Critical, &mark, 1),
        StyledText::padded(Role::Error, &failed, 1),
        gap(1),
    ];
    let who = if bar.service == above { Role::Dim } else { Role::Plain };
    let cut = if columns.alike { text::cut_middle } else { text::cut_end };
    let service = cut(ink.runs(&[piece(who, &bar.service)]), columns.service, ink.ellipsis());
    push_cell(&mut row, service, columns.service);
    row.push(gap(columns.gap));
    let label = indented(page, columns, bar, &bar.label);
    if bar.style == BarStyle::None {
        return words(page, row, label);
    }
    let drawn = draw(bar, waterfall.length_ns, columns.bar, ink.ascii);
    let room = room(columns, bar, &drawn);
    let label = fitting(page, columns, bar, room);
    let note = noted(page, bar);
    let beside = !note.is_empty() && width_of(&label) + width_of(&note) <= room;
    let label = if beside { [label, note].concat() } else { label };
    let over = width_of(&label).saturating_sub(columns.label);
    push_cell(&mut row, label, columns.label);
    row.push(gap(columns.gap));
    row.push(StyledText { role: role(bar), text: drawn.chars().skip(over).collect() });
    row.push(gap(columns.gap));
    row.push(StyledText::right(Role::Plain, &ink.safe(&bar.length), columns.length));
    let mut rows = vec![row];
    if !bar.note.is_empty() && !beside {
        let below = Bar { depth: bar.depth + 1, label: bar.note.clone(), style: BarStyle::None, ..Bar::default() };
        let below = Bar { critical: bar.critical, ..below };
        rows.extend(self::row(page, waterfall, columns, &below, ""));
    }
    rows
}

/// What is said behind a label.
fn noted(page: &Page, bar: &Bar) -> Vec<StyledText> {
    if bar.note.is_empty() {
        return vec![];
    }
    let mut note = vec![piece(Role::Dim, " · ")];
    note.extend(bar.note.iter().cloned());
    page.ink.runs(&note)
}

/// Words beside the bars: all the room to the right, and a few rows where they need them.
fn words(page: &Page, left: Vec<StyledText>, label: Vec<StyledText>) -> Rows {
    const MOST: usize = 3;
    let indent = width_of(&left);
    let room = page.width.saturating_sub(indent);
    let deeper = label.first().map_or(0, |run| width(&run.text)).min(room / 3);
    let mut parts = text::wrap(label, room, deeper);
    if parts.len() > MOST {
        parts.truncate(MOST);
        if let Some(last) = parts.last_mut() {
            last.push(StyledText { role: Role::Dim, text: format!(" {}", page.ink.ellipsis()) });
            *last = text::cut_end(std::mem::take(last), room, page.ink.ellipsis());
        }
    }
    // The mark of the critical path goes on, the rest of the first row does not.
    let mark: String = left.iter().take(2).map(|run| " ".repeat(width(&run.text))).collect();
    let mut again = vec![StyledText { role: Role::Plain, text: mark }];
    again.extend(left.get(2).cloned());
    again.push(StyledText::padded(Role::Plain, "", indent.saturating_sub(width_of(&again))));
    let mut rows = vec![];
    for (nth, part) in parts.into_iter().enumerate() {
        let mut row = if nth == 0 { left.clone() } else { again.clone() };
        row.extend(part);
        rows.push(row);
    }
    rows
}

fn push_cell(row: &mut Vec<StyledText>, cell: Vec<StyledText>, to: usize) {
    let used = width_of(&cell);
    row.extend(cell);
    row.push(StyledText::padded(Role::Plain, "", to.saturating_sub(used)));
}

/// Whether services can no longer be told from each other where only their beginnings fit.
fn look_alike(page: &Page, bars: &[Bar], room: usize) -> bool {
    let services: BTreeSet<&str> = bars.iter().map(|b| b.service.as_str()).collect();
    let begin = |service: &&str| text::cut_end(page.ink.runs(&[piece(Role::Plain, *service)]), room, "");
    let shown: Vec<Vec<StyledText>> = services.iter().map(begin).collect();
    shown.windows(2).any(|pair| pair[0] == pair[1])
}

/// How wide the room for a label is: a long one may take what its bar leaves free before it begins.
fn room(columns: &Columns, bar: &Bar, drawn: &str) -> usize {
    let before = drawn.chars().take_while(|c| *c == ' ').count();
    columns.label + if bar.from_ns.is_some() { before } else { 0 }
}

/// The part of a label that is cut at its beginning.
fn topic(bar: &Bar) -> Option<&str> {
    let pieces = bar.label.iter().filter(|p| bar.cut == CutSide::Start && p.role == Role::Plain);
    pieces.map(|p| p.text.as_str()).max_by_key(|text| width(text))
}

/// How much of each topic is shown: what there is room for wherever it stands.
fn topics<'a>(page: &Page, waterfall: &'a Waterfall, columns: &Columns) -> HashMap<&'a str, usize> {
    let mut topics = HashMap::new();
    for bar in &waterfall.rows {
        if let Some(topic) = topic(bar) {
            let drawn = draw(bar, waterfall.length_ns, columns.bar, page.ink.ascii);
            let label = width_of(&indented(page, columns, bar, &bar.label));
            let rest = label.saturating_sub(width(&page.ink.safe(topic)));
            let keep = room(columns, bar, &drawn).saturating_sub(rest);
            topics.entry(topic).and_modify(|known: &mut usize| *known = keep.min(*known)).or_insert(keep);
        }
    }
    topics
}

/// The first wording that fits, else the last one cut.
fn fitting(page: &Page, columns: &Columns, bar: &Bar, room: usize) -> Vec<StyledText> {
    if let Some(topic) = topic(bar) {
        let most = columns.topics.get(topic).copied().unwrap_or(room);
        let label =
            bar.label.iter().map(|part| match text::cut_start(&page.ink.safe(&part.text), most, page.ink.ellipsis()) {
                Some(cut) if part.text == topic => piece(part.role, cut),
                _ => part.clone(),
            });
        return text::cut_middle(indented(page, columns, bar, &label.collect()), room, page.ink.ellipsis());
    }
    let mut shown = vec![];
    for label in std::iter::once(&bar.label).chain(&bar.shorter) {
        shown = indented(page, columns, bar, label);
        if width_of(&shown) <= room {
            return shown;
        }
    }
    text::cut_middle(shown, room, page.ink.ellipsis())
}

/// The label at its depth. Beyond a third of its column the depth is told as a number.
fn indented(page: &Page, columns: &Columns, bar: &Bar, label: &Line) -> Vec<StyledText> {
    let wanted = bar.depth * columns.indent;
    let most = (columns.label / 3).max(2);
    let left = if wanted <= most {
        StyledText::padded(Role::Plain, "", wanted)
    } else {
        StyledText::padded(Role::Dim, &format!("{}{} ", page.ink.safe("⋮"), bar.depth), most)
    };
    text::beside(left, page.ink.runs(label))
}

fn role(bar: &Bar) -> Role {
    match bar.style {
        _ if bar.failed => Role::Error,
        _ if bar.critical => Role::Critical,
        BarStyle::Dotted => Role::Dim,
        _ => Role::Plain,
    }
}

/// When a row begins, all rows of a journey in the same unit so that they compare at a glance.
fn clock(ns: i64, length_ns: i64) -> String {
    let text = |value: i128, unit: &str| format!("{value} {unit}");
    let tenths = |of: i64, unit: &str| {
        let tenths = (i128::from(ns) * 10).div_euclid(i128::from(of));
        format!("{}{}.{} {unit}", if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenths.abs() % 10)
    };
    match length_ns {
        ..1_000_000 => text(i128::from(ns) / 1_000, "µs"),
        1_000_000..50_000_000 => tenths(1_000_000, "ms"),
        50_000_000..10_000_000_000 => text(i128::from(ns).div_euclid(1_000_000), "ms"),
        10_000_000_000..100_000_000_000 => format!("{:.3} s", ns as f64 / 1e9),
        100_000_000_000..7_200_000_000_000 => tenths(SECOND, "s"),
        _ => Human(ns).to_string(),
    }
}

/// A bar in its column, exact to an eighth of a character at its end and to a half at its start.
fn draw(bar: &Bar, total_ns: i64, columns: usize, ascii: bool) -> String {
    let Some(from_ns) = bar.from_ns else { return " ".repeat(columns) };
    let cells = (columns * 8) as i128;
    let at = |ns: i64| (i128::from(ns) * cells / i128::from(total_ns.max(1))).clamp(0, cells);
    let from = at(from_ns).min(cells - 1);
    let to = at(from_ns.saturating_add(bar.length_ns)).max(from + 1);
    let (from, to) = (from as usize, to as usize);
    (0..columns).map(|cell| glyph(bar, from, to, cell * 8, ascii)).collect()
}

fn glyph(bar: &Bar, from: usize, to: usize, cell: usize, ascii: bool) -> char {
    const LEFT: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    let covered = to.min(cell + 8).saturating_sub(from.max(cell));
    match bar.style {
        _ if covered == 0 => ' ',
        BarStyle::None => ' ',
        BarStyle::Dotted => {
            if ascii {
                '.'
            } else {
                '┄'
            }
        }
        BarStyle::Many => {
            if ascii {
                '-'
            } else {
                '▒'
            }
        }
        _ if ascii && to - from < 8 => '|',
        BarStyle::Solid if ascii && bar.failed => '#',
        BarStyle::Solid if ascii => '=',
        _ if to < cell + 8 && from < cell + 3 => LEFT[covered - 1],
        _ if covered >= 6 => '█',
        _ if covered >= 3 => '▐',
        BarStyle::Solid => '▕',
    }
}

/// Values as a row of small columns, as many as there is room for, the largest of each stretch.
pub fn spark(values: &[f64], columns: usize, ascii: bool) -> String {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let steps: Vec<char> =
        if ascii { "_.-=+*#%".chars().collect() } else { "▁▂▃▄▅▆▇█".chars().collect() };
    let per = values.len().div_ceil(columns.max(1)).max(1);
    let draw = |stretch: &[f64]| {
        let value = stretch.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        if !value.is_finite() {
            return ' ';
        }
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        steps[((share * 7.0).round() as usize).min(7)]
    };
    values.chunks(per).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from_ns: i64, length_ns: i64, style: BarStyle) -> Bar {
        Bar { from_ns: Some(from_ns), length_ns, style, failed: from_ns == 12, ..Bar::default() }
    }

    #[test]
    fn bars_are_exact_to_an_eighth() {
        let table = [
            (0, 80, BarStyle::Solid, "██████████", "=========="),
            (0, 9, BarStyle::Solid, "█▏        ", "==        "),
            (1, 10, BarStyle::Solid, "█▍        ", "==        "),
            (40, 0, BarStyle::Solid, "     ▏    ", "     |    "),
            (79, 0, BarStyle::Solid, "         ▕", "         |"),
            (12, 20, BarStyle::Solid, " ▐██      ", " ###      "),
            (16, 16, BarStyle::Many, "  ▒▒      ", "  --      "),
            (500, 9, BarStyle::Dotted, "         ┄", "         ."),
            (i64::MIN, i64::MAX, BarStyle::Solid, "▏         ", "|         "),
        ];
        for (from, length, style, drawn, plain) in table {
            assert_eq!(draw(&span(from, length, style), 80, 10, false), drawn);
            assert_eq!(draw(&span(from, length, style), 80, 10, true), plain);
        }
        assert_eq!(spark(&[0.0, 1.0, f64::NAN, 7.0], 10, false), "▁▂ █");
        assert_eq!(spark(&[], 10, false), "");
    }
}
