//! What to do next, as data. Sentences, flags and shell text are made of it in `report::wording`, which knows the data
//! that the answer rests on.

use serde::{Deserialize, Serialize};

use crate::model::advice::Advice;
use crate::model::id::TraceId;
use crate::model::source::Source;

/// A next step: of a finding, of a note, of a whole report. Those of failures are kept in recordings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Run a command of this program on the same data, to see something.
    #[serde(skip)]
    Run(Invocation, Purpose),
    /// Raise a limit.
    Raise(Limit),
    /// Lower a limit.
    Lower(Limit),
    /// Ask for less, by each of these; none where any way of asking for less will do.
    Narrow(Vec<Narrowing>),
    /// Set something in the configuration, a variable or a flag.
    Configure(ConfigItem),
    /// Ask again in another way.
    Use(AskingMode),
    /// Look at something that this program does not show, or not by itself.
    #[serde(skip)]
    LookAt(LookAt),
    /// End a span for each round of work, or begin a trace for each.
    #[serde(skip)]
    EndSpanEachRound,
    /// Check, or do, something outside of this program.
    Advise(Advice),
}

impl From<Advice> for Vec<Action> {
    fn from(advice: Advice) -> Self {
        vec![Action::Advise(advice)]
    }
}

/// A command of this program with its arguments, to be run on the data that the answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Invocation {
    /// Which command.
    pub command: CommandName,
    /// What it is asked about.
    pub about: About,
    /// What it is given beside that, in this order.
    pub arguments: Vec<Argument>,
}

impl Invocation {
    /// A command about the ID of the answer, without arguments.
    pub(crate) fn new(command: CommandName) -> Self {
        Self { command, about: About::Subject, arguments: vec![] }
    }

    /// The same, about something else.
    #[must_use]
    pub(crate) fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// The same, with one more argument.
    #[must_use]
    pub(crate) fn with(mut self, argument: Argument) -> Self {
        self.arguments.push(argument);
        self
    }
}

/// The commands that are suggested as next steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandName {
    /// `alerts`.
    Alerts,
    /// `doctor`.
    Doctor,
    /// `errors`.
    Errors,
    /// `find`.
    Find,
    /// `hotspots`.
    Hotspots,
    /// `latency`.
    Latency,
    /// `logs`.
    Logs,
    /// `map`.
    Map,
    /// `missing`.
    Missing,
    /// `span`.
    Span,
    /// `timeline`.
    Timeline,
    /// `why`.
    Why,
}

/// What a suggested command is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// The ID that the answer is about; everything in the data where it is about none.
    Subject,
    /// The journey with this ID.
    Id(String),
    /// This trace.
    Trace(TraceId),
    /// The ID and the filters that the answer is about. A [`Argument::Service`] or [`Argument::Operation`] takes the
    /// place of the filters of its kind.
    Question,
    /// Everything in the data.
    Everything,
    /// The installation, whatever the data.
    Installation,
}

/// An argument of a suggested command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Argument {
    /// The span to show: its ID, or as much of that as is unique.
    Span(String),
    /// Only this service.
    Service(String),
    /// Only this operation.
    Operation(String),
    /// Every log line among the spans.
    AllLines,
    /// This number of context lines around each line.
    Context(usize),
    /// Under another tag; which one is for the user to say.
    AnotherKey,
    /// The last days, this number of them.
    LastDays(usize),
    /// This number of good runs to compare with.
    Baseline(usize),
    /// The rules instead of the alerts.
    Rules,
    /// Rows by operation.
    ByOperation,
    /// How durations are distributed.
    Histogram,
    /// Spans rather than metrics.
    FromSpans,
    /// Every journey with an error counts as bad.
    ErrorsAreBad,
    /// As a Mermaid graph.
    Mermaid,
}

/// What a suggested command may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Why a broker refused a message.
    BrokerRefusal,
    /// Whether a service exported its spans.
    SpanExport,
    /// Whether a service received the message.
    MessageReceived,
    /// Whether a service sent the message.
    MessageSent,
    /// A rebalance or a restart between two deliveries.
    RebalanceOrRestart,
    /// An exporter that fails.
    ExporterFailure,
    /// Whether a message was sent once or twice, above its deliveries.
    SendsAboveDeliveries,
    /// Whether a trace is stored by now.
    TraceStoredSince,
}

/// A limit that can be raised or lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Rounds of asking for what the last round named.
    Rounds,
    /// Traces of a journey.
    Traces,
    /// Spans in all.
    Spans,
    /// Log lines in all.
    Lines,
    /// Requests of a command.
    Requests,
    /// Traces that one search may return.
    Search,
    /// Traces or errors that a command over a time window reads.
    Sample,
    /// Rows that a table shows.
    Rows,
    /// Bytes of one answer.
    Answer,
    /// The time that a command may take.
    Timeout,
    /// The time that a connection may stay silent.
    IdleTimeout,
    /// The time to connect.
    ConnectTimeout,
    /// Requests at the same time.
    InFlight,
}

