//! `hotspots`: where errors come from, the worst first.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::hotspots::{ErrorComparison, Hotspot, Trend};
use crate::analysis::window::occurrences::ErrorRole;
use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::basis::Basis;
use crate::model::error_outcome::OutcomeCounts;
use crate::model::provenance::Provenance;
use crate::model::time::{Timestamp, Window};
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::{Frame, MetricUse};
use crate::report::names::ShortNames;
use crate::report::rows::Rows;
use crate::report::text::{counted, counted_u64};
use crate::report::window_screen::{basis_line, percent};
use crate::report::wording::outcomes::{after_count, mark};
use crate::report::wording::see_more::SeeMore;

/// Where errors come from.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct HotspotsReport {
    /// Origins first, what is there before what is gone, the most errors first.
    pub(crate) hotspots: Vec<Hotspot>,
    /// Start of the time that was asked about; none if it is all of the data.
    pub(crate) counted_from: Option<Timestamp>,
    /// Its end.
    pub(crate) counted_to: Option<Timestamp>,
    /// How many calls were counted in that time, and in the time before.
    pub(crate) calls: [u64; 2],
    /// Whether the time before, of the same duration, can be compared.
    pub(crate) compared: ErrorComparison,
    /// What the numbers rest on.
    pub(crate) basis: Basis,
    /// The time in words, for the screen; may be empty.
    #[serde(skip)]
    pub(crate) when: String,
    /// How many rows the screen shows at most.
    #[serde(skip)]
    pub(crate) top: usize,
    /// Whether the screen shows errors that others caused as well.
    #[serde(skip)]
    pub(crate) all: bool,
    /// Whether there are filters.
    #[serde(skip)]
    pub(crate) filtered: bool,
}

impl HotspotsReport {
    /// Whether there are errors, and all of them were caused by errors that are not among them.
    fn are_all_consequences(&self) -> bool {
        let mut with_errors = self.hotspots.iter().filter(|spot| spot.errors > 0).peekable();
        with_errors.peek().is_some() && with_errors.all(|spot| spot.part == ErrorRole::Consequence)
    }

    /// `✗ 214 errors from 3 origins in the last hour; content GET /content is new and the worst`.
    fn answer(&self, frame: &Frame, names: &ShortNames) -> Line {
        let origins: Vec<&Hotspot> =
            self.hotspots.iter().filter(|spot| spot.part != ErrorRole::Consequence && spot.errors > 0).collect();
        let when = if self.when.is_empty() { String::new() } else { format!(" {}", self.when) };
        if self.are_all_consequences() {
            let errors = counted_u64(self.hotspots.iter().map(|spot| spot.errors).sum(), "error");
            return styled(TextRole::Error, format!("✗ {errors}{when}, passed on: what caused them is not among them"));
        }
        let Some(worst) = origins.first() else {
            return match (self.basis.calls, self.basis.lines, frame.provenance.complete) {
                (0, 0, true) if self.filtered => {
                    styled(TextRole::Strong, format!("– nothing is as the filters say{when}"))
                }
                (0, 0, true) => styled(TextRole::Strong, format!("– no spans and no error lines{when}")),
                (_, _, true) if self.calls[0] == 0 && self.calls[1] > 0 => {
                    let before = counted_u64(self.calls[1], "call");
                    styled(TextRole::Warn, format!("! no calls{when}, and so no errors; {before} in the time before"))
                }
                (_, _, true) => styled(TextRole::Good, format!("✓ no errors{when}")),
                _ => styled(TextRole::Warn, format!("– no errors seen so far{when}")),
            };
        };
        let sum = |count: fn(&Hotspot) -> u64| origins.iter().map(|spot| count(spot)).sum::<u64>();
        let errors = sum(|spot| spot.errors);
        let outcomes = origins.iter().map(|spot| spot.outcomes).fold(OutcomeCounts::default(), OutcomeCounts::plus);
        let (role, mark) = mark(outcomes.outcome.unwrap_or_default());
        let outcome = after_count(outcomes);
        let are_origins = origins.iter().all(|spot| spot.part == ErrorRole::Origin);
        let places = counted(origins.len(), if are_origins { "origin" } else { "place" });
        let errors = counted_u64(errors, "error");
        let mut line = styled(role, format!("{mark} {errors} from {places}{when}{outcome}"));
        let operation = Some(worst.place.operation.as_str()).filter(|name| !name.is_empty());
        let place = [Some(names.get(&worst.place.service)), operation].into_iter().flatten();
        let place = place.collect::<Vec<_>>().join(" ");
        let trend = match worst.trend {
            Some(Trend::New) => " is new",
            Some(Trend::Worse) => " is worse than before",
            Some(Trend::Better) => " is better than before",
            Some(Trend::Same) => " is about as before",
            Some(Trend::Gone) | None => "",
        };
        let (separator, worst) = match (origins.len(), trend) {
            (1, "") => (": ", String::new()),
            (1, trend) => ("; ", trend.to_owned()),
            (_, "") => ("; ", " is the worst".to_owned()),
            (_, trend) => ("; ", format!("{trend} and the worst")),
        };
        line.extend([piece(TextRole::Plain, separator), piece(TextRole::Strong, place), piece(TextRole::Plain, worst)]);
        line
    }

