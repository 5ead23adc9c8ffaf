//! What is wrong in a journey, or worth knowing, as facts: which finding, how severe, how sure, and what it rests on.
//! Sentences are made of it in `report::wording`.
//!
//! To add a finding: a row in the table here, a [`FindingDetail`], and what its evidence and causes need; then a rule in
//! `analysis::journey::findings::rules`, its words in `report::wording::findings`, and its row in the README.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::action::Action;
use crate::model::error_outcome::ErrorOutcome;
use crate::model::id::{SpanId, TraceId};
use crate::model::time::Timestamp;

/// On what a finding rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RestsOn {
    /// Something that is not there: withheld while more may arrive, never sure while the data is incomplete.
    Missing,
    /// Something that is there.
    Seen,
}

/// With what a journey must be compared for a finding to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComparedWith {
    /// Nothing: it shows in the journey itself.
    Nothing,
    /// Good runs, where a baseline of them was asked for.
    Baseline,
}

/// Which of the journey's data a finding is made from: without it, that the finding was not made means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MadeFrom {
    /// Spans; log lines at most add evidence.
    Spans,
    /// Spans and log lines alike.
    SpansAndLogs,
}

/// What is wrong where a finding is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concerns {
    /// The journey, or how it is traced.
    Journey,
    /// A whole trace is named and not stored: all that other findings miss may be in it.
    Storage,
}

/// The table of findings: one row each, in the order of the screen among findings of equal severity and confidence.
/// The columns: the word of flags, specs and JSON; on what it rests; with what the journey is compared; from which data it
/// is made; what it concerns; the severity from which on a spec may forbid it, which is info only for what is never more
/// than that; what it means.
macro_rules! findings {
    ($($id:ident = $word:literal: $rests_on:ident, $compared_with:ident, $made_from:ident, $concerns:ident,
        $least_severity:ident, $meaning:literal;)+) => {
        /// Which finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        pub enum FindingId {
            $(#[doc = $meaning] #[serde(rename = $word)] $id,)+
        }

        impl FindingId {
            /// Every finding.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$id),+];

            /// The word for it in flags, specs and JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$id => $word,)+ }
            }

            /// On what it rests.
            pub fn rests_on(self) -> RestsOn {
                match self { $(Self::$id => RestsOn::$rests_on,)+ }
            }

            /// With what the journey must be compared for it to be made.
            pub fn compared_with(self) -> ComparedWith {
                match self { $(Self::$id => ComparedWith::$compared_with,)+ }
            }

            /// From which data it is made.
            pub fn made_from(self) -> MadeFrom {
                match self { $(Self::$id => MadeFrom::$made_from,)+ }
            }

            /// What it concerns.
            pub fn concerns(self) -> Concerns {
                match self { $(Self::$id => Concerns::$concerns,)+ }
            }

            /// The severity from which on a spec may forbid it.
            pub fn least_severity(self) -> Severity {
                match self { $(Self::$id => Severity::$least_severity,)+ }
            }
        }
    };
}

findings! {
    ErrorOrigin = "error_origin": Seen, Nothing, Spans, Journey, Warning, "The deepest error of a cascade.";
    PublishWithoutConsume = "publish_without_consume": Missing, Nothing, Spans, Journey, Warning, "A message was sent and no consumer was found.";
    BrokenPropagation = "broken_propagation": Missing, Nothing, Spans, Journey, Warning, "A consumer or server began a trace of its own, though its cause is visible.";
    ClientWithoutServer = "client_without_server": Missing, Nothing, Spans, Journey, Warning, "A call without a span of the other side.";
    ConsumeWithoutPublish = "consume_without_publish": Missing, Nothing, Spans, Journey, Warning, "A message was consumed and no publisher was found.";
    DuplicateConsume = "duplicate_consume": Seen, Nothing, Spans, Journey, Warning, "One message was processed twice.";
    Orphan = "orphan": Missing, Nothing, Spans, Journey, Warning, "A span names a parent that is not stored.";
    TraceNotStored = "trace_not_stored": Missing, Nothing, Spans, Storage, Warning, "A line or a link names a trace that is not stored.";
    NotSampled = "not_sampled": Seen, Nothing, Spans, Storage, Info, "A line names a trace that was not sampled.";
    LogWithoutSpan = "log_without_span": Missing, Nothing, SpansAndLogs, Journey, Warning, "A service logged and has no span.";
    SiblingDeviation = "sibling_deviation": Missing, Nothing, Spans, Journey, Warning, "A step that most siblings have is missing.";
    UsuallyFollowedBy = "usually_followed_by": Missing, Baseline, Spans, Journey, Warning, "A step that good runs have is missing.";
    UnusualStep = "unusual_step": Seen, Baseline, Spans, Journey, Info, "A step that no good run has.";
    Gap = "gap": Seen, Nothing, Spans, Journey, Warning, "No span was open for long.";
    ClockSkew = "clock_skew": Seen, Nothing, Spans, Journey, Info, "Two clocks disagree, or one jumped.";
}

