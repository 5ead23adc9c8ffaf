//! `doctor`: the state of each backend, and what to do about it.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::model::action::Action;
use crate::model::evidence::{BackendState, BreakerState, BreakerStatus};
use crate::model::provenance::Provenance;
use crate::model::source::Source;
use crate::model::time::{Human, Timestamp};
use crate::report::block::{Block, Fact, Line, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::labelled;
use crate::report::frame::Frame;
use crate::report::rows::Rows;
use crate::report::text::counted;
use crate::report::wording::SameData;
use crate::report::wording::actions::hint;

/// The state of every backend.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct DoctorReport {
    /// One a backend.
    pub(crate) checks: Vec<DoctorRow>,
}

/// What is known of one backend.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct DoctorRow {
    /// Which.
    pub(crate) name: Source,
    /// Its address without user information and query.
    pub(crate) url: String,
    /// Where the address came from.
    pub(crate) url_from: String,
    /// Its state.
    pub(crate) state: BackendState,
    /// What is wrong; empty otherwise.
    pub(crate) error: String,
    /// Its version; none if it does not report one.
    pub(crate) version: Option<String>,
    /// The API that was used; may be empty.
    pub(crate) dialect: String,
    /// What it can do.
    pub(crate) abilities: Vec<Ability>,
    /// How requests are authenticated, without secrets.
    pub(crate) auth: String,
    /// By how much its clock is ahead of ours, in nanoseconds.
    pub(crate) clock_difference_ns: Option<i64>,
    /// The newest data seen.
    pub(crate) newest: Option<Timestamp>,
    /// Whether it failed so often that requests were stopped; none if none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) breaker: Option<BreakerStatus>,
    /// What to do; empty if nothing is wrong.
    #[serde(serialize_with = "serialize_next")]
    #[schemars(with = "String")]
    pub(crate) next: Vec<Action>,
}

/// What to do in words: it depends on the backend alone, not on the data of an answer.
fn next(check: &DoctorRow) -> String {
    hint(&check.next, &SameData::new(&Provenance::default()))
}

fn serialize_next<S: Serializer>(next: &[Action], to: S) -> Result<S::Ok, S::Error> {
    hint(next, &SameData::new(&Provenance::default())).serialize(to)
}

impl DoctorRow {
    /// A backend of which only the origin of its address is known.
    pub(crate) fn blank(name: Source, url_from: impl Into<String>) -> Self {
        Self {
            name,
            url: String::new(),
            url_from: url_from.into(),
            state: BackendState::Ok,
            error: String::new(),
            version: None,
            dialect: String::new(),
            abilities: Vec::new(),
            auth: String::new(),
            clock_difference_ns: None,
            newest: None,
            breaker: None,
            next: vec![],
        }
    }
}

/// Something that a backend can or cannot do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Ability {
    /// What.
    pub(crate) what: String,
    /// Whether it can, in words.
    pub(crate) answer: String,
}

