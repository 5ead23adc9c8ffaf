//! What surrounds the body of every report: how complete the answer is, notes, the searched time, what to run next.

use crate::model::action::Invocation;
use crate::model::basis::Basis;
use crate::model::evidence::{BackendState, BackendStatus, Note, NoteCode};
use crate::model::provenance::{PageLink, Provenance};
use crate::model::source::Source;
use crate::model::time::{Human, Window, Zone};
use crate::report::block::{Block, Fact, Line, TextRole, fact, piece, plain, styled};
use crate::report::facts::labelled;
use crate::report::text::counted;
use crate::report::wording::SameData;
use crate::report::wording::actions::{command, hint};

/// How much of an ID is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdLength {
    /// Its beginning.
    Short,
    /// All of it.
    Full,
}

/// What metrics were asked for, which says what the items of their backend are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricUse {
    /// Alerts, of Prometheus.
    Alerts,
    /// The numbers of the screen, of this backend: Prometheus, or another one that has metrics of its own.
    Numbers(Source),
    /// Series of Prometheus, which the screen counts itself.
    Series,
}

impl MetricUse {
    /// The use that numbers with this basis made of metrics.
    pub(crate) fn for_basis(basis: &Basis) -> Self {
        basis.backend.map_or(Self::Alerts, Self::Numbers)
    }
}

/// What every part of a screen needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// What the answer rests on.
    pub(crate) provenance: &'a Provenance,
    /// The time zone in which times are shown.
    pub(crate) zone: Zone,
    /// How many `-v` were given.
    pub(crate) verbosity: u8,
}

impl Frame<'_> {
    /// Whether the answer is complete, and how each backend did.
    pub(crate) fn completeness(&self) -> Vec<Block> {
        self.completeness_with(MetricUse::Alerts)
    }

    /// The same if metrics were asked for something other than alerts.
    pub(crate) fn completeness_with(&self, metrics: MetricUse) -> Vec<Block> {
        let Provenance { complete, backends, notes, .. } = self.provenance;
        if backends.is_empty() && *complete {
            return vec![];
        }
        let mut items =
            vec![if *complete { styled(TextRole::Good, "complete") } else { styled(TextRole::Warn, "NOT COMPLETE") }];
        items.extend(backends.iter().map(|status| backend_line(status, metrics)));
        let mut blocks = vec![Block::Flow(items)];
        let data = SameData::new(self.provenance);
        let missing = notes.iter().filter(|note| note.code.is_incomplete());
        let missing: Vec<Fact> = missing.flat_map(|note| note_facts(note, &data)).collect();
        if !missing.is_empty() {
            blocks.push(Block::Facts(missing));
        }
        if self.verbosity > 0 {
            blocks.push(Block::Facts(backends.iter().map(address).collect()));
        }
        blocks
    }

    /// How much of a trace ID is shown.
    pub(crate) fn id_length(&self) -> IdLength {
        if self.verbosity > 0 { IdLength::Full } else { IdLength::Short }
    }

    /// Notes that do not touch completeness. Backends that are not configured share one line, unless `-v` is given.
    pub fn notes(&self) -> Vec<Fact> {
        let is_merged = |note: &&Note| self.verbosity == 0 && note.code == NoteCode::NotConfigured;
        let notes = || self.provenance.notes.iter().filter(|note| !note.code.is_incomplete());
        // Backends that were left out on purpose are shown beside the others.
        let is_left_out = |source: &Source| {
            let left_out = |b: &BackendStatus| b.name == *source && b.state == BackendState::LeftOut;
            self.provenance.backends.iter().any(left_out)
        };
        let absent = notes().filter(is_merged).filter_map(|note| note.source).filter(|source| !is_left_out(source));
        let absent: Vec<&str> = absent.map(Source::as_str).collect();
        let data = SameData::new(self.provenance);
        let shown = notes().filter(|note| !is_merged(note));
        let mut facts: Vec<Fact> = shown.flat_map(|note| note_facts(note, &data)).collect();
        if !absent.is_empty() && self.any_backend_responded() {
            let places = if absent.len() == 1 { "its usual address" } else { "their usual addresses" };
            let text = format!("not configured: {} (none at {places}; -v tells more)", absent.join(", "));
            facts.push(fact("note", plain(text)));
        }
        facts
    }

    /// Whether any backend responded; true if none was to be asked.
    pub(crate) fn any_backend_responded(&self) -> bool {
        let is_silent = |b: &BackendStatus| !matches!(b.state, BackendState::Ok | BackendState::Partial);
        self.provenance.backends.is_empty() || !self.provenance.backends.iter().all(is_silent)
    }

    /// The time that was searched. Kinds of data with the same time share a line.
    pub(crate) fn searched(&self) -> Vec<Fact> {
        let searched = &self.provenance.window;
        let kinds = [("traces", &searched.traces), ("logs", &searched.logs), ("metrics", &searched.metrics)];
        let mut groups: Vec<(String, Window)> = vec![];
        for (kind, window) in kinds.iter().flat_map(|(kind, windows)| windows.iter().map(move |w| (kind, w))) {
            match groups.iter_mut().find(|(_, known)| *known == window) {
                Some((kinds, _)) => *kinds += &format!(", {kind}"),
                None => groups.push(((*kind).to_owned(), window)),
            }
        }
        let line = |(kinds, window): &(String, Window)| {
            vec![piece(TextRole::Plain, self.time_range(*window)), piece(TextRole::Dim, format!("  {kinds}"))]
        };
        labelled("covered", groups.iter().map(line))
    }

    /// `2026-11-22 13:02 – 14:02 +01:00`.
    pub(crate) fn time_range(&self, window: Window) -> String {
        let zone = self.zone;
        let is_same_day = zone.date(window.from) == zone.date(window.to);
        let to = if is_same_day { zone.clock_minutes(window.to) } else { zone.minute(window.to) };
        format!("{} – {to} {}", zone.minute(window.from), zone.offset(window.from))
    }

    /// Pages of the backends about the same data.
    pub(crate) fn links(&self) -> Vec<Fact> {
        let line =
            |link: &PageLink| vec![piece(TextRole::Dim, format!("{} ", link.what)), piece(TextRole::Link, &link.url)];
        labelled("open", self.provenance.links.iter().map(line))
    }

    /// Commands to run next, one to a line.
    pub(crate) fn next(&self, commands: &[Invocation]) -> Vec<Fact> {
        labelled("next", commands.iter().map(|run| styled(TextRole::Command, self.command(run))))
    }

    /// A command about the same data as a shell takes it.
    pub(crate) fn command(&self, run: &Invocation) -> String {
        command(run, &SameData::new(self.provenance))
    }
}

