//! What several reports say in the same words: the answer, how the asking went, what belongs, what to type next.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::adjust::Clocks;
use crate::analysis::critical_path::Spent;
use crate::analysis::errors::{self, Failure, Place};
use crate::analysis::findings::{Judged, Judgement};
use crate::analysis::timeline::Timeline;
use crate::model::conventions::short_service;
use crate::model::evidence::{BackendState, BackendStatus, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::id::TraceId;
use crate::model::journey::{Join, Journey, Reason, Skew};
use crate::model::log::Level;
use crate::model::metric::{Alert, AlertState, Panel, float_text};
use crate::model::pattern::Pattern;
use crate::model::span::Span;
use crate::model::time::{Human, Timestamp, Window, Zone};
use crate::report::block::{Block, Chart, Fact, Line, Role, fact, one, piece, plain};
use crate::report::findings;
use crate::report::names::Names;
use crate::report::waterfall::{self, Words};
use crate::report::words::{counted, flag, quoted};
use crate::report::{Body, Link, Report};

/// How IDs are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Their beginning.
    Short,
    /// All of them.
    Whole,
}

/// What every part needs to know.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The report.
    pub report: &'a Report,
    /// In which zone times are shown.
    pub zone: Zone,
    /// How many `-v`.
    pub verbosity: u8,
}

