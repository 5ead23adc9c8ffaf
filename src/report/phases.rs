//! `phases`: how the phases of the pipeline stand, and which are stuck.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::phases::{Phase, PhaseStatus, Stuck};
use crate::analysis::window::unfinished::Unfinished;
use crate::model::metric::{Panel, float_text};
use crate::model::provenance::Provenance;
use crate::model::time::{Human, SECOND, Window};
use crate::report::block::{Block, Chart, Fact, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::{Frame, MetricUse};
use crate::report::parts::{self, labelled};
use crate::report::rows::Rows;
use crate::report::words::{counted, some};

/// So many phases are on the screen at most.
const PHASES: usize = 30;
/// So many statuses have a column at most.
const STATUSES: usize = 5;

/// How the phases stand.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PhasesReport {
    /// What Prometheus was asked.
    pub query: String,
    /// The metrics in it; for people.
    #[serde(skip)]
    pub metrics: Vec<String>,
    /// The time that was asked about.
    pub asked: Window,
    /// Nanoseconds between two samples.
    pub step_ns: i64,
    /// Standing still for so long is being stuck.
    pub stuck_after_ns: i64,
    /// The phases in their order.
    pub phases: Vec<Phase>,
    /// Storage references per second: updated, and failed.
    pub storage: Vec<Panel>,
    /// The newest journeys that failed or are still open.
    pub examples: Vec<Unfinished>,
}

impl PhasesReport {
    fn stuck(&self) -> impl Iterator<Item = (&Phase, Stuck)> {
        self.phases.iter().filter_map(|phase| Some((phase, phase.stuck?)))
    }

    /// Whether any is stuck.
    pub fn is_stuck(&self) -> bool {
        self.stuck().next().is_some()
    }

    /// Phases in which something was in progress when they were last told of.
    fn lost(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().filter(|phase| phase.gone && phase.in_progress > 0.0)
    }

    fn answer(&self, frame: &Frame) -> Line {
        let unknown = self.phases.iter().filter(|phase| phase.may_be_stuck()).map(Phase::recorded_ns).min();
        let told = self.phases.iter().filter(|phase| !phase.gone);
        let going = told.map(|phase| phase.in_progress).fold(0.0, |sum, one| sum + one);
        match self.stuck().collect::<Vec<_>>().as_slice() {
            [] if self.phases.is_empty() && frame.provenance.complete => {
                let what = if self.metrics.is_empty() { self.query.clone() } else { self.metrics.join(", ") };
                let said = format!("– no series of {what} in {}", Human(self.asked.length()));
                vec![
                    piece(Role::Strong, said),
                    piece(Role::Plain, "; `phases.query` in the configuration names another"),
                ]
            }
            [] if self.phases.is_empty() => one(Role::Warn, "– nothing known of any phase"),
            [] if self.phases.iter().all(|phase| phase.gone) => {
                let last = self.phases.iter().map(|phase| phase.told).max();
                let last =
                    last.map_or(String::new(), |last| format!(": the last was at {}", frame.zone.clock_seconds(last)));
                vec![piece(Role::Warn, "– no phase is told of any more"), piece(Role::Plain, last)]
            }
            [] if self.lost().next().is_some() => {
                let last = self.lost().map(|phase| phase.told).max().unwrap_or(self.asked.from);
                let going = self.lost().map(|phase| phase.in_progress).fold(0.0, |sum, one| sum + one);
                let names: Vec<&str> = self.lost().map(name).collect();
                let said = format!("! {} told of no more since {}", some(&names, 3), frame.zone.clock_seconds(last));
                let told = format!(": {} in progress then, nobody knows since", number(Some(going)));
                vec![piece(Role::Warn, said), piece(Role::Plain, told)]
            }
            [] => match unknown {
                Some(recorded) => {
                    let (recorded, after) = (Human(recorded), Human(self.stuck_after_ns));
                    let said = format!("– whether a phase is stuck cannot be told: {recorded} is less than {after}");
                    vec![piece(Role::Warn, said), piece(Role::Plain, "; --since asks for more, --stuck-after for less")]
                }
                None if !frame.provenance.complete => one(Role::Warn, "– no phase seen stuck so far"),
                None => vec![
                    piece(Role::Good, "✓ no phase is stuck"),
                    piece(Role::Plain, format!(", {} in progress", number(Some(going)))),
                ],
            },
            [(phase, stuck)] => {
                let (count, how_long) = (number(Some(phase.in_progress)), how_long(*stuck));
                let since = frame.zone.clock_seconds(stuck.since);
                let since = if stuck.at_least { String::new() } else { format!(", since {since}") };
                let told = format!(": {count} in progress, nothing has moved for {how_long}{since}");
                vec![piece(Role::Warn, format!("! {} is stuck", name(phase))), piece(Role::Plain, told)]
            }
            many => {
                let names: Vec<&str> = many.iter().take(5).map(|(phase, _)| name(phase)).collect();
                let more = if many.len() > 5 { ", …" } else { "" };
                let said = format!("! {} are stuck", counted(many.len(), "phase"));
                vec![piece(Role::Warn, said), piece(Role::Plain, format!(": {}{more}", names.join(", ")))]
            }
        }
    }

