//! `diff`: two journeys, or two windows, step by step.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::diff::{Began, Change, DiffResult, DiffStep, StepFigures};
use crate::model::basis::Basis;
use crate::model::provenance::Provenance;
use crate::model::time::{Human, Window};
use crate::report::block::{Block, Fact, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::window;
use crate::report::words::{counted, quoted, some};

/// How many rows are shown.
const MOST: usize = 200;
/// How deep steps are indented.
const DEEPEST: usize = 12;

/// So many entries that are too few to tell are named.
const NAMED: usize = 3;

/// What is compared.
#[derive(Clone, Debug)]
pub enum DiffSubject {
    /// Two journeys.
    Journeys {
        /// What they were asked for by.
        names: [String; 2],
        /// Of which nothing was found.
        empty: [bool; 2],
        /// How they differ.
        told: DiffResult,
    },
    /// Two windows.
    Windows {
        /// When.
        windows: [Window; 2],
        /// What was read of each.
        bases: [Basis; 2],
        /// How they differ.
        told: DiffResult,
    },
}

/// Two journeys, or two windows, step by step.
#[derive(Clone, Debug)]
pub struct DiffReport {
    compared: DiffSubject,
    all: bool,
}

/// The same as JSON.
#[derive(Serialize, JsonSchema)]
pub struct DiffRecord<'a> {
    /// Whether anything differs; of windows, beyond noise.
    differs: bool,
    /// Whether both sides have enough to tell: a step that differs altogether would be marked, of windows in half of the
    /// journeys of either side at least.
    enough: bool,
    first: SideRecord<'a>,
    second: SideRecord<'a>,
    /// What began the journeys of the windows, the commonest first: each is compared with those that began the same way.
    /// Empty of two journeys, which are compared whatever began them.
    entries: &'a [Began],
    /// Every step, each before those under it.
    steps: &'a [DiffStep],
}

#[derive(Serialize, JsonSchema)]
struct SideRecord<'a> {
    /// The journey; null for a window.
    id: Option<&'a str>,
    /// The window; null for a journey.
    window: Option<Window>,
    /// What was read of the window: its journeys that began before it are not among those that are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<&'a Basis>,
    journey_count: usize,
    span_count: u64,
    /// How long it lasted; of a window the median of its journeys.
    duration_ns: i64,
}

impl DiffReport {
    /// Of this.
    pub fn new(compared: DiffSubject, all: bool) -> Self {
        Self { compared, all }
    }

    fn told(&self) -> &DiffResult {
        match &self.compared {
            DiffSubject::Journeys { told, .. } | DiffSubject::Windows { told, .. } => told,
        }
    }

    fn is_of_two(&self) -> bool {
        matches!(self.compared, DiffSubject::Journeys { .. })
    }

    /// Whether anything differs.
    pub fn differs(&self) -> bool {
        self.told().steps.iter().any(|step| !step.changes.is_empty())
    }

    /// Whether it could be told whether anything differs.
    pub fn can_tell(&self) -> bool {
        self.told().enough
    }

    fn title(&self, frame: &Frame) -> Line {
        let told = self.told();
        let whose = if self.is_of_two() { "the second" } else { "the time after" };
        if let DiffSubject::Journeys { names, empty, .. } = &self.compared
            && empty.contains(&true)
        {
            let so_far = if frame.provenance.complete { "" } else { " so far" };
            let lost: Vec<&str> =
                names.iter().zip(empty).filter(|(_, empty)| **empty).map(|(name, _)| &**name).collect();
            let names = piece(Role::Strong, lost.join(" and "));
            return vec![piece(Role::Warn, format!("– nothing found{so_far} for ")), names];
        }
        if !told.enough {
            let [before, after] =
                told.journeys.map(|n| if n == 0 { "no journey".into() } else { counted(n, "journey") });
            return one(Role::Warn, format!("– too few to tell: {before} before, {after} after"));
        }
        let parts: Vec<String> = SUMMARY.iter().filter_map(|(changes, words)| self.summed(changes, words)).collect();
        match parts.as_slice() {
            [] if self.is_of_two() => one(Role::Good, "✓ the same steps, about as long"),
            [] if told.told != told.journeys => vec![
                piece(Role::Good, "✓ nothing differs beyond noise"),
                piece(
                    Role::Plain,
                    format!(
                        " in {} of {}, {} of {} journeys; the others are too few to tell",
                        told.told[0], told.journeys[0], told.told[1], told.journeys[1]
                    ),
                ),
            ],
            [] => one(Role::Good, "✓ nothing differs beyond noise"),
            [first, ..] => {
                let verb = if first.starts_with(|c: char| c.is_ascii_digit()) { " has " } else { ": " };
                one(Role::Warn, format!("! {whose}{verb}{}", parts.join(", ")))
            }
        }
    }