impl FindingId {
    /// The finding that has this word; none where no finding has.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == word)
    }

    /// Whether it is made only where there are good runs to compare with.
    pub(crate) fn needs_baseline(self) -> bool {
        self.compared_with() == ComparedWith::Baseline
    }

    /// Whether it rests on something that is not there.
    pub fn is_of_the_missing_kind(self) -> bool {
        self.rests_on() == RestsOn::Missing
    }
}

/// How severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warning,
    /// Something did not happen, or failed.
    Error,
}

impl Severity {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How sure. A finding of low confidence never decides an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It may well be otherwise.
    Low,
    /// Likely.
    Medium,
    /// Sure.
    High,
}

impl Confidence {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which: that of the cause, where one cause showed as several.
    pub id: FindingId,
    /// What else the same cause showed as, in the order of the table.
    pub also: Vec<FindingId>,
    /// The highest severity of what was merged.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// At which service it shows; may be empty.
    pub service: String,
    /// At which operation, topic or peer it shows; may be empty.
    pub operation: String,
    /// How often.
    pub count: usize,
    /// What distinguishes it from others with its ID; none for the usual case.
    pub kind: Option<FindingKind>,
    /// What it says beyond service, operation and count.
    pub detail: FindingDetail,
    /// What it rests on, by time.
    pub evidence: Vec<EvidenceItem>,
    /// What may have caused it, likeliest first.
    pub causes: Vec<Cause>,
    /// Next steps that distinguish the causes.
    pub actions: Vec<Action>,
    /// Where in the timeline something is missing.
    pub missing_parts: Vec<MissingPart>,
}

impl Finding {
    /// A finding that was made once, without place or evidence yet.
    pub(crate) fn new(id: FindingId, severity: Severity, confidence: Confidence, detail: FindingDetail) -> Self {
        Self {
            id,
            also: vec![],
            severity,
            confidence,
            service: String::new(),
            operation: String::new(),
            count: 1,
            kind: None,
            detail,
            evidence: vec![],
            causes: vec![],
            actions: vec![],
            missing_parts: vec![],
        }
    }

    /// The same, at this service and operation.
    #[must_use]
    pub(crate) fn at(mut self, service: &str, operation: &str) -> Self {
        service.clone_into(&mut self.service);
        operation.clone_into(&mut self.operation);
        self
    }

    /// Whether it is this finding, by itself or merged.
    pub fn is(&self, id: FindingId) -> bool {
        self.id == id || self.also.contains(&id)
    }

    /// Whether it concerns this, by itself or by what is merged.
    pub(crate) fn concerns(&self, what: Concerns) -> bool {
        self.id.concerns() == what || self.also.iter().any(|id| id.concerns() == what)
    }

    /// Whether it may decide an exit code where this severity does.
    pub(crate) fn gates(&self, least: Severity) -> bool {
        self.severity >= least && self.confidence > Confidence::Low
    }
}

/// What distinguishes a finding from others with the same ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A gap that is the time between publish and consume.
    QueueWait,
    /// An error after which a span around it ended well.
    Handled,
    /// An error after which the same work succeeded.
    Recovered,
    /// A call to a service that is down.
    CalleeDown,
    /// A missing parent that is outside of what is traced.
    RemoteEntry,
    /// A missing parent that has not ended.
    NeverEnded,
}

