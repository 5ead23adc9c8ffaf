//! What several reports say in the same words: what failed, where the time went, whose clock is off, what to type next.

use crate::analysis::journey::critical_path::Spent;
use crate::analysis::journey::errors::{ErrorPlace, JourneyError};
use crate::analysis::journey::timeline::Timeline;
use crate::model::journey::{Journey, Skew};
use crate::model::metric::{Panel, float_text};
use crate::model::span::Span;
use crate::model::time::{Human, Timestamp};
use crate::report::block::{Block, Chart, Fact, Line, Role, fact, one, piece, plain};
use crate::report::names::ShortNames;
use crate::report::waterfall;
use crate::report::words::counted;

/// What failed, the first few.
pub fn failures(
    journey: &Journey,
    failures: &[JourneyError],
    origin: Timestamp,
    names: &ShortNames,
    most: usize,
) -> Vec<Block> {
    let mut blocks = vec![];
    for failure in failures.iter().take(most) {
        blocks.extend(failure_blocks(journey, failure, origin, names));
    }
    if failures.len() > most {
        let more = counted(failures.len() - most, "more kind");
        blocks.push(Block::Line(one(Role::Dim, format!("  … {more} of error, see the rows marked ✗"))));
    }
    blocks
}

/// Commands to type next, one to a line.
pub fn next(commands: &[String]) -> Vec<Fact> {
    let label = |nth: usize| if nth == 0 { "next" } else { "" };
    commands.iter().enumerate().map(|(nth, c)| fact(label(nth), one(Role::Command, c.clone()))).collect()
}

/// Where the critical path spent its time.
pub fn time(journey: &Journey, timeline: &Timeline, names: &ShortNames) -> Vec<Fact> {
    const MOST: usize = 3;
    let path = &timeline.critical;
    let all = path.length_ns();
    if all == 0 || journey.spans.len() < 3 {
        return vec![];
    }
    let say = |share: &crate::analysis::journey::critical_path::PathShare| {
        let span = &journey.spans[share.span];
        let percent = i128::from(share.total_ns) * 100 / i128::from(all);
        let name = text(&waterfall::name(span, names));
        let what = format!("{}  {name}", names.get(span.service()));
        let topic = names.topic(span.topic().unwrap_or_default());
        let again = timeline.messages.delivered_before(share.span).is_some();
        let what = match share.spent {
            Spent::Work => what,
            Spent::Wait if again => format!("until delivered again  {topic}"),
            Spent::Wait if !topic.is_empty() => format!("in the queue  {topic}"),
            Spent::Wait => format!("waiting for {what}"),
            Spent::Gap => format!("nothing open before {what}"),
        };
        let length = piece(Role::Strong, format!("{:>7}", Human(share.total_ns).to_string()));
        vec![length, piece(Role::Dim, format!(" {percent:>3} %  ")), piece(Role::Plain, what)]
    };
    let shares = path.shares(journey);
    let telling = shares.iter().filter(|s| s.total_ns >= all / 100).take(MOST);
    labelled("time", telling.map(say))
}

/// Clock differences.
pub fn skew(skew: &[Skew], names: &ShortNames, adjusted: bool) -> Vec<Fact> {
    let say = |skew: &Skew| {
        let way = if skew.ahead_ns < 0 { "behind" } else { "ahead of" };
        let by = Human(skew.ahead_ns.saturating_abs());
        let how = if skew.within_ns.is_some() { "about" } else { "at least" };
        let (who, whom) = (names.get(&skew.service), names.get(&skew.reference));
        plain(format!("{who} is {how} {by} {way} {whom} (measured on {})", counted(skew.pairs, "pair")))
    };
    let mut facts = labelled("clocks", skew.iter().map(say));
    if !skew.is_empty() {
        let said = if adjusted {
            "times below are put right"
        } else {
            "times are as recorded; --adjust-clocks puts them right"
        };
        facts.push(fact("", one(Role::Dim, said)));
    }
    facts
}