    /// `2 steps fewer`, `1 slower by 3.2 s`.
    fn summed(&self, changes: &[Change], words: &str) -> Option<String> {
        let is_so = |step: &&DiffStep| step.changes.iter().any(|change| changes.contains(change));
        let steps: Vec<&DiffStep> = self.told().steps.iter().filter(is_so).collect();
        let by = |step: &&DiffStep| {
            let (a, b) = (step.first.unwrap_or_default(), step.second.unwrap_or_default());
            let has = |change: Change| changes.contains(&change) && step.changes.contains(&change);
            let waits = has(Change::WaitsLonger) || has(Change::WaitsLess) && !has(Change::Faster);
            let (a, b) = if waits { (a.wait_ns, b.wait_ns) } else { (a.p50_ns, b.p50_ns) };
            b.saturating_sub(a).saturating_abs()
        };
        let timed = words.ends_with("by");
        let longest = steps.iter().map(by).max().unwrap_or_default();
        let up_to = if steps.len() > 1 { "up to " } else { "" };
        let told = if timed { format!("{words} {up_to}{}", Human(longest)) } else { words.to_owned() };
        let n = steps.len();
        let noun = if n == 1 { "step" } else { "steps" };
        (n > 0).then(|| format!("{n} {noun} {told}"))
    }

    fn sides(&self, frame: &Frame) -> Vec<Fact> {
        let told = self.told();
        let numbers = |nth: usize| {
            vec![
                plain(counted(usize::try_from(told.spans[nth]).unwrap_or(usize::MAX), "span")),
                one(Role::Strong, Human(told.lengths_ns[nth]).to_string()),
            ]
        };
        match &self.compared {
            DiffSubject::Journeys { names, .. } => {
                let side = |(nth, label): (usize, &'static str)| {
                    let mut items = vec![one(Role::Strong, &names[nth])];
                    items.extend(numbers(nth));
                    Fact { label, items }
                };
                [(0, "first"), (1, "second")].map(side).to_vec()
            }
            DiffSubject::Windows { windows, bases, .. } => {
                let side = |(nth, label): (usize, &'static str)| {
                    let mut items =
                        vec![plain(frame.stretch(windows[nth])), plain(counted(told.journeys[nth], "journey"))];
                    let [spans, length] = [0, 1].map(|at| numbers(nth).remove(at));
                    items.push(spans);
                    items.push([one(Role::Dim, "half last up to "), length].concat());
                    items.extend(window::sample(&bases[nth]).map(|sample| one(Role::Dim, sample)));
                    Fact { label, items }
                };
                [(0, "before"), (1, "after")].map(side).to_vec()
            }
        }
    }

    /// That journeys are compared with those that began as they did, where there are several such.
    fn compared_apart(&self) -> Vec<Fact> {
        let entries = &self.told().entries;
        if self.is_of_two() || entries.len() < 2 {
            return vec![];
        }
        let apart = format!(
            "each of {} by itself: another mix of them is no difference",
            counted(entries.len(), "entry operation")
        );
        let mut facts = vec![fact("compared", one(Role::Dim, apart))];
        let is_marked = |at: usize| self.told().steps.iter().any(|step| step.entry == at && !step.changes.is_empty());
        let untold = entries.iter().enumerate().filter(|(at, began)| !began.enough && !is_marked(*at));
        let unlike: Vec<&Began> = untold.map(|(_, began)| began).collect();
        if !unlike.is_empty() {
            let journeys = |nth: usize| unlike.iter().map(|began| began.journeys()[nth]).sum::<usize>();
            let names: Vec<String> = unlike.iter().map(|began| began.entry.text()).collect();
            let few = format!("{} before and {} after of {}", journeys(0), journeys(1), some(&names, NAMED));
            facts.push(fact("too few", one(Role::Dim, few)));
        }
        facts
    }

