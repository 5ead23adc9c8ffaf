//! What stands around every report: the answer, how the asking went, what time it covers, what to type next.

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::errors::{self, JourneyError};
use crate::analysis::journey::findings::{AnalysedJourney, FindingSet};
use crate::model::basis::Basis;
use crate::model::evidence::{BackendState, BackendStatus, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::model::metric::{Alert, AlertState};
use crate::model::pattern::Pattern;
use crate::model::provenance::{PageLink, Provenance};
use crate::model::time::{Human, Window, Zone};
use crate::report::block::{Block, Fact, Line, Role, fact, one, piece, plain};
use crate::report::filters;
use crate::report::findings;
use crate::report::parts::labelled;
use crate::report::words::{counted, flag, quoted};

/// How IDs are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Their beginning.
    Short,
    /// All of them.
    Whole,
}

/// What metrics were asked for, which says what the items of their backend are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUse {
    /// Alerts, of Prometheus.
    Alerts,
    /// The numbers of the screen, of this backend: Prometheus, or another one that has metrics of its own.
    Numbers(Source),
    /// Series of Prometheus, which the screen counts itself.
    Series,
}

impl MetricUse {
    /// The use that numbers with this basis made of metrics.
    pub fn for_basis(basis: &Basis) -> Self {
        basis.backend.map_or(Self::Alerts, Self::Numbers)
    }
}

/// What every part needs to know.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// What the answer rests on.
    pub provenance: &'a Provenance,
    /// In which zone times are shown.
    pub zone: Zone,
    /// How many `-v`.
    pub verbosity: u8,
}

