//! Findings in words. A finding that is added needs its words here: the compiler asks for them.

use crate::model::error_outcome::ErrorOutcome;
use crate::model::finding::{
    CallFailure, Cause, EvidenceFact, Finding, FindingDetail, FindingKind, MatchedBy, MessageFate, MessageIdentity,
    MissingParent, MissingThing, OperationRef, Redelivery,
};
use crate::model::time::Human;

/// A finding in one sentence, without a full stop.
pub(crate) fn summary(finding: &Finding) -> String {
    let Finding { service, operation, count, .. } = finding;
    match &finding.detail {
        FindingDetail::ErrorOrigin { times, outcome, message } => {
            let outcome = match outcome {
                ErrorOutcome::Failed => "",
                ErrorOutcome::Handled => ", and was handled",
                ErrorOutcome::Recovered => ", and recovered",
            };
            format!("{service} failed at {operation}{}{outcome}{}", times_if_many(*times), after_colon(message))
        }
        FindingDetail::PublishWithoutConsume { topic, fate, error } => {
            let (what, was) = match count {
                1 => (format!("a message that {service} sent to {topic}"), "was"),
                n => (format!("{n} messages that {service} sent to {topic}"), "were"),
            };
            match fate {
                MessageFate::Unknown => format!("{what} {was} never consumed"),
                MessageFate::NotSent => format!("{what} {was} not sent: {error}"),
                MessageFate::ContinuedAt { service } | MessageFate::LoggedBy { service } => {
                    format!("the consumer span of {what} is missing, it probably arrived at {service}")
                }
            }
        }
        FindingDetail::BrokenPropagation { from, topic } => {
            let what = match (topic, count) {
                (Some(topic), 1) => format!("took a message of {topic} from {from}"),
                (Some(topic), n) => format!("took {n} messages of {topic} from {from}"),
                (None, 1) => format!("was called by {from}"),
                (None, n) => format!("was called {n} times by {from}"),
            };
            format!("{service} {what} and began a trace of its own, without parent or link")
        }
        FindingDetail::FailedCall { callee, callers, failure } => {
            let callers = callers.join(", ");
            match failure {
                CallFailure::Unreachable => format!("{callee} is down for {callers}: nobody answers there"),
                CallFailure::TimedOut => format!("{callee} did not answer {callers} in time, and has no span"),
                CallFailure::Answered => {
                    format!("{callee} answered {callers} with an error, and its span is not stored")
                }
                CallFailure::Unknown => {
                    format!("a call of {callers} to {callee} failed, and {callee} has no span of it")
                }
            }
        }
        FindingDetail::UnansweredCall { traced_elsewhere } => {
            let what =
                if *traced_elsewhere { ", as it does elsewhere, but its span is lost" } else { " and made no span" };
            format!("{operation} answered {service}{}{what}", times_if_many(*count))
        }
        FindingDetail::ConsumeWithoutPublish { topic } => match count {
            1 => format!("{service} took a message from {topic} that nobody here sent"),
            n => format!("{service} took {n} messages from {topic} that nobody here sent"),
        },
        FindingDetail::DuplicateConsume { topic, deliveries, again } => {
            let often = if *deliveries == 2 { "twice".to_owned() } else { format!("{deliveries} times") };
            let why = match (again, count) {
                (Redelivery::AfterFailure, 1) => "because it failed before",
                (Redelivery::AfterFailure, _) => "because they failed before",
                (Redelivery::SentAgain, _) => "because it sent it again itself",
                (Redelivery::Unexplained, 1) => return format!("{service} processed a message of {topic} {often}"),
                (Redelivery::Unexplained, n) => {
                    return format!("{service} processed {n} messages of {topic} more than once");
                }
            };
            match count {
                1 => format!("{service} got a message of {topic} {often}, {why}"),
                n => format!("{service} got {n} messages of {topic} again, {why}"),
            }
        }
        FindingDetail::Orphan { parent: MissingParent::Lost, children } => match (count, children) {
            (1, 1) => format!("the parent of {service} {operation} is not stored"),
            (1, n) => format!("the parent of {n} spans is not stored, the first of them {service} {operation}"),
            (n, _) => format!("{n} parents of {service} {operation} are not stored"),
        },
        FindingDetail::Orphan { parent: MissingParent::Remote, .. } => {
            let often = if *count > 1 { format!("{count} times") } else { "once".to_owned() };
            format!("{service} {operation} was called from outside of what is stored here ({often})")
        }
        FindingDetail::Orphan { parent: MissingParent::NeverEnded, children } => {
            format!("the parent of {children} spans such as {service} {operation} has not ended")
        }
        FindingDetail::TraceNotStored { trace, looked_up } => {
            let what = if *looked_up { "stored" } else { "at hand" };
            format!("trace {}, which {} names, is not {what}", trace.short(), service_or_lines(service))
        }
        FindingDetail::NothingStored => {
            "no span of this journey is stored, only lines: sampled out, expired, or lost".to_owned()
        }
        FindingDetail::NotSampled { trace } => {
            format!("trace {}, which {} names, was not sampled", trace.short(), service_or_lines(service))
        }
        FindingDetail::NothingSampled => {
            "no span of this journey is stored, and its lines say that it was not sampled".to_owned()
        }
        FindingDetail::LogWithoutSpan => {
            let lines = if *count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
            format!("{service} wrote {lines} and has no span in this journey")
        }
        FindingDetail::SiblingDeviation { step, siblings } => {
            format!("{} is missing after {count} of {siblings} {service} {operation}", operation_of(step))
        }
        FindingDetail::UsuallyFollowedBy { after, having, runs } => {
            let after = operation_of(after);
            format!("{service} {operation} is missing after {after}: {having} of {runs} good runs have it")
        }
        FindingDetail::UnusualStep { runs } => format!("{service} {operation} is in none of {runs} good runs"),
        FindingDetail::Gap { duration_ns, before, queue_wait } => {
            let (before, time) = (operation_of(before), Human(*duration_ns));
            let what = if *queue_wait { "a message waited" } else { "nothing happened for" };
            format!("{what} {time} between {before} and {service} {operation}")
        }
        FindingDetail::ClockSkew { ahead_ns, bounded } => {
            let side = if *ahead_ns < 0 { "behind" } else { "ahead of" };
            let least = if *bounded { "" } else { "at least " };
            let by = Human(ahead_ns.saturating_abs());
            format!("the clock of {service} is {least}{by} {side} that of {operation}")
        }
        FindingDetail::ClockJump { by_ns } => {
            format!("the clock of {service} jumped: an event lies {} outside its span", Human(*by_ns))
        }
    }
}

