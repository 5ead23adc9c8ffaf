//! What is shown: one file a report, each as neutral blocks for people and as data for programs.

pub mod alerts;
pub mod block;
pub mod config;
pub mod diff;
pub mod doctor;
pub mod errors;
pub mod filters;
pub mod find;
pub mod findings;
pub mod frame;
pub mod graph;
pub mod hotspots;
pub mod latency;
pub mod learned;
pub mod logs;
pub mod map;
pub mod membership;
pub mod missing;
pub mod names;
pub mod parts;
pub mod phases;
pub mod record;
pub mod rows;
pub mod rules;
pub mod span;
pub mod spec_check;
pub mod timeline;
pub mod tour;
pub mod verify;
mod waterfall;
pub mod why;
pub mod window;
pub mod wording;
pub mod words;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::model::basis::Basis;
use crate::model::evidence::{BackendStatus, Evidence, Note, Searched};
use crate::model::filter::Filters;
use crate::model::time::Zone;
use block::Block;
use frame::Frame;
use record::JourneyRecord;

/// The version of the JSON documents. It grows when a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// One answer: what it rests on, and what it says.
#[derive(Clone, Debug)]
pub struct Report {
    /// The ID that was asked about, as given.
    pub subject: Option<String>,
    /// What time was asked.
    pub window: Searched,
    /// Whether every configured backend answered all that was asked, and nothing was cut.
    pub complete: bool,
    /// Whether the newest span ended longer ago than the settle time.
    pub settled: bool,
    /// Remarks.
    pub notes: Vec<Note>,
    /// How each backend did.
    pub backends: Vec<BackendStatus>,
    /// Flags that the commands shown as next steps need to mean the same data, such as `--demo`; may be empty.
    pub flags: String,
    /// What of it was asked about: what they need beside the flags where they are not about one ID.
    pub filters: Filters,
    /// Pages of the backends' own about the same; only where the configuration names them.
    pub links: Vec<PageLink>,
    /// What it says.
    pub body: Body,
}

/// A page about a part of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageLink {
    /// What it shows: `trace 726ced3e…`, `log lines`.
    pub what: String,
    /// Where.
    pub url: String,
}

/// What a report says: one variant a kind of report.
#[derive(Clone, Debug)]
pub enum Body {
    /// The story of one ID on one screen.
    Find(Box<find::FindReport>),
    /// The full waterfall.
    Timeline(Box<timeline::TimelineReport>),
    /// One span.
    Span(Box<span::SpanReport>),
    /// Every line.
    Logs(Box<logs::LogsReport>),
    /// What is missing or wrong, with all its evidence.
    Missing(Box<missing::MissingReport>),
    /// Where errors come from.
    Hotspots(Box<hotspots::HotspotsReport>),
    /// The newest errors, whole.
    Errors(Box<errors::ErrorsReport>),
    /// Whether runs are as their pipeline should be.
    Verification(Box<verify::VerificationReport>),
    /// Whether a pipeline's spec is sound.
    Soundness(Box<spec_check::SpecCheckReport>),
    /// What good runs have in common.
    Learned(Box<learned::LearnedReport>),
    /// How long calls take, and what users wait for.
    Latency(Box<latency::LatencyReport>),
    /// Who calls whom.
    Map(Box<map::MapReport>),
    /// How the phases of the pipeline stand.
    Phases(Box<phases::PhasesReport>),
    /// Alerts, and the journeys that show them.
    Alerts(Box<alerts::AlertsReport>),
    /// The rules of alerts and records.
    Rules(Box<rules::RulesReport>),
    /// What tells bad journeys from good ones.
    Why(Box<why::WhyReport>),
    /// Two journeys, or two windows, step by step.
    Diff(Box<diff::DiffReport>),
    /// The state of the backends.
    Doctor(doctor::DoctorReport),
    /// What is in force and where it came from.
    Config(config::ConfigReport),
    /// A guided tour.
    Tour(tour::TourReport),
}

impl Body {
    /// What its numbers rest on, where they may be taken from metrics.
    pub fn basis(&self) -> Option<&Basis> {
        match self {
            Self::Hotspots(hotspots) => Some(&hotspots.basis),
            Self::Latency(latency) => Some(&latency.basis),
            Self::Map(map) => Some(&map.basis),
            _ => None,
        }
    }