impl Frame<'_> {
    /// The answer in one line, then the journey in numbers.
    pub fn answer(&self, judged: &Judged, failures: &[Failure]) -> Vec<Block> {
        let journey = &judged.journey;
        let id = self.report.subject.as_deref().or(journey.correlation_id.as_deref()).unwrap_or_default();
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
        if !self.report.settled {
            items.push(one(Role::Warn, "still under way"));
        }
        let title = vec![piece(role, verdict), piece(Role::Dim, " in "), piece(Role::Strong, id)];
        vec![Block::Line(title), Block::Flow(items)]
    }

    /// Errors, and what else was found; that nothing is wrong only where that can be said.
    fn verdict(&self, failures: &[Failure], judgement: &Judgement) -> (Role, String) {
        let (errors, found) = (errors::count(failures), findings::beside_errors(judgement).count());
        let is_grave = errors > 0 || judgement.grave().any(|finding| finding.severity == Severity::Error);
        let parts = [(errors, "error"), (found, "finding")].into_iter().filter(|(n, _)| *n > 0);
        let told = parts.map(|(n, what)| counted(n, what)).collect::<Vec<_>>().join(", ");
        match told.as_str() {
            "" if self.report.complete => (Role::Good, "✓ no errors".to_owned()),
            "" => (Role::Warn, "– no errors seen so far".to_owned()),
            told if is_grave => (Role::Error, format!("✗ {told}")),
            told => (Role::Warn, format!("! {told}")),
        }
    }

    /// Whether the answer is whole, and how each backend did.
    pub fn asking(&self) -> Vec<Block> {
        if self.report.backends.is_empty() && self.report.complete {
            return vec![];
        }
        let whole = if self.report.complete { one(Role::Good, "complete") } else { one(Role::Warn, "NOT COMPLETE") };
        let mut items = vec![whole];
        items.extend(self.report.backends.iter().map(|status| backend(status, &self.report.body)));
        let mut blocks = vec![Block::Flow(items)];
        let grave = self.report.notes.iter().filter(|n| n.code.is_incomplete());
        let facts: Vec<Fact> = grave.flat_map(note).collect();
        if !facts.is_empty() {
            blocks.push(Block::Facts(facts));
        }
        if self.verbosity > 0 {
            blocks.push(Block::Facts(self.report.backends.iter().map(address).collect()));
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
        let notes = || self.report.notes.iter().filter(|n| !n.code.is_incomplete());
        let absent: Vec<&str> = notes().filter(merged).filter_map(|n| n.source).map(Source::word).collect();
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
        self.report.backends.is_empty() || !self.report.backends.iter().all(silent)
    }

    /// What time was asked; kinds of data over the same time together.
    pub fn covered(&self) -> Vec<Fact> {
        let window = &self.report.window;
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
        let say = |link: &Link| vec![piece(Role::Dim, format!("{} ", link.what)), piece(Role::Link, &link.url)];
        labelled("open", self.report.links.iter().map(say))
    }

    /// A command about the same ID on the same data.
    pub fn command(&self, words: &str, tail: &str) -> String {
        let id = self.report.subject.as_deref().unwrap_or_default();
        let id = if id.starts_with('-') { flag("--correlation-id", id) } else { quoted(id) };
        let is_clear = self.report.subject.is_none() || self.report.flags.contains("--demo");
        let id = if is_clear { "" } else { id.as_str() };
        let all = ["trace", words, id, tail, self.report.flags.as_str()];
        all.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// A command about this ID on the same data.
    pub fn command_about(&self, words: &str, id: &str) -> String {
        let id = if id.starts_with('-') { flag("--correlation-id", id) } else { quoted(id) };
        let all = ["trace", words, id.as_str(), self.report.flags.as_str()];
        all.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
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

/// What failed, the first few.
pub fn failures(journey: &Journey, failures: &[Failure], origin: Timestamp, names: &Names, most: usize) -> Vec<Block> {
    let mut blocks = vec![];
    for failure in failures.iter().take(most) {
        blocks.extend(failure_blocks(journey, failure, origin, names));
    }
    if failures.len() > most {
        let more = counted(failures.len() - most, "more kind");
        blocks.push(Block::Line(one(Role::Dim, format!("  … {more} of error, see the rows marked ✗"))));
    }
    blocks
}

/// Commands to type next, one to a line.
pub fn next(commands: &[String]) -> Vec<Fact> {
    let label = |nth: usize| if nth == 0 { "next" } else { "" };
    commands.iter().enumerate().map(|(nth, c)| fact(label(nth), one(Role::Command, c.clone()))).collect()
}

/// Where the critical path spent its time.
pub fn time(journey: &Journey, timeline: &Timeline, names: &Names) -> Vec<Fact> {
    const MOST: usize = 3;
    let path = &timeline.critical;
    let all = path.length_ns();
    if all == 0 || journey.spans.len() < 3 {
        return vec![];
    }
    let say = |share: &crate::analysis::critical_path::Share| {
        let span = &journey.spans[share.span];
        let percent = i128::from(share.total_ns) * 100 / i128::from(all);
        let name = text(&waterfall::name(span, names));
        let what = format!("{}  {name}", names.get(span.service()));
        let topic = names.topic(span.topic().unwrap_or_default());
        let again = timeline.messages.delivered_before(share.span).is_some();
        let what = match share.spent {
            Spent::Work => what,
            Spent::Wait if again => format!("until delivered again  {topic}"),
            Spent::Wait if !topic.is_empty() => format!("in the queue  {topic}"),
            Spent::Wait => format!("waiting for {what}"),
            Spent::Gap => format!("nothing open before {what}"),
        };
        let length = piece(Role::Strong, format!("{:>7}", Human(share.total_ns).to_string()));
        vec![length, piece(Role::Dim, format!(" {percent:>3} %  ")), piece(Role::Plain, what)]
    };
    let shares = path.shares(journey);
    let telling = shares.iter().filter(|s| s.total_ns >= all / 100).take(MOST);
    labelled("time", telling.map(say))
}

/// Clock differences.
pub fn skew(skew: &[Skew], names: &Names, adjusted: bool) -> Vec<Fact> {
    let say = |skew: &Skew| {
        let way = if skew.ahead_ns < 0 { "behind" } else { "ahead of" };
        let by = Human(skew.ahead_ns.saturating_abs());
        let how = if skew.within_ns.is_some() { "about" } else { "at least" };
        let (who, whom) = (names.get(&skew.service), names.get(&skew.reference));
        plain(format!("{who} is {how} {by} {way} {whom} (measured on {})", counted(skew.pairs, "pair")))
    };
    let mut facts = labelled("clocks", skew.iter().map(say));
    if !skew.is_empty() {
        let said = if adjusted {
            "times below are put right"
        } else {
            "times are as recorded; --adjust-clocks puts them right"
        };
        facts.push(fact("", one(Role::Dim, said)));
    }
    facts
}

/// What a line says.
fn text(line: &Line) -> String {
    line.iter().map(|piece| piece.text.as_str()).collect()
}

/// An operation as the rows call it.
fn operation(journey: &Journey, place: &Place, names: &Names) -> String {
    let is_it = |span: &&Span| span.name == place.operation && span.service() == place.service;
    journey.spans.iter().find(is_it).map_or(place.operation.clone(), |span| text(&waterfall::name(span, names)))
}

fn failure_blocks(journey: &Journey, failure: &Failure, origin: Timestamp, names: &Names) -> Vec<Block> {
    let mut head = vec![
        piece(Role::Error, "✗ "),
        piece(Role::Strong, names.get(&failure.place.service)),
        piece(Role::Strong, format!("  {}", operation(journey, &failure.place, names))),
    ];
    if failure.count > 1 {
        head.push(piece(Role::Error, format!("  ×{}", failure.count)));
    }
    let mut blocks = vec![Block::Line(head)];
    if !failure.what.is_empty() {
        blocks.push(Block::Line(vec![piece(Role::Plain, "  "), piece(Role::Error, &failure.what)]));
    }
    let mut aside = format!("  {} in", Human(failure.time.since(origin)));
    match failure.span_id {
        Some(span) => aside += &format!(" · span {}", names.span(span)),
        None => aside += " · told by a log line only",
    }
    if !failure.passed_on_by.is_empty() {
        let say = |p: &Place| format!("{} {}", names.get(&p.service), operation(journey, p, names));
        let callers = failure.passed_on_by.iter().map(say);
        aside += &format!(" · passed on by {}", callers.collect::<Vec<_>>().join(" ← "));
    }
    blocks.push(Block::Line(one(Role::Dim, aside)));
    blocks
}

/// Its mark, how long it took, what it gave. Where nobody asked for alerts, none are counted.
fn backend(status: &BackendStatus, body: &Body) -> Line {
    let name = piece(Role::Plain, format!("{} ", status.name.word()));
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
            Source::Prometheus if matches!(body, Body::Phases(_) | Body::Rules(_)) => String::new(),
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
    fact(status.name.word(), one(Role::Dim, format!("{} from {}, {asked}", status.url, status.url_from)))
}

/// A remark with its advice below it.
fn note(note: &Note) -> Vec<Fact> {
    let grave = note.code.is_incomplete();
    let (role, mark) = if grave { (Role::Warn, "✗ ") } else { (Role::Plain, "") };
    let from = note.source.map(|s| format!("{}: ", s.word())).unwrap_or_default();
    let from = if note.message.starts_with(&from) { String::new() } else { from };
    let said = vec![piece(role, format!("{mark}{from}")), piece(Role::Plain, &note.message)];
    let mut facts = vec![fact(if grave { "missing" } else { "note" }, said)];
    if !note.hint.is_empty() {
        facts.push(fact("", one(Role::Dim, format!("→ {}", note.hint))));
    }
    facts
}

/// Facts of one kind, labelled once.
pub fn labelled(label: &'static str, lines: impl Iterator<Item = Line>) -> Vec<Fact> {
    lines.enumerate().map(|(nth, line)| fact(if nth == 0 { label } else { "" }, line)).collect()
}

/// Why each part belongs, parts with the same reason together.
pub fn joined(journey: &Journey, names: &Names, ids: Ids) -> Vec<Fact> {
    let tagged: BTreeSet<Option<TraceId>> = journey.joins.iter().filter(|j| is_tag(j)).map(|j| j.trace_id).collect();
    let mut groups: Vec<Group> = vec![];
    for join in journey.joins.iter().filter(|join| is_tag(join) || join.lines > 0 || !tagged.contains(&join.trace_id)) {
        match groups.iter_mut().find(|group| group.takes(join)) {
            Some(group) => group.joins.push(join),
            None => groups.push(Group { joins: vec![join] }),
        }
    }
    labelled("joined", groups.iter().map(|group| plain(group.because(names, ids))))
}

/// The strongest reason: what carries the ID itself needs no other on the screen. JSON has them all.
fn is_tag(join: &Join) -> bool {
    matches!(join.reason, Reason::Tag { .. })
}

/// Joins that one sentence tells.
struct Group<'a> {
    joins: Vec<&'a Join>,
}

impl Group<'_> {
    fn takes(&self, join: &Join) -> bool {
        let first = self.joins[0];
        match (&first.reason, &join.reason) {
            (Reason::LogLine { .. }, Reason::LogLine { .. }) => first.trace_id == join.trace_id,
            (Reason::Link { .. }, Reason::Link { .. }) | (Reason::Message { .. }, Reason::Message { .. }) => true,
            (one, other) => one == other,
        }
    }

    fn because(&self, names: &Names, ids: Ids) -> String {
        let mut traces: Vec<TraceId> = self.joins.iter().filter_map(|j| j.trace_id).collect();
        traces.sort_unstable();
        traces.dedup();
        let n: usize = self.joins.iter().map(|j| j.lines).sum();
        let which = trace_list(&traces, ids);
        let (have, are) = if traces.len() == 1 { ("has", "is") } else { ("have", "are") };
        let carry = if n == 1 { "carries" } else { "carry" };
        let lines = counted(n, "log line");
        match &self.joins[0].reason {
            Reason::Tag { key } => format!("{which} {have} tag {key}"),
            Reason::TraceId => format!("{which} {are} the one asked for"),
            Reason::Link { .. } => format!("{which} {are} joined by a span link"),
            Reason::LogLine { .. } => format!("{which} {are} named in log lines of {}", self.writers(names)),
            Reason::Message { .. } => format!("{which} {have} the same message ID"),
            Reason::Text => format!("{lines} {carry} the ID"),
            Reason::TraceOfLine if traces.is_empty() => format!("{lines} {carry} a trace of the journey"),
            Reason::TraceOfLine => format!("{lines} {carry} {which}"),
        }
    }

    fn writers(&self, names: &Names) -> String {
        let writer = |join: &&Join| match &join.reason {
            Reason::LogLine { service } => Some(names.get(service).to_owned()),
            _ => None,
        };
        self.joins.iter().filter_map(writer).collect::<Vec<_>>().join(", ")
    }
}

fn trace_list(traces: &[TraceId], ids: Ids) -> String {
    const MOST: usize = 4;
    let shown = |trace: &TraceId| if ids == Ids::Whole { trace.to_string() } else { trace.short() };
    let shown: Vec<String> = traces.iter().take(MOST).map(shown).collect();
    let more = traces.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("trace{} {}{rest}", if traces.len() == 1 { "" } else { "s" }, shown.join(", "))
}

/// Traces that touch the journey and are not of it, and those that nobody has.
pub fn neighbours(journey: &Journey) -> Vec<Fact> {
    const MOST: usize = 5;
    let related = journey.related.iter().take(MOST).map(|r| {
        let ids = r.correlation_ids.join(", ");
        vec![
            piece(Role::Plain, format!("trace {} of {ids}", r.trace_id.short())),
            piece(Role::Dim, format!(" ({})", r.why)),
        ]
    });
    let mut facts = labelled("related", related);
    let more = journey.related.len().saturating_sub(MOST);
    if more > 0 {
        facts.push(fact("", one(Role::Dim, format!("and {}", counted(more, "more trace")))));
    }
    let lost = journey.not_stored.iter().take(MOST);
    facts.extend(labelled(
        "lost",
        lost.map(|t| one(Role::Warn, format!("trace {} is named here and stored nowhere", t.short()))),
    ));
    let unread = journey.not_fetched.iter().take(MOST);
    facts.extend(labelled(
        "not here",
        unread.map(|t| plain(format!("trace {} is named here, and none of its spans was read", t.short()))),
    ));
    let several = journey
        .several_ids
        .iter()
        .take(MOST)
        .map(|id| plain(format!("{id} (the trace carries several IDs; none was followed)")));
    facts.extend(labelled("carries", several));
    facts
}

/// Configured panels as small charts.
pub fn panels(panels: &[Panel]) -> Vec<Block> {
    let mut charts = vec![];
    for panel in panels {
        if let Some(error) = &panel.error {
            charts.push(Chart { name: panel.name.clone(), values: vec![], caption: one(Role::Warn, error.clone()) });
        } else if panel.series.is_empty() {
            charts.push(Chart { name: panel.name.clone(), values: vec![], caption: one(Role::Dim, "no data") });
        }
        for series in &panel.series {
            let values: Vec<f64> = series.samples.iter().map(|(_, value)| *value).collect();
            let labels: Vec<String> =
                series.labels.iter().filter(|(k, _)| *k != "__name__").map(|(k, v)| format!("{k}={v}")).collect();
            let several = panel.series.len() > 1 && !labels.is_empty();
            let name = if several { format!("{} {}", panel.name, labels.join(" ")) } else { panel.name.clone() };
            charts.push(Chart { name, caption: plain(extremes(&values)), values });
        }
    }
    if charts.is_empty() { vec![] } else { vec![Block::Blank, Block::Charts(charts)] }
}

/// The least, the greatest and the last of these, in words.
pub fn extremes(values: &[f64]) -> String {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let round = |value: f64| float_text((value * 1_000.0).round() / 1_000.0);
    match (finite().reduce(f64::min), finite().reduce(f64::max), values.last()) {
        (Some(min), Some(max), Some(last)) => format!("min {}  max {}  last {}", round(min), round(max), round(*last)),
        _ => "no data".to_owned(),
    }
}

/// Services that wrote lines and have no span in a journey that has spans.
pub fn unseen(journey: &Journey, names: &Names) -> Vec<Fact> {
    let seen: BTreeSet<&str> = journey.spans.iter().map(|s| short_service(s.service())).collect();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for line in journey.logs.iter().filter(|l| !l.service.is_empty() && !seen.contains(short_service(&l.service))) {
        *lines.entry(&line.service).or_default() += 1;
    }
    lines.retain(|_, _| !journey.spans.is_empty());
    let say = |(service, n): (&&str, &usize)| {
        plain(format!("{} wrote {} and has no spans here", names.get(service), counted(*n, "line")))
    };
    labelled("unseen", lines.iter().map(say))
}

/// The bars; where the filters left none, that.
pub fn drawing(timeline: &Timeline, words: &Words, filters: &Filters) -> Vec<Block> {
    match filtered(timeline.filtered, timeline.filtered_lines, filters) {
        Some(said) if timeline.rows.is_empty() => {
            vec![Block::Line(vec![piece(Role::Warn, "– nothing to show: "), piece(Role::Plain, said)])]
        }
        _ => waterfall::blocks(timeline, words),
    }
}

/// What filters left out of a drawing that shows something.
pub fn left_out(timeline: &Timeline, filters: &Filters) -> Option<String> {
    filtered(timeline.filtered, timeline.filtered_lines, filters).filter(|_| !timeline.rows.is_empty())
}

/// What filters left out, and by which flags; none where they left out nothing.
pub fn filtered(spans: usize, lines: usize, filters: &Filters) -> Option<String> {
    let parts = [(spans, "span"), (lines, "log line")].into_iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, what)| counted(n, what)).collect();
    let are = if spans + lines == 1 { "is" } else { "are" };
    (!parts.is_empty()).then(|| format!("{} {are} filtered out by {}", parts.join(" and "), flags(filters)))
}

