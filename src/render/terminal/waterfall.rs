//! Bars along a common time.

use crate::model::error_outcome::ErrorOutcome;
use crate::report::wording::outcomes;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::model::time::{Human, SECOND};
use crate::render::terminal::fit;
use crate::render::terminal::page::{Lines, Page};
use crate::render::terminal::styled_text::{Charset, StyledLine, StyledText, beside, width, width_of};
use crate::report::block::{Bar, BarStyle, CutSide, Line, TextRole, Waterfall, piece};

/// How wide each column of a waterfall is.
struct Columns<'a> {
    offset: usize,
    service: usize,
    /// Whether two services would look the same with their ends cut off.
    alike: bool,
    label: usize,
    bar: usize,
    duration: usize,
    gap: usize,
    indent: usize,
    /// How much of each topic is shown.
    topics: HashMap<&'a str, usize>,
}

/// Rows with a bar each, in aligned columns: when, who, what, the bar, how long.
pub(super) fn waterfall(page: &Page, waterfall: &Waterfall) -> Lines {
    let columns = columns(page, waterfall);
    let mut lines = vec![];
    let mut above = "";
    for bar in &waterfall.rows {
        lines.extend(row(page, waterfall, &columns, bar, above));
        if !bar.service.is_empty() {
            above = &bar.service;
        }
    }
    lines
}

fn columns<'a>(page: &Page, waterfall: &'a Waterfall) -> Columns<'a> {
    /// Below this width every column counts: gaps and indents are halved.
    const ROOMY: usize = 80;
    let (bars, style) = (&waterfall.rows, page.style);
    let gap = if page.width >= ROOMY { 2 } else { 1 };
    let indent = gap;
    let widest = |width: &dyn Fn(&Bar) -> usize| bars.iter().map(width).max().unwrap_or(0);
    let offset = widest(&|b| b.from_ns.map_or(0, |ns| width(&style.safe(&clock(ns, waterfall.duration_ns)))));
    let service = widest(&|b| width(&style.safe(&b.service))).min((page.width / 4).clamp(8, 24));
    let alike = look_alike(page, bars, service);
    let duration = widest(&|b| width(&style.safe(&b.duration))).min(page.width / 3);
    let fixed = offset + service + duration + 2 + 4 * gap;
    let flexible = page.width.saturating_sub(fixed).max(16);
    let label = widest(&|b| match b.style {
        BarStyle::None => 0,
        _ => (b.depth * indent).min(24) + width_of(&style.line(&b.label)) + width_of(&dotted_note(page, b)),
    });
    // Bars can be compared from about two fifths of the room on, so they have so much even if labels are cut for it.
    let bar = flexible.saturating_sub(label.max(12)).max(flexible * 2 / 5).max(6);
    let label = flexible.saturating_sub(bar);
    let columns = Columns { offset, service, alike, label, bar, duration, gap, indent, topics: HashMap::new() };
    Columns { topics: topic_widths(page, waterfall, &columns), ..columns }
}

fn row(page: &Page, waterfall: &Waterfall, columns: &Columns, bar: &Bar, above: &str) -> Lines {
    let style = page.style;
    let offset = bar.from_ns.map(|ns| style.safe(&clock(ns, waterfall.duration_ns))).unwrap_or_default();
    let critical = if bar.critical { style.safe("┃") } else { String::new() };
    let (mark_role, mark) = bar.outcome.map_or((TextRole::Error, ""), outcomes::mark);
    let mark = style.safe(mark);
    let mut line = vec![
        StyledText::right(TextRole::Dim, &offset, columns.offset),
        StyledText::spaces(columns.gap - 1),
        StyledText::padded(TextRole::Critical, &critical, 1),
        StyledText::padded(mark_role, &mark, 1),
        StyledText::spaces(1),
    ];
    let service = if bar.service == above { TextRole::Dim } else { TextRole::Plain };
    let cut = if columns.alike { fit::cut_middle } else { fit::cut_end };
    let service = cut(style.line(&[piece(service, &bar.service)]), columns.service, style.ellipsis());
    push_cell(&mut line, service, columns.service);
    line.push(StyledText::spaces(columns.gap));
    if bar.style == BarStyle::None {
        return words(page, line, indented(page, columns, bar, &bar.label));
    }
    let drawn = draw(bar, waterfall.duration_ns, columns.bar, style.charset);
    let room = label_room(columns, bar, &drawn);
    let label = fitting_label(page, columns, bar, room);
    let note = dotted_note(page, bar);
    let is_note_beside = !note.is_empty() && width_of(&label) + width_of(&note) <= room;
    let label = if is_note_beside { [label, note].concat() } else { label };
    let over = width_of(&label).saturating_sub(columns.label);
    push_cell(&mut line, label, columns.label);
    line.push(StyledText::spaces(columns.gap));
    line.push(StyledText { role: role(bar), text: drawn.chars().skip(over).collect() });
    line.push(StyledText::spaces(columns.gap));
    line.push(StyledText::right(TextRole::Plain, &style.safe(&bar.duration), columns.duration));
    let mut lines = vec![line];
    if !bar.note.is_empty() && !is_note_beside {
        let below = Bar {
            depth: bar.depth + 1,
            label: bar.note.clone(),
            style: BarStyle::None,
            critical: bar.critical,
            ..Bar::default()
        };
        lines.extend(row(page, waterfall, columns, &below, ""));
    }
    lines
}