    /// What differs, and the steps above it, up to the entry; everything where everything is wanted.
    fn shown(&self) -> Vec<&DiffStep> {
        let steps = &self.told().steps;
        let mut keep = vec![];
        let mut wanted = usize::MAX;
        for (nth, step) in steps.iter().enumerate().rev() {
            let leads_on = step.depth < wanted && wanted != usize::MAX;
            let is_entry = nth.checked_sub(1).and_then(|last| steps.get(last)).is_none_or(|l| l.entry != step.entry);
            let begins = is_entry && keep.last().is_some_and(|kept: &&DiffStep| kept.entry == step.entry);
            if self.all || !step.changes.is_empty() || leads_on || begins {
                keep.push(step);
                wanted = step.depth;
            }
            if step.depth == 0 {
                wanted = usize::MAX;
            }
        }
        keep.reverse();
        keep
    }

    fn table(&self, rows: &[&DiffStep]) -> Table {
        let mut services: Vec<&str> = rows.iter().map(|step| step.service.as_str()).collect();
        services.sort_unstable();
        services.dedup();
        let names = ShortNames::new(&services);
        let row = |step: &DiffStep| {
            let indent = "  ".repeat(step.depth.min(DEEPEST));
            let label = format!("{indent}{} {}", names.get(&step.service), step.operation);
            let role = if step.changes.is_empty() { Role::Dim } else { Role::Strong };
            TableRow {
                cells: vec![marks(step), self.figures(step, 0), self.figures(step, 1), one(role, label)],
                below: waited(step).into_iter().collect(),
            }
        };
        // Of an entry that the filters hide the name stands over what is under it.
        let mut all: Vec<TableRow> = vec![];
        let mut last = None;
        for step in rows.iter().take(MOST) {
            let is_headless = step.depth > 0 && last != Some(step.entry) && !self.is_of_two();
            if let Some(began) = self.told().entries.get(step.entry).filter(|_| is_headless) {
                let name = one(Role::Dim, began.entry.text());
                all.push(TableRow { cells: vec![vec![], vec![], vec![], name], below: vec![] });
            }
            last = Some(step.entry);
            all.push(row(step));
        }
        let sides = if self.is_of_two() { ["first", "second"] } else { ["before (p50 · p95)", "after (p50 · p95)"] };
        let head = ["", sides[0], sides[1], "step"].map(str::to_owned).to_vec();
        // Of two windows there is much to say of each step: on narrow screens its name stands above that.
        let numbers = if self.is_of_two() { 0 } else { 3 };
        Table { head, rows: all, numbers, ..Table::default() }
    }

    fn figures(&self, step: &DiffStep, nth: usize) -> Line {
        let Some(figures): Option<StepFigures> = [step.first, step.second][nth] else { return one(Role::Dim, "–") };
        let mut said = Human(figures.p50_ns).to_string();
        if self.is_of_two() {
            if figures.call_count > 1 {
                said = format!("{}× {said}", figures.call_count);
            }
        } else {
            let of = self.told().entries.get(step.entry).map_or(0, |began| began.journeys()[nth]);
            let per = figures.call_count as f64 / of.max(1) as f64;
            said = format!("{per:.1}× {said} · {}", Human(figures.p95_ns));
        }
        if figures.error_count > 0 {
            let failed = format!(" ✗{}", figures.error_count);
            return vec![piece(Role::Plain, said), piece(Role::Error, failed)];
        }
        plain(said)
    }

    fn commands(&self, frame: &Frame) -> Vec<String> {
        let DiffSubject::Journeys { names, empty, .. } = &self.compared else { return vec![] };
        let flags = &frame.provenance.flags;
        if flags.contains("--demo") {
            return vec![format!("trace missing --demo={}", quoted(&names[1]))];
        }
        let id = if names[1].starts_with('-') {
            format!("--correlation-id={}", quoted(&names[1]))
        } else {
            quoted(&names[1])
        };
        let all = ["trace", "missing", &id, flags];
        let command = all.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if empty[1] { vec![] } else { vec![command] }
    }
}