/// `jaeger ✓ 14 ms (9 spans, v1)`.
fn backend_line(status: &BackendStatus, metrics: MetricUse) -> Line {
    let name = piece(TextRole::Plain, format!("{} ", status.name.as_str()));
    let (role, text) = match status.state {
        BackendState::Ok => (TextRole::Good, "✓"),
        BackendState::Partial if status.items == 0 && !status.error.is_empty() => (TextRole::Error, "✗ nothing usable"),
        BackendState::Partial => (TextRole::Warn, "– partial"),
        BackendState::Unreachable if status.requests == 0 => (TextRole::Error, "✗ not asked"),
        BackendState::Unreachable => (TextRole::Error, "✗ no answer"),
        BackendState::Refused => (TextRole::Error, "✗ refused"),
        BackendState::NotConfigured => (TextRole::Dim, "– not configured"),
        BackendState::LeftOut => (TextRole::Dim, "– left out"),
        BackendState::NotNeeded => (TextRole::Dim, "– not needed"),
    };
    let mut line = vec![name, piece(role, text)];
    if matches!(status.state, BackendState::Ok | BackendState::Partial) {
        if !matches!(status.name, Source::File | Source::Demo) {
            line.push(piece(TextRole::Plain, format!(" {}", Human(status.elapsed_ns))));
        }
        let items = match status.name {
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
        let details: Vec<&str> = [items.as_str(), &status.detail].into_iter().filter(|text| !text.is_empty()).collect();
        line.push(piece(TextRole::Dim, format!(" ({})", details.join(", "))));
    }
    line
}

fn address(status: &BackendStatus) -> Fact {
    let requests = counted(status.requests, "request");
    fact(status.name.as_str(), styled(TextRole::Dim, format!("{} from {}, {requests}", status.url, status.url_from)))
}

/// A note with its hint below it.
fn note_facts(note: &Note, data: &SameData) -> Vec<Fact> {
    let is_grave = note.code.is_incomplete();
    let (label, role, mark) =
        if is_grave { ("missing", TextRole::Warn, "✗ ") } else { ("note", TextRole::Plain, "") };
    let source = note.source.map(|source| format!("{}: ", source.as_str())).unwrap_or_default();
    let mut facts =
        vec![fact(label, vec![piece(role, format!("{mark}{source}")), piece(TextRole::Plain, &note.message)])];
    if !note.actions.is_empty() {
        facts.push(fact("", styled(TextRole::Dim, format!("→ {}", hint(&note.actions, data)))));
    }
    facts
}