/// The note of a bar with a dot before it, as it is shown behind the label.
fn dotted_note(page: &Page, bar: &Bar) -> StyledLine {
    if bar.note.is_empty() {
        return vec![];
    }
    let mut note = vec![piece(TextRole::Dim, " · ")];
    note.extend(bar.note.iter().cloned());
    page.style.line(&note)
}

/// Words beside the bars: all the room to the right, and a few lines if they need them.
fn words(page: &Page, left: StyledLine, label: StyledLine) -> Lines {
    const MOST: usize = 3;
    let indent = width_of(&left);
    let room = page.width.saturating_sub(indent);
    let deeper = label.first().map_or(0, |part| width(&part.text)).min(room / 3);
    let mut parts = fit::wrap(label, room, deeper);
    if parts.len() > MOST {
        parts.truncate(MOST);
        if let Some(last) = parts.last_mut() {
            last.push(StyledText { role: TextRole::Dim, text: format!(" {}", page.style.ellipsis()) });
            *last = fit::cut_end(std::mem::take(last), room, page.style.ellipsis());
        }
    }
    // The mark of the critical path goes on, the rest of the first line does not.
    let mut again = vec![StyledText::spaces(left.iter().take(2).map(|part| width(&part.text)).sum())];
    again.extend(left.get(2).cloned());
    again.push(StyledText::spaces(indent.saturating_sub(width_of(&again))));
    let mut left = Some(left);
    parts.into_iter().map(|part| [left.take().unwrap_or_else(|| again.clone()), part].concat()).collect()
}

fn push_cell(line: &mut StyledLine, cell: StyledLine, to: usize) {
    let used = width_of(&cell);
    line.extend(cell);
    line.push(StyledText::spaces(to.saturating_sub(used)));
}

/// Whether two services look the same if only their beginnings fit.
fn look_alike(page: &Page, bars: &[Bar], room: usize) -> bool {
    let services: BTreeSet<&str> = bars.iter().map(|b| b.service.as_str()).collect();
    let begin = |service: &&str| fit::cut_end(page.style.line(&[piece(TextRole::Plain, *service)]), room, "");
    let shown: Vec<StyledLine> = services.iter().map(begin).collect();
    shown.windows(2).any(|pair| pair[0] == pair[1])
}

/// How wide a label may be: a long one may take what its bar leaves free before it begins.
fn label_room(columns: &Columns, bar: &Bar, drawn: &str) -> usize {
    let before = drawn.chars().take_while(|c| *c == ' ').count();
    columns.label + if bar.from_ns.is_some() { before } else { 0 }
}

/// The part of a label that is cut at its beginning.
fn topic(bar: &Bar) -> Option<&str> {
    let pieces = bar.label.iter().filter(|p| bar.cut == CutSide::Start && p.role == TextRole::Plain);
    pieces.map(|p| p.text.as_str()).max_by_key(|text| width(text))
}

/// How much of each topic is shown: what there is room for in every row that names it, so that it looks the same in all.
fn topic_widths<'a>(page: &Page, waterfall: &'a Waterfall, columns: &Columns) -> HashMap<&'a str, usize> {
    let mut topics = HashMap::new();
    for bar in &waterfall.rows {
        if let Some(topic) = topic(bar) {
            let drawn = draw(bar, waterfall.duration_ns, columns.bar, page.style.charset);
            let label = width_of(&indented(page, columns, bar, &bar.label));
            let rest = label.saturating_sub(width(&page.style.safe(topic)));
            let keep = label_room(columns, bar, &drawn).saturating_sub(rest);
            topics.entry(topic).and_modify(|known: &mut usize| *known = keep.min(*known)).or_insert(keep);
        }
    }
    topics
}

/// The first wording that fits; if none does, the last one cut.
fn fitting_label(page: &Page, columns: &Columns, bar: &Bar, room: usize) -> StyledLine {
    let style = page.style;
    if let Some(topic) = topic(bar) {
        let most = columns.topics.get(topic).copied().unwrap_or(room);
        let label =
            bar.label.iter().map(|part| match fit::cut_start(&style.safe(&part.text), most, style.ellipsis()) {
                Some(cut) if part.text == topic => piece(part.role, cut),
                _ => part.clone(),
            });
        return fit::cut_middle(indented(page, columns, bar, &label.collect()), room, style.ellipsis());
    }
    let mut shown = vec![];
    for label in std::iter::once(&bar.label).chain(&bar.shorter) {
        shown = indented(page, columns, bar, label);
        if width_of(&shown) <= room {
            return shown;
        }
    }
    fit::cut_middle(shown, room, style.ellipsis())
}