/// What a line says.
fn text(line: &Line) -> String {
    line.iter().map(|piece| piece.text.as_str()).collect()
}

/// An operation as the rows call it.
fn operation(journey: &Journey, place: &ErrorPlace, names: &ShortNames) -> String {
    let is_it = |span: &&Span| span.name == place.operation && span.service() == place.service;
    journey.spans.iter().find(is_it).map_or(place.operation.clone(), |span| text(&waterfall::name(span, names)))
}

fn failure_blocks(journey: &Journey, failure: &JourneyError, origin: Timestamp, names: &ShortNames) -> Vec<Block> {
    let mut head = vec![
        piece(Role::Error, "✗ "),
        piece(Role::Strong, names.get(&failure.place.service)),
        piece(Role::Strong, format!("  {}", operation(journey, &failure.place, names))),
    ];
    if failure.count > 1 {
        head.push(piece(Role::Error, format!("  ×{}", failure.count)));
    }
    let mut blocks = vec![Block::Line(head)];
    if !failure.what.is_empty() {
        blocks.push(Block::Line(vec![piece(Role::Plain, "  "), piece(Role::Error, &failure.what)]));
    }
    let mut aside = format!("  {} in", Human(failure.time.since(origin)));
    match failure.span_id {
        Some(span) => aside += &format!(" · span {}", names.span(span)),
        None => aside += " · told by a log line only",
    }
    if !failure.passed_on_by.is_empty() {
        let say = |p: &ErrorPlace| format!("{} {}", names.get(&p.service), operation(journey, p, names));
        let callers = failure.passed_on_by.iter().map(say);
        aside += &format!(" · passed on by {}", callers.collect::<Vec<_>>().join(" ← "));
    }
    blocks.push(Block::Line(one(Role::Dim, aside)));
    blocks
}

/// That there is more than the screen shows, and how to see it.
pub fn unshown(more: usize, what: &str, how: &str) -> Option<Fact> {
    (more > 0).then(|| fact("unshown", plain(format!("… and {}; {how}", counted(more, what)))))
}

/// Facts of one kind, labelled once.
pub fn labelled(label: &'static str, lines: impl Iterator<Item = Line>) -> Vec<Fact> {
    lines.enumerate().map(|(nth, line)| fact(if nth == 0 { label } else { "" }, line)).collect()
}

/// Configured panels as small charts.
pub fn panels(panels: &[Panel]) -> Vec<Block> {
    let mut charts = vec![];
    for panel in panels {
        if let Some(error) = &panel.error {
            charts.push(Chart { name: panel.name.clone(), values: vec![], caption: one(Role::Warn, error.clone()) });
        } else if panel.series.is_empty() {
            charts.push(Chart { name: panel.name.clone(), values: vec![], caption: one(Role::Dim, "no data") });
        }
        for series in &panel.series {
            let values: Vec<f64> = series.samples.iter().map(|(_, value)| *value).collect();
            let labels: Vec<String> =
                series.labels.iter().filter(|(k, _)| *k != "__name__").map(|(k, v)| format!("{k}={v}")).collect();
            let several = panel.series.len() > 1 && !labels.is_empty();
            let name = if several { format!("{} {}", panel.name, labels.join(" ")) } else { panel.name.clone() };
            charts.push(Chart { name, caption: plain(extremes(&values)), values });
        }
    }
    if charts.is_empty() { vec![] } else { vec![Block::Blank, Block::Charts(charts)] }
}

/// The least, the greatest and the last of these, in words.
pub fn extremes(values: &[f64]) -> String {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let round = |value: f64| float_text((value * 1_000.0).round() / 1_000.0);
    match (finite().reduce(f64::min), finite().reduce(f64::max), values.last()) {
        (Some(min), Some(max), Some(last)) => format!("min {}  max {}  last {}", round(min), round(max), round(*last)),
        _ => "no data".to_owned(),
    }
}