    fn row(&self, spot: &Hotspot, frame: &Frame, names: &ShortNames) -> TableRow {
        let role = match (spot.errors, spot.part) {
            (0, _) => TextRole::Dim,
            (_, ErrorRole::Origin | ErrorRole::Unknown) if spot.outcomes.failed > 0 => TextRole::Error,
            (_, ErrorRole::Origin | ErrorRole::Unknown) if spot.outcomes.handled > 0 => TextRole::Warn,
            _ => TextRole::Plain,
        };
        let mut cells = vec![styled(role, format!("{:>6}", spot.errors)), plain(format!("{:>6}", share(spot)))];
        if self.compared == ErrorComparison::Compared {
            cells.push(trend(spot));
        }
        let operation = match (spot.place.operation.as_str(), spot.lines_only) {
            ("", true) => "log lines",
            ("", false) => "–",
            (operation, _) => operation,
        };
        let mut what = styled(TextRole::Strong, operation);
        if spot.part == ErrorRole::Consequence {
            what.push(piece(TextRole::Dim, "  passed on"));
        }
        cells.extend([plain(names.get(&spot.place.service)), what]);
        TableRow { cells, below: Self::below(spot, frame) }
    }

    fn below(spot: &Hotspot, frame: &Frame) -> Vec<Block> {
        let mut texts: Vec<&str> = vec![&spot.error_type, &spot.message];
        texts.retain(|text| !text.is_empty());
        let mut error = styled(TextRole::Error, format!("  {}", texts.join(": ")));
        if spot.other_messages > 0 {
            let times = format!("  ×{}, and {}", spot.message_count, counted(spot.other_messages, "other message"));
            error.push(piece(TextRole::Dim, times));
        }
        let mut blocks = if texts.is_empty() { vec![] } else { vec![Block::Item(error)] };
        let seen = match spot.first_seen.zip(spot.last_seen) {
            Some((first, last)) if first == last => frame.zone.full(last),
            Some((first, last)) => frame.time_range(Window::new(first, last)),
            None => "no example was read".to_owned(),
        };
        let sample =
            if spot.read > 0 && spot.read < spot.errors { format!(", of {} read", spot.read) } else { String::new() };
        let mut aside = vec![styled(TextRole::Dim, format!("  {seen}{sample}"))];
        if spot.at_least {
            aside.push(styled(TextRole::Dim, "not counted by the metric: at least these"));
        }
        if spot.lines_only {
            aside.push(styled(TextRole::Dim, "told by lines only"));
        }
        let outcome = after_count(spot.outcomes);
        if !outcome.is_empty() {
            let about = if spot.read < spot.errors { "about " } else { "" };
            aside.push(styled(TextRole::Good, format!("{about}{}", outcome.trim_start_matches(", "))));
        }
        if let Some(before) = spot.errors_before.filter(|before| *before > 0) {
            aside.push(styled(TextRole::Dim, format!("{before} before")));
        }
        blocks.push(Block::Flow(aside));
        if !spot.examples.is_empty() {
            blocks.push(Block::Item(styled(TextRole::Plain, format!("  in {}", spot.examples.join(", ")))));
        }
        blocks
    }

    /// What is not on the screen, and why there may be no trend.
    fn hidden(&self, shown: usize) -> Vec<Fact> {
        let mut facts = vec![];
        facts.extend(hidden(shown.saturating_sub(self.top), "more row", SeeMore::Top(shown)));
        let passed_on = self.hotspots.iter().filter(|spot| spot.part == ErrorRole::Consequence);
        let errors = passed_on.map(|spot| spot.errors).sum::<u64>();
        if errors > 0 && !self.all && !self.are_all_consequences() {
            let errors = counted_u64(errors, "error");
            facts.push(fact("passed on", plain(format!("{errors} that others caused; {}", SeeMore::All))));
        }
        let no_trend = match self.compared {
            ErrorComparison::NotLooked => {
                Some(format!("not told: no time before was looked at; {}", SeeMore::TimeBefore))
            }
            ErrorComparison::NotAvailable => Some("not told: the time before could not be asked about".to_owned()),
            ErrorComparison::NothingRecorded => {
                Some("not told: nothing at all was recorded in the time before".to_owned())
            }
            ErrorComparison::Compared => None,
        };
        if let Some(text) = no_trend.filter(|_| !self.hotspots.is_empty()) {
            facts.push(fact("trend", styled(TextRole::Dim, text)));
        }
        facts
    }