impl FindingKind {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueWait => "queue_wait",
            Self::Handled => "handled",
            Self::Recovered => "recovered",
            Self::CalleeDown => "callee_down",
            Self::RemoteEntry => "remote_entry",
            Self::NeverEnded => "never_ended",
        }
    }
}

/// An operation of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationRef {
    /// The service.
    pub service: String,
    /// The name of its spans.
    pub operation: String,
}

impl OperationRef {
    /// An operation of a service.
    pub(crate) fn new(service: impl Into<String>, operation: impl Into<String>) -> Self {
        Self { service: service.into(), operation: operation.into() }
    }
}

/// What a finding says beyond its service, operation and count. The order is the last that findings are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingDetail {
    /// The operation failed.
    ErrorOrigin {
        /// How often with this message; the count of the finding has what was merged too.
        times: usize,
        /// What came of it.
        outcome: ErrorOutcome,
        /// The error's message; may be empty.
        message: String,
    },
    /// The service sent messages that were not consumed.
    PublishWithoutConsume {
        /// The topic, or the name of the sending span.
        topic: String,
        /// What became of them.
        fate: MessageFate,
        /// The message of the error with which sending failed; empty where it did not fail.
        error: String,
    },
    /// The operation began a trace of its own.
    BrokenPropagation {
        /// The service that sent the message or made the call.
        from: String,
        /// What was consumed: the topic, or the name of the sending span; none where it was a call.
        topic: Option<String>,
    },
    /// Calls failed, and the other side has no span.
    FailedCall {
        /// The service that was called.
        callee: String,
        /// The services that called, sorted.
        callers: Vec<String>,
        /// What the errors say of the other side.
        failure: CallFailure,
    },
    /// The service called one that answered; that one, which is the finding's operation, has no span.
    UnansweredCall {
        /// Whether the other side made a span when the same service called it elsewhere.
        traced_elsewhere: bool,
    },
    /// The service consumed messages that were not published here.
    ConsumeWithoutPublish {
        /// The topic, or the name of the consuming span.
        topic: String,
    },
    /// The service was given messages more than once.
    DuplicateConsume {
        /// The topic, or the name of the consuming span.
        topic: String,
        /// The most deliveries of one message.
        deliveries: usize,
        /// Why it was given them again.
        again: Redelivery,
    },
    /// A parent of the operation is not stored.
    Orphan {
        /// What became of the parent.
        parent: MissingParent,
        /// How many spans name one of these parents.
        children: usize,
    },
    /// The service names a trace that is not stored.
    TraceNotStored {
        /// Which.
        trace: TraceId,
        /// Whether it was looked for; a file has nothing to look in.
        looked_up: bool,
    },
    /// No span of the journey is stored, only log lines.
    NothingStored,
    /// The service names a trace that was not sampled.
    NotSampled {
        /// Which.
        trace: TraceId,
    },
    /// No span of the journey is stored, and its lines say that it was not sampled.
    NothingSampled,
    /// The service logged lines and has no span.
    LogWithoutSpan,
    /// The operation lacks a step that its siblings have.
    SiblingDeviation {
        /// The step.
        step: OperationRef,
        /// How many siblings there are in all.
        siblings: usize,
    },
    /// The operation is missing.
    UsuallyFollowedBy {
        /// After what it should have come.
        after: OperationRef,
        /// How many good runs have it.
        having: usize,
        /// How many good runs there are.
        runs: usize,
    },
    /// No good run has the operation.
    UnusualStep {
        /// How many good runs there are.
        runs: usize,
    },
    /// No span was open before the operation.
    Gap {
        /// For how long, in nanoseconds.
        duration_ns: i64,
        /// What ended last before it; of a message's wait, what sent the message.
        before: OperationRef,
        /// Whether it is a message's wait in a queue.
        queue_wait: bool,
    },
    /// The service's clock differs from that of the service named as the operation.
    ClockSkew {
        /// By how much it is ahead, in nanoseconds; negative where it is behind.
        ahead_ns: i64,
        /// Whether it differs by no more than that.
        bounded: bool,
    },
    /// The service's clock jumped.
    ClockJump {
        /// How far an event is outside of its span, in nanoseconds.
        by_ns: i64,
    },
}