/// What distinguishes a finding from others with its ID.
pub fn kind(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::QueueWait => "queue wait",
        FindingKind::Handled => "handled",
        FindingKind::Recovered => "recovered",
        FindingKind::CalleeDown => "callee down",
        FindingKind::RemoteEntry => "remote entry",
        FindingKind::NeverEnded => "never ended",
    }
}

/// What a span or a log line shows, in one line.
pub(crate) fn evidence(fact: &EvidenceFact) -> String {
    match fact {
        EvidenceFact::FirstOfSiblings { having, siblings } => {
            format!("{having} of {siblings} have it, this is the first")
        }
        EvidenceFact::LogLineOf { service, message } => format!("a line of {service}: {message}"),
        EvidenceFact::LogLine { message } | EvidenceFact::Error { message } => message.clone(),
        EvidenceFact::FailedAlone => "failed, and nothing below it did".to_owned(),
        EvidenceFact::FailedWithoutMessage => "failed, without saying why".to_owned(),
        EvidenceFact::FailedBecauseOfIt(caller) => format!("{} failed because of it", operation_of(caller)),
        EvidenceFact::EventOutside { by_ns } => format!("an event {} outside it", Human(*by_ns)),
        EvidenceFact::Answered => "answered well, no span of the other side".to_owned(),
        EvidenceFact::BeganAfterGap { duration_ns } => format!("began after it, {} later", Human(*duration_ns)),
        EvidenceFact::BeganAfterCallerEnded => "began after its caller had ended".to_owned(),
        EvidenceFact::CauseOfBreak(cause) => format!("{} by {}", cause.operation, cause.service),
        EvidenceFact::BeganOwnTrace { message, matched_by: by } => {
            format!("began its own trace{}: {}", message_after_comma(message.as_ref()), matched_by(*by))
        }
        EvidenceFact::Delivery { number, message, failed } => {
            let how = if *failed { "failed" } else { "well" };
            format!("delivery {number}{}, ended {how}", message_after_comma(message.as_ref()))
        }
        EvidenceFact::EndedBeforeGap => "ended before it".to_owned(),
        EvidenceFact::LinksTo { operation, trace } => format!("{operation} links to trace {}", trace.short()),
        EvidenceFact::BelowMissingSpan { operation } => format!("{operation} went on below a span that is not stored"),
        EvidenceFact::NamesParent { parent, others: 0 } => format!("names {parent} as its parent"),
        EvidenceFact::NamesParent { parent, others } => format!("names {parent} as its parent, as {others} more do"),
        EvidenceFact::NotInGoodRuns => "not seen in good runs".to_owned(),
        EvidenceFact::RecordedBeforeCause { by_ns } => format!("recorded {} before what caused it", Human(*by_ns)),
        EvidenceFact::SendingFailed { error } => format!("sending failed: {error}"),
        EvidenceFact::Sent(message) => format!("sent{}, taken by nobody here", message_after_comma(message.as_ref())),
        EvidenceFact::Consumed(message) => format!("taken{}", message_after_comma(message.as_ref())),
        EvidenceFact::Cause => "the cause".to_owned(),
        EvidenceFact::UsuallyFollowedBy(step) => format!("usually followed by {}", operation_of(step)),
        EvidenceFact::Without(step) => format!("without {}", operation_of(step)),
    }
}

