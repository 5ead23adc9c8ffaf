//! Messages that were sent and never taken.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::analysis::journey::findings::RuleHit;
use crate::analysis::journey::findings::advice;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::expected_consumers;
use crate::analysis::journey::findings::pairing::{Pairing, is_poor};
use crate::analysis::journey::findings::rules::orphan;
use crate::analysis::journey::findings::topic_usage::TopicUsage;
use crate::model::finding::{Confidence, Finding, FindingId, MissingPart, MissingPartPlace, Severity};
use crate::model::id::TraceId;
use crate::model::span::{Span, SpanKind};
use crate::model::time::Timestamp;

/// So many messages back the one is looked for that an orphan may come from.
const MOST_LOOKS: usize = 16;

/// What became of a message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum MessageFate {
    /// Nothing is known of it.
    Lost,
    /// Sending it failed.
    NotSent,
    /// Another service went on in its trace, below a span that is not there.
    WorkedOn(String),
    /// Another service wrote of it.
    ToldOf(String),
}

struct UnconsumedMessage {
    publish: usize,
    fate: MessageFate,
    /// Spans that tell of its fate.
    others: Vec<usize>,
    confidence: Confidence,
}

/// A finding a topic and cause.
pub(crate) fn find(scene: &RuleContext, pairing: &Pairing) -> Vec<RuleHit> {
    let untaken: Vec<usize> = pairing.untaken().filter(|p| expected_consumers::is_expected(scene, *p)).collect();
    if untaken.is_empty() {
        return vec![];
    }
    let retried = retried(scene, pairing);
    let untaken: Vec<usize> = untaken.into_iter().filter(|p| !retried.contains(p)).collect();
    let habits = TopicUsage::new(scene, pairing);
    let worked_on = worked_on(&habits, &untaken);
    let told_of = told_of(scene, &untaken);
    let silent = Silent::new(scene);
    let mut cases = BTreeMap::<_, Vec<UnconsumedMessage>>::new();
    for publish in untaken {
        let span = &scene.journey.spans[publish];
        let (fate, others) = match (worked_on.get(&publish), told_of.get(&publish)) {
            _ if span.is_error() => (MessageFate::NotSent, vec![]),
            (Some(orphans), _) => (MessageFate::WorkedOn(service_of(scene, orphans)), orphans.clone()),
            (_, Some(service)) if silent.last.contains_key(service.as_str()) => continue,
            (_, Some(service)) => (MessageFate::ToldOf(service.clone()), vec![]),
            _ if silent.may_have_taken(&habits, span) => continue,
            _ => (MessageFate::Lost, vec![]),
        };
        let confidence = if matches!(fate, MessageFate::WorkedOn(_) | MessageFate::ToldOf(_)) {
            Confidence::Medium
        } else {
            habits.confidence(span)
        };
        let key = (span.service(), &span.name, span.topic(), fate.clone(), confidence);
        cases.entry(key).or_default().push(UnconsumedMessage { publish, fate, others, confidence });
    }
    cases.into_values().map(|cases| draft(&habits, &cases)).collect()
}

fn service_of(scene: &RuleContext, orphans: &[usize]) -> String {
    orphans.first().map(|o| scene.journey.spans[*o].service().to_owned()).unwrap_or_default()
}

/// Sends that failed and were tried again, well: the message is the later one.
fn retried(scene: &RuleContext, pairing: &Pairing) -> HashSet<usize> {
    let mut sent = HashSet::new();
    let mut retried = HashSet::new();
    for publish in pairing.publishes.iter().rev().copied() {
        let span = &scene.journey.spans[publish];
        let above = scene.journey.forest.cause[publish].map(|(above, _)| above);
        let message = (span.service(), span.topic(), span.trace_id, above);
        if !span.is_error() {
            sent.insert((message, span.message_id()));
        } else if sent.contains(&(message, span.message_id())) {
            retried.insert(publish);
        }
    }
    retried
}

/// Of messages, the later orphans of other services in their traces: one missing span each, the last message before it.
fn worked_on(habits: &TopicUsage, untaken: &[usize]) -> HashMap<usize, Vec<usize>> {
    let scene = habits.scene;
    let mut waiting: HashMap<TraceId, Vec<usize>> = HashMap::new();
    let mut found: HashMap<usize, Vec<usize>> = HashMap::new();
    let traces: HashSet<TraceId> = untaken.iter().map(|p| scene.journey.spans[*p].trace_id).collect();
    let begins = |index: usize| scene.clocks.start(&scene.journey.spans[index]);
    let is_work = |child: &usize| scene.journey.spans[*child].kind != SpanKind::Server;
    // The first of one missing parent's children decides: the parent is older than any of them.
    let families = orphan::lost(scene).into_iter().filter(|((trace, _), _)| traces.contains(trace));
    let families = families.map(|(_, mut children)| {
        children.retain(is_work);
        children.sort_by_key(|child| (begins(*child), *child));
        children
    });
    let mut events: Vec<(usize, Vec<usize>)> = untaken.iter().map(|p| (*p, vec![])).collect();
    events.extend(families.filter_map(|children| Some((*children.first()?, children))));
    events.sort_by_key(|(index, children)| (begins(*index), !children.is_empty(), *index));
    for (index, children) in events {
        let waiting = waiting.entry(scene.journey.spans[index].trace_id).or_default();
        if children.is_empty() {
            waiting.push(index);
            continue;
        }
        let fits = |at: &usize| may_lead_to(habits, waiting[*at], index);
        let publish = (0..waiting.len()).rev().take(MOST_LOOKS).find(fits).map(|at| waiting.remove(at));
        if let Some(publish) = publish {
            found.entry(publish).or_default().extend(children);
        }
    }
    found
}

