//! `alerts`: the alerts of a time, and journeys that show what they are about.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::alerts::{AlertEpisode, EpisodeState, Example, ExampleReason};
use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::basis::Basis;
use crate::model::finding::Severity;
use crate::model::provenance::Provenance;
use crate::model::time::{Human, Timestamp, Window};
use crate::report::block::{Block, Line, Table, TableRow, TextRole, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::Frame;
use crate::report::rows::Rows;
use crate::report::text::{counted, first_few, shortened};
use crate::report::window_screen::basis_line;
use crate::report::wording::see_more::SeeMore;

/// How many alerts the screen shows at most.
pub(crate) const SHOWN: usize = 40;
/// The text for an alert without a service label.
const NO_SERVICE: &str = "unscoped: it names no service";
/// The same where only alerts of some services are shown.
const NO_SERVICE_AND_NO_GATE: &str = "unscoped: it names no service, so it may be of another; it decides no exit code";
/// How many journeys are suggested to look at.
const NEXT: usize = 3;
/// How many labels of an alert the screen shows.
const LABELS: usize = 4;
/// How many characters of an annotation the screen shows.
const TEXT: usize = 240;
/// Labels that the screen shows in other words. The remaining ones distinguish alerts of one rule.
const SHOWN_LABELS: [&str; 3] = ["alertname", "severity", "alertstate"];

/// Alerts of a time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct AlertsReport {
    /// The time that was asked about; none if there was none.
    pub(crate) asked: Option<Window>,
    /// Whether only alerts of some services were asked for: an alert without a service decides no exit code then.
    pub(crate) of_services: bool,
    /// Whether there can be no alerts because the server has no rules.
    pub no_rules: bool,
    /// Every alert once: those that are active before those that are over, the most severe first, then the newest.
    pub alerts: Vec<AlertEpisode>,
    /// What the examples were taken from.
    pub(crate) basis: Basis,
}

impl AlertsReport {
    /// The highest severity.
    fn highest_severity(&self) -> Option<Severity> {
        self.alerts.iter().map(AlertEpisode::level).max()
    }

    /// The highest severity of those that may decide the exit code.
    pub(crate) fn highest_gating_severity(&self) -> Option<Severity> {
        self.alerts.iter().filter(|alert| self.gates(alert)).map(AlertEpisode::level).max()
    }

    fn gates(&self, alert: &AlertEpisode) -> bool {
        alert.service.is_some() || !self.of_services
    }

    fn answer(&self, frame: &Frame) -> Line {
        let states = [EpisodeState::Firing, EpisodeState::Pending, EpisodeState::Resolved];
        let [firing, pending, resolved] =
            states.map(|state| self.alerts.iter().filter(|alert| alert.state == state).count());
        let time = self.asked.map_or(String::new(), |asked| format!(" in {}", Human(asked.length())));
        if self.alerts.is_empty() {
            return match (frame.provenance.complete, self.asked) {
                (true, Some(_)) if self.no_rules => {
                    styled(TextRole::Warn, format!("– no alert{time}, for no rule is here that could fire"))
                }
                (true, Some(_)) => styled(TextRole::Good, format!("✓ no alert{time}")),
                _ => styled(TextRole::Warn, "– no alert seen so far"),
            };
        }
        let counts = [(firing, "firing"), (pending, "pending"), (resolved, "over")].into_iter().filter(|(n, _)| *n > 0);
        let counts: Vec<String> = counts.map(|(n, what)| format!("{n} {what}")).collect();
        let (role, mark) = mark(self.highest_severity().unwrap_or(Severity::Info));
        let alerts = counted(self.alerts.len(), "alert");
        let mut line = vec![
            piece(role, format!("{mark}{alerts}{time}")),
            piece(TextRole::Plain, format!(": {}", counts.join(", "))),
        ];
        if let Some(subject) = &frame.provenance.subject {
            line.extend([piece(TextRole::Dim, " around "), piece(TextRole::Strong, subject)]);
        }
        line
    }