/// What became of a message that was not consumed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageFate {
    /// Nothing is known of it.
    Unknown,
    /// Sending it failed.
    NotSent,
    /// It probably arrived at another service, which went on in its trace below a span that is not stored.
    ContinuedAt {
        /// Which service.
        service: String,
    },
    /// It probably arrived at another service, which logged its ID.
    LoggedBy {
        /// Which service.
        service: String,
    },
}

/// What a failed call shows of the other side, the surest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallFailure {
    /// Nothing.
    Unknown,
    /// It answered, with an error.
    Answered,
    /// It did not answer in time, or the connection broke.
    TimedOut,
    /// It could not be reached.
    Unreachable,
}

/// Why a message was delivered more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Redelivery {
    /// A delivery failed before.
    AfterFailure,
    /// The consumer sent it again itself.
    SentAgain,
    /// For no reason that shows: each delivery was processed.
    Unexplained,
}

/// What became of a parent that is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissingParent {
    /// It was made and is not stored.
    Lost,
    /// It is outside of what is traced here: an ingress, a browser, a gateway.
    Remote,
    /// It goes on, and a span is stored only at its end.
    NeverEnded,
}

/// One thing that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvidenceItem {
    /// When, as recorded; none where no time belongs to it.
    pub time: Option<Timestamp>,
    /// In which trace.
    pub trace_id: Option<TraceId>,
    /// Which span.
    pub span_id: Option<SpanId>,
    /// What it shows.
    pub shows: EvidenceFact,
}

/// What a span or a log line shows of a finding. The order is that of facts about one span at one time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceFact {
    /// It has a step that its siblings lack.
    FirstOfSiblings {
        /// How many siblings have it.
        having: usize,
        /// How many siblings there are.
        siblings: usize,
    },
    /// A log line of a service.
    LogLineOf {
        /// The service.
        service: String,
        /// What it says.
        message: String,
    },
    /// A log line of the finding's service.
    LogLine {
        /// What it says.
        message: String,
    },
    /// The error's message.
    Error {
        /// As recorded; not empty.
        message: String,
    },
    /// It failed without a message, and nothing below it did.
    FailedAlone,
    /// It failed without a message.
    FailedWithoutMessage,
    /// It failed because of the finding's error.
    FailedBecauseOfIt(OperationRef),
    /// One of its events is outside of it.
    EventOutside {
        /// By how much, in nanoseconds.
        by_ns: i64,
    },
    /// It ended well, and nothing of the other side is there.
    Answered,
    /// It began after the gap.
    BeganAfterGap {
        /// How long the gap is, in nanoseconds.
        duration_ns: i64,
    },
    /// It began after its caller had ended.
    BeganAfterCallerEnded,
    /// It sent what began a trace of its own.
    CauseOfBreak(OperationRef),
    /// It began a trace of its own.
    BeganOwnTrace {
        /// The message that it consumed.
        message: Option<MessageIdentity>,
        /// What shows which span is its cause.
        matched_by: MatchedBy,
    },
    /// A delivery of a message.
    Delivery {
        /// Which, from 1.
        number: usize,
        /// The message.
        message: Option<MessageIdentity>,
        /// Whether it failed.
        failed: bool,
    },
    /// It ended before the gap.
    EndedBeforeGap,
    /// It links to a trace.
    LinksTo {
        /// Its own name.
        operation: String,
        /// The trace.
        trace: TraceId,
    },
    /// It names a parent that is not stored.
    NamesParent {
        /// The parent.
        parent: SpanId,
        /// How many other spans name it too.
        others: usize,
    },
    /// It goes on with a message's work below a span that is not stored.
    BelowMissingSpan {
        /// Its own name.
        operation: String,
    },
    /// No good run has it.
    NotInGoodRuns,
    /// It is recorded before what caused it.
    RecordedBeforeCause {
        /// By how much, in nanoseconds.
        by_ns: i64,
    },
    /// It failed to send a message.
    SendingFailed {
        /// The error's message; may be empty.
        error: String,
    },
    /// It sent a message that no span here consumed.
    Sent(Option<MessageIdentity>),
    /// It consumed a message.
    Consumed(Option<MessageIdentity>),
    /// It is the cause of a span that is recorded too early.
    Cause,
    /// A step usually comes after it.
    UsuallyFollowedBy(OperationRef),
    /// It lacks a step.
    Without(OperationRef),
}