impl Frame<'_> {
    /// The answer in one line, then the journey in numbers.
    pub fn answer(&self, judged: &AnalysedJourney, failures: &[JourneyError]) -> Vec<Block> {
        let journey = &judged.journey;
        let id = self.provenance.subject.as_deref().or(journey.correlation_id.as_deref()).unwrap_or_default();
        let (role, verdict) = self.verdict(failures, &judged.judgement);
        let mut items = vec![
            plain(counted(journey.services().len(), "service")),
            plain(counted(journey.traces.len(), "trace")),
            plain(counted(journey.spans.len(), "span")),
            plain(counted(journey.logs.len(), "log line")),
        ];
        if let Some(extent) = journey.span_extent() {
            items.push(length(journey, extent));
            items.push(plain(self.zone.full(extent.from)));
        }
        if !self.provenance.settled {
            items.push(one(Role::Warn, "still under way"));
        }
        let title = vec![piece(role, verdict), piece(Role::Dim, " in "), piece(Role::Strong, id)];
        vec![Block::Line(title), Block::Flow(items)]
    }

    /// Errors, and what else was found; that nothing is wrong only where that can be said.
    fn verdict(&self, failures: &[JourneyError], judgement: &FindingSet) -> (Role, String) {
        let (errors, found) = (errors::count(failures), findings::beside_errors(judgement).count());
        let is_grave = errors > 0 || judgement.grave().any(|finding| finding.severity == Severity::Error);
        let parts = [(errors, "error"), (found, "finding")].into_iter().filter(|(n, _)| *n > 0);
        let told = parts.map(|(n, what)| counted(n, what)).collect::<Vec<_>>().join(", ");
        match told.as_str() {
            "" if self.provenance.complete => (Role::Good, "✓ no errors".to_owned()),
            "" => (Role::Warn, "– no errors seen so far".to_owned()),
            told if is_grave => (Role::Error, format!("✗ {told}")),
            told => (Role::Warn, format!("! {told}")),
        }
    }

    /// Whether the answer is whole, and how each backend did.
    pub fn asking(&self) -> Vec<Block> {
        self.asking_for(MetricUse::Alerts)
    }

    /// The same where metrics were asked for something other than alerts.
    pub fn asking_for(&self, metrics: MetricUse) -> Vec<Block> {
        if self.provenance.backends.is_empty() && self.provenance.complete {
            return vec![];
        }
        let whole =
            if self.provenance.complete { one(Role::Good, "complete") } else { one(Role::Warn, "NOT COMPLETE") };
        let mut items = vec![whole];
        items.extend(self.provenance.backends.iter().map(|status| backend(status, metrics)));
        let mut blocks = vec![Block::Flow(items)];
        let grave = self.provenance.notes.iter().filter(|n| n.code.is_incomplete());
        let facts: Vec<Fact> = grave.flat_map(note).collect();
        if !facts.is_empty() {
            blocks.push(Block::Facts(facts));
        }
        if self.verbosity > 0 {
            blocks.push(Block::Facts(self.provenance.backends.iter().map(address).collect()));
        }
        blocks
    }

    /// How trace IDs are shown.
    pub fn ids(&self) -> Ids {
        if self.verbosity > 0 { Ids::Whole } else { Ids::Short }
    }

    /// Remarks that do not touch completeness.
    pub fn remarks(&self) -> Vec<Fact> {
        let merged = |note: &&Note| self.verbosity == 0 && note.code == NoteCode::NotConfigured;
        let notes = || self.provenance.notes.iter().filter(|n| !n.code.is_incomplete());
        // Who was left out on purpose is told beside the others.
        let left_out = |source: &Source| {
            let is_it = |b: &BackendStatus| b.name == *source && b.state == BackendState::LeftOut;
            self.provenance.backends.iter().any(is_it)
        };
        let absent = notes().filter(merged).filter_map(|n| n.source).filter(|source| !left_out(source));
        let absent: Vec<&str> = absent.map(Source::as_str).collect();
        let mut facts: Vec<Fact> = notes().filter(|n| !merged(n)).flat_map(note).collect();
        if !absent.is_empty() && self.was_answered() {
            let places = if absent.len() == 1 { "its usual address" } else { "their usual addresses" };
            let said = format!("not configured: {} (none at {places}; -v tells more)", absent.join(", "));
            facts.push(fact("note", plain(said)));
        }
        facts
    }

    /// Whether anybody who was to be asked answered.
    pub fn was_answered(&self) -> bool {
        let silent = |b: &BackendStatus| !matches!(b.state, BackendState::Ok | BackendState::Partial);
        self.provenance.backends.is_empty() || !self.provenance.backends.iter().all(silent)
    }

    /// What time was asked; kinds of data over the same time together.
    pub fn covered(&self) -> Vec<Fact> {
        let window = &self.provenance.window;
        let asked = [("traces", &window.traces), ("logs", &window.logs), ("metrics", &window.metrics)];
        let mut groups: Vec<(String, Window)> = vec![];
        for (what, window) in asked.iter().flat_map(|(what, windows)| windows.iter().map(move |w| (what, w))) {
            match groups.iter_mut().find(|(_, known)| *known == window) {
                Some((all, _)) => *all += &format!(", {what}"),
                None => groups.push(((*what).to_owned(), window)),
            }
        }
        labelled(
            "covered",
            groups
                .iter()
                .map(|(what, w)| vec![piece(Role::Plain, self.stretch(*w)), piece(Role::Dim, format!("  {what}"))]),
        )
    }

    /// `2026-11-22 13:02 – 14:02`.
    pub fn stretch(&self, window: Window) -> String {
        let (from, to) = (self.zone.minute(window.from), self.zone.minute(window.to));
        let same_day = self.zone.date(window.from) == self.zone.date(window.to);
        let to = if same_day { to.split(' ').next_back().unwrap_or(&to).to_owned() } else { to };
        format!("{from} – {to} {}", self.zone.offset(window.from))
    }

    /// Pages of the backends' own about the same.
    pub fn links(&self) -> Vec<Fact> {
        let say = |link: &PageLink| vec![piece(Role::Dim, format!("{} ", link.what)), piece(Role::Link, &link.url)];
        labelled("open", self.provenance.links.iter().map(say))
    }

    /// A command about the same ID on the same data.
    pub fn command(&self, words: &str, tail: &str) -> String {
        let id = subject(self.provenance.subject.as_deref().unwrap_or_default());
        let id = if self.is_clear() { "" } else { id.as_str() };
        joined_words(&["trace", words, id, tail, &self.provenance.flags])
    }

    /// Whether the flags alone say what it is about.
    fn is_clear(&self) -> bool {
        self.provenance.subject.is_none() || self.provenance.names_one_run()
    }

    /// A command about one of several IDs on the same data.
    pub fn command_about(&self, id: &str, words: &str) -> String {
        joined_words(&["trace", words, &subject(id), &self.provenance.flags])
    }

    /// Another command about the same, filters included: `trace hotspots`, of the journey where it is about one.
    pub fn beside(&self, words: &str) -> String {
        self.filtered(words, &self.provenance.filters)
    }

    /// The same about one service, instead of those that were asked about, and where one is named of one operation.
    pub fn beside_of(&self, words: &str, service: &str, operation: Option<&str>) -> String {
        let mut filters = self.provenance.filters.clone();
        if !service.is_empty() {
            filters.services = vec![Pattern::exact(service)];
        }
        if let Some(operation) = operation {
            filters.operations = vec![Pattern::exact(operation)];
        }
        self.filtered(words, &filters)
    }

    fn filtered(&self, words: &str, filters: &Filters) -> String {
        let mut parts = words.trim_start_matches("trace ").splitn(2, ' ');
        let (command, tail) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        self.command(command, &joined_words(&[&filters::flags(filters), tail]))
    }

    /// Alerts of the time.
    pub fn alerts(&self, alerts: &[Alert]) -> Vec<Fact> {
        let say = |alert: &Alert| {
            let (mark, now, past) = match alert.state {
                AlertState::Firing => (piece(Role::Error, "✗ "), "firing", "fired"),
                AlertState::Pending => (piece(Role::Warn, "– "), "pending", "was pending"),
            };
            let about = alert.service.as_deref().unwrap_or("unscoped");
            let (from, to) = (self.zone.clock_seconds(alert.from), self.zone.clock_seconds(alert.to));
            let when = if alert.ongoing { format!("{now} since {from}") } else { format!("{past} {from} – {to}") };
            vec![mark, piece(Role::Strong, &alert.name), piece(Role::Plain, format!("  {when} ({about})"))]
        };
        labelled("alert", alerts.iter().map(say))
    }
}

