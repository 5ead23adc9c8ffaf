//! What every report has in common: the trait that each one implements, and the document around it.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::model::evidence::Searched;
use crate::model::provenance::{PageLink, Provenance};
use crate::model::time::Zone;
use crate::report::block::Block;
use crate::report::frame::Frame;
use crate::report::graph::Graph;
use crate::report::rows::Rows;
use crate::report::status_records::{BackendRecord, NoteRecord};
use crate::report::wording::SameData;

/// The version of the JSON documents. It grows when a field changes its meaning or goes away.
const SCHEMA_VERSION: u32 = 1;

/// One kind of report: blocks for people, a record and rows for programs.
pub(crate) trait ReportBody: Debug {
    /// Its name in JSON.
    const NAME: &'static str;

    /// Its part of the JSON document. The JSON Schema is made from this type.
    type Record<'a>: Serialize + JsonSchema
    where
        Self: 'a;

    /// What people see.
    fn blocks(&self, frame: &Frame) -> Vec<Block>;

    /// What JSON holds.
    fn record<'a>(&'a self, provenance: &'a Provenance) -> Self::Record<'a>;

    /// The main table, for CSV and JSON lines; none where it has none.
    fn rows(&self) -> Option<Rows> {
        None
    }

    /// The graph, for Mermaid and Graphviz; none unless it is one.
    fn graph(&self) -> Option<Graph> {
        None
    }
}

/// Any `ReportBody`, whatever the type of its record.
trait AnyBody: Debug {
    fn name(&self) -> &'static str;
    fn blocks(&self, frame: &Frame) -> Vec<Block>;
    fn record<'a>(&'a self, provenance: &'a Provenance) -> Box<dyn erased_serde::Serialize + 'a>;
    fn rows(&self) -> Option<Rows>;
    fn graph(&self) -> Option<Graph>;
}

impl<B: ReportBody> AnyBody for B {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        ReportBody::blocks(self, frame)
    }

    fn record<'a>(&'a self, provenance: &'a Provenance) -> Box<dyn erased_serde::Serialize + 'a> {
        Box::new(ReportBody::record(self, provenance))
    }

    fn rows(&self) -> Option<Rows> {
        ReportBody::rows(self)
    }

    fn graph(&self) -> Option<Graph> {
        ReportBody::graph(self)
    }
}

/// One answer: what it rests on, and what it says.
#[derive(Debug)]
pub(crate) struct Report {
    /// What it rests on.
    pub(crate) provenance: Provenance,
    body: Box<dyn AnyBody>,
}

impl Report {
    /// A report with this provenance: notes and backends in the order in which they are shown.
    pub(crate) fn new(mut provenance: Provenance, body: impl ReportBody + 'static) -> Self {
        provenance.notes.sort();
        provenance.backends.sort_by(|a, b| (a.name, &a.url).cmp(&(b.name, &b.url)));
        Self { provenance, body: Box::new(body) }
    }

    /// What people see.
    pub(crate) fn blocks(&self, zone: Zone, verbosity: u8) -> Vec<Block> {
        self.body.blocks(&Frame { provenance: &self.provenance, zone, verbosity })
    }

    /// The main table; none where it has none.
    pub(crate) fn rows(&self) -> Option<Rows> {
        self.body.rows()
    }

    /// The graph; none unless it is one.
    pub(crate) fn graph(&self) -> Option<Graph> {
        self.body.graph()
    }

    /// The JSON document without its body.
    pub(crate) fn envelope(&self) -> impl Serialize + '_ {
        self.document(NoBody {})
    }

    fn document<R>(&self, body: R) -> Document<'_, R> {
        let provenance = &self.provenance;
        let data = SameData::new(provenance);
        Document {
            schema_version: SCHEMA_VERSION,
            report: self.body.name(),
            subject: provenance.subject.as_deref(),
            window: &provenance.window,
            complete: provenance.complete,
            settled: provenance.settled,
            notes: provenance.notes.iter().map(|note| NoteRecord::new(note, &data)).collect(),
            backends: provenance.backends.iter().map(|backend| BackendRecord::new(backend, &data)).collect(),
            links: &provenance.links,
            body,
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.document(self.body.record(&self.provenance)).serialize(to)
    }
}

/// A JSON document: the provenance, and beside it the fields of the body.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document<'a, R> {
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
    notes: Vec<NoteRecord<'a>>,
    /// How each backend did.
    backends: Vec<BackendRecord<'a>>,
    /// Pages of the backends' own about the same.
    links: &'a [PageLink],
    #[serde(flatten)]
    body: R,
}

/// The body where only the provenance is wanted.
#[derive(Serialize)]
struct NoBody {}