impl Limit {
    /// The flag that sets it: the name by which users know a limit, in failures as well.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Rounds => "--max-rounds",
            Self::Traces => "--max-traces",
            Self::Spans => "--max-spans",
            Self::Lines => "--max-lines",
            Self::Requests => "--max-requests",
            Self::Search => "--search-limit",
            Self::Sample => "--limit",
            Self::Rows => "--top",
            Self::Answer => "--max-answer",
            Self::Timeout => "--timeout",
            Self::IdleTimeout => "--idle-timeout",
            Self::ConnectTimeout => "--connect-timeout",
            Self::InFlight => "--in-flight",
        }
    }
}

/// A way of asking for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Narrowing {
    /// By service.
    Service,
    /// By a time that ends now.
    Since,
    /// By a time from start to end.
    Time,
}

/// Something that can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigItem {
    /// The address of this backend.
    Address(Source),
    /// The address of any backend.
    AnyAddress,
    /// What a backend wants to let one in.
    Credentials,
    /// Loki's tenant.
    Tenant,
    /// The stream selector with which Loki is searched.
    Selector,
    /// The services and tags that a search of one ID looks at.
    ServicesAndKeys,
}

/// A way of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskingMode {
    /// Every answer is kept in a folder.
    Record,
    /// The queries are printed.
    ShowQueries,
    /// Spans are read though metrics would do.
    FromSpans,
    /// One request at a time.
    OneAtATime,
}

/// Something to look at outside of this program, or by comparing what it shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookAt {
    /// What these services logged.
    Logs {
        /// One, or two between whose spans something lies.
        services: Vec<String>,
        /// When.
        when: LogTime,
    },
    /// The log lines and the load of a service.
    LogsAndLoad {
        /// Which.
        service: String,
    },
    /// The log lines of a service, and whether its exporter dropped spans.
    LogsAndDroppedSpans {
        /// Which.
        service: String,
    },
    /// Whether a service dropped spans or was restarted.
    DroppedSpansAndRestarts {
        /// Which.
        service: String,
    },
    /// The same of a service and of those that call it.
    RestartsAndDroppedSpansOfCallers {
        /// The service that was called.
        service: String,
    },
    /// Whether other runs fail at the same operation, and since when.
    SameFailureElsewhere {
        /// The operation.
        operation: String,
    },
    /// Since when a service takes a step.
    FirstOccurrence {
        /// Which service.
        service: String,
    },
    /// Whether a service was running, and whether its callers can resolve its name.
    RunningAndResolvable {
        /// The service.
        service: String,
        /// Its callers, sorted.
        callers: Vec<String>,
    },
    /// Whether a service received a call.
    ReceivedCalls {
        /// Which service.
        service: String,
    },
    /// Whether a service makes spans at all.
    Instrumentation {
        /// Which service.
        service: String,
    },
    /// How far the consumers of a topic are behind, and its dead letters.
    ConsumerLag {
        /// The topic; none where the span names none.
        topic: Option<String>,
    },
    /// How far a consumer is behind on the topic of this message, and its restarts.
    LagOf {
        /// The consumer.
        service: String,
    },
    /// Consumers of a topic that link to the span that sent the message.
    LinkingConsumers {
        /// The topic; none where the span names none.
        topic: Option<String>,
    },
    /// Whether the trace context arrives with a message or a call.
    ArrivingContext {
        /// In what it travels.
        carrier: Carrier,
        /// Where it should arrive.
        service: String,
    },
    /// What receives requests before this service does.
    Upstream {
        /// Which service.
        service: String,
    },
    /// How long spans are kept, and which share of traces is.
    RetentionAndSampling,
    /// How one that has a step differs from one that has not.
    SiblingDifference {
        /// The operation that one of them lacks.
        operation: String,
    },
    /// A good run of the same operation.
    GoodRun,
    /// The clocks of the hosts of two services.
    HostClocks {
        /// Both.
        services: [String; 2],
    },
    /// When the clock of a service's host was set.
    ClockSetting {
        /// Which service.
        service: String,
    },
}

/// Which log lines are meant, seen from a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogTime {
    /// Around the span.
    Around,
    /// After the span.
    After,
    /// Between two spans.
    Between,
}

/// In what trace context travels from one service to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// In the headers of a message.
    Message,
    /// In the headers of a call.
    Call,
}