    /// The statuses that have a column: those in progress first, then those that are most common.
    fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<(bool, &str, f64)> = vec![];
        for status in self.phases.iter().flat_map(|phase| &phase.statuses) {
            let value = status.value.unwrap_or_default();
            match columns.iter_mut().find(|(_, known, _)| *known == status.status) {
                Some((_, _, sum)) => *sum += value,
                None => columns.push((status.in_progress, &status.status, value)),
            }
        }
        columns.sort_by(|a, b| (!a.0).cmp(&!b.0).then(b.2.total_cmp(&a.2)).then(a.1.cmp(b.1)));
        columns.into_iter().map(|(_, status, _)| status).collect()
    }

    fn table(&self, frame: &Frame) -> Table {
        let mut columns = self.columns();
        columns.truncate(STATUSES);
        let mut head: Vec<String> = vec!["phase".to_owned()];
        head.extend(columns.iter().map(|status| (*status).to_owned()));
        head.push("last moved".to_owned());
        let row = |phase: &Phase| {
            let mark = if phase.stuck.is_some() { piece(Role::Warn, "! ") } else { piece(Role::Plain, "  ") };
            let mut cells = vec![vec![mark, piece(Role::Strong, name(phase))]];
            for column in &columns {
                let status = phase.statuses.iter().find(|status| status.status == *column);
                let text = status.map_or("–".to_owned(), |status| number(status.value));
                let width = column.chars().count();
                cells.push(plain(format!("{text:>width$}")));
            }
            cells.push(Self::moved(phase, frame));
            TableRow { cells, below: vec![] }
        };
        Table { head, rows: self.phases.iter().take(PHASES).map(row).collect(), ..Table::default() }
    }

    fn moved(phase: &Phase, frame: &Frame) -> Line {
        let clock = |at| frame.zone.clock_seconds(at);
        let when = phase.moved.map_or_else(|| format!("not in the recorded {}", Human(phase.recorded_ns())), clock);
        match phase.stuck {
            _ if phase.gone => one(Role::Warn, format!("{when}, last told of {}", clock(phase.told))),
            Some(stuck) => {
                vec![piece(Role::Plain, when), piece(Role::Warn, format!(", stuck for {}", how_long(stuck)))]
            }
            None => plain(when),
        }
    }

    fn charts(&self) -> Vec<Chart> {
        let mut charts = vec![];
        for phase in self.phases.iter().take(PHASES) {
            for status in phase.statuses.iter().filter(|status| status.in_progress) {
                let values: Vec<f64> = status.samples.iter().map(|(_, value)| *value).collect();
                let name = format!("{} {}", name(phase), status.status);
                charts.push(Chart { name, caption: plain(parts::extremes(&values)), values });
            }
        }
        for panel in &self.storage {
            let sum = panel.series.first().map(|series| series.samples.iter().map(|(_, value)| *value).collect());
            let values: Vec<f64> = sum.unwrap_or_default();
            let caption = match &panel.error {
                Some(_) => one(Role::Warn, "not told"),
                None => plain(parts::extremes(&values)),
            };
            charts.push(Chart { name: format!("storage {}", panel.name), values, caption });
        }
        if self.phases.is_empty() && charts.iter().all(|chart| chart.values.is_empty()) { vec![] } else { charts }
    }

    fn unshown(&self) -> Vec<Fact> {
        let (phases, statuses) =
            (self.phases.len().saturating_sub(PHASES), self.columns().len().saturating_sub(STATUSES));
        let more = [(phases, "more phase"), (statuses, "more status column")];
        let mut facts: Vec<Fact> =
            more.into_iter().filter_map(|(n, what)| parts::unshown(n, what, "-o json has all")).collect();
        let no_number = |phase: &&Phase| phase.statuses.iter().any(|status| status.value.is_none());
        let odd: Vec<&str> = self.phases.iter().filter(no_number).map(name).take(5).collect();
        if !odd.is_empty() {
            facts.push(fact("note", plain(format!("not a number (NaN): counts of {}", odd.join(", ")))));
        }
        facts
    }
}