    /// Its word in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Find(_) => "find",
            Self::Timeline(_) => "timeline",
            Self::Span(_) => "span",
            Self::Logs(_) => "logs",
            Self::Missing(_) => "missing",
            Self::Hotspots(_) => "hotspots",
            Self::Errors(_) => "errors",
            Self::Verification(_) => "verification",
            Self::Soundness(_) => "soundness",
            Self::Learned(_) => "learned",
            Self::Latency(_) => "latency",
            Self::Map(_) => "map",
            Self::Phases(_) => "phases",
            Self::Alerts(_) => "alerts",
            Self::Rules(_) => "rules",
            Self::Why(_) => "why",
            Self::Diff(_) => "diff",
            Self::Doctor(_) => "doctor",
            Self::Config(_) => "config",
            Self::Tour(_) => "tour",
        }
    }
}

impl Report {
    /// A report that rests on nothing asked.
    pub fn new(body: Body) -> Self {
        Self {
            subject: None,
            window: Searched::default(),
            complete: true,
            settled: true,
            notes: vec![],
            backends: vec![],
            flags: String::new(),
            filters: Filters::default(),
            links: vec![],
            body,
        }
    }

    /// The same, resting on this evidence.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>, evidence: &Evidence) -> Self {
        self.subject = Some(subject.into());
        self.window.clone_from(&evidence.coverage);
        self.complete = evidence.is_complete();
        self.notes.clone_from(&evidence.notes);
        self.backends.clone_from(&evidence.backends);
        self.notes.sort();
        self.backends.sort_by(|a, b| (a.name, &a.url).cmp(&(b.name, &b.url)));
        self
    }

    /// What people see.
    pub fn blocks(&self, zone: Zone, verbosity: u8) -> Vec<Block> {
        let frame = Frame { report: self, zone, verbosity };
        match &self.body {
            Body::Find(body) => body.blocks(&frame),
            Body::Timeline(body) => body.blocks(&frame),
            Body::Span(body) => body.blocks(&frame),
            Body::Logs(body) => body.blocks(&frame),
            Body::Missing(body) => body.blocks(&frame),
            Body::Hotspots(body) => body.blocks(&frame),
            Body::Errors(body) => body.blocks(&frame),
            Body::Verification(body) => body.blocks(&frame),
            Body::Soundness(body) => body.blocks(),
            Body::Learned(body) => body.blocks(),
            Body::Latency(body) => body.blocks(&frame),
            Body::Map(body) => body.blocks(&frame),
            Body::Phases(body) => body.blocks(&frame),
            Body::Alerts(body) => body.blocks(&frame),
            Body::Rules(body) => body.blocks(&frame),
            Body::Why(body) => body.blocks(&frame),
            Body::Diff(body) => body.blocks(&frame),
            Body::Doctor(body) => body.blocks(&frame),
            Body::Config(body) => body.blocks(),
            Body::Tour(body) => body.blocks(&frame),
        }
    }

    /// The main table; none where it has none.
    pub fn rows(&self) -> Option<rows::Rows> {
        Some(match &self.body {
            Body::Find(body) => body.rows(),
            Body::Timeline(body) => body.rows(),
            Body::Span(body) => body.rows(),
            Body::Logs(body) => body.rows(),
            Body::Missing(body) => body.rows(),
            Body::Hotspots(body) => body.rows(),
            Body::Errors(body) => body.rows(),
            Body::Verification(body) => body.rows(),
            Body::Soundness(body) => body.rows(),
            Body::Learned(body) => body.rows(),
            Body::Latency(body) => body.rows(),
            Body::Map(body) => body.rows(),
            Body::Phases(body) => body.rows(),
            Body::Alerts(body) => body.rows(),
            Body::Rules(body) => body.rows(),
            Body::Why(body) => body.rows(),
            Body::Diff(body) => body.rows(),
            Body::Doctor(body) => body.rows(),
            Body::Config(body) => body.rows(),
            Body::Tour(_) => return None,
        })
    }

    /// What it draws, where it is a graph.
    pub fn graph(&self) -> Option<graph::Graph> {
        match &self.body {
            Body::Map(body) => Some(body.graph()),
            _ => None,
        }
    }

    /// What every document says beside its body.
    pub fn outer(&self) -> impl Serialize + '_ {
        self.document(NoBody {})
    }

    fn document<B>(&self, body: B) -> Document<'_, B> {
        Document {
            schema_version: SCHEMA_VERSION,
            report: self.body.as_str(),
            subject: self.subject.as_deref(),
            window: &self.window,
            complete: self.complete,
            settled: self.settled,
            notes: &self.notes,
            backends: &self.backends,
            links: &self.links,
            body,
        }
    }
}

