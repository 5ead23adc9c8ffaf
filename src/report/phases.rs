//! `phases`: how much is in each phase of the pipeline, and which phases are stuck.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::phases::{Phase, PhaseStatus, Stuck};
use crate::analysis::window::unfinished::Unfinished;
use crate::model::action::{About, CommandName, Invocation};
use crate::model::metric::{Panel, float_text};
use crate::model::provenance::Provenance;
use crate::model::time::{Human, SECOND, Window};
use crate::report::block::{Block, Chart, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::charts::extremes;
use crate::report::facts::{hidden, labelled};
use crate::report::frame::{Frame, MetricUse};
use crate::report::rows::Rows;
use crate::report::text::{counted, first_few};
use crate::report::wording::see_more::SeeMore;

/// How many phases the screen shows at most.
const PHASES: usize = 30;
/// How many statuses have a column at most.
const STATUSES: usize = 5;

/// The phases of the pipeline.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PhasesReport {
    /// The query that Prometheus was asked.
    pub(crate) query: String,
    /// The metrics in it, for the screen.
    #[serde(skip)]
    pub(crate) metrics: Vec<String>,
    /// The time that was asked about.
    pub(crate) asked: Window,
    /// Nanoseconds between two samples.
    pub(crate) step_ns: i64,
    /// How long nothing may move before a phase counts as stuck, in nanoseconds.
    pub(crate) stuck_after_ns: i64,
    /// The phases in their order.
    pub(crate) phases: Vec<Phase>,
    /// Storage references per second: updated, and failed.
    pub(crate) storage: Vec<Panel>,
    /// The newest journeys that failed or are still open.
    pub(crate) examples: Vec<Unfinished>,
}

impl PhasesReport {
    fn stuck(&self) -> impl Iterator<Item = (&Phase, Stuck)> {
        self.phases.iter().filter_map(|phase| Some((phase, phase.stuck?)))
    }

