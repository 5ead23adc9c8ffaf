//! What filters left of a journey, and by which flags.

use crate::analysis::journey::timeline::Timeline;
use crate::model::filter::Filters;
use crate::model::length::written;
use crate::model::log::Level;
use crate::model::pattern::Pattern;
use crate::report::block::{Block, Fact, Line, Role, one, piece, plain};
use crate::report::names::ShortNames;
use crate::report::waterfall::{self, Words};
use crate::report::words::{counted, flag};

/// The bars; where the filters left none, that.
pub fn drawing(timeline: &Timeline, words: &Words, filters: &Filters) -> Vec<Block> {
    match filtered(timeline.filtered, timeline.filtered_lines, filters) {
        Some(said) if timeline.rows.is_empty() => {
            vec![Block::Line(vec![piece(Role::Warn, "– nothing to show: "), piece(Role::Plain, said)])]
        }
        _ => waterfall::blocks(timeline, words),
    }
}

/// What filters left out of a drawing that shows something.
pub fn left_out(timeline: &Timeline, filters: &Filters) -> Option<String> {
    filtered(timeline.filtered, timeline.filtered_lines, filters).filter(|_| !timeline.rows.is_empty())
}

/// What filters left out, and by which flags; none where they left out nothing.
pub fn filtered(spans: usize, lines: usize, filters: &Filters) -> Option<String> {
    let parts = [(spans, "span"), (lines, "log line")].into_iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, what)| counted(n, what)).collect();
    let are = if spans + lines == 1 { "is" } else { "are" };
    (!parts.is_empty()).then(|| format!("{} {are} filtered out by {}", parts.join(" and "), flags(filters)))
}

/// The services there are, where a filter names none of them.
pub fn services(journey_services: &[&str], filters: &Filters) -> Vec<Fact> {
    const MOST: usize = 20;
    if filters.services.is_empty() || journey_services.iter().any(|s| filters.wants_service(s)) {
        return vec![];
    }
    let names = ShortNames::new(journey_services);
    let mut items: Vec<Line> = journey_services.iter().take(MOST).map(|s| plain(names.get(s))).collect();
    if journey_services.len() > MOST {
        items.push(one(Role::Dim, format!("{} more", journey_services.len() - MOST)));
    }
    vec![Fact { label: "services", items }]
}

/// Filters as they were typed.
pub fn flags(filters: &Filters) -> String {
    let each = |name: &'static str, patterns: &[Pattern]| -> Vec<String> {
        patterns.iter().map(|p| flag(name, &p.to_string())).collect()
    };
    let length = |flag: &str, ns: Option<i64>| ns.map(|ns| format!("{flag} {}", written(ns)));
    let mut all = each("--service", &filters.services);
    all.extend(each("--operation", &filters.operations));
    all.extend(filters.tags.iter().map(|(key, value)| flag("--tag", &format!("{key}={value}"))));
    all.extend(filters.errors_only.then(|| "--error".to_owned()));
    all.extend(length("--min-duration", filters.min_duration_ns));
    all.extend(length("--max-duration", filters.max_duration_ns));
    all.extend(each("--log", &filters.log));
    all.extend((filters.level > Level::Unknown).then(|| format!("--level {}", filters.level.as_str())));
    all.join(" ")
}
