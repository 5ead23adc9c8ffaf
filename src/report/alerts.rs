//! `alerts`: those of a time, and the journeys that show them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::alerts::{AlertEpisode, Because, EpisodeState, Example};
use crate::model::basis::Basis;
use crate::model::finding::Severity;
use crate::model::provenance::Provenance;
use crate::model::time::{Human, Timestamp, Window};
use crate::report::block::{Block, Line, Role, Table, TableRow, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::window::line;
use crate::report::words::{counted, short, some};

/// So many alerts are on the screen at most.
pub const SHOWN: usize = 40;
/// What is said of an alert without a service,
const UNSCOPED: &str = "unscoped: it names no service";
/// and of one where services were asked for.
const UNSCOPED_AND_NO_GATE: &str = "unscoped: it names no service, so it may be of another; it decides no exit code";
/// So many journeys are named to look at next.
const NEXT: usize = 3;
/// So many of an alert's labels are on the screen,
const LABELS: usize = 4;
/// and so many characters of each text of its rule.
const TEXT: usize = 240;
/// Labels that are told in other words; the rest tells which one of many it is.
const TOLD: [&str; 3] = ["alertname", "severity", "alertstate"];

/// Alerts of a time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AlertsReport {
    /// The time that was asked about; none where none was.
    pub asked: Option<Window>,
    /// Whether only alerts of some services were asked for: one that names none decides no exit code then.
    pub of_services: bool,
    /// Whether no alert could be, for the server has no rules.
    pub no_rules: bool,
    /// Every alert once: what still is before what is over, gravest first, then the newest.
    pub alerts: Vec<AlertEpisode>,
    /// What the examples were taken from.
    pub basis: Basis,
}

impl AlertsReport {
    /// The gravest of them.
    pub fn gravest(&self) -> Option<Severity> {
        self.alerts.iter().map(AlertEpisode::grave).max()
    }

    /// The gravest of those that may decide the exit code.
    pub fn gravest_that_gates(&self) -> Option<Severity> {
        self.alerts.iter().filter(|alert| self.gates(alert)).map(AlertEpisode::grave).max()
    }

    fn gates(&self, alert: &AlertEpisode) -> bool {
        alert.service.is_some() || !self.of_services
    }

    fn answer(&self, frame: &Frame) -> Line {
        let count = |is: &dyn Fn(&&AlertEpisode) -> bool| self.alerts.iter().filter(is).count();
        let [firing, pending, past] = [EpisodeState::Firing, EpisodeState::Pending, EpisodeState::Resolved]
            .map(|state| count(&|alert| alert.state == state));
        let time = self.asked.map_or(String::new(), |asked| format!(" in {}", Human(asked.length())));
        if self.alerts.is_empty() {
            return match (frame.provenance.complete, self.asked) {
                (true, Some(_)) if self.no_rules => {
                    one(Role::Warn, format!("– no alert{time}, for no rule is here that could fire"))
                }
                (true, Some(_)) => one(Role::Good, format!("✓ no alert{time}")),
                _ => one(Role::Warn, "– no alert seen so far"),
            };
        }
        let parts = [(firing, "firing"), (pending, "pending"), (past, "over")].into_iter().filter(|(n, _)| *n > 0);
        let told = parts.map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>().join(", ");
        let (role, mark) = mark(self.gravest().unwrap_or(Severity::Info));
        let all = counted(self.alerts.len(), "alert");
        let mut line = vec![piece(role, format!("{mark}{all}{time}")), piece(Role::Plain, format!(": {told}"))];
        if let Some(subject) = &frame.provenance.subject {
            line.extend([piece(Role::Dim, " around "), piece(Role::Strong, subject)]);
        }
        line
    }

    fn table(&self, frame: &Frame) -> Table {
        let row = |alert: &AlertEpisode| {
            let (role, mark) = mark(alert.grave());
            let unscoped = if self.gates(alert) { UNSCOPED } else { UNSCOPED_AND_NO_GATE };
            let about = alert.service.as_deref().unwrap_or(unscoped);
            let labels = labels(alert);
            let about = alert.severity.as_deref().into_iter().chain([about]).chain(labels.as_deref());
            let mut below = vec![Block::Line(one(Role::Dim, about.collect::<Vec<_>>().join(" · ")))];
            below.extend(said(alert));
            below.extend(alert.examples.iter().map(|example| Block::Line(shown_by(example, alert, frame))));
            let is_read = self.basis.journeys > 0 || self.basis.limit.is_some();
            if alert.examples.is_empty() && is_read {
                let said = match (alert.journeys_read, &alert.service) {
                    (true, _) => "no journey of its time that was read shows it".to_owned(),
                    (false, Some(service)) => format!("no journey of its time through {service} was read"),
                    (false, None) => "no journey of its time was read".to_owned(),
                };
                below.push(Block::Line(one(Role::Dim, said)));
            }
            let cells = vec![vec![piece(role, mark), piece(Role::Strong, &alert.name)], plain(when(alert, frame))];
            TableRow { cells, below }
        };
        Table { head: vec![], rows: self.alerts.iter().take(SHOWN).map(row).collect(), ..Table::default() }
    }
}

