//! Values along a common time, one line each.

use crate::render::terminal::fit;
use crate::render::terminal::page::{Lines, Page};
use crate::render::terminal::styled_text::{Charset, StyledLine, StyledText, width_of};
use crate::report::block::{Chart, TextRole, piece};

/// How wide a drawing may be, however much room there is: more columns than that show nothing more at a glance.
const WIDEST: usize = 40;

/// A name, the values drawn, and the caption, in aligned columns.
pub(super) fn charts(page: &Page, charts: &[Chart]) -> Lines {
    let style = page.style;
    let names: Vec<StyledLine> = charts.iter().map(|c| style.line(&[piece(TextRole::Plain, &c.name)])).collect();
    let left = names.iter().map(|name| width_of(name)).max().unwrap_or(0).min(page.width / 3);
    let captions: Vec<StyledLine> = charts.iter().map(|c| style.line(&c.caption)).collect();
    let right = captions.iter().map(|caption| width_of(caption)).max().unwrap_or(0);
    let longest = charts.iter().map(|c| c.values.len()).max().unwrap_or(0);
    let room = page.width.saturating_sub(left + right + 4).clamp(4, WIDEST).min(longest.max(4));
    let line = |((chart, name), caption): ((&Chart, StyledLine), StyledLine)| {
        let mut line = fit::cut_end(name, left, style.ellipsis());
        line.push(StyledText::spaces(left - width_of(&line) + 2));
        line.push(StyledText::padded(TextRole::Plain, &sparkline(&chart.values, room, style.charset), room + 2));
        line.extend(caption);
        line
    };
    charts.iter().zip(names).zip(captions).map(line).collect()
}

/// Values as small columns, in at most this many characters: each shows the largest value of its part.
fn sparkline(values: &[f64], columns: usize, charset: Charset) -> String {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let steps = match charset {
        Charset::Ascii => ['_', '.', '-', '=', '+', '*', '#', '%'],
        Charset::Unicode => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    };
    let per_column = values.len().div_ceil(columns.max(1)).max(1);
    let draw = |part: &[f64]| {
        let value = part.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        if !value.is_finite() {
            return ' ';
        }
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        steps[((share * 7.0).round() as usize).min(7)]
    };
    values.chunks(per_column).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_leaves_a_gap_where_a_value_is_not_a_number() {
        assert_eq!(sparkline(&[0.0, 1.0, f64::NAN, 7.0], 10, Charset::Unicode), "▁▂ █");
        assert_eq!(sparkline(&[], 10, Charset::Unicode), "");
    }
}