/// The services there are, where a filter names none of them.
pub fn services(journey_services: &[&str], filters: &Filters) -> Vec<Fact> {
    const MOST: usize = 20;
    if filters.services.is_empty() || journey_services.iter().any(|s| filters.wants_service(s)) {
        return vec![];
    }
    let names = Names::of(journey_services);
    let mut items: Vec<Line> = journey_services.iter().take(MOST).map(|s| plain(names.get(s))).collect();
    if journey_services.len() > MOST {
        items.push(one(Role::Dim, format!("{} more", journey_services.len() - MOST)));
    }
    vec![Fact { label: "services", items }]
}

/// Filters as they were typed.
pub fn flags(filters: &Filters) -> String {
    let each = |flag: &'static str, patterns: &[Pattern]| -> Vec<String> {
        patterns.iter().map(|p| self::flag(flag, &p.to_string())).collect()
    };
    let length =
        |flag: &str, ns: Option<i64>| ns.map(|ns| format!("{flag} {}", Human(ns).to_string().replace(' ', "")));
    let mut all = each("--service", &filters.services);
    all.extend(each("--operation", &filters.operations));
    all.extend(filters.tags.iter().map(|(key, value)| flag("--tag", &format!("{key}={value}"))));
    all.extend(filters.errors_only.then(|| "--error".to_owned()));
    all.extend(length("--min-duration", filters.min_duration_ns));
    all.extend(length("--max-duration", filters.max_duration_ns));
    all.extend(each("--log", &filters.log));
    all.extend((filters.level > Level::Unknown).then(|| format!("--level {}", filters.level.word())));
    all.join(" ")
}
