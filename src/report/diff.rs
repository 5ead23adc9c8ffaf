//! `diff`: two journeys, or two windows, step by step.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::diff::{Change, DiffResult, DiffStep, EntryJourneys, StepFigures};
use crate::model::action::{CommandName, Invocation};
use crate::model::basis::Basis;
use crate::model::provenance::Provenance;
use crate::model::time::{Human, Window};
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::rows::Rows;
use crate::report::text::{counted, counted_u64, first_few};
use crate::report::window_screen;
use crate::report::wording::see_more::SeeMore;

/// How many rows the screen shows at most.
const MOST: usize = 200;
/// How many levels steps are indented at most.
const DEEPEST: usize = 12;
/// How many entry operations with too few journeys are named.
const NAMED: usize = 3;

/// What is compared.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a command holds one of them")]
pub(crate) enum DiffSubject {
    /// Two journeys.
    Journeys {
        /// Both.
        sides: [ComparedJourney; 2],
        /// How they differ.
        result: DiffResult,
    },
    /// Two windows.
    Windows {
        /// Their times.
        windows: [Window; 2],
        /// What was read of each.
        bases: [Basis; 2],
        /// How they differ.
        result: DiffResult,
    },
}

/// One of two journeys that are compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComparedJourney {
    /// The name by which it was asked for: its ID, or its scenario in the demo.
    pub(crate) name: String,
    /// What it rests on: its own file, if two files are compared.
    pub(crate) provenance: Provenance,
    /// Whether nothing was found of it.
    pub(crate) is_empty: bool,
}

/// Two journeys, or two windows, step by step.
#[derive(Clone, Debug)]
pub(crate) struct DiffReport {
    compared: DiffSubject,
    all: bool,
}

/// The same as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DiffRecord<'a> {
    /// Whether anything differs; between windows, beyond noise.
    differs: bool,
    /// Whether both sides are large enough: a step that is on one side only would be marked; between windows, in half of
    /// the journeys of either side at least.
    enough: bool,
    first: SideRecord<'a>,
    second: SideRecord<'a>,
    /// The entry operations of the windows, the commonest first: journeys are compared with those that began the same way.
    /// Empty for two journeys, which are compared whatever began them.
    entries: &'a [EntryJourneys],
    /// Every step, each before those under it.
    steps: &'a [DiffStep],
}

/// One side as JSON.
#[derive(Serialize, JsonSchema)]
struct SideRecord<'a> {
    /// The journey; null for a window.
    id: Option<&'a str>,
    /// The window; null for a journey.
    window: Option<Window>,
    /// What was read of the window. Its journeys that began before it are not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<&'a Basis>,
    journey_count: usize,
    span_count: u64,
    /// The end-to-end time; for a window the median of its journeys.
    duration_ns: i64,
}

impl DiffReport {
    /// The report on this comparison, with the steps that differ on the screen.
    pub(crate) fn new(compared: DiffSubject) -> Self {
        Self { compared, all: false }
    }

    /// The same with all steps on the screen.
    #[must_use]
    pub(crate) fn with_all_steps(self) -> Self {
        Self { all: true, ..self }
    }

    fn result(&self) -> &DiffResult {
        match &self.compared {
            DiffSubject::Journeys { result, .. } | DiffSubject::Windows { result, .. } => result,
        }
    }

    fn are_journeys(&self) -> bool {
        matches!(self.compared, DiffSubject::Journeys { .. })
    }

    /// Whether anything differs.
    pub(crate) fn differs(&self) -> bool {
        self.result().steps.iter().any(|step| !step.changes.is_empty())
    }

    /// Whether there is enough to decide whether anything differs.
    pub(crate) fn can_tell(&self) -> bool {
        self.result().enough
    }