/// The label at its depth. Beyond a third of its column the depth is shown as a number.
fn indented(page: &Page, columns: &Columns, bar: &Bar, label: &Line) -> StyledLine {
    let indent = bar.depth * columns.indent;
    let most = (columns.label / 3).max(2);
    let left = if indent <= most {
        StyledText::spaces(indent)
    } else {
        StyledText::padded(TextRole::Dim, &format!("{}{} ", page.style.safe("⋮"), bar.depth), most)
    };
    beside(left, page.style.line(label))
}

fn role(bar: &Bar) -> TextRole {
    match bar.style {
        _ if bar.outcome == Some(ErrorOutcome::Failed) => TextRole::Error,
        _ if bar.critical => TextRole::Critical,
        BarStyle::Dotted => TextRole::Dim,
        _ => TextRole::Plain,
    }
}

/// When a row begins: all rows of a journey in the same unit, so that they compare at a glance.
fn clock(ns: i64, duration_ns: i64) -> String {
    let text = |value: i128, unit: &str| format!("{value} {unit}");
    let tenths = |unit_ns: i64, unit: &str| {
        let tenths = (i128::from(ns) * 10).div_euclid(i128::from(unit_ns));
        format!("{}{}.{} {unit}", if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenths.abs() % 10)
    };
    match duration_ns {
        ..1_000_000 => text(i128::from(ns) / 1_000, "µs"),
        1_000_000..50_000_000 => tenths(1_000_000, "ms"),
        50_000_000..10_000_000_000 => text(i128::from(ns).div_euclid(1_000_000), "ms"),
        10_000_000_000..100_000_000_000 => format!("{:.3} s", ns as f64 / 1e9),
        100_000_000_000..7_200_000_000_000 => tenths(SECOND, "s"),
        _ => Human(ns).to_string(),
    }
}

/// A bar in its column, exact to an eighth of a character at its end and to a half at its start.
fn draw(bar: &Bar, total_ns: i64, columns: usize, charset: Charset) -> String {
    let Some(from_ns) = bar.from_ns else { return " ".repeat(columns) };
    let eighths = (columns * 8) as i128;
    let at = |ns: i64| (i128::from(ns) * eighths / i128::from(total_ns.max(1))).clamp(0, eighths);
    let from = at(from_ns).min(eighths - 1);
    let to = at(from_ns.saturating_add(bar.duration_ns)).max(from + 1);
    let (from, to) = (from as usize, to as usize);
    let glyph = |cell: usize| match charset {
        Charset::Ascii => ascii_glyph(bar, from..to, cell * 8),
        Charset::Unicode => glyph(bar, from..to, cell * 8),
    };
    (0..columns).map(glyph).collect()
}

/// The part of a bar in the character that begins at this eighth.
fn glyph(bar: &Bar, eighths: Range<usize>, start: usize) -> char {
    const LEFT: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    let Range { start: from, end: to } = eighths;
    match (bar.style, to.min(start + 8).saturating_sub(from.max(start))) {
        (_, 0) | (BarStyle::None, _) => ' ',
        (BarStyle::Dotted, _) => '┄',
        (BarStyle::Many, _) => '▒',
        (BarStyle::Solid, filled) if to < start + 8 && from < start + 3 => LEFT[filled - 1],
        (BarStyle::Solid, 6..) => '█',
        (BarStyle::Solid, 3..) => '▐',
        (BarStyle::Solid, _) => '▕',
    }
}

fn ascii_glyph(bar: &Bar, eighths: Range<usize>, start: usize) -> char {
    let is_empty = eighths.start.max(start) >= eighths.end.min(start + 8);
    match bar.style {
        BarStyle::None => ' ',
        _ if is_empty => ' ',
        BarStyle::Dotted => '.',
        BarStyle::Many => '-',
        BarStyle::Solid if eighths.len() < 8 => '|',
        BarStyle::Solid if bar.outcome == Some(ErrorOutcome::Failed) => '#',
        BarStyle::Solid => '=',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from_ns: i64, duration_ns: i64, style: BarStyle) -> Bar {
        Bar {
            from_ns: Some(from_ns),
            duration_ns,
            style,
            outcome: (from_ns == 12).then_some(ErrorOutcome::Failed),
            ..Bar::default()
        }
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
        for (from, duration, style, drawn, plain) in table {
            assert_eq!(draw(&span(from, duration, style), 80, 10, Charset::Unicode), drawn);
            assert_eq!(draw(&span(from, duration, style), 80, 10, Charset::Ascii), plain);
        }
    }
}