/// By what a message is known, the surest that its span says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageIdentity {
    /// Its ID.
    Id(String),
    /// Its place in a topic.
    Offset {
        /// The partition.
        partition: i64,
        /// The offset in it.
        offset: i64,
    },
    /// Its key, which other messages may have too.
    Key(String),
}

/// What shows that a span caused another one in a trace of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedBy {
    /// The same message ID.
    MessageId,
    /// The same offset of the same partition.
    Offset,
    /// The same message key.
    MessageKey,
    /// No other call to the service was open.
    OnlyOpenCall,
    /// No other message of the topic was waiting.
    OnlyWaitingMessage,
    /// Several messages of the topic were waiting.
    AnyWaitingMessage,
}

/// A part of the journey that is missing beside a span that is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingPart {
    /// The trace in which it should be.
    pub trace_id: TraceId,
    /// The stored span that it should follow from, or that follows from it.
    pub span_id: SpanId,
    /// Which of the two.
    pub place: MissingPartPlace,
    /// What should be there.
    pub what: MissingThing,
}

/// On which side of a stored span something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingPartPlace {
    /// It would be its parent.
    Above,
    /// It would be its child.
    Below,
}

/// What is missing beside a span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissingThing {
    /// A consumer.
    Consumer {
        /// Of this topic; none where the span names none.
        topic: Option<String>,
    },
    /// A publisher.
    Publisher {
        /// Of this topic, or the name of the consuming span.
        topic: String,
    },
    /// The server span of a call.
    Server {
        /// The service that was called.
        service: String,
    },
    /// A span that is named as a parent.
    Parent(SpanId),
    /// A step.
    Step(OperationRef),
}

impl MissingThing {
    /// The names by which it is known: of topics, services and operations.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Consumer { topic } => topic.iter().map(String::as_str).collect(),
            Self::Publisher { topic } => vec![topic],
            Self::Server { service } => vec![service],
            Self::Parent(_) => vec![],
            Self::Step(step) => vec![&step.service, &step.operation],
        }
    }
}