    fn title(&self, frame: &Frame) -> Line {
        let result = self.result();
        if let DiffSubject::Journeys { sides, .. } = &self.compared
            && sides.iter().any(|side| side.is_empty)
        {
            let so_far = if frame.provenance.complete { "" } else { " so far" };
            let not_found: Vec<&str> = sides.iter().filter(|side| side.is_empty).map(|side| &*side.name).collect();
            let names = piece(TextRole::Strong, not_found.join(" and "));
            return vec![piece(TextRole::Warn, format!("– nothing found{so_far} for ")), names];
        }
        if !result.enough {
            let [before, after] =
                result.journeys.map(|n| if n == 0 { "no journey".into() } else { counted(n, "journey") });
            return styled(TextRole::Warn, format!("– too few to tell: {before} before, {after} after"));
        }
        let changes: Vec<String> = SUMMARY.iter().filter_map(|summary| self.summed(summary)).collect();
        match changes.is_empty() {
            true if self.are_journeys() => styled(TextRole::Good, "✓ the same steps, about as long"),
            true if result.comparable != result.journeys => {
                let ([before, after], [all_before, all_after]) = (result.comparable, result.journeys);
                let text = format!(
                    " in {before} of {all_before}, {after} of {all_after} journeys; the others are too few to tell"
                );
                vec![piece(TextRole::Good, "✓ nothing differs beyond noise"), piece(TextRole::Plain, text)]
            }
            true => styled(TextRole::Good, "✓ nothing differs beyond noise"),
            false => {
                let second = if self.are_journeys() { "the second" } else { "the time after" };
                styled(TextRole::Warn, format!("! {second} has {}", changes.join(", ")))
            }
        }
    }

    /// `2 steps missing`, `1 step slower by 3.2 s`; none if no step changed in this way.
    fn summed(&self, summary: &ChangeSummary) -> Option<String> {
        let has_changed = |step: &&DiffStep| step.changes.iter().any(|change| summary.changes.contains(change));
        let steps: Vec<&DiffStep> = self.result().steps.iter().filter(has_changed).collect();
        let steps_text = match steps.len() {
            0 => return None,
            1 => "1 step".to_owned(),
            n => format!("{n} steps"),
        };
        let text = summary.text;
        match summary.amount {
            Amount::Count => Some(format!("{steps_text} {text}")),
            Amount::Time => {
                let longest = steps.iter().map(|step| summary.time_difference(step)).max().unwrap_or_default();
                let up_to = if steps.len() > 1 { "up to " } else { "" };
                Some(format!("{steps_text} {text} by {up_to}{}", Human(longest)))
            }
        }
    }

    fn sides(&self, frame: &Frame) -> Vec<Fact> {
        let result = self.result();
        let spans = |nth: usize| plain(counted_u64(result.spans[nth], "span"));
        let duration = |nth: usize| styled(TextRole::Strong, Human(result.lengths_ns[nth]).to_string());
        match &self.compared {
            DiffSubject::Journeys { sides, .. } => {
                let side = |(nth, label): (usize, &'static str)| {
                    let mut items = vec![styled(TextRole::Strong, &sides[nth].name)];
                    items.extend([spans(nth), duration(nth)]);
                    Fact { label, items }
                };
                [(0, "first"), (1, "second")].map(side).to_vec()
            }
            DiffSubject::Windows { windows, bases, .. } => {
                let side = |(nth, label): (usize, &'static str)| {
                    let mut items =
                        vec![plain(frame.time_range(windows[nth])), plain(counted(result.journeys[nth], "journey"))];
                    items.push(spans(nth));
                    items.push([styled(TextRole::Dim, "half last up to "), duration(nth)].concat());
                    let sample = window_screen::sample(&bases[nth]);
                    items.extend(sample.map(|sample| styled(TextRole::Dim, sample)));
                    Fact { label, items }
                };
                [(0, "before"), (1, "after")].map(side).to_vec()
            }
        }
    }