impl ReportBody for DoctorReport {
    const NAME: &'static str = "doctor";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<Rows> {
        let row = |check: &DoctorRow| {
            let abilities = check.abilities.iter().map(|a| format!("{}: {}", a.what, a.answer)).collect::<Vec<_>>();
            vec![
                json!(check.name),
                json!(check.url),
                json!(check.url_from),
                json!(check.state),
                json!(check.error),
                json!(check.version),
                json!(check.dialect),
                json!(abilities.join("; ")),
                json!(check.auth),
                json!(check.clock_difference_ns),
                json!(check.newest),
                json!(next(check)),
            ]
        };
        Some(Rows {
            kind: "backend",
            columns: &[
                "name",
                "url",
                "url_from",
                "state",
                "error",
                "version",
                "dialect",
                "abilities",
                "auth",
                "clock_difference_ns",
                "newest",
                "next",
            ],
            rows: self.checks.iter().map(row).collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let count = self.checks.iter().filter(|c| needs_a_look(c)).count();
        // The only notes of a doctor say that it was interrupted.
        let is_cut = !frame.provenance.notes.is_empty();
        let title = match count {
            _ if is_cut => styled(TextRole::Warn, "– not everything was looked at"),
            0 if !self.checks.iter().any(|c| c.state == BackendState::Ok) => {
                styled(TextRole::Error, "✗ no backend answers")
            }
            0 => styled(TextRole::Good, "✓ all backends are well"),
            n => {
                let all_answer = self.checks.iter().all(|c| !needs_a_look(c) || c.state == BackendState::Ok);
                let (role, mark) = if all_answer { (TextRole::Warn, "–") } else { (TextRole::Error, "✗") };
                let need = if n == 1 { "needs" } else { "need" };
                styled(role, format!("{mark} {} {need} a look", counted(n, "backend")))
            }
        };
        let mut blocks = vec![Block::Line(title)];
        blocks.extend(frame.completeness().into_iter().filter(|_| is_cut));
        for check in &self.checks {
            blocks.push(Block::Blank);
            blocks.push(Block::Line(head(check)));
            blocks.push(Block::Facts(facts(check, frame)));
        }
        let remarks = frame.notes();
        if !remarks.is_empty() {
            blocks.push(Block::Blank);
            blocks.push(Block::Facts(remarks));
        }
        blocks
    }
}

fn needs_a_look(check: &DoctorRow) -> bool {
    match check.state {
        BackendState::Ok => !check.next.is_empty(),
        BackendState::Partial | BackendState::Unreachable | BackendState::Refused => true,
        BackendState::NotConfigured | BackendState::LeftOut | BackendState::NotNeeded => false,
    }
}

fn head(check: &DoctorRow) -> Line {
    let (role, mark) = match check.state {
        BackendState::Ok if check.next.is_empty() => (TextRole::Good, "✓"),
        BackendState::Ok | BackendState::Partial => (TextRole::Warn, "–"),
        BackendState::Unreachable | BackendState::Refused => (TextRole::Error, "✗"),
        _ => (TextRole::Dim, "–"),
    };
    let from = if check.url_from.is_empty() { String::new() } else { format!("  (from {})", check.url_from) };
    vec![
        piece(role, format!("{mark} ")),
        piece(TextRole::Strong, format!("{}  ", check.name.as_str())),
        piece(TextRole::Plain, &check.url),
        piece(TextRole::Dim, from),
    ]
}

fn facts(check: &DoctorRow, frame: &Frame) -> Vec<Fact> {
    let (role, state) = match check.state {
        BackendState::Ok => (TextRole::Good, "answers"),
        BackendState::Partial => (TextRole::Warn, "answers in part"),
        BackendState::Unreachable => (TextRole::Error, "does not answer"),
        BackendState::Refused => (TextRole::Error, "refuses"),
        BackendState::NotConfigured => (TextRole::Dim, "not configured"),
        BackendState::LeftOut => (TextRole::Dim, "left out"),
        BackendState::NotNeeded => (TextRole::Dim, "not needed"),
    };
    let reason = if check.error.is_empty() { String::new() } else { format!(": {}", check.error) };
    let mut facts = vec![fact("  state", vec![piece(role, state), piece(TextRole::Plain, reason)])];
    if check.state == BackendState::Ok || check.state == BackendState::Partial {
        facts.push(fact("  version", plain(check.version.as_deref().unwrap_or("not told"))));
    }
    if !check.dialect.is_empty() {
        facts.push(fact("  speaks", plain(check.dialect.clone())));
    }
    facts.extend(labelled(
        "  can",
        check
            .abilities
            .iter()
            .map(|a| vec![piece(TextRole::Plain, format!("{}: ", a.what)), piece(TextRole::Strong, &a.answer)]),
    ));
    if !check.auth.is_empty() {
        facts.push(fact("  auth", plain(check.auth.clone())));
    }
    facts.extend(check.clock_difference_ns.map(|ns| fact("  clock", clock(ns))));
    facts.extend(check.newest.map(|at| fact("  newest", plain(frame.zone.full(at)))));
    facts.extend(
        check.breaker.iter().filter(|b| b.state != BreakerState::Closed).map(|b| fact("  breaker", plain(b.line()))),
    );
    if !check.next.is_empty() {
        facts.push(fact("  next", plain(next(check))));
    }
    facts
}

fn clock(ahead_ns: i64) -> Line {
    const ROUGHLY_EQUAL: i64 = 2_000_000_000;
    match ahead_ns {
        ns if ns.saturating_abs() < ROUGHLY_EQUAL => plain("agrees with ours"),
        ns if ns > 0 => styled(TextRole::Warn, format!("{} ahead of ours", Human(ns))),
        ns => styled(TextRole::Warn, format!("{} behind ours", Human(ns.saturating_neg()))),
    }
}
