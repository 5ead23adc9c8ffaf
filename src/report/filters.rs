//! What filters leave of a journey, and by which flags.

use crate::analysis::journey::timeline::Timeline;
use crate::model::filter::Filters;
use crate::report::block::{Block, Fact, Line, TextRole, piece, plain, styled};
use crate::report::names::ShortNames;
use crate::report::text::counted;
use crate::report::waterfall::{self, BarLabels};
use crate::report::wording::shell::filter_flags;

/// The bars; if the filters left none, a line that says so.
pub(crate) fn drawing(timeline: &Timeline, labels: &BarLabels, filters: &Filters) -> Vec<Block> {
    match filtered_out(timeline.filtered, timeline.filtered_lines, filters) {
        Some(text) if timeline.rows.is_empty() => {
            vec![Block::Line(vec![piece(TextRole::Warn, "– nothing to show: "), piece(TextRole::Plain, text)])]
        }
        _ => waterfall::blocks(timeline, labels),
    }
}

/// What filters left out of a drawing; none of a drawing that shows nothing, which says so itself.
pub(crate) fn left_out(timeline: &Timeline, filters: &Filters) -> Option<String> {
    filtered_out(timeline.filtered, timeline.filtered_lines, filters).filter(|_| !timeline.rows.is_empty())
}

/// What filters left out, and by which flags; none if they left out nothing.
pub(crate) fn filtered_out(spans: usize, lines: usize, filters: &Filters) -> Option<String> {
    let counts = [(spans, "span"), (lines, "log line")].into_iter().filter(|(n, _)| *n > 0);
    let counts: Vec<String> = counts.map(|(n, what)| counted(n, what)).collect();
    let are = if spans + lines == 1 { "is" } else { "are" };
    (!counts.is_empty()).then(|| format!("{} {are} filtered out by {}", counts.join(" and "), filter_flags(filters)))
}

/// The services of the journey, if a filter names none of them.
pub(crate) fn services(journey_services: &[&str], filters: &Filters) -> Vec<Fact> {
    const MOST: usize = 20;
    if filters.services.is_empty() || journey_services.iter().any(|s| filters.wants_service(s)) {
        return vec![];
    }
    let names = ShortNames::new(journey_services.iter().copied());
    let mut items: Vec<Line> = journey_services.iter().take(MOST).map(|s| plain(names.get(s))).collect();
    if journey_services.len() > MOST {
        items.push(styled(TextRole::Dim, format!("{} more", journey_services.len() - MOST)));
    }
    vec![Fact { label: "services", items }]
}
