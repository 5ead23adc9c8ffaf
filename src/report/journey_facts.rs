//! What the screens of one journey have in common: what failed, where the time went, alerts, clock differences.

use crate::analysis::journey::critical_path::{PathShare, Spent};
use crate::analysis::journey::errors::{ErrorPlace, JourneyError};
use crate::analysis::journey::timeline::{Timeline, TimelineOptions};
use crate::model::error_outcome::ErrorOutcome;
use crate::model::journey::{Journey, Skew};
use crate::model::metric::{Alert, AlertState};
use crate::model::span::Span;
use crate::model::time::{Human, Timestamp};
use crate::report::block::{Block, Fact, Line, TextRole, fact, piece, plain, styled};
use crate::report::facts::labelled;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::text::counted;
use crate::report::waterfall;
use crate::report::wording::outcomes::mark;
use crate::report::wording::see_more::SeeMore;

/// The first few errors.
pub(crate) fn errors(
    journey: &Journey,
    errors: &[JourneyError],
    origin: Timestamp,
    names: &ShortNames,
    most: usize,
) -> Vec<Block> {
    let shown = errors.iter().take(most);
    let mut blocks: Vec<Block> = shown.flat_map(|error| error_blocks(journey, error, origin, names)).collect();
    if errors.len() > most {
        let more = counted(errors.len() - most, "more kind");
        blocks.push(Block::Item(styled(TextRole::Dim, format!("  … {more} of error, see the rows marked ✗"))));
    }
    blocks
}

fn error_blocks(journey: &Journey, error: &JourneyError, origin: Timestamp, names: &ShortNames) -> Vec<Block> {
    let (role, mark) = mark(error.outcome);
    let mut head = vec![
        piece(role, format!("{mark} ")),
        piece(TextRole::Strong, names.get(&error.place.service)),
        piece(TextRole::Strong, format!("  {}", operation(journey, &error.place, names))),
    ];
    if error.count > 1 {
        head.push(piece(role, format!("  ×{}", error.count)));
    }
    let mut blocks = vec![Block::Line(head)];
    if !error.message.is_empty() {
        blocks.push(Block::Item(vec![piece(TextRole::Plain, "  "), piece(role, &error.message)]));
    }
    let mut aside = match error.outcome {
        ErrorOutcome::Failed => "  ".to_owned(),
        outcome => format!("  {} · ", outcome.as_str()),
    };
    aside += &format!("{} in", Human(error.time.since(origin)));
    match error.span_id {
        Some(span) => aside += &format!(" · span {}", names.span(span)),
        None => aside += " · told by a log line only",
    }
    if !error.failed_callers.is_empty() {
        let caller = |place: &ErrorPlace| format!("{} {}", names.get(&place.service), operation(journey, place, names));
        let callers: Vec<String> = error.failed_callers.iter().map(caller).collect();
        aside += &format!(" · passed on by {}", callers.join(" ← "));
    }
    blocks.push(Block::Item(styled(TextRole::Dim, aside)));
    blocks
}

/// Where the critical path spent its time: its largest shares, none below a hundredth.
pub(crate) fn critical_path(journey: &Journey, timeline: &Timeline, names: &ShortNames) -> Vec<Fact> {
    const MOST: usize = 3;
    /// The shares of fewer spans can be seen in the drawing.
    const FEWEST_SPANS: usize = 3;
    let path = &timeline.critical;
    let total = path.length_ns();
    if total == 0 || journey.spans.len() < FEWEST_SPANS {
        return vec![];
    }
    let line = |share: &PathShare| {
        let span = &journey.spans[share.span];
        let percent = i128::from(share.total_ns) * 100 / i128::from(total);
        let what = format!("{}  {}", names.get(span.service()), text_of(&waterfall::name(span, names)));
        let topic = names.topic(span.topic().unwrap_or_default());
        let is_redelivery = timeline.messages.delivered_before(share.span).is_some();
        let what = match share.spent {
            Spent::Work => what,
            Spent::Wait if is_redelivery => format!("until delivered again  {topic}"),
            Spent::Wait if !topic.is_empty() => format!("in the queue  {topic}"),
            Spent::Wait => format!("waiting for {what}"),
            Spent::Gap => format!("nothing open before {what}"),
        };
        let duration = piece(TextRole::Strong, format!("{:>7}", Human(share.total_ns).to_string()));
        vec![duration, piece(TextRole::Dim, format!(" {percent:>3} %  ")), piece(TextRole::Plain, what)]
    };
    let shares = path.shares(journey);
    labelled("time", shares.iter().filter(|share| share.total_ns >= total / 100).take(MOST).map(line))
}

/// Clock differences, and whether these options put the times right.
pub(crate) fn clock_skew(skew: &[Skew], names: &ShortNames, options: &TimelineOptions) -> Vec<Fact> {
    let line = |skew: &Skew| {
        let way = if skew.ahead_ns < 0 { "behind" } else { "ahead of" };
        let by = Human(skew.ahead_ns.saturating_abs());
        let how = if skew.within_ns.is_some() { "about" } else { "at least" };
        let (service, reference) = (names.get(&skew.service), names.get(&skew.reference));
        plain(format!("{service} is {how} {by} {way} {reference} (measured on {})", counted(skew.pairs, "pair")))
    };
    let mut facts = labelled("clocks", skew.iter().map(line));
    if !skew.is_empty() {
        let text = if options.adjust_clocks {
            "times below are put right".to_owned()
        } else {
            format!("times are as recorded; {}", SeeMore::AdjustedClocks)
        };
        facts.push(fact("", styled(TextRole::Dim, text)));
    }
    facts
}

/// Alerts around the journey.
pub(crate) fn alerts(alerts: &[Alert], frame: &Frame) -> Vec<Fact> {
    let line = |alert: &Alert| {
        let (mark, now, past) = match alert.state {
            AlertState::Firing => (piece(TextRole::Error, "✗ "), "firing", "fired"),
            AlertState::Pending => (piece(TextRole::Warn, "– "), "pending", "was pending"),
        };
        let service = alert.service.as_deref().unwrap_or("unscoped");
        let (from, to) = (frame.zone.clock_seconds(alert.from), frame.zone.clock_seconds(alert.to));
        let when = if alert.ongoing { format!("{now} since {from}") } else { format!("{past} {from} – {to}") };
        vec![mark, piece(TextRole::Strong, &alert.name), piece(TextRole::Plain, format!("  {when} ({service})"))]
    };
    labelled("alert", alerts.iter().map(line))
}

/// The name that an operation has in the rows of the drawing.
fn operation(journey: &Journey, place: &ErrorPlace, names: &ShortNames) -> String {
    let is_there = |span: &&Span| span.name == place.operation && span.service() == place.service;
    let span = journey.spans.iter().find(is_there);
    span.map_or_else(|| place.operation.clone(), |span| text_of(&waterfall::name(span, names)))
}

fn text_of(line: &Line) -> String {
    line.iter().map(|piece| piece.text.as_str()).collect()
}
