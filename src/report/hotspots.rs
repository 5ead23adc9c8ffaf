//! `hotspots`: where errors come from, the worst first.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::hotspots::{ErrorComparison, Hotspot, Trend};
use crate::analysis::window::occurrences::ErrorRole;
use crate::model::basis::Basis;
use crate::model::provenance::Provenance;
use crate::model::time::{Timestamp, Window};
use crate::report::block::{Block, Fact, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::{Frame, MetricUse};
use crate::report::names::ShortNames;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::window;
use crate::report::words::counted;

/// Where errors come from.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct HotspotsReport {
    /// Origins first, what is there before what is gone, the most errors first.
    pub hotspots: Vec<Hotspot>,
    /// The time that was asked about; none where all of the data is.
    pub counted_from: Option<Timestamp>,
    /// Its end.
    pub counted_to: Option<Timestamp>,
    /// How many calls were counted in that time, and in the time before.
    pub calls: [u64; 2],
    /// Whether the time before, of the same length, tells anything.
    pub compared: ErrorComparison,
    /// What the numbers rest on.
    pub basis: Basis,
    /// How the screen calls the time; may be empty.
    #[serde(skip)]
    pub when: String,
    /// How many rows the screen shows.
    #[serde(skip)]
    pub top: usize,
    /// Whether it shows errors as well that others caused.
    #[serde(skip)]
    pub all: bool,
    /// Whether filters leave something out.
    #[serde(skip)]
    pub filtered: bool,
}

impl HotspotsReport {
    /// Whether all errors were caused by others that are not among them.
    fn is_passed_on(&self) -> bool {
        let mut there = self.hotspots.iter().filter(|spot| spot.errors > 0).peekable();
        there.peek().is_some() && there.all(|spot| spot.part == ErrorRole::PassedOn)
    }

    /// `✗ 214 errors from 3 origins in the last hour; content GET /content is new and the worst`.
    fn answer(&self, frame: &Frame, names: &ShortNames) -> Line {
        let origins: Vec<&Hotspot> =
            self.hotspots.iter().filter(|spot| spot.part != ErrorRole::PassedOn && spot.errors > 0).collect();
        let when = if self.when.is_empty() { String::new() } else { format!(" {}", self.when) };
        if self.is_passed_on() {
            let all = self.hotspots.iter().map(|spot| spot.errors).sum::<u64>();
            let all = counted(usize::try_from(all).unwrap_or(usize::MAX), "error");
            return one(Role::Error, format!("✗ {all}{when}, passed on: what caused them is not among them"));
        }
        let Some(worst) = origins.first() else {
            return match (self.basis.calls, self.basis.lines, frame.provenance.complete) {
                (0, 0, true) if self.filtered => one(Role::Strong, format!("– nothing is as the filters say{when}")),
                (0, 0, true) => one(Role::Strong, format!("– no spans and no error lines{when}")),
                (_, _, true) if self.calls[0] == 0 && self.calls[1] > 0 => {
                    let before = counted(usize::try_from(self.calls[1]).unwrap_or(usize::MAX), "call");
                    one(Role::Warn, format!("! no calls{when}, and so no errors; {before} in the time before"))
                }
                (_, _, true) => one(Role::Good, format!("✓ no errors{when}")),
                _ => one(Role::Warn, format!("– no errors seen so far{when}")),
            };
        };
        let sum = |of: fn(&Hotspot) -> u64| origins.iter().map(|spot| of(spot)).sum::<u64>();
        let (errors, recovered) = (sum(|spot| spot.errors), sum(|spot| spot.recovered));
        let all = counted(usize::try_from(errors).unwrap_or(usize::MAX), "error");
        let (role, mark) = if recovered == errors { (Role::Warn, "!") } else { (Role::Error, "✗") };
        let good = match recovered {
            0 => String::new(),
            all if all == errors => ", all of them made good".to_owned(),
            some => format!(", {some} of them made good"),
        };
        let is_known = origins.iter().all(|spot| spot.part == ErrorRole::Origin);
        let places = counted(origins.len(), if is_known { "origin" } else { "place" });
        let told = format!("{mark} {all} from {places}{when}{good}");
        let mut line = one(role, told);
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
        let (between, worst) = match (origins.len(), trend) {
            (1, "") => (": ", String::new()),
            (1, trend) => ("; ", trend.to_owned()),
            (_, "") => ("; ", " is the worst".to_owned()),
            (_, trend) => ("; ", format!("{trend} and the worst")),
        };
        line.extend([piece(Role::Plain, between), piece(Role::Strong, place), piece(Role::Plain, worst)]);
        line
    }

    fn row(&self, spot: &Hotspot, frame: &Frame, names: &ShortNames) -> TableRow {
        let role = match (spot.errors, spot.part) {
            (0, _) => Role::Dim,
            (errors, ErrorRole::Origin | ErrorRole::Unknown) if errors > spot.recovered => Role::Error,
            _ => Role::Plain,
        };
        let mut cells = vec![one(role, format!("{:>6}", spot.errors)), plain(format!("{:>6}", share(spot)))];
        if self.compared == ErrorComparison::Told {
            cells.push(trend(spot));
        }
        let operation = match (spot.place.operation.as_str(), spot.lines_only) {
            ("", true) => "log lines",
            ("", false) => "–",
            (operation, _) => operation,
        };
        let mut what = one(Role::Strong, operation);
        if spot.part == ErrorRole::PassedOn {
            what.push(piece(Role::Dim, "  passed on"));
        }
        cells.extend([plain(names.get(&spot.place.service)), what]);
        TableRow { cells, below: Self::below(spot, frame) }
    }