    /// Whether any is stuck.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck().next().is_some()
    }

    /// Phases without newer samples that had something in progress in the last one.
    fn without_new_samples(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().filter(|phase| phase.gone && phase.in_progress > 0.0)
    }

    fn answer(&self, frame: &Frame) -> Line {
        let unknown = self.phases.iter().filter(|phase| phase.may_be_stuck()).map(Phase::recorded_ns).min();
        let reported = self.phases.iter().filter(|phase| !phase.gone);
        let in_progress = sum(reported);
        match self.stuck().collect::<Vec<_>>().as_slice() {
            [] if self.phases.is_empty() && frame.provenance.complete => {
                let what = if self.metrics.is_empty() { self.query.clone() } else { self.metrics.join(", ") };
                let text = format!("– no series of {what} in {}", Human(self.asked.length()));
                vec![
                    piece(TextRole::Strong, text),
                    piece(TextRole::Plain, "; `phases.query` in the configuration names another"),
                ]
            }
            [] if self.phases.is_empty() => styled(TextRole::Warn, "– nothing known of any phase"),
            [] if self.phases.iter().all(|phase| phase.gone) => {
                let last = self.phases.iter().map(|phase| phase.last_sample).max();
                let last =
                    last.map_or(String::new(), |last| format!(": the last was at {}", frame.zone.clock_seconds(last)));
                vec![piece(TextRole::Warn, "– no phase is told of any more"), piece(TextRole::Plain, last)]
            }
            [] if self.without_new_samples().next().is_some() => {
                let last = self.without_new_samples().map(|phase| phase.last_sample).max().unwrap_or(self.asked.from);
                let in_progress = sum(self.without_new_samples());
                let names: Vec<&str> = self.without_new_samples().map(name).collect();
                let text =
                    format!("! {} told of no more since {}", first_few(&names, 3), frame.zone.clock_seconds(last));
                let then = format!(": {} in progress then, nobody knows since", number(Some(in_progress)));
                vec![piece(TextRole::Warn, text), piece(TextRole::Plain, then)]
            }
            [] => match unknown {
                Some(recorded) => {
                    let (recorded, after) = (Human(recorded), Human(self.stuck_after_ns));
                    let text = format!("– whether a phase is stuck cannot be told: {recorded} is less than {after}");
                    vec![piece(TextRole::Warn, text), piece(TextRole::Plain, format!("; {}", SeeMore::StuckPhases))]
                }
                None if !frame.provenance.complete => styled(TextRole::Warn, "– no phase seen stuck so far"),
                None => vec![
                    piece(TextRole::Good, "✓ no phase is stuck"),
                    piece(TextRole::Plain, format!(", {} in progress", number(Some(in_progress)))),
                ],
            },
            [(phase, stuck)] => {
                let (count, how_long) = (number(Some(phase.in_progress)), how_long(*stuck));
                let since = frame.zone.clock_seconds(stuck.since);
                let since = if stuck.at_least { String::new() } else { format!(", since {since}") };
                let text = format!(": {count} in progress, nothing has moved for {how_long}{since}");
                vec![piece(TextRole::Warn, format!("! {} is stuck", name(phase))), piece(TextRole::Plain, text)]
            }
            stuck => {
                let names: Vec<&str> = stuck.iter().take(5).map(|(phase, _)| name(phase)).collect();
                let more = if stuck.len() > 5 { ", …" } else { "" };
                let text = format!("! {} are stuck", counted(stuck.len(), "phase"));
                vec![piece(TextRole::Warn, text), piece(TextRole::Plain, format!(": {}{more}", names.join(", ")))]
            }
        }
    }

    /// The statuses in the order of their columns: those in progress first, then the most common.
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
        let mut head = vec!["phase"];
        head.extend(&columns);
        head.push("last moved");
        let row = |phase: &Phase| {
            let mark = if phase.stuck.is_some() { piece(TextRole::Warn, "! ") } else { piece(TextRole::Plain, "  ") };
            let mut cells = vec![vec![mark, piece(TextRole::Strong, name(phase))]];
            for column in &columns {
                let status = phase.statuses.iter().find(|status| status.status == *column);
                let text = status.map_or("–".to_owned(), |status| number(status.value));
                let width = column.chars().count();
                cells.push(plain(format!("{text:>width$}")));
            }
            cells.push(Self::last_move(phase, frame));
            TableRow::new(cells)
        };
        Table::new(&head, self.phases.iter().take(PHASES).map(row).collect())
    }

    fn last_move(phase: &Phase, frame: &Frame) -> Line {
        let clock = |at| frame.zone.clock_seconds(at);
        let when = phase.moved.map_or_else(|| format!("not in the recorded {}", Human(phase.recorded_ns())), clock);
        match phase.stuck {
            _ if phase.gone => styled(TextRole::Warn, format!("{when}, last told of {}", clock(phase.last_sample))),
            Some(stuck) => {
                vec![piece(TextRole::Plain, when), piece(TextRole::Warn, format!(", stuck for {}", how_long(stuck)))]
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
                charts.push(Chart { name, caption: plain(extremes(&values)), values });
            }
        }
        for panel in &self.storage {
            let samples = panel.series.first().into_iter().flat_map(|series| &series.samples);
            let values: Vec<f64> = samples.map(|(_, value)| *value).collect();
            let caption = match &panel.error {
                Some(_) => styled(TextRole::Warn, "not told"),
                None => plain(extremes(&values)),
            };
            charts.push(Chart { name: format!("storage {}", panel.name), values, caption });
        }
        if self.phases.is_empty() && charts.iter().all(|chart| chart.values.is_empty()) { vec![] } else { charts }
    }

    /// What is not on the screen, or not a number.
    fn hidden(&self) -> Vec<Fact> {
        let (phases, statuses) =
            (self.phases.len().saturating_sub(PHASES), self.columns().len().saturating_sub(STATUSES));
        let more = [(phases, "more phase"), (statuses, "more status column")];
        let mut facts: Vec<Fact> = more.into_iter().filter_map(|(n, what)| hidden(n, what, SeeMore::Json)).collect();
        let no_number = |phase: &&Phase| phase.statuses.iter().any(|status| status.value.is_none());
        let without_number: Vec<&str> = self.phases.iter().filter(no_number).map(name).take(5).collect();
        if !without_number.is_empty() {
            facts.push(fact("note", plain(format!("not a number (NaN): counts of {}", without_number.join(", ")))));
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

    fn rows(&self) -> Option<Rows> {
        let row = |phase: &Phase, status: &PhaseStatus| {
            vec![
                json!(phase.phase),
                json!(status.status),
                json!(status.value),
                json!(status.in_progress),
                json!(phase.moved),
                json!(phase.last_sample),
                json!(phase.stuck.map(|stuck| stuck.since)),
                json!(phase.stuck.map(|stuck| stuck.for_ns)),
            ]
        };
        let rows_of = |phase: &Phase| phase.statuses.iter().map(|status| row(phase, status)).collect::<Vec<_>>();
        Some(Rows {
            kind: "phase_status",
            columns: &["phase", "status", "value", "in_progress", "moved", "told", "stuck_since", "stuck_for_ns"],
            rows: self.phases.iter().flat_map(rows_of).collect(),
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
            blocks.push(Block::Line(styled(TextRole::Dim, rests_on)));
        }
        blocks.extend(frame.completeness_with(MetricUse::Series));
        if !self.phases.is_empty() {
            blocks.extend([Block::Blank, Block::Table(self.table(frame))]);
        }
        let charts = self.charts();
        if !charts.is_empty() {
            blocks.extend([Block::Blank, Block::Charts(charts)]);
        }
        let mut facts = self.hidden();
        facts.extend(labelled("such as", self.examples.iter().map(|example| example_line(example, frame))));
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        let example = self.examples.first().map(|example| About::Id(example.id.clone()));
        let find = example.map(|id| Invocation::new(CommandName::Find).about(id));
        let alerts = (!self.phases.is_empty()).then(|| Invocation::new(CommandName::Alerts).about(About::Question));
        facts.extend(frame.next(&find.into_iter().chain(alerts).collect::<Vec<_>>()));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

/// How much is in progress in these phases together.
fn sum<'a>(phases: impl Iterator<Item = &'a Phase>) -> f64 {
    phases.map(|phase| phase.in_progress).fold(0.0, |sum, in_progress| sum + in_progress)
}

fn name(phase: &Phase) -> &str {
    if phase.phase.is_empty() { "(no phase)" } else { &phase.phase }
}

fn how_long(stuck: Stuck) -> String {
    let at_least = if stuck.at_least { "at least " } else { "" };
    format!("{at_least}{}", Human(stuck.for_ns))
}

/// A count with at most three decimals.
fn number(value: Option<f64>) -> String {
    value.map_or("NaN".to_owned(), |value| float_text((value * 1_000.0).round() / 1_000.0))
}

/// A journey to look at.
fn example_line(example: &Unfinished, frame: &Frame) -> Line {
    let (role, mark) = if example.error_count > 0 { (TextRole::Error, "✗ ") } else { (TextRole::Plain, "– ") };
    let what = match (&example.service, &example.error) {
        (Some(service), Some(error)) => format!("  {service}: {error}"),
        _ => "  still open".to_owned(),
    };
    let clock = piece(TextRole::Dim, format!("  {}", frame.zone.clock_seconds(example.last)));
    vec![piece(role, mark), piece(TextRole::Strong, &example.id), clock, piece(TextRole::Plain, what)]
}