    /// That journeys are only compared with those of the same entry operation, if there are several.
    fn entries_compared(&self) -> Vec<Fact> {
        let entries = &self.result().entries;
        if self.are_journeys() || entries.len() < 2 {
            return vec![];
        }
        let count = counted(entries.len(), "entry operation");
        let text = format!("each of {count} by itself: another mix of them is no difference");
        let mut facts = vec![fact("compared", styled(TextRole::Dim, text))];
        let is_marked = |at: usize| self.result().steps.iter().any(|step| step.entry == at && !step.changes.is_empty());
        let too_few = entries.iter().enumerate().filter(|(at, entry)| !entry.enough && !is_marked(*at));
        let too_few: Vec<&EntryJourneys> = too_few.map(|(_, entry)| entry).collect();
        if !too_few.is_empty() {
            let journeys = |nth: usize| too_few.iter().map(|entry| entry.journeys()[nth]).sum::<usize>();
            let names: Vec<String> = too_few.iter().map(|entry| entry.entry.text()).collect();
            let text = format!("{} before and {} after of {}", journeys(0), journeys(1), first_few(&names, NAMED));
            facts.push(fact("too few", styled(TextRole::Dim, text)));
        }
        facts
    }

    /// The steps that differ, with those above them up to the entry; or all steps.
    fn shown(&self) -> Vec<&DiffStep> {
        let steps = &self.result().steps;
        let mut shown = vec![];
        // The depth of the step that was kept last: a step that is less deep is above it. At a root the search begins anew.
        let mut below = usize::MAX;
        for (nth, step) in steps.iter().enumerate().rev() {
            let is_above = step.depth < below && below != usize::MAX;
            let is_entry = nth.checked_sub(1).and_then(|last| steps.get(last)).is_none_or(|l| l.entry != step.entry);
            let begins_shown = is_entry && shown.last().is_some_and(|last: &&DiffStep| last.entry == step.entry);
            if self.all || !step.changes.is_empty() || is_above || begins_shown {
                shown.push(step);
                below = step.depth;
            }
            if step.depth == 0 {
                below = usize::MAX;
            }
        }
        shown.reverse();
        shown
    }

    fn table(&self, rows: &[&DiffStep]) -> Table {
        let names = ShortNames::new(rows.iter().map(|step| step.service.as_str()));
        let row = |step: &DiffStep| {
            let indent = "  ".repeat(step.depth.min(DEEPEST));
            let label = format!("{indent}{} {}", names.get(&step.service), step.operation);
            let role = if step.changes.is_empty() { TextRole::Dim } else { TextRole::Strong };
            TableRow {
                cells: vec![marks(step), self.figures(step, 0), self.figures(step, 1), styled(role, label)],
                below: wait_line(step).into_iter().collect(),
            }
        };
        // An entry that the filters hide is named above the steps under it.
        let mut table: Vec<TableRow> = vec![];
        let mut last = None;
        for step in rows.iter().take(MOST) {
            let is_headless = step.depth > 0 && last != Some(step.entry) && !self.are_journeys();
            if let Some(began) = self.result().entries.get(step.entry).filter(|_| is_headless) {
                let name = styled(TextRole::Dim, began.entry.text());
                table.push(TableRow::new(vec![vec![], vec![], vec![], name]));
            }
            last = Some(step.entry);
            table.push(row(step));
        }
        let sides =
            if self.are_journeys() { ["first", "second"] } else { ["before (p50 · p95)", "after (p50 · p95)"] };
        // The figures of windows are long: as numbers they make narrow screens show the name of a step above them.
        let numbers = if self.are_journeys() { 0 } else { 3 };
        Table { numbers, ..Table::new(&["", sides[0], sides[1], "step"], table) }
    }

    fn figures(&self, step: &DiffStep, nth: usize) -> Line {
        let Some(figures): Option<StepFigures> = [step.first, step.second][nth] else {
            return styled(TextRole::Dim, "–");
        };
        let mut text = Human(figures.p50_ns).to_string();
        if self.are_journeys() {
            if figures.call_count > 1 {
                text = format!("{}× {text}", figures.call_count);
            }
        } else {
            let journeys = self.result().entries.get(step.entry).map_or(0, |began| began.journeys()[nth]);
            let per_journey = figures.call_count as f64 / journeys.max(1) as f64;
            text = format!("{per_journey:.1}× {text} · {}", Human(figures.p95_ns));
        }
        if figures.error_count > 0 {
            let failed = format!(" ✗{}", figures.error_count);
            return vec![piece(TextRole::Plain, text), piece(TextRole::Error, failed)];
        }
        plain(text)
    }