impl ReportBody for DiffReport {
    const NAME: &'static str = "diff";
    type Record<'a> = DiffRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> DiffRecord<'a> {
        let told = self.told();
        let side = |nth: usize| SideRecord {
            id: match &self.compared {
                DiffSubject::Journeys { names, .. } => names.get(nth).map(String::as_str),
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
            journey_count: told.journeys[nth],
            span_count: told.spans[nth],
            duration_ns: told.lengths_ns[nth],
        };
        DiffRecord {
            differs: self.differs(),
            enough: told.enough,
            first: side(0),
            second: side(1),
            entries: if self.is_of_two() { &[] } else { &told.entries },
            steps: &told.steps,
        }
    }

    /// Its main table: the steps.
    fn rows(&self) -> Option<Rows> {
        let row = |step: &DiffStep| {
            let changes: Vec<&str> = step.changes.iter().map(|change| word(*change)).collect();
            let mut row = vec![
                json!(changes.join(", ")),
                json!(
                    self.told().entries.get(step.entry).filter(|_| !self.is_of_two()).map(|began| began.entry.text())
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
            rows: self.told().steps.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let mut blocks = vec![Block::Line(self.title(frame))];
        blocks.extend(frame.asking());
        blocks.push(Block::Facts(self.sides(frame)));
        let rows = if self.told().enough { self.shown() } else { vec![] };
        if !rows.is_empty() && self.told().enough {
            blocks.extend([Block::Blank, Block::Table(self.table(&rows))]);
        }
        let alike = self.told().steps.len() - rows.len();
        let mut facts = self.compared_apart();
        facts.extend(parts::unshown(rows.len().saturating_sub(MOST), "more row", "-o json has all"));
        if alike > 0 && self.told().enough {
            let hint = if self.all { "" } else { "; --all shows them" };
            facts.push(fact("alike", one(Role::Dim, format!("{}{hint}", counted(alike, "more step")))));
        }
        let rule = if self.is_of_two() {
            "slower and faster from 5 ms and a fifth on, waits from 100 ms and a fifth on"
        } else {
            "marked is what chance alone would not make of all steps in 1 of 50 comparisons; medians and p95 from a tenth on"
        };
        facts.extend(self.told().enough.then(|| fact("rule", one(Role::Dim, rule))));
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&self.commands(frame)));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

/// What the answer says, in this order.
const SUMMARY: [(&[Change], &str); 11] = [
    (&[Change::Missing], "missing"),
    (&[Change::Added], "added"),
    (&[Change::Moved], "moved"),
    (&[Change::Fails], "failing"),
    (&[Change::FailsNoMore], "failing no more"),
    (&[Change::Fewer], "called less often"),
    (&[Change::More], "called more often"),
    (&[Change::Slower], "slower by"),
    (&[Change::SlowerAtTimes], "slower at times"),
    (&[Change::WaitsLonger], "waiting longer by"),
    (&[Change::Faster, Change::WaitsLess], "faster by"),
];

fn word(change: Change) -> &'static str {
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

/// How long its message waited, where that differs.
fn waited(step: &DiffStep) -> Option<Block> {
    let differs = |change: &Change| matches!(change, Change::WaitsLonger | Change::WaitsLess);
    let [first, second] = [step.first, step.second].map(|side| Human(side.unwrap_or_default().wait_ns));
    let said = || one(Role::Plain, format!("waited {first}, then {second} for its message"));
    step.changes.iter().any(differs).then(|| Block::Line(said()))
}

fn marks(step: &DiffStep) -> Line {
    let Some(first) = step.changes.first() else { return one(Role::Dim, "=") };
    let mark = match first {
        Change::Added | Change::More => "+",
        Change::Missing | Change::Fewer => "−",
        Change::Fails => "✗",
        _ => "~",
    };
    let grave = step.changes.contains(&Change::Fails) || step.changes.contains(&Change::Missing);
    let role = if grave { Role::Error } else { Role::Warn };
    let role = if step.changes == [Change::SlowerBelow] { Role::Dim } else { role };
    one(role, format!("{mark} {}", step.changes.iter().map(|change| word(*change)).collect::<Vec<_>>().join(", ")))
}
