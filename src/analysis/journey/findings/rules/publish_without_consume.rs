//! `publish_without_consume`: a message was sent, and no consumer of it was found.
//!
//! Of high confidence only where consumption of the topic is recorded here or elsewhere, and the consumer's trace cannot
//! have been missed: it was looked up, or consumers of this topic always are in the sender's trace. Low otherwise: it is
//! unknown whether the topic has traced consumers at all. Medium where the message probably arrived: another service went on in
//! the trace below a span that is not stored, or logged the message's ID.
//!
//! Silent for topics that lead out of what is traced, replies and journals of stores; for a send that failed and was tried
//! again; and where a service that has no span here may have consumed it, as that is then the finding of that service.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::expected_consumers::is_expected;
use crate::analysis::journey::findings::message_identity::{is_counter, message_identity};
use crate::analysis::journey::findings::missing_parents::ended_families;
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::analysis::journey::findings::topic_usage::TopicUsage;
use crate::model::action::{Action, LookAt, Purpose};
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, MessageFate, MissingPartPlace, MissingThing,
    Severity,
};
use crate::model::id::TraceId;
use crate::model::span::{Span, SpanKind};
use crate::model::time::Timestamp;

/// Messages without a consumer that are tried, the latest first, as that from which an orphan came. A trace with
/// more of them in a row than this is a stream, in which any of them may be the one.
const MAX_WAITING: usize = 16;
/// Consumers whose lines are suggested to look at; more would be a list too long to work through.
const MAX_ACTIONS: usize = 3;

struct UnconsumedMessage {
    publish: usize,
    fate: MessageFate,
    /// Spans that show its fate.
    others: Vec<usize>,
    confidence: Confidence,
}

/// One hit for each service, operation, topic, fate and confidence.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let unconsumed: Vec<usize> =
        context.pairing.unconsumed().filter(|publish| is_expected(context, *publish)).collect();
    if unconsumed.is_empty() {
        return vec![];
    }
    let retried = retried(context);
    let unconsumed: Vec<usize> = unconsumed.into_iter().filter(|publish| !retried.contains(publish)).collect();
    let usage = TopicUsage::new(context);
    let continued = continued_below_orphans(&usage, &unconsumed);
    let logged = logged_elsewhere(context, &unconsumed);
    let spanless = SpanlessServices::new(context);
    let mut groups = BTreeMap::<_, Vec<UnconsumedMessage>>::new();
    for publish in unconsumed {
        let span = context.span(publish);
        let (fate, others) = match (continued.get(&publish), logged.get(&publish)) {
            _ if span.is_error() => (MessageFate::NotSent, vec![]),
            (Some(orphans), _) => (MessageFate::ContinuedAt { service: service_of(context, orphans) }, orphans.clone()),
            (_, Some(service)) if spanless.last_line.contains_key(service.as_str()) => continue,
            (_, Some(service)) => (MessageFate::LoggedBy { service: service.clone() }, vec![]),
            _ if spanless.may_have_consumed(&usage, span) => continue,
            _ => (MessageFate::Unknown, vec![]),
        };
        let confidence = match fate {
            MessageFate::ContinuedAt { .. } | MessageFate::LoggedBy { .. } => Confidence::Medium,
            MessageFate::Unknown | MessageFate::NotSent => usage.confidence(span),
        };
        let key = (span.service(), &span.name, span.topic(), fate.clone(), confidence);
        groups.entry(key).or_default().push(UnconsumedMessage { publish, fate, others, confidence });
    }
    groups.into_values().map(|messages| hit(&usage, &messages)).collect()
}

fn service_of(context: &RuleContext, spans: &[usize]) -> String {
    spans.first().map(|span| context.span(*span).service().to_owned()).unwrap_or_default()
}

/// Sends that failed and were tried again with success: the message is the later one.
fn retried(context: &RuleContext) -> HashSet<usize> {
    let mut sent = HashSet::new();
    let mut retried = HashSet::new();
    for publish in context.pairing.publishes.iter().rev().copied() {
        let span = context.span(publish);
        let above = context.journey.forest.cause[publish].map(|(above, _)| above);
        let message = (span.service(), span.topic(), span.trace_id, above);
        if !span.is_error() {
            sent.insert((message, span.message_id()));
        } else if sent.contains(&(message, span.message_id())) {
            retried.insert(publish);
        }
    }
    retried
}