/// Whether the missing parent of an orphan may be the consumer of this message.
fn may_lead_to(habits: &TopicUsage, publish: usize, orphan: usize) -> bool {
    let (sent, left) = (&habits.scene.journey.spans[publish], habits.scene.journey.spans[orphan].service());
    !sent.is_error() && sent.service() != left && habits.may_take(left, sent)
}

/// Of messages, another service that wrote a line with their ID.
fn told_of(scene: &RuleContext, untaken: &[usize]) -> HashMap<usize, String> {
    let spans = &scene.journey.spans;
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for publish in untaken {
        if let Some(id) = spans[*publish].message_id().filter(|id| !is_poor(id)) {
            by_id.entry(id).or_default().push(*publish);
        }
    }
    let mut told = HashMap::new();
    for line in scene.journey.logs.iter().filter(|_| !by_id.is_empty()) {
        let service = scene.grounds.known.in_spans(&line.service);
        let at = scene.clocks.correct(service, line.time);
        for publish in line.values().filter_map(|(_, value)| by_id.get(value)).flatten() {
            let span = &spans[*publish];
            if !service.is_empty() && span.service() != service && scene.clocks.start(span) <= at {
                told.entry(*publish).or_insert_with(|| service.to_owned());
            }
        }
    }
    told
}

/// Services that write lines and have no span here, each with when it last wrote.
#[derive(Default)]
struct Silent<'a> {
    last: HashMap<&'a str, Timestamp>,
    in_trace: HashMap<TraceId, HashMap<&'a str, Timestamp>>,
}

impl<'a> Silent<'a> {
    fn new(scene: &'a RuleContext<'a>) -> Self {
        let spoken: HashSet<&str> = scene.journey.spans.iter().map(Span::service).collect();
        let mut silent = Self::default();
        for line in &scene.journey.logs {
            let service = scene.grounds.known.in_spans(&line.service);
            if !service.is_empty() && !spoken.contains(service) {
                silent.last.insert(service, line.time);
                if let Some(trace) = line.trace_id {
                    silent.in_trace.entry(trace).or_default().insert(service, line.time);
                }
            }
        }
        silent
    }

    /// Whether one of them may have taken this message: one that takes from the topic and wrote later, or, where nobody
    /// is known to, one that wrote later in the message's own trace.
    fn may_have_taken(&self, habits: &TopicUsage, sent: &Span) -> bool {
        let begun = habits.scene.clocks.start(sent);
        let mut takers = habits.takers(sent).peekable();
        if takers.peek().is_none() {
            return self.in_trace.get(&sent.trace_id).is_some_and(|all| all.values().any(|last| *last >= begun));
        }
        takers.any(|taker| self.last.get(taker).is_some_and(|last| *last >= begun))
    }
}

fn draft(habits: &TopicUsage, cases: &[UnconsumedMessage]) -> RuleHit {
    let scene = habits.scene;
    let first = &cases[0];
    let span = &scene.journey.spans[first.publish];
    let summary = summary(span, &first.fate, cases.len());
    let mut finding = Finding::new(FindingId::PublishWithoutConsume, Severity::Error, first.confidence, summary);
    span.service().clone_into(&mut finding.service);
    finding.operation.clone_from(&span.name);
    finding.count = cases.len();
    let topic = span.topic().unwrap_or("this message");
    for case in cases {
        let sent = &scene.journey.spans[case.publish];
        let what = match &case.fate {
            MessageFate::NotSent => format!("sending failed: {}", sent.error_text()),
            _ => format!("sent{}, taken by nobody here", advice::message(sent)),
        };
        finding.evidence.push(scene.proof(case.publish, what));
        finding.evidence.extend(case.others.iter().take(1).map(|orphan| {
            let name = &scene.journey.spans[*orphan].name;
            scene.proof(*orphan, format!("{name} went on below a span that is not stored"))
        }));
        finding.holes.push(MissingPart {
            trace_id: sent.trace_id,
            span_id: sent.span_id,
            place: MissingPartPlace::Below,
            what: format!("consumer of {topic}"),
        });
    }
    finding.evidence.sort();
    finding.causes = causes(habits, span, &first.fate);
    finding.next = next(habits, span, &first.fate);
    RuleHit { finding, spans: cases.iter().flat_map(|c| [c.publish].into_iter().chain(c.others.clone())).collect() }
}