impl ReportBody for AlertsReport {
    const NAME: &'static str = "alerts";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<Rows> {
        let row = |alert: &AlertEpisode| {
            let ids: Vec<&str> = alert.examples.iter().map(|example| example.id.as_str()).collect();
            vec![
                json!(alert.name),
                json!(alert.state),
                json!(alert.ongoing),
                json!(alert.severity),
                json!(alert.service),
                json!(alert.since),
                json!(alert.fired),
                json!(alert.to),
                json!(ids.join(" ")),
                json!(alert.annotations),
            ]
        };
        Some(Rows {
            kind: "alert",
            columns: &[
                "name",
                "state",
                "ongoing",
                "severity",
                "service",
                "since",
                "fired",
                "to",
                "examples",
                "annotations",
            ],
            rows: self.alerts.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let mut blocks = vec![Block::Line(self.answer(frame))];
        if self.basis.journeys > 0 {
            blocks.push(line(&self.basis));
        }
        blocks.extend(frame.asking());
        if !self.alerts.is_empty() {
            blocks.extend([Block::Blank, Block::Table(self.table(frame))]);
        }
        let mut facts = vec![];
        facts.extend(parts::unshown(self.alerts.len().saturating_sub(SHOWN), "more alert", "-o json has all"));
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        let mut next: Vec<String> = vec![];
        for example in self.alerts.iter().filter_map(|alert| alert.examples.first()) {
            let command = frame.command_about(&example.id, "find");
            if next.len() < NEXT && !next.contains(&command) {
                next.push(command);
            }
        }
        if frame.provenance.subject.is_none() {
            next.push(frame.command("alerts --rules", ""));
        }
        facts.extend(parts::next(&next));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

fn mark(severity: Severity) -> (Role, &'static str) {
    match severity {
        Severity::Error => (Role::Error, "✗ "),
        Severity::Warning => (Role::Warn, "! "),
        Severity::Info => (Role::Plain, "– "),
    }
}

/// `firing since 14:02:11 (2 min)`, `fired 14:02:11 – 14:03:41`.
fn when(alert: &AlertEpisode, frame: &Frame) -> String {
    let at_least = if alert.at_least { "before " } else { "" };
    let since = clock(alert.since, alert.to, frame);
    let length = Human(alert.to.since(alert.since).max(0));
    let fired = alert.fired.filter(|fired| *fired > alert.since && !alert.at_least);
    let fired = fired.map_or(String::new(), |fired| format!(", firing from {}", clock(fired, alert.to, frame)));
    match alert.state {
        EpisodeState::Firing if fired.is_empty() => format!("firing since {at_least}{since} ({length})"),
        EpisodeState::Firing => format!("active since {at_least}{since} ({length}){fired}"),
        EpisodeState::Pending => format!("pending since {at_least}{since} ({length})"),
        EpisodeState::Resolved => {
            let word = if alert.fired.is_some() { "fired" } else { "was pending" };
            format!("{word} {at_least}{since} – {} ({length})", clock(alert.to, alert.to, frame))
        }
    }
}

/// Which one of many it is: its labels that say nothing else.
fn labels(alert: &AlertEpisode) -> Option<String> {
    let is_told = |key: &str, value: &str| TOLD.contains(&key) || alert.service.as_deref() == Some(value);
    let rest = alert.labels.iter().filter(|(key, value)| !is_told(key, value));
    let rest: Vec<String> = rest.map(|(key, value)| short(&format!("{key}={value}"), TEXT)).collect();
    (!rest.is_empty()).then(|| some(&rest, LABELS))
}

/// What its rule says of it.
fn said(alert: &AlertEpisode) -> Vec<Block> {
    let text = |key: &str| Some(short(alert.annotations.get(key)?, TEXT)).filter(|text| !text.is_empty());
    let mut texts: Vec<String> = ["summary", "message", "description"].into_iter().filter_map(text).collect();
    texts.dedup();
    let runbook = text("runbook_url").map(|url| vec![piece(Role::Dim, "runbook "), piece(Role::Link, url)]);
    texts.into_iter().map(plain).chain(runbook).map(Block::Line).collect()
}

/// The time of day; with the day where it is another one.
fn clock(at: Timestamp, end: Timestamp, frame: &Frame) -> String {
    let zone = frame.zone;
    if zone.date(at) == zone.date(end) { zone.clock_seconds(at) } else { zone.minute(at) }
}

fn shown_by(example: &Example, alert: &AlertEpisode, frame: &Frame) -> Line {
    let (role, mark, what) = match (example.because, example.took_ns, example.usual_ns) {
        (Because::Slow, Some(took), Some(usual)) => {
            (Role::Warn, "! ", format!("{}: {}, usually {}", example.operation, Human(took), Human(usual)))
        }
        _ => (Role::Error, "✗ ", example.error.clone()),
    };
    let clock = piece(Role::Dim, format!("  {}", clock(example.time, alert.to, frame)));
    let what = piece(Role::Plain, format!("  {}: {what}", example.service));
    vec![piece(role, mark), piece(Role::Strong, &example.id), clock, what]
}
