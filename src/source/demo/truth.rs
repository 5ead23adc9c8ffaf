//! What goes wrong in a generated run, and the truth about it.

use std::collections::BTreeSet;

use super::services::{MS, SPELL};
use crate::model::id::{SpanId, TraceId};

/// What goes wrong in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The last message is published and never consumed.
    LostMessage,
    /// A consumer starts its own trace: the same correlation ID, no link.
    OwnTrace,
    /// A consumer starts its own trace and links to the publishing span.
    LinkedTrace,
    /// `storage_reference_update` never runs.
    MissingStorageUpdate,
    /// A message waits 45 s.
    LateConsumer,
    /// A span in the middle is never stored; its children name it.
    ParentNeverStored,
    /// All times of the spell checker are 1.5 s behind.
    ClockOff,
    /// `storage_reference_update` fails.
    StorageError,
    /// The database fails, so does what called it, up to the consumer.
    DatabaseCascade,
    /// A service that is called does not listen.
    CalleeDown,
    /// A message is delivered twice; the first attempt failed.
    Redelivery,
    /// One service writes lines and makes no spans.
    LogsOnlyService,
    /// Only the first span carries the correlation ID.
    UntaggedSpans,
    /// The lines are logfmt.
    LogfmtLogs,
    /// The lines are plain text.
    PlainLogs,
    /// The lines carry their IDs in structured metadata only.
    MetadataOnlyLogs,
    /// Twelve essays, of which one gets lost.
    FanOutLost,
    /// A correlation ID full of quotes, backslashes and umlauts.
    HostileId,
    /// A consumer starts its own trace, links to the publishing span, and carries the correlation ID nowhere.
    UntaggedConsumer,
    /// The spell checker cannot read its dictionary, and gives up.
    DictionaryUnreadable,
    /// The spell checker builds its dictionary anew, which takes 1.9 s.
    DictionaryRebuilt,
}

impl Fault {
    /// By how many nanoseconds this service's clock is ahead of the true time.
    pub fn ahead(self, service: &str) -> i64 {
        if self == Self::ClockOff && service == SPELL { -1_500 * MS } else { 0 }
    }
}

/// The truth about a run, noted while it was generated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// What goes wrong in it.
    pub fault: Fault,
    /// Its traces.
    pub traces: BTreeSet<TraceId>,
    /// How many spans are stored.
    pub span_count: usize,
    /// Their IDs.
    pub spans: BTreeSet<(TraceId, SpanId)>,
    /// How many lines there are.
    pub log_count: usize,
    /// Their texts, as stored; all different.
    pub lines: BTreeSet<String>,
    /// Services that made spans or lines.
    pub services: BTreeSet<String>,
    /// How many stored spans failed.
    pub error_spans: usize,
    /// What was planted; none in the good run.
    pub planted: Option<Planted>,
    /// What was planted by shapes that were mixed in; none unless one of them fails by rights.
    pub beside: Vec<Planted>,
}

/// What was planted, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Planted {
    /// In words.
    pub what: &'static str,
    /// The finding that should name it, as the contract calls it; empty where none should.
    pub finding: &'static str,
    /// The service it shows at.
    pub service: String,
    /// The name of the span it shows at.
    pub operation: String,
    /// The span it shows at: the one that failed, the publish without a consumer, the parent that was not stored.
    pub span: (TraceId, SpanId),
}