    /// What is missing in the second journey: a command on its data, which may be another file than that of the first.
    fn next(&self, frame: &Frame) -> Vec<Fact> {
        match &self.compared {
            DiffSubject::Journeys { sides: [_, second], .. } if !second.is_empty => {
                let frame = Frame { provenance: &second.provenance, ..*frame };
                frame.next(&[Invocation::new(CommandName::Missing)])
            }
            _ => vec![],
        }
    }
}

impl ReportBody for DiffReport {
    const NAME: &'static str = "diff";
    type Record<'a> = DiffRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> DiffRecord<'a> {
        let result = self.result();
        let side = |nth: usize| SideRecord {
            id: match &self.compared {
                DiffSubject::Journeys { sides, .. } => sides.get(nth).map(|side| side.name.as_str()),
                DiffSubject::Windows { .. } => None,
            },
            window: match &self.compared {
                DiffSubject::Windows { windows, .. } => windows.get(nth).copied(),
                DiffSubject::Journeys { .. } => None,
            },
            basis: match &self.compared {
                DiffSubject::Windows { bases, .. } => bases.get(nth),
                DiffSubject::Journeys { .. } => None,
            },
            journey_count: result.journeys[nth],
            span_count: result.spans[nth],
            duration_ns: result.lengths_ns[nth],
        };
        DiffRecord {
            differs: self.differs(),
            enough: result.enough,
            first: side(0),
            second: side(1),
            entries: if self.are_journeys() { &[] } else { &result.entries },
            steps: &result.steps,
        }
    }