/// The outer form of every JSON document.
#[derive(Serialize, JsonSchema)]
struct Document<'a, B> {
    /// The version of this form.
    schema_version: u32,
    /// Which report this is.
    report: &'a str,
    /// The ID that was asked about, as given.
    subject: Option<&'a str>,
    /// What time was asked of each kind of backend.
    window: &'a Searched,
    /// Whether every configured backend answered all that was asked, and nothing was cut.
    complete: bool,
    /// Whether the newest span ended longer ago than the settle time.
    settled: bool,
    /// Remarks, each with a code.
    notes: &'a [Note],
    /// How each backend did.
    backends: &'a [BackendStatus],
    /// Pages of the backends' own about the same.
    links: &'a [PageLink],
    #[serde(flatten)]
    body: B,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.body {
            Body::Find(body) => self.document(body.record()).serialize(to),
            Body::Timeline(body) => self.document(body.record()).serialize(to),
            Body::Span(body) => self.document(body.record()).serialize(to),
            Body::Logs(body) => self.document(body.record()).serialize(to),
            Body::Missing(body) => self.document(body.record()).serialize(to),
            Body::Hotspots(body) => self.document(body).serialize(to),
            Body::Errors(body) => self.document(body).serialize(to),
            Body::Verification(body) => self.document(body.record()).serialize(to),
            Body::Soundness(body) => self.document(body).serialize(to),
            Body::Learned(body) => self.document(body).serialize(to),
            Body::Latency(body) => self.document(body.record()).serialize(to),
            Body::Map(body) => self.document(body.record()).serialize(to),
            Body::Phases(body) => self.document(body).serialize(to),
            Body::Alerts(body) => self.document(body).serialize(to),
            Body::Rules(body) => self.document(body).serialize(to),
            Body::Why(body) => self.document(body.record()).serialize(to),
            Body::Diff(body) => self.document(body.record()).serialize(to),
            Body::Doctor(body) => self.document(body).serialize(to),
            Body::Config(body) => self.document(body).serialize(to),
            Body::Tour(body) => self.document(body).serialize(to),
        }
    }
}

/// The JSON Schema of every report.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let reports = vec![
        one::<JourneyRecord>(&mut generator, "find"),
        one::<JourneyRecord>(&mut generator, "timeline"),
        one::<span::SpanReportRecord>(&mut generator, "span"),
        one::<logs::LogsRecord>(&mut generator, "logs"),
        one::<missing::MissingRecord>(&mut generator, "missing"),
        one::<hotspots::HotspotsReport>(&mut generator, "hotspots"),
        one::<errors::ErrorsReport>(&mut generator, "errors"),
        one::<verify::VerificationRecord>(&mut generator, "verification"),
        one::<spec_check::SpecCheckReport>(&mut generator, "soundness"),
        one::<learned::LearnedReport>(&mut generator, "learned"),
        one::<latency::LatencyRecord>(&mut generator, "latency"),
        one::<map::MapRecord>(&mut generator, "map"),
        one::<phases::PhasesReport>(&mut generator, "phases"),
        one::<alerts::AlertsReport>(&mut generator, "alerts"),
        one::<rules::RulesReport>(&mut generator, "rules"),
        one::<why::WhyRecord>(&mut generator, "why"),
        one::<diff::DiffRecord>(&mut generator, "diff"),
        one::<doctor::DoctorReport>(&mut generator, "doctor"),
        one::<config::ConfigReport>(&mut generator, "config"),
        one::<tour::TourReport>(&mut generator, "tour"),
    ];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trace reports",
        "description": "what every command prints with `-o json`; times are RFC 3339 in UTC with nanoseconds",
        "oneOf": reports,
        "$defs": generator.take_definitions(true),
    })
}

fn one<B: JsonSchema>(generator: &mut SchemaGenerator, word: &str) -> Value {
    let mut schema = <Document<B> as JsonSchema>::json_schema(generator).to_value();
    schema["title"] = json!(word);
    schema["properties"]["report"] = json!({ "const": word });
    schema
}

/// Where only what surrounds a body is wanted.
#[derive(Serialize)]
struct NoBody {}