    fn table(&self, frame: &Frame) -> Table {
        let row = |alert: &AlertEpisode| {
            let (role, mark) = mark(alert.level());
            let no_service = if self.gates(alert) { NO_SERVICE } else { NO_SERVICE_AND_NO_GATE };
            let service = alert.service.as_deref().unwrap_or(no_service);
            let labels = labels(alert);
            let parts = alert.severity.as_deref().into_iter().chain([service]).chain(labels.as_deref());
            let mut below = vec![Block::Line(styled(TextRole::Dim, parts.collect::<Vec<_>>().join(" · ")))];
            below.extend(annotations(alert));
            below.extend(alert.examples.iter().map(|example| Block::Line(example_line(example, alert, frame))));
            let is_read = self.basis.journeys > 0 || self.basis.limit.is_some();
            if alert.examples.is_empty() && is_read {
                let text = match (alert.journeys_read, &alert.service) {
                    (true, _) => "no journey of its time that was read shows it".to_owned(),
                    (false, Some(service)) => format!("no journey of its time through {service} was read"),
                    (false, None) => "no journey of its time was read".to_owned(),
                };
                below.push(Block::Line(styled(TextRole::Dim, text)));
            }
            let cells = vec![vec![piece(role, mark), piece(TextRole::Strong, &alert.name)], plain(when(alert, frame))];
            TableRow { cells, below }
        };
        Table::new(&[], self.alerts.iter().take(SHOWN).map(row).collect())
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
            blocks.push(basis_line(&self.basis));
        }
        blocks.extend(frame.completeness());
        if !self.alerts.is_empty() {
            blocks.extend([Block::Blank, Block::Table(self.table(frame))]);
        }
        let mut facts = vec![];
        facts.extend(hidden(self.alerts.len().saturating_sub(SHOWN), "more alert", SeeMore::Json));
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        let mut next: Vec<Invocation> = vec![];
        for example in self.alerts.iter().filter_map(|alert| alert.examples.first()) {
            let find = Invocation::new(CommandName::Find).about(About::Id(example.id.clone()));
            if next.len() < NEXT && !next.contains(&find) {
                next.push(find);
            }
        }
        if frame.provenance.subject.is_none() {
            next.push(Invocation::new(CommandName::Alerts).with(Argument::Rules));
        }
        facts.extend(frame.next(&next));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}

fn mark(severity: Severity) -> (TextRole, &'static str) {
    match severity {
        Severity::Error => (TextRole::Error, "✗ "),
        Severity::Warning => (TextRole::Warn, "! "),
        Severity::Info => (TextRole::Plain, "– "),
    }
}

/// `firing since 14:02:11 (2 min)`, `fired 14:02:11 – 14:03:41`.
fn when(alert: &AlertEpisode, frame: &Frame) -> String {
    let at_least = if alert.at_least { "before " } else { "" };
    let since = clock(alert.since, alert.to, frame);
    let duration = Human(alert.to.since(alert.since).max(0));
    let fired = alert.fired.filter(|fired| *fired > alert.since && !alert.at_least);
    let fired = fired.map_or(String::new(), |fired| format!(", firing from {}", clock(fired, alert.to, frame)));
    match alert.state {
        EpisodeState::Firing if fired.is_empty() => format!("firing since {at_least}{since} ({duration})"),
        EpisodeState::Firing => format!("active since {at_least}{since} ({duration}){fired}"),
        EpisodeState::Pending => format!("pending since {at_least}{since} ({duration})"),
        EpisodeState::Resolved => {
            let past = if alert.fired.is_some() { "fired" } else { "was pending" };
            format!("{past} {at_least}{since} – {} ({duration})", clock(alert.to, alert.to, frame))
        }
    }
}

/// The labels that distinguish it from other alerts of its rule.
fn labels(alert: &AlertEpisode) -> Option<String> {
    let is_shown = |key: &str, value: &str| SHOWN_LABELS.contains(&key) || alert.service.as_deref() == Some(value);
    let others = alert.labels.iter().filter(|(key, value)| !is_shown(key, value));
    let others: Vec<String> = others.map(|(key, value)| shortened(&format!("{key}={value}"), TEXT)).collect();
    (!others.is_empty()).then(|| first_few(&others, LABELS))
}

/// The annotations of its rule.
fn annotations(alert: &AlertEpisode) -> Vec<Block> {
    let text = |key: &str| Some(shortened(alert.annotations.get(key)?, TEXT)).filter(|text| !text.is_empty());
    let mut texts: Vec<String> = ["summary", "message", "description"].into_iter().filter_map(text).collect();
    texts.dedup();
    let runbook = text("runbook_url").map(|url| vec![piece(TextRole::Dim, "runbook "), piece(TextRole::Link, url)]);
    texts.into_iter().map(plain).chain(runbook).map(Block::Line).collect()
}

/// The time of day, with the date if that is another day than the end.
fn clock(at: Timestamp, end: Timestamp, frame: &Frame) -> String {
    let zone = frame.zone;
    if zone.date(at) == zone.date(end) { zone.clock_seconds(at) } else { zone.minute(at) }
}

fn example_line(example: &Example, alert: &AlertEpisode, frame: &Frame) -> Line {
    let (role, mark, what) = match (example.because, example.took_ns, example.usual_ns) {
        (ExampleReason::Slow, Some(took), Some(usual)) => {
            (TextRole::Warn, "! ", format!("{}: {}, usually {}", example.operation, Human(took), Human(usual)))
        }
        _ => (TextRole::Error, "✗ ", example.error.clone()),
    };
    let clock = piece(TextRole::Dim, format!("  {}", clock(example.time, alert.to, frame)));
    let what = piece(TextRole::Plain, format!("  {}: {what}", example.service));
    vec![piece(role, mark), piece(TextRole::Strong, &example.id), clock, what]
}