    fn rows(&self) -> Option<Rows> {
        let row = |step: &DiffStep| {
            let changes: Vec<&str> = step.changes.iter().map(|change| change_text(*change)).collect();
            let mut row = vec![
                json!(changes.join(", ")),
                json!(
                    self.result()
                        .entries
                        .get(step.entry)
                        .filter(|_| !self.are_journeys())
                        .map(|began| began.entry.text())
                ),
                json!(step.depth),
                json!(step.service),
                json!(step.operation),
                json!(step.span_kind),
            ];
            for side in [&step.first, &step.second] {
                row.push(json!(side.map(|f| f.call_count)));
                row.push(json!(side.map(|f| f.error_count)));
                row.push(json!(side.map(|f| f.p50_ns)));
                row.push(json!(side.map(|f| f.p95_ns)));
                row.push(json!(side.map(|f| f.wait_ns)));
            }
            row
        };
        Some(Rows {
            kind: "step",
            columns: &[
                "changes",
                "entry",
                "depth",
                "service",
                "operation",
                "span_kind",
                "first_call_count",
                "first_error_count",
                "first_p50_ns",
                "first_p95_ns",
                "first_wait_ns",
                "second_call_count",
                "second_error_count",
                "second_p50_ns",
                "second_p95_ns",
                "second_wait_ns",
            ],
            rows: self.result().steps.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let mut blocks = vec![Block::Line(self.title(frame))];
        blocks.extend(frame.completeness());
        blocks.push(Block::Facts(self.sides(frame)));
        let rows = if self.result().enough { self.shown() } else { vec![] };
        if !rows.is_empty() && self.result().enough {
            blocks.extend([Block::Blank, Block::Table(self.table(&rows))]);
        }
        let alike = self.result().steps.len() - rows.len();
        let mut facts = self.entries_compared();
        facts.extend(hidden(rows.len().saturating_sub(MOST), "more row", SeeMore::Json));
        if alike > 0 && self.result().enough {
            let hint = if self.all { String::new() } else { format!("; {}", SeeMore::All) };
            facts.push(fact("alike", styled(TextRole::Dim, format!("{}{hint}", counted(alike, "more step")))));
        }
        let rule = if self.are_journeys() {
            "slower and faster from 5 ms and a fifth on, waits from 100 ms and a fifth on"
        } else {
            "marked is what chance alone would not make of all steps in 1 of 50 comparisons; medians and p95 from a tenth on"
        };
        facts.extend(self.result().enough.then(|| fact("rule", styled(TextRole::Dim, rule))));
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(self.next(frame));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

/// What the title says of the steps that changed.
struct ChangeSummary {
    changes: &'static [Change],
    text: &'static str,
    amount: Amount,
}

/// How much steps changed.
#[derive(Clone, Copy)]
enum Amount {
    /// Only how many steps changed counts.
    Count,
    /// By how much time the step changed that changed most.
    Time,
}

impl ChangeSummary {
    const fn count(changes: &'static [Change], text: &'static str) -> Self {
        Self { changes, text, amount: Amount::Count }
    }

    const fn time(changes: &'static [Change], text: &'static str) -> Self {
        Self { changes, text, amount: Amount::Time }
    }

    /// By how much the step changed, in nanoseconds: in its wait if that changed, otherwise in its median.
    fn time_difference(&self, step: &DiffStep) -> i64 {
        let (first, second) = (step.first.unwrap_or_default(), step.second.unwrap_or_default());
        let has = |change: Change| self.changes.contains(&change) && step.changes.contains(&change);
        let waits = has(Change::WaitsLonger) || has(Change::WaitsLess) && !has(Change::Faster);
        let [first, second] = [first, second].map(|side| if waits { side.wait_ns } else { side.p50_ns });
        second.saturating_sub(first).saturating_abs()
    }
}

/// What the title says, in this order.
const SUMMARY: [ChangeSummary; 11] = [
    ChangeSummary::count(&[Change::Missing], "missing"),
    ChangeSummary::count(&[Change::Added], "added"),
    ChangeSummary::count(&[Change::Moved], "moved"),
    ChangeSummary::count(&[Change::Fails], "failing"),
    ChangeSummary::count(&[Change::FailsNoMore], "failing no more"),
    ChangeSummary::count(&[Change::Fewer], "called less often"),
    ChangeSummary::count(&[Change::More], "called more often"),
    ChangeSummary::time(&[Change::Slower], "slower"),
    ChangeSummary::count(&[Change::SlowerAtTimes], "slower at times"),
    ChangeSummary::time(&[Change::WaitsLonger], "waiting longer"),
    ChangeSummary::time(&[Change::Faster, Change::WaitsLess], "faster"),
];

fn change_text(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Missing => "missing",
        Change::More => "more",
        Change::Fewer => "fewer",
        Change::Fails => "fails",
        Change::FailsNoMore => "fails no more",
        Change::Slower => "slower",
        Change::SlowerBelow => "slower below",
        Change::SlowerAtTimes => "slower p95",
        Change::Faster => "faster",
        Change::WaitsLonger => "waits longer",
        Change::WaitsLess => "waits less",
        Change::Moved => "moved",
    }
}

/// The waits of its messages, if they differ.
fn wait_line(step: &DiffStep) -> Option<Block> {
    let differs = |change: &Change| matches!(change, Change::WaitsLonger | Change::WaitsLess);
    let [first, second] = [step.first, step.second].map(|side| Human(side.unwrap_or_default().wait_ns));
    let line = || styled(TextRole::Plain, format!("waited {first}, then {second} for its message"));
    step.changes.iter().any(differs).then(|| Block::Line(line()))
}

fn marks(step: &DiffStep) -> Line {
    let Some(first) = step.changes.first() else { return styled(TextRole::Dim, "=") };
    let mark = match first {
        Change::Added | Change::More => "+",
        Change::Missing | Change::Fewer => "−",
        Change::Fails => "✗",
        _ => "~",
    };
    let is_error = step.changes.contains(&Change::Fails) || step.changes.contains(&Change::Missing);
    let role = if is_error { TextRole::Error } else { TextRole::Warn };
    let role = if step.changes == [Change::SlowerBelow] { TextRole::Dim } else { role };
    styled(
        role,
        format!("{mark} {}", step.changes.iter().map(|change| change_text(*change)).collect::<Vec<_>>().join(", ")),
    )
}