    fn below(spot: &Hotspot, frame: &Frame) -> Vec<Block> {
        let mut says: Vec<&str> = vec![&spot.error_type, &spot.message];
        says.retain(|text| !text.is_empty());
        let mut said = one(Role::Error, format!("  {}", says.join(": ")));
        if spot.other_messages > 0 {
            let times = format!("  ×{}, and {}", spot.message_count, counted(spot.other_messages, "other message"));
            said.push(piece(Role::Dim, times));
        }
        let mut blocks = if says.is_empty() { vec![] } else { vec![Block::Line(said)] };
        let seen = match spot.first_seen.zip(spot.last_seen) {
            Some((first, last)) if first == last => frame.zone.full(last),
            Some((first, last)) => frame.stretch(Window::new(first, last)),
            None => "no example was read".to_owned(),
        };
        let sample =
            if spot.read > 0 && spot.read < spot.errors { format!(", of {} read", spot.read) } else { String::new() };
        let mut aside = vec![one(Role::Dim, format!("  {seen}{sample}"))];
        if spot.at_least {
            aside.push(one(Role::Dim, "not counted by the metric: at least these"));
        }
        if spot.lines_only {
            aside.push(one(Role::Dim, "told by lines only"));
        }
        if spot.recovered > 0 {
            let about = if spot.read < spot.errors { "about " } else { "" };
            aside.push(one(Role::Good, format!("{about}{} made good", spot.recovered)));
        }
        if let Some(before) = spot.errors_before.filter(|before| *before > 0) {
            aside.push(one(Role::Dim, format!("{before} before")));
        }
        blocks.push(Block::Flow(aside));
        if !spot.examples.is_empty() {
            blocks.push(Block::Line(one(Role::Plain, format!("  in {}", spot.examples.join(", ")))));
        }
        blocks
    }

    fn unshown(&self, wanted: &[&Hotspot]) -> Vec<Fact> {
        let mut facts = vec![];
        let all = format!("--top {} shows all", wanted.len());
        facts.extend(parts::unshown(wanted.len().saturating_sub(self.top), "more row", &all));
        let passed = || self.hotspots.iter().filter(|spot| spot.part == ErrorRole::PassedOn && spot.errors > 0);
        let errors = passed().map(|spot| spot.errors).sum::<u64>();
        if errors > 0 && !self.all && !self.is_passed_on() {
            let all = counted(usize::try_from(errors).unwrap_or(usize::MAX), "error");
            facts.push(fact("passed on", plain(format!("{all} that others caused; --all shows them"))));
        }
        let untold = match self.compared {
            ErrorComparison::NotLooked => "not told: no time before was looked at; --since or --start names one",
            ErrorComparison::NotTold => "not told: the time before could not be asked about",
            ErrorComparison::NothingRecorded => "not told: nothing at all was recorded in the time before",
            ErrorComparison::Told => "",
        };
        if !untold.is_empty() && !self.hotspots.is_empty() {
            facts.push(fact("trend", one(Role::Dim, untold)));
        }
        facts
    }

    fn commands(wanted: &[&Hotspot], frame: &Frame) -> Vec<String> {
        let here = wanted.iter().find(|spot| spot.errors > 0);
        let id = here.and_then(|spot| spot.examples.first());
        let service = here.map(|spot| spot.place.service.as_str()).filter(|service| !service.is_empty());
        let find = id.map(|id| frame.command_about(id, "find"));
        let errors = service.map(|service| frame.beside_of("trace errors", service, None));
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
                json!(spot.recovered),
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
        let mut services: Vec<&str> = self.hotspots.iter().map(|spot| spot.place.service.as_str()).collect();
        services.sort_unstable();
        services.dedup();
        let names = ShortNames::new(&services);
        let mut blocks = vec![Block::Line(self.answer(frame, &names)), window::line(&self.basis)];
        blocks.extend(frame.asking_for(MetricUse::for_basis(&self.basis)));
        let all = self.all || self.is_passed_on();
        let wanted: Vec<&Hotspot> =
            self.hotspots.iter().filter(|spot| all || spot.part != ErrorRole::PassedOn).collect();
        if !wanted.is_empty() {
            let rows = wanted.iter().take(self.top).map(|spot| self.row(spot, frame, &names)).collect();
            let mut head = vec!["errors", "share"];
            head.extend((self.compared == ErrorComparison::Told).then_some("trend"));
            head.extend(["service", "operation and error"]);
            let head = head.into_iter().map(str::to_owned).collect();
            blocks.extend([Block::Blank, Block::Table(Table { head, rows, ..Table::default() })]);
        }
        let mut facts = self.unshown(&wanted);
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&Self::commands(&wanted, frame)));
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
        Some(share) => window::percent(share, 1.0),
    }
}

fn trend(spot: &Hotspot) -> Line {
    match spot.trend {
        Some(Trend::New) => one(Role::Warn, "new"),
        Some(Trend::Worse) => one(Role::Warn, "worse"),
        Some(Trend::Better) => one(Role::Good, "better"),
        Some(Trend::Gone) => one(Role::Good, "gone"),
        Some(Trend::Same) => one(Role::Dim, "same"),
        None => one(Role::Dim, "–"),
    }
}