    fn next(shown: &[&Hotspot]) -> Vec<Invocation> {
        let worst = shown.iter().find(|spot| spot.errors > 0);
        let example = worst.and_then(|spot| spot.examples.first());
        let find = example.map(|id| Invocation::new(CommandName::Find).about(About::Id(id.clone())));
        let service = worst.map(|spot| &spot.place.service).filter(|service| !service.is_empty()).cloned();
        let errors = service.map(|service| {
            Invocation::new(CommandName::Errors).about(About::Question).with(Argument::Service(service))
        });
        find.into_iter().chain(errors).collect()
    }
}

impl ReportBody for HotspotsReport {
    const NAME: &'static str = "hotspots";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<Rows> {
        let row = |spot: &Hotspot| {
            vec![
                json!(spot.place.service),
                json!(spot.place.operation),
                json!(spot.error_type),
                json!(spot.part),
                json!(spot.lines_only),
                json!(spot.errors),
                json!(spot.at_least),
                json!(spot.outcomes.outcome),
                json!(spot.severity),
                json!(spot.outcomes.failed),
                json!(spot.outcomes.handled),
                json!(spot.outcomes.recovered),
                json!(spot.calls),
                json!(spot.share),
                json!(spot.errors_before),
                json!(spot.trend),
                json!(spot.read),
                json!(spot.first_seen),
                json!(spot.last_seen),
                json!(spot.message),
                json!(spot.message_count),
                json!(spot.examples.first()),
                json!(spot.examples.get(1)),
            ]
        };
        Some(Rows {
            kind: "hotspot",
            columns: &[
                "service",
                "operation",
                "error_type",
                "part",
                "lines_only",
                "errors",
                "at_least",
                "outcome",
                "severity",
                "failed",
                "handled",
                "recovered",
                "calls",
                "share",
                "errors_before",
                "trend",
                "read",
                "first_seen",
                "last_seen",
                "message",
                "message_count",
                "example",
                "example_2",
            ],
            rows: self.hotspots.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let names = ShortNames::new(self.hotspots.iter().map(|spot| spot.place.service.as_str()));
        let mut blocks = vec![Block::Line(self.answer(frame, &names)), basis_line(&self.basis)];
        blocks.extend(frame.completeness_with(MetricUse::for_basis(&self.basis)));
        let shows_consequences = self.all || self.are_all_consequences();
        let is_shown = |spot: &&Hotspot| shows_consequences || spot.part != ErrorRole::Consequence;
        let shown: Vec<&Hotspot> = self.hotspots.iter().filter(is_shown).collect();
        if !shown.is_empty() {
            let rows = shown.iter().take(self.top).map(|spot| self.row(spot, frame, &names)).collect();
            let mut head = vec!["errors", "share"];
            head.extend((self.compared == ErrorComparison::Compared).then_some("trend"));
            head.extend(["service", "operation and error"]);
            blocks.extend([Block::Blank, Block::Table(Table::new(&head, rows))]);
        }
        let mut facts = self.hidden(shown.len());
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&Self::next(&shown)));
        if !facts.is_empty() {
            blocks.extend([Block::Blank, Block::Facts(facts)]);
        }
        blocks
    }
}

fn share(spot: &Hotspot) -> String {
    match spot.share {
        None => "–".to_owned(),
        Some(share) if share <= 0.0 && spot.errors > 0 => "rare".to_owned(),
        Some(share) => percent(share, 1.0),
    }
}

fn trend(spot: &Hotspot) -> Line {
    match spot.trend {
        Some(Trend::New) => styled(TextRole::Warn, "new"),
        Some(Trend::Worse) => styled(TextRole::Warn, "worse"),
        Some(Trend::Better) => styled(TextRole::Good, "better"),
        Some(Trend::Gone) => styled(TextRole::Good, "gone"),
        Some(Trend::Same) => styled(TextRole::Dim, "same"),
        None => styled(TextRole::Dim, "–"),
    }
}