/// What may have caused a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    // Of an error.
    /// What the service calls is not running, or not under this name.
    CalleeNotRunning,
    /// The network between the two is broken.
    NetworkBroken,
    /// What the service waits for is overloaded or hangs.
    CalleeOverloaded,
    /// The service's time limit is too short.
    TimeLimitTooShort,
    /// What the service calls refused its input.
    InputRefused,
    /// What the service calls is itself failing.
    CalleeFailing,
    /// The error's message says it.
    SaidByError,
    /// The service's own input is not as it should be.
    InvalidInput,
    /// The service was changed or reconfigured.
    Changed {
        /// Which.
        service: String,
    },

    // Of a call without a server span.
    /// The callee is not running, or not ready.
    NotReady,
    /// Its name or port is wrong, or the network does not lead there.
    WrongAddress,
    /// It was not reached.
    NotReached,
    /// It hangs or is overloaded, and its span has not ended.
    Hanging,
    /// Its span was lost.
    SpanLost,
    /// It makes no spans, or a proxy answered in its place.
    NoSpansOrProxy,
    /// Its span was lost, or it makes none.
    SpanLostOrNone,
    /// Its exporter dropped the span, or the process ended before it was sent.
    SpanDropped,
    /// The call went to an instance that makes no spans.
    InstanceWithoutSpans,
    /// It is not instrumented, or does not read the trace context.
    NotInstrumented {
        /// The callee.
        service: String,
    },

    // Of a message.
    /// The broker refused it.
    BrokerRefused,
    /// The consumer is down, behind, or has dropped the message.
    ConsumerDown,
    /// The consumer began a trace of its own that carries neither a link nor the correlation ID.
    ConsumerInOwnTrace,
    /// The consumer's span was not exported.
    ConsumerSpanNotExported,
    /// The consumer's span was dropped, cut off by a restart, or sampled out.
    ConsumerSpanDropped,
    /// The consumer is not instrumented for messages.
    ConsumerNotInstrumented,
    /// The consumers of the topic are not traced, or not ours.
    ConsumersNotTraced,
    /// The consumer's trace could not be looked up: no backend says which traces link to one.
    ConsumerNotLookedUp,
    /// The consumer's trace was sampled out.
    ConsumerSampledOut,
    /// The publishers of the topic are not traced, or not ours.
    PublishersNotTraced {
        /// The topic.
        topic: String,
    },
    /// The publisher's trace could not be looked up by the message.
    PublisherNotLookedUp,
    /// The message was sent in another journey, and the consumer began a new one.
    SentInAnotherJourney,
    /// The publisher's span was not exported.
    PublisherSpanNotExported,
    /// Something that is not traced publishes to the topic too.
    OtherPublishers,
    /// The first delivery was not acknowledged in time.
    NotAcknowledged,
    /// The publisher sent the message twice.
    SentTwice,
    /// The consumer was restarted before it committed.
    RestartedBeforeCommit,

    // Of trace context that was lost.
    /// The consumer does not read the context from the message's headers.
    ContextNotReadFromMessage {
        /// The consumer.
        service: String,
    },
    /// The publisher does not write it there.
    ContextNotWrittenToMessage {
        /// The publisher.
        service: String,
    },
    /// A broker, bridge or queue between them drops the headers.
    HeadersDroppedByBroker,
    /// The caller does not send the context with its calls.
    ContextNotSent {
        /// The caller.
        service: String,
    },
    /// The callee does not read it, or reads another format.
    ContextNotRead {
        /// The callee.
        service: String,
    },
    /// A proxy between them drops the header.
    HeaderDroppedByProxy,

    // Of spans and traces that are not stored.
    /// The process that made the parent ended before it sent the span.
    ParentProcessEnded,
    /// The parent's exporter dropped the span.
    ParentDropped,
    /// The parent has not ended yet.
    ParentStillOpen,
    /// An ingress, a browser or a gateway sends a context and stores no spans here.
    RemoteParent,
    /// A stream, a subscription or a loop that goes on.
    EndlessSpan {
        /// Over how long its children came, in nanoseconds.
        over_ns: i64,
    },
    /// The trace was sampled out.
    TraceSampledOut,
    /// The trace's spans were lost on the way.
    TraceLost,
    /// The trace has expired.
    TraceExpired,
    /// The journey's traces were sampled out.
    TracesSampledOut,
    /// The journey's traces have expired.
    TracesExpired,
    /// The service's spans were not exported.
    SpansNotExported {
        /// Which service.
        service: String,
    },
    /// This work of the service is not instrumented.
    WorkNotInstrumented {
        /// Which service.
        service: String,
    },
    /// The service makes no spans, or makes them under another name.
    NoSpansUnderThisName {
        /// Which service.
        service: String,
    },

    // Of a step that is missing or new.
    /// The service did not do it for this sibling.
    NotDoneHere {
        /// Which service.
        service: String,
    },
    /// The service did not do it in this run.
    NotDoneInThisRun {
        /// Which service.
        service: String,
    },
    /// It was done, and its span was lost.
    DoneAndSpanLost,
    /// This sibling needed no such step.
    NotNeeded,
    /// This run took another way than usual.
    OtherRoute,
    /// A new version, or another configuration.
    NewVersion,
    /// A route that is seldom taken.
    RareRoute,

    // Of a gap.
    /// The consumer had other messages to take first.
    ConsumerBusy {
        /// Which service.
        service: String,
    },
    /// The consumer was down, starting, or rebalancing.
    ConsumerStarting {
        /// Which service.
        service: String,
    },
    /// The broker delayed or retried the message.
    DelayedByBroker,
    /// The service waited for something that makes no spans.
    WaitedForUntraced {
        /// Which service.
        service: String,
    },
    /// A timer, a schedule or a person came between.
    TimerOrPerson,

    // Of clocks.
    /// The time of one of the two hosts is not synchronised.
    HostTimeNotSynchronised,
    /// The clock of the process was set while it worked.
    ClockSet,
    /// The instrumentation takes the times of events and spans from two clocks.
    TwoClocks,
}