/// Of messages, the later orphans of other services in their traces. An orphan came from one missing consumer span, and
/// that from the last message before it that fits.
fn continued_below_orphans(usage: &TopicUsage, unconsumed: &[usize]) -> HashMap<usize, Vec<usize>> {
    let context = usage.context;
    let mut waiting: HashMap<TraceId, Vec<usize>> = HashMap::new();
    let mut continued: HashMap<usize, Vec<usize>> = HashMap::new();
    let traces: HashSet<TraceId> = unconsumed.iter().map(|publish| context.span(*publish).trace_id).collect();
    let start = |index: usize| context.clocks.start(context.span(index));
    let is_work = |child: &usize| context.span(*child).kind != SpanKind::Server;
    // The first of one missing parent's children decides: the parent is older than any of them.
    let families = ended_families(context).into_iter().filter(|((trace, _), _)| traces.contains(trace));
    let families = families.map(|(_, mut children)| {
        children.retain(is_work);
        children.sort_by_key(|child| (start(*child), *child));
        children
    });
    // Messages have no children.
    let mut events: Vec<(usize, Vec<usize>)> = unconsumed.iter().map(|publish| (*publish, vec![])).collect();
    events.extend(families.filter_map(|children| Some((*children.first()?, children))));
    events.sort_by_key(|(index, children)| (start(*index), !children.is_empty(), *index));
    for (index, children) in events {
        let waiting = waiting.entry(context.span(index).trace_id).or_default();
        if children.is_empty() {
            waiting.push(index);
            continue;
        }
        let fits = |at: &usize| may_lead_to(usage, waiting[*at], index);
        let publish = (0..waiting.len()).rev().take(MAX_WAITING).find(fits).map(|at| waiting.remove(at));
        if let Some(publish) = publish {
            continued.entry(publish).or_default().extend(children);
        }
    }
    continued
}

/// Whether the missing parent of an orphan may be the consumer of this message.
fn may_lead_to(usage: &TopicUsage, publish: usize, orphan: usize) -> bool {
    let (sent, service) = (usage.context.span(publish), usage.context.span(orphan).service());
    !sent.is_error() && sent.service() != service && usage.may_consume(service, sent)
}

/// Of messages, another service that logged their ID after they were sent.
fn logged_elsewhere(context: &RuleContext, unconsumed: &[usize]) -> HashMap<usize, String> {
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for publish in unconsumed {
        if let Some(id) = context.span(*publish).message_id().filter(|id| !is_counter(id)) {
            by_id.entry(id).or_default().push(*publish);
        }
    }
    let mut logged = HashMap::new();
    for line in context.journey.logs.iter().filter(|_| !by_id.is_empty()) {
        let service = context.input.known.in_spans(&line.service);
        let at = context.clocks.adjust(service, line.time);
        for publish in line.values().filter_map(|(_, value)| by_id.get(value)).flatten() {
            let span = context.span(*publish);
            if !service.is_empty() && span.service() != service && context.clocks.start(span) <= at {
                logged.entry(*publish).or_insert_with(|| service.to_owned());
            }
        }
    }
    logged
}

/// Services that log and have no span here, each with the time of its last line.
#[derive(Default)]
struct SpanlessServices<'a> {
    last_line: HashMap<&'a str, Timestamp>,
    last_line_in_trace: HashMap<TraceId, HashMap<&'a str, Timestamp>>,
}

impl<'a> SpanlessServices<'a> {
    fn new(context: &RuleContext<'a>) -> Self {
        let with_spans: HashSet<&str> = context.journey.spans.iter().map(Span::service).collect();
        let mut services = Self::default();
        for line in &context.journey.logs {
            let service = context.input.known.in_spans(&line.service);
            if !service.is_empty() && !with_spans.contains(service) {
                services.last_line.insert(service, line.time);
                if let Some(trace) = line.trace_id {
                    services.last_line_in_trace.entry(trace).or_default().insert(service, line.time);
                }
            }
        }
        services
    }

    /// Whether one of them may have consumed this message: one that consumes the topic and logged later, or, where no
    /// consumer of it is known, one that logged later in the message's own trace.
    fn may_have_consumed(&self, usage: &TopicUsage, sent: &Span) -> bool {
        let sent_at = usage.context.clocks.start(sent);
        let mut consumers = usage.consumers(sent).peekable();
        if consumers.peek().is_none() {
            let in_trace = self.last_line_in_trace.get(&sent.trace_id);
            return in_trace.is_some_and(|services| services.values().any(|last| *last >= sent_at));
        }
        consumers.any(|consumer| self.last_line.get(consumer).is_some_and(|last| *last >= sent_at))
    }
}