impl ReportBody for PhasesReport {
    const NAME: &'static str = "phases";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    /// Its main table: how much of each phase is in each status.
    fn rows(&self) -> Option<Rows> {
        let row = |phase: &Phase, status: &PhaseStatus| {
            vec![
                json!(phase.phase),
                json!(status.status),
                json!(status.value),
                json!(status.in_progress),
                json!(phase.moved),
                json!(phase.told),
                json!(phase.stuck.map(|stuck| stuck.since)),
                json!(phase.stuck.map(|stuck| stuck.for_ns)),
            ]
        };
        let of = |phase: &Phase| phase.statuses.iter().map(|status| row(phase, status)).collect::<Vec<_>>();
        Some(Rows {
            kind: "phase_status",
            columns: &["phase", "status", "value", "in_progress", "moved", "told", "stuck_since", "stuck_for_ns"],
            rows: self.phases.iter().flat_map(of).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let mut blocks = vec![Block::Line(self.answer(frame))];
        if !self.phases.is_empty() {
            let rests_on = format!(
                "from {} series, a sample every {} s; stuck is what stands still for {}",
                self.phases.iter().map(|phase| phase.statuses.len()).sum::<usize>(),
                self.step_ns / SECOND,
                Human(self.stuck_after_ns)
            );
            blocks.push(Block::Line(one(Role::Dim, rests_on)));
        }
        blocks.extend(frame.asking_for(MetricUse::Series));
        if !self.phases.is_empty() {
            blocks.extend([Block::Blank, Block::Table(self.table(frame))]);
        }
        let charts = self.charts();
        if !charts.is_empty() {
            blocks.extend([Block::Blank, Block::Charts(charts)]);
        }
        let mut facts = self.unshown();
        facts.extend(labelled("such as", self.examples.iter().map(|example| line(example, frame))));
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        let mut next: Vec<String> =
            self.examples.iter().take(1).map(|example| frame.command_about(&example.id, "find")).collect();
        if !self.phases.is_empty() {
            next.push(frame.beside("trace alerts"));
        }
        facts.extend(parts::next(&next));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

fn name(phase: &Phase) -> &str {
    if phase.phase.is_empty() { "(no phase)" } else { &phase.phase }
}

fn how_long(stuck: Stuck) -> String {
    let at_least = if stuck.at_least { "at least " } else { "" };
    format!("{at_least}{}", Human(stuck.for_ns))
}

/// A count: whole where it is, never more than three decimals.
fn number(value: Option<f64>) -> String {
    value.map_or("NaN".to_owned(), |value| float_text((value * 1_000.0).round() / 1_000.0))
}

/// A journey to look at.
fn line(example: &Unfinished, frame: &Frame) -> Line {
    let (role, mark) = if example.error_count > 0 { (Role::Error, "✗ ") } else { (Role::Plain, "– ") };
    let what = match (&example.service, &example.error) {
        (Some(service), Some(error)) => format!("  {service}: {error}"),
        _ => "  still open".to_owned(),
    };
    let clock = piece(Role::Dim, format!("  {}", frame.zone.clock_seconds(example.last)));
    vec![piece(role, mark), piece(Role::Strong, &example.id), clock, piece(Role::Plain, what)]
}