/// What is missing beside a span: `consumer of huleedu.essay.ready.v1`.
pub(crate) fn missing_thing(what: &MissingThing) -> String {
    match what {
        MissingThing::Consumer { topic } => format!("consumer of {}", topic.as_deref().unwrap_or("this message")),
        MissingThing::Publisher { topic } => format!("publisher of {topic}"),
        MissingThing::Server { service } => format!("server span of {service}"),
        MissingThing::Parent(span) => format!("span {span}"),
        MissingThing::Step(step) => operation_of(step),
    }
}

/// What may have caused a finding, in a clause.
pub(crate) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::CalleeNotRunning => "what it calls is not running, or not under this name".to_owned(),
        Cause::NetworkBroken => "the network between them is broken".to_owned(),
        Cause::CalleeOverloaded => "what it waits for is overloaded or hangs".to_owned(),
        Cause::TimeLimitTooShort => "its time limit is too short".to_owned(),
        Cause::InputRefused => "what it calls refused what it was given".to_owned(),
        Cause::CalleeFailing => "what it calls is itself failing".to_owned(),
        Cause::SaidByError => "what the error says, at this very place".to_owned(),
        Cause::InvalidInput => "what it was given is not as it should be".to_owned(),
        Cause::Changed { service } => format!("{service} was changed or configured anew"),

        Cause::NotReady => "it is not running, or not ready".to_owned(),
        Cause::WrongAddress => "its name or port is wrong, or the network does not lead there".to_owned(),
        Cause::NotReached => "it was not reached".to_owned(),
        Cause::Hanging => "it hangs or is overloaded, and its span has not ended".to_owned(),
        Cause::SpanLost => "its span was lost".to_owned(),
        Cause::NoSpansOrProxy => "it makes no spans, or a proxy answered in its place".to_owned(),
        Cause::SpanLostOrNone => "its span was lost, or it makes none".to_owned(),
        Cause::SpanDropped => "its exporter dropped the span, or the process ended before it was sent".to_owned(),
        Cause::InstanceWithoutSpans => "the call went to an instance that makes no spans".to_owned(),
        Cause::NotInstrumented { service } => {
            format!("{service} is not instrumented, or does not read the trace context")
        }

        Cause::BrokerRefused => "the broker did not take the message".to_owned(),
        Cause::ConsumerDown => "the consumer is down, behind, or has dropped the message".to_owned(),
        Cause::ConsumerInOwnTrace => {
            "the consumer began a trace of its own that carries neither a link nor the correlation ID".to_owned()
        }
        Cause::ConsumerSpanNotExported => "the consumer's span was not exported".to_owned(),
        Cause::ConsumerSpanDropped => {
            "the consumer's span was not exported: dropped, cut off by a restart, or sampled out".to_owned()
        }
        Cause::ConsumerNotInstrumented => "the consumer is not instrumented for messages".to_owned(),
        Cause::ConsumersNotTraced => "whoever consumes the topic is not traced, or not ours".to_owned(),
        Cause::ConsumerNotLookedUp => {
            "the consumer's trace was not found because nobody could be asked who links to this one".to_owned()
        }
        Cause::ConsumerSampledOut => "the consumer's trace was sampled out".to_owned(),
        Cause::PublishersNotTraced { topic } => format!("whoever sends to {topic} is not traced, or not ours"),
        Cause::PublisherNotLookedUp => "the sender's trace could not be asked for by the message".to_owned(),
        Cause::SentInAnotherJourney => {
            "the message was sent in another journey, and the consumer began a new one".to_owned()
        }
        Cause::PublisherSpanNotExported => "the sender's span was not exported".to_owned(),
        Cause::OtherPublishers => "somebody who is not traced sends to the topic too".to_owned(),
        Cause::NotAcknowledged => "the first delivery was not acknowledged in time: it took longer than the broker \
             waits, or the group rebalanced"
            .to_owned(),
        Cause::SentTwice => "the sender sent the message twice".to_owned(),
        Cause::RestartedBeforeCommit => "the consumer was restarted before it committed".to_owned(),

        Cause::ContextNotReadFromMessage { service } => {
            format!("{service} does not read the trace context from the message's headers")
        }
        Cause::ContextNotWrittenToMessage { service } => {
            format!("{service} does not write the trace context into the message's headers")
        }
        Cause::HeadersDroppedByBroker => "a broker, bridge or queue between them drops the headers".to_owned(),
        Cause::ContextNotSent { service } => format!("{service} does not send the trace context with its calls"),
        Cause::ContextNotRead { service } => format!("{service} does not read it, or reads another format"),
        Cause::HeaderDroppedByProxy => "a proxy between them drops the header".to_owned(),

        Cause::ParentProcessEnded => "the process that made the parent ended before it sent the span".to_owned(),
        Cause::ParentDropped => {
            "its exporter dropped the span: a full queue, or a collector that did not answer".to_owned()
        }
        Cause::ParentStillOpen => "the parent has not ended yet".to_owned(),
        Cause::RemoteParent => {
            "an ingress, a browser or a gateway sends a trace context and stores no spans here".to_owned()
        }
        Cause::EndlessSpan { over_ns } => {
            let over = Human(*over_ns);
            format!("a stream, a subscription or a loop: its children came over {over}, and it still goes on")
        }
        Cause::TraceSampledOut => "the trace was sampled out".to_owned(),
        Cause::TraceLost => "its spans were lost on the way".to_owned(),
        Cause::TraceExpired => "it has expired".to_owned(),
        Cause::TracesSampledOut => "its traces were sampled out".to_owned(),
        Cause::TracesExpired => "its traces have expired".to_owned(),
        Cause::SpansNotExported { service } => {
            format!("the spans of {service} were not exported: its exporter, or the collector, dropped them")
        }
        Cause::WorkNotInstrumented { service } => format!("this work of {service} is not instrumented"),
        Cause::NoSpansUnderThisName { service } => {
            format!("{service} makes no spans, or makes them under another name")
        }

        Cause::NotDoneHere { service } => format!("{service} did not do it this time"),
        Cause::NotDoneInThisRun { service } => format!("{service} did not do it in this run"),
        Cause::DoneAndSpanLost => "it was done, and its span was lost".to_owned(),
        Cause::NotNeeded => "this one needed no such step".to_owned(),
        Cause::OtherRoute => "this run took another way than usual".to_owned(),
        Cause::NewVersion => "a new version, or another configuration".to_owned(),
        Cause::RareRoute => "a way that is seldom taken".to_owned(),

        Cause::ConsumerBusy { service } => format!("{service} had other messages to take first"),
        Cause::ConsumerStarting { service } => format!("{service} was down, starting, or rebalancing"),
        Cause::DelayedByBroker => "the message was delayed or retried by the broker".to_owned(),
        Cause::WaitedForUntraced { service } => format!("{service} waited for something that makes no spans"),
        Cause::TimerOrPerson => "a timer, a schedule or a person came between".to_owned(),

        Cause::HostTimeNotSynchronised => "the time of one of the two hosts is not kept in step".to_owned(),
        Cause::ClockSet => "the clock of that process was set while it worked".to_owned(),
        Cause::TwoClocks => "its instrumentation takes the times of events and spans from two clocks".to_owned(),
    }
}