fn hit(usage: &TopicUsage, messages: &[UnconsumedMessage]) -> RuleHit {
    let context = usage.context;
    let first = &messages[0];
    let span = context.span(first.publish);
    let detail = FindingDetail::PublishWithoutConsume {
        topic: span.topic().unwrap_or(&span.name).to_owned(),
        fate: first.fate.clone(),
        error: if first.fate == MessageFate::NotSent { span.error_text() } else { String::new() },
    };
    let mut finding = Finding::new(FindingId::PublishWithoutConsume, Severity::Error, first.confidence, detail)
        .at(span.service(), &span.name);
    finding.count = messages.len();
    let topic = span.topic().map(str::to_owned);
    for message in messages {
        let sent = context.span(message.publish);
        let shows = match &message.fate {
            MessageFate::NotSent => EvidenceFact::SendingFailed { error: sent.error_text() },
            _ => EvidenceFact::Sent(message_identity(sent)),
        };
        finding.evidence.push(context.evidence(message.publish, shows));
        finding.evidence.extend(message.others.iter().take(1).map(|orphan| {
            let operation = context.span(*orphan).name.clone();
            context.evidence(*orphan, EvidenceFact::BelowMissingSpan { operation })
        }));
        let consumer = MissingThing::Consumer { topic: topic.clone() };
        finding.missing_parts.push(context.missing_part(message.publish, MissingPartPlace::Below, consumer));
    }
    finding.evidence.sort();
    finding.causes = causes(usage, span, &first.fate);
    finding.actions = actions(usage, span, &first.fate);
    let spans = messages.iter().flat_map(|message| [message.publish].into_iter().chain(message.others.clone()));
    RuleHit { finding, spans: spans.collect() }
}

fn causes(usage: &TopicUsage, sent: &Span, fate: &MessageFate) -> Vec<Cause> {
    let input = usage.context.input;
    match fate {
        MessageFate::NotSent => vec![Cause::BrokerRefused],
        MessageFate::ContinuedAt { .. } | MessageFate::LoggedBy { .. } => {
            vec![Cause::ConsumerSpanDropped, Cause::ConsumerNotInstrumented]
        }
        MessageFate::Unknown => {
            let mut causes = if usage.consumers(sent).next().is_some() {
                vec![Cause::ConsumerDown, Cause::ConsumerInOwnTrace, Cause::ConsumerSpanNotExported]
            } else {
                vec![Cause::ConsumersNotTraced, Cause::ConsumerDown]
            };
            causes.extend((!input.looked_up).then_some(Cause::ConsumerNotLookedUp));
            causes.extend(input.known.sampled.then_some(Cause::ConsumerSampledOut));
            causes
        }
    }
}