/// An ID as an argument.
fn subject(id: &str) -> String {
    if id.starts_with('-') { flag("--correlation-id", id) } else { quoted(id) }
}

fn joined_words(words: &[&str]) -> String {
    words.iter().copied().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// How long it took. Where clocks differ, that is asked of one clock, and what was recorded stands beside it.
fn length(journey: &Journey, recorded: Window) -> Line {
    let clocks = Clocks::measured(journey);
    let spans = journey.spans.iter().filter(|span| span.has_sane_time());
    let on_one = spans.map(|span| Window::new(clocks.start(span), clocks.end(span))).reduce(Window::hull);
    let recorded = Human(recorded.length());
    match on_one.filter(|_| !journey.skew.is_empty()) {
        Some(on_one) => vec![
            piece(Role::Strong, format!("about {}", Human(on_one.length()))),
            piece(Role::Dim, format!(" on one clock ({recorded} as recorded)")),
        ],
        None => one(Role::Strong, recorded.to_string()),
    }
}

/// Its mark, how long it took, what it gave. Where nobody asked for alerts, none are counted.
fn backend(status: &BackendStatus, metrics: MetricUse) -> Line {
    let name = piece(Role::Plain, format!("{} ", status.name.as_str()));
    let (role, text) = match status.state {
        BackendState::Ok => (Role::Good, "✓"),
        BackendState::Partial if status.items == 0 && !status.error.is_empty() => (Role::Error, "✗ nothing usable"),
        BackendState::Partial => (Role::Warn, "– partial"),
        BackendState::Unreachable if status.requests == 0 => (Role::Error, "✗ not asked"),
        BackendState::Unreachable => (Role::Error, "✗ no answer"),
        BackendState::Refused => (Role::Error, "✗ refused"),
        BackendState::NotConfigured => (Role::Dim, "– not configured"),
        BackendState::LeftOut => (Role::Dim, "– left out"),
        BackendState::NotNeeded => (Role::Dim, "– not needed"),
    };
    let mut line = vec![name, piece(role, text)];
    if matches!(status.state, BackendState::Ok | BackendState::Partial) {
        if !matches!(status.name, Source::File | Source::Demo) {
            line.push(piece(Role::Plain, format!(" {}", Human(status.elapsed_ns))));
        }
        let what = match status.name {
            Source::Prometheus if metrics == MetricUse::Series => String::new(),
            Source::Prometheus if metrics == MetricUse::Numbers(Source::Prometheus) => {
                counted(status.items, "operation")
            }
            source if metrics == MetricUse::Numbers(source) && status.items == 0 => "its own metrics".to_owned(),
            Source::Jaeger => counted(status.items, "span"),
            Source::Loki => counted(status.items, "line"),
            Source::Prometheus => counted(status.items, "alert"),
            Source::File | Source::Demo => counted(status.items, "record"),
        };
        let told: Vec<&str> = [what.as_str(), &status.detail].into_iter().filter(|said| !said.is_empty()).collect();
        line.push(piece(Role::Dim, format!(" ({})", told.join(", "))));
    }
    line
}

fn address(status: &BackendStatus) -> Fact {
    let asked = counted(status.requests, "request");
    fact(status.name.as_str(), one(Role::Dim, format!("{} from {}, {asked}", status.url, status.url_from)))
}

/// A remark with its advice below it.
fn note(note: &Note) -> Vec<Fact> {
    let grave = note.code.is_incomplete();
    let (role, mark) = if grave { (Role::Warn, "✗ ") } else { (Role::Plain, "") };
    let from = note.source.map(|s| format!("{}: ", s.as_str())).unwrap_or_default();
    let from = if note.message.starts_with(&from) { String::new() } else { from };
    let said = vec![piece(role, format!("{mark}{from}")), piece(Role::Plain, &note.message)];
    let mut facts = vec![fact(if grave { "missing" } else { "note" }, said)];
    if !note.hint.is_empty() {
        facts.push(fact("", one(Role::Dim, format!("→ {}", note.hint))));
    }
    facts
}