/// `shop GET /x`.
fn operation_of(of: &OperationRef) -> String {
    format!("{} {}", of.service, of.operation)
}

fn times_if_many(times: usize) -> String {
    if times > 1 { format!(" {times} times") } else { String::new() }
}

fn after_colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// Lines that name no service may name a trace.
fn service_or_lines(service: &str) -> &str {
    if service.is_empty() { "lines" } else { service }
}

fn matched_by(by: MatchedBy) -> &'static str {
    match by {
        MatchedBy::MessageId => "both name the same message",
        MatchedBy::Offset => "both name the same offset",
        MatchedBy::MessageKey => "both name the same key",
        MatchedBy::OnlyOpenCall => "it is the only call to this service that was open then",
        MatchedBy::OnlyWaitingMessage => "it is the only message of the topic that waited then",
        MatchedBy::AnyWaitingMessage => "it is one of several messages of the topic that waited then",
    }
}

/// `, message 42`, `, offset 7 of partition 0`; nothing where the message is not known.
fn message_after_comma(message: Option<&MessageIdentity>) -> String {
    match message {
        Some(MessageIdentity::Id(id)) => format!(", message {id}"),
        Some(MessageIdentity::Offset { partition, offset }) => format!(", offset {offset} of partition {partition}"),
        Some(MessageIdentity::Key(key)) => format!(", key {key}"),
        None => String::new(),
    }
}