fn actions(usage: &TopicUsage, sent: &Span, fate: &MessageFate) -> Vec<Action> {
    let context = usage.context;
    match fate {
        MessageFate::NotSent => vec![context.logs_of(sent.service(), Purpose::BrokerRefusal)],
        MessageFate::ContinuedAt { service } | MessageFate::LoggedBy { service } => {
            vec![context.logs_of(service, Purpose::SpanExport)]
        }
        MessageFate::Unknown => {
            let topic = sent.topic().map(str::to_owned);
            let consumers: BTreeSet<&str> = usage.consumers(sent).collect();
            let mut actions = vec![Action::LookAt(LookAt::ConsumerLag { topic: topic.clone() })];
            let lines = consumers.into_iter().take(MAX_ACTIONS);
            actions.extend(lines.map(|consumer| context.logs_of(consumer, Purpose::MessageReceived)));
            if !context.input.looked_up {
                actions.push(Action::LookAt(LookAt::LinkingConsumers { topic }));
            }
            actions
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::{findings, found_in, found_in_knowing};
    use crate::analysis::journey::findings::{FindingsInput, find, known::Knowledge};
    use crate::analysis::journey::sketch;
    use crate::model::finding::{Cause, FindingId, MissingPartPlace, MissingThing};

    const OF: [FindingId; 1] = [FindingId::PublishWithoutConsume];

    #[test]
    fn a_message_without_consumer_is_an_error_as_sure_as_its_topic_is_known() {
        let table = [
            ("unknown topic", "a/send 0..4 producer topic=t", vec!["low error a/send ×1"]),
            (
                "one of three",
                "a/send 0..4 producer topic=t\n  b/take 9..20 consumer topic=t\na/send 5..6 producer topic=t\n\
                 a/send 7..8 producer topic=t\n  b/take 19..20 consumer topic=t",
                vec!["high error a/send ×1"],
            ),
            (
                "two of a batch, by topic and cause",
                "a/batch 0..4 producer topic=t\n  a/m 0..1 producer topic=t\n    b/take 9..20 consumer topic=t\n  \
                 a/m 1..2 producer topic=t\n  a/m 2..3 producer topic=t",
                vec!["high error a/m ×2"],
            ),
            (
                "the same number is another message where its consumer is another's child",
                "a/send 0..4 producer topic=t messaging.message.id=7\n  \
                 b/take 9..20 consumer topic=t messaging.message.id=7\n\
                 a/send 5..6 producer topic=t messaging.message.id=7",
                vec!["high error a/send ×1"],
            ),
            (
                "another topic with the same event",
                "a/send 0..4 producer topic=t event.id=event-0001\n  b/take 9..20 consumer topic=t event.id=event-0001\n    \
                 b/on 11..12 producer topic=u event.id=event-0001",
                vec!["low error b/on ×1"],
            ),
            (
                "another offset",
                "a/send 0..4 producer topic=t messaging.kafka.partition=0 messaging.kafka.offset=7\n\
                 b/take 9..20 consumer topic=t messaging.kafka.partition=0 messaging.kafka.offset=8 trace=2",
                vec!["high error a/send ×1"],
            ),
            ("it was not sent", "a/send 0..4 producer topic=t error: no leader", vec!["low error a/send ×1"]),
            (
                "a later orphan elsewhere",
                "a/send 0..4 producer topic=t\n?> b/store 9..20",
                vec!["medium error a/send ×1"],
            ),
            (
                "an orphan whose parent is older",
                "?> b/store 0..2\na/send 3..4 producer topic=t\n?> b/store 5..6",
                vec!["low error a/send ×1"],
            ),
            ("an earlier orphan", "?> b/store 0..2\na/send 3..4 producer topic=t", vec!["low error a/send ×1"]),
            (
                "an orphan of a service that does not take the topic",
                "a/send 0..4 producer topic=t\n  b/take 9..20 consumer topic=t\na/send 5..6 producer topic=t\n\
                 ?> c/store 9..20",
                vec!["high error a/send ×1"],
            ),
        ];
        for (case, text, found) in table {
            assert_eq!(found_in(&OF, text), found, "{case}");
        }
    }

    #[test]
    fn a_consumer_that_could_not_be_looked_up_is_a_cause_and_leaves_low_confidence() {
        let text = "a/send 0..4 producer topic=t\na/send 1..5 producer topic=t\n  \
                    ~> b/take 9..20 consumer topic=t trace=2";
        let mut known = Knowledge::default();
        let journey = sketch::journey(text);
        known.learn(&journey);
        let sure = findings(&journey, &known);
        let missing = &sure[0].missing_parts[0];
        let consumer = MissingThing::Consumer { topic: Some("t".into()) };
        assert_eq!((missing.place, &missing.what), (MissingPartPlace::Below, &consumer));
        assert_eq!(sure[0].confidence.as_str(), "high");
        let not_looked_up =
            FindingsInput { complete: true, settled: true, looked_up: false, known: &known, baseline: None };
        let unsure = find(&journey, &not_looked_up).list;
        assert_eq!(unsure[0].confidence.as_str(), "low", "a trace of its own could not be asked for");
        assert!(unsure[0].causes.contains(&Cause::ConsumerNotLookedUp));
        let external = found_in_knowing(&OF, text, |k| {
            k.external_topics = crate::model::pattern::Pattern::parse("t").into_iter().collect();
        });
        assert!(external.is_empty());
    }

    #[test]
    fn lines_of_a_service_without_spans_show_that_a_message_arrived() {
        let ours = "a/send 0..4 producer topic=t\n! b 20 info received";
        assert!(found_in(&OF, ours).is_empty(), "b has no span at all: that is its own finding");
        assert_eq!(found_in(&OF, "a/send 10..14 producer topic=t\n! b 2 info before"), ["low error a/send ×1"]);
    }
}