fn summary(sent: &Span, fate: &MessageFate, count: usize) -> String {
    let (service, topic) = (sent.service(), sent.topic().unwrap_or(&sent.name));
    let (what, was) = match count {
        1 => (format!("a message that {service} sent to {topic}"), "was"),
        n => (format!("{n} messages that {service} sent to {topic}"), "were"),
    };
    match fate {
        MessageFate::Lost => format!("{what} {was} never consumed"),
        MessageFate::NotSent => format!("{what} {was} not sent: {}", sent.error_text()),
        MessageFate::WorkedOn(by) | MessageFate::ToldOf(by) => {
            format!("the consumer span of {what} is missing, it probably arrived at {by}")
        }
    }
}

fn causes(habits: &TopicUsage, sent: &Span, fate: &MessageFate) -> Vec<String> {
    let grounds = habits.scene.grounds;
    let mut causes: Vec<&str> = match fate {
        MessageFate::NotSent => vec!["the broker did not take the message"],
        MessageFate::WorkedOn(_) | MessageFate::ToldOf(_) => vec![
            "the consumer's span was not exported: dropped, cut off by a restart, or sampled out",
            "the consumer is not instrumented for messages",
        ],
        MessageFate::Lost if habits.takers(sent).next().is_some() => vec![
            "the consumer is down, behind, or has dropped the message",
            "the consumer began a trace of its own that carries neither a link nor the correlation ID",
            "the consumer's span was not exported",
        ],
        MessageFate::Lost => vec![
            "whoever consumes the topic is not traced, or not ours",
            "the consumer is down, behind, or has dropped the message",
        ],
    };
    if *fate == MessageFate::Lost && !grounds.looked_up {
        causes.push("the consumer's trace was not found because nobody could be asked who links to this one");
    }
    if *fate == MessageFate::Lost && grounds.known.sampled {
        causes.push("the consumer's trace was sampled out");
    }
    causes.into_iter().map(str::to_owned).collect()
}

fn next(habits: &TopicUsage, sent: &Span, fate: &MessageFate) -> Vec<String> {
    let (scene, topic) = (habits.scene, sent.topic().unwrap_or("its topic"));
    match fate {
        MessageFate::NotSent => vec![advice::lines_of(scene, sent.service(), "why the broker did not take it")],
        MessageFate::WorkedOn(by) | MessageFate::ToldOf(by) => {
            vec![advice::lines_of(scene, by, "whether it exported its spans then")]
        }
        MessageFate::Lost => {
            let takers: BTreeSet<&str> = habits.takers(sent).collect();
            let mut next = vec![format!("look at the consumer lag of {topic}, and at its dead letters")];
            next.extend(
                takers.into_iter().take(3).map(|taker| advice::lines_of(scene, taker, "whether it got the message")),
            );
            if !scene.grounds.looked_up {
                next.push(format!("look for consumers of {topic} that link to the sending span"));
            }
            next
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::{judged, told, told_knowing};
    use crate::analysis::journey::findings::{FindingsInput, find, known::Knowledge};
    use crate::analysis::journey::sketch;
    use crate::model::finding::{FindingId, MissingPartPlace};

    const OF: [FindingId; 1] = [FindingId::PublishWithoutConsume];

    #[test]
    fn a_message_that_nobody_took_is_an_error_as_sure_as_its_topic_is_known() {
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
            assert_eq!(told(&OF, text), found, "{case}");
        }
    }

    #[test]
    fn it_is_said_where_nobody_could_be_asked_and_where_the_hole_is() {
        let text = "a/send 0..4 producer topic=t\na/send 1..5 producer topic=t\n  \
                    ~> b/take 9..20 consumer topic=t trace=2";
        let mut known = Knowledge::default();
        let journey = sketch::journey(text);
        known.learn(&journey);
        let sure = judged(&journey, &known);
        let hole = &sure[0].holes[0];
        assert_eq!((hole.place, hole.what.as_str()), (MissingPartPlace::Below, "consumer of t"));
        assert_eq!(sure[0].confidence.as_str(), "high");
        let deaf = FindingsInput { complete: true, settled: true, looked_up: false, known: &known, baseline: None };
        let unsure = find(&journey, &deaf).findings;
        assert_eq!(unsure[0].confidence.as_str(), "low", "a trace of its own could not be asked for");
        assert!(unsure[0].causes.iter().any(|c| c.contains("nobody could be asked")));
        let external = told_knowing(&OF, text, |k| {
            k.external_topics = crate::model::pattern::Pattern::parse("t").into_iter().collect();
        });
        assert!(external.is_empty());
    }

    #[test]
    fn lines_prove_that_a_message_arrived() {
        let ours = "a/send 0..4 producer topic=t\n! b 20 info received";
        assert!(told(&OF, ours).is_empty(), "b has no span at all: that is its own finding");
        assert_eq!(told(&OF, "a/send 10..14 producer topic=t\n! b 2 info before"), ["low error a/send ×1"]);
    }
}
